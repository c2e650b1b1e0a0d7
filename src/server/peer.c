/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * peer.c - see peer.h. Everything here is done by events: nothing waits.
 */
#include "server/peer.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/spawn-plan.h"
#include "server/result.h"

#define IDLE_S 30
#define OLD_US UINT64_C(60000000)	/* so long what a process has told of the rights of its client is believed */
#define WRITE_AT_ONCE 65536

struct order {
	struct order *next;
	struct peer *peer;
	const struct order_calls *calls;
	void *data;
	int64_t serial;
	bool changes;
	struct tevent_timer *deadline;
};

struct peer {
	struct peer *next;
	struct client *client;
	pid_t pid;
	int pid_fd, in, out;			/* IN: its standard input */
	struct buffer to, from;
	struct tevent_fd *in_event, *out_event;
	struct tevent_timer *idle;
	struct order *orders;			/* the first one is carried out */
	int64_t serial;
	uint64_t begun_us;
	bool greeted;
	bool reading;				/* its lines are being taken: it must not be ended meanwhile */
};

static void arm_idle(struct peer *peer);

/* ---- the end of a process ---- */

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* A process that is ending. It is waited for when its pidfd says so. */
struct ending {
	pid_t pid;
	int fd;
};

static void on_ended(struct tevent_context *ev, struct tevent_fd *event, uint16_t flags, void *data)
{
	struct ending *ending = data;

	(void)ev, (void)event, (void)flags;
	if (waitpid(ending->pid, NULL, WNOHANG) == 0)
		return;
	talloc_free(ending);
}

static int close_ending(struct ending *ending)
{
	close_fd(&ending->fd);
	return 0;
}

/* Waits for the process without blocking. The pidfd passes to what waits. */
static void reap(struct peer *peer)
{
	struct ending *ending = talloc_zero(NULL, struct ending);

	if (!ending)
		return;		/* a zombie is left */
	*ending = (struct ending){ .pid = peer->pid, .fd = peer->pid_fd };
	peer->pid_fd = -1;
	talloc_set_destructor(ending, close_ending);
	if (!tevent_add_fd(peer->client->server->ev, ending, ending->fd, TEVENT_FD_READ, on_ended, ending))
		talloc_free(ending);
}

static void unlink_peer(struct peer *peer)
{
	struct peer **at = &peer->client->peers;

	while (*at && *at != peer)
		at = &(*at)->next;
	if (*at)
		*at = peer->next;
	peer->client->n_peers--;
	peer->client->server->n_peers--;
}

static int free_peer(struct peer *peer)
{
	TALLOC_FREE(peer->in_event);
	TALLOC_FREE(peer->out_event);
	close_fd(&peer->in);
	close_fd(&peer->out);
	close_fd(&peer->pid_fd);
	free(peer->to.data);
	free(peer->from.data);
	return 0;
}

static void end_orders(struct peer *peer, enum order_end end)
{
	while (peer->orders) {
		struct order *order = peer->orders;

		peer->orders = order->next;
		order->calls->end(order->data, end, NULL);
		talloc_free(order);
	}
}

/*
 * Ends PEER, and its orders with END. The first process of logoff-host can be killed at any time: its child sees the
 * end of its input, and goes on with a log-off that it has begun.
 */
static void end_peer(struct peer *peer, enum order_end end)
{
	struct client *client = peer->client;

	unlink_peer(peer);
	TALLOC_FREE(peer->in_event);
	TALLOC_FREE(peer->out_event);
	close_fd(&peer->in);
	(void)syscall(SYS_pidfd_send_signal, peer->pid_fd, SIGKILL, NULL, 0);
	reap(peer);
	end_orders(peer, end);
	talloc_free(peer);
	client_leave(client);
}

/* ---- lines ---- */

static bool write_out(struct peer *peer)
{
	if (peer->to.n > 0 && !buffer_write(&peer->to, peer->in, WRITE_AT_ONCE))
		return false;
	if (peer->to.n > 0)
		TEVENT_FD_WRITEABLE(peer->in_event);
	else
		TEVENT_FD_NOT_WRITEABLE(peer->in_event);
	return true;
}

