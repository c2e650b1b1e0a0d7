/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-host.c - what the public calls refuse: sessions of another host, and structs that want more than they know.
 */
#include "core/test-host.h"


/* Two hosts with a session of one id, and one more that only the second has. */
struct two {
	struct logoff_host *one, *other;
	struct logoff_session *own, *same_id, *more;
};

static struct logoff_session *find(struct logoff_host *host, const char *id)
{
	struct logoff_session *session = NULL;

	assert_int_equal(logoff_host_find(host, id, &session, NULL), LOGOFF_OK);
	return session;
}

static int open_two(void **state)
{
	struct two *two = calloc(1, sizeof(*two));

	two->one = open_described("user name=bob uid=1001\nsession id=12 user=bob tty=pts/9\n");
	two->other = open_described("user name=eve uid=1002\nsession id=12 user=eve tty=pts/3\nsession id=13 user=eve tty=pts/4\n");
	two->own = find(two->one, "12");
	two->same_id = find(two->other, "12");
	two->more = find(two->other, "13");
	*state = two;
	return 0;
}

static int close_two(void **state)
{
	struct two *two = *state;

	logoff_session_free(two->own);
	logoff_session_free(two->same_id);
	logoff_session_free(two->more);
	logoff_host_close(two->one);
	logoff_host_close(two->other);
	free(two);
	return 0;
}

static void a_request_takes_no_session_of_another_host(void **state)
{
	struct two *two = *state;
	struct logoff_request *request;

	assert_int_equal(logoff_request_new(&request, two->one), LOGOFF_OK);
	assert_int_equal(logoff_request_add(request, two->more, LOGOFF_WHY_NAMED), LOGOFF_E_INVALID);
	assert_int_equal(logoff_request_add(request, two->own, LOGOFF_WHY_SELECTED), LOGOFF_OK);
	two->own = NULL;
	assert_int_equal(logoff_request_add(request, two->same_id, LOGOFF_WHY_NAMED), LOGOFF_E_INVALID);
	assert_int_equal(logoff_request_count(request), 1);
	assert_string_equal(logoff_session_user(logoff_request_session(request, 0)), "bob");
	assert_string_equal(logoff_session_user(two->same_id), "eve");	/* it is still ours */
	logoff_request_free(request);
}

static void no_message_goes_to_another_host(void **state)
{
	struct two *two = *state;
	struct logoff_message message = { .size = sizeof(message), .text = "hello" };
	struct logoff_session *sessions[] = { two->own, two->more };
	struct logoff_delivery **deliveries = NULL;
	struct logoff_error error = {};

	assert_int_equal(logoff_host_message(two->one, &message, sessions, 2, -1, &deliveries, &error), LOGOFF_E_INVALID);
	assert_null(deliveries);
	assert_string_equal(error.text, "session 13 is not of this host");
}

static void nothing_is_recorded_of_another_host(void **state)
{
	struct two *two = *state;
	struct logoff_record record = { .size = sizeof(record), .action = LOGOFF_ACTION_MESSAGE, .session = two->own };

	assert_int_equal(logoff_host_record(two->one, &record, NULL), LOGOFF_OK);
	record.session = two->same_id;
	assert_int_equal(logoff_host_record(two->one, &record, NULL), LOGOFF_E_INVALID);
}

/* What the session manager does not know is found by a host of its own, which no caller sees. */
static void the_host_beside_is_no_other(void **state)
{
	struct two *two = *state;
	struct logoff_request *request;

	two->one->beside = two->other;
	assert_int_equal(logoff_request_new(&request, two->one), LOGOFF_OK);
	assert_int_equal(logoff_request_add(request, two->more, LOGOFF_WHY_NAMED), LOGOFF_OK);
	two->more = NULL;
	logoff_request_free(request);
	two->one->beside = NULL;
}

/* What every struct of a caller begins with, as a program has it that was built with a later version. */
struct newer {
	union {
		size_t size;
		struct logoff_address address;
		struct logoff_logon logon;
		struct logoff_message message;
		struct logoff_options options;
		struct logoff_record record;
		struct logoff_session_facts facts;
	} known;
	unsigned char more[64];
};

static enum logoff_result open_host(const struct two *two, const struct newer *newer, struct logoff_error *reterr)
{
	struct logoff_host *host;
	enum logoff_result r = logoff_host_open(&host, &newer->known.address, NULL, reterr);

	(void)two;
	if (r == LOGOFF_OK)
		logoff_host_close(host);
	return r;
}

static enum logoff_result log_on(const struct two *two, const struct newer *newer, struct logoff_error *reterr)
{
	struct logoff_host *host;
	enum logoff_result r = logoff_host_open(&host, NULL, &newer->known.logon, reterr);

