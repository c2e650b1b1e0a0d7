/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * caller.h - which processes tell where the caller sits: its own, and those on which it depends.
 *
 * A caller may depend on more than the session it runs in. In a terminal multiplexer it is a child of the multiplexer's
 * server, and the person types in a client, in another session. Started by run0, systemd-run -t or machinectl shell it is a
 * child of process 1, and the program that started it holds the other side of its terminal. In a shell of sudo or su it may be in
 * another session than the shell in which that was typed, or the program that holds the terminal. If that session ends, the caller
 * is cut off. The back ends find the sessions of these processes. And which of a list of processes cannot end before the caller does.
 */
#ifndef LOCAL_CALLER_H
#define LOCAL_CALLER_H

#include "local/proc.h"

struct caller_process {
	pid_t pid;
	bool unsure;	/* nobody can tell whether the caller depends on it */
};

/* The processes, the calling one first. All zero: not looked for yet. */
struct caller {
	struct caller_process *items;
	size_t n_items;
};

/* Finds them anew. What cannot be seen is left out. Returns 0, or -ENOMEM: then CALLER is all zero. */
int caller_find(struct caller *caller);

/* Frees what it holds: it is all zero then. */
void caller_done(struct caller *caller);

/* Tells LIST whether the caller is in it, and how many of its processes cannot end before the caller. */
void caller_mark(struct process_list *list);

#endif