static void end_order(struct peer *peer, enum order_end end, const struct line *line)
{
	struct order *order = peer->orders;

	peer->orders = order->next;
	if (!peer->orders)
		arm_idle(peer);
	order->calls->end(order->data, end, line);
	talloc_free(order);
}

/* logoff-host has not begun with the order, and says no more of it. */
static bool is_refusal(const struct line *line)
{
	static const char *const kinds[] = { "wrong-order", "unknown-order", "busy", "read-only" };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (line->kind == LINE_FAILURE && strcmp(line->word, kinds[i]) == 0)
			return true;
	return false;
}

/* Returns false if the line breaks the protocol. */
static bool take_line(struct peer *peer, const struct line *line)
{
	struct order *order = peer->orders;

	if (line->kind == LINE_HELLO) {
		bool first = !peer->greeted;

		peer->greeted = true;
		peer->client->full_control = line->full_control;
		peer->client->records = line->records;
		return first;
	}
	if (line->kind == LINE_CANCEL)
		return true;
	if (!peer->greeted || !order || line->serial != order->serial)
		return false;
	if (line->kind == LINE_REPLY)
		end_order(peer, ORDER_DONE, line);
	else if (is_refusal(line))
		end_order(peer, ORDER_REFUSED, NULL);
	else
		order->calls->line(order->data, line);
	return true;
}

static bool take_lines(struct peer *peer)
{
	const char *text;
	size_t n;
	bool right = true;

	while (right && (text = buffer_line(&peer->from, &n))) {
		struct line line;

		right = line_parse(&line, text, n - 1);
		if (!right)
			break;
		right = take_line(peer, &line);
		line_done(&line);
		buffer_drop(&peer->from, n);
	}
	return right && n <= LINE_MAX_BYTES;
}

/* An old one gets no new order, so that a right that is taken from a client does not stay while it goes on asking. */
static bool is_old(const struct peer *peer)
{
	return clock_now_us() - peer->begun_us > OLD_US;
}

static void on_output(struct tevent_context *ev, struct tevent_fd *event, uint16_t flags, void *data)
{
	struct peer *peer = data;
	bool more = buffer_read(&peer->from, peer->out), right;

	(void)ev, (void)event, (void)flags;
	peer->reading = true;
	right = take_lines(peer);
	peer->reading = false;
	if (!right || !more)
		end_peer(peer, ORDER_BROKEN);
	else if (!peer->orders && is_old(peer))
		end_peer(peer, ORDER_DONE);
}

static void on_input(struct tevent_context *ev, struct tevent_fd *event, uint16_t flags, void *data)
{
	(void)ev, (void)event, (void)flags;
	if (!write_out(data))
		end_peer(data, ORDER_BROKEN);
}

/* ---- times ---- */

static void on_idle(struct tevent_context *ev, struct tevent_timer *timer, struct timeval t, void *data)
{
	(void)ev, (void)timer, (void)t;
	end_peer(data, ORDER_DONE);
}

static void arm_idle(struct peer *peer)
{
	TALLOC_FREE(peer->idle);
	peer->idle =
		tevent_add_timer(peer->client->server->ev, peer, tevent_timeval_current_ofs(IDLE_S, 0), on_idle, peer);
}

static void on_late(struct tevent_context *ev, struct tevent_timer *timer, struct timeval t, void *data)
{
	struct order *order = data;

	(void)ev, (void)timer, (void)t;
	end_peer(order->peer, ORDER_LATE);
}

/* ---- a new process ---- */

/* "--as=UID:GID,GID..." */
static char *identity(TALLOC_CTX *mem, const struct client *client)
{
	char *text = talloc_asprintf(mem, "--as=%u:%u", (unsigned)client->uid, (unsigned)client->gid);

	for (uint32_t i = 0; text && i < client->n_groups; i++)
		if (client->groups[i] != client->gid)
			text = talloc_asprintf_append(text, ",%u", (unsigned)client->groups[i]);
	return text;
}

