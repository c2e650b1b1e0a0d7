/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * client-act.c - what is done to sessions: logging off, reset, disconnecting, messages; and to processes.
 *
 * RpcLogoff answers when the log-off has begun (MS-TSTS 3.3.4.1.5). Its end comes by TermSrvNotification, on a pipe of
 * its own. For one session that is RpcWaitForSessionState, which waits for a state and not for an event: so it comes
 * after the log-off, as Windows' own tools have it, and the pipe is opened while the session ends; one that has ended by then
 * needs none. For many it is one RpcRegisterAsyncNotification for everybody, as few servers have so many pipes to spare:
 * it reports only what happens from then on, and so comes before. The end of a wait is only a reason to look; whatever ends
 * it, the starter gets an event. Sessions of a server without notifications are looked at instead.
 */
#include "tsts/client.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"

/* How long a server is asked to wait, as Windows asks it; then it is asked again. */
#define WAIT_MS 120000

/* A wait that fails sooner than this is of no use. */
#define USEFUL_US UINT64_C(1000000)

/* Style of a message: MB_OK with the sign for information. */
#define STYLE UINT32_C(0x40)

/* With what exit code a process is ended. */
#define TERMINATED 1

/* The longest text of a message to an old server, in units with the NUL (MS-TSTS 3.7.4.1.8). */
#define LEGACY_TEXT_MAX 1024

/* So long the next answer is not asked for after one with nothing new in it: events of others are rare, and can wait so long. */
#define NOTHING_NEW_MS 100

/* A log-off of many that must not begin before the wait for their ends has. */
struct asker {
	struct asker *next;
	struct task *task;
	bool may_go_on;
};

/* A wait: for the end of one session, or of everybody. */
struct watch {
	struct client *client;
	uint32_t id;			/* of the one; the rest is of everybody's */
	bool has_begun;			/* or never will */
	bool has_failed;
	struct asker *askers;
};

/* ---- whose end is to be told ---- */

static bool is_set(const uint8_t *bits, uint32_t id)
{
	return id < CLIENT_IDS && (bits[id / 8] >> id % 8 & 1);
}

static void set(uint8_t *bits, uint32_t id, bool wanted)
{
	uint8_t bit = (uint8_t)(1 << id % 8);

	if (id < CLIENT_IDS)
		bits[id / 8] = wanted ? bits[id / 8] | bit : bits[id / 8] & (uint8_t)~bit;
}

static bool is_awaited(const struct client *client, uint32_t id)
{
	return is_set(client->awaited, id);
}

static void set_awaited(struct client *client, uint32_t id, bool wanted)
{
	set(client->awaited, id, wanted);
	set(client->told, id, false);
}

/* ---- the end of one ---- */

/* Returns whether it is worth to wait on: the server did wait, and does not say that the session is down. */
static bool wait_for_one(struct watch *watch, struct channel *channel)
{
	struct tsts_wait_for_state call = { .in = { .session_id = watch->id, .state = TSTS_STATE_DOWN, .timeout_ms = WAIT_MS } };
	uint64_t begun_us = clock_now_us();
	int r;

	r = channel_call(watch->client, channel, NOTIFICATION, TSTS_WAIT_FOR_STATE, watch, &call, &call.out.result, NULL);
	if (is_awaited(watch->client, watch->id))
		desk_removed(watch->client, watch->id);
	return r < 0 && r != -ENXIO && r != -EHOSTUNREACH && clock_now_us() > begun_us + USEFUL_US;
}

static void watch_one(void *data)
{
	struct watch *watch = data;
	struct client *client = watch->client;
	struct channel *channel;

	if (channel_take(client, NOTIFICATION, true, &channel, NULL) == 0) {
		while (wait_for_one(watch, channel) && is_awaited(client, watch->id))
			;
		channel_give(client, channel);
	} else if (is_awaited(client, watch->id)) {
		desk_removed(client, watch->id);	/* nobody waits */
	}
	set_awaited(client, watch->id, false);
	talloc_free(watch);
}

/* ---- the end of everybody ---- */

static void let_go_on(struct watch *watch)
{
	watch->has_begun = true;
	for (struct asker *asker = watch->askers; asker; asker = asker->next) {
		asker->may_go_on = true;
		task_wake(asker->task);
	}
	watch->askers = NULL;
}

