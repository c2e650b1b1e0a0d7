/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-contract.c - what every kind of host has to keep (core/backend.h), whatever it is: one list of cases for all of them.
 *
 *     test-contract [HOST [SESSION]]
 *
 * HOST is as in LOGOFF_HOST ("logind", "procfs", "wts", "memory:FILE"), or "//SERVER". SESSION, an id, is ended; without it no real
 * session is touched. Without HOST two kinds are tried that are everywhere: a described host, of which a session is ended, and the
 * processes of this machine. The lab runs it on its hosts. Sessions may come and go on a real host meanwhile: what is only true
 * of a session that is still there is looked at again.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef _WIN32
#include <windows.h>
#undef far
#endif

#include <cmocka.h>

#include "backend/table.h"
#include "base/clock.h"

#define SECOND UINT64_C(1000000)
#define ALL_FACTS (HOST_TERMINALS | HOST_TIMES | HOST_CLOCK | HOST_IDLE | HOST_CLIENT)
#define NO_SUCH_ID "987654321"
#define NO_SUCH_PID 987654321	/* above the kernel's own limit */

static const char described[] = "caller uid=0\nuser name=alice uid=1000 manager\nuser name=bob uid=1001\n"
				"session id=5 user=alice tty=pts/3\nprocess command=bash\nprocess command=vi term=never\n"
				"session id=6 user=bob tty=pts/4\nprocess command=sh\n"
				"session id=c7 user=bob state=closing\nprocess command=screen\n";

/* Which host, and which session of it may be ended; "": none. */
static const char *ended_id = "";
static const char *server;

static int open_host(void **state)
{
	struct logoff_error error = {};
	struct logoff_host *host;

	if (host_open(&host, &(struct logoff_address){ .size = sizeof(struct logoff_address), .name = server }, NULL, &error) < 0) {
		fprintf(stderr, "test-contract: %s %s\n", error.name, error.text);
		return -1;
	}
	(void)host->backend->wait(host, 0, -1, NULL);
	*state = host;
	return 0;
}

static int close_host(void **state)
{
	assert_null(logoff_host_close(*state));
	return 0;
}

static void list_all(struct logoff_host *host, struct session_list *list)
{
	struct logoff_error error = {};
	int r = host->backend->list(host, NULL, list, &error);

	if (r < 0)
		fail_msg("list: %d %s %s", r, error.name, error.text);
}

/* The session of this id, or NULL: it is not there. */
static struct logoff_session *find(struct logoff_host *host, const char *id)
{
	struct logoff_session *session = NULL;
	int r = host->backend->get(host, id, &session, NULL);

	if (r < 0) {
		assert_int_equal(r, -ENXIO);
		assert_null(session);
	}
	return session;
}

static void says_that_it_knows_no_such_session(void **state)
{
	assert_null(find(*state, NO_SUCH_ID));
}

static void gets_what_it_lists(void **state)
{
	struct logoff_host *host = *state;
	struct session_list list = {};

	list_all(host, &list);
	for (size_t i = 0; i < list.n_items; i++) {
		struct logoff_session *listed = list.items[i], *got = find(host, listed->id);

		assert_ptr_equal(listed->host, host);
		assert_true(*listed->id && listed->user);
		if (!got)
			continue;	/* it has ended meanwhile */
		session_fill(listed, HOST_TIMES);
		session_fill(got, HOST_TIMES);
		assert_string_equal(got->id, listed->id);
		if (!session_is_other(got, listed)) {
			assert_string_equal(got->user, listed->user);
			assert_int_equal(got->uid, listed->uid);
			assert_int_equal(got->kind, listed->kind);
			assert_int_equal(got->console, listed->console);
			assert_int_equal(got->current, listed->current);
		}
		logoff_session_free(got);
	}
	session_list_clear(&list);
}

/* No two sessions have one id, and the caller is in one at most. */
static void lists_each_session_once(void **state)
{
	struct session_list list = {};
	size_t n_current = 0;

	list_all(*state, &list);
	for (size_t i = 0; i < list.n_items; i++) {
		n_current += list.items[i]->current;
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(list.items[i]->id, list.items[k]->id);
	}
	assert_true(n_current <= 1);
	session_list_clear(&list);
}

