/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * terminal-windows.c - see terminal.h. A line is wiped by blanks, which every console knows; escapes only newer ones.
 */
#include "cli/terminal.h"

#include <stdio.h>

#include <windows.h>

static int drawn;		/* columns */

bool terminal_can_draw(void)
{
	return true;
}

static size_t find_width(void)
{
	CONSOLE_SCREEN_BUFFER_INFO info;

	if (!GetConsoleScreenBufferInfo(GetStdHandle(STD_ERROR_HANDLE), &info) || info.dwSize.X < 2)
		return 80;
	return (size_t)info.dwSize.X;
}

void terminal_draw(struct safe line)
{
	int width;

	line = text_cut(line.text, find_width() - 1);
	width = (int)text_width(line.text);
	fprintf(stderr, "\r%s%*s", line.text, drawn > width ? drawn - width : 0, "");
	drawn = width;
}

void terminal_wipe(void)
{
	fprintf(stderr, "\r%*s\r", drawn, "");
	drawn = 0;
}

void terminal_invite(void)
{
	fprintf(stderr, _("Type the message, then Ctrl-Z and Enter on a new line:\n"));
}
