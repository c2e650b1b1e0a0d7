/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * when-locale-windows.c - dates and times of day in the form that the user has chosen in Windows: see when.h. Windows'
 * quser writes them so: the short date, and the time without seconds.
 */
#include "cli/when.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <windows.h>

#include "base/os.h"
#include "port/wide.h"

/*
 * Tells whether a variable asks for the C locale, which is no person's language. So scripts get the form that everybody
 * can read.
 */
static bool is_plain(void)
{
	static const char *const names[] = { "LC_ALL", "LC_TIME", "LANG" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = os_environment(names[i]);

		if (value && *value)
			return strcmp(value, "C") == 0 || strncmp(value, "C.", 2) == 0 || strcmp(value, "POSIX") == 0;
	}
	return false;
}

struct safe when_local(int64_t time_us)
{
	wchar_t date[64], clock[64], both[130];
	time_t seconds = (time_t)(time_us / 1000000);
	struct safe out;
	SYSTEMTIME time;
	struct tm tm;
	char *text;

	if (time_us < 0 || is_plain() || !localtime_r(&seconds, &tm))
		return when_plain(time_us);
	time = (SYSTEMTIME){ .wYear = (WORD)(tm.tm_year + 1900), .wMonth = (WORD)(tm.tm_mon + 1),
			     .wDay = (WORD)tm.tm_mday, .wHour = (WORD)tm.tm_hour, .wMinute = (WORD)tm.tm_min };
	if (!GetDateFormatEx(LOCALE_NAME_USER_DEFAULT, DATE_SHORTDATE, &time, NULL, date, 64, NULL) ||
	    !GetTimeFormatEx(LOCALE_NAME_USER_DEFAULT, TIME_NOSECONDS, &time, NULL, clock, 64))
		return when_plain(time_us);
	_snwprintf(both, sizeof(both) / sizeof(both[0]), L"%ls %ls", date, clock);
	text = wide_to_text(both);
	out = safe(text);
	free(text);
	return out;
}