static void tells_of_the_callers_session_what_the_list_tells(void **state)
{
	struct logoff_host *host = *state;
	struct logoff_session *own = NULL;
	int r = host->backend->get(host, NULL, &own, NULL);

	if (r < 0) {
		assert_int_equal(r, -ESRCH);
		assert_null(own);
		return;
	}
	assert_true(own->current);
	logoff_session_free(own);
}

/* What is asked for is looked up once; times are never before the start, and nobody is idle for longer than they are there. */
static void looks_up_each_fact_once(void **state)
{
	struct session_list list = {};

	list_all(*state, &list);
	for (size_t i = 0; i < list.n_items; i++) {
		struct logoff_session *session = list.items[i];
		int64_t age_us, idle_us;

		session_fill(session, ALL_FACTS);
		age_us = logoff_session_time_us(session, LOGOFF_TIME_AGE);
		idle_us = logoff_session_time_us(session, LOGOFF_TIME_IDLE);
		assert_int_equal(session->missing & ALL_FACTS, 0);	/* a number may be given out, and that writes a file */
		assert_true(age_us < 0 || idle_us < 0 || idle_us <= age_us);
		for (size_t k = 0; k < session->n_terminals; k++)
			assert_true(*session->terminals[k] && strncmp(session->terminals[k], "/dev/", 5) != 0);
		if (session->name && session->state == LOGOFF_STATE_ACTIVE)
			assert_true(session_is_called(session, session->name));
	}
	session_list_clear(&list);
}

static void check_processes(const struct logoff_session *session, const struct process_list *seen)
{
	size_t n_caller = 0;

	for (size_t i = 0; i < seen->n_items; i++) {
		assert_true(seen->items[i].pid >= 0);
		assert_true(i == 0 || seen->items[i].pid == 0 || seen->items[i].pid > seen->items[i - 1].pid);
		n_caller += seen->items[i].pid == getpid();
	}
	if (session->host->backend->flags & HOST_LOCAL)
		assert_int_equal(seen->has_caller, n_caller > 0);
	if (seen->has_caller)
		assert_true(session->current);
	assert_true(seen->n_waiting + seen->has_caller <= seen->n_items);
	assert_true(seen->has_caller || seen->n_waiting == 0);
}

static void lists_processes_in_order_and_knows_the_caller(void **state)
{
	struct logoff_host *host = *state;
	struct session_list list = {};

	list_all(host, &list);
	for (size_t i = 0; i < list.n_items; i++) {
		struct process_list seen = {};
		int r = host->backend->processes(host, list.items[i], HOST_SESSION, &seen, NULL);

		assert_true(r >= 0 || r == -EOPNOTSUPP || r == -EAGAIN);
		if (r >= 0)
			check_processes(list.items[i], &seen);
		host->backend->explain(&seen, host);
		process_list_clear(&seen);
	}
	session_list_clear(&list);
}

static bool is_listed(const struct session_list *list, const char *id)
{
	for (size_t i = 0; i < list->n_items; i++)
		if (strcmp(list->items[i]->id, id) == 0)
			return true;
	return false;
}

/* A process is in a session that was there before the census, came meanwhile, or has come and gone meanwhile. */
static void says_which_session_a_process_is_in(void **state)
{
	struct logoff_host *host = *state;
	struct session_list before = {}, after = {};
	struct census census = {};
	int r;

	list_all(host, &before);
	r = host->backend->census(host, &census, NULL);
	assert_true(r >= 0 || r == -EOPNOTSUPP);
	list_all(host, &after);
	for (size_t i = 0; i < census.n_items; i++) {
		const char *id = census.items[i].session_id;

		assert_true(census.items[i].pid > 0);
		if (*id && !is_listed(&before, id) && !is_listed(&after, id))
			assert_null(find(host, id));
	}
	free(census.items);
	session_list_clear(&before);
	session_list_clear(&after);
}

/* A number that no process has. */
static void holds_only_processes_that_are_there(void **state)
{
	struct logoff_host *host = *state;
	struct host_held held = { .pid = NO_SUCH_PID };
	int r = host->backend->act(host, &held, HOST_ACT_HOLD);

	assert_true(r == -ESRCH || r == -EOPNOTSUPP);
	(void)host->backend->act(host, &held, HOST_ACT_RELEASE);
}

