/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dispatch.c - the way of a call: a packet, who sends it, the row of its table, the right that the row demands, the
 * act, the answer.
 *
 * Samba has done SMB, authentication, sealing, and fragments before. Samba calls on_pull(), on_dispatch(), on_push(),
 * and between the last two, for a call that is answered later, we call dcesrv_reply().
 */
#include "server/dispatch.h"

#include <stdlib.h>
#include <string.h>

#define N_SHORT 256			/* calls of a client that wait for logoff-host alone */
#define VANISHED_S 1			/* so often we look for clients that have left their calls */

/* Samba calls us without any pointer of ours, so the one server stands here. */
static struct server server;
static struct call *pending;		/* calls that are answered later */
static struct tevent_timer *vanished_timer;

const struct interface *const interfaces[N_INTERFACES] = {
	&interface_session,    &interface_notification, &interface_enumeration,
	&interface_rcm_public, &interface_rcm_listener, &interface_ica,
};

/* ---- tables ---- */

const char *interface_pipe(const struct interface *interface)
{
	return interface->table->endpoints->names[0];
}

const struct call_row *row_find(const struct interface *interface, uint32_t opnum)
{
	return opnum < interface->n_rows && interface->rows[opnum].name ? &interface->rows[opnum] : NULL;
}

static const struct interface *interface_of(const struct dcesrv_call_state *state)
{
	return state->context->iface->private_data;
}

/* ---- the end of a call ---- */

static int forget_call(struct call *call)
{
	if (call->previous)
		call->previous->next = call->next;
	else if (pending == call)
		pending = call->next;
	if (call->next)
		call->next->previous = call->previous;
	task_leave(call->task);
	sessions_forget(call->client, &call->look);
	call_stop_waiting(call);
	if (call->is_box)
		call->client->n_boxes--;
	if (call->later)
		call->client->n_later--;
	client_leave(call->client);
	return 0;
}

/* Puts the result where the structure has it; of IcaApi the BOOLEAN follows from it. */
static void set_result(struct call *call, uint32_t result)
{
	char *r = call->r;

	*(uint32_t *)(r + call->row->result) = result;
	if (call->interface->legacy && call->row->act)
		*(uint32_t *)(r + call->row->boolean) = tsts_ok(result) || result == RESULT_NO_MORE_ENTRIES;
}

static void send_reply(struct call *call)
{
	call->answered = true;
	TALLOC_FREE(call->deadline);
	call_stop_waiting(call);
	task_leave(call->task);
	call->task = NULL;
	(void)dcesrv_reply(call->state); /* it fails if the connection is gone, and then there is nobody to tell */
}

void call_answer(struct call *call, uint32_t result)
{
	if (call->answered)
		return;
	set_result(call, result);
	send_reply(call);
}

/*
 * Samba keeps the connection of a client that has left until all of its calls are answered. So these calls are looked
 * for, and are answered to nobody.
 */
static void end_vanished(struct tevent_context *ev, struct tevent_timer *timer, struct timeval t, void *data)
{
	struct call *call, *next;

	(void)timer, (void)t, (void)data;
	vanished_timer = NULL;
	for (call = pending; call; call = next) {
		next = call->next;
		if (!call->state->conn->terminate || call->answered)
			continue;
		if (call->is_box)
			task_cancel(call->task);
		call_answer(call, RESULT_CANCELLED);
	}
	if (pending)
		vanished_timer =
			tevent_add_timer(ev, NULL, tevent_timeval_current_ofs(VANISHED_S, 0), end_vanished, NULL);
}

static void on_deadline(struct tevent_context *ev, struct tevent_timer *timer, struct timeval t, void *data)
{
	(void)ev, (void)timer, (void)t;
	call_answer(data, RESULT_TIMED_OUT);
}

uint32_t call_later(struct call *call, unsigned seconds)
{
	struct tevent_context *ev = call->client->server->ev;

	if (!call->later) {
		if (!(call->state->state_flags & DCESRV_CALL_STATE_FLAG_MAY_ASYNC))
			return RESULT_FAILED;
		call->state->state_flags |= DCESRV_CALL_STATE_FLAG_ASYNC;
		call->later = true;
		call->client->n_later++;
		call->next = pending;
		if (pending)
			pending->previous = call;
		pending = call;
	}
	if (!vanished_timer)
		vanished_timer =
			tevent_add_timer(ev, NULL, tevent_timeval_current_ofs(VANISHED_S, 0), end_vanished, NULL);
	if (seconds) {
		TALLOC_FREE(call->deadline);	/* of the order before this one */
		call->deadline =
			tevent_add_timer(ev, call, tevent_timeval_current_ofs(seconds, 0), on_deadline, call);
	}
	return CALL_LATER;
}

