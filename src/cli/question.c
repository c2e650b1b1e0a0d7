/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * question.c - see question.h.
 *
 * Lines that were pasted behind the command stand in the terminal's queue when it asks: the next one may begin with y.
 */
#include "cli/question.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

#include "cli/command.h"

void question_begin(void)
{
	(void)tcflush(STDIN_FILENO, TCIFLUSH);
}

/* Reads one byte. Returns false if there is none, or no wish for one any more. */
static bool read_byte(int cancel_fd, char *ret_byte)
{
	struct pollfd fds[] = { { STDIN_FILENO, POLLIN, 0 }, { cancel_fd, POLLIN, 0 } };

	while (poll(fds, 2, -1) < 0)
		if (errno != EINTR)
			return false;
	return !fds[1].revents && read(STDIN_FILENO, ret_byte, 1) == 1;
}

bool question_says_yes(void)
{
	int cancel_fd = command_cancel_fd(false);
	char first = '\0', byte;
	bool answered = read_byte(cancel_fd, &first);

	byte = first;
	while (answered && byte != '\n')
		answered = read_byte(cancel_fd, &byte);
	close(cancel_fd);
	if (!answered)
		fputc('\n', stderr);	/* nobody has typed it */
	return answered && (first == 'y' || first == 'Y');
}
