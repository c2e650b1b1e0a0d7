/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-text.c - only text_copy_set() accepts a missing text, and makes NULL of it. Texts are read whole or not at all.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

/* Across the sizes at which the room grows. */
static void a_file_is_read_whole(void **state)
{
	static const size_t sizes[] = { 0, 1, 16382, 16383, 16384, 16385, 32767, 32768, 100000 };
	size_t n;
	char *text;

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		FILE *file = tmpfile();

		assert_non_null(file);
		for (size_t k = 0; k < sizes[i]; k++)
			fputc((char)('a' + k % 26), file);
		rewind(file);
		assert_int_equal(text_read(&text, &n, fileno(file), sizes[i]), 0);
		assert_true(n == sizes[i] && strlen(text) == n);
		assert_true(n == 0 || text[n - 1] == (char)('a' + (n - 1) % 26));
		free(text);
		rewind(file);
		if (sizes[i] > 0)
			assert_int_equal(text_read(&text, &n, fileno(file), sizes[i] - 1), -EFBIG);
		fclose(file);
	}
	assert_int_equal(text_read(&text, &n, -1, 10), -EBADF);
}

static void an_end_has_something_before_it(void **state)
{
	(void)state;
	assert_true(text_ends_with("app.slice", 9, ".slice"));
	assert_true(text_ends_with("app.slice/a.scope", 9, ".slice"));
	assert_false(text_ends_with("app.slice/a.scope", 17, ".slice"));
	assert_false(text_ends_with("app.slice", 8, ".slice"));
	assert_false(text_ends_with(".slice", 6, ".slice"));
	assert_false(text_ends_with("x", 1, ".slice"));
	assert_false(text_ends_with("", 0, ".slice"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(copies),
		cmocka_unit_test(what_is_missing_is_nothing),
		cmocka_unit_test(an_end_has_something_before_it),
		cmocka_unit_test(a_file_is_read_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
