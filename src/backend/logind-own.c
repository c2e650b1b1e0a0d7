/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * logind-own.c - which of logind's sessions are the caller's: the one it runs in, and those on which it depends (caller.h).
 *
 * A process is in a session by its control group. Where that says nothing, as with what was moved elsewhere, the kernel's audit
 * session counts. What a desktop has the user's service manager run has that of the manager: then logind is asked for the desktop.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend/logind-read.h"
#include "base/clock.h"
#include "base/error.h"

/* What was found serves so long: all lists and looks of a command that does not wait. */
#define OWN_AGE_US UINT64_C(1000000)

/*
 * Asks whether ID is a session of logind's, and not a service manager; if GRAPHICAL, one with a desktop. Returns 1, 0, or
 * -errno if that is not known.
 */
static int is_session(struct logoff_host *host, const char *id, bool graphical, struct logoff_error *reterr)
{
	struct logoff_session *session = NULL;
	int r = logind_get_by_id(host, id, &session, reterr);

	if (r < 0)
		return r == -ENXIO ? 0 : r;
	r = !of(session)->not_a_session && (session->graphical || !graphical);
	logoff_session_free(session);
	return r;
}

int logind_find_of_user(struct logoff_host *host, uid_t uid, logind_tell *tell, const void *data, char id[static CGROUP_ID],
			struct logoff_error *reterr)
{
	sd_bus_message *answer = NULL;
	char *path = NULL;
	const char *one;
	int r, found = 0;

	r = logind_get_user(host, uid, &path, reterr);
	if (r >= 0)
		r = logind_get_property(host, path, USER, "Sessions", "a(so)", &answer, reterr);
	free(path);
	if (r < 0)
		return r == -ENXIO ? 0 : r;
	r = sd_bus_message_enter_container(answer, 'a', "(so)");
	while (r >= 0 && found == 0 && (r = sd_bus_message_read(answer, "(so)", &one, NULL)) > 0) {
		snprintf(id, CGROUP_ID, "%.*s", CGROUP_ID - 1, one);
		found = tell(host, id, data, reterr);
	}
	sd_bus_message_unref(answer);
	return found == 0 && r < 0 ? logind_bad_answer(r, "Sessions", reterr) : found;
}

/* Tells whether the leader of session ID is in the audit session DATA. */
static int has_audit(struct logoff_host *host, const char *id, const void *data, struct logoff_error *reterr)
{
	struct logoff_session *session = NULL;
	uint32_t leader = PROC_NO_AUDIT;
	struct proc_stat stat;
	int r = logind_get_by_id(host, id, &session, reterr);

	if (r < 0)
		return r == -ENXIO ? 0 : r;
	r = !of(session)->not_a_session && session->leader > 1 && proc_read_stat(session->leader, &stat) >= 0 &&
	    table_may_lead(&stat, of(session)->since_us) && proc_read_audit_session(session->leader, &leader) >= 0 && leader == *(const uint32_t *)data;
	logoff_session_free(session);
	return r;
}

/* What others of a user are looked for. */
struct but {
	const char *id;			/* the session that does not count */
	bool graphical;			/* only those with a desktop count */
};

/* Tells whether ID is a session other than that of DATA. */
static int is_other(struct logoff_host *host, const char *id, const void *data, struct logoff_error *reterr)
{
	const struct but *but = data;

	return strcmp(id, but->id) == 0 ? 0 : is_session(host, id, but->graphical, reterr);
}

/*
 * Programs that a desktop starts as services of the user's manager (terminals of GNOME and Plasma) are in no session by
 * control group; they belong to a graphical session of the user, one that is closing too. Returns as logind_find_of_user().
 */
static int find_desktop(struct logoff_host *host, uid_t uid, char id[static CGROUP_ID], struct logoff_error *reterr)
{
	return logind_find_of_user(host, uid, is_other, &(struct but){ "", true }, id, reterr);
}

static bool is_telling(uint32_t audit)
{
	return audit != PROC_NO_AUDIT && audit != proc_ambient_audit_session();
}

/*
 * Finds the session that began the audit session: its id is the number of that or, as in containers, its leader, and user UID's, is in
 * it. Returns 1, 0: none, or -errno.
 */
static int find_audited(struct logoff_host *host, uid_t uid, uint32_t audit, char id[static CGROUP_ID], struct logoff_error *reterr)
{
	int r;

	if (!is_telling(audit))
		return 0;
	snprintf(id, CGROUP_ID, "%u", audit);
	r = is_session(host, id, false, reterr);
	return r != 0 ? r : logind_find_of_user(host, uid, has_audit, &audit, id, reterr);
}

