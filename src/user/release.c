/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * release.c - has elogind let go of a session that nobody is in: enters the session's cgroup, as root alone may, and says what its
 * login program says at its end.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include "user/jobs.h"

static int enter_cgroup(const char *folder)
{
	char path[4096 + 16], pid[16];
	int n = snprintf(pid, sizeof(pid), "%d\n", (int)getpid()), fd, r = 0;

	if (snprintf(path, sizeof(path), "%s/cgroup.procs", folder) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, pid, (size_t)n) != n)
		r = -errno;
	if (fd >= 0)
		close(fd);
	return r;
}

void job_release(const struct job *job)
{
	sd_bus *bus = NULL;
	struct job_released reply = { .result = enter_cgroup(job->texts[JOB_CGROUP]) };

	if (reply.result >= 0)
		reply.result = sd_bus_open_system(&bus);
	if (reply.result >= 0)
		reply.result = sd_bus_call_method(bus, "org.freedesktop.login1", "/org/freedesktop/login1",
						  "org.freedesktop.login1.Manager", "ReleaseSession", NULL, NULL, "s",
						  job->texts[JOB_SESSION]);
	reply.result = reply.result < 0 ? reply.result : 0;
	job_reply(&reply, sizeof(reply));
	sd_bus_unref(bus);
}
