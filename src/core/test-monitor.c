/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-monitor.c - what a monitor tells of memory hosts: each change once, in order, at its time; and how a host is lost.
 *
 * A run is written down as a transcript: the milliseconds of the host's clock, what has happened, id, user and state. It ends
 * with the result: the host is lost, or nothing will ever happen any more (EDEADLK).
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "backend/memory.h"
#include "base/clock.h"
#include "base/os.h"
#include "core/test-host.h"

#define PEOPLE "user name=alice uid=1000\nuser name=bob uid=1001\n"

static const char *const words[] = { "there", "begun", "changed", "gone" };
static const char *const states[] = { "active", "disc", "closing", "conn" };

/* Writes down what a monitor tells of TEXT until the host is lost. */
static void watch(const char *text, char *transcript, size_t size)
{
	struct logoff_host *host = open_described(text);
	struct logoff_error error = {}, again = {};
	struct logoff_monitor *monitor = NULL;
	const struct logoff_change *change;
	size_t n = 0;
	int r = logoff_monitor_new(&monitor, host, &error);

	*transcript = '\0';
	for (int looks = 0; r == 0 && looks < 10000; looks++) {
		assert_int_equal(os_wait(logoff_monitor_fd(monitor), 5000000), 1);
		r = logoff_monitor_next(monitor, &change, &error);
		if (r == 0 && change)
			n += (size_t)snprintf(transcript + n, size - n, "%lld %s %s %s %s\n", (long long)change->time_us / 1000,
					      words[change->type], logoff_session_id(change->session),
					      logoff_session_user(change->session),
					      states[logoff_session_state(change->session)]);
	}
	snprintf(transcript + n, size - n, "= %s%s\n", r == LOGOFF_E_UNREACHABLE ? "unreachable" : r == LOGOFF_E_PROTOCOL ? "protocol" : "?",
		 error.number == EDEADLK ? " EDEADLK" : "");
	if (monitor)	/* it stays lost */
		assert_int_equal(logoff_monitor_next(monitor, &change, &again), r);
	logoff_monitor_free(monitor);
	logoff_host_close(host);
}

static void expect(const char *text, const char *expected)
{
	char transcript[4096];

	watch(text, transcript, sizeof(transcript));
	assert_string_equal(transcript, expected);
}

static void test_each_change_once(void **state)
{
	(void)state;
	expect(PEOPLE "session id=12 user=alice tty=pts/3 leaves=3000\nsession id=5 user=bob rdp=10 disconnects=2000\n"
	       "session id=7 user=alice tty=pts/4 begins=1000 leaves=4000\n",
	       "0 there 5 bob active\n0 there 12 alice active\n1000 begun 7 alice active\n2000 changed 5 bob disc\n"
	       "3000 gone 12 alice active\n4000 gone 7 alice active\n= unreachable EDEADLK\n");
	expect(PEOPLE, "= unreachable EDEADLK\n");
}

/* The id is another logon's at once: of another user, and of the same. */
static void test_id_used_again(void **state)
{
	(void)state;
	expect(PEOPLE "session id=5 user=alice leaves=1000\nsession id=5 user=bob follows\n",
	       "0 there 5 alice active\n1000 gone 5 alice active\n1000 begun 5 bob active\n= unreachable EDEADLK\n");
	expect(PEOPLE "session id=5 user=alice leaves=1000\nsession id=5 user=alice follows\n",
	       "0 there 5 alice active\n1000 gone 5 alice active\n1000 begun 5 alice active\n= unreachable EDEADLK\n");
}

static void test_lost(void **state)
{
	(void)state;
	expect("host lost=1500\n" PEOPLE "session id=5 user=alice\nsession id=6 user=bob begins=1000\n",
	       "0 there 5 alice active\n1000 begun 6 bob active\n= unreachable\n");
	expect("host list-fails=EPROTO\n" PEOPLE "session id=5 user=alice\n", "= protocol\n");
}

/* Nothing is reported of a silent host; what has happened meanwhile is reported when it answers again. */
static void test_silence(void **state)
{
	(void)state;
	expect("host silent=1000 speaks=6000\n" PEOPLE "session id=5 user=alice\nsession id=6 user=bob begins=2000\n"
	       "session id=7 user=bob begins=3000 leaves=4000\n",
	       "0 there 5 alice active\n6000 begun 6 bob active\n= unreachable EDEADLK\n");
	expect("host silent=1000\n" PEOPLE "session id=5 user=alice\nsession id=6 user=bob begins=2000\n"
	       "session id=7 user=bob begins=13000\n",
	       "0 there 5 alice active\n= unreachable\n");
}

/* Of a session that is gone nothing is asked any more. */
static void test_gone_is_not_asked(void **state)
{
	struct logoff_host *host = open_described(PEOPLE "session id=5 user=alice tty=pts/3 leaves=1000\n");
	const struct logoff_change *change = NULL;
	struct logoff_monitor *monitor;

	(void)state;
	assert_int_equal(logoff_monitor_new(&monitor, host, NULL), 0);
	while (!change || change->type != LOGOFF_CHANGE_GONE)
		assert_int_equal(logoff_monitor_next(monitor, &change, NULL), 0);
	assert_string_equal(logoff_session_name(change->session), "pts/3");
	assert_int_equal(logoff_session_time_us(change->session, LOGOFF_TIME_IDLE), -1);
	logoff_monitor_free(monitor);
	logoff_host_close(host);
}

/* With a real clock nobody has to look in between: the descriptor is readable when something happens. */
static void test_realtime(void **state)
{
	struct logoff_host *host = open_described("host realtime\n" PEOPLE "session id=5 user=alice begins=300\n");
	const struct logoff_change *change = NULL;
	struct logoff_monitor *monitor;
	uint64_t start_us = clock_now_us();
	unsigned n_looks = 0;

	(void)state;
	assert_int_equal(logoff_monitor_new(&monitor, host, NULL), 0);
	for (; !change; n_looks++) {
		assert_int_equal(os_wait(logoff_monitor_fd(monitor), 10000000), 1);
		assert_int_equal(logoff_monitor_next(monitor, &change, NULL), 0);
	}
	assert_int_equal(change->type, LOGOFF_CHANGE_BEGUN);
	assert_true(clock_now_us() - start_us >= 299000);
	assert_true(n_looks < 10);
	logoff_monitor_free(monitor);
	logoff_host_close(host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_change_once), cmocka_unit_test(test_id_used_again), cmocka_unit_test(test_lost),
		cmocka_unit_test(test_silence), cmocka_unit_test(test_gone_is_not_asked), cmocka_unit_test(test_realtime),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
