/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * guard.h - a process that ends the children of this one if this one is killed.
 *
 * A child that serves a host ends by the end of its input, but ssh to a host that hangs does not look at that. No child
 * can be told the signal for the end of its parent (PR_SET_PDEATHSIG) and told later that it does not hold any more.
 */
#ifndef FARM_GUARD_H
#define FARM_GUARD_H

#include <sys/types.h>

struct guard {
	pid_t pid;			/* 0: none */
	int fd;				/* tells it of the children, and by its end of that of this process; -1: none */
};

#define GUARD_NONE { .fd = -1 }

/* Starts GUARD, a copy of this process. If that is impossible nobody guards. To be called before there are threads. */
void guard_start(struct guard *guard);

/* If this process is killed, the process group of CHILD gets SIGTERM. Does not block for long. */
void guard_add(const struct guard *guard, pid_t child);

/* This no longer holds; to be called before CHILD is waited for, as another process may have its number then. */
void guard_drop(const struct guard *guard, pid_t child);

/* Ends GUARD, and waits for it. The children that it guards get SIGTERM. */
void guard_end(struct guard *guard);

#endif
