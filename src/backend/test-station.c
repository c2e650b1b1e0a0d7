/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-station.c - what the rows of a Windows host say of its sessions; what they do not say is not known.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "backend/station.h"

#define LOGON_US INT64_C(1700000000000000)
#define BOTH (STATION_HAS_DETAILS | STATION_HAS_CLIENT)

static void release(struct logoff_session *session)
{
	(void)session;
}

static const struct host_backend backend = { .release = release };
static struct logoff_host host = { .backend = &backend };

static struct logoff_session *make(const struct station_row *row)
{
	struct logoff_session *session;

	assert_int_equal(session_new(&session, &host), 0);
	assert_int_equal(station_fill(session, row), 0);
	return session;
}

static void reads_ids(void **state)
{
	static const char *const bad[] = { "", "-1", "+1", " 1", "1 ", "1x", "c1", "65536", "4294967297", "99999999999999999999" };
	uint32_t id = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(station_parse_id(bad[i], &id), -ENXIO);
	assert_int_equal(id, 7);
	assert_int_equal(station_parse_id("65535", &id), 0);
	assert_int_equal(id, 65535);
	assert_true(station_is_listener(&(struct station_row){ .id = 65536 }));
	assert_false(station_is_listener(&(struct station_row){ .id = 65535 }));
}

static void ends_texts(void **state)
{
	struct station_row row;

	(void)state;
	memset(&row, 'x', sizeof(row));
	station_end_texts(&row);
	assert_int_equal(strlen(row.name), STATION_TEXT - 1);
	assert_int_equal(strlen(row.address), STATION_TEXT - 1);
}

