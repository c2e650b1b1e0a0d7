/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * watch-timer-windows.c - the timer of a watch, which is all that it waits for: see watch.h. The "descriptors" are handles.
 */
#include "backend/watch.h"

#include <errno.h>

#include <windows.h>

#include "base/clock.h"
#include "base/error.h"

/* In 100 ns; negative: from now. */
#define NEVER (-INT64_C(10000000) * 86400 * 366)

static HANDLE handle_of(const struct watch_timer *timer)
{
	return (HANDLE)(intptr_t)timer->timer;
}

void watch_timer_set(struct watch_timer *timer, uint64_t time_us)
{
	uint64_t now_us = clock_now_us();
	LARGE_INTEGER due = { .QuadPart = NEVER };

	if (time_us != UINT64_MAX)
		due.QuadPart = time_us > now_us ? -(int64_t)(time_us - now_us) * 10 : -1;	/* 0 would be a date */
	(void)SetWaitableTimer(handle_of(timer), &due, 0, NULL, NULL, FALSE);	/* cannot fail with such a time */
}

int watch_timer_init(struct watch_timer *timer, struct host_watch *watch, int fd, struct logoff_error *reterr)
{
	HANDLE made = CreateWaitableTimerW(NULL, TRUE, NULL);

	(void)fd;
	*timer = (struct watch_timer){ .epoll = -1, .timer = made ? (int)(intptr_t)made : -1, .looked_us = clock_now_us() };
	if (!made)
		return error_set_errno(reterr, -ENOMEM, -ENOMEM, "a timer to watch with: error %lu", GetLastError());
	watch_timer_set(timer, timer->looked_us + WATCH_LOOK_US);
	watch->fd = timer->timer;
	return 0;
}

void watch_timer_done(struct watch_timer *timer)
{
	if (timer->timer != -1)
		CloseHandle(handle_of(timer));
	timer->timer = -1;
}
