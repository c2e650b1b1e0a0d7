/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fuzz-dispatch.c - any sequence of calls to the MS-TSTS service, by several clients, over a host in memory.
 *
 * All of the service is here but the start of processes (peer.c): an order goes to the code of logoff-host (work.c), in
 * this process, and the lines of it come back as they would from a pipe. Samba is played: connections, identities,
 * context handles and the moments at which an answer is encoded. The clock is virtual.
 *
 * The input is a list of steps, two bytes and what they need. The low three bits of the first choose the step, its
 * other bits a connection, and each connection is of one identity:
 *
 *     0 to 3  a call: interface and number of the call, which handle replaces the first bytes of the stub, stub
 *     4       one order is carried out, or ends in another way, or a logoff-host says of it what the input says
 *     5       time passes
 *     6       the client vanishes, with calls under way
 *     7       the client closes its connection, if it has no call under way, and connects again
 *
 * Besides crashes: nobody in particular gets nowhere; no order changes what its client has no right to, unless the
 * client's own logoff-host has lied; every answer can be encoded; every call is answered once; when all have left, nothing
 * of them is kept.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <grp.h>

#include "dispatch-host.h"
#include "server/dispatch.c"

#include <gen_ndr/auth.h>
#include <gen_ndr/security.h>
#include <tsocket.h>

#define MAX_STEPS 400
#define MAX_HANDLES 64
#define FIRST_LIE 240			/* of the bytes of a step 4: what logoff-host says follows */
#define END_S 200000			/* no order and no wait of the service is longer: then all have ended */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool is_true, const char *what)
{
	dispatch_require(is_true, what);
}

/* ---- the clock ---- */

static uint64_t now_us;

struct tevent_timer {
	struct tevent_timer *next;
	uint64_t at_us;
	tevent_timer_handler_t handler;
	void *data;
	bool busy;			/* in its function: it is freed after that */
};

static struct tevent_timer *timers;

uint64_t __wrap_clock_now_us(void);
int64_t __wrap_clock_real_us(void);

uint64_t __wrap_clock_now_us(void)
{
	return now_us;
}

int64_t __wrap_clock_real_us(void)
{
	return INT64_C(1760000000000000) + (int64_t)now_us;
}

struct timeval tevent_timeval_current_ofs(uint32_t s, uint32_t us)
{
	uint64_t at_us = now_us + s * UINT64_C(1000000) + us;

	return (struct timeval){ .tv_sec = (time_t)(at_us / 1000000), .tv_usec = (suseconds_t)(at_us % 1000000) };
}

static int forget_timer(struct tevent_timer *timer)
{
	struct tevent_timer **at = &timers;

	if (timer->busy)
		return -1;
	while (*at && *at != timer)
		at = &(*at)->next;
	if (*at)
		*at = timer->next;
	return 0;
}

struct tevent_timer *_tevent_add_timer(struct tevent_context *ev, TALLOC_CTX *mem, struct timeval at,
				       tevent_timer_handler_t handler, void *data, const char *name,
				       const char *location)
{
	struct tevent_timer *timer = talloc_zero(mem, struct tevent_timer), **place = &timers;

	(void)ev, (void)name, (void)location;
	*timer = (struct tevent_timer){ .at_us = (uint64_t)at.tv_sec * 1000000 + (uint64_t)at.tv_usec,
					.handler = handler, .data = data };
	while (*place && (*place)->at_us <= timer->at_us)
		place = &(*place)->next;
	timer->next = *place;
	*place = timer;
	talloc_set_destructor(timer, forget_timer);
	return timer;
}

static void free_answered(void);

/* Calls what is due in the next US microseconds. */
static void pass_time(uint64_t us)
{
	uint64_t until_us = now_us + us;

	while (timers && timers->at_us <= until_us) {
		struct tevent_timer *timer = timers;

		now_us = timer->at_us > now_us ? timer->at_us : now_us;
		timers = timer->next;
		timer->next = NULL;
		timer->busy = true;
		timer->handler(NULL, timer, (struct timeval){}, timer->data);
		timer->busy = false;
		talloc_free(timer);
		free_answered();
	}
	now_us = until_us;
}

