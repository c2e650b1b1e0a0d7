/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * clock.c - see clock.h. CLOCK_MONOTONIC: no change of the date makes a deadline come sooner or later.
 */
#include "base/clock.h"

#include <time.h>

uint64_t clock_now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}
