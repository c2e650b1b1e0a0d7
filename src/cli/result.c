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

int result_report(const struct logoff_session *session, const struct logoff_outcome *outcome, bool talkative)
{
	int result = report_result(session, outcome, talkative), record = report_record(session, outcome);

	return record > result ? record : result;
}

int result_print(const struct logoff_request *request, bool talkative)
{
	size_t n = logoff_request_count(request);
	int status = EXIT_ENDED;

	for (size_t i = 0; i < n; i++) {
		int one = result_report(logoff_request_session(request, i), logoff_request_outcome(request, i),
					talkative);

		status = one > status ? one : status;
	}
	if (report_lacks_rights(request))
		agent_advise();
	return status;
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
	const struct logoff_session *session = logoff_request_session(rows->request, i);
	const struct logoff_outcome *outcome = logoff_request_outcome(rows->request, i);
	int one = result_report(session, outcome, false);
	json_t *row = rows->sessions ? rows->sessions[i] : make_session(rows->request, i);

	rows->status = one > rows->status ? one : rows->status;
	stream_row("result", to_json_result(session, outcome, row, one));
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

void result_event(const struct logoff_event *event)
{
	json_t *object = to_json_event(event, arg_server);

	if (object)
		stream_line("event", object);
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
