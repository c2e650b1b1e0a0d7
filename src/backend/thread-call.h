/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * thread-call.h - calls of Windows that may never return. Each is made in a thread of its own; when its time is over,
 * the thread is left behind with all that it uses, and whatever it finds out later is lost. Only on Windows.
 */
#ifndef BACKEND_THREAD_CALL_H
#define BACKEND_THREAD_CALL_H

#include <stdbool.h>
#include <stdint.h>

#include <windows.h>
#undef far	/* names of ours that pointers once had */
#undef near

/* One call: the first member of a struct with its arguments and results, which must be from the heap. */
struct thread_call {
	void (*run)(struct thread_call *call);	/* in the thread */
	void (*free)(struct thread_call *call);	/* frees all of it, in whichever thread is the last to use it */
	HANDLE thread;
	HANDLE news;				/* an event to be set when the call returns, or NULL; outlives the call */
	LONG refs;				/* the asker and the thread */
	LONG done;
};

/* Starts CALL, whose RUN, FREE and NEWS are set. Returns 0 or -ENOMEM. */
int thread_call_start(struct thread_call *call);

/* Whether the call has returned: then the results are the asker's. */
bool thread_call_is_done(struct thread_call *call);

/*
 * Waits for the call until UNTIL_US of clock_now_us(); after CANCEL_FD (-1: none) is signalled, for a second at most.
 * Returns 0 or -ETIMEDOUT.
 */
int thread_call_await(struct thread_call *call, uint64_t until_us, int cancel_fd);

/*
 * Gives CALL up, started or not: it is freed now, or when it returns. If it has returned, its thread has ended when
 * this returns (a second is given for that). NULL is allowed. Returns NULL.
 */
void *thread_call_drop(struct thread_call *call);

/* The milliseconds until UNTIL_US for a wait of Windows, rounded up. */
DWORD thread_call_left_ms(uint64_t until_us);

/* The event that CANCEL_FD stands for: of a handle only 32 bits count. */
static inline HANDLE thread_call_event(int cancel_fd)
{
	return (HANDLE)(intptr_t)cancel_fd;
}

#endif
