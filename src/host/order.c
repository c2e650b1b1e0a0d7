/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * order.c - see order.h. jansson reads the JSON; a table has the fields of each order, with their types and limits.
 *
 * jansson refuses what is not UTF-8, texts with a null byte, numbers beyond 64 bits, and more than 2048 levels.
 */
#include "host/order.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/utf8.h"

#define SERIAL_MAX (INT64_C(1) << 53)	/* every reader of JSON knows such a number exactly */

enum field_type {
	FIELD_FLAG,			/* bool */
	FIELD_SECONDS,			/* uint64_t, at most ORDER_SECONDS_MAX */
	FIELD_WORD,			/* const char *, not empty, at most ORDER_WORD_MAX bytes */
	FIELD_BOOT,			/* the same, or null */
	FIELD_TEXT,			/* the same, at most TEXT_FOR_USERS_MAX bytes */
	FIELD_NAME,			/* a word of letters, digits and "._-@\\" */
	FIELD_RUN,			/* letters, digits and "-", at most ORDER_RUN_MAX bytes */
	FIELD_ACTOR,			/* struct order_actor: an object */
	FIELD_WORDS			/* struct option_list: an array of such words */
};

struct field {
	const char *name;
	enum field_type type;
	size_t offset;
	unsigned types;			/* the orders that have it, a bit for each */
};

#define LIST (1u << ORDER_LIST)
#define LOG_OFF (1u << ORDER_LOG_OFF)
#define MESSAGE (1u << ORDER_MESSAGE)
#define FATE (1u << ORDER_FATE)
#define DISCONNECT (1u << ORDER_DISCONNECT)
#define END_PROCESSES (1u << ORDER_END_PROCESSES)
#define ACTS (LOG_OFF | MESSAGE | DISCONNECT | END_PROCESSES)
#define LOGON (1u << ORDER_LOGON)
#define AT(member) offsetof(struct order, member)

static const struct field fields[] = {
	{ "people", FIELD_FLAG, AT(people), LIST },
	{ "boot", FIELD_BOOT, AT(boot), ACTS | FATE },
	{ "grace", FIELD_SECONDS, AT(grace_s), LOG_OFF | END_PROCESSES },
	{ "wait", FIELD_SECONDS, AT(wait_s), LOG_OFF },
	{ "warn", FIELD_SECONDS, AT(warn_s), LOG_OFF },
	{ "text", FIELD_TEXT, AT(text), LOG_OFF | MESSAGE | LOGON },
	{ "reason", FIELD_TEXT, AT(reason), LOG_OFF },
	{ "origin", FIELD_NAME, AT(origin), LOG_OFF | LOGON },
	{ "run", FIELD_RUN, AT(run), LOG_OFF },
	{ "actor", FIELD_ACTOR, AT(actor), ACTS },
	{ "refused", FIELD_FLAG, AT(refused), ACTS },
	{ "console", FIELD_FLAG, AT(console), LOG_OFF },
	{ "no_desktop", FIELD_FLAG, AT(no_desktop), LOG_OFF },
	{ "title", FIELD_WORD, AT(title), MESSAGE },
	{ "time", FIELD_SECONDS, AT(time_s), MESSAGE },
	{ "answers", FIELD_FLAG, AT(answers), MESSAGE },
	{ "mode", FIELD_WORD, AT(mode), LOGON },
};

#define N_FIELDS (sizeof(fields) / sizeof(fields[0]))
#define IN(member) offsetof(struct selection, member)

/* The options of logoff(1). */
static const struct field conditions[] = {
	{ "all", FIELD_FLAG, IN(all), 0 },
	{ "user", FIELD_WORDS, IN(users), 0 },
	{ "state", FIELD_WORD, IN(state), 0 },
	{ "kind", FIELD_WORD, IN(kind), 0 },
	{ "idle", FIELD_SECONDS, IN(idle_s), 0 },
	{ "older", FIELD_SECONDS, IN(older_s), 0 },
	{ "exclude", FIELD_WORDS, IN(excludes), 0 },
	{ "keep", FIELD_WORDS, IN(keeps), 0 },
};

