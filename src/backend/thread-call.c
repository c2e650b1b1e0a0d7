/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * thread-call.c - see thread-call.h. A thread for each call, not one for all: a call that hangs for one session must
 * not keep the answers about the others. To start one takes some 50 us, and a look at all sessions is one call.
 */
#include "backend/thread-call.h"

#include <errno.h>

#include "base/clock.h"

/* How long an answer may take after the caller has cancelled. */
#define CANCEL_US UINT64_C(1000000)

/* How long a thread whose call has returned may take to end: moments, but Windows itself has work to do then. */
#define END_MS 1000

/* The calls need little; what is reserved counts when hundreds wait for an answer. */
#define STACK_SIZE (256 * 1024)

static void give_back(struct thread_call *call)
{
	if (InterlockedDecrement(&call->refs) > 0)
		return;
	if (call->thread)
		CloseHandle(call->thread);
	call->free(call);
}

static DWORD WINAPI run(void *data)
{
	struct thread_call *call = data;

	call->run(call);
	InterlockedExchange(&call->done, 1);
	if (call->news)
		SetEvent(call->news);
	give_back(call);
	return 0;
}

int thread_call_start(struct thread_call *call)
{
	call->refs = 2;
	/* The thread may be over before its handle is written: the asker still has the call then. */
	call->thread = CreateThread(NULL, STACK_SIZE, run, call, STACK_SIZE_PARAM_IS_A_RESERVATION, NULL);
	return call->thread ? 0 : -ENOMEM;
}

bool thread_call_is_done(struct thread_call *call)
{
	return InterlockedCompareExchange(&call->done, 0, 0);
}

DWORD thread_call_left_ms(uint64_t until_us)
{
	uint64_t now_us = clock_now_us(), left_ms = until_us > now_us ? (until_us - now_us + 999) / 1000 : 0;

	return left_ms < INFINITE ? (DWORD)left_ms : INFINITE;
}

int thread_call_await(struct thread_call *call, uint64_t until_us, int cancel_fd)
{
	HANDLE handles[] = { call->thread, thread_call_event(cancel_fd) };

	if (cancel_fd != -1 &&
	    WaitForMultipleObjects(2, handles, FALSE, thread_call_left_ms(until_us)) == WAIT_OBJECT_0 + 1 &&
	    until_us > clock_now_us() + CANCEL_US)
		until_us = clock_now_us() + CANCEL_US;
	(void)WaitForSingleObject(call->thread, thread_call_left_ms(until_us));
	return thread_call_is_done(call) ? 0 : -ETIMEDOUT;
}

void *thread_call_drop(struct thread_call *call)
{
	if (!call)
		return NULL;
	if (!call->thread) {	/* never started */
		call->free(call);
		return NULL;
	}
	/* Wine 10 takes the exit status of a thread that is just ending for the program's. */
	if (thread_call_is_done(call))
		(void)WaitForSingleObject(call->thread, END_MS);
	give_back(call);
	return NULL;
}
