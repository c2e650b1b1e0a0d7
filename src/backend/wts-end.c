/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * wts-end.c - see wts.h: the programs of a session, how it is asked to end, and force.
 */
#include "backend/wts.h"

#include <errno.h>
#include <stdlib.h>
#include <strings.h>

#include "base/error.h"

/* A session without programs may be saving a profile: it is not reset before. */
#define RESET_US UINT64_C(5000000)

/* An act that takes longer is left behind: other sessions wait meanwhile. */
#define ACT_US UINT64_C(5000000)

/* ---- programs ---- */

/*
 * Looks for the programs of session ID; FRESH: not those that this round of looks has found. *ret_programs is valid
 * until the next call.
 */
static int find_programs(struct logoff_host *host, uint32_t id, bool fresh, const struct wts_call **ret_programs,
			 struct logoff_error *reterr)
{
	struct wts_host *wts = host->data;
	const struct wts_call *last = wts->programs;
	struct wts_call *call;
	int r;

	*ret_programs = last;
	if (!fresh && host->n_watched > 0 && last && wts->programs_us == host->now_us &&
	    (last->id == id || last->id == WTS_EVERY_SESSION))
		return 0;
	wts->programs = wts_call_drop(wts->programs);
	call = wts_call_new(wts->link, wts_run_programs);
	if (call)
		call->id = !fresh && host->n_watched > 1 ? WTS_EVERY_SESSION : id;
	r = wts_make_call(host, call, &wts->late_programs, WTS_ANY_TIME, reterr);
	if (r < 0)
		return r;
	*ret_programs = wts->programs = call;
	wts->programs_us = host->now_us;
	return 0;
}

/* How many of PROGRAMS in session ID are of OWNER. */
static size_t count_programs(const struct wts_call *programs, uint32_t id, enum wts_owner owner)
{
	size_t n = 0;

	for (size_t i = 0; i < programs->n_programs; i++)
		n += programs->programs[i].session == id && programs->programs[i].owner == owner;
	return n;
}

static int unseen(struct logoff_error *reterr, const char *why)
{
	return error_set_errno(reterr, -EOPNOTSUPP, -EOPNOTSUPP, "%s", why);
}

int wts_processes(struct logoff_host *host, struct logoff_session *session, enum host_part part,
		  struct process_list *list, struct logoff_error *reterr)
{
	struct wts_handle *handle = session->data;
	const struct wts_call *programs;
	const struct wts_row *row;
	uint32_t id = handle->id;
	size_t n_unknown;
	int exists, r;

	(void)part;		/* there are no service managers */
	if (session->current)
		return unseen(reterr, "it ends with this program");
	exists = wts_look_for(host, id, &row, NULL);
	if (exists == 0 && wts_is_other(session, row))	/* whatever runs there is another logon's */
		return handle->seen ? 0 : unseen(reterr, "no process of it has ever been seen");
	r = find_programs(host, id, false, &programs, reterr);
	if (r == -EACCES || r == -EOPNOTSUPP)
		return unseen(reterr, "its processes are hidden");
	if (r < 0)
		return r == -ENOMEM ? r : -EAGAIN;
	n_unknown = count_programs(programs, id, WTS_OWNER_UNKNOWN);
	for (size_t i = 0; r == 0 && i < programs->n_programs; i++) {
		const struct wts_program *program = &programs->programs[i];

		if (program->session == id && program->owner == WTS_OWNER_PERSON)
			r = process_list_add(list, (pid_t)program->pid, program->command);
	}
	handle->seen = handle->seen || list->n_items > 0;
	if (r < 0 || list->n_items > 0)
		return r;
	if (exists == -ENXIO && n_unknown > 0)
		return error_set_errno(reterr, -EAGAIN, -EAGAIN, "the host does not tell whose processes are left");
	return exists == -ENXIO && handle->seen ? 0 : unseen(reterr, "no process of it is to be seen");
}

/* ---- logging off ---- */

/*
 * Whether the logon that has SESSION's id now is the one that was asked to end. Asks for it anew. Returns 0; -ENXIO:
 * it is gone, its id may be another's; -EAGAIN: that cannot be told.
 */
static int check_same(struct logoff_host *host, const struct logoff_session *session)
{
	struct wts_row row = { .row = { .id = ((struct wts_handle *)session->data)->id } }, *rows[] = { &row };
	struct logoff_session now = { .host = host };

	wts_ask_rows(host, rows, 1, STATION_HAS_DETAILS);
	if (wts_meaning(row.error) == -ENXIO)
		return -ENXIO;
	if (row.error && wts_meaning(row.error) != -EALREADY)
		return -EAGAIN;
	now.user = row.row.user;
	now.logon = wts_logon_of(host->data, &row);
	now.state = row.error ? LOGOFF_STATE_CLOSING : LOGOFF_STATE_ACTIVE;
	return station_check_same(session, &now);
}

