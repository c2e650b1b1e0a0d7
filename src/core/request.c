/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * request.c - see request.h: the public calls that fill in a request before it runs, and tell its results after it.
 */
#include "core/request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/error.h"
#include "core/result.h"
#include "base/os.h"

/* How often the sessions of a host beside the request's own are looked at while it waits for events of its own. */
#define BESIDE_US UINT64_C(20000)

/* ---- the request ---- */

enum logoff_result logoff_request_new(struct logoff_request **ret_request, struct logoff_host *host)
{
	struct logoff_request *request = calloc(1, sizeof(*request));

	if (!request)
		return LOGOFF_E_NO_MEMORY;
	request->host = host;
	*ret_request = request;
	return LOGOFF_OK;
}

struct logoff_request *logoff_request_free(struct logoff_request *request)
{
	if (!request)
		return NULL;
	for (size_t i = 0; i < request->n_jobs; i++) {
		logoff_session_free(request->jobs[i].session);
		process_list_clear(&request->jobs[i].seen);
		free(request->jobs[i].remaining);
	}
	free(request->jobs);
	free(request);
	return NULL;
}

enum logoff_result logoff_request_add(struct logoff_request *request, struct logoff_session *session, enum logoff_why why)
{
	struct job *jobs;

	if (!host_has_session(request->host, session))	/* imported, or another host's: the session of that id here may be anybody's */
		return LOGOFF_E_INVALID;
	if (request->begun)	/* back ends hold pointers into the array */
		return LOGOFF_E_INVALID;
	for (size_t i = 0; i < request->n_jobs; i++) {
		if (strcmp(request->jobs[i].session->id, session->id) == 0) {
			if (why == LOGOFF_WHY_NAMED)
				request->jobs[i].why = why;
			logoff_session_free(session);
			return LOGOFF_OK;
		}
	}
	jobs = array_grow(request->jobs, request->n_jobs, sizeof(*jobs));
	if (!jobs)
		return LOGOFF_E_NO_MEMORY;
	/* Its identity, and its name for the record: when it has ended nobody can tell it any more. */
	session_fill(session, HOST_TIMES | HOST_TERMINALS);
	request->jobs = jobs;
	jobs[request->n_jobs++] = (struct job){ .session = session, .why = why, .exists = 1, .state = session->state };
	return LOGOFF_OK;
}

int request_take(struct logoff_request *request, const struct logoff_options *options, struct logoff_error *reterr)
{
	request->how = (struct logoff_options)LOGOFF_OPTIONS_DEFAULT;
	if (options && !host_take_struct(&request->how, sizeof(request->how), options))
		return error_set_errno(reterr, -EINVAL, -EINVAL, "a struct without its size, or of a newer library");
	if (request->how.warning_ms > 0 && !request->how.compose)
		return error_set_errno(reterr, -EINVAL, -EINVAL, "a warning without a function that writes it");
	request->grace_us = request->how.grace_ms * 1000;
	request->wait_us = request->how.wait_ms * 1000;
	request->warning_us = request->how.warning_ms * 1000;
	return 0;
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

	if (r >= 0 && host->beside)
		r = watch(request, host->beside);
	if (r < 0)
		request_unwatch(request);
	return r;
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
		return host->backend->wait(host, until_us, request->how.cancel_fd, reterr);
	if (until_us > host->now_us + BESIDE_US)
		until_us = host->now_us + BESIDE_US;
	r = host->backend->wait(host, until_us, request->how.cancel_fd, reterr);
	if (r >= 0)
		r = beside->backend->wait(beside, 0, -1, reterr);
	return r;
}

/* ---- results ---- */

size_t logoff_request_count(const struct logoff_request *request)
{
	return request->n_jobs;
}

const struct logoff_session *logoff_request_session(const struct logoff_request *request, size_t i)
{
	return i < request->n_jobs ? request->jobs[i].session : NULL;
}

/* Makes pointers to the processes of LIST, which are the caller's: free(). Returns NULL if there are none, or no memory. */
static const struct logoff_process **point_at(const struct process_list *list)
{
	const struct logoff_process **pointers = list->n_items > 0 ? calloc(list->n_items, sizeof(*pointers)) : NULL;

	for (size_t i = 0; pointers && i < list->n_items; i++)
		pointers[i] = &list->items[i];
	return pointers;
}

const struct logoff_outcome *logoff_request_outcome(const struct logoff_request *request, size_t i)
{
	struct job *job = i < request->n_jobs ? &request->jobs[i] : NULL;

	if (!job || (!request->ran && job->step != STEP_DONE))
		return NULL;
	if (job->has_outcome)
		return &job->outcome;
	job->has_outcome = true;
	job->remaining = point_at(&job->seen);
	job->outcome = (struct logoff_outcome){
		.result = result_of(job->result, NULL),
		.cause = job->cause,
		.elapsed_us = job->end_us - job->start_us,
		.forced = job->forced,
		.warned = job->was_warned,
		.is_manager = job->part == HOST_MANAGER,
		.exists = (enum logoff_existence)job->exists,
		.state = job->state,
		.left = job->remaining,
		.unseen = job->unseen || job->unproved || (job->unsure && job->seen.n_items == 0),
		.n_left = job->remaining ? job->seen.n_items : 0,
		.recorded = job->recorded,
		.record_cause = job->record_cause,
	};
	return &job->outcome;
}

/* ---- events ---- */

static void send(const struct logoff_request *request, struct logoff_event event)
{
	if (request->how.event)
		request->how.event(&event, request->how.event_data);
}

void request_tell(const struct logoff_request *request, const struct job *job, enum logoff_event_type type)
{
	const struct logoff_process **processes = point_at(&job->seen);

	send(request, (struct logoff_event){
		.type = type,
		.session = job->session,
		.elapsed_us = request->host->now_us - job->start_us,
		.processes = processes,
		.n_processes = processes ? job->seen.n_items : 0,
		.unseen = job->unseen || (!processes && job->seen.n_items > 0),
	});
	free(processes);
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
