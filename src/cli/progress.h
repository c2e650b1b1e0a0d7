/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * progress.h - one line on the terminal that tells how far a long log-off is: a countdown, then how many have ended.
 *
 * Drawn on standard error, over and over itself, and wiped off at the end. Nothing of it is seen in a pipe.
 */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdbool.h>

#include "logoff.h"

struct progress {
	const struct logoff_request *request;	/* whose events these are */
	size_t n_total, n_done, n_ended, n_killing;	/* what is done has ended, or will not */
	bool drawn, told;		/* the line stands there now; the countdown has been told */
	int cancel_fd;			/* of command_cancel_fd(): what is cancelled, but goes on, waits for a second wish */
};

/* Takes an event; draws if the line has changed. */
void progress_event(struct progress *progress, const struct logoff_event *event);

/* Wipes the line off, so that something else can be printed. */
void progress_wipe(struct progress *progress);

#endif
