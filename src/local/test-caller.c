/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-caller.c - which of a list of processes are the caller, and cannot end before it.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "local/caller.h"

static void add_pid(struct process_list *list, pid_t pid)
{
	assert_int_equal(process_list_add(list, pid, "x"), 0);
}

/* A parent waits, a child does not; and the caller does not wait for itself. */
static void marks_the_caller_and_those_that_wait_for_it(void **state)
{
	struct process_list list = {};
	pid_t child = fork();

	(void)state;
	if (child == 0) {
		pause();
		_exit(0);
	}
	assert_true(child > 0);
	caller_mark(&list);
	assert_false(list.has_caller);
	add_pid(&list, child);
	add_pid(&list, getppid());
	caller_mark(&list);
	assert_false(list.has_caller);
	assert_int_equal(list.n_waiting, 0);	/* that a parent is there says nothing without the caller */
	add_pid(&list, getpid());
	caller_mark(&list);
	assert_true(list.has_caller);
	assert_int_equal(list.n_waiting, 1);
	process_list_clear(&list);
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
}

static void finds_itself_first(void **state)
{
	struct caller caller;

	(void)state;
	caller_find(&caller);
	assert_true(caller.n_pids >= 1);
	assert_int_equal(caller.pids[0], getpid());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(marks_the_caller_and_those_that_wait_for_it),
		cmocka_unit_test(finds_itself_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
