/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * worker-lsm.c - the calls of TermSrvSession, TermSrvNotification and TermSrvEnumeration (MS-TSTS 3.3.4), over a host
 * in memory. Each returns its HRESULT.
 */
#include "worker.h"

#include <string.h>

/* ---- TermSrvSession ---- */

static uint32_t open_session(struct call *call, void *data)
{
	struct tsts_open_session *r = data;
	struct memory_session *session = memory_session(call->host, r->in.session_id);
	struct held *held;

	call->session = r->in.session_id;
	if (!session)
		return NO_SESSION;
	held = hold(call, H_SESSION, &r->out.handle);
	if (!held)
		return WIN32(14);
	held->session = session->id;
	held->logon = session->logon;
	return 0;
}

static uint32_t close_session(struct call *call, void *data)
{
	struct tsts_close_session *r = data;

	return close_handle(call, &r->in.handle, &r->out.handle, H_SESSION);
}

static uint32_t disconnect(struct call *call, void *data)
{
	struct tsts_disconnect *r = data;
	uint32_t result;

	if (!session_of(call, &r->in.handle, DISCONNECT, &result))
		return result;
	record_deed(call, "disconnect");
	if (really(call))
		memory_set(call->folder, (uint32_t)call->session, "state", "disconnected");
	return 0;
}

static uint32_t logoff(struct call *call, void *data)
{
	struct tsts_logoff *r = data;
	uint32_t result;
	struct memory_session *session = session_of(call, &r->in.handle, LOGOFF, &result);

	if (!session)
		return result;
	record_deed(call, "logoff");
	if (really(call) && !session->logoff_ignored)
		end_session(call, session, session->logoff_after_ms);
	return 0;
}

static uint32_t get_user_name(struct call *call, void *data)
{
	struct tsts_get_user_name *r = data;
	uint32_t result;
	struct memory_session *session = session_of(call, &r->in.handle, QUERY, &result);

	if (!session)
		return result;
	r->out.user = known(session->user);
	r->out.domain = known(session->domain);
	return 0;
}

static uint32_t get_terminal_name(struct call *call, void *data)
{
	struct tsts_get_terminal_name *r = data;
	uint32_t result;
	struct memory_session *session = session_of(call, &r->in.handle, QUERY, &result);

	if (!session)
		return result;
	r->out.name = known(session->name);
	return 0;
}

static uint32_t get_state(struct call *call, void *data)
{
	struct tsts_get_state *r = data;
	uint32_t result;
	struct memory_session *session = session_of(call, &r->in.handle, QUERY, &result);

	if (!session)
		return result;
	r->out.state = session->state;
	return 0;
}

static uint32_t is_locked(struct call *call, void *data)
{
	struct tsts_is_desktop_locked *r = data;
	uint32_t result;
	struct memory_session *session = session_of(call, &r->in.handle, QUERY, &result);

	return session ? !session->locked : result;
}

/* Of a message: answered by its user, or too late, or without one. */
static bool is_answered(struct call *call)
{
	struct tsts_show_message_box *r = call->r;
	struct memory_session *session = same_session(call);

	if (session && session->answer && monotonic() - call->deadline >= session->answer_after_ms / 1000.0)
		r->out.response = session->answer;
	else if (session && (!r->in.timeout_s || monotonic() - call->deadline < r->in.timeout_s))
		return false;
	else
		r->out.response = TSTS_ANSWER_TIMEOUT;
	return true;
}

static uint32_t show_message_box(struct call *call, void *data)
{
	struct tsts_show_message_box *r = data;
	uint32_t result;
	FILE *out;

	if (!session_of(call, &r->in.handle, MESSAGE, &result))
		return result;
	out = begin_deed(call, "message");
	if (out) {
		put_text(out, "title", r->in.title);
		put_text(out, "text", r->in.message);
		fprintf(out, ", \"style\": %u, \"timeout\": %u, \"wait\": %d", r->in.style, r->in.timeout_s, !r->in.do_not_wait);
		end_record(out);
	}
	r->out.response = TSTS_ANSWER_ASYNC;
	if (!r->in.do_not_wait)
		wait_for(call, is_answered, 0);	/* its deadline is the beginning */
	return 0;
}

static uint32_t get_times(struct call *call, void *data)
{
	struct tsts_get_times *r = data;
	uint32_t result;
	struct memory_session *session = session_of(call, &r->in.handle, QUERY, &result);

	if (!session)
		return result;
	r->out.connect_time = filetime(session->connect);
	r->out.disconnect_time = filetime(session->disconnect);
	r->out.logon_time = filetime(session->logon);
	return 0;
}