/* ---- who calls ---- */

enum identity_flaw { FLAW_NONE, FLAW_ANONYMOUS, FLAW_GUEST, FLAW_NO_UNIX_USER };

static const struct identity {
	const char *name;
	uid_t uid;
	gid_t group;
	const char *control;		/* caller line of the memory host */
	enum answer full_control;
	enum identity_flaw flaw;
} identities[] = {
	{ "Administrator", 0, 0, "yes", ANSWER_YES, FLAW_NONE },
	{ "alice", 1000, 1000, "no", ANSWER_NO, FLAW_NONE },
	{ "alice", 1000, 1000, "no", ANSWER_NO, FLAW_NONE },
	{ "looker", 1003, 500, "no", ANSWER_NO, FLAW_NONE },	/* of the group that sees all */
	{ "bob", 1001, 1001, "no", ANSWER_UNKNOWN, FLAW_NONE },
	{ "anonymous", 65534, 65534, "no", ANSWER_NO, FLAW_ANONYMOUS },
	{ "guest", 65534, 65534, "no", ANSWER_NO, FLAW_GUEST },
	{ "helen", 1004, 1004, "no", ANSWER_NO, FLAW_NO_UNIX_USER },
};

#define N_CONNECTIONS (sizeof(identities) / sizeof(identities[0]))

static struct link {
	struct dcesrv_connection connection;
	struct dcesrv_auth auth;
	struct dcesrv_assoc_group *group;
	struct auth_session_info session;
	struct auth_user_info user;
	struct security_token token;
	struct security_unix_token unix_token;
	struct dom_sid sids[2];
	gid_t groups[2];
	unsigned n_calls;		/* under way */
	const struct identity *identity;
} links[N_CONNECTIONS];

struct group *getgrnam(const char *name)
{
	static struct group lookers = { .gr_gid = 500 };

	return strcmp(name, "lookers") == 0 ? &lookers : NULL;
}

/* S-1-5-21-1-2-3-RID, of the guest 501; S-1-5-7 */
static struct dom_sid sid_of(const struct identity *identity)
{
	struct dom_sid sid = { .sid_rev_num = 1, .num_auths = 5, .id_auth = { 0, 0, 0, 0, 0, 5 },
			       .sub_auths = { 21, 1, 2, 3, 1100 + identity->uid } };

	if (identity->flaw == FLAW_GUEST)
		sid.sub_auths[4] = 501;
	if (identity->flaw == FLAW_ANONYMOUS)
		sid = (struct dom_sid){ .sid_rev_num = 1, .num_auths = 1, .id_auth = { 0, 0, 0, 0, 0, 5 },
					.sub_auths = { 7 } };
	return sid;
}

static void open_link(size_t i)
{
	const struct identity *identity = &identities[i];
	struct link *link = &links[i];

	*link = (struct link){ .identity = identity, .auth.session_info = &link->session };
	link->group = talloc_zero(NULL, struct dcesrv_assoc_group);
	link->sids[0] = sid_of(identity);
	link->groups[0] = identity->group;
	link->user = (struct auth_user_info){ .account_name = identity->name, .domain_name = "ADLAB" };
	link->token = (struct security_token){ .num_sids = 1, .sids = link->sids };
	link->unix_token = (struct security_unix_token){ .uid = identity->uid, .gid = identity->uid, .ngroups = 1,
							 .groups = link->groups };
	link->session = (struct auth_session_info){ .security_token = &link->token, .info = &link->user };
	link->session.unix_token = identity->flaw == FLAW_NO_UNIX_USER ? NULL : &link->unix_token;
	link->connection.assoc_group = link->group;
}

static struct link *link_of(const struct dcesrv_call_state *state)
{
	return (struct link *)state->conn;
}

/* ---- what Samba has for the service ---- */

