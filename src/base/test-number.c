/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-number.c - which id has which number, and whose table counts.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/number.h"

static void an_id_has_its_number_by_rule(void **state)
{
	static const struct { const char *id; int32_t number; } cases[] = {
		{ "1", 1 }, { "12", 12 }, { "32767", 32767 }, { "c1", 32768 }, { "c8", 32775 }, { "c16383", 49150 },
	};
	static const char *const none[] = { "0", "32768", "49151", "65536", "4294967297", "c0", "c16384", "c65537", "",
					    "c", "cc1", "01", "c01", "1c", "-1", "+1", " 1", "C1", "pts/1" };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (number_of_id(cases[i].id) != cases[i].number)
			fail_msg("%s: %d", cases[i].id, number_of_id(cases[i].id));
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		if (number_of_id(none[i]) != NUMBER_NONE)
			fail_msg("'%s': %d", none[i], number_of_id(none[i]));
	assert_int_equal(number_parse("0"), 0);
	assert_int_equal(number_parse("65535"), 65535);
	assert_int_equal(number_parse("65536"), NUMBER_NONE);
	assert_int_equal(number_parse("007"), NUMBER_NONE);
}

static void no_two_ids_have_the_same_number(void **state)
{
	static bool seen[NUMBER_MAX + 1];
	char id[16];
	int n = 0;

	(void)state;
	for (int i = 0; i < 2 * 70000; i++) {
		int32_t number;

		snprintf(id, sizeof(id), i % 2 ? "c%d" : "%d", i / 2);
		number = number_of_id(id);
		assert_true(number >= NUMBER_NONE && number < NUMBER_FIRST_GIVEN);
		if (number == NUMBER_NONE)
			continue;
		assert_false(seen[number]);
		seen[number] = true;
		n++;
	}
	assert_int_equal(n, 49150);
}

/* ---- the table ---- */

static int parse(struct number_table *table, const char *text)
{
	FILE *file = fmemopen((void *)text, strlen(text), "r");
	int r;

	*table = (struct number_table){};
	assert_non_null(file);
	r = number_table_parse(table, file);
	fclose(file);
	return r;
}

static void a_table_tells_the_numbers_of_logons(void **state)
{
	struct number_table table;

	(void)state;
	assert_int_equal(parse(&table, "49152 1741939320000000 40000\n65535 5 c20000\n"
				       "49153 1741939420000000 40000\n"), 0);
	assert_int_equal(number_table_find(&table, "40000", 1741939320000000), 49152);
	assert_int_equal(number_table_find(&table, "40000", 1741939321000000), 49152);
	assert_int_equal(number_table_find(&table, "40000", 1741939419000000), 49153);
	assert_int_equal(number_table_find(&table, "40000", 1741939321000001), NUMBER_NONE);
	assert_int_equal(number_table_find(&table, "40000", -1), NUMBER_NONE);
	assert_int_equal(number_table_find(&table, "c20000", 5), 65535);
	assert_int_equal(number_table_find(&table, "C20000", 5), NUMBER_NONE);
	number_table_done(&table);
	assert_int_equal(number_table_find(&table, "c20000", 5), NUMBER_NONE);
}

static void one_wrong_line_makes_a_table_wrong(void **state)
{
	static const char *const lines[] = {
		"\n", "49153\n", "49153 5\n", "49153 5 \n", "49153 5 a", "49153 5 a b\n", "49153 5 a\tb\n",
		"49153  5 a\n",
		" 49153 5 a\n", "49151 5 a\n", "65536 5 a\n", "32768 5 c1\n", "0 5 a\n", "-1 5 a\n", "049153 5 a\n",
		"49153 -5 a\n", "49153 x a\n", "49153 5x a\n", "49153 99999999999999999999 a\n", "49152 6 b\n",
		"49153 5 \033[2J\n", "# 5 a\n",
	};
	char text[400], id[320];
	struct number_table table;

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		snprintf(text, sizeof(text), "49152 5 a\n%s", lines[i]);
		if (parse(&table, text) != -EBADMSG || table.n_items > 0)
			fail_msg("%s", lines[i]);
	}
	memset(id, 'a', sizeof(id) - 1);
	id[sizeof(id) - 1] = '\0';
	snprintf(text, sizeof(text), "49152 5 %s\n", id);
	assert_int_equal(parse(&table, text), -EBADMSG);
}

static void what_is_written_is_read(void **state)
{
	char folder[] = "/tmp/test-number-XXXXXX", path[64], other[64];
	struct number_table table = {}, read = {};
	struct stat status;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/numbers", folder);
	snprintf(other, sizeof(other), "%s/other", folder);
	assert_int_equal(number_table_read(&read, path), -ENOENT);
	assert_int_equal(number_table_add(&table, 49152, 1741939320123456, "40000"), 0);
	assert_int_equal(number_table_add(&table, 65535, INT64_MAX, "c4194304"), 0);
	assert_int_equal(number_table_add(&table, 65535, 7, "c5"), -EEXIST);
	assert_int_equal(number_table_add(&table, 49151, 7, "c5"), -EINVAL);
	assert_int_equal(number_table_add(&table, 49153, -1, "c5"), -EINVAL);
	assert_int_equal(number_table_add(&table, 49153, 7, "a b"), -EINVAL);
	assert_int_equal(number_table_add(&table, 49153, 7, ""), -EINVAL);
	umask(077);
	assert_int_equal(number_table_write(&table, path), 0);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0644);
	assert_int_equal(number_table_read(&read, path), 0);
	assert_int_equal(read.n_items, 2);
	assert_int_equal(number_table_find(&read, "40000", 1741939320123456), 49152);
	assert_int_equal(number_table_find(&read, "c4194304", INT64_MAX), 65535);
	number_table_done(&read);

	/* Others may have written it. */
	assert_int_equal(chmod(path, 0664), 0);
	assert_int_equal(number_table_read(&read, path), -EPERM);
	assert_int_equal(chmod(path, 0644), 0);
	if (geteuid() == 0) {
		assert_int_equal(chmod(folder, 0755), 0);
		assert_int_equal(chown(path, 65534, 65534), 0);
		assert_int_equal(seteuid(65533), 0);
		assert_int_equal(number_table_read(&read, path), -EPERM);
		assert_int_equal(seteuid(0), 0);
		assert_int_equal(number_table_read(&read, path), -EPERM);
	}
	assert_int_equal(read.n_items, 0);

	/* The empty table; and nothing is left of one that cannot be written. */
	number_table_done(&table);
	assert_int_equal(number_table_write(&table, path), 0);
	assert_int_equal(number_table_read(&read, path), 0);
	assert_int_equal(read.n_items, 0);
	assert_int_equal(mkdir(other, 0700), 0);
	assert_int_equal(number_table_write(&table, other), -EISDIR);
	assert_int_equal(rmdir(other), 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_id_has_its_number_by_rule),
		cmocka_unit_test(no_two_ids_have_the_same_number),
		cmocka_unit_test(a_table_tells_the_numbers_of_logons),
		cmocka_unit_test(one_wrong_line_makes_a_table_wrong),
		cmocka_unit_test(what_is_written_is_read),
	};

	return cmocka_run_group_tests_name("number", tests, NULL, NULL);
}
