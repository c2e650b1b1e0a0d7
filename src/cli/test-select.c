/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-select.c - who is selected and who is not, on a host in memory.
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

#include "cli/select.h"

static const char description[] = "caller uid=0\n"
				  "user name=alice uid=1000\nuser name=bob uid=1001\nuser name=gdm uid=100\n"
				  "session id=1 user=alice tty=pts/1\nsession id=2 user=bob tty=pts/2\n"
				  "session id=3 user=bob tty=pts/3 state=closing\nsession id=4 user=gdm greeter\n";

/* The ids that SELECTION selects of the host described, joined by blanks. */
static const char *selected(const struct selection *selection)
{
	static char ids[64];
	char path[] = "/tmp/test-select-XXXXXX", forced[64];
	struct logoff_session **sessions;
	struct logoff_host *host;
	size_t n;
	int fd = mkstemp(path);

	ids[0] = '\0';
	assert_int_equal(write(fd, description, strlen(description)), strlen(description));
	close(fd);
	snprintf(forced, sizeof(forced), "memory:%s", path);
	setenv("LOGOFF_HOST", forced, 1);
	assert_int_equal(logoff_host_open(&host, NULL, NULL), 0);
	unlink(path);
	assert_int_equal(logoff_host_list(host, &sessions, &n, NULL), 0);
	for (size_t i = 0; i < n; i++)
		if (selection_matches(selection, sessions[i]))
			sprintf(ids + strlen(ids), "%s%s", *ids ? " " : "", logoff_session_id(sessions[i]));
	logoff_session_list_free(sessions, n);
	logoff_host_close(host);
	return ids;
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

/* The host does not tell when these sessions were last used. */
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
	assert_int_equal(selection_check(&wrong, false, &fault, &culprit), -EINVAL);
	assert_int_equal(fault, OPTION_FAULT_STATE);
	assert_string_equal(culprit, "gone");
	wrong.state = "ACTIVE";
	assert_int_equal(selection_check(&wrong, false, &fault, &culprit), 0);
	wrong.excludes = (struct option_list){ { "bob", "group:no-such-group" }, 2 };
	assert_int_equal(selection_check(&wrong, false, &fault, &culprit), -EINVAL);
	assert_int_equal(fault, OPTION_FAULT_GROUP);
	assert_string_equal(culprit, "group:no-such-group");
	wrong.excludes = (struct option_list){ { "group:root" }, 1 };
	assert_int_equal(selection_check(&wrong, false, &fault, &culprit), 0);
	assert_int_equal(selection_check(&wrong, true, &fault, &culprit), -EINVAL);
	assert_int_equal(fault, OPTION_FAULT_FOREIGN_GROUP);
	assert_string_equal(culprit, "group:root");
}

static void names_know_case(void **state)
{
	struct selection other = { .users = { { "BOB" }, 1 }, .idle_s = SELECT_ANY, .older_s = SELECT_ANY };

	(void)state;
	assert_string_equal(selected(&other), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_selects_nobody),   cmocka_unit_test(all_means_people),
		cmocka_unit_test(conditions_hold_together), cmocka_unit_test(unknown_is_not_long_ago),
		cmocka_unit_test(a_wrong_word_is_told),	    cmocka_unit_test(names_know_case),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
