/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * wts-rows.c - see wts.h: what the host tells of its sessions, and which logon each of them is.
 */
#include "backend/wts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/error.h"

/* Grace after the deadline: 250 ms for a host that has answered before, 5 ms for one that has not. */
#define LAST_TIMEOUT_US UINT64_C(250000)
#define SILENT_TIMEOUT_US UINT64_C(5000)

/* An answer about one session may keep those about the others waiting for so long, and the caller. */
#define STALL_US UINT64_C(2000000)
#define ALONE_US UINT64_C(5000000)

/* More than a step of Windows' clock, by which times may be computed. */
#define STEP_MS 20

/* ---- calls ---- */

uint64_t wts_answer_until(const struct logoff_host *host, uint64_t most_us)
{
	const struct wts_host *wts = host->data;
	uint64_t now = clock_now_us(), least = wts->silent ? SILENT_TIMEOUT_US : LAST_TIMEOUT_US;
	uint64_t until = now + (most_us < wts->timeout_us ? most_us : wts->timeout_us);

	if (host->deadline_us > 0 && host->deadline_us < until)
		until = host->deadline_us > now + least ? host->deadline_us : now + least;
	else if (wts->silent)
		until = now + LAST_TIMEOUT_US;
	return until;
}

int wts_make_call(struct logoff_host *host, struct wts_call *call, struct wts_call **late, uint64_t most_us,
		  struct logoff_error *reterr)
{
	struct wts_host *wts = host->data;
	uint64_t until_us = wts_answer_until(host, most_us);
	int r = call ? 0 : -ENOMEM;

	if (r == 0 && *late)
		r = thread_call_await(&(*late)->thread, until_us, wts_cancel_fd(host));
	if (r == 0) {
		*late = thread_call_drop(*late ? &(*late)->thread : NULL);
		r = thread_call_start(&call->thread);
	}
	if (r == 0) {
		r = thread_call_await(&call->thread, until_us, wts_cancel_fd(host));
		if (r < 0) {
			InterlockedExchange(&call->stop, 1);
			*late = call;
			call = NULL;
		}
	}
	wts->silent = r == -ETIMEDOUT;
	if (r == -ETIMEDOUT)
		(void)wts_fail(WTS_NOT_ANSWERED, reterr);
	else if (r == 0 && call->error)
		r = wts_fail(call->error, reterr);
	if (r == -ENXIO)	/* of a list, a file or a session is meant that is none of the host's sessions */
		r = -EHOSTUNREACH;
	if (r < 0 && call)
		thread_call_drop(&call->thread);
	return r;
}

struct wts_call *wts_call_drop(struct wts_call *call)
{
	return thread_call_drop(call ? &call->thread : NULL);
}

/* ---- rows ---- */

struct wts_row *wts_find_row(const struct wts_host *wts, uint32_t id)
{
	for (size_t i = 0; i < wts->n_rows; i++)
		if (wts->rows[i].row.id == id)
			return &wts->rows[i];
	return NULL;
}

int wts_read_list(struct logoff_host *host, struct logoff_error *reterr)
{
	struct wts_host *wts = host->data;
	struct wts_call *call = wts_call_new(wts->link, wts_run_list);
	uint64_t start_us = clock_now_us();
	int r = wts_make_call(host, call, &wts->late_list, WTS_ANY_TIME, reterr);

	wts->cost_us = clock_now_us() - start_us;
	if (r < 0)
		return r;
	free(wts->rows);
	wts->rows = call->rows;
	wts->n_rows = call->n_rows;
	call->rows = NULL;
	wts_call_drop(call);
	wts->listed_us = host->now_us;
	wts->read_us = clock_now_us();
	wts->detailed = wts->with_clients = false;
	return 0;
}

/* What is remembered of ID, made if need be; NULL without memory. It may move when another one is made. */
static struct wts_known *find_known(struct wts_host *wts, uint32_t id)
{
	size_t place = array_place(wts->known, wts->n_known, sizeof(*wts->known), id);
	struct wts_known *grown;

	if (place < wts->n_known && wts->known[place].id == id)
		return &wts->known[place];
	grown = array_grow(wts->known, wts->n_known, sizeof(*grown));
	if (!grown)
		return NULL;
	wts->known = grown;
	memmove(&grown[place + 1], &grown[place], (wts->n_known - place) * sizeof(*grown));
	wts->n_known++;
	grown[place] = (struct wts_known){ .id = id };
	return &grown[place];
}

