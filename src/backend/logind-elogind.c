/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * logind-elogind.c - what elogind 255 does not do itself: ending the processes of a session, and letting go of it.
 *
 * Its sessions are in /user.slice/user-UID.slice/session-ID.scope, but its calls that end "all" processes signal a group that
 * does not exist, and answer OK (255.17, in Debian 13; later ones reach them). Once it has been told to end a session, or has
 * seen the login program close it, it looks no more for the end of the leader: most sessions stay "closing" for ever, also
 * after a logout by their users. So the processes are signalled from here, which needs no more rights than the kernel gives the
 * caller, and a session that nobody is in any more is taken for what it is. Root has elogind let go of what it has ended.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "local/family.h"
#include "local/user.h"
#include "backend/logind.h"

/* How long elogind may take to answer. */
#define RELEASE_US UINT64_C(500000)

int logind_elogind_signal(struct logoff_session *session)
{
	struct family *family = of(session)->family;
	int r = 0;

	for (size_t i = 0; i < LOGIND_N_POLITE; i++)
		if (family_signal(family, logind_polite_signals[i]) < 0)
			r = -EPERM;
	return r;
}

/* Tells whether nobody has number PID. */
static bool is_free(pid_t pid)
{
	return pid > 1 && kill(pid, 0) < 0 && errno == ESRCH;
}

void logind_elogind_spare(struct logoff_session *session)
{
	struct logind_session *data = of(session);
	struct process_list list = {};
	char number[16];
	int folder, fd;

	if (geteuid() != 0 || !data->cgroup || family_list_spared(data->family, &list) < 0 || list.n_items == 0) {
		process_list_clear(&list);
		return;
	}
	folder = open(logind_cgroup_root(data->cgroup), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; folder >= 0 && i < list.n_items; i++) {
		snprintf(number, sizeof(number), "%d", (int)list.items[i].pid);
		fd = openat(folder, "cgroup.procs", O_WRONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		(void)!write(fd, number, strlen(number));	/* it may have ended */
		close(fd);
	}
	if (folder >= 0)
		close(folder);
	process_list_clear(&list);
}

bool logind_elogind_is_over(struct logoff_session *session)
{
	struct logind_session *data = of(session);
	struct process_list list = {};
	bool over;

	if (!data->closing || !is_free(session->leader) || logind_find_cgroups(session) < 0 || !data->kept)
		return false;
	over = proc_list_cgroup(data->cgroup, &list) >= 0 && list.n_items == 0;
	process_list_clear(&list);
	return over;
}

void logind_elogind_release(struct logoff_session *session)
{
	struct logind_session *data = of(session);
	struct job job = {
		.head = { .kind = JOB_RELEASE, .timeout_us = RELEASE_US },
		.texts = { [JOB_SESSION] = session->id, [JOB_CGROUP] = data->cgroup },
	};
	struct job_released released;

	if (!data->kept || data->released || session->current || geteuid() != 0)
		return;
	data->released = true;
	(void)user_ask(&job, &released, sizeof(released), NULL);	/* its record stays: the session is over all the same */
}
