/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * result.c - see result.h. The words of "result" are those of the audit record; they are never translated.
 */
#include "cli/result.h"

#include <string.h>

#include "cli/json.h"
#include "cli/output.h"
#include "cli/report.h"
#include "cli/text.h"

/* Says what became of one session, and whether that is recorded. Returns the exit status. */
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
	report_advice(request);
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

static json_t *make_left(const struct logoff_request *request, size_t i)
{
	const struct logoff_process *left = NULL;
	size_t n = logoff_request_left(request, i, &left, NULL);
	json_t *array = json_array();

	for (size_t j = 0; j < n; j++)
		(void)json_array_append_new(array, json_pack("{s:i, s:o, s:s?, s:o}", "pid", (int)left[j].pid, "command",
							     to_json_text(left[j].command), "stuck", stuck_word(left[j].stuck),
							     "tracer", left[j].tracer > 0 ? json_integer(left[j].tracer) : json_null()));
							     /* NULL is refused */
	return array;
}

static json_t *make_exists(const struct logoff_request *request, size_t i)
{
	const struct logoff_process *left;
	int exists;

	(void)logoff_request_left(request, i, &left, &exists);
	return exists < 0 ? json_null() : json_boolean(exists);
}

static const char *domain_word(enum logoff_error_domain domain)
{
	switch (domain) {
	case LOGOFF_ERROR_NONE:
		return "none";
	case LOGOFF_ERROR_ERRNO:
		return "errno";
	case LOGOFF_ERROR_DBUS:
		return "dbus";
	case LOGOFF_ERROR_FORMAT:
		return "format";
	case LOGOFF_ERROR_NTSTATUS:
		return "ntstatus";
	case LOGOFF_ERROR_HRESULT:
		return "hresult";
	case LOGOFF_ERROR_RPC:
		return "rpc";
	}
	return NULL;
}

static json_t *make_cause(int r, const struct logoff_error *cause)
{
	if (r == 0 || cause->domain == LOGOFF_ERROR_NONE)
		return json_null();
	return json_pack("{s:s, s:o, s:o, s:I}", "domain", domain_word(cause->domain), "text", to_json_text(cause->text),
			 "name", to_json_text(cause->name[0] ? cause->name : NULL), "number", (json_int_t)cause->number);
}

static json_t *make_result(const struct logoff_request *request, size_t i, const char *server, int status)
{
	const struct logoff_error *cause = NULL;
	int r = logoff_request_result(request, i, &cause);
	/* The request's sessions are ours; only the asking of an idle time needs more than to read them. */
	struct logoff_session *session = (struct logoff_session *)logoff_request_session(request, i);
	json_t *object = to_json_session(session, server);

	if (json_object_update_new(object, json_pack("{s:s, s:i, s:b, s:f, s:o, s:o, s:o}", "result", logoff_result_word(r),
						     "exit_status", status, "forced", logoff_request_forced(request, i),
						     "elapsed_s", (double)logoff_request_elapsed_us(request, i) / 1e6,
						     "session_exists", make_exists(request, i), "left",
						     make_left(request, i), "cause", make_cause(r, cause))) < 0) {
		json_decref(object);
		return NULL;
	}
	if (json_is_true(json_object_get(object, "session_exists")))
		(void)json_object_set_new(object, "state",
					  to_json_text(json_state(logoff_request_state(request, i),
								  logoff_session_kind(session))));
	return object;
}

int result_print_plan(const struct choice *choice, const char *server, bool console)
{
	json_t *array = json_array();

	for (size_t i = 0; i < choice->n_items; i++) {
		struct logoff_session *session = choice->items[i].session;
		bool protected = report_is_protected(session, console);
		json_t *object = to_json_session(session, server);

		(void)json_object_set_new(object, "result", json_string(protected ? "protected" : "would-end"));
		(void)json_array_append_new(array, object);	/* NULL is refused */
	}
	output_note(print_json(array, stdout));
	return EXIT_ENDED;
}

int result_print_json(const struct logoff_request *request, const char *server)
{
	json_t *array = json_array();
	int status = EXIT_ENDED;

	for (size_t i = 0; i < logoff_request_count(request); i++) {
		int one = report_one(request, i, false);

		status = one > status ? one : status;
		(void)json_array_append_new(array, make_result(request, i, server, one));	/* NULL is refused */
	}
	report_advice(request);
	output_note(print_json(array, stdout));
	return status;
}

/* TEXT, or nothing if it holds what nobody can type: what would be shown in its place is no name. */
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
			printf("%s\t%s\t%s\n", typable(logoff_session_id(sessions[i])), typable(logoff_session_name(sessions[i])),
			       typable(logoff_session_user(sessions[i])));
	logoff_session_list_free(sessions, n);
	return EXIT_ENDED;
}
