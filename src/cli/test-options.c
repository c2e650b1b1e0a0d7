/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-options.c - every form of an option, every fault, against a small table.
 *
 * Each case is one command line as a person would type it, split at spaces ("''" is an empty argument).
 */
#include "cli/options.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define N_ARGUMENTS_MAX 16

static struct {
	bool verbose, help, console;
	const char *server, *user, *file;
	uint64_t grace, wait, parallel;
	enum option_word json;
} got;

static const struct option_row rows[] = {
	{ "v", "verbose", 'v', OPTION_FLAG, &got.verbose, NULL, "say what is done" },
	{ "grace", "grace", 'g', OPTION_SECONDS, &got.grace, "seconds", "time between asking and killing" },
	{ "wait", "wait", 0, OPTION_SECONDS, &got.wait, "seconds", "deadline" },
	{ "delay", NULL, 0, OPTION_SECONDS, &got.wait, NULL, NULL }, /* another name of /wait */
	{ "parallel", "parallel", 'P', OPTION_COUNT, &got.parallel, "number", "how many at once" },
	{ "server", "server", 's', OPTION_STRING, &got.server, "name", "other machine" },
	{ "file", "file", 'A', OPTION_FILE, &got.file, "filename", "a file" },
	{ "user", "user", 'U', OPTION_ACCOUNT, &got.user, "name", "who logs on" },
	{ "console", "console", 0, OPTION_FLAG, &got.console, NULL, "allow the console" },
	{ "json", "json", 'j', OPTION_WORD, &got.json, "lines", "for programs" },
	{ "?", "help", 'h', OPTION_FLAG, &got.help, NULL, "this text" },
	{ NULL, NULL, '?', OPTION_FLAG, &got.help, NULL, NULL },
	{ 0 },
};

struct line {
	char text[128];
	char *argv[N_ARGUMENTS_MAX + 1];
	char *typed[N_ARGUMENTS_MAX + 1]; /* argv before it was parsed */
	int argc;
	int r;
	int n_arguments;
	enum option_fault fault;
	const char *culprit;
};

static void split(struct line *line, const char *text)
{
	char *word;

	assert_true(strlen(text) < sizeof(line->text));
	strcpy(line->text, text);
	for (word = strtok(line->text, " "); word; word = strtok(NULL, " ")) {
		assert_true(line->argc < N_ARGUMENTS_MAX);
		line->argv[line->argc++] = strcmp(word, "''") == 0 ? (char *)"" : word;
	}
	memcpy(line->typed, line->argv, sizeof(line->argv));
}

static struct line parse(const char *text)
{
	static struct line line; /* the words of every copy point into the text of this one */

	memset(&got, 0, sizeof(got));
	memset(&line, 0, sizeof(line));
	line.n_arguments = -1;
	split(&line, text);
	line.r = options_parse(rows, line.argc, line.argv, 0, &line.n_arguments, &line.fault, &line.culprit);
	return line;
}

static struct line parse_good(const char *text)
{
	struct line line = parse(text);

	if (line.r != 0)
		fail_msg("\"%s\" is refused because of \"%s\"", text, line.culprit);
	return line;
}

static void assert_fault(const char *text, enum option_fault fault, int culprit)
{
	struct line line = parse(text);

	if (line.r != -EINVAL || line.fault != fault || line.culprit != line.typed[culprit])
		fail_msg("\"%s\": %d, fault %d, culprit %s", text, line.r, (int)line.fault,
			 line.culprit ? line.culprit : "(none)");
	assert_int_equal(line.n_arguments, -1);
}

static void test_flag_in_every_form(void **state)
{
	static const char *const texts[] = { "x /v", "x /V", "x -v", "x --verbose", "x -vv", "x /v -v --verbose" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(parse_good(texts[i]).n_arguments, 0);
		assert_true(got.verbose);
		assert_false(got.help);
	}
}

static void test_value_in_every_form(void **state)
{
	static const char *const texts[] = { "x /grace:5",  "x /grace 5",  "x /GRACE:5", "x /GrAcE 5",
					     "x --grace=5", "x --grace 5", "x -g 5",	 "x /grace:05",
					     "x -g5",	    "x -g05" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(parse_good(texts[i]).n_arguments, 0);
		assert_int_equal(got.grace, 5);
		assert_int_equal(got.wait, 0);
	}
}

static void test_help_in_every_form(void **state)
{
	static const char *const texts[] = { "x /?", "x -?", "x -h", "x --help", "x -vh" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		parse_good(texts[i]);
		assert_true(got.help);
	}
}

static void test_value_keeps_its_text(void **state)
{
	(void)state;
	parse_good("x /server:Server1:2=3");
	assert_string_equal(got.server, "Server1:2=3");
	parse_good("x --server=a:b=c");
	assert_string_equal(got.server, "a:b=c");
	parse_good("x -s -");
	assert_string_equal(got.server, "-");
	parse_good("x /server /dev/pts/3");
	assert_string_equal(got.server, "/dev/pts/3");
}

