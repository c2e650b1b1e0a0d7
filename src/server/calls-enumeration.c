/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * calls-enumeration.c - the calls of TermSrvEnumeration, MS-TSTS 3.3.4.3. Sessions that the client may not query are
 * left out.
 */
#include "server/answer.h"
#include "server/call.h"

/* MS-TSTS 2.2.2.3: types of sessions */
#define TYPE_SERVICES { 0x88f5767d, 0xd13f, 0x404d, { 0xa3, 0x48 }, { 0x8b, 0x8e, 0x03, 0x02, 0x94, 0xa9 } }
#define TYPE_DESKTOP { 0x0f0a4bf8, 0x8362, 0x435d, { 0x93, 0x8c }, { 0x22, 0x2a, 0x51, 0x8a, 0x8b, 0x78 } }
#define LEVEL_MAX 2
#define LOGGED_ON 0			/* SESSION_FILTER: the only one */

static uint32_t open_enum(struct call *call, void *data)
{
	struct tsts_open_enum *r = data;

	return handle_new(call->state, call->client, HANDLE_ENUM, &r->out.handle) ? RESULT_OK : RESULT_BUSY;
}

static uint32_t close_enum(struct call *call, void *data)
{
	struct tsts_close_enum *r = data;

	handle_close(call->held, &r->out.handle);
	return RESULT_OK;
}

static uint32_t filter_by_state(struct call *call, void *data)
{
	struct tsts_filter_by_state *r = data;

	call->held->filtered = true;
	call->held->inverted = r->in.invert != 0;
	call->held->state = r->in.state;
	return RESULT_OK;
}

static bool is_listed(const struct call *call, const struct session *session)
{
	const struct held *held = call->held;

	if (held && held->filtered && (session->state == held->state) == held->inverted)
		return false;
	return answer_shows(call, session);
}

static uint32_t list(struct call *call, uint32_t level, struct tsts_session **ret, uint32_t *ret_n)
{
	*ret = talloc_zero_array(call, struct tsts_session, call->list->n_items);
	if (!*ret)
		return RESULT_NO_MEMORY;
	for (uint32_t i = 0; i < call->list->n_items; i++) {
		const struct session *session = &call->list->items[i];
		struct tsts_session *to = &(*ret)[*ret_n];

		if (!is_listed(call, session))
			continue;
		*to = (struct tsts_session){
			.level = level >= LEVEL_MAX ? LEVEL_MAX : 1, .id = session->number, .state = session->state,
			.full_desktop = 1, .type = TYPE_DESKTOP,
		};
		if (!session->id)
			to->type = (struct GUID)TYPE_SERVICES;
		answer_text(to->name, sizeof(to->name), session->name);
		(*ret_n)++;
	}
	return RESULT_OK;
}

static uint32_t get_enum_result(struct call *call, void *data)
{
	struct tsts_get_enum_result *r = data;

	return list(call, r->in.level, &r->out.sessions, &r->out.n_sessions);
}

static uint32_t get_enum_result_ex(struct call *call, void *data)
{
	struct tsts_get_enum_result_ex *r = data;

	return list(call, r->in.level, &r->out.sessions, &r->out.n_sessions);
}

static uint32_t get_session_ids(struct call *call, void *data)
{
	struct tsts_get_session_ids *r = data;

	if (r->in.filter != LOGGED_ON)
		return RESULT_INVALID;
	r->out.ids = talloc_zero_array(call, uint32_t, call->list->n_items);
	if (!r->out.ids)
		return RESULT_NO_MEMORY;
	for (uint32_t i = 0; i < call->list->n_items && r->out.n_ids < r->in.max_ids; i++)
		if (*call->list->items[i].user && answer_shows(call, &call->list->items[i]))
			r->out.ids[r->out.n_ids++] = call->list->items[i].number;
	return RESULT_OK;
}

