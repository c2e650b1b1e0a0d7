/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * warning-text.c - see warning-text.h.
 *
 * The language is the sender's: nobody knows the language of a user who logged on by ssh.
 */
#include "cli/warning-text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/printable.h"

void warning_compose(int64_t remaining_us, char *text, size_t size, void *userdata)
{
	const struct warning *warning = userdata;
	const char *own = warning->text;
	unsigned long seconds = remaining_us < 0 ? 0 : (unsigned long)((remaining_us + 500000) / 1000000);

	if (remaining_us < 0)
		snprintf(text, size, _("%s has cancelled this log-off. It will not log you off."), warning->sender);
	else
		snprintf(text, size, ngettext("%s logs you off in %lu second. Save your work now.%s%s",
					      "%s logs you off in %lu seconds. Save your work now.%s%s", seconds),
			 warning->sender, seconds, own ? "\n" : "", own ? own : "");
}

bool warning_is_text(const char *argument)
{
	for (const char *at = argument; *at && argument[0] != '@'; at++)
		if (*at == ' ' || *at == '\n' || (unsigned char)*at >= 0x80)
			return true;
	return false;
}
