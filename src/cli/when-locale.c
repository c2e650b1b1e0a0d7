/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * when-locale.c - dates and times of day as the locale has them: see when.h.
 */
#include "cli/when.h"

#include <ctype.h>
#include <langinfo.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* Some locales have a time only as one word. */
static const char *spell_out(const char *format)
{
	if (strcmp(format, "%r") == 0)
		return *nl_langinfo(T_FMT_AMPM) ? nl_langinfo(T_FMT_AMPM) : "%I:%M:%S %p";
	return strcmp(format, "%T") == 0 ? "%H:%M:%S" : format;
}

void when_cut_seconds(const char *format, char *short_format, size_t size)
{
	const char *seconds, *rest;
	size_t length;

	format = spell_out(format);
	seconds = strstr(format, "%S");
	if (!seconds)
		seconds = strstr(format, "%OS");
	if (!seconds) {
		snprintf(short_format, size, "%s", format);
		return;
	}
	/* Before the seconds stands the separator, behind them perhaps a unit. */
	length = (size_t)(seconds - format);
	while (length > 0 && (ispunct((unsigned char)format[length - 1]) || format[length - 1] == ' '))
		length--;
	rest = strchr(seconds, 'S') + 1;
	rest += strcspn(rest, " %");
	snprintf(short_format, size, "%.*s%s", (int)length, format, rest);
}

/* The formats are the locale's own. */
static void format_time(char *text, size_t size, const char *format, const struct tm *tm)
{
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	if (strftime(text, size, format, tm) == 0)
		*text = '\0';
#pragma GCC diagnostic pop
}

struct safe when_local(int64_t time_us)
{
	time_t seconds = (time_t)(time_us / 1000000);
	char date[64] = "", clock[64] = "", format[64];
	struct safe out = {};
	struct tm tm;

	/* The C locale is no person's language, so its form is not used. */
	if (strcmp(nl_langinfo(D_FMT), "%m/%d/%y") == 0 || time_us < 0 || !localtime_r(&seconds, &tm))
		return when_plain(time_us);
	when_cut_seconds(nl_langinfo(T_FMT), format, sizeof(format));
	format_time(date, sizeof(date), nl_langinfo(D_FMT), &tm);
	format_time(clock, sizeof(clock), format, &tm);
	snprintf(out.text, sizeof(out.text), "%s %s", date, clock);
	return safe(out.text);
}
