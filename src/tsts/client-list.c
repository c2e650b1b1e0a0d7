/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * client-list.c - which sessions there are, and what they are.
 *
 * Servers of different age know different calls; each question is a row of ways, the one that tells most in one call
 * first (MS-TSTS 3.3.4.3, 3.3.4.1, 3.5.4.1, 3.7.4.1). A way is left for the next when the server does not know the call, or
 * when its answer cannot be read: no real Windows has been seen to answer all of them, an older call may be understood.
 * Enumerations leave out silently what the caller may not see, and some servers more. So "no such session" is only said when
 * a question for that session and an enumeration agree, and what an enumeration shows stays in a list.
 * Only the older pipe tells the time of the server, with what it says of a session.
 */
#include "tsts/client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"

/* Names that are as long as the field of the short form may have been cut (MS-TSTS 2.2.2.19: user 20, domain 17). */
#define USER_CUT 20
#define DOMAIN_CUT 17

/* Sessions asked for in one call of IcaApi. */
#define LEGACY_CHUNK 256

/*
 * Tasks that ask for many sessions side by side, and what it must take one task to ask for all before they do: opening
 * three more pipes takes as long as some 20 calls and some 30 ms of the server's time.
 */
#define SHARE_MAX 4
#define SHARE_US UINT64_C(100000)

struct rows {
	struct station_row *rows;
	size_t n;
};

/* Whether R, about one session, means that there is no use in asking about others. */
static bool is_final(int r)
{
	return r == -EHOSTUNREACH || r == -ETIMEDOUT || r == -EOPNOTSUPP || r == -ENOMEM;
}

/* Whether the next way may be tried after R. */
static bool next_way(int r)
{
	return r == -EOPNOTSUPP || r == -EPROTO;
}

static int rows_take(struct job *job, struct rows *rows, size_t n)
{
	rows->n = n < EVENT_ROWS_MAX ? n : EVENT_ROWS_MAX;
	rows->rows = talloc_zero_array(job, struct station_row, rows->n + 1);
	return rows->rows ? 0 : -ENOMEM;
}

static void fill_names(struct station_row *row, const char *name, const char *user, const char *domain)
{
	text_copy(row->name, sizeof(row->name), name);
	text_copy(row->user, sizeof(row->user), user);
	text_copy(row->domain, sizeof(row->domain), domain);
}

/* ---- enumerations ---- */

/* RpcGetAllSessionsEx: everything but the times, in one call. Windows 8, Server 2012 and later. */
static int list_all_ex(struct job *job, struct rows *rows, struct logoff_error *reterr)
{
	struct tsts_get_all_sessions_ex call = { .in.level = 1 };
	int r;

	r = link_call(job->client, ENUMERATION, TSTS_GET_ALL_SESSIONS_EX, job, &call, &call.out.result, reterr);
	if (r == 0)
		r = rows_take(job, rows, call.out.n_sessions);
	for (size_t i = 0; r == 0 && i < rows->n; i++) {
		const struct tsts_environment_ex *from = &call.out.sessions[i];

		rows->rows[i] = (struct station_row){ .id = from->id, .state = from->state };
		fill_names(&rows->rows[i], from->name, from->user, from->domain);
	}
	return r;
}

/* RpcGetAllSessions: the same. Windows 7, Server 2008 R2. */
static int list_all(struct job *job, struct rows *rows, struct logoff_error *reterr)
{
	struct tsts_get_all_sessions call = { .in.level = 2 };
	int r;

	r = link_call(job->client, ENUMERATION, TSTS_GET_ALL_SESSIONS, job, &call, &call.out.result, reterr);
	for (size_t i = 0; r == 0 && i < call.out.n_sessions; i++)
		if (call.out.sessions[i].level != 2)
			return error_set_errno(reterr, -EOPNOTSUPP, -EOPNOTSUPP, "the server tells less than it was asked for");
	if (r == 0)
		r = rows_take(job, rows, call.out.n_sessions);
	for (size_t i = 0; r == 0 && i < rows->n; i++) {
		const struct tsts_environment *from = &call.out.sessions[i];

		rows->rows[i] = (struct station_row){ .id = from->id, .state = from->state };
		fill_names(&rows->rows[i], from->name, from->user, from->domain);
	}
	return r;
}

