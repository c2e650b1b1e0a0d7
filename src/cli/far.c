/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * far.c - see far.h. json.c has the words of all enums, so that there is no second table of them here.
 */
#include "cli/far.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/number.h"
#include "base/utf8.h"
#include "cli/json.h"
#include "cli/report.h"
#include "cli/when.h"

#define TIME_MAX_S INT64_C(253402300799)	/* the end of the year 9999 */
#define SPAN_MAX_S 1e9				/* of a log-off; a double tells each microsecond of it */
#define WORDS_MAX 64				/* no enum has as many values */
#define KIND_MAX 40				/* bytes of the kind of a failure */

/* ---- values: each returns whether it is right ---- */

/* jansson refuses a text with a null byte only if whoever reads the line has it do so. */
static bool is_text(const json_t *value)
{
	return json_is_string(value) && strlen(json_string_value(value)) == json_string_length(value);
}

/* A text, or NULL for null. */
static bool take_text(const json_t *object, const char *key, const char **ret)
{
	const json_t *value = json_object_get(object, key);

	*ret = json_string_value(value);
	return json_is_null(value) || is_text(value);
}

static bool take_flag(const json_t *object, const char *key, bool *ret)
{
	const json_t *value = json_object_get(object, key);

	*ret = json_is_true(value);
	return json_is_boolean(value);
}

/* A number from 0 to MAX, or -1 for null. */
static bool take_number(const json_t *value, int64_t max, int64_t *ret)
{
	*ret = json_is_null(value) ? -1 : json_integer_value(value);
	return json_is_null(value) || (json_is_integer(value) && *ret >= 0 && *ret <= max);
}

/* A span of a log-off, with its fraction. */
static bool take_span(const json_t *object, const char *key, uint64_t *ret_us)
{
	const json_t *value = json_object_get(object, key);
	double seconds = json_number_value(value);

	if (!json_is_number(value) || !(seconds >= 0 && seconds <= SPAN_MAX_S))
		return false;
	*ret_us = (uint64_t)(seconds * 1e6 + 0.5);
	return true;
}

/* The value of that enum whose word it is. Null is the value 0 where that has no word. */
static bool take_word(const json_t *object, const char *key, enum json_words words, int *ret)
{
	const json_t *value = json_object_get(object, key);

	*ret = 0;
	if (json_is_null(value) && !json_word(words, 0))
		return true;
	if (!is_text(value))
		return false;
	/* Of several results with one word the lowest comes first: "failed" is LOGOFF_E_FAILED. */
	for (*ret = LOGOFF_E_FAILED; *ret < WORDS_MAX; (*ret)++)
		if (json_word(words, *ret) && strcmp(json_word(words, *ret), json_string_value(value)) == 0)
			return true;
	return false;
}

/* Copies what has room of a text that may be as long as a peer likes. */
static void copy_text(char *to, size_t size, const char *from)
{
	if (snprintf(to, size, "%s", from ? from : "") >= (int)size)
		utf8_cut(to);
}

/* ---- causes ---- */

int far_cause(const json_t *json, struct logoff_error *ret)
{
	const json_t *number = json_object_get(json, "number");
	const char *text, *name;
	int domain;

	*ret = (struct logoff_error){};
	if (json_is_null(json))
		return 0;
	if (!take_text(json, "text", &text) || !take_text(json, "name", &name) || !json_is_integer(number) ||
	    !take_word(json, "domain", JSON_DOMAIN, &domain) || domain == LOGOFF_ERROR_NONE)
		return -EBADMSG;
	ret->domain = (enum logoff_error_domain)domain;
	ret->number = json_integer_value(number);
	copy_text(ret->text, sizeof(ret->text), text);
	copy_text(ret->name, sizeof(ret->name), name);
	return 0;
}

/* ---- sessions ---- */

const char *far_id(const json_t *row)
{
	const json_t *id = json_object_get(row, "session_id");

	if (!id)
		id = json_object_get(row, "id");
	return is_text(id) ? json_string_value(id) : NULL;
}

/* The login screen that is shown is active for the library, and only that has a name: it comes first. */
static bool take_state(const json_t *row, enum logoff_kind kind, enum logoff_state *ret)
{
	const json_t *word = json_object_get(row, "state");

	for (int state = LOGOFF_STATE_ACTIVE; is_text(word) && state < WORDS_MAX; state++) {
		const char *known = json_state((enum logoff_state)state, kind);

		*ret = (enum logoff_state)state;
		if (known && strcmp(known, json_string_value(word)) == 0)
			return true;
	}
	return false;
}