/* A level that is too high gets the highest one, and a result that says so. */
static uint32_t get_all_sessions(struct call *call, void *data)
{
	struct tsts_get_all_sessions *r = data;

	r->out.level = r->in.level >= LEVEL_MAX ? LEVEL_MAX : 1;
	r->out.sessions = talloc_zero_array(call, struct tsts_environment, call->list->n_items);
	if (!r->out.sessions)
		return RESULT_NO_MEMORY;
	for (uint32_t i = 0; i < call->list->n_items; i++) {
		const struct session *session = &call->list->items[i];
		struct tsts_environment *to = &r->out.sessions[r->out.n_sessions];

		if (!answer_shows(call, session))
			continue;
		*to = (struct tsts_environment){
			.level = r->out.level,
			.id = session->number,
			.abs_id = session->number,
			.state = session->state,
		};
		answer_text(to->name, sizeof(to->name), session->name);
		answer_text(to->user, sizeof(to->user), session->user);
		answer_text(to->domain, sizeof(to->domain), session->domain);
		r->out.n_sessions++;
	}
	return r->in.level > LEVEL_MAX ? RESULT_FALSE : RESULT_OK;
}

static uint32_t get_all_sessions_ex(struct call *call, void *data)
{
	struct tsts_get_all_sessions_ex *r = data;

	r->out.sessions = talloc_zero_array(call, struct tsts_environment_ex, call->list->n_items);
	if (!r->out.sessions)
		return RESULT_NO_MEMORY;
	for (uint32_t i = 0; i < call->list->n_items; i++) {
		const struct session *session = &call->list->items[i];

		if (answer_shows(call, session))
			r->out.sessions[r->out.n_sessions++] = (struct tsts_environment_ex){
				.level = 1, .id = session->number, .abs_id = session->number, .state = session->state,
				.name = session->name, .user = *session->user ? session->user : NULL,
				.domain = *session->domain ? session->domain : NULL,
			};
	}
	return r->in.level != 1 ? RESULT_FALSE : RESULT_OK;
}

static const struct call_row rows[] = {
	[TSTS_OPEN_ENUM] = CALL(tsts_open_enum, "RpcOpenEnum", RIGHT_NONE, HANDLE_NONE, TARGET_NOTHING, open_enum),
	[TSTS_CLOSE_ENUM] = CALL(tsts_close_enum, "RpcCloseEnum", RIGHT_NONE, HANDLE_ENUM, TARGET_NOTHING, close_enum),
	[TSTS_FILTER_BY_STATE] = CALL(tsts_filter_by_state, "RpcFilterByState", RIGHT_NONE, HANDLE_ENUM, TARGET_NOTHING,
				      filter_by_state),
	[3] = UNSUPPORTED("RpcFilterByCallersName", 0),
	[4] = UNSUPPORTED("RpcEnumAddFilter", 0),
	[TSTS_GET_ENUM_RESULT] =
		CALL(tsts_get_enum_result, "RpcGetEnumResult", RIGHT_NONE, HANDLE_ENUM, TARGET_LIST, get_enum_result),
	[6] = UNSUPPORTED("RpcFilterBySessionType", 0),
	[7] = UNSUPPORTED("NotUsedOnWire", 0),
	[TSTS_GET_SESSION_IDS] =
		CALL(tsts_get_session_ids, "RpcGetSessionIds", RIGHT_NONE, HANDLE_NONE, TARGET_LIST, get_session_ids),
	[TSTS_GET_ENUM_RESULT_EX] = CALL(tsts_get_enum_result_ex, "RpcGetEnumResultEx", RIGHT_NONE, HANDLE_ENUM,
					 TARGET_LIST, get_enum_result_ex),
	[TSTS_GET_ALL_SESSIONS] = CALL(tsts_get_all_sessions, "RpcGetAllSessions", RIGHT_NONE, HANDLE_NONE, TARGET_LIST,
				       get_all_sessions),
	[TSTS_GET_ALL_SESSIONS_EX] = CALL(tsts_get_all_sessions_ex, "RpcGetAllSessionsEx", RIGHT_NONE, HANDLE_NONE,
					  TARGET_LIST, get_all_sessions_ex),
};

const struct interface interface_enumeration = {
	.table = &tsts_table_enumeration, .name = "TermSrvEnumeration", .rows = rows,
	.n_rows = sizeof(rows) / sizeof(rows[0]),
};
