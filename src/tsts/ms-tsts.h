/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ms-tsts.h - the calls of MS-TSTS as C structures, and the call tables that carry them over DCE/RPC.
 *
 * The client and the server of the tests meet here and nowhere else: both hand the tables to Samba's libdcerpc or
 * dcesrv, and fill and read the structures. What is on the wire (NDR 2.0, MS-TSTS sections 2.2 and 3) is hidden in
 * codec*.c. It is longer than a private header should be because fifty calls stand in it, one line or a few each.
 *
 * Conventions. Each call is a struct with `in` and `out`, in wire order. All integers are uint32_t or uint64_t, however
 * narrow they are on the wire; `result` is the HRESULT, in IcaApi the BOOLEAN (1: done) while `status` is the NTSTATUS
 * or HRESULT. Times are FILETIMEs. Texts are UTF-8; an unpaired surrogate becomes U+FFFD. What decoding allocates hangs
 * from the memory context of the call. When encoding, a count member says how many elements are there; a NULL
 * array or text is sent as a NULL pointer where the interface allows one, as empty text elsewhere. When decoding, a
 * NULL array has the count 0, whatever the peer says. Nothing here is state; nothing here prints a value.
 */
#ifndef TSTS_MS_TSTS_H
#define TSTS_MS_TSTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <core/ntstatus.h>
#include <ndr.h>
#include <gen_ndr/misc.h>

/* ---- limits on what a peer can say; more is an error of NDR, before memory is taken for it ---- */

enum {
	TSTS_MAX_STUB = 32 << 20,	/* bytes of one request or response */
	TSTS_MAX_SESSIONS = 65536,	/* there are no more session ids */
	TSTS_MAX_LISTENERS = 1024,
	TSTS_MAX_CHANGES = 65536,	/* in one answer of tsts_wait_async */
	TSTS_MAX_PROCESSES = 0x8000,	/* MS-TSTS, the range of both calls */
	TSTS_MAX_COUNTERS = 0x1000,	/* MS-TSTS */
	TSTS_MAX_TEXT = 16384,		/* UTF-16 units of a text whose interface sets no limit */
	TSTS_MAX_BYTES = 1 << 20	/* an opaque buffer whose interface sets no limit */
};

/* Room for N UTF-16 units as UTF-8. */
#define TSTS_TEXT(n) ((n) * 3 + 1)

/* ---- words of the protocol ---- */

/* Which call of an interface it is. */
enum tsts_session_opnum {
	TSTS_OPEN_SESSION = 0, TSTS_CLOSE_SESSION = 1, TSTS_CONNECT = 2, TSTS_DISCONNECT = 3, TSTS_LOGOFF = 4,
	TSTS_GET_USER_NAME = 5, TSTS_GET_TERMINAL_NAME = 6, TSTS_GET_STATE = 7, TSTS_IS_DESKTOP_LOCKED = 8,
	TSTS_SHOW_MESSAGE_BOX = 9, TSTS_GET_TIMES = 10, TSTS_GET_COUNTERS = 11, TSTS_GET_INFO = 12,
	TSTS_GET_LOGGED_ON_COUNT = 15, TSTS_GET_SESSION_TYPE = 16, TSTS_GET_INFO_EX = 17
};

enum tsts_notification_opnum {
	TSTS_WAIT_FOR_STATE = 0, TSTS_REGISTER_ASYNC = 1, TSTS_WAIT_ASYNC = 2, TSTS_UNREGISTER_ASYNC = 3
};

enum tsts_enumeration_opnum {
	TSTS_OPEN_ENUM = 0, TSTS_CLOSE_ENUM = 1, TSTS_FILTER_BY_STATE = 2, TSTS_GET_ENUM_RESULT = 5,
	TSTS_GET_SESSION_IDS = 8, TSTS_GET_ENUM_RESULT_EX = 9, TSTS_GET_ALL_SESSIONS = 10, TSTS_GET_ALL_SESSIONS_EX = 11
};

