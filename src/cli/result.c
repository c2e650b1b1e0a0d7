/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * result.c - see result.h. The words of "result" are those of the audit record; they are never translated.
 */
#include "cli/result.h"

#include <stdlib.h>
#include <string.h>

#include "cli/agent.h"
#include "cli/command.h"
#include "cli/json.h"
#include "cli/report.h"
#include "cli/stream.h"
#include "cli/printable.h"

/* Reports the result of one session, and a missing record. Returns the exit status. */
static int report_one(const struct logoff_request *request, size_t i, bool talkative)
{
	int result = report_result(request, i, talkative), record = report_record(request, i);

	return record > result ? record : result;
}

int result_print(const struct logoff_request *request, bool talkative)
{
	size_t n = logoff_request_count(request);
	int status = EXIT_ENDED;

	for (size_t i = 0; i < n; i++) {
		int one = report_one(request, i, talkative);

		status = one > status ? one : status;
	}
	if (report_lacks_rights(request))
		agent_advise();
	return status;
}

static const char *stuck_word(enum logoff_stuck stuck)
{
	switch (stuck) {
	case LOGOFF_STUCK_NOT:
		return NULL;
	case LOGOFF_STUCK_DEVICE:
		return "device";
	case LOGOFF_STUCK_FUSE:
		return "fuse";
	case LOGOFF_STUCK_NETWORK:
		return "network";
	case LOGOFF_STUCK_FROZEN:
		return "frozen";
	case LOGOFF_STUCK_STOPPED:
		return "stopped";
	case LOGOFF_STUCK_TRACED:
		return "traced";
	}
	return NULL;
}

static json_t *make_left(const struct logoff_outcome *outcome)
{
	json_t *array = json_array();

	if (outcome->unseen && outcome->n_left == 0) {
		json_decref(array);
		return json_null();
	}
	for (size_t j = 0; j < outcome->n_left; j++) {
		const struct logoff_process *left = outcome->left[j];

		json_t *tracer = left->tracer > 0 ? json_integer(left->tracer) : json_null();

		(void)json_array_append_new(array,	/* NULL is refused */
					    json_pack("{s:i, s:o, s:s?, s:o}", "pid", (int)left->pid, "command",
						      to_json_text(left->command), "stuck", stuck_word(left->stuck),
						      "tracer", tracer));
	}
	return array;
}

static json_t *make_exists(enum logoff_existence exists)
{
	return exists == LOGOFF_EXISTS_UNKNOWN ? json_null() : json_boolean(exists == LOGOFF_EXISTS_YES);
}

/* ROW is the session, and is taken. */
static json_t *make_result(const struct logoff_request *request, size_t i, json_t *row, int status)
{
	const struct logoff_outcome *outcome = logoff_request_outcome(request, i);
	const struct logoff_error *cause = outcome->result == LOGOFF_OK ? NULL : &outcome->cause;
	json_t *more = json_pack("{s:s, s:i, s:b, s:b, s:f, s:o, s:o, s:o}",
				 "result", logoff_result_word(outcome->result),
				 "exit_status", status, "forced", outcome->forced, "warned", outcome->warned,
				 "elapsed_s", (double)outcome->elapsed_us / 1e6,
				 "session_exists", make_exists(outcome->exists),
				 "left", make_left(outcome), "cause", to_json_cause(cause));

	if (json_object_update_new(row, more) < 0) {
		json_decref(row);
		return NULL;
	}
	if (outcome->exists == LOGOFF_EXISTS_YES) {
		enum logoff_kind kind = logoff_session_kind(logoff_request_session(request, i));

		(void)json_object_set_new(row, "state", to_json_text(json_state(outcome->state, kind)));
	}
	return row;
}

int result_print_plan(const struct choice *choice, bool console)
{
	for (size_t i = 0; i < choice->n_items; i++) {
		struct logoff_session *session = choice->items[i].session;
		bool protected = report_is_protected(session, console);
		json_t *row = to_json_session(session, arg_server);

		(void)json_object_set_new(row, "result", json_string(protected ? "protected" : "would-end"));
		stream_row("result", row);
	}
	stream_end();
	return EXIT_ENDED;
}

/* ---- results as they come ---- */

/* The request's sessions are ours to change; only the question for an idle time does so. */
static json_t *make_session(const struct logoff_request *request, size_t i)
{
	return to_json_session((struct logoff_session *)logoff_request_session(request, i), arg_server);
}

void result_begin(struct result_rows *rows, const struct logoff_request *request)
{
	*rows = (struct result_rows){ .request = request };
	if (!stream_is_lines())
		return;
	rows->sessions = calloc(logoff_request_count(request), sizeof(*rows->sessions));
	for (size_t i = 0; rows->sessions && i < logoff_request_count(request); i++)
		rows->sessions[i] = make_session(request, i);
	for (size_t i = 0; rows->sessions && i < logoff_request_count(request); i++)
		if (!rows->sessions[i])		/* no memory: it is not marked as printed */
			result_done(rows);
}

void result_done(struct result_rows *rows)
{
	for (size_t i = 0; rows->sessions && i < logoff_request_count(rows->request); i++)
		json_decref(rows->sessions[i]);
	free(rows->sessions);
	rows->sessions = NULL;
}

