/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * watch-timer.c - the descriptor of a watch, and its timer: see watch.h. Sources: epoll(7), timerfd_create(2).
 */
#include "backend/watch.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"

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
	watch_timer_set(timer, timer->looked_us + WATCH_LOOK_US);
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
