/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-far.c - what json.c writes, far.c reads: over every value of every enum nothing is lost. What no json.c would
 * write is refused, and never becomes a session that has ended.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/far.h"
#include "cli/json.h"
#include "cli/report.h"

/* Values of enums beyond their ends, so that new ones are tested too. */
#define BEYOND 64

static const char description[] =
	"user name=\"al\\e\\x7fice\" uid=1000\n"
	"session id=5 user=\"al\\e\\x7fice\" tty=pts/3,pts/4 protocol=ssh address=192.0.2.7 idle=61999 age=90500 "
	"unregistered current\n"
	"session id=c7 user=\"al\\e\\x7fice\" rdp=10 client=\xe9\x9b\xbb\xe8\x85\xa6 state=disconnected own\n"
	"session id=c1 user=\"al\\e\\x7fice\" greeter console\n"
	"session id=9 user=\"al\\e\\x7fice\" background state=closing\n";

static const struct logoff_error denied = { LOGOFF_ERROR_ERRNO, 13, "EACCES", "no" };

/* ---- comparing ---- */

/* Drops the references to both. */
static void assert_same(json_t *got, json_t *wanted)
{
	char *a = json_dumps(got, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
	char *b = json_dumps(wanted, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);

	assert_non_null(a);
	assert_non_null(b);
	assert_string_equal(a, b);
	free(a);
	free(b);
	json_decref(got);
	json_decref(wanted);
}

/* As it comes over a connection: numbers with nine digits. */
static json_t *sent(json_t *json)
{
	char *text = json_dumps(json, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(9) | JSON_ENCODE_ANY);
	json_t *received = text ? json_loads(text, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL) : NULL;

	free(text);
	json_decref(json);
	assert_non_null(received);
	return received;
}

/* JSON with an apostrophe for each quotation mark. */
static json_t *parse(const char *text)
{
	char *copy = strdup(text);
	json_t *json;

	assert_non_null(copy);
	for (char *at = copy; (at = strchr(at, '\''));)
		*at = '"';
	json = json_loads(copy, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	free(copy);
	assert_non_null(json);
	return json;
}

/* ---- sessions ---- */

static struct logoff_session *read_session(const json_t *row)
{
	struct logoff_session *session = NULL;

	assert_int_equal(far_session(row, NULL, "Server1", &session), 0);
	assert_string_equal(logoff_session_detail(session, LOGOFF_DETAIL_HOST), "Server1");
	return session;
}

/* SESSION survives the way. It becomes owned. */
static void assert_session(struct logoff_session *session)
{
	json_t *row = sent(to_json_session(session, "Server1"));
	struct logoff_session *far = read_session(row);

	assert_same(to_json_session(far, "Server1"), row);
	logoff_session_free(far);
	logoff_session_free(session);
}

static void sessions_of_a_host(void **state)
{
	static const char *const ids[] = { "5", "c7", "c1", "9" };
	char path[] = "/tmp/test-far-XXXXXX", variable[64];
	int fd = mkstemp(path);
	struct logoff_session *session;
	struct logoff_host *host;

	(void)state;
	assert_int_equal(write(fd, description, strlen(description)), (ssize_t)strlen(description));
	close(fd);
	snprintf(variable, sizeof(variable), "memory:%s", path);
	setenv("LOGOFF_HOST", variable, 1);
	assert_int_equal(logoff_host_open(&host, NULL, NULL, NULL), 0);
	unlink(path);
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		assert_int_equal(logoff_host_find(host, ids[i], &session, NULL), 0);
		assert_session(session);
	}
	logoff_host_close(host);
}

static struct logoff_session_facts all_facts(void)
{
	static const char *const terminals[] = { "pts/3", "pts/4" };
	struct logoff_session_facts facts = LOGOFF_SESSION_FACTS_DEFAULT;

	facts.id = "12";
	facts.name = "pts/3";
	facts.user = "alice";
	facts.domain = "EXAMPLE";
	facts.protocol = "ssh";
	facts.display = ":10";
	facts.address = "192.0.2.7";
	facts.client = "LAPTOP";
	facts.terminals = terminals;
	facts.n_terminals = 2;
	facts.uid = 4294967294u;
	facts.number = 49153;
	facts.logon_us = 1741939320000000;
	facts.age_us = 90000000;
	facts.idle_us = 61000000;
	return facts;
}

static struct logoff_session *import(const struct logoff_session_facts *facts)
{
	struct logoff_session *session = NULL;

	assert_int_equal(logoff_session_import(&session, facts), LOGOFF_OK);
	return session;
}

static void every_state_and_kind(void **state)
{
	struct logoff_session_facts facts = all_facts();
	int n = 0;

	(void)state;
	for (int s = 0; s < BEYOND; s++)
		for (int k = 0; k < BEYOND; k++) {
			facts.state = (enum logoff_state)s;
			facts.kind = (enum logoff_kind)k;
			if (!json_state(facts.state, LOGOFF_KIND_USER) || !json_word(JSON_KIND, k))
				continue;
			assert_session(import(&facts));
			n++;
		}
	assert_int_equal(n, 16);
}

static void every_flag(void **state)
{
	(void)state;
	for (unsigned bits = 0; bits < 32; bits++) {
		struct logoff_session_facts facts = all_facts();

		facts.current = bits & 1;
		facts.own = bits & 2;
		facts.console = bits & 4;
		facts.registered = bits & 8;
		facts.own_unsure = bits & 16;
		assert_session(import(&facts));
	}
}

static void nothing_but_an_id(void **state)
{
	struct logoff_session_facts facts = LOGOFF_SESSION_FACTS_DEFAULT;

	(void)state;
	facts.id = "c3";
	assert_session(import(&facts));
}

/* By that time a far host tells a logon from others. */
static void the_exact_logon(void **state)
{
	struct logoff_session_facts facts = all_facts();
	struct logoff_session *session = import(&facts), *far;
	json_t *row = to_json_session(session, "Server1"), *logon = json_integer(1741939320123456);

	(void)state;
	assert_int_equal(far_session(row, logon, NULL, &far), 0);
	assert_int_equal(logoff_session_time_us(far, LOGOFF_TIME_LOGON), 1741939320123456);
	assert_null(logoff_session_detail(far, LOGOFF_DETAIL_HOST));
	logoff_session_free(far);
	json_decref(logon);
	logon = json_null();
	assert_int_equal(far_session(row, logon, NULL, &far), 0);
	assert_int_equal(logoff_session_time_us(far, LOGOFF_TIME_LOGON), 1741939320000000);
	logoff_session_free(far);
	logon = json_string("1741939320123456");
	assert_int_equal(far_session(row, logon, NULL, &far), -EBADMSG);
	json_decref(logon);
	json_decref(row);
	logoff_session_free(session);
}

/* ---- causes and deliveries ---- */

static void every_cause(void **state)
{
	int n = 0;

	(void)state;
	for (int domain = 0; domain < BEYOND; domain++) {
		struct logoff_error cause = { (enum logoff_error_domain)domain, -3221225506, "", "no" }, far;
		json_t *json;

		if (!json_word(JSON_DOMAIN, domain))
			continue;
		snprintf(cause.name, sizeof(cause.name), "%s", domain % 2 ? "" : "NT_STATUS_ACCESS_DENIED");
		json = sent(to_json_cause(&cause));
		assert_int_equal(far_cause(json, &far), 0);
		assert_same(to_json_cause(&far), json);
		n++;
	}
	assert_int_equal(n, 9);
}

/* A peer may write more than there is room for. Half a character is none. */
static void long_texts_are_cut(void **state)
{
	char text[400] = "";
	struct logoff_error far;
	json_t *json;

	(void)state;
	for (int i = 0; i < 100; i++)
		strcat(text, "\351\233\273");
	json = json_pack("{s:s, s:s, s:s, s:i}", "domain", "errno", "text", text, "name", text, "number", 5);
	assert_int_equal(far_cause(json, &far), 0);
	assert_int_equal(strlen(far.text), sizeof(far.text) / 3 * 3 - (sizeof(far.text) % 3 ? 0 : 3));
	assert_memory_equal(far.text, text, strlen(far.text));
	assert_int_equal(strlen(far.name) % 3, 0);
	assert_memory_equal(far.name, text, strlen(far.name));
	json_decref(json);
}

static void every_delivery(void **state)
{
	int n = 0;

	(void)state;
	for (int result = LOGOFF_E_FAILED; result <= LOGOFF_OK; result++)
		for (int channel = 0; channel < BEYOND; channel++)
			for (int answer = 0; answer < BEYOND; answer++) {
				struct logoff_delivery delivery = { result, (enum logoff_channel)channel,
								    (enum logoff_answer)answer, {} }, far;
				json_t *json;

				if ((channel > 0 && !json_word(JSON_CHANNEL, channel)) ||
				    (answer > 0 && !json_word(JSON_ANSWER, answer)))
					continue;
				if (result < 0)
					delivery.cause = denied;
				json = sent(to_json_delivery(&delivery));
				assert_int_equal(far_delivery(json, &far), 0);
				assert_int_equal(far.result == LOGOFF_OK, result == LOGOFF_OK);
				assert_same(to_json_delivery(&far), json);
				n++;
			}
	assert_int_equal(n, 18 * 5 * 4);
}

/* ---- events ---- */

static const struct logoff_process processes[] = {
	{ .pid = 4711, .command = "dig" },
	{ .pid = 2147483647, .command = "al\033\177ice" },
};
static const struct logoff_process *const pointers[] = { &processes[0], &processes[1] };

static void assert_event(const struct logoff_event *event)
{
	json_t *json = sent(to_json_event(event, "Server1"));
	struct far_event far;

	assert_string_equal(far_id(json), "12");
	assert_int_equal(far_event(&far, json, event->session), 0);
	assert_int_equal(far.event.type, event->type);
	assert_int_equal(far.event.elapsed_us, event->elapsed_us);
	assert_int_equal(far.event.remaining_us, event->type == LOGOFF_EVENT_WARNED ? event->remaining_us : 0);
	assert_non_null(far.event.desktop);
	assert_non_null(far.event.cause);
	json_incref(json);	/* which has the texts of the event */
	assert_same(to_json_event(&far.event, "Server1"), json);
	far_event_done(&far);
	json_decref(json);
}

static void every_event(void **state)
{
	struct logoff_session_facts facts = all_facts();
	struct logoff_session *session = import(&facts);
	struct logoff_delivery delivery = { LOGOFF_E_DENIED, LOGOFF_CHANNEL_TERMINAL, LOGOFF_ANSWER_NONE,
					    denied };
	int n = 0;

	(void)state;
	for (int type = 0; type < BEYOND; type++) {
		struct logoff_event event = {
			.type = (enum logoff_event_type)type,
			.session = session,
			.elapsed_us = 999123456,
		};

		if (!json_word(JSON_EVENT, type))
			continue;
		if (type == LOGOFF_EVENT_WARNED) {
			event.delivery = &delivery;
			event.remaining_us = 31622400000000;
		}
		if (type == LOGOFF_EVENT_LEAVE_HELD)
			event.held = "";
		assert_event(&event);
		if (type == LOGOFF_EVENT_LEAVE_HELD)
			event.held = "writer: 2 open files";
		event.desktop = "GNOME";
		event.cause = &delivery.cause;
		event.processes = pointers;
		event.n_processes = 2;
		assert_event(&event);
		event.n_processes = 0;
		event.unseen = true;
		assert_event(&event);
		n++;
	}
	assert_int_equal(n, 17);
	logoff_session_free(session);
}

/* ---- results ---- */

/* OUTCOME survives the way. */
static void assert_outcome(const struct logoff_outcome *outcome, struct logoff_session *session, int status)
{
	json_t *row = sent(to_json_result(session, outcome, to_json_session(session, "Server1"), status));
	struct far_outcome far;

	assert_string_equal(far_id(row), "12");
	assert_int_equal(far_outcome(&far, row), 0);
	assert_int_equal(far.exit_status, status);
	assert_int_equal(far.outcome.result == LOGOFF_OK, outcome->result == LOGOFF_OK);
	assert_int_equal(far.outcome.elapsed_us, outcome->elapsed_us);
	assert_true(far.outcome.recorded);
	assert_same(to_json_result(session, &far.outcome, to_json_session(session, "Server1"), status), row);
	far_outcome_done(&far);
	assert_true(far.outcome.result != LOGOFF_OK);
}

static void every_result(void **state)
{
	struct logoff_session_facts facts = all_facts();
	struct logoff_session *session = import(&facts);

	(void)state;
	for (int result = LOGOFF_E_FAILED; result <= LOGOFF_OK; result++)
		for (int exists = LOGOFF_EXISTS_UNKNOWN; exists <= LOGOFF_EXISTS_YES; exists++)
			for (int bits = 0; bits < 8; bits++) {
				struct logoff_outcome outcome = {
					.result = (enum logoff_result)result,
					.elapsed_us = 12345678,
					.forced = bits & 1,
					.warned = bits & 2,
					.unseen = bits & 4,
					.exists = (enum logoff_existence)exists,
					.state = LOGOFF_STATE_CLOSING,
				};

				if (result == LOGOFF_OK && exists != LOGOFF_EXISTS_NO)
					continue;
				if (result < 0)
					outcome.cause = denied;
				assert_outcome(&outcome, session, result < 0 ? EXIT_UNREACHABLE : EXIT_ENDED);
			}
	logoff_session_free(session);
}

/* A status of its own survives, so that the sum of many hosts is right. */
static void a_log_on_that_fails_meanwhile(void **state)
{
	struct logoff_session_facts facts = all_facts();
	struct logoff_session *session = import(&facts);
	struct logoff_outcome outcome = { .result = LOGOFF_E_NOT_ACCEPTED };
	json_t *row = to_json_result(session, &outcome, to_json_session(session, NULL), EXIT_LOGON);
	struct far_outcome far;

	(void)state;
	assert_int_equal(far_outcome(&far, row), 0);
	assert_int_equal(far.outcome.result, LOGOFF_E_NOT_ACCEPTED);
	far_outcome_done(&far);
	json_decref(row);
	logoff_session_free(session);
}

static void every_reason_why_a_process_is_left(void **state)
{
	struct logoff_session_facts facts = all_facts();
	struct logoff_session *session = import(&facts);
	struct logoff_process left[BEYOND + 1] = {};
	const struct logoff_process *all[BEYOND + 1];
	struct logoff_outcome outcome = {
		.result = LOGOFF_E_TIMEOUT,
		.exists = LOGOFF_EXISTS_YES,
		.left = all,
	};

	(void)state;
	for (int stuck = 0; stuck < BEYOND; stuck++) {
		if (stuck > 0 && !json_word(JSON_STUCK, stuck))
			continue;
		left[outcome.n_left] = (struct logoff_process){ 7, "dig", (enum logoff_stuck)stuck, stuck * 7 };
		all[outcome.n_left] = &left[outcome.n_left];
		outcome.n_left++;
	}
	assert_int_equal(outcome.n_left, 7);
	for (int now = LOGOFF_STATE_ACTIVE; now <= LOGOFF_STATE_CONNECTED; now++) {
		outcome.state = (enum logoff_state)now;
		assert_outcome(&outcome, session, EXIT_NOT_ENDED);
	}
	logoff_session_free(session);
}

/* ---- what a peer must not say ---- */

/* A field of JSON gets each wrong value in turn, and is left out. READ tells whether all that is taken. */
static void assert_refused(json_t *json, const char *key, const char *const *wrong, int (*read)(json_t *json))
{
	json_t *right = json_incref(json_object_get(json, key));

	assert_non_null(right);
	for (size_t i = 0; wrong[i]; i++) {
		json_object_set_new(json, key, parse(wrong[i]));
		if (read(json) != -EBADMSG)
			fail_msg("'%s':%s is taken", key, wrong[i]);
	}
	json_object_del(json, key);
	if (read(json) != -EBADMSG)
		fail_msg("it is taken without '%s'", key);
	json_object_set_new(json, key, right);
	assert_int_equal(read(json), 0);
}

#define LIST(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define TEXT "7", "true", "[]", "{}", "'a\\u0000b'"
#define NO_LIST "7", "true", "{}", "'a'"
#define WORD TEXT, "''", "'ENDED'", "'ended '", "'unheard-of'"
#define FLAG "null", "0", "1", "'true'", "[]", "{}"
#define NUMBER "-1", "1.5", "'7'", "true", "[]", "{}", "9223372036854775807"
#define SPAN "null", "-1", "-0.1", "1e300", "'7'", "true", "[]"

static int read_row(json_t *json)
{
	struct logoff_session *session = NULL;
	int r = far_session(json, NULL, NULL, &session);

	assert_true((r == 0) == (session != NULL));
	logoff_session_free(session);
	return r;
}

static void wrong_sessions(void **state)
{
	static const char *const texts[] = { "name", "user", "domain", "protocol", "display", "address", "client" };
	/* Of the first two, null is right only in both. */
	static const char *const flags[] = { "current", "own", "console", "registered" };
	const char *const *numbers = LIST(NUMBER, "65536");
	struct logoff_session_facts facts = all_facts();
	struct logoff_session *session = import(&facts);
	json_t *row = to_json_session(session, NULL);

	(void)state;
	logoff_session_free(session);
	assert_refused(row, "id", LIST(TEXT, "null", "''"), read_row);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_refused(row, texts[i], LIST(TEXT), read_row);
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		assert_refused(row, flags[i], LIST(FLAG), read_row);
	assert_refused(row, "state", LIST(WORD, "null"), read_row);
	assert_refused(row, "kind", LIST(WORD, "null"), read_row);
	assert_refused(row, "uid", LIST(NUMBER, "4294967295"), read_row);
	assert_refused(row, "terminals", LIST(NO_LIST, "null", "[null]", "['pts/1',7]", "['a\\u0000b']"), read_row);
	assert_refused(row, "logon_time",
		       LIST(TEXT, "''", "'2025-03-14T08:02:00'", "'2025-3-14T08:02:00Z'",
			    "' 2025-03-14T08:02:00Z'",
			    "'2025-02-30T08:02:00Z'", "'2025-03-14T08:02:00Zx'", "'1969-12-31T23:59:59Z'",
			    "'-025-03-14T08:02:00Z'"),
		       read_row);
	assert_refused(row, "age_seconds", LIST(NUMBER), read_row);
	assert_refused(row, "idle_seconds", LIST(NUMBER), read_row);
	for (size_t i = 0; numbers[i]; i++) {
		json_object_set_new(row, "number", parse(numbers[i]));
		assert_int_equal(read_row(row), -EBADMSG);
	}
	json_object_del(row, "number");	/* of an older version */
	assert_int_equal(read_row(row), 0);
	json_decref(row);
	row = json_array();
	assert_int_equal(read_row(row), -EBADMSG);
	json_decref(row);
	assert_int_equal(read_row(NULL), -EBADMSG);
}

static int read_cause(json_t *json)
{
	struct logoff_error cause;

	return far_cause(json, &cause);
}

static int read_delivery(json_t *json)
{
	struct logoff_delivery delivery;

	return far_delivery(json, &delivery);
}

static void wrong_causes_and_deliveries(void **state)
{
	static const char text[] = "{'result':'failed','channel':null,'answer':null,'cause':{'domain':'errno',"
				   "'text':'no','name':null,'number':13}}";
	json_t *json = parse(text), *cause = json_object_get(json, "cause");

	(void)state;
	assert_refused(json, "result", LIST(WORD, "null", "'left-out'"), read_delivery);
	assert_refused(json, "channel", LIST(WORD, "'none'"), read_delivery);
	assert_refused(json, "answer", LIST(WORD, "'none'"), read_delivery);
	assert_refused(json, "cause", LIST(TEXT), read_delivery);
	assert_refused(cause, "domain", LIST(WORD, "null", "'none'"), read_cause);
	assert_refused(cause, "text", LIST(TEXT), read_cause);
	assert_refused(cause, "name", LIST(TEXT), read_cause);
	assert_refused(cause, "number", LIST("null", "1.5", "'7'", "true", "[]"), read_cause);
	json_decref(json);
	assert_int_equal(read_delivery(NULL), -EBADMSG);
	assert_int_equal(read_cause(NULL), -EBADMSG);
}

static int read_event(json_t *json)
{
	struct far_event far;
	int r = far_event(&far, json, NULL);

	if (r >= 0)
		far_event_done(&far);
	else
		assert_null(far.processes.items);
	return r;
}

static void wrong_events(void **state)
{
	static const char text[] = "{'event':'kill','elapsed_s':1.5,'remaining_s':null,'processes':[{'pid':7,"
				   "'command':'dig'}],'delivery':null,'desktop':null,'held':null,'cause':null}";
	static const char *const pids[] = { "null", "0", "-7", "7.0", "2147483648", "'7'", NULL };
	static const char *const commands[] = { TEXT, "null", NULL };
	json_t *json = parse(text), *process = json_array_get(json_object_get(json, "processes"), 0);

	(void)state;
	assert_refused(json, "event", LIST(WORD, "null", "'leave-held'", "'warned'"), read_event);
	assert_refused(json, "elapsed_s", LIST(SPAN), read_event);
	assert_refused(json, "desktop", LIST(TEXT), read_event);
	assert_refused(json, "held", LIST(TEXT), read_event);
	assert_refused(json, "cause", LIST(TEXT), read_event);
	assert_refused(json, "processes", LIST(NO_LIST, "[7]", "[null]", "[{}]", "[[]]"), read_event);
	for (size_t i = 0; pids[i]; i++) {
		json_object_set_new(process, "pid", parse(pids[i]));
		assert_int_equal(read_event(json), -EBADMSG);
	}
	json_object_set_new(process, "pid", json_integer(1));
	for (size_t i = 0; commands[i]; i++) {
		json_object_set_new(process, "command", parse(commands[i]));
		assert_int_equal(read_event(json), -EBADMSG);
	}
	json_object_set_new(process, "command", json_string("dig"));
	assert_int_equal(read_event(json), 0);
	json_object_set_new(json, "event", json_string("warned"));
	json_object_set_new(json, "remaining_s", json_integer(60));
	json_object_set_new(json, "delivery",
			    parse("{'result':'delivered','channel':'terminal','answer':null,'cause':null}"));
	assert_refused(json, "remaining_s", LIST(SPAN), read_event);
	assert_refused(json, "delivery", LIST(TEXT, "null"), read_event);
	json_decref(json);
	assert_int_equal(read_event(NULL), -EBADMSG);
}

static int read_outcome(json_t *json)
{
	struct far_outcome far;
	int r = far_outcome(&far, json);

	if (r < 0)
		assert_true(far.outcome.result != LOGOFF_OK && !far.left.items);
	else
		far_outcome_done(&far);
	return r;
}

static const char result_text[] = "{'id':'12','kind':'user','state':'closing','result':'not-ended',"
				  "'exit_status':5,'forced':true,'warned':false,'elapsed_s':60,'session_exists':true,"
				  "'left':[{'pid':7,'command':'dig','stuck':null,'tracer':null}],'cause':null}";

static void wrong_results(void **state)
{
	json_t *json = parse(result_text);

	(void)state;
	assert_refused(json, "result", LIST(WORD, "null", "'ended'", "'would-end'"), read_outcome);
	assert_refused(json, "exit_status", LIST(NUMBER, "null", "9"), read_outcome);
	assert_refused(json, "forced", LIST(FLAG), read_outcome);
	assert_refused(json, "warned", LIST(FLAG), read_outcome);
	assert_refused(json, "elapsed_s", LIST(SPAN), read_outcome);
	assert_refused(json, "session_exists", LIST("0", "1", "'true'", "[]"), read_outcome);
	assert_refused(json, "state", LIST(WORD, "null"), read_outcome);
	assert_refused(json, "kind", LIST(WORD, "null"), read_outcome);
	assert_refused(json, "cause", LIST(TEXT), read_outcome);
	assert_refused(json, "left",
		       LIST(NO_LIST, "[7]", "[{'pid':7,'command':'dig'}]",
			    "[{'pid':7,'command':'dig','stuck':'traced','tracer':-1}]",
			    "[{'pid':7,'command':'dig','stuck':'ended','tracer':null}]"),
		       read_outcome);
	json_decref(json);
	assert_int_equal(read_outcome(NULL), -EBADMSG);
}

/* Only what is gone, with all of its processes, has ended. */
static void nothing_is_left_of_what_has_ended(void **state)
{
	json_t *json = parse(result_text);

	(void)state;
	json_object_set_new(json, "result", json_string("ended"));
	assert_int_equal(read_outcome(json), -EBADMSG);
	json_object_set_new(json, "left", json_array());
	assert_int_equal(read_outcome(json), -EBADMSG);
	json_object_set_new(json, "session_exists", json_null());
	assert_int_equal(read_outcome(json), -EBADMSG);
	json_object_set_new(json, "session_exists", json_false());
	assert_int_equal(read_outcome(json), 0);
	json_object_set_new(json, "left", json_null());
	assert_int_equal(read_outcome(json), 0);
	json_decref(json);
}

static int read_failure(json_t *json)
{
	struct far_failure failure;

	return far_failure(&failure, json);
}

static void failures(void **state)
{
	json_t *json = parse("{'host':'a','kind':'no-session','object':'12','cause':{'domain':'errno',"
			     "'text':'no','name':'ENXIO','number':6},'exit_status':2}");
	struct far_failure failure;

	(void)state;
	assert_int_equal(far_failure(&failure, json), 0);
	assert_string_equal(failure.kind, "no-session");
	assert_string_equal(failure.object, "12");
	assert_int_equal(failure.cause.number, 6);
	assert_int_equal(failure.exit_status, EXIT_NO_SESSION);
	assert_refused(json, "kind", LIST(TEXT, "null", "''", "'No'", "'no session'", "'a\\nb'",
					  "'abcdefghijklmnopqrstuvwxyzabcdefghijklmno'"), read_failure);
	assert_refused(json, "object", LIST(TEXT), read_failure);
	assert_refused(json, "cause", LIST(TEXT), read_failure);
	assert_refused(json, "exit_status", LIST(NUMBER, "null", "9"), read_failure);
	json_decref(json);
	assert_int_equal(read_failure(NULL), -EBADMSG);
}

static void ids(void **state)
{
	static const struct { const char *text, *wanted; } rows[] = {
		{ "{'id':'12'}", "12" }, { "{'session_id':'c3','name':'12'}", "c3" }, { "{'id':12}", NULL },
		{ "{'id':'1\\u00002'}", NULL }, { "{}", NULL }, { "[]", NULL }, { "null", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		json_t *json = parse(rows[i].text);

		if (rows[i].wanted)
			assert_string_equal(far_id(json), rows[i].wanted);
		else
			assert_null(far_id(json));
		json_decref(json);
	}
	assert_null(far_id(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sessions_of_a_host),
		cmocka_unit_test(every_state_and_kind),
		cmocka_unit_test(every_flag),
		cmocka_unit_test(nothing_but_an_id),
		cmocka_unit_test(the_exact_logon),
		cmocka_unit_test(every_cause),
		cmocka_unit_test(long_texts_are_cut),
		cmocka_unit_test(every_delivery),
		cmocka_unit_test(every_event),
		cmocka_unit_test(every_result),
		cmocka_unit_test(a_log_on_that_fails_meanwhile),
		cmocka_unit_test(every_reason_why_a_process_is_left),
		cmocka_unit_test(wrong_sessions),
		cmocka_unit_test(wrong_causes_and_deliveries),
		cmocka_unit_test(wrong_events),
		cmocka_unit_test(wrong_results),
		cmocka_unit_test(nothing_is_left_of_what_has_ended),
		cmocka_unit_test(failures),
		cmocka_unit_test(ids),
	};

	return cmocka_run_group_tests_name("far", tests, NULL, NULL);
}