/* Whether SESSION may be asked to end: as check_same(), but without an answer of the host it may. */
static int check_asked(struct logoff_host *host, const struct logoff_session *session)
{
	const struct wts_handle *handle = session->data;
	const struct wts_row *row;
	int r;

	if (handle->was_asked)	/* time has passed */
		return check_same(host, session);
	r = wts_look_for(host, handle->id, &row, NULL);	/* it has just been looked for: this asks nobody */
	return r == -ENXIO || (r == 0 && wts_is_other(session, row)) ? -ENXIO : 0;
}

int wts_ask(struct logoff_host *host, struct logoff_session *session, enum host_part part, bool interactive,
	    struct logoff_error *reterr)
{
	struct wts_host *wts = host->data;
	struct wts_handle *handle = session->data;
	int r = check_asked(host, session);

	(void)part;
	(void)interactive;	/* no proof of identity can be given later than at the log-on */
	if (r < 0) {
		session->ending->asked = r;
		SetEvent(wts->link->news);
		return 0;
	}
	handle->was_asked = true;
	wts_call_drop(handle->asking);
	handle->asking = wts_call_new(wts->link, wts_run_logoff);
	if (!handle->asking)
		return error_set_errno(reterr, -ENOMEM, -ENOMEM, "out of memory");
	handle->asking->id = handle->id;
	handle->asking->thread.news = wts->link->news;
	r = thread_call_start(&handle->asking->thread);
	if (r < 0)
		handle->asking = wts_call_drop(handle->asking);
	return r;
}

bool wts_collect_answers(struct logoff_host *host)
{
	bool found = false;

	for (size_t i = 0; i < host->n_watched; i++) {
		struct host_ending *ending = host->watched[i]->ending;
		struct wts_handle *handle = host->watched[i]->data;

		if (!handle->asking || !thread_call_is_done(&handle->asking->thread))
			continue;
		ending->asked = handle->asking->error ? wts_fail(handle->asking->error, &ending->asked_error) : 0;
		if (ending->asked == -EALREADY)
			ending->asked = 0;	/* it ends already */
		handle->asking = wts_call_drop(handle->asking);
		found = true;
	}
	return found;
}

/* Programs without which Windows stops. They are the host's own; this is for a host that says otherwise. */
static bool is_vital(const char *command)
{
	static const char *const names[] = { "csrss.exe", "smss.exe", "wininit.exe", "services.exe", "lsass.exe",
					     "winlogon.exe" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcasecmp(command, names[i]) == 0)
			return true;
	return false;
}

/* The programs of PROGRAMS that may be ended, a call to end them. NULL without memory. */
static struct wts_call *choose_programs(struct wts_host *wts, const struct wts_call *programs,
					const struct logoff_session *session)
{
	struct wts_call *call = wts_call_new(wts->link, wts_run_end);
	uint32_t id = ((const struct wts_handle *)session->data)->id;

	if (call)
		call->programs = calloc(programs->n_programs + 1, sizeof(*call->programs));
	if (!call || !call->programs)
		return wts_call_drop(call);
	call->id = id;
	call->logon = session->logon;
	for (size_t i = 0; i < programs->n_programs; i++) {
		const struct wts_program *program = &programs->programs[i];

		if (program->session == id && program->owner == WTS_OWNER_PERSON && !is_vital(program->command) &&
		    (wts->link->name || program->pid != GetCurrentProcessId()))
			call->programs[call->n_programs++] = *program;
	}
	return call;
}

/* Allows this program to end those of others, if it may be allowed to: an administrator's is not from the start. */
static void take_privilege(void)
{
	TOKEN_PRIVILEGES wanted = { .PrivilegeCount = 1, .Privileges[0].Attributes = SE_PRIVILEGE_ENABLED };
	HANDLE token;

	if (!OpenProcessToken(GetCurrentProcess(), TOKEN_ADJUST_PRIVILEGES, &token))
		return;
	if (LookupPrivilegeValueW(NULL, L"SeDebugPrivilege", &wanted.Privileges[0].Luid))
		(void)AdjustTokenPrivileges(token, FALSE, &wanted, 0, NULL, NULL);
	CloseHandle(token);
}

/* Windows 8.1 and Server 2012 R2 can tell. On Windows 8 and Server 2012 only the name does, is_vital(). */
static bool is_critical(HANDLE process)
{
	BOOL (WINAPI *ask)(HANDLE process, BOOL *ret) =
		(BOOL (WINAPI *)(HANDLE, BOOL *))(void *)GetProcAddress(GetModuleHandleW(L"kernel32.dll"),
									"IsProcessCritical");
	BOOL critical = TRUE;

	return ask && (!ask(process, &critical) || critical);
}

