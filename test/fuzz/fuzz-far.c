/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fuzz-far.c - any line of JSON that claims to come from logoff-host.
 *
 * Beside crashes and leaks it looks for a session that has ended without the word for it, or with something left; for a
 * failure without a kind; for an answer about logons that takes what is unknown for known; and for fields that change
 * when they are written and read once more.
 */
#include "cli/far.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/json.h"
#include "drain/answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void require_right(int r)
{
	require(r == 0 || r == -EBADMSG);
}

/* Both are the same. Drops the references. */
static void require_same(json_t *a, json_t *b)
{
	require(a && b && json_equal(a, b));
	json_decref(a);
	json_decref(b);
}

static struct logoff_session *check_session(const json_t *row, const json_t *logon)
{
	struct logoff_session *session = NULL, *again = NULL;
	json_t *written;
	int r = far_session(row, logon, "a", &session);

	require_right(r);
	if (r < 0) {
		require(!session);
		return NULL;
	}
	require(*logoff_session_id(session) && strcmp(logoff_session_id(session), far_id(row)) == 0);
	written = to_json_session(session, "a");
	require(far_session(written, NULL, "a", &again) == 0);
	require_same(to_json_session(again, "a"), written);
	logoff_session_free(again);
	return session;
}

static void check_event(const json_t *json, const struct logoff_session *session)
{
	struct far_event event, again;
	json_t *written;
	int r = far_event(&event, json, session);

	require_right(r);
	if (r < 0)
		return;
	require(event.event.desktop && event.event.cause);
	require((event.event.type == LOGOFF_EVENT_WARNED) == (event.event.delivery != NULL));
	for (size_t i = 0; i < event.event.n_processes; i++)
		require(event.event.processes[i]->pid > 0);
	written = to_json_event(&event.event, "a");
	require(far_event(&again, written, session) == 0);
	json_incref(written);
	require_same(to_json_event(&again.event, "a"), written);
	far_event_done(&again);
	far_event_done(&event);
	json_decref(written);
}

static void check_outcome(const json_t *json, struct logoff_session *session)
{
	const char *word = json_string_value(json_object_get(json, "result"));
	struct far_outcome outcome, again;
	json_t *written;
	int r = far_outcome(&outcome, json);

	require_right(r);
	require((r == 0 && word && strcmp(word, "ended") == 0) == (outcome.outcome.result == LOGOFF_OK));
	if (r < 0)
		return;
	require(outcome.outcome.result != LOGOFF_OK ||
		(outcome.outcome.n_left == 0 && outcome.outcome.exists == LOGOFF_EXISTS_NO));
	written = to_json_result(session, &outcome.outcome, to_json_session(session, "a"), outcome.exit_status);
	require(far_outcome(&again, written) == 0);
	require_same(to_json_result(session, &again.outcome, to_json_session(session, "a"), again.exit_status), written);
	far_outcome_done(&again);
	far_outcome_done(&outcome);
}

static void check_delivery(const json_t *json)
{
	struct logoff_delivery delivery, again;
	json_t *written;
	int r = far_delivery(json, &delivery);

	require_right(r);
	if (r < 0)
		return;
	written = to_json_delivery(&delivery);
	require(far_delivery(written, &again) == 0);
	require_same(to_json_delivery(&again), written);
}

static void check_failure(const json_t *json)
{
	struct far_failure failure;
	int r = far_failure(&failure, json);

	require_right(r);
	require(r < 0 || (failure.kind && *failure.kind && failure.exit_status >= 0));
}

static void check_logons(const json_t *json)
{
	struct drain_answer answer, again;
	json_t *written;
	int r = drain_answer_from_json(&answer, json);

	require_right(r);
	if (r == 0) {
		require(answer.known == json_is_string(json_object_get(json, "mode")));
		for (size_t i = 0; i < answer.n_services; i++)
			require(*answer.services[i].name);
		written = drain_answer_to_json(&answer);
		require(drain_answer_from_json(&again, written) == 0);
		require_same(drain_answer_to_json(&again), written);
		drain_answer_done(&again);
	}
	drain_answer_done(&answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct logoff_session_facts facts = LOGOFF_SESSION_FACTS_DEFAULT;
	struct logoff_session *session, *known;
	json_t *line = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);

	facts.id = "12";
	require(logoff_session_import(&known, &facts) == LOGOFF_OK);
	session = check_session(json_object_get(line, "session"), json_object_get(line, "logon"));
	logoff_session_free(session);
	session = check_session(json_object_get(line, "result"), NULL);
	check_event(json_object_get(line, "event"), session ? session : known);
	check_outcome(json_object_get(line, "result"), session ? session : known);
	check_delivery(json_object_get(line, "delivery"));
	check_failure(json_object_get(line, "failure"));
	check_logons(json_object_get(line, "logon"));
	logoff_session_free(session);
	logoff_session_free(known);
	json_decref(line);
	return 0;
}
