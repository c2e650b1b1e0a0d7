/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-clock.c - the clock goes forwards, in microseconds, and a second makes no other logon.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <time.h>
#include <cmocka.h>

#include "base/clock.h"

static void goes_forwards_in_microseconds(void **state)
{
	uint64_t before = clock_now_us(), after;

	(void)state;
	nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);	/* a tick of the clock of Windows takes 16 ms */
	after = clock_now_us();
	assert_true(after - before >= 2000);
	assert_true(after - before < 60000000);
}

static void knows_the_date(void **state)
{
	(void)state;
	/* A minute apart at most: time() lags behind, and the machine may be busy in between. */
	assert_in_range(clock_real_us() / 1000000, time(NULL) - 60, time(NULL) + 60);
}

static void a_second_makes_no_other_logon(void **state)
{
	const int64_t logon_us = 1741939320000000;

	(void)state;
	assert_true(clock_same_logon(logon_us, logon_us));
	assert_true(clock_same_logon(logon_us, logon_us + 1000000));
	assert_true(clock_same_logon(logon_us + 1000000, logon_us));
	assert_false(clock_same_logon(logon_us, logon_us + 1000001));
	assert_false(clock_same_logon(logon_us + 1000001, logon_us));
	assert_false(clock_same_logon(0, INT64_MAX));
	assert_true(clock_same_logon(-1, logon_us));
	assert_true(clock_same_logon(logon_us, -1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(goes_forwards_in_microseconds),
		cmocka_unit_test(knows_the_date),
		cmocka_unit_test(a_second_makes_no_other_logon),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
