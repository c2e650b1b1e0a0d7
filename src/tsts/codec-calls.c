/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * codec-calls.c - the structures and calls of MS-TSTS as they are on the wire, and the call tables.
 *
 * This is the place to look for a byte layout. Each list is what the IDL says (MS-TSTS 6.1 to 6.3, 6.7), in wire
 * order, with the number of the section above; the IDL's ranges are the limits. In a call the fields of `in` are the
 * request, those of `out` the response. Top-level parameters are reference pointers and have no mark on the wire;
 * binding handles are not on it at all.
 */
#include "tsts/codec.h"

#define N(array) (sizeof(array) / sizeof(*(array)))
#define AT(c, m) offsetof(struct tsts_##c, m)

/* One field: of which structure, which member of it, further facts. */
#define FIELD(kind_, c, m, limit_, ...) \
	{ .kind = kind_, .offset = AT(c, m), .count = WIRE_NONE, .room = WIRE_NONE, .limit = limit_, __VA_ARGS__ }
#define LISTED(kind_, c, m, n, limit_, ...) \
	{ .kind = kind_, .offset = AT(c, m), .count = AT(c, n), .room = WIRE_NONE, .limit = limit_, __VA_ARGS__ }
#define ROOMY(kind_, c, m, count_, room_, limit_, ...) \
	{ .kind = kind_, .offset = AT(c, m), .count = count_, .room = AT(c, room_), .limit = limit_, __VA_ARGS__ }

#define U8(c, m, ...) FIELD(WIRE_INT8, c, m, 0, __VA_ARGS__)
#define U16(c, m, ...) FIELD(WIRE_INT16, c, m, 0, __VA_ARGS__)
#define U32(c, m, ...) FIELD(WIRE_INT32, c, m, 0, __VA_ARGS__)
#define U64(c, m, ...) FIELD(WIRE_INT64, c, m, 0, __VA_ARGS__)
#define RANGE(c, m, most) FIELD(WIRE_INT32, c, m, most)
#define HANDLE(c, m) FIELD(WIRE_HANDLE, c, m, 0)
#define UUID(c, m, ...) FIELD(WIRE_GUID, c, m, 0, __VA_ARGS__)
#define NAME(c, m, n, ...) FIELD(WIRE_NAME, c, m, n, __VA_ARGS__)
#define LEVEL(c, m, most, ...) FIELD(WIRE_LEVEL, c, m, most, __VA_ARGS__)
#define STRING(c, m) FIELD(WIRE_STRING, c, m, TSTS_MAX_TEXT)
#define STRING_POINTER(c, m, most, ...) FIELD(WIRE_STRING, c, m, most, .flags = WIRE_POINTER, __VA_ARGS__)
#define UNITS(c, m, n, most) LISTED(WIRE_UNITS, c, m, n, most)
#define BYTES_POINTER(c, m, n, most) LISTED(WIRE_BYTES, c, m, n, most, .flags = WIRE_POINTER)
#define ITEMS(c, m, n, most, is, flags_) LISTED(WIRE_ARRAY, c, m, n, most, .flags = flags_, .of = &is)
/* The count n of the array m, behind it or before it. */
#define COUNT(c, n, m) FIELD(WIRE_COUNT, c, n, 0, .array = AT(c, m))
#define COUNT_AHEAD(c, n, m, ...) FIELD(WIRE_COUNT_AHEAD, c, n, 0, .array = AT(c, m), __VA_ARGS__)

/* A structure on the wire, and which of tsts.h it is. */
#define STRUCT(wire, c, align, least) \
	static const struct wire_struct wire##_struct = { \
		wire##_fields, N(wire##_fields), sizeof(struct tsts_##c), align, least \
	}

/* ---- structures ---- */

/* 2.2.2.4, 2.2.2.5: two levels and three */
#define SESSION_FIELDS(levels) { \
	LEVEL(session, level, levels), \
	U32(session, id), \
	U32(session, state), \
	NAME(session, name, 33), \
	U32(session, source, .level = 2), \
	U32(session, full_desktop, .level = 2), \
	UUID(session, type, .level = 2), \
	COUNT_AHEAD(session, n_protocol_data, protocol_data, .level = 3), \
	LISTED(WIRE_BYTES, session, protocol_data, n_protocol_data, TSTS_MAX_BYTES, \
	       .flags = WIRE_POINTER | WIRE_COUNTED, .level = 3), \
}

static const struct wire_field session_fields[] = SESSION_FIELDS(2);
static const struct wire_field session_ex_fields[] = SESSION_FIELDS(3);
STRUCT(session, session, 4, 82);
STRUCT(session_ex, session, 4, 82);

/* 2.2.2.6 */
static const struct wire_field environment_fields[] = {
	LEVEL(environment, level, 2),
	U32(environment, id),
	U32(environment, state),
	NAME(environment, name, 33),
	U32(environment, abs_id, .level = 2),
	NAME(environment, host, 33, .level = 2),
	NAME(environment, user, 33, .level = 2),
	NAME(environment, domain, 33, .level = 2),
	NAME(environment, farm, 33, .level = 2),
};
STRUCT(environment, environment, 4, 82);

