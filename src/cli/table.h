/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * table.h - tables for people.
 *
 * A table is a list of columns; each makes its cell from a row of any type. There are two layouts. The fixed layout has
 * the columns where Windows has them: text too wide is cut with "...", so no field is shifted, and a marked row begins
 * with ">". The other layout shows the columns of --columns, as wide as needed, nothing cut, "-" for an empty cell.
 * Widths are those of a terminal. No line ends with blanks, since programs that split lines at blanks would see one
 * more field.
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

/* The width of a column that is never cut, since its text must be usable, or since it is the last. */
#define TABLE_WHOLE UINT_MAX

struct table_column {
	const char *name;		/* for --columns and --sort */
	const char *heading;		/* N_("...") */
	unsigned gap, width;		/* of the fixed layout: blanks before it, and its width; 0: not shown */
	unsigned most;			/* the most columns it grows to before it is cut; 0: it does not grow */
	bool right;			/* aligned right */
	struct safe (*cell)(const void *row);
	int64_t (*number)(const void *row);	/* the number to sort by, -1: unknown; NULL: sort by the text */
};

struct table {
	const struct table_column *columns;	/* ends with a column without name */
	const char *(*mark)(const void *row);	/* one character before the row in the fixed layout, or "" */
	const char *order;			/* the column by which rows are sorted that are equal otherwise */
	const char *group;			/* the column before ORDER, and the first that is shown; NULL: none */
	const struct option_list *chosen;	/* --columns; empty: the fixed layout */
	const char *sort;			/* --sort: a column, with "-" before it in reverse; NULL: ORDER */
	bool legend;				/* with headings */
};

/* Checks the columns chosen by the user. *ret_culprit is the first wrong one. Returns 0 or -EINVAL. */
int table_check(const struct table *table, const char **ret_culprit);

/* Sorts ROWS. Unknown and empty values come last. Returns 0 or -ENOMEM. */
int table_sort(const struct table *table, const void **rows, size_t n_rows);

/* Prints ROWS. */
void table_print(const struct table *table, const void *const *rows, size_t n_rows, FILE *to);

/* Prints the names of the columns, separated by commas. */
void table_print_names(const struct table *table, FILE *to);

#endif
