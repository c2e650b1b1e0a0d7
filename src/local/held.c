/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * held.c - see held.h.
 */
#include "local/held.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Descriptors left to the rest of the program: with a thousand sessions not every process can be held by one. */
#define SPARE_DESCRIPTORS 256

/* Tells whether the process still runs, by number and start time. Returns 0, -ESRCH if not, or another errno. */
static int check(const struct proc_stat *stat)
{
	struct proc_stat now;
	int r = proc_read_stat(stat->pid, &now);

	if (r < 0)
		return r;
	return now.start_time == stat->start_time && now.state != 'Z' && now.state != 'X' ? 0 : -ESRCH;
}

/* Opens a pidfd of PID. Returns it, -ESRCH, or -errno: it cannot be held, and nothing is known of it (an old kernel, a filter). */
static int hold(pid_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	if (fd >= 0)
		return fd;
	return errno == EINVAL || errno == ENOENT ? -ESRCH : -errno;
}

int held_open(struct held *held)
{
	struct rlimit limit = { .rlim_cur = 1024 };
	int r;

	held->pidfd = hold(held->stat.pid);
	if (held->pidfd == -ESRCH)
		return -ESRCH;
	(void)getrlimit(RLIMIT_NOFILE, &limit);	/* else the default */
	if (held->pidfd < 0)
		held->pidfd = -1;
	else if ((rlim_t)held->pidfd + SPARE_DESCRIPTORS >= limit.rlim_cur)
		held_close(held);
	r = held->stat.start_time ? check(&held->stat) : 0;
	if (r < 0)
		held_close(held);
	return r;
}

int held_open_pid(struct held *held, pid_t pid)
{
	int r = proc_read_stat(pid, &held->stat);

	return r < 0 ? r : held_open(held);
}

void held_close(struct held *held)
{
	if (held->pidfd >= 0)
		close(held->pidfd);
	held->pidfd = -1;
}

bool held_is_alive(const struct held *held)
{
	struct pollfd fd = { .fd = held->pidfd, .events = POLLIN };
	int r;

	if (held->pidfd < 0)
		return check(&held->stat) != -ESRCH;
	do {
		r = poll(&fd, 1, 0);
	} while (r < 0 && errno == EINTR);
	return r <= 0;
}

int held_signal(const struct held *held, int signal)
{
	int r;

	if (held->pidfd >= 0) {
		r = (int)syscall(SYS_pidfd_send_signal, held->pidfd, signal, NULL, 0);
	} else {
		r = check(&held->stat);
		if (r < 0)
			return r == -ESRCH ? 0 : -EPERM;
		r = kill(held->stat.pid, signal);
	}
	return r < 0 && errno == EPERM ? -EPERM : 0;
}
