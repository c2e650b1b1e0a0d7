/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * run.c - see run.h.
 *
 * One epoll has the descriptors of all children. What a descriptor says is only a reason to look: a child counts as
 * ended when the kernel says so by its pidfd, since a process that it has left behind may hold its standard output
 * open.
 */
#include "farm/run.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "farm/guard.h"
#include "farm/peer.h"

#define PROTOCOL 1			/* the number in the hello */
#define HELD_MAX 64			/* connections between two rounds */
#define TRIES_MAX 4			/* of a host that shuts us out, as others connect at the same time */
/* What a host can make this process keep. */
#define NOISE_LINES_MAX 100		/* before the hello: what login scripts print */
#define NOISE_MAX 65536			/* bytes of these and of the hello */
#define LINE_MAX_BYTES (16 << 20)
#define ORDER_MAX_BYTES (64 << 20)	/* of all lines of one order */
#define ORDER_MAX_LINES (1 << 18)	/* a short one can become a struct that is ten times as long */
#define REST_CHUNKS 16			/* of 64 KiB, of what a child has left in its pipe: as much as it may hold */
#define LEAVE_MS 1000			/* from the end of its input to SIGTERM, and as long again to SIGKILL */
#define CANCEL_MS 3000			/* after the second cancel */
#define LOOK_MS 500			/* the longest wait; if it takes twice as long, this process was stopped */
#define DRAW_US 100000
#define EVENTS_MAX 64

enum state {
	RESTING,			/* no child, and none wanted */
	WAITING,			/* to be started at WAKE_US */
	GREETING,			/* started; its hello has not come */
	FAILING,			/* it cannot serve its bus; the end of the carrier, which is next, may tell */
	ORDERED,			/* it carries out an order */
	HELD,				/* between two rounds */
	LEAVING				/* it has been told to end, and nobody reads it any more */
};

struct link {
	struct peer peer;
	struct peer carrier;		/* ssh, if PEER is a program here that uses the far bus through it; else none */
	enum state state;
	uint64_t started_us, wake_us;	/* in this round; when to look again whatever happens, 0: never */
	uint64_t elapsed_ms, hello_us;	/* HELLO_US: when its hello came */
	unsigned tries, signals;
	size_t n_bytes, n_lines;	/* of noise and hello, or of the lines of the order */
	json_t *hello;
	json_int_t serial, order_serial; /* the last one in this connection, and that of the order */
	char word[24];			/* of the order */
	bool order_changes;		/* what the order is; what is true now: */
	bool changes, input_waits, in_round;
	bool silent;			/* its output has ended */
	bool kept;			/* another connection would be refused */
	bool over_bus;			/* the far host has only its bus, which CARRIER has led to, or leads */
	enum farm_failure failure;	/* in FAILING: what it is unless the end of the carrier says it better */
	char text[FAILURE_TEXT_SIZE];
};

struct farm {
	const struct farm_hosts *hosts;
	const struct reach_how *how;
	struct link *links;
	struct guard guard;
	int epoll;
	const struct farm_calls *calls;
	size_t n_busy, n_open;		/* which are not done; which count for the limit of PARALLEL */
	size_t n_held;
	size_t n_greeted;		/* which have said hello */
	int cancels;
	uint64_t drawn_us;
};

/* ---- the descriptors ---- */

enum part { PART_OUT, PART_ERR, PART_END, PART_IN, PART_CARRIER_ERR, PART_CARRIER_END };

#define N_PARTS 6
#define CANCEL_KEY UINT64_MAX

static int fd_of(const struct link *link, enum part part)
{
	switch (part) {
	case PART_OUT:
		return link->peer.out;
	case PART_ERR:
		return link->peer.err;
	case PART_END:
		return link->peer.pidfd;
	case PART_IN:
		return link->peer.in;
	case PART_CARRIER_ERR:
		return link->carrier.err;
	case PART_CARRIER_END:
		return link->carrier.pidfd;
	}
	return -1;
}

/* WHAT: EPOLL_CTL_ADD, or EPOLL_CTL_MOD for what has become another part. */
static int listen_to(struct farm *farm, size_t i, enum part part, int what)
{
	struct epoll_event event = { .events = part == PART_IN ? EPOLLOUT : EPOLLIN, .data.u64 = i * N_PARTS + part };

	return epoll_ctl(farm->epoll, what, fd_of(&farm->links[i], part), &event) < 0 ? -errno : 0;
}

/* Listens to a peer that has just been started. If that is impossible it is ended, as its end would not be noticed. */
static int listen_to_peer(struct farm *farm, size_t i)
{
	struct peer *peer = &farm->links[i].peer;
	int r = 0;

	for (enum part part = PART_OUT; r >= 0 && part <= PART_END; part++)
		r = listen_to(farm, i, part, EPOLL_CTL_ADD);
	if (r < 0) {
		peer_signal(peer, SIGKILL);
		guard_drop(&farm->guard, peer->pid);
		(void)peer_end(peer);
	}
	return r;
}

