/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-word.c - the meaning of words, and the programs in a session, on a host in memory.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "cli/running.h"
#include "cli/word.h"

static const char description[] = "caller uid=0\nuser name=alice uid=1000\nuser name=bob uid=1001\n"
				  "session id=c1 user=alice tty=pts/1\nprocess command=\"tmux: server\"\nprocess "
				  "command=bash\nprocess command=bash\n"
				  "process command=a-very-long-nam\n"
				  "session id=2 user=bob tty=pts/2 state=closing\n"
				  "session id=3 user=bob tty=pts/3 background\nsession id=4 user=bob "
				  "background\nprocess command=1\nprocess command=2\n"
				  "process command=3\nprocess command=4\nprocess command=5\n";

static struct logoff_host *host;

static int open_host(void **state)
{
	char path[] = "/tmp/test-word-XXXXXX", forced[64];
	int fd = mkstemp(path);

	(void)state;
	assert_int_equal(write(fd, description, strlen(description)), strlen(description));
	close(fd);
	snprintf(forced, sizeof(forced), "memory:%s", path);
	setenv("LOGOFF_HOST", forced, 1);
	assert_int_equal(logoff_host_open(&host, NULL, NULL, NULL), 0);
	unlink(path);
	return 0;
}

static int close_host(void **state)
{
	(void)state;
	host = logoff_host_close(host);
	return 0;
}

static struct logoff_session *get(const char *id)
{
	struct logoff_session *session;

	assert_int_equal(logoff_host_find(host, id, &session, NULL), 0);
	return session;
}

static void assert_word(const char *word, enum word_kind kind, const char *text)
{
	assert_int_equal(word_parse(word).kind, kind);
	assert_string_equal(word_parse(word).text, text);
}

static void words_are_taken_apart(void **state)
{
	(void)state;
	assert_word("12", WORD_ANY, "12");
	assert_word("id:12", WORD_ID, "12");
	assert_word("USER:EXAMPLE\\bob", WORD_USER, "EXAMPLE\\bob");
	assert_word("name::1", WORD_NAME, ":1");
	assert_word(":1", WORD_ANY, ":1");
	assert_word("group:", WORD_GROUP, "");
	assert_word("idle", WORD_ANY, "idle");
	assert_true(word_may_be_user("3693") && word_may_be_user("console") && word_may_be_user("Mary Ann"));
	assert_false(word_may_be_user("pts/3") || word_may_be_user(":1") || word_may_be_user("rdp-tcp#10"));
}

static int find(const char *word)
{
	struct logoff_session *session = NULL;
	int r = word_find(host, word_parse(word), &session, NULL);

	logoff_session_free(session);
	return r;
}

static void a_session_is_found_by_what_is_said(void **state)
{
	(void)state;
	assert_true(find("c1") == 0 && find("id:C1") == 0 && find("pts/1") == 0 && find("name:/dev/pts/1") == 0);
	assert_int_equal(find("id:pts/1"), LOGOFF_E_NO_SESSION);
	assert_int_equal(find("name:c1"), LOGOFF_E_NO_SESSION);
	assert_int_equal(find("id:"), LOGOFF_E_NO_SESSION);
	assert_int_equal(find("name:pts/2"), LOGOFF_E_NOT_ACTIVE);
}

static void a_number_finds_a_session(void **state)
{
	struct logoff_session *session = get("c1");

	(void)state;
	assert_int_equal(logoff_session_number(session), 32768);
	assert_true(word_is_number(session, "32768"));
	assert_false(word_is_number(session, "c1") || word_is_number(session, "032768"));
	assert_false(word_is_number(session, "32768x"));
	logoff_session_free(session);
	assert_true(find("32768") == 0 && find("id:32768") == 0);
	assert_int_equal(find("name:32768"), LOGOFF_E_NO_SESSION);
	assert_int_equal(find("32769"), LOGOFF_E_NO_SESSION);
	assert_int_equal(find("98304"), LOGOFF_E_NO_SESSION);	/* the same in 16 bits */
}

static struct logoff_session *import(const char *id, int32_t number, const char *on)
{
	struct logoff_session_facts facts = LOGOFF_SESSION_FACTS_DEFAULT;
	struct logoff_session *session;

	facts.id = id;
	facts.number = number;
	facts.host = on;
	assert_int_equal(logoff_session_import(&session, &facts), LOGOFF_OK);
	return session;
}