struct auth_session_info *dcesrv_call_session_info(struct dcesrv_call_state *state)
{
	return state->auth_state->session_info;
}

bool dcesrv_call_authenticated(struct dcesrv_call_state *state)
{
	return link_of(state)->identity->flaw != FLAW_ANONYMOUS;
}

const struct tsocket_address *dcesrv_connection_get_remote_address(struct dcesrv_connection *connection)
{
	(void)connection;
	return NULL;
}

NTSTATUS dcesrv_interface_bind_require_privacy(struct dcesrv_connection_context *context,
					       const struct dcesrv_interface *interface)
{
	(void)context, (void)interface;
	return NT_STATUS_OK;
}

static struct policy_handle given[MAX_HANDLES];	/* handles that any client has been given */
static size_t n_given;

static int forget_handle(struct dcesrv_handle *handle)
{
	struct dcesrv_handle **at = &handle->assoc_group->handles;

	while (*at && *at != handle)
		at = &(*at)->next;
	if (*at)
		*at = handle->next;
	return 0;
}

struct dcesrv_handle *dcesrv_handle_create(struct dcesrv_call_state *state, uint8_t type)
{
	struct dcesrv_assoc_group *group = state->conn->assoc_group;
	struct dcesrv_handle *handle = talloc_zero(group, struct dcesrv_handle);
	static uint32_t number;

	handle->assoc_group = group;
	handle->wire_handle = (struct policy_handle){ .handle_type = type, .uuid.time_low = ++number };
	handle->iface = state->context->iface;
	handle->next = group->handles;
	group->handles = handle;
	talloc_set_destructor(handle, forget_handle);
	given[n_given++ % MAX_HANDLES] = handle->wire_handle;
	return handle;
}

struct dcesrv_handle *dcesrv_handle_lookup(struct dcesrv_call_state *state, const struct policy_handle *wire,
					   uint8_t type)
{
	for (struct dcesrv_handle *at = state->conn->assoc_group->handles; at; at = at->next)
		if (at->wire_handle.handle_type == wire->handle_type &&
		    GUID_equal(&at->wire_handle.uuid, &wire->uuid))
			return wire->handle_type == type && at->iface == state->context->iface ? at : NULL;
	return NULL;
}

/* ---- calls ---- */

/* A call of the played Samba. The state comes first. */
struct packet {
	struct dcesrv_call_state state;
	struct dcesrv_connection_context context;
	struct packet *next_answered;
	bool answered;
};

static struct dcesrv_interface samba[N_INTERFACES];
static struct packet *answered;

static void encode(struct packet *packet)
{
	struct ndr_push *push = ndr_push_init_ctx(packet);
	const struct dcesrv_interface *interface = packet->context.iface;

	require(!packet->answered, "a call is answered twice");
	packet->answered = true;
	require(NT_STATUS_IS_OK(interface->reply(&packet->state, packet, packet->state.r)), "no reply");
	require(NT_STATUS_IS_OK(interface->ndr_push(&packet->state, packet, push, packet->state.r)),
		"an answer cannot be encoded");
	link_of(&packet->state)->n_calls--;
	packet->next_answered = answered;
	answered = packet;
}

NTSTATUS dcesrv_reply(struct dcesrv_call_state *state)
{
	require(state->state_flags & DCESRV_CALL_STATE_FLAG_ASYNC, "a call is answered in its act and by itself");
	encode((struct packet *)state);
	return NT_STATUS_OK;
}

/* Samba frees a call when its answer has been sent. */
static void free_answered(void)
{
	while (answered) {
		struct packet *packet = answered;

		answered = packet->next_answered;
		talloc_free(packet);
	}
}

