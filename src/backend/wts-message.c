/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * wts-message.c - see wts.h: messages to all recipients side by side.
 */
#include "backend/wts.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/error.h"
#include "port/wide.h"

/* Delivery is a matter of moments; the log-offs after a warning wait for it. */
#define DELIVERY_US UINT64_C(5000000)

static enum logoff_answer get_answer(DWORD response)
{
	switch (response) {
	case IDOK:
		return LOGOFF_ANSWER_OK;
	case 0:			/* Server 2008 R2 */
	case IDTIMEOUT:
		return LOGOFF_ANSWER_TIMEOUT;
	case IDASYNC:
		return LOGOFF_ANSWER_NONE;
	default:		/* the window has but one button */
		return LOGOFF_ANSWER_CLOSED;
	}
}

static struct wts_call *start_message(struct wts_host *wts, const struct logoff_message *message,
				      const struct logoff_session *session)
{
	uint64_t seconds = message->timeout_ms / 1000 + (message->timeout_ms % 1000 > 0);
	struct wts_call *call = wts_call_new(wts->link, wts_run_message);

	if (!call)
		return NULL;
	call->id = ((struct wts_handle *)session->data)->id;
	call->title = wide_from_text(message->title && *message->title ? message->title : " ");
	call->text = wide_from_text(message->text ? message->text : "");
	call->seconds = seconds > INT32_MAX ? INT32_MAX : (uint32_t)seconds;
	call->wait = message->wait;
	call->thread.news = wts->link->news;
	if (!call->title || !call->text || thread_call_start(&call->thread) < 0)
		return wts_call_drop(call);
	return call;
}

/* Waits until all N CALLS have returned. Returns 0, -ETIMEDOUT or -ECANCELED. */
static int await_messages(struct wts_host *wts, struct wts_call *const *calls, size_t n, uint64_t until_us,
			  int cancel_fd)
{
	HANDLE handles[] = { wts->link->news, thread_call_event(cancel_fd) };
	DWORD woken = WAIT_OBJECT_0;

	for (size_t i = 0; i < n; i++)
		while (calls[i] && !thread_call_is_done(&calls[i]->thread)) {
			if (woken == WAIT_TIMEOUT)
				return -ETIMEDOUT;
			if (woken != WAIT_OBJECT_0)
				return -ECANCELED;
			woken = WaitForMultipleObjects(cancel_fd == -1 ? 1 : 2, handles, FALSE,
						       thread_call_left_ms(until_us));
		}
	return 0;
}

/*
 * What became of CALL (NULL: it was not begun), when the wait for all has ended with R. A server may be a Linux host, where a message
 * may be no window.
 */
static void set_delivery(const struct logoff_host *host, struct wts_call *call, int r, bool wait,
			 struct logoff_delivery *delivery)
{
	if (!call) {
		delivery->result = error_set_errno(&delivery->cause, -ENOMEM, -ENOMEM, "out of memory");
	} else if (!thread_call_is_done(&call->thread)) {
		/* It may be on the screen. */
		delivery->result = error_set_errno(&delivery->cause, r == -ECANCELED ? r : -EINPROGRESS, r,
						   r == -ECANCELED ? "cancelled" : "the host has not answered in time");
	} else if (call->error) {
		delivery->result = wts_fail(call->error, &delivery->cause);
		if (delivery->result == -EALREADY)
			delivery->result = -ENXIO;
	} else {
		delivery->channel = host->server ? LOGOFF_CHANNEL_NONE : LOGOFF_CHANNEL_DISPLAY;
		delivery->answer = wait ? get_answer(call->answer) : LOGOFF_ANSWER_NONE;
	}
}

/* The call returns when the user has answered, so each recipient has one. */
int wts_message(struct logoff_host *host, const struct logoff_message *message,
		struct logoff_session *const *sessions, size_t n_sessions, struct logoff_delivery *deliveries,
		int cancel_fd)
{
	struct wts_host *wts = host->data;
	struct wts_call **calls = calloc(n_sessions + 1, sizeof(*calls));
	uint64_t until_us = wts_answer_until(host, DELIVERY_US);
	int r;

	if (!calls)
		return -ENOMEM;
	if (message->wait)
		until_us = message->timeout_ms ? clock_now_us() + wts->timeout_us + message->timeout_ms * 1000 : UINT64_MAX;
	for (size_t i = 0; i < n_sessions; i++)
		calls[i] = start_message(wts, message, sessions[i]);
	r = await_messages(wts, calls, n_sessions, until_us, cancel_fd);
	for (size_t i = 0; i < n_sessions; i++) {
		set_delivery(host, calls[i], r, message->wait, &deliveries[i]);
		wts_call_drop(calls[i]);
	}
	free(calls);
	return 0;
}
