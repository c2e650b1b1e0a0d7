/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * client-channel.c - the pipes over a connection: as many as are needed, on each pipe one call at a time.
 *
 * Hides Samba's libdcerpc (public headers only). Interfaces are on pipes as MS-TSTS 2.1 has them. A pipe is opened when the
 * first call needs it, an interface is bound when its first call does: by alter_context where the pipe is open already,
 * which is one round trip instead of four. Every pipe is sealed (packet privacy), whatever the server offers.
 * RPC answers the calls of one pipe one after the other, so what waits for a user or a session has a pipe of its own,
 * and a call that hangs does not keep the others: who has waited a moment for a pipe opens one more.
 * A channel goes with its connection: nobody gets one of a connection that has broken.
 */
#include "tsts/client-link.h"

#include <credentials.h>
#include <errno.h>
#include <stdio.h>

#include "base/error.h"

/* ndr_standard's table of LSARPC; Samba does not install the header that declares it. */
extern const struct ndr_interface_table ndr_table_lsarpc;

/* Pipes open at once: of one name, for calls that are answered at once; for those that wait. */
#define SHORT_MAX 4
#define LONG_MAX 16

/* So long a task waits for a pipe that is in use before it opens one more. */
#define PATIENCE_MS 500

static const char *const pipe_names[] = {
	[LSM] = "\\pipe\\LSM_API_service",
	[TERM_SRV] = "\\pipe\\TermSrv_API_service",
	[LEGACY] = "\\pipe\\Ctx_WinStation_API_service",
	[LSA] = "\\pipe\\lsarpc",
};

static const struct {
	const struct ndr_interface_table *table;
	enum pipe_name pipe;
} interfaces[] = {
	[ENUMERATION] = { &tsts_table_enumeration, LSM },
	[SESSION] = { &tsts_table_session, LSM },
	[NOTIFICATION] = { &tsts_table_notification, LSM },
	[RCM_PUBLIC] = { &tsts_table_rcm_public, TERM_SRV },
	[ICA] = { &tsts_table_ica, LEGACY },
	[LSARPC] = { &ndr_table_lsarpc, LSA },
};

/* ---- opening ---- */

static struct dcerpc_binding *make_binding(TALLOC_CTX *memory, const struct access *access, enum pipe_name pipe)
{
	struct dcerpc_binding *binding;

	if (!NT_STATUS_IS_OK(dcerpc_parse_binding(memory, "ncacn_np:", &binding)) ||
	    !NT_STATUS_IS_OK(dcerpc_binding_set_string_option(binding, "host", access->address)) ||
	    !NT_STATUS_IS_OK(dcerpc_binding_set_string_option(binding, "target_hostname", access->server)) ||
	    !NT_STATUS_IS_OK(dcerpc_binding_set_string_option(binding, "endpoint", pipe_names[pipe])) ||
	    !NT_STATUS_IS_OK(dcerpc_binding_set_flags(binding, DCERPC_SEAL | DCERPC_SMB2, 0)))
		return NULL;
	return binding;
}

/* Opens a pipe with INTERFACE bound to it. The first one of a connection connects and logs on. */
static NTSTATUS open_pipe(struct client *client, struct connection *connection, enum interface interface, struct dcerpc_pipe **ret)
{
	struct link *link = client->link;
	const struct access *access = &link->access;
	const struct ndr_interface_table *table = interfaces[interface].table;
	struct dcerpc_binding *binding = make_binding(connection, access, interfaces[interface].pipe);
	NTSTATUS status;

	if (!binding)
		return NT_STATUS_NO_MEMORY;
	timers_begin_connecting(client);
	if (connection->base)
		status = dcerpc_secondary_auth_connection(connection->base, binding, table, access->credentials, access->settings,
							  connection, ret);
	else
		status = dcerpc_pipe_connect_b(connection, ret, binding, table, access->credentials, client->events,
					       access->settings);
	timers_end_connecting(client);
	talloc_free(binding);
	if (!NT_STATUS_IS_OK(status))
		return status;
	(void)dcerpc_binding_handle_set_timeout((*ret)->binding_handle, 0);
	link->n_pipes++;
	link->n_binds++;
	return status;
}