/* The log-off is reported once, and so is the end: a server that repeats them says nothing new. Returns whether it was reported. */
static bool tell_change(struct client *client, const struct tsts_change *change)
{
	uint32_t id = change->session_id;

	if (!(change->mask & (TSTS_CHANGE_LOGOFF | TSTS_CHANGE_TERMINATE)) || !is_awaited(client, id))
		return false;
	if (change->mask & TSTS_CHANGE_TERMINATE)
		set_awaited(client, id, false);
	else if (is_set(client->told, id))
		return false;
	else
		set(client->told, id, true);
	desk_removed(client, id);
	return true;
}

static void tell_all(struct client *client)
{
	for (uint32_t id = 0; id < CLIENT_IDS; id++)
		if (is_awaited(client, id))
			desk_removed(client, id);
	memset(client->awaited, 0, sizeof(client->awaited));
}

static int hear(struct watch *watch, struct channel *channel, struct policy_handle handle)
{
	struct tsts_wait_async call = { .in.handle = handle };
	TALLOC_CTX *memory = talloc_new(watch);
	bool any = false;
	int r;

	r = channel_call(watch->client, channel, NOTIFICATION, TSTS_WAIT_ASYNC, memory, &call, &call.out.result, NULL);
	for (uint32_t i = 0; r == 0 && i < call.out.n_changes; i++)
		any = tell_change(watch->client, &call.out.changes[i]) || any;
	talloc_free(memory);
	if (r == 0 && !any)
		link_sleep(watch->client, NOTHING_NEW_MS);
	return r;
}

/* Returns whether it ever worked; if so, another log-off may try again. */
static bool watch_until_broken(struct watch *watch, struct channel *channel)
{
	struct tsts_register_async call = { .in = { .session_id = UINT32_MAX,
						    .mask = TSTS_CHANGE_LOGOFF | TSTS_CHANGE_TERMINATE } };
	int r;

	r = channel_call(watch->client, channel, NOTIFICATION, TSTS_REGISTER_ASYNC, watch, &call, &call.out.result, NULL);
	let_go_on(watch);
	if (r < 0)
		return false;
	while (r == 0)
		r = hear(watch, channel, call.out.handle);
	return true;
}

static void watch_all(void *data)
{
	struct watch *watch = data;
	struct client *client = watch->client;
	struct channel *channel;

	if (channel_take(client, NOTIFICATION, true, &channel, NULL) == 0) {
		if (watch_until_broken(watch, channel))
			client->watch = NULL;
		channel_give(client, channel);
	}
	watch->has_failed = true;
	let_go_on(watch);
	tell_all(client);
	if (!client->watch)
		talloc_free(watch);
}

/* ---- logging off ---- */

/* As channel_take(), of the connection that the order names. Returns -ENOTCONN if that is no more: nothing has been done then. */
static int take_channel(struct job *job, enum interface interface, bool for_long, struct channel **ret, struct logoff_error *reterr)
{
	int r = channel_take(job->client, interface, for_long, ret, reterr);

	if (r == 0 && channel_connection(*ret) != job->order.link)
		channel_give(job->client, *ret);
	else if (r != -EHOSTUNREACH)
		return r;
	r = link_stays(job->client, job->order.link, reterr);
	return r < 0 ? r : -EHOSTUNREACH;
}

/* The watch may be gone when this returns. */
static void wait_until_begun(struct watch *watch)
{
	struct client *client = watch->client;
	struct asker *asker = watch->has_begun ? NULL : talloc_zero(client, struct asker);

	if (!asker)
		return;
	asker->task = task_current(client);
	asker->next = watch->askers;
	watch->askers = asker;
	while (!asker->may_go_on)
		task_pause(client);
	talloc_free(asker);
}

static struct watch *watch_new(struct job *job)
{
	struct watch *watch = talloc_zero(job->client, struct watch);

	if (!watch)
		return NULL;
	watch->client = job->client;
	watch->id = job->order.id;
	if (task_start(job->client, job->order.many ? watch_all : watch_one, watch) == 0)
		return watch;
	talloc_free(watch);
	return NULL;
}

/*
 * Subscribes to the end of many sessions, before any is logged off. If the subscription fails, they are logged off
 * anyway.
 */
static void await_many(struct job *job)
{
	struct client *client = job->client;

	if (!client->watch)
		client->watch = watch_new(job);
	if (!client->watch || client->watch->has_failed)
		return;
	set_awaited(client, job->order.id, true);
	wait_until_begun(client->watch);
}