static void tell_result(struct result_rows *rows, size_t i)
{
	int one = report_one(rows->request, i, false);
	json_t *row = rows->sessions ? rows->sessions[i] : make_session(rows->request, i);

	rows->status = one > rows->status ? one : rows->status;
	stream_row("result", make_result(rows->request, i, row, one));
	if (rows->sessions)
		rows->sessions[i] = NULL;
}

void result_now(struct result_rows *rows, const struct logoff_session *session)
{
	for (size_t i = 0; rows->sessions && i < logoff_request_count(rows->request); i++)
		if (rows->sessions[i] && logoff_request_session(rows->request, i) == session)
			tell_result(rows, i);
}

int result_end(struct result_rows *rows)
{
	for (size_t i = 0; i < logoff_request_count(rows->request); i++)
		if (!rows->sessions || rows->sessions[i])
			tell_result(rows, i);
	result_done(rows);
	if (report_lacks_rights(rows->request))
		agent_advise();
	stream_end();
	return rows->status;
}

static const char *event_word(enum logoff_event_type type)
{
	switch (type) {
	case LOGOFF_EVENT_LEAVE_ASK:
		return "leave-ask";
	case LOGOFF_EVENT_LEAVE_HELD:
		return "leave-held";
	case LOGOFF_EVENT_LEAVE_DONE:
		return "leave-done";
	case LOGOFF_EVENT_LEAVE_FAILED:
		return "leave-failed";
	case LOGOFF_EVENT_ASK:
		return "ask";
	case LOGOFF_EVENT_KILL:
		return "kill";
	case LOGOFF_EVENT_GONE:
		return "gone";
	case LOGOFF_EVENT_ALONE:
		return "alone";
	case LOGOFF_EVENT_WARNED:
		return "warned";
	case LOGOFF_EVENT_DESKTOP_ASK:
		return "desktop-ask";
	case LOGOFF_EVENT_DESKTOP_KILL:
		return "desktop-kill";
	case LOGOFF_EVENT_DESKTOP_GONE:
		return "desktop-gone";
	case LOGOFF_EVENT_MANAGER_ASK:
		return "manager-ask";
	case LOGOFF_EVENT_MANAGER_KILL:
		return "manager-kill";
	case LOGOFF_EVENT_MANAGER_GONE:
		return "manager-gone";
	case LOGOFF_EVENT_MANAGER_LINGERS:
		return "manager-lingers";
	case LOGOFF_EVENT_MANAGER_NEEDED:
		return "manager-needed";
	case LOGOFF_EVENT_COUNTDOWN:
	case LOGOFF_EVENT_RESULT:
	case LOGOFF_EVENT_FOLLOWED:
		break;
	}
	return NULL;
}

static json_t *make_processes(const struct logoff_event *event)
{
	json_t *array = json_array();

	for (size_t i = 0; i < event->n_processes; i++)
		(void)json_array_append_new(array, json_pack("{s:i, s:o}", "pid", (int)event->processes[i]->pid,
							     "command", to_json_text(event->processes[i]->command)));
	return array;
}

void result_event(const struct logoff_event *event)
{
	const char *word = event_word(event->type), *user;
	bool warned = event->type == LOGOFF_EVENT_WARNED;

	if (!word)
		return;
	user = logoff_session_user(event->session);
	stream_line("event",
		    json_pack("{s:s, s:o, s:o, s:o, s:o, s:f, s:o, s:o, s:o, s:o, s:o, s:o}", "event", word, "host",
			      to_json_host(arg_server), "session_id", to_json_text(logoff_session_id(event->session)),
			      "name", to_json_text(logoff_session_name(event->session)), "user",
			      to_json_text(*user ? user : NULL), "elapsed_s", (double)event->elapsed_us / 1e6,
			      "remaining_s", warned ? json_real((double)event->remaining_us / 1e6) : json_null(),
			      "processes", warned || event->unseen ? json_null() : make_processes(event), "delivery",
			      warned ? to_json_delivery(event->delivery) : json_null(), "desktop",
			      to_json_text(event->desktop && *event->desktop ? event->desktop : NULL), "held",
			      to_json_text(event->type == LOGOFF_EVENT_LEAVE_HELD ? event->held : NULL), "cause",
			      to_json_cause(event->cause)));
}

/* TEXT, or "" if it holds a character that nobody can type, as its replacement would be no name. */
static const char *typable(const char *text)
{
	return text && strcmp(safe(text).text, text) == 0 ? text : "";
}

int result_print_sessions(struct logoff_host *host)
{
	struct logoff_session **sessions;
	size_t n;

	if (logoff_host_list(host, &sessions, &n, NULL) < 0)
		return EXIT_UNREACHABLE;
	for (size_t i = 0; i < n; i++)
		if (*typable(logoff_session_id(sessions[i])))
			printf("%s\t%s\t%s\n", typable(logoff_session_id(sessions[i])),
			       typable(logoff_session_name(sessions[i])), typable(logoff_session_user(sessions[i])));
	logoff_session_list_free(sessions, n);
	return EXIT_ENDED;
}
