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

static size_t find_place(const struct process_list *list, pid_t pid)
{
	return array_place(list->items, list->n_items, sizeof(*list->items), (uint32_t)pid);
}

bool process_list_has(const struct process_list *list, pid_t pid)
{
	size_t place = find_place(list, pid);

	return place < list->n_items && list->items[place].pid == pid;
}

int process_list_add(struct process_list *list, pid_t pid, const char *command)
{
	size_t n = list->n_items, place = find_place(list, pid);
	struct logoff_process *grown;

	if (pid > 0 && process_list_has(list, pid))
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
