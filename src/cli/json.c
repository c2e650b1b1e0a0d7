/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * json.c - see json.h. jansson checks and writes JSON; this file defines the fields of sessions, results and events.
 */
#include "cli/json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/os.h"
#include "base/utf8.h"
#include "cli/facts.h"
#include "cli/when.h"

static const char replacement[] = "\357\277\275";	/* U+FFFD */

json_t *to_json_text(const char *text)
{
	json_t *json = text ? json_string(text) : json_null();
	size_t n = 0;
	char *valid;

	if (json)
		return json;
	/* It is not UTF-8. */
	valid = malloc(strlen(text) * strlen(replacement) + 1);
	while (valid && *text) {
		uint32_t character;
		size_t length = utf8_decode(text, &character);

		memcpy(valid + n, length ? text : replacement, length ? length : strlen(replacement));
		n += length ? length : strlen(replacement);
		text += length ? length : 1;
	}
	json = valid ? json_stringn(valid, n) : NULL;
	free(valid);
	return json;
}

json_t *to_json_time(int64_t time_us)
{
	return time_us < 0 ? json_null() : json_string(when_iso(time_us).text);
}

json_t *to_json_uid(uid_t uid)
{
	return uid == (uid_t)-1 ? json_null() : json_integer(uid);
}

json_t *to_json_own(const struct logoff_session *session, enum logoff_trait trait)
{
	if (logoff_session_is(session, LOGOFF_IS_OWN_UNSURE))
		return json_null();
	return json_boolean(logoff_session_is(session, trait));
}

json_t *to_json_host(const char *server)
{
	char name[256];

	if (server && *server)
		return to_json_text(server);
	os_host_name(name, sizeof(name));
	return to_json_text(*name ? name : "localhost");
}

static const char *kind_word(enum logoff_kind kind)
{
	switch (kind) {
	case LOGOFF_KIND_USER:
		return "user";
	case LOGOFF_KIND_GREETER:
		return "greeter";
	case LOGOFF_KIND_BACKGROUND:
		return "background";
	case LOGOFF_KIND_SERVICES:
		return "services";
	}
	return NULL;
}

const char *json_state(enum logoff_state state, enum logoff_kind kind)
{
	switch (state) {
	case LOGOFF_STATE_ACTIVE:
		return kind == LOGOFF_KIND_GREETER ? "connected" : "active";
	case LOGOFF_STATE_DISCONNECTED:
		return "disconnected";
	case LOGOFF_STATE_CLOSING:
		return "closing";
	case LOGOFF_STATE_CONNECTED:
		return "connected";
	}
	return NULL;
}

static json_t *to_json_detail(const struct logoff_session *session, enum logoff_detail detail)
{
	return to_json_text(fact_detail(session, detail));
}

static json_t *to_json_terminals(const struct logoff_session *session)
{
	json_t *list = json_array();
	const char *terminal;

	for (size_t i = 0; (terminal = fact_terminal(session, i)); i++)
		(void)json_array_append_new(list, to_json_text(terminal)); /* json_array_append_new() refuses NULL */
	return list;
}

static json_t *to_json_seconds(int64_t us)
{
	return us < 0 ? json_null() : json_integer(us / 1000000);
}

static json_t *to_json_number(int32_t number)
{
	return number < 0 ? json_null() : json_integer(number);
}

json_t *to_json_session(struct logoff_session *session, const char *server)
{
	int64_t idle_us = fact_idle_us(session), age_us = fact_age_us(session);
	const char *user = logoff_session_user(session);

	return json_pack("{so so so so so so so so so so so sb sb so so so so so so so so so}",
			 "host", to_json_host(fact_host(session, server)),
			 "id", to_json_text(logoff_session_id(session)),
			 "number", to_json_number(fact_number(session)),
			 "name", to_json_text(logoff_session_name(session)),
			 "user", to_json_text(*user ? user : NULL),
			 "domain", to_json_detail(session, LOGOFF_DETAIL_DOMAIN),
			 "uid", to_json_uid(logoff_session_uid(session)),
			 "state", to_json_text(json_state(logoff_session_state(session), logoff_session_kind(session))),
			 "kind", to_json_text(kind_word(logoff_session_kind(session))),
			 "current", to_json_own(session, LOGOFF_IS_CURRENT),
			 "own", to_json_own(session, LOGOFF_IS_OWN),
			 "console", logoff_session_is(session, LOGOFF_IS_CONSOLE),
			 "registered", logoff_session_is(session, LOGOFF_IS_REGISTERED),
			 "protocol", to_json_detail(session, LOGOFF_DETAIL_PROTOCOL),
			 "terminal", to_json_detail(session, LOGOFF_DETAIL_TERMINAL),
			 "terminals", to_json_terminals(session),
			 "display", to_json_detail(session, LOGOFF_DETAIL_DISPLAY),
			 "address", to_json_detail(session, LOGOFF_DETAIL_ADDRESS),
			 "client", to_json_detail(session, LOGOFF_DETAIL_CLIENT),
			 "logon_time", to_json_time(fact_logon_us(session)),
			 "age_seconds", to_json_seconds(age_us),
			 "idle_seconds", to_json_seconds(idle_us));
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
	case LOGOFF_ERROR_WIN32:
		return "win32";
	case LOGOFF_ERROR_PROGRAM:
		return "program";
	}
	return NULL;
}

