/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-memory-share.c - a memory host that two have open: each sees what the other does, at the same time.
 */
#include "backend/memory.h"
#include "backend/table.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char path[64], acts[80];

static void describe(const char *text)
{
	FILE *file;

	snprintf(path, sizeof(path), "/tmp/logoff-share-%d", (int)getpid());
	snprintf(acts, sizeof(acts), "%s.acts", path);
	unlink(acts);
	unlink(path);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static struct logoff_host *open_host(void)
{
	struct logoff_host *host = calloc(1, sizeof(*host));
	struct logoff_error error = {};

	assert_non_null(host);
	host->backend = &host_memory;
	host->kind = host_memory.name;
	if (host_memory.open(host, path, &error) < 0)
		fail_msg("%s", error.text);
	return host;
}

static struct logoff_session *get(struct logoff_host *host, const char *id)
{
	struct logoff_session *session = NULL;

	assert_int_equal(host->backend->get(host, id, &session, NULL), 0);
	return session;
}

static int has(struct logoff_host *host, const char *id)
{
	struct logoff_session *session = NULL;
	int r = host->backend->get(host, id, &session, NULL);

	logoff_session_free(session);
	return r;
}

#define HOST "host shared\ncaller real\nuser name=alice uid=1000\n" \
	"session id=5 user=alice rdp=5 age=60000\nprocess command=x term=200\n" \
	"session id=6 user=alice rdp=6 age=60000\nprocess command=y term=never kill=never\n" \
	"session id=6 user=alice rdp=7 age=1000 follows\n"

/* Opens HOST as two programs do, each of which has looked up session 5. */
static void open_twice(struct logoff_host **one, struct logoff_host **other, struct logoff_session **mine,
		       struct logoff_session **theirs)
{
	if (getuid() != 0)
		skip();
	describe(HOST);
	*one = open_host();
	*other = open_host();
	*mine = get(*one, "5");
	*theirs = get(*other, "5");
}

static void ask(struct logoff_session *session)
{
	static struct host_ending ending;

	ending = (struct host_ending){ .asked = HOST_PENDING };
	session->ending = &ending;
	assert_int_equal(session->host->backend->ask(session->host, session, HOST_SESSION, false, NULL), 0);
}

static void test_what_one_asks_the_other_sees(void **state)
{
	struct logoff_host *one, *other;
	struct logoff_session *mine, *theirs;

	(void)state;
	open_twice(&one, &other, &mine, &theirs);
	assert_int_equal(logoff_session_time_us(mine, LOGOFF_TIME_LOGON), logoff_session_time_us(theirs, LOGOFF_TIME_LOGON));
	logoff_session_free(theirs);
	ask(mine);
	theirs = get(other, "5");
	assert_int_equal(logoff_session_state(theirs), LOGOFF_STATE_CLOSING);
	logoff_session_free(theirs);
	usleep(300000);		/* the process lives for 200 ms more, for both */
	assert_int_equal(has(other, "5"), -ENXIO);
	assert_int_equal(has(one, "5"), -ENXIO);
	logoff_session_free(mine);
	logoff_host_close(one);
	one = open_host();	/* and for who opens it later */
	assert_int_equal(has(one, "5"), -ENXIO);
	assert_int_equal(has(one, "6"), 0);
	logoff_host_close(one);
	logoff_host_close(other);
}

static void test_who_waits_sees_what_others_do(void **state)
{
	struct logoff_host *one, *other;
	struct logoff_session *mine, *theirs;

	(void)state;
	open_twice(&one, &other, &mine, &theirs);
	ask(mine);
	one->watched = &mine;
	one->n_watched = 1;
	assert_int_equal(other->backend->kill(other, theirs, HOST_SESSION, false, NULL), 0);
	for (int i = 0; i < 100 && !mine->ending->removed; i++)
		assert_int_equal(one->backend->wait(one, one->now_us + 50000, -1, NULL), 0);
	assert_true(mine->ending->removed);
	assert_true(one->now_us < 200000);	/* sooner than by itself */
	logoff_session_free(mine);
	logoff_session_free(theirs);
	logoff_host_close(one);
	logoff_host_close(other);
}

/* A session of a test that ends by itself, and what follows it. */
static void test_a_line_of_a_test(void **state)
{
	struct logoff_host *host;
	struct logoff_session *session;
	FILE *file;

	(void)state;
	describe(HOST);
	host = open_host();
	file = fopen(acts, "a");
	assert_non_null(file);
	fprintf(file, "1 %d 0 1 0\n", MEMORY_ACT_END);
	fprintf(file, "1 %d 1 0 0\n", MEMORY_ACT_END);	/* the part is a service manager: none of the sessions */
	fputs("99 0 0 77 0\nnonsense\n5 1", file);		/* none of this host, none, and one that is not whole yet */
	assert_int_equal(fclose(file), 0);
	session = get(host, "6");
	assert_string_equal(session->name, "rdp-tcp#7");
	logoff_session_free(session);
	assert_int_equal(has(host, "5"), 0);
	logoff_host_close(host);
}

static void test_a_description_that_is_replaced(void **state)
{
	struct logoff_host *host;
	struct logoff_session *session;

	(void)state;
	describe(HOST);
	host = open_host();
	session = get(host, "5");
	unlink(path);
	assert_int_equal(has(host, "5"), -EHOSTUNREACH);
	assert_int_equal(host->backend->disconnect(host, session, NULL), -EHOSTUNREACH);
	logoff_session_free(session);
	logoff_host_close(host);
	unlink(acts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_one_asks_the_other_sees),
		cmocka_unit_test(test_who_waits_sees_what_others_do),
		cmocka_unit_test(test_a_line_of_a_test),
		cmocka_unit_test(test_a_description_that_is_replaced),
	};

	return cmocka_run_group_tests_name("memory-share", tests, NULL, NULL);
}
