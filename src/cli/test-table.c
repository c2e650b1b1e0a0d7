/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-table.c - the two layouts of a table, what is cut and what grows, the order of rows; and the width of texts.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/test-port.h"
#include "cli/table.h"

/* ---- widths ---- */

static void width_of_texts(void **state)
{
	(void)state;
	assert_int_equal(text_width(""), 0);
	assert_int_equal(text_width("pts/3"), 5);
	assert_int_equal(text_width("電腦"), 4);
	assert_int_equal(text_width("é"), 1);
	assert_int_equal(text_width("e\xcc\x81"), 1);	/* with a combining accent */
	assert_int_equal(text_width("😀"), 2);
	assert_int_equal(text_width("한"), 2);
	assert_int_equal(text_width("\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab"), 2);	/* the same in three parts */
	assert_int_equal(text_width("ｱ"), 1);	/* half width */
	assert_int_equal(text_width("Ａ"), 2);	/* full width */
	assert_int_equal(text_width("\xf0\xa0\x80\x80"), 2);	/* U+20000 */
	assert_int_equal(text_width("\xff\xfe"), 2);
}

static void cut_texts(void **state)
{
	(void)state;
	assert_string_equal(text_cut("alice", 5).text, "alice");
	assert_string_equal(text_cut("alicea", 5).text, "al...");
	assert_string_equal(text_cut("電腦電腦", 8).text, "電腦電腦");
	assert_string_equal(text_cut("電腦電腦", 7).text, "電腦...");
	assert_string_equal(text_cut("電腦電腦", 6).text,
			    "電..."); /* half of a wide character cannot be shown: one column stays empty */
	assert_string_equal(text_cut("abcdef", 3).text, "");
	assert_string_equal(text_cut("\033[2Jabcdef", 9).text, "\\x1b[2...");
}

/* ---- tables ---- */

struct thing {
	const char *name, *id;
	int64_t size;
};

static struct safe cell_name(const void *row)
{
	return safe(((const struct thing *)row)->name);
}

static struct safe cell_id(const void *row)
{
	return safe(((const struct thing *)row)->id);
}

static struct safe cell_size(const void *row)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld", (long long)((const struct thing *)row)->size);
	return safe(((const struct thing *)row)->size < 0 ? "?" : text);
}

static int64_t number_size(const void *row)
{
	return ((const struct thing *)row)->size;
}

static const char *mark(const void *row)
{
	return strcmp(((const struct thing *)row)->id, "c7") == 0 ? ">" : "";
}

static const struct table_column columns[] = {
	{ "name", "NAME", 0, 8, 0, false, cell_name, NULL },
	{ "id", "ID", 1, 3, TABLE_WHOLE, true, cell_id, NULL },
	{ "size", "SIZE", 0, 0, 0, true, cell_size, number_size },
	{},
};

static const struct thing things[] = {
	{ "pts/12", "12", 5 }, { "", "c7", -1 }, { "電腦", "3", 100 }, { "pts/3", "5", 20 }, { "a long name", "11", 3 },
};

#define N_THINGS (sizeof(things) / sizeof(things[0]))

static const struct option_list none;

static struct table make_table(const struct option_list *chosen, const char *sort)
{
	return (struct table){ .columns = columns, .mark = mark, .order = "id", .chosen = chosen,
			       .sort = sort, .legend = true };
}

static void assert_table(const struct table *table, const struct thing *rows_of, size_t n, const char *wanted)
{
	const void *rows[16];
	FILE *to = tmpfile();
	char *text;

	assert_non_null(to);
	for (size_t i = 0; i < n; i++)
		rows[i] = &rows_of[i];
	assert_int_equal(table_sort(table, rows, n), 0);
	table_print(table, rows, n, to);
	text = test_take_text(to);
	assert_non_null(text);
	assert_string_equal(text, wanted);
	free(text);
}

static void fixed_layout_cuts_and_marks(void **state)
{
	struct table table = make_table(&none, NULL);

	(void)state;
	assert_table(&table, things, N_THINGS,
		     " NAME      ID\n"
		     " 電腦       3\n"
		     " pts/3      5\n"
		     " a lon...  11\n"
		     " pts/12    12\n"
		     ">          c7\n");
}