/* Opens PROGRAM, if it is still a person's in its session. NULL: it has ended, or *ret_error tells why not. */
static HANDLE hold_program(const struct wts_program *program, DWORD *ret_error)
{
	enum wts_owner owner;
	HANDLE process;
	DWORD session;

	SetLastError(0);
	process = OpenProcess(PROCESS_TERMINATE | PROCESS_QUERY_LIMITED_INFORMATION | SYNCHRONIZE, FALSE, program->pid);
	if (!process) {
		if (GetLastError() != ERROR_INVALID_PARAMETER)
			*ret_error = GetLastError();
		return NULL;
	}
	/* While it is held, its number is nobody else's. */
	owner = wts_owner_of(process);
	if (owner == WTS_OWNER_PERSON && ProcessIdToSessionId(program->pid, &session) && session == program->session &&
	    !is_critical(process))
		return process;
	if (owner == WTS_OWNER_UNKNOWN)
		*ret_error = ERROR_ACCESS_DENIED;
	CloseHandle(process);
	return NULL;
}

/*
 * Ends the programs of CALL on this machine. Those that are held by the time when their session proves to be the same
 * logon still are that logon's: whoever may get its id later has none of them.
 */
static int end_held(struct logoff_host *host, const struct logoff_session *session, struct wts_call *call)
{
	HANDLE *held = calloc(call->n_programs, sizeof(*held));
	int r;

	if (!held)
		return -ENOMEM;
	take_privilege();
	for (size_t i = 0; i < call->n_programs; i++)
		held[i] = hold_program(&call->programs[i], &call->error);
	r = check_same(host, session);
	for (size_t i = 0; i < call->n_programs; i++) {
		if (!held[i])
			continue;
		SetLastError(0);
		if (r == 0 && !TerminateProcess(held[i], 1) && WaitForSingleObject(held[i], 0) != WAIT_OBJECT_0)
			call->error = GetLastError();
		CloseHandle(held[i]);
	}
	free(held);
	return r;
}

/*
 * Makes CALL (NULL: out of memory), which ends something. Its choice is as old as the call: behind another one that has
 * not returned yet it is not made. Returns how many it has ended, 0 or more, or -errno.
 */
static int make_act(struct logoff_host *host, struct wts_call *call, struct logoff_error *reterr)
{
	struct wts_host *wts = host->data;
	int r;

	if (call && wts->late_act && !thread_call_is_done(&wts->late_act->thread)) {
		wts_call_drop(call);
		return -EOPNOTSUPP;
	}
	r = wts_make_call(host, call, &wts->late_act, ACT_US, reterr);
	if (r < 0)
		return r;
	r = (int)call->answer;
	wts_call_drop(call);
	return r;
}

/* Which logon has the id now cannot be told: it is not forced. */
static int untold(struct logoff_error *reterr)
{
	return unseen(reterr, "it is not forced to end: which logon it is cannot be told");
}

/* Resets SESSION if it has stayed without programs for long enough. */
static int reset_session(struct logoff_host *host, const struct logoff_session *session, struct logoff_error *reterr)
{
	struct wts_host *wts = host->data;
	struct wts_handle *handle = session->data;
	struct wts_call *call;
	int r = check_same(host, session);

	if (r < 0)
		return r == -ENXIO ? 0 : untold(reterr);	/* 0: the next look shows it */
	if (handle->alone_us == 0)
		handle->alone_us = host->now_us;
	if (host->now_us - handle->alone_us < RESET_US)
		return -EOPNOTSUPP;	/* nobody was forced */
	call = wts_call_new(wts->link, wts_run_reset);
	if (call)
		call->id = handle->id;
	r = make_act(host, call, reterr);
	if (r != -EOPNOTSUPP)
		handle->alone_us = host->now_us;
	return r == -EALREADY ? 0 : r;
}

int wts_kill(struct logoff_host *host, struct logoff_session *session, enum host_part part, bool last_act,
	     struct logoff_error *reterr)
{
	struct wts_host *wts = host->data;
	struct wts_handle *handle = session->data;
	const struct wts_call *programs;
	struct wts_call *call = NULL;
	int r, found;

	(void)part;
	(void)last_act;
	if (session->logon == 0 || wts->unsteady)
		return untold(reterr);
	found = find_programs(host, handle->id, true, &programs, reterr);
	if (found == -EACCES || found == -EOPNOTSUPP)
		return unseen(reterr, "it is not reset: its processes are hidden");
	if (found < 0)
		return -EOPNOTSUPP;
	call = choose_programs(wts, programs, session);
	if (!call)
		return -ENOMEM;
	if (call->n_programs == 0) {
		wts_call_drop(call);
		if (count_programs(programs, handle->id, WTS_OWNER_UNKNOWN) > 0)
			return unseen(reterr, "it is not reset: whose processes are left is hidden");
		return reset_session(host, session, reterr);
	}
	handle->alone_us = 0;
	if (host->server) {
		r = make_act(host, call, reterr);
		return r == 0 ? untold(reterr) : r < 0 ? r : 0;
	}
	r = end_held(host, session, call);
	if (r == 0 && call->error)
		r = wts_fail(call->error, reterr);
	wts_call_drop(call);
	return r == -ENXIO ? 0 : r == -EAGAIN ? untold(reterr) : r;
}