/* Tells whether the user's manager is there for session ID alone. Returns 1, 0 or -errno. */
static int has_manager_alone(struct logoff_host *host, uid_t uid, const char *id, struct logoff_error *reterr)
{
	sd_bus_message *answer = NULL;
	char *path = NULL, other[CGROUP_ID];
	int r, lingers = 0;

	r = logind_find_of_user(host, uid, is_other, &(struct but){ id, false }, other, reterr);
	if (r != 0)
		return r < 0 ? r : 0;
	r = logind_get_user(host, uid, &path, reterr);
	if (r >= 0)
		r = logind_get_property(host, path, USER, "Linger", "b", &answer, reterr);
	free(path);
	if (r >= 0 && sd_bus_message_read(answer, "b", &lingers) < 0)
		r = logind_bad_answer(-EBADMSG, "Linger", reterr);
	sd_bus_message_unref(answer);
	return r == -ENXIO ? 0 : r < 0 ? r : !lingers;
}

/*
 * Tells whether a process in the control group of session ID has come by another login: by a server that somebody has restarted in that
 * session, or as a job of cron's. It has AUDIT, an audit session of its own. Only on elogind: systemd gives services groups of their
 * own. Returns 1, 0, -ENODATA if the leader, which would tell, has ended or is hidden, or a fatal errno.
 */
static int is_apart(struct logoff_host *host, const char *id, uint32_t audit, struct logoff_error *reterr)
{
	struct logoff_session *session = NULL;
	int r;

	if (!((const struct logind *)host->data)->elogind || !is_telling(audit))
		return 0;
	if (id[0] != 'c')	/* the number of its audit session: no call is needed */
		return strtoul(id, NULL, 10) != audit;
	r = logind_get_by_id(host, id, &session, reterr);
	if (r < 0)
		return r == -ENXIO ? 0 : r;
	r = logind_hold_strays(session);
	if (r < 0)
		r = error_set_errno(reterr, -EIO, r, "the leader of session %s: %s", id, strerror(-r));
	else if (of(session)->strays)
		r = strays_knows_login(of(session)->strays) ? strays_is_of_others(of(session)->strays, audit) > 0 : -ENODATA;
	logoff_session_free(session);
	return r;
}

/* What is known of a process that a user's service manager runs. */
struct managed {
	uid_t uid;			/* whose; (uid_t)-1: it is none */
	bool of_desktop;		/* it, or one above it, is in a service of a desktop */
	bool moved;			/* in a scope into which desktops put what they start, and others may as well */
	bool in_scope;			/* in any scope: it was started elsewhere, and put there */
	bool is_caller;			/* it is the caller itself, whose environment is known */
	bool knows_audit;
	uint64_t start_us;		/* when the first of these began, or it itself, by the clock of table_start_us() */
	uint32_t audit, manager_audit;	/* its audit session and the manager's, or PROC_NO_AUDIT */
};

/* Tells whether the caller's programs are shown on another display: of a desktop that has ended, or is none of logind's. */
static bool shows_another(const struct logoff_session *session)
{
	const char *display = getenv("DISPLAY");
	size_t n = display ? strcspn(display, ".") : 0;

	return display && *display == ':' && session->display &&
	       (strcspn(session->display, ".") != n || strncmp(display, session->display, n) != 0);
}

/*
 * Tells whether it is certain that the desktop ID has started the process: not if it has another login's audit session, is older, or
 * the user has two desktops. Returns 1, 0 or -errno.
 */
static int is_certain(struct logoff_host *host, const struct managed *managed, const char *id, struct logoff_error *reterr)
{
	bool by_manager = managed->audit == managed->manager_audit && is_telling(managed->audit);
	struct logoff_session *session = NULL;
	char other[CGROUP_ID];
	int r;

	if (!managed->knows_audit || (is_telling(managed->audit) && !by_manager))
		return 0;
	r = logind_get_by_id(host, id, &session, reterr);
	if (r < 0)
		return r == -ENXIO ? 0 : r;
	r = managed->start_us >= of(session)->desktop.since_us && !(managed->is_caller && shows_another(session));
	logoff_session_free(session);
	if (r == 0)
		return 0;
	r = logind_find_of_user(host, managed->uid, is_other, &(struct but){ id, true }, other, reterr);
	if (r != 0)
		return r < 0 ? r : 0;
	return managed->of_desktop || (managed->moved && by_manager) ? 1 : has_manager_alone(host, managed->uid, id, reterr);
}