/* Only what it needs. */
static char **environment(TALLOC_CTX *mem, const struct server *server)
{
	static char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin", locale[] = "LC_ALL=C.UTF-8";
	char **list = talloc_zero_array(mem, char *, 4);

	if (list) {
		list[0] = path;
		list[1] = locale;
		list[2] = server->memory ? talloc_asprintf(list, "LOGOFF_HOST=%s", server->memory) : NULL;
	}
	return list;
}

static int plan_files(posix_spawn_file_actions_t *actions, int in, int out)
{
	int r = posix_spawn_file_actions_adddup2(actions, in, STDIN_FILENO);

	r = r ? r : posix_spawn_file_actions_adddup2(actions, out, STDOUT_FILENO);
	r = r ? r : posix_spawn_file_actions_addopen(actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
#ifdef HAVE_SPAWN_CLOSEFROM
	r = r ? r : posix_spawn_file_actions_addclosefrom_np(actions, STDERR_FILENO + 1);
#endif
	return r;
}

static pid_t spawn(const struct client *client, int in, int out)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	char name[] = "logoff-host", *as = identity(mem, client), *arguments[] = { name, as, NULL };
	char **list = environment(mem, client->server);
	const char *program = client->server->program ? client->server->program : BINDIR "/logoff-host";
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	pid_t pid = -1;

	if (as && list && posix_spawn_file_actions_init(&actions) == 0) {
		if (spawn_plan(&attributes) == 0) {
			if (plan_files(&actions, in, out) != 0 ||
			    posix_spawn(&pid, program, &actions, &attributes, arguments, list) != 0)
				pid = -1;
			posix_spawnattr_destroy(&attributes);
		}
		posix_spawn_file_actions_destroy(&actions);
	}
	talloc_free(mem);
	return pid;
}

/* Starts the process with pipes of its own. Their other ends, and its pidfd, go into PEER. */
static bool start(struct peer *peer)
{
	int in[2] = { -1, -1 }, out[2] = { -1, -1 };

	if (pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0)
		peer->pid = spawn(peer->client, in[0], out[1]);
	close_fd(&in[0]);
	close_fd(&out[1]);
	peer->in = in[1];
	peer->out = out[0];
	if (peer->pid < 0)
		return false;
	peer->pid_fd = (int)syscall(SYS_pidfd_open, peer->pid, 0);
	if (peer->pid_fd < 0 || fcntl(peer->in, F_SETFL, O_NONBLOCK) < 0 || fcntl(peer->out, F_SETFL, O_NONBLOCK) < 0) {
		(void)kill(peer->pid, SIGKILL);
		(void)waitpid(peer->pid, NULL, 0);	/* it has been killed, so this is short */
		return false;
	}
	return true;
}

static struct peer *new_peer(struct client *client)
{
	struct tevent_context *ev = client->server->ev;
	struct peer *peer = talloc_zero(NULL, struct peer);

	if (!peer)
		return NULL;
	*peer = (struct peer){ .client = client, .pid = -1, .pid_fd = -1, .in = -1, .out = -1,
			       .begun_us = clock_now_us() };
	talloc_set_destructor(peer, free_peer);
	if (!start(peer)) {
		talloc_free(peer);
		return NULL;
	}
	client_use(client);
	peer->next = client->peers;
	client->peers = peer;
	client->n_peers++;
	client->server->n_peers++;
	peer->out_event = tevent_add_fd(ev, peer, peer->out, TEVENT_FD_READ, on_output, peer);
	peer->in_event = tevent_add_fd(ev, peer, peer->in, 0, on_input, peer);
	if (peer->out_event && peer->in_event)
		return peer;
	end_peer(peer, ORDER_BROKEN);
	return NULL;
}

/* ---- which process gets an order ---- */

