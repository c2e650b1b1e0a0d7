/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * logind.c - hosts with systemd-logind or elogind, over sd-bus.
 *
 * These D-Bus calls on org.freedesktop.login1 end a session: TerminateSession asks (systemd sends SIGTERM and SIGHUP to
 * the session's scope), KillSession "all" SIGKILL forces, SessionRemoved tells the end, GetSession proves it;
 * TerminateUser ends the user's service manager. Who may do what is decided by logind and polkit, not here. Root need not
 * ask, and with many sessions does so last (logind-crowd.c).
 *
 * What the interface's documentation does not say, found by running (systemd 252 and 257, elogind 246 and 255):
 *  - On a session in state "closing" TerminateSession answers OK and does nothing; only KillSession reaches it.
 *  - logind's files lack the terminal of ssh sessions; D-Bus has it. The files serve as a hint here, never as an answer.
 *  - elogind drops a session as soon as its leader ends, with its other processes alive and the id unknown from then on:
 *    there they are collected first and held by pidfd (family.h). Since 255 it may also keep it for ever, and reach none of
 *    its processes: see logind-elogind.c.
 *  - logind does not know whether an xrdp session has a client; the socket of its channel server does.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "backend/audit.h"
#include "backend/here.h"
#include "backend/table.h"
#include "base/clock.h"
#include "base/error.h"
#include "local/family.h"
#include "backend/leave.h"
#include "backend/logind.h"

/* Messages taken in before the clock is looked at again: any peer can send signals without end. */
#define MAX_NEWS 1000

/* Rounds of killing what is outside of the scope, while more is found. */
#define KILL_ROUNDS 20

/* Looks at the cgroup of an elogind session until it counts as empty. */
#define CGROUP_LOOKS 5

static void logind_release(struct logoff_session *session)
{
	struct logind_session *data = of(session);

	if (!data)
		return;
	if (data->listed_at)
		*data->listed_at = NULL;
	sd_bus_slot_unref(data->call);
	leave_free(data->leave);
	family_free(data->family);
	strays_free(data->strays);
	free(data->tty);
	free(data->user_path);
	free(data->scope);
	free(data->cgroup);
	free(data->manager_cgroup);
	free(data);
}

/* How long a table serves a crowd before the next is taken. */
#define TABLE_US UINT64_C(50000)

/* ---- where the processes are ---- */

/* The hierarchies that may hold sessions: cgroup v2, hybrid, v1, and elogind's own. */
static const char *const cgroup_roots[] = {
	"/sys/fs/cgroup", "/sys/fs/cgroup/unified", "/sys/fs/cgroup/systemd", "/sys/fs/cgroup/elogind",
};

/* Takes the first cgroup root below which PATH exists. *ret is NULL if there is none. */
static int find_cgroup(const char *path, const char *leaf, char **ret)
{
	char *directory;

	*ret = NULL;
	for (size_t i = 0; i < sizeof(cgroup_roots) / sizeof(cgroup_roots[0]); i++) {
		if (asprintf(&directory, "%s/%s", cgroup_roots[i], path) < 0)
			return -ENOMEM;
		if (access(directory, F_OK) < 0) {
			free(directory);
			continue;
		}
		if (asprintf(ret, "%s%s%s", directory, *leaf ? "/" : "", leaf) < 0)
			*ret = NULL;
		free(directory);
		return *ret ? 0 : -ENOMEM;
	}
	return 0;
}

/*
 * Finds the group of an elogind session: as systemd would have it since 255, before that by the id alone. Whoever removes groups
 * that are empty may have removed the user's with the session's.
 */
static int find_elogind_cgroup(struct logoff_session *session)
{
	struct logind_session *data = of(session);
	char scope[CGROUP_ID + 48];
	int r;

	snprintf(scope, sizeof(scope), "user-%u.slice/session-%.*s.scope", (unsigned)session->uid, CGROUP_ID - 1, session->id);
	r = find_cgroup("user.slice", scope, &data->cgroup);
	data->kept = r >= 0 && data->cgroup;
	return r < 0 || data->cgroup ? r : find_cgroup(session->id, "", &data->cgroup);
}

/*
 * Finds the directories of the session and of its user's service manager. They are looked for by the user's slice: a
 * scope that is missing below a slice that is there has no processes.
 */
int logind_find_cgroups(struct logoff_session *session)
{
	struct logind *logind = session->host->data;
	struct logind_session *data = of(session);
	char slice[64], service[32];
	int r;

	if (data->cgroup || session->host->far)
		return 0;
	if (logind->elogind)
		return find_elogind_cgroup(session);
	if (!data->scope || !*data->scope)
		return 0;
	snprintf(slice, sizeof(slice), "user.slice/user-%u.slice", (unsigned)session->uid);
	snprintf(service, sizeof(service), "user@%u.service", (unsigned)session->uid);
	r = find_cgroup(slice, data->scope, &data->cgroup);
	return r < 0 ? r : find_cgroup(slice, service, &data->manager_cgroup);
}

/* ---- asking ---- */

static int on_removed(sd_bus_message *signal, void *userdata, sd_bus_error *unused)
{
	struct logoff_host *host = userdata;
	const char *id;

	(void)unused;
	if (sd_bus_message_read(signal, "so", &id, NULL) < 0)
		return 0;	/* not a signal of logind's: whoever sent it, it is no news */
	for (size_t i = 0; i < host->n_watched; i++)
		if (strcmp(host->watched[i]->id, id) == 0)
			host->watched[i]->removed = true;
	return 0;
}

/* Subscribes before anything is asked. The bus keeps the order of our messages, so no answer need be waited for. */
static int subscribe(struct logoff_host *host, struct logoff_error *reterr)
{
	struct logind *logind = host->data;
	int r;

	if (logind->subscribed)
		return 0;
	r = sd_bus_match_signal_async(logind->bus, NULL, LOGIN1, LOGIN1_PATH, MANAGER, "SessionRemoved", on_removed, NULL,
				      host);
	if (r < 0)
		return logind_error(NULL, r, reterr);
	logind->subscribed = true;
	return 0;
}

void logind_signal_leader(struct logoff_session *session, int signal)
{
	struct logind *logind = session->host->data;
	sd_bus_message *call = NULL;

	if (logind_new_call(session->host, &call, LOGIN1_PATH, MANAGER, "KillSession") >= 0 &&
	    sd_bus_message_append(call, "ssi", session->id, "leader", signal) >= 0 &&
	    sd_bus_message_set_expect_reply(call, false) >= 0)
		(void)sd_bus_send(logind->bus, call, NULL);	/* a refusal is seen: the leader lives */
	sd_bus_message_unref(call);
}

static int on_asked(sd_bus_message *answer, void *userdata, sd_bus_error *unused)
{
	struct logoff_session *session = userdata;
	struct logind *logind = session->host->data;
	const sd_bus_error *error = sd_bus_message_get_error(answer);

	(void)unused;
	logind->n_calls--;
	session->asked = error ? logind_error(error, 0, &session->asked_error) : 0;
	session->may_authorize =
		error && strcmp(error->name, "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired") == 0;
	if (!error && of(session)->kept)
		logind_signal_leader(session, SIGTERM);
	return 0;
}

/* polkit's answer: the refusal by logind that came before stays the cause. */
static int on_proven(sd_bus_message *answer, void *userdata, sd_bus_error *unused)
{
	struct logoff_session *session = userdata;
	struct logind *logind = session->host->data;
	int authorized = 0, challenge;

	(void)unused;
	logind->n_calls--;
	if (!sd_bus_message_get_error(answer) && sd_bus_message_enter_container(answer, 'r', "bba{ss}") > 0)
		(void)sd_bus_message_read(answer, "bb", &authorized, &challenge);	/* else it stays refused */
	session->asked = authorized ? 0 : -EACCES;
	session->may_authorize = false;
	return 0;
}

/* Sends CALL (NULL if it could not be made: R) and has TAKE make its answer the fact "asked". */
static int send_ask(struct logoff_session *session, sd_bus_message *call, int r, sd_bus_message_handler_t take,
		    bool interactive, struct logoff_error *reterr)
{
	struct logind *logind = session->host->data;
	struct logind_session *data = of(session);

	while (r >= 0 && logind->n_calls >= MAX_CALLS) {
		r = sd_bus_process(logind->bus, NULL);
		if (r == 0 && logind->n_calls >= MAX_CALLS)	/* see drain() */
			r = sd_bus_wait(logind->bus, UINT64_MAX);
		if (r == -EINTR)
			r = 0;
	}
	if (r >= 0 && interactive)
		r = sd_bus_message_set_allow_interactive_authorization(call, true);
	data->call = sd_bus_slot_unref(data->call);
	if (r >= 0)
		r = sd_bus_call_async(logind->bus, &data->call, call, take, session,
				      interactive ? AUTHORIZE_TIMEOUT_US : CALL_TIMEOUT_US);
	sd_bus_message_unref(call);
	if (r < 0)
		return logind_error(NULL, r, reterr);
	logind->n_calls++;
	return 0;
}

static int hold_strays(struct logoff_session *session)
{
	struct logind_session *data = of(session);
	struct strays_marks marks = { .leader = session->leader, .since_us = data->since_us, .audit_session = PROC_NO_AUDIT };

	if (data->strays || session->host->far)
		return 0;
	snprintf(marks.id, sizeof(marks.id), "%.*s", CGROUP_ID - 1, session->id);
	if (session->id[0] != 'c')
		marks.audit_session = (uint32_t)strtoul(session->id, NULL, 10);
	return strays_new(&data->strays, &marks);
}

/* The audit session of an elogind session, if it is its own. Returns 0 or a fatal errno. */
static int find_audit_session(struct logoff_session *session, uint32_t *ret)
{
	struct logind_session *data = of(session);
	struct table *table;
	int r = hold_strays(session);

	if (r >= 0)
		r = logind_table(session->host, clock_now_us(), &table);
	if (r >= 0)
		*ret = strays_audit_session(data->strays, table);
	data->strays = strays_free(data->strays);
	return r < 0 ? r : 0;
}

/* Collects the processes of an elogind session: the session is dropped before they are gone. */
static int collect_family(struct logoff_session *session)
{
	struct logind_session *data = of(session);
	struct family_marks marks = { .audit_session = PROC_NO_AUDIT, .cgroup = data->cgroup };
	int r;

	if (data->family)
		return 0;
	if (session->id[0] != 'c') {
		r = find_audit_session(session, &marks.audit_session);
		if (r < 0)
			return r;
	}
	r = family_new(&data->family, &marks);
	return r < 0 ? r : family_scan(data->family);
}

/* Tells whether the kernel lets the caller signal the user's processes without anybody's help. */
static bool is_own_power(const struct logoff_session *session)
{
	return !session->host->far && (geteuid() == 0 || geteuid() == session->uid);
}

/* Asks those outside of the scope, whom systemd does not. A leader that is root's (sshd) obeys logind. */
static void ask_strays(struct logoff_session *session)
{
	struct logind_session *data = of(session);
	bool again = data->asked;

	data->asked = true;
	if (!data->strays)
		return;
	if (strays_ask(data->strays) < 0 && !again && strays_has_leader_outside(data->strays))
		logind_signal_leader(session, SIGTERM);
}

/*
 * Looks for processes outside of the scope. As long as the leader is in it and has company only those held are known: that
 * nobody else has the session's audit session is asked of all processes when the scope is EMPTY. A crowd is looked for
 * together. Returns 0, -EAGAIN (look again later), -EOPNOTSUPP (some processes are hidden from the caller), or a fatal errno.
 */
static int find_strays(struct logoff_session *session, bool empty)
{
	struct logind_session *data = of(session);
	struct table *table = session->host->table;
	uint64_t since_us = clock_now_us();
	int r;

	if (!data->strays || !strays_are_possible(data->strays) || (!empty && !strays_has_leader_outside(data->strays)))
		return 0;
	if (session->host->n_watched >= LOGIND_CROWD) {
		if (data->empty_us == 0)
			data->empty_us = since_us;
		if (table && table->taken_us < data->empty_us && since_us < table->taken_us + TABLE_US)
			return -EAGAIN;
		since_us = data->empty_us;
	}
	r = logind_table(session->host, since_us, &table);
	if (r >= 0)
		r = strays_collect(data->strays, table);
	if (r > 0 && data->asked)
		ask_strays(session);
	return r < 0 ? r : empty && table->partial ? -EOPNOTSUPP : 0;
}

/*
 * Tells whether the id still means the logon that was looked up. A logind that restarts has forgotten how far it had
 * counted its "c" ids and gives those anew that have become free. Returns 0, -ENXIO if not, or another errno.
 */
static int check_logon(struct logoff_session *session, struct logoff_error *reterr)
{
	struct logoff_session *now;
	int r;

	r = logind_get(session->host, session->id, &now, reterr);
	if (r < 0)
		return r;
	of(session)->superseded = now->logon != session->logon;
	logoff_session_free(now);
	return of(session)->superseded ? -ENXIO : 0;
}

/* Sends the call by which logind is asked to end the session. */
int logind_call_end(struct logoff_session *session, bool interactive, struct logoff_error *reterr)
{
	/* Or has become so meanwhile. */
	bool closing = of(session)->closing || of(session)->kept || session->state == LOGOFF_STATE_CLOSING;
	sd_bus_message *call = NULL;
	int r;

	r = logind_new_call(session->host, &call, LOGIN1_PATH, MANAGER, closing ? "KillSession" : "TerminateSession");
	if (r >= 0)
		r = sd_bus_message_append(call, "s", session->id);
	if (r >= 0 && closing)
		r = sd_bus_message_append(call, "si", "all", SIGTERM);
	return send_ask(session, call, r, on_asked, interactive, reterr);
}

/*
 * Asks where elogind's call reaches nobody: those of the caller's own power from here; for others the leader at least is
 * reached, when elogind has said that they may.
 */
static int ask_kept(struct logoff_session *session, bool interactive, struct logoff_error *reterr)
{
	if (!is_own_power(session))
		return logind_call_end(session, interactive, reterr);
	session->asked = 0;
	if (logind_elogind_signal(session) < 0)
		logind_signal_leader(session, SIGTERM);
	return 0;
}

static int ask_session(struct logoff_session *session, bool interactive, struct logoff_error *reterr)
{
	struct logind *logind = session->host->data;
	int r;

	/* Between asking and asking again a password may have been typed, or logind have restarted. */
	r = of(session)->call ? check_logon(session, &session->asked_error) : 0;
	if (r < 0) {
		session->may_authorize = false;
		session->asked = r;
		return 0;
	}
	r = logind->elogind ? collect_family(session) : hold_strays(session);
	if (r >= 0 && !logind->elogind)
		r = find_strays(session, false);
	if (r < 0 && r != -EAGAIN)
		return r;
	if (of(session)->kept)
		return ask_kept(session, interactive, reterr);
	if (!logind->elogind)
		ask_strays(session);
	r = is_own_power(session) && !logind->elogind ? logind_xrdp_ask(session) : 0;
	if (r == 0)
		r = logind_crowd_signal(session);
	if (r <= 0)
		return r < 0 ? r : logind_call_end(session, interactive, reterr);
	return 0;
}

/* Sends SIGTERM to the manager's main process, which then ends what it runs and itself. */
static int signal_manager(const char *cgroup)
{
	struct process_list list = {};
	struct proc_stat stat;
	char *directory;
	int r, fd;

	if (asprintf(&directory, "%s/init.scope", cgroup) < 0)
		return -ENOMEM;
	r = proc_list_cgroup(directory, &list);
	for (size_t i = 0; r >= 0 && i < list.n_items; i++) {
		fd = (int)syscall(SYS_pidfd_open, list.items[i].pid, 0);
		/* Its other process, (sd-pam), is a child of the first. */
		if (fd >= 0 && proc_read_stat(list.items[i].pid, &stat) >= 0 && stat.parent <= 1)
			(void)syscall(SYS_pidfd_send_signal, fd, SIGTERM, NULL, 0);	/* not ended: killed after the grace */
		if (fd >= 0)
			close(fd);
	}
	process_list_clear(&list);
	free(directory);
	return r;
}

/*
 * From within the session TerminateUser would wait for us: systemd stops the manager only after the scopes of the
 * sessions, and ours lives as long as we do. The manager takes a SIGTERM for an orderly end as well.
 */
static int ask_manager(struct logoff_session *session, bool interactive, struct logoff_error *reterr)
{
	sd_bus_message *call = NULL;
	int r;

	if (session->current && is_own_power(session)) {
		session->asked = 0;
		return signal_manager(of(session)->manager_cgroup);
	}
	r = logind_new_call(session->host, &call, LOGIN1_PATH, MANAGER, "TerminateUser");
	if (r >= 0)
		r = sd_bus_message_append(call, "u", (uint32_t)session->uid);
	return send_ask(session, call, r, on_asked, interactive, reterr);
}

/*
 * logind acts as soon as the password is typed, so it cannot be asked for the proof alone. polkit can: that it keeps what was
 * proved for some minutes is the rule of this action.
 */
static int logind_prove(struct logoff_host *host, struct logoff_session *session, struct logoff_error *reterr)
{
	struct logind *logind = host->data;
	sd_bus_message *call = NULL;
	const char *name;
	int r;

	r = sd_bus_get_unique_name(logind->bus, &name);
	if (r >= 0)
		r = sd_bus_message_new_method_call(logind->bus, &call, "org.freedesktop.PolicyKit1",
						   "/org/freedesktop/PolicyKit1/Authority",
						   "org.freedesktop.PolicyKit1.Authority", "CheckAuthorization");
	if (r >= 0)
		r = sd_bus_message_append(call, "(sa{sv})sa{ss}us", "system-bus-name", 1, "name", "s", name,
					  "org.freedesktop.login1.manage", 0, (uint32_t)1, "");
	return send_ask(session, call, r, on_proven, true, reterr);
}

/* Asks a desktop's programs: no call of logind's knows them. */
static int ask_desktop(struct logoff_session *session)
{
	struct logind_session *data = of(session);
	int r = 0;

	data->desktop_asked_us = table_now_us();
	for (size_t i = 0; r >= 0 && i < LOGIND_N_POLITE; i++)
		r = desktop_signal(data->manager_cgroup, data->desktop, logind_polite_signals[i]);
	session->asked = r == -EPERM ? error_set_errno(&session->asked_error, -EACCES, -EPERM,
						       "only the user and root may end the programs of the desktop") : 0;
	return r == -EPERM ? 0 : r;
}

static int logind_ask(struct logoff_host *host, struct logoff_session *session, enum host_part part, bool interactive,
		      struct logoff_error *reterr)
{
	int r;

	r = subscribe(host, reterr);
	if (r < 0)
		return r;
	of(session)->signalled_us = 0;
	of(session)->leave = leave_free(of(session)->leave);
	switch (part) {
	case HOST_SESSION:
		return ask_session(session, interactive, reterr);
	case HOST_DESKTOP:
		return ask_desktop(session);
	case HOST_MANAGER:
		return ask_manager(session, interactive, reterr);
	}
	return -EINVAL;
}

static int logind_leave(struct logoff_host *host, struct logoff_session *session, uint64_t timeout_us,
			struct logoff_error *reterr)
{
	int r;

	of(session)->leave = leave_stop(of(session)->leave, session);
	if (timeout_us == 0)
		return 0;
	r = subscribe(host, reterr);
	if (r < 0 || !session->graphical || host->far)
		return r < 0 ? r : -EOPNOTSUPP;
	return leave_start(&of(session)->leave, session, timeout_us, reterr);
}

/* ---- killing ---- */

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

/* Kills those outside of the scope, and looks for those forked meanwhile. Returns 0, -EPERM if some refused, or another errno. */
static int kill_strays(struct logoff_session *session)
{
	struct logind_session *data = of(session);
	struct table *table;
	int r = 0, refused = 0;

	if (!data->strays)
		return 0;
	for (unsigned round = 0; r >= 0 && round < KILL_ROUNDS; round++) {
		r = strays_are_possible(data->strays) ? logind_table(session->host, clock_now_us(), &table) : 0;
		if (r >= 0 && strays_are_possible(data->strays))
			r = strays_collect(data->strays, table);
		if (r == 0 && round > 0)
			break;
		if (r >= 0)
			refused = strays_signal(data->strays, SIGKILL);
	}
	if (r >= 0 && refused && strays_has_leader_outside(data->strays))
		logind_signal_leader(session, SIGKILL);
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

static int kill_session(struct logoff_session *session, bool spare_self, struct logoff_error *reterr)
{
	struct logind_session *data = of(session);
	int r;

	r = kill_strays(session);
	if (r < 0 && r != -EPERM)	/* what refuses is listed as left */
		return r;
	if (spare_self && data->cgroup)
		return data->kept && data->family ? kill_kept(session) : kill_but_self(data->cgroup);
	r = check_logon(session, reterr);
	if (data->superseded)
		return 0;
	if (r >= 0 && data->strays && strays_has_leader_outside(data->strays) && !is_own_power(session))
		logind_signal_leader(session, SIGKILL);
	if (r >= 0 && data->signalled_us)	/* logind has not been asked yet, and would keep it when it is empty */
		(void)call_kill(session->host, NULL, "TerminateSession", "s", session->id);
	data->signalled_us = 0;
	if (r >= 0)
		r = call_kill(session->host, reterr, "KillSession", "ssi", session->id, "all", SIGKILL);
	/*
	 * A logind that has died cannot start again before the scope that is being stopped has ended: systemd orders it
	 * so. Then nobody but we can end the wait, if we may.
	 */
	if (r == -EAGAIN && data->cgroup && is_own_power(session))
		return kill_but_self(data->cgroup);
	if (data->kept && data->family && (r >= 0 || r == -ENXIO))
		return kill_kept(session);
	if (r != -ENXIO)
		return r;
	/* Dropped already. On elogind its processes may be alive; nobody but us knows them any more. */
	return data->family ? family_signal(data->family, SIGKILL) : 0;
}

/*
 * Kills what runs in the user's service manager. Only if the caller may not do that itself (Full Control through polkit)
 * logind is asked: its KillUser would reach a session that has begun meanwhile as well.
 */
static int kill_manager(struct logoff_session *session, struct logoff_error *reterr)
{
	struct logind_session *data = of(session);

	if (data->manager_cgroup && is_own_power(session))
		return kill_but_self(data->manager_cgroup);
	return call_kill(session->host, reterr, "KillUser", "ui", (uint32_t)session->uid, SIGKILL);
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

static int logind_kill(struct logoff_host *host, struct logoff_session *session, enum host_part part, bool last_act,
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

/* ---- looking ---- */

/*
 * Lists what elogind's session has left. That several scans find nobody does not prove much against a chain of forks; the
 * cgroup, where it is known, shows one that they have missed.
 */
static int list_family(struct logoff_session *session, struct process_list *list)
{
	struct logind_session *data = of(session);
	int r = family_is_gone(data->family);

	if (r == 0)
		return family_list(data->family, list);
	/* Where /proc hides, the cgroup shows at least that somebody is left, if only the caller. */
	if (r == -EOPNOTSUPP && data->cgroup && proc_list_cgroup(data->cgroup, list) >= 0 && list->n_items > 0)
		return 0;
	for (int i = 0; r >= 0 && i < CGROUP_LOOKS && data->cgroup && list->n_items == 0; i++)
		r = proc_list_cgroup(data->cgroup, list);
	if (r >= 0 && list->n_items == 0)
		logind_elogind_release(session);
	return r < 0 ? r : 0;
}

/* Lists what is in the session's scope, and what is of it elsewhere. */
static int list_session(struct logoff_session *session, struct process_list *list)
{
	struct logind_session *data = of(session);
	int r;

	r = hold_strays(session);
	if (r >= 0 && data->cgroup)
		r = proc_list_cgroup(data->cgroup, list);
	if (r >= 0)
		r = find_strays(session, list->n_items == 0 || session->current);
	if (r >= 0 || r == -EAGAIN || r == -EOPNOTSUPP) {
		int added = strays_list(data->strays, list);

		if (added < 0 || list->n_items > 0)
			r = added;
	}
	return r >= 0 && !data->cgroup && list->n_items == 0 ? -EOPNOTSUPP : r;
}

static int list_part(struct logoff_host *host, struct logoff_session *session, enum host_part part, struct process_list *list)
{
	struct logind_session *data = of(session);
	const char *cgroup;
	int r;

	if (host->far)
		return -EOPNOTSUPP;
	r = logind_find_cgroups(session);
	if (r < 0)
		return r;
	if (data->superseded && part == HOST_SESSION)
		return -EOPNOTSUPP;	/* what is there now is not ours to count */
	if (data->family)
		return list_family(session, list);
	if (part == HOST_SESSION && !((struct logind *)host->data)->elogind)
		return list_session(session, list);
	if (part == HOST_DESKTOP && data->manager_cgroup)
		return desktop_list(data->manager_cgroup, data->desktop, list);
	cgroup = part == HOST_SESSION ? data->cgroup : data->manager_cgroup;
	return cgroup ? proc_list_cgroup(cgroup, list) : -EOPNOTSUPP;
}

static int logind_processes(struct logoff_host *host, struct logoff_session *session, enum host_part part,
			    struct process_list *list, struct logoff_error *reterr)
{
	int r = list_part(host, session, part, list);

	(void)reterr;
	caller_mark(list);
	return r;
}

/* Reads a text of the session at PATH and tells whether IS says yes to it. Returns 1, 0 (it has ended meanwhile too), or -errno. */
static int ask_session_at(struct logoff_host *host, const char *path, const char *property, bool (*is)(const char *text),
			  struct logoff_error *reterr)
{
	sd_bus_message *answer = NULL;
	const char *text;
	int r;

	r = logind_get_property(host, path, SESSION, property, "s", &answer, reterr);
	if (r >= 0)
		r = sd_bus_message_read(answer, "s", &text) < 0 ? logind_bad_answer(-EBADMSG, property, reterr) : is(text);
	sd_bus_message_unref(answer);
	return r == -ENXIO ? 0 : r;
}

/* Tells whether it is a user's session, not the service manager itself (systemd 256 and later). */
static bool is_real_class(const char *class)
{
	return !logind_is_manager_class(class);
}

/* Tells whether the user has sessions other than SESSION, of which IS says yes to PROPERTY. */
static int has_others(struct logoff_session *session, const char *property, bool (*is)(const char *text),
		      bool *ret_others, struct logoff_error *reterr)
{
	sd_bus_message *answer = NULL;
	const char *id, *path;
	int r, other = 0;

	r = logind_get_property(session->host, of(session)->user_path, USER, "Sessions", "a(so)", &answer, reterr);
	if (r < 0)
		return r;
	r = sd_bus_message_enter_container(answer, 'a', "(so)");
	while (r >= 0 && other == 0 && (r = sd_bus_message_read(answer, "(so)", &id, &path)) > 0)
		/* Once the session is gone, one of its id is another logon. */
		if (!session->current || strcmp(id, session->id) != 0)
			other = ask_session_at(session->host, path, property, is, reterr);
	if (r < 0)
		other = logind_bad_answer(r, "Sessions", reterr);
	*ret_others = other > 0;
	sd_bus_message_unref(answer);
	return other < 0 ? other : 0;
}

int logind_get_user(struct logoff_host *host, uid_t uid, char **ret_path, struct logoff_error *reterr)
{
	sd_bus_message *call = NULL, *answer = NULL;
	const char *path;
	int r;

	r = logind_new_call(host, &call, LOGIN1_PATH, MANAGER, "GetUser");
	if (r >= 0)
		r = sd_bus_message_append(call, "u", (uint32_t)uid);
	r = logind_call(host, call, r, &answer, reterr);
	if (r >= 0) {
		r = sd_bus_message_read(answer, "o", &path);
		r = r < 0 ? logind_bad_answer(r, "GetUser", reterr) : (*ret_path = strdup(path)) ? 0 : -ENOMEM;
	}
	sd_bus_message_unref(answer);
	return r;
}

/* Makes sure that the path of the user's object is known. */
static int know_user(struct logoff_session *session, struct logoff_error *reterr)
{
	struct logind_session *data = of(session);

	return data->user_path ? 0 : logind_get_user(session->host, session->uid, &data->user_path, reterr);
}

static int lingers(struct logoff_session *session, int *ret_lingers, struct logoff_error *reterr)
{
	sd_bus_message *answer = NULL;
	int r;

	r = logind_get_property(session->host, of(session)->user_path, USER, "Linger", "b", &answer, reterr);
	if (r >= 0 && sd_bus_message_read(answer, "b", ret_lingers) < 0)
		r = logind_bad_answer(-EBADMSG, "Linger", reterr);
	sd_bus_message_unref(answer);
	return r;
}

/* Asks for two properties, not for all: to answer for all, logind looks at the terminals of all the user's sessions. */
static int logind_manager(struct logoff_host *host, struct logoff_session *session, enum host_manager *ret_manager,
			  struct logoff_error *reterr)
{
	const char *cgroup = of(session)->manager_cgroup;
	int r, linger = false;
	bool others;

	(void)host;
	*ret_manager = HOST_MANAGER_NONE;
	if (!cgroup || access(cgroup, F_OK) < 0)
		return 0;
	r = know_user(session, reterr);
	if (r >= 0)
		r = lingers(session, &linger, reterr);
	if (r >= 0)
		r = has_others(session, "Class", is_real_class, &others, reterr);
	if (r == -ENXIO)
		return 0;	/* the user has gone with the session */
	if (r < 0)
		return r;
	*ret_manager = others ? HOST_MANAGER_NEEDED : linger ? HOST_MANAGER_LINGERS : HOST_MANAGER_UNNEEDED;
	return 0;
}

static int logind_desktop(struct logoff_host *host, struct logoff_session *session, bool *ret_has,
			  struct logoff_error *reterr)
{
	const char *cgroup = of(session)->manager_cgroup;
	bool others = false;
	int r;

	(void)host;
	*ret_has = false;
	if (!session->graphical || !cgroup || access(cgroup, F_OK) < 0)
		return 0;
	r = know_user(session, reterr);
	if (r >= 0)
		r = has_others(session, "Type", logind_is_graphical_type, &others, reterr);
	if (r == -ENXIO)
		return 0;	/* the user has gone with the session */
	*ret_has = r >= 0 && !others;
	if (r >= 0 && of(session)->desktop_asked_us)	/* else there is no telling yet which programs are whose */
		of(session)->desktop.until_us = others ? of(session)->desktop_asked_us : UINT64_MAX;
	return r;
}

/* ---- waiting ---- */

/* Takes in what has come. Returns 1 if something has, 0 if not. */
static int take_news(struct logind *logind, struct logoff_error *reterr)
{
	unsigned n_calls = logind->n_calls;
	int r = 0, news = logind->has_events;

	logind->has_events = false;
	while (news < MAX_NEWS && (r = sd_bus_process(logind->bus, NULL)) > 0)
		news++;
	return r < 0 ? logind_error(NULL, r, reterr) : news > 0 || logind->n_calls != n_calls;	/* see drain() */
}

/* How many processes of the session are held by pidfd, and whether its desktop is being asked. */
static size_t n_poll(const struct logind_session *data)
{
	return (data->family ? family_n_poll(data->family) : data->strays ? strays_n_poll(data->strays) : 0) + (data->leave != NULL);
}

/* Those that have ended are known until the next look: to be woken by them again would be to wait not at all. */
static void poll_family(const struct family *family, struct pollfd *fds)
{
	family_poll(family, fds);
	for (size_t i = 0; i < family_n_poll(family); i++)
		if (poll(&fds[i], 1, 0) > 0)
			fds[i].fd = -1;
}

/* Polls bus, cancel descriptor and the processes held by pidfd. Returns 0 or -ECANCELED. */
static int poll_all(struct logoff_host *host, uint64_t until_us, int cancel_fd)
{
	struct logind *logind = host->data;
	uint64_t now = clock_now_us(), wake = until_us, bus_us;
	size_t n = 2;
	struct pollfd *fds;
	bool cancelled;

	for (size_t i = 0; i < host->n_watched; i++)
		n += n_poll(of(host->watched[i]));
	fds = calloc(n, sizeof(*fds));
	if (!fds)
		return -ENOMEM;
	fds[0] = (struct pollfd){ .fd = sd_bus_get_fd(logind->bus), .events = (short)sd_bus_get_events(logind->bus) };
	fds[1] = (struct pollfd){ .fd = cancel_fd, .events = POLLIN };
	n = 2;
	for (size_t i = 0; i < host->n_watched; i++) {
		const struct logind_session *data = of(host->watched[i]);

		if (data->family)
			poll_family(data->family, fds + n);
		else if (data->strays)
			strays_poll(data->strays, fds + n);
		n += n_poll(data);
		if (data->leave)
			fds[n - 1] = (struct pollfd){ .fd = leave_fd(data->leave), .events = POLLIN };
	}
	if (sd_bus_get_timeout(logind->bus, &bus_us) > 0 && bus_us < wake)
		wake = bus_us;
	if (logind->scope_look_us && logind->scope_look_us < wake)
		wake = logind->scope_look_us;
	if (logind->xrdp_look_us && logind->xrdp_look_us < wake)
		wake = logind->xrdp_look_us;
	wake = wake > now ? wake - now : 0;
	(void)poll(fds, n, wake > 3600000000 ? 3600000 : (int)((wake + 999) / 1000));	/* EINTR: look and come back */
	cancelled = fds[1].revents != 0;
	free(fds);
	return cancelled ? -ECANCELED : 0;
}

static void hear_desktops(struct logoff_host *host)
{
	for (size_t i = 0; i < host->n_watched; i++)
		of(host->watched[i])->leave = leave_hear(of(host->watched[i])->leave, host->watched[i]);
}

static int logind_wait(struct logoff_host *host, uint64_t until_us, int cancel_fd, struct logoff_error *reterr)
{
	struct logind *logind = host->data;
	int r;

	r = take_news(logind, reterr);
	logind_xrdp_follow(host);
	if (r >= 0) {
		int followed = logind_crowd_follow(host, reterr);

		r = followed < 0 ? followed : r | followed;
	}
	if (r == 0) {
		r = poll_all(host, until_us, cancel_fd);
		if (r == 0)
			r = take_news(logind, reterr);
	}
	hear_desktops(host);
	host->now_us = clock_now_us();
	return r < 0 ? r : 0;
}

static void logind_fill(struct logoff_host *host, struct logoff_session *const *sessions, size_t n_sessions, unsigned facts)
{
	for (size_t i = 0; i < n_sessions; i++) {
		if (facts & HOST_TERMINALS)
			logind_fill_terminals(host, sessions[i]);
		here_fill(sessions[i], facts);
	}
}

const struct host_backend host_logind = {
	.name = "logind",
	.flags = HOST_LOCAL | HOST_HAS_BESIDE,
	.open = logind_open,
	.close = logind_close,
	.release = logind_release,
	.get = logind_get,
	.list = logind_list,
	.may_have_user = logind_may_have_user,
	.ask = logind_ask,
	.leave = logind_leave,
	.prove = logind_prove,
	.kill = logind_kill,
	.processes = logind_processes,
	.explain = proc_explain,
	.manager = logind_manager,
	.desktop = logind_desktop,
	.census = logind_census,
	.fill = logind_fill,
	.record = audit_record,
	.name_person = audit_name_person,
	.wait = logind_wait,
};