/*
 * By the audit session; else, with that of the manager or none, by the user's desktop: for certain if a desktop has started it, or the
 * manager is there for nothing else. Returns 1: OWN says it, or that nobody can tell, 0: there is none, or -errno.
 */
static int find_managed(struct logoff_host *host, const struct managed *managed, struct logind_own *own, struct logoff_error *reterr)
{
	int r = find_audited(host, managed->uid, managed->audit, own->id, reterr);

	if (r != 0)
		return r;
	own->of_some = managed->in_scope && !is_telling(managed->audit);
	r = find_desktop(host, managed->uid, own->id, reterr);
	if (r < 0 || (r == 0 && !own->of_some))
		return r;
	if (r > 0)
		r = is_certain(host, managed, own->id, reterr);
	if (r == 0) {
		own->of_some_desktop = true;
		own->uid = managed->uid;
		*own->id = '\0';
	}
	return r < 0 ? r : 1;
}

/* Notes what the group TEXT of a process at or above it, that began at START_US (0: unknown), says. */
static void note_managed(struct managed *managed, pid_t pid, const char *text, uint64_t start_us)
{
	const char *unit;

	if (!cgroup_parse_manager(text, managed->uid == (uid_t)-1 ? &managed->uid : NULL, &unit))
		return;
	if (strncmp(unit, "init.scope", strlen("init.scope")) == 0) {
		(void)proc_read_audit_session(pid, &managed->manager_audit);	/* else it stays none */
		return;
	}
	managed->of_desktop = managed->of_desktop || (desktop_is_unit(unit) && !desktop_is_moved(unit));
	managed->moved = managed->moved || desktop_is_moved(unit);
	managed->in_scope = managed->in_scope || desktop_is_scope(unit);
	if ((desktop_is_unit(unit) || desktop_is_moved(unit)) && start_us < managed->start_us)
		managed->start_us = start_us;
}

/*
 * The session of a process by its control group, or by that of the nearest above it; else as the user's manager runs it; else by its
 * audit session. OWN is empty. Returns 0, or -errno if the host could not be asked.
 */
static int find_session_of(struct logoff_host *host, pid_t pid, struct logind_own *own, struct logoff_error *reterr)
{
	const struct logind *logind = host->data;
	struct managed managed = { .uid = (uid_t)-1, .audit = PROC_NO_AUDIT, .manager_audit = PROC_NO_AUDIT };
	struct proc_stat stat = { .pid = pid };
	struct cgroup cgroup;
	bool known = proc_read_stat(pid, &stat) >= 0;
	int r = 0;

	managed.is_caller = pid == getpid();
	managed.knows_audit = proc_read_audit_session(pid, &managed.audit) >= 0;
	managed.start_us = known ? table_start_us(&stat) : 0;
	for (int depth = 0; depth < LOGIND_ABOVE_MAX && pid > 1; depth++) {
		if (cgroup_read(pid, &cgroup) >= 0) {
			if (cgroup_parse_session(cgroup.text, logind->elogind, own->id)) {
				r = is_apart(host, own->id, managed.audit, reterr);
				if (r == -ENODATA)
					memcpy(own->unsure, own->id, CGROUP_ID);
				else if (r <= 0)
					return r;
				break;
			}
			note_managed(&managed, pid, cgroup.text, known ? table_start_us(&stat) : 0);
		}
		if (!known)
			break;
		pid = stat.parent;
		known = pid > 1 && proc_read_stat(pid, &stat) >= 0;
	}
	if (managed.uid != (uid_t)-1) {
		r = find_managed(host, &managed, own, reterr);
		if (r != 0)
			return r < 0 ? r : 0;
	}
	*own->id = '\0';
	if (managed.audit != PROC_NO_AUDIT)
		snprintf(own->id, CGROUP_ID, "%u", managed.audit);
	return 0;
}

/* Once, not for each session of a long list. */
static void find_above(struct logind *logind)
{
	struct proc_stat stat;
	int r = 0;

	logind->n_above = 0;
	for (pid_t pid = getpid(); r >= 0 && pid > 1 && logind->n_above < LOGIND_ABOVE_MAX; pid = stat.parent) {
		r = proc_read_stat(pid, &stat);
		if (r < 0)	/* what is hidden may be the leader */
			stat = (struct proc_stat){ .pid = pid };
		logind->above[logind->n_above++] = stat;
	}
}