/* Whether a question hangs at the session of ROW. */
static bool is_late(struct wts_host *wts, const struct wts_row *row)
{
	struct wts_known *known = find_known(wts, row->row.id);

	if (known && known->late && thread_call_is_done(&known->late->thread))
		known->late = wts_call_drop(known->late);
	return known && known->late;
}

/* Waits for CALL while it goes on from session to session. Returns how many are answered. */
static size_t await_rows(const struct logoff_host *host, struct wts_call *call, uint64_t until_us)
{
	LONG before = -1, n = 0;
	uint64_t next_us;
	int r = -ETIMEDOUT;

	while (r < 0 && n > before && clock_now_us() < until_us) {
		before = n;
		next_us = clock_now_us() + (call->n_rows - (size_t)n == 1 ? ALONE_US : STALL_US);
		if (next_us > until_us)
			next_us = until_us;
		r = thread_call_await(&call->thread, next_us, wts_cancel_fd(host));
		n = InterlockedCompareExchange(&call->n_done, 0, 0);
	}
	return (size_t)n;
}

/*
 * Asks about the first of N ROWS, up to one at which a question hangs. Returns how many of them are settled by that,
 * one at least.
 */
static size_t ask_some(struct logoff_host *host, struct wts_row **rows, size_t n, unsigned facts, uint64_t until_us)
{
	struct wts_host *wts = host->data;
	struct wts_call *call;
	struct wts_known *known;
	size_t n_some = 0, n_done;

	while (n_some < n && !is_late(wts, rows[n_some]))
		n_some++;
	if (n_some == 0)
		return 1;
	call = wts_call_new(wts->link, wts_run_details);
	if (call)
		call->rows = calloc(n_some, sizeof(*call->rows));
	if (!call || !call->rows) {
		wts_call_drop(call);
		return n;
	}
	call->facts = facts;
	for (; call->n_rows < n_some; call->n_rows++)
		call->rows[call->n_rows] = *rows[call->n_rows];
	n_done = thread_call_start(&call->thread) == 0 ? await_rows(host, call, until_us) : 0;
	for (size_t i = 0; i < n_done; i++)
		*rows[i] = call->rows[i];
	if (n_done == n_some || !call->thread.thread || thread_call_is_done(&call->thread)) {
		for (size_t i = n_done; call->error && i < n_some; i++)
			rows[i]->error = call->error;
		wts->silent = false;
		wts_call_drop(call);
		return n_some;
	}
	wts->silent = true;
	InterlockedExchange(&call->stop, 1);
	known = find_known(wts, rows[n_done]->row.id);
	if (known)
		known->late = call;
	else
		wts_call_drop(call);
	return n_done + 1;
}

/* wts_ask_rows(), without the comparison. */
static void ask_rows(struct logoff_host *host, struct wts_row **rows, size_t n, unsigned facts)
{
	uint64_t until_us = wts_answer_until(host, WTS_ANY_TIME);

	for (size_t i = 0; i < n; i++) {
		rows[i]->asked = true;
		rows[i]->error = WTS_NOT_ANSWERED;
	}
	for (size_t i = 0; i < n && (i == 0 || clock_now_us() < until_us);)
		i += ask_some(host, &rows[i], n - i, facts, until_us);
}

/* ---- one logon or another ---- */

uint64_t wts_logon_of(const struct wts_host *wts, const struct wts_row *row)
{
	if (wts->unsteady || !(row->row.has & STATION_HAS_DETAILS) || !*row->row.user)
		return 0;
	return station_logon(&row->row);
}

static void remember(struct wts_known *known, const struct wts_row *row)
{
	known->logon = station_logon(&row->row);
	known->seen_us = row->now_us;
}

