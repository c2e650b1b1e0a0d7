/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * watch.c - see watch.h. Lists are made at most once a second, and with a told change at most ten times a second; where a list
 * takes long, lists take no more than a twentieth of the time, with changes a fourth.
 */
#include "backend/watch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"

#define LOOK_US UINT64_C(1000000)
#define LOOK_TIMES 20
#define CHANGE_US UINT64_C(100000)
#define CHANGE_TIMES 4

static int poll_too(int epoll, int fd)
{
	struct epoll_event event = { .events = EPOLLIN };

	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

void watch_timer_set(struct watch_timer *timer, uint64_t time_us)
{
	struct itimerspec at = {};

	if (time_us != UINT64_MAX) {
		at.it_value.tv_sec = (time_t)(time_us / 1000000);
		at.it_value.tv_nsec = (long)(time_us % 1000000) * 1000 + 1;	/* 0 would be never */
	}
	(void)timerfd_settime(timer->timer, TFD_TIMER_ABSTIME, &at, NULL);	/* cannot fail with such a time */
}

int watch_timer_init(struct watch_timer *timer, struct host_watch *watch, int fd, struct logoff_error *reterr)
{
	*timer = (struct watch_timer){ .epoll = epoll_create1(EPOLL_CLOEXEC),
				       .timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK),
				       .looked_us = clock_now_us() };
	if (timer->epoll < 0 || timer->timer < 0 || poll_too(timer->epoll, timer->timer) < 0 ||
	    (fd >= 0 && poll_too(timer->epoll, fd) < 0)) {
		int r = -errno;

		watch_timer_done(timer);
		return error_set_errno(reterr, r, r, "a descriptor to watch with: %s", strerror(-r));
	}
	watch_timer_set(timer, timer->looked_us + LOOK_US);
	watch->fd = timer->epoll;
	return 0;
}

void watch_timer_done(struct watch_timer *timer)
{
	if (timer->timer >= 0)
		close(timer->timer);
	if (timer->epoll >= 0)
		close(timer->epoll);
	timer->timer = timer->epoll = -1;
}

static uint64_t later_of(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

bool watch_timer_is_due(struct watch_timer *timer, const struct host_watch *watch)
{
	uint64_t now = clock_now_us(), due_us = timer->looked_us;

	due_us += timer->changed ? later_of(CHANGE_US, CHANGE_TIMES * watch->cost_us) :
				   later_of(LOOK_US, LOOK_TIMES * watch->cost_us);
	if (now < due_us) {
		watch_timer_set(timer, due_us);
		return false;
	}
	timer->looked_us = now;
	timer->changed = false;
	watch_timer_set(timer, now + LOOK_US);
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
