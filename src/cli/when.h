/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * when.h - times as people and programs read them.
 *
 * Idle times are written as Windows does; logon times as the locale writes date and time, without seconds; for programs
 * ISO 8601 in UTC. A time that is not known is "?", never zero.
 */
#ifndef CLI_WHEN_H
#define CLI_WHEN_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/printable.h"

/*
 * ".": less than a minute; "28": minutes; "7:29": hours; "1+02:03": days; "?": not known (-1). CONSOLE is in use:
 * "none ", one column to the left of the others. Returns the text.
 */
struct safe when_idle(int64_t idle_us, bool console);

/* A moment of Unix time as the locale (LC_TIME) writes it, in local time: "3/14/2025 8:02 AM". Returns the text. */
struct safe when_local(int64_t time_us);

/* The same as "2025-03-14 08:02", which everybody reads, in local time. Returns the text. */
struct safe when_plain(int64_t time_us);

/* The same as "2025-03-14T08:02:00Z", for a time that is known. Returns the text. */
struct safe when_iso(int64_t time_us);

/* Takes the seconds out of FORMAT, a format of strftime() for a time of day. SHORT_FORMAT has SIZE bytes. */
void when_cut_seconds(const char *format, char *short_format, size_t size);

#endif
