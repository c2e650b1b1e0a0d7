/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-settings.c - lines of logoff-server.conf, and files.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/settings.h"

static void test_lines(void **state)
{
	struct settings settings = settings_default;

	(void)state;
	assert_null(settings_take_line(&settings, ""));
	assert_null(settings_take_line(&settings, "  # a comment = 3"));
	assert_null(settings_take_line(&settings, "grace = 30"));
	assert_null(settings_take_line(&settings, "\twarn=0 "));
	assert_null(settings_take_line(&settings, "limit-handles = 7"));
	assert_null(settings_take_line(&settings, "query = help desk, AD\\viewers"));
	assert_int_equal(settings.grace_s, 30);
	assert_int_equal(settings.max_handles, 7);
	assert_string_equal(settings.query, "help desk, AD\\viewers");
}

static void test_wrong_lines(void **state)
{
	static const char *const lines[] = {
		"grace",
		"grac = 3",
		"grace = ",
		"grace = -1",
		"grace = 3s",
		"grace = 86401",
		"grace = 99999999999",
		"limit-handles = 0",
		"limit-waits = 65537",
		"query = a,,b",
		"query = *, a",
		"query = ,",
		"= 3",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct settings settings = settings_default;

		if (!settings_take_line(&settings, lines[i]))
			fail_msg("\"%s\" is taken", lines[i]);
	}
}

static void test_groups(void **state)
{
	const char *at = " help desk ,AD\\viewers";
	char name[32];

	(void)state;
	assert_true(settings_next_group(&at, name, sizeof(name)));
	assert_string_equal(name, "help desk");
	assert_true(settings_next_group(&at, name, sizeof(name)));
	assert_string_equal(name, "AD\\viewers");
	assert_false(settings_next_group(&at, name, sizeof(name)));
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void test_files(void **state)
{
	char folder[] = "/tmp/logoff-settings-XXXXXX", path[64], why[256] = "";
	struct settings settings;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/conf", folder);
	assert_true(settings_read(&settings, path, why, sizeof(why)));
	assert_string_equal(settings.query, "rds-users");
	write_file(path, "# one\nwarn = 5\n");
	assert_true(settings_read(&settings, path, why, sizeof(why)));
	assert_int_equal(settings.warn_s, 5);
	write_file(path, "warn = 5\n\nwarn = five\n");
	assert_false(settings_read(&settings, path, why, sizeof(why)));
	assert_non_null(strstr(why, "line 3"));
	write_file(path, "warn = 5\n");
	assert_int_equal(chmod(path, 0666), 0);
	assert_false(settings_read(&settings, path, why, sizeof(why)));
	unlink(path);
	rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines), cmocka_unit_test(test_wrong_lines), cmocka_unit_test(test_groups),
		cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
