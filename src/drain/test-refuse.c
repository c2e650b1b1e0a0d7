/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-refuse.c - of whom drain-refuses asks, whatever environment the user has chosen.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

int refuse_main(void);

#define main refuse_main
#include "drain/refuse.c"
#undef main

enum drain_verdict __wrap_drain_decide(int root, const char *service, const char *user, struct drain_state *ret_state,
				       const char **ret_what, int *ret_r);

/* Only alice's logon by sshd is refused. */
enum drain_verdict __wrap_drain_decide(int root, const char *service, const char *user, struct drain_state *ret_state,
				       const char **ret_what, int *ret_r)
{
	(void)root;
	(void)ret_state;
	(void)ret_what;
	(void)ret_r;
	return strcmp(service, "sshd") == 0 && strcmp(user, "alice") == 0 ? DRAIN_REFUSE : DRAIN_LET_IN;
}

static void assert_end(int wanted, char *const *variables)
{
	char **former = environ;
	int status;

	environ = (char **)variables;
	status = refuse_main();
	environ = former;
	assert_int_equal(status, wanted);
}

#define ASSERT_END(wanted, ...) assert_end(wanted, (char *const []){ __VA_ARGS__, NULL })

static void asks_for_the_user_of_pam(void **state)
{
	(void)state;
	ASSERT_END(REFUSED, "PAM_SERVICE=sshd", "PAM_USER=alice");
	ASSERT_END(LET_IN, "PAM_SERVICE=sshd", "PAM_USER=root");
	ASSERT_END(LET_IN, "PAM_SERVICE=cron", "PAM_USER=alice");
	ASSERT_END(LET_IN, "PAM_SERVICE=sshd", "PAM_USERS=alice", "PAM=alice", "PAM_USER");
	ASSERT_END(LET_IN, "PAM_USER=alice");
}

/* PAM's own variables stand behind those that the user can have put there. */
static void the_last_variable_counts(void **state)
{
	(void)state;
	ASSERT_END(REFUSED, "PAM_USER=root", "PAM_SERVICE=sshd", "PAM_USER=alice");
	ASSERT_END(REFUSED, "PAM_SERVICE=cron", "PAM_SERVICE=sshd", "PAM_USER=alice");
	ASSERT_END(LET_IN, "PAM_USER=alice", "PAM_SERVICE=sshd", "PAM_USER=root");
	ASSERT_END(LET_IN, "PAM_SERVICE=sshd", "PAM_SERVICE=cron", "PAM_USER=alice");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(asks_for_the_user_of_pam),
		cmocka_unit_test(the_last_variable_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
