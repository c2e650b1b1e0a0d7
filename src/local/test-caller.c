/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-caller.c - whom the caller depends on; which of a list of processes are the caller, and cannot end before it.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/prctl.h>
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
	struct caller caller = {};

	(void)state;
	assert_int_equal(caller_find(&caller), 0);
	assert_true(caller.n_items >= 1);
	assert_int_equal(caller.items[0].pid, getpid());
	assert_false(caller.items[0].unsure);
	caller_done(&caller);
	assert_null(caller.items);
}

#define N_CLIENTS 70

/* Is N_CLIENTS clients of a multiplexer on one terminal, until they are ended. */
static void be_clients(int ready)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY);
	char name[64];

	prctl(PR_SET_NAME, "abduco");
	if (master < 0 || setsid() < 0 || grantpt(master) < 0 || unlockpt(master) < 0 || ptsname_r(master, name, sizeof(name)) != 0 ||
	    open(name, O_RDWR) < 0)
		_exit(1);
	for (int i = 1; i < N_CLIENTS && fork() > 0; i++)
		;
	if (write(ready, "", 1) == 1)
		pause();
	_exit(1);
}

/* Is another server, until it is ended. Returns its process. */
static pid_t start_other(void)
{
	pid_t other = fork();

	if (other == 0) {
		setsid();
		pause();
		_exit(1);
	}
	return other;
}

/* Tells whether there are N_CLIENTS on whom the caller depends, all of them UNSURE or not. */
static bool finds_clients(bool unsure)
{
	struct caller found = {};
	size_t n = 0;

	if (caller_find(&found) < 0)
		return false;
	for (size_t i = 1; i < found.n_items; i++)
		n += found.items[i].unsure == unsure;
	return n >= N_CLIENTS;
}

/* Is the server of a multiplexer, and in it a caller, who counts whom it depends on; beside another server if the clients are UNSURE. */
static void be_server(bool unsure)
{
	int ready[2], status = 2;
	pid_t clients, caller, other;
	char byte;

	prctl(PR_SET_NAME, "abduco");
	if (setsid() < 0 || pipe(ready) < 0)
		_exit(2);
	clients = fork();
	if (clients == 0)
		be_clients(ready[1]);
	close(ready[1]);
	for (int i = 0; i < N_CLIENTS; i++)
		if (read(ready[0], &byte, 1) != 1)
			_exit(2);
	other = unsure ? start_other() : 0;
	caller = fork();
	if (caller == 0) {
		prctl(PR_SET_NAME, "logoff");
		_exit(finds_clients(unsure) ? 0 : 1);
	}
	(void)waitpid(caller, &status, 0);
	if (other > 0)
		kill(other, SIGKILL);
	kill(-clients, SIGKILL);
	_exit(WEXITSTATUS(status));
}

static void assert_clients(bool unsure)
{
	pid_t server = fork();
	int status;

	if (server == 0)
		be_server(unsure);
	assert_int_equal(waitpid(server, &status, 0), server);
	if (WEXITSTATUS(status) == 2)
		skip();		/* no terminals here */
	assert_int_equal(status, 0);
}

static void finds_any_number_of_clients(void **state)
{
	(void)state;
	assert_clients(false);
}

static void is_unsure_of_clients_beside_another_server(void **state)
{
	(void)state;
	assert_clients(true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(marks_the_caller_and_those_that_wait_for_it),
		cmocka_unit_test(finds_itself_first),
		cmocka_unit_test(finds_any_number_of_clients),
		cmocka_unit_test(is_unsure_of_clients_beside_another_server),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
