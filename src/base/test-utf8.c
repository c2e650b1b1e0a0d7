/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-utf8.c - which characters of a foreign text are harmful, and which bytes are no characters.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/utf8.h"

static void assert_harmless(const char *text, bool lines, const char *expected)
{
	char *copy = utf8_harmless(text, lines);

	assert_non_null(copy);
	assert_string_equal(copy, expected);
	free(copy);
}

static void keeps_what_is_text(void **state)
{
	(void)state;
	assert_harmless("", true, "");
	assert_harmless("請在五分鐘內登出 é 😀", false, "請在五分鐘內登出 é 😀");
	assert_harmless("a\n\tb\r\nc\n", true, "a\n\tb\nc\n");
}

static void escapes_what_terminals_obey(void **state)
{
	(void)state;
	assert_harmless("\033]0;x\a", true, "\\x1b]0;x\\x07");
	assert_harmless("a\nb\tc\r\n", false, "a\\x0ab\\x09c\\x0d\\x0a");
	assert_harmless("a\rb", true, "a\\x0db");
	assert_harmless("\302\233" "2J", true, "\\xc2\\x9b2J");	/* U+009B: CSI in one character */
	assert_harmless("\342\200\256x", true, "\\xe2\\x80\\xaex");	/* U+202E: right to left from here */
	assert_harmless("al\342\201\240ice", true, "al\\xe2\\x81\\xa0ice");	/* U+2060, invisible */
	assert_harmless("\357\277\271", true, "\\xef\\xbf\\xb9");	/* U+FFF9 */
	assert_harmless("\363\240\201\201", true, "\\xf3\\xa0\\x81\\x81");	/* U+E0041: an invisible "A" */
	assert_harmless("\177\b", true, "\\x7f\\x08");
}

static void escapes_what_is_not_utf8(void **state)
{
	(void)state;
	assert_harmless("\377\376", true, "\\xff\\xfe");
	assert_harmless("\300\257", true, "\\xc0\\xaf");		/* overlong "/" */
	assert_harmless("\355\240\200", true, "\\xed\\xa0\\x80");	/* a surrogate */
	assert_harmless("\364\220\200\200", true, "\\xf4\\x90\\x80\\x80");	/* beyond U+10FFFF */
	assert_harmless("\371\233\233\233", true,
			"\\xf9\\x9b\\x9b\\x9b"); /* five bytes are no character; C1 among them */
	assert_harmless("\374\200\200\200\200\200", true, "\\xfc\\x80\\x80\\x80\\x80\\x80");
	assert_harmless("\347\231", true, "\\xe7\\x99");		/* cut short */
	assert_harmless("\347\033\231", true, "\\xe7\\x1b\\x99");	/* a control character inside a character */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_what_is_text),
		cmocka_unit_test(escapes_what_terminals_obey),
		cmocka_unit_test(escapes_what_is_not_utf8),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
