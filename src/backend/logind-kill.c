/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * logind-kill.c - see logind.h: how the processes of a session that have outlived its grace are killed.
 */

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "backend/here.h"
#include "backend/logind.h"
#include "base/clock.h"
#include "base/error.h"
#include "local/cgroup.h"
#include "local/family.h"
#include "local/held.h"

/* Rounds of killing what is outside of the scope, while more is found. */
#define KILL_ROUNDS 20
/* What was killed has ended by then, and systemd has cleared up after it. */
#define KILL_AGAIN_US UINT64_C(500000)

static int call_kill(struct logoff_host *host, struct logoff_error *reterr, const char *method, const char *type, ...)
{
	sd_bus_message *call = NULL;
	va_list arguments;
	int r;

	r = logind_new_call(host, &call, LOGIN1_PATH, MANAGER, method);
	va_start(arguments, type);
	if (r >= 0)
		r = sd_bus_message_appendv(call, type, arguments);
	va_end(arguments);
	return logind_call(host, call, r, NULL, reterr);
}

/* Kills the processes of a cgroup one by one, sparing the caller. */
static int kill_but_self(const char *cgroup)
{
	struct family_marks marks = { .audit_session = PROC_NO_AUDIT, .cgroup = cgroup };
	struct family *family = NULL;
	int r;

	r = family_new(&family, &marks);
	if (r >= 0)
		r = family_scan(family);
	if (r > 0)
		r = family_signal(family, SIGKILL);
	family_free(family);
	return r < 0 ? r : 0;
}

/* Tells whether PID is a process of PART, and that part still the one that was asked to end. */
static bool is_in_part(const struct logoff_session *session, enum host_part part, pid_t pid)
{
	char id[CGROUP_ID] = "";
	struct cgroup cgroup;
	uid_t uid;

	if (cgroup_read(pid, &cgroup) < 0)
		return false;
	if (part == HOST_SESSION)
		return cgroup_parse_session(cgroup.text, false, id) && strcmp(id, session->id) == 0 &&
		       logind_has_same_cgroup(session);
	return cgroup_parse_manager(cgroup.text, &uid, NULL) && uid == session->uid && logind_has_same_manager(session);
}

static void kill_one(const struct logoff_session *session, enum host_part part, pid_t pid)
{
	struct held held;

	if (pid == 0 || pid == getpid() || held_open_pid(&held, pid) < 0)
		return;
	if (is_in_part(session, part, pid))
		(void)held_signal(&held, SIGKILL);
	held_close(&held);
}

/*
 * Kills what is in PART now, sparing the caller, and none of those that begin in its place: each process is looked at again when it is
 * held. What refuses or is born meanwhile is seen by the next look.
 */
static int kill_each(const struct logoff_session *session, enum host_part part)
{
	const struct logind_session *data = of(session);
	struct process_list list = {};
	int r = proc_list_cgroup(part == HOST_SESSION ? data->cgroup : data->manager_cgroup, &list);

	for (size_t i = 0; i < list.n_items; i++)
		kill_one(session, part, list.items[i].pid);
	process_list_clear(&list);
	return r;
}

/* Kills those outside of the scope, and looks for those forked meanwhile. Returns 0, -EPERM if some refused, or another errno. */
static int kill_strays(struct logoff_session *session)
{
	struct logind_session *data = of(session);
	struct table *table;
	int r = 0, refused = 0;

	if (!logind_may_have_strays(session))
		return 0;
	for (unsigned round = 0; r >= 0 && round < KILL_ROUNDS; round++) {
		r = logind_table(session->host, clock_now_us(), &table);
		if (r >= 0)
			r = strays_collect(data->strays, table);
		if (r == 0 && round > 0)
			break;
		if (r >= 0)
			refused = strays_signal(data->strays, SIGKILL);
	}
	return r < 0 ? r : refused;
}

/* Kills those of an elogind session. Returns as kill_strays(). */
static int kill_kept(struct logoff_session *session)
{
	int r = family_signal(of(session)->family, SIGKILL);

	if (r == -EPERM)
		logind_signal_leader(session, SIGKILL);
	return r;
}

