/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * table.c - see table.h. The modules that own the columns define the fixed layouts.
 */
#include "cli/table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MAX_SHOWN 64	/* of struct option_list */

/* Blanks between columns of --columns. */
#define GAP 2

/* A column as it is shown. */
struct shown {
	const struct table_column *column;
	size_t gap, width;
};

/* ---- columns ---- */

static const struct table_column *find_column(const struct table *table, const char *name)
{
	for (const struct table_column *column = table->columns; column->name; column++)
		if (strcasecmp(column->name, name) == 0)
			return column;
	return NULL;
}

static bool is_fixed(const struct table *table)
{
	return !table->chosen || table->chosen->n_items == 0;
}

int table_check(const struct table *table, const char **ret_culprit)
{
	const char *sort = table->sort;

	for (size_t i = 0; !is_fixed(table) && i < table->chosen->n_items; i++) {
		*ret_culprit = table->chosen->items[i];
		if (!find_column(table, *ret_culprit))
			return -EINVAL;
	}
	if (!sort)
		return 0;
	*ret_culprit = *sort == '-' ? sort + 1 : sort;
	return find_column(table, *ret_culprit) ? 0 : -EINVAL;
}

void table_print_names(const struct table *table, FILE *to)
{
	for (const struct table_column *column = table->columns; column->name; column++)
		fprintf(to, "%s%s", column == table->columns ? "" : ",", column->name);
}

/* ---- order ---- */

/* The sort key of a row, made once. */
struct key {
	const void *row;
	char *order;		/* key of the columns that decide ties */
	char *text;		/* key of the sort column, if that has no number; else NULL */
	int64_t number;
};

/* No cell holds a newline, so a shorter group comes before a longer one. */
static char *make_order(const void *row, const struct table_column *group, const struct table_column *order)
{
	char *text = NULL;

	if (!group)
		return strdup(order->cell(row).text);
	return asprintf(&text, "%s\n%s", group->cell(row).text, order->cell(row).text) < 0 ? NULL : text;
}

static int key_init(struct key *key, const struct table *table, const void *row, const struct table_column *by)
{
	const struct table_column *order = find_column(table, table->order);
	const struct table_column *group = table->group ? find_column(table, table->group) : NULL;

	*key = (struct key){ .row = row, .order = make_order(row, group, order) };
	if (group && !table->sort)
		key->text = key->order;
	else if (by->number)
		key->number = by->number(row);
	else
		key->text = by == order ? key->order : strdup(by->cell(row).text);
	return key->order && (by->number || key->text) ? 0 : -ENOMEM;
}

/*
 * Numbers within texts count as numbers: "pts/3" before "pts/12". *RET_UNKNOWN: one is unknown, and the order is not to
 * be reversed.
 */
static int compare_rows(const struct key *a, const struct key *b, bool *ret_unknown)
{
	bool a_unknown = a->text ? !*a->text : a->number < 0, b_unknown = b->text ? !*b->text : b->number < 0;

	*ret_unknown = a_unknown || b_unknown;
	if (*ret_unknown)
		return a_unknown - b_unknown;
	if (a->text)
		return strverscmp(a->text, b->text);
	return (a->number > b->number) - (a->number < b->number);
}

static int compare_keys(const void *a, const void *b, void *reverse)
{
	const struct key *one = a, *two = b;
	bool unknown;
	int order = compare_rows(one, two, &unknown);

	if (*(const bool *)reverse && !unknown)
		order = -order;
	return order ? order : strverscmp(one->order, two->order);
}

int table_sort(const struct table *table, const void **rows, size_t n_rows)
{
	bool reverse = table->sort && *table->sort == '-';
	const struct table_column *by = find_column(table, table->sort ? table->sort + reverse : table->order);
	struct key *keys = calloc(n_rows + 1, sizeof(*keys));
	int r = keys ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < n_rows; i++)
		r = key_init(&keys[i], table, rows[i], by);
	if (r == 0)
		qsort_r(keys, n_rows, sizeof(*keys), compare_keys, &reverse);
	for (size_t i = 0; keys && i < n_rows; i++) {
		if (r == 0)
			rows[i] = keys[i].row;
		if (keys[i].text != keys[i].order)
			free(keys[i].text);
		free(keys[i].order);
	}
	free(keys);
	return r;
}

