/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-child-process.h - a child process that does nothing, for tests that look at processes. To be included after cmocka.h.
 */
#ifndef LOCAL_TEST_CHILD_PROCESS_H
#define LOCAL_TEST_CHILD_PROCESS_H

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* Starts one that waits, and ends by itself if the test does not end it. */
static inline pid_t start_child(void)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		alarm(20);
		pause();
		_exit(0);
	}
	return pid;
}

static inline void end_child(pid_t pid)
{
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

#endif