static int find_own(struct logoff_host *host, struct logoff_error *reterr)
{
	struct logind *logind = host->data;
	struct cgroup cgroup;
	char id[CGROUP_ID];
	bool in_group;
	int r = caller_find(&logind->caller);

	logind->n_above = 0;
	free(logind->own);
	logind->n_own = logind->caller.n_items;
	logind->own = r < 0 ? NULL : calloc(logind->n_own, sizeof(*logind->own));
	if (!logind->own) {
		logind->n_own = 0;
		caller_done(&logind->caller);
		return r < 0 ? error_set_errno(reterr, -EIO, r, "the caller's own processes: %s", strerror(-r)) : -ENOMEM;
	}
	for (size_t i = 0; r >= 0 && i < logind->n_own; i++) {
		logind->own[i].doubtful = logind->caller.items[i].unsure;
		r = find_session_of(host, logind->caller.items[i].pid, &logind->own[i], reterr);
	}
	if (r < 0)
		return r;
	r = cgroup_read(getpid(), &cgroup);
	if (r < 0 && r != -EOPNOTSUPP)	/* that is one of no session here */
		return error_set_errno(reterr, -EIO, r, "the caller's own control group: %s", strerror(-r));
	in_group = r == 0 && cgroup_parse_session(cgroup.text, logind->elogind, id);
	if (in_group && strcmp(id, logind->own->id) == 0)
		return 0;
	/* A session by control group is certain; an audit session may be one that logind does not know. */
	if (*logind->own->id) {
		r = is_session(host, logind->own->id, false, reterr);
		if (r != 0)
			return r < 0 ? r : 0;
	}
	*logind->own->id = '\0';
	if (!in_group)	/* else the caller has come by another login */
		find_above(logind);
	return 0;
}

/* Notes that ID is the caller's session on another machine. */
static int note_own_far(struct logind *logind, const char *id, struct logoff_error *reterr)
{
	if (strlen(id) >= CGROUP_ID)
		return logind_bad_answer(-EBADMSG, "GetSessionByPID", reterr);
	if (!logind->own)
		logind->own = calloc(1, sizeof(*logind->own));
	if (!logind->own)
		return -ENOMEM;
	strcpy(logind->own->id, id);
	logind->n_own = 1;
	return 0;
}

/*
 * Finds out in which session of another machine its end of the connection runs, which ends if that session does. A connection that came
 * by no login is in none; any other answer leaves it unknown.
 */
static int find_own_far(struct logoff_host *host, struct logoff_error *reterr)
{
	struct logoff_session *session = NULL;
	struct logoff_error cause = {};
	int r = logind_get_by_call(host, &session, &cause, "GetSessionByPID", "u", (uint32_t)0);

	if (r == -ENXIO && strcmp(cause.name, LOGIN1 ".NoSessionForPID") == 0)
		return 0;
	if (r == -ENXIO)
		r = -EPROTO;
	if (r < 0 && reterr)
		*reterr = cause;
	if (r >= 0)
		r = note_own_far(host->data, session->id, reterr);
	logoff_session_free(session);
	return r;
}

int logind_find_own(struct logoff_host *host, struct logoff_error *reterr)
{
	struct logind *logind = host->data;
	uint64_t now = clock_now_us();
	int r;

	if (logind->own_us && now - logind->own_us < OWN_AGE_US)
		return 0;
	r = host->far ? find_own_far(host, reterr) : find_own(host, reterr);
	logind->own_us = r < 0 ? 0 : now;
	return r;
}

const char *logind_own_id(const struct logind *logind)
{
	return logind->own && *logind->own->id ? logind->own->id : NULL;
}

enum session_own logind_is_own(const struct logind *logind, const char *id, const struct logoff_session *session)
{
	enum session_own answer = OWN_NO;

	for (size_t i = 0; i < logind->n_own; i++) {
		const struct logind_own *own = &logind->own[i];

		if (strcmp(own->id, id) == 0 && !own->doubtful)
			return OWN_YES;
		if (strcmp(own->id, id) == 0 || strcmp(own->unsure, id) == 0 ||
		    (own->of_some_desktop && (session->graphical || own->of_some) && session->uid == own->uid))
			answer = OWN_UNKNOWN;
	}
	return answer;
}

bool logind_is_own_leader(const struct logind *logind, pid_t leader, uint64_t since_us)
{
	for (size_t i = 0; i < logind->n_above; i++)
		if (logind->above[i].pid == leader)
			return table_may_lead(&logind->above[i], since_us);
	return false;
}
