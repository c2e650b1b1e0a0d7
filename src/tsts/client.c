/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * client.c - takes orders on a socket, has them carried out by a server that speaks MS-TSTS, sends the event.
 *
 * tsts/order.h says what the two ends tell each other, and why this is a program of its own (start.c). Hidden here: that socket, and
 * the table of who carries out which order. Each order is a task; they are answered in whatever order they are done.
 * The starter kills us when it has waited long enough, so nothing here has a deadline of its own. We end with it: when
 * it closes the socket, or dies. Nothing is ever printed but what LOGOFF_TSTS_DEBUG=1 ... 10 asks for, on stderr.
 */
#include "tsts/client.h"

#include <dcerpc.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"

/* Orders under way; while there are so many no more are read. */
#define JOBS_MAX 256

/* Bytes of events that the starter has not read yet. With more it reads none, and we end. */
#define EVENTS_MAX ((size_t)256 << 20)

/* Samba's own words above this level have keys in them. */
#define DEBUG_MAX 10

/* An event, or a part of it, for which the socket had no room. */
struct pending {
	struct pending *next;
	size_t length, sent;
	uint8_t bytes[];
};

struct desk {
	struct client *client;
	struct tevent_fd *event;
	union {
		struct order order;
		uint8_t bytes[sizeof(struct order) + sizeof(struct order_message) + sizeof(struct order_logon)];
	} in;
	size_t n_in;
	size_t n_jobs;
	bool logged_on;			/* the first order has come */
	struct pending *first, **last;
	size_t n_waiting;		/* bytes in them */
};

/* ---- who carries out what ---- */

static int carry_logon(struct job *job, struct logoff_error *reterr)
{
	struct event_account *row;
	int r = link_logon(job->client, &job->with->logon, reterr);

	if (r < 0)
		return r;
	job->rows = row = talloc_zero(job, struct event_account);
	if (!row)
		return -ENOMEM;
	job->n_rows = 1;
	job->row_size = sizeof(*row);
	text_copy(row->name, sizeof(row->name), link_account(job->client, job));
	return 0;
}

static const struct {
	int (*carry)(struct job *job, struct logoff_error *reterr);
	size_t length;			/* of what follows the order */
	bool stays;			/* it is about what an answer has shown: it needs the same connection */
} orders[] = {
	[ORDER_LOGON] = { carry_logon, sizeof(struct order_logon) },
	[ORDER_LIST] = { carry_list, 0 },
	[ORDER_GET] = { carry_get, 0 },
	[ORDER_DETAILS] = { carry_details, 0, true },
	[ORDER_CLOCK] = { carry_clock, 0 },
	[ORDER_CLIENTS] = { carry_clients, 0, true },
	[ORDER_PROCESSES] = { carry_processes, 0 },
	[ORDER_LOGOFF] = { carry_logoff, 0, true },
	[ORDER_RESET] = { carry_reset, 0, true },
	[ORDER_DISCONNECT] = { carry_disconnect, 0, true },
	[ORDER_TERMINATE] = { carry_terminate, 0, true },
	[ORDER_MESSAGE] = { carry_message, sizeof(struct order_message), true },
};

/* The end. Nothing is tidied up: what is ours is gone with us, what is the server's with the connection. */
static void __attribute__((noreturn)) leave(const struct client *client, int status)
{
	if (client->debug)
		link_report(client, "all in all");
	_exit(status);
}

/* ---- events ---- */

static void desk_look(struct desk *desk)
{
	uint16_t flags = desk->n_jobs < JOBS_MAX ? TEVENT_FD_READ : 0;

	tevent_fd_set_flags(desk->event, desk->first ? flags | TEVENT_FD_WRITE : flags);
}

/* Sends what the socket takes. Returns how much; a broken socket is the end. */
static size_t send_some(struct desk *desk, const uint8_t *bytes, size_t length)
{
	ssize_t n = send(ORDER_FD, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n < 0 && errno != EAGAIN && errno != EINTR)
		leave(desk->client, EXIT_SUCCESS);
	return n < 0 ? 0 : (size_t)n;
}