#define N_CONDITIONS (sizeof(conditions) / sizeof(conditions[0]))

static const char *const words[ORDER_TYPES] = {
	[ORDER_LIST] = "list",
	[ORDER_PROCESSES] = "processes",
	[ORDER_FATE] = "fate",
	[ORDER_LOG_OFF] = "log-off",
	[ORDER_MESSAGE] = "message",
	[ORDER_DISCONNECT] = "disconnect",
	[ORDER_END_PROCESSES] = "end-processes",
	[ORDER_LOGON] = "logon",
	[ORDER_CANCEL] = "cancel",
};

const char *order_word(enum order_type type)
{
	return words[type];
}

bool order_changes(const struct order *order)
{
	if (order->refused)
		return false;
	return order_means_sessions(order) || order->type == ORDER_END_PROCESSES ||
	       (order->type == ORDER_LOGON && order->verb != DRAIN_QUERY);
}

bool order_means_sessions(const struct order *order)
{
	return order->type == ORDER_LOG_OFF || order->type == ORDER_MESSAGE || order->type == ORDER_DISCONNECT;
}

/* ---- values ---- */

static bool take_text(const json_t *value, size_t max, const char **ret)
{
	*ret = json_string_value(value);
	return *ret && **ret && json_string_length(value) <= max;
}

static bool take_seconds(const json_t *value, uint64_t *ret)
{
	json_int_t seconds = json_integer_value(value);

	*ret = (uint64_t)seconds;
	return json_is_integer(value) && seconds >= 0 && seconds <= ORDER_SECONDS_MAX;
}

static bool take_words(const json_t *value, struct option_list *ret)
{
	size_t n = json_array_size(value);
	bool right = json_is_array(value) && n > 0 && n <= sizeof(ret->items) / sizeof(ret->items[0]);

	for (ret->n_items = 0; right && ret->n_items < n; ret->n_items += right)
		right = take_text(json_array_get(value, ret->n_items), ORDER_WORD_MAX, &ret->items[ret->n_items]);
	return right;
}

/* Takes KEY of ACTOR, of letters, digits and those of MORE. It may be missing or null. Returns whether it is right. */
static bool take_part(const json_t *actor, const char *key, size_t max, const char *more, const char **ret)
{
	const json_t *value = json_object_get(actor, key);

	return !value || json_is_null(value) || (take_text(value, max, ret) && text_is_plain(*ret, more));
}

static bool take_actor(const json_t *value, struct order_actor *ret)
{
	return take_text(json_object_get(value, "name"), ORDER_WORD_MAX, &ret->name) && text_is_account(ret->name) &&
	       take_part(value, "sid", ORDER_SID_MAX, "-", &ret->sid) &&
	       take_part(value, "address", ORDER_ADDRESS_MAX, ".:%-_", &ret->address);
}

/* Takes the VALUE of FIELD into the struct at BASE. Returns whether it is right. */
static bool take_value(const struct field *field, const json_t *value, char *base)
{
	void *target = base + field->offset;

	switch (field->type) {
	case FIELD_FLAG:
		*(bool *)target = json_is_true(value);
		return json_is_boolean(value);
	case FIELD_SECONDS:
		return take_seconds(value, target);
	case FIELD_BOOT:
		return json_is_null(value) || take_text(value, ORDER_WORD_MAX, target);
	case FIELD_WORD:
		return take_text(value, ORDER_WORD_MAX, target);
	case FIELD_NAME:
		return take_text(value, ORDER_WORD_MAX, target) && text_is_plain(*(const char **)target, "._-@\\");
	case FIELD_RUN:
		return take_text(value, ORDER_RUN_MAX, target) && text_is_plain(*(const char **)target, "-");
	case FIELD_ACTOR:
		return take_actor(value, target);
	case FIELD_TEXT:
		return take_text(value, TEXT_FOR_USERS_MAX, target);
	case FIELD_WORDS:
		return take_words(value, target);
	}
	return false;
}

/* ---- parts of an order: each returns the name of what is wrong, or NULL ---- */

