/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * process.c - see process.h.
 */
#include "base/process.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

/* The list is in the order of pids, and so are most sources: a new process mostly goes to the end. */
static size_t find_place(const struct process_list *list, pid_t pid)
{
	size_t low = 0, high = list->n_items;

	if (high > 0 && list->items[high - 1].pid < pid)
		return high;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (list->items[middle].pid < pid)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

int process_list_add(struct process_list *list, pid_t pid, const char *command)
{
	size_t place = find_place(list, pid), n = list->n_items;
	struct logoff_process *grown;

	if (pid > 0 && place < n && list->items[place].pid == pid)
		return 0;
	grown = array_grow(list->items, n, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	list->items = grown;
	memmove(&list->items[place + 1], &list->items[place], (n - place) * sizeof(*list->items));
	list->items[place] = (struct logoff_process){ .pid = pid };
	snprintf(list->items[place].command, sizeof(list->items[place].command), "%s", command ? command : "");
	list->n_items++;
	return 0;
}

void process_list_clear(struct process_list *list)
{
	free(list->items);
	*list = (struct process_list){ 0 };
}
