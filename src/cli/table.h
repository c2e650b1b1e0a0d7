/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * table.h - rows of things as a table for people.
 *
 * A table is a list of columns, each of which makes its cell from a row, whatever that is. There are two layouts. The
 * fixed one stands where Windows has its columns: what is too long is cut with "...", so that no field is ever shifted,
 * and a row that is marked begins with ">". The other one shows the columns chosen by --columns, as wide as they need
 * to be, nothing cut, "-" for nothing. Widths are those of a terminal. No line ends with blanks: programs that split lines
 * at blanks would see one more field.
 */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "cli/options.h"
#include "cli/printable.h"

/* Of what must be usable, or comes last: it is never cut. */
#define TABLE_WHOLE UINT_MAX

struct table_column {
	const char *name;		/* for --columns and --sort */
	const char *heading;		/* N_("...") */
	unsigned gap, width;		/* of the fixed layout: blanks before it, and its width; 0: not there */
	unsigned most;			/* up to so many columns it grows rather than to cut what is in it; 0: not at all */
	bool right;			/* flush right */
	struct safe (*cell)(const void *row);
	int64_t (*number)(const void *row);	/* what it is sorted by, -1: not known; NULL: by the text */
};

struct table {
	const struct table_column *columns;	/* ends with a column without name */
	bool (*is_marked)(const void *row);
	const char *order;			/* the column by which rows are sorted that are equal otherwise */
	const struct option_list *chosen;	/* --columns; empty: the fixed layout */
	const char *sort;			/* --sort: a column, with "-" before it in reverse; NULL: ORDER */
	bool legend;				/* with headings */
};

/* Checks the columns chosen by the user. *ret_culprit is the first wrong one. Returns 0 or -EINVAL. */
int table_check(const struct table *table, const char **ret_culprit);

/* Sorts ROWS. What is not known, or nothing, comes last. Returns 0 or -ENOMEM. */
int table_sort(const struct table *table, const void **rows, size_t n_rows);

/* Prints ROWS. */
void table_print(const struct table *table, const void *const *rows, size_t n_rows, FILE *to);

/* Prints the names of the columns, separated by commas. */
void table_print_names(const struct table *table, FILE *to);

#endif