static const char *take_fields(struct order *order)
{
	for (size_t i = 0; i < N_FIELDS; i++) {
		const json_t *value = json_object_get(order->json, fields[i].name);

		if (value && (fields[i].types & (1u << order->type)) && !take_value(&fields[i], value, (char *)order))
			return fields[i].name;
	}
	return NULL;
}

static const struct field *find_condition(const char *name)
{
	for (size_t i = 0; i < N_CONDITIONS; i++)
		if (strcmp(name, conditions[i].name) == 0)
			return &conditions[i];
	return NULL;
}

static const char *take_selection(struct order *order, json_t *select)
{
	enum option_fault fault;
	const char *name;
	json_t *value;

	if (!json_is_object(select))
		return "select";
	json_object_foreach(select, name, value) {
		const struct field *condition = find_condition(name);

		if (!condition || !take_value(condition, value, (char *)&order->selection))
			return condition ? condition->name : "select";
	}
	order->selects = true;
	if (selection_check_words(&order->selection, &fault, &name) < 0)
		return fault == OPTION_FAULT_STATE ? "state" : "kind";
	return selection_is_given(&order->selection) ? NULL : "select";
}

static bool take_identity(const json_t *json, struct order_identity *ret)
{
	const json_t *logon = json_object_get(json, "logon");

	ret->logon_us = json_is_integer(logon) ? json_integer_value(logon) : -1;
	return take_text(json_object_get(json, "id"), ORDER_WORD_MAX, &ret->id) &&
	       (json_is_null(logon) || (json_is_integer(logon) && ret->logon_us >= 0));
}

static const char *take_identities(struct order *order, const json_t *sessions, int *ret_r)
{
	size_t n = json_array_size(sessions);

	if (!json_is_array(sessions) || n == 0 || n > ORDER_IDENTITIES_MAX)
		return "sessions";
	order->identities = calloc(n, sizeof(*order->identities));
	if (!order->identities) {
		*ret_r = -ENOMEM;
		return "sessions";
	}
	for (order->n_identities = 0; order->n_identities < n; order->n_identities++)
		if (!take_identity(json_array_get(sessions, order->n_identities),
				   &order->identities[order->n_identities]))
			return "sessions";
	return NULL;
}

static bool take_process(const json_t *json, struct order_process *ret)
{
	const json_t *pid = json_object_get(json, "pid"), *started = json_object_get(json, "started");
	json_int_t number = json_integer_value(pid);

	ret->pid = (int32_t)number;
	ret->started_us = json_is_integer(started) ? json_integer_value(started) : -1;
	return json_is_integer(pid) && number > 0 && number <= INT32_MAX &&
	       (json_is_null(started) || (json_is_integer(started) && ret->started_us >= 0));
}

static const char *take_processes(struct order *order, int *ret_r)
{
	const json_t *processes = json_object_get(order->json, "processes");
	size_t n = json_array_size(processes);

	if (!json_is_array(processes) || n == 0 || n > ORDER_IDENTITIES_MAX)
		return "processes";
	order->processes = calloc(n, sizeof(*order->processes));
	if (!order->processes)
		*ret_r = -ENOMEM;
	for (; order->processes && order->n_processes < n; order->n_processes++)
		if (!take_process(json_array_get(processes, order->n_processes), &order->processes[order->n_processes]))
			return "processes";
	return order->processes ? NULL : "processes";
}

/*
 * Whom the order means: a selection, identities, or those of the identities that fit the selection. A client is
 * disconnected of sessions that are named.
 */
static const char *take_targets(struct order *order, int *ret_r)
{
	json_t *select = json_object_get(order->json, "select"), *sessions = json_object_get(order->json, "sessions");
	const char *wrong = NULL;

	if (select && order->type == ORDER_DISCONNECT)
		return "select";
	if (sessions || !select)
		wrong = take_identities(order, sessions, ret_r);
	return !wrong && select ? take_selection(order, select) : wrong;
}

