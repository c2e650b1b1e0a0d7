/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * clock.h - the real clocks, for code that works on the real machine.
 *
 * The procedure takes its time from the host (core/host.h), whose clock may be virtual. All times are in microseconds.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* Time since an unknown moment, without the time that the machine slept. Never goes back, and is never set. */
uint64_t clock_now_us(void);

/* Unix time by the machine's clock. */
int64_t clock_real_us(void);

/*
 * Tells whether two logon times (Unix time; -1: unknown) may be of one logon: unknown ones may, and where no session
 * manager tells it, the time is computed from the clocks of the machine, and differs a little each time. Returns true
 * if so.
 */
bool clock_same_logon(int64_t one_us, int64_t two_us);

#endif
