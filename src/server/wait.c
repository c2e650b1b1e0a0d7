/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * wait.c - calls that wait for a state of the sessions. While a client has such calls, its sessions are listed every
 * half second, once for all of them; less often if that takes long, so that waiting costs little.
 */
#include "server/call.h"

#include "base/clock.h"

#define TICK_US 500000
#define SHARE 4				/* a list may take so much of the time between two lists: a quarter */

/* What asks for a list on behalf of the waits of one client. */
struct waiting {
	struct look look;
	struct client *client;
	uint64_t begun_us;
};

static void plan(struct client *client, uint64_t us);

static void remove_wait(struct call *call)
{
	struct call **at = &call->client->waits;

	while (*at && *at != call)
		at = &(*at)->next_wait;
	if (*at)
		*at = call->next_wait;
	call->waits = false;
	call->client->n_waits--;
}

void call_stop_waiting(struct call *call)
{
	if (call->waits)
		remove_wait(call);
}

/* Samba frees a call when its answer has been sent: later, so the next one of the list stays. */
static void judge(struct client *client, const struct session_list *list)
{
	struct call *call, *next;

	for (call = client->waits; call; call = next) {
		uint32_t result = 0;

		next = call->next_wait;
		if (!call->is_ready(call, list, &result))
			continue;
		remove_wait(call);
		call_answer(call, result);
	}
}

static void on_list(struct look *look, struct session_list *list, uint32_t result)
{
	struct waiting *waiting = (struct waiting *)look;
	struct client *client = waiting->client;
	uint64_t took_us = clock_now_us() - waiting->begun_us;

	(void)result;	/* without a list nothing is known, and the waits go on to their end */
	talloc_free(waiting);
	if (list)
		judge(client, list);
	if (client->waits && !client->tick)
		plan(client, took_us * SHARE > TICK_US ? took_us * SHARE : TICK_US);
	client_leave(client);
}

void waits_look(struct client *client)
{
	struct waiting *waiting = client->waits ? talloc_zero(NULL, struct waiting) : NULL;

	TALLOC_FREE(client->tick);
	if (!waiting)
		return;
	*waiting = (struct waiting){ .look = { .got = on_list },
				     .client = client_use(client),
				     .begun_us = clock_now_us() };
	sessions_get(client, &waiting->look);
}

static void on_tick(struct tevent_context *ev, struct tevent_timer *timer, struct timeval t, void *data)
{
	struct client *client = data;

	(void)ev, (void)timer, (void)t;
	client->tick = NULL;
	waits_look(client);
}

static void plan(struct client *client, uint64_t us)
{
	client->tick = tevent_add_timer(client->server->ev, client, tevent_timeval_current_ofs((uint32_t)(us / 1000000),
		(uint32_t)(us % 1000000)), on_tick, client);
}

static void on_deadline(struct tevent_context *ev, struct tevent_timer *timer, struct timeval t, void *data)
{
	(void)ev, (void)timer, (void)t;
	call_answer(data, RESULT_TIMED_OUT);
}

uint32_t call_wait(struct call *call, uint32_t milliseconds,
		   bool (*is_ready)(struct call *call, const struct session_list *list, uint32_t *ret_result))
{
	struct client *client = call->client;

	if (client->n_waits >= client->server->settings.max_waits)
		return RESULT_BUSY;
	if (call_later(call, 0) != CALL_LATER)
		return RESULT_FAILED;
	if (milliseconds != UINT32_MAX)
		call->deadline = tevent_add_timer(client->server->ev, call,
			tevent_timeval_current_ofs(milliseconds / 1000, milliseconds % 1000 * 1000), on_deadline, call);
	call->is_ready = is_ready;
	call->waits = true;
	call->next_wait = client->waits;
	client->waits = call;
	client->n_waits++;
	if (!client->tick)
		plan(client, TICK_US);
	return CALL_LATER;
}
