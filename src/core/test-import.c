/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-import.c - sessions that another program has told of: the getters tell every fact, and nobody can end them from here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "logoff.h"
#include "core/session.h"
#include "core/test-host.h"

static unsigned n_allocations, fails_at;	/* the allocation of this number fails; 0: none */

void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
char *__real_strdup(const char *text);
char *__wrap_strdup(const char *text);

void *__wrap_calloc(size_t n, size_t size)
{
	return ++n_allocations == fails_at ? NULL : __real_calloc(n, size);
}

char *__wrap_strdup(const char *text)
{
	return ++n_allocations == fails_at ? NULL : __real_strdup(text);
}

static const char *const terminals[] = { "pts/3", "pts/4" };

/* One that tells everything. */
static struct logoff_session_facts all_facts(void)
{
	return (struct logoff_session_facts){
		.size = sizeof(struct logoff_session_facts),
		.host = "login03",
		.id = "12",
		.name = "pts/3",
		.user = "alice",
		.domain = "EXAMPLE",
		.protocol = "ssh",
		.display = ":10",
		.address = "192.0.2.7",
		.client = "LAPTOP",
		.terminals = terminals,
		.n_terminals = 2,
		.uid = 1000,
		.state = LOGOFF_STATE_ACTIVE,
		.kind = LOGOFF_KIND_BACKGROUND,
		.current = true,
		.own = true,
		.console = true,
		.registered = true,
		.by_terminal = true,
		.state_unsure = true,
		.own_unsure = true,
		.logon_us = 1741939320000000,
		.age_us = 90000000,
		.idle_us = 61000000,
		.number = 49153,
	};
}

static struct logoff_session *import(struct logoff_session_facts facts)
{
	struct logoff_session *session = NULL;

	assert_int_equal(logoff_session_import(&session, &facts), LOGOFF_OK);
	assert_non_null(session);
	return session;
}

static void every_fact_is_told(void **state)
{
	static const struct {
		enum logoff_detail detail;
		const char *wanted;
	} details[] = {
		{ LOGOFF_DETAIL_PROTOCOL, "ssh" }, { LOGOFF_DETAIL_ADDRESS, "192.0.2.7" }, { LOGOFF_DETAIL_CLIENT, "LAPTOP" },
		{ LOGOFF_DETAIL_TERMINAL, "pts/3" }, { LOGOFF_DETAIL_DISPLAY, ":10" }, { LOGOFF_DETAIL_DOMAIN, "EXAMPLE" },
		{ LOGOFF_DETAIL_HOST, "login03" },
	};
	struct logoff_session *session = import(all_facts());

	(void)state;
	assert_null(session->host);
	assert_string_equal(logoff_session_id(session), "12");
	assert_string_equal(logoff_session_name(session), "pts/3");
	assert_string_equal(logoff_session_user(session), "alice");
	assert_int_equal(logoff_session_uid(session), 1000);
	assert_int_equal(logoff_session_state(session), LOGOFF_STATE_ACTIVE);
	assert_int_equal(logoff_session_kind(session), LOGOFF_KIND_BACKGROUND);
	for (size_t i = 0; i < sizeof(details) / sizeof(details[0]); i++)
		assert_string_equal(logoff_session_detail(session, details[i].detail), details[i].wanted);
	for (int trait = LOGOFF_IS_CURRENT; trait <= LOGOFF_IS_STATE_UNSURE; trait++)
		assert_true(logoff_session_is(session, (enum logoff_trait)trait));
	assert_false(logoff_session_is(session, LOGOFF_IS_OWN_UNSURE));	/* it is */
	assert_string_equal(logoff_session_terminal(session, 0), "pts/3");
	assert_string_equal(logoff_session_terminal(session, 1), "pts/4");
	assert_null(logoff_session_terminal(session, 2));
	assert_int_equal(logoff_session_time_us(session, LOGOFF_TIME_LOGON), 1741939320000000);
	assert_int_equal(logoff_session_time_us(session, LOGOFF_TIME_AGE), 90000000);
	assert_int_equal(logoff_session_time_us(session, LOGOFF_TIME_IDLE), 61000000);
	assert_int_equal(logoff_session_number(session), 49153);
	logoff_session_free(session);
}

