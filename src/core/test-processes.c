/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-processes.c - single processes of memory hosts are ended: which are, when, and what is said of those that are not.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "backend/memory.h"
#include "backend/table.h"
#include "base/error.h"
#include "base/test-port.h"
#include "core/test-host.h"

#define N_MAX 8

static const char office[] = "caller uid=0\nuser name=alice uid=1000 manager\nprocess command=systemd\n"
			     "session id=5 user=alice\nprocess command=bash\nprocess command=keeper term=never\n"
			     "process command=nfs term=never kill=never\nprocess command=slow term=2000\n";

/* What a case has. */
struct scene {
	struct logoff_host *host;
	struct logoff_host_process **listed;	/* systemd, bash, keeper, nfs, slow */
	size_t n_listed;
	enum logoff_result results[N_MAX];
	uint64_t start_us;
};

static struct scene open_scene(const char *text)
{
	struct scene scene = { .host = open_described(text) };

	assert_int_equal(logoff_host_list_processes(scene.host, &scene.listed, &scene.n_listed, NULL), LOGOFF_OK);
	assert_true(scene.n_listed <= N_MAX);
	scene.start_us = scene.host->now_us;
	return scene;
}

static void close_scene(struct scene *scene)
{
	logoff_host_process_list_free(scene->listed);
	logoff_host_close(scene->host);
}

static int end(struct scene *scene, uint64_t grace_ms, int cancel_fd)
{
	return logoff_host_end_processes(scene->host, scene->listed, scene->n_listed, grace_ms, cancel_fd, scene->results, NULL);
}

static size_t count_living(const struct scene *scene)
{
	struct logoff_host_process **now;
	size_t n;

	assert_int_equal(logoff_host_list_processes(scene->host, &now, &n, NULL), LOGOFF_OK);
	logoff_host_process_list_free(now);
	return n;
}

static uint64_t passed_ms(const struct scene *scene)
{
	return (scene->host->now_us - scene->start_us) / 1000;
}

/* The service manager is in no session, and "nfs" cannot be killed. */
static void test_each_has_its_result(void **state)
{
	struct scene scene = open_scene(office);

	(void)state;
	assert_int_equal(end(&scene, 5000, -1), LOGOFF_OK);
	assert_int_equal(scene.results[0], LOGOFF_E_PROTECTED);
	assert_int_equal(scene.results[1], LOGOFF_OK);
	assert_int_equal(scene.results[2], LOGOFF_OK);
	assert_int_equal(scene.results[3], LOGOFF_E_TIMEOUT);
	assert_int_equal(scene.results[4], LOGOFF_OK);
	assert_int_equal(count_living(&scene), 2);
	assert_in_range(passed_ms(&scene), 15000, 15001);
	close_scene(&scene);
}

/* It goes on as soon as none is left, so "slow" has the time that it needs. */
static void test_waits_no_longer_than_needed(void **state)
{
	struct scene scene = open_scene(office);

	(void)state;
	scene.listed += 4;
	scene.n_listed = 1;
	assert_int_equal(end(&scene, 60000, -1), LOGOFF_OK);
	assert_int_equal(scene.results[0], LOGOFF_OK);
	assert_in_range(passed_ms(&scene), 2000, 2200);
	scene.listed -= 4;
	close_scene(&scene);
}

static void test_kills_at_once_without_grace(void **state)
{
	struct scene scene = open_scene(office);

	(void)state;
	scene.listed += 2;
	scene.n_listed = 1;
	assert_int_equal(end(&scene, 0, -1), LOGOFF_OK);
	assert_int_equal(scene.results[0], LOGOFF_OK);
	assert_in_range(passed_ms(&scene), 0, 10);
	scene.listed -= 2;
	close_scene(&scene);
}

/* A number, a name or a session that is another's by now: left alone. One that has ended has ended. */
static void test_leaves_others_alone(void **state)
{
	struct scene scene = open_scene(office);

	(void)state;
	strcpy(scene.listed[1]->command, "vi");
	strcpy(scene.listed[2]->session_id, "6");
	scene.listed[3]->uid = 1001;
	scene.listed[4]->pid = 999999;
	assert_int_equal(end(&scene, 1000, -1), LOGOFF_OK);
	assert_int_equal(scene.results[1], LOGOFF_E_CHANGED);
	assert_int_equal(scene.results[2], LOGOFF_E_CHANGED);
	assert_int_equal(scene.results[3], LOGOFF_E_CHANGED);
	assert_int_equal(scene.results[4], LOGOFF_OK);
	assert_int_equal(count_living(&scene), 5);
	assert_int_equal(passed_ms(&scene), 0);
	close_scene(&scene);
}

