/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-client-timer.c - timers that others set are put off, ours go off, and those of connecting are left alone.
 *
 * Fails if a new tevent does not tell of timers any more as client-timer.c relies on.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/time.h>

#include <cmocka.h>

#include "tsts/client.h"

#define NEVER_S 86400

static unsigned n_gone_off;

static int set_up(void **state)
{
	struct client *client = talloc_zero(NULL, struct client);

	client->events = loop_new(client);
	client->tasks = tasks_new(client);
	*state = client;
	n_gone_off = 0;
	return client->events && client->tasks ? 0 : -1;
}

static int tear_down(void **state)
{
	talloc_free(*state);
	return 0;
}

static void on_timer(struct tevent_context *events, struct tevent_timer *timer, struct timeval now, void *data)
{
	(void)events;
	(void)timer;
	(void)now;
	(void)data;
	n_gone_off++;
}

/* As Samba does. */
static struct tevent_timer *set_foreign(struct client *client, unsigned seconds, unsigned ms)
{
	struct timeval until = tevent_timeval_current_ofs(seconds, ms * 1000);
	struct tevent_timer *timer = tevent_add_timer(client->events, client, until, on_timer, NULL);

	assert_non_null(timer);
	return timer;
}

static void on_end(struct tevent_context *events, struct tevent_timer *timer, struct timeval now, void *data)
{
	(void)events;
	(void)timer;
	(void)now;
	*(bool *)data = true;
}

/* Runs the loop for so long; the timer for that is ours. */
static void run_for(struct client *client, unsigned ms)
{
	bool is_over = false;

	assert_non_null(timers_add(client, ms, on_end, &is_over));
	while (!is_over) {
		tasks_run(client->tasks);
		assert_int_equal(tevent_loop_once(client->events), 0);
	}
	tasks_run(client->tasks);
}

static void test_put_off(void **state)
{
	struct client *client = *state;

	set_foreign(client, 0, 30);
	assert_int_equal(timers_begin(client, NEVER_S), 0);
	set_foreign(client, 0, 30);
	set_foreign(client, 0, 30);
	run_for(client, 200);
	assert_int_equal(n_gone_off, 1);	/* the one of before */
	assert_non_null(timers_add(client, 10, on_timer, NULL));
	run_for(client, 100);
	assert_int_equal(n_gone_off, 2);
}

/* More than have room at once, and some that are gone before they could be put off. */
static void test_many(void **state)
{
	struct client *client = *state;

	assert_int_equal(timers_begin(client, NEVER_S), 0);
	for (int i = 0; i < 60; i++) {
		set_foreign(client, 0, 30);
		talloc_free(set_foreign(client, 0, 30));
		if (i % 20 == 0)
			run_for(client, 1);
	}
	run_for(client, 200);
	assert_int_equal(n_gone_off, 0);
}

static void test_sooner(void **state)
{
	struct client *client = *state;

	assert_int_equal(timers_begin(client, 0), 0);
	set_foreign(client, 30, 0);
	run_for(client, 100);
	assert_int_equal(n_gone_off, 1);
	timers_set_patience(client, NEVER_S);
	set_foreign(client, 0, 10);
	run_for(client, 100);
	assert_int_equal(n_gone_off, 1);
}

static void test_connecting(void **state)
{
	struct client *client = *state;

	assert_int_equal(timers_begin(client, NEVER_S), 0);
	timers_begin_connecting(client);
	set_foreign(client, 0, 10);
	timers_end_connecting(client);
	run_for(client, 100);
	assert_int_equal(n_gone_off, 1);
}

static void connect_beside(void *data)
{
	struct client *client = data;

	timers_begin_connecting(client);
	set_foreign(client, 0, 10);
	timers_end_connecting(client);
}

/* The timer of a call that is under way is set after the call: who connects meanwhile waits for that. */
static void test_connecting_beside_a_call(void **state)
{
	struct client *client = *state;

	assert_int_equal(timers_begin(client, NEVER_S), 0);
	timers_begin_call(client);
	assert_int_equal(task_start(client, connect_beside, client), 0);
	tasks_run(client->tasks);
	set_foreign(client, 0, 10);		/* of the call */
	run_for(client, 200);
	assert_int_equal(n_gone_off, 1);	/* of connecting */
	timers_end_call(client);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_put_off, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_many, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_sooner, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_connecting, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_connecting_beside_a_call, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