/* Kills what is in the scope. REFUSED: of what is outside of it some refuses. */
static int kill_scope(struct logoff_session *session, bool spare_self, bool refused, struct logoff_error *reterr)
{
	struct logind_session *data = of(session);
	struct logoff_error cause = {};
	int r;

	if (spare_self && data->cgroup)
		return data->kept && data->family ? kill_kept(session) : kill_but_self(data->cgroup);
	r = logind_check_logon(session, &cause);
	if (r < 0 && r != -ENXIO && reterr)
		*reterr = cause;
	if (data->superseded)
		return 0;
	if (r >= 0 && data->strays && strays_has_leader_outside(data->strays) && (refused || !here_has_power(session)))
		logind_signal_leader(session, SIGKILL);
	if (r >= 0 && data->signalled_us)	/* logind has not been asked yet, and would keep it when it is empty */
		(void)call_kill(session->host, NULL, "TerminateSession", "s", session->id);
	data->signalled_us = 0;
	if (r >= 0)
		r = call_kill(session->host, reterr, "KillSession", "ssi", session->id, "all", SIGKILL);
	/*
	 * A logind that has died cannot start again before the scope that is being stopped has ended: systemd orders it
	 * so. Then nobody but we can end the wait, if we may. One that has started may have given the id anew.
	 */
	if (r == -EAGAIN && logind_has_same_cgroup(session) && here_has_power(session))
		return kill_but_self(data->cgroup);
	if (data->kept && data->family && (r >= 0 || r == -ENXIO))
		return kill_kept(session);
	/* systemd 257 passes over a process whose first thread has ended. */
	if (r >= 0 && data->cgroup && !data->family && here_has_power(session))
		(void)kill_each(session, HOST_SESSION);
	if (r != -ENXIO)
		return r;
	/* Dropped already. On elogind its processes may be alive; nobody but us knows them any more. */
	return data->family ? family_signal(data->family, SIGKILL) : 0;
}

/* For what refuses, logind can do nothing. The caller's own session has other means: see the procedure. */
static int kill_session(struct logoff_session *session, bool spare_self, struct logoff_error *reterr)
{
	int r = kill_strays(session);
	bool refused = r == -EPERM;

	if (r < 0 && !refused)
		return r;
	r = kill_scope(session, spare_self, refused, reterr);
	if (r < 0 || !refused || session->current || of(session)->family)
		return r;
	return error_set_errno(reterr, -EACCES, -EPERM, "only the user and root may end what has left its control group");
}

/* Tells whether nothing runs in the user's service manager any more. */
static bool has_manager_ended(const struct logoff_session *session)
{
	struct process_list list = {};
	bool ended = of(session)->manager_cgroup && proc_list_cgroup(of(session)->manager_cgroup, &list) >= 0 && list.n_items == 0;

	process_list_clear(&list);
	return ended;
}

/*
 * Has logind kill all that is the user's. On systemd 257 that includes what removes the user's folder in /run once the manager has
 * ended, so it is done while the manager runs, and again only after a time in which what was killed has ended.
 */
static int kill_user(struct logoff_session *session, struct logoff_error *reterr)
{
	struct logind_session *data = of(session);
	uint64_t now = clock_now_us();

	if (has_manager_ended(session) || (data->user_killed_us && now - data->user_killed_us < KILL_AGAIN_US))
		return 0;
	data->user_killed_us = now;
	return call_kill(session->host, reterr, "KillUser", "ui", (uint32_t)session->uid, SIGKILL);
}

/*
 * Kills what runs in the user's service manager. Only if the caller may not do that itself (Full Control through polkit)
 * logind is asked, unless the user is back: its KillUser would reach the new session as well.
 */
static int kill_manager(struct logoff_session *session, struct logoff_error *reterr)
{
	struct logind_session *data = of(session);

	if (data->user_is_back)
		return here_has_power(session) ? kill_each(session, HOST_MANAGER) : -EOPNOTSUPP;
	if (data->manager_cgroup && here_has_power(session))
		return kill_but_self(data->manager_cgroup);
	return kill_user(session, reterr);
}

/* Tells whether the caller was moved out of the scope, or has moved, so that what ends the scope does not end it. */
static bool is_outside(const struct logoff_session *session)
{
	const struct logind *logind = session->host->data;
	char id[CGROUP_ID] = "";
	struct cgroup cgroup;

	return cgroup_read(getpid(), &cgroup) >= 0 &&
	       !(cgroup_parse_session(cgroup.text, logind->elogind, id) && strcmp(id, session->id) == 0);
}

int logind_kill(struct logoff_host *host, struct logoff_session *session, enum host_part part, bool last_act,
		       struct logoff_error *reterr)
{
	struct logind *logind = host->data;
	int r;

	logind->hurried = true;
	if (part == HOST_SESSION)
		r = kill_session(session, session->current && !last_act, reterr);
	else if (part == HOST_DESKTOP)
		r = desktop_signal(of(session)->manager_cgroup, of(session)->desktop, SIGKILL);
	else
		r = kill_manager(session, reterr);
	logind->hurried = false;
	if (r >= 0 && last_act && (part != HOST_SESSION || of(session)->kept || is_outside(session)))
		raise(SIGKILL);
	return r;
}
