/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-waits.c - what the procedure looks at again, upon memory hosts: after a question, a password, a host that restarted.
 */
#include "core/test-run.h"

#define BOB "user name=bob uid=1001\n"

/* While a question stood, or a list came in, session 5 has become bob's. The host goes by the id. */
static void test_another_logon_after_a_question(void **state)
{
	static const char text[] = "host by-id\n" ROOT ALICE BOB "session id=5 user=alice leaves=1000\n"
				   "process command=x term=never\nsession id=5 user=bob follows\nprocess command=bobs\n";

	(void)state;
	expect((struct run){ .text = text, .sessions = "5", .think_ms = 2000 }, "0.0 5 gone\n5 = ok\n");
	expect((struct run){ .text = text, .sessions = "5", .think_ms = 2000, .named = true }, "0.0 5 gone\n5 = ok\n");
}

static void test_condition_after_a_question(void **state)
{
	static const char text[] = ROOT ALICE "session id=5 user=alice\nprocess command=x\n";
	struct run run = { .text = text, .sessions = "5", .think_ms = 2000, .not_meant = "5" };

	(void)state;
	run_true(&run);
	assert_string_equal(run.transcript, "5 = ESTALE +\n");
	assert_int_equal(run.cause.domain, LOGOFF_ERROR_NONE);
	/* What was named goes on. */
	expect((struct run){ .text = text, .sessions = "5", .think_ms = 2000, .not_meant = "5", .named = true },
	       "0.0 5 ask 1\n0.0 5 gone\n5 = ok\n");
}

/* Each look takes two seconds. */
static int look_slowly(struct logoff_host *host, const char *id, struct logoff_session **ret_session, struct logoff_error *reterr)
{
	((struct memory_world *)host->data)->now_us += 2000000;
	return host_memory.get(host, id, ret_session, reterr);
}

/* A look at one session is old when the others have been looked at, with a warning or without. */
static void test_condition_after_slow_looks(void **state)
{
	static const char text[] = ROOT ALICE "session id=5 user=alice\nprocess command=x\n"
					      "session id=6 user=alice\nprocess command=y\n";
	struct host_backend slow = host_memory;
	struct run run = { .text = text, .sessions = "5 6", .warn_ms = 1000, .not_meant = "5", .not_meant_from_ms = 8000,
			   .backend = &slow };

	(void)state;
	slow.get = look_slowly;
	run_true(&run);
	assert_non_null(strstr(run.transcript, "5 = ESTALE +\n6 = ok\n"));
	run = (struct run){ .text = text, .sessions = "5 6", .not_meant = "5", .not_meant_from_ms = 7000, .backend = &slow };
	run_true(&run);
	assert_non_null(strstr(run.transcript, "5 = ESTALE +\n6 = ok\n"));
}

/* A wait for no time that has news does not look whether it was cancelled. */
static int wait_with_news(struct logoff_host *host, uint64_t until_us, int cancel_fd, struct logoff_error *reterr)
{
	return host_memory.wait(host, until_us, until_us ? cancel_fd : -1, reterr);
}

static void test_cancelled_while_there_is_news(void **state)
{
	struct host_backend busy = host_memory;

	(void)state;
	busy.wait = wait_with_news;
	expect((struct run){ .text = ROOT ALICE "session id=5 user=alice\nprocess command=x\n", .sessions = "5", .cancel_at = -1,
			     .backend = &busy },
	       "5 = ECANCELED + x\n");
}

/* What was just listed is not looked up again. */
static void test_no_second_look_in_a_moment(void **state)
{
	struct run run = { .text = ROOT ALICE "session id=5 user=alice\nprocess command=x\n", .sessions = "5",
			   .think_ms = 45 };

	(void)state;
	run_it(&run);
	assert_string_equal(run.transcript, "0.0 5 ask 1\n0.0 5 gone\n5 = ok\n");
	assert_int_equal(run.n_still, 0);
}

