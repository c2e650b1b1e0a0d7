/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-text.c - only text_copy_set() accepts a missing text, and makes NULL of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/text.h"

static void copies(void **state)
{
	char *copy;

	(void)state;
	assert_int_equal(text_copy(&copy, ""), 0);
	assert_string_equal(copy, "");
	free(copy);
	assert_int_equal(text_copy_set(&copy, "alice"), 0);
	assert_string_equal(copy, "alice");
	free(copy);
}

static void what_is_missing_is_nothing(void **state)
{
	char *copy = (char *)"before";

	(void)state;
	assert_int_equal(text_copy_set(&copy, ""), 0);
	assert_null(copy);
	copy = (char *)"before";
	assert_int_equal(text_copy_set(&copy, NULL), 0);
	assert_null(copy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(copies),
		cmocka_unit_test(what_is_missing_is_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