static void test_file_names_begin_with_a_slash(void **state)
{
	static const char *const texts[] = { "x -A /etc/x",    "x -A/etc/x",	  "x /file:/etc/x",
					     "x /file /etc/x", "x --file=/etc/x", "x --file /etc/x" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		parse_good(texts[i]);
		assert_string_equal(got.file, "/etc/x");
	}
	assert_fault("x -A -v", OPTION_FAULT_NO_VALUE, 1);
}

static void test_arguments_in_their_order(void **state)
{
	struct line line;

	(void)state;
	line = parse_good("x 12 /v pts/3 /grace 7 /dev/pts/4 --server=h - :1 --console c3");
	assert_int_equal(line.n_arguments, 6);
	assert_string_equal(line.argv[0], "x");
	assert_string_equal(line.argv[1], "12");
	assert_string_equal(line.argv[2], "pts/3");
	assert_string_equal(line.argv[3], "/dev/pts/4");
	assert_string_equal(line.argv[4], "-");
	assert_string_equal(line.argv[5], ":1");
	assert_string_equal(line.argv[6], "c3");
	assert_true(got.verbose && got.console && got.grace == 7);
}

static void test_end_of_options(void **state)
{
	struct line line;

	(void)state;
	line = parse_good("x -- /v -- --grace=1");
	assert_int_equal(line.n_arguments, 3);
	assert_string_equal(line.argv[1], "/v");
	assert_string_equal(line.argv[2], "--");
	assert_string_equal(line.argv[3], "--grace=1");
	assert_false(got.verbose);
	assert_int_equal(parse_good("x 12 --").n_arguments, 1);
}

static void test_nothing(void **state)
{
	char *none[] = { NULL };
	int n = -1;
	enum option_fault fault;
	const char *culprit;

	(void)state;
	assert_int_equal(parse_good("x").n_arguments, 0);
	assert_int_equal(parse_good("x ''").n_arguments, 1);
	assert_int_equal(options_parse(rows, 0, none, 0, &n, &fault, &culprit), 0); /* execve() allows it */
	assert_int_equal(n, 0);
}

