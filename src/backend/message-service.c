/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * message-service.c - asking the message service to deliver: one call of D-Bus for all sessions of a delivery.
 *
 * The service (src/messenger) has root's rights and asks polkit whether the caller may; what it starts begins with
 * nothing of the caller's. Its name on the system bus may be owned by root only, by the bus's policy. The call is
 * asynchronous, as terminals and children of the same delivery go on meanwhile; while answers are waited for, the service
 * is asked now and then whether it is still there.
 */
#include "backend/message.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"

#define SECOND_US UINT64_C(1000000)

/* The service has to be started, to ask polkit, and to deliver, for which a desktop alone may take 5 s. */
#define SEND_US (10 * SECOND_US)

/* While people think about their answers. */
#define PING_EVERY_US (5 * SECOND_US)
#define PING_US (5 * SECOND_US)

/* For the answers of those who have been cancelled. */
#define CANCEL_US SECOND_US

struct service_call {
	sd_bus *bus;
	size_t n_sessions;
	uint64_t until_us;		/* when no answer is worth waiting for; UINT64_MAX: while the service is there */
	uint64_t ping_us;		/* when to ask next whether it is there; UINT64_MAX: never */
	bool connected;			/* else nothing of it has been sent */
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
	return sd_bus_error_has_name(error, SD_BUS_ERROR_NO_REPLY) || sd_bus_error_has_name(error, SD_BUS_ERROR_TIMEOUT) ?
	       -ETIMEDOUT : -EIO;
}

static void fail_call(struct service_call *call, const sd_bus_error *error, int r)
{
	if (call->failed)
		return;
	if (error && error->name) {
		call->failed = find_meaning(error, &call->cause);
		return;
	}
	call->failed = r < 0 ? r : -EIO;
	if (call->failed == -ENOENT)
		(void)service_say_absent(&call->cause);
	else
		(void)error_set_errno(&call->cause, 0, call->failed, "the message service: %s", strerror(-call->failed));
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

	(void)error;
	if (sd_bus_message_is_method_error(m, NULL))
		fail_call(call, sd_bus_message_get_error(m), -sd_bus_message_get_errno(m));
	call->ping_us = clock_now_us() + PING_EVERY_US;
	return 0;
}

static int compose_call(sd_bus *bus, const struct logoff_message *message, struct logoff_session *const *sessions,
		   size_t n_sessions, sd_bus_message **ret)
{
	int r = sd_bus_message_new_method_call(bus, ret, MESSENGER_NAME, MESSENGER_PATH, MESSENGER_INTERFACE, "Send");

	if (r >= 0)
		r = sd_bus_message_open_container(*ret, 'a', "(st)");
	for (size_t i = 0; r >= 0 && i < n_sessions; i++)
		r = sd_bus_message_append(*ret, "(st)", sessions[i]->id, sessions[i]->logon);
	if (r >= 0)
		r = sd_bus_message_close_container(*ret);
	if (r >= 0)
		r = sd_bus_message_append(*ret, "sstbu", message->title, message->text, message->timeout_ms, message->wait,
					  (uint32_t)message->kind);
	/* Everything else of ours only looks; this service is there to be started. */
	return r < 0 ? r : sd_bus_message_set_auto_start(*ret, 1);
}

static uint64_t answer_until(const struct logoff_message *message)
{
	uint64_t now_us = clock_now_us();

	if (!message->wait)
		return now_us + SEND_US;
	if (message->timeout_ms == 0 || message->timeout_ms > UINT64_MAX / 4000)
		return UINT64_MAX;
	return now_us + SEND_US + message->timeout_ms * 1000;
}

int service_call_new(struct service_call **ret_call, const struct logoff_message *message,
		     struct logoff_session *const *sessions, size_t n_sessions)
{
	struct service_call *call = calloc(1, sizeof(*call));
	sd_bus_message *question = NULL;
	int r;

	if (!call)
		return -ENOMEM;
	*call = (struct service_call){ .n_sessions = n_sessions, .until_us = answer_until(message) };
	call->ping_us = message->wait ? clock_now_us() + SEND_US : UINT64_MAX;
	r = sd_bus_open_system(&call->bus);
	if (r >= 0)
		r = compose_call(call->bus, message, sessions, n_sessions, &question);
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
}

/* Sees to the deadlines. */
static void check_times(struct service_call *call)
{
	uint64_t now_us = clock_now_us();
	int r = 0;

	if (now_us >= call->until_us)
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

	if (sd_bus_message_read(m, "(iuuuxss)", &told.result, &channel, &answer, &domain, &told.cause.number, &name,
				&text) <= 0)
		return -EPROTO;
	told.channel = channel;
	told.answer = answer;
	told.cause.domain = domain;
	strncpy(told.cause.name, name, sizeof(told.cause.name) - 1);
	strncpy(told.cause.text, text, sizeof(told.cause.text) - 1);
	return message_take_delivery(to, &told) ? 0 : -EPROTO;
}

static int read_answer(struct service_call *call, struct logoff_delivery *deliveries)
{
	int r = sd_bus_message_enter_container(call->answer, 'a', "(iuuuxss)");

	for (size_t i = 0; r >= 0 && i < call->n_sessions; i++)
		r = read_delivery(call->answer, &deliveries[i]);
	return r < 0 ? -EPROTO : 1;
}

int service_call_process(struct service_call *call, struct logoff_delivery *deliveries, struct logoff_error *cause)
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
	r = read_answer(call, deliveries);
	return r < 0 ? error_set_errno(cause, r, r, "the message service gives no answer that could be one") : r;
}
