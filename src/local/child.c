/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * child.c - see child.h. Looks at growing intervals: most children end within a millisecond, and SIGCHLD is the program's.
 */
#include "local/child.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "base/clock.h"

#define LOOK_MIN_US 100
#define LOOK_MAX_US 10000

/* How long a process takes at most that is killed and not stuck in the kernel. */
#define KILLED_US 200000

bool child_await(pid_t pid, uint64_t wait_us, int *ret_status)
{
	uint64_t until = clock_now_us() + wait_us;
	long interval_us = LOOK_MIN_US;
	int status = 0;
	pid_t r;

	for (;;) {
		r = waitpid(pid, &status, WNOHANG);
		if (r == pid || (r < 0 && errno != EINTR)) {
			*ret_status = r == pid ? status : 0;
			return true;
		}
		if (clock_now_us() >= until)
			return false;
		nanosleep(&(struct timespec){ .tv_nsec = interval_us * 1000 }, NULL);
		interval_us = interval_us < LOOK_MAX_US ? 2 * interval_us : interval_us;
	}
}

void child_end(pid_t pid, int signal, uint64_t wait_us)
{
	int status;

	(void)kill(pid, signal);
	if (child_await(pid, wait_us, &status))
		return;
	(void)kill(pid, SIGKILL);
	(void)child_await(pid, KILLED_US, &status);
}