/* Programs split lines at blanks. */
static void no_line_ends_with_blanks(void **state)
{
	static const struct table_column last[] = {
		{ "id", "ID", 1, 3, TABLE_WHOLE, true, cell_id, NULL },
		{ "name", "NAME", 1, 8, 0, false, cell_name, NULL },
		{},
	};
	static const struct thing ends[] = { { "abc", "1", 0 }, { "", "2", 0 }, { "d  ", "c7", 0 } };
	struct option_list chosen = { .items = { "id", "name" }, .n_items = 2 };
	struct table table = make_table(&none, NULL);

	(void)state;
	table.columns = last;
	assert_table(&table, ends, 3, "   ID NAME\n    1 abc\n    2\n>  c7 d\n");
	table.chosen = &chosen;
	assert_table(&table, ends, 3, "ID  NAME\n 1  abc\n 2  -\nc7  d\n");
}

static void columns_grow_as_far_as_they_may(void **state)
{
	static const struct table_column growing[] = {
		{ "name", "NAME", 0, 4, 8, false, cell_name, NULL },
		{ "id", "ID", 1, 3, TABLE_WHOLE, true, cell_id, NULL },
		{},
	};
	static const struct thing rows[] = { { "abc", "1", 0 }, { "abcdefg", "2", 0 }, { "a long name", "3", 0 } };
	struct table table = make_table(&none, NULL);

	(void)state;
	table.columns = growing;
	assert_table(&table, rows, 1, " NAME  ID\n abc    1\n");
	assert_table(&table, rows, 2, " NAME     ID\n abc       1\n abcdefg   2\n");
	assert_table(&table, rows, 3, " NAME      ID\n abc        1\n abcdefg    2\n a lon...   3\n");
}

static void ids_are_never_cut(void **state)
{
	static const struct thing long_id[] = { { "a", "1", 0 }, { "b", "4294967294", 0 } };
	struct table table = make_table(&none, NULL);

	(void)state;
	assert_table(&table, long_id, 2,
		     " NAME             ID\n"
		     " a                 1\n"
		     " b        4294967294\n");
}

static void chosen_columns_are_whole(void **state)
{
	struct option_list chosen = { .items = { "SIZE", "name" }, .n_items = 2 };
	struct table table = make_table(&chosen, "-size");

	(void)state;
	assert_table(&table, things, N_THINGS,
		     "SIZE  NAME\n"
		     " 100  電腦\n"
		     "  20  pts/3\n"
		     "   5  pts/12\n"
		     "   3  a long name\n"
		     "   ?  -\n");
	table.legend = false;
	assert_table(&table, things, 1, "5  pts/12\n");
	assert_table(&table, things, 0, "");
}

static void numbers_in_texts_count(void **state)
{
	struct option_list chosen = { .items = { "id" }, .n_items = 1 };
	struct table table = make_table(&chosen, "name");

	(void)state;
	table.legend = false;
	assert_table(&table, things, N_THINGS, "11\n 5\n12\n 3\nc7\n");	/* no name: last, in reverse too */
	table.sort = "-name";
	assert_table(&table, things, N_THINGS, " 3\n12\n 5\n11\nc7\n");
}

static void equal_rows_are_in_order_of_ids(void **state)
{
	static const struct thing same[] = { { "x", "9", 1 }, { "x", "10", 1 }, { "x", "1", 1 } };
	struct option_list chosen = { .items = { "id" }, .n_items = 1 };
	struct table table = make_table(&chosen, "size");

	(void)state;
	table.legend = false;
	assert_table(&table, same, 3, " 1\n 9\n10\n");
	table.sort = "-name";
	assert_table(&table, same, 3, " 1\n 9\n10\n");
	table.sort = "-id";
	assert_table(&table, same, 3, "10\n 9\n 1\n");
}

static void unknown_columns_are_refused(void **state)
{
	struct option_list chosen = { .items = { "name", "colour" }, .n_items = 2 };
	struct table table = make_table(&chosen, NULL);
	const char *culprit = NULL;

	(void)state;
	assert_int_equal(table_check(&table, &culprit), -EINVAL);
	assert_string_equal(culprit, "colour");
	table = make_table(&none, "-");
	assert_int_equal(table_check(&table, &culprit), -EINVAL);
	table.sort = "--name";
	assert_int_equal(table_check(&table, &culprit), -EINVAL);
	table.sort = "-Name";
	assert_int_equal(table_check(&table, &culprit), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(width_of_texts),
		cmocka_unit_test(cut_texts),
		cmocka_unit_test(fixed_layout_cuts_and_marks),
		cmocka_unit_test(no_line_ends_with_blanks),
		cmocka_unit_test(columns_grow_as_far_as_they_may),
		cmocka_unit_test(ids_are_never_cut),
		cmocka_unit_test(chosen_columns_are_whole),
		cmocka_unit_test(numbers_in_texts_count),
		cmocka_unit_test(equal_rows_are_in_order_of_ids),
		cmocka_unit_test(unknown_columns_are_refused),
	};

	return cmocka_run_group_tests_name("table", tests, NULL, NULL);
}