/* A reply is sent whole or we end: half of one would be taken for another. */
static void desk_send(struct desk *desk, const void *data, size_t length)
{
	const uint8_t *bytes = data;
	size_t sent = 0;
	struct pending *pending;

	if (!desk->first)
		sent = send_some(desk, bytes, length);
	if (sent == length)
		return;
	desk->n_waiting += length - sent;
	pending = desk->n_waiting <= EVENTS_MAX ? talloc_size(desk, sizeof(*pending) + length - sent) : NULL;
	if (!pending)
		leave(desk->client, EXIT_FAILURE);
	*pending = (struct pending){ .length = length - sent };
	memcpy(pending->bytes, bytes + sent, length - sent);
	*desk->last = pending;
	desk->last = &pending->next;
	desk_look(desk);
}

static void send_waiting(struct desk *desk)
{
	struct pending *pending = desk->first;
	size_t n;

	if (!pending)
		return;
	n = send_some(desk, pending->bytes + pending->sent, pending->length - pending->sent);
	pending->sent += n;
	desk->n_waiting -= n;
	if (pending->sent < pending->length)
		return;
	desk->first = pending->next;
	if (!desk->first)
		desk->last = &desk->first;
	talloc_free(pending);
	desk_look(desk);
}

void job_reply(struct job *job, int r, const struct logoff_error *cause)
{
	struct desk *desk = job->client->desk;
	size_t length = r == 0 ? job->n_rows * job->row_size : 0;
	struct event event = { .serial = job->order.serial, .kind = EVENT_REPLY, .r = r, .link = job->link };

	if (job->replied)
		return;
	job->replied = true;
	if (r < 0)
		event.error = *cause;
	if (r < 0 && cause->domain == LOGOFF_ERROR_NONE)
		(void)error_set_errno(&event.error, r, r, "%s", strerror(-r));
	if (r == 0) {
		event.now_us = job->client->has_clock ? (int64_t)clock_now_us() + job->client->ahead_us : 0;
		event.answer = job->answer;
		event.n_rows = (uint32_t)job->n_rows;
		event.length = (uint32_t)length;
	}
	desk_send(desk, &event, sizeof(event));
	if (length > 0)
		desk_send(desk, job->rows, length);
}

void desk_removed(struct client *client, uint32_t id)
{
	struct event event = { .kind = EVENT_REMOVED, .id = id };

	desk_send(client->desk, &event, sizeof(event));
}

/* ---- orders ---- */

static int wipe(struct job *job)
{
	if (job->with)
		explicit_bzero(job->with, sizeof(*job->with));
	return 0;
}

static void take_orders(struct desk *desk);

/* A question is answered over one connection. What half of an answer says may be of a server before it was started again. */
static int carry_out(struct job *job, struct logoff_error *reterr)
{
	struct client *client = job->client;
	bool stays = orders[job->order.kind].stays;
	int r = 0;

	if (job->order.kind != ORDER_LOGON)
		r = stays ? link_stays(client, job->order.link, reterr) : link_up(client, reterr);
	if (r < 0)
		return r;
	job->link = link_number(client);
	r = orders[job->order.kind].carry(job, reterr);
	if (job->order.kind == ORDER_LOGON)
		job->link = link_number(client);
	if (((r == 0 && job->rows) || (r == -ENXIO && !stays)) && job->link != link_number(client))
		r = error_set_errno(reterr, -EHOSTUNREACH, -ECONNABORTED, "the connection to the server broke meanwhile");
	return r;
}

static void run_job(void *data)
{
	struct job *job = data;
	struct desk *desk = job->client->desk;
	struct logoff_error cause = {};
	int r = carry_out(job, &cause);

	job_reply(job, r, &cause);
	if (job->client->debug)
		link_report(job->client, "so far");	/* a starter that kills us in the end reads no more */
	talloc_free(job);
	desk->n_jobs--;
	take_orders(desk);	/* those for which there was no room */
}

/* No text may be without an end. */
static void end_texts(struct job *job)
{
	struct order_logon *logon = &job->with->logon;
	struct order_message *message = &job->with->message;

	if (job->order.kind == ORDER_LOGON) {
		logon->server[sizeof(logon->server) - 1] = logon->user[sizeof(logon->user) - 1] = '\0';
		logon->domain[sizeof(logon->domain) - 1] = logon->password[sizeof(logon->password) - 1] = '\0';
		logon->ccache[sizeof(logon->ccache) - 1] = '\0';
	} else if (job->order.kind == ORDER_MESSAGE) {
		message->title[sizeof(message->title) - 1] = message->text[sizeof(message->text) - 1] = '\0';
	}
}