/* Standard input is listened to only while something waits for it. */
static void listen_to_input(struct farm *farm, size_t i)
{
	struct link *link = &farm->links[i];
	bool wanted = link->peer.in >= 0 && link->peer.orders.n > 0;

	if (wanted && !link->input_waits)
		wanted = listen_to(farm, i, PART_IN, EPOLL_CTL_ADD) >= 0;
	else if (!wanted && link->input_waits && link->peer.in >= 0)
		(void)epoll_ctl(farm->epoll, EPOLL_CTL_DEL, link->peer.in, NULL);
	link->input_waits = wanted;
}

/* ---- states ---- */

/* Counts for the limit of how many run at once: not what waits for a person, or for users who have been warned. */
static bool is_open(const struct link *link)
{
	return link->state == GREETING || link->state == FAILING || (link->state == ORDERED && !link->changes) ||
	       link->state == LEAVING;
}

static bool has_children(const struct link *link)
{
	return link->peer.pid > 0 || link->carrier.pid > 0;
}

static void set_state(struct farm *farm, size_t i, enum state state)
{
	struct link *link = &farm->links[i];

	farm->n_open -= is_open(link);
	farm->n_held -= link->state == HELD;
	link->state = state;
	link->changes = link->order_changes && state == ORDERED;
	farm->n_open += is_open(link);
	farm->n_held += link->state == HELD;
}

/* Host I has nothing more to do in this round. */
static void finish(struct farm *farm, size_t i)
{
	struct link *link = &farm->links[i];

	if (!link->in_round)
		return;
	link->in_round = false;
	farm->n_busy--;
	if (farm->calls->done)
		farm->calls->done(i, farm->calls->data);
}

/* Tells the children to end: what carries a bus ends with the one that speaks with it. */
static void leave(struct farm *farm, size_t i)
{
	struct link *link = &farm->links[i];

	set_state(farm, i, has_children(link) ? LEAVING : RESTING);
	link->signals = 0;
	link->wake_us = clock_now_us() + LEAVE_MS * 1000;
	if (link->input_waits)
		(void)epoll_ctl(farm->epoll, EPOLL_CTL_DEL, link->peer.in, NULL);
	link->input_waits = false;
	peer_close_input(&link->peer);
}

static void signal_children(const struct link *link, int signal)
{
	peer_signal(&link->peer, signal);
	peer_signal(&link->carrier, signal);
}

static void fail(struct farm *farm, size_t i, enum farm_failure failure, const char *text)
{
	struct link *link = &farm->links[i];
	bool changes = link->changes;	/* it may be carrying that through: it has its time to leave */

	link->failure = failure;
	if (text)
		snprintf(link->text, sizeof(link->text), "%s", text);
	leave(farm, i);
	if (!changes && (failure == FARM_LATE || failure == FARM_WRONG))	/* it may ignore the end of its input */
		signal_children(link, SIGTERM);
	finish(farm, i);
}

/* ---- orders ---- */

static void write_orders(struct farm *farm, size_t i)
{
	struct link *link = &farm->links[i];

	if (link->peer.in >= 0 && link->peer.orders.n > 0 && !buffer_write(&link->peer.orders, link->peer.in, SIZE_MAX))
		link->peer.orders.n = 0;	/* its end shows at its output */
	listen_to_input(farm, i);
}

/* Takes JSON. Returns false without memory. */
static bool send_line(struct farm *farm, size_t i, json_t *json)
{
	struct buffer *orders = &farm->links[i].peer.orders;
	char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
	bool done = text && buffer_add(orders, text, strlen(text)) && buffer_add(orders, "\n", 1);

	free(text);
	json_decref(json);
	write_orders(farm, i);
	return done;
}

static void send_cancel(struct farm *farm, size_t i)
{
	(void)send_line(farm, i, json_pack("{s:I, s:s}", "serial", ++farm->links[i].serial, "order", "cancel"));
}

static void send_order(struct farm *farm, size_t i, struct farm_order *order)
{
	struct link *link = &farm->links[i];
	const char *word = json_string_value(json_object_get(order->json, "order"));
	bool done;

	snprintf(link->word, sizeof(link->word), "%s", word ? word : "");
	link->order_changes = order->changes;
	set_state(farm, i, ORDERED);
	link->n_bytes = link->n_lines = 0;
	if (order->time_ms > 0)
		link->wake_us = clock_now_us() + order->time_ms * 1000;
	link->order_serial = ++link->serial;
	done = order->json && json_object_set_new(order->json, "serial", json_integer(link->serial)) == 0;
	if (!done)
		json_decref(order->json);
	if (!done || !send_line(farm, i, order->json))
		fail(farm, i, FARM_UNREACHABLE, strerror(ENOMEM));
}

