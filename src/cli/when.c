/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * when.c - see when.h. The forms of idle times are those of Windows' "query user".
 */
#include "cli/when.h"

#include <stdio.h>
#include <time.h>

#define MINUTE_US INT64_C(60000000)

struct safe when_idle(int64_t idle_us, bool console)
{
	long long minutes = idle_us / MINUTE_US;
	struct safe out = {};

	if (idle_us < 0)
		return (struct safe){ "?" };
	else if (minutes == 0)
		return console ? (struct safe){ "none " } : (struct safe){ "." };
	else if (minutes < 60)
		snprintf(out.text, sizeof(out.text), "%lld", minutes);
	else if (minutes < 24 * 60)
		snprintf(out.text, sizeof(out.text), "%lld:%02lld", minutes / 60, minutes % 60);
	else
		snprintf(out.text, sizeof(out.text), "%lld+%02lld:%02lld", minutes / (24 * 60), minutes / 60 % 24,
			 minutes % 60);
	return out;
}

struct safe when_plain(int64_t time_us)
{
	time_t seconds = (time_t)(time_us / 1000000);
	struct safe out = { "?" };
	struct tm tm;

	if (time_us >= 0 && localtime_r(&seconds, &tm))
		strftime(out.text, sizeof(out.text), "%Y-%m-%d %H:%M", &tm);
	return out;
}

struct safe when_iso(int64_t time_us)
{
	time_t seconds = (time_t)(time_us / 1000000);
	struct safe out = {};
	struct tm tm;

	if (gmtime_r(&seconds, &tm))
		strftime(out.text, sizeof(out.text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return out;
}

struct safe when_clock(int64_t time_us)
{
	time_t seconds = (time_t)(time_us / 1000000);
	struct safe out = {};
	struct tm tm;

	if (localtime_r(&seconds, &tm))
		strftime(out.text, sizeof(out.text), "%H:%M:%S", &tm);
	return out;
}
