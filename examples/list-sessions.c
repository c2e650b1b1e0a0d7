/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * list-sessions.c - lists the sessions of this machine, or of the server that is named.
 */
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

int main(int argc, char **argv)
{
	struct logoff_address address = { .size = sizeof(address), .name = argc > 1 ? argv[1] : NULL };
	struct logoff_error error = {};
	struct logoff_host *host = NULL;
	struct logoff_session **sessions = NULL;
	size_t n_sessions = 0;
	enum logoff_result r;

	r = logoff_host_open(&host, &address, NULL, &error);
	if (r >= 0)
		r = logoff_host_list(host, &sessions, &n_sessions, &error);
	if (r < 0)
		print_text(stderr, error.text, '\n');
	for (size_t i = 0; i < n_sessions; i++) {
		const char *name = logoff_session_name(sessions[i]);

		printf("%s %s ", logoff_session_id(sessions[i]), name ? name : "-");
		print_text(stdout, logoff_session_user(sessions[i]), '\n');
	}
	logoff_session_list_free(sessions, n_sessions);
	logoff_host_close(host);
	return r < 0;
}