static void a_number_is_no_guess(void **state)
{
	struct logoff_session *sessions[] = {
		import("c1", 32768, "a"), import("40000", 49152, "b"), import("c1", 32768, "b"),
		import("32768", 49153, "c"), import("c1", 32768, "c"), import("x", 49152, "d"),
		import("y", 49152, "d"), import("z", -1, "d"),
	};
	static const struct { const char *on, *text, *id; int r; } cases[] = {
		{ "a", "32768", "c1", LOGOFF_OK }, { "a", "32769", NULL, LOGOFF_E_NO_SESSION },
		{ "a", "c1", NULL, LOGOFF_E_NO_SESSION },
		{ "b", "32768", NULL, LOGOFF_E_NOT_UNIQUE }, { "b", "49152", NULL, LOGOFF_E_NOT_UNIQUE },
		{ "b", "40000", "40000", LOGOFF_OK }, { "c", "32768", "32768", LOGOFF_OK },
		{ "d", "49152", NULL, LOGOFF_E_NOT_UNIQUE }, { "d", "-1", NULL, LOGOFF_E_NO_SESSION },
		{ "e", "32768", NULL, LOGOFF_E_NO_SESSION },
	};
	const size_t n = sizeof(sessions) / sizeof(sessions[0]);

	(void)state;
	for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
		struct logoff_error error = {};
		size_t i = n;
		int r = word_find_number(sessions, n, cases[k].on, cases[k].text, &i, &error);

		if (r != cases[k].r || (r == LOGOFF_OK && strcmp(logoff_session_id(sessions[i]), cases[k].id) != 0))
			fail_msg("%s:%s: %d", cases[k].on, cases[k].text, r);
	}
	for (size_t i = 0; i < n; i++)
		logoff_session_free(sessions[i]);
}

static void a_session_keeps_the_name_of_its_terminal(void **state)
{
	struct logoff_session *closing = get("2");

	(void)state;
	assert_true(word_is_name(closing, "PTS/2") && word_is_name(closing, "/dev/pts/2") && word_is_id(closing, "2"));
	assert_false(word_is_name(closing, "2") || word_is_name(closing, "pts/1") || word_is_id(closing, "pts/2"));
	logoff_session_free(closing);
}

static void a_person_has_a_terminal(void **state)
{
	static const char *const ids[] = { "c1", "2", "3", "4" };

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct logoff_session *session = get(ids[i]);

		assert_int_equal(word_has_person(session), i < 3);
		logoff_session_free(session);
	}
}

static enum select_answer has(const char *id, const char *program)
{
	struct option_list programs = { { "no-such", program }, 2 };
	struct logoff_session *session = get(id);
	struct running running = {};
	enum select_answer answer = running_has(&running, host, session, &programs);

	logoff_session_free(session);
	running_done(&running);
	return answer;
}

static void programs_are_found_by_name(void **state)
{
	(void)state;
	assert_int_equal(has("c1", "tmux"), SELECT_YES);
	assert_int_equal(has("c1", "tmux: server"), SELECT_YES);
	assert_int_equal(has("c1", "ba*"), SELECT_YES);
	assert_int_equal(has("c1", "a-very-long-name-indeed"), SELECT_YES);	/* the kernel cuts it */
	assert_int_equal(has("c1", "tmu"), SELECT_NO);
	assert_int_equal(has("c1", "server"), SELECT_NO);
	assert_int_equal(has("4", "tmux"), SELECT_NO);
	assert_int_equal(has("2", "tmux"), SELECT_UNKNOWN);	/* nothing is seen in it */
}

static void assert_names(const char *id, const char *names)
{
	struct logoff_session *session = get(id);
	struct running running = {};

	assert_string_equal(running_names(&running, host, session).text, names);
	logoff_session_free(session);
	running_done(&running);
}

static void a_few_programs_are_told(void **state)
{
	(void)state;
	assert_names("c1", "tmux: server, bash, a-very-long-nam");
	assert_names("4", "1, 2, 3, 4, ...");
	assert_names("2", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_are_taken_apart),
		cmocka_unit_test(a_session_is_found_by_what_is_said),
		cmocka_unit_test(a_number_finds_a_session),
		cmocka_unit_test(a_number_is_no_guess),
		cmocka_unit_test(a_session_keeps_the_name_of_its_terminal),
		cmocka_unit_test(a_person_has_a_terminal),
		cmocka_unit_test(programs_are_found_by_name),
		cmocka_unit_test(a_few_programs_are_told),
	};

	return cmocka_run_group_tests_name("word", tests, open_host, close_host);
}