enum tsts_rcm_public_opnum {
	TSTS_GET_CLIENT_DATA = 0, TSTS_GET_CONFIG_DATA = 1, TSTS_GET_PROTOCOL_STATUS = 2, TSTS_GET_LAST_INPUT = 3,
	TSTS_GET_REMOTE_ADDRESS = 4, TSTS_GET_ALL_LISTENERS = 8, TSTS_GET_PROTOCOL_LAST_INPUT = 9,
	TSTS_QUERY_SESSION_DATA = 11
};

enum tsts_rcm_listener_opnum {
	TSTS_OPEN_LISTENER = 0, TSTS_CLOSE_LISTENER = 1, TSTS_STOP_LISTENER = 2, TSTS_START_LISTENER = 3,
	TSTS_IS_LISTENING = 4
};

enum tsts_ica_opnum {
	TSTS_ICA_OPEN_SERVER = 0, TSTS_ICA_CLOSE_SERVER = 1, TSTS_ICA_ENUMERATE = 3, TSTS_ICA_QUERY_INFORMATION = 5,
	TSTS_ICA_SEND_MESSAGE = 7, TSTS_ICA_ID_FROM_NAME = 8, TSTS_ICA_NAME_FROM_ID = 9, TSTS_ICA_DISCONNECT = 13,
	TSTS_ICA_RESET = 14, TSTS_ICA_SHUTDOWN = 15, TSTS_ICA_TERMINATE_PROCESS = 37,
	TSTS_ICA_GET_PROCESSES = 43, TSTS_ICA_GET_PROCESS_SID = 44, TSTS_ICA_CLOSE_SERVER_EX = 60, TSTS_ICA_GET_PROCESSES_NT6 = 70
};

/* WINSTATIONSTATECLASS: what a session is doing. */
enum tsts_state {
	TSTS_STATE_ACTIVE, TSTS_STATE_CONNECTED, TSTS_STATE_CONNECT_QUERY, TSTS_STATE_SHADOW, TSTS_STATE_DISCONNECTED,
	TSTS_STATE_IDLE, TSTS_STATE_LISTEN, TSTS_STATE_RESET, TSTS_STATE_DOWN, TSTS_STATE_INIT
};

/* Events of tsts_register_async and tsts_wait_async. */
enum tsts_change_mask {
	TSTS_CHANGE_CREATE = 0x1, TSTS_CHANGE_CONNECT = 0x2, TSTS_CHANGE_DISCONNECT = 0x4, TSTS_CHANGE_LOGON = 0x8,
	TSTS_CHANGE_LOGOFF = 0x10, TSTS_CHANGE_SHADOW_START = 0x20, TSTS_CHANGE_SHADOW_STOP = 0x40,
	TSTS_CHANGE_TERMINATE = 0x80, TSTS_CHANGE_CONSOLE_CONNECT = 0x100, TSTS_CHANGE_CONSOLE_DISCONNECT = 0x200,
	TSTS_CHANGE_LOCK = 0x400, TSTS_CHANGE_UNLOCK = 0x800, TSTS_CHANGE_DESKTOP_READY = 0x1000
};

/* Answers of tsts_show_message_box and tsts_ica_send_message beyond those of the buttons (1 OK to 7 No). */
enum { TSTS_ANSWER_TIMEOUT = 32000, TSTS_ANSWER_ASYNC = 32001 };

/* SessionFlags of tsts_info_ex. */
enum { TSTS_FLAGS_LOCKED = 0, TSTS_FLAGS_UNLOCKED = 1 };
#define TSTS_FLAGS_UNKNOWN UINT32_C(0xffffffff)

/* tsts_get_session_type. */
enum tsts_session_type {
	TSTS_TYPE_UNKNOWN, TSTS_TYPE_SERVICES, TSTS_TYPE_LISTENER, TSTS_TYPE_DESKTOP, TSTS_TYPE_ALTERNATE_SHELL,
	TSTS_TYPE_REMOTE_APP, TSTS_TYPE_MEDIA_CENTER
};