static bool take_texts(const json_t *row, struct logoff_session_facts *facts)
{
	return take_text(row, "id", &facts->id) && facts->id && *facts->id && take_text(row, "name", &facts->name) &&
	       take_text(row, "user", &facts->user) &&
	       take_text(row, "domain", &facts->domain) && take_text(row, "protocol", &facts->protocol) &&
	       take_text(row, "display", &facts->display) && take_text(row, "address", &facts->address) &&
	       take_text(row, "client", &facts->client);
}

/* Both are null where nobody can tell. */
static bool take_own(const json_t *row, struct logoff_session_facts *facts)
{
	facts->own_unsure = json_is_null(json_object_get(row, "own"));
	if (facts->own_unsure)
		return json_is_null(json_object_get(row, "current"));
	return take_flag(row, "current", &facts->current) && take_flag(row, "own", &facts->own);
}

static bool take_flags(const json_t *row, struct logoff_session_facts *facts)
{
	return take_own(row, facts) && take_flag(row, "console", &facts->console) &&
	       take_flag(row, "registered", &facts->registered);
}

static bool take_kind(const json_t *row, enum logoff_kind *ret)
{
	int kind;
	bool right = take_word(row, "kind", JSON_KIND, &kind);

	*ret = (enum logoff_kind)kind;
	return right;
}

static bool take_uid(const json_t *row, uint32_t *ret)
{
	int64_t uid;
	bool right = take_number(json_object_get(row, "uid"), UINT32_MAX - 1, &uid);

	*ret = uid < 0 ? UINT32_MAX : (uint32_t)uid;
	return right;
}

bool far_time(const json_t *value, int64_t *ret_us)
{
	struct tm tm = {};

	*ret_us = -1;
	if (json_is_null(value))
		return true;
	if (!is_text(value) ||
	    sscanf(json_string_value(value), "%4d-%2d-%2dT%2d:%2d:%2dZ", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
		   &tm.tm_hour, &tm.tm_min, &tm.tm_sec) != 6)
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon--;
	*ret_us = (int64_t)timegm(&tm) * 1000000;
	return *ret_us >= 0 && strcmp(when_iso(*ret_us).text, json_string_value(value)) == 0;
}

/* Older versions do not tell it. */
static bool take_session_number(const json_t *row, int32_t *ret)
{
	const json_t *value = json_object_get(row, "number");
	int64_t number = -1;
	bool right = !value || take_number(value, NUMBER_MAX, &number);

	*ret = (int32_t)number;
	return right;
}

static bool take_seconds(const json_t *row, const char *key, int64_t *ret_us)
{
	bool right = take_number(json_object_get(row, key), TIME_MAX_S, ret_us);

	*ret_us = right && *ret_us >= 0 ? *ret_us * 1000000 : -1;
	return right;
}

static bool take_times(const json_t *row, const json_t *logon, struct logoff_session_facts *facts)
{
	int64_t exact_us = -1;

	if (!far_time(json_object_get(row, "logon_time"), &facts->logon_us) ||
	    (logon && !take_number(logon, TIME_MAX_S * 1000000, &exact_us)))
		return false;
	if (exact_us >= 0)
		facts->logon_us = exact_us;
	return take_seconds(row, "age_seconds", &facts->age_us) && take_seconds(row, "idle_seconds", &facts->idle_us);
}

/* *RET is the caller's, the texts in it are not. */
static int take_terminals(const json_t *row, const char ***ret, size_t *ret_n)
{
	const json_t *list = json_object_get(row, "terminals");
	size_t n = json_array_size(list);

	*ret = calloc(n + 1, sizeof(**ret));
	*ret_n = n;
	if (!*ret)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		if (!is_text(json_array_get(list, i)))
			return -EBADMSG;
		(*ret)[i] = json_string_value(json_array_get(list, i));
	}
	return json_is_array(list) ? 0 : -EBADMSG;
}

int far_session(const json_t *row, const json_t *logon, const char *host, struct logoff_session **ret_session)
{
	struct logoff_session_facts facts = LOGOFF_SESSION_FACTS_DEFAULT;
	const char **terminals = NULL;
	int r = 0;

	facts.host = host;
	if (!take_texts(row, &facts) || !take_flags(row, &facts) || !take_kind(row, &facts.kind) ||
	    !take_state(row, facts.kind, &facts.state) || !take_uid(row, &facts.uid) ||
	    !take_session_number(row, &facts.number) || !take_times(row, logon, &facts))
		return -EBADMSG;
	r = take_terminals(row, &terminals, &facts.n_terminals);
	facts.terminals = terminals;
	if (r >= 0)
		r = logoff_session_import(ret_session, &facts) < 0 ? -ENOMEM : 0;
	free(terminals);
	return r;
}