/* 2.2.2.7: texts are declared max_is(256), so their maximum count is 257 */
static const struct wire_field environment_ex_fields[] = {
	LEVEL(environment_ex, level, 1),
	U32(environment_ex, id),
	U32(environment_ex, state),
	U32(environment_ex, abs_id),
	STRING_POINTER(environment_ex, name, 257, .fixed = 257),
	STRING_POINTER(environment_ex, host, 257, .fixed = 257),
	STRING_POINTER(environment_ex, user, 257, .fixed = 257),
	STRING_POINTER(environment_ex, domain, 257, .fixed = 257),
	STRING_POINTER(environment_ex, farm, 257, .fixed = 257),
};
STRUCT(environment_ex, environment_ex, 4, 40);

/* 2.2.2.8 */
static const struct wire_field info_fields[] = {
	STRING_POINTER(info, user, TSTS_MAX_TEXT),
	STRING_POINTER(info, domain, TSTS_MAX_TEXT),
	STRING_POINTER(info, terminal, TSTS_MAX_TEXT),
	U32(info, state),
	U32(info, locked),
	U64(info, connect_time),
	U64(info, disconnect_time),
	U64(info, logon_time),
};
STRUCT(info, info, 8, 48);

/* 2.2.2.9 to 2.2.2.11 */
static const struct wire_field info_ex_fields[] = {
	LEVEL(info_ex, level, 1),
	U32(info_ex, state),
	U32(info_ex, flags),
	NAME(info_ex, name, 33),
	NAME(info_ex, domain, 18),
	NAME(info_ex, user, 21),
	U64(info_ex, connect_time),
	U64(info_ex, disconnect_time),
	U64(info_ex, logon_time),
	U64(info_ex, last_input_time),
	COUNT_AHEAD(info_ex, n_protocol_data, protocol_data),
	LISTED(WIRE_BYTES, info_ex, protocol_data, n_protocol_data, TSTS_MAX_BYTES, .flags = WIRE_POINTER | WIRE_COUNTED),
};
STRUCT(info_ex, info_ex, 8, 200);

/* 2.2.2.12: its union has an empty arm for all other levels */
static const struct wire_field listener_fields[] = {
	LEVEL(listener, level, 1, .flags = WIRE_OTHERS),
	U32(listener, id, .level = 1),
	U32(listener, listening, .level = 1),
	NAME(listener, name, 33, .level = 1),
};
STRUCT(listener, listener, 4, 8);

/*
 * 2.2.2.15.1, 2.2.2.16.1: they differ in the counts of the image's name (2.2.2.15.1.1, 2.2.2.16.1.1) only. Spares have
 * no member.
 */
#define PROCESS_FIELDS(divisor_) { \
	U32(process, next_offset), \
	U32(process, n_threads), \
	FIELD(WIRE_SPARE, process, next_offset, 3 * 8), \
	U64(process, create_time), \
	U64(process, user_time), \
	U64(process, kernel_time), \
	U16(process, image_length), \
	U16(process, image_room), \
	ROOMY(WIRE_IMAGE, process, image, AT(process, image_length), image_room, UINT16_MAX, \
	      .flags = WIRE_POINTER, .divisor = divisor_), \
	U32(process, priority), \
	U32(process, pid), \
	U32(process, parent_pid), \
	U32(process, n_handles), \
	U32(process, session_id), \
	FIELD(WIRE_SPARE, process, next_offset, 4), \
	U32(process, peak_virtual_size), \
	U32(process, virtual_size), \
	U32(process, n_page_faults), \
	U32(process, peak_working_set), \
	U32(process, working_set), \
	U32(process, quota_peak_paged), \
	U32(process, quota_paged), \
	U32(process, quota_peak_non_paged), \
	U32(process, quota_non_paged), \
	U32(process, pagefile), \
	U32(process, peak_pagefile), \
	U32(process, private_pages), \
}

static const struct wire_field process_fields[] = PROCESS_FIELDS(1);
static const struct wire_field process_nt6_fields[] = PROCESS_FIELDS(2);
STRUCT(process, process, 8, 136);
STRUCT(process_nt6, process, 8, 136);

/* 2.2.2.15, 2.2.2.16 */
#define PROCESS_ENTRY_FIELDS(is) { \
	FIELD(WIRE_STRUCT, process_entry, process, 0, .flags = WIRE_POINTER, .of = &is), \
	COUNT_AHEAD(process_entry, n_sid, sid), \
	LISTED(WIRE_BYTES, process_entry, sid, n_sid, 1024, .flags = WIRE_POINTER | WIRE_COUNTED), \
}

