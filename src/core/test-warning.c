/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-warning.c - warnings and countdowns upon memory hosts: which users get which message, who is spared, who gets none.
 */
#include "core/test-run.h"

#define WARNED ROOT ALICE "session id=5 user=alice tty=pts/5"

static void test_times_of_warnings(void **state)
{
	static const struct {
		uint64_t warn_ms;
		const char *transcript;
	} cases[] = {
		{ 60000, "0.0 5 warned 60\n30.0 5 warned 30\n50.0 5 warned 10\n" },
		{ 3600000, "0.0 5 warned 3600\n1800.0 5 warned 1800\n3590.0 5 warned 10\n" },
		{ 21000, "0.0 5 warned 21\n11.0 5 warned 10\n" }, /* half a second apart is once */
		{ 20000, "0.0 5 warned 20\n10.0 5 warned 10\n" },
		{ 12000, "0.0 5 warned 12\n2.0 5 warned 10\n" },
		{ 10000, "0.0 5 warned 10\n" },
		{ 1500, "0.0 5 warned 1\n" },
		{ 0, "" },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		struct run run = { .text = WARNED "\nprocess command=x\n", .sessions = "5", .warn_ms = cases[i].warn_ms };
		char transcript[256];

		snprintf(transcript, sizeof(transcript), "%s0.0 5 ask 1\n0.0 5 gone\n5 = ok\n", cases[i].transcript);
		run_true(&run);
		assert_string_equal(run.transcript, transcript);
		assert_int_equal(run.n_countdowns, (cases[i].warn_ms + 999) / 1000);
		assert_int_equal(run.n_calls_off, 0);
		assert_in_range(run.end_us, cases[i].warn_ms * 1000, cases[i].warn_ms * 1000 + 100000);
	}
}

/* The words are the caller's. A user whom no message reaches is logged off nevertheless. */
static void test_words_of_warnings(void **state)
{
	(void)state;
	expect((struct run){ .text = WARNED " wants=\"in 20 s\"\nprocess command=x\n", .sessions = "5", .warn_ms = 20000 },
	       "0.0 5 warned 20\n10.0 5 warned 10 in vain\n0.0 5 ask 1\n0.0 5 gone\n5 = ok\n");
	expect((struct run){ .text = ROOT ALICE "session id=5 user=alice\nprocess command=x\n",
			     .sessions = "5",
			     .warn_ms = 5000 },
	       "0.0 5 warned 5 in vain\n0.0 5 ask 1\n0.0 5 gone\n5 = ok\n");
}

static void test_ends_by_itself_in_the_countdown(void **state)
{
	(void)state;
	expect((struct run){ .text = WARNED " leaves=20000\nprocess command=x term=never\n",
			     .sessions = "5",
			     .warn_ms = 60000 },
	       "0.0 5 warned 60\n0.0 5 ask 0\n0.0 5 gone\n5 = ok\n");
	/* Another logon has the id, perhaps the terminal too: it is neither warned nor asked. */
	expect((struct run){ .text = WARNED " leaves=20000\nprocess command=x term=never\n"
				     "session id=5 user=alice tty=pts/5 follows\nprocess command=y\n",
			     .sessions = "5",
			     .warn_ms = 60000 },
	       "0.0 5 warned 60\n0.0 5 gone\n5 = ok\n");
}

static void test_no_longer_meant(void **state)
{
	struct run run = { .text = WARNED " idle=1000\nprocess command=x\n"
					  "session id=6 user=alice tty=pts/6\nprocess command=y\n",
			   .sessions = "6 5",
			   .warn_ms = 20000,
			   .not_meant = "6" };

	(void)state;
	run_true(&run);
	assert_string_equal(run.transcript, "0.0 6 warned 20\n0.0 5 warned 20\n10.0 6 warned 10\n10.0 5 warned 10\n"
					    "0.0 5 ask 1\n0.0 5 gone\n6 = ESTALE +\n5 = ok\n");
	assert_int_equal(run.n_calls_off, 1); /* users who are spared get a message */
	/* It was asked about the session as it is now. */
	assert_int_equal(run.still_idle_us, 21000000);
}

static void test_protected_ones_are_not_warned(void **state)
{
	static const char text[] = ROOT ALICE "user name=gdm uid=100\nsession id=c1 user=gdm greeter console tty=tty1\n"
					      "process command=g\nsession id=1 user=alice console tty=tty2\nprocess command=c\n"
					      "session id=5 user=alice tty=pts/5\nprocess command=x\n";

	(void)state;
	expect((struct run){ .text = text, .sessions = "c1 1 5", .warn_ms = 5000 },
	       "0.0 5 warned 5\n0.0 5 ask 1\n0.0 5 gone\nc1 = EPERM +\n1 = EPERM +\n5 = ok\n");
	expect((struct run){ .text = text, .sessions = "1", .warn_ms = 5000, .console = true },
	       "0.0 1 warned 5\n0.0 1 ask 1\n0.0 1 gone\n1 = ok\n");
}

static void test_nobody_to_warn_is_not_waited_for(void **state)
{
	struct run run = { .text = ROOT ALICE "session id=1 user=alice console tty=tty2\nprocess command=c\n",
			   .sessions = "1",
			   .warn_ms = 60000 };

	(void)state;
	run_it(&run);
	assert_string_equal(run.transcript, "1 = EPERM +\n");
	assert_int_equal(run.end_us, 0);
	assert_int_equal(run.n_countdowns, 0);
}

