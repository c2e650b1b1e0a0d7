/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * clock.c - see clock.h.
 *
 * clock_now_us() is CLOCK_MONOTONIC: a change of the date moves no deadline.
 */
#include "base/clock.h"

#include <stdlib.h>
#include <time.h>

#define SAME_LOGON_US 1000000

static int64_t read_us(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

uint64_t clock_now_us(void)
{
	return (uint64_t)read_us(CLOCK_MONOTONIC);
}

int64_t clock_real_us(void)
{
	return read_us(CLOCK_REALTIME);
}

bool clock_same_logon(int64_t one_us, int64_t two_us)
{
	return one_us < 0 || two_us < 0 || llabs((long long)(one_us - two_us)) <= SAME_LOGON_US;
}
