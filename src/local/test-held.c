/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-held.c - real processes that are held; the kernel's answers to poll() and what /proc says of them are the test's.
 */
#include "local/held.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "local/test-child-process.h"

static int n_interrupts, stat_result;
static uint64_t other_start;	/* what /proc says is the start time of each process; 0: the truth */

int __real_poll(struct pollfd *fds, nfds_t n, int timeout_ms);
int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout_ms);
int __real_proc_read_stat(pid_t pid, struct proc_stat *ret);
int __wrap_proc_read_stat(pid_t pid, struct proc_stat *ret);

int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout_ms)
{
	if (n_interrupts == 0)
		return __real_poll(fds, n, timeout_ms);
	n_interrupts--;
	errno = EINTR;
	return -1;
}

int __wrap_proc_read_stat(pid_t pid, struct proc_stat *ret)
{
	int r = stat_result < 0 ? stat_result : __real_proc_read_stat(pid, ret);

	if (r >= 0 && other_start)
		ret->start_time = other_start;
	return r;
}

static struct held hold_child(void)
{
	struct held held;

	assert_int_equal(proc_read_stat(start_child(), &held.stat), 0);
	assert_int_equal(held_open(&held), 0);
	assert_true(held.pidfd >= 0);
	return held;
}

/* Lets it end, and then takes it away. */
static void end_held(const struct held *held)
{
	siginfo_t info;

	assert_int_equal(kill(held->stat.pid, SIGKILL), 0);
	assert_int_equal(waitid(P_PID, (id_t)held->stat.pid, &info, WEXITED | WNOWAIT), 0);
	assert_false(held_is_alive(held));
	assert_int_equal(waitpid(held->stat.pid, NULL, 0), held->stat.pid);
	assert_false(held_is_alive(held));
	assert_int_equal(held_signal(held, SIGKILL), 0);
}

static void reset(void)
{
	n_interrupts = stat_result = 0;
	other_start = 0;
}

static void a_process_lives_until_it_ends(void **state)
{
	struct held held = hold_child();

	(void)state;
	assert_true(held_is_alive(&held));
	end_held(&held);
	held_close(&held);
	assert_int_equal(held.pidfd, -1);
	assert_int_equal(held_open(&held), -ESRCH);
}

static void a_signal_to_the_caller_is_no_end(void **state)
{
	struct held held = hold_child();

	(void)state;
	n_interrupts = 1;
	assert_true(held_is_alive(&held));
	n_interrupts = 1;
	end_held(&held);
	held_close(&held);
}

static void number_and_start_time_have_to_do(void **state)
{
	struct held held = hold_child();

	(void)state;
	held_close(&held);
	assert_true(held_is_alive(&held));
	assert_int_equal(held_signal(&held, SIGCONT), 0);
	end_held(&held);
}

static void a_successor_is_another(void **state)
{
	struct held held = hold_child();

	(void)state;
	held_close(&held);
	other_start = held.stat.start_time + 1;
	assert_false(held_is_alive(&held));
	assert_int_equal(held_signal(&held, SIGKILL), 0);
	assert_int_equal(held_open(&held), -ESRCH);
	assert_int_equal(held.pidfd, -1);
	reset();
	assert_true(held_is_alive(&held));
	end_held(&held);
}

/* Whether it is the same process cannot be told: it is alive, and is not signalled. */
static void a_hidden_process_may_be_another(void **state)
{
	static const int results[] = { -EACCES, -EMFILE };
	struct held held = hold_child();

	(void)state;
	held_close(&held);
	for (size_t i = 0; i < 2; i++) {
		stat_result = results[i];
		assert_true(held_is_alive(&held));
		assert_int_equal(held_signal(&held, SIGKILL), -EPERM);
		assert_int_equal(held_open(&held), results[i]);
		assert_int_equal(held.pidfd, -1);
	}
	reset();
	assert_true(held_is_alive(&held));
	end_held(&held);
}

static void one_that_was_hidden_from_the_beginning(void **state)
{
	struct held held = { .stat.pid = start_child() };

	(void)state;
	stat_result = -EACCES;
	assert_int_equal(held_open(&held), 0);
	assert_true(held_is_alive(&held));
	assert_int_equal(held_signal(&held, SIGCONT), 0);
	end_held(&held);
	reset();
	held_close(&held);
}

/* That a process cannot be held does not say that it has ended. */
static void without_descriptors(void **state)
{
	struct rlimit none = {};
	struct held held;
	pid_t child;
	int status;

	(void)state;
	assert_int_equal(proc_read_stat(getpid(), &held.stat), 0);
	child = fork();
	if (child == 0) {
		(void)setrlimit(RLIMIT_NOFILE, &none);
		_exit(held_open(&held) == -EMFILE ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_descriptors),
		cmocka_unit_test(a_process_lives_until_it_ends),
		cmocka_unit_test(a_signal_to_the_caller_is_no_end),
		cmocka_unit_test(number_and_start_time_have_to_do),
		cmocka_unit_test(a_successor_is_another),
		cmocka_unit_test(a_hidden_process_may_be_another),
		cmocka_unit_test(one_that_was_hidden_from_the_beginning),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