/* Asks the caller what is next for host I, which has a connection. */
static void go_on(struct farm *farm, size_t i)
{
	struct farm_order order = {};

	/* Nothing is begun after a cancel, as nobody could cancel it. */
	if (farm->cancels > 0) {
		leave(farm, i);
		finish(farm, i);
		return;
	}
	switch (farm->calls->next(i, &order, farm->calls->data)) {
	case FARM_ORDER:
		send_order(farm, i, &order);
		return;
	case FARM_HOLD:
		if (farm->n_held < HELD_MAX || farm->links[i].kept) {
			set_state(farm, i, HELD);
			farm->links[i].wake_us = 0;
			break;
		}
		/* fall through */
	case FARM_DONE:
		leave(farm, i);
		break;
	}
	finish(farm, i);
}

/* ---- lines ---- */

/*
 * Fails by the last words of CHILD, which leads to the far host, and by the STATUS of its end. Returns false if they
 * say nothing.
 */
static bool fail_by_words(struct farm *farm, size_t i, const struct peer *child, int status)
{
	const struct buffer *words = &child->words;
	char text[FAILURE_TEXT_SIZE];
	bool by_ssh = farm->hosts->items[i].way == FARM_SSH;
	enum farm_failure failure =
		failure_find(words->data ? words->data + words->start : "", words->n, status, by_ssh, text);

	/* A bridge that has ended in order has only warned. One that fails has not answered wrongly. */
	if (failure == FARM_WRONG && (!*text || (child == &farm->links[i].carrier && status == 0)))
		return false;
	if (failure == FARM_WRONG && child == &farm->links[i].carrier)
		failure = FARM_FAILED;
	if (failure == FARM_MISSING && (farm->hosts->items[i].way == FARM_SSH || child == &farm->links[i].carrier))
		failure = FARM_NO_BRIDGE;
	if (failure == FARM_NOT_LET_IN && child == &farm->links[i].carrier)
		failure = FARM_NO_BUS;
	fail(farm, i, failure, text);
	return true;
}

/* What speaks with the bus has failed with FAILURE and the text of the link: mostly as nobody is at the other end. */
static void wait_for_carrier(struct farm *farm, size_t i, enum farm_failure failure)
{
	struct link *link = &farm->links[i];

	link->failure = failure;
	set_state(farm, i, FAILING);
	link->wake_us = clock_now_us() + LEAVE_MS * 1000;
	peer_close_input(&link->peer);
}

/* What KIND of failure logoff-host has told. Only one that LEADS to a server of MS-TSTS speaks of the way to it. */
static enum farm_failure find_refusal(const char *kind, bool leads)
{
	static const struct {
		const char *kind;
		bool leads;
		enum farm_failure failure;
	} failures[] = {
		{ "not-accepted", false, FARM_NOT_LET_IN }, { "no-password", false, FARM_NOT_LET_IN },
		{ "authfile", true, FARM_NO_CLIENT },	    { "no-client", true, FARM_NO_CLIENT },
		{ "unreachable", true, FARM_UNREACHABLE },  { "no-answer", true, FARM_LATE },
		{ "wrong-answer", true, FARM_WRONG },
	};

	for (size_t k = 0; k < sizeof(failures) / sizeof(failures[0]); k++)
		if (strcmp(kind, failures[k].kind) == 0 && (leads || !failures[k].leads))
			return failures[k].failure;
	return FARM_FAILED;
}

bool farm_is_of_network(int64_t number)
{
	static const int numbers[] = {
		EHOSTUNREACH, EHOSTDOWN, ENETUNREACH, ENETDOWN, ETIMEDOUT, ECONNREFUSED, ECONNABORTED,
	};

	for (size_t k = 0; k < sizeof(numbers) / sizeof(numbers[0]); k++)
		if (number == numbers[k])
			return true;
	return false;
}

/* Tells whether the CAUSE of "unreachable" is the way to the host, and not a fault of the client here. */
static bool is_of_network(const json_t *cause)
{
	const char *domain = json_string_value(json_object_get(cause, "domain"));

	return farm_is_of_network(json_integer_value(json_object_get(cause, "number"))) ||
	       (domain && strcmp(domain, "errno") != 0);
}

/* The program that serves the host has said why it cannot. */
static void take_refusal(struct farm *farm, size_t i, const json_t *told)
{
	struct link *link = &farm->links[i];
	const char *kind = json_string_value(json_object_get(told, "kind"));
	const char *object = json_string_value(json_object_get(told, "object"));
	const char *text = json_string_value(json_object_get(json_object_get(told, "cause"), "text"));
	enum farm_failure failure = find_refusal(kind ? kind : "", farm->hosts->items[i].way == FARM_TSTS);
	char words[FAILURE_TEXT_SIZE];

	if (failure == FARM_UNREACHABLE && !is_of_network(json_object_get(told, "cause")))
		failure = FARM_NO_CLIENT;
	text = text ? text : kind ? kind : "";
	snprintf(words, sizeof(words), "%s%s%s", object ? object : "", object ? ": " : "", text);
	failure_copy(link->text, words, strlen(words));
	if (link->carrier.pid > 0)
		wait_for_carrier(farm, i, failure);
	else
		fail(farm, i, failure, NULL);
}