/* Classes of tsts_ica_query_information. */
enum tsts_ica_class {
	TSTS_CLASS_CLIENT = 6, TSTS_CLASS_INFORMATION = 8, TSTS_CLASS_VIDEO = 16, TSTS_CLASS_LOCKED = 28,
	TSTS_CLASS_REMOTE_ADDRESS = 29, TSTS_CLASS_TYPE = 39
};

/* Sizes of native structures inside opaque buffers; in IcaApi four bytes (VARDATA_WIRE) stand before some. */
enum {
	TSTS_CLIENT_SIZE = 2296, TSTS_CONFIG_SIZE = 2664, TSTS_INFORMATION_SIZE = 1216, TSTS_LOGONID_SIZE = 76,
	TSTS_PROTOCOL_STATUS_SIZE = 1012, TSTS_VARDATA_SIZE = 4
};

/* Addresses of a client, as Windows counts families. */
enum { TSTS_FAMILY_IPV4 = 2, TSTS_FAMILY_IPV6 = 23 };

/* ---- structures ---- */

/* SESSIONENUM (levels 1, 2), SESSIONENUM_EX (1 to 3). The peer's level counts, not the one that was asked for. */
struct tsts_session {
	uint32_t level, id, state;
	char name[TSTS_TEXT(33)];
	uint32_t source, full_desktop;		/* from level 2 */
	struct GUID type;
	uint32_t n_protocol_data;		/* level 3 */
	const uint8_t *protocol_data;
};

/* EXECENVDATA, levels 1 and 2. */
struct tsts_environment {
	uint32_t level, id, state;
	char name[TSTS_TEXT(33)];
	uint32_t abs_id;			/* level 2 */
	char host[TSTS_TEXT(33)], user[TSTS_TEXT(33)], domain[TSTS_TEXT(33)], farm[TSTS_TEXT(33)];
};

/* EXECENVDATAEX, level 1. Texts may be NULL. */
struct tsts_environment_ex {
	uint32_t level, id, state, abs_id;
	const char *name, *host, *user, *domain, *farm;
};

/* LSMSESSIONINFORMATION. Texts may be NULL. */
struct tsts_info {
	const char *user, *domain, *terminal;
	uint32_t state, locked;
	uint64_t connect_time, disconnect_time, logon_time;
};

/* LSMSESSIONINFORMATION_EX, level 1. Names are cut: user 20, domain 17 characters. */
struct tsts_info_ex {
	uint32_t level, state, flags;
	char name[TSTS_TEXT(33)], domain[TSTS_TEXT(18)], user[TSTS_TEXT(21)];
	uint64_t connect_time, disconnect_time, logon_time, last_input_time;
	uint32_t n_protocol_data;
	const uint8_t *protocol_data;		/* PROTOCOLSTATUSEX of whatever size */
};

/* SESSION_CHANGE. */
struct tsts_change {
	uint32_t session_id, mask;
};

/* TS_COUNTER. */
struct tsts_counter {
	uint32_t id, known, value;
	uint64_t start_time;
};

/* LISTENERENUM, level 1. */
struct tsts_listener {
	uint32_t level, id, listening;
	char name[TSTS_TEXT(33)];
};

/* RCM_REMOTEADDRESS. There is no form for "none": also a failed answer has one of the families. */
struct tsts_address {
	uint32_t family, port;
	uint32_t flow, scope;			/* IPv6 */
	uint8_t address[16];			/* IPv4: the first four; network order */
	uint32_t padded;			/* the form with pad bytes before the union, 28 or 40 bytes long */
};