/* On one pipe, as the handle is of that pipe. The result of closing it means nothing. */
static int enumerate(struct job *job, struct channel *channel, struct tsts_get_enum_result *result,
		     struct logoff_error *reterr)
{
	struct client *client = job->client;
	struct tsts_open_enum open = {};
	struct tsts_close_enum close;
	int r;

	r = channel_call(client, channel, ENUMERATION, TSTS_OPEN_ENUM, job, &open, &open.out.result, reterr);
	if (r < 0)
		return r;
	result->in.handle = open.out.handle;
	result->in.level = 1;
	r = channel_call(client, channel, ENUMERATION, TSTS_GET_ENUM_RESULT, job, result, &result->out.result, reterr);
	close = (struct tsts_close_enum){ .in.handle = open.out.handle };
	(void)channel_call(client, channel, ENUMERATION, TSTS_CLOSE_ENUM, job, &close, NULL, NULL);
	return r;
}

/* RpcOpenEnum, RpcGetEnumResult, RpcCloseEnum: ids, states and names. Vista, Server 2008. */
static int list_enum(struct job *job, struct rows *rows, struct logoff_error *reterr)
{
	struct tsts_get_enum_result result = {};
	struct channel *channel;
	int r;

	r = channel_take(job->client, ENUMERATION, false, &channel, reterr);
	if (r < 0)
		return r;
	r = enumerate(job, channel, &result, reterr);
	channel_give(job->client, channel);
	if (r == 0)
		r = rows_take(job, rows, result.out.n_sessions);
	for (size_t i = 0; r == 0 && i < rows->n; i++) {
		const struct tsts_session *from = &result.out.sessions[i];

		rows->rows[i] = (struct station_row){ .id = from->id, .state = from->state };
		fill_names(&rows->rows[i], from->name, NULL, NULL);
	}
	return r;
}

/* ---- details of one session ---- */

static void fill_times(struct station_row *row, uint64_t connect, uint64_t disconnect, uint64_t logon, uint64_t input)
{
	row->has |= STATION_HAS_DETAILS;
	row->connect_us = tsts_unix_us(connect);
	row->disconnect_us = tsts_unix_us(disconnect);
	row->logon_us = tsts_unix_us(logon);
	row->input_us = tsts_unix_us(input);
}

/* RpcGetSessionInformation: whole names, but not the last input. */
static int ask_info(struct client *client, TALLOC_CTX *memory, uint32_t id, struct station_row *row,
		    struct logoff_error *reterr)
{
	struct tsts_get_info call = { .in.session_id = id };
	const struct tsts_info *info = &call.out.info;
	int64_t input_us = row->input_us;
	int r;

	r = link_call(client, SESSION, TSTS_GET_INFO, memory, &call, &call.out.result, reterr);
	if (r < 0)
		return r;
	row->state = info->state;
	fill_names(row, info->terminal, info->user, info->domain);
	fill_times(row, info->connect_time, info->disconnect_time, info->logon_time, 0);
	row->input_us = input_us;
	return 0;
}

/* RpcGetSessionInformationEx, level 1: all at once, but names of fixed size. Windows 7, Server 2008 R2 and later. */
static int ask_info_ex(struct client *client, TALLOC_CTX *memory, uint32_t id, struct station_row *row,
		       struct logoff_error *reterr)
{
	struct tsts_get_info_ex call = { .in.session_id = id, .in.level = 1 };
	const struct tsts_info_ex *info = &call.out.info;
	int r;

	r = link_call(client, SESSION, TSTS_GET_INFO_EX, memory, &call, &call.out.result, reterr);
	if (r < 0)
		return r;
	if (info->level != 1)
		return error_set_errno(reterr, -EOPNOTSUPP, -EOPNOTSUPP, "the server tells other things than it was asked for");
	row->state = info->state;
	fill_names(row, info->name, info->user, info->domain);
	fill_times(row, info->connect_time, info->disconnect_time, info->logon_time, info->last_input_time);
	if (strlen(info->user) >= USER_CUT || strlen(info->domain) >= DOMAIN_CUT)
		(void)ask_info(client, memory, id, row, NULL);	/* a name that is cut is better than none */
	return 0;
}

