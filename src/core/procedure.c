/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * procedure.c - the one procedure: rules, warn, look again, ask, wait, kill, verify; for many sessions side by side, on any kind
 * of host. job.c has the steps of one session.
 *
 * If users are to be warned, that comes first, for all together (run_warning()).
 *
 * After every wait the sessions may have changed. So before a session is asked to end, or asked once more, the procedure looks it
 * up again: is it the same logon still, and does the condition that selected it still hold? The same with the question whether
 * anybody needs a service manager. What the host cannot tell is asked again, and never ends anything.
 *
 * The caller's own sessions come after all others.
 */
#include <errno.h>

#include "base/error.h"
#include "base/os.h"
#include "core/job.h"
#include "core/meaning.h"
#include "core/result.h"
#include "core/warning.h"

#define SECOND UINT64_C(1000000)

/* Unanswered questions a host gets at once. Beyond a few hundred logind's bus answers with errors. */
#define MAX_ASKING 64

/*
 * A session that has waited for its turn may have been looked up so long ago: a host needs some seconds to end a thousand sessions,
 * and to look again and again at those that are left would take its time.
 */
#define TURN_US (SECOND * 6 / 10)

/* So many sessions are looked up by one list of all; one that is not in the list is looked up by itself. */
#define LIST_FROM 8

/* ---- looking again ---- */

/* NOW (NULL: the same) is the session as it was looked up last. */
static void replace(struct logoff_request *request, struct job *job, struct logoff_session *now)
{
	struct logoff_host *host = job->session->host;

	job->session->looked_us = request->host->now_us;
	if (!now)
		return;
	for (size_t i = 0; i < host->n_watched; i++)
		if (host->watched[i] == job->session)
			host->watched[i] = now;
	logoff_session_free(job->session);
	job->session = now;
	job->ending = (struct host_ending){};
	now->ending = &job->ending;
	session_fill(now, HOST_TERMINALS);
}

/*
 * Acts upon what a look at a session has shown that has not been asked yet. One about which nothing is known is looked at once
 * more: a host that restarts may give its id to another logon, and would be asked to end that one.
 */
static void settle(struct logoff_request *request, struct job *job, enum meaning meaning, struct logoff_session *now,
		   const struct logoff_error *cause)
{
	uint64_t now_us = request->host->now_us;

	job->step = STEP_NEW;
	job->retry_us = 0;
	job->cause = (struct logoff_error){};
	switch (meaning) {
	case MEANING_SAME:
	case MEANING_CHANGED:
		replace(request, job, now);
		if (meaning == MEANING_CHANGED)
			job_spare(request, job);
		return;
	case MEANING_OTHER:
		job_end_by_itself(request, job);
		break;
	case MEANING_UNKNOWN:
		job->session->looked_us = now_us;
		if (session_check_rules(job->session, request->how.console, NULL) < 0)	/* that is known: it is refused */
			break;
		job_begin(request, job);
		job->step = STEP_LOOKING;
		job->retry_us = now_us + JOB_RETRY_US;
		job->cause = *cause;
		break;
	}
	logoff_session_free(now);
}

/* Whether a session that was not asked yet has to be looked at now: after JOB_MOMENT_US, or because it could not be before. */
static bool is_due(const struct logoff_request *request, const struct job *job, uint64_t moment_us)
{
	uint64_t now = request->host->now_us, looked = job->session->looked_us;

	if (job->step == STEP_LOOKING)
		return now >= job->retry_us;
	return job->step == STEP_NEW && (now > looked ? now - looked : 0) >= moment_us;
}

