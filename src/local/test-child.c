/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-child.c - a child is ended whatever it does about it, and nobody waits for longer than was said.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "local/child.h"
#include "base/clock.h"

static pid_t start(bool stubborn)
{
	sigset_t term;
	pid_t pid;

	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	if (stubborn)	/* before the fork, so that it cannot be too late */
		sigprocmask(SIG_BLOCK, &term, NULL);
	pid = fork();
	if (pid == 0)
		for (;;)
			pause();
	sigprocmask(SIG_UNBLOCK, &term, NULL);
	assert_true(pid > 0);
	return pid;
}

static uint64_t time_to_end(pid_t pid, uint64_t wait_us)
{
	uint64_t before = clock_now_us();

	child_end(pid, SIGTERM, wait_us);
	assert_int_equal(waitpid(pid, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	return clock_now_us() - before;
}

static void ends_one_that_heeds(void **state)
{
	(void)state;
	assert_true(time_to_end(start(false), 5000000) < 1000000);
}

static void kills_one_that_does_not(void **state)
{
	uint64_t time_us;

	(void)state;
	time_us = time_to_end(start(true), 200000);
	assert_true(time_us >= 200000 && time_us < 1500000);
}

static void does_not_wait_for_what_is_none(void **state)
{
	pid_t pid = start(false);

	(void)state;
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_true(time_to_end(pid, 5000000) < 1000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ends_one_that_heeds),
		cmocka_unit_test(kills_one_that_does_not),
		cmocka_unit_test(does_not_wait_for_what_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