static void take_hello(struct farm *farm, size_t i, json_t *json)
{
	struct link *link = &farm->links[i];
	const json_t *number = json_object_get(json, "logoff-host");

	if (json_integer_value(number) != PROTOCOL) {
		fail(farm, i, FARM_WRONG, "");
		return;
	}
	/* Of what is reached by its bus the program here writes the records: a far host may not say so of itself. */
	if (!link->over_bus)
		(void)json_object_del(json, "way");
	farm->n_greeted += !link->hello;
	json_decref(link->hello);
	link->hello = json_incref(json);
	link->hello_us = clock_now_us();
	link->serial = 0;
	link->text[0] = '\0';
	go_on(farm, i);
}

/* A line before the hello. */
static void take_greeting(struct farm *farm, size_t i, const char *line, size_t n)
{
	struct link *link = &farm->links[i];
	json_t *json = *line == '{' && n <= NOISE_MAX ? json_loadb(line, n, JSON_REJECT_DUPLICATES, NULL) : NULL;

	link->n_bytes += n;
	if (link->n_bytes > NOISE_MAX)
		fail(farm, i, FARM_WRONG, "");
	else if (json_is_object(json) && json_is_integer(json_object_get(json, "logoff-host")))
		take_hello(farm, i, json);
	else if (json_is_object(json) && json_is_object(json_object_get(json, "failure")))
		take_refusal(farm, i, json_object_get(json, "failure"));
	else if (++link->n_lines > NOISE_LINES_MAX)
		fail(farm, i, FARM_WRONG, "");
	else if (n > 1)
		failure_copy(link->text, line, n - 1 - (line[n - 2] == '\r'));
	json_decref(json);
}

/* The program that leads to host I, the first of ARGV, does not start (R). NULL: there was no memory for its words. */
static void fail_to_start(struct farm *farm, size_t i, char *const argv[], int r)
{
	char line[FAILURE_TEXT_SIZE], text[FAILURE_TEXT_SIZE];

	if (argv && r == -ENOENT)
		snprintf(line, sizeof(line), "%s is not installed", argv[0]);
	else if (argv)
		snprintf(line, sizeof(line), "%s: %s", argv[0], strerror(-r));
	else
		snprintf(line, sizeof(line), "%s", strerror(-r));
	failure_copy(text, line, strlen(line));
	fail(farm, i, FARM_NO_CLIENT, text);
}

/* ---- over the bus ---- */

/* The line after which a bus is at the other end. */
static bool is_bus(const struct link *link, const char *line, size_t n)
{
	return link->state == GREETING && !link->over_bus && n == sizeof(REACH_BUS) &&
	       memcmp(line, REACH_BUS "\n", n) == 0;
}

/*
 * The child becomes the carrier, and a program here the one that serves the host. The pipes of the carrier live on
 * there, so they have to be taken out of the epoll by hand.
 */
static int start_over(struct farm *farm, size_t i, char *const argv[])
{
	struct link *link = &farm->links[i];
	int r;

	(void)epoll_ctl(farm->epoll, EPOLL_CTL_DEL, link->peer.out, NULL);
	peer_forget(&link->carrier);
	guard_drop(&farm->guard, link->peer.pid);	/* logoff-host here goes on if this process is killed */
	link->carrier = link->peer;
	link->peer = (struct peer)PEER_NONE;
	if (link->carrier.err >= 0)
		(void)listen_to(farm, i, PART_CARRIER_ERR, EPOLL_CTL_MOD);	/* of what is there it cannot fail */
	(void)listen_to(farm, i, PART_CARRIER_END, EPOLL_CTL_MOD);
	r = peer_start_over(&link->peer, &link->carrier, argv);
	return r < 0 ? r : listen_to_peer(farm, i);
}

static void hand_over(struct farm *farm, size_t i)
{
	struct link *link = &farm->links[i];
	char **argv = NULL;
	int r;

	link->over_bus = true;
	link->text[0] = '\0';
	link->silent = false;
	if (link->peer.lines.n > 0) {	/* a bus does not speak first */
		fail(farm, i, FARM_WRONG, "");
		return;
	}
	r = reach_bus_argv(&farm->hosts->items[i], &argv);
	if (r >= 0)
		r = start_over(farm, i, argv);
	if (r < 0)
		fail_to_start(farm, i, argv, r);
	free(argv);
}

/* ---- lines of an order ---- */

static void take_reply(struct farm *farm, size_t i)
{
	struct link *link = &farm->links[i];

	if (link->elapsed_ms == 0)
		link->elapsed_ms = (clock_now_us() - link->started_us) / 1000 + 1;
	go_on(farm, i);
}

/* Tells whether LINE has a reply, which ends the order, and something else. */
static bool is_two_lines(const json_t *line)
{
	static const char *const parts[] = { "session", "process", "event", "result", "delivery", "fate", "logon",
					     "failure" };

	for (size_t i = 0; json_object_get(line, "reply") && i < sizeof(parts) / sizeof(parts[0]); i++)
		if (json_object_get(line, parts[i]))
			return true;
	return false;
}