static int ask_by_handle(struct client *client, struct channel *channel, TALLOC_CTX *memory, struct policy_handle handle,
			 struct station_row *row, struct logoff_error *reterr)
{
	struct tsts_get_user_name user = { .in.handle = handle };
	struct tsts_get_terminal_name name = { .in.handle = handle };
	struct tsts_get_state state = { .in.handle = handle };
	struct tsts_get_times times = { .in.handle = handle };
	int r;

	r = channel_call(client, channel, SESSION, TSTS_GET_STATE, memory, &state, &state.out.result, reterr);
	if (r == 0)
		r = channel_call(client, channel, SESSION, TSTS_GET_USER_NAME, memory, &user, &user.out.result, reterr);
	if (r == 0)
		r = channel_call(client, channel, SESSION, TSTS_GET_TERMINAL_NAME, memory, &name, &name.out.result, reterr);
	if (r == 0)
		r = channel_call(client, channel, SESSION, TSTS_GET_TIMES, memory, &times, &times.out.result, reterr);
	if (r < 0)
		return r;
	row->state = state.out.state;
	fill_names(row, name.out.name, user.out.user, user.out.domain);
	fill_times(row, times.out.connect_time, times.out.disconnect_time, times.out.logon_time, 0);
	return 0;
}

/* RpcOpenSession and the single questions: what was there first. */
static int ask_piecemeal(struct client *client, TALLOC_CTX *memory, uint32_t id, struct station_row *row,
			 struct logoff_error *reterr)
{
	struct tsts_open_session open = { .in.session_id = id };
	struct tsts_close_session close;
	struct channel *channel;
	int r;

	r = channel_take(client, SESSION, false, &channel, reterr);
	if (r < 0)
		return r;
	r = channel_call(client, channel, SESSION, TSTS_OPEN_SESSION, memory, &open, &open.out.result, reterr);
	if (r == 0) {
		r = ask_by_handle(client, channel, memory, open.out.handle, row, reterr);
		close = (struct tsts_close_session){ .in.handle = open.out.handle };
		(void)channel_call(client, channel, SESSION, TSTS_CLOSE_SESSION, memory, &close, NULL, NULL);
	}
	channel_give(client, channel);
	return r;
}

/* The answer comes later than the clock was read, so nobody seems to be idle for longer than they are. */
static void take_clock(struct client *client, uint64_t filetime)
{
	int64_t now_us = tsts_unix_us(filetime);

	if (now_us <= 0)
		return;
	client->ahead_us = now_us - (int64_t)clock_now_us();
	client->has_clock = true;
}

/* Class 8 of IcaApi. A way of its own: handles of the legacy pipe. */
static int ask_legacy(struct client *client, struct channel *channel, TALLOC_CTX *memory, uint32_t id,
		      struct station_row *row, struct logoff_error *reterr)
{
	uint8_t wanted[TSTS_VARDATA_SIZE + TSTS_INFORMATION_SIZE] = {};
	struct tsts_ica_query_information call = { .in = { .session_id = id, .class = TSTS_CLASS_INFORMATION,
							   .data = wanted, .n_data = sizeof(wanted) } };
	struct tsts_information information;
	const uint8_t *found;
	size_t n = 0;
	int r;

	tsts_vardata_push(wanted, TSTS_INFORMATION_SIZE);
	r = channel_ica(client, channel, &call.in.handle, reterr);
	if (r == 0)
		r = channel_call(client, channel, ICA, TSTS_ICA_QUERY_INFORMATION, memory, &call, NULL, reterr);
	if (r < 0)
		return r;
	if (call.out.result == 0)
		return error_set_result(reterr, call.out.status);
	found = tsts_vardata(call.out.data, call.out.n_data, &n);
	if (!found || !tsts_information_pull(&information, found, n))
		return error_set_errno(reterr, -EPROTO, -EPROTO, "the server's answer about the session is cut short");
	take_clock(client, information.current_time);
	row->state = information.state;
	fill_names(row, information.name, information.user, information.domain);
	fill_times(row, information.connect_time, information.disconnect_time, information.logon_time,
		   information.last_input_time);
	return 0;
}

static int ask_on_legacy_pipe(struct client *client, TALLOC_CTX *memory, uint32_t id, struct station_row *row,
			      struct logoff_error *reterr)
{
	struct channel *channel;
	int r;

