/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-settings.c - the settings of the nightly rule, right and wrong ones, and the days of its trial.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "nightly/settings.h"
#include "nightly/trial.h"

static int parse(const char *text, struct settings *settings, struct settings_fault *fault)
{
	char *copy = strdup(text);
	int r;

	assert_non_null(copy);
	*fault = (struct settings_fault){};
	r = settings_parse(settings, copy, fault);
	free(copy);
	return r;
}

static void assert_settings(const char *text, const char *expected)
{
	struct settings_fault fault;
	struct settings settings;
	char *found;

	if (parse(text, &settings, &fault) < 0)
		fail_msg("%s: fault %d, line %zu, %s", text, fault.kind, fault.line, fault.word);
	found = settings_text(&settings);
	assert_string_equal(found, expected);
	free(found);
	settings_done(&settings);
}

static void assert_fault(const char *text, enum settings_fault_kind kind, size_t line, const char *word)
{
	struct settings_fault fault;
	struct settings settings;

	if (parse(text, &settings, &fault) != -EINVAL)
		fail_msg("%s: there is no fault", text);
	if (fault.kind != kind || fault.line != line || strcmp(fault.word, word) != 0)
		fail_msg("%s: fault %d, line %zu, %s", text, fault.kind, fault.line, fault.word);
	settings_done(&settings);
}

static void test_right(void **state)
{
	(void)state;
	assert_settings("idle=8h", "idle = 8h\n");
	assert_settings("# comment\r\n\n \tidle =\t90 \r\n  # another\nage = 366d", "idle = 90\nage = 366d\n");
	assert_settings("keep = tmux ,screen,  mosh-server\nexclude = group:domain users , carol\ndisconnected = 2h\n",
			"disconnected = 2h\nexclude = group:domain users,carol\nkeep = tmux,screen,mosh-server\n");
	assert_settings("warn = 10m\nmessage = a = b, # c\nidle = 1d\n",
			"idle = 1d\nwarn = 10m\nmessage = a = b, # c\n");
	assert_settings("busy = end\nage = 7d\nconsole = spare\nrule = \u591c\ntrial = 0\n",
			"age = 7d\nbusy = end\nconsole = spare\nrule = \u591c\ntrial = 0\n");
}

static void test_meaning(void **state)
{
	struct settings_fault fault;
	struct settings settings;

	(void)state;
	assert_int_equal(parse("idle = 8h\nbusy = end\ntrial = 3\n", &settings, &fault), 0);
	assert_true(settings_end(&settings, SETTING_BUSY));
	assert_false(settings_end(&settings, SETTING_CONSOLE));
	assert_int_equal(settings_trial(&settings), 3);
	assert_int_equal(settings_seconds(&settings, SETTING_IDLE), 8 * 3600);
	settings_done(&settings);
	assert_int_equal(parse("idle = 8h\nbusy = spare\n", &settings, &fault), 0);
	assert_false(settings_end(&settings, SETTING_BUSY));
	assert_int_equal(settings_trial(&settings), 7);
	settings_done(&settings);
}

static void test_wrong_lines(void **state)
{
	(void)state;
	assert_fault("idle = 8h\nidel = 8h\n", SETTINGS_UNKNOWN, 2, "idel");
	assert_fault("Idle = 8h", SETTINGS_UNKNOWN, 1, "Idle");
	assert_fault("\n\nidle 8h\n", SETTINGS_NO_LINE, 3, "idle 8h");
	assert_fault("[Rule]\nidle = 8h\n", SETTINGS_NO_LINE, 1, "[Rule]");
	assert_fault("= 8h\n", SETTINGS_UNKNOWN, 1, "");
	assert_fault("idle = 8h\nage = 1d\nidle = 8h\n", SETTINGS_TWICE, 3, "idle");
}

static void test_wrong_values(void **state)
{
	static const char *const wrong[] = {
		"idle =", "idle = 0", "idle = 0h", "idle = 00m", "idle = 8 h", "idle = 8hours", "idle = -8h",
		"idle = h", "idle = 1.5h", "idle = 367d", "idle = 9999999999", "idle = 8H",
		"idle = 8h # eight", "idle = \"8h\"", "age = never", "disconnected = 2h3m", "exclude = ",
		"exclude = carol,", "exclude = ,carol", "exclude = a,,b", "exclude = a,\001", "keep = ,",
		"busy = yes", "console = spare, end", "trial = 7d", "trial = -1", "trial = 367",
		"message = \033[2J", "message = \200", "rule = \u202e", "warn = soon", "warn = 1w",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		char name[16] = "";

		sscanf(wrong[i], "%15[a-z]", name);
		assert_fault(wrong[i], SETTINGS_VALUE, 1, name);
	}
}