json_t *to_json_cause(const struct logoff_error *cause)
{
	if (!cause || cause->domain == LOGOFF_ERROR_NONE)
		return json_null();
	return json_pack("{s:s, s:o, s:o, s:I}", "domain", domain_word(cause->domain), "text",
			 to_json_text(cause->text), "name", to_json_text(cause->name[0] ? cause->name : NULL), "number",
			 (json_int_t)cause->number);
}

static const char *delivery_word(int result)
{
	switch (result) {
	case 0:
		return "delivered";
	case LOGOFF_E_DENIED:
		return "denied";
	case LOGOFF_E_NO_SESSION:
		return "ended";
	case LOGOFF_E_TIMEOUT:
		return "not-in-time";
	case LOGOFF_E_CANCELLED:
		return "cancelled";
	case LOGOFF_E_UNSUPPORTED:
		return "no-way";
	case LOGOFF_E_AGAIN:
		return "unknown";
	default:
		return "failed";
	}
}

static const char *channel_word(enum logoff_channel channel)
{
	switch (channel) {
	case LOGOFF_CHANNEL_NONE:
		return NULL;
	case LOGOFF_CHANNEL_TERMINAL:
		return "terminal";
	case LOGOFF_CHANNEL_DESKTOP:
		return "desktop";
	case LOGOFF_CHANNEL_DISPLAY:
		return "display";
	case LOGOFF_CHANNEL_PAGE:
		return "page";
	}
	return NULL;
}

static const char *answer_word(enum logoff_answer answer)
{
	switch (answer) {
	case LOGOFF_ANSWER_NONE:
		return NULL;
	case LOGOFF_ANSWER_OK:
		return "ok";
	case LOGOFF_ANSWER_CLOSED:
		return "closed";
	case LOGOFF_ANSWER_TIMEOUT:
		return "not-in-time";
	}
	return NULL;
}

json_t *to_json_delivery(const struct logoff_delivery *delivery)
{
	return json_pack("{s:s, s:s?, s:s?, s:o}", "result", delivery_word(delivery->result), "channel",
			 channel_word(delivery->channel), "answer", answer_word(delivery->answer), "cause",
			 to_json_cause(delivery->result < 0 ? &delivery->cause : NULL));
}

/* ---- results and events ---- */

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

json_t *to_json_result(const struct logoff_session *session, const struct logoff_outcome *outcome, json_t *row,
		       int status)
{
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
	if (outcome->exists == LOGOFF_EXISTS_YES)
		(void)json_object_set_new(row, "state",
					  to_json_text(json_state(outcome->state, logoff_session_kind(session))));
	return row;
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

const char *json_word(enum json_words words, int value)
{
	switch (words) {
	case JSON_KIND:
		return kind_word((enum logoff_kind)value);
	case JSON_DOMAIN:
		return domain_word((enum logoff_error_domain)value);
	case JSON_DELIVERY:
		return delivery_word(value);
	case JSON_CHANNEL:
		return channel_word((enum logoff_channel)value);
	case JSON_ANSWER:
		return answer_word((enum logoff_answer)value);
	case JSON_STUCK:
		return stuck_word((enum logoff_stuck)value);
	case JSON_RESULT:
		return logoff_result_word((enum logoff_result)value);
	case JSON_EVENT:
		return event_word((enum logoff_event_type)value);
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

json_t *to_json_event(const struct logoff_event *event, const char *server)
{
	const char *word = event_word(event->type), *user;
	bool warned = event->type == LOGOFF_EVENT_WARNED;

	if (!word)
		return NULL;
	user = logoff_session_user(event->session);
	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:f, s:o, s:o, s:o, s:o, s:o, s:o}", "event", word, "host",
			 to_json_host(fact_host(event->session, server)), "session_id",
			 to_json_text(logoff_session_id(event->session)), "name",
			 to_json_text(logoff_session_name(event->session)), "user", to_json_text(*user ? user : NULL),
			 "elapsed_s", (double)event->elapsed_us / 1e6, "remaining_s",
			 warned ? json_real((double)event->remaining_us / 1e6) : json_null(), "processes",
			 warned || event->unseen ? json_null() : make_processes(event), "delivery",
			 warned ? to_json_delivery(event->delivery) : json_null(), "desktop",
			 to_json_text(event->desktop && *event->desktop ? event->desktop : NULL), "held",
			 to_json_text(event->type == LOGOFF_EVENT_LEAVE_HELD ? event->held : NULL), "cause",
			 to_json_cause(event->cause));
}

/* ---- printing ---- */

/* DEL is the only unprintable ASCII character that jansson does not escape. Returns whether all was written. */
static bool write_ascii(const char *text, FILE *to)
{
	size_t n;

	for (; text[n = strcspn(text, "\177")]; text += n + 1)
		if (fwrite(text, 1, n, to) < n || fputs("\\u007F", to) < 0)
			return false;
	return fwrite(text, 1, n, to) == n;
}

int write_json(json_t *json, bool one_line, FILE *to)
{
	size_t flags = (one_line ? JSON_COMPACT : JSON_INDENT(2)) | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(9);
	char *text = json ? json_dumps(json, flags) : NULL;
	int r = text ? 0 : -ENOMEM;

	errno = 0;
	if (text && (!write_ascii(text, to) || putc('\n', to) == EOF))
		r = errno ? -errno : -EIO;
	free(text);
	json_decref(json);
	return r;
}

int print_json(json_t *json, bool one_line, FILE *to)
{
	int r = write_json(json, one_line, to);

	return r == 0 && fflush(to) == EOF ? -errno : r;
}
