/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-spawn-plan.c - a program begins in a session of its own, and with every signal as usual, whatever its parent has
 * done with them.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/spawn-plan.h"

/* Has a program copy its /proc/self/NAME into TEXT. */
static void read_of_program(const char *name, char *text, size_t size)
{
	char path[64], *argv[] = { (char *)"cat", path, NULL }, *environment[] = { NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int pipe_fds[2], status;
	size_t n = 0;
	ssize_t r;
	pid_t pid;

	snprintf(path, sizeof(path), "/proc/self/%s", name);
	assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
	assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
	assert_int_equal(posix_spawn_file_actions_adddup2(&actions, pipe_fds[1], STDOUT_FILENO), 0);
	assert_int_equal(spawn_plan(&attributes), 0);
	assert_int_equal(posix_spawn(&pid, "/bin/cat", &actions, &attributes, argv, environment), 0);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	close(pipe_fds[1]);
	while (n < size - 1 && (r = read(pipe_fds[0], text + n, size - 1 - n)) > 0)
		n += (size_t)r;
	text[n] = '\0';
	close(pipe_fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void no_signal_is_blocked_or_ignored(void **state)
{
	char text[4096];
	sigset_t some;

	(void)state;
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&some);
	sigaddset(&some, SIGTERM);
	sigprocmask(SIG_BLOCK, &some, NULL);
	read_of_program("status", text, sizeof(text));
	sigprocmask(SIG_UNBLOCK, &some, NULL);
	signal(SIGHUP, SIG_DFL);
	signal(SIGPIPE, SIG_DFL);
	assert_non_null(strstr(text, "\nSigBlk:\t0000000000000000\n"));
	assert_non_null(strstr(text, "\nSigIgn:\t0000000000000000\n"));
}

static void the_session_is_its_own(void **state)
{
	char text[512];
	int pid, parent, group, session;

	(void)state;
	read_of_program("stat", text, sizeof(text));
	assert_int_equal(sscanf(text, "%d (cat) %*c %d %d %d", &pid, &parent, &group, &session), 4);
	assert_int_equal(parent, getpid());
	assert_int_equal(group, pid);
	assert_int_equal(session, pid);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_signal_is_blocked_or_ignored),
		cmocka_unit_test(the_session_is_its_own),
	};

	return cmocka_run_group_tests_name("spawn-plan", tests, NULL, NULL);
}