static void test_too_long(void **state)
{
	char text[2048] = "exclude = a", *at = text + strlen(text);

	(void)state;
	for (size_t i = 1; i < 33; i++)
		at = stpcpy(at, ",a");
	assert_fault(text, SETTINGS_VALUE, 1, "exclude");
	strcpy(text, "rule = ");
	memset(text + 7, 'a', 1001);
	text[7 + 1001] = '\0';
	assert_fault(text, SETTINGS_VALUE, 1, "rule");
}

static void test_together(void **state)
{
	(void)state;
	assert_fault("", SETTINGS_NO_LIMIT, 0, "");
	assert_fault("exclude = carol\nwarn = 1m\n", SETTINGS_NO_LIMIT, 0, "");
	assert_fault("idle = 8h\nmessage = Save.\n", SETTINGS_NO_WARNING, 0, "");
	assert_fault("idle = 8h\nmessage = Save.\nwarn = 0m\n", SETTINGS_NO_WARNING, 0, "");
}

/* ---- the trial ---- */

static char folder[] = "/tmp/test-settings-XXXXXX";
static char path[sizeof(folder) + 16];

static int make_folder(void **state)
{
	(void)state;
	strcpy(folder + sizeof(folder) - 7, "XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/nightly", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	(void)unlink(path);
	return rmdir(folder);	/* nothing else was left */
}

static void assert_day(const char *settings, unsigned n_days, const char *today, unsigned expected)
{
	unsigned day = 99;

	assert_int_equal(trial_count(path, settings, n_days, today, &day), 0);
	if (day != expected)
		fail_msg("%s is day %u instead of %u", today, day, expected);
}

static void test_days(void **state)
{
	(void)state;
	assert_day("idle = 8h\n", 2, "2026-03-14", 1);
	assert_day("idle = 8h\n", 2, "2026-03-14", 1);
	assert_day("idle = 8h\n", 2, "2026-03-17", 2);
	assert_day("idle = 8h\n", 2, "2026-03-17", 2);
	assert_day("idle = 8h\n", 2, "2026-03-18", 0);
	assert_day("idle = 8h\n", 2, "2026-03-19", 0);
}

static void test_other_settings_begin_anew(void **state)
{
	(void)state;
	assert_day("idle = 8h\n", 1, "2026-03-14", 1);
	assert_day("idle = 8h\n", 1, "2026-03-15", 0);
	assert_day("idle = 1h\n", 1, "2026-03-15", 1);
	assert_day("idle = 1h\nage = 1d\n", 1, "2026-03-16", 1);
	assert_day("idle = 1h\nage = 1d\n", 1, "2026-03-17", 0);
}

static void test_no_trial(void **state)
{
	(void)state;
	assert_day("idle = 8h\n", 0, "2026-03-14", 0);
	assert_int_equal(access(path, F_OK), -1);
}

/* A file that says something else begins the trial anew. */
static void test_wrong_file(void **state)
{
	static const char *const wrong[] = {
		"", "9", "9 2026-03-13", "x 2026-03-13\nidle = 8h\n", "9 2026-03-13\nidle = 8h",
		"9 2026-03-13 \nidle = 8h\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		FILE *file = fopen(path, "w");

		assert_non_null(file);
		fputs(wrong[i], file);
		fclose(file);
		assert_day("idle = 8h\n", 3, "2026-03-14", 1);
	}
	assert_int_equal(chmod(path, 0666), 0);
	assert_day("idle = 8h\n", 3, "2026-03-15", 1);
}

static void test_not_written(void **state)
{
	unsigned day = 0;

	(void)state;
	assert_int_equal(trial_count("/proc/no-such-folder/nightly", "idle = 8h\n", 7, "2026-03-14", &day), -ENOENT);
	assert_int_equal(day, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_right),
		cmocka_unit_test(test_meaning),
		cmocka_unit_test(test_wrong_lines),
		cmocka_unit_test(test_wrong_values),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_together),
		cmocka_unit_test_setup_teardown(test_days, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_other_settings_begin_anew, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_no_trial, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_wrong_file, make_folder, remove_folder),
		cmocka_unit_test(test_not_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