/* "No" may only be said of a user who has no session. */
static void never_denies_a_user_who_is_there(void **state)
{
	struct logoff_host *host = *state;
	struct session_list list = {};

	list_all(host, &list);
	for (size_t i = 0; i < list.n_items; i++) {
		const struct logoff_session *session = list.items[i];

		if (!host->backend->may_have_user(host, session->user)) {
			struct logoff_session *now = find(host, session->id);

			assert_null(now);	/* the session has ended meanwhile */
		}
	}
	session_list_clear(&list);
}

static void says_what_it_cannot_do(void **state)
{
	struct logoff_host *host = *state;
	struct session_list list = {};
	char name[64] = "";

	list_all(host, &list);
	for (size_t i = 0; i < list.n_items; i++) {
		enum host_manager manager = HOST_MANAGER_UNNEEDED;
		bool has_desktop = true;
		int r = host->backend->manager(host, list.items[i], &manager, NULL);

		assert_true(r >= 0 || r == -EAGAIN || r == -EHOSTUNREACH || r == -ENXIO);
		r = host->backend->desktop(host, list.items[i], &has_desktop, NULL);
		assert_true(r >= 0 || r == -EAGAIN || r == -EHOSTUNREACH || r == -ENXIO);
		r = host->backend->leave(host, list.items[i], 0, NULL);	/* asks nobody */
		assert_true(r >= 0 || r == -EOPNOTSUPP);
	}
	host->backend->name_person(name);
	assert_true(*name);
	session_list_clear(&list);
}

/* Only a host in memory and a server are no machine that can be told apart. */
static void says_which_machine_it_is(void **state)
{
	struct logoff_host *host = *state;
	void *other = NULL;
	bool known = strcmp(host->backend->name, "logind") == 0 || strcmp(host->backend->name, "procfs") == 0;
	const char *instance = logoff_host_instance(host);

	assert_int_equal(instance != NULL, known);
	if (!known)
		return;
	assert_ptr_equal(logoff_host_instance(host), instance);
	assert_int_equal(open_host(&other), 0);
	assert_string_equal(logoff_host_instance(other), instance);
	close_host(&other);
}

/* Root may do so on its own machine; a server does not say it. */
static void says_whether_the_caller_has_full_control(void **state)
{
	struct logoff_host *host = *state;
	bool own = strcmp(host->backend->name, "logind") == 0 || strcmp(host->backend->name, "procfs") == 0;
	enum logoff_result result = logoff_host_full_control(host, NULL);

	assert_true(result == LOGOFF_OK || !own || result != LOGOFF_E_UNSUPPORTED);
#ifndef _WIN32
	if (own && geteuid() == 0)
		assert_int_equal(result, LOGOFF_OK);
#endif
	if (strcmp(host->backend->name, "tsts") == 0)
		assert_int_equal(result, LOGOFF_E_UNSUPPORTED);
}

static void waits_until_a_time_and_no_longer(void **state)
{
	struct logoff_host *host = *state;
	uint64_t before_us = host->now_us, until_us = host->now_us + SECOND / 10, start_us = clock_now_us();

	while (host->now_us < until_us) {
		assert_int_equal(host->backend->wait(host, until_us, -1, NULL), 0);
		assert_true(host->now_us >= before_us);
		before_us = host->now_us;
	}
	assert_true(clock_now_us() - start_us < 5 * SECOND);
}

/* A descriptor that is readable; on Windows an event that is set. It stays open until the end. */
static int open_cancelled(void)
{
#ifdef _WIN32
	return (int)(intptr_t)CreateEventW(NULL, TRUE, TRUE, NULL);
#else
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], "x", 1), 1);
	return fds[0];
#endif
}

static void stops_to_wait_when_cancelled(void **state)
{
	struct logoff_host *host = *state;
	uint64_t start_us = clock_now_us();
	int fd = open_cancelled(), r = 0;

	for (int i = 0; i < 1000 && r == 0; i++)	/* an event may come first */
		r = host->backend->wait(host, host->now_us + 60 * SECOND, fd, NULL);
	assert_int_equal(r, -ECANCELED);
	assert_true(clock_now_us() - start_us < 5 * SECOND);
}

/* ---- one session is ended ---- */

static bool is_gone(struct logoff_host *host, struct logoff_session *session)
{
	struct process_list seen = {};
	int r = host->backend->processes(host, session, HOST_SESSION, &seen, NULL);
	bool empty = r == -EOPNOTSUPP || (r >= 0 && seen.n_items == 0);

	process_list_clear(&seen);
	return empty && host_session_exists(session, NULL, NULL) == 0;
}