static void knows_states_and_kinds(void **state)
{
	static const struct {
		struct station_row row;
		enum logoff_state state;
		enum logoff_kind kind;
		const char *protocol;
		bool console;
	} cases[] = {
		{ { .id = 0, .state = 4, .name = "Services" }, LOGOFF_STATE_DISCONNECTED, LOGOFF_KIND_SERVICES, NULL, false },
		{ { .id = 0, .state = 0, .name = "Console", .user = "bob" }, LOGOFF_STATE_ACTIVE, LOGOFF_KIND_SERVICES, NULL, false },
		{ { .id = 1, .state = 1, .name = "CONSOLE" }, LOGOFF_STATE_CONNECTED, LOGOFF_KIND_GREETER, "local", true },
		{ { .id = 1, .state = 0, .name = "console", .user = "bob" }, LOGOFF_STATE_ACTIVE, LOGOFF_KIND_USER, "local", true },
		{ { .id = 2, .state = 0, .name = "rdp-Tcp#2", .user = "bob" }, LOGOFF_STATE_ACTIVE, LOGOFF_KIND_USER, "rdp", false },
		{ { .id = 2, .state = 3, .name = "ICA#2", .user = "bob" }, LOGOFF_STATE_ACTIVE, LOGOFF_KIND_USER, NULL, false },
		{ { .id = 3, .state = 4 }, LOGOFF_STATE_DISCONNECTED, LOGOFF_KIND_BACKGROUND, NULL, false },
		{ { .id = 3, .state = 7, .user = "bob" }, LOGOFF_STATE_CLOSING, LOGOFF_KIND_USER, NULL, false },
		{ { .id = 3, .state = 8, .user = "bob" }, LOGOFF_STATE_CLOSING, LOGOFF_KIND_USER, NULL, false },
		{ { .id = 3, .state = 4711, .user = "bob" }, LOGOFF_STATE_CONNECTED, LOGOFF_KIND_USER, NULL, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct logoff_session *session = make(&cases[i].row);

		assert_int_equal(session->state, cases[i].state);
		assert_int_equal(session->kind, cases[i].kind);
		assert_int_equal(session->console, cases[i].console);
		if (cases[i].protocol)
			assert_string_equal(session->protocol, cases[i].protocol);
		else
			assert_null(session->protocol);
		assert_int_equal(session->uid, (uid_t)-1);
		logoff_session_free(session);
	}
}

/* What a row does not have is asked for later, and is no time and no client until then. */
static void asks_for_what_is_left_out(void **state)
{
	struct station_row row = { .id = 2, .user = "bob", .domain = "EXAMPLE", .client = "LAPTOP", .address = "192.0.2.7",
				   .logon_us = LOGON_US };
	struct logoff_session *session = make(&row);

	(void)state;
	assert_int_equal(session->missing, HOST_TIMES | HOST_CLIENT);
	assert_null(session->client);
	assert_int_equal(session->logon, 0);
	assert_null(session->name);
	assert_string_equal(session->domain, "EXAMPLE");
	logoff_session_free(session);
	row.has = BOTH;
	session = make(&row);
	assert_int_equal(session->missing, HOST_CLOCK);
	assert_string_equal(session->client, "LAPTOP");
	assert_string_equal(session->address, "192.0.2.7");
	assert_true(session->logon_us == LOGON_US);
	logoff_session_free(session);
}

static void measures_times(void **state)
{
	struct station_row row = { .id = 2, .state = 4, .user = "bob", .has = BOTH, .logon_us = LOGON_US, .disconnect_us = LOGON_US + 5 };
	struct logoff_session *session = make(&row);

	(void)state;
	assert_int_equal(session->missing, HOST_CLOCK);
	assert_true(station_input_us(&row) == LOGON_US + 5);
	row.input_us = LOGON_US + 3;
	assert_true(station_input_us(&row) == LOGON_US + 3);
	row = (struct station_row){ .state = 0, .disconnect_us = LOGON_US + 5 };	/* it is connected again */
	assert_true(station_input_us(&row) == 0);

	station_set_ages(session, LOGON_US + 5, LOGON_US + 60);
	assert_true(session->age_us == 60);
	assert_true(session->idle_us == 55);
	station_set_ages(session, LOGON_US + 5, LOGON_US - 60);		/* the clock was set back */
	assert_true(session->age_us == 0);
	station_set_ages(session, 0, LOGON_US + 60);
	assert_true(session->idle_us == -1);
	station_set_ages(session, LOGON_US, 0);
	assert_true(session->age_us == -1);
	assert_true(session->idle_us == -1);

	station_owe_times(session, -EACCES);
	assert_true(session->idle_us == -1);
	station_owe_times(session, -ETIMEDOUT);
	assert_true(session->idle_us == -ETIMEDOUT);
	assert_true(session->age_us == -ETIMEDOUT);
	assert_true(session->logon_us == LOGON_US);
	logoff_session_free(session);
}

static void completes_only_the_same_logon(void **state)
{
	struct station_row to = { .id = 2, .user = "bob" };
	struct station_row from = { .id = 2, .user = "carol", .has = BOTH, .logon_us = LOGON_US, .client = "LAPTOP" };

	(void)state;
	station_complete(&to, &from, STATION_HAS_DETAILS);
	assert_int_equal(to.has, 0);
	assert_true(to.logon_us == 0);
	strcpy(from.user, "BOB");
	station_complete(&to, &from, STATION_HAS_DETAILS);
	assert_int_equal(to.has, STATION_HAS_DETAILS);
	assert_true(to.logon_us == LOGON_US);
	assert_string_equal(to.client, "");
	from.user[0] = '\0';	/* not told: it may be the same */
	station_complete(&to, &from, STATION_HAS_CLIENT);
	assert_int_equal(to.has, BOTH);
	assert_string_equal(to.client, "LAPTOP");
	/* Windows cuts names at 20 characters in some replies. */
	assert_false(station_are_others("a-name-of-20-letters", "a-name-of-20-letters-and-more"));
	assert_true(station_are_others("a-name-of-20-letter", "a-name-of-20-letters"));
}

static void tells_logons_apart(void **state)
{
	struct station_row row = { .id = 2, .user = "bob", .has = BOTH, .logon_us = LOGON_US };
	struct logoff_session *session = make(&row), *now;

	(void)state;
	assert_int_equal(station_check_same(session, NULL), -EAGAIN);
	now = make(&row);
	assert_int_equal(station_check_same(session, now), 0);
	logoff_session_free(now);
	row.logon_us++;
	now = make(&row);
	assert_int_equal(station_check_same(session, now), -ENXIO);
	logoff_session_free(now);
	row.logon_us = 0;
	now = make(&row);
	assert_int_equal(station_check_same(session, now), -EAGAIN);	/* since when, the host does not tell any more */
	row.state = 8;
	logoff_session_free(now);
	now = make(&row);
	assert_int_equal(station_check_same(session, now), 0);
	logoff_session_free(now);
	strcpy(row.user, "carol");
	now = make(&row);
	assert_int_equal(station_check_same(session, now), -ENXIO);
	session->logon = 0;	/* it never was told */
	assert_int_equal(station_check_same(session, NULL), 0);
	assert_int_equal(station_check_same(session, now), -ENXIO);
	logoff_session_free(now);
	logoff_session_free(session);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_ids),
		cmocka_unit_test(ends_texts),
		cmocka_unit_test(knows_states_and_kinds),
		cmocka_unit_test(asks_for_what_is_left_out),
		cmocka_unit_test(measures_times),
		cmocka_unit_test(completes_only_the_same_logon),
		cmocka_unit_test(tells_logons_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
