/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * client-link.c - the connection: one log-on to SMB, over it as many pipes as are needed, on each pipe one call at a time.
 *
 * Hides Samba's libdcerpc (public headers only). Interfaces are on pipes as MS-TSTS 2.1 has them. A pipe is opened when the
 * first call needs it, an interface is bound when its first call does: by alter_context where the pipe is open already,
 * which is one round trip instead of four. Every pipe is sealed (packet privacy), whatever the server offers.
 * RPC answers the calls of one pipe one after the other, so what waits for a user or a session has a pipe of its own,
 * and a call that hangs does not keep the others: who has waited a moment for a pipe opens one more.
 * If the connection has broken, as a restart of smbd breaks it, whoever needs a pipe connects and logs on anew.
 */
#include "tsts/client.h"

#include <credentials.h>
#include <dcerpc.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

/* ndr_standard's table of LSARPC; Samba does not install the header that declares it. */
extern const struct ndr_interface_table ndr_table_lsarpc;

/* Pipes open at once: of one name, for calls that are answered at once; for those that wait. */
#define SHORT_MAX 4
#define LONG_MAX 16

/* So long a task waits for a pipe that is in use before it opens one more. */
#define PATIENCE_MS 500

/* As good as never; and what a Kerberos server gets, which Samba asks once and then waits 30 seconds for. */
#define NEVER_S (365 * 86400)
#define KDC_PATIENCE_S 5

enum pipe_name {
	LSM,
	TERM_SRV,
	LEGACY,
	LSA,
	N_PIPES
};

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

enum use {
	FREE,
	SHORT,
	LONG,
	BROKEN
};

/* A pipe. */
struct channel {
	struct channel *next;
	enum pipe_name pipe;
	enum use use;
	struct dcerpc_pipe *bound[N_INTERFACES];	/* the interfaces on it; what was opened first owns the rest */
	bool has_ica;
	struct policy_handle ica;
};

/* The tasks that wait for a channel. */
struct waiter {
	struct waiter *next;
	struct task *task;
	enum pipe_name pipe;
	enum use use;			/* of the channel */
	struct channel *channel;	/* given by whom had it */
	struct tevent_timer *timer;	/* until it has gone off */
	bool impatient;
};

struct link {
	struct access access;
	struct dcerpc_pipe *base;	/* the first pipe: SMB hangs from it */
	NTSTATUS refused;		/* the log-on, when it was tried again; OK: it was not */
	struct channel *channels;
	struct waiter *waiters;
	bool missing[N_PIPES];
	bool wide;			/* it is worth the while to open all the pipes there may be */
	unsigned n_calls, n_binds, n_pipes;
};

/* ---- sleeping ---- */

struct nap {
	struct task *task;
	bool is_over;
};

static void end_nap(struct tevent_context *events, struct tevent_timer *timer, struct timeval now, void *data)
{
	struct nap *nap = data;

	(void)events;
	(void)timer;
	(void)now;
	nap->is_over = true;
	task_wake(nap->task);
}

void link_sleep(struct client *client, unsigned ms)
{
	struct nap nap = { .task = task_current(client) };

	if (!timers_add(client, ms, end_nap, &nap))
		return;
	while (!nap.is_over)
		task_pause(client);
}

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

static bool is_broken(NTSTATUS status)
{
	return NT_STATUS_EQUAL(status, NT_STATUS_CONNECTION_DISCONNECTED) ||
	       NT_STATUS_EQUAL(status, NT_STATUS_CONNECTION_RESET) || NT_STATUS_EQUAL(status, NT_STATUS_LOCAL_DISCONNECT);
}

/* Tells whether the server has refused the log-on. Samba has many a status for a connection that has ended. */
static bool is_refusal(NTSTATUS status)
{
	int r = error_set_ntstatus(NULL, status);

	return r == -EKEYREJECTED || r == -EACCES;
}

/*
 * Opens a pipe with INTERFACE bound to it. The first one connects and logs on; so does the next one if that has broken. If the server
 * then refuses the log-on it is not tried again: servers lock accounts that fail again and again.
 */
