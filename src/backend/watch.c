/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * watch.c - see watch.h. Lists are made at most once a second, and with a told change at most ten times a second; where a list
 * takes long, lists take no more than a twentieth of the time, with changes a fourth.
 */
#include "backend/watch.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"

#define LOOK_TIMES 20
#define CHANGE_US UINT64_C(100000)
#define CHANGE_TIMES 4

static uint64_t later_of(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

bool watch_timer_is_due(struct watch_timer *timer, const struct host_watch *watch)
{
	uint64_t now = clock_now_us(), due_us = timer->looked_us;

	due_us += timer->changed ? later_of(CHANGE_US, CHANGE_TIMES * watch->cost_us) :
				   later_of(WATCH_LOOK_US, LOOK_TIMES * watch->cost_us);
	if (now < due_us) {
		watch_timer_set(timer, due_us);
		return false;
	}
	timer->looked_us = now;
	timer->changed = false;
	watch_timer_set(timer, now + WATCH_LOOK_US);
	return true;
}

/* ---- a host that tells nothing ---- */

static int take_looks(struct host_watch *watch, struct logoff_error *reterr)
{
	(void)reterr;
	return watch_timer_is_due(watch->data, watch);
}

static void end_looks(struct host_watch *watch)
{
	watch_timer_done(watch->data);
	free(watch->data);
}

int watch_by_looks(struct host_watch *watch, struct logoff_error *reterr)
{
	struct watch_timer *timer = calloc(1, sizeof(*timer));
	int r = timer ? watch_timer_init(timer, watch, -1, reterr) : -ENOMEM;

	if (r < 0) {
		free(timer);
		return r;
	}
	watch->data = timer;
	watch->take = take_looks;
	watch->end = end_looks;
	return 0;
}