/* Asks, waits, kills: what is called gone is neither got nor listed any more, and every other session is there. */
static void ends_one_session_and_no_other(void **state)
{
	struct logoff_host *host = *state;
	struct logoff_session *session, *watched[1];
	struct session_list before = {}, after = {};
	struct host_ending ending = { .asked = HOST_PENDING };
	uint64_t start_us = host->now_us;
	bool killed = false;

	if (!*ended_id)
		skip();
	session = find(host, ended_id);
	assert_non_null(session);
	session_fill(session, HOST_TIMES);
	list_all(host, &before);
	watched[0] = session;
	host->watched = watched;
	host->n_watched = 1;
	session->ending = &ending;
	assert_int_equal(host->backend->ask(host, session, HOST_SESSION, false, NULL), 0);
	while (!is_gone(host, session)) {
		assert_true(host->now_us - start_us < 30 * SECOND);
		assert_true(ending.asked != -EACCES);
		if (!killed && host->now_us - start_us > 3 * SECOND) {
			killed = true;
			assert_int_equal(host->backend->kill(host, session, HOST_SESSION, false, NULL), 0);
		}
		assert_int_equal(host->backend->wait(host, host->now_us + SECOND / 20, -1, NULL), 0);
	}
	list_all(host, &after);
	assert_false(is_listed(&after, ended_id));
	for (size_t i = 0; i < before.n_items; i++)
		if (strcmp(before.items[i]->id, ended_id) != 0)
			assert_true(is_listed(&after, before.items[i]->id));
	/* Once more: nobody has its id now, and nobody is to be touched in its place. */
	(void)host->backend->kill(host, session, HOST_SESSION, false, NULL);
	session_list_clear(&after);
	list_all(host, &after);
	for (size_t i = 0; i < before.n_items; i++)
		if (strcmp(before.items[i]->id, ended_id) != 0)
			assert_true(is_listed(&after, before.items[i]->id));
	host->watched = NULL;
	host->n_watched = 0;
	logoff_session_free(session);
	session_list_clear(&before);
	session_list_clear(&after);
}

static int run(const char *kind)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_that_it_knows_no_such_session),
		cmocka_unit_test(gets_what_it_lists),
		cmocka_unit_test(lists_each_session_once),
		cmocka_unit_test(tells_of_the_callers_session_what_the_list_tells),
		cmocka_unit_test(looks_up_each_fact_once),
		cmocka_unit_test(lists_processes_in_order_and_knows_the_caller),
		cmocka_unit_test(says_which_session_a_process_is_in),
		cmocka_unit_test(holds_only_processes_that_are_there),
		cmocka_unit_test(never_denies_a_user_who_is_there),
		cmocka_unit_test(says_what_it_cannot_do),
		cmocka_unit_test(says_which_machine_it_is),
		cmocka_unit_test(says_whether_the_caller_has_full_control),
		cmocka_unit_test(waits_until_a_time_and_no_longer),
		cmocka_unit_test(stops_to_wait_when_cancelled),
		cmocka_unit_test(ends_one_session_and_no_other),
	};

	if (strncmp(kind, "//", 2) == 0)
		server = kind + 2;
	else if (setenv("LOGOFF_HOST", kind, 1) < 0)
		return 1;
	return cmocka_run_group_tests_name(kind, tests, open_host, close_host);
}

static int run_described(void)
{
	char path[] = "/tmp/test-contract-XXXXXX", kind[64];
	int fd = mkstemp(path), r;
	bool written;

	if (fd < 0)
		return 1;
	written = write(fd, described, sizeof(described) - 1) == (ssize_t)sizeof(described) - 1;
	close(fd);	/* Windows lets nobody else open it before */
	snprintf(kind, sizeof(kind), "memory:%s", path);
	ended_id = "5";
	r = written ? run(kind) : 1;
	ended_id = "";
	unlink(path);
	return r;
}

/* The kind that is everywhere, on Linux. */
static int run_procfs(void)
{
	for (size_t i = 0; host_backends[i]; i++)
		if (strcmp(host_backends[i]->name, "procfs") == 0)
			return run("procfs");
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 2)
		ended_id = argv[2];
	return argc > 1 ? run(argv[1]) : run_described() + run_procfs();
}