/* Looks at all sessions for which it is time. A host that does not answer for one is not asked for the others now. */
static void look_at_due(struct logoff_request *request, uint64_t moment_us)
{
	struct logoff_host *host = request->host;
	struct session_list list = {};
	struct logoff_error cause = {};
	size_t n = request->n_jobs, first = request->turn, n_due = 0;
	bool silent = false;

	for (size_t i = 0; i < n; i++)
		n_due += is_due(request, &request->jobs[i], moment_us);
	if (n_due == 0)
		return;
	if (n_due >= LIST_FROM && host->backend->list(host, NULL, &list, NULL) < 0)
		session_list_clear(&list);	/* each is asked for by itself */
	for (size_t i = 0; i < n; i++) {
		struct job *job = &request->jobs[(first + i) % n];
		enum meaning meaning = MEANING_UNKNOWN;
		struct logoff_session *now = NULL;

		if (!is_due(request, job, moment_us))
			continue;
		if (!silent) {
			cause = (struct logoff_error){};
			meaning = look_up(request, job, &list, &now, &silent, &cause);
			request->turn = (first + i + 1) % n;
		}
		settle(request, job, meaning, now, &cause);
	}
	session_list_clear(&list);
	warn_call_off(request);
}

/* ---- warning ---- */

static bool any_new(const struct logoff_request *request)
{
	for (size_t i = 0; i < request->n_jobs; i++)
		if (request->jobs[i].step == STEP_NEW)
			return true;
	return false;
}

/* Refuses what the rules forbid before anybody is warned for nothing. */
static void check_rules(struct logoff_request *request)
{
	for (size_t i = 0; i < request->n_jobs; i++) {
		struct job *job = &request->jobs[i];
		int r = session_check_rules(job->session, request->how.console, &job->cause);

		job->start_us = request->host->now_us;
		if (r < 0)
			job_finish(request, job, r);
	}
}

/* Warns, and counts down. Returns 0, or what ended the wait: -ECANCELED, -EHOSTUNREACH. */
static int run_warning(struct logoff_request *request, struct logoff_error *reterr)
{
	struct logoff_host *host = request->host;
	uint64_t end_us = host->now_us + request->warning_us, warn_us = host->now_us, tick_us;
	bool first = true;
	int r;

	check_rules(request);
	while (any_new(request) && host->now_us < end_us) {
		if (host->now_us >= warn_us) {
			warn_users(request, first, end_us - host->now_us);
			first = false;
			warn_us = warn_next(request, end_us, host->now_us);
		}
		request_tell_all(request, LOGOFF_EVENT_COUNTDOWN, end_us - host->now_us);
		tick_us = host->now_us + SECOND < end_us ? host->now_us + SECOND : end_us;
		do {
			r = request_wait(request, tick_us, reterr);
			if (r < 0)
				return r;
		} while (host->now_us < tick_us);
	}
	look_at_due(request, 0);
	return 0;
}

/* ---- the loop ---- */

/* The soonest end of a job's time: a host that does not answer must not make us miss it. */
static uint64_t next_deadline(const struct logoff_request *request)
{
	uint64_t next = UINT64_MAX;

	for (size_t i = 0; i < request->n_jobs; i++) {
		const struct job *job = &request->jobs[i];

		if (job->step == STEP_NEW || job->step == STEP_DONE || job->authorizing)
			continue;
		if (job->start_us + request->wait_us < next)
			next = job->start_us + request->wait_us;
	}
	return next;
}

/* Starts jobs while there is room, each rank only after the one before. */
static void start_some(struct logoff_request *request)
{
	uint64_t moment_us = TURN_US * (1 + request->n_jobs / JOB_CROWD);
	size_t n_asking = 0;
	int lowest = 2;

	for (size_t i = 0; i < request->n_jobs; i++) {
		const struct job *job = &request->jobs[i];

		n_asking += job->step == STEP_ASKING || job->step == STEP_LEAVING;
		if (job->step != STEP_DONE && job_rank(job) < lowest)
			lowest = job_rank(job);
	}
	for (size_t i = 0; i < request->n_jobs && n_asking < MAX_ASKING; i++) {
		struct job *job = &request->jobs[i];

		if (job->step != STEP_NEW || job_rank(job) > lowest)
			continue;
		if (is_due(request, job, moment_us))
			look_at_due(request, moment_us);
		if (job->step == STEP_NEW)
			job_start(request, job);
		n_asking += job->step == STEP_ASKING || job->step == STEP_LEAVING;
	}
}