/* TS_SYS_PROCESS_INFORMATION and _NT6. Sizes in bytes, times of processor in 100 ns. */
struct tsts_process {
	uint32_t next_offset, n_threads;
	uint64_t create_time, user_time, kernel_time;
	uint32_t image_length, image_room;	/* bytes of UTF-16; tsts_process_set_image() */
	const char *image;			/* may be NULL */
	uint32_t priority, pid, parent_pid, n_handles, session_id;
	uint32_t peak_virtual_size, virtual_size, n_page_faults, peak_working_set, working_set;
	uint32_t quota_peak_paged, quota_paged, quota_peak_non_paged, quota_non_paged;
	uint32_t pagefile, peak_pagefile, private_pages;
};

/* TS_ALL_PROCESSES_INFO and _NT6. Either pointer may be NULL, for callers with few rights. */
struct tsts_process_entry {
	struct tsts_process *process;
	uint32_t n_sid;
	const uint8_t *sid;
};

/* ---- TermSrvSession, MS-TSTS 3.3.4.1 ---- */

struct tsts_open_session {
	struct { uint32_t session_id; } in;
	struct { struct policy_handle handle; uint32_t result; } out;
};
struct tsts_close_session {
	struct { struct policy_handle handle; } in;
	struct { struct policy_handle handle; uint32_t result; } out;
};
struct tsts_connect {
	struct { struct policy_handle handle; uint32_t target_id; const char *password; } in;
	struct { uint32_t result; } out;
};
struct tsts_disconnect {
	struct { struct policy_handle handle; } in;
	struct { uint32_t result; } out;
};
struct tsts_logoff {
	struct { struct policy_handle handle; } in;
	struct { uint32_t result; } out;
};
struct tsts_get_user_name {
	struct { struct policy_handle handle; } in;
	struct { const char *user, *domain; uint32_t result; } out;
};
struct tsts_get_terminal_name {
	struct { struct policy_handle handle; } in;
	struct { const char *name; uint32_t result; } out;
};
struct tsts_get_state {
	struct { struct policy_handle handle; } in;
	struct { uint32_t state, result; } out;
};
/* result 0: locked, 1: not. */
struct tsts_is_desktop_locked {
	struct { struct policy_handle handle; } in;
	struct { uint32_t result; } out;
};
struct tsts_show_message_box {
	struct { struct policy_handle handle; const char *title, *message; uint32_t style, timeout_s, do_not_wait; } in;
	struct { uint32_t response, result; } out;
};
struct tsts_get_times {
	struct { struct policy_handle handle; } in;
	struct { uint64_t connect_time, disconnect_time, logon_time; uint32_t result; } out;
};
struct tsts_get_counters {
	struct { struct tsts_counter *counters; uint32_t n_counters; } in;
	struct { struct tsts_counter *counters; uint32_t n_counters, result; } out;
};
struct tsts_get_info {
	struct { uint32_t session_id; } in;
	struct { struct tsts_info info; uint32_t result; } out;
};
struct tsts_get_logged_on_count {
	struct { uint32_t unused; } in;
	struct { uint32_t n_users, n_devices, result; } out;
};
struct tsts_get_session_type {
	struct { uint32_t session_id; } in;
	struct { uint32_t type, result; } out;
};
struct tsts_get_info_ex {
	struct { uint32_t session_id, level; } in;
	struct { struct tsts_info_ex info; uint32_t result; } out;
};

/* ---- TermSrvNotification, MS-TSTS 3.3.4.2 ---- */

struct tsts_wait_for_state {
	struct { uint32_t session_id, state, timeout_ms; } in;
	struct { uint32_t result; } out;
};
struct tsts_register_async {
	struct { uint32_t session_id, mask; } in;	/* session_id 0xffffffff: all */
	struct { struct policy_handle handle; uint32_t result; } out;
};
struct tsts_wait_async {
	struct { struct policy_handle handle; } in;
	struct { struct tsts_change *changes; uint32_t n_changes, result; } out;
};
struct tsts_unregister_async {
	struct { struct policy_handle handle; } in;
	struct { struct policy_handle handle; uint32_t result; } out;
};

