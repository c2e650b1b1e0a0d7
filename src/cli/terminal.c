/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * terminal.c - see terminal.h.
 */
#include "cli/terminal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define WIPE "\r\033[K"

bool terminal_can_draw(void)
{
	const char *terminal = getenv("TERM");

	return terminal && *terminal && strcmp(terminal, "dumb") != 0;
}

/* A line wider than the terminal could not be wiped. */
void terminal_draw(struct safe line)
{
	struct winsize size = {};

	(void)ioctl(STDERR_FILENO, TIOCGWINSZ, &size);
	line = text_cut(line.text, (size.ws_col > 0 ? size.ws_col : 80u) - 1);
	fprintf(stderr, WIPE "%s", line.text);
}

void terminal_wipe(void)
{
	fputs(WIPE, stderr);
}

void terminal_invite(void)
{
	fprintf(stderr, _("Type the message, then Ctrl-D on a new line:\n"));
}