static void each_trait_is_its_own(void **state)
{
	static const size_t members[] = {
		[LOGOFF_IS_CURRENT] = offsetof(struct logoff_session_facts, current),
		[LOGOFF_IS_OWN] = offsetof(struct logoff_session_facts, own),
		[LOGOFF_IS_CONSOLE] = offsetof(struct logoff_session_facts, console),
		[LOGOFF_IS_REGISTERED] = offsetof(struct logoff_session_facts, registered),
		[LOGOFF_IS_BY_TERMINAL] = offsetof(struct logoff_session_facts, by_terminal),
		[LOGOFF_IS_STATE_UNSURE] = offsetof(struct logoff_session_facts, state_unsure),
		[LOGOFF_IS_OWN_UNSURE] = offsetof(struct logoff_session_facts, own_unsure),
	};

	(void)state;
	for (int set = LOGOFF_IS_CURRENT; set <= LOGOFF_IS_OWN_UNSURE; set++) {
		struct logoff_session_facts facts = LOGOFF_SESSION_FACTS_DEFAULT;
		struct logoff_session *session;

		facts.id = "1";
		facts.registered = false;
		*(bool *)((char *)&facts + members[set]) = true;
		session = import(facts);
		for (int trait = LOGOFF_IS_CURRENT; trait <= LOGOFF_IS_OWN_UNSURE; trait++)
			assert_int_equal(logoff_session_is(session, (enum logoff_trait)trait),
					 trait == set || (trait == LOGOFF_IS_OWN && set == LOGOFF_IS_CURRENT));
		logoff_session_free(session);
	}
}

/* That the caller is in it is known then. */
static void the_current_session_is_not_unsure(void **state)
{
	struct logoff_session_facts facts = all_facts();
	struct logoff_session *session;

	(void)state;
	facts.own = false;
	session = import(facts);
	assert_true(logoff_session_is(session, LOGOFF_IS_OWN));
	assert_false(logoff_session_is(session, LOGOFF_IS_OWN_UNSURE));
	logoff_session_free(session);
}

static void what_is_not_told_is_not_known(void **state)
{
	struct logoff_session_facts facts = LOGOFF_SESSION_FACTS_DEFAULT;
	struct logoff_session *session;

	(void)state;
	facts.id = "1";
	session = import(facts);
	assert_null(logoff_session_name(session));
	assert_string_equal(logoff_session_user(session), "");
	assert_true(logoff_session_uid(session) == UINT32_MAX);
	for (int detail = LOGOFF_DETAIL_PROTOCOL; detail <= LOGOFF_DETAIL_HOST; detail++)
		assert_null(logoff_session_detail(session, (enum logoff_detail)detail));
	assert_null(logoff_session_terminal(session, 0));
	for (int time = LOGOFF_TIME_LOGON; time <= LOGOFF_TIME_IDLE; time++)
		assert_int_equal(logoff_session_time_us(session, (enum logoff_time)time), -1);
	assert_int_equal(logoff_session_number(session), -1);
	assert_true(logoff_session_is(session, LOGOFF_IS_REGISTERED));
	logoff_session_free(session);
}

/* This machine's clock says nothing of how long ago another machine's logon was. */
static void an_age_is_not_computed(void **state)
{
	struct logoff_session_facts facts = all_facts();
	struct logoff_session *session;

	(void)state;
	facts.age_us = -1;
	session = import(facts);
	assert_int_equal(logoff_session_time_us(session, LOGOFF_TIME_LOGON), 1741939320000000);
	assert_int_equal(logoff_session_time_us(session, LOGOFF_TIME_AGE), -1);
	assert_int_equal(logoff_session_time_us(session, LOGOFF_TIME_IDLE), 61000000);
	logoff_session_free(session);
}