static void dispatch(struct packet *packet, const uint8_t *stub, size_t n)
{
	const struct dcesrv_interface *interface = packet->context.iface;
	DATA_BLOB blob = { talloc_memdup(packet, stub, n), n };
	struct ndr_pull *pull = ndr_pull_init_blob(&blob, packet);
	struct link *link = link_of(&packet->state);
	bool nobody = link->identity->flaw != FLAW_NONE;
	NTSTATUS status;

	pull->flags |= LIBNDR_FLAG_REF_ALLOC;
	link->n_calls++;
	status = interface->ndr_pull(&packet->state, packet, pull, &packet->state.r);
	require(!nobody || packet->state.fault_code == DCERPC_FAULT_ACCESS_DENIED, "nobody in particular is served");
	if (NT_STATUS_IS_OK(status))
		status = interface->dispatch(&packet->state, packet, packet->state.r);
	if (!NT_STATUS_IS_OK(status)) {
		link->n_calls--;
		talloc_free(packet);
	} else if (!(packet->state.state_flags & DCESRV_CALL_STATE_FLAG_ASYNC)) {
		encode(packet);
	}
	free_answered();
}

static void call(struct link *link, const struct dcesrv_interface *interface, uint16_t opnum, const uint8_t *stub,
		 size_t n)
{
	struct packet *packet = talloc_zero(NULL, struct packet);

	if (!link->connection.assoc_group || link->connection.terminate) {
		talloc_free(packet);
		return;
	}
	packet->context = (struct dcesrv_connection_context){ .conn = &link->connection, .iface = interface };
	packet->state.conn = &link->connection;
	packet->state.auth_state = &link->auth;
	packet->state.context = &packet->context;
	packet->state.state_flags = DCESRV_CALL_STATE_FLAG_MAY_ASYNC;
	packet->state.pkt.u.request.opnum = opnum;
	dispatch(packet, stub, n);
}

/* ---- logoff-host ---- */

static void *hosts[N_CONNECTIONS];
static bool lied[N_CONNECTIONS];	/* the logoff-host of that identity has said what the input says */

static size_t identity_of(const struct client *client)
{
	size_t i = 0;

	while (strcmp(identities[i].name, client->account) != 0)
		i++;
	return i;
}

/* Each identity has a host of its own, as each has a process of logoff-host. */
static void *host_of(const struct client *client)
{
	size_t i = identity_of(client);

	if (!hosts[i])
		hosts[i] = dispatch_host_new(identities[i].uid, identities[i].control);
	return hosts[i];
}

struct order {
	struct order *next;
	struct client *client;
	char *text;
	const struct order_calls *calls;
	void *data;
};

static struct order *orders;
static unsigned n_orders;
static int64_t serial;

/* Orders that are carried out change only what the client may change. The real logoff-host refuses a liar by itself. */
static void judge(const struct client *client, const json_t *json)
{
	const json_t *sessions = json_object_get(json, "sessions"), *one;
	size_t i;

	if (json_is_true(json_object_get(json, "refused")) || client->full_control == ANSWER_YES ||
	    lied[identity_of(client)])
		return;
	json_array_foreach(sessions, i, one)
		require(dispatch_host_has(host_of(client), client->uid, json_string_value(json_object_get(one, "id"))),
			 "a change of others' session");
}

struct order *order_give(struct client *client, json_t *json, bool changes, unsigned seconds,
			 const struct order_calls *calls, void *data, uint32_t *ret_result)
{
	struct order *order, **at = &orders;

	(void)seconds;
	*ret_result = RESULT_BUSY;
	if (!json || n_orders >= 24) {
		json_decref(json);
		return NULL;
	}
	if (changes)
		judge(client, json);
	require(json_object_set_new(json, "serial", json_integer(++serial)) == 0, "no serial");
	order = talloc_zero(NULL, struct order);
	*order = (struct order){ .client = client_use(client), .text = json_dumps(json, JSON_COMPACT),
					 .calls = calls, .data = data };
	json_decref(json);
	require(order->text != NULL, "an order cannot be written");
	while (*at)
		at = &(*at)->next;
	*at = order;
	n_orders++;
	return order;
}

void order_cancel(struct order *order)
{
	(void)order;	/* it is carried out all the same: the cancel has come too late */
}

