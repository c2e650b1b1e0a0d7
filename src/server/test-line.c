/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-line.c - lines of logoff-host, and what is none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/sessions.h"

static struct line parse(const char *text)
{
	struct line line;

	if (!line_parse(&line, text, strlen(text)))
		fail_msg("is no line: %s", text);
	return line;
}

static void test_hello(void **state)
{
	static const struct { const char *text; enum answer full_control; bool records; } cases[] = {
		{ "{\"logoff-host\":1,\"full_control\":true}", ANSWER_YES, true },
		{ "{\"logoff-host\":1,\"full_control\":false}", ANSWER_NO, true },
		{ "{\"logoff-host\":1,\"full_control\":null}", ANSWER_UNKNOWN, true },
		{ "{\"logoff-host\":1}", ANSWER_UNKNOWN, false },
		{ "{\"logoff-host\":1,\"full_control\":\"true\"}", ANSWER_UNKNOWN, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct line line = parse(cases[i].text);

		assert_int_equal(line.kind, LINE_HELLO);
		assert_int_equal(line.full_control, cases[i].full_control);
		assert_int_equal(line.records, cases[i].records);
		line_done(&line);
	}
}

static void test_lines(void **state)
{
	struct line line = parse("{\"serial\":3,\"reply\":\"list\",\"exit_status\":0,\"hides_processes\":false}");

	(void)state;
	assert_int_equal(line.kind, LINE_REPLY);
	assert_int_equal(line.serial, 3);
	assert_false(line.hides);
	line_done(&line);
	line = parse("{\"serial\":3,\"reply\":\"list\",\"exit_status\":0}");
	assert_true(line.hides);	/* nobody has said that it does not */
	line_done(&line);
	line = parse("{\"serial\":null,\"failure\":{\"kind\":\"no-json\"}}");
	assert_int_equal(line.kind, LINE_FAILURE);
	assert_int_equal(line.serial, 0);
	line_done(&line);
	line = parse("{\"serial\":null,\"reply\":\"cancel\",\"running\":true}");
	assert_int_equal(line.kind, LINE_CANCEL);
	line_done(&line);
}

/* What cannot be a time is not known: the service adds it to others. */
static void test_times(void **state)
{
	struct line line = parse("{\"serial\":1,\"logon\":253402300800000000,\"session\":{}}");

	(void)state;
	assert_int_equal(line.logon_us, LINE_MAX_US);
	line_done(&line);
	line = parse("{\"serial\":1,\"logon\":253402300800000001,\"session\":{}}");
	assert_int_equal(line.logon_us, -1);
	line_done(&line);
}

static void test_what_is_no_line(void **state)
{
	static const char *const texts[] = {
		"",
		"{",
		"[]",
		"3",
		"{}",
		"{\"logoff-host\":2}",
		"{\"serial\":1}",
		"{\"serial\":0,\"session\":{}}",
		"{\"session\":{}}",
		"{\"serial\":1,\"session\":[]}",
		"{\"serial\":1,\"serial\":1,\"session\":{}}",
		"{\"serial\":1,\"reply\":\"list\"}",
		"{\"serial\":1,\"reply\":\"list\",\"exit_status\":-1}",
		"{\"reply\":\"list\",\"exit_status\":0}",
		"{\"serial\":1,\"failure\":{}}",
		"{\"serial\":1,\"session\":{\"id\":\"\xff\"}}",
	};
	struct line line;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (line_parse(&line, texts[i], strlen(texts[i])))
			fail_msg("is a line: %s", texts[i]);
}

/* ---- sessions ---- */

static bool parse_session(TALLOC_CTX *mem, const char *json, struct session *ret)
{
	char text[2048];
	struct line line;
	bool right;

	snprintf(text, sizeof(text), "{\"serial\":1,\"session\":%s,\"logon\":5}", json);
	line = parse(text);
	right = session_parse(mem, &line, "HOST", 100000000, ret);
	line_done(&line);
	return right;
}

static void test_session(void **state)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	struct session session;

	(void)state;
	assert_true(
		parse_session(mem,
			      "{\"id\":\"c7\",\"state\":\"active\",\"kind\":\"user\",\"user\":\"AD\\\\bob\",\"uid\":7,"
			      "\"idle_seconds\":40,\"number\":32774}",
			      &session));
	assert_int_equal(session.number, 32774);
	assert_string_equal(session.user, "bob");
	assert_string_equal(session.domain, "AD");
	assert_int_equal(session.uid, 7);
	assert_int_equal(session.logon_us, 5);
	assert_int_equal(session.last_input_us, 60000000);
	assert_true(parse_session(mem, "{\"id\":\"3\",\"state\":\"closing\",\"user\":\"eve\",\"uid\":null}", &session));
	assert_int_equal(session.state, TSTS_STATE_DISCONNECTED);	/* not Down: something is left */
	assert_string_equal(session.domain, "HOST");
	assert_int_equal(session.uid, (uid_t)-1);
	assert_int_equal(session.last_input_us, -1);
	assert_true(parse_session(
		mem, "{\"id\":\"c1\",\"state\":\"active\",\"kind\":\"greeter\",\"user\":\"gdm\",\"uid\":9}", &session));
	assert_int_equal(session.state, TSTS_STATE_CONNECTED);
	assert_string_equal(session.user, "");
	assert_int_equal(session.uid, (uid_t)-1);
	talloc_free(mem);
}

static void test_wrong_sessions(void **state)
{
	static const char *const texts[] = {
		"{}", "{\"id\":\"3\"}", "{\"id\":3,\"state\":\"active\"}", "{\"id\":\"\",\"state\":\"active\"}",
		"{\"id\":\"3\",\"state\":\"ended\"}",
	};
	TALLOC_CTX *mem = talloc_new(NULL);
	struct session session;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (parse_session(mem, texts[i], &session))
			fail_msg("is a session: %s", texts[i]);
	talloc_free(mem);
}

/* Where no session manager tells it, the time of a logon is computed, and differs a little each time. */
static void test_the_same_logon(void **state)
{
	struct session items[] = { { .id = "7", .logon_us = 50000000 }, { .id = "c2", .logon_us = -1 } };
	const struct session_list list = { .items = items, .n_items = 2 };

	(void)state;
	assert_ptr_equal(session_by_id(&list, "7", 50000000), &items[0]);
	assert_ptr_equal(session_by_id(&list, "7", 50000003), &items[0]);
	assert_ptr_equal(session_by_id(&list, "7", 49000000), &items[0]);
	assert_null(session_by_id(&list, "7", 48999999));
	assert_null(session_by_id(&list, "7", 51000001));
	assert_ptr_equal(session_by_id(&list, "7", -1), &items[0]);
	assert_ptr_equal(session_by_id(&list, "c2", -1), &items[1]);
	assert_ptr_equal(session_by_id(&list, "c2", 50000000), &items[1]);	/* unknown is not gone */
	assert_null(session_by_id(&list, NULL, -1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hello), cmocka_unit_test(test_lines), cmocka_unit_test(test_times),
		cmocka_unit_test(test_what_is_no_line),
		cmocka_unit_test(test_session), cmocka_unit_test(test_wrong_sessions),
		cmocka_unit_test(test_the_same_logon),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