static void the_rules_are_told(void **state)
{
	struct logoff_session_facts facts = all_facts();
	struct logoff_session *session;

	(void)state;
	facts.current = false;
	session = import(facts);
	assert_int_equal(logoff_session_protection(session), LOGOFF_PROTECTION_CONSOLE);
	logoff_session_free(session);
	facts.kind = LOGOFF_KIND_GREETER;
	session = import(facts);
	assert_int_equal(logoff_session_protection(session), LOGOFF_PROTECTION_GREETER);
	logoff_session_free(session);
}

static void only_an_active_session_has_a_name(void **state)
{
	struct logoff_session_facts facts = all_facts();
	struct logoff_session *session;

	(void)state;
	facts.state = LOGOFF_STATE_CLOSING;
	session = import(facts);
	assert_null(logoff_session_name(session));
	logoff_session_free(session);
}

/* A host with a session of the same id, which is not the one that is meant. */
static struct logoff_host *open_host(void)
{
	return open_described("user name=bob uid=1001\nsession id=12 user=bob tty=pts/9\n");
}

static void nothing_is_looked_up(void **state)
{
	const unsigned all = LOGOFF_FACTS_TIMES | LOGOFF_FACTS_IDLE | LOGOFF_FACTS_CLIENT | LOGOFF_FACTS_TERMINALS;
	struct logoff_session_facts facts = LOGOFF_SESSION_FACTS_DEFAULT;
	struct logoff_session *session;

	(void)state;
	facts.id = "12";
	session = import(facts);
	assert_int_equal(logoff_session_fetch(&session, 1, all, NULL), LOGOFF_OK);
	assert_null(logoff_session_terminal(session, 0));
	assert_int_equal(logoff_session_time_us(session, LOGOFF_TIME_IDLE), -1);
	logoff_session_free(session);
}

static void no_request_takes_it(void **state)
{
	struct logoff_host *host = open_host();
	struct logoff_session *session = import(all_facts()), *real;
	struct logoff_request *request;

	(void)state;
	assert_int_equal(logoff_request_new(&request, host), LOGOFF_OK);
	assert_int_equal(logoff_request_add(request, session, LOGOFF_WHY_NAMED), LOGOFF_E_INVALID);
	assert_int_equal(logoff_request_count(request), 0);
	/* Nor does it make a selected session a named one. */
	assert_int_equal(logoff_host_find(host, "12", &real, NULL), LOGOFF_OK);
	assert_int_equal(logoff_request_add(request, real, LOGOFF_WHY_SELECTED), LOGOFF_OK);
	assert_int_equal(logoff_request_add(request, session, LOGOFF_WHY_NAMED), LOGOFF_E_INVALID);
	assert_string_equal(logoff_session_user(session), "alice");	/* it is still ours */
	logoff_session_free(session);
	logoff_request_free(request);
	logoff_host_close(host);
}

static void no_message_goes_to_it(void **state)
{
	struct logoff_message message = { .size = sizeof(message), .text = "hello" };
	struct logoff_host *host = open_host();
	struct logoff_session *sessions[2] = { NULL, import(all_facts()) };
	struct logoff_delivery **deliveries = NULL;
	struct logoff_error error = {};

	(void)state;
	assert_int_equal(logoff_host_find(host, "12", &sessions[0], NULL), LOGOFF_OK);
	assert_int_equal(logoff_host_message(host, &message, sessions, 2, -1, &deliveries, &error), LOGOFF_E_INVALID);
	assert_null(deliveries);
	assert_string_equal(error.text, "session 12 is not of this host");
	logoff_session_free(sessions[0]);
	logoff_session_free(sessions[1]);
	logoff_host_close(host);
}

