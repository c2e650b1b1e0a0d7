/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * disconnect.c - see disconnect.h.
 */
#include "host/disconnect.h"

#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/json.h"
#include "host/record.h"
#include "host/say.h"
#include "host/targets.h"

/* While the order runs nothing comes by standard input but its end. */
static bool is_cancelled(int cancel_fd)
{
	struct pollfd fds[] = { { .fd = cancel_fd, .events = POLLIN }, { .fd = STDIN_FILENO, .events = POLLIN } };

	return poll(fds, 2, 0) > 0;
}

/* The words are those of a log-off; what ends here is the connection. */
static const char *word_of(enum logoff_result result)
{
	return result == LOGOFF_OK ? "disconnected" : logoff_result_word(result);
}

static void say_result(const struct order *order, json_t *row, enum logoff_result result,
		       const struct logoff_error *cause)
{
	json_t *more = json_pack("{s:s, s:i, s:o}", "result", word_of(result), "exit_status", (int)say_status(result),
				 "cause", to_json_cause(result == LOGOFF_OK ? NULL : cause));

	if (json_object_update_new(row, more) < 0) {
		json_decref(row);
		row = NULL;
	}
	say(stdout, order->serial, "result", row);
}

/* The result, in those that have a word. */
static enum logoff_result disconnect_one(const struct order *order, struct logoff_session *session, int cancel_fd,
					 struct logoff_error *cause)
{
	enum logoff_result result;

	if (order->refused) {
		*cause = record_refused;
		return LOGOFF_E_DENIED;
	}
	if (is_cancelled(cancel_fd))
		return LOGOFF_E_CANCELLED;
	result = logoff_session_disconnect(session, cause);
	if (result == LOGOFF_E_UNSUPPORTED)	/* it would end with its client */
		return LOGOFF_E_PROTECTED;
	return result == LOGOFF_E_NO_SESSION ? LOGOFF_E_CHANGED : result;
}

int disconnect(struct logoff_host *host, struct order *order, int cancel_fd)
{
	struct targets targets = {};
	int status;

	targets_find(&targets, host, order);
	status = targets.status;
	for (size_t i = 0; i < targets.n_items; i++) {
		struct logoff_session *session = targets.items[i];
		json_t *row = to_json_session(session, arg_server);
		struct logoff_error cause = {};
		enum logoff_result result = disconnect_one(order, session, cancel_fd, &cause);
		int recorded = record_action(host, order, LOGOFF_ACTION_DISCONNECT, session, NULL, result, &cause);
		int one = (int)say_status(result);

		say_result(order, row, result, &cause);
		one = recorded > one ? recorded : one;
		status = one > status ? one : status;
	}
	targets_done(&targets);
	return status;
}
