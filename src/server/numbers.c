/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * numbers.c - see numbers.h. Numbers are given in a circle, so that one that was free a moment ago is not another
 * session's.
 */
#include "server/numbers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

void numbers_open(struct numbers *numbers, const char *path)
{
	*numbers = (struct numbers){ .path = path, .last = NUMBER_MAX };
	if (path)
		(void)number_table_read(&numbers->table, path);
	if (numbers->table.n_items > 0)
		numbers->last = numbers->table.items[numbers->table.n_items - 1].number;
}

/* A new number, or 0. */
static int32_t give(struct numbers *numbers, const char *id, int64_t logon_us)
{
	int32_t number = numbers->last;
	int r = -EEXIST;

	for (int i = 0; r == -EEXIST && i < N_GIVEN_NUMBERS && numbers->table.n_items < N_GIVEN_NUMBERS; i++) {
		number = number < NUMBER_MAX ? number + 1 : NUMBER_FIRST_GIVEN;
		r = number_table_add(&numbers->table, number, logon_us, id);
	}
	if (r < 0)
		return 0;
	numbers->last = number;
	numbers->changed = true;
	return number;
}

uint32_t numbers_get(struct numbers *numbers, const char *id, int64_t logon_us, uint64_t now_us)
{
	int32_t number = number_of_id(id);

	if (number != NUMBER_NONE)
		return (uint32_t)number;
	number = number_table_find(&numbers->table, id, logon_us);
	if (number == NUMBER_NONE)
		number = give(numbers, id, logon_us);
	if (number > 0)
		numbers->seen_us[number - NUMBER_FIRST_GIVEN] = now_us;
	return (uint32_t)number;
}

void numbers_drop(struct numbers *numbers, uint64_t since_us)
{
	struct number_table *table = &numbers->table;
	size_t kept = 0;

	for (size_t i = 0; i < table->n_items; i++)
		if (numbers->seen_us[table->items[i].number - NUMBER_FIRST_GIVEN] >= since_us) {
			table->items[kept++] = table->items[i];
		} else {
			free(table->items[i].id);
			numbers->changed = true;
		}
	table->n_items = kept;
}

/* The folder is that of all state of the project; mostly it exists. */
void numbers_write(struct numbers *numbers)
{
	char folder[512];
	char *end;

	if (!numbers->changed || !numbers->path)
		return;
	snprintf(folder, sizeof(folder), "%s", numbers->path);
	end = strrchr(folder, '/');
	if (end)
		*end = '\0';
	(void)mkdir(folder, 0755);
	if (number_table_write(&numbers->table, numbers->path) == 0)
		numbers->changed = false;	/* else the next list tries again */
}