static uint32_t get_info(struct call *call, void *data)
{
	struct tsts_get_info *r = data;
	struct tsts_info *info = &r->out.info;
	uint32_t result;
	struct memory_session *session = session_by_id(call, r->in.session_id, QUERY, &result);

	if (!session)
		return result;
	info->user = known(session->user);
	info->domain = known(session->domain);
	info->terminal = known(session->name);
	info->state = session->state;
	info->locked = session->locked;
	info->connect_time = filetime(session->connect);
	info->disconnect_time = filetime(session->disconnect);
	info->logon_time = filetime(session->logon);
	return 0;
}

static uint32_t get_info_ex(struct call *call, void *data)
{
	struct tsts_get_info_ex *r = data;
	struct tsts_info_ex *info = &r->out.info;
	uint32_t result;
	struct memory_session *session = session_by_id(call, r->in.session_id, QUERY, &result);

	info->level = 1;
	if (!session)
		return result;
	info->state = session->state;
	info->flags = session->locked ? TSTS_FLAGS_LOCKED : TSTS_FLAGS_UNLOCKED;
	COPY(info->name, session->name);
	COPY(info->domain, session->domain);
	COPY(info->user, session->user);
	info->connect_time = filetime(session->connect);
	info->disconnect_time = filetime(session->disconnect);
	info->logon_time = filetime(session->logon);
	info->last_input_time = filetime(session->input);
	return 0;
}

static uint32_t get_logged_on_count(struct call *call, void *data)
{
	struct tsts_get_logged_on_count *r = data;

	for (uint32_t i = 0; i < call->host->n_sessions; i++)
		r->out.n_users += call->host->sessions[i].user != NULL;
	return 0;
}

static uint32_t get_session_type(struct call *call, void *data)
{
	struct tsts_get_session_type *r = data;
	struct memory_session *session = memory_session(call->host, r->in.session_id);

	call->session = r->in.session_id;
	if (!session)
		return NO_SESSION;
	r->out.type = session->type;
	return 0;
}

/* ---- TermSrvNotification ---- */

static bool has_state(struct call *call)
{
	struct tsts_wait_for_state *r = call->r;
	struct memory_session *session = same_session(call);

	if (session && session->state != r->in.state && !is_late(call))
		return false;
	*call->result = session && session->state != r->in.state ? TIMED_OUT : 0;
	return true;
}

static uint32_t wait_for_state(struct call *call, void *data)
{
	struct tsts_wait_for_state *r = data;
	uint32_t result;

	if (!session_by_id(call, r->in.session_id, QUERY, &result))
		return result;
	wait_for(call, has_state, r->in.timeout_ms == UINT32_MAX ? -1 : r->in.timeout_ms / 1000.0);
	return 0;
}

static void look(struct call *call, struct held *held)
{
	talloc_free(held->seen);
	held->n_seen = call->host->n_sessions;
	held->seen = talloc_zero_size(held, sizeof(*held->seen) * (held->n_seen + 1));
	for (uint32_t i = 0; i < held->n_seen; i++) {
		held->seen[i].id = call->host->sessions[i].id;
		held->seen[i].state = call->host->sessions[i].state;
		held->seen[i].logon = call->host->sessions[i].logon;
	}
}

static uint32_t register_async(struct call *call, void *data)
{
	struct tsts_register_async *r = data;
	struct held *held = hold(call, H_NOTIFY, &r->out.handle);

	if (!held)
		return WIN32(14);
	held->session = r->in.session_id;
	held->mask = r->in.mask;
	look(call, held);
	return 0;
}

static void add_change(struct tsts_wait_async *r, const struct held *held, uint32_t id, uint32_t mask)
{
	if (held->session == UINT32_MAX || held->session == id) {
		if (mask & held->mask)
			r->out.changes[r->out.n_changes++] = (struct tsts_change) { id, mask & held->mask };
	}
}

static void add_ended(struct call *call, struct tsts_wait_async *r, const struct held *held)
{
	for (uint32_t i = 0; i < held->n_seen; i++) {
		struct memory_session *session = memory_session(call->host, held->seen[i].id);

		if (!session || session->logon != held->seen[i].logon)
			add_change(r, held, held->seen[i].id, TSTS_CHANGE_LOGOFF | TSTS_CHANGE_TERMINATE);
		else if (session->state != held->seen[i].state)
			add_change(r, held, session->id,
				session->state == TSTS_STATE_DISCONNECTED ? TSTS_CHANGE_DISCONNECT : TSTS_CHANGE_CONNECT);
	}
}

