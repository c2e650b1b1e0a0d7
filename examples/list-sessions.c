/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * list-sessions.c - lists the sessions of this machine, or of the server that is named.
 */
#include <stdio.h>

#include <logoff.h>

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
		fprintf(stderr, "%s\n", error.text);
	for (size_t i = 0; i < n_sessions; i++) {
		const char *name = logoff_session_name(sessions[i]);

		/* A program that shows names to people makes control characters in them harmless first. */
		printf("%s %s %s\n", logoff_session_id(sessions[i]), name ? name : "-", logoff_session_user(sessions[i]));
	}
	logoff_session_list_free(sessions, n_sessions);
	logoff_host_close(host);
	return r < 0;
}