	(void)two;
	if (r == LOGOFF_OK)
		logoff_host_close(host);
	return r;
}

static enum logoff_result send(const struct two *two, const struct newer *newer, struct logoff_error *reterr)
{
	struct logoff_delivery **deliveries = NULL;
	enum logoff_result r = logoff_host_message(two->one, &newer->known.message, NULL, 0, -1, &deliveries, reterr);

	logoff_delivery_list_free(deliveries);
	return r;
}

static enum logoff_result run(const struct two *two, const struct newer *newer, struct logoff_error *reterr)
{
	struct logoff_request *request;
	enum logoff_result r;

	assert_int_equal(logoff_request_new(&request, two->one), LOGOFF_OK);
	r = logoff_request_run(request, &newer->known.options, reterr);
	logoff_request_free(request);
	return r;
}

static enum logoff_result record(const struct two *two, const struct newer *newer, struct logoff_error *reterr)
{
	struct newer copy = *newer;

	copy.known.record.session = two->own;
	return logoff_host_record(two->one, &copy.known.record, reterr);
}

/* Nothing is written where the struct is refused; else into no log of this machine (test-no-journal.c). */
static enum logoff_result record_far(const struct two *two, const struct newer *newer, struct logoff_error *reterr)
{
	const struct logoff_outcome outcome = { .result = LOGOFF_OK };
	struct logoff_session_facts facts = LOGOFF_SESSION_FACTS_DEFAULT;
	struct logoff_session *session;
	enum logoff_result r;

	(void)two;
	facts.id = "1";
	assert_int_equal(logoff_session_import(&session, &facts), LOGOFF_OK);
	r = logoff_session_record(session, &outcome, &newer->known.options, reterr);
	logoff_session_free(session);
	return r;
}

static enum logoff_result import(const struct two *two, const struct newer *newer, struct logoff_error *reterr)
{
	struct newer copy = *newer;
	struct logoff_session *session;
	enum logoff_result r;

	(void)two;
	(void)reterr;	/* it has none to write */
	copy.known.facts.id = "1";
	r = logoff_session_import(&session, &copy.known.facts);
	if (r == LOGOFF_OK)
		logoff_session_free(session);
	return r;
}

/* A wish that is not understood may be the one that restricts: one is not left out in silence. */
static void what_a_later_program_wants_is_refused(void **state)
{
	static const struct {
		enum logoff_result (*call)(const struct two *two, const struct newer *newer, struct logoff_error *reterr);
		size_t size;
	} calls[] = {
		{ open_host, sizeof(struct logoff_address) }, { log_on, sizeof(struct logoff_logon) },
		{ send, sizeof(struct logoff_message) }, { run, sizeof(struct logoff_options) },
		{ record, sizeof(struct logoff_record) }, { record_far, sizeof(struct logoff_options) },
		{ import, sizeof(struct logoff_session_facts) },
	};
	struct two *two = *state;
	char path[sizeof(DESCRIBED)];

	describe("user name=bob uid=1001\n", path);
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		struct logoff_error error = {};
		struct newer newer = {};
		unsigned char *end = (unsigned char *)&newer + calls[i].size + 16;

		assert_int_equal(calls[i].call(two, &newer, &error), LOGOFF_E_INVALID);	/* it has no size */
		newer.known.size = calls[i].size + 16;
		assert_int_equal(calls[i].call(two, &newer, &error), LOGOFF_OK);
		end[-1] = 1;
		error = (struct logoff_error){};
		assert_int_equal(calls[i].call(two, &newer, &error), LOGOFF_E_INVALID);
		assert_true(*error.text != '\0' || calls[i].call == import);
		newer.known.size--;	/* that byte is not the struct's */
		assert_int_equal(calls[i].call(two, &newer, &error), LOGOFF_OK);
		newer.known.size = SIZE_MAX;	/* nor are those of the next pages */
		assert_int_equal(calls[i].call(two, &newer, &error), LOGOFF_E_INVALID);
	}
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_request_takes_no_session_of_another_host, open_two, close_two),
		cmocka_unit_test_setup_teardown(no_message_goes_to_another_host, open_two, close_two),
		cmocka_unit_test_setup_teardown(nothing_is_recorded_of_another_host, open_two, close_two),
		cmocka_unit_test_setup_teardown(the_host_beside_is_no_other, open_two, close_two),
		cmocka_unit_test_setup_teardown(what_a_later_program_wants_is_refused, open_two, close_two),
	};

	return cmocka_run_group_tests_name("host", tests, NULL, NULL);
}