static void add_begun(struct call *call, struct tsts_wait_async *r, const struct held *held)
{
	for (uint32_t i = 0; i < call->host->n_sessions; i++) {
		const struct memory_session *session = &call->host->sessions[i];
		uint32_t k;

		for (k = 0; k < held->n_seen; k++)
			if (held->seen[k].id == session->id && held->seen[k].logon == session->logon)
				break;
		if (k == held->n_seen)
			add_change(r, held, session->id, TSTS_CHANGE_CREATE | TSTS_CHANGE_LOGON);
	}
}

static bool has_changed(struct call *call)
{
	struct tsts_wait_async *r = call->r;
	struct dcesrv_handle *handle = find_handle(call, &r->in.handle, H_NOTIFY);
	struct held *held = handle ? handle->data : NULL;

	if (!held) {
		*call->result = WIN32(6);
		return true;
	}
	talloc_free(r->out.changes);
	r->out.n_changes = 0;
	r->out.changes = talloc_zero_array(call, struct tsts_change, held->n_seen + call->host->n_sessions + 1);
	add_ended(call, r, held);
	add_begun(call, r, held);
	if (!r->out.n_changes)
		return false;
	look(call, held);
	return true;
}

static uint32_t wait_async(struct call *call, void *data)
{
	struct tsts_wait_async *r = data;

	if (handle_of(call, &r->in.handle, H_NOTIFY))
		wait_for(call, has_changed, -1);
	return 0;
}

static uint32_t unregister_async(struct call *call, void *data)
{
	struct tsts_unregister_async *r = data;

	return close_handle(call, &r->in.handle, &r->out.handle, H_NOTIFY);
}

/* ---- TermSrvEnumeration ---- */

static uint32_t open_enum(struct call *call, void *data)
{
	struct tsts_open_enum *r = data;

	return hold(call, H_ENUM, &r->out.handle) ? 0 : WIN32(14);
}

static uint32_t close_enum(struct call *call, void *data)
{
	struct tsts_close_enum *r = data;

	return close_handle(call, &r->in.handle, &r->out.handle, H_ENUM);
}

static uint32_t filter_by_state(struct call *call, void *data)
{
	struct tsts_filter_by_state *r = data;
	struct dcesrv_handle *handle = handle_of(call, &r->in.handle, H_ENUM);
	struct held *held = handle ? handle->data : NULL;

	if (held) {
		held->filtered = true;
		held->inverted = r->in.invert;
		held->state = r->in.state;
	}
	return 0;
}

static bool is_listed(struct call *call, const struct held *held, const struct memory_session *session)
{
	if (held->filtered && (session->state == held->state) == held->inverted)
		return false;
	return is_shown(call, session);
}

static uint32_t list(struct call *call, struct policy_handle *wire, uint32_t level, struct tsts_session **ret,
	uint32_t *ret_n)
{
	struct dcesrv_handle *handle = handle_of(call, wire, H_ENUM);

	if (!handle)
		return 0;
	*ret = talloc_zero_array(call, struct tsts_session, call->host->n_sessions + 1);
	for (uint32_t i = 0; i < call->host->n_sessions; i++) {
		const struct memory_session *session = &call->host->sessions[i];
		struct tsts_session *to = &(*ret)[*ret_n];

		if (!is_listed(call, handle->data, session))
			continue;
		to->level = level >= 2 ? 2 : 1;
		to->id = session->id;
		to->state = session->state;
		COPY(to->name, session->name);
		to->full_desktop = 1;
		to->type = (struct GUID) FULL_DESKTOP;
		(*ret_n)++;
	}
	return 0;
}

static uint32_t get_enum_result(struct call *call, void *data)
{
	struct tsts_get_enum_result *r = data;

	return list(call, &r->in.handle, r->in.level, &r->out.sessions, &r->out.n_sessions);
}

static uint32_t get_enum_result_ex(struct call *call, void *data)
{
	struct tsts_get_enum_result_ex *r = data;

	return list(call, &r->in.handle, r->in.level, &r->out.sessions, &r->out.n_sessions);
}

static uint32_t get_session_ids(struct call *call, void *data)
{
	struct tsts_get_session_ids *r = data;

	r->out.ids = talloc_zero_array(call, uint32_t, call->host->n_sessions + 1);
	for (uint32_t i = 0; i < call->host->n_sessions && r->out.n_ids < r->in.max_ids; i++)
		if (is_shown(call, &call->host->sessions[i]))
			r->out.ids[r->out.n_ids++] = call->host->sessions[i].id;
	return 0;
}

