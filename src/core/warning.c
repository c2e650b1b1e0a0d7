/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * warning.c - see warning.h. The words are the caller's (compose()), the way to the users message.c's.
 */
#include "core/warning.h"

#include <errno.h>
#include <stdlib.h>

#include "base/text.h"
#include "core/result.h"

/* The last warning before the end of the warning time. */
#define LAST_WARNING_US UINT64_C(10000000)

/* How long the message is shown that says that it is called off. */
#define CANCELLED_SHOWN_MS 30000

/* The longest text of a command, and what is said before it. */
#define TEXT_SIZE (TEXT_FOR_USERS_MAX + 1024)

static void tell_warned(const struct logoff_request *request, const struct job *job,
			const struct logoff_delivery *delivery, uint64_t remaining_us)
{
	struct logoff_delivery told = *delivery;
	struct logoff_event event = {
		.type = LOGOFF_EVENT_WARNED,
		.session = job->session,
		.delivery = &told,
		.remaining_us = remaining_us,
	};

	told.result = result_of(delivery->result, &told.cause);
	if (request->how.event)
		request->how.event(&event, request->how.event_data);
}

/*
 * Marks the sessions that get the next warning. The first warning goes to all sessions. Later warnings skip sessions
 * that have ended, because their terminal may be in use by somebody else. After one session about which the host does
 * not answer, the others are not asked about this time.
 */
static void address(struct logoff_request *request, bool first)
{
	int exists = 1;

	for (size_t i = 0; i < request->n_jobs; i++) {
		struct job *job = &request->jobs[i];

		if (!first && job->step == STEP_NEW && exists >= 0)
			exists = host_session_exists(job->session, NULL, NULL);
		job->addressed = job->step == STEP_NEW && exists != 0;
	}
}

/* Whether somebody may have read it. What came to no end perhaps has been shown; these results say that nothing was. */
static bool may_be_read(int result)
{
	return result != -EACCES && result != -EOPNOTSUPP && result != -ENXIO && result != -ESRCH && result != -ENOMEM &&
	       result != -E2BIG && result != -EBUSY;
}

/*
 * Sends the users addressed the composed text. A caller that has cancelled need not wait for slow desktops, but these messages are
 * sent.
 */
static void deliver(struct logoff_request *request, int64_t remaining_us)
{
	struct logoff_session **sessions = calloc(request->n_jobs, sizeof(struct logoff_session *));
	struct logoff_delivery *deliveries = calloc(request->n_jobs, sizeof(*deliveries));
	const struct logoff_delivery not_tried = { .result = -ENOMEM };
	struct logoff_message message = { .timeout_ms = CANCELLED_SHOWN_MS };
	char text[TEXT_SIZE] = "";
	size_t n = 0;

	for (size_t i = 0; sessions && i < request->n_jobs; i++)
		if (request->jobs[i].addressed)
			sessions[n++] = request->jobs[i].session;
	if (remaining_us >= 0)
		message.timeout_ms = (uint64_t)remaining_us / 1000;
	message.kind = remaining_us >= 0 ? LOGOFF_MESSAGE_WARNING : LOGOFF_MESSAGE_ALL_CLEAR;
	message.text = text;
	if (n > 0 && deliveries) {
		int r;

		request->how.compose(remaining_us, text, sizeof(text), request->how.compose_data);
		r = host_message(request->host, &message, sessions, n, deliveries,
				     remaining_us >= 0 ? request->how.cancel_fd : -1, NULL);

		for (size_t k = 0; r < 0 && k < n; k++)
			deliveries[k].result = r;
	}
	for (size_t i = 0, k = 0; i < request->n_jobs; i++) {
		const struct logoff_delivery *delivery = sessions && deliveries ? &deliveries[k] : &not_tried;

		if (!request->jobs[i].addressed)
			continue;
		request->jobs[i].warned = remaining_us >= 0 && (request->jobs[i].warned || may_be_read(delivery->result));
		request->jobs[i].was_warned = request->jobs[i].was_warned || (remaining_us >= 0 && delivery->result >= 0);
		if (remaining_us >= 0)
			tell_warned(request, &request->jobs[i], delivery, (uint64_t)remaining_us);
		k++;
	}
	free(sessions);
	free(deliveries);
}

void warn_users(struct logoff_request *request, bool first, uint64_t remaining_us)
{
	address(request, first);
	deliver(request, (int64_t)remaining_us);
}

void warn_call_off(struct logoff_request *request)
{
	bool any = false;

	for (size_t i = 0; i < request->n_jobs; i++) {
		struct job *job = &request->jobs[i];

		job->addressed = job->step == STEP_DONE && job->result < 0 && job->warned && !job->sent && job->exists != 0;
		any = any || job->addressed;
	}
	if (any)
		deliver(request, -1);
}

uint64_t warn_next(const struct logoff_request *request, uint64_t end_us, uint64_t now)
{
	uint64_t half = end_us - request->warning_us / 2, last = end_us - LAST_WARNING_US;

	if (request->warning_us <= LAST_WARNING_US)
		return UINT64_MAX;
	if (half > now && half < last)
		return half;
	return last > now ? last : UINT64_MAX;
}
