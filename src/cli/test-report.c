/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-report.c - sentences and lines about sessions of far hosts: which host they name, and what they say about
 * processes.
 *
 * The recorded outputs of test/cli have all other sentences. Standard output and standard error are one file that the
 * test reads.
 */
#include "cli/report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/os.h"
#include "cli/command.h"
#include "cli/json.h"
#include "cli/stream.h"

static const struct logoff_error no_cause;

static struct logoff_session *make_session(const char *host, const char *name)
{
	struct logoff_session_facts facts = LOGOFF_SESSION_FACTS_DEFAULT;
	struct logoff_session *session = NULL;

	facts.host = host;
	facts.id = "12";
	facts.name = name;
	facts.user = "alice";
	assert_int_equal(logoff_session_import(&session, &facts), LOGOFF_OK);
	return session;
}

/* Returns what the file got since the last call. */
static const char *printed(void)
{
	static char text[2048];
	ssize_t n;

	fflush(stdout);
	fflush(stderr);
	n = lseek(STDOUT_FILENO, 0, SEEK_SET) == 0 ? read(STDOUT_FILENO, text, sizeof(text) - 1) : -1;
	assert_true(n >= 0);
	text[n] = '\0';
	assert_int_equal(ftruncate(STDOUT_FILENO, 0), 0);
	rewind(stdout);
	rewind(stderr);
	return text;
}

static void labels(void **state)
{
	static const struct {
		const char *host, *name, *plain, *with_host;
	} rows[] = {
		{ "login03", "pts/3", "12 (pts/3)", "login03:12 (pts/3)" },
		{ "login03", NULL, "12", "login03:12" },
		{ NULL, "pts/3", "12 (pts/3)", "12 (pts/3)" },
		{ NULL, NULL, "12", "12" },
		{ "a\033b", NULL, "12", "a\\x1bb:12" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct logoff_session *session = make_session(rows[i].host, rows[i].name);

		assert_string_equal(report_label(session).text, rows[i].plain);
		assert_string_equal(report_id(session).text, "12");
		report_shows_hosts = true;
		assert_string_equal(report_label(session).text, rows[i].with_host);
		report_shows_hosts = false;
		logoff_session_free(session);
	}
}

/* logoff-host looks for the processes there, as the library does here. A server of MS-TSTS shows them to nobody. */
static void processes_that_nobody_has_seen(void **state)
{
	struct logoff_outcome outcome = { .unseen = true, .recorded = true };
	struct logoff_session *far = make_session("login03", NULL), *here = make_session(NULL, NULL);
	const char *warning = "session 12: the host has deleted it; its processes could not be seen\n";

	(void)state;
	assert_int_equal(report_result(here, &outcome, true), EXIT_ENDED);
	assert_non_null(strstr(printed(), warning));
	arg_server = "@farm";
	assert_int_equal(report_result(here, &outcome, true), EXIT_ENDED);
	assert_string_equal(printed(), "Session 12: logged off.\n");
	assert_int_equal(report_result(far, &outcome, true), EXIT_ENDED);
	assert_non_null(strstr(printed(), warning));
	arg_server = NULL;
	logoff_session_free(far);
	logoff_session_free(here);
}

static void steps_name_the_host(void **state)
{
	static const struct {
		enum logoff_event_type type;
		const char *wanted;
	} rows[] = {
		{ LOGOFF_EVENT_ASK,
		  "Session login03:12 (pts/3) of alice: asking it to end; its processes cannot be seen from here.\n" },
		{ LOGOFF_EVENT_GONE, "Session login03:12 (pts/3): the host has deleted it (2.000 s).\n" },
		{ LOGOFF_EVENT_MANAGER_GONE, "Service manager of login03:alice: ended (2.000 s).\n" },
		{ LOGOFF_EVENT_MANAGER_LINGERS,
		  "login03:alice lingers: the service manager and what runs in it are left alone.\n" },
		{ LOGOFF_EVENT_MANAGER_NEEDED,
		  "login03:alice has other sessions: the service manager is left alone.\n" },
		{ LOGOFF_EVENT_DESKTOP_GONE, "Desktop of login03:alice: every process has ended (2.000 s).\n" },
	};
	struct logoff_session *session = make_session("login03", "pts/3");

	(void)state;
	report_shows_hosts = true;
	arg_server = "@farm";
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct logoff_event event = {
			.type = rows[i].type,
			.session = session,
			.elapsed_us = 2000000,
			.unseen = true,
		};

		report_event(&event, NULL);
		assert_string_equal(printed(), rows[i].wanted);
	}
	report_shows_hosts = false;
	arg_server = NULL;
	logoff_session_free(session);
}