/* Begins to wait for the end of one that has been logged off. */
static void await_one(struct job *job)
{
	if (watch_new(job))
		set_awaited(job->client, job->order.id, true);
}

/* Whether the session is there and not down, as far as its handle can tell. */
static bool is_up(struct job *job, struct channel *channel, struct policy_handle handle)
{
	struct tsts_get_state call = { .in.handle = handle };

	return channel_call(job->client, channel, SESSION, TSTS_GET_STATE, job, &call, &call.out.result, NULL) == 0 &&
	       call.out.state != TSTS_STATE_DOWN;
}

static void close_session(struct job *job, struct channel *channel, struct policy_handle handle)
{
	struct tsts_close_session close = { .in.handle = handle };

	(void)channel_call(job->client, channel, SESSION, TSTS_CLOSE_SESSION, job, &close, NULL, NULL);
}

/* The handle may have ended with the session, so what closing it says means nothing, and nobody waits for it. */
static int log_off(struct job *job, struct channel *channel, struct logoff_error *reterr)
{
	struct tsts_open_session open = { .in.session_id = job->order.id };
	struct tsts_logoff logoff = {};
	struct logoff_error cause = {};
	bool opened, begun;
	int r;

	r = channel_call(job->client, channel, SESSION, TSTS_OPEN_SESSION, job, &open, &open.out.result, &cause);
	opened = r == 0;
	logoff.in.handle = open.out.handle;
	if (opened)
		r = channel_call(job->client, channel, SESSION, TSTS_LOGOFF, job, &logoff, &logoff.out.result, &cause);
	if (reterr)
		*reterr = cause;
	job_reply(job, r, &cause);
	begun = r == 0 || r == -EALREADY;	/* by whomever */
	if (begun && !job->order.many && (!opened || is_up(job, channel, open.out.handle)))
		await_one(job);
	if (begun && !is_awaited(job->client, job->order.id))
		desk_removed(job->client, job->order.id);	/* it has ended, or nobody waits for that */
	if (opened)
		close_session(job, channel, open.out.handle);
	return r;
}

/* As link_call() on the legacy pipe, for a CALL that has its handle, and the server's answer, there. Returns 0 or -errno. */
static int act_by_ica(struct job *job, uint32_t opnum, void *call, struct policy_handle *handle, const uint32_t *status,
		      const uint32_t *result, struct logoff_error *reterr)
{
	struct client *client = job->client;
	struct channel *channel;
	int r;

	r = take_channel(job, ICA, false, &channel, reterr);
	if (r < 0)
		return r;
	r = channel_ica(client, channel, handle, reterr);
	job->sent = r == 0;
	if (r == 0)
		r = channel_call(client, channel, ICA, opnum, job, call, NULL, reterr);
	channel_give(client, channel);
	return r == 0 && *result == 0 ? error_set_result(reterr, *status) : r;
}

static int reset(struct job *job, struct logoff_error *reterr)
{
	struct tsts_ica_reset call = { .in.session_id = job->order.id };

	return act_by_ica(job, TSTS_ICA_RESET, &call, &call.in.handle, &call.out.status, &call.out.result, reterr);
}

int carry_logoff(struct job *job, struct logoff_error *reterr)
{
	struct channel *channel;
	int r;

	if (link_is_legacy(job->client))
		return reset(job, reterr);
	if (job->order.many)
		await_many(job);
	r = take_channel(job, SESSION, false, &channel, reterr);
	if (r == 0) {
		r = log_off(job, channel, reterr);
		channel_give(job->client, channel);
	}
	if (r < 0 && r != -EALREADY)
		set_awaited(job->client, job->order.id, false);
	return r;
}

int carry_reset(struct job *job, struct logoff_error *reterr)
{
	int r = reset(job, reterr);

	return r == -EHOSTUNREACH && job->sent ? -EINPROGRESS : r;
}

/* ---- disconnecting, and processes ---- */

static int disconnect(struct job *job, struct logoff_error *reterr)
{
	struct tsts_open_session open = { .in.session_id = job->order.id };
	struct tsts_disconnect call = {};
	struct channel *channel;
	int r;

	r = take_channel(job, SESSION, false, &channel, reterr);
	if (r < 0)
		return r;
	r = channel_call(job->client, channel, SESSION, TSTS_OPEN_SESSION, job, &open, &open.out.result, reterr);
	if (r == 0) {
		call.in.handle = open.out.handle;
		r = channel_call(job->client, channel, SESSION, TSTS_DISCONNECT, job, &call, &call.out.result, reterr);
		close_session(job, channel, open.out.handle);
	}
	channel_give(job->client, channel);
	return r;
}

