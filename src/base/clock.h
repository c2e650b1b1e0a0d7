/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * clock.h - the real clocks, for code that works on the real machine.
 *
 * The procedure takes its time from the host (core/host.h), whose clock may be virtual. All times are in microseconds.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

/* Time since an unknown moment, without the time that the machine slept. Never goes back, and is never set. */
uint64_t clock_now_us(void);

/* Unix time by the machine's clock. */
int64_t clock_real_us(void);

#endif