NTSTATUS channel_open(struct client *client, struct connection *connection, enum interface interface, enum use use,
		      struct channel **ret)
{
	struct channel *channel = talloc_zero(connection, struct channel);
	struct channel **at = &connection->channels;
	NTSTATUS status;

	*ret = NULL;
	if (!channel)
		return NT_STATUS_NO_MEMORY;
	channel->connection = connection;
	channel->pipe = interfaces[interface].pipe;
	channel->use = use;
	channel->next = connection->channels;
	connection->channels = channel;
	connection->n_users++;
	status = open_pipe(client, connection, interface, &channel->bound[interface]);
	if (NT_STATUS_IS_OK(status)) {
		client->link->has[channel->pipe] = true;
		*ret = channel;
		return status;
	}
	while (*at != channel)
		at = &(*at)->next;
	*at = channel->next;
	talloc_free(channel);
	link_release(client, connection);
	return status;
}

bool is_missing(NTSTATUS status)
{
	return NT_STATUS_EQUAL(status, NT_STATUS_OBJECT_NAME_NOT_FOUND) ||
	       NT_STATUS_EQUAL(status, NT_STATUS_OBJECT_NAME_INVALID) || NT_STATUS_EQUAL(status, NT_STATUS_NO_SUCH_FILE);
}

/*
 * Why there is no channel on PIPE. Which pipes a server has, its first connection shows. What is missing later, or was there before,
 * is missing for now: services start one after the other.
 */
static int explain_open(struct link *link, enum pipe_name pipe, NTSTATUS status, struct logoff_error *reterr)
{
	int r = error_set_connecting(reterr, status);

	if (!is_missing(status))
		return r;
	if (link->has[pipe] || link->n_connections > 1)
		return -EHOSTUNREACH;
	link->lacks[pipe] = true;
	return r;
}

/* ---- taking and giving ---- */

/*
 * A free channel, if possible one with the interface bound. What takes long is only given such a one: else the short
 * calls, whose interfaces are bound there, would have to open the new one.
 */
static struct channel *find_free(struct connection *connection, enum interface interface, enum use use)
{
	struct channel *found = NULL;

	for (struct channel *channel = connection->channels; channel; channel = channel->next) {
		if (channel->use != FREE || channel->pipe != interfaces[interface].pipe)
			continue;
		if (channel->bound[interface])
			return channel;
		if (use == SHORT)
			found = channel;
	}
	return found;
}

/* Whether there may be one more. Of the short ones a second is only opened if it pays, or by whom the first keeps waiting. */
static bool may_open(const struct link *link, enum pipe_name pipe, enum use use, bool impatient)
{
	size_t n_short = 0, n_long = 0;

	for (struct channel *channel = link->connection->channels; channel; channel = channel->next) {
		n_short += channel->use == SHORT && channel->pipe == pipe;
		n_long += channel->use == LONG;
	}
	return use == LONG ? n_long < LONG_MAX : n_short < (impatient || link->wide ? SHORT_MAX : 1);
}

static void lose_patience(struct tevent_context *events, struct tevent_timer *timer, struct timeval now, void *data)
{
	struct waiter *waiter = data;

	(void)events;
	(void)timer;
	(void)now;
	waiter->timer = NULL;
	waiter->impatient = true;
	task_wake(waiter->task);
}

/* Waits until somebody gives their channel away, one more may be opened, or this takes too long. */
static void stand_in_line(struct client *client, struct waiter *waiter)
{
	struct waiter **to = &client->link->waiters;

	waiter->timer = timers_add(client, PATIENCE_MS, lose_patience, waiter);
	while (*to)
		to = &(*to)->next;
	waiter->next = NULL;
	*to = waiter;
	task_pause(client);
	talloc_free(waiter->timer);
	for (to = &client->link->waiters; *to != waiter; to = &(*to)->next)
		;
	*to = waiter->next;
}