int carry_disconnect(struct job *job, struct logoff_error *reterr)
{
	struct tsts_ica_disconnect call = { .in.session_id = job->order.id };

	if (!link_is_legacy(job->client))
		return disconnect(job, reterr);
	return act_by_ica(job, TSTS_ICA_DISCONNECT, &call, &call.in.handle, &call.out.status, &call.out.result, reterr);
}

int carry_terminate(struct job *job, struct logoff_error *reterr)
{
	struct tsts_ica_terminate_process call = { .in = { .pid = job->order.id, .exit_code = TERMINATED } };

	return act_by_ica(job, TSTS_ICA_TERMINATE_PROCESS, &call, &call.in.handle, &call.out.status, &call.out.result,
			  reterr);
}

/* ---- messages ---- */

/*
 * Returns what a call that shows a message has returned, R, or -EINPROGRESS: without a RESULT of the server's nobody can tell
 * whether the window is open.
 */
static int told(int r, uint32_t result)
{
	return result == 0 && (r == -ETIMEDOUT || r == -EHOSTUNREACH || r == -EPROTO) ? -EINPROGRESS : r;
}

static int show_message(struct job *job, struct channel *channel, struct logoff_error *reterr)
{
	const struct order_message *message = &job->with->message;
	struct tsts_open_session open = { .in.session_id = job->order.id };
	struct tsts_show_message_box show = { .in = { .title = message->title, .message = message->text, .style = STYLE,
						      .timeout_s = message->timeout_s, .do_not_wait = !message->wait } };
	int r;

	r = channel_call(job->client, channel, SESSION, TSTS_OPEN_SESSION, job, &open, &open.out.result, reterr);
	if (r < 0)
		return r;
	show.in.handle = open.out.handle;
	r = channel_call(job->client, channel, SESSION, TSTS_SHOW_MESSAGE_BOX, job, &show, &show.out.result, reterr);
	r = told(r, show.out.result);
	job->answer = show.out.response;
	if (r == 0)
		job_reply(job, r, NULL);
	close_session(job, channel, open.out.handle);
	return r;
}

/* Cuts TEXT, whole characters, to what an old server takes. Returns its size. */
static uint32_t cut_text(char *text)
{
	uint32_t size;

	while ((size = tsts_text_size(text)) > LEGACY_TEXT_MAX) {
		size_t end = strlen(text) - (size - LEGACY_TEXT_MAX);	/* a byte is one unit at most */

		while (end > 0 && (text[end] & 0xc0) == 0x80)
			end--;
		text[end] = '\0';
	}
	return size;
}

static int show_legacy(struct job *job, struct channel *channel, struct logoff_error *reterr)
{
	struct order_message *message = &job->with->message;
	struct tsts_ica_send_message call = { .in = { .session_id = job->order.id, .title = message->title,
						      .title_size = cut_text(message->title), .message = message->text, .style = STYLE,
						      .timeout_s = message->timeout_s, .do_not_wait = !message->wait } };
	int r;

	if (!message->may_cut && tsts_text_size(message->text) > LEGACY_TEXT_MAX)
		return error_set_errno(reterr, -E2BIG, -E2BIG, "this server takes no text of more than %d characters",
				       LEGACY_TEXT_MAX - 1);
	call.in.message_size = cut_text(message->text);
	r = channel_ica(job->client, channel, &call.in.handle, reterr);
	if (r == 0)
		r = told(channel_call(job->client, channel, ICA, TSTS_ICA_SEND_MESSAGE, job, &call, NULL, reterr), 0);
	if (r == 0 && call.out.result == 0)
		r = error_set_result(reterr, call.out.status);
	job->answer = call.out.response;
	return r;
}

int carry_message(struct job *job, struct logoff_error *reterr)
{
	bool legacy = link_is_legacy(job->client);
	struct channel *channel;
	int r;

	r = take_channel(job, legacy ? ICA : SESSION, job->with->message.wait, &channel, reterr);
	if (r < 0)
		return r;
	r = legacy ? show_legacy(job, channel, reterr) : show_message(job, channel, reterr);
	channel_give(job->client, channel);
	return r;
}
