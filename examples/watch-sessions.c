/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * watch-sessions.c - tells which sessions begin, change and end, until the host is lost.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include <logoff.h>

/* Prints TEXT, which may come from somebody else, so that it does a terminal no harm, and END. */
static void print_text(FILE *to, const char *text, char end)
{
	char *shown = logoff_text_harmless(text, false);

	fprintf(to, "%s%c", shown ? shown : "?", end);
	free(shown);
}

static const char *const words[] = { "is there", "has begun", "has changed", "is gone" };

static enum logoff_result tell_changes(struct logoff_monitor *monitor, struct logoff_error *reterr)
{
	const struct logoff_change *change;
	enum logoff_result r;

	while ((r = logoff_monitor_next(monitor, &change, reterr)) >= 0 && change) {
		/* Later versions may have more. */
		const char *word = (size_t)change->type < 4 ? words[change->type] : "?";

		printf("session %s of ", logoff_session_id(change->session));
		print_text(stdout, logoff_session_user(change->session), ' ');
		puts(word);
	}
	fflush(stdout);
	return r;
}

int main(int argc, char **argv)
{
	struct logoff_address address = { .size = sizeof(address), .name = argc > 1 ? argv[1] : NULL };
	struct logoff_error error = {};
	struct logoff_host *host = NULL;
	struct logoff_monitor *monitor = NULL;
	enum logoff_result r;

	r = logoff_host_open(&host, &address, NULL, &error);
	if (r >= 0)
		r = logoff_monitor_new(&monitor, host, &error);
	while (r >= 0) {
		r = tell_changes(monitor, &error);
		if (r >= 0)	/* in an event loop of your own: one descriptor among others */
			poll(&(struct pollfd){ .fd = logoff_monitor_fd(monitor), .events = POLLIN }, 1, -1);
	}
	print_text(stderr, error.text, '\n');
	logoff_monitor_free(monitor);
	logoff_host_close(host);
	return 1;
}