/* Binds INTERFACE on a pipe that is open for others. What an older server lacks does not harm the pipe. */
static int bind_too(struct client *client, struct channel *channel, enum interface interface, struct logoff_error *reterr)
{
	struct dcerpc_pipe *pipe = NULL;
	NTSTATUS status;

	for (size_t i = 0; i < N_INTERFACES && !pipe; i++)
		pipe = channel->bound[i];
	timers_begin_connecting(client);
	status = dcerpc_secondary_context(pipe, &channel->bound[interface], interfaces[interface].table);
	timers_end_connecting(client);
	client->link->n_binds++;
	if (NT_STATUS_IS_OK(status)) {
		(void)dcerpc_binding_handle_set_timeout(channel->bound[interface]->binding_handle, 0);
		return 0;
	}
	channel->bound[interface] = NULL;
	return error_set_fault(reterr, status);
}

static bool is_connected(const struct channel *channel)
{
	for (size_t i = 0; i < N_INTERFACES; i++)
		if (channel->bound[i])
			return dcerpc_binding_handle_is_connected(channel->bound[i]->binding_handle);
	return false;
}

/* Whether it may be handed out: it and its connection are there. */
static bool is_usable(struct client *client, const struct channel *channel)
{
	return channel->connection == link_look(client) && is_connected(channel);
}

/* Statuses of Samba's for a pipe that cannot be opened because the connection, or the log-on, is no more. */
static bool is_broken(NTSTATUS status)
{
	return NT_STATUS_EQUAL(status, NT_STATUS_CONNECTION_DISCONNECTED) || NT_STATUS_EQUAL(status, NT_STATUS_CONNECTION_RESET) ||
	       NT_STATUS_EQUAL(status, NT_STATUS_LOCAL_DISCONNECT) || NT_STATUS_EQUAL(status, NT_STATUS_USER_SESSION_DELETED) ||
	       NT_STATUS_EQUAL(status, NT_STATUS_NETWORK_NAME_DELETED) || NT_STATUS_EQUAL(status, NT_STATUS_NETWORK_SESSION_EXPIRED);
}

/* A channel of the present connection in USE, new or not; *RET_STATUS says why there is none. */
static struct channel *find_or_open(struct client *client, enum interface interface, enum use use, NTSTATUS *ret_status)
{
	struct link *link = client->link;
	struct waiter waiter = { .task = task_current(client), .pipe = interfaces[interface].pipe, .use = use };
	uint32_t number = link_number(client);
	struct channel *channel = find_free(link->connection, interface, use);

	*ret_status = NT_STATUS_CONNECTION_DISCONNECTED;
	while (!channel && !may_open(link, waiter.pipe, use, waiter.impatient)) {
		stand_in_line(client, &waiter);
		if (waiter.channel)
			return waiter.channel;		/* taken already */
		if (link_number(client) != number)
			return NULL;
		channel = find_free(link->connection, interface, use);
	}
	if (channel) {
		channel->use = use;
		channel->connection->n_users++;
		return channel;
	}
	*ret_status = channel_open(client, link->connection, interface, use, &channel);
	if (is_broken(*ret_status) && link_number(client) == number)
		link_drop(client);
	return channel;
}

int channel_take(struct client *client, enum interface interface, bool for_long, struct channel **ret,
		 struct logoff_error *reterr)
{
	enum pipe_name pipe = interfaces[interface].pipe;
	struct channel *channel;
	NTSTATUS status;
	int r = 0;

	if (client->link->lacks[pipe])
		return error_set_ntstatus(reterr, NT_STATUS_OBJECT_NAME_NOT_FOUND);
	if (!link_look(client))
		return error_set_ntstatus(reterr, NT_STATUS_CONNECTION_DISCONNECTED);
	channel = find_or_open(client, interface, for_long ? LONG : SHORT, &status);
	if (!channel)
		return explain_open(client->link, pipe, status, reterr);
	if (!is_usable(client, channel))
		r = error_set_ntstatus(reterr, NT_STATUS_CONNECTION_DISCONNECTED);
	else if (!channel->bound[interface])
		r = bind_too(client, channel, interface, reterr);
	if (r < 0)
		channel_give(client, channel);
	else
		*ret = channel;
	return r;
}

