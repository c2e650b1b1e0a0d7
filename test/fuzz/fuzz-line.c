/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fuzz-line.c - any lines that claim to come from the logoff-host of a client. It runs as the client's user, who may
 * have taken it over; the MS-TSTS service reads the lines as root.
 *
 * Beside crashes and leaks it looks for a line without what its kind needs, for numbers and texts beyond their limits,
 * for an answer that is taken for known without the word for it, and for a session without an id or with a state, a
 * user or a time that the line does not have.
 */
#include <stdlib.h>
#include <string.h>

#include "server/sessions.h"

#define HOST "LINUXBOX"
#define NOW_US INT64_C(1760000000000000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

/* In place of caller.c: there are no callers here. */
bool client_may(const struct client *client, enum right right, uid_t uid)
{
	(void)client, (void)uid;
	return right == RIGHT_NONE;
}

/* Returns TEXT, after all of its bytes were read. */
static const char *require_text(const char *text)
{
	require(text && strlen(text) <= LINE_MAX_TEXT);
	return text;
}

static void check_hello(const struct line *line)
{
	const json_t *value = json_object_get(line->json, "full_control");

	require(json_integer_value(json_object_get(line->json, "logoff-host")) == 1);
	require((line->full_control == ANSWER_YES) == json_is_true(value));
	require((line->full_control == ANSWER_NO) == json_is_false(value));
	require(line->records == (value != NULL));
}

static void check_reply(const struct line *line)
{
	require(*require_text(line->word) && line->serial > 0 && line->exit_status >= 0 && line->exit_status <= 255);
	require(line->hides != json_is_false(json_object_get(line->json, "hides_processes")));
}

/* Any object may be asked for any field: those that the service asks for. */
static void check_fields(const json_t *value)
{
	static const char *const names[] = { "result", "answer", "command", "session_id", "pid", "uid", "kind" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *text = line_text(value, names[i]);
		int64_t number = line_number(value, names[i], INT32_MAX);

		require(!text || *require_text(text));
		require(number >= -1 && number <= INT32_MAX && (number < 0 || !text));
	}
}

static void check_user(const struct session *session, const char *told)
{
	const char *split = told ? strchr(told, '\\') : NULL;

	require(*session->user || (!*session->domain && session->uid == (uid_t)-1) || split);
	require(!*session->user || (told && strcmp(session->user, split ? split + 1 : told) == 0));
	require(session->uid == (uid_t)-1 || told);
}

static void check_session(TALLOC_CTX *mem, const struct line *line)
{
	struct session session;
	struct session_list list = { .items = &session, .n_items = 1 };

	if (!session_parse(mem, line, HOST, NOW_US, &session))
		return;
	require(*require_text(session.id) && strcmp(session.id, line_text(line->value, "id")) == 0);
	require(session.number <= NUMBER_MAX && session.logon_us == line->logon_us && session.logon_us >= -1);
	require(session.state == TSTS_STATE_ACTIVE || session.state == TSTS_STATE_CONNECTED ||
		session.state == TSTS_STATE_DISCONNECTED);
	require(session.last_input_us >= -1 && session.last_input_us <= NOW_US);
	(void)require_text(session.user), (void)require_text(session.domain), (void)require_text(session.name);
	(void)require_text(session.client), (void)require_text(session.address);
	check_user(&session, line_text(line->value, "user"));
	require(session_by_id(&list, session.id, session.logon_us) == &session);
	require(!session_is_other_logon(&session, -1));
	require(session_by_number(&list, session.number) == &session);
	require(!session_allows(&session, NULL, RIGHT_LOGOFF));
}

static void check_line(TALLOC_CTX *mem, const struct line *line)
{
	switch (line->kind) {
	case LINE_HELLO:
		check_hello(line);
		break;
	case LINE_REPLY:
		check_reply(line);
		break;
	case LINE_CANCEL:
		require(strcmp(line->word, "cancel") == 0);
		break;
	case LINE_FAILURE:
		require(*require_text(line->word) && json_is_object(line->value));
		check_fields(line->value);
		break;
	case LINE_ITEM:
		require(line->serial > 0 && line->logon_us >= -1 && line->logon_us <= LINE_MAX_US);
		require(json_object_get(line->json, line->word) == line->value);
		check_fields(line->value);
		check_session(mem, line);	/* of whatever kind it is */
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (size_t n; size > 0; data += n, size -= n) {
		const uint8_t *end = memchr(data, '\n', size);
		size_t length = end ? (size_t)(end - data) : size;
		TALLOC_CTX *mem = talloc_new(NULL);
		char *text = malloc(length + 1);	/* of its own, so that the sanitizer sees a read beyond it */
		struct line line;

		require(mem && text);
		n = length + (end != NULL);
		memcpy(text, data, length);
		text = realloc(text, length ? length : 1);
		require(text != NULL);
		if (line_parse(&line, text, length)) {
			free(text);	/* nothing of the line points there */
			text = NULL;
			check_line(mem, &line);
		}
		line_done(&line);
		free(text);
		talloc_free(mem);
	}
	return 0;
}
