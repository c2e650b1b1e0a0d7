/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * when.h - times as people and programs read them.
 *
 * Idle times have Windows' form. Logon times have the locale's form of date and time, without seconds. For programs the
 * form is ISO 8601 in UTC. An unknown time is "?", never zero.
 */
#ifndef CLI_WHEN_H
#define CLI_WHEN_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/printable.h"

/*
 * ".": less than a minute; "28": minutes; "7:29": hours; "1+02:03": days; "?": unknown (-1). For a CONSOLE in use "none
 * ", one column to the left of the others. Returns the text.
 */
struct safe when_idle(int64_t idle_us, bool console);

/* A moment of Unix time as the locale (LC_TIME) writes it, in local time: "3/14/2025 8:02 AM". Returns the text. */
struct safe when_local(int64_t time_us);

/* The same in the form "2025-03-14 08:02", which everybody can read, in local time. Returns the text. */
struct safe when_plain(int64_t time_us);

/* The same in the form "2025-03-14T08:02:00Z", for a known time. Returns the text. */
struct safe when_iso(int64_t time_us);

/* The time of day of a moment that is known, "08:02:00", in local time. Returns the text. */
struct safe when_clock(int64_t time_us);

/*
 * Writes FORMAT, a format of strftime() for a time of day, without its seconds to SHORT_FORMAT, which has SIZE bytes.
 */
void when_cut_seconds(const char *format, char *short_format, size_t size);

#endif