/* Whether a line is one of the order that runs. */
static bool is_of_order(const struct link *link, const json_t *json)
{
	const char *reply = json_string_value(json_object_get(json, "reply"));
	const json_t *serial = json_object_get(json, "serial");

	if (is_two_lines(json))
		return false;
	if (json_is_null(serial))
		return json_object_get(json, "failure");
	return json_is_integer(serial) && json_integer_value(serial) == link->order_serial &&
	       (!reply || strcmp(reply, link->word) == 0);
}

/* The reply to a cancel says nothing about the order: the results do. */
static bool is_cancel(const json_t *json)
{
	const char *reply = json_string_value(json_object_get(json, "reply"));

	return reply && strcmp(reply, "cancel") == 0;
}

void farm_keep(struct farm *farm, size_t i)
{
	farm->links[i].kept = true;
}

bool farm_is_refusal(const json_t *line)
{
	static const char *const kinds[] = { "read-only", "busy", "wrong-order", "unknown-order" };
	const char *kind = json_string_value(json_object_get(json_object_get(line, "failure"), "kind"));

	for (size_t k = 0; kind && k < sizeof(kinds) / sizeof(kinds[0]); k++)
		if (strcmp(kind, kinds[k]) == 0)
			return true;
	return false;
}

/* A line while an order runs. */
static void take_line(struct farm *farm, size_t i, const char *line, size_t n)
{
	struct link *link = &farm->links[i];
	json_t *json = json_loadb(line, n, JSON_REJECT_DUPLICATES, NULL);

	link->n_bytes += n;
	link->n_lines++;
	if (link->n_bytes > ORDER_MAX_BYTES || link->n_lines > ORDER_MAX_LINES ||
	    (!is_cancel(json) && (!is_of_order(link, json) || !farm->calls->line(i, json, farm->calls->data))))
		fail(farm, i, FARM_WRONG, "");
	else if ((json_object_get(json, "reply") && !is_cancel(json)) || farm_is_refusal(json))
		take_reply(farm, i);
	json_decref(json);
}

static void take_lines(struct farm *farm, size_t i)
{
	struct link *link = &farm->links[i];
	const char *line;
	size_t n;

	while (link->state == GREETING || link->state == ORDERED) {
		line = buffer_line(&link->peer.lines, &n);
		if (!line && n > (link->state == GREETING ? NOISE_MAX : LINE_MAX_BYTES))
			fail(farm, i, FARM_WRONG, "");
		if (!line)
			return;
		if (is_bus(link, line, n)) {
			buffer_drop(&link->peer.lines, n);
			hand_over(farm, i);
			continue;
		}
		if (link->state == GREETING)
			take_greeting(farm, i, line, n);
		else
			take_line(farm, i, line, n);
		buffer_drop(&link->peer.lines, n);
	}
	link->peer.lines.n = 0;		/* nobody waits for it */
}

/* ---- children ---- */

static void start(struct farm *farm, size_t i)
{
	struct link *link = &farm->links[i];
	char **argv = NULL;
	int r = reach_argv(&farm->hosts->items[i], farm->how, &argv);

	peer_forget(&link->peer);
	peer_forget(&link->carrier);
	link->text[0] = '\0';
	link->n_bytes = link->n_lines = 0;
	link->silent = link->over_bus = false;
	if (link->tries++ == 0)
		link->started_us = clock_now_us();
	if (r >= 0)
		r = peer_start(&link->peer, argv);
	set_state(farm, i, GREETING);
	link->wake_us = link->started_us + farm->how->timeout_ms * 1000;
	if (r >= 0) {
		guard_add(&farm->guard, link->peer.pid);
		r = listen_to_peer(farm, i);
	}
	if (r < 0)
		fail_to_start(farm, i, argv, r);
	free(argv);
}

/*
 * Has a host that has shut us out wait a while, longer each time, and not as long as the others. Returns false if it
 * has had its tries, or its time would be over then.
 */
static bool wait_for_room(struct farm *farm, size_t i)
{
	struct link *link = &farm->links[i];
	uint64_t now_us = clock_now_us();
	uint64_t wake_us = now_us + link->tries * (500000 + (now_us * 2654435761u + i * 40503u) % 1500000);

	if (link->tries == TRIES_MAX || farm->cancels > 0 || wake_us >= link->started_us + farm->how->timeout_ms * 1000)
		return false;
	set_state(farm, i, WAITING);
	link->wake_us = wake_us;
	return true;
}

/* A connection to host I is to be made as soon as there is room. */
static void want(struct farm *farm, size_t i)
{
	set_state(farm, i, WAITING);
	farm->links[i].wake_us = clock_now_us();
}

/* What has to come next comes soon or never. */
static void wake_soon(struct link *link)
{
	uint64_t end_us = clock_now_us() + LEAVE_MS * 1000;

	if (link->wake_us == 0 || link->wake_us > end_us)
		link->wake_us = end_us;
}