/* The host of the JSON that stands in TEXT, before or behind a message. */
static void assert_host(const char *text, const char *wanted)
{
	const char *begin = strchr(text, '{');
	json_t *json = begin ? json_loads(begin, JSON_DISABLE_EOF_CHECK, NULL) : NULL;

	assert_non_null(json);
	assert_string_equal(json_string_value(json_object_get(json, "host")), wanted);
	json_decref(json);
}

static void lines_name_the_host(void **state)
{
	struct logoff_session *session = make_session("login03", NULL), *here = make_session(NULL, NULL);
	struct logoff_outcome unrecorded = { .recorded = false };
	struct logoff_event event = { .type = LOGOFF_EVENT_ASK, .session = session };

	(void)state;
	arg_json = OPTION_WORD_GIVEN;
	arg_server = "@farm";
	stream_row("session", to_json_session(session, arg_server));
	assert_host(printed(), "login03");
	stream_row("session", to_json_session(here, arg_server));
	assert_host(printed(), "@farm");
	stream_line("event", to_json_event(&event, arg_server));
	assert_host(printed(), "login03");
	assert_int_equal(report_record(session, &unrecorded), EXIT_UNREACHABLE);
	assert_host(printed(), "login03");
	assert_int_equal(report_record(here, &unrecorded), EXIT_UNREACHABLE);
	assert_host(printed(), "@farm");
	assert_int_equal(report_host("login03", LOGOFF_E_TIMEOUT, &no_cause), EXIT_UNREACHABLE);
	assert_host(printed(), "login03");
	assert_int_equal(report_open("login03", LOGOFF_E_INVALID, &no_cause), EXIT_UNREACHABLE);
	assert_host(printed(), "login03");
	assert_int_equal(stream_failure_of("login03", EXIT_DENIED, "denied", NULL, NULL), EXIT_DENIED);
	assert_host(printed(), "login03");
	assert_int_equal(stream_failure(EXIT_DENIED, "denied", NULL, NULL), EXIT_DENIED);
	assert_host(printed(), "@farm");
	arg_server = NULL;
	arg_json = OPTION_WORD_NOT;
	logoff_session_free(session);
	logoff_session_free(here);
}

static int out, err;	/* the real ones, where cmocka prints between the tests */
static char path[32];

static int catch_output(void **state)
{
	int fd;

	(void)state;
	strcpy(path, "/tmp/test-report-XXXXXX");
	fd = mkstemp(path);
	fflush(stdout);
	out = dup(STDOUT_FILENO);
	err = dup(STDERR_FILENO);
	if (fd < 0 || out < 0 || err < 0 || dup2(fd, STDOUT_FILENO) < 0 || dup2(STDOUT_FILENO, STDERR_FILENO) < 0)
		return -1;
	return close(fd);
}

static int give_back(void **state)
{
	(void)state;
	fflush(stdout);
	if (dup2(out, STDOUT_FILENO) < 0 || dup2(err, STDERR_FILENO) < 0 || unlink(path) < 0)
		return -1;
	close(err);
	return close(out);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, catch_output, give_back)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(labels),
		TEST(processes_that_nobody_has_seen),
		TEST(steps_name_the_host),
		TEST(lines_name_the_host),
	};

	return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
