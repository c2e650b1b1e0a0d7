/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-stream.c - which output a row gives, and when: a document at the end, a line now, or nothing.
 *
 * Standard output is a file that the test reads.
 */
#include "cli/stream.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/command.h"

/* Returns what the file got since the last call, without buffered output. */
static const char *printed(void)
{
	static char text[2048];
	ssize_t n = lseek(STDOUT_FILENO, 0, SEEK_SET) == 0 ? read(STDOUT_FILENO, text, sizeof(text) - 1) : -1;

	assert_true(n >= 0);
	text[n] = '\0';
	assert_int_equal(ftruncate(STDOUT_FILENO, 0), 0);
	rewind(stdout);
	return text;
}

static json_t *row(int n)
{
	return json_pack("{s:i, s:[]}", "n", n, "list");
}

static void a_document_comes_at_the_end(void **state)
{
	(void)state;
	arg_json = OPTION_WORD_BARE;
	stream_row("session", row(1));
	stream_row("session", row(2));
	stream_line("event", row(3));
	assert_int_equal(stream_failure(EXIT_DENIED, "denied", "x", NULL), EXIT_DENIED);
	assert_string_equal(printed(), "");
	stream_end();
	assert_string_equal(
		printed(),
		"[\n  {\n    \"n\": 1,\n    \"list\": []\n  },\n  {\n    \"n\": 2,\n    \"list\": []\n  }\n]\n");
	stream_end();
	assert_string_equal(printed(), "[]\n");
}

static void lines_come_at_once(void **state)
{
	(void)state;
	arg_json = OPTION_WORD_GIVEN;
	stream_row("session", row(1));
	assert_string_equal(printed(), "{\"type\":\"session\",\"n\":1,\"list\":[]}\n");
	stream_line("event", row(3));
	assert_string_equal(printed(), "{\"type\":\"event\",\"n\":3,\"list\":[]}\n");
	stream_end();
	assert_string_equal(printed(), "");
}

static void nobody_who_reads_tables_sees_any(void **state)
{
	(void)state;
	arg_json = OPTION_WORD_NOT;
	stream_row("session", row(1));
	stream_line("event", row(3));
	assert_int_equal(stream_failure_errno(EXIT_USAGE, "list-unreadable", "x", -ENOENT), EXIT_USAGE);
	stream_end();
	fflush(stdout);
	assert_string_equal(printed(), "");
}

static void failures_have_all_their_fields(void **state)
{
	struct logoff_error cause = { .domain = LOGOFF_ERROR_DBUS, .name = "org.x", .text = "no\033" };

	(void)state;
	arg_json = OPTION_WORD_GIVEN;
	arg_server = "Server1";
	assert_int_equal(stream_failure(EXIT_DENIED, "denied", "\302\23312\377", &cause), EXIT_DENIED);
	assert_string_equal(
		printed(),
		"{\"type\":\"failure\",\"host\":\"Server1\",\"kind\":\"denied\",\"object\":\"\\u009B12\\uFFFD\","
		"\"cause\":{\"domain\":\"dbus\",\"text\":\"no\\u001B\",\"name\":\"org.x\",\"number\":0},"
		"\"exit_status\":3}\n");
	stream_failure(EXIT_NO_SESSION, "none-selected", NULL, NULL);
	assert_string_equal(printed(),
			    "{\"type\":\"failure\",\"host\":\"Server1\",\"kind\":\"none-selected\",\"object\":null,"
			    "\"cause\":null,\"exit_status\":2}\n");
	stream_failure_errno(EXIT_USAGE, "list-unreadable", "leavers", -ENOENT);
	assert_string_equal(
		printed(),
		"{\"type\":\"failure\",\"host\":\"Server1\",\"kind\":\"list-unreadable\",\"object\":\"leavers\","
		"\"cause\":{\"domain\":\"errno\",\"text\":\"No such file or directory\",\"name\":\"ENOENT\","
		"\"number\":2},\"exit_status\":1}\n");
	arg_server = NULL;
}

/* A reader would take half of a document for all of it. */
static void a_document_without_a_row_is_none(void **state)
{
	(void)state;
	arg_json = OPTION_WORD_BARE;
	stream_row("session", row(1));
	stream_row("session", NULL);
	stream_end();
	assert_string_equal(printed(), "");
}

static int out;	/* the real standard output, where cmocka prints between the tests */

static char path[32];

static int begin(void **state)
{
	int fd;

	(void)state;
	strcpy(path, "/tmp/test-stream-XXXXXX");
	fd = mkstemp(path);
	fflush(stdout);
	out = dup(STDOUT_FILENO);
	if (fd < 0 || out < 0 || dup2(fd, STDOUT_FILENO) < 0)
		return -1;
	return close(fd);
}

static int end(void **state)
{
	(void)state;
	fflush(stdout);
	if (dup2(out, STDOUT_FILENO) < 0 || unlink(path) < 0)
		return -1;
	return close(out);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_document_comes_at_the_end),
		TEST(lines_come_at_once),
		TEST(nobody_who_reads_tables_sees_any),
		TEST(failures_have_all_their_fields),
		TEST(a_document_without_a_row_is_none),
	};

	return cmocka_run_group_tests_name("stream", tests, NULL, NULL);
}