uint32_t order_result(enum order_end end)
{
	return end == ORDER_LATE ? RESULT_TIMED_OUT : RESULT_FAILED;
}

/* The lines come as from a pipe. The last one is the reply. */
static void tell(const struct order *order, const char *text)
{
	size_t n;

	for (; *text; text += n + (text[n] == '\n')) {
		struct line line;

		n = strcspn(text, "\n");
		if (n == 0)
			continue;
		require(line_parse(&line, text, n), "a line of logoff-host is none");
		if (line.kind == LINE_REPLY)
			order->calls->end(order->data, ORDER_DONE, &line);
		else
			order->calls->line(order->data, &line);
		line_done(&line);
	}
}

/* The LINES of a logoff-host that its user has taken over, as peer.c takes them; their serial is always right. */
static void tell_lies(const struct order *order, const char *lines, size_t n)
{
	enum order_end end = ORDER_LATE;

	for (size_t length; end == ORDER_LATE && n > 0; lines += length, n -= length) {
		const char *newline = memchr(lines, '\n', n);
		struct line line;

		length = newline ? (size_t)(newline - lines) + 1 : n;
		if (!line_parse(&line, lines, length - (newline != NULL)))
			end = ORDER_BROKEN;
		else if (line.kind == LINE_HELLO)
			order->client->full_control = line.full_control;
		else if (line.kind == LINE_REPLY)
			end = ORDER_DONE;
		else if (line.kind != LINE_CANCEL)
			order->calls->line(order->data, &line);
		if (end == ORDER_DONE)
			order->calls->end(order->data, end, &line);
		line_done(&line);
	}
	if (end != ORDER_DONE)
		order->calls->end(order->data, end, NULL);
}

/* Only an order about what a logoff-host has made up can be none. */
static void carry_out(const struct order *order)
{
	char *text = dispatch_host_carry_out(host_of(order->client), order->text);

	require(text || lied[identity_of(order->client)], "logoff-host refuses an order");
	if (text)
		tell(order, text);
	else
		order->calls->end(order->data, ORDER_REFUSED, NULL);
	free(text);
}

/* Ends order number I: carried out, or with END. With LIES, N bytes, they are what is said of it. */
static void end_one(size_t i, enum order_end end, const char *lies, size_t n)
{
	struct order **at = &orders, *order;

	while (*at && i-- > 0)
		at = &(*at)->next;
	order = *at;
	if (!order)
		return;
	*at = order->next;
	n_orders--;
	order->client->full_control = identities[0].full_control;
	for (size_t k = 0; k < N_CONNECTIONS; k++)
		if (strcmp(identities[k].name, order->client->account) == 0)
			order->client->full_control = identities[k].full_control;
	order->client->records = true;
	if (lies) {
		lied[identity_of(order->client)] = true;
		tell_lies(order, lies, n);
	} else if (end == ORDER_DONE) {
		carry_out(order);
	} else {
		order->calls->end(order->data, end, NULL);
	}
	free(order->text);
	client_leave(order->client);
	talloc_free(order);
	free_answered();
}

/* ---- steps ---- */

struct input {
	const uint8_t *at;
	size_t n;
};

static uint8_t take_byte(struct input *input)
{
	if (input->n == 0)
		return 0;
	input->n--;
	return *input->at++;
}

static const uint8_t *take_bytes(struct input *input, size_t n)
{
	const uint8_t *at = input->at;

	input->at += n;
	input->n -= n;
	return at;
}

/* How many bytes follow: what a byte says, or two. */
static size_t take_length(struct input *input)
{
	size_t n = take_byte(input);

	if (n == 255)
		n = take_byte(input) * 16u;
	return n < input->n ? n : input->n;
}