/* A text is for those whose logon is refused. It must fit when it has been made harmless. */
static const char *take_mode(struct order *order, int *ret_r)
{
	char *shown = order->text ? utf8_harmless(order->text, true) : NULL;
	bool fits = shown && strlen(shown) < DRAIN_TEXT_SIZE;

	if (order->text && !shown)
		*ret_r = -ENOMEM;
	free(shown);
	if (!order->mode || !drain_verb_find(order->mode, &order->verb))
		return "mode";
	return order->text && (!fits || order->verb == DRAIN_QUERY || order->verb == DRAIN_ENABLE) ? "text" : NULL;
}

static const char *take_one_identity(struct order *order, int *ret_r)
{
	order->identities = calloc(1, sizeof(*order->identities));
	if (!order->identities) {
		*ret_r = -ENOMEM;
		return "id";
	}
	order->n_identities = 1;
	return take_identity(order->json, &order->identities[0]) ? NULL : "id";
}

/* ---- one order ---- */

static bool take_serial(struct order *order)
{
	const json_t *serial = json_object_get(order->json, "serial");

	if (!serial)
		return false;
	order->serial = json_integer_value(serial);
	if (order->serial < 1 || order->serial > SERIAL_MAX)
		order->serial = 0;
	return order->serial > 0;
}

static bool take_type(struct order *order)
{
	const char *word = json_string_value(json_object_get(order->json, "order"));

	for (int type = 0; word && type < ORDER_TYPES; type++)
		if (strcmp(word, words[type]) == 0) {
			order->type = (enum order_type)type;
			return true;
		}
	return false;
}

static const char *take_rest(struct order *order, int *ret_r)
{
	const char *wrong = take_fields(order);

	if (!wrong && order_means_sessions(order))
		wrong = take_targets(order, ret_r);
	if (!wrong && order->type == ORDER_END_PROCESSES)
		wrong = take_processes(order, ret_r);
	if (!wrong && order->actor.name && order->origin)
		wrong = "origin";	/* the record has one or the other */
	if (!wrong && order->refused && !order->actor.name)
		wrong = "refused";	/* there is nothing to be recorded */
	if (!wrong && order->type == ORDER_LOGON)
		wrong = take_mode(order, ret_r);
	if (!wrong && order->type == ORDER_LIST && json_object_get(order->json, "select"))
		wrong = take_selection(order, json_object_get(order->json, "select"));
	if (!wrong && order->type == ORDER_FATE)
		wrong = take_one_identity(order, ret_r);
	if (!wrong && order->type == ORDER_FATE && !json_object_get(order->json, "boot"))
		wrong = "boot";
	if (!wrong && order->type == ORDER_MESSAGE && !order->text)
		wrong = "text";
	if (!wrong && order->type == ORDER_LOG_OFF && order->text && !order->warn_s)
		wrong = "text";		/* nobody would get it */
	return wrong;
}

static int find_fault(struct order *order, struct order_fault *fault)
{
	bool serial;
	int r = -EINVAL;

	if (!json_is_object(order->json)) {
		*fault = (struct order_fault){ .kind = "no-json", .breach = true };
		return r;
	}
	serial = take_serial(order);
	*fault = (struct order_fault){ .kind = "unknown-order", .serial = order->serial };
	if (!take_type(order))
		return r;
	fault->kind = "wrong-order";
	if (!serial && (order->type != ORDER_CANCEL || json_object_get(order->json, "serial")))
		fault->object = "serial";
	else
		fault->object = take_rest(order, &r);
	return fault->object ? r : 0;
}

int order_parse(struct order *ret_order, const char *line, size_t n, struct order_fault *ret_fault)
{
	int r;

	*ret_order = (struct order){ .selection = SELECTION_NONE, .grace_s = 10, .wait_s = 60, .time_s = 60 };
	ret_order->json = json_loadb(line, n, JSON_REJECT_DUPLICATES, NULL);
	r = find_fault(ret_order, ret_fault);
	if (r < 0)
		order_done(ret_order);
	return r;
}

void order_done(struct order *order)
{
	free(order->identities);
	order->identities = NULL;
	free(order->processes);
	order->processes = NULL;
	json_decref(order->json);
	order->json = NULL;
}