/* Takes the lines that are left in the pipe. A process that the child has left behind may go on writing. */
static void take_rest(struct farm *farm, size_t i)
{
	struct peer *peer = &farm->links[i].peer;

	for (int k = 0; k < REST_CHUNKS && peer->out >= 0 && buffer_read(&peer->lines, peer->out); k++)
		if (poll(&(struct pollfd){ .fd = peer->out, .events = POLLIN }, 1, 0) <= 0)
			break;
	take_lines(farm, i);
}

/* No child is left. */
static void take_last_end(struct farm *farm, size_t i)
{
	enum state state = farm->links[i].state;
	bool wanted_again = (state == LEAVING || state == HELD) && farm->links[i].in_round;

	set_state(farm, i, RESTING);
	if (wanted_again)
		want(farm, i);
}

/* What leads to the far host has ended, before hello or with an order. */
static void take_end_of_way(struct farm *farm, size_t i, enum state state, bool changes, int status)
{
	struct link *link = &farm->links[i];
	const char *words = link->peer.words.data ? link->peer.words.data + link->peer.words.start : "";

	if (state == ORDERED)
		fail(farm, i, changes ? FARM_BROKEN : FARM_UNREACHABLE, "");
	else if (state == GREETING && link->over_bus)	/* the program here, after its carrier */
		fail(farm, i, FARM_FAILED, NULL);
	else if (state == GREETING &&
		 !(failure_is_crowd(words, link->peer.words.n, status) && wait_for_room(farm, i)) &&
		 !fail_by_words(farm, i, &link->peer, status))
		/* The last line before the hello may say it: "This account is currently not available." */
		fail(farm, i, FARM_WRONG, NULL);
}

/* What speaks with the bus has ended; what carries it ends by that. */
static void take_end_over_bus(struct farm *farm, size_t i)
{
	struct link *link = &farm->links[i];

	if (link->state == GREETING) {
		wait_for_carrier(farm, i, FARM_FAILED);
	} else if (link->state == ORDERED) {
		fail(farm, i, link->changes ? FARM_BROKEN : FARM_UNREACHABLE, "");
	} else if (link->state == HELD) {
		leave(farm, i);
	}
}

static void take_end(struct farm *farm, size_t i)
{
	struct link *link = &farm->links[i];
	enum state state;
	bool changes;
	int status;

	if (link->state == GREETING || link->state == ORDERED)
		take_rest(farm, i);
	if (!peer_has_ended(&link->peer))	/* it is the carrier by now, and its end comes as that */
		return;
	state = link->state;
	changes = link->changes;
	guard_drop(&farm->guard, link->peer.pid);
	status = peer_end(&link->peer);
	link->input_waits = false;
	if (link->carrier.pid > 0) {
		take_end_over_bus(farm, i);
		return;
	}
	take_last_end(farm, i);
	take_end_of_way(farm, i, state, changes, status);
}

static void take_carrier_end(struct farm *farm, size_t i)
{
	struct link *link = &farm->links[i];
	int status;

	if (link->state == GREETING || link->state == ORDERED)
		take_rest(farm, i);
	status = peer_end(&link->carrier);
	if ((link->state == GREETING || link->state == FAILING) && fail_by_words(farm, i, &link->carrier, status))
		return;
	if (link->state == FAILING)
		fail(farm, i, link->failure, NULL);
	else if (link->state == GREETING)	/* what speaks with the bus sees its end, and says so */
		wake_soon(link);
	else if (link->state == ORDERED)
		fail(farm, i, link->changes ? FARM_BROKEN : FARM_UNREACHABLE, "");
	else if (link->state == HELD)
		leave(farm, i);
	else if (!has_children(link))
		take_last_end(farm, i);
}

/* Its output has ended. Its own end, which comes next, says why. */
static void take_silence(struct farm *farm, size_t i)
{
	struct link *link = &farm->links[i];

	link->silent = true;
	(void)epoll_ctl(farm->epoll, EPOLL_CTL_DEL, link->peer.out, NULL);
	if (link->state != LEAVING)
		wake_soon(link);
}

static void take_event(struct farm *farm, size_t i, enum part part)
{
	struct link *link = &farm->links[i];

	if (fd_of(link, part) < 0)
		return;		/* an event before it in the same look has closed it */
	switch (part) {
	case PART_OUT:
		if (!buffer_read(&link->peer.lines, link->peer.out))
			take_silence(farm, i);
		take_lines(farm, i);
		break;
	case PART_ERR:
		peer_read_words(&link->peer);
		break;
	case PART_END:
		take_end(farm, i);
		break;
	case PART_IN:
		write_orders(farm, i);
		break;
	case PART_CARRIER_ERR:
		peer_read_words(&link->carrier);
		break;
	case PART_CARRIER_END:
		take_carrier_end(farm, i);
		break;
	}
}

/* ---- times ---- */

static void take_time(struct farm *farm, size_t i)
{
	struct link *link = &farm->links[i];

	switch (link->state) {
	case RESTING:
	case WAITING:
		break;
	case GREETING:
	case ORDERED:
		fail(farm, i, FARM_LATE, "");
		break;
	case FAILING:
		fail(farm, i, link->failure, NULL);
		break;
	case HELD:
		leave(farm, i);
		break;
	case LEAVING:
		signal_children(link, link->signals++ == 0 ? SIGTERM : SIGKILL);
		link->wake_us = clock_now_us() + LEAVE_MS * 1000;
		break;
	}
}

