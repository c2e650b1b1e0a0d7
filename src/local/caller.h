/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * caller.h - which processes tell where the caller sits: its own, and those on which it depends.
 *
 * A caller may depend on more than the session it runs in. In a terminal multiplexer it is a child of the multiplexer's
 * server, and the person types in a client, in another session. Started by run0, systemd-run -t or machinectl shell it is a
 * child of process 1, and the program that started it holds the other side of its terminal. If that session ends, the caller
 * is cut off. The back ends find the sessions of these processes. And what is left of the caller's own session, if it is only those
 * that cannot end before the caller does.
 */
#ifndef LOCAL_CALLER_H
#define LOCAL_CALLER_H

#include "local/proc.h"

#define CALLER_PIDS_MAX 64

/* The processes, the calling one first. */
struct caller {
	pid_t pids[CALLER_PIDS_MAX];
	size_t n_pids;
};

/* Finds them. What cannot be seen is left out. */
void caller_find(struct caller *ret);

/* What a look at the processes of a part has shown. */
enum remainder {
	REMAINDER_NONE,		/* nobody */
	REMAINDER_CALLER,	/* the caller alone */
	REMAINDER_WAITING,	/* the caller and programs that wait for it */
	REMAINDER_OTHERS
};

/* Tells it of the processes in SEEN. */
enum remainder caller_remainder(const struct process_list *seen);

#endif
