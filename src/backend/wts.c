/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * wts.c - the back end for Windows' own session hosts, this machine and others, over wtsapi32.dll.
 *
 * wts-call.c makes the calls; station.c makes sessions of rows; wts-rows.c, wts-end.c and wts-message.c decide what
 * their answers mean:
 *
 * - One list is read for each round of looks, and with it the times of the sessions that are being ended. A session
 *   is gone if that list lacks it and the host, asked for it by its id, does not know it either. A host that is asked
 *   about a session that ends may say "close pending": it is still there.
 * - A logon is known by the session's id and its logon time. Some host may tell other times at each call. A new logon
 *   that is older than the last look at the one before, or that has yet another time when it is asked for again,
 *   shows that: from then on no time tells logons apart.
 * - The host's own works (csrss, winlogon, the window manager) do not count among the programs of a session. A
 *   session without programs runs log-off scripts or saves a profile, or hides them from the caller: its processes
 *   are unseen, so nobody kills it before the grace is over.
 * - Force ends programs first. A session that stays for five seconds more although nobody is left is reset.
 * - The caller's own session ends with the caller in it, and nobody can tell when: it is unseen too.
 */
#include "backend/wts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/audit.h"
#include "backend/table.h"
#include "backend/watch.h"
#include "base/clock.h"
#include "base/error.h"

#define DEFAULT_TIMEOUT_MS 30000

/*
 * While sessions end, the host is listed so often, and lists take a fifth of the time at most: sessions are then
 * looked at as soon as they are gone.
 */
#define LIST_US UINT64_C(100000)
#define LIST_TIMES 5

/* ---- opening ---- */

static int log_on(struct logoff_host *host, const struct logoff_logon *logon, struct logoff_error *reterr)
{
	struct wts_host *wts = host->data;

	if (logon->ccache || logon->require_encryption || logon->kerberos != LOGOFF_KERBEROS_DESIRED)
		return error_set_errno(reterr, -EINVAL, -EINVAL,
				       "Windows itself chooses between Kerberos and NTLM, and the encryption");
	if (!logon->password)
		return logon->user ? error_set_errno(reterr, -EINVAL, -EINVAL, "another account needs a password") : 0;
	if (!logon->user)
		return error_set_errno(reterr, -EINVAL, -EINVAL, "a password without a user");
	snprintf(host->caller, sizeof(host->caller), "%s%s%s", logon->domain ? logon->domain : "",
		 logon->domain ? "\\" : "", logon->user);
	return wts_link_log_on(wts->link, logon->user, logon->domain, logon->password, reterr);
}

/* Another port than Windows' own cannot be chosen. */
static bool has_port(const char *server)
{
	const char *colon = strchr(server, ':');

	return *server == '[' || (colon && !strchr(colon + 1, ':'));
}

static int open_host(struct logoff_host *host, const struct logoff_logon *logon, struct logoff_error *reterr)
{
	struct wts_host *wts = calloc(1, sizeof(*wts));
	int r;

	if (!wts)
		return -ENOMEM;
	host->data = wts;
	host->kind = host_wts.name;
	wts->cancel_fd = -1;
	wts->timeout_us = (logon && logon->timeout_ms ? logon->timeout_ms : DEFAULT_TIMEOUT_MS) * 1000;
	r = wts_link_new(&wts->link, host->server);
	if (r < 0 || !host->server)
		return r;
	r = logon ? log_on(host, logon, reterr) : 0;
	if (r == 0)
		r = wts_read_list(host, reterr);	/* opening never fails: the first question tells */
	return r == -EOPNOTSUPP ? -EHOSTUNREACH : r;
}

static int wts_open(struct logoff_host *host, const char *argument, struct logoff_error *reterr)
{
	int r;

	(void)argument;
	r = open_host(host, NULL, reterr);
	if (r == 0)
		((struct wts_host *)host->data)->own = wts_own_session();
	return r;
}

static int wts_open_server(struct logoff_host *host, const char *argument, struct logoff_error *reterr)
{
	(void)argument;
	if (has_port(host->server))
		return error_set_errno(reterr, -EINVAL, -EINVAL, "%s: Windows' own calls choose the port",
				       host->server);
	return open_host(host, host->logon, reterr);
}