/* Starts what may be started, does what is due, and tells when to look again. Returns it in milliseconds, or -1. */
static int take_times(struct farm *farm)
{
	uint64_t now_us = clock_now_us(), next_us = UINT64_MAX;

	for (size_t i = 0; i < farm->hosts->n_items; i++) {
		struct link *link = &farm->links[i];

		if (link->state == WAITING && link->wake_us <= now_us) {
			if (farm->n_open >= farm->how->parallel)
				continue;	/* the end of another one is an event */
			start(farm, i);
		} else if (link->wake_us > 0 && link->wake_us <= now_us && link->state != RESTING) {
			take_time(farm, i);
		}
		if (link->state != RESTING && link->wake_us > 0 && link->wake_us < next_us)
			next_us = link->wake_us;
	}
	if (next_us == UINT64_MAX)
		return -1;
	if (next_us > now_us + LOOK_MS * 1000)
		return LOOK_MS;
	return next_us <= now_us ? 0 : (int)((next_us - now_us) / 1000 + 1);
}

/* ---- cancelling ---- */

static void cancel_one(struct farm *farm, size_t i)
{
	struct link *link = &farm->links[i];

	if (!link->in_round)
		return;
	if (link->state == ORDERED && link->changes) {
		send_cancel(farm, i);
		if (farm->cancels == 2)
			link->wake_us = clock_now_us() + CANCEL_MS * 1000;
		return;
	}
	link->failure = link->state == WAITING && link->tries == 0 ? FARM_NOT_ASKED : FARM_CANCELLED;
	link->text[0] = '\0';
	leave(farm, i);
	signal_children(link, SIGTERM);
	finish(farm, i);
}

static void cancel(struct farm *farm, int fd)
{
	farm->cancels++;
	if (farm->calls->cancelled)
		farm->calls->cancelled(farm->calls->view);
	else
		(void)epoll_ctl(farm->epoll, EPOLL_CTL_DEL, fd, NULL);
	for (size_t i = 0; i < farm->hosts->n_items; i++)
		cancel_one(farm, i);
}

/* ---- a round ---- */

static void draw(struct farm *farm)
{
	uint64_t now_us = clock_now_us();

	if (!farm->calls->draw || now_us - farm->drawn_us < DRAW_US)
		return;
	farm->drawn_us = now_us;
	farm->calls->draw(farm->calls->view);
}

/* Waits for events, and takes them. Returns how many there were, or -errno. */
static int take_events(struct farm *farm, int cancel_fd, int wait_ms)
{
	struct epoll_event events[EVENTS_MAX];
	int n = epoll_wait(farm->epoll, events, EVENTS_MAX, wait_ms);

	for (int k = 0; k < n; k++)
		if (events[k].data.u64 == CANCEL_KEY)
			cancel(farm, cancel_fd);
		else
			take_event(farm, events[k].data.u64 / N_PARTS, events[k].data.u64 % N_PARTS);
	return n >= 0 ? n : errno == EINTR ? 0 : -errno;	/* as after Ctrl-Z */
}

/* Time in which this process was stopped, as by Ctrl-Z, is not time that hosts have had. */
static void give_time(struct farm *farm, uint64_t lost_us)
{
	for (size_t i = 0; i < farm->hosts->n_items; i++) {
		farm->links[i].started_us += lost_us;
		if (farm->links[i].wake_us > 0)
			farm->links[i].wake_us += lost_us;
	}
}

static int wait_once(struct farm *farm, int cancel_fd)
{
	int wait_ms = take_times(farm), r;
	uint64_t back_us, now_us;

	if (farm->n_busy == 0)
		return 0;
	if (farm->calls->draw && (wait_ms < 0 || wait_ms > DRAW_US / 1000))
		wait_ms = DRAW_US / 1000;
	back_us = clock_now_us() + 2 * LOOK_MS * 1000;
	r = take_events(farm, cancel_fd, wait_ms);
	now_us = clock_now_us();
	if (wait_ms >= 0 && now_us > back_us)
		give_time(farm, now_us - back_us);
	draw(farm);
	return r;
}

static void enter(struct farm *farm, size_t i)
{
	struct link *link = &farm->links[i];

	link->failure = FARM_NO_FAILURE;
	link->text[0] = '\0';
	link->tries = 0;
	link->in_round = true;
	farm->n_busy++;
	if (link->state == RESTING)
		want(farm, i);
}

/* The same in the next round for host I, whose connection was held. */
static void go_on_again(struct farm *farm, size_t i)
{
	struct link *link = &farm->links[i];

	if (link->silent) {	/* it cannot answer: there has to be another connection */
		leave(farm, i);
		return;
	}
	link->started_us = clock_now_us();
	link->wake_us = link->started_us + farm->how->timeout_ms * 1000;
	go_on(farm, i);
}