/* A process can change its name as it likes; the caller who knows its number does not ask for one. */
static void test_by_number_alone(void **state)
{
	struct scene scene = open_scene(office);

	(void)state;
	strcpy(scene.listed[1]->command, "");
	strcpy(scene.listed[2]->command, "");
	scene.listed[2]->uid = 1001;
	scene.listed += 1;
	scene.n_listed = 2;
	assert_int_equal(end(&scene, 1000, -1), LOGOFF_OK);
	assert_int_equal(scene.results[0], LOGOFF_OK);
	assert_int_equal(scene.results[1], LOGOFF_E_CHANGED);
	assert_int_equal(count_living(&scene), 4);
	scene.listed -= 1;
	close_scene(&scene);
}

/* Another process may have begun under the number: its start tells. */
static void test_a_number_that_is_used_again(void **state)
{
	struct scene scene = open_scene(office);

	(void)state;
	assert_true(scene.listed[1]->started_us >= 0);
	strcpy(scene.listed[1]->command, "");
	scene.listed[1]->started_us++;
	scene.listed += 1;
	scene.n_listed = 1;
	assert_int_equal(end(&scene, 1000, -1), LOGOFF_OK);
	assert_int_equal(scene.results[0], LOGOFF_E_CHANGED);
	assert_int_equal(count_living(&scene), 5);
	scene.listed -= 1;
	close_scene(&scene);
}

/* The stubborn one is found in its session by the leader, and the leader ends: it is no other process for that. */
static int census_by_the_leader(struct logoff_host *host, struct census *census, struct logoff_error *reterr)
{
	struct memory_world *world = host->data;

	for (size_t i = 0; i < world->n_processes; i++)
		if (world->now_us > 0 && strcmp(world->processes[i].command, "keeper") == 0) {
			world->processes[i].part = HOST_MANAGER;
			world->processes[i].owner = 0;
		}
	return host_memory.census(host, census, reterr);
}

static struct scene open_led(void)
{
	static struct host_backend backend;
	struct scene scene = open_scene(office);

	backend = host_memory;
	backend.census = census_by_the_leader;
	scene.host->backend = &backend;
	return scene;
}

static void test_loses_its_session_with_the_leader(void **state)
{
	struct scene scene = open_led();

	(void)state;
	scene.listed += 1;
	scene.n_listed = 2;	/* bash and keeper */
	assert_int_equal(end(&scene, 1000, -1), LOGOFF_OK);
	assert_int_equal(scene.results[0], LOGOFF_OK);
	assert_int_equal(scene.results[1], LOGOFF_OK);
	scene.listed -= 1;
	close_scene(&scene);
}

/* It has left its session by itself. */
static void test_leaves_its_session(void **state)
{
	struct scene scene = open_led();

	(void)state;
	scene.listed += 2;
	scene.n_listed = 1;	/* keeper alone */
	assert_int_equal(end(&scene, 1000, -1), LOGOFF_OK);
	assert_int_equal(scene.results[0], LOGOFF_E_CHANGED);
	scene.listed -= 2;
	close_scene(&scene);
}

static void test_others_need_rights(void **state)
{
	struct scene scene = open_scene("caller uid=1001\nuser name=alice uid=1000\nuser name=bob uid=1001\n"
					"session id=5 user=alice\nprocess command=bash\nsession id=6 user=bob\nprocess command=vi\n");

	(void)state;
	assert_int_equal(end(&scene, 1000, -1), LOGOFF_OK);
	assert_int_equal(scene.results[0], LOGOFF_E_DENIED);
	assert_int_equal(scene.results[1], LOGOFF_OK);
	close_scene(&scene);
}

/* ---- somebody else, who may ---- */

#define DESK "caller uid=1001\nuser name=alice uid=1000\nuser name=bob uid=1001\n" \
	     "session id=5 user=alice\nprocess command=bash\nprocess command=vi\nprocess command=keeper term=never\n" \
	     "session id=6 user=bob\nprocess command=vi term=1000\n"

/* The order that somebody else got, and what they do. */
static struct {
	size_t n_processes, n_calls;
	uint64_t grace_ms;
	bool end;			/* they end all processes */
	uint64_t after_us;		/* and take so long for that */
	int results[N_MAX];
} others;

/* They are root, who needs nobody. */
static void end_as_root(struct logoff_host *host, struct logoff_host_process *const *processes, size_t n_processes, uint64_t grace_ms,
			int cancel_fd, int *results, struct logoff_error *cause)
{
	struct memory_world *world = host->data;

	(void)cancel_fd;
	others.n_calls++;
	others.n_processes = n_processes;
	others.grace_ms = grace_ms;
	for (size_t i = 0; i < n_processes; i++)
		results[i] = others.results[i];
	world->now_us += others.after_us;
	for (size_t i = 0; i < world->n_processes; i++)
		for (size_t k = 0; others.end && k < n_processes; k++)
			if ((int32_t)world->processes[i].pid == processes[k]->pid)
				world->processes[i].end_us = world->now_us;
	(void)error_set_errno(cause, -EACCES, -EACCES, "no right");
}

