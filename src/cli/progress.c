/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * progress.c - see progress.h.
 */
#include "cli/progress.h"

#include <stdio.h>
#include <unistd.h>

#include "cli/cancel.h"
#include "cli/printable.h"
#include "cli/terminal.h"

void progress_wipe(struct progress *progress)
{
	if (progress->drawn)
		terminal_wipe();
	progress->drawn = false;
}

static void draw_line(struct progress *progress, struct safe line)
{
	terminal_draw(line);
	progress->drawn = true;
}

/*
 * Sessions that have a result already were refused, or have ended by themselves. Where the line cannot be wiped, it is
 * printed once.
 */
static void draw_countdown(struct progress *progress, uint64_t remaining_us)
{
	unsigned long seconds = (unsigned long)((remaining_us + 999999) / 1000000);
	size_t n = progress->n_total - progress->n_done;
	struct safe line;

	snprintf(line.text, sizeof(line.text),
		 ngettext("%zu session will be logged off in %lu s; Ctrl-C cancels",
			  "%zu sessions will be logged off in %lu s; Ctrl-C cancels", n),
		 n, seconds);
	if (terminal_can_draw())
		draw_line(progress, line);
	else if (!progress->told)
		fprintf(stderr, "%s\n", line.text);
	progress->told = true;
}

static void draw_count(struct progress *progress)
{
	struct safe line;
	size_t n;

	n = (size_t)snprintf(line.text, sizeof(line.text), _("%zu of %zu sessions logged off"), progress->n_ended,
			     progress->n_total);
	if (progress->n_killing > 0 && n < sizeof(line.text))
		snprintf(line.text + n, sizeof(line.text) - n, _(", %zu had to be forced"), progress->n_killing);
	draw_line(progress, line);
}

/* Says why the command does not end yet, and how to end it. */
static void say_followed(struct progress *progress)
{
	size_t n = progress->n_total - progress->n_done;

	progress_wipe(progress);
	fprintf(stderr, ngettext("%zu session was already asked to end; waiting for it, Ctrl-C again stops that\n",
				 "%zu sessions were already asked to end; waiting for them, Ctrl-C again stops that\n",
				 n), n);
}

static bool has_ended(const struct logoff_request *request, const struct logoff_session *session)
{
	const struct logoff_outcome *outcome;
	size_t i = 0;

	while (i < logoff_request_count(request) && logoff_request_session(request, i) != session)
		i++;
	outcome = logoff_request_outcome(request, i);
	return outcome && outcome->result == LOGOFF_OK;
}

void progress_event(struct progress *progress, const struct logoff_event *event)
{
	if (event->type == LOGOFF_EVENT_FOLLOWED)
		cancel_again(progress->cancel_fd);
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
		progress->n_ended += has_ended(progress->request, event->session);
		break;
	case LOGOFF_EVENT_FOLLOWED:
		say_followed(progress);
		return;
	case LOGOFF_EVENT_LEAVE_ASK:
	case LOGOFF_EVENT_LEAVE_HELD:
	case LOGOFF_EVENT_LEAVE_DONE:
	case LOGOFF_EVENT_LEAVE_FAILED:
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
	if (progress->n_total > 1 && terminal_can_draw())
		draw_count(progress);
}