static NTSTATUS open_pipe(struct client *client, enum interface interface, struct dcerpc_pipe **ret)
{
	struct link *link = client->link;
	const struct ndr_interface_table *table = interfaces[interface].table;
	struct dcerpc_binding *binding;
	NTSTATUS status = NT_STATUS_OK;
	bool first = !link->base, again;

	if (!NT_STATUS_IS_OK(link->refused))
		return link->refused;
	binding = make_binding(link, &link->access, interfaces[interface].pipe);
	if (!binding)
		return NT_STATUS_NO_MEMORY;
	timers_begin_connecting(client);
	if (!first)
		status = dcerpc_secondary_auth_connection(link->base, binding, table, link->access.credentials,
							  link->access.settings, link, ret);
	again = is_broken(status);
	first = first || again;
	if (first)
		status = dcerpc_pipe_connect_b(link, ret, binding, table, link->access.credentials, client->events,
					       link->access.settings);
	timers_end_connecting(client);
	talloc_free(binding);
	if (again && is_refusal(status))
		link->refused = status;
	if (!NT_STATUS_IS_OK(status))
		return status;
	(void)dcerpc_binding_handle_set_timeout((*ret)->binding_handle, 0);
	link->n_pipes++;
	link->n_binds++;
	if (first)
		link->base = *ret;
	return status;
}

/* Adds a channel in USE, which is opened with INTERFACE; it counts from the beginning on. */
static NTSTATUS open_channel(struct client *client, enum interface interface, enum use use, struct channel **ret)
{
	struct link *link = client->link;
	struct channel *channel = talloc_zero(link, struct channel);
	struct channel **at = &link->channels;
	NTSTATUS status;

	*ret = NULL;
	if (!channel)
		return NT_STATUS_NO_MEMORY;
	channel->pipe = interfaces[interface].pipe;
	channel->use = use;
	channel->next = link->channels;
	link->channels = channel;
	status = open_pipe(client, interface, &channel->bound[interface]);
	if (NT_STATUS_IS_OK(status)) {
		*ret = channel;
		return status;
	}
	while (*at != channel)
		at = &(*at)->next;
	*at = channel->next;
	talloc_free(channel);
	return status;
}

static bool is_missing(NTSTATUS status)
{
	return NT_STATUS_EQUAL(status, NT_STATUS_OBJECT_NAME_NOT_FOUND) ||
	       NT_STATUS_EQUAL(status, NT_STATUS_OBJECT_NAME_INVALID) || NT_STATUS_EQUAL(status, NT_STATUS_NO_SUCH_FILE);
}

/* What a status that ends the log-on means here. */
static int explain_logon(struct link *link, const struct order_logon *logon, NTSTATUS status, struct logoff_error *reterr)
{
	int r;

	/* Samba's word for it: the connection was there. */
	if (NT_STATUS_EQUAL(status, NT_STATUS_NO_MEMORY))
		return error_set_errno(reterr, -EHOSTUNREACH, -ECONNABORTED, "the server has closed the connection");
	if (NT_STATUS_EQUAL(status, NT_STATUS_NOT_SUPPORTED) && logon->require_encryption)
		return error_set_errno(reterr, -EOPNOTSUPP, -EOPNOTSUPP, "the server does not encrypt SMB");
	r = error_set_ntstatus(reterr, status);
	if (reterr && link->access.has_ticket && NT_STATUS_EQUAL(status, NT_STATUS_LOGON_FAILURE))
		text_copy(reterr->text, sizeof(reterr->text), "the server does not accept the Kerberos ticket. Do the clocks agree?");
	if (!NT_STATUS_EQUAL(status, NT_STATUS_INVALID_PARAMETER))
		return r;
	/* Of the ways to log on that the server offers none could even be begun. */
	if (reterr)
		text_copy(reterr->text, sizeof(reterr->text), link->access.has_ticket ?
			  "Kerberos does not know a server of this name: use its full name" :
			  "the server offers no way to log on that is allowed here");
	return -EKEYREJECTED;
}

/* Without the first pipe there is no other: SMB is connected anew for the legacy one, which only old servers need. */
static int connect_first(struct client *client, const struct order_logon *logon, struct logoff_error *reterr)
{
	struct link *link = client->link;
	struct channel *channel;
	NTSTATUS status;

	status = open_channel(client, ENUMERATION, FREE, &channel);
	if (is_missing(status)) {
		link->missing[LSM] = true;
		status = open_channel(client, ICA, FREE, &channel);
	}
	return NT_STATUS_IS_OK(status) ? 0 : explain_logon(link, logon, status, reterr);
}

