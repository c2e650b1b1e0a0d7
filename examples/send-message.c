/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * send-message.c - sends a message to the user of one session, and tells by which way it went.
 */
#include <stdio.h>
#include <stdlib.h>

#include <logoff.h>

/* Tells that WHAT has failed, and why. The cause may hold words of the host. */
static void print_error(const char *what, const struct logoff_error *error)
{
	char *cause = logoff_text_harmless(error->text, false);

	fprintf(stderr, "%s: %s\n", what, cause ? cause : "?");
	free(cause);
}

int main(int argc, char **argv)
{
	static const char *const ways[] = { "no way", "the terminal", "the desktop", "a window" };
	struct logoff_error error = {};
	struct logoff_host *host = NULL;
	struct logoff_session *session = NULL;
	struct logoff_delivery **deliveries = NULL;
	struct logoff_message message = { .size = sizeof(message) };
	int r;

	if (argc != 3) {
		fprintf(stderr, "usage: %s SESSION TEXT\n", argv[0]);
		return 1;
	}
	r = logoff_host_open(&host, NULL, NULL, &error);
	if (r >= 0)
		r = logoff_host_find(host, argv[1], &session, &error);
	message.text = argv[2];
	if (r >= 0)
		r = logoff_host_message(host, &message, &session, 1, -1, &deliveries, &error);
	if (r >= 0 && deliveries[0]->result < 0) {
		r = deliveries[0]->result;
		error = deliveries[0]->cause;
	}
	if (r >= 0)
		printf("delivered by %s\n", ways[deliveries[0]->channel]);
	else
		print_error("not delivered", &error);
	logoff_delivery_list_free(deliveries);
	logoff_session_free(session);
	logoff_host_close(host);
	return r < 0;
}
