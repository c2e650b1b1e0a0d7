/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * job.c - see job.h and jobs.h: one job, from the socket to the reply.
 *
 * The library kills this program at the deadline. Should the library be gone by then, the kernel does it: by a timer, and at the
 * end of the starter, which for the kernel is the thread that started it; that thread waits for the replies.
 */
#include "user/jobs.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "user/become.h"

/* The timer goes off so much after the library's. */
#define SLACK_S 2

static const struct {
	void (*do_job)(const struct job *job);
} jobs[JOB_N_KINDS] = {
	[JOB_LOOK_UP] = { job_look_up },
	[JOB_IDLE_DISPLAY] = { job_idle_display },
	[JOB_IDLE_DESKTOP] = { job_idle_desktop },
	[JOB_LOGOUT] = { job_logout },
	[JOB_MESSAGE] = { job_message },
	[JOB_RELEASE] = { job_release },
};

int job_parse(const void *data, size_t size, struct job *ret)
{
	const char *at = (const char *)data + sizeof(ret->head);
	size_t left = size - sizeof(ret->head);

	if (size >= sizeof(ret->head.stamp) && !stamp_is_own(data))
		return -ELIBBAD;
	if (size < sizeof(ret->head))
		return -EPROTO;
	memcpy(&ret->head, data, sizeof(ret->head));
	if (ret->head.kind >= JOB_N_KINDS)
		return -EPROTO;
	if (ret->head.n_processes > JOB_PROCESSES_MAX)
		return -EPROTO;
	for (size_t i = 0; i < JOB_N_TEXTS; i++) {
		size_t n = ret->head.n_text[i];

		ret->texts[i] = n ? at : "";
		if (n > left || (n && strnlen(at, n) != n - 1))
			return -EPROTO;
		at += n;
		left -= n;
	}
	ret->processes = (const void *)at;
	return left == ret->head.n_processes * sizeof(*ret->processes) ? 0 : -EPROTO;
}

void job_die_with_starter(void)
{
	struct pollfd starter = { .fd = JOB_FD };

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (poll(&starter, 1, 0) > 0 && starter.revents & POLLHUP)
		_exit(1);	/* it has ended before */
}

void job_reply(const void *reply, size_t size)
{
	(void)!send(JOB_FD, reply, size, MSG_NOSIGNAL);
}

int job_become(const struct job *job, char *home, size_t size)
{
	/* Moving takes the kernel 15 ms; a question is over in a second at most. */
	pid_t beside = job->head.kind == JOB_LOGOUT ? BECOME_NO_SESSION : 0;
	int r;

	if (geteuid() == 0)
		(void)become_cut(job->head.uid, beside, 0, NULL);
	r = become_user(job->head.uid, home, size);
	job_die_with_starter();
	return r;
}

/* The seconds after which the kernel ends this program: more than any job takes, and no more than alarm() can count. */
static unsigned limit_s(uint64_t timeout_us)
{
	uint64_t seconds = timeout_us / 1000000 + SLACK_S;

	return seconds < INT_MAX ? (unsigned)seconds : INT_MAX;
}

/* Returns the exit status. */
static int do_next(char data[JOB_SIZE_MAX + 1])
{
	struct job job;
	ssize_t n = recv(JOB_FD, data, JOB_SIZE_MAX + 1, 0);
	int r = n < 0 ? -EPROTO : job_parse(data, (size_t)n, &job);

	if (r == -ELIBBAD)
		job_reply(&stamp_own, sizeof(stamp_own));
	if (r < 0)
		return 1;
	if (job.head.kind != JOB_MESSAGE)	/* a window may stay */
		job_die_with_starter();
	if (job.head.timeout_us)
		(void)alarm(limit_s(job.head.timeout_us));
	jobs[job.head.kind].do_job(&job);
	return 0;
}

int job_main(void)
{
	char *data = malloc(JOB_SIZE_MAX + 1);
	int status;

	become_forget(JOB_FD);
	status = data ? do_next(data) : 1;
	free(data);
	return status;
}
