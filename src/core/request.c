/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * request.c - see request.h: the public calls that fill in a request before it runs, and tell its results after it.
 */
#include "core/request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/os.h"

#define DEFAULT_GRACE_MS 10000
#define DEFAULT_WAIT_MS 60000

/* How often the sessions of a host beside the request's own are looked after while it waits for news of its own. */
#define BESIDE_US UINT64_C(20000)

/* ---- the request ---- */

int logoff_request_new(struct logoff_request **ret_request, struct logoff_host *host)
{
	struct logoff_request *request = calloc(1, sizeof(*request));

	if (!request)
		return -ENOMEM;
	request->host = host;
	request->cancel_fd = -1;
	logoff_request_set_times(request, DEFAULT_GRACE_MS, DEFAULT_WAIT_MS);
	*ret_request = request;
	return 0;
}

struct logoff_request *logoff_request_free(struct logoff_request *request)
{
	if (!request)
		return NULL;
	for (size_t i = 0; i < request->n_jobs; i++) {
		logoff_session_free(request->jobs[i].session);
		process_list_clear(&request->jobs[i].seen);
	}
	free(request->jobs);
	free(request->reason);
	free(request);
	return NULL;
}

int logoff_request_add(struct logoff_request *request, struct logoff_session *session, enum logoff_why why)
{
	struct job *jobs;

	for (size_t i = 0; i < request->n_jobs; i++) {
		if (strcmp(request->jobs[i].session->id, session->id) == 0) {
			if (why == LOGOFF_WHY_NAMED)
				request->jobs[i].why = why;
			logoff_session_free(session);
			return 0;
		}
	}
	jobs = array_grow(request->jobs, request->n_jobs, sizeof(*jobs));
	if (!jobs)
		return -ENOMEM;
	/* Its identity, and its name for the record: when it has ended nobody can tell it any more. */
	session_fill(session, HOST_TIMES | HOST_TERMINALS);
	request->jobs = jobs;
	jobs[request->n_jobs++] = (struct job){ .session = session, .why = why, .exists = 1, .state = session->state };
	return 0;
}

void logoff_request_set_times(struct logoff_request *request, uint64_t grace_ms, uint64_t wait_ms)
{
	request->grace_us = grace_ms * 1000;
	request->wait_us = wait_ms * 1000;
}

void logoff_request_set_console(struct logoff_request *request, bool allowed)
{
	request->console = allowed;
}

void logoff_request_set_desktop(struct logoff_request *request, bool asked)
{
	request->no_desktop = !asked;
}

void logoff_request_set_event_func(struct logoff_request *request, logoff_event_func func, void *userdata)
{
	request->event = func;
	request->event_data = userdata;
}

void logoff_request_set_authorize_func(struct logoff_request *request, logoff_authorize_func func, void *userdata)
{
	request->authorize = func;
	request->authorize_data = userdata;
}

void logoff_request_set_warning(struct logoff_request *request, uint64_t time_ms, logoff_compose_func compose,
				void *userdata)
{
	request->warning_us = time_ms * 1000;
	request->compose = compose;
	request->warning_data = userdata;
}

void logoff_request_set_still(struct logoff_request *request, logoff_still_func still, void *userdata)
{
	request->still = still;
	request->still_data = userdata;
}

int logoff_request_set_reason(struct logoff_request *request, const char *text)
{
	char *reason = strdup(text);

	if (!reason)
		return -ENOMEM;
	free(request->reason);
	request->reason = reason;
	return 0;
}

void logoff_request_set_cancel_fd(struct logoff_request *request, int fd)
{
	request->cancel_fd = fd;
}

/* ---- waiting ---- */

static void unwatch(struct logoff_host *host)
{
	free(host->watched);
	host->watched = NULL;
	host->n_watched = 0;
}

/* The facts of the sessions being ended are written while they are watched, each by the back end of its host. */
static int watch(struct logoff_request *request, struct logoff_host *host)
{
	struct logoff_session **watched = calloc(request->n_jobs + 1, sizeof(struct logoff_session *));

	if (!watched)
		return -ENOMEM;
	host->n_watched = 0;
	for (size_t i = 0; i < request->n_jobs; i++)
		if (request->jobs[i].session->host == host)
			watched[host->n_watched++] = request->jobs[i].session;
	host->watched = watched;
	return 0;
}

int request_watch(struct logoff_request *request)
{
	struct logoff_host *host = request->host;
	int r = watch(request, host);

	return r < 0 || !host->beside ? r : watch(request, host->beside);
}