static void test_called_off(void **state)
{
	static const char text[] = WARNED "\nprocess command=x\n";
	struct run run = { .text = text, .sessions = "5", .warn_ms = 60000, .cancel_at = 2 };

	(void)state;
	run_true(&run);
	assert_string_equal(run.transcript, "0.0 5 warned 60\n30.0 5 warned 30\n5 = ECANCELED + x\n");
	assert_int_equal(run.n_calls_off, 1);
	/* Once the asking has begun, no message says that nobody is logged off. */
	run = (struct run){ .text = WARNED "\nprocess command=x term=never\n",
			    .sessions = "5",
			    .warn_ms = 5000,
			    .cancel_at = 2 };
	run_true(&run);
	assert_string_equal(run.transcript, "0.0 5 warned 5\n0.0 5 ask 1\nfollowed\n5 = ECANCELED + x\n");
	assert_int_equal(run.n_calls_off, 0);
	/* The same when the host is lost: users who can still be reached get a message. */
	run = (struct run){ .text = "host lost=20000\n" WARNED "\nprocess command=x\n", .sessions = "5", .warn_ms = 60000 };
	run_true(&run);
	assert_string_equal(run.transcript, "0.0 5 warned 60\n5 = EHOSTUNREACH ? x\n");
	assert_int_equal(run.n_calls_off, 1);
}

/* Whether they have read the warning is not known, or known: they have not. */
static void test_called_off_for_who_was_perhaps_warned(void **state)
{
	struct run run = { .text = WARNED " message-fails=ETIMEDOUT\nprocess command=x\n", .sessions = "5", .warn_ms = 60000,
			   .cancel_at = 2 };

	(void)state;
	run_true(&run);
	assert_int_equal(run.n_calls_off, 1);
	run = (struct run){ .text = WARNED " message-fails=EOPNOTSUPP\nprocess command=x\n", .sessions = "5", .warn_ms = 60000,
			    .cancel_at = 2 };
	run_true(&run);
	assert_int_equal(run.n_calls_off, 0);
}

/* The host does not answer at the end of the countdown. */
static void test_no_answer_at_the_end(void **state)
{
	static const char comes_back[] = "host silent=1500 speaks=8000\n" WARNED "\nprocess command=x\n";
	static const char never[] = "host silent=1500\n" WARNED "\nprocess command=x\n";
	struct run run = { .text = comes_back, .sessions = "5", .warn_ms = 2000, .not_meant = "5" };

	(void)state;
	/* Selected: asked for again, until it says that its user is back. */
	run_true(&run);
	assert_string_equal(run.transcript, "0.0 5 warned 2\n5 = ESTALE +\n");
	assert_int_equal(run.n_calls_off, 1);
	assert_int_equal(run.cause.domain, LOGOFF_ERROR_NONE);
	expect((struct run){ .text = comes_back, .sessions = "5", .warn_ms = 2000 },
	       "0.0 5 warned 2\n6.0 5 ask 1\n6.0 5 gone\n5 = ok\n");
	/* Or until its time is over; then it is spared. */
	run = (struct run){ .text = never, .sessions = "5", .warn_ms = 2000 };
	run_true(&run);
	assert_string_equal(run.transcript, "0.0 5 warned 2\n5 = ESTALE ?\n");
	assert_int_equal(run.n_calls_off, 1);
	assert_int_equal(run.cause.domain, LOGOFF_ERROR_ERRNO);
	assert_in_range(run.end_us, 62000000, 62100000);
	/* Named: it is not asked before it is known to be the same logon, and not spared. */
	expect((struct run){ .text = comes_back, .sessions = "5", .warn_ms = 2000, .named = true },
	       "0.0 5 warned 2\n6.0 5 ask 1\n6.0 5 gone\n5 = ok\n");
	expect((struct run){ .text = never, .sessions = "5", .warn_ms = 2000, .named = true },
	       "0.0 5 warned 2\n5 = ETIMEDOUT ? x\n");
}

/*
 * Users who were warned and then refused, or whose log-off waits for a password that is never typed, get the message that it is off.
 */
static void test_called_off_for_the_refused(void **state)
{
	struct run run = { .text = "caller uid=1001 control=proof proof=90000\n" ALICE
				   "session id=5 user=alice tty=pts/5\nprocess command=x\n",
			   .sessions = "5",
			   .warn_ms = 5000 };

	(void)state;
	run_true(&run);
	assert_int_equal(run.n_calls_off, 0);	/* who may not warn need not call off either */
	run = (struct run){ .text = WARNED " refuse=EACCES\nprocess command=x\n", .sessions = "5", .warn_ms = 5000 };
	run_true(&run);
	assert_string_equal(run.transcript, "0.0 5 warned 5\n0.0 5 ask 1\n5 = EACCES + x\n");
	assert_int_equal(run.n_calls_off, 1);
}

/* A warning has to have a text. */
static void a_warning_without_words(void **state)
{
	struct logoff_options options = LOGOFF_OPTIONS_DEFAULT;
	struct logoff_request request = {};
	struct logoff_error error = {};

	(void)state;
	options.warning_ms = 1000;
	assert_int_equal(request_take(&request, &options, &error), -EINVAL);
	assert_string_equal(error.text, "a warning without a function that writes it");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_times_of_warnings),
		cmocka_unit_test(test_words_of_warnings),
		cmocka_unit_test(test_ends_by_itself_in_the_countdown),
		cmocka_unit_test(test_no_longer_meant),
		cmocka_unit_test(test_protected_ones_are_not_warned),
		cmocka_unit_test(test_nobody_to_warn_is_not_waited_for),
		cmocka_unit_test(test_called_off),
		cmocka_unit_test(test_called_off_for_who_was_perhaps_warned),
		cmocka_unit_test(test_no_answer_at_the_end),
		cmocka_unit_test(test_called_off_for_the_refused),
		cmocka_unit_test(a_warning_without_words),
	};

	return cmocka_run_group_tests_name("warning", tests, NULL, NULL);
}
