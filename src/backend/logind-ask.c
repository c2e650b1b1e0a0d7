/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * logind-ask.c - see logind.h: how logind and the processes of a session are asked to end.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend/here.h"
#include "backend/leave.h"
#include "backend/logind.h"
#include "base/clock.h"
#include "base/error.h"
#include "local/family.h"
#include "local/held.h"

/* How long a table serves a crowd before the next is taken. */
#define TABLE_US UINT64_C(50000)

/* Rounds of looking for strays, while processes are born. */
#define PROVE_ROUNDS 20

static int on_removed(sd_bus_message *signal, void *userdata, sd_bus_error *unused)
{
	struct logoff_host *host = userdata;
	const char *id;

	(void)unused;
	if (sd_bus_message_read(signal, "so", &id, NULL) < 0)
		return 0;	/* not a signal of logind's: whoever sent it, it is no news */
	for (size_t i = 0; i < host->n_watched; i++)
		if (strcmp(host->watched[i]->id, id) == 0)
			host->watched[i]->ending->removed = true;
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

/* The call of SESSION is not under way any more, if it was. */
static void end_call(struct logoff_session *session)
{
	struct logind *logind = session->host->data;

	logind->n_calls -= of(session)->calling;
	of(session)->calling = false;
}

void logind_drop_call(struct logoff_session *session)
{
	end_call(session);
	of(session)->call = sd_bus_slot_unref(of(session)->call);
}

static int on_asked(sd_bus_message *answer, void *userdata, sd_bus_error *unused)
{
	struct logoff_session *session = userdata;
	const sd_bus_error *error = sd_bus_message_get_error(answer);

	(void)unused;
	end_call(session);
	session->ending->asked = error ? logind_error(error, 0, &session->ending->asked_error) : 0;
	session->ending->may_authorize =
		error && strcmp(error->name, "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired") == 0;
	if (!error && of(session)->kept)
		logind_signal_leader(session, SIGTERM);
	return 0;
}

/* polkit's answer: the refusal by logind that came before stays the cause. */
static int on_proven(sd_bus_message *answer, void *userdata, sd_bus_error *unused)
{
	struct logoff_session *session = userdata;
	int authorized = 0, challenge;

	(void)unused;
	end_call(session);
	if (!sd_bus_message_get_error(answer) && sd_bus_message_enter_container(answer, 'r', "bba{ss}") > 0)
		(void)sd_bus_message_read(answer, "bb", &authorized, &challenge);	/* else it stays refused */
	session->ending->asked = authorized ? 0 : -EACCES;
	session->ending->may_authorize = false;
	return 0;
}

/* Sends CALL (NULL if it could not be made: R) and has TAKE make its answer the fact "asked". */
static int send_ask(struct logoff_session *session, sd_bus_message *call, int r, sd_bus_message_handler_t take,
		    bool interactive, struct logoff_error *reterr)
{
	struct logind *logind = session->host->data;
	struct logind_session *data = of(session);

	logind_drop_call(session);
	while (r >= 0 && logind->n_calls >= MAX_CALLS) {
		r = sd_bus_process(logind->bus, NULL);
		if (r == 0 && logind->n_calls >= MAX_CALLS)	/* see drain_calls() */
			r = sd_bus_wait(logind->bus, UINT64_MAX);
		if (r == -EINTR)
			r = 0;
	}
	if (r >= 0 && interactive)
		r = sd_bus_message_set_allow_interactive_authorization(call, true);
	if (r >= 0)
		r = sd_bus_call_async(logind->bus, &data->call, call, take, session,
				      interactive ? AUTHORIZE_TIMEOUT_US : CALL_TIMEOUT_US);
	sd_bus_message_unref(call);
	if (r < 0)
		return logind_error(NULL, r, reterr);
	logind->n_calls++;
	data->calling = true;
	return 0;
}

int logind_hold_strays(struct logoff_session *session)
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

/* Finds the audit session of an elogind session, if it is its own, and the one its logins have. Returns 0 or a fatal errno. */
static int find_audit_session(struct logoff_session *session, uint32_t *ret, uint32_t *ret_own)
{
	struct logind_session *data = of(session);
	struct table *table;
	int r = logind_hold_strays(session);

	if (r >= 0)
		r = logind_table(session->host, clock_now_us(), &table);
	if (r >= 0)
		r = strays_audit_session(data->strays, table, ret);
	if (r >= 0)
		*ret_own = strays_own_audit(data->strays);
	data->strays = strays_free(data->strays);
	return r < 0 ? r : 0;
}

int logind_hold_family(struct logoff_session *session)
{
	struct logind_session *data = of(session);
	struct family_marks marks = { .audit_session = PROC_NO_AUDIT, .cgroup = data->cgroup, .spare_services = true,
				     .own_audit = PROC_NO_AUDIT, .user = session->uid };
	uint32_t audit;
	int r;

	if (data->family)
		return 0;
	r = find_audit_session(session, &audit, &marks.own_audit);
	if (r < 0)
		return r;
	if (session->id[0] != 'c')
		marks.audit_session = audit;
	r = family_new(&data->family, &marks);
	return r < 0 ? r : family_scan(data->family);
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
 * Looks for strays in a table that is not older than SINCE_US. If PROVE, that there are none is believed only if nobody was born while
 * the table was read. Returns how many are new, -EAGAIN: processes were born all the time, or another errno.
 */
static int search_strays(struct logoff_session *session, uint64_t since_us, bool prove)
{
	struct strays *strays = of(session)->strays;
	struct table *table;
	int r = logind_table(session->host, since_us, &table), born;

	if (r < 0)
		return r;
	born = prove ? table_settle(table, false) : 0;
	for (unsigned round = 0; round == 0 || (born != 0 && round < PROVE_ROUNDS); round++) {
		r = strays_collect(strays, table);
		if (r != 0 || born < 0 || !prove)
			return r != 0 ? r : born;
		born = table_settle(table, !table->listed || strays_have_lost(strays));
	}
	if (born != 0)
		return born < 0 ? born : -EAGAIN;
	r = strays_doubt(strays);
	return r == 0 && table->partial ? -EOPNOTSUPP : r;
}

/*
 * Tells whether the control group NAME of a user's service manager, in the folder PARENT, or a slice in it has a scope into which a
 * program has put what it started. What cannot be read may have one.
 */
static bool has_scopes(int parent, const char *name)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *folder = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	bool found = false;

	if (!folder) {
		found = errno != ENOENT;
		if (fd >= 0)
			close(fd);
		return found;
	}
	while (!found && (errno = 0, entry = readdir(folder))) {
		const char *end = strrchr(entry->d_name, '.');

		found = desktop_is_moved(entry->d_name) || (end && strcmp(end, ".slice") == 0 && has_scopes(fd, entry->d_name));
	}
	found = found || (errno != 0 && errno != ENODEV);	/* the group was removed meanwhile */
	closedir(folder);
	return found;
}

/* Tells whether a program may have put some of the session's processes into scopes of the user's manager. */
static bool may_have_moved(const struct logoff_session *session)
{
	return of(session)->manager_cgroup && has_scopes(AT_FDCWD, of(session)->manager_cgroup);
}

bool logind_may_have_strays(const struct logoff_session *session)
{
	const struct strays *strays = of(session)->strays;

	return strays && (!strays_are_unaudited(strays) || strays_has_leader_outside(strays) || may_have_moved(session));
}

/*
 * Tells whether strays are worth a look at all processes. While there are others in the session, the rest waits for their end: but
 * those that a program has moved are to be asked with them.
 */
static bool is_worth_a_look(const struct logoff_session *session, bool empty)
{
	const struct logind_session *data = of(session);

	if (!logind_may_have_strays(session))
		return false;
	return empty || strays_has_leader_outside(data->strays) || strays_are_unaudited(data->strays) ||
	       (!data->asked && session->ending && may_have_moved(session));
}

int logind_find_strays(struct logoff_session *session, bool empty)
{
	struct logind_session *data = of(session);
	struct table *table = session->host->table;
	bool crowd = session->host->n_watched >= LOGIND_CROWD, live;
	uint64_t now = clock_now_us();
	int r;

	if (empty && ((struct logind *)session->host->data)->sees_strangers)
		return -EOPNOTSUPP;
	if (!is_worth_a_look(session, empty))
		return 0;
	live = strays_live(data->strays);
	if (!empty || live)	/* no table so far can prove that nobody is left */
		data->empty_us = 0;
	else if (!crowd || data->empty_us == 0)
		data->empty_us = now;
	if (crowd && data->empty_us && table && table->taken_us < data->empty_us && now < table->taken_us + TABLE_US)
		return -EAGAIN;
	r = search_strays(session, data->empty_us ? data->empty_us : crowd ? now - TABLE_US : now, data->empty_us > 0);
	if (r != 0)
		data->empty_us = 0;
	if (r > 0 && data->asked)
		ask_strays(session);
	if (r < 0)
		return r;
	return empty && (live || r > 0) ? -EAGAIN : 0;	/* those who live may start others before they are listed */
}

int logind_check_logon(struct logoff_session *session, struct logoff_error *reterr)
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

/* The logind of systemd 252 reaches no leader that is in a scope: then it is asked for all at once. */
static int on_leader_asked(sd_bus_message *answer, void *userdata, sd_bus_error *unused)
{
	struct logoff_session *session = userdata;
	const sd_bus_error *error = sd_bus_message_get_error(answer);
	struct logoff_error cause = {};
	int r = error ? logind_error(error, 0, &cause) : 0;

	if (r == -EACCES || r == -ENXIO || r == -EAGAIN)
		return on_asked(answer, userdata, unused);
	end_call(session);
	if (r >= 0)
		logind_xrdp_asked(session, true);
	else if (logind_call_end(session, false, &session->ending->asked_error) < 0)
		session->ending->asked = r;
	return 0;
}

/* Has logind signal the leader of an xrdp desktop, which then takes the desktop down. */
static int ask_leader(struct logoff_session *session, bool interactive, struct logoff_error *reterr)
{
	sd_bus_message *call = NULL;
	int r = logind_new_call(session->host, &call, LOGIN1_PATH, MANAGER, "KillSession");

	if (r >= 0)
		r = sd_bus_message_append(call, "ssi", session->id, "leader", SIGTERM);
	return send_ask(session, call, r, on_leader_asked, interactive, reterr);
}

/*
 * Asks where elogind's call reaches nobody: those of the caller's own power from here; for others the leader at least is
 * reached, when elogind has said that they may.
 */
static int ask_kept(struct logoff_session *session, bool interactive, struct logoff_error *reterr)
{
	if (!here_has_power(session))
		return logind_call_end(session, interactive, reterr);
	session->ending->asked = 0;
	if (logind_elogind_signal(session) < 0)
		logind_signal_leader(session, SIGTERM);
	return 0;
}

static int ask_session(struct logoff_session *session, bool interactive, struct logoff_error *reterr)
{
	struct logind *logind = session->host->data;
	int r;

	/* Between asking and asking again a password may have been typed, or logind have restarted. */
	r = of(session)->call ? logind_check_logon(session, &session->ending->asked_error) : 0;
	if (r < 0) {
		session->ending->may_authorize = false;
		session->ending->asked = r;
		return 0;
	}
	r = logind->elogind ? logind_hold_family(session) : logind_hold_strays(session);
	if (r >= 0 && logind->elogind)
		logind_elogind_spare(session);
	if (r >= 0 && !logind->elogind)
		r = logind_find_strays(session, false);
	if (r < 0 && r != -EAGAIN)
		return r;
	if (of(session)->kept)
		return ask_kept(session, interactive, reterr);
	if (!logind->elogind)
		ask_strays(session);
	if (!logind->elogind && logind_xrdp_fits(session))
		return here_has_power(session) ? logind_xrdp_ask(session) : ask_leader(session, interactive, reterr);
	r = logind_crowd_signal(session);
	if (r <= 0)
		return r < 0 ? r : logind_call_end(session, interactive, reterr);
	return 0;
}

/* Sends SIGTERM to the manager's main process, which then ends what it runs and itself. Returns 0 or a fatal errno. */
static int signal_manager(const char *cgroup, struct logoff_error *reterr)
{
	struct process_list list = {};
	struct held held;
	char *directory;
	int r;

	if (asprintf(&directory, "%s/init.scope", cgroup) < 0)
		return -ENOMEM;
	r = proc_list_cgroup(directory, &list);
	if (r == -EAGAIN)	/* nobody stays long enough to be signalled */
		r = 0;
	for (size_t i = 0; r >= 0 && i < list.n_items; i++) {
		r = held_open_pid(&held, list.items[i].pid);
		if (r >= 0 && held.stat.parent <= 1)	/* its other process, (sd-pam), is a child of the first */
			(void)held_signal(&held, SIGTERM);	/* not ended: killed after the grace */
		if (r >= 0)
			held_close(&held);
		if (r < 0)
			r = r == -ESRCH ? 0 : error_set_errno(reterr, -EIO, r, "the user's service manager cannot be signalled: %s",
						   strerror(-r));
	}
	process_list_clear(&list);
	free(directory);
	return r;
}

/*
 * A logind that was started anew does not know the user of a manager whose last session has ended meanwhile. They may log on again
 * now, so it is looked again before the manager is signalled.
 */
static int on_manager_asked(sd_bus_message *answer, void *userdata, sd_bus_error *error)
{
	struct logoff_session *session = userdata;
	struct host_ending *ending = session->ending;

	(void)on_asked(answer, session, error);
	if (ending->asked == -ENXIO && here_has_power(session)) {
		of(session)->user_unknown = true;
		ending->asked = -EAGAIN;
	}
	return 0;
}

/*
 * From within the session TerminateUser would wait for us: systemd stops the manager only after the scopes of the
 * sessions, and ours lives as long as we do. The manager takes a SIGTERM for an orderly end as well.
 */
static int ask_manager(struct logoff_session *session, bool interactive, struct logoff_error *reterr)
{
	struct logind *logind = session->host->data;
	sd_bus_message *call = NULL;
	int r;

	if ((session->current || of(session)->user_unknown) && here_has_power(session)) {
		session->ending->asked = 0;
		logind_note_manager(session);
		of(session)->manager_signalled = true;
		return signal_manager(of(session)->manager_cgroup, reterr);
	}
	logind_drop_call(session);
	while (logind->n_calls >= MAX_CALLS && sd_bus_process(logind->bus, NULL) > 0)
		;
	if (logind->n_calls >= MAX_CALLS) {	/* the user may come back before one has been answered: to be looked up again */
		session->ending->asked = -EAGAIN;
		return 0;
	}
	logind_note_manager(session);
	r = logind_new_call(session->host, &call, LOGIN1_PATH, MANAGER, "TerminateUser");
	if (r >= 0)
		r = sd_bus_message_append(call, "u", (uint32_t)session->uid);
	return send_ask(session, call, r, on_manager_asked, interactive, reterr);
}

/*
 * logind acts as soon as the password is typed, so it cannot be asked for the proof alone. polkit can: that it keeps what was
 * proved for some minutes is the rule of this action.
 */
int logind_prove(struct logoff_host *host, struct logoff_session *session, struct logoff_error *reterr)
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
static int ask_desktop(struct logoff_session *session, struct logoff_error *reterr)
{
	struct logind_session *data = of(session);
	int r = 0;

	if (!data->desktop_asked_us)
		data->desktop_asked_us = table_now_us();
	data->desktop_asked = true;
	for (size_t i = 0; r >= 0 && i < LOGIND_N_POLITE; i++)
		r = desktop_signal(data->manager_cgroup, data->desktop, logind_polite_signals[i]);
	session->ending->asked = r == -EPERM ? error_set_errno(&session->ending->asked_error, -EACCES, -EPERM,
						       "only the user and root may end the programs of the desktop") : 0;
	return r < 0 && r != -EPERM ? error_set_errno(reterr, r, r, "the programs of the desktop cannot be signalled: %s",
						       strerror(-r)) : 0;
}

int logind_ask(struct logoff_host *host, struct logoff_session *session, enum host_part part, bool interactive,
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
		return ask_desktop(session, reterr);
	case HOST_MANAGER:
		return ask_manager(session, interactive, reterr);
	}
	return -EINVAL;
}

int logind_leave(struct logoff_host *host, struct logoff_session *session, uint64_t timeout_us,
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
