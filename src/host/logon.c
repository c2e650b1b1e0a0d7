/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * logon.c - see logon.h.
 *
 * The state is a file of this machine, so there is none of a server or of a host in memory; a test may give the latter
 * a folder for it.
 */
#include "host/logon.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/account.h"
#include "drain/answer.h"
#include "host/say.h"
#include "host/targets.h"

static void say_trouble(enum exit_status status, const char *kind, const char *object, const struct logoff_error *cause,
			void *data)
{
	const struct order *order = data;

	(void)say_failure(stdout, order->serial, kind, object, cause, status);
}

/* Returns whether there is an answer. */
static bool find_answer(struct drain_answer *answer, int root, struct logoff_host *host, struct order *order)
{
	char text[DRAIN_TEXT_SIZE] = "", caller[ACCOUNT_NAME_SIZE], by[ACCOUNT_NAME_SIZE + ORDER_WORD_MAX + 8];

	if (order->verb == DRAIN_QUERY) {
		drain_answer_get(answer, root, say_trouble, order);
		return true;
	}
	logoff_host_name_caller(host, caller, sizeof(caller));
	/* The peer has told on whose behalf it is; that is not proved. */
	snprintf(by, sizeof(by), "%s%s%s", caller, order->origin ? " for " : "", order->origin ? order->origin : "");
	if (order->verb != DRAIN_ENABLE && drain_answer_text(order->text, text) < 0) {
		answer->status = say_host_failure(stdout, order->serial, NULL, LOGOFF_E_NO_MEMORY, NULL);
		return false;
	}
	return drain_answer_set(answer, root, order->verb, by, caller, text, say_trouble, order);
}

static bool has_no_state(struct logoff_host *host)
{
	return target_is_server() ||
	       (strcmp(logoff_host_kind(host), "memory") == 0 && !drain_answer_is_elsewhere());
}

int change_logon(struct logoff_host *host, struct order *order)
{
	struct drain_answer answer = {};
	struct logoff_error cause = {};
	int root, r, status;

	if (has_no_state(host))
		return say_host_failure(stdout, order->serial, NULL, LOGOFF_E_UNSUPPORTED, NULL);
	root = drain_answer_root(say_trouble, order);
	if (root < 0)
		return EXIT_UNREACHABLE;
	if (find_answer(&answer, root, host, order)) {
		r = drain_answer_count(&answer, host, &cause);
		status = r < 0 ? say_host_failure(stdout, order->serial, NULL, r, &cause) : EXIT_ENDED;
		answer.status = answer.status > status ? answer.status : status;
		say(stdout, order->serial, "logon", drain_answer_to_json(&answer));
	}
	status = answer.status;
	drain_answer_done(&answer);
	close(root);
	return status;
}
