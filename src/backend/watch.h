/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * watch.h - what the watches of the back ends share (watch() in core/backend.h): a timer, and one descriptor for all that is waited
 * for. A host that tells nothing of its sessions is only looked at, by lists.
 */
#ifndef BACKEND_WATCH_H
#define BACKEND_WATCH_H

#include "core/host.h"

#define WATCH_LOOK_US UINT64_C(1000000)	/* between two lists, if the host reports nothing */

/* When the next list is due. On Windows the timer is a handle, and there is no epoll. */
struct watch_timer {
	int epoll, timer;
	uint64_t looked_us;		/* the last list, or the beginning */
	bool changed;			/* the host has told of something that happened after it */
};

/* Makes the descriptor of WATCH, which is readable when FD (-1: none) is, or when the timer has run down. Returns 0 or -errno. */
int watch_timer_init(struct watch_timer *timer, struct host_watch *watch, int fd, struct logoff_error *reterr);

/* Closes the descriptors. */
void watch_timer_done(struct watch_timer *timer);

/* Has the timer run down at TIME_US of clock_now_us(): at once if that is over, never if it is UINT64_MAX. */
void watch_timer_set(struct watch_timer *timer, uint64_t time_us);

/*
 * Tells whether to list now: a second after the last list, or sooner if the host has told of a change; later if lists take long.
 * Sets the timer for the next time. Returns true if so.
 */
bool watch_timer_is_due(struct watch_timer *timer, const struct host_watch *watch);

/* A watch() for hosts that tell nothing: a list each second. */
int watch_by_looks(struct host_watch *watch, struct logoff_error *reterr);

#endif