/* ---- printing ---- */

static void print_blanks(size_t n, FILE *to)
{
	static const char blanks[64] = "                                                               ";

	for (; n > sizeof(blanks) - 1; n -= sizeof(blanks) - 1)
		fwrite(blanks, 1, sizeof(blanks) - 1, to);
	fwrite(blanks, 1, n, to);
}

/*
 * Prints TEXT, which is already harmless, and cuts it if it is too wide. *PENDING blanks are printed only before
 * further text.
 */
static void print_cell(const struct shown *shown, const char *text, size_t *pending, FILE *to)
{
	size_t width = text_width(text), blanks = shown->width > width ? shown->width - width : 0, length;
	struct safe cut;

	if (width > shown->width) {
		cut = text_cut(text, shown->width);
		text = cut.text;
		blanks = shown->width - text_width(text);
	}
	*pending += shown->gap + (shown->column->right ? blanks : 0);
	length = strlen(text);
	while (length > 0 && text[length - 1] == ' ')
		length--;
	if (length > 0) {
		print_blanks(*pending, to);
		fwrite(text, 1, length, to);
		*pending = 0;
	}
	*pending += strlen(text) - length + (shown->column->right ? 0 : blanks);
}

/* The text of the cell, before it is cut. */
static struct safe make_cell(const struct table *table, const struct table_column *column, const void *row)
{
	struct safe cell = column->cell(row);

	return cell.text[0] || is_fixed(table) ? cell : (struct safe){ "-" };
}

/* Finds the shown columns and their widths. Returns their number. */
static size_t lay_out(const struct table *table, const void *const *rows, size_t n_rows, struct shown shown[MAX_SHOWN])
{
	bool fixed = is_fixed(table);
	size_t n = 0;

	if (fixed && table->group)
		shown[n++] = (struct shown){ find_column(table, table->group), 0, 0 };
	for (const struct table_column *column = table->columns; fixed && column->name; column++) {
		if (column->width == 0)
			continue;
		shown[n] = (struct shown){ column, n == 1 && table->group ? GAP : column->gap, column->width };
		n++;
	}
	for (size_t i = 0; !fixed && i < table->chosen->n_items; i++)
		shown[n++] = (struct shown){ find_column(table, table->chosen->items[i]), i > 0 ? GAP : 0, 0 };
	for (size_t i = 0; i < n; i++) {
		size_t width = table->legend ? text_width(_(shown[i].column->heading)) : 0;

		size_t most = fixed && shown[i].column->width > 0 ? shown[i].column->most : TABLE_WHOLE;

		for (size_t k = 0; k < n_rows && most > 0; k++) {
			size_t cell = text_width(make_cell(table, shown[i].column, rows[k]).text);

			cell = cell > most ? most : cell;
			width = cell > width ? cell : width;
		}
		shown[i].width = width > shown[i].width ? width : shown[i].width;
	}
	return n;
}

void table_print(const struct table *table, const void *const *rows, size_t n_rows, FILE *to)
{
	struct shown shown[MAX_SHOWN];
	bool fixed = is_fixed(table);
	size_t n = lay_out(table, rows, n_rows, shown), pending = fixed;

	if (table->legend) {
		for (size_t i = 0; i < n; i++)
			print_cell(&shown[i], _(shown[i].column->heading), &pending, to);
		fputc('\n', to);
	}
	for (size_t k = 0; k < n_rows; k++) {
		const char *mark = fixed ? table->mark(rows[k]) : "";

		pending = fixed && !*mark;
		fputs(mark, to);
		for (size_t i = 0; i < n; i++)
			print_cell(&shown[i], make_cell(table, shown[i].column, rows[k]).text, &pending, to);
		fputc('\n', to);
	}
}
