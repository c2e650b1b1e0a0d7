/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-guard.c - which children end with a process that is killed, and which do not.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <poll.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "farm/guard.h"

#define N 40

/* A child like ssh to a host that hangs, in a process group of its own. */
static pid_t start_child(const struct guard *guard)
{
	pid_t pid = fork();

	if (pid == 0) {
		close(guard->fd);	/* as exec does */
		(void)setsid();
		alarm(20);
		for (;;)
			pause();
	}
	(void)setpgid(pid, pid);	/* whoever is first */
	return pid;
}

/* A process that guards all of its N children but those whose number can be divided by 3, and waits to be killed. */
static void run_guarded(int fd)
{
	pid_t children[N];
	struct guard guard;

	guard_start(&guard);
	for (size_t i = 0; i < N; i++) {
		children[i] = start_child(&guard);
		guard_add(&guard, children[i]);
	}
	for (size_t i = 0; i < N; i += 3)
		guard_drop(&guard, children[i]);
	(void)!write(fd, children, sizeof(children));
	for (;;)
		pause();
}

static int wait_for(pid_t pid)
{
	int status = -1;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void test_the_children_of_a_killed_process(void **state)
{
	pid_t children[N], starter;
	int fds[2];

	(void)state;
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	assert_int_equal(pipe(fds), 0);
	starter = fork();
	if (starter == 0)
		run_guarded(fds[1]);
	assert_int_equal(read(fds[0], children, sizeof(children)), sizeof(children));
	assert_int_equal(kill(starter, SIGKILL), 0);
	wait_for(starter);
	for (size_t i = 0; i < N; i++)
		if (i % 3 != 0)
			assert_int_equal(WTERMSIG(wait_for(children[i])), SIGTERM);
	for (size_t i = 0; i < N; i += 3) {
		assert_int_equal(waitpid(children[i], NULL, WNOHANG), 0);
		assert_int_equal(kill(children[i], SIGKILL), 0);
		wait_for(children[i]);
	}
	assert_true(waitpid(-1, NULL, 0) > 0);	/* the guard itself */
	assert_int_equal(waitpid(-1, NULL, 0), -1);
	close(fds[0]);
	close(fds[1]);
}

/* It holds neither a terminal nor a pipe of the command, and "pkill logoff" does not mean it. */
static void test_the_guard_is_in_nobodys_way(void **state)
{
	struct guard guard;
	char path[40], name[20] = "";
	FILE *file;
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(dup2(fds[1], STDIN_FILENO), STDIN_FILENO);
	close(fds[1]);
	guard_start(&guard);
	assert_true(guard.pid > 0);
	close(STDIN_FILENO);
	while (getsid(guard.pid) != guard.pid)
		usleep(1000);
	assert_int_equal(poll(&(struct pollfd){ .fd = fds[0], .events = POLLIN }, 1, 5000), 1);
	assert_int_equal(read(fds[0], name, 1), 0);
	snprintf(path, sizeof(path), "/proc/%d/comm", (int)guard.pid);
	file = fopen(path, "re");
	assert_non_null(file);
	assert_non_null(fgets(name, sizeof(name), file));
	fclose(file);
	assert_string_equal(name, "hosts-guard\n");
	close(fds[0]);
	guard_end(&guard);
	assert_int_equal(guard.pid, 0);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	guard_add(&guard, getpid());	/* nobody guards */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_children_of_a_killed_process),
		cmocka_unit_test(test_the_guard_is_in_nobodys_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