/* ---- processes ---- */

static bool take_process(const json_t *json, bool left, struct logoff_process *ret)
{
	const char *command;
	int64_t pid, tracer = -1;
	int stuck = LOGOFF_STUCK_NOT;

	if (!take_number(json_object_get(json, "pid"), INT32_MAX, &pid) || pid < 1 ||
	    !take_text(json, "command", &command) || !command)
		return false;
	if (left && (!take_word(json, "stuck", JSON_STUCK, &stuck) ||
		     !take_number(json_object_get(json, "tracer"), INT32_MAX, &tracer)))
		return false;
	ret->pid = (int32_t)pid;
	ret->stuck = (enum logoff_stuck)stuck;
	ret->tracer = tracer < 0 ? 0 : (int32_t)tracer;
	copy_text(ret->command, sizeof(ret->command), command);
	return true;
}

int far_process(struct far_process *ret, const json_t *row)
{
	const char *command, *user, *session;
	int64_t pid;

	*ret = (struct far_process){ .process.manager_uid = UINT32_MAX };
	if (!take_number(json_object_get(row, "pid"), INT32_MAX, &pid) || pid < 0 ||
	    !take_uid(row, &ret->process.uid) || !take_text(row, "command", &command) || !command ||
	    !take_text(row, "user", &user) || !take_text(row, "session_id", &session))
		return -EBADMSG;
	ret->process.pid = (int32_t)pid;
	copy_text(ret->process.command, sizeof(ret->process.command), command);
	copy_text(ret->process.session_id, sizeof(ret->process.session_id), session ? session : "");
	copy_text(ret->user, sizeof(ret->user), user ? user : "");
	return 0;
}

static void processes_done(struct far_processes *processes)
{
	free(processes->items);
	free(processes->pointers);
	*processes = (struct far_processes){};
}

/* Null: they cannot be seen. LEFT: each has a reason why it does not end. */
static int take_processes(const json_t *list, bool left, struct far_processes *ret, bool *ret_unseen)
{
	size_t n = json_array_size(list);

	*ret_unseen = json_is_null(list);
	if (!json_is_array(list) && !*ret_unseen)
		return -EBADMSG;
	ret->items = calloc(n + 1, sizeof(*ret->items));
	ret->pointers = calloc(n + 1, sizeof(*ret->pointers));
	if (!ret->items || !ret->pointers)
		return -ENOMEM;
	for (; ret->n_items < n; ret->n_items++) {
		if (!take_process(json_array_get(list, ret->n_items), left, &ret->items[ret->n_items]))
			return -EBADMSG;
		ret->pointers[ret->n_items] = &ret->items[ret->n_items];
	}
	return 0;
}

/* ---- deliveries and events ---- */

int far_delivery(const json_t *json, struct logoff_delivery *ret)
{
	int result, channel, answer;

	*ret = (struct logoff_delivery){};
	if (!take_word(json, "result", JSON_DELIVERY, &result) ||
	    !take_word(json, "channel", JSON_CHANNEL, &channel) ||
	    !take_word(json, "answer", JSON_ANSWER, &answer))
		return -EBADMSG;
	ret->result = (enum logoff_result)result;
	ret->channel = (enum logoff_channel)channel;
	ret->answer = (enum logoff_answer)answer;
	return far_cause(json_object_get(json, "cause"), &ret->cause);
}

/* What only a warning has: it lists no processes. */
static int take_warning(struct far_event *far, const json_t *json)
{
	far->event.delivery = &far->delivery;
	if (!take_span(json, "remaining_s", &far->event.remaining_us))
		return -EBADMSG;
	return far_delivery(json_object_get(json, "delivery"), &far->delivery);
}