	r = channel_take(client, ICA, false, &channel, reterr);
	if (r < 0)
		return r;
	r = ask_legacy(client, channel, memory, id, row, reterr);
	channel_give(client, channel);
	return r;
}

static int ask_details(struct client *client, TALLOC_CTX *memory, uint32_t id, struct station_row *row,
		       struct logoff_error *reterr)
{
	int r;

	if (link_is_legacy(client))
		return ask_on_legacy_pipe(client, memory, id, row, reterr);
	r = ask_info_ex(client, memory, id, row, reterr);
	if (next_way(r))
		r = ask_info(client, memory, id, row, reterr);
	if (next_way(r))
		r = ask_piecemeal(client, memory, id, row, reterr);
	return r;
}

/* ---- side by side ---- */

/* Sessions that are asked about by several tasks, each taking the next one. */
struct round {
	struct client *client;
	struct rows rows;
	size_t next;
	int (*ask)(struct client *client, TALLOC_CTX *memory, uint32_t id, struct station_row *row,
		   struct logoff_error *reterr);
	bool drop;			/* rows of which the server says that there is no such session */
	int r;				/* what made it end early */
	struct logoff_error cause;
};

#define GONE UINT32_MAX		/* no session id */

static void take_turn(struct round *round)
{
	struct station_row *row = &round->rows.rows[round->next++];
	TALLOC_CTX *memory = talloc_new(round->client);
	struct logoff_error cause = {};
	int r = memory ? round->ask(round->client, memory, row->id, row, &cause) : -ENOMEM;

	talloc_free(memory);
	if (r == -ENXIO && round->drop)
		row->id = GONE;
	if (is_final(r) && round->r == 0) {
		round->r = r;
		round->cause = cause;
	}
}

static void take_turns(void *data)
{
	struct round *round = data;

	while (round->r == 0 && round->next < round->rows.n)
		take_turn(round);
}

/* The first three turns show how long one takes: the first may have to open or bind something. */
static void take_all_turns(struct round *round)
{
	uint64_t begun_us = 0;

	for (int i = 0; i < 3 && round->r == 0 && round->next < round->rows.n; i++) {
		if (i == 1)
			begun_us = clock_now_us();
		take_turn(round);
	}
	if (round->r < 0 || round->next == round->rows.n)
		return;
	if ((clock_now_us() - begun_us) / 2 * (round->rows.n - round->next) < SHARE_US) {
		take_turns(round);
		return;
	}
	link_widen(round->client, true);
	task_share(round->client, SHARE_MAX, take_turns, round);
	link_widen(round->client, false);
}

static int ask_all(struct round *round, struct logoff_error *reterr)
{
	size_t kept = 0;

	take_all_turns(round);
	if (round->r < 0 && reterr)
		*reterr = round->cause;
	for (size_t i = 0; i < round->rows.n; i++)
		if (round->rows.rows[i].id != GONE)
			round->rows.rows[kept++] = round->rows.rows[i];
	round->rows.n = kept;
	return round->r;
}

/* ---- orders ---- */

static int list_legacy_chunk(struct job *job, struct channel *channel, struct tsts_ica_enumerate *call,
			     struct rows *rows, struct logoff_error *reterr)
{
	size_t n;
	int r;

	r = channel_call(job->client, channel, ICA, TSTS_ICA_ENUMERATE, job, call, NULL, reterr);
	if (r < 0)
		return r;
	if (call->out.result == 0)
		return error_set_result(reterr, call->out.status);
	n = call->out.n_data / TSTS_LOGONID_SIZE;
	if (n > call->out.n_entries)
		n = call->out.n_entries;
	if (n > EVENT_ROWS_MAX - rows->n)
		n = EVENT_ROWS_MAX - rows->n;
	rows->rows = talloc_realloc(job, rows->rows, struct station_row, rows->n + n + 1);
	if (!rows->rows)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		struct tsts_logonid entry;

		if (!tsts_logonid_pull(&entry, call->out.data + i * TSTS_LOGONID_SIZE, TSTS_LOGONID_SIZE))
			break;
		rows->rows[rows->n] = (struct station_row){ .id = entry.session_id, .state = entry.state };
		fill_names(&rows->rows[rows->n++], entry.name, NULL, NULL);
	}
	call->in.index = call->out.index;
	return n > 0;
}

