/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * delivery.c - see delivery.h. Whole sentences, each one entry of the catalogue; names only through safe().
 */
#include "cli/delivery.h"

#include <stdio.h>

#include "cli/command.h"
#include "cli/json.h"
#include "cli/stream.h"
#include "cli/printable.h"

static void tell_channel(enum logoff_channel channel, const char *who, const char *user)
{
	switch (channel) {
	case LOGOFF_CHANNEL_NONE:
		printf(_("Session %s: the message to %s has been delivered.\n"), who, user);
		break;
	case LOGOFF_CHANNEL_TERMINAL:
		printf(_("Session %s: the message to %s has been written to the terminal.\n"), who, user);
		break;
	case LOGOFF_CHANNEL_DESKTOP:
		printf(_("Session %s: the message to %s is a notification of the desktop.\n"), who, user);
		break;
	case LOGOFF_CHANNEL_DISPLAY:
		printf(_("Session %s: the message to %s is a window on the display.\n"), who, user);
		break;
	case LOGOFF_CHANNEL_PAGE:
		printf(_("Session %s: the message to %s is in the web console.\n"), who, user);
		break;
	}
}

static void tell_answer(const struct logoff_delivery *delivery, const char *who, const char *user)
{
	switch (delivery->answer) {
	case LOGOFF_ANSWER_NONE:
		if (delivery->channel == LOGOFF_CHANNEL_PAGE)
			printf(_("Session %s: the web console cannot give the answer of %s.\n"), who, user);
		else if (delivery->channel != LOGOFF_CHANNEL_TERMINAL)
			printf(_("Session %s: nobody knows whether %s has answered.\n"), who, user);
		else
			printf(_("Session %s: a terminal cannot give the answer of %s.\n"), who, user);
		break;
	case LOGOFF_ANSWER_OK:
		printf(_("Session %s: %s has answered OK.\n"), who, user);
		break;
	case LOGOFF_ANSWER_CLOSED:
		printf(_("Session %s: %s has closed the message without an answer.\n"), who, user);
		break;
	case LOGOFF_ANSWER_TIMEOUT:
		printf(_("Session %s: %s has not answered in time.\n"), who, user);
		break;
	}
}

static enum exit_status tell_failure(const struct logoff_delivery *delivery, const char *who, const char *user)
{
	struct safe cause = report_cause(&delivery->cause);

	switch (delivery->result) {
	case LOGOFF_E_DENIED:
		fprintf(stderr, _("%s: session %s: access denied, %s gets no message%s\n"), program().text, who, user,
			cause.text);
		return EXIT_DENIED;
	case LOGOFF_E_NO_SESSION:
		fprintf(stderr, _("%s: session %s: it has ended, %s gets no message\n"), program().text, who, user);
		return EXIT_NO_SESSION;
	case LOGOFF_E_TIMEOUT:
		fprintf(stderr, _("%s: session %s: the message to %s was not delivered in time%s\n"), program().text,
			who, user, cause.text);
		return EXIT_NOT_ENDED;
	case LOGOFF_E_CANCELLED:
		if (delivery->channel == LOGOFF_CHANNEL_NONE)
			fprintf(stderr, _("%s: session %s: cancelled before it was known whether %s got the message\n"),
				program().text, who, user);
		else
			fprintf(stderr, _("%s: session %s: the message to %s was delivered, the wait was cancelled\n"),
				program().text, who, user);
		return EXIT_CANCELLED;
	case LOGOFF_E_AGAIN:
		fprintf(stderr, _("%s: session %s: nobody can tell whether %s has got the message%s\n"), program().text,
			who, user, cause.text);
		return EXIT_UNREACHABLE;
	case LOGOFF_E_UNSUPPORTED:
		fprintf(stderr, _("%s: session %s: no message can be shown to %s%s\n"), program().text, who, user,
			cause.text);
		return EXIT_UNREACHABLE;
	default:
		fprintf(stderr, _("%s: session %s: the message to %s could not be delivered%s\n"), program().text, who,
			user, cause.text);
		return EXIT_UNREACHABLE;
	}
}

/* Prints a row for programs. Takes ownership of DELIVERY. */
static void stream_delivery(struct logoff_session *session, json_t *delivery, enum exit_status status)
{
	json_t *row = to_json_session(session, arg_server);

	if (json_object_update_new(row, delivery) < 0 ||
	    json_object_set_new(row, "exit_status", json_integer(status)) < 0) {
		json_decref(row);
		row = NULL;
	}
	stream_row("delivery", row);
}

enum exit_status delivery_report(struct logoff_session *session, const struct logoff_delivery *delivery, bool wait,
				 bool talkative)
{
	struct safe who = report_label(session), user = report_user(session);
	enum exit_status status = delivery->result < 0 ? tell_failure(delivery, who.text, user.text) : EXIT_ENDED;

	if (arg_json)
		stream_delivery(session, to_json_delivery(delivery), status);
	if (arg_json || delivery->result < 0)
		return status;
	if (talkative)
		tell_channel(delivery->channel, who.text, user.text);
	if (wait)
		tell_answer(delivery, who.text, user.text);
	return status;
}

/* A row about a session of whose message no host tells. */
static void stream_word(struct logoff_session *session, const char *result, enum exit_status status)
{
	stream_delivery(session, json_pack("{s:s, s:n, s:n, s:n}", "result", result, "channel", "answer", "cause"),
			status);
}

enum exit_status delivery_report_unknown(struct logoff_session *session)
{
	const struct logoff_delivery unknown = { .result = LOGOFF_E_AGAIN };
	struct safe who = report_label(session), user = report_user(session);
	enum exit_status status = tell_failure(&unknown, who.text, user.text);

	if (arg_json)
		stream_word(session, "unknown", status);
	return status;
}

enum exit_status delivery_report_unsent(struct logoff_session *session)
{
	struct safe who = report_label(session), user = report_user(session);

	fprintf(stderr, _("%s: session %s: cancelled, %s gets no message\n"), program().text, who.text, user.text);
	if (arg_json)
		stream_word(session, "cancelled", EXIT_CANCELLED);
	return EXIT_CANCELLED;
}

void delivery_report_left_out(struct logoff_session *session)
{
	struct safe who = report_label(session), user = report_user(session);

	if (arg_json) {
		stream_word(session, "left-out", EXIT_ENDED);
		return;
	}
	if (!*logoff_session_user(session) && logoff_session_kind(session) != LOGOFF_KIND_SERVICES) {
		printf(_("Session %s: left out, nobody has logged on to it.\n"), who.text);
		return;
	}
	switch (logoff_session_kind(session)) {
	case LOGOFF_KIND_GREETER:
		printf(_("Session %s of %s: left out, it is a login screen.\n"), who.text, user.text);
		break;
	case LOGOFF_KIND_BACKGROUND:
		printf(_("Session %s of %s: left out, nobody works in it.\n"), who.text, user.text);
		break;
	case LOGOFF_KIND_SERVICES:
		printf(_("Session %s: left out, it is the session of the services.\n"), who.text);
		break;
	case LOGOFF_KIND_USER:
		printf(_("Session %s of %s: left out, its user has left.\n"), who.text, user.text);
		break;
	}
}
