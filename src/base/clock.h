/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * clock.h - the real clocks, for whoever works on the real machine. The procedure takes its time from the host (host.h), whose
 * clock may be virtual. All times are in microseconds.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

/* Since an unknown moment, without the time the machine slept. Never goes back, and is never set. */
uint64_t clock_now_us(void);

/* Unix time, as the machine's clock has it now. */
int64_t clock_real_us(void);

#endif