/* The id of ROW has another logon than before, it seems. Asks once more, a moment later. */
static void check_again(struct logoff_host *host, struct wts_row *row)
{
	struct wts_host *wts = host->data;
	struct wts_row again = *row, *rows[] = { &again };
	struct wts_known *known;

	Sleep(STEP_MS);
	again.row.has = 0;
	ask_rows(host, rows, 1, STATION_HAS_DETAILS);
	if (!(again.row.has & STATION_HAS_DETAILS) || station_logon(&again.row) == 0) {	/* its user may be gone meanwhile */
		row->row.has &= ~(unsigned)STATION_HAS_DETAILS;
		row->error = again.error;
		return;
	}
	known = find_known(wts, row->row.id);
	if (station_logon(&again.row) != station_logon(&row->row))
		wts->unsteady = true;
	else if (known)
		remember(known, &again);
}

/* Compares what N ROWS tell with what was told of these sessions before. */
static void check_logons(struct logoff_host *host, struct wts_row **rows, size_t n)
{
	struct wts_host *wts = host->data;

	for (size_t i = 0; i < n && !wts->unsteady; i++) {
		uint64_t logon = wts_logon_of(wts, rows[i]);
		struct wts_known *known = logon ? find_known(wts, rows[i]->row.id) : NULL;

		if (!known)
			continue;
		if (known->logon == 0 || known->logon == logon)
			remember(known, rows[i]);
		else if ((int64_t)logon <= known->seen_us)
			wts->unsteady = true;	/* it would have been seen then */
		else
			check_again(host, rows[i]);
	}
}

void wts_ask_rows(struct logoff_host *host, struct wts_row **rows, size_t n, unsigned facts)
{
	ask_rows(host, rows, n, facts);
	if (facts & STATION_HAS_DETAILS)
		check_logons(host, rows, n);
}

bool wts_is_other(const struct logoff_session *session, const struct wts_row *row)
{
	uint64_t logon = wts_logon_of(session->host->data, row);

	return (logon && session->logon && logon != session->logon) || station_are_others(session->user, row->row.user);
}

/* ---- one session ---- */

/* Adds a row for ID if the list lacks it. Returns 0 or -ENOMEM. */
static int want_row(struct wts_host *wts, uint32_t id)
{
	struct wts_row *grown;

	if (wts_find_row(wts, id))
		return 0;
	grown = reallocarray(wts->rows, wts->n_rows + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	wts->rows = grown;
	grown[wts->n_rows++] = (struct wts_row){ .row = { .id = id } };
	return 0;
}

/* Asks about the rows of the list which are being ended, and of ID, as far as that was not asked yet. */
static int ask_wanted(struct logoff_host *host, uint32_t id)
{
	struct wts_host *wts = host->data;
	struct wts_row **rows;
	size_t n = 0;
	int r;

	r = want_row(wts, id);
	for (size_t i = 0; r == 0 && i < host->n_watched; i++)
		r = want_row(wts, ((struct wts_handle *)host->watched[i]->data)->id);
	rows = r == 0 ? calloc(host->n_watched + 1, sizeof(*rows)) : NULL;
	if (!rows)
		return -ENOMEM;
	for (size_t i = 0; i <= host->n_watched; i++) {
		struct wts_handle *handle = i == 0 ? NULL : host->watched[i - 1]->data;
		struct wts_row *row = wts_find_row(wts, handle ? handle->id : id);

		if (row->asked)
			continue;
		row->asked = true;
		rows[n++] = row;
	}
	wts_ask_rows(host, rows, n, STATION_HAS_DETAILS);
	free(rows);
	return 0;
}

int wts_look_for(struct logoff_host *host, uint32_t id, const struct wts_row **ret_row, struct logoff_error *reterr)
{
	struct wts_host *wts = host->data;
	const struct wts_row *row;
	int r = 0;

	if (host->n_watched == 0 || !wts->rows || wts->listed_us != host->now_us)
		r = wts_read_list(host, reterr);
	row = r == 0 ? wts_find_row(wts, id) : NULL;
	if (r == 0 && (!row || !row->asked))
		r = ask_wanted(host, id);
	if (r < 0)
		return r;
	row = wts_find_row(wts, id);
	*ret_row = row;
	if (row->listed || row->error == 0 || wts_meaning(row->error) == -EALREADY)
		return 0;
	/* The list may lack a session for a moment, or hide it. */
	if (wts_meaning(row->error) == -ENXIO || row->error == ERROR_INVALID_PARAMETER)
		return error_set_errno(reterr, -ENXIO, -ENXIO, "no such session");
	return wts_fail(row->error, reterr);
}
