/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-clock.c - the clock goes forwards, in microseconds.
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(goes_forwards_in_microseconds),
		cmocka_unit_test(knows_the_date),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
