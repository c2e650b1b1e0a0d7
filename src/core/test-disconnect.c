/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-disconnect.c - clients of sessions of memory hosts are disconnected: what is proved, and what is said where it is not.
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
#include "core/test-host.h"

#define PEOPLE "caller uid=0\nuser name=alice uid=1000\nuser name=bob uid=1001\n"

/*
 * Disconnects session 5 of the host described by TEXT, whose back end is BACKEND if that is not NULL. *ret_ms is how long it took, and
 * *ret_state what the session was doing then. Returns the result.
 */
static int disconnect_with(const char *text, const struct host_backend *backend, uint64_t *ret_ms, enum logoff_state *ret_state,
			   struct logoff_error *reterr)
{
	struct logoff_host *host = open_described(text);
	uint64_t start_us = host->now_us;
	struct logoff_session *session;
	int r;

	assert_int_equal(logoff_host_find(host, "5", &session, NULL), LOGOFF_OK);
	if (backend)
		host->backend = backend;
	r = logoff_session_disconnect(session, reterr);
	*ret_ms = (host->now_us - start_us) / 1000;
	if (ret_state && host_session_exists(session, ret_state, NULL) <= 0)
		*ret_state = LOGOFF_STATE_CLOSING;
	logoff_session_free(session);
	host->backend = &host_memory;
	logoff_host_close(host);
	return r;
}

static int disconnect(const char *text, const struct host_backend *backend, uint64_t *ret_ms, enum logoff_state *ret_state)
{
	return disconnect_with(text, backend, ret_ms, ret_state, NULL);
}

/* The host says yes, and nothing happens. */
static int do_nothing(struct logoff_host *host, struct logoff_session *session, struct logoff_error *reterr)
{
	(void)host;
	(void)session;
	(void)reterr;
	return 0;
}

static struct host_backend without_effect(void)
{
	struct host_backend backend = host_memory;

	backend.disconnect = do_nothing;
	return backend;
}

static void test_goes_on_without_its_client(void **state)
{
	enum logoff_state now;
	uint64_t ms;

	(void)state;
	assert_int_equal(disconnect(PEOPLE "session id=5 user=alice rdp=10\nprocess command=x\n", NULL, &ms, &now), LOGOFF_OK);
	assert_int_equal(now, LOGOFF_STATE_DISCONNECTED);
	assert_int_equal(ms, 0);
}

static void test_no_client_is_no_failure(void **state)
{
	uint64_t ms;

	(void)state;
	assert_int_equal(disconnect(PEOPLE "session id=5 user=alice rdp=10 state=disconnected\n", NULL, &ms, NULL), LOGOFF_OK);
}

static void test_others_are_refused(void **state)
{
	enum logoff_state now;
	uint64_t ms;

	(void)state;
	assert_int_equal(disconnect(PEOPLE "session id=5 user=alice tty=pts/3\n", NULL, &ms, &now), LOGOFF_E_UNSUPPORTED);
	assert_int_equal(now, LOGOFF_STATE_ACTIVE);
	assert_int_equal(disconnect("caller uid=1001\nuser name=alice uid=1000\nsession id=5 user=alice rdp=10\n", NULL, &ms, &now),
			 LOGOFF_E_DENIED);
	assert_int_equal(now, LOGOFF_STATE_ACTIVE);
}

/* The word of the host is no proof. */
static void test_still_connected(void **state)
{
	struct host_backend backend = without_effect();
	uint64_t ms;

	(void)state;
	assert_int_equal(disconnect(PEOPLE "session id=5 user=alice rdp=10\n", &backend, &ms, NULL), LOGOFF_E_TIMEOUT);
	assert_in_range(ms, 10000, 11000);
	assert_int_equal(disconnect(PEOPLE "session id=5 user=alice rdp=10 disconnects=3000\n", &backend, &ms, NULL), LOGOFF_OK);
	assert_in_range(ms, 3000, 3500);
}

/* The host has been asked, and has not said what became of that. */
static int say_nothing(struct logoff_host *host, struct logoff_session *session, struct logoff_error *reterr)
{
	(void)host;
	(void)session;
	return error_set_errno(reterr, -EAGAIN, -ETIMEDOUT, "no answer");
}

/* It may have been done or not: the library looks, and that a client is there still proves nothing. */
static void test_asked_without_an_answer(void **state)
{
	struct host_backend backend = host_memory;
	struct logoff_error cause = {};
	uint64_t ms;

	(void)state;
	backend.disconnect = say_nothing;
	assert_int_equal(disconnect_with(PEOPLE "session id=5 user=alice rdp=10 disconnects=3000\n", &backend, &ms, NULL, &cause), LOGOFF_OK);
	assert_in_range(ms, 3000, 3500);
	assert_int_equal(disconnect_with(PEOPLE "session id=5 user=alice rdp=10\n", &backend, &ms, NULL, &cause), LOGOFF_E_UNREACHABLE);
	assert_string_equal(cause.text, "no answer");
	assert_in_range(ms, 10000, 11000);
	assert_int_equal(disconnect_with(PEOPLE "session id=5 user=alice rdp=10 leaves=1000\n", &backend, &ms, NULL, &cause),
			 LOGOFF_E_NO_SESSION);
}

static void test_ends_meanwhile(void **state)
{
	struct host_backend backend = without_effect();
	uint64_t ms;

	(void)state;
	assert_int_equal(disconnect(PEOPLE "session id=5 user=alice rdp=10 leaves=1000\n", &backend, &ms, NULL), LOGOFF_E_NO_SESSION);
	assert_int_equal(disconnect(PEOPLE "session id=5 user=alice rdp=10 leaves=1000\nsession id=5 user=bob rdp=11 follows\n",
				    &backend, &ms, NULL),
			 LOGOFF_E_CHANGED);
}

/* Where nobody can tell whether it has a client it is disconnected all the same, as it was named, and that is not said to be proved. */
static void test_unknown(void **state)
{
	uint64_t ms;

	(void)state;
	assert_int_equal(disconnect(PEOPLE "session id=5 user=alice rdp=10 unsure\n", NULL, &ms, NULL), LOGOFF_E_UNREACHABLE);
	assert_in_range(ms, 10000, 11000);
}

static void test_imported(void **state)
{
	struct logoff_session_facts facts = LOGOFF_SESSION_FACTS_DEFAULT;
	struct logoff_session *session;

	(void)state;
	facts.id = "5";
	assert_int_equal(logoff_session_import(&session, &facts), LOGOFF_OK);
	assert_int_equal(logoff_session_disconnect(session, NULL), LOGOFF_E_INVALID);
	logoff_session_free(session);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_goes_on_without_its_client),
		cmocka_unit_test(test_no_client_is_no_failure),
		cmocka_unit_test(test_others_are_refused),
		cmocka_unit_test(test_still_connected),
		cmocka_unit_test(test_asked_without_an_answer),
		cmocka_unit_test(test_ends_meanwhile),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_imported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
