/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * clock.h - the real monotonic clock, for whoever works on the real machine. The procedure takes its time from the host
 * (host.h), whose clock may be virtual.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

/* Microseconds since an unknown moment. Never goes back. */
uint64_t clock_now_us(void);

#endif
