/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * session.c - one session: from the JSON of logoff-host (doc/json.md, Sessions), and who may do what with it.
 */
#include "server/sessions.h"

#include <string.h>
#include <strings.h>

#include "base/clock.h"

#define DAY_S 86400
#define TEN_YEARS_S (INT64_C(3660) * DAY_S)

static const char *copy(TALLOC_CTX *mem, const json_t *json, const char *name)
{
	const char *text = line_text(json, name);

	return text ? talloc_strdup(mem, text) : "";
}

static bool is_greeter(const json_t *json)
{
	const char *kind = line_text(json, "kind");

	return kind && strcmp(kind, "greeter") == 0;
}

/* A session that is closing is not Down: its processes are left. At a login screen nobody has logged on yet. */
static bool take_state(const json_t *json, struct session *ret)
{
	static const struct { const char *word; enum tsts_state state; } states[] = {
		{ "active", TSTS_STATE_ACTIVE }, { "online", TSTS_STATE_ACTIVE }, { "connected", TSTS_STATE_CONNECTED },
		{ "disconnected", TSTS_STATE_DISCONNECTED }, { "closing", TSTS_STATE_DISCONNECTED },
	};
	const char *word = line_text(json, "state");

	for (size_t i = 0; word && i < sizeof(states) / sizeof(states[0]); i++)
		if (strcmp(word, states[i].word) == 0) {
			ret->state = is_greeter(json) ? TSTS_STATE_CONNECTED : states[i].state;
			return true;
		}
	return false;
}

/* A login screen has no user: that of the display manager has not logged on. winbind's users are "DOMAIN\user". */
static void take_user(TALLOC_CTX *mem, const json_t *json, const char *host_name, struct session *ret)
{
	int64_t uid = line_number(json, "uid", UINT32_MAX - 1);
	const char *user = line_text(json, "user"), *split;

	ret->uid = (uid_t)-1;
	ret->user = ret->domain = "";
	if (!user || is_greeter(json))
		return;
	if (uid >= 0)
		ret->uid = (uid_t)uid;
	split = strchr(user, '\\');
	ret->user = talloc_strdup(mem, split ? split + 1 : user);
	ret->domain = split ? talloc_strndup(mem, user, (size_t)(split - user)) : copy(mem, json, "domain");
	if (ret->domain && !*ret->domain)
		ret->domain = host_name;
}

bool session_parse(TALLOC_CTX *mem, const struct line *line, const char *host_name, int64_t now_us, struct session *ret)
{
	const json_t *json = line->value;
	const char *protocol = line_text(json, "protocol");
	int64_t idle_s = line_number(json, "idle_seconds", TEN_YEARS_S),
		number = line_number(json, "number", NUMBER_MAX);

	*ret = (struct session){ .logon_us = line->logon_us };
	ret->id = line_text(json, "id") ? copy(mem, json, "id") : NULL;
	ret->number = number > 0 ? (uint32_t)number : 0;
	if (!ret->id || !take_state(json, ret))
		return false;
	take_user(mem, json, host_name, ret);
	ret->name = copy(mem, json, "name");
	ret->client = copy(mem, json, "client");
	ret->address = copy(mem, json, "address");
	ret->last_input_us = idle_s < 0 ? -1 : now_us - idle_s * 1000000;
	ret->remote_desktop = protocol && strcmp(protocol, "rdp") == 0;
	ret->console = json_is_true(json_object_get(json, "console"));
	return ret->user && ret->domain && ret->name && ret->client && ret->address;
}

const struct session *session_by_number(const struct session_list *list, uint32_t number)
{
	for (uint32_t i = 0; i < list->n_items; i++)
		if (list->items[i].number == number)
			return &list->items[i];
	return NULL;
}

bool session_is_other_logon(const struct session *session, int64_t logon_us)
{
	return !clock_same_logon(session->logon_us, logon_us);
}

const struct session *session_by_id(const struct session_list *list, const char *id, int64_t logon_us)
{
	for (uint32_t i = 0; id && i < list->n_items; i++) {
		const struct session *session = &list->items[i];

		if (session->id && strcmp(session->id, id) == 0 && !session_is_other_logon(session, logon_us))
			return session;
	}
	return NULL;
}

bool session_allows(const struct session *session, const struct client *client, enum right right)
{
	if (!session->id && right != RIGHT_QUERY && right != RIGHT_NONE)
		return false;
	return client_may(client, right, session->uid);
}
