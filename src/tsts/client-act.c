/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * client-act.c - what is done to sessions: logging off, reset, messages.
 *
 * RpcLogoff answers when the log-off has begun (MS-TSTS 3.3.4.1.5). Its end is told by TermSrvNotification, on a pipe of
 * its own and asked for before: for one session by RpcWaitForSessionState, for many by one RpcRegisterAsyncNotification
 * for everybody, for so many waiting pipes few servers have. What such a wait says is only a reason to look; whatever
 * ends it, the starter is told to. A server without notifications is done without.
 */
#include "tsts/client.h"

#include <errno.h>
#include <string.h>

/* Samba gives a pipe's read up after 60 seconds; a wait ends earlier and begins anew. */
#define WAIT_SLICE_MS 50000


static int open_and_log_off(struct job *job, struct channel *channel, struct logoff_error *reterr)
{
	struct tsts_open_session open = { .in.session_id = job->order.id };
	struct tsts_logoff logoff = {};
	int r;

	r = channel_call(job->client, channel, SESSION, TSTS_OPEN_SESSION, job, &open, &open.out.result, 0, reterr);
	if (r < 0)
		return r;
	logoff.in.handle = open.out.handle;
	return channel_call(job->client, channel, SESSION, TSTS_LOGOFF, job, &logoff, &logoff.out.result, 0, reterr);
}

int carry_logoff(struct job *job, struct logoff_error *reterr)
{
	struct channel *channel;
	int r;

	r = channel_take(job->client, SESSION, false, &channel, reterr);
	if (r < 0)
		return r;
	r = open_and_log_off(job, channel, reterr);
	channel_give(job->client, channel);
	return r;
}

int carry_reset(struct job *job, struct logoff_error *reterr) { (void)job; return error_set_ntstatus(reterr, NT_STATUS_NOT_IMPLEMENTED); }
int carry_message(struct job *job, struct logoff_error *reterr) { (void)job; return error_set_ntstatus(reterr, NT_STATUS_NOT_IMPLEMENTED); }
int carry_processes(struct job *job, struct logoff_error *reterr) { (void)job; return error_set_ntstatus(reterr, NT_STATUS_NOT_IMPLEMENTED); }
