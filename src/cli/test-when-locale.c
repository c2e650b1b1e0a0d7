/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-when-locale.c - times of day without seconds, in any locale.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "cli/when.h"

static void assert_cut(const char *format, const char *wanted)
{
	char text[64];

	when_cut_seconds(format, text, sizeof(text));
	assert_string_equal(text, wanted);
}

/* Formats of glibc's locales: C, en_US, de_DE, fi_FI, bg_BG, zh_TW, ko_KR. */
static void seconds_are_cut(void **state)
{
	(void)state;
	assert_cut("%H:%M:%S", "%H:%M");
	assert_cut("%r", "%I:%M %p");
	assert_cut("%T", "%H:%M");
	assert_cut("%H.%M.%S", "%H.%M");
	assert_cut("%k,%M,%S", "%k,%M");
	assert_cut("%H時%M分%S秒", "%H時%M分");
	assert_cut("%p %I時%M分%S秒", "%p %I時%M分");
	assert_cut("%H시 %M분 %S초", "%H시 %M분");
	assert_cut("%I:%M:%OS %p", "%I:%M %p");
	assert_cut("%R", "%R");
	assert_cut("%S", "");
	assert_cut("", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(seconds_are_cut) };

	return cmocka_run_group_tests_name("when-locale", tests, NULL, NULL);
}