/* Many are looked up by one list; who is not in it, by itself. */
static void test_many_after_a_question(void **state)
{
	char text[2048], expected[2048] = "0.0 3 gone\n";
	struct run run = { .text = text, .sessions = "0 1 2 3 4 5 6 7 8", .think_ms = 2000, .not_meant = "8" };
	size_t length = (size_t)snprintf(text, sizeof(text), "host by-id\n" ROOT ALICE BOB);

	(void)state;
	for (int i = 0; i < 9; i++)
		length += (size_t)snprintf(text + length, sizeof(text) - length,
					   "session id=%d user=alice%s\nprocess command=x term=%d\n", i,
					   i == 3 ? " leaves=500" : "", 1000 + 10 * i);
	snprintf(text + length, sizeof(text) - length, "session id=3 user=bob follows\nprocess command=bobs\n");
	for (int i = 0; i < 8; i++)
		if (i != 3)
			snprintf(expected + strlen(expected), 64, "0.0 %d ask 1\n", i);
	for (int i = 0; i < 8; i++)
		if (i != 3)
			snprintf(expected + strlen(expected), 64, "1.0 %d gone\n", i);
	for (int i = 0; i < 8; i++)
		snprintf(expected + strlen(expected), 64, "%d = ok\n", i);
	snprintf(expected + strlen(expected), 64, "8 = ESTALE +\n");
	run_true(&run);
	assert_string_equal(run.transcript, expected);
	assert_int_equal(run.n_still, 8);
	/* Each of them by itself, if there is no list. */
	memmove(text + strlen("host by-id list-fails=EIO\n"), text + strlen("host by-id\n"), strlen(text) - strlen("host by-id\n") + 1);
	memcpy(text, "host by-id list-fails=EIO\n", strlen("host by-id list-fails=EIO\n"));
	run = (struct run){ .text = text, .sessions = "0 1 2 3 4 5 6 7 8", .think_ms = 2000, .not_meant = "8" };
	run_it(&run);
	assert_string_equal(run.transcript, expected);
}

/* While one proved who they are, the session of the next became bob's, or no longer what was selected. */
static void test_another_after_a_password(void **state)
{
	static const char text[] = "host by-id\ncaller uid=1002 control=proof proof=3000\n" ALICE BOB
				   "session id=1 user=alice\nprocess command=x\n"
				   "session id=2 user=alice leaves=1000\nprocess command=y\n"
				   "session id=2 user=bob follows\nprocess command=bobs\n";
	static const char same[] = "caller uid=1002 control=proof proof=3000\n" ALICE
				   "session id=1 user=alice\nprocess command=x\nsession id=2 user=alice\nprocess command=y\n";
	struct run run = { .text = text, .sessions = "1 2", .agree = 1 };

	(void)state;
	run_true(&run);
	assert_non_null(strstr(run.transcript, "1 = ok\n2 = ok\n"));
	run = (struct run){ .text = same, .sessions = "1 2", .agree = 1, .not_meant = "2" };
	run_true(&run);
	assert_non_null(strstr(run.transcript, "1 = ok\n2 = ESTALE +\n"));
}

/* The user comes back while the password for their own session is typed: nobody may act before it is looked at again. */
static void test_back_while_a_password_is_typed(void **state)
{
	static const char text[] = "caller uid=1002 control=proof proof=3000\n" ALICE "session id=1 user=alice\nprocess command=x\n";

	(void)state;
	expect((struct run){ .text = text, .sessions = "1", .agree = 1, .not_meant = "1", .not_meant_from_ms = 1000 },
	       "0.0 1 ask 1\n1 = ESTALE +\n");
	expect((struct run){ .text = text, .sessions = "1", .agree = 1, .not_meant = "1", .not_meant_from_ms = 1000, .named = true },
	       "0.0 1 ask 1\n0.0 1 gone\n1 = ok\n");
}

/* The host restarts, and gives the id anew; or the user has come back; or nobody can tell. */
static void test_another_after_a_restart(void **state)
{
	(void)state;
	expect_text("host by-id\n" ROOT ALICE BOB "session id=5 user=alice leaves=150 refuse=EAGAIN\nprocess command=x\n"
		    "session id=5 user=bob follows\nprocess command=bobs\n",
		    "5", "0.0 5 ask 1\n0.2 5 gone\n5 = ok\n");
	expect((struct run){ .text = ROOT ALICE "session id=5 user=alice refuse=EAGAIN refusals=1\nprocess command=x\n",
			     .sessions = "5",
			     .not_meant = "5" },
	       "0.0 5 ask 1\n5 = ESTALE +\n");
	expect((struct run){ .text = "host silent=50\n" ROOT ALICE
				     "session id=5 user=alice refuse=EAGAIN refusals=1\nprocess command=x\n",
			     .sessions = "5",
			     .named = true },
	       "0.0 5 ask 1\n5 = ETIMEDOUT ? x\n");
}

