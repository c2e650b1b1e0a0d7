/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * logind-own.c - which of logind's sessions are the caller's: the one it runs in, and those on which it depends (caller.h).
 *
 * A process is in a session by its control group. Where that says nothing, as with what a desktop has the user's service
 * manager run, or what was moved elsewhere, logind is asked for the user's desktop, then the kernel's audit session counts.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend/logind.h"

/* The id of the session that logind takes for the user's first, which is the graphical one if there is one. "": none, or not told. */
static void read_display(struct logoff_host *host, uid_t uid, char id[static CGROUP_ID])
{
	sd_bus_message *answer = NULL;
	char *path = NULL;
	const char *found;
	int r;

	*id = '\0';
	r = logind_get_user(host, uid, &path, NULL);
	if (r >= 0)
		r = logind_get_property(host, path, USER, "Display", "(so)", &answer, NULL);
	if (r >= 0 && sd_bus_message_read(answer, "(so)", &found, NULL) > 0)
		snprintf(id, CGROUP_ID, "%.*s", CGROUP_ID - 1, found);
	sd_bus_message_unref(answer);
	free(path);
}

/*
 * Programs that a desktop starts as services of the user's manager (terminals of GNOME and Plasma) are in no session by
 * control group; they belong to the user's graphical session if there is one. Returns whether there is.
 */
static bool find_desktop(struct logoff_host *host, uid_t uid, char id[static CGROUP_ID])
{
	struct logoff_session *session = NULL;
	bool found;

	read_display(host, uid, id);
	found = *id && logind_get_by_id(host, id, &session, NULL) >= 0 && session->graphical && !of(session)->not_a_session;
	logoff_session_free(session);
	if (!found)
		*id = '\0';
	return found;
}

/*
 * The session of a process by its control group, or by that of the nearest above it; else that of the desktop whose user's
 * manager runs it; else by its audit session.
 */
static void find_session_of(struct logoff_host *host, pid_t pid, char id[static CGROUP_ID])
{
	const struct logind *logind = host->data;
	uid_t manager = (uid_t)-1;
	pid_t first = pid;
	struct proc_stat stat;
	struct cgroup cgroup;
	uint32_t audit;

	for (int depth = 0; depth < LOGIND_ABOVE_MAX && pid > 1; depth++) {
		if (cgroup_read(pid, &cgroup) >= 0) {
			if (cgroup_parse_session(cgroup.text, logind->elogind, id))
				return;
			if (manager == (uid_t)-1)
				(void)cgroup_parse_manager(cgroup.text, &manager, NULL);	/* else it stays none */
		}
		if (proc_read_stat(pid, &stat) < 0)
			break;
		pid = stat.parent;
	}
	/* A logind that does not answer for one is not asked for the others: nothing will come of it anyway. */
	if (manager != (uid_t)-1 && !logind->silent && find_desktop(host, manager, id))
		return;
	if (proc_read_audit_session(first, &audit) >= 0 && audit != PROC_NO_AUDIT)
		snprintf(id, CGROUP_ID, "%u", audit);
}

/* Asks whether ID is a session of logind's, and not a service manager. */
static bool is_session(struct logoff_host *host, const char *id)
{
	struct logoff_session *session = NULL;
	bool is = logind_get_by_id(host, id, &session, NULL) >= 0 && !of(session)->not_a_session;

	logoff_session_free(session);
	return is;
}

/* Once, not for each session of a long list. */
static void find_above(struct logind *logind)
{
	struct proc_stat stat = { .parent = getpid() };

	do
		logind->above[logind->n_above++] = stat.parent;
	while (logind->n_above < LOGIND_ABOVE_MAX && proc_read_stat(stat.parent, &stat) == 0 && stat.parent > 1);
}

static void find_own(struct logoff_host *host)
{
	struct logind *logind = host->data;
	char id[CGROUP_ID];
	struct cgroup cgroup;

	logind->knows_own = true;	/* what is asked below makes sessions, which ask whether they are ours */
	if (host->far)
		return;
	caller_find(&logind->caller);
	for (size_t i = 0; i < logind->caller.n_pids; i++)
		find_session_of(host, logind->caller.pids[i], logind->own_ids[i]);
	if (cgroup_read(getpid(), &cgroup) < 0 || cgroup_parse_session(cgroup.text, logind->elogind, id))
		return;
	/* A session by control group is certain; an audit session may be one that logind does not know. */
	if (*logind->own_ids[0] && is_session(host, logind->own_ids[0]))
		return;
	*logind->own_ids[0] = '\0';
	find_above(logind);
}

const char *logind_own_id(struct logoff_host *host)
{
	struct logind *logind = host->data;

	if (!logind->knows_own)
		find_own(host);
	return *logind->own_ids[0] ? logind->own_ids[0] : NULL;
}

bool logind_is_own(struct logoff_host *host, const char *id)
{
	struct logind *logind = host->data;

	(void)logind_own_id(host);	/* looks all up */
	for (size_t i = 0; i < logind->caller.n_pids; i++)
		if (strcmp(logind->own_ids[i], id) == 0)
			return true;
	return false;
}

bool logind_is_own_leader(const struct logind *logind, pid_t leader)
{
	for (size_t i = 0; i < logind->n_above; i++)
		if (logind->above[i] == leader)
			return true;
	return false;
}