/* ---- from the session to the answer ---- */

static uint32_t number_of(const struct call *call)
{
	return *(const uint32_t *)((const char *)call->r + call->row->id - 1);
}

/* The session that the call means, or NULL and *ret_result. */
static const struct session *find_session(const struct call *call, uint32_t *ret_result)
{
	const struct held *held = call->row->id ? NULL : call->held;

	*ret_result = held || call->interface->legacy ? RESULT_NOT_FOUND : RESULT_NO_SESSION;
	if (!held)
		return session_by_number(call->list, number_of(call));
	return held->id ? session_by_id(call->list, held->id, held->logon_us) : session_by_number(call->list, 0);
}

/* Each call passes here before its act, and nobody acts without the right of the row. */
static uint32_t act(struct call *call)
{
	uint32_t result = 0;

	if (call->row->target == TARGET_SESSION && call->list) {
		call->session = find_session(call, &result);
		if (!call->session && call->row->right != RIGHT_NONE)
			return result;
	}
	if (call->session ? !session_allows(call->session, call->client, call->row->right)
			  : !client_may(call->client, call->row->right, (uid_t)-1))
		return task_refuse_right(call, call->row->right);
	return call->row->act(call, call->r);
}

/* A list has come, at once or later. */
static void on_list(struct look *look, struct session_list *list, uint32_t result)
{
	struct call *call = (struct call *)((char *)look - offsetof(struct call, look));

	if (list && call->later && call->row->handle != HANDLE_NONE) {
		call->held = handle_find(call->state, call->r, call->row->handle);
		result = call->held ? 0 : RESULT_BAD_HANDLE;	/* it was closed meanwhile */
	}
	if (list && result == 0) {
		call->list = talloc_reference(call, list);
		result = call->list ? act(call) : RESULT_NO_MEMORY;
	}
	if (result == CALL_LATER)
		return;
	if (call->later) {
		call_answer(call, result);
	} else {
		set_result(call, result);
		call->answered = true;
	}
}

/* A call that needs no session can do without the list: the probe of Windows is one, RpcOpenSession(0). */
static bool needs_list(const struct call *call)
{
	if (call->row->target == TARGET_SESSION && call->row->id && call->row->right == RIGHT_NONE)
		return number_of(call) != 0;
	return call->row->target != TARGET_NOTHING;
}

/* Calls that wait for a person or a state have limits of their own; so many more may wait for logoff-host. */
static bool has_too_many(const struct client *client)
{
	return client->n_later >= client->server->settings.max_waits + client->server->settings.max_boxes + N_SHORT;
}

static void begin(struct call *call)
{
	if (!needs_list(call)) {
		uint32_t result = act(call);

		if (result != CALL_LATER)
			set_result(call, result);
		return;
	}
	if (has_too_many(call->client)) {
		set_result(call, RESULT_BUSY);
		return;
	}
	call->look.got = on_list;
	sessions_get(call->client, &call->look);
	if (!call->answered && !call->later && call_later(call, 0) != CALL_LATER) {
		sessions_forget(call->client, &call->look);
		set_result(call, RESULT_FAILED);
	}
}

/* ---- what Samba calls ---- */

static NTSTATUS fault(struct dcesrv_call_state *state, uint32_t code)
{
	state->fault_code = code;
	return NT_STATUS_NET_WRITE_FAULT;
}

static NTSTATUS on_bind(struct dcesrv_connection_context *context, const struct dcesrv_interface *interface)
{
	callers_forget_accounts();
	return dcesrv_interface_bind_require_privacy(context, interface);
}

/* Decodes the request, unless nothing of it is needed. */
static NTSTATUS decode(struct call *call, struct ndr_pull *pull)
{
	const struct ndr_interface_call *calls = call->interface->table->calls;
	uint16_t opnum = call->state->pkt.u.request.opnum;

	call->r = talloc_zero_size(call, call->row->act ? calls[opnum].struct_size : sizeof(uint32_t));
	if (!call->r)
		return NT_STATUS_NO_MEMORY;
	if (call->row->act && calls[opnum].ndr_pull(pull, NDR_IN, call->r) != NDR_ERR_SUCCESS)
		return fault(call->state, DCERPC_FAULT_NDR);
	if (call->row->prepare)
		call->row->prepare(call, call->r);
	return NT_STATUS_OK;
}