/* To whom has waited longest; with a broken one, or none of the kind, they may open one. */
void channel_give(struct client *client, struct channel *channel)
{
	struct waiter *waiter = client->link->waiters;
	bool usable = is_usable(client, channel);

	channel->use = usable ? FREE : BROKEN;
	while (waiter && (waiter->pipe != channel->pipe || waiter->channel))
		waiter = waiter->next;
	if (waiter)
		task_wake(waiter->task);
	if (waiter && usable) {
		waiter->channel = channel;
		channel->use = waiter->use;
	} else {
		link_release(client, channel->connection);
	}
}

void channels_wake(struct link *link)
{
	for (struct waiter *waiter = link->waiters; waiter; waiter = waiter->next)
		task_wake(waiter->task);
}

uint32_t channel_connection(const struct channel *channel)
{
	return channel->connection->number;
}

void link_widen(struct client *client, bool wide)
{
	client->link->wide = wide;
}

/* ---- calling ---- */

struct call {
	struct task *task;
	bool has_answer;
};

static void take_answer(struct tevent_req *request)
{
	struct call *call = tevent_req_callback_data_void(request);

	call->has_answer = true;
	task_wake(call->task);
}

static NTSTATUS call_and_wait(struct client *client, struct dcerpc_binding_handle *handle,
			      const struct ndr_interface_table *table, uint32_t opnum, TALLOC_CTX *memory, void *data)
{
	struct call call = { .task = task_current(client) };
	struct tevent_req *request;
	NTSTATUS status;

	request = dcerpc_binding_handle_call_send(memory, client->events, handle, NULL, table, opnum, memory, data);
	if (!request)
		return NT_STATUS_NO_MEMORY;
	tevent_req_set_callback(request, take_answer, &call);
	timers_begin_call(client);
	while (!call.has_answer)
		task_pause(client);
	timers_end_call(client);
	status = dcerpc_binding_handle_call_recv(request);
	talloc_free(request);
	return status;
}

int channel_call(struct client *client, struct channel *channel, enum interface interface, uint32_t opnum,
		 TALLOC_CTX *memory, void *call, const uint32_t *result, struct logoff_error *reterr)
{
	struct dcerpc_binding_handle *handle = channel->bound[interface]->binding_handle;
	NTSTATUS status;

	client->link->n_calls++;
	status = call_and_wait(client, handle, interfaces[interface].table, opnum, memory, call);
	if (!NT_STATUS_IS_OK(status))
		return error_set_fault(reterr, status);
	return !result || tsts_ok(*result) ? 0 : error_set_result(reterr, *result);
}

int link_call(struct client *client, enum interface interface, uint32_t opnum, TALLOC_CTX *memory, void *call,
	      const uint32_t *result, struct logoff_error *reterr)
{
	struct channel *channel;
	int r;

	r = channel_take(client, interface, false, &channel, reterr);
	if (r < 0)
		return r;
	r = channel_call(client, channel, interface, opnum, memory, call, result, reterr);
	channel_give(client, channel);
	return r;
}

int channel_ica(struct client *client, struct channel *channel, struct policy_handle *ret, struct logoff_error *reterr)
{
	struct tsts_ica_open_server call = {};
	int r;

	if (!channel->has_ica) {
		r = channel_call(client, channel, ICA, TSTS_ICA_OPEN_SERVER, channel, &call, NULL, reterr);
		if (r == 0 && call.out.result == 0)
			r = error_set_result(reterr, call.out.status);
		if (r < 0)
			return r;
		channel->ica = call.out.handle;
		channel->has_ica = true;
	}
	*ret = channel->ica;
	return 0;
}
