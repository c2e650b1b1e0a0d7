/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-array.c - arrays keep their items while they grow, and stay unchanged without memory.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdbool.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/array.h"

static bool has_memory = true;

void *__real_realloc(void *items, size_t size);
void *__wrap_realloc(void *items, size_t size);

void *__wrap_realloc(void *items, size_t size)
{
	return has_memory ? __real_realloc(items, size) : NULL;
}

static void keeps_what_is_in_it(void **state)
{
	int *items = NULL;
	size_t n_items = 0;

	(void)state;
	for (int i = 0; i < 1000; i++)
		assert_int_equal(array_add(&items, &n_items, &i), 0);
	assert_int_equal(n_items, 1000);
	n_items = 3;	/* the caller may drop items from the end */
	for (int i = 3; i < 100; i++)
		assert_int_equal(array_add(&items, &n_items, &i), 0);
	for (int i = 0; i < 100; i++)
		assert_int_equal(items[i], i);
	free(items);
}

static void is_as_it_was_without_memory(void **state)
{
	int *items = NULL, one = 1;
	size_t n_items = 0;

	(void)state;
	has_memory = false;
	assert_int_equal(array_add(&items, &n_items, &one), -ENOMEM);
	assert_null(items);
	has_memory = true;
	assert_int_equal(array_add(&items, &n_items, &one), 0);
	has_memory = false;
	assert_int_equal(array_add(&items, &n_items, &one), -ENOMEM);
	assert_int_equal(n_items, 1);
	assert_int_equal(items[0], 1);
	has_memory = true;
	free(items);
}

static void numbers_have_a_place(void **state)
{
	static const struct { uint32_t number; char rest[8]; } items[] = {
		{ 2, "" }, { 2, "" }, { 7, "" }, { UINT32_MAX, "" },
	};
	static const struct { uint32_t number; size_t place; } wanted[] = {
		{ 0, 0 }, { 2, 0 }, { 3, 2 }, { 7, 2 }, { 8, 3 }, { UINT32_MAX, 3 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		assert_int_equal(array_place(items, 4, sizeof(items[0]), wanted[i].number), wanted[i].place);
	assert_int_equal(array_place(items, 3, sizeof(items[0]), 8), 3);
	assert_int_equal(array_place(NULL, 0, sizeof(items[0]), 8), 0);
	assert_true(array_compare(&items[0], &items[3]) < 0 && array_compare(&items[3], &items[2]) > 0);
	assert_int_equal(array_compare(&items[0], &items[1]), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_what_is_in_it),
		cmocka_unit_test(is_as_it_was_without_memory),
		cmocka_unit_test(numbers_have_a_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
