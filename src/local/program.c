/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * program.c - see program.h. posix_spawn(3) runs no code of this process in the child: a copy of a threaded process may hold
 * locks that nobody will release.
 */
#include "local/program.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/spawn-plan.h"

int program_pair(int type, int fds[static 2])
{
	int ours, r;

	if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, fds) < 0)
		return -errno;
	if (fds[0] > STDERR_FILENO)
		return 0;
	ours = fcntl(fds[0], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	r = ours < 0 ? -errno : 0;
	close(fds[0]);
	fds[0] = ours;
	if (r < 0)
		close(fds[1]);
	return r;
}

/* What becomes of the descriptors and the folder. An older C library cannot close the rest: that is marked to be closed. */
static int plan_files(posix_spawn_file_actions_t *actions, int fd, unsigned keep)
{
	int last = keep & PROGRAM_KEEP_STDERR ? STDOUT_FILENO : STDERR_FILENO;
	int r = posix_spawn_file_actions_adddup2(actions, fd, PROGRAM_FD);

	for (int one = STDIN_FILENO; r == 0 && one <= last; one++)
		r = posix_spawn_file_actions_addopen(actions, one, "/dev/null", O_RDWR, 0);
#ifdef HAVE_SPAWN_CLOSEFROM
	if (r == 0)
		r = posix_spawn_file_actions_addclosefrom_np(actions, PROGRAM_FD + 1);
#endif
#ifdef HAVE_SPAWN_CHDIR
	if (r == 0 && !(keep & PROGRAM_KEEP_FOLDER))
		r = posix_spawn_file_actions_addchdir_np(actions, "/");
#endif
	return r;
}

int program_start(const char *path, char *const argv[], char *const environment[], int fd, unsigned keep, pid_t *ret_pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int r = posix_spawn_file_actions_init(&actions);

	if (r != 0)
		return -r;
	r = spawn_plan(&attributes);
	if (r == 0) {
		r = plan_files(&actions, fd, keep);
		if (r == 0)
			r = posix_spawn(ret_pid, path, &actions, &attributes, argv, environment);
		posix_spawnattr_destroy(&attributes);
	}
	posix_spawn_file_actions_destroy(&actions);
	return -r;
}
