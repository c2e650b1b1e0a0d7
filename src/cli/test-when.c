/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-when.c - the forms of times: idle as Windows writes it, logon, ISO 8601.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>
#include <cmocka.h>

#include "cli/when.h"

#define SECOND INT64_C(1000000)

static void idle_as_windows_writes_it(void **state)
{
	(void)state;
	assert_string_equal(when_idle(0, false).text, ".");
	assert_string_equal(when_idle(59 * SECOND + 999999, false).text, ".");
	assert_string_equal(when_idle(60 * SECOND, false).text, "1");
	assert_string_equal(when_idle(28 * 60 * SECOND + 59 * SECOND, false).text, "28");
	assert_string_equal(when_idle(3600 * SECOND - 1, false).text, "59");
	assert_string_equal(when_idle(3600 * SECOND, false).text, "1:00");
	assert_string_equal(when_idle((7 * 60 + 29) * 60 * SECOND, false).text, "7:29");
	assert_string_equal(when_idle(86400 * SECOND - 1, false).text, "23:59");
	assert_string_equal(when_idle(86400 * SECOND, false).text, "1+00:00");
	assert_string_equal(when_idle((26 * 60 + 3) * 60 * SECOND, false).text, "1+02:03");
	assert_string_equal(when_idle(INT64_MAX, false).text, "106751991+04:00");
}

static void console_in_use_is_none(void **state)
{
	(void)state;
	assert_string_equal(when_idle(0, true).text, "none ");
	assert_string_equal(when_idle(60 * SECOND, true).text, "1");
}

static void unknown_is_not_zero(void **state)
{
	(void)state;
	assert_string_equal(when_idle(-1, false).text, "?");
	assert_string_equal(when_idle(-1, true).text, "?");
	assert_string_equal(when_local(-1).text, "?");
}

static void moments(void **state)
{
	(void)state;
	setenv("TZ", "CST-8", 1);
	setenv("LC_ALL", "C", 1);
	tzset();
	assert_string_equal(when_iso(INT64_C(1741939320) * SECOND + 999999).text, "2025-03-14T08:02:00Z");
	assert_string_equal(when_iso(0).text, "1970-01-01T00:00:00Z");
	assert_string_equal(when_local(INT64_C(1741939320) * SECOND).text, "2025-03-14 16:02");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(idle_as_windows_writes_it),
		cmocka_unit_test(console_in_use_is_none),
		cmocka_unit_test(unknown_is_not_zero),
		cmocka_unit_test(moments),
	};

	return cmocka_run_group_tests_name("when", tests, NULL, NULL);
}
