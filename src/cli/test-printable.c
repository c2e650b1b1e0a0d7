/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-printable.c - what safe() lets through to a terminal and what it does not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "cli/printable.h"

static void leaves_text_as_it_is(void **state)
{
	(void)state;
	assert_string_equal(safe("pts/3").text, "pts/3");
	assert_string_equal(safe("登出 é 😀").text, "登出 é 😀");
	assert_string_equal(safe(NULL).text, "");
}

static void escapes_what_a_terminal_obeys(void **state)
{
	(void)state;
	assert_string_equal(safe("\033[2Jx\a").text, "\\x1b[2Jx\\x07");
	assert_string_equal(safe("a\nb\rc\td\177").text, "a\\x0ab\\x0dc\\x09d\\x7f");
	assert_string_equal(safe("\302\233" "2J").text, "\\xc2\\x9b2J");	/* U+009B: CSI in one character */
	assert_string_equal(safe("\342\200\256x").text, "\\xe2\\x80\\xaex");	/* U+202E: right to left from here */
}

static void escapes_what_is_not_utf8(void **state)
{
	(void)state;
	assert_string_equal(safe("\377\376").text, "\\xff\\xfe");
	assert_string_equal(safe("\300\257").text, "\\xc0\\xaf");	/* overlong "/" */
	assert_string_equal(safe("\355\240\200").text, "\\xed\\xa0\\x80");	/* a surrogate */
	assert_string_equal(safe("\347\231").text, "\\xe7\\x99");	/* cut short */
}

static void cuts_what_is_too_long(void **state)
{
	char text[2000];
	struct safe out;

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	out = safe(text);
	assert_true(strlen(out.text) < sizeof(out.text));
	assert_string_equal(out.text + strlen(out.text) - 4, "a...");
	memset(text, '\033', sizeof(text) - 1);
	out = safe(text);
	assert_true(strlen(out.text) < sizeof(out.text));
	assert_null(strchr(out.text, '\033'));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(leaves_text_as_it_is),
		cmocka_unit_test(escapes_what_a_terminal_obeys),
		cmocka_unit_test(escapes_what_is_not_utf8),
		cmocka_unit_test(cuts_what_is_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