static void step_call(struct input *input, struct link *link)
{
	const struct dcesrv_interface *interface = &samba[take_byte(input) % N_INTERFACES];
	uint16_t opnum = take_byte(input);
	uint8_t handle = take_byte(input);
	size_t n = take_length(input);
	uint8_t stub[4096] = { 0 };

	memcpy(stub, take_bytes(input, n), n);
	if (handle > 0 && handle <= MAX_HANDLES && n_given > 0) {
		const struct policy_handle *wire = &given[(n_given - handle) % MAX_HANDLES];

		memset(stub, 0, sizeof(*wire));
		stub[0] = (uint8_t)wire->handle_type;
		for (int i = 0; i < 4; i++)
			stub[4 + i] = (uint8_t)(wire->uuid.time_low >> 8 * i);
		n = n < 20 ? 20 : n;
	}
	call(link, interface, opnum, stub, n);
}

static void step_order(struct input *input)
{
	static const enum order_end ends[] = { ORDER_DONE, ORDER_DONE, ORDER_DONE, ORDER_REFUSED, ORDER_BROKEN,
					       ORDER_LATE };
	uint8_t byte = take_byte(input);
	size_t n = byte >= FIRST_LIE ? take_length(input) : 0;
	const char *lies = byte >= FIRST_LIE ? (const char *)take_bytes(input, n) : NULL;

	end_one(byte & 7, ends[(byte >> 3) % 6], lies, n);
}

/* Samba ends the connection of a client that has left when all of its calls have been answered. */
static void close_link(size_t i)
{
	if (links[i].n_calls > 0)
		return;
	TALLOC_FREE(links[i].group);
	links[i].connection.assoc_group = NULL;
}

static void step(struct input *input)
{
	uint8_t byte = take_byte(input);
	size_t i = byte >> 3 & 7;

	switch (byte & 7) {
	case 4:
		step_order(input);
		break;
	case 5:
		pass_time((take_byte(input) + UINT64_C(1)) * 100000);
		break;
	case 6:
		links[i].connection.terminate = "the client has gone";
		break;
	case 7:
		close_link(i);
		if (!links[i].group)
			open_link(i);
		break;
	default:
		step_call(input, &links[i]);
	}
}

/* ---- a run ---- */

/* What watches its input for the end finds none there. */
static void begin_process(void)
{
	int ends[2];

	require(pipe(ends) == 0 && dup2(ends[0], STDIN_FILENO) == 0, "no pipe");
	for (size_t i = 0; i < N_INTERFACES; i++)
		dispatch_fill(&samba[i], interfaces[i]);
}

static void begin_run(void)
{
	now_us = 1000000;
	serial = 0;
	n_given = 0;
	memset(lied, 0, sizeof(lied));
	server.settings = settings_default;
	snprintf(server.settings.query, sizeof(server.settings.query), "others, lookers");
	server.settings.max_handles = 6;
	server.settings.max_waits = 4;
	server.settings.max_boxes = 2;
	server.host_name = "LINUXBOX";
	numbers_open(&server.numbers, NULL);
	for (size_t i = 0; i < N_CONNECTIONS; i++)
		open_link(i);
}

/* All clients leave, and all orders end. */
static void end_run(void)
{
	for (size_t i = 0; i < N_CONNECTIONS; i++)
		links[i].connection.terminate = "the end";
	for (unsigned i = 0; (orders || pending) && i < END_S; i++) {
		if (orders)
			end_one(0, ORDER_DONE, NULL, 0);
		else
			pass_time(1000000);
	}
	require(!orders && !pending, "a call is never answered");
	for (size_t i = 0; i < N_CONNECTIONS; i++) {
		require(links[i].n_calls == 0, "a call is left");
		close_link(i);
		hosts[i] = dispatch_host_free(hosts[i]);
	}
	pass_time(UINT64_C(2000000));
	while (orders)
		end_one(0, ORDER_DONE, NULL, 0);
	require(!server.clients, "a client is kept that nobody uses");
	require(!timers && !vanished_timer, "a timer is left");
	number_table_done(&server.numbers.table);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };
	static bool begun;

	if (!begun)
		begin_process();
	begun = true;
	begin_run();
	for (unsigned i = 0; i < MAX_STEPS && input.n > 0; i++)
		step(&input);
	end_run();
	return 0;
}