static const struct wire_field process_entry_fields[] = PROCESS_ENTRY_FIELDS(process_struct);
static const struct wire_field process_entry_nt6_fields[] = PROCESS_ENTRY_FIELDS(process_nt6_struct);
STRUCT(process_entry, process_entry, 4, 12);
STRUCT(process_entry_nt6, process_entry, 4, 12);

/* 2.2.2.17 */
static const struct wire_field counter_fields[] = {
	U32(counter, id),
	U8(counter, known),
	U32(counter, value),
	U64(counter, start_time),
};
STRUCT(counter, counter, 8, 24);

/* 2.2.2.42 */
static const struct wire_field change_fields[] = {
	U32(change, session_id),
	U32(change, mask),
};
STRUCT(change, change, 4, 8);

/* A LONG of an array. */
static const struct wire_field id_fields[] = { { .kind = WIRE_INT32, .count = WIRE_NONE, .room = WIRE_NONE } };
static const struct wire_struct id_struct = { id_fields, N(id_fields), sizeof(uint32_t), 4, 4 };

/* ---- calls: a list of fields, and what libndr needs of it ---- */

/* What was sent may be secret (a password), so no value is ever printed. */
static void print_call(struct ndr_print *ndr, const char *name, wire_flags flags, const void *r)
{
	(void)flags;
	(void)r;
	ndr_print_struct(ndr, name, "MS-TSTS call");
}