static struct scene open_desk(void)
{
	static struct host_backend backend;
	struct scene scene = open_scene(DESK);

	backend = host_memory;
	backend.end_others = end_as_root;
	scene.host->backend = &backend;
	memset(&others, 0, sizeof(others));
	return scene;
}

static void assert_results(const struct scene *scene, int first, int second, int third, int own)
{
	assert_int_equal(scene->results[0], first);
	assert_int_equal(scene->results[1], second);
	assert_int_equal(scene->results[2], third);
	assert_int_equal(scene->results[3], own);
}

/* All that the caller may not signal, in one call, with the same grace; the caller's own are asked before that. */
static void test_others_end_what_the_caller_may_not(void **state)
{
	struct scene scene = open_desk();

	(void)state;
	others.end = true;
	others.after_us = 3000000;
	assert_int_equal(end(&scene, 5000, -1), LOGOFF_OK);
	assert_results(&scene, LOGOFF_OK, LOGOFF_OK, LOGOFF_OK, LOGOFF_OK);
	assert_true(others.n_calls == 1 && others.n_processes == 3 && others.grace_ms == 5000);
	assert_int_equal(count_living(&scene), 0);
	assert_in_range(passed_ms(&scene), 3000, 3001);
	close_scene(&scene);
}

static void test_others_kill_at_once(void **state)
{
	struct scene scene = open_desk();

	(void)state;
	others.end = true;
	assert_int_equal(end(&scene, 0, -1), LOGOFF_OK);
	assert_results(&scene, LOGOFF_OK, LOGOFF_OK, LOGOFF_OK, LOGOFF_OK);
	assert_true(others.n_calls == 1 && others.n_processes == 3 && others.grace_ms == 0);
	close_scene(&scene);
}

/* The process that somebody else calls ended is alive, so it has timed out. The caller gets the cause of a refusal. */
static void test_the_word_of_others_is_no_proof(void **state)
{
	struct logoff_error cause = {};
	struct scene scene = open_desk();

	(void)state;
	others.results[1] = -EACCES;
	others.results[2] = -ESTALE;
	assert_int_equal(logoff_host_end_processes(scene.host, scene.listed, scene.n_listed, 1000, -1, scene.results, &cause), LOGOFF_OK);
	assert_results(&scene, LOGOFF_E_TIMEOUT, LOGOFF_E_DENIED, LOGOFF_E_CHANGED, LOGOFF_OK);
	assert_string_equal(cause.text, "no right");
	assert_int_equal(count_living(&scene), 3);
	close_scene(&scene);
}

/* They have been asked, and nobody knows what they have done: what has ended has ended, of the rest nobody can tell. */
static void test_others_who_say_nothing(void **state)
{
	struct scene scene = open_desk();
	struct memory_world *world = scene.host->data;

	(void)state;
	others.results[0] = others.results[1] = others.results[2] = -EAGAIN;
	world->processes[0].end_us = world->now_us + 2000000;
	assert_int_equal(end(&scene, 5000, -1), LOGOFF_OK);
	assert_results(&scene, LOGOFF_OK, LOGOFF_E_UNREACHABLE, LOGOFF_E_UNREACHABLE, LOGOFF_OK);
	assert_in_range(passed_ms(&scene), 15000, 15001);
	close_scene(&scene);
}

/* Nothing is left to them that has another session, name or start by now, or is in no session. */
static void test_others_get_what_was_looked_up(void **state)
{
	struct scene scene = open_desk();

	(void)state;
	others.end = true;
	scene.listed[0]->started_us++;
	strcpy(scene.listed[1]->session_id, "");
	assert_int_equal(end(&scene, 0, -1), LOGOFF_OK);
	assert_results(&scene, LOGOFF_E_CHANGED, LOGOFF_E_PROTECTED, LOGOFF_OK, LOGOFF_OK);
	assert_int_equal(others.n_processes, 1);
	close_scene(&scene);
}

/* A cancel while they work: what the caller has asked is not killed, though the grace is over. */
static void test_cancelled_while_others_end(void **state)
{
	struct scene scene = open_desk();
	int event = test_event_open();

	(void)state;
	strcpy(scene.listed[3]->command, "");
	others.after_us = 9000000;
	others.results[0] = others.results[1] = others.results[2] = -ECANCELED;
	((struct memory_world *)scene.host->data)->processes[3].term_us = MEMORY_NEVER;
	assert_true(test_event_set(event));
	assert_int_equal(end(&scene, 5000, event), LOGOFF_OK);
	assert_results(&scene, LOGOFF_E_CANCELLED, LOGOFF_E_CANCELLED, LOGOFF_E_CANCELLED, LOGOFF_E_CANCELLED);
	assert_int_equal(count_living(&scene), 4);
	close_scene(&scene);
}