static void wts_close(struct logoff_host *host)
{
	struct wts_host *wts = host->data;

	if (!wts)
		return;
	for (size_t i = 0; i < wts->n_known; i++)
		wts_call_drop(wts->known[i].late);
	wts_call_drop(wts->late_list);
	wts_call_drop(wts->late_programs);
	wts_call_drop(wts->late_act);
	wts_call_drop(wts->programs);
	wts_link_drop(wts->link);
	free(wts->known);
	free(wts->rows);
	free(wts);
	host->data = NULL;
}

static void wts_release(struct logoff_session *session)
{
	struct wts_handle *handle = session->data;

	if (handle)
		wts_call_drop(handle->asking);
	free(handle);
}

/* ---- sessions ---- */

/* Sets what ROW tells of the times. */
static void set_times(struct logoff_session *session, const struct wts_row *row)
{
	const struct wts_host *wts = session->host->data;

	if (row->row.has & STATION_HAS_DETAILS) {
		station_set_times(session, &row->row);
		station_set_ages(session, station_input_us(&row->row), row->now_us);
		session->logon = wts_logon_of(wts, row);
	} else {
		station_owe_times(session, wts_meaning(row->error));
	}
	session->missing &= ~(unsigned)(HOST_TIMES | HOST_CLOCK);
}

static int make_session(struct logoff_host *host, const struct wts_row *row, struct logoff_session **ret_session)
{
	struct wts_host *wts = host->data;
	struct logoff_session *session;
	struct wts_handle *handle;
	int r;

	r = session_new(&session, host);
	if (r < 0)
		return r;
	session->data = handle = calloc(1, sizeof(*handle));
	r = handle ? station_fill(session, &row->row) : -ENOMEM;
	if (r < 0) {
		logoff_session_free(session);
		return r;
	}
	handle->id = row->row.id;
	session->looked_us = wts->read_us;
	session->current = !host->server && row->row.id == wts->own;
	if (wts_meaning(row->error) == -EALREADY)
		session->state = LOGOFF_STATE_CLOSING;
	if (row->asked)
		set_times(session, row);
	*ret_session = session;
	return 0;
}

static int wts_list(struct logoff_host *host, const char *name, struct session_list *list, struct logoff_error *reterr)
{
	struct wts_host *wts = host->data;
	struct logoff_session *session;
	int r;

	(void)name;	/* all come in one answer */
	r = wts_read_list(host, reterr);
	for (size_t i = 0; r == 0 && i < wts->n_rows; i++) {
		r = make_session(host, &wts->rows[i], &session);
		if (r == 0)
			r = session_list_add(list, session);
	}
	return r;
}

static int wts_get(struct logoff_host *host, const char *id, struct logoff_session **ret_session,
		   struct logoff_error *reterr)
{
	const struct wts_host *wts = host->data;
	const struct wts_row *row;
	uint32_t number = wts->own;
	int r;

	if (!id && host->server)
		return error_set_errno(reterr, -ESRCH, -ESRCH, "the caller is in no session of another machine");
	if (id && station_parse_id(id, &number) < 0)
		return error_set_errno(reterr, -ENXIO, -ENXIO, "no such session");
	r = wts_look_for(host, number, &row, reterr);
	return r < 0 ? r : make_session(host, row, ret_session);
}

/* Completes the last list. Returns the row of SESSION in it, unless that is of another logon by now; else NULL. */
static const struct wts_row *complete_list(struct logoff_host *host, const struct logoff_session *session,
					   unsigned facts,
					   bool *done)
{
	struct wts_host *wts = host->data;
	struct wts_row **rows = *done ? NULL : calloc(wts->n_rows + 1, sizeof(*rows)), *row;
	size_t n = 0;

	*done = true;
	for (size_t i = 0; rows && i < wts->n_rows; i++)
		if (wts->rows[i].listed && !(wts->rows[i].row.has & facts))
			rows[n++] = &wts->rows[i];
	wts_ask_rows(host, rows, n, facts);
	free(rows);
	row = wts_find_row(wts, ((const struct wts_handle *)session->data)->id);
	return row && !station_are_others(session->user, row->row.user) ? row : NULL;
}