/* ---- TermSrvEnumeration, MS-TSTS 3.3.4.3 ---- */

struct tsts_open_enum {
	struct { uint32_t unused; } in;
	struct { struct policy_handle handle; uint32_t result; } out;
};
struct tsts_close_enum {
	struct { struct policy_handle handle; } in;
	struct { struct policy_handle handle; uint32_t result; } out;
};
struct tsts_filter_by_state {
	struct { struct policy_handle handle; uint32_t state, invert; } in;
	struct { uint32_t result; } out;
};
struct tsts_get_enum_result {
	struct { struct policy_handle handle; uint32_t level; } in;
	struct { struct tsts_session *sessions; uint32_t n_sessions, result; } out;
};
struct tsts_get_session_ids {
	struct { uint32_t filter, max_ids; } in;
	struct { uint32_t *ids; uint32_t n_ids, result; } out;
};
struct tsts_get_enum_result_ex {
	struct { struct policy_handle handle; uint32_t level; } in;
	struct { struct tsts_session *sessions; uint32_t n_sessions, result; } out;
};
struct tsts_get_all_sessions {
	struct { uint32_t level; } in;
	struct { uint32_t level; struct tsts_environment *sessions; uint32_t n_sessions, result; } out;
};
struct tsts_get_all_sessions_ex {
	struct { uint32_t level; } in;
	struct { struct tsts_environment_ex *sessions; uint32_t n_sessions, result; } out;
};

/* ---- RCMPublic, MS-TSTS 3.5.4.1 ---- */

struct tsts_get_client_data {
	struct { uint32_t session_id; } in;
	struct { const uint8_t *data; uint32_t n_data, result; } out;	/* tsts_client_pull() */
};
struct tsts_get_config_data {
	struct { uint32_t session_id; } in;
	struct { const uint8_t *data; uint32_t n_data, result; } out;
};
struct tsts_get_protocol_status {
	struct { uint32_t session_id, info_type; } in;
	struct { const uint8_t *data; uint32_t n_data, result; } out;
};
struct tsts_get_last_input {
	struct { uint32_t session_id; } in;
	struct { uint64_t last_input_time; uint32_t result; } out;
};
struct tsts_get_remote_address {
	struct { uint32_t session_id; } in;
	struct { struct tsts_address address; uint32_t result; } out;
};
struct tsts_get_all_listeners {
	struct { uint32_t level; } in;
	struct { struct tsts_listener *listeners; uint32_t n_listeners, result; } out;
};
struct tsts_get_protocol_last_input {
	struct { uint32_t session_id, info_type; } in;
	struct { const uint8_t *data; uint32_t n_data; uint64_t last_input_time; uint32_t result; } out;
};
/* out.room is the request's room. */
struct tsts_query_session_data {
	struct { uint32_t session_id, type; const uint8_t *data; uint32_t n_data, room; } in;
	struct { const uint8_t *data; uint32_t room, n_data, n_required, result; } out;
};

/* ---- RCMListener, MS-TSTS 3.5.4.2 ---- */

struct tsts_open_listener {
	struct { const char *name; } in;
	struct { struct policy_handle handle; uint32_t result; } out;
};
struct tsts_close_listener {
	struct { struct policy_handle handle; } in;
	struct { struct policy_handle handle; uint32_t result; } out;
};
struct tsts_stop_listener {
	struct { struct policy_handle handle; } in;
	struct { uint32_t result; } out;
};
struct tsts_start_listener {
	struct { struct policy_handle handle; } in;
	struct { uint32_t result; } out;
};
struct tsts_is_listening {
	struct { struct policy_handle handle; } in;
	struct { uint32_t listening, result; } out;
};

/* ---- IcaApi (LegacyApi), MS-TSTS 3.7.4.1. Sizes of texts count UTF-16 units with the NUL: tsts_text_size() ---- */

