/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-numbers.c - numbers that sessions keep.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/numbers.h"

static void test_they_stay(void **state)
{
	char path[] = "/tmp/logoff-numbers-XXXXXX";
	static struct numbers numbers;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	numbers_open(&numbers, path);
	assert_int_equal(numbers_get(&numbers, "c7", 5, 1), 32774);	/* by rule */
	assert_int_equal(numbers_get(&numbers, "40000", 5, 1), 49152);
	assert_int_equal(numbers_get(&numbers, "pts-3", 6, 1), 49153);
	assert_int_equal(numbers_get(&numbers, "40000", 5, 2), 49152);
	assert_int_equal(numbers_get(&numbers, "40000", 9000005, 2), 49154);	/* another logon */
	assert_int_equal(numbers_get(&numbers, "a b", 9, 2), 0);
	assert_int_equal(numbers_get(&numbers, "new", -1, 2), 0); /* unknown, so it would be another one each time */
	numbers_write(&numbers);
	number_table_done(&numbers.table);
	numbers_open(&numbers, path);
	assert_int_equal(numbers_get(&numbers, "pts-3", 6, 1), 49153);
	assert_int_equal(numbers_get(&numbers, "40000", 9000005, 1), 49154);
	assert_int_equal(numbers_get(&numbers, "next", 1, 1), 49155);
	number_table_done(&numbers.table);
	unlink(path);
}

/* Whatever was asked for since is there. A number that is free again is not the next one. */
static void test_those_of_the_gone_are_free(void **state)
{
	static struct numbers numbers;

	(void)state;
	numbers_open(&numbers, NULL);
	assert_int_equal(numbers_get(&numbers, "a", 1, 10), 49152);
	assert_int_equal(numbers_get(&numbers, "b", 1, 20), 49153);
	numbers_drop(&numbers, 15);
	assert_int_equal(numbers.table.n_items, 1);
	assert_int_equal(numbers_get(&numbers, "b", 1, 21), 49153);
	assert_int_equal(numbers_get(&numbers, "c", 1, 21), 49154);
	assert_int_equal(numbers_get(&numbers, "a", 1, 21), 49155);
	number_table_done(&numbers.table);
}

static void test_there_are_so_many(void **state)
{
	static struct numbers numbers;
	char id[16];

	(void)state;
	numbers_open(&numbers, NULL);
	for (int i = 0; i < 16384; i++) {
		snprintf(id, sizeof(id), "x%d", i);
		assert_int_equal(numbers_get(&numbers, id, 1, 1), 49152 + i);
	}
	assert_int_equal(numbers_get(&numbers, "one-more", 1, 1), 0);
	number_table_done(&numbers.table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_they_stay), cmocka_unit_test(test_those_of_the_gone_are_free),
		cmocka_unit_test(test_there_are_so_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