/* Nobody is killed after Ctrl-C; one that has ended by then has ended. */
static void test_cancelled(void **state)
{
	struct scene scene = open_scene(office);
	int event = test_event_open();

	(void)state;
	assert_true(test_event_set(event));
	assert_int_equal(end(&scene, 5000, event), LOGOFF_OK);
	assert_int_equal(scene.results[1], LOGOFF_OK);
	assert_int_equal(scene.results[2], LOGOFF_E_CANCELLED);
	assert_int_equal(scene.results[4], LOGOFF_E_CANCELLED);
	assert_int_equal(count_living(&scene), 4);
	close_scene(&scene);
}

/* Neither is one that would be killed at once, nor is it left to others. */
static void test_cancelled_before_the_kill(void **state)
{
	struct scene scene = open_desk();
	int event = test_event_open();

	(void)state;
	others.end = true;
	assert_true(test_event_set(event));
	assert_int_equal(end(&scene, 0, event), LOGOFF_OK);
	assert_results(&scene, LOGOFF_E_CANCELLED, LOGOFF_E_CANCELLED, LOGOFF_E_CANCELLED, LOGOFF_E_CANCELLED);
	assert_int_equal(others.n_calls, 0);
	assert_int_equal(count_living(&scene), 4);
	close_scene(&scene);
}

/* Without a second list nothing is signalled. */
static void test_no_list_no_end(void **state)
{
	struct scene scene = open_scene(office);
	struct memory_world *world = scene.host->data;

	(void)state;
	world->census_fails.r = -EHOSTUNREACH;
	assert_int_equal(end(&scene, 5000, -1), LOGOFF_E_UNREACHABLE);
	world->census_fails.r = 0;
	assert_int_equal(count_living(&scene), 5);
	close_scene(&scene);
}

/* What a process that is asked to end does with the world: another name, or a list that fails. */
static int census_fails;

static int change_when_asked(struct logoff_host *host, struct host_held *held, enum host_act act)
{
	struct memory_world *world = host->data;

	if (act == HOST_ACT_ASK) {
		world->census_fails.r = census_fails;
		for (size_t i = 0; !census_fails && i < world->n_processes; i++)
			memset(world->processes[i].command, 'x', strlen(world->processes[i].command));
	}
	return host_memory.act(host, held, act);
}

/* Nobody is killed who is not what was chosen any more, nor of whom that cannot be told. */
static void test_looks_again_before_the_kill(void **state)
{
	static const struct { int fails; enum logoff_result left; } rows[] = {
		{ 0, LOGOFF_E_CHANGED }, { -EHOSTUNREACH, LOGOFF_E_UNREACHABLE },
	};
	static struct host_backend backend;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct scene scene = open_scene(office);
		struct memory_world *world = scene.host->data;

		backend = host_memory;
		backend.act = change_when_asked;
		scene.host->backend = &backend;
		census_fails = rows[i].fails;
		assert_int_equal(end(&scene, 5000, -1), LOGOFF_OK);
		assert_int_equal(scene.results[1], LOGOFF_OK);
		assert_int_equal(scene.results[2], rows[i].left);
		assert_int_equal(scene.results[4], LOGOFF_OK);
		world->census_fails.r = 0;
		assert_int_equal(count_living(&scene), 3);	/* systemd too, which is in no session */
		close_scene(&scene);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_has_its_result),
		cmocka_unit_test(test_waits_no_longer_than_needed),
		cmocka_unit_test(test_kills_at_once_without_grace),
		cmocka_unit_test(test_leaves_others_alone),
		cmocka_unit_test(test_loses_its_session_with_the_leader),
		cmocka_unit_test(test_leaves_its_session),
		cmocka_unit_test(test_by_number_alone),
		cmocka_unit_test(test_a_number_that_is_used_again),
		cmocka_unit_test(test_others_need_rights),
		cmocka_unit_test(test_others_end_what_the_caller_may_not),
		cmocka_unit_test(test_others_kill_at_once),
		cmocka_unit_test(test_the_word_of_others_is_no_proof),
		cmocka_unit_test(test_others_who_say_nothing),
		cmocka_unit_test(test_others_get_what_was_looked_up),
		cmocka_unit_test(test_cancelled_while_others_end),
		cmocka_unit_test(test_cancelled),
		cmocka_unit_test(test_cancelled_before_the_kill),
		cmocka_unit_test(test_no_list_no_end),
		cmocka_unit_test(test_looks_again_before_the_kill),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