/* IcaApi 3, chunk by chunk; the end is an empty one, or "no more entries". */
static int list_legacy(struct job *job, struct rows *rows, struct logoff_error *reterr)
{
	static const uint8_t room[LEGACY_CHUNK * TSTS_LOGONID_SIZE];
	struct tsts_ica_enumerate call = { .in = { .n_entries = LEGACY_CHUNK, .data = room, .n_data = sizeof(room) } };
	struct channel *channel;
	int r;

	r = channel_take(job->client, ICA, false, &channel, reterr);
	if (r < 0)
		return r;
	r = channel_ica(job->client, channel, &call.in.handle, reterr);
	if (r == 0)
		r = 1;
	while (r > 0 && rows->n < EVENT_ROWS_MAX)
		r = list_legacy_chunk(job, channel, &call, rows, reterr);
	channel_give(job->client, channel);
	return r < 0 ? r : 0;
}

/* Ids, states and names of all sessions; *RET_WHOLE: users too. */
static int list_any(struct job *job, struct rows *rows, bool *ret_whole, struct logoff_error *reterr)
{
	int r;

	*ret_whole = false;
	*rows = (struct rows){};
	if (link_is_legacy(job->client))
		return list_legacy(job, rows, reterr);
	r = list_all_ex(job, rows, reterr);
	if (next_way(r))
		r = list_all(job, rows, reterr);
	*ret_whole = r == 0;
	if (next_way(r))
		r = list_enum(job, rows, reterr);
	return r;
}

static void reply_rows(struct job *job, const struct rows *rows)
{
	job->rows = rows->rows;
	job->n_rows = rows->n;
	job->row_size = sizeof(struct station_row);
}

static int remember(struct client *client, const struct rows *rows)
{
	talloc_free(client->listed);
	client->n_listed = 0;
	client->listed = talloc_array(client, uint32_t, rows->n + 1);
	if (!client->listed)
		return -ENOMEM;
	for (size_t i = 0; i < rows->n; i++)
		client->listed[i] = rows->rows[i].id;
	client->n_listed = rows->n;
	return 0;
}

int carry_list(struct job *job, struct logoff_error *reterr)
{
	struct round round = { .client = job->client, .ask = ask_details };
	bool whole;
	int r;

	r = list_any(job, &round.rows, &whole, reterr);
	if (r == 0 && !whole)
		r = ask_all(&round, reterr);
	if (r == 0)
		r = remember(job->client, &round.rows);
	if (r == 0)
		reply_rows(job, &round.rows);
	return r;
}

/* Whether an enumeration shows session ID; then ROW is what it says. Returns 1, 0 or -errno. */
static int look_in_list(struct job *job, uint32_t id, struct station_row *row, struct logoff_error *reterr)
{
	struct rows rows;
	bool whole;
	int r;

	r = list_any(job, &rows, &whole, reterr);
	for (size_t i = 0; r == 0 && i < rows.n; i++)
		if (rows.rows[i].id == id) {
			*row = rows.rows[i];
			r = 1;
		}
	return r;
}

/* A session that is neither told about nor shown in a list may still be there: opening it needs no right (3.3.4.1.1). */
static int look_by_opening(struct job *job, uint32_t id, struct logoff_error *reterr)
{
	struct tsts_open_session open = { .in.session_id = id };
	struct tsts_close_session close;
	struct channel *channel;
	int r;

	if (link_is_legacy(job->client))
		return -EACCES;
	r = channel_take(job->client, SESSION, false, &channel, reterr);
	if (r < 0)
		return r;
	r = channel_call(job->client, channel, SESSION, TSTS_OPEN_SESSION, job, &open, &open.out.result, reterr);
	if (r == 0) {
		close = (struct tsts_close_session){ .in.handle = open.out.handle };
		(void)channel_call(job->client, channel, SESSION, TSTS_CLOSE_SESSION, job, &close, NULL, NULL);
		r = -EACCES;
	}
	channel_give(job->client, channel);
	return r;
}

