/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * logind.c - hosts with systemd-logind or elogind, over sd-bus.
 *
 * These D-Bus calls on org.freedesktop.login1 end a session:
 *  - TerminateSession asks it to end: systemd sends SIGTERM and SIGHUP to the session's scope. A session in state "closing", and
 *    one that elogind keeps, is asked by KillSession "all" SIGTERM; an xrdp desktop by KillSession "leader" SIGTERM.
 *  - KillSession "all" SIGKILL forces it. SessionRemoved tells the end, GetSession proves it.
 *  - TerminateUser ends the user's service manager. KillUser kills it where the caller has only polkit's word.
 * They stand in logind-ask.c and logind-kill.c; on elogind ReleaseSession in user/release.c. A desktop is asked before, on its
 * user's bus: Logout of GNOME's and XFCE's session manager, closeSession of Plasma's (user/logout.c). logind and polkit decide
 * who may do what. Root need not ask, and with many sessions does so last (logind-crowd.c).
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
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend/audit.h"
#include "backend/here.h"
#include "backend/leave.h"
#include "backend/logind.h"
#include "backend/message.h"
#include "base/clock.h"
#include "base/error.h"
#include "local/family.h"
#include "local/service.h"

/* Messages taken in before the clock is looked at again: any peer can send signals without end. */
#define MAX_NEWS 1000

/* Looks at the cgroup of an elogind session until it counts as empty. */
#define CGROUP_LOOKS 5

