/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * process.h - the processes of a session, as a back end has seen them.
 */
#ifndef BASE_PROCESS_H
#define BASE_PROCESS_H

#include <sys/types.h>

#include "logoff.h"

/*
 * Processes in the order of pids. All zero is the empty list. A process that the host hides has no name. A process of
 * another pid namespace has the number 0; there can be several.
 *
 * The back end also sets two facts about the caller: whether the caller is in the list, and how many processes wait for
 * the caller and so cannot end first.
 */
struct process_list {
	struct logoff_process *items;
	size_t n_items;
	bool has_caller;
	size_t n_waiting;
};

/* Adds a process to LIST, unless its number is there already and is not 0. Returns 0 or -ENOMEM. */
int process_list_add(struct process_list *list, pid_t pid, const char *command);

/* Tells whether PID is in LIST. */
bool process_list_has(const struct process_list *list, pid_t pid);

/* Empties LIST and frees its memory. */
void process_list_clear(struct process_list *list);

#endif