/* An anonymous caller, and the like, is refused before anything of the request is decoded. */
static NTSTATUS on_pull(struct dcesrv_call_state *state, TALLOC_CTX *mem, struct ndr_pull *pull, void **r)
{
	const struct interface *interface = interface_of(state);
	const struct call_row *row = row_find(interface, state->pkt.u.request.opnum);
	struct client *client;
	struct call *call;

	server.ev = state->event_ctx;
	state->fault_code = 0;
	client = client_of(&server, state);
	if (!client || (row && row->right == RIGHT_UNSET)) {
		if (client)
			client_leave(client);
		return fault(state, DCERPC_FAULT_ACCESS_DENIED);
	}
	call = row ? talloc_zero(mem, struct call) : NULL;
	if (!call) {
		client_leave(client);
		return row ? NT_STATUS_NO_MEMORY : fault(state, DCERPC_FAULT_OP_RNG_ERROR);
	}
	*call = (struct call){ .state = state, .interface = interface, .row = row, .client = client };
	talloc_set_destructor(call, forget_call);
	call->address = client_address(state);
	*r = call;
	return decode(call, pull);
}

static NTSTATUS on_dispatch(struct dcesrv_call_state *state, TALLOC_CTX *mem, void *data)
{
	struct call *call = data;

	(void)mem;
	if (!call->row->act) {
		set_result(call, RESULT_NOT_IMPLEMENTED);
		return NT_STATUS_OK;
	}
	/* A handle comes first in each request that has one. */
	if (call->row->handle != HANDLE_NONE) {
		call->held = handle_find(state, call->r, call->row->handle);
		if (!call->held)
			return fault(state, DCERPC_FAULT_CONTEXT_MISMATCH);
	}
	begin(call);
	return NT_STATUS_OK;
}

static NTSTATUS on_reply(struct dcesrv_call_state *state, TALLOC_CTX *mem, void *r)
{
	(void)state, (void)mem, (void)r;
	return NT_STATUS_OK;
}

/* The answer of a call that is not supported: nothing, and the result. */
static enum ndr_err_code push_unsupported(const struct call *call, struct ndr_push *push)
{
	bool legacy = call->interface->legacy;
	uint32_t result = *(const uint32_t *)call->r;

	if (!legacy)
		NDR_CHECK(ndr_push_zero(push, (uint32_t)call->row->n_zeroes));
	NDR_CHECK(ndr_push_uint32(push, NDR_SCALARS, result));
	return legacy ? ndr_push_zero(push, (uint32_t)call->row->n_zeroes + 1) : NDR_ERR_SUCCESS;
}

static NTSTATUS on_push(struct dcesrv_call_state *state, TALLOC_CTX *mem, struct ndr_push *push, const void *data)
{
	const struct call *call = data;
	const struct ndr_interface_call *calls = call->interface->table->calls;
	enum ndr_err_code r = call->row->act ? calls[state->pkt.u.request.opnum].ndr_push(push, NDR_OUT, call->r)
					     : push_unsupported(call, push);

	(void)mem;
	return r == NDR_ERR_SUCCESS ? NT_STATUS_OK : fault(state, DCERPC_FAULT_NDR);
}

static NTSTATUS on_local(struct dcesrv_call_state *state, TALLOC_CTX *mem, void *r)
{
	(void)state, (void)mem, (void)r;
	return NT_STATUS_NOT_IMPLEMENTED;
}

void dispatch_fill(struct dcesrv_interface *ret, const struct interface *interface)
{
	*ret = (struct dcesrv_interface){
		.name = interface->name,
		.syntax_id = interface->table->syntax_id,
		.bind = on_bind,
		.ndr_pull = on_pull,
		.dispatch = on_dispatch,
		.reply = on_reply,
		.ndr_push = on_push,
		.local = on_local,
		.private_data = interface,
	};
}

/* The variables are for tests. Only root can set them for a daemon of root. */
bool dispatch_init(const char *host_name, char *why, size_t size)
{
	const char *path = secure_getenv("LOGOFF_SERVER_CONF"), *numbers = secure_getenv("LOGOFF_NUMBERS");

	server.host_name = host_name;
	server.program = secure_getenv("LOGOFF_SERVER_HOST");
	server.memory = secure_getenv("LOGOFF_HOST");
	numbers_open(&server.numbers, numbers ? numbers : NUMBER_TABLE_PATH);
	return settings_read(&server.settings, path ? path : SETTINGS_FILE, why, size);
}