static bool is_changing(const struct peer *peer)
{
	return peer->orders && peer->orders->changes;
}

/* A process for an order that changes something has no other order; orders that only ask may wait for each other. */
static struct peer *find_peer(const struct client *client, bool changes)
{
	struct peer *asking = NULL;

	for (struct peer *peer = client->peers; peer; peer = peer->next) {
		if (is_old(peer))
			continue;
		if (!peer->orders)
			return peer;
		if (!is_changing(peer))
			asking = peer;
	}
	return changes ? NULL : asking;
}

/* Ends one process that has nothing to do, whoever's it is. Returns false if there is none. */
static bool make_room(struct server *server)
{
	for (struct client *client = server->clients; client; client = client->next)
		for (struct peer *peer = client->peers; peer; peer = peer->next)
			if (!peer->orders && !peer->reading) {
				end_peer(peer, ORDER_DONE);
				return true;
			}
	return false;
}

static unsigned count_changing(const struct client *client)
{
	unsigned n = 0;

	for (const struct peer *peer = client->peers; peer; peer = peer->next)
		n += is_changing(peer);
	return n;
}

static struct peer *get_peer(struct client *client, bool changes, uint32_t *ret_result)
{
	const struct settings *settings = &client->server->settings;
	struct peer *peer;

	*ret_result = RESULT_BUSY;
	if (changes && count_changing(client) >= settings->max_peers)
		return NULL;
	peer = find_peer(client, changes);
	if (peer)
		return peer;
	if (client->server->n_peers >= settings->max_all_peers && !make_room(client->server))
		return NULL;
	*ret_result = RESULT_FAILED;
	return new_peer(client);
}

/* ---- orders ---- */

static bool send_order(struct peer *peer, struct order *order, json_t *json)
{
	char *text;
	bool sent;

	if (json_object_set_new(json, "serial", json_integer(order->serial)) < 0)
		return false;
	text = json_dumps(json, JSON_COMPACT);
	sent = text && buffer_add(&peer->to, text, strlen(text)) && buffer_add(&peer->to, "\n", 1);
	free(text);
	if (sent)
		TEVENT_FD_WRITEABLE(peer->in_event);
	return sent;
}

static void add_order(struct peer *peer, struct order *order)
{
	struct order **at = &peer->orders;

	while (*at)
		at = &(*at)->next;
	*at = order;
	TALLOC_FREE(peer->idle);
}

static struct order *new_order(struct peer *peer, json_t *json, unsigned seconds)
{
	struct order *order = talloc_zero(peer, struct order);

	if (!order)
		return NULL;
	order->peer = peer;
	order->serial = ++peer->serial;
	order->deadline = tevent_add_timer(peer->client->server->ev, order, tevent_timeval_current_ofs(seconds, 0),
					   on_late, order);
	if (order->deadline && send_order(peer, order, json))
		return order;
	talloc_free(order);
	return NULL;
}

struct order *order_give(struct client *client, json_t *json, bool changes, unsigned seconds,
			 const struct order_calls *calls, void *data, uint32_t *ret_result)
{
	struct peer *peer = json ? get_peer(client, changes, ret_result) : NULL;
	struct order *order = peer ? new_order(peer, json, seconds) : NULL;

	if (!json || (peer && !order))
		*ret_result = RESULT_NO_MEMORY;
	json_decref(json);
	if (!order)
		return NULL;
	order->calls = calls;
	order->data = data;
	order->changes = changes;
	add_order(peer, order);
	return order;
}

void order_cancel(struct order *order)
{
	static const char line[] = "{\"order\":\"cancel\"}\n";
	struct peer *peer = order->peer;

	if (peer->orders == order && buffer_add(&peer->to, line, strlen(line)))
		TEVENT_FD_WRITEABLE(peer->in_event);
}

uint32_t order_result(enum order_end end)
{
	return end == ORDER_LATE ? RESULT_TIMED_OUT : RESULT_FAILED;
}