/* Steps every job; returns whether any is unfinished and when the next one needs attention. */
static bool step_all(struct logoff_request *request, uint64_t *ret_next_us)
{
	bool unfinished = false;

	request->host->deadline_us = next_deadline(request);
	look_at_due(request, UINT64_MAX);
	start_some(request);
	request->host->deadline_us = next_deadline(request);
	*ret_next_us = UINT64_MAX;
	for (size_t i = 0; i < request->n_jobs; i++) {
		struct job *job = &request->jobs[i];
		uint64_t next;

		job_step(request, job);
		if (job->step == STEP_DONE)
			continue;
		unfinished = true;
		next = job->step == STEP_NEW ? UINT64_MAX : job_next_time(request, job);
		if (next < *ret_next_us)
			*ret_next_us = next;
	}
	return unfinished;
}

/* Whether nobody is asked and some still have to be: those of the next rank, see start_some(). */
static bool has_new(const struct logoff_request *request)
{
	bool new = false;

	for (size_t i = 0; i < request->n_jobs; i++) {
		if (request->jobs[i].step == STEP_ASKING)
			return false;
		new = new || request->jobs[i].step == STEP_NEW;
	}
	return new;
}

/* Ends the jobs that are not done, or only those whose sessions were not asked. Returns how many are left. */
static size_t give_up_all(struct logoff_request *request, bool unasked_only, int result, const struct logoff_error *cause)
{
	size_t n_left = 0;

	request->host->deadline_us = request->host->now_us;	/* nothing is waited for any more */
	for (size_t i = 0; i < request->n_jobs; i++) {
		struct job *job = &request->jobs[i];

		if (job->step == STEP_DONE)
			continue;
		job_stop_leaving(request, job);
		if (unasked_only && job->sent) {
			n_left++;
			continue;
		}
		job->cause = *cause;
		job_begin(request, job);
		job_give_up(request, job, result);
	}
	warn_call_off(request);
	return n_left;
}

/* The host, or the caller, has had enough. At first only those are given up that were not asked. */
static void interrupt(struct logoff_request *request, int r, const struct logoff_error *cause)
{
	bool first = r == -ECANCELED && !request->cancelled;

	request->cancelled = true;
	if (give_up_all(request, first, r, cause) > 0)
		request_tell_all(request, LOGOFF_EVENT_FOLLOWED, 0);
}

static void run_jobs(struct logoff_request *request)
{
	struct logoff_error cause = {};
	uint64_t next_us;
	int r;

	while (step_all(request, &next_us)) {
		if (has_new(request) && next_us == UINT64_MAX)
			continue;
		r = request_wait(request, next_us, &cause);
		if (r < 0)
			interrupt(request, r, &cause);
	}
	warn_call_off(request);
}

enum logoff_result logoff_request_run(struct logoff_request *request, const struct logoff_options *options,
				      struct logoff_error *reterr)
{
	struct logoff_host *host = request->host;
	struct logoff_error cause = {};
	int r = 0;

	if (request->ran)
		return result_of(error_set_errno(reterr, -EINVAL, -EALREADY, "the request has run"), reterr);
	r = request_take(request, options, reterr);
	if (r < 0)
		return result_of(r, reterr);
	request->begun = true;
	for (size_t i = 0; i < request->n_jobs; i++)
		request->jobs[i].session->ending = &request->jobs[i].ending;
	(void)host->backend->wait(host, 0, -1, NULL);	/* only sets the clock; a broken connection shows again */
	if (request->warning_us)
		r = run_warning(request, &cause);
	else
		look_at_due(request, JOB_MOMENT_US);
	if (r < 0)
		interrupt(request, r, &cause);
	if (request_watch(request) < 0)
		return result_of(error_set_errno(reterr, -ENOMEM, -ENOMEM, "out of memory"), reterr);
	(void)host->backend->wait(host, 0, -1, NULL);	/* only sets the clock: the looks may have taken seconds, and be old */
	/* What was cancelled before anybody is asked is not begun. A wait of the host need not look at that if there is news. */
	if (r >= 0 && os_wait(request->how.cancel_fd, 0) > 0)
		interrupt(request, -ECANCELED, &cause);
	run_jobs(request);
	host->deadline_us = 0;
	request_unwatch(request);
	request->ran = true;
	return LOGOFF_OK;
}