#define CALL(c) \
	static const struct wire_call c##_call = { \
		c##_call_fields, N(c##_call_fields), AT(c, out), sizeof(struct tsts_##c) \
	}; \
	static enum ndr_err_code push_##c(struct ndr_push *ndr, wire_flags flags, const void *r) \
	{ \
		return wire_push_call(ndr, flags, &c##_call, r); \
	} \
	static enum ndr_err_code pull_##c(struct ndr_pull *ndr, wire_flags flags, void *r) \
	{ \
		return wire_pull_call(ndr, flags, &c##_call, r); \
	}

/* Calls of one shape: a handle, a result. */
#define HANDLE_CALL(c) \
	static const struct wire_field c##_call_fields[] = { HANDLE(c, in.handle), U32(c, out.result) }; \
	CALL(c)
#define OPEN_CALL(c, ...) \
	static const struct wire_field c##_call_fields[] = { __VA_ARGS__ HANDLE(c, out.handle), U32(c, out.result) }; \
	CALL(c)
#define CLOSE_CALL(c) OPEN_CALL(c, HANDLE(c, in.handle),)
/* In IcaApi: a handle, perhaps more, a status, and one byte that tells whether it is a good one. */
#define ICA_CALL(c, ...) \
	static const struct wire_field c##_call_fields[] = { \
		HANDLE(c, in.handle), __VA_ARGS__ U32(c, out.status), U8(c, out.result) \
	}; \
	CALL(c)

/* A row of a call table. */
#define ROW(method, c) \
	{ .name = method, .struct_size = sizeof(struct tsts_##c), .ndr_push = push_##c, .ndr_pull = pull_##c, \
	  .ndr_print = print_call }
#define NOT_USED \
	{ .name = "NotUsed", .struct_size = sizeof(uint32_t), .ndr_push = push_not_used, .ndr_pull = pull_not_used, \
	  .ndr_print = print_call }

static enum ndr_err_code push_not_used(struct ndr_push *ndr, wire_flags flags, const void *r)
{
	(void)flags;
	(void)r;
	return ndr_push_error(ndr, NDR_ERR_BAD_SWITCH, "a call that is not used");
}

static enum ndr_err_code pull_not_used(struct ndr_pull *ndr, wire_flags flags, void *r)
{
	(void)flags;
	(void)r;
	return ndr_pull_error(ndr, NDR_ERR_BAD_SWITCH, "a call that is not used");
}

/* ---- TermSrvSession, 3.3.4.1 ---- */

OPEN_CALL(open_session, U32(open_session, in.session_id),)
CLOSE_CALL(close_session)
static const struct wire_field connect_call_fields[] = {
	HANDLE(connect, in.handle),
	U32(connect, in.target_id),
	STRING(connect, in.password),
	U32(connect, out.result),
};
CALL(connect)
HANDLE_CALL(disconnect)
HANDLE_CALL(logoff)		/* RpcLogoff: a handle in, a result out */
static const struct wire_field get_user_name_call_fields[] = {
	HANDLE(get_user_name, in.handle),
	STRING_POINTER(get_user_name, out.user, TSTS_MAX_TEXT),
	STRING_POINTER(get_user_name, out.domain, TSTS_MAX_TEXT),
	U32(get_user_name, out.result),
};
CALL(get_user_name)
static const struct wire_field get_terminal_name_call_fields[] = {
	HANDLE(get_terminal_name, in.handle),
	STRING_POINTER(get_terminal_name, out.name, TSTS_MAX_TEXT),
	U32(get_terminal_name, out.result),
};
CALL(get_terminal_name)
static const struct wire_field get_state_call_fields[] = {
	HANDLE(get_state, in.handle),
	U32(get_state, out.state),
	U32(get_state, out.result),
};
CALL(get_state)
HANDLE_CALL(is_desktop_locked)
static const struct wire_field show_message_box_call_fields[] = {
	HANDLE(show_message_box, in.handle),
	STRING(show_message_box, in.title),
	STRING(show_message_box, in.message),
	U32(show_message_box, in.style),
	U32(show_message_box, in.timeout_s),
	U32(show_message_box, in.do_not_wait),
	U32(show_message_box, out.response),
	U32(show_message_box, out.result),
};
CALL(show_message_box)
static const struct wire_field get_times_call_fields[] = {
	HANDLE(get_times, in.handle),
	U64(get_times, out.connect_time),
	U64(get_times, out.disconnect_time),
	U64(get_times, out.logon_time),
	U32(get_times, out.result),
};
CALL(get_times)
static const struct wire_field get_counters_call_fields[] = {
	ITEMS(get_counters, in.counters, in.n_counters, TSTS_MAX_COUNTERS, counter_struct, 0),
	COUNT(get_counters, in.n_counters, in.counters),
	ITEMS(get_counters, out.counters, out.n_counters, TSTS_MAX_COUNTERS, counter_struct, 0),
	U32(get_counters, out.result),
};
CALL(get_counters)
static const struct wire_field get_info_call_fields[] = {
	U32(get_info, in.session_id),
	FIELD(WIRE_STRUCT, get_info, out.info, 0, .of = &info_struct),
	U32(get_info, out.result),
};
CALL(get_info)
static const struct wire_field get_logged_on_count_call_fields[] = {
	U32(get_logged_on_count, out.n_users),
	U32(get_logged_on_count, out.n_devices),
	U32(get_logged_on_count, out.result),
};
CALL(get_logged_on_count)
static const struct wire_field get_session_type_call_fields[] = {
	U32(get_session_type, in.session_id),
	U32(get_session_type, out.type),
	U32(get_session_type, out.result),
};
CALL(get_session_type)
static const struct wire_field get_info_ex_call_fields[] = {
	U32(get_info_ex, in.session_id),
	U32(get_info_ex, in.level),
	FIELD(WIRE_STRUCT, get_info_ex, out.info, 0, .of = &info_ex_struct),
	U32(get_info_ex, out.result),
};
CALL(get_info_ex)

static const struct ndr_interface_call session_calls[] = {
	[TSTS_OPEN_SESSION] = ROW("RpcOpenSession", open_session),
	[TSTS_CLOSE_SESSION] = ROW("RpcCloseSession", close_session),
	[TSTS_CONNECT] = ROW("RpcConnect", connect),
	[TSTS_DISCONNECT] = ROW("RpcDisconnect", disconnect),
	[TSTS_LOGOFF] = ROW("RpcLogoff", logoff),
	[TSTS_GET_USER_NAME] = ROW("RpcGetUserName", get_user_name),
	[TSTS_GET_TERMINAL_NAME] = ROW("RpcGetTerminalName", get_terminal_name),
	[TSTS_GET_STATE] = ROW("RpcGetState", get_state),
	[TSTS_IS_DESKTOP_LOCKED] = ROW("RpcIsSessionDesktopLocked", is_desktop_locked),
	[TSTS_SHOW_MESSAGE_BOX] = ROW("RpcShowMessageBox", show_message_box),
	[TSTS_GET_TIMES] = ROW("RpcGetTimes", get_times),
	[TSTS_GET_COUNTERS] = ROW("RpcGetSessionCounters", get_counters),
	[TSTS_GET_INFO] = ROW("RpcGetSessionInformation", get_info),
	[13 ... 14] = NOT_USED,
	[TSTS_GET_LOGGED_ON_COUNT] = ROW("RpcGetLoggedOnCount", get_logged_on_count),
	[TSTS_GET_SESSION_TYPE] = ROW("RpcGetSessionType", get_session_type),
	[TSTS_GET_INFO_EX] = ROW("RpcGetSessionInformationEx", get_info_ex),
};

/* ---- TermSrvNotification, 3.3.4.2 ---- */

static const struct wire_field wait_for_state_call_fields[] = {
	U32(wait_for_state, in.session_id),
	U32(wait_for_state, in.state),
	U32(wait_for_state, in.timeout_ms),
	U32(wait_for_state, out.result),
};
CALL(wait_for_state)
OPEN_CALL(register_async, U32(register_async, in.session_id), U32(register_async, in.mask),)
static const struct wire_field wait_async_call_fields[] = {
	HANDLE(wait_async, in.handle),
	ITEMS(wait_async, out.changes, out.n_changes, TSTS_MAX_CHANGES, change_struct, WIRE_POINTER),
	COUNT(wait_async, out.n_changes, out.changes),
	U32(wait_async, out.result),
};
CALL(wait_async)
CLOSE_CALL(unregister_async)

static const struct ndr_interface_call notification_calls[] = {
	[TSTS_WAIT_FOR_STATE] = ROW("RpcWaitForSessionState", wait_for_state),
	[TSTS_REGISTER_ASYNC] = ROW("RpcRegisterAsyncNotification", register_async),
	[TSTS_WAIT_ASYNC] = ROW("RpcWaitAsyncNotification", wait_async),
	[TSTS_UNREGISTER_ASYNC] = ROW("RpcUnRegisterAsyncNotification", unregister_async),
};

/* ---- TermSrvEnumeration, 3.3.4.3 ---- */

OPEN_CALL(open_enum,)
CLOSE_CALL(close_enum)
static const struct wire_field filter_by_state_call_fields[] = {
	HANDLE(filter_by_state, in.handle),
	U32(filter_by_state, in.state),
	U32(filter_by_state, in.invert),
	U32(filter_by_state, out.result),
};
CALL(filter_by_state)
static const struct wire_field get_enum_result_call_fields[] = {
	HANDLE(get_enum_result, in.handle),
	U32(get_enum_result, in.level),
	ITEMS(get_enum_result, out.sessions, out.n_sessions, TSTS_MAX_SESSIONS, session_struct, WIRE_POINTER),
	COUNT(get_enum_result, out.n_sessions, out.sessions),
	U32(get_enum_result, out.result),
};
CALL(get_enum_result)
static const struct wire_field get_session_ids_call_fields[] = {
	U16(get_session_ids, in.filter),
	RANGE(get_session_ids, in.max_ids, 0xffff),
	ITEMS(get_session_ids, out.ids, out.n_ids, TSTS_MAX_SESSIONS, id_struct, WIRE_POINTER),
	COUNT(get_session_ids, out.n_ids, out.ids),
	U32(get_session_ids, out.result),
};
CALL(get_session_ids)
static const struct wire_field get_enum_result_ex_call_fields[] = {
	HANDLE(get_enum_result_ex, in.handle),
	U32(get_enum_result_ex, in.level),
	ITEMS(get_enum_result_ex, out.sessions, out.n_sessions, TSTS_MAX_SESSIONS, session_ex_struct, WIRE_POINTER),
	COUNT(get_enum_result_ex, out.n_sessions, out.sessions),
	U32(get_enum_result_ex, out.result),
};
CALL(get_enum_result_ex)
static const struct wire_field get_all_sessions_call_fields[] = {
	U32(get_all_sessions, in.level),
	U32(get_all_sessions, out.level),
	ITEMS(get_all_sessions, out.sessions, out.n_sessions, TSTS_MAX_SESSIONS, environment_struct, WIRE_POINTER),
	COUNT(get_all_sessions, out.n_sessions, out.sessions),
	U32(get_all_sessions, out.result),
};
CALL(get_all_sessions)
static const struct wire_field get_all_sessions_ex_call_fields[] = {
	U32(get_all_sessions_ex, in.level),
	ITEMS(get_all_sessions_ex, out.sessions, out.n_sessions, TSTS_MAX_SESSIONS, environment_ex_struct, WIRE_POINTER),
	COUNT(get_all_sessions_ex, out.n_sessions, out.sessions),
	U32(get_all_sessions_ex, out.result),
};
CALL(get_all_sessions_ex)

static const struct ndr_interface_call enumeration_calls[] = {
	[TSTS_OPEN_ENUM] = ROW("RpcOpenEnum", open_enum),
	[TSTS_CLOSE_ENUM] = ROW("RpcCloseEnum", close_enum),
	[TSTS_FILTER_BY_STATE] = ROW("RpcFilterByState", filter_by_state),
	[3 ... 4] = NOT_USED,
	[TSTS_GET_ENUM_RESULT] = ROW("RpcGetEnumResult", get_enum_result),
	[6 ... 7] = NOT_USED,
	[TSTS_GET_SESSION_IDS] = ROW("RpcGetSessionIds", get_session_ids),
	[TSTS_GET_ENUM_RESULT_EX] = ROW("RpcGetEnumResultEx", get_enum_result_ex),
	[TSTS_GET_ALL_SESSIONS] = ROW("RpcGetAllSessions", get_all_sessions),
	[TSTS_GET_ALL_SESSIONS_EX] = ROW("RpcGetAllSessionsEx", get_all_sessions_ex),
};

/* ---- RCMPublic, 3.5.4.1 ---- */

#define DATA_FIELDS(c) BYTES_POINTER(c, out.data, out.n_data, TSTS_MAX_BYTES), COUNT(c, out.n_data, out.data)

static const struct wire_field get_client_data_call_fields[] = {
	U32(get_client_data, in.session_id),
	DATA_FIELDS(get_client_data),
	U32(get_client_data, out.result),
};
CALL(get_client_data)
static const struct wire_field get_config_data_call_fields[] = {
	U32(get_config_data, in.session_id),
	DATA_FIELDS(get_config_data),
	U32(get_config_data, out.result),
};
CALL(get_config_data)
static const struct wire_field get_protocol_status_call_fields[] = {
	U32(get_protocol_status, in.session_id),
	U16(get_protocol_status, in.info_type),
	DATA_FIELDS(get_protocol_status),
	U32(get_protocol_status, out.result),
};
CALL(get_protocol_status)
static const struct wire_field get_last_input_call_fields[] = {
	U32(get_last_input, in.session_id),
	U64(get_last_input, out.last_input_time),
	U32(get_last_input, out.result),
};
CALL(get_last_input)
static const struct wire_field get_remote_address_call_fields[] = {
	U32(get_remote_address, in.session_id),
	FIELD(WIRE_ADDRESS, get_remote_address, out.address, 0),
	U32(get_remote_address, out.result),
};
CALL(get_remote_address)
static const struct wire_field get_all_listeners_call_fields[] = {
	U32(get_all_listeners, in.level),
	ITEMS(get_all_listeners, out.listeners, out.n_listeners, TSTS_MAX_LISTENERS, listener_struct, WIRE_POINTER),
	COUNT(get_all_listeners, out.n_listeners, out.listeners),
	U32(get_all_listeners, out.result),
};
CALL(get_all_listeners)
static const struct wire_field get_protocol_last_input_call_fields[] = {
	U32(get_protocol_last_input, in.session_id),
	U16(get_protocol_last_input, in.info_type),
	DATA_FIELDS(get_protocol_last_input),
	U64(get_protocol_last_input, out.last_input_time),
	U32(get_protocol_last_input, out.result),
};
CALL(get_protocol_last_input)
static const struct wire_field query_session_data_call_fields[] = {
	U32(query_session_data, in.session_id),
	U16(query_session_data, in.type),
	BYTES_POINTER(query_session_data, in.data, in.n_data, 8192),
	COUNT(query_session_data, in.n_data, in.data),
	RANGE(query_session_data, in.room, 8192),
	ROOMY(WIRE_VARYING, query_session_data, out.data, AT(query_session_data, out.n_data), out.room, 8192),
	COUNT(query_session_data, out.n_data, out.data),
	U32(query_session_data, out.n_required),
	U32(query_session_data, out.result),
};
CALL(query_session_data)

static const struct ndr_interface_call rcm_public_calls[] = {
	[TSTS_GET_CLIENT_DATA] = ROW("RpcGetClientData", get_client_data),
	[TSTS_GET_CONFIG_DATA] = ROW("RpcGetConfigData", get_config_data),
	[TSTS_GET_PROTOCOL_STATUS] = ROW("RpcGetProtocolStatus", get_protocol_status),
	[TSTS_GET_LAST_INPUT] = ROW("RpcGetLastInputTime", get_last_input),
	[TSTS_GET_REMOTE_ADDRESS] = ROW("RpcGetRemoteAddress", get_remote_address),
	[5 ... 7] = NOT_USED,
	[TSTS_GET_ALL_LISTENERS] = ROW("RpcGetAllListeners", get_all_listeners),
	[TSTS_GET_PROTOCOL_LAST_INPUT] = ROW("RpcGetSessionProtocolLastInputTime", get_protocol_last_input),
	[10] = NOT_USED,
	[TSTS_QUERY_SESSION_DATA] = ROW("RpcQuerySessionData", query_session_data),
};

/* ---- RCMListener, 3.5.4.2 ---- */

OPEN_CALL(open_listener, STRING(open_listener, in.name),)
CLOSE_CALL(close_listener)
HANDLE_CALL(stop_listener)
HANDLE_CALL(start_listener)
static const struct wire_field is_listening_call_fields[] = {
	HANDLE(is_listening, in.handle),
	U32(is_listening, out.listening),
	U32(is_listening, out.result),
};
CALL(is_listening)

static const struct ndr_interface_call rcm_listener_calls[] = {
	[TSTS_OPEN_LISTENER] = ROW("RpcOpenListener", open_listener),
	[TSTS_CLOSE_LISTENER] = ROW("RpcCloseListener", close_listener),
	[TSTS_STOP_LISTENER] = ROW("RpcStopListener", stop_listener),
	[TSTS_START_LISTENER] = ROW("RpcStartListener", start_listener),
	[TSTS_IS_LISTENING] = ROW("RpcIsListening", is_listening),
};

/* ---- IcaApi, 3.7.4.1 ---- */

static const struct wire_field ica_open_server_call_fields[] = {
	U32(ica_open_server, out.status),
	HANDLE(ica_open_server, out.handle),
	U8(ica_open_server, out.result),
};
CALL(ica_open_server)
ICA_CALL(ica_close_server,)
static const struct wire_field ica_enumerate_call_fields[] = {
	HANDLE(ica_enumerate, in.handle),
	U32(ica_enumerate, in.n_entries),
	BYTES_POINTER(ica_enumerate, in.data, in.n_data, TSTS_MAX_BYTES),
	COUNT(ica_enumerate, in.n_data, in.data),
	U32(ica_enumerate, in.index),
	U32(ica_enumerate, out.status),
	U32(ica_enumerate, out.n_entries),
	BYTES_POINTER(ica_enumerate, out.data, out.n_data, TSTS_MAX_BYTES),
	COUNT(ica_enumerate, out.n_data, out.data),
	U32(ica_enumerate, out.index),
	U8(ica_enumerate, out.result),
};
CALL(ica_enumerate)
static const struct wire_field ica_query_information_call_fields[] = {
	HANDLE(ica_query_information, in.handle),
	U32(ica_query_information, in.session_id),
	U32(ica_query_information, in.class),
	BYTES_POINTER(ica_query_information, in.data, in.n_data, 0x8000),
	COUNT(ica_query_information, in.n_data, in.data),
	U32(ica_query_information, out.status),
	BYTES_POINTER(ica_query_information, out.data, out.n_data, 0x8000),
	U32(ica_query_information, out.returned),
	U8(ica_query_information, out.result),
};
CALL(ica_query_information)
static const struct wire_field ica_send_message_call_fields[] = {
	HANDLE(ica_send_message, in.handle),
	U32(ica_send_message, in.session_id),
	UNITS(ica_send_message, in.title, in.title_size, 1024),
	COUNT(ica_send_message, in.title_size, in.title),
	UNITS(ica_send_message, in.message, in.message_size, 1024),
	COUNT(ica_send_message, in.message_size, in.message),
	U32(ica_send_message, in.style),
	U32(ica_send_message, in.timeout_s),
	U8(ica_send_message, in.do_not_wait),
	U32(ica_send_message, out.status),
	U32(ica_send_message, out.response),
	U8(ica_send_message, out.result),
};
CALL(ica_send_message)
static const struct wire_field ica_id_from_name_call_fields[] = {
	HANDLE(ica_id_from_name, in.handle),
	UNITS(ica_id_from_name, in.name, in.name_size, 256),
	COUNT(ica_id_from_name, in.name_size, in.name),
	U32(ica_id_from_name, out.status),
	U32(ica_id_from_name, out.session_id),
	U8(ica_id_from_name, out.result),
};
CALL(ica_id_from_name)
static const struct wire_field ica_name_from_id_call_fields[] = {
	HANDLE(ica_name_from_id, in.handle),
	U32(ica_name_from_id, in.session_id),
	UNITS(ica_name_from_id, in.name, in.name_size, 256),
	COUNT(ica_name_from_id, in.name_size, in.name),
	U32(ica_name_from_id, out.status),
	UNITS(ica_name_from_id, out.name, out.name_size, 256),
	U8(ica_name_from_id, out.result),
};
CALL(ica_name_from_id)
ICA_CALL(ica_disconnect, U32(ica_disconnect, in.session_id), U8(ica_disconnect, in.wait),)
ICA_CALL(ica_reset, U32(ica_reset, in.session_id), U8(ica_reset, in.wait),)
ICA_CALL(ica_shutdown, U32(ica_shutdown, in.client_id), U32(ica_shutdown, in.flags),)
ICA_CALL(ica_terminate_process, U32(ica_terminate_process, in.pid), U32(ica_terminate_process, in.exit_code),)

#define PROCESSES_CALL(c, is) \
	static const struct wire_field c##_call_fields[] = { \
		HANDLE(c, in.handle), \
		U32(c, in.level), \
		RANGE(c, in.max_processes, TSTS_MAX_PROCESSES), \
		U32(c, out.status), \
		COUNT_AHEAD(c, out.n_processes, out.processes), \
		ITEMS(c, out.processes, out.n_processes, TSTS_MAX_PROCESSES, is, WIRE_POINTER | WIRE_COUNTED), \
		U8(c, out.result), \
	}; \
	CALL(c)

PROCESSES_CALL(ica_get_processes, process_entry_struct)
static const struct wire_field ica_get_process_sid_call_fields[] = {
	HANDLE(ica_get_process_sid, in.handle),
	U32(ica_get_process_sid, in.pid),
	U64(ica_get_process_sid, in.start_time),
	BYTES_POINTER(ica_get_process_sid, in.sid, in.n_sid, 1024),
	COUNT(ica_get_process_sid, in.n_sid, in.sid),
	U32(ica_get_process_sid, in.needed),
	U32(ica_get_process_sid, out.status),
	BYTES_POINTER(ica_get_process_sid, out.sid, out.n_sid, 1024),
	U32(ica_get_process_sid, out.needed),
	U8(ica_get_process_sid, out.result),
};
CALL(ica_get_process_sid)
static const struct wire_field ica_close_server_ex_call_fields[] = {
	HANDLE(ica_close_server_ex, in.handle),
	HANDLE(ica_close_server_ex, out.handle),
	U32(ica_close_server_ex, out.status),
	U8(ica_close_server_ex, out.result),
};
CALL(ica_close_server_ex)
PROCESSES_CALL(ica_get_processes_nt6, process_entry_nt6_struct)

static const struct ndr_interface_call ica_calls[] = {
	[TSTS_ICA_OPEN_SERVER] = ROW("RpcWinStationOpenServer", ica_open_server),
	[TSTS_ICA_CLOSE_SERVER] = ROW("RpcWinStationCloseServer", ica_close_server),
	[2] = NOT_USED,
	[TSTS_ICA_ENUMERATE] = ROW("RpcWinStationEnumerate", ica_enumerate),
	[4] = NOT_USED,
	[TSTS_ICA_QUERY_INFORMATION] = ROW("RpcWinStationQueryInformation", ica_query_information),
	[6] = NOT_USED,
	[TSTS_ICA_SEND_MESSAGE] = ROW("RpcWinStationSendMessage", ica_send_message),
	[TSTS_ICA_ID_FROM_NAME] = ROW("RpcLogonIdFromWinStationName", ica_id_from_name),
	[TSTS_ICA_NAME_FROM_ID] = ROW("RpcWinStationNameFromLogonId", ica_name_from_id),
	[10 ... 12] = NOT_USED,
	[TSTS_ICA_DISCONNECT] = ROW("RpcWinStationDisconnect", ica_disconnect),
	[TSTS_ICA_RESET] = ROW("RpcWinStationReset", ica_reset),
	[TSTS_ICA_SHUTDOWN] = ROW("RpcWinStationShutdownSystem", ica_shutdown),
	[16 ... 36] = NOT_USED,
	[TSTS_ICA_TERMINATE_PROCESS] = ROW("RpcWinStationTerminateProcess", ica_terminate_process),
	[38 ... 42] = NOT_USED,
	[TSTS_ICA_GET_PROCESSES] = ROW("RpcWinStationGetAllProcesses", ica_get_processes),
	[TSTS_ICA_GET_PROCESS_SID] = ROW("RpcWinStationGetProcessSid", ica_get_process_sid),
	[45 ... 59] = NOT_USED,
	[TSTS_ICA_CLOSE_SERVER_EX] = ROW("RpcWinStationCloseServerEx", ica_close_server_ex),
	[61 ... 69] = NOT_USED,
	[TSTS_ICA_GET_PROCESSES_NT6] = ROW("RpcWinStationGetAllProcesses_NT6", ica_get_processes_nt6),
};

/* ---- the tables: names, identifiers and pipes of 1.9 and 2.1 ---- */

/* By the pipe of the name for want of an endpoint mapper; the principal of a server is host/NAME. */
#define INTERFACE(table, interface, pipe, ...) \
	static const char *const table##_pipes[] = { "ncacn_np:[\\pipe\\" pipe "]" }; \
	static const struct ndr_interface_string_array table##_endpoints = { 1, table##_pipes }; \
	const struct ndr_interface_table tsts_table_##table = { \
		.name = interface, \
		.syntax_id = { __VA_ARGS__, 1 }, \
		.helpstring = "MS-TSTS " interface, \
		.num_calls = N(table##_calls), \
		.calls = table##_calls, \
		.endpoints = &table##_endpoints, \
		.authservices = &services, \
	}

static const char *const service_names[] = { "host" };
static const struct ndr_interface_string_array services = { 1, service_names };

INTERFACE(session, "TermSrvSession", "LSM_API_service",
	  { 0x484809d6, 0x4239, 0x471b, { 0xb5, 0xbc }, { 0x61, 0xdf, 0x8c, 0x23, 0xac, 0x48 } });
INTERFACE(notification, "TermSrvNotification", "LSM_API_service",
	  { 0x11899a43, 0x2b68, 0x4a76, { 0x92, 0xe3 }, { 0xa3, 0xd6, 0xad, 0x8c, 0x26, 0xce } });
INTERFACE(enumeration, "TermSrvEnumeration", "LSM_API_service",
	  { 0x88143fd0, 0xc28d, 0x4b2b, { 0x8f, 0xef }, { 0x8d, 0x88, 0x2f, 0x6a, 0x93, 0x90 } });
INTERFACE(rcm_public, "RCMPublic", "TermSrv_API_service",
	  { 0xbde95fdf, 0xeee0, 0x45de, { 0x9e, 0x12 }, { 0xe5, 0xa6, 0x1c, 0xd0, 0xd4, 0xfe } });
INTERFACE(rcm_listener, "RCMListener", "TermSrv_API_service",
	  { 0x497d95a6, 0x2d27, 0x4bf5, { 0x9b, 0xbd }, { 0xa6, 0x04, 0x69, 0x57, 0x13, 0x3c } });
INTERFACE(ica, "IcaApi", "Ctx_WinStation_API_service",
	  { 0x5ca4a760, 0xebb1, 0x11cf, { 0x86, 0x11 }, { 0x00, 0xa0, 0x24, 0x54, 0x20, 0xed } });
