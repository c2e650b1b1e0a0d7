/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * user.c - see user.h. The job is written before the program starts: it fits into the socket, so nobody waits.
 */
#include "local/user.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "local/child.h"
#include "local/program.h"

_Static_assert(PROGRAM_FD == JOB_FD, "the program looks for its job where it is put");

/* A test names the program that has just been built. A program with rights that its caller lacks ignores the variable. */
static const char *program_path(void)
{
	const char *path = secure_getenv("LOGOFF_USER_PROGRAM");

	return path && *path ? path : LIBEXECDIR "/logoff/logoff-user";
}

/* Writes the job in one message. */
static int send_job(int fd, struct job *job)
{
	const int room = 2 * JOB_SIZE_MAX;
	struct iovec parts[JOB_N_TEXTS + 2] = { { .iov_base = &job->head, .iov_len = sizeof(job->head) } };
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = JOB_N_TEXTS + 2 };
	size_t size = sizeof(job->head) + job->head.n_processes * sizeof(*job->processes);

	job->head.stamp = stamp_own;
	for (size_t i = 0; i < JOB_N_TEXTS; i++) {
		size_t length = job->texts[i] ? strlen(job->texts[i]) + 1 : 0;

		if (length > JOB_SIZE_MAX)
			return -EMSGSIZE;
		job->head.n_text[i] = (uint32_t)length;
		parts[i + 1] = (struct iovec){ .iov_base = (void *)job->texts[i], .iov_len = length };
		size += length;
	}
	parts[JOB_N_TEXTS + 1].iov_base = (void *)job->processes;
	parts[JOB_N_TEXTS + 1].iov_len = job->head.n_processes * sizeof(*job->processes);
	if (size > JOB_SIZE_MAX)
		return -EMSGSIZE;
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));	/* what is usual is enough as a rule */
	return sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}

/* What it means for the caller that the program could not be started. The kernel's other errnos say nothing of a session or host. */
static int meaning_of(int r)
{
	if (r == -ENOENT || r == -EACCES)
		return -ENOPKG;
	return r == -ENOMEM || r == -EMSGSIZE || r == -EMFILE || r == -ENFILE ? r : -EIO;
}

int user_start(struct user_child *child, struct job *job, struct logoff_error *reterr)
{
	char *argv[] = { (char *)"logoff-user", NULL }, *environment[] = { NULL };
	int fds[2], r = program_pair(SOCK_SEQPACKET, fds);

	*child = (struct user_child){};
	if (r < 0)
		return error_set_errno(reterr, meaning_of(r), r, "%s: %s", program_path(), strerror(-r));
	r = send_job(fds[0], job);
	if (r >= 0)
		r = program_start(program_path(), argv, environment, fds[1], 0, &child->pid);
	close(fds[1]);
	child->fd = fds[0];
	if (r >= 0)
		return 0;
	close(fds[0]);
	*child = (struct user_child){};
	return error_set_errno(reterr, meaning_of(r), r, "%s: %s", program_path(), strerror(-r));
}

/* Whether the next message is no reply but the stamp of a program of another build. */
static bool has_stamp(int fd, struct stamp *ret_stamp)
{
	return recv(fd, ret_stamp, sizeof(*ret_stamp), MSG_DONTWAIT | MSG_PEEK | MSG_TRUNC) == sizeof(*ret_stamp);
}

int user_read(const struct user_child *child, void *ret, size_t size, struct logoff_error *reterr)
{
	struct iovec part = { .iov_base = ret, .iov_len = size };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	struct stamp stamp;
	ssize_t n;

	if (has_stamp(child->fd, &stamp))
		return stamp_set_error(&stamp, program_path(), -ENOPKG, reterr);

	do
		n = recvmsg(child->fd, &message, MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return -EAGAIN;
	if (n == (ssize_t)size && !(message.msg_flags & MSG_TRUNC))
		return 0;
	return error_set_errno(reterr, -EIO, -EIO, "%s: %s", program_path(), strerror(EIO));
}

/* As user_read(), but waits for the reply until UNTIL_US. Returns -ETIMEDOUT then. */
static int await(const struct user_child *child, void *ret, size_t size, uint64_t until_us, struct logoff_error *reterr)
{
	struct pollfd ready = { .fd = child->fd, .events = POLLIN };
	int r;

	while ((r = user_read(child, ret, size, reterr)) == -EAGAIN) {
		uint64_t now_us = clock_now_us();

		if (now_us >= until_us)
			return error_set_errno(reterr, -ETIMEDOUT, -ETIMEDOUT, "%s: %s", program_path(), strerror(ETIMEDOUT));
		(void)poll(&ready, 1, (int)((until_us - now_us + 999) / 1000));
	}
	return r;
}

void user_kill(struct user_child *child)
{
	if (child->pid > 0)
		child_end(child->pid, SIGKILL, 0);	/* not waited for yet: the number is its own. A stopped one ends, too */
	child->pid = 0;
}

void user_end(struct user_child *child)
{
	user_kill(child);
	if (child->fd > 0)
		close(child->fd);
	*child = (struct user_child){};
}

int user_ask(struct job *job, void *ret, size_t size, struct logoff_error *reterr)
{
	uint64_t until_us = clock_now_us() + job->head.timeout_us;
	struct user_child child;
	int r = user_start(&child, job, reterr);

	if (r < 0)
		return r;
	r = await(&child, ret, size, until_us, reterr);
	user_end(&child);
	return r;
}

bool user_parse_display(const char *text, unsigned *ret_number)
{
	size_t n = text[0] == ':' ? strspn(text + 1, "0123456789") : 0;

	if (n == 0 || n > 9 || (text[1 + n] && text[1 + n] != '.'))
		return false;
	*ret_number = (unsigned)strtoul(text + 1, NULL, 10);
	return true;
}
