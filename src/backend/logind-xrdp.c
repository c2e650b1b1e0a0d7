/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * logind-xrdp.c - the order in which the processes of an xrdp desktop are asked to end.
 *
 * xrdp takes a desktop down in good order when its window manager ends, or when its session process (sesman's child in 0.9,
 * sesexec since 0.10) gets a signal: the channel server removes its sockets, then the X server ends. TerminateSession signals all
 * of them at once, upon which xrdp 0.10 leaves sockets behind, and may not tell the client why its connection ends. So the
 * desktop's programs are asked first, with their X server alive; those of xrdp only if they are still there when their time is
 * over. A caller whom only polkit lets do it cannot signal programs: logind is asked to signal the session process, and to
 * end the rest when that has gone or its time is over.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "backend/here.h"
#include "backend/logind.h"
#include "base/clock.h"
#include "local/held.h"

/* How often a desktop is looked at; how long its programs get, then xrdp's session process, until the next is asked. */
#define LOOK_US UINT64_C(20000)
#define PROGRAMS_US UINT64_C(700000)
#define LEADER_US UINT64_C(1200000)

/* Tells whether the process is one of those that xrdp ends itself. */
static bool is_server(const struct proc_stat *stat)
{
	static const char *const names[] = { "Xorg", "Xvnc", "xrdp-chansrv" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(stat->command, names[i]) == 0)
			return true;
	return false;
}

/* Whether the process is to be asked now. */
static bool is_meant(const struct logoff_session *session, const struct proc_stat *stat, bool servers)
{
	struct cgroup cgroup;
	char id[CGROUP_ID];

	if (stat->pid == getpid() || stat->pid == session->leader)
		return false;
	if (is_server(stat) && stat->parent == session->leader ? !servers : servers && !is_server(stat))
		return false;
	return cgroup_read(stat->pid, &cgroup) >= 0 && cgroup_parse_session(cgroup.text, false, id) &&
	       strcmp(id, session->id) == 0;
}

/* Asks xrdp's SERVERS in the session, or all others. What refuses, and what ends or begins meanwhile, is seen later. Returns 0 or -errno. */
static int ask_some(const struct logoff_session *session, bool servers)
{
	struct process_list list = {};
	struct held held;
	int r = proc_list_cgroup(of(session)->cgroup, &list);

	for (size_t i = 0; r >= 0 && i < list.n_items; i++) {
		if (held_open_pid(&held, list.items[i].pid) < 0)
			continue;
		/* It is looked at when it is held. */
		if (is_meant(session, &held.stat, servers))
			for (size_t k = 0; k < LOGIND_N_POLITE; k++)
				(void)held_signal(&held, logind_polite_signals[k]);
		held_close(&held);
	}
	process_list_clear(&list);
	return r == -EAGAIN ? 0 : r;
}

bool logind_xrdp_fits(const struct logoff_session *session)
{
	const struct logind_session *data = of(session);

	return data->xrdp && !data->closing && !data->call && data->cgroup && session->leader > 1;
}

int logind_xrdp_ask(struct logoff_session *session)
{
	int r = ask_some(session, false);

	if (r >= 0)
		logind_xrdp_asked(session, false);
	return r;
}

void logind_xrdp_asked(struct logoff_session *session, bool leader)
{
	struct logind *logind = session->host->data;
	struct logind_session *data = of(session);

	session->ending->asked = 0;
	data->programs_us = clock_now_us();
	data->leader_asked = leader;
	logind->xrdp_look_us = data->programs_us + LOOK_US;
}

/* Goes on where the last look was. Returns whether there is more to come. */
static bool follow(struct logoff_session *session, uint64_t now)
{
	struct logind_session *data = of(session);
	uint64_t age = now - data->programs_us;
	bool leader = kill(session->leader, 0) == 0 || errno != ESRCH;

	if (session->ending->removed)
		return false;
	if (leader && !data->leader_asked && age >= PROGRAMS_US) {
		data->leader_asked = true;
		logind_signal_leader(session, SIGTERM);
	}
	if (leader && age < LEADER_US)
		return true;
	data->closing = data->closing || !leader;	/* logind closes a session whose leader has gone, but ends nothing in it */
	if (!here_has_power(session) || ask_some(session, true) < 0)
		(void)logind_call_end(session, false, NULL);	/* those that are not reached are killed after the grace */
	return false;
}

void logind_xrdp_follow(struct logoff_host *host)
{
	struct logind *logind = host->data;
	uint64_t now = clock_now_us();

	if (logind->xrdp_look_us == 0 || now < logind->xrdp_look_us)
		return;
	logind->xrdp_look_us = 0;
	for (size_t i = 0; i < host->n_watched; i++) {
		struct logind_session *data = of(host->watched[i]);

		if (data->programs_us == 0)
			continue;
		if (follow(host->watched[i], now))
			logind->xrdp_look_us = now + LOOK_US;
		else
			data->programs_us = 0;
	}
}