static uint32_t get_all_sessions(struct call *call, void *data)
{
	struct tsts_get_all_sessions *r = data;

	r->out.level = r->in.level >= 2 ? 2 : 1;
	r->out.sessions = talloc_zero_array(call, struct tsts_environment, call->host->n_sessions + 1);
	for (uint32_t i = 0; i < call->host->n_sessions; i++) {
		const struct memory_session *session = &call->host->sessions[i];
		struct tsts_environment *to = &r->out.sessions[r->out.n_sessions];

		if (!is_shown(call, session))
			continue;
		to->level = r->out.level;
		to->id = to->abs_id = session->id;
		to->state = session->state;
		COPY(to->name, session->name);
		COPY(to->user, session->user);
		COPY(to->domain, session->domain);
		r->out.n_sessions++;
	}
	return r->in.level > 2;
}

static uint32_t get_all_sessions_ex(struct call *call, void *data)
{
	struct tsts_get_all_sessions_ex *r = data;

	r->out.sessions = talloc_zero_array(call, struct tsts_environment_ex, call->host->n_sessions + 1);
	for (uint32_t i = 0; i < call->host->n_sessions; i++) {
		const struct memory_session *session = &call->host->sessions[i];
		struct tsts_environment_ex *to = &r->out.sessions[r->out.n_sessions];

		if (!is_shown(call, session))
			continue;
		to->level = 1;
		to->id = to->abs_id = session->id;
		to->state = session->state;
		to->name = known(session->name);
		to->user = session->user;
		to->domain = session->domain;
		r->out.n_sessions++;
	}
	return r->in.level != 1;
}

const struct row session_rows[] = {
	ROW(TSTS_OPEN_SESSION, tsts_open_session, "OpenSession", open_session),
	ROW(TSTS_CLOSE_SESSION, tsts_close_session, "CloseSession", close_session),
	ROW(TSTS_DISCONNECT, tsts_disconnect, "Disconnect", disconnect),
	ROW(TSTS_LOGOFF, tsts_logoff, "Logoff", logoff),
	ROW(TSTS_GET_USER_NAME, tsts_get_user_name, "GetUserName", get_user_name),
	ROW(TSTS_GET_TERMINAL_NAME, tsts_get_terminal_name, "GetTerminalName", get_terminal_name),
	ROW(TSTS_GET_STATE, tsts_get_state, "GetState", get_state),
	ROW(TSTS_IS_DESKTOP_LOCKED, tsts_is_desktop_locked, "IsSessionDesktopLocked", is_locked),
	ROW(TSTS_SHOW_MESSAGE_BOX, tsts_show_message_box, "ShowMessageBox", show_message_box),
	ROW(TSTS_GET_TIMES, tsts_get_times, "GetTimes", get_times),
	ROW(TSTS_GET_INFO, tsts_get_info, "GetSessionInformation", get_info),
	ROW(TSTS_GET_LOGGED_ON_COUNT, tsts_get_logged_on_count, "GetLoggedOnCount", get_logged_on_count),
	ROW(TSTS_GET_SESSION_TYPE, tsts_get_session_type, "GetSessionType", get_session_type),
	ROW(TSTS_GET_INFO_EX, tsts_get_info_ex, "GetSessionInformationEx", get_info_ex),
	{ 0 }
};

const struct row notification_rows[] = {
	ROW(TSTS_WAIT_FOR_STATE, tsts_wait_for_state, "WaitForSessionState", wait_for_state),
	ROW(TSTS_REGISTER_ASYNC, tsts_register_async, "RegisterAsyncNotification", register_async),
	ROW(TSTS_WAIT_ASYNC, tsts_wait_async, "WaitAsyncNotification", wait_async),
	ROW(TSTS_UNREGISTER_ASYNC, tsts_unregister_async, "UnRegisterAsyncNotification", unregister_async),
	{ 0 }
};

const struct row enumeration_rows[] = {
	ROW(TSTS_OPEN_ENUM, tsts_open_enum, "OpenEnum", open_enum),
	ROW(TSTS_CLOSE_ENUM, tsts_close_enum, "CloseEnum", close_enum),
	ROW(TSTS_FILTER_BY_STATE, tsts_filter_by_state, "FilterByState", filter_by_state),
	ROW(TSTS_GET_ENUM_RESULT, tsts_get_enum_result, "GetEnumResult", get_enum_result),
	ROW(TSTS_GET_SESSION_IDS, tsts_get_session_ids, "GetSessionIds", get_session_ids),
	ROW(TSTS_GET_ENUM_RESULT_EX, tsts_get_enum_result_ex, "GetEnumResultEx", get_enum_result_ex),
	ROW(TSTS_GET_ALL_SESSIONS, tsts_get_all_sessions, "GetAllSessions", get_all_sessions),
	ROW(TSTS_GET_ALL_SESSIONS_EX, tsts_get_all_sessions_ex, "GetAllSessionsEx", get_all_sessions_ex),
	{ 0 }
};
