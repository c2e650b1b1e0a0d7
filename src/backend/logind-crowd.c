/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * logind-crowd.c - many sessions at once: root sends their processes itself what systemd would, and asks logind last.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "local/family.h"
#include "local/proc.h"
#include "backend/logind.h"

/* How often the scopes of a crowd are looked for; how long they get to become empty, and systemd to take them away. */
#define SCOPE_LOOK_US UINT64_C(4000)
#define SCOPE_EMPTY_US UINT64_C(100000)
#define SCOPE_GONE_US UINT64_C(1000000)

const int logind_polite_signals[LOGIND_N_POLITE] = { SIGTERM, SIGHUP, SIGCONT };

/*
 * Tells whether the session is one of many and may be asked by signal_scope(): for the first time, by root, and where the
 * kernel tells systemd that a scope has become empty (cgroup v2).
 */
static bool is_of_crowd(const struct logoff_session *session)
{
	const struct logind *logind = session->host->data;
	const struct logind_session *data = of(session);

	if (session->host->n_watched < LOGIND_CROWD || logind->elogind || session->current || geteuid() != 0)
		return false;
	if (data->closing || data->call || !data->cgroup || strchr(data->scope, '/'))
		return false;
	return proc_is_populated(data->cgroup);
}

/*
 * Sends the processes of a scope what systemd sends them when it stops the scope. To stop it by a job takes systemd, logind
 * and the bus much longer than to find it empty, and with many sessions that is where the time goes. So the scope
 * empties first, and TerminateSession comes when systemd has taken it away: nobody gets the signals twice, which an
 * editor that is saving may not survive. Returns 1, 0 if logind has to be asked at once, or -errno.
 */
static int signal_scope(struct logoff_session *session)
{
	struct family_marks marks = { .audit_session = PROC_NO_AUDIT, .cgroup = of(session)->cgroup };
	struct family *family = NULL;
	int r;

	r = family_new(&family, &marks);
	if (r >= 0)
		r = family_scan(family);
	for (size_t i = 0; r > 0 && i < LOGIND_N_POLITE; i++)
		r = family_signal(family, logind_polite_signals[i]) == 0;
	family_free(family);
	return r;
}

int logind_crowd_signal(struct logoff_session *session)
{
	struct logind *logind = session->host->data;
	int r = is_of_crowd(session) ? signal_scope(session) : 0;

	if (r <= 0)
		return r;
	of(session)->signalled_us = clock_now_us();
	if (logind->scope_look_us == 0)
		logind->scope_look_us = of(session)->signalled_us + SCOPE_LOOK_US;
	return 1;
}

/* What there is to be done now for a session that has been signalled. */
enum crowd_next {
	CROWD_WAIT,	/* look again */
	CROWD_CALL,	/* ask logind to let go of it */
	CROWD_LEAVE	/* it acts on the signals later or never; see kill_session() */
};

static enum crowd_next next_in_crowd(const struct logoff_session *session, uint64_t now)
{
	const struct logind_session *data = of(session);
	uint64_t age = now - data->signalled_us;

	if (session->ending->removed || access(data->cgroup, F_OK) < 0)
		return CROWD_CALL;
	if (age < SCOPE_EMPTY_US)
		return CROWD_WAIT;
	if (proc_is_populated(data->cgroup))
		return CROWD_LEAVE;
	return age < SCOPE_GONE_US ? CROWD_WAIT : CROWD_CALL;
}

int logind_crowd_follow(struct logoff_host *host, struct logoff_error *reterr)
{
	struct logind *logind = host->data;
	uint64_t now = clock_now_us();
	int r = 0, news = 0;

	if (logind->scope_look_us == 0 || now < logind->scope_look_us)
		return 0;
	logind->scope_look_us = 0;
	for (size_t i = 0; r >= 0 && i < host->n_watched; i++) {
		struct logoff_session *session = host->watched[i];

		if (!of(session)->signalled_us || session->ending->asked != HOST_PENDING)
			continue;
		switch (next_in_crowd(session, now)) {
		case CROWD_WAIT:
			logind->scope_look_us = now + SCOPE_LOOK_US;
			break;
		case CROWD_CALL:
			of(session)->signalled_us = 0;
			r = logind_call_end(session, false, reterr);
			break;
		case CROWD_LEAVE:
			session->ending->asked = 0;
			news = 1;
			break;
		}
	}
	return r < 0 ? r : news;
}
