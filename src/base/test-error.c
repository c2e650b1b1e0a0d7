/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-error.c - the error record: what is recorded, and that long texts are cut at a character.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "base/error.h"

static void records_the_cause(void **state)
{
	struct logoff_error error = {};

	(void)state;
	assert_int_equal(error_set_errno(&error, -EPROTO, -EBADMSG, "%s of %d", "line", 7), -EPROTO);
	assert_int_equal(error.domain, LOGOFF_ERROR_ERRNO);
	assert_int_equal(error.number, EBADMSG);
	assert_string_equal(error.text, "line of 7");
	assert_int_equal(error_set_dbus(&error, -EACCES, "a.b.C", "no"), -EACCES);
	assert_int_equal(error.domain, LOGOFF_ERROR_DBUS);
	assert_string_equal(error.name, "a.b.C");
	assert_string_equal(error.text, "no");
	assert_int_equal(error_set_format(&error, -EINVAL, 12, "bad"), -EINVAL);
	assert_int_equal(error.domain, LOGOFF_ERROR_FORMAT);
	assert_int_equal(error.number, 12);
	assert_string_equal(error.name, "");
}

static void records_an_error_of_windows(void **state)
{
	struct logoff_error error = { .name = "of before" };

	(void)state;
	assert_int_equal(error_set_win32(&error, -EHOSTUNREACH, 1722, "The RPC server is unavailable"), -EHOSTUNREACH);
	assert_int_equal(error.domain, LOGOFF_ERROR_WIN32);
	assert_int_equal(error.number, 1722);
	assert_string_equal(error.name, "");
	assert_string_equal(error.text, "The RPC server is unavailable");
	assert_int_equal(error_set_win32(NULL, -EACCES, 5, ""), -EACCES);
}

static void takes_null(void **state)
{
	struct logoff_error error = {};

	(void)state;
	assert_int_equal(error_set_errno(NULL, -EPROTO, -EBADMSG, "x"), -EPROTO);
	assert_int_equal(error_set_dbus(NULL, -EPROTO, "x", "y"), -EPROTO);
	assert_int_equal(error_set_format(NULL, -EPROTO, 1, "x"), -EPROTO);
	assert_int_equal(error_set_dbus(&error, -EPROTO, NULL, NULL), -EPROTO);
	assert_string_equal(error.text, "");
}

/* A text of N blanks followed by three-byte characters, longer than the record. */
static void cut_with(size_t n_blanks)
{
	struct logoff_error error = {};
	char text[400] = "";
	size_t length;

	memset(text, ' ', n_blanks);
	while (strlen(text) + 3 < sizeof(text))
		strcat(text, "登");
	error_set_dbus(&error, -EPROTO, "x", text);
	length = strlen(error.text);
	assert_true(length < sizeof(error.text) && length >= sizeof(error.text) - 4);
	assert_int_equal((length - n_blanks) % 3, 0);
	assert_memory_equal(error.text, text, length);
	error_set_errno(&error, -EPROTO, -EIO, "%s", text);
	assert_int_equal((strlen(error.text) - n_blanks) % 3, 0);
}

static void cuts_at_a_character(void **state)
{
	(void)state;
	for (size_t n = 0; n < 6; n++)
		cut_with(n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_the_cause),
		cmocka_unit_test(records_an_error_of_windows),
		cmocka_unit_test(takes_null),
		cmocka_unit_test(cuts_at_a_character),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