int farm_round(struct farm *farm, const size_t *which, size_t n, const struct farm_calls *calls, int cancel_fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u64 = CANCEL_KEY };
	int r = 0;

	farm->calls = calls;
	farm->cancels = 0;
	if (cancel_fd >= 0 && epoll_ctl(farm->epoll, EPOLL_CTL_ADD, cancel_fd, &event) < 0)
		return -errno;
	for (size_t k = 0; k < n; k++)
		enter(farm, which ? which[k] : k);
	/* Connections that were held may have broken meanwhile, and Ctrl-C may have come. */
	while (take_events(farm, cancel_fd, 0) == EVENTS_MAX)
		;
	for (size_t i = 0; i < farm->hosts->n_items; i++)
		if (farm->links[i].in_round && farm->links[i].state == HELD)
			go_on_again(farm, i);
	while (r >= 0 && farm->n_busy > 0)
		r = wait_once(farm, cancel_fd);
	if (cancel_fd >= 0)
		(void)epoll_ctl(farm->epoll, EPOLL_CTL_DEL, cancel_fd, NULL);
	return r < 0 ? r : 0;
}

/* ---- the farm ---- */

/* A host takes up to six descriptors, and a process may often have no more than 1024. */
static void raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

int farm_new(struct farm **ret_farm, const struct farm_hosts *hosts, const struct reach_how *how)
{
	struct farm *farm = calloc(1, sizeof(*farm));

	if (!farm)
		return -ENOMEM;
	farm->guard = (struct guard)GUARD_NONE;
	farm->hosts = hosts;
	farm->how = how;
	farm->links = calloc(hosts->n_items, sizeof(*farm->links));
	farm->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (!farm->links || farm->epoll < 0) {
		int r = farm->links ? -errno : -ENOMEM;

		farm_free(farm);
		return r;
	}
	for (size_t i = 0; i < hosts->n_items; i++)
		farm->links[i].peer = farm->links[i].carrier = (struct peer)PEER_NONE;
	if (hosts->n_items > HELD_MAX)
		raise_limit();
	/*
	 * The ssh to a jump host is not told that it must ask nobody; it has no terminal, and this keeps it from
	 * opening a window.
	 */
	(void)setenv("SSH_ASKPASS_REQUIRE", "never", 1);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGCHLD, SIG_DFL);	/* the starter may have ignored it: then no child can be waited for */
	guard_start(&farm->guard);
	*ret_farm = farm;
	return 0;
}

enum farm_failure farm_failure(const struct farm *farm, size_t i, const char **ret_text)
{
	*ret_text = farm->links[i].text;
	return farm->links[i].failure;
}

const json_t *farm_hello(const struct farm *farm, size_t i)
{
	return farm->links[i].hello;
}

size_t farm_count_greeted(const struct farm *farm)
{
	return farm->n_greeted;
}

uint64_t farm_hello_us(const struct farm *farm, size_t i)
{
	return farm->links[i].hello_us;
}

uint64_t farm_elapsed_ms(const struct farm *farm, size_t i)
{
	return farm->links[i].elapsed_ms;
}

/* Whether host I has been waited for longer than host K. */
static bool is_before(const struct farm *farm, size_t i, size_t k)
{
	const struct link *one = &farm->links[i], *two = &farm->links[k];

	return one->started_us < two->started_us || (one->started_us == two->started_us && i < k);
}

size_t farm_slowest(const struct farm *farm, size_t after)
{
	size_t n = farm->hosts->n_items, best = n;

	for (size_t i = 0; i < n; i++)
		if ((farm->links[i].state == GREETING || farm->links[i].state == ORDERED) &&
		    (after == n || is_before(farm, after, i)) && (best == n || is_before(farm, i, best)))
			best = i;
	return best;
}

static bool has_child(const struct farm *farm)
{
	for (size_t i = 0; i < farm->hosts->n_items; i++)
		if (has_children(&farm->links[i]))
			return true;
	return false;
}

/* Lets the children end, and kills those that do not. */
static void end_children(struct farm *farm)
{
	for (size_t i = 0; i < farm->hosts->n_items; i++)
		if (farm->links[i].state != LEAVING)
			leave(farm, i);
	while (has_child(farm))
		(void)take_events(farm, -1, take_times(farm));
}

struct farm *farm_free(struct farm *farm)
{
	if (!farm)
		return NULL;
	for (size_t i = 0; farm->links && i < farm->hosts->n_items; i++)
		farm->links[i].in_round = false;
	if (farm->links && farm->epoll >= 0)
		end_children(farm);
	for (size_t i = 0; farm->links && i < farm->hosts->n_items; i++) {
		peer_forget(&farm->links[i].peer);
		peer_forget(&farm->links[i].carrier);
		json_decref(farm->links[i].hello);
	}
	guard_end(&farm->guard);
	free(farm->links);
	if (farm->epoll >= 0)
		close(farm->epoll);
	free(farm);
	return NULL;
}
