/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * progress.c - see progress.h.
 */
#include "cli/progress.h"

#include <stdio.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/text.h"

#define WIPE "\r\033[K"

void progress_wipe(struct progress *progress)
{
	if (progress->drawn)
		fputs(WIPE, stderr);
	progress->drawn = false;
}

static void draw_countdown(struct progress *progress, uint64_t remaining_us)
{
	unsigned long seconds = (unsigned long)((remaining_us + 999999) / 1000000);

	fputs(WIPE, stderr);
	fprintf(stderr, ngettext("%zu session is logged off in %lu s; Ctrl-C cancels",
				 "%zu sessions are logged off in %lu s; Ctrl-C cancels", progress->n_total),
		progress->n_total, seconds);
	progress->drawn = true;
}

static void draw_count(struct progress *progress)
{
	fputs(WIPE, stderr);
	fprintf(stderr, _("%zu of %zu sessions logged off"), progress->n_done, progress->n_total);
	if (progress->n_killing > 0)
		fprintf(stderr, _(", %zu had to be forced"), progress->n_killing);
	progress->drawn = true;
}

/* Why the command does not end yet, and how to have it end. */
static void say_followed(struct progress *progress)
{
	size_t n = progress->n_total - progress->n_done;

	progress_wipe(progress);
	fprintf(stderr, ngettext("%zu session was asked already and is followed to its end; Ctrl-C again leaves it at once\n",
				 "%zu sessions were asked already and are followed to their end; Ctrl-C again leaves them at once\n",
				 n), n);
}

void progress_event(struct progress *progress, const struct logoff_event *event)
{
	if (event->type == LOGOFF_EVENT_FOLLOWED)
		command_cancel_again(progress->cancel_fd);
	if (!isatty(STDERR_FILENO))
		return;
	switch (event->type) {
	case LOGOFF_EVENT_COUNTDOWN:
		draw_countdown(progress, event->remaining_us);
		return;
	case LOGOFF_EVENT_KILL:
		progress->n_killing++;
		break;
	case LOGOFF_EVENT_RESULT:
		progress->n_done++;
		break;
	case LOGOFF_EVENT_FOLLOWED:
		say_followed(progress);
		return;
	case LOGOFF_EVENT_ASK:
	case LOGOFF_EVENT_GONE:
	case LOGOFF_EVENT_ALONE:
	case LOGOFF_EVENT_WARNED:
	case LOGOFF_EVENT_DESKTOP_ASK:
	case LOGOFF_EVENT_DESKTOP_KILL:
	case LOGOFF_EVENT_DESKTOP_GONE:
	case LOGOFF_EVENT_MANAGER_ASK:
	case LOGOFF_EVENT_MANAGER_KILL:
	case LOGOFF_EVENT_MANAGER_GONE:
	case LOGOFF_EVENT_MANAGER_LINGERS:
	case LOGOFF_EVENT_MANAGER_NEEDED:
		return;
	}
	if (progress->n_total > 1)
		draw_count(progress);
}