/* Of one that cannot be told how it is: it is asked about again, and the others go on. */
static void test_unsure(void **state)
{
	static const char text[] = ROOT ALICE "session id=5 user=alice\nprocess command=x\n"
					      "session id=6 user=alice\nprocess command=y\n";
	struct run run = { .text = text, .sessions = "5 6", .think_ms = 2000, .unsure = "5", .n_unsure = 30 };

	(void)state;
	run_true(&run);
	assert_string_equal(run.transcript, "0.0 6 ask 1\n0.0 6 gone\n3.0 5 ask 1\n3.0 5 gone\n5 = ok\n6 = ok\n");
	run = (struct run){ .text = text, .sessions = "5 6", .think_ms = 2000, .unsure = "5", .n_unsure = 9999 };
	run_true(&run);
	assert_string_equal(run.transcript, "0.0 6 ask 1\n0.0 6 gone\n5 = ESTALE +\n6 = ok\n");
	assert_int_equal(run.cause.domain, LOGOFF_ERROR_ERRNO);
	assert_in_range(run.end_us, 62000000, 62100000);
	/* A user who cancels need not wait for that. */
	run = (struct run){ .text = text, .sessions = "5 6", .think_ms = 2000, .unsure = "5", .n_unsure = 9999,
			    .cancel_at = 1, .follow = true };
	run_true(&run);
	assert_string_equal(run.transcript, "0.0 6 ask 1\nfollowed\n0.0 6 gone\n5 = ECANCELED + x\n6 = ok\n");
}

/*
 * The user logs on again while the host restarts: the service manager, which has not been asked, is theirs again. If they do so
 * within the grace, it has been asked, and ends.
 */
static void test_user_is_back(void **state)
{
	(void)state;
	expect_text(ROOT MANAGED("refuse=EAGAIN refusals=5") "session id=5 user=alice\nprocess command=x\n"
		    "session id=6 user=alice begins=250\nprocess command=y\n",
		    "5", "0.0 5 ask 1\n0.0 5 gone\n0.0 5 manager-ask 1\n0.3 5 manager-needed\n5 = ok\n");
	expect_text(ROOT "user name=alice uid=1000 manager\nprocess command=systemd term=never\n"
		    "session id=5 user=alice\nprocess command=x\nsession id=6 user=alice begins=4000\nprocess command=y\n",
		    "5", "0.0 5 ask 1\n0.0 5 gone\n0.0 5 manager-ask 1\n10.0 5 manager-kill 1\n10.0 5 manager-gone\n5 = ok\n");
	expect_text(ROOT "user name=alice uid=1000 manager\nprocess command=systemd term=never kill=never\n"
		    "session id=5 user=alice\nprocess command=x\nsession id=6 user=alice begins=4000\nprocess command=y\n",
		    "5", "0.0 5 ask 1\n0.0 5 gone\n0.0 5 manager-ask 1\n10.0 5 manager-kill 1\n5 = ETIMEDOUT - systemd\n");
}

/* If the host cannot say whether it is needed, it is not touched, and the result is not success. */
static void test_manager_unknown(void **state)
{
	struct run run = { .text = "host manager-fails=EAGAIN\n" ROOT MANAGED("") "session id=5 user=alice\nprocess command=x\n",
			   .sessions = "5" };

	(void)state;
	run_true(&run);
	assert_string_equal(run.transcript, "0.0 5 ask 1\n0.0 5 gone\n5 = ETIMEDOUT - systemd\n");
	assert_int_equal(run.cause.domain, LOGOFF_ERROR_ERRNO);
	expect_text("host manager-fails=ETIMEDOUT\n" ROOT "user name=alice uid=1000 manager\nprocess command=systemd ends=100\n"
		    "session id=5 user=alice\nprocess command=x\n",
		    "5", "0.0 5 ask 1\n0.0 5 gone\n5 = ETIMEDOUT -\n");
	/* The host falls silent after the manager was asked: it is not killed, for the user may be back. */
	expect_text("host silent=5000\n" ROOT "user name=alice uid=1000 manager\nprocess command=systemd term=never\n"
		    "session id=5 user=alice\nprocess command=x\n",
		    "5", "0.0 5 ask 1\n0.0 5 gone\n0.0 5 manager-ask 1\n5 = ETIMEDOUT ? systemd\n");
	expect_text("host silent=5000 speaks=15000\n" ROOT
		    "user name=alice uid=1000 manager\nprocess command=systemd term=never\n"
		    "session id=5 user=alice\nprocess command=x\n",
		    "5", "0.0 5 ask 1\n0.0 5 gone\n0.0 5 manager-ask 1\n15.2 5 manager-kill 1\n15.2 5 manager-gone\n5 = ok\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_another_logon_after_a_question),
		cmocka_unit_test(test_condition_after_a_question),
		cmocka_unit_test(test_condition_after_slow_looks),
		cmocka_unit_test(test_cancelled_while_there_is_news),
		cmocka_unit_test(test_no_second_look_in_a_moment),
		cmocka_unit_test(test_many_after_a_question),
		cmocka_unit_test(test_another_after_a_password),
		cmocka_unit_test(test_back_while_a_password_is_typed),
		cmocka_unit_test(test_another_after_a_restart),
		cmocka_unit_test(test_unsure),
		cmocka_unit_test(test_user_is_back),
		cmocka_unit_test(test_manager_unknown),
	};

	return cmocka_run_group_tests_name("waits", tests, NULL, NULL);
}
