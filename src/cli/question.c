/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * question.c - see question.h.
 *
 * Lines that were pasted behind the command are in the terminal's input queue at the question: the next one may begin
 * with y.
 */
#include "cli/question.h"

#include <stdio.h>

#include "cli/cancel.h"

int question_begin(void)
{
	int cancel_fd = cancel_open(false);

	cancel_discard_input();
	return cancel_fd;
}

bool question_says_yes(int cancel_fd)
{
	char first = '\0', byte;
	bool answered = cancel_read(cancel_fd, &first, 1) == 1;

	byte = first;
	while (answered && byte != '\n')
		answered = cancel_read(cancel_fd, &byte, 1) == 1;
	cancel_close(cancel_fd, false);
	if (!answered)
		fputc('\n', stderr);	/* no Enter has ended the line */
	return answered && (first == 'y' || first == 'Y');
}
