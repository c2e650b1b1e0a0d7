/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-client-loop.c - Samba runs the loop from within handlers and tasks: that is allowed, and no task goes on in there.
 *
 * Fails if a new tevent aborts or refuses nested loops.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tsts/client.h"

static char said[64];
static struct client *client;
static struct task *sleeper;

static int set_up(void **state)
{
	(void)state;
	client = talloc_zero(NULL, struct client);
	client->events = loop_new(client);
	client->tasks = tasks_new(client);
	said[0] = '\0';
	return client->events && client->tasks ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	talloc_free(client);
	return 0;
}

static void on_inner(struct tevent_context *events, struct tevent_immediate *immediate, void *data)
{
	(void)events;
	(void)immediate;
	(void)data;
	strcat(said, "i");
	task_wake(sleeper);
}

/* What libdcerpc does where it needs a ticket. */
static void run_nested(struct tevent_context *events)
{
	struct tevent_immediate *immediate = tevent_create_immediate(events);

	assert_non_null(immediate);
	tevent_schedule_immediate(immediate, events, on_inner, NULL);
	strcat(said, "(");
	assert_int_equal(tevent_loop_once(events), 0);
	strcat(said, ")");
	talloc_free(immediate);
}

static void on_outer(struct tevent_context *events, struct tevent_immediate *immediate, void *data)
{
	(void)immediate;
	(void)data;
	strcat(said, "o");
	run_nested(events);
}

static void run_sleeper(void *data)
{
	(void)data;
	sleeper = task_current(client);
	strcat(said, "s");
	task_pause(client);
	strcat(said, "w");
}

static void run_calling(void *data)
{
	(void)data;
	strcat(said, "c");
	run_nested(client->events);
	strcat(said, "C");
}

static void test_within_a_handler(void **state)
{
	struct tevent_immediate *immediate = tevent_create_immediate(client);

	(void)state;
	assert_int_equal(task_start(client, run_sleeper, NULL), 0);
	tasks_run(client->tasks);
	tevent_schedule_immediate(immediate, client->events, on_outer, NULL);
	assert_int_equal(tevent_loop_once(client->events), 0);
	assert_string_equal(said, "so(i)");	/* it is awake, and waits for the top */
	tasks_run(client->tasks);
	assert_string_equal(said, "so(i)w");
}

static void test_within_a_task(void **state)
{
	(void)state;
	assert_int_equal(task_start(client, run_sleeper, NULL), 0);
	assert_int_equal(task_start(client, run_calling, NULL), 0);
	tasks_run(client->tasks);
	assert_string_equal(said, "sc(i)Cw");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_within_a_handler, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_within_a_task, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
