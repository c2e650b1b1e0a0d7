/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * calls-session.c - the calls of TermSrvSession, MS-TSTS 3.3.4.1. dispatch.c has found the session and checked the
 * right.
 */
#include "server/answer.h"
#include "server/call.h"

static uint32_t open_session(struct call *call, void *data)
{
	struct tsts_open_session *r = data;
	struct held *held;

	if (!call->session && r->in.session_id != 0)
		return RESULT_NO_SESSION;
	held = handle_new(call->state, call->client, HANDLE_SESSION, &r->out.handle);
	if (!held)
		return RESULT_BUSY;
	if (call->session && call->session->id) {
		held->id = talloc_strdup(held, call->session->id);
		held->logon_us = call->session->logon_us;
		if (!held->id) {
			handle_close(held, &r->out.handle);
			return RESULT_NO_MEMORY;
		}
	}
	return RESULT_OK;
}

static uint32_t close_session(struct call *call, void *data)
{
	struct tsts_close_session *r = data;

	handle_close(call->held, &r->out.handle);
	return RESULT_OK;
}

static uint32_t disconnect(struct call *call, void *data)
{
	(void)data;
	return task_disconnect(call);
}

static uint32_t logoff(struct call *call, void *data)
{
	const struct settings *settings = &call->client->server->settings;

	(void)data;
	return task_log_off(call, settings->grace_s, settings->warn_s, false);
}

static uint32_t get_user_name(struct call *call, void *data)
{
	struct tsts_get_user_name *r = data;

	r->out.user = call->session->user;
	r->out.domain = call->session->domain;
	return RESULT_OK;
}

static uint32_t get_terminal_name(struct call *call, void *data)
{
	struct tsts_get_terminal_name *r = data;

	r->out.name = call->session->name;
	return RESULT_OK;
}

static uint32_t get_state(struct call *call, void *data)
{
	struct tsts_get_state *r = data;

	r->out.state = call->session->state;
	return RESULT_OK;
}

static uint32_t show_message_box(struct call *call, void *data)
{
	struct tsts_show_message_box *r = data;

	return task_message(call, r->in.title ? r->in.title : "", r->in.message ? r->in.message : "", r->in.style,
			    r->in.timeout_s, !r->in.do_not_wait, &r->out.response);
}

static uint32_t get_times(struct call *call, void *data)
{
	struct tsts_get_times *r = data;

	r->out.connect_time = r->out.logon_time = answer_time(call->session->logon_us);
	return RESULT_OK;
}

static uint32_t get_counters(struct call *call, void *data)
{
	struct tsts_get_counters *r = data;

	r->out.counters = r->in.counters;
	r->out.n_counters = r->in.n_counters;
	for (uint32_t i = 0; i < r->out.n_counters; i++)
		answer_counter(call, &r->out.counters[i]);
	return RESULT_OK;
}

static uint32_t get_info(struct call *call, void *data)
{
	struct tsts_get_info *r = data;
	const struct session *session = call->session;

	r->out.info = (struct tsts_info){
		.user = session->user, .domain = session->domain, .terminal = session->name, .state = session->state,
		.connect_time = answer_time(session->logon_us), .logon_time = answer_time(session->logon_us),
	};
	return RESULT_OK;
}

static void prepare_info_ex(struct call *call, void *data)
{
	struct tsts_get_info_ex *r = data;

	(void)call;
	r->out.info.level = 1;		/* an answer has it, also a refusal */
}

static uint32_t get_info_ex(struct call *call, void *data)
{
	struct tsts_get_info_ex *r = data;
	const struct session *session = call->session;
	struct tsts_info_ex *info = &r->out.info;

	if (r->in.level != 1)
		return RESULT_INVALID;
	info->state = session->state;
	info->flags = TSTS_FLAGS_UNKNOWN;
	answer_text(info->name, sizeof(info->name), session->name);
	answer_text(info->domain, sizeof(info->domain), session->domain);
	answer_text(info->user, sizeof(info->user), session->user);
	info->connect_time = info->logon_time = answer_time(session->logon_us);
	info->last_input_time = answer_time(session->last_input_us);
	return RESULT_OK;
}

