/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * json.c - see json.h. jansson checks and writes JSON; this file defines the fields of a session.
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

json_t *to_json_host(const char *server)
{
	char name[256];

	if (server && *server)
		return to_json_text(server);
	os_host_name(name, sizeof(name));
	return to_json_text(*name ? name : "localhost");
}

static const char *kind_word(const struct logoff_session *session)
{
	switch (logoff_session_kind(session)) {
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

json_t *to_json_session(struct logoff_session *session, const char *server)
{
	int64_t idle_us = fact_idle_us(session), age_us = fact_age_us(session);
	const char *user = logoff_session_user(session);

	return json_pack("{so so so so so so so so sb sb sb sb so so so so so so so so so}",
			 "host", to_json_host(server),
			 "id", to_json_text(logoff_session_id(session)),
			 "name", to_json_text(logoff_session_name(session)),
			 "user", to_json_text(*user ? user : NULL),
			 "domain", to_json_detail(session, LOGOFF_DETAIL_DOMAIN),
			 "uid", to_json_uid(logoff_session_uid(session)),
			 "state", to_json_text(json_state(logoff_session_state(session), logoff_session_kind(session))),
			 "kind", to_json_text(kind_word(session)),
			 "current", logoff_session_is(session, LOGOFF_IS_CURRENT),
			 "own", logoff_session_is(session, LOGOFF_IS_OWN),
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

/* DEL is the only unprintable ASCII character that jansson does not escape. */
static int write_ascii(const char *buffer, size_t size, void *to)
{
	const char *del;

	while ((del = memchr(buffer, '\177', size))) {
		size_t before = (size_t)(del - buffer);

		if (fwrite(buffer, 1, before, to) < before || fputs("\\u007F", to) < 0)
			return -1;
		buffer += before + 1;
		size -= before + 1;
	}
	return fwrite(buffer, 1, size, to) < size ? -1 : 0;
}

int print_json(json_t *json, bool one_line, FILE *to)
{
	size_t flags = (one_line ? JSON_COMPACT : JSON_INDENT(2)) | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(9);
	int r = json ? 0 : -ENOMEM;

	errno = 0;
	if (r == 0 &&
	    (json_dump_callback(json, write_ascii, to, flags) < 0 || putc('\n', to) == EOF || fflush(to) == EOF))
		r = errno ? -errno : -ENOMEM;
	json_decref(json);
	return r;
}