static int start_job(struct desk *desk, const struct order *order, const uint8_t *with)
{
	struct job *job = talloc_zero(desk->client, struct job);

	if (!job)
		return -ENOMEM;
	job->client = desk->client;
	job->order = *order;
	job->with = talloc_zero_size(job, sizeof(*job->with));
	if (!job->with) {
		talloc_free(job);
		return -ENOMEM;
	}
	talloc_set_destructor(job, wipe);
	memcpy(job->with, with, order->length);
	end_texts(job);
	desk->n_jobs++;
	return task_start(desk->client, run_job, job);
}

/* Starts the order at the head of what has come, if it is complete. Returns whether it was. */
static bool take_order(struct desk *desk)
{
	struct order order = desk->in.order;
	size_t length = sizeof(order) + order.length;

	if (desk->n_in < sizeof(order) || desk->n_jobs >= JOBS_MAX)
		return false;
	if (order.kind >= sizeof(orders) / sizeof(orders[0]) || order.length != orders[order.kind].length ||
	    (order.kind == ORDER_LOGON) == desk->logged_on)
		leave(desk->client, EXIT_FAILURE);
	if (desk->n_in < length)
		return false;
	desk->logged_on = true;
	if (start_job(desk, &order, desk->in.bytes + sizeof(order)) < 0)
		leave(desk->client, EXIT_FAILURE);
	memmove(desk->in.bytes, desk->in.bytes + length, desk->n_in - length);
	desk->n_in -= length;
	explicit_bzero(desk->in.bytes + desk->n_in, sizeof(desk->in) - desk->n_in);
	return true;
}

/* Starts what is complete, as far as there is room. */
static void take_orders(struct desk *desk)
{
	while (take_order(desk))
		;
	desk_look(desk);
}

/* May be called from within Samba's synchronous calls: it only starts tasks. */
static void desk_event(struct tevent_context *events, struct tevent_fd *event, uint16_t flags, void *data)
{
	struct desk *desk = data;
	ssize_t n;

	(void)events;
	(void)event;
	if (flags & TEVENT_FD_WRITE)
		send_waiting(desk);
	if (!(flags & TEVENT_FD_READ))
		return;
	n = recv(ORDER_FD, desk->in.bytes + desk->n_in, sizeof(desk->in) - desk->n_in, MSG_DONTWAIT);
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		leave(desk->client, EXIT_SUCCESS);
	desk->n_in += n > 0 ? (size_t)n : 0;
	take_orders(desk);
}

static struct desk *desk_new(struct client *client)
{
	struct desk *desk = talloc_zero(client, struct desk);

	if (!desk)
		return NULL;
	desk->client = client;
	desk->last = &desk->first;
	desk->event = tevent_add_fd(client->events, desk, ORDER_FD, TEVENT_FD_READ, desk_event, desk);
	return desk->event ? desk : NULL;
}

/* ---- the program ---- */

/* Samba prints where it likes; what it prints goes nowhere, or to stderr with the rest. */
static int read_debug(void)
{
	const char *text = secure_getenv("LOGOFF_TSTS_DEBUG");
	int level = text ? atoi(text) : 0;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null >= 0) {
		(void)dup2(null, STDIN_FILENO);
		(void)dup2(level > 0 ? STDERR_FILENO : null, STDOUT_FILENO);
		if (level <= 0)
			(void)dup2(null, STDERR_FILENO);
	}
	return level < 0 ? 0 : level > DEBUG_MAX ? DEBUG_MAX : level;
}

static struct client *client_new(const struct starter *starter, int debug)
{
	struct client *client = talloc_zero(NULL, struct client);

	if (!client)
		return NULL;
	client->debug = debug;
	client->starter = starter;
	client->events = loop_new(client);
	if (!client->events)
		return NULL;
	client->tasks = tasks_new(client);
	client->desk = client->tasks ? desk_new(client) : NULL;
	return client->desk && NT_STATUS_IS_OK(dcerpc_init()) ? client : NULL;
}

/* What has been read already is taken from where it was. */
static bool begin_with(struct desk *desk, uint8_t *begun, size_t length)
{
	if (length > sizeof(desk->in))
		return false;
	memcpy(desk->in.bytes, begun, length);
	explicit_bzero(begun, length);
	desk->n_in = length;
	take_orders(desk);
	return true;
}

client_run_func tsts_client_run __attribute__((visibility("default")));

int tsts_client_run(uint8_t *begun, size_t length, const struct starter *starter)
{
	struct client *client = client_new(starter, read_debug());

	if (!client || !begin_with(client->desk, begun, length))
		return EXIT_FAILURE;
	loop_run(client);
	leave(client, EXIT_FAILURE);
}
