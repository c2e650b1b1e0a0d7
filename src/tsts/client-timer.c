/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * client-timer.c - timers that Samba sets for calls are put off; ours stay.
 *
 * Samba gives up what a pipe has not answered in 60 seconds, and the pipe with it; no call of its libraries changes that. A user
 * may need longer to read a message, a session to end, and the starter decides how long it waits. Kerberos is the other way round:
 * Samba asks a server once and then waits for 30 seconds, which leaves no time to do without.
 *
 * What is relied on of Samba (tests: test-client-timer.c, test_waits_of_more_than_a_minute in test/tsts):
 * - tevent calls the function of tevent_set_trace_timer_callback() when a timer is set and when it is gone;
 * - tevent_update_timer() counts as both;
 * - the timer of a call is set by tevent_add_timer() in our context, after the call is sent: some turns of the loop later at most;
 * - the timers that are set while Samba connects or binds, which is synchronous, are of that alone.
 */
#include "tsts/client.h"

#include <errno.h>
#include <sys/time.h>

/* Timers that Samba has just set. */
#define TIMERS_MAX 64

/* Turns of the loop after which a call that was sent has its timer. */
#define SETTLE_TURNS 100

struct timers {
	struct tevent_context *events;
	unsigned n_own;			/* while this is not 0, timers stay as they are: ours, or those of connecting */
	struct tevent_timer *set[TIMERS_MAX];
	size_t n_set;
	struct tevent_immediate *put_off;
	uint32_t patience_s;		/* to when timers are put off for now */
	unsigned n_under_way;		/* calls */
	unsigned n_unsent;		/* of these, those whose timer has not been set yet */
};

/* Runs just after they have been set. */
static void put_timers_off(struct tevent_context *events, struct tevent_immediate *immediate, void *data)
{
	struct timers *timers = data;
	struct timeval until = tevent_timeval_current_ofs(timers->patience_s, 0);

	(void)events;
	(void)immediate;
	timers->n_own++;
	while (timers->n_set > 0)
		tevent_update_timer(timers->set[timers->n_set - 1], until);	/* seen as taken away and set again */
	timers->n_own--;
}

static void see_timer(struct tevent_timer *timer, enum tevent_event_trace_point point, void *data)
{
	struct timers *timers = data;

	if (point == TEVENT_EVENT_TRACE_DETACH)
		for (size_t i = 0; i < timers->n_set; i++)
			if (timers->set[i] == timer)
				timers->set[i--] = timers->set[--timers->n_set];
	if (point != TEVENT_EVENT_TRACE_ATTACH || timers->n_own > 0 || timers->n_set == TIMERS_MAX)
		return;
	if (timers->n_unsent > 0)
		timers->n_unsent--;
	timers->set[timers->n_set++] = timer;
	tevent_schedule_immediate(timers->put_off, timers->events, put_timers_off, timers);
}

int timers_begin(struct client *client, uint32_t patience_s)
{
	struct timers *timers = talloc_zero(client, struct timers);

	if (!timers)
		return -ENOMEM;
	timers->events = client->events;
	timers->patience_s = patience_s;
	timers->put_off = tevent_create_immediate(timers);
	if (!timers->put_off)
		return -ENOMEM;
	client->timers = timers;
	tevent_set_trace_timer_callback(client->events, see_timer, timers);
	return 0;
}

void timers_set_patience(struct client *client, uint32_t patience_s)
{
	client->timers->patience_s = patience_s;
}

struct tevent_timer *timers_add(struct client *client, unsigned ms, tevent_timer_handler_t handler, void *data)
{
	struct timeval until = tevent_timeval_current_ofs(ms / 1000, ms % 1000 * 1000);
	struct tevent_timer *timer;

	client->timers->n_own++;
	timer = tevent_add_timer(client->events, client, until, handler, data);
	client->timers->n_own--;
	return timer;
}

void timers_begin_connecting(struct client *client)
{
	for (int i = 0; client->timers->n_unsent > 0 && i < SETTLE_TURNS; i++)
		task_yield(client);
	client->timers->n_own++;
}

void timers_end_connecting(struct client *client)
{
	client->timers->n_own--;
}

void timers_begin_call(struct client *client)
{
	client->timers->n_under_way++;
	client->timers->n_unsent++;
}

void timers_end_call(struct client *client)
{
	struct timers *timers = client->timers;

	timers->n_under_way--;
	if (timers->n_unsent > timers->n_under_way)
		timers->n_unsent = timers->n_under_way;
}