static uint32_t get_logged_on_count(struct call *call, void *data)
{
	struct tsts_get_logged_on_count *r = data;

	for (uint32_t i = 0; i < call->list->n_items; i++)
		r->out.n_users += *call->list->items[i].user != '\0';
	return RESULT_OK;
}

static uint32_t get_session_type(struct call *call, void *data)
{
	struct tsts_get_session_type *r = data;

	if (!call->session && r->in.session_id != 0)
		return RESULT_NO_SESSION;
	r->out.type = r->in.session_id == 0 ? TSTS_TYPE_SERVICES : TSTS_TYPE_DESKTOP;
	return RESULT_OK;
}

static const struct call_row rows[] = {
	[TSTS_OPEN_SESSION] = CALL_BY_ID(tsts_open_session, "RpcOpenSession", RIGHT_NONE, open_session),
	[TSTS_CLOSE_SESSION] =
		CALL(tsts_close_session, "RpcCloseSession", RIGHT_NONE, HANDLE_SESSION, TARGET_NOTHING, close_session),
	[TSTS_CONNECT] = UNSUPPORTED("RpcConnect", 0),
	[TSTS_DISCONNECT] =
		CALL(tsts_disconnect, "RpcDisconnect", RIGHT_DISCONNECT, HANDLE_SESSION, TARGET_SESSION, disconnect),
	[TSTS_LOGOFF] = CALL(tsts_logoff, "RpcLogoff", RIGHT_LOGOFF, HANDLE_SESSION, TARGET_SESSION, logoff),
	[TSTS_GET_USER_NAME] =
		CALL(tsts_get_user_name, "RpcGetUserName", RIGHT_QUERY, HANDLE_SESSION, TARGET_SESSION, get_user_name),
	[TSTS_GET_TERMINAL_NAME] = CALL(tsts_get_terminal_name, "RpcGetTerminalName", RIGHT_QUERY, HANDLE_SESSION,
					TARGET_SESSION, get_terminal_name),
	[TSTS_GET_STATE] = CALL(tsts_get_state, "RpcGetState", RIGHT_QUERY, HANDLE_SESSION, TARGET_SESSION, get_state),
	/* Nobody here knows whether a screen is locked. */
	[TSTS_IS_DESKTOP_LOCKED] = UNSUPPORTED("RpcIsSessionDesktopLocked", 0),
	[TSTS_SHOW_MESSAGE_BOX] = CALL(tsts_show_message_box, "RpcShowMessageBox", RIGHT_MESSAGE, HANDLE_SESSION,
				       TARGET_SESSION, show_message_box),
	[TSTS_GET_TIMES] = CALL(tsts_get_times, "RpcGetTimes", RIGHT_QUERY, HANDLE_SESSION, TARGET_SESSION, get_times),
	[TSTS_GET_COUNTERS] =
		CALL(tsts_get_counters, "RpcGetSessionCounters", RIGHT_NONE, HANDLE_NONE, TARGET_LIST, get_counters),
	[TSTS_GET_INFO] = CALL_BY_ID(tsts_get_info, "RpcGetSessionInformation", RIGHT_QUERY, get_info),
	[13 ... 14] = UNSUPPORTED("NotUsedOnWire", 0),
	[TSTS_GET_LOGGED_ON_COUNT] = CALL(tsts_get_logged_on_count, "RpcGetLoggedOnCount", RIGHT_NONE, HANDLE_NONE,
					  TARGET_LIST, get_logged_on_count),
	[TSTS_GET_SESSION_TYPE] = CALL_BY_ID(tsts_get_session_type, "RpcGetSessionType", RIGHT_NONE, get_session_type),
	[TSTS_GET_INFO_EX] = CALL_BY_ID(tsts_get_info_ex, "RpcGetSessionInformationEx", RIGHT_QUERY, get_info_ex,
					.prepare = prepare_info_ex),
	[18 ... 20] = UNSUPPORTED("NotUsedOnWire", 0),
	[21] = UNSUPPORTED("RpcGetActivityId", 4),
};

const struct interface interface_session = {
	.table = &tsts_table_session, .name = "TermSrvSession", .rows = rows, .n_rows = sizeof(rows) / sizeof(rows[0]),
};
