/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * process.h - the processes of a session, as a back end has seen them.
 */
#ifndef BASE_PROCESS_H
#define BASE_PROCESS_H

#include "logoff.h"

/*
 * In the order of pids. All zero is the empty list. A process that the host hides has no name; one of another pid namespace has the
 * number 0, of which there can be several.
 *
 * The back end also tells what the list means to the caller: whether the caller is in it, and how many processes wait for the
 * caller, and so cannot end before it.
 */
struct process_list {
	struct logoff_process *items;
	size_t n_items;
	bool has_caller;
	size_t n_waiting;
};

/* Adds a process to LIST; one that is already there is not added again, but for 0. Returns 0 or -ENOMEM. */
int process_list_add(struct process_list *list, pid_t pid, const char *command);

/* Empties LIST and frees its memory. */
void process_list_clear(struct process_list *list);

#endif
