/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-run.h - one run of the procedure upon a memory host, and its transcript; for test-logoff.c, test-waits.c and test-warning.c.
 *
 * A run is written down as a transcript: a line for each event and each result, times in tenths of a second of the
 * virtual clock (finer ones belong to the procedure's own tuning; where they matter a test of its own asserts them).
 * Besides what a case expects, the judge of test-truth.h must agree with every run. Events: "ask 3" with the number of
 * processes. Results: "= ok", or "= NAME", whether the session exists (+, -, ?), and the commands left.
 */
#ifndef CORE_TEST_RUN_H
#define CORE_TEST_RUN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backend/table.h"
#include "base/os.h"
#include "core/test-truth.h"
#include "base/test-port.h"	/* last: <windows.h> takes words for itself */

/* Not every test needs every one of these. */
#pragma GCC diagnostic ignored "-Wunused-function"

#define N_ELEMENTS(array) (sizeof(array) / sizeof((array)[0]))

#define ROOT "caller uid=0\n"
#define ALICE "user name=alice uid=1000\n"
#define MANAGED(keys) "user name=alice uid=1000 manager " keys "\nprocess command=systemd term=20\n"

/* ---- one run ---- */

struct run {
	const char *text;     /* the host */
	const char *sessions; /* designators, separated by blanks; "": the caller's own */
	uint64_t grace_ms, wait_ms;
	bool console;
	bool no_desktop;
	int agree;     /* to prove one's identity: 1 yes, -1 no, 0 cannot be asked */
	int cancel_at; /* the event upon which the user cancels, from 1; -1: before it runs; 0: never */
	uint64_t warn_ms;	 /* 0: nobody is warned */
	uint64_t think_ms;	 /* so long after the look-up it is run, as if a question had been asked */
	bool named;		 /* each session was named; else a condition has selected it */
	bool follow;		 /* after the cancellation those asked are followed; cancelled once more by hand */
	bool cancel_in_proof;	 /* the user cancels while they prove who they are */
	int cancel_again_at;	 /* the event upon which the user cancels once more */
	const char *not_meant;	 /* the session of this id does not fulfil the condition any more */
	uint64_t not_meant_from_ms; /* ... from then on */
	const char *unsure;	 /* of the session of this id that cannot be told ... */
	int n_unsure;		 /* ... so many times */
	const struct host_backend *backend; /* the memory host's, with some functions of the test's; NULL: as it is */

	/* What became of it. */
	char transcript[4096];
	int r;		  /* of the first step that failed */
	uint64_t last_us; /* time of the last event */
	uint64_t end_us;  /* of the whole run */
	int n_events;
	int n_countdowns, n_results, n_forced;
	int n_calls_off;	/* how often it was told that all is called off */
	int n_still;		/* how often it was asked about a condition */
	int n_unrecorded;
	struct logoff_error cause; /* of the last failure */
	int64_t still_idle_us;	/* of the session that was asked about last */
	int cancel_fd;
	struct truth truth;
};

static void __attribute__((format(OS_PRINTF, 2, 3))) note(struct run *run, const char *format, ...)
{
	size_t length = strlen(run->transcript);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(run->transcript + length, sizeof(run->transcript) - length, format, arguments);
	va_end(arguments);
}

static const char *event_word(enum logoff_event_type type)
{
	switch (type) {
	case LOGOFF_EVENT_WARNED:
		return "warned";
	case LOGOFF_EVENT_COUNTDOWN:
		return "countdown";
	case LOGOFF_EVENT_RESULT:
		return "result";
	case LOGOFF_EVENT_LEAVE_ASK:
		return "leave";
	case LOGOFF_EVENT_LEAVE_HELD:
		return "held";
	case LOGOFF_EVENT_LEAVE_DONE:
		return "left";
	case LOGOFF_EVENT_LEAVE_FAILED:
		return "not-left";
	case LOGOFF_EVENT_ASK:
		return "ask";
	case LOGOFF_EVENT_KILL:
		return "kill";
	case LOGOFF_EVENT_GONE:
		return "gone";
	case LOGOFF_EVENT_DESKTOP_ASK:
		return "desktop-ask";
	case LOGOFF_EVENT_DESKTOP_KILL:
		return "desktop-kill";
	case LOGOFF_EVENT_DESKTOP_GONE:
		return "desktop-gone";
	case LOGOFF_EVENT_MANAGER_ASK:
		return "manager-ask";
	case LOGOFF_EVENT_MANAGER_KILL:
		return "manager-kill";
	case LOGOFF_EVENT_MANAGER_GONE:
		return "manager-gone";
	case LOGOFF_EVENT_MANAGER_LINGERS:
		return "manager-lingers";
	case LOGOFF_EVENT_MANAGER_NEEDED:
		return "manager-needed";
	case LOGOFF_EVENT_ALONE:
		return "alone";
	case LOGOFF_EVENT_FOLLOWED:
		return "followed";
	}
	return "?";
}

static bool has_processes(enum logoff_event_type type)
{
	return type == LOGOFF_EVENT_ASK || type == LOGOFF_EVENT_KILL || type == LOGOFF_EVENT_MANAGER_ASK ||
	       type == LOGOFF_EVENT_MANAGER_KILL;
}

static void hear(const struct logoff_event *event, void *userdata)
{
	struct run *run = userdata;
	bool warned = event->type == LOGOFF_EVENT_WARNED;
	/* A warning comes before the start of the session's log-off. */
	uint64_t tenths = (warned ? run->truth.host->now_us : event->elapsed_us) / 100000;

	truth_hear(event, &run->truth);
	run->n_countdowns += event->type == LOGOFF_EVENT_COUNTDOWN;
	run->n_results += event->type == LOGOFF_EVENT_RESULT;
	if (event->type == LOGOFF_EVENT_COUNTDOWN || event->type == LOGOFF_EVENT_RESULT)
		return;
	if (event->type == LOGOFF_EVENT_FOLLOWED) {
		note(run, "followed\n");
		if (run->follow && !test_event_reset(run->cancel_fd))
			run->r = -EIO;
		return;
	}
	run->last_us = event->elapsed_us;
	note(run, "%d.%d %s %s", (int)(tenths / 10), (int)(tenths % 10), logoff_session_id(event->session),
	     event_word(event->type));
	if (has_processes(event->type))
		note(run, " %zu", event->n_processes);
	if (warned)
		note(run, " %d%s", (int)(event->remaining_us / 1000000), event->delivery->result < 0 ? " in vain" : "");
	note(run, "\n");
	run->n_events++;
	if ((run->n_events == run->cancel_at || run->n_events == run->cancel_again_at) &&
	    !test_event_set(run->cancel_fd))
		run->r = -EIO;
}

static int authorize(void *userdata)
{
	struct run *run = userdata;

	if (run->cancel_in_proof && !test_event_set(run->cancel_fd))
		run->r = -EIO;
	return run->agree > 0 ? 0 : -1;
}

static void compose(int64_t remaining_us, char *text, size_t size, void *userdata)
{
	struct run *run = userdata;

	run->n_calls_off += remaining_us < 0;
	snprintf(text, size, "in %lld s", (long long)(remaining_us / 1000000));
}

static int still(struct logoff_session *session, void *userdata)
{
	struct run *run = userdata;

	run->n_still++;
	run->still_idle_us = logoff_session_time_us(session, LOGOFF_TIME_IDLE);
	if (run->unsure && strcmp(logoff_session_id(session), run->unsure) == 0 && run->n_unsure-- > 0)
		return LOGOFF_E_AGAIN;
	return run->not_meant && run->truth.host->now_us >= run->not_meant_from_ms * 1000 &&
	       strcmp(logoff_session_id(session), run->not_meant) == 0;
}

static const char *result_word(int result)
{
	static const struct {
		int result;
		const char *word;
	} words[] = {
		{ 0, "ok" },
		{ -EACCES, "EACCES" },
		{ -EPERM, "EPERM" },
		{ -ETIMEDOUT, "ETIMEDOUT" },
		{ -EPROTO, "EPROTO" },
		{ -ECANCELED, "ECANCELED" },
		{ -EHOSTUNREACH, "EHOSTUNREACH" },
		{ -EIO, "EIO" },
		{ -ENOMEM, "ENOMEM" },
		{ -ESTALE, "ESTALE" },
	};

	for (size_t i = 0; i < N_ELEMENTS(words); i++)
		if (words[i].result == result)
			return words[i].word;
	return "another";
}

static void note_result(struct run *run, const struct logoff_request *request, size_t i)
{
	const struct logoff_outcome *outcome = logoff_request_outcome(request, i);
	int result = request->jobs[i].result;

	if (result < 0)
		run->cause = outcome->cause;
	run->n_forced += outcome->forced;
	run->n_unrecorded += !outcome->recorded;
	note(run, "%s = %s", logoff_session_id(logoff_request_session(request, i)), result_word(result));
	if (result < 0)
		note(run, " %c", outcome->exists > 0 ? '+' : outcome->exists == 0 ? '-' : '?');
	for (size_t j = 0; j < outcome->n_left; j++)
		note(run, " %s", outcome->left[j]->command);
	note(run, "\n");
}

static int open_host(const char *text, struct logoff_host **ret_host)
{
	struct logoff_host *host = calloc(1, sizeof(*host));
	struct memory_world *world;
	int r;

	if (!host)
		return -ENOMEM;
	host->backend = &host_memory;
	host->kind = host_memory.name;
	r = memory_parse(&world, text, strlen(text), NULL);
	if (r == 0 && (r = memory_attach(host, world)) < 0 && host->data != world)
		memory_world_free(world);
	if (r < 0)
		logoff_host_close(host);
	else
		*ret_host = host;
	return r;
}

static int add(struct logoff_request *request, struct logoff_host *host, const char *designator, enum logoff_why why)
{
	struct logoff_session *session;
	int r = host_find(host, designator, &session, NULL);

	if (r < 0)
		return r;
	r = logoff_request_add(request, session, why);
	if (r < 0)
		logoff_session_free(session);
	return r;
}

static int add_all(struct run *run, struct logoff_request *request, struct logoff_host *host)
{
	enum logoff_why why = run->named ? LOGOFF_WHY_NAMED : LOGOFF_WHY_SELECTED;
	char designators[256], *word;
	int r = 0;

	if (!*run->sessions)
		return add(request, host, NULL, why);
	snprintf(designators, sizeof(designators), "%s", run->sessions);
	for (word = strtok(designators, " "); r == 0 && word; word = strtok(NULL, " "))
		r = add(request, host, word, why);
	return r;
}

static void run_request(struct run *run, struct logoff_request *request)
{
	const struct logoff_options options = {
		.size = sizeof(options),
		.grace_ms = run->grace_ms,
		.wait_ms = run->wait_ms,
		.no_desktop = run->no_desktop,
		.console = run->console,
		.cancel_fd = run->cancel_fd,
		.warning_ms = run->warn_ms,
		.compose = compose,
		.compose_data = run,
		.still = still,
		.still_data = run,
		.event = hear,
		.event_data = run,
		.authorize = run->agree ? authorize : NULL,
		.authorize_data = run,
	};

	run->r = logoff_request_run(request, &options, NULL);
	if (run->r < 0)
		return;
	for (size_t i = 0; i < logoff_request_count(request); i++)
		note_result(run, request, i);
	run->end_us = run->truth.host->now_us;
	truth_require(&run->truth, run->n_results == (int)logoff_request_count(request),
		      "a result is told once for each session");
	(void)truth_judge(&run->truth, request);
}

static void run_on_host(struct run *run, struct logoff_host *host)
{
	struct logoff_request *request;

	run->truth.host = host;
	run->truth.grace_us = run->grace_ms * 1000;
	run->truth.wait_us = run->wait_ms * 1000;
	run->truth.console = run->console;
	run->r = logoff_request_new(&request, host);
	if (run->r < 0)
		return;
	run->r = add_all(run, request, host);
	while (run->r == 0 && host->now_us < run->think_ms * 1000)
		run->r = host->backend->wait(host, run->think_ms * 1000, -1, NULL);
	if (run->r == 0)
		run_request(run, request);
	logoff_request_free(request);
}

static void run_it(struct run *run)
{
	struct logoff_host *host;

	if (run->grace_ms == 0 && run->wait_ms == 0) {
		run->grace_ms = 10000;
		run->wait_ms = 60000;
	}
	run->cancel_fd = test_event_open();
	assert_true(run->cancel_fd >= 0);
	assert_true(run->cancel_at >= 0 || test_event_set(run->cancel_fd));
	run->r = open_host(run->text, &host);
	if (run->r == 0) {
		if (run->backend)
			host->backend = run->backend;
		run_on_host(run, host);
		logoff_host_close(host);
	}
	test_event_close(run->cancel_fd);
}

static void run_true(struct run *run)
{
	run_it(run);
	if (run->truth.lie)
		fail_msg("not true: %s\n%s\n%s", run->truth.lie, run->text, run->transcript);
}

static void expect(struct run run, const char *transcript)
{
	run_true(&run);
	if (run.r < 0)
		fail_msg("the run failed: %s\n%s", strerror(-run.r), run.text);
	if (strcmp(run.transcript, transcript) != 0)
		fail_msg("host:\n%sgot:\n%sinstead of:\n%s", run.text, run.transcript, transcript);
}

static void expect_text(const char *text, const char *sessions, const char *transcript)
{
	expect((struct run){ .text = text, .sessions = sessions }, transcript);
}

#endif
