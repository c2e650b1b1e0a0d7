/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-select.c - which sessions are selected, on a host in memory.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/test-port.h"
#include "cli/select.h"

static const char *description = "caller uid=0\n"
				  "user name=alice uid=3999990\nuser name=bob uid=3999991\nuser name=gdm uid=100\n"
				  "session id=1 user=alice tty=pts/1\nsession id=2 user=bob tty=pts/2\n"
				  "session id=3 user=bob tty=pts/3 state=closing\nsession id=4 user=gdm greeter\n"
				  "session id=5 user=bob tty=pts/5 background\nsession id=6 user=bob background\n";

static struct logoff_session **sessions;
static size_t n_sessions;

/* Opens the host described, and closes it again. */
static struct logoff_host *open_host(void)
{
	char path[] = "/tmp/test-select-XXXXXX", forced[64];
	struct logoff_host *host;
	int fd = mkstemp(path);

	assert_int_equal(write(fd, description, strlen(description)), strlen(description));
	close(fd);
	snprintf(forced, sizeof(forced), "memory:%s", path);
	setenv("LOGOFF_HOST", forced, 1);
	assert_int_equal(logoff_host_open(&host, NULL, NULL, NULL), 0);
	unlink(path);
	assert_int_equal(logoff_host_list(host, &sessions, &n_sessions, NULL), 0);
	return host;
}

static void close_host(struct logoff_host *host)
{
	logoff_session_list_free(sessions, n_sessions);
	logoff_host_close(host);
}

/*
 * The ids that SELECTION selects of the host described, or those of USER, joined by blanks; with "?" where it is
 * unknown.
 */
static const char *selected_of(const struct selection *selection, const char *user)
{
	static char ids[64];
	struct logoff_host *host = open_host();

	ids[0] = '\0';
	for (size_t i = 0; i < n_sessions; i++) {
		enum select_answer answer = selection_judge(selection, sessions[i], user, NULL);

		if (answer != SELECT_NO)
			sprintf(ids + strlen(ids), "%s%s%s", *ids ? " " : "", logoff_session_id(sessions[i]),
				answer == SELECT_UNKNOWN ? "?" : "");
	}
	close_host(host);
	return ids;
}

static const char *selected(const struct selection *selection)
{
	return selected_of(selection, NULL);
}

static void nothing_selects_nobody(void **state)
{
	struct selection none = SELECTION_NONE;
	struct selection only_excludes = { .excludes = { { "bob" }, 1 }, .idle_s = SELECT_ANY, .older_s = SELECT_ANY };

	(void)state;
	assert_false(selection_is_given(&none));
	assert_string_equal(selected(&none), "");
	assert_string_equal(selected(&only_excludes), "");
}

static void all_means_people(void **state)
{
	struct selection all = { .all = true, .idle_s = SELECT_ANY, .older_s = SELECT_ANY };

	(void)state;
	assert_string_equal(selected(&all), "1 2 3");
	all.excludes = (struct option_list){ { "PTS/2", "alice" }, 2 };
	assert_string_equal(selected(&all), "3");
	all.excludes = (struct option_list){ { "b*" }, 1 };
	assert_string_equal(selected(&all), "1");
}

static void conditions_hold_together(void **state)
{
	struct selection bobs = { .users = { { "carol", "b?b" }, 2 }, .idle_s = SELECT_ANY, .older_s = SELECT_ANY };

	(void)state;
	assert_string_equal(selected(&bobs), "2 3");
	bobs.state = "Closing";
	assert_string_equal(selected(&bobs), "3");
	bobs.state = "disc";
	assert_string_equal(selected(&bobs), "");
}

/* A session that may be disconnected, and one in which somebody may work on: no state selects them. */
static void unsure_is_not_selected(void **state)
{
	struct selection by_state = SELECTION_NONE;
	const char *usual = description;

	(void)state;
	description = "caller uid=0\nuser name=alice uid=3999990\n"
		      "session id=1 user=alice tty=pts/1 unsure\n"
		      "session id=2 user=alice tty=pts/2 state=closing unsure\n";
	by_state.state = "active";
	assert_string_equal(selected(&by_state), "1? 2?");
	by_state.state = "disc";
	assert_string_equal(selected(&by_state), "1?");
	by_state.state = "closing";
	assert_string_equal(selected(&by_state), "2?");
	by_state.state = NULL;
	by_state.all = true;
	assert_string_equal(selected(&by_state), "1 2");
	description = usual;
}

/* The host does not report when these sessions were last used. */
static void unknown_is_not_long_ago(void **state)
{
	struct selection idle = { .idle_s = 0, .older_s = SELECT_ANY };

	(void)state;
	assert_string_equal(selected(&idle), "");
}

