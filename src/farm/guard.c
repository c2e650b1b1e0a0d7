/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * guard.c - see guard.h.
 *
 * The guard reads numbers of processes from a pipe, negative ones for those that it shall forget. The pipe ends with
 * the process that writes to it, whatever ends that.
 */
#include "farm/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/array.h"

static void forget(pid_t *children, size_t *n, pid_t child)
{
	for (size_t i = 0; i < *n; i++)
		if (children[i] == child) {
			children[i] = children[--*n];
			return;
		}
}

/*
 * What the guard does. It is in nobody's way, neither on the terminal nor at the end of a pipe. It has a name of its
 * own, as a user may kill the command by its name.
 */
__attribute__((noreturn)) static void watch(int fd)
{
	pid_t *children = NULL, child;
	size_t n = 0;
	ssize_t got;

	(void)prctl(PR_SET_NAME, "hosts-guard");
	(void)setsid();
	for (int file = STDIN_FILENO; file <= STDERR_FILENO; file++)
		close(file);
	while ((got = read(fd, &child, sizeof(child))) != 0) {
		if (got < 0 && errno != EINTR)
			break;
		if (got > 0 && child > 0)
			(void)array_add(&children, &n, &child);	/* without memory that one is not guarded */
		else if (got > 0)
			forget(children, &n, -child);
	}
	for (size_t i = 0; i < n; i++)
		(void)kill(-children[i], SIGTERM);
	_exit(0);
}

void guard_start(struct guard *guard)
{
	int fds[2];

	*guard = (struct guard)GUARD_NONE;
	if (pipe2(fds, O_CLOEXEC) < 0)
		return;
	guard->pid = fork();
	if (guard->pid == 0) {
		close(fds[1]);
		watch(fds[0]);
	}
	close(fds[0]);
	guard->fd = fds[1];
	if (guard->pid < 0)
		guard_end(guard);
}

static void tell(const struct guard *guard, pid_t word)
{
	if (guard->fd >= 0)
		(void)!write(guard->fd, &word, sizeof(word));	/* it fails only if the guard was killed */
}

void guard_add(const struct guard *guard, pid_t child)
{
	tell(guard, child);
}

void guard_drop(const struct guard *guard, pid_t child)
{
	if (child > 0)
		tell(guard, -child);
}

void guard_end(struct guard *guard)
{
	if (guard->fd >= 0)
		close(guard->fd);
	while (guard->pid > 0 && waitpid(guard->pid, NULL, 0) < 0 && errno == EINTR)
		;
	*guard = (struct guard)GUARD_NONE;
}