static void test_unknown(void **state)
{
	static const char *const texts[] = { "x /",	   "x /x",   "x /v/v", "x /grac:5",    "x /graces:5",
					     "x /verbose", "x -x",   "x --x",  "x --v",	       "x --Verbose",
					     "x -V",	   "x --=5", "x /:5",  "x /dev",
					     "x -v=",  "x /DEV/pts/3", "x ---",
					     "x --grac=5", "x -5",   "x -xg5" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_fault(texts[i], OPTION_FAULT_UNKNOWN, 1);
	assert_fault("x 1 /v --nonsense=1 2", OPTION_FAULT_UNKNOWN, 3);
}

static void test_no_value(void **state)
{
	static const char *const texts[] = { "x /grace", "x /grace:",  "x --grace",    "x --grace=",
					     "x -g",	 "x -g ''",    "x -vg",	       "x /grace /v",  "x /grace --",
					     "x -s -v",	 "x /server:", "x --server ''" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_fault(texts[i], OPTION_FAULT_NO_VALUE, 1);
}

static void test_flag_with_value(void **state)
{
	(void)state;
	assert_fault("x /v:1", OPTION_FAULT_VALUE, 1);
	assert_fault("x /v:", OPTION_FAULT_VALUE, 1);
	assert_fault("x --verbose=", OPTION_FAULT_VALUE, 1);
	assert_fault("x 12 --help=me", OPTION_FAULT_VALUE, 2);
}

static void test_number(void **state)
{
	static const char *const texts[] = { "x /grace:five", "x /grace:5s", "x /grace:-5", "x /grace:+5",
					     "x --grace=1.5", "x -g=5",	     "x -g5v",	    "x /grace:99999999x" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_fault(texts[i], OPTION_FAULT_NUMBER, 1);
	assert_fault("x /grace 0x10", OPTION_FAULT_NUMBER, 2);
	assert_fault("x /grace:31622401", OPTION_FAULT_LONG, 1);
	assert_fault("x /grace 18446744073709551617", OPTION_FAULT_LONG, 2);
	assert_fault("x 12 -g 5, /v", OPTION_FAULT_NUMBER, 3);
	parse_good("x /grace:31622400 /wait:0");
	assert_int_equal(got.grace, UINT64_C(86400) * 366);
	assert_int_equal(got.wait, 0);
}

static void test_count(void **state)
{
	static const char *const texts[] = { "x /parallel:0", "x /parallel:257", "x /parallel:many", "x --parallel=-1",
					     "x -P1s", "x /parallel:18446744073709551617" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_fault(texts[i], OPTION_FAULT_COUNT, 1);
	assert_fault("x /parallel 300", OPTION_FAULT_COUNT, 2);
	assert_fault("x /parallel:2 /parallel:3", OPTION_FAULT_REPEATED, 2);
	parse_good("x /parallel:1");
	assert_int_equal(got.parallel, 1);
	parse_good("x -P 256");
	assert_int_equal(got.parallel, 256);
}

static void test_letters_with_a_value_at_their_end(void **state)
{
	(void)state;
	assert_int_equal(parse_good("x -vg5 12").n_arguments, 1);
	assert_true(got.verbose && got.grace == 5);
	assert_int_equal(parse_good("x -vg 5").n_arguments, 0);
	assert_true(got.verbose && got.grace == 5);
	parse_good("x -shv");
	assert_string_equal(got.server, "hv");
	assert_false(got.help || got.verbose);
}

/* Neither the list of processes nor the message must show it. */
static void test_password_is_wiped_and_refused(void **state)
{
	static const char *const texts[] = { "x -U bob%secret", "x -Ubob%secret", "x /user:bob%secret",
					     "x /user:bob /user:bob%secret", "x --user=%secret", "x -vUbob%" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct line line = parse(texts[i]);

		assert_int_equal(line.r, -EINVAL);
		assert_int_equal(line.fault, OPTION_FAULT_PASSWORD);
		assert_null(strchr(line.culprit, '%'));
		for (int k = 1; k < line.argc; k++)
			assert_null(strstr(line.typed[k], "secret"));
	}
	parse_good("x -U EX\\bob 12");
	assert_string_equal(got.user, "EX\\bob");
	assert_fault("x -Ubob -U alice", OPTION_FAULT_REPEATED, 2);
}

static void test_repeated(void **state)
{
	(void)state;
	parse_good("x /grace:5 --grace=5 -g 05 /server:a --server a");
	assert_int_equal(got.grace, 5);
	assert_fault("x /grace:5 12 --grace=6", OPTION_FAULT_REPEATED, 3);
	assert_fault("x /server:a /server:A", OPTION_FAULT_REPEATED, 2);
	assert_fault("x /wait:0 /delay:1", OPTION_FAULT_REPEATED, 2); /* 0 given is not the same as not given */
	parse_good("x /wait:1 /delay:1");
}

/* Only in the same argument: the next argument is a session. */
static void test_one_word_or_none(void **state)
{
	static const char *const bare[] = { "x /json", "x --json", "x -j", "x -vj", "x -jv", "x /JSON /json" };
	static const char *const given[] = { "x /json:lines", "x --json=lines", "x /JSON:Lines",
					     "x /json:lines --json=lines" };
	static const char *const wrong[] = { "x /json:line",	"x --json=",	  "x /json:",
					     "x --json=lines2", "x /json:lines:", "x --json=0" };

	(void)state;
	assert_int_equal(parse_good("x").n_arguments + (int)got.json, OPTION_WORD_NOT);
	for (size_t i = 0; i < sizeof(bare) / sizeof(bare[0]); i++) {
		assert_int_equal(parse_good(bare[i]).n_arguments, 0);
		assert_int_equal(got.json, OPTION_WORD_BARE);
	}
	for (size_t i = 0; i < sizeof(given) / sizeof(given[0]); i++) {
		assert_int_equal(parse_good(given[i]).n_arguments, 0);
		assert_int_equal(got.json, OPTION_WORD_GIVEN);
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_fault(wrong[i], OPTION_FAULT_WORD, 1);
	assert_fault("x --json --json=lines", OPTION_FAULT_REPEATED, 2);
	assert_string_equal(parse_good("x /json lines").argv[1], "lines");
	assert_int_equal(got.json, OPTION_WORD_BARE);
}

/* The option that says how to report a fault may stand behind it. */
static void test_options_behind_a_fault(void **state)
{
	(void)state;
	assert_fault("x --nonsense 5 --grace=x --json=lines", OPTION_FAULT_UNKNOWN, 1);
	assert_int_equal(got.json, OPTION_WORD_GIVEN);
	assert_fault("x --nonsense -- --json=lines", OPTION_FAULT_UNKNOWN, 1);
	assert_int_equal(got.json, OPTION_WORD_NOT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flag_in_every_form),
		cmocka_unit_test(test_value_in_every_form),
		cmocka_unit_test(test_help_in_every_form),
		cmocka_unit_test(test_value_keeps_its_text),
		cmocka_unit_test(test_file_names_begin_with_a_slash),
		cmocka_unit_test(test_arguments_in_their_order),
		cmocka_unit_test(test_end_of_options),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_no_value),
		cmocka_unit_test(test_flag_with_value),
		cmocka_unit_test(test_number),
		cmocka_unit_test(test_count),
		cmocka_unit_test(test_repeated),
		cmocka_unit_test(test_letters_with_a_value_at_their_end),
		cmocka_unit_test(test_password_is_wiped_and_refused),
		cmocka_unit_test(test_one_word_or_none),
		cmocka_unit_test(test_options_behind_a_fault),
	};

	return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
