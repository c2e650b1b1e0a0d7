/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * message-service.c - asking the message service: one call of D-Bus for all sessions of a delivery, or all processes that are to end.
 *
 * The service (src/messenger) has root's rights and asks polkit whether the caller may; what it starts begins with
 * nothing of the caller's. Its name on the system bus may be owned by root only, by the bus's policy. A call is
 * asynchronous, as terminals and children of the same delivery go on meanwhile; while answers are waited for, the service
 * is asked now and then whether it is still there.
 */
#include "backend/message.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"

#define SECOND_US UINT64_C(1000000)

/* The service has to be started, to ask polkit, and to deliver, for which a desktop alone may take 5 s. */
#define SEND_US (10 * SECOND_US)

/* To disconnect, and to prove it. To end processes, besides the grace: a process that waits in the kernel takes ten seconds. */
#define ACT_US (20 * SECOND_US)

/* While people think about their answers. */
#define PING_EVERY_US (5 * SECOND_US)
#define PING_US (5 * SECOND_US)

/* For the answers of those who have been cancelled. */
#define CANCEL_US SECOND_US

struct service_call {
	sd_bus *bus;
	size_t n_results;
	uint64_t until_us;		/* when no answer is worth waiting for; UINT64_MAX: while the service is there */
	uint64_t ping_us;		/* when to ask next whether it is there; UINT64_MAX: never */
	bool connected;			/* else nothing of it has been sent */
	bool cancelled;			/* the service has been told */
	sd_bus_message *answer;
	int failed;			/* 0, or why there will be no answer */
	struct logoff_error cause;
};

/* Errors that say that the service is not installed here. */
static const char *const absences[] = {
	SD_BUS_ERROR_SERVICE_UNKNOWN, SD_BUS_ERROR_NAME_HAS_NO_OWNER, SD_BUS_ERROR_UNKNOWN_METHOD,
	"org.freedesktop.DBus.Error.Spawn.ServiceNotFound", "org.freedesktop.systemd1.NoSuchUnit",
};

/* Errors that say that it is, and has not been started; they begin so. */
static const char *const failures[] = {
	"org.freedesktop.DBus.Error.Spawn.", "org.freedesktop.systemd1.",
};

int service_say_absent(struct logoff_error *cause)
{
	return error_set_errno(cause, -ENOENT, -ENOENT, "the message service (logoff-messenger) is not installed here");
}

static int say_no_bus(struct logoff_error *cause)
{
	return error_set_errno(cause, -ENOENT, -ENOENT,
			       "the system bus, by which the message service (logoff-messenger) is asked, cannot be reached");
}

static int find_meaning(const sd_bus_error *error, struct logoff_error *cause)
{
	for (size_t i = 0; i < sizeof(absences) / sizeof(absences[0]); i++)
		if (strcmp(error->name, absences[i]) == 0)
			return service_say_absent(cause);
	(void)error_set_dbus(cause, 0, error->name, error->message);
	for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++)
		if (strncmp(error->name, failures[i], strlen(failures[i])) == 0)
			return -ENOENT;
	if (sd_bus_error_has_name(error, SD_BUS_ERROR_ACCESS_DENIED))
		return -EACCES;
	if (sd_bus_error_has_name(error, SD_BUS_ERROR_LIMITS_EXCEEDED))
		return -EBUSY;
	/* The service may have done it before it failed. */
	return sd_bus_error_has_name(error, SD_BUS_ERROR_NO_REPLY) || sd_bus_error_has_name(error, SD_BUS_ERROR_TIMEOUT) ?
	       -EINPROGRESS : -EIO;
}

static void fail_call(struct service_call *call, const sd_bus_error *error, int r)
{
	if (call->failed)
		return;
	if (error && error->name) {
		call->failed = find_meaning(error, &call->cause);
		return;
	}
	r = r < 0 ? r : -EIO;
	if (r == -ENOENT)
		call->failed = say_no_bus(&call->cause);
	else	/* nobody knows what it has done by then */
		call->failed = error_set_errno(&call->cause, -EINPROGRESS, r, "the message service: %s", strerror(-r));
}

static int on_answer(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct service_call *call = userdata;

	(void)error;
	if (sd_bus_message_is_method_error(m, NULL))
		fail_call(call, sd_bus_message_get_error(m), -sd_bus_message_get_errno(m));
	else
		call->answer = sd_bus_message_ref(m);
	return 0;
}

static int on_pong(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct service_call *call = userdata;
	bool absent = sd_bus_message_is_method_error(m, SD_BUS_ERROR_NAME_HAS_NO_OWNER) ||
		      sd_bus_message_is_method_error(m, SD_BUS_ERROR_SERVICE_UNKNOWN);

	(void)error;
	/* While it is being started it has no name yet; if it cannot be started, or has ended, the bus answers the call itself. */
	if (!absent && sd_bus_message_is_method_error(m, NULL))
		fail_call(call, sd_bus_message_get_error(m), -sd_bus_message_get_errno(m));
	call->ping_us = clock_now_us() + PING_EVERY_US;
	return 0;
}