/*
 * The server has answered R (-ENXIO, -EACCES, -EALREADY) to the question for session ROW: what does that mean? Returns 0 if
 * it is there, R, -ENXIO, or why that cannot be told.
 */
static int look_again(struct job *job, int r, struct station_row *row, struct logoff_error *reterr)
{
	int shown = job->order.missed ? 0 : look_in_list(job, row->id, row, reterr);

	if (shown < 0)
		return shown;
	if (r == -EALREADY) {
		row->state = TSTS_STATE_RESET;
		return 0;
	}
	if (!shown && r == -EACCES && look_by_opening(job, row->id, NULL) == -ENXIO)
		return -ENXIO;
	return shown ? 0 : r;
}

int carry_get(struct job *job, struct logoff_error *reterr)
{
	struct rows rows = {};
	struct station_row *row;
	struct logoff_error cause = {};
	int r;

	r = rows_take(job, &rows, 1);
	if (r < 0)
		return r;
	row = &rows.rows[0];
	row->id = job->order.id;
	r = ask_details(job->client, job, row->id, row, &cause);
	if (r == -ENXIO || r == -EACCES || r == -EALREADY)
		r = look_again(job, r, row, &cause);
	if (r == 0)
		reply_rows(job, &rows);
	else if (reterr)
		*reterr = cause;
	return r;
}

static int recall(struct job *job, struct rows *rows)
{
	struct client *client = job->client;
	int r;

	r = rows_take(job, rows, client->n_listed);
	for (size_t i = 0; r == 0 && i < rows->n; i++)
		rows->rows[i].id = client->listed[i];
	return r;
}

static int answer_round(struct job *job, struct round *round, struct logoff_error *reterr)
{
	int r;

	r = recall(job, &round->rows);
	if (r == 0)
		r = ask_all(round, reterr);
	if (r == 0)
		reply_rows(job, &round->rows);
	return r;
}

int carry_details(struct job *job, struct logoff_error *reterr)
{
	struct round round = { .client = job->client, .ask = ask_details, .drop = true };

	return answer_round(job, &round, reterr);
}

int carry_clock(struct job *job, struct logoff_error *reterr)
{
	struct station_row unused = {};

	return ask_on_legacy_pipe(job->client, job, job->order.id, &unused, reterr);
}

/* ---- clients ---- */

/* An address of zeroes is none. */
static void fill_address(struct station_row *row, const struct tsts_address *address)
{
	static const uint8_t none[sizeof(address->address)];
	bool six = address->family == TSTS_FAMILY_IPV6;

	if ((six || address->family == TSTS_FAMILY_IPV4) && memcmp(address->address, none, six ? 16 : 4) != 0)
		(void)inet_ntop(six ? AF_INET6 : AF_INET, address->address, row->address, sizeof(row->address));
}

/* RpcGetClientData; what that does not tell, RpcGetRemoteAddress may. Where nobody is connected there is neither. */
static int ask_client(struct client *client, TALLOC_CTX *memory, uint32_t id, struct station_row *row,
		      struct logoff_error *reterr)
{
	struct tsts_get_client_data data = { .in.session_id = id };
	struct tsts_get_remote_address address = { .in.session_id = id };
	struct tsts_client who = {};
	int r;

	r = link_call(client, RCM_PUBLIC, TSTS_GET_CLIENT_DATA, memory, &data, &data.out.result, reterr);
	if (r == 0 && tsts_client_pull(&who, data.out.data, data.out.n_data)) {
		row->has |= STATION_HAS_CLIENT;
		text_copy(row->client, sizeof(row->client), who.name);
		text_copy(row->address, sizeof(row->address), who.address);
	}
	if ((r < 0 && !next_way(r)) || (r == 0 && (!*who.name || *who.address)))
		return r;
	r = link_call(client, RCM_PUBLIC, TSTS_GET_REMOTE_ADDRESS, memory, &address, &address.out.result, reterr);
	if (r == 0) {
		row->has |= STATION_HAS_CLIENT;
		fill_address(row, &address.out.address);
	}
	return row->has & STATION_HAS_CLIENT ? 0 : r;
}

int carry_clients(struct job *job, struct logoff_error *reterr)
{
	struct round round = { .client = job->client, .ask = ask_client };

	return answer_round(job, &round, reterr);
}
