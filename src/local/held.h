/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * held.h - one process, held so that another that gets its number is never taken for it.
 *
 * A process is held by a pidfd. Where none can be had, number and start time have to do.
 */
#ifndef LOCAL_HELD_H
#define LOCAL_HELD_H

#include "local/proc.h"

struct held {
	struct proc_stat stat;	/* of a process that is hidden from the caller only the pid; its start time is 0 */
	int pidfd;		/* -1: none could be had */
};

/*
 * Holds the process that held->stat tells of, and then makes sure that it still is that one; a hidden process is believed. Returns
 * 0, -ESRCH if it has ended (or the number is a thread's), or another errno if that cannot be told: then nothing is held.
 */
int held_open(struct held *held);

/* The same for the process PID, of which nothing is known yet. A process that is hidden from the caller is not held: -EACCES. */
int held_open_pid(struct held *held, pid_t pid);

/* Closes the pidfd. */
void held_close(struct held *held);

/* Tells whether the process lives. If that cannot be told, it does. */
bool held_is_alive(const struct held *held);

/* Signals the process itself, never its successor under the same number. Returns 0, or -EPERM: it refuses, or cannot be told from one. */
int held_signal(const struct held *held, int signal);

#endif