struct tsts_ica_open_server {
	struct { uint32_t unused; } in;
	struct { uint32_t status; struct policy_handle handle; uint32_t result; } out;
};
struct tsts_ica_close_server {
	struct { struct policy_handle handle; } in;
	struct { uint32_t status, result; } out;
};
/* data is an array of LOGONIDs: tsts_logonid_pull(). n_entries and n_data have no fixed relation. */
struct tsts_ica_enumerate {
	struct { struct policy_handle handle; uint32_t n_entries; const uint8_t *data; uint32_t n_data, index; } in;
	struct { uint32_t status, n_entries; const uint8_t *data; uint32_t n_data, index, result; } out;
};
/* out.n_data is the request's; returned is how much of it the server has filled. */
struct tsts_ica_query_information {
	struct { struct policy_handle handle; uint32_t session_id, class; const uint8_t *data; uint32_t n_data; } in;
	struct { uint32_t status; const uint8_t *data; uint32_t n_data, returned, result; } out;
};
struct tsts_ica_send_message {
	struct {
		struct policy_handle handle;
		uint32_t session_id;
		const char *title;
		uint32_t title_size;
		const char *message;
		uint32_t message_size, style, timeout_s, do_not_wait;
	} in;
	struct { uint32_t status, response, result; } out;
};
struct tsts_ica_id_from_name {
	struct { struct policy_handle handle; const char *name; uint32_t name_size; } in;
	struct { uint32_t status, session_id, result; } out;
};
/* out.name_size is the request's. */
struct tsts_ica_name_from_id {
	struct { struct policy_handle handle; uint32_t session_id; const char *name; uint32_t name_size; } in;
	struct { uint32_t status; const char *name; uint32_t name_size, result; } out;
};
struct tsts_ica_disconnect {
	struct { struct policy_handle handle; uint32_t session_id, wait; } in;
	struct { uint32_t status, result; } out;
};
struct tsts_ica_reset {
	struct { struct policy_handle handle; uint32_t session_id, wait; } in;
	struct { uint32_t status, result; } out;
};
struct tsts_ica_shutdown {
	struct { struct policy_handle handle; uint32_t client_id, flags; } in;
	struct { uint32_t status, result; } out;
};
struct tsts_ica_terminate_process {
	struct { struct policy_handle handle; uint32_t pid, exit_code; } in;
	struct { uint32_t status, result; } out;
};
struct tsts_ica_get_processes {
	struct { struct policy_handle handle; uint32_t level, max_processes; } in;
	struct { uint32_t status, n_processes; struct tsts_process_entry *processes; uint32_t result; } out;
};
/* out.n_sid is the request's room; needed is the size of the SID. */
struct tsts_ica_get_process_sid {
	struct {
		struct policy_handle handle;
		uint32_t pid;
		uint64_t start_time;
		const uint8_t *sid;
		uint32_t n_sid, needed;
	} in;
	struct { uint32_t status; const uint8_t *sid; uint32_t n_sid, needed, result; } out;
};
struct tsts_ica_close_server_ex {
	struct { struct policy_handle handle; } in;
	struct { struct policy_handle handle; uint32_t status, result; } out;
};
struct tsts_ica_get_processes_nt6 {
	struct { struct policy_handle handle; uint32_t level, max_processes; } in;
	struct { uint32_t status, n_processes; struct tsts_process_entry *processes; uint32_t result; } out;
};

/*
 * The call tables, indexed by the opnums above. The others are named "NotUsed" and cannot be encoded or decoded: our client
 * does not send them, and neither do Windows' own commands to a server that has TermSrvSession.
 */
extern const struct ndr_interface_table tsts_table_session, tsts_table_notification, tsts_table_enumeration,
	tsts_table_rcm_public, tsts_table_rcm_listener, tsts_table_ica;

/* ---- native structures inside opaque buffers, MS-TSTS 2.2.2 ---- */