static void a_wrong_word_is_told(void **state)
{
	struct selection wrong = { .state = "gone", .idle_s = SELECT_ANY, .older_s = SELECT_ANY };
	const char *culprit = NULL;
	enum option_fault fault;

	(void)state;
	assert_int_equal(selection_check(&wrong, false, &fault, &culprit, NULL), -EINVAL);
	assert_int_equal(fault, OPTION_FAULT_STATE);
	assert_string_equal(culprit, "gone");
	wrong.state = "ACTIVE";
	assert_int_equal(selection_check(&wrong, false, &fault, &culprit, NULL), 0);
	wrong.excludes = (struct option_list){ { "bob", "group:no-such-group" }, 2 };
	assert_int_equal(selection_check(&wrong, false, &fault, &culprit, NULL), -EINVAL);
	assert_int_equal(fault, OPTION_FAULT_GROUP);
	assert_string_equal(culprit, "group:no-such-group");
	wrong.excludes = (struct option_list){ { "group:" TEST_GROUP }, 1 };
	assert_int_equal(selection_check(&wrong, false, &fault, &culprit, NULL), 0);
	assert_int_equal(selection_check(&wrong, true, &fault, &culprit, NULL), -EINVAL);
	assert_int_equal(fault, OPTION_FAULT_FOREIGN_GROUP);
	assert_string_equal(culprit, "group:" TEST_GROUP);
	wrong.kind = "people";
	assert_int_equal(selection_check(&wrong, false, &fault, &culprit, NULL), -EINVAL);
	assert_int_equal(fault, OPTION_FAULT_KIND);
}

static void names_know_case(void **state)
{
	struct selection other = { .users = { { "BOB" }, 1 }, .idle_s = SELECT_ANY, .older_s = SELECT_ANY };

	(void)state;
	assert_string_equal(selected(&other), "");
}

/* The groups of alice and bob are unknown: these numbers belong to nobody here. */
static void unknown_groups_are_no_answer(void **state)
{
	struct selection all = { .all = true, .idle_s = SELECT_ANY, .older_s = SELECT_ANY };

	(void)state;
	if (test_is_wine())
		skip();
	all.excludes = (struct option_list){ { "group:" TEST_GROUP, "alice" }, 2 };
	assert_string_equal(selected(&all), "2? 3?");
	all.state = "active";
	assert_string_equal(selected(&all), "2?");
}

static void background_is_meant_with_a_terminal(void **state)
{
	struct selection background = { .kind = "Background", .idle_s = SELECT_ANY, .older_s = SELECT_ANY };

	(void)state;
	assert_true(selection_is_given(&background));
	assert_string_equal(selected(&background), "5");
	background.users = (struct option_list){ { "alice" }, 1 };
	assert_string_equal(selected(&background), "");
	background.kind = "user";
	assert_string_equal(selected(&background), "1");
}

static void a_user_stands_for_all_conditions(void **state)
{
	struct selection closing = { .state = "closing", .idle_s = SELECT_ANY, .older_s = SELECT_ANY };

	(void)state;
	assert_string_equal(selected_of(&closing, "bob"), "2 3");
	assert_string_equal(selected_of(&closing, "b*"), "");
	closing.excludes = (struct option_list){ { "id:3", "name:2", "user:2" }, 3 };
	assert_string_equal(selected_of(&closing, "bob"), "2");
	closing.excludes = (struct option_list){ { "pts/3" }, 1 };	/* though it has no name any more */
	assert_string_equal(selected_of(&closing, "bob"), "2");
}

/* Returns the number of the first exclusion that means nothing; 99 if all mean something. */
static size_t first_wrong(struct option_list excludes, bool foreign)
{
	struct selection selection = { .all = true, .excludes = excludes };
	struct logoff_host *host = open_host();
	size_t i = 0;
	int r = selection_resolve(&selection, foreign, sessions, n_sessions, &i, NULL);

	close_host(host);
	assert_true(r == 0 || r == -ENXIO);
	return r < 0 ? i : 99;
}

static void an_exclusion_of_nobody_is_wrong(void **state)
{
	(void)state;
	assert_int_equal(
		first_wrong((struct option_list){ { "alice", "root", "PTS/2", "4", "*x*", "group:x" }, 6 }, false), 99);
	assert_int_equal(
		first_wrong((struct option_list){ { "user:root", "id:2", "name:pts/3", "Console" }, 4 }, false), 99);
	assert_int_equal(first_wrong((struct option_list){ { "alice", "bbo" }, 2 }, false), 1);
	assert_int_equal(first_wrong((struct option_list){ { "id:pts/2" }, 1 }, false), 0);
	assert_int_equal(first_wrong((struct option_list){ { "user:pts/2" }, 1 }, false), 0);
	assert_int_equal(first_wrong((struct option_list){ { "EXAMPLE\\bbo" }, 1 }, false), 0);
	assert_int_equal(first_wrong((struct option_list){ { "EXAMPLE\\bbo", "user:bbo", "bob" }, 3 }, true), 99);
	assert_int_equal(first_wrong((struct option_list){ { "root" }, 1 }, true), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_selects_nobody),   cmocka_unit_test(all_means_people),
		cmocka_unit_test(conditions_hold_together),
		cmocka_unit_test(unsure_is_not_selected), cmocka_unit_test(unknown_is_not_long_ago),
		cmocka_unit_test(a_wrong_word_is_told),	    cmocka_unit_test(names_know_case),
		cmocka_unit_test(unknown_groups_are_no_answer),
		cmocka_unit_test(background_is_meant_with_a_terminal),
		cmocka_unit_test(a_user_stands_for_all_conditions),
		cmocka_unit_test(an_exclusion_of_nobody_is_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