int link_logon(struct client *client, const struct order_logon *logon, struct logoff_error *reterr)
{
	struct link *link = talloc_zero(client, struct link);
	int r;

	if (!link)
		return -ENOMEM;
	client->link = link;
	r = timers_begin(client, KDC_PATIENCE_S);
	if (r < 0)
		return r;
	r = access_prepare(client, logon, &link->access, reterr);
	timers_set_patience(client, NEVER_S);
	return r < 0 ? r : connect_first(client, logon, reterr);
}

bool link_is_up(const struct client *client)
{
	return client->link && client->link->base;
}

char *link_account(const struct client *client, TALLOC_CTX *memory)
{
	return cli_credentials_get_unparsed_name(client->link->access.credentials, memory);
}

bool link_is_legacy(const struct client *client)
{
	return client->link->missing[LSM];
}

void link_report(const struct client *client, const char *until)
{
	const struct link *link = client->link;

	if (link)
		fprintf(stderr, "logoff-tsts: %s: %u calls, %u binds, %u pipes\n", until, link->n_calls, link->n_binds, link->n_pipes);
}

/* ---- taking and giving ---- */

/*
 * A free channel, if possible one with the interface bound. What takes long is only given such a one: else the short
 * calls, whose interfaces are bound there, would have to open the new one.
 */
static struct channel *find_free(struct link *link, enum interface interface, enum use use)
{
	struct channel *found = NULL;

	for (struct channel *channel = link->channels; channel; channel = channel->next) {
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
static bool may_open(struct link *link, enum pipe_name pipe, enum use use, bool impatient)
{
	size_t n_short = 0, n_long = 0;

	for (struct channel *channel = link->channels; channel; channel = channel->next) {
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
	struct link *link = client->link;
	struct dcerpc_pipe *pipe = NULL;
	NTSTATUS status;

	for (size_t i = 0; i < N_INTERFACES && !pipe; i++)
		pipe = channel->bound[i];
	timers_begin_connecting(client);
	status = dcerpc_secondary_context(pipe, &channel->bound[interface], interfaces[interface].table);
	timers_end_connecting(client);
	link->n_binds++;
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

/* A channel in USE, new or not; *RET_STATUS says why there is none. */
static struct channel *find_or_open(struct client *client, enum interface interface, enum use use, NTSTATUS *ret_status)
{
	struct link *link = client->link;
	struct waiter waiter = { .task = task_current(client), .pipe = interfaces[interface].pipe, .use = use };
	struct channel *channel = find_free(link, interface, use);

	while (!channel && !may_open(link, waiter.pipe, use, waiter.impatient)) {
		stand_in_line(client, &waiter);
		channel = waiter.channel ? waiter.channel : find_free(link, interface, use);
	}
	*ret_status = NT_STATUS_OK;
	if (!channel)
		*ret_status = open_channel(client, interface, use, &channel);
	if (channel)
		channel->use = use;
	return channel;
}

int channel_take(struct client *client, enum interface interface, bool for_long, struct channel **ret,
		 struct logoff_error *reterr)
{
	bool *missing = &client->link->missing[interfaces[interface].pipe];
	struct channel *channel;
	NTSTATUS status;
	int r = 0;

	if (*missing)
		return error_set_ntstatus(reterr, NT_STATUS_OBJECT_NAME_NOT_FOUND);
	channel = find_or_open(client, interface, for_long ? LONG : SHORT, &status);
	if (!channel) {
		*missing = is_missing(status);
		return error_set_ntstatus(reterr, status);
	}
	if (!channel->bound[interface])
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

	channel->use = is_connected(channel) ? FREE : BROKEN;
	while (waiter && (waiter->pipe != channel->pipe || waiter->channel))
		waiter = waiter->next;
	if (!waiter)
		return;
	if (channel->use == FREE) {
		waiter->channel = channel;
		channel->use = waiter->use;
	}
	task_wake(waiter->task);
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
