/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-client-task.c - tasks take turns, keep their stacks, and leave nothing behind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tsts/client.h"

struct log {
	struct client *client;
	char text[64];
	struct task *sleeper;
	unsigned n;
};

static void note(struct log *log, const char *word)
{
	strncat(log->text, word, sizeof(log->text) - strlen(log->text) - 1);
}

static void turn_the_loop(struct client *client, int n)
{
	for (int i = 0; i < n; i++) {
		tasks_run(client->tasks);
		(void)tevent_loop_once(client->events);
	}
	tasks_run(client->tasks);
}

static int set_up(void **state)
{
	struct log *log = talloc_zero(NULL, struct log);

	log->client = talloc_zero(log, struct client);
	log->client->events = tevent_context_init(log->client);
	log->client->tasks = tasks_new(log->client);
	*state = log;
	return log->client->events && log->client->tasks ? 0 : -1;
}

static int tear_down(void **state)
{
	talloc_free(*state);
	return 0;
}

static void run_sleeper(void *data)
{
	struct log *log = data;

	note(log, "a");
	log->sleeper = task_current(log->client);
	task_pause(log->client);
	note(log, "c");
}

static void run_waker(void *data)
{
	struct log *log = data;

	note(log, "b");
	task_wake(log->sleeper);
	task_wake(log->sleeper);	/* once is enough */
	note(log, "B");
}

static void test_turns(void **state)
{
	struct log *log = *state;

	assert_int_equal(task_start(log->client, run_sleeper, log), 0);
	assert_int_equal(task_start(log->client, run_waker, log), 0);
	assert_string_equal(log->text, "");
	tasks_run(log->client->tasks);
	assert_string_equal(log->text, "abBc");
	assert_null(task_current(log->client));
}

static void run_yielding(void *data)
{
	struct log *log = data;

	note(log, "1");
	task_yield(log->client);
	note(log, "2");
	task_yield(log->client);
	note(log, "3");
}

static void test_yield(void **state)
{
	struct log *log = *state;

	assert_int_equal(task_start(log->client, run_yielding, log), 0);
	tasks_run(log->client->tasks);
	assert_string_equal(log->text, "1");
	turn_the_loop(log->client, 1);
	assert_string_equal(log->text, "12");
	turn_the_loop(log->client, 1);
	assert_string_equal(log->text, "123");
}

/* Much of a stack, and what is on it must be there after others have run. */
static void run_deep(void *data)
{
	struct log *log = data;
	volatile unsigned char much[100000];
	unsigned char mine = (unsigned char)++log->n;

	for (size_t i = 0; i < sizeof(much); i++)
		much[i] = mine;
	task_yield(log->client);
	for (size_t i = 0; i < sizeof(much); i++)
		assert_int_equal(much[i], mine);
	log->n += 1000;
}

static void run_parent(void *data)
{
	struct log *log = data;

	task_share(log->client, 5, run_deep, log);
	assert_int_equal(log->n, 5005);		/* all have returned */
	note(log, "done");
}

static void test_share(void **state)
{
	struct log *log = *state;

	assert_int_equal(task_start(log->client, run_parent, log), 0);
	turn_the_loop(log->client, 5);
	assert_string_equal(log->text, "done");
}

static void run_counter(void *data)
{
	struct log *log = data;

	log->n++;
}

static void test_many(void **state)
{
	struct log *log = *state;
	size_t before = talloc_total_blocks(log);

	for (int i = 0; i < 2000; i++)
		assert_int_equal(task_start(log->client, run_counter, log), 0);
	tasks_run(log->client->tasks);
	assert_int_equal(log->n, 2000);
	assert_int_equal(talloc_total_blocks(log), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_turns, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_yield, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_share, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_many, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
