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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_what_is_in_it),
		cmocka_unit_test(is_as_it_was_without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