/* Its session with the same number may be anybody's. */
static void nor_that_of_another_host(void **state)
{
	struct logoff_message message = { .size = sizeof(message), .text = "hello" };
	struct logoff_host *host = open_host(), *other = open_host();
	struct logoff_delivery **deliveries = NULL;
	struct logoff_session *session, *foreign;
	struct logoff_request *request;

	(void)state;
	assert_int_equal(logoff_host_find(host, "12", &session, NULL), LOGOFF_OK);
	assert_int_equal(logoff_host_find(other, "12", &foreign, NULL), LOGOFF_OK);
	assert_int_equal(logoff_host_message(host, &message, &foreign, 1, -1, &deliveries, NULL), LOGOFF_E_INVALID);
	assert_int_equal(logoff_request_new(&request, host), LOGOFF_OK);
	assert_int_equal(logoff_request_add(request, foreign, LOGOFF_WHY_NAMED), LOGOFF_E_INVALID);
	assert_int_equal(logoff_request_add(request, session, LOGOFF_WHY_SELECTED), LOGOFF_OK);
	assert_int_equal(logoff_request_add(request, foreign, LOGOFF_WHY_NAMED), LOGOFF_E_INVALID);
	assert_string_equal(logoff_session_id(foreign), "12");	/* it is still ours */
	logoff_session_free(foreign);
	logoff_request_free(request);
	logoff_host_close(other);
	logoff_host_close(host);
}

static void wrong_facts_are_refused(void **state)
{
	struct logoff_session_facts facts = all_facts();
	struct logoff_session *session = NULL;

	(void)state;
	facts.id = NULL;
	assert_int_equal(logoff_session_import(&session, &facts), LOGOFF_E_INVALID);
	facts = all_facts();
	facts.size = 0;
	assert_int_equal(logoff_session_import(&session, &facts), LOGOFF_E_INVALID);
	assert_null(session);
}

/* A program that was built with more of it: what it sets there and we do not know could be a condition. */
static void a_newer_struct_may_say_nothing_new(void **state)
{
	struct { struct logoff_session_facts facts; bool newer; } theirs;
	struct logoff_session *session = NULL;

	(void)state;
	memset(&theirs, 0, sizeof(theirs));
	theirs.facts = all_facts();
	theirs.facts.size = sizeof(theirs);
	theirs.newer = true;
	assert_int_equal(logoff_session_import(&session, &theirs.facts), LOGOFF_E_INVALID);
	assert_null(session);
	theirs.newer = false;
	assert_int_equal(logoff_session_import(&session, &theirs.facts), LOGOFF_OK);
	logoff_session_free(session);
}

/* A program that was built with less of it: the rest is not known. */
static void an_older_struct_will_do(void **state)
{
	struct logoff_session_facts facts = all_facts();
	struct logoff_session *session;

	(void)state;
	facts.size = offsetof(struct logoff_session_facts, logon_us);
	session = import(facts);
	assert_int_equal(logoff_session_time_us(session, LOGOFF_TIME_LOGON), -1);
	assert_int_equal(logoff_session_time_us(session, LOGOFF_TIME_IDLE), -1);
	assert_int_equal(logoff_session_number(session), -1);
	assert_string_equal(logoff_session_id(session), "12");
	logoff_session_free(session);
}

static void memory_runs_out(void **state)
{
	struct logoff_session_facts facts = all_facts();
	struct logoff_session *session = NULL;
	unsigned n;

	(void)state;
	n_allocations = 0;
	logoff_session_free(import(facts));
	n = n_allocations;
	assert_true(n > 10);
	for (unsigned i = 1; i <= n; i++) {
		n_allocations = 0;
		fails_at = i;
		assert_int_equal(logoff_session_import(&session, &facts), LOGOFF_E_NO_MEMORY);
		assert_null(session);
	}
	fails_at = 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_fact_is_told),
		cmocka_unit_test(each_trait_is_its_own),
		cmocka_unit_test(the_current_session_is_not_unsure),
		cmocka_unit_test(what_is_not_told_is_not_known),
		cmocka_unit_test(an_age_is_not_computed),
		cmocka_unit_test(the_rules_are_told),
		cmocka_unit_test(only_an_active_session_has_a_name),
		cmocka_unit_test(nothing_is_looked_up),
		cmocka_unit_test(no_request_takes_it),
		cmocka_unit_test(no_message_goes_to_it),
		cmocka_unit_test(nor_that_of_another_host),
		cmocka_unit_test(wrong_facts_are_refused),
		cmocka_unit_test(a_newer_struct_may_say_nothing_new),
		cmocka_unit_test(an_older_struct_will_do),
		cmocka_unit_test(memory_runs_out),
	};

	return cmocka_run_group_tests_name("import", tests, NULL, NULL);
}
