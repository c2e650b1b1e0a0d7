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
#include <stdlib.h>
#include <unistd.h>

#include "local/child.h"
#include "local/family.h"
#include "backend/logind.h"

/* How long elogind may take to answer the child. */
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

/* In the child: enters the session's group, as root alone may, and says what its login program says at its end. */
static void release(const char *cgroup, const char *id)
{
	sd_bus *bus = NULL;
	char *path, pid[16];
	int fd, n, r = -1;

	if (asprintf(&path, "%s/cgroup.procs", cgroup) < 0)
		return;
	n = snprintf(pid, sizeof(pid), "%d\n", (int)getpid());
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd >= 0 && write(fd, pid, (size_t)n) == n)
		r = sd_bus_open_system(&bus);
	if (r >= 0)
		(void)sd_bus_call_method(bus, LOGIN1, LOGIN1_PATH, MANAGER, "ReleaseSession", NULL, NULL, "s", id);
}

void logind_elogind_release(struct logoff_session *session)
{
	struct logind_session *data = of(session);
	pid_t child;

	if (!data->kept || data->released || session->current || geteuid() != 0)
		return;
	data->released = true;
	child = fork();
	if (child == 0) {
		release(data->cgroup, session->id);
		_exit(0);
	}
	if (child > 0)
		child_end(child, 0, RELEASE_US);
}