static void logind_release(struct logoff_session *session)
{
	struct logind_session *data = of(session);

	if (!data)
		return;
	if (data->listed_at)
		*data->listed_at = NULL;
	logind_drop_call(session);
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

/* ---- where the processes are ---- */

/* The hierarchies that may hold sessions: cgroup v2, hybrid, v1, and elogind's own. */
static const char *const cgroup_roots[] = {
	"/sys/fs/cgroup", "/sys/fs/cgroup/unified", "/sys/fs/cgroup/systemd", "/sys/fs/cgroup/elogind",
};

const char *logind_cgroup_root(const char *cgroup)
{
	size_t i = sizeof(cgroup_roots) / sizeof(cgroup_roots[0]) - 1, length;

	/* The first one has the others below it. */
	for (; i > 0; i--) {
		length = strlen(cgroup_roots[i]);
		if (strncmp(cgroup, cgroup_roots[i], length) == 0 && cgroup[length] == '/')
			break;
	}
	return cgroup_roots[i];
}

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

static ino_t inode_of(const char *path)
{
	struct stat file;

	return stat(path, &file) < 0 ? 0 : file.st_ino;
}

bool logind_has_same_cgroup(const struct logoff_session *session)
{
	const struct logind_session *data = of(session);

	return data->cgroup && data->cgroup_inode != 0 && inode_of(data->cgroup) == data->cgroup_inode;
}

/* systemd names a run before its first process begins, and takes the name away when the unit is inactive. */
static void read_run(const struct logoff_session *session, char run[static INVOCATION])
{
	char path[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/run/systemd/units/invocation:user@%u.service", (unsigned)session->uid);
	n = readlink(path, run, INVOCATION - 1);
	run[n > 0 ? n : 0] = '\0';
}

void logind_note_manager(struct logoff_session *session)
{
	struct logind_session *data = of(session);

	data->manager_inode = data->manager_cgroup ? inode_of(data->manager_cgroup) : 0;
	read_run(session, data->manager_run);
}

/* Tells whether the directory of the manager that was asked has gone, and with it the last process of that manager. */
static bool has_manager_gone(const struct logoff_session *session)
{
	const struct logind_session *data = of(session);

	return data->manager_inode != 0 && inode_of(data->manager_cgroup) != data->manager_inode;
}

bool logind_has_same_manager(const struct logoff_session *session)
{
	char run[INVOCATION];

	read_run(session, run);
	return *run && strcmp(run, of(session)->manager_run) == 0 && !has_manager_gone(session);
}

/*
 * Finds the group of an elogind session: as systemd would have it since 255, before that by the id alone. The program that removes
 * empty groups may have removed the user's with the session's.
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
static int find_systemd_cgroups(struct logoff_session *session)
{
	struct logind_session *data = of(session);
	char slice[64], service[32];
	int r;

	if (!data->scope || !*data->scope)
		return 0;
	snprintf(slice, sizeof(slice), "user.slice/user-%u.slice", (unsigned)session->uid);
	snprintf(service, sizeof(service), "user@%u.service", (unsigned)session->uid);
	r = find_cgroup(slice, data->scope, &data->cgroup);
	return r < 0 ? r : find_cgroup(slice, service, &data->manager_cgroup);
}

int logind_find_cgroups(struct logoff_session *session)
{
	struct logind_session *data = of(session);
	int r;

	if (data->cgroup || session->host->far)
		return 0;
	r = ((struct logind *)session->host->data)->elogind ? find_elogind_cgroup(session) : find_systemd_cgroups(session);
	if (data->cgroup)
		data->cgroup_inode = inode_of(data->cgroup);
	return r;
}

/* ---- looking ---- */

/* Tells whether the process is a server's that was started by another in LIST, as one is for each login; not by the session's own. */
static bool is_of_server(const struct logoff_session *session, const struct logoff_process *process, const struct process_list *list)
{
	struct proc_stat stat;

	if (proc_read_stat(process->pid, &stat) < 0 || stat.parent == session->leader)
		return false;
	for (size_t i = 0; i < list->n_items; i++)
		if (list->items[i].pid == stat.parent)
			return service_is_server(stat.parent, list->items[i].command);
	return false;
}

/*
 * Tells whether the process is a server's with a login of others. It has an audit session of its own; where the kernel has none, the
 * server has started another for it.
 */
static bool is_guest(struct logoff_session *session, const struct logoff_process *process, const struct process_list *list)
{
	uint32_t audit;
	int r;

	if (process->pid <= 1 || !service_lets_in(process->command) || proc_read_audit_session(process->pid, &audit) < 0)
		return false;
	r = strays_is_of_others(of(session)->strays, audit);
	return (r > 0 || (r < 0 && is_of_server(session, process, list))) && service_is_server(process->pid, process->command);
}

/*
 * Notes a login of others that is in the session, as it came by a server that somebody has started there: what ends the session's
 * control group would end it.
 */
static void note_guest(struct logoff_session *session, const struct process_list *list)
{
	*session->guest = '\0';
	for (size_t i = 0; !*session->guest && i < list->n_items; i++)
		if (is_guest(session, &list->items[i], list))
			snprintf(session->guest, sizeof(session->guest), "process %d, %s", (int)list->items[i].pid, list->items[i].command);
}

/* Notes a service that elogind would end with the session, where the caller cannot take it out of it. */
static void note_service(struct logoff_session *session)
{
	struct process_list list = {};

	*session->guest = '\0';
	if (!of(session)->kept && geteuid() != 0 && family_list_spared(of(session)->family, &list) >= 0 &&
	    list.n_items > 0)
		snprintf(session->guest, sizeof(session->guest), "process %d, %s", (int)list.items[0].pid, list.items[0].command);
	process_list_clear(&list);
}

/* Lists who is in the control group of an elogind session, but for those who are spared. */
static int list_unspared(const struct logind_session *data, struct process_list *list)
{
	struct process_list all = {}, spared = {};
	int r = proc_list_cgroup(data->cgroup, &all);

	if (r >= 0)
		r = family_list_spared(data->family, &spared);
	for (size_t i = 0; r >= 0 && i < all.n_items; i++)
		if (!process_list_has(&spared, all.items[i].pid))
			r = process_list_add(list, all.items[i].pid, all.items[i].command);
	process_list_clear(&all);
	process_list_clear(&spared);
	return r;
}

/*
 * Lists what elogind's session has left. That several scans find nobody does not prove much against a chain of forks; the
 * cgroup, where it is known, shows one that they have missed.
 */
static int list_family(struct logoff_session *session, struct process_list *list)
{
	struct logind_session *data = of(session);
	int r = family_is_gone(data->family);

	if (r == 0) {
		r = family_list(data->family, list);
		note_service(session);
		return r;
	}
	if (r < 0 && r != -EOPNOTSUPP)
		return r;
	for (int i = 0; i < CGROUP_LOOKS && data->cgroup && list->n_items == 0; i++) {
		int seen = list_unspared(data, list);

		/* Where /proc hides, the cgroup shows at least that somebody is left, if only the caller. */
		if (seen < 0 || list->n_items > 0)
			return seen;
	}
	if (r >= 0 && list->n_items == 0)
		logind_elogind_release(session);
	return r < 0 ? r : 0;
}

/* Lists what is in the session's scope, and what is of it elsewhere. */
static int list_session(struct logoff_session *session, struct process_list *list)
{
	struct logind_session *data = of(session);
	int r;

	r = logind_hold_strays(session);
	if (r >= 0 && data->cgroup && data->cgroup_inode != 0 && !logind_has_same_cgroup(session))
		r = access(data->cgroup, F_OK) == 0 ? -EAGAIN : 0;	/* a later session of the same id may have it now */
	else if (r >= 0 && data->cgroup)
		r = proc_list_cgroup(data->cgroup, list);
	for (size_t i = 0; i < list->n_items; i++)
		if (list->items[i].pid == 0)	/* it is outside of the caller's pid namespace */
			((struct logind *)session->host->data)->sees_strangers = true;
	if (data->strays)
		note_guest(session, list);
	if (r >= 0)
		r = logind_find_strays(session, list->n_items == 0 || session->current);
	if (r >= 0 || r == -EAGAIN || r == -EOPNOTSUPP) {
		int added = strays_list(data->strays, list);

		if (added < 0 || list->n_items > 0)
			r = added;
	}
	return r >= 0 && !data->cgroup && list->n_items == 0 ? -EOPNOTSUPP : r;
}

/*
 * Lists what the service manager has left. Once it has been asked, another may have begun in its place: in the same directory only if
 * some process did not end even then, and nobody can tell which are whose.
 */
static int list_manager(struct logoff_session *session, struct process_list *list)
{
	struct logind_session *data = of(session);
	char run[INVOCATION];
	int r;

	if (!data->manager_cgroup)
		return -EOPNOTSUPP;
	r = proc_list_cgroup(data->manager_cgroup, list);
	if (!data->manager_inode)
		return r;
	read_run(session, run);
	if (has_manager_gone(session))
		r = 0;
	else if (*run && *data->manager_run && strcmp(run, data->manager_run) != 0)
		r = -EAGAIN;
	else
		return r;
	process_list_clear(list);
	return r;
}

static int list_part(struct logoff_host *host, struct logoff_session *session, enum host_part part, struct process_list *list)
{
	struct logind_session *data = of(session);
	int r;

	if (host->far)
		return -EOPNOTSUPP;
	r = logind_find_cgroups(session);
	if (r < 0)
		return r;
	if (data->superseded && part == HOST_SESSION) {
		r = data->strays ? strays_list(data->strays, list) : 0;
		return r < 0 || list->n_items > 0 ? r : -EOPNOTSUPP;	/* what else is there now is not ours to count */
	}
	if (part == HOST_SESSION && ((struct logind *)host->data)->elogind) {
		r = logind_hold_family(session);
		return r < 0 ? r : list_family(session, list);
	}
	if (part == HOST_SESSION)
		return list_session(session, list);
	if (part == HOST_DESKTOP && data->manager_cgroup)
		return desktop_list(data->manager_cgroup, data->desktop, list);
	return list_manager(session, list);
}

static int logind_processes(struct logoff_host *host, struct logoff_session *session, enum host_part part,
			    struct process_list *list, struct logoff_error *reterr)
{
	int r = list_part(host, session, part, list);

	if (r == -ENODATA && part == HOST_DESKTOP) {	/* nobody is left of those that were asked */
		of(session)->desktop_asked = false;
		(void)error_set_errno(reterr, r, r, "nobody can tell which of the user's desktops has started them");
	}
	caller_mark(list);
	return r;
}

/*
 * Tells whether the session at PATH is a user's, not the service manager itself (systemd 256 and later). Returns 1, 0 (it has ended
 * meanwhile too), or -errno.
 */
static int is_real(struct logoff_host *host, const char *path, struct logoff_error *reterr)
{
	sd_bus_message *answer = NULL;
	const char *class;
	int r = logind_get_property(host, path, SESSION, "Class", "s", &answer, reterr);

	if (r >= 0)
		r = sd_bus_message_read(answer, "s", &class) < 0 ? logind_bad_answer(-EBADMSG, "Class", reterr) :
								   !logind_is_manager_class(class);
	sd_bus_message_unref(answer);
	return r == -ENXIO ? 0 : r;
}

/* Tells whether ID is that of SESSION. Once that is gone, one of its id is another logon. */
static bool is_itself(const struct logoff_session *session, const char *id)
{
	return session->current && strcmp(id, session->id) == 0;
}

/* Tells whether the user has sessions other than SESSION. */
static int has_others(struct logoff_session *session, bool *ret_others, struct logoff_error *reterr)
{
	sd_bus_message *answer = NULL;
	const char *id, *path;
	int r, other = 0;

	r = logind_get_property(session->host, of(session)->user_path, USER, "Sessions", "a(so)", &answer, reterr);
	if (r < 0)
		return r;
	r = sd_bus_message_enter_container(answer, 'a', "(so)");
	while (r >= 0 && other == 0 && (r = sd_bus_message_read(answer, "(so)", &id, &path)) > 0)
		if (!is_itself(session, id))
			other = is_real(session->host, path, reterr);
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

/*
 * logind has dropped the user with the session. That is no word about the processes of their manager: if it has failed to end one,
 * as in state D, nobody but us looks for it.
 */
static int manager_without_user(const char *cgroup, enum host_manager *ret_manager)
{
	struct process_list list = {};
	int r = proc_list_cgroup(cgroup, &list);

	*ret_manager = list.n_items > 0 ? HOST_MANAGER_UNNEEDED : HOST_MANAGER_NONE;
	process_list_clear(&list);
	return r;
}

/* Tells whether systemd is stopping the user's service manager. Returns 0 or -errno. */
static int is_stopping(struct logoff_session *session, bool *ret_stopping, struct logoff_error *reterr)
{
	static const char systemd[] = "org.freedesktop.systemd1";
	struct logind *logind = session->host->data;
	sd_bus_message *call = NULL, *answer = NULL;
	const char *state;
	char path[64];
	int r;

	snprintf(path, sizeof(path), "/org/freedesktop/systemd1/unit/user_40%u_2eservice", (unsigned)session->uid);
	r = sd_bus_message_new_method_call(logind->bus, &call, systemd, path, "org.freedesktop.DBus.Properties", "Get");
	if (r >= 0)
		r = sd_bus_message_append(call, "ss", "org.freedesktop.systemd1.Unit", "ActiveState");
	r = logind_call(session->host, call, r, &answer, reterr);
	if (r >= 0 && sd_bus_message_read(answer, "v", "s", &state) < 0)
		r = logind_bad_answer(-EBADMSG, "ActiveState", reterr);
	if (r >= 0)
		*ret_stopping = strcmp(state, "deactivating") == 0;
	sd_bus_message_unref(answer);
	return r == -EHOSTUNREACH || r >= 0 ? r : -EAGAIN;
}

/*
 * Judges a manager that was asked to end and is needed again. systemd does not take back a stop that it has begun: the login waits
 * for the end of the old manager, then a new one begins.
 */
static int judge_asked(struct logoff_session *session, enum host_manager *ret_manager, struct logoff_error *reterr)
{
	struct logind_session *data = of(session);
	bool ending = data->manager_signalled;
	int r = 0;

	data->user_is_back = true;
	if (!ending)
		r = is_stopping(session, &ending, reterr);
	if (r >= 0 && !logind_has_same_manager(session))	/* now, as it may have ended meanwhile */
		return error_set_errno(reterr, -EAGAIN, -EAGAIN,
				       "the user is back, and the new service manager cannot be told from the old one");
	if (r >= 0 && ending)
		*ret_manager = HOST_MANAGER_ENDING;
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
	if (!cgroup || access(cgroup, F_OK) < 0 || has_manager_gone(session))
		return 0;
	r = know_user(session, reterr);
	if (r >= 0)
		r = lingers(session, &linger, reterr);
	if (r >= 0)
		r = has_others(session, &others, reterr);
	if (r == -ENXIO)
		return manager_without_user(cgroup, ret_manager);
	if (r < 0)
		return r;
	*ret_manager = others ? HOST_MANAGER_NEEDED : linger ? HOST_MANAGER_LINGERS : HOST_MANAGER_UNNEEDED;
	return *ret_manager != HOST_MANAGER_UNNEEDED && of(session)->manager_inode ? judge_asked(session, ret_manager, reterr) : 0;
}

/* A desktop, and what is found out of its programs. */
struct beside {
	const struct logoff_session *session;
	struct desktop_span *span;
};

/* Notes in the span of DATA what another desktop ID of the user changes. Returns 0 or -errno. */
static int note_beside(struct logoff_host *host, const char *id, const void *data, struct logoff_error *reterr)
{
	const struct beside *beside = data;
	const struct logoff_session *session = beside->session;
	uint64_t asked_us = of(session)->desktop_asked_us, begun_us;
	struct desktop_span *span = beside->span;
	struct logoff_session *other = NULL;
	int r;

	if (is_itself(session, id))
		return 0;
	r = logind_get_by_id(host, id, &other, reterr);
	if (r < 0)
		return r == -ENXIO ? 0 : r;
	begun_us = of(other)->desktop.since_us;
	if (of(other)->not_a_session || !other->graphical)
		;
	else if (asked_us && begun_us >= asked_us)
		span->until_us = begun_us < span->until_us ? begun_us : span->until_us;
	else if (begun_us < span->shared_us)
		span->shared_us = begun_us;
	logoff_session_free(other);
	return 0;
}

static int logind_desktop(struct logoff_host *host, struct logoff_session *session, bool *ret_has,
			  struct logoff_error *reterr)
{
	const char *cgroup = of(session)->manager_cgroup;
	struct desktop_span span = { .since_us = of(session)->desktop.since_us, .until_us = UINT64_MAX, .shared_us = UINT64_MAX,
				     .id = session->id };
	char id[CGROUP_ID];
	int r;

	*ret_has = false;
	if (!session->graphical || !cgroup || access(cgroup, F_OK) < 0)
		return 0;
	r = logind_find_of_user(host, session->uid, note_beside, &(struct beside){ session, &span }, id, reterr);
	if (r >= 0)
		r = logind_hold_strays(session);
	if (r < 0)
		return r;
	/* What was not asked is not killed. */
	if (of(session)->desktop_asked && of(session)->desktop.shared_us < span.shared_us)
		span.shared_us = of(session)->desktop.shared_us;
	span.audit_session = strays_own_audit(of(session)->strays);
	span.lost_audit = span.audit_session == PROC_NO_AUDIT && !strays_knows_login(of(session)->strays);
	of(session)->desktop = span;
	*ret_has = true;
	return 0;
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
	return r < 0 ? logind_error(NULL, r, reterr) : news > 0 || logind->n_calls != n_calls;	/* see drain_calls() */
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
	size_t n = LOGIND_N_FDS + 1;
	struct pollfd *fds;
	bool cancelled;

	for (size_t i = 0; i < host->n_watched; i++)
		n += n_poll(of(host->watched[i]));
	fds = calloc(n, sizeof(*fds));
	if (!fds)
		return -ENOMEM;
	logind_poll_bus(logind, fds);
	n = LOGIND_N_FDS;
	fds[n++] = (struct pollfd){ .fd = cancel_fd, .events = POLLIN };
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
	cancelled = fds[LOGIND_N_FDS].revents != 0;
	free(fds);
	return cancelled ? -ECANCELED : 0;
}

static void read_desktops(struct logoff_host *host)
{
	for (size_t i = 0; i < host->n_watched; i++)
		of(host->watched[i])->leave = leave_hear(of(host->watched[i])->leave, host->watched[i]);
}

static int logind_disconnect(struct logoff_host *host, struct logoff_session *session, struct logoff_error *reterr)
{
	if (host->far || !of(session)->xrdp)
		return host_no_disconnect(host, session, reterr);
	return here_disconnect(session, reterr);
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
	read_desktops(host);
	host->now_us = clock_now_us();
	return r < 0 ? r : 0;
}

static void logind_fill(struct logoff_session *session, unsigned facts)
{
	if (facts & HOST_TERMINALS)
		logind_fill_terminals(session->host, session);
	here_fill(session, facts);
	if ((facts & HOST_IDLE) && of(session)->blind)
		session->idle_us = -1;	/* somebody may type in a terminal that is not known */
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
	.act = here_act,
	.end_others = here_end_others,
	.disconnect = logind_disconnect,
	.message = message_deliver,
	.fill = logind_fill,
	.record = audit_record,
	.identify = logind_identify,
	.control = logind_control,
	.name_person = audit_name_person,
	.wait = logind_wait,
	.watch = logind_watch,
};