void request_unwatch(struct logoff_request *request)
{
	unwatch(request->host);
	if (request->host->beside)
		unwatch(request->host->beside);
}

int request_wait(struct logoff_request *request, uint64_t until_us, struct logoff_error *reterr)
{
	struct logoff_host *host = request->host, *beside = host->beside;
	int r;

	if (!beside || beside->n_watched == 0)
		return host->backend->wait(host, until_us, request->cancel_fd, reterr);
	if (until_us > host->now_us + BESIDE_US)
		until_us = host->now_us + BESIDE_US;
	r = host->backend->wait(host, until_us, request->cancel_fd, reterr);
	if (r >= 0)
		r = beside->backend->wait(beside, 0, -1, reterr);
	return r;
}

/* ---- results ---- */

static const struct job *job_at(const struct logoff_request *request, size_t i)
{
	return i < request->n_jobs ? &request->jobs[i] : NULL;
}

size_t logoff_request_count(const struct logoff_request *request)
{
	return request->n_jobs;
}

const struct logoff_session *logoff_request_session(const struct logoff_request *request, size_t i)
{
	const struct job *job = job_at(request, i);

	return job ? job->session : NULL;
}

int logoff_request_result(const struct logoff_request *request, size_t i, const struct logoff_error **ret_cause)
{
	const struct job *job = job_at(request, i);

	if (!job || (!request->ran && job->step != STEP_DONE))
		return -EINVAL;
	if (ret_cause)
		*ret_cause = &job->cause;
	return job->result;
}

bool logoff_request_is_recorded(const struct logoff_request *request, size_t i, const struct logoff_error **ret_cause)
{
	const struct job *job = job_at(request, i);

	if (ret_cause && job)
		*ret_cause = &job->record_cause;
	return job && job->recorded;
}

size_t logoff_request_left(const struct logoff_request *request, size_t i, const struct logoff_process **ret_processes,
			   int *ret_session_exists)
{
	const struct job *job = job_at(request, i);

	if (ret_session_exists)
		*ret_session_exists = job ? job->exists : -1;
	if (!job)
		return 0;
	*ret_processes = job->seen.items;
	return job->seen.n_items;
}

bool logoff_request_forced(const struct logoff_request *request, size_t i)
{
	const struct job *job = job_at(request, i);

	return job && job->forced;
}

enum logoff_state logoff_request_state(const struct logoff_request *request, size_t i)
{
	const struct job *job = job_at(request, i);

	return job ? job->state : LOGOFF_STATE_CLOSING;
}

bool logoff_request_is_manager(const struct logoff_request *request, size_t i)
{
	const struct job *job = job_at(request, i);

	return job && job->part == HOST_MANAGER;
}

uint64_t logoff_request_elapsed_us(const struct logoff_request *request, size_t i)
{
	const struct job *job = job_at(request, i);

	return job ? job->end_us - job->start_us : 0;
}

const char *logoff_result_word(int result)
{
	switch (result) {
	case 0:
		return "ended";
	case -EACCES:
		return "denied";
	case -EPERM:
		return "protected";
	case -ETIMEDOUT:
		return "not-ended";
	case -ECANCELED:
		return "cancelled";
	case -ESTALE:
		return "changed";
	default:
		return "failed";
	}
}

/* ---- what is told of it ---- */

static void send(const struct logoff_request *request, struct logoff_event event)
{
	if (request->event)
		request->event(&event, request->event_data);
}

void request_tell(const struct logoff_request *request, const struct job *job, enum logoff_event_type type)
{
	send(request, (struct logoff_event){
		.type = type,
		.session = job->session,
		.elapsed_us = request->host->now_us - job->start_us,
		.processes = job->seen.items,
		.n_processes = job->seen.n_items,
		.unseen = job->unseen,
	});
}

void request_tell_all(const struct logoff_request *request, enum logoff_event_type type, uint64_t remaining_us)
{
	send(request, (struct logoff_event){ .type = type, .remaining_us = remaining_us });
}

void request_tell_leaving(const struct logoff_request *request, const struct job *job, enum logoff_event_type type)
{
	const struct host_leave *facts = &job->ending.leave;

	send(request, (struct logoff_event){
		.type = type,
		.session = job->session,
		.elapsed_us = request->host->now_us - job->start_us,
		.desktop = facts->desktop,
		.held = facts->held,
		.cause = &facts->error,
	});
}
