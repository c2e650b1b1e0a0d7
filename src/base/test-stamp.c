/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-stamp.c - the stamp of another build is recognized, and printed only if it is harmless.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/stamp.h"

static void own(void **state)
{
	struct stamp stamp = stamp_own;

	(void)state;
	assert_int_equal(sizeof(stamp), 64);	/* for ever */
	assert_int_equal(strncmp(stamp.text, LOGOFF_VERSION "-", strlen(LOGOFF_VERSION) + 1), 0);
	assert_true(stamp_is_own(&stamp));
	for (size_t i = 0; i < sizeof(stamp); i++) {
		stamp = stamp_own;
		stamp.text[i] ^= 1;
		assert_false(stamp_is_own(&stamp));
	}
}

static void assert_said(const struct stamp *stamp, const char *what)
{
	struct logoff_error error = {};

	assert_int_equal(stamp_set_error(stamp, "/lib/program", -EHOSTUNREACH, &error), -EHOSTUNREACH);
	assert_int_equal(error.number, ELIBBAD);
	assert_non_null(strstr(error.text, what));
	assert_non_null(strstr(error.text, stamp_own.text));
	assert_int_equal(strncmp(error.text, "/lib/program is of another version (", 36), 0);
}

static void others(void **state)
{
	static const char *const unreadable[] = { "", "0.2.0\n", "0.2.0 ", "\x1b[2J", "\xe4\xb8\xad" };
	struct stamp stamp = { "0.2.0-x86_64-01234567" };

	(void)state;
	assert_said(&stamp, "(0.2.0-x86_64-01234567)");
	for (size_t i = 0; i < sizeof(unreadable) / sizeof(unreadable[0]); i++) {
		stamp = (struct stamp){};
		strcpy(stamp.text, unreadable[i]);
		assert_said(&stamp, "(unknown)");
	}
	memset(&stamp, 'x', sizeof(stamp));	/* no end */
	assert_said(&stamp, "(unknown)");
	assert_int_equal(stamp_set_error(&stamp, "program", -EIO, NULL), -EIO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(own),
		cmocka_unit_test(others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
