/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * stream.c - see stream.h. A document without one of its rows would be wrong, so it is not printed at all.
 */
#include "cli/stream.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/libc.h"
#include "cli/command.h"
#include "cli/json.h"
#include "cli/output.h"

enum option_word arg_json;

static json_t *document;	/* the rows of the document so far */
static bool incomplete, held;
static void (*tell_failure)(json_t *failure);

bool stream_is_lines(void)
{
	return arg_json == OPTION_WORD_GIVEN;
}

void stream_line(const char *type, json_t *object)
{
	json_t *line = stream_is_lines() && object ? json_pack("{s:s}", "type", type) : NULL;

	if (line && json_object_update(line, object) < 0) {
		json_decref(line);
		line = NULL;
	}
	if (stream_is_lines())
		output_note(print_json(line, true, stdout));
	json_decref(object);
}

void stream_row(const char *type, json_t *row)
{
	if (arg_json != OPTION_WORD_BARE)
		return stream_line(type, row);
	if (!document)
		document = json_array();
	if (json_array_append_new(document, row) < 0)	/* json_array_append_new() refuses NULL */
		incomplete = true;
}

void stream_hold(bool hold)
{
	held = hold;
}

void stream_end(void)
{
	if (arg_json != OPTION_WORD_BARE || held)
		return;
	if (!document)
		document = json_array();
	if (incomplete) {
		json_decref(document);
		document = NULL;
	}
	output_note(print_json(document, false, stdout));
	document = NULL;
	incomplete = false;
}

enum exit_status stream_failure_of(const char *host, enum exit_status status, const char *kind, const char *object,
				   const struct logoff_error *cause)
{
	json_t *failure = NULL;

	if (tell_failure || stream_is_lines())
		failure = json_pack("{s:o, s:s, s:o, s:o, s:i}", "host", to_json_host(host), "kind", kind, "object",
				    to_json_text(object), "cause", to_json_cause(cause), "exit_status", (int)status);
	if (tell_failure)
		tell_failure(failure);
	else
		stream_line("failure", failure);
	return status;
}

enum exit_status stream_failure(enum exit_status status, const char *kind, const char *object,
				const struct logoff_error *cause)
{
	return stream_failure_of(arg_server, status, kind, object, cause);
}

void stream_tell_failures(void (*tell)(json_t *failure))
{
	tell_failure = tell;
}

struct logoff_error stream_cause(int r)
{
	struct logoff_error cause = { .domain = LOGOFF_ERROR_ERRNO, .number = -r };

	/* Not strerror(): programs get the same words in every language. */
	snprintf(cause.text, sizeof(cause.text), "%s", strerrordesc_np(-r) ? strerrordesc_np(-r) : "");
	snprintf(cause.name, sizeof(cause.name), "%s", strerrorname_np(-r) ? strerrorname_np(-r) : "");
	return cause;
}

enum exit_status stream_failure_errno(enum exit_status status, const char *kind, const char *object, int r)
{
	struct logoff_error cause = stream_cause(r);

	return stream_failure(status, kind, object, &cause);
}
