/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * peer.c - see peer.h.
 */
#include "farm/peer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/spawn-plan.h"

#define CHUNKS_MAX 16		/* read at once: other hosts have to be read too */
#define FDS 5			/* that a child has at its start, two of them for a bus */
#define WORDS_MAX 8192		/* bytes of standard error that are kept: a changed host key takes 900 */

extern char **environ;

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* ---- its start ---- */

/* Where the child finds what it gets, FDS of them: standard input, output and error, and what carries a bus. */
static int plan_files(posix_spawn_file_actions_t *actions, const int fds[static FDS])
{
	int r = 0;

	for (int to = 0; r == 0 && to < FDS; to++)
		if (fds[to] >= 0)
			r = posix_spawn_file_actions_adddup2(actions, fds[to], to);
	return r;
}

static int spawn(pid_t *ret_pid, char *const argv[], const int fds[static FDS])
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int r = posix_spawn_file_actions_init(&actions);

	if (r != 0)
		return -r;
	r = spawn_plan(&attributes);
	if (r == 0) {
		r = plan_files(&actions, fds);
		if (r == 0)
			r = posix_spawnp(ret_pid, argv[0], &actions, &attributes, argv, environ);
		posix_spawnattr_destroy(&attributes);
	}
	posix_spawn_file_actions_destroy(&actions);
	return -r;
}

/* The commands hold the standard descriptors, so none of these is one. */
static int open_pipes(int pipes[static 3][2])
{
	for (int i = 0; i < 3; i++)
		pipes[i][0] = pipes[i][1] = -1;
	for (int i = 0; i < 3; i++)
		if (pipe2(pipes[i], O_CLOEXEC) < 0)
			return -errno;
	return 0;
}

static void set_nonblocking(int fd)
{
	(void)fcntl(fd, F_SETFL, O_NONBLOCK);
}

/* BUS_IN and BUS_OUT become its descriptors 3 and 4; -1: it has none. */
static int start(struct peer *peer, char *const argv[], int bus_in, int bus_out)
{
	int pipes[3][2], r = open_pipes(pipes);

	if (r >= 0)
		r = spawn(&peer->pid, argv, (const int[FDS]){ pipes[0][0], pipes[1][1], pipes[2][1], bus_in, bus_out });
	close_fd(&pipes[0][0]);
	close_fd(&pipes[1][1]);
	close_fd(&pipes[2][1]);
	peer->in = pipes[0][1];
	peer->out = pipes[1][0];
	peer->err = pipes[2][0];
	if (r >= 0) {
		peer->pidfd = (int)syscall(SYS_pidfd_open, peer->pid, 0);
		r = peer->pidfd < 0 ? -errno : 0;
		if (r < 0)
			peer_signal(peer, SIGKILL);
	} else {
		peer->pid = 0;
	}
	if (r < 0) {
		(void)peer_end(peer);
		return r;
	}
	set_nonblocking(peer->in);
	set_nonblocking(peer->out);
	set_nonblocking(peer->err);
	return 0;
}

int peer_start(struct peer *peer, char *const argv[])
{
	return start(peer, argv, -1, -1);
}

/* The copies have numbers that none of the child's own takes away before it is theirs. */
int peer_start_over(struct peer *peer, struct peer *carrier, char *const argv[])
{
	int in = fcntl(carrier->out, F_DUPFD_CLOEXEC, FDS), out = fcntl(carrier->in, F_DUPFD_CLOEXEC, FDS);
	int r = in < 0 || out < 0 ? -errno : 0;

	if (r >= 0) {
		(void)fcntl(in, F_SETFL, 0);	/* the child finds them as programs expect them */
		(void)fcntl(out, F_SETFL, 0);
		r = start(peer, argv, in, out);
	}
	close_fd(&in);
	close_fd(&out);
	close_fd(&carrier->in);
	close_fd(&carrier->out);
	return r;
}

/* ---- its words ---- */

void peer_read_words(struct peer *peer)
{
	char chunk[WORDS_MAX / 2];
	ssize_t n;

	for (int i = 0; peer->err >= 0 && (n = read(peer->err, chunk, sizeof(chunk))) != 0; i++) {
		if (n < 0 && errno == EINTR)
			continue;
		if ((n < 0 && errno == EAGAIN) || i == CHUNKS_MAX)
			return;
		if (n < 0)
			break;
		(void)buffer_add(&peer->words, chunk, (size_t)n);
		if (peer->words.n > WORDS_MAX)
			buffer_drop(&peer->words, peer->words.n - WORDS_MAX);
	}
	close_fd(&peer->err);
}

/* ---- its end ---- */

void peer_close_input(struct peer *peer)
{
	close_fd(&peer->in);
}

/* Its number is its own until it is waited for, and so is that of its group. */
void peer_signal(const struct peer *peer, int signal)
{
	if (peer->pid > 0)
		(void)kill(-peer->pid, signal);
}

bool peer_has_ended(const struct peer *peer)
{
	return peer->pidfd >= 0 && poll(&(struct pollfd){ .fd = peer->pidfd, .events = POLLIN }, 1, 0) > 0;
}

static void empty(struct buffer *buffer)
{
	free(buffer->data);
	*buffer = (struct buffer){};
}

int peer_end(struct peer *peer)
{
	int status = 0;
	pid_t r;

	if (peer->err >= 0)
		peer_read_words(peer);
	do
		r = peer->pid > 0 ? waitpid(peer->pid, &status, 0) : 0;
	while (r < 0 && errno == EINTR);
	peer->pid = 0;
	close_fd(&peer->pidfd);
	close_fd(&peer->in);
	close_fd(&peer->out);
	close_fd(&peer->err);
	empty(&peer->lines);
	empty(&peer->orders);
	return status;
}

void peer_forget(struct peer *peer)
{
	empty(&peer->words);
}