static int take_event(struct far_event *far, const json_t *json)
{
	struct logoff_event *event = &far->event;
	int type, r;

	if (!take_word(json, "event", JSON_EVENT, &type) || !take_span(json, "elapsed_s", &event->elapsed_us) ||
	    !take_text(json, "desktop", &event->desktop) || !take_text(json, "held", &event->held))
		return -EBADMSG;
	event->type = (enum logoff_event_type)type;
	if (event->type == LOGOFF_EVENT_LEAVE_HELD && !event->held)
		return -EBADMSG;
	if (!event->desktop)
		event->desktop = "";
	r = far_cause(json_object_get(json, "cause"), &far->cause);
	event->cause = &far->cause;
	if (r >= 0 && event->type == LOGOFF_EVENT_WARNED)
		return take_warning(far, json);
	if (r >= 0)
		r = take_processes(json_object_get(json, "processes"), false, &far->processes, &event->unseen);
	event->processes = far->processes.pointers;
	event->n_processes = far->processes.n_items;
	return r;
}

int far_event(struct far_event *ret, const json_t *json, const struct logoff_session *session)
{
	int r;

	*ret = (struct far_event){ .event.session = session };
	r = take_event(ret, json);
	if (r < 0)
		far_event_done(ret);
	return r;
}

void far_event_done(struct far_event *event)
{
	processes_done(&event->processes);
	*event = (struct far_event){};
}

/* ---- results ---- */

static bool take_status(const json_t *json, int *ret)
{
	const json_t *status = json_object_get(json, "exit_status");

	*ret = (int)json_integer_value(status);
	return json_is_integer(status) && json_integer_value(status) >= EXIT_ENDED &&
	       json_integer_value(status) <= EXIT_LOGON;
}

/* Several results have the word "failed". Only one of them has a status of its own. */
static bool take_result(const json_t *json, int status, enum logoff_result *ret)
{
	int result;
	bool right = take_word(json, "result", JSON_RESULT, &result);

	*ret = result == LOGOFF_E_FAILED && status == EXIT_LOGON ? LOGOFF_E_NOT_ACCEPTED : (enum logoff_result)result;
	return right;
}

/* Whether the session still existed, and if so, its state. */
static bool take_existence(const json_t *json, struct logoff_outcome *outcome)
{
	const json_t *exists = json_object_get(json, "session_exists");
	enum logoff_kind kind;

	outcome->exists = json_is_null(exists) ? LOGOFF_EXISTS_UNKNOWN :
			  json_is_true(exists) ? LOGOFF_EXISTS_YES : LOGOFF_EXISTS_NO;
	if (!json_is_null(exists) && !json_is_boolean(exists))
		return false;
	return outcome->exists != LOGOFF_EXISTS_YES ||
	       (take_kind(json, &kind) && take_state(json, kind, &outcome->state));
}

static int take_outcome(struct far_outcome *far, const json_t *json)
{
	struct logoff_outcome *outcome = &far->outcome;
	int r;

	if (!take_status(json, &far->exit_status) || !take_result(json, far->exit_status, &outcome->result) ||
	    !take_flag(json, "forced", &outcome->forced) || !take_flag(json, "warned", &outcome->warned) ||
	    !take_span(json, "elapsed_s", &outcome->elapsed_us) || !take_existence(json, outcome))
		return -EBADMSG;
	r = far_cause(json_object_get(json, "cause"), &outcome->cause);
	if (r >= 0)
		r = take_processes(json_object_get(json, "left"), true, &far->left, &outcome->unseen);
	outcome->left = far->left.pointers;
	outcome->n_left = far->left.n_items;
	if (r >= 0 && outcome->result == LOGOFF_OK && (outcome->exists != LOGOFF_EXISTS_NO || outcome->n_left > 0))
		return -EBADMSG;	/* what is still there has not ended */
	return r;
}

int far_outcome(struct far_outcome *ret, const json_t *json)
{
	int r;

	*ret = (struct far_outcome){ .outcome.recorded = true };
	r = take_outcome(ret, json);
	if (r < 0)
		far_outcome_done(ret);
	return r;
}

void far_outcome_done(struct far_outcome *outcome)
{
	processes_done(&outcome->left);
	/* What is forgotten here must not look like a session that has ended. */
	*outcome = (struct far_outcome){ .outcome = { .result = LOGOFF_E_FAILED, .exists = LOGOFF_EXISTS_UNKNOWN } };
}

/* ---- failures ---- */

static bool is_kind(const char *text)
{
	size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyz-");

	return n > 0 && n <= KIND_MAX && text[n] == '\0';
}

int far_failure(struct far_failure *ret, const json_t *json)
{
	*ret = (struct far_failure){};
	if (!take_text(json, "kind", &ret->kind) || !ret->kind || !is_kind(ret->kind) ||
	    !take_text(json, "object", &ret->object) || !take_status(json, &ret->exit_status))
		return -EBADMSG;
	return far_cause(json_object_get(json, "cause"), &ret->cause);
}