static void wts_fill(struct logoff_session *session, unsigned facts)
{
	struct logoff_host *host = session->host;
	struct wts_host *wts = host->data;
	const struct wts_row *row;

	if (facts & HOST_TIMES) {
		row = complete_list(host, session, STATION_HAS_DETAILS, &wts->detailed);
		if (row)
			set_times(session, row);
	}
	if (facts & HOST_CLIENT) {
		row = complete_list(host, session, STATION_HAS_CLIENT, &wts->with_clients);
		if (row && (row->row.has & STATION_HAS_CLIENT))
			station_set_client(session, &row->row);
	}
}

static int wts_census(struct logoff_host *host, struct census *census, struct logoff_error *reterr)
{
	struct wts_host *wts = host->data;
	struct wts_call *call = wts_call_new(wts->link, wts_run_programs);
	char id[STATION_ID_MAX];
	int r;

	if (call) {
		call->id = WTS_EVERY_SESSION;
		call->names = true;
	}
	r = wts_make_call(host, call, &wts->late_programs, WTS_ANY_TIME, reterr);
	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < call->n_programs; i++) {
		const struct wts_program *program = &call->programs[i];

		snprintf(id, sizeof(id), "%u", (unsigned)program->session);
		r = census_add(census, (pid_t)program->pid, UINT32_MAX, program->user, id, program->command, -1);
	}
	wts_call_drop(call);
	return r;
}

/* ---- waiting ---- */

/* Looks whether the host's list lacks a session that was there before. Returns whether it does. */
static bool notice_gone(struct logoff_host *host)
{
	struct wts_host *wts = host->data;
	const struct wts_row *row;
	bool found = false;

	host->now_us = clock_now_us();
	if (wts_read_list(host, NULL) < 0)
		return false;
	for (size_t i = 0; i < host->n_watched; i++) {
		struct host_ending *ending = host->watched[i]->ending;

		row = wts_find_row(wts, ((struct wts_handle *)host->watched[i]->data)->id);
		found = found || (!row && !ending->removed);
		ending->removed = ending->removed || !row;
	}
	return found;
}

static int wts_wait(struct logoff_host *host, uint64_t until_us, int cancel_fd, struct logoff_error *reterr)
{
	struct wts_host *wts = host->data;
	HANDLE handles[] = { wts->link->news, thread_call_event(cancel_fd) };
	uint64_t next_us, pause_us;
	DWORD woken;

	wts->cancel_fd = cancel_fd;
	if (wts_collect_answers(host))	/* their event has ended another wait */
		until_us = 0;
	do {
		pause_us = wts->cost_us * LIST_TIMES > LIST_US ? wts->cost_us * LIST_TIMES : LIST_US;
		next_us = host->n_watched > 0 ? clock_now_us() + pause_us : until_us;
		if (next_us > until_us)
			next_us = until_us;
		woken = WaitForMultipleObjects(cancel_fd == -1 ? 1 : 2, handles, FALSE, thread_call_left_ms(next_us));
	} while (woken == WAIT_TIMEOUT && next_us < until_us && !notice_gone(host));
	(void)wts_collect_answers(host);
	if (!(woken == WAIT_TIMEOUT && next_us < until_us))	/* else it is the time of the list */
		host->now_us = clock_now_us();
	return woken == WAIT_OBJECT_0 + 1 ? error_set_errno(reterr, -ECANCELED, -ECANCELED, "cancelled") : 0;
}

/* host_wts, and the same for another machine: the way to it and whose session it is differ. */
#define WTS_OPERATIONS \
	.close = wts_close, .release = wts_release, .get = wts_get, .list = wts_list, .ask = wts_ask, .kill = wts_kill, \
	.may_have_user = host_may_have_any_user, .census = wts_census, .act = host_no_act, .end_others = host_no_end_others, .disconnect = host_no_disconnect, .prove = host_no_prove, .leave = host_no_leave, \
	.processes = wts_processes, .message = wts_message, .explain = host_no_explain, .manager = host_no_manager, \
	.desktop = host_no_desktop, .fill = wts_fill, .record = audit_record, .name_person = audit_name_person, \
	.identify = host_no_identify, .control = host_no_control, .wait = wts_wait, .watch = watch_by_looks

const struct host_backend host_wts = { .name = "wts", .flags = HOST_LOCAL | HOST_NUMBERED, .open = wts_open, WTS_OPERATIONS };
const struct host_backend host_wts_server = {
	.name = "wts-server", .flags = HOST_SERVER | HOST_NUMBERED, .open = wts_open_server, WTS_OPERATIONS
};
