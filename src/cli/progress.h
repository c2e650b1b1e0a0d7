/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * progress.h - one line on the terminal that shows the progress of a long log-off: a countdown, then how many have
 * ended.
 *
 * It is drawn on standard error, again and again in the same place, and wiped at the end. A pipe gets nothing of it.
 */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdbool.h>

#include "logoff.h"

struct progress {
	const struct logoff_request *request;	/* the events are about its sessions */
	size_t n_total, n_done, n_ended, n_killing;	/* n_done: sessions that have ended, or will not */
	bool drawn, told;		/* the line is on the terminal now; the countdown has been said */
	int cancel_fd;			/* of cancel_open(); after a cancel it waits for a second one */
};

/* Handles an event; draws if the line has changed. */
void progress_event(struct progress *progress, const struct logoff_event *event);

/* Wipes the line, so that other output can be printed. */
void progress_wipe(struct progress *progress);

#endif