/* ---- what it is asked for ---- */

static int append_message(sd_bus_message *m, const struct service_order *order)
{
	const struct logoff_message *message = order->message;
	int r = sd_bus_message_open_container(m, 'a', "(st)");

	for (size_t i = 0; r >= 0 && i < order->n; i++)
		r = sd_bus_message_append(m, "(st)", order->sessions[i]->id, order->sessions[i]->logon);
	if (r >= 0)
		r = sd_bus_message_close_container(m);
	return r < 0 ? r : sd_bus_message_append(m, "sstbu", message->title, message->text, message->timeout_ms, message->wait,
						 (uint32_t)message->kind);
}

static int append_process(sd_bus_message *m, const struct logoff_host_process *process)
{
	int r = sd_bus_message_open_container(m, 'r', "ixusay");

	if (r >= 0)
		r = sd_bus_message_append(m, "ixus", process->pid, process->started_us, process->uid, process->session_id);
	if (r >= 0)
		r = sd_bus_message_append_array(m, 'y', process->command, strlen(process->command));
	return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append_actor(sd_bus_message *m, const struct host_actor *actor)
{
	return sd_bus_message_append(m, "(sss)", actor->name, actor->sid, actor->address);
}

static int append_processes(sd_bus_message *m, const struct service_order *order)
{
	int r = sd_bus_message_open_container(m, 'a', "(ixusay)");

	for (size_t i = 0; r >= 0 && i < order->n; i++)
		r = append_process(m, order->processes[i]);
	if (r >= 0)
		r = sd_bus_message_close_container(m);
	if (r >= 0)
		r = sd_bus_message_append(m, "t", order->grace_ms);
	return r < 0 ? r : append_actor(m, order->actor);
}

static int append_session(sd_bus_message *m, const struct service_order *order)
{
	int r = sd_bus_message_append(m, "st", order->sessions[0]->id, order->sessions[0]->logon);

	return r < 0 ? r : append_actor(m, order->actor);
}

static const struct {
	const char *name;
	int (*append)(sd_bus_message *m, const struct service_order *order);
} methods[] = {
	[SERVICE_SEND] = { "Send", append_message },
	[SERVICE_DISCONNECT] = { "Disconnect", append_session },
	[SERVICE_END] = { "EndProcesses", append_processes },
};

static int compose_call(sd_bus *bus, const struct service_order *order, sd_bus_message **ret)
{
	int r = sd_bus_message_new_method_call(bus, ret, MESSENGER_NAME, MESSENGER_PATH, MESSENGER_INTERFACE,
					       methods[order->method].name);

	if (r >= 0)
		r = methods[order->method].append(*ret, order);
	/* Everything else of ours only looks; this service is there to be started. */
	return r < 0 ? r : sd_bus_message_set_auto_start(*ret, 1);
}

/* ---- a call ---- */

static uint64_t answer_until(const struct service_order *order)
{
	const struct logoff_message *message = order->message;
	uint64_t now_us = clock_now_us();

	if (order->method != SERVICE_SEND)
		return now_us + ACT_US + order->grace_ms * 1000;
	if (!message->wait)
		return now_us + SEND_US;
	if (message->timeout_ms == 0 || message->timeout_ms > UINT64_MAX / 4000)
		return UINT64_MAX;
	return now_us + SEND_US + message->timeout_ms * 1000;
}

int service_call_new(struct service_call **ret_call, const struct service_order *order)
{
	struct service_call *call = calloc(1, sizeof(*call));
	bool waits = order->method == SERVICE_END || (order->method == SERVICE_SEND && order->message->wait);
	sd_bus_message *question = NULL;
	int r;

	if (!call)
		return -ENOMEM;
	*call = (struct service_call){ .n_results = order->n, .until_us = answer_until(order) };
	call->ping_us = waits ? clock_now_us() + SEND_US : UINT64_MAX;
	r = sd_bus_open_system(&call->bus);
	if (r >= 0)
		r = compose_call(call->bus, order, &question);
	if (r >= 0)
		r = sd_bus_call_async(call->bus, NULL, question, on_answer, call, UINT64_MAX);
	sd_bus_message_unref(question);
	if (r < 0) {
		service_call_free(call);
		return r;
	}
	*ret_call = call;
	return 0;
}

struct service_call *service_call_free(struct service_call *call)
{
	if (!call)
		return NULL;
	sd_bus_message_unref(call->answer);
	sd_bus_close(call->bus);	/* the service sees it, and ends what is under way */
	sd_bus_unref(call->bus);
	free(call);
	return NULL;
}

void service_call_poll(const struct service_call *call, int *ret_fd, short *ret_events, uint64_t *ret_until_us)
{
	int events = sd_bus_get_events(call->bus);
	uint64_t until_us = 0, own_us = call->until_us < call->ping_us ? call->until_us : call->ping_us;

	*ret_fd = sd_bus_get_fd(call->bus);
	*ret_events = (short)(events < 0 ? POLLIN : events);
	/* Both clocks are the kernel's monotonic one. */
	if (events < 0 || sd_bus_get_timeout(call->bus, &until_us) < 0)
		until_us = 0;
	*ret_until_us = until_us < own_us ? until_us : own_us;
}

void service_call_cancel(struct service_call *call)
{
	(void)sd_bus_call_method_async(call->bus, NULL, MESSENGER_NAME, MESSENGER_PATH, MESSENGER_INTERFACE, "Cancel", NULL,
				       NULL, NULL);	/* if it fails, the deadline is what ends the waiting */
	call->until_us = clock_now_us() + CANCEL_US;
	call->cancelled = true;
}

/* Sees to the deadlines. */
static void check_times(struct service_call *call)
{
	uint64_t now_us = clock_now_us();
	int r = 0;

	if (now_us >= call->until_us && call->cancelled && !call->failed)
		call->failed = error_set_errno(&call->cause, -ECANCELED, -ECANCELED, "cancelled");
	else if (now_us >= call->until_us)
		fail_call(call, NULL, -ETIMEDOUT);
	if (now_us >= call->ping_us) {
		sd_bus_message *ping = NULL;

		call->ping_us = UINT64_MAX;	/* until it has answered this one */
		r = sd_bus_message_new_method_call(call->bus, &ping, MESSENGER_NAME, MESSENGER_PATH,
						   "org.freedesktop.DBus.Peer", "Ping");
		if (r >= 0)
			r = sd_bus_message_set_auto_start(ping, 0);	/* a new one would know of no call */
		if (r >= 0)
			r = sd_bus_call_async(call->bus, NULL, ping, on_pong, call, PING_US);
		sd_bus_message_unref(ping);
	}
	if (r < 0)
		fail_call(call, NULL, r);
}

/* Reads one delivery. Returns 0 or -EPROTO. */
static int read_delivery(sd_bus_message *m, struct logoff_delivery *to)
{
	struct logoff_delivery told = {};
	uint32_t channel, answer, domain;
	const char *name, *text;
	int32_t result;

	if (sd_bus_message_read(m, "(iuuuxss)", &result, &channel, &answer, &domain, &told.cause.number, &name,
				&text) <= 0)
		return -EPROTO;
	told.result = (enum logoff_result)result;
	told.channel = channel;
	told.answer = answer;
	told.cause.domain = domain;
	strncpy(told.cause.name, name, sizeof(told.cause.name) - 1);
	strncpy(told.cause.text, text, sizeof(told.cause.text) - 1);
	return message_take_delivery(to, &told) ? 0 : -EPROTO;
}

static int read_answer(struct service_call *call, struct logoff_delivery *results)
{
	int r = sd_bus_message_enter_container(call->answer, 'a', "(iuuuxss)");

	for (size_t i = 0; r >= 0 && i < call->n_results; i++)
		r = read_delivery(call->answer, &results[i]);
	return r < 0 ? -EINPROGRESS : 1;	/* it has done something */
}

int service_call_process(struct service_call *call, struct logoff_delivery *results, struct logoff_error *cause)
{
	int r = 1;

	while (r > 0 && !call->answer && !call->failed) {
		r = sd_bus_process(call->bus, NULL);
		call->connected = call->connected || sd_bus_is_ready(call->bus) > 0;
	}
	if (r < 0 && !call->answer)
		fail_call(call, NULL, call->connected ? r : -ENOENT);
	if (!call->answer)
		check_times(call);
	if (call->failed) {
		*cause = call->cause;
		return call->failed;
	}
	if (!call->answer)
		return 0;
	r = read_answer(call, results);
	return r < 0 ? error_set_errno(cause, r, r, "the message service gives no answer that could be one") : r;
}

/* ---- the whole of it, for who does nothing else meanwhile ---- */

bool service_knows(const struct logoff_host *host)
{
	return !host->far && !host->delivers_itself && !host->forced && !(host->above && host->above->forced);
}

/* Waits until something may have come. Returns whether the caller has cancelled. */
static bool wait_for_call(const struct service_call *call, int cancel_fd)
{
	struct pollfd fds[] = { { .fd = cancel_fd, .events = POLLIN }, { .fd = -1 } };
	uint64_t now_us = clock_now_us(), until_us;
	int timeout_ms;

	service_call_poll(call, &fds[1].fd, &fds[1].events, &until_us);
	timeout_ms = until_us <= now_us ? 0 : (until_us - now_us) / 1000 >= INT_MAX ? -1 : (int)((until_us - now_us) / 1000) + 1;
	return poll(fds, 2, timeout_ms) > 0 && fds[0].revents;
}

int service_ask(const struct service_order *order, int cancel_fd, struct logoff_delivery *results, struct logoff_error *cause)
{
	struct service_call *call = NULL;
	int r = service_call_new(&call, order);

	if (r < 0)
		r = say_no_bus(cause);
	while (r == 0 && (r = service_call_process(call, results, cause)) == 0)
		if (wait_for_call(call, cancel_fd)) {
			service_call_cancel(call);
			cancel_fd = -1;
		}
	service_call_free(call);
	return r > 0 ? 0 : r == -ENOENT || r == -EACCES ? -EACCES : r == -EBUSY ? r : -EAGAIN;
}