/* WINSTATIONCLIENT, what matters of it; its password is neither read nor written. */
struct tsts_client {
	uint32_t flags;
	char name[TSTS_TEXT(21)], domain[TSTS_TEXT(18)], user[TSTS_TEXT(21)];
	char work_directory[TSTS_TEXT(257)], program[TSTS_TEXT(257)], directory[TSTS_TEXT(257)];
	uint32_t encryption_level;
	uint32_t address_family;
	char address[TSTS_TEXT(31)];		/* text */
	uint32_t width, height, color_depth;
	uint32_t protocol;			/* 0 console, 1 other, 2 RDP */
	uint32_t keyboard_layout, build, hardware_id, product_id, session_id;
};

/* WINSTATIONINFORMATION, what matters of it. */
struct tsts_information {
	uint32_t state;
	char name[TSTS_TEXT(33)];
	uint32_t session_id;
	uint64_t connect_time, disconnect_time, last_input_time, logon_time;
	char domain[TSTS_TEXT(18)], user[TSTS_TEXT(21)];
	uint64_t current_time;
};

/* LOGONID. */
struct tsts_logonid {
	uint32_t session_id;
	char name[TSTS_TEXT(33)];
	uint32_t state;
};

/*
 * Each pull reads the structure from the first of N bytes, and fails if they are too few. Each push writes all of its
 * bytes, zeroes where the C structure has no member; N must be the size. Surplus bytes are ignored. Buffers of
 * IcaApi begin TSTS_VARDATA_SIZE bytes earlier: tsts_vardata() finds the structure.
 * Returns whether it was done.
 */
bool tsts_client_pull(struct tsts_client *ret, const uint8_t *bytes, size_t n);
bool tsts_client_push(const struct tsts_client *client, uint8_t *bytes, size_t n);
bool tsts_information_pull(struct tsts_information *ret, const uint8_t *bytes, size_t n);
bool tsts_information_push(const struct tsts_information *information, uint8_t *bytes, size_t n);
bool tsts_logonid_pull(struct tsts_logonid *ret, const uint8_t *bytes, size_t n);
bool tsts_logonid_push(const struct tsts_logonid *logonid, uint8_t *bytes, size_t n);

/*
 * Writes the VARDATA_WIRE for a structure of SIZE bytes, which begins right behind it.
 */
void tsts_vardata_push(uint8_t bytes[TSTS_VARDATA_SIZE], uint32_t size);

/*
 * Finds the structure that the VARDATA_WIRE at the head of BYTES speaks of.
 * Returns it with *ret_n, its size within the N bytes, or NULL.
 */
const uint8_t *tsts_vardata(const uint8_t *bytes, size_t n, size_t *ret_n);

/* ---- small change ---- */

/* Room for any SID as text. */
#define TSTS_SID_TEXT_SIZE 192

/* Writes the SID of N bytes as "S-1-5-18". Returns false, and an empty text, if it is none. */
bool tsts_sid_text(const uint8_t *sid, size_t n, char text[TSTS_SID_TEXT_SIZE]);

/* Microseconds of Unix time of a FILETIME. Returns 0, never, also for those before 1970 or beyond our time. */
int64_t tsts_unix_us(uint64_t filetime);

/* The FILETIME of UNIX_US. Returns 0, never, for 0 and less. */
uint64_t tsts_filetime(int64_t unix_us);

/* Counts the UTF-16 units of TEXT with its NUL. Returns that count, 0 for NULL. */
uint32_t tsts_text_size(const char *text);

/* Sets the image name of PROCESS, and its sizes. TEXT is kept, not copied. */
void tsts_process_set_image(struct tsts_process *process, const char *text);

/* Tells whether an HRESULT is one of success: 0, 1 and 0x10000000 have all been seen. */
static inline bool tsts_ok(uint32_t result)
{
	return (result & UINT32_C(0x80000000)) == 0;
}

#endif
