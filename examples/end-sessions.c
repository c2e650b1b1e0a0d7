/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * end-sessions.c - logs off every session of one user and tells what became of each.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <logoff.h>

/* Tells that WHAT has failed, and why. The cause may hold words of the host. */
static void print_error(const char *what, const struct logoff_error *error)
{
	char *cause = logoff_text_harmless(error->text, false);

	fprintf(stderr, "%s: %s\n", what, cause ? cause : "?");
	free(cause);
}

static enum logoff_result add_sessions(struct logoff_host *host, struct logoff_request *request, const char *user)
{
	struct logoff_error error = {};
	struct logoff_session **sessions;
	size_t n_sessions;
	enum logoff_result r;

	r = logoff_host_list(host, &sessions, &n_sessions, &error);
	if (r < 0) {
		print_error("cannot list the sessions", &error);
		return r;
	}
	for (size_t i = 0; i < n_sessions && r >= 0; i++) {
		if (strcmp(logoff_session_user(sessions[i]), user) != 0)
			continue;
		r = logoff_request_add(request, sessions[i], LOGOFF_WHY_NAMED);
		if (r >= 0)
			sessions[i] = NULL; /* the request's now */
	}
	logoff_session_list_free(sessions, n_sessions);
	return r;
}

static int show_results(const struct logoff_request *request)
{
	int status = 0;

	for (size_t i = 0; i < logoff_request_count(request); i++) {
		const struct logoff_session *session = logoff_request_session(request, i);
		const struct logoff_outcome *outcome = logoff_request_outcome(request, i);

		printf("%s: %s\n", logoff_session_id(session), logoff_result_word(outcome->result));
		if (outcome->result != LOGOFF_OK)
			status = 1;
	}
	return status;
}

int main(int argc, char **argv)
{
	struct logoff_error error = {};
	struct logoff_host *host = NULL;
	struct logoff_request *request = NULL;
	int status = 1;

	if (argc != 2) {
		fprintf(stderr, "usage: %s USER\n", argv[0]);
		return 1;
	}
	if (logoff_host_open(&host, NULL, NULL, &error) < 0)
		print_error("cannot open this host", &error);
	else if (logoff_request_new(&request, host) >= 0 && add_sessions(host, request, argv[1]) >= 0) {
		if (logoff_request_run(request, NULL, &error) >= 0)	/* with the usual times, without a warning */
			status = show_results(request);
		else
			print_error("cannot log off", &error);
	}
	logoff_request_free(request);
	logoff_host_close(host);
	return status;
}
