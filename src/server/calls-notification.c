/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * calls-notification.c - the calls of TermSrvNotification, MS-TSTS 3.3.4.2: waiting for what becomes of sessions.
 */
#include "server/answer.h"
#include "server/call.h"

#define ALL_SESSIONS UINT32_MAX

/* ---- a state ---- */

/* Which logon is waited for. It hangs from the call. */
struct goal {
	const char *id;
	int64_t logon_us;
	uint32_t state;
};

/* A list that may lack sessions does not show that one is gone. One that is gone reaches no other state any more. */
static bool is_reached(struct call *call, const struct session_list *list, uint32_t *ret_result)
{
	const struct goal *goal = call->data;
	const struct session *session = session_by_id(list, goal->id, goal->logon_us);

	*ret_result = session || goal->state == TSTS_STATE_DOWN ? RESULT_OK : RESULT_NO_SESSION;
	return session ? session->state == goal->state : list->complete;
}

static uint32_t wait_for_state(struct call *call, void *data)
{
	struct tsts_wait_for_state *r = data;
	const struct session *session = call->session;
	struct goal *goal;
	uint32_t result;

	if (r->in.state > TSTS_STATE_INIT || r->in.state == TSTS_STATE_IDLE || r->in.state == TSTS_STATE_LISTEN)
		return RESULT_INVALID;
	if (r->in.session_id == 0)	/* it never changes */
		return r->in.state == TSTS_STATE_DISCONNECTED ? RESULT_OK : RESULT_NOT_SUPPORTED;
	if (!session)	/* it may have ended before the client came to ask */
		return r->in.state == TSTS_STATE_DOWN && call->list->complete ? RESULT_OK : RESULT_NO_SESSION;
	if (!answer_shows(call, session))
		return RESULT_DENIED;
	goal = talloc_zero(call, struct goal);
	call->data = goal;
	if (!goal)
		return RESULT_NO_MEMORY;
	*goal = (struct goal){ talloc_strdup(goal, session->id), session->logon_us, r->in.state };
	if (!goal->id)
		return RESULT_NO_MEMORY;
	if (is_reached(call, call->list, &result))
		return result;
	return call_wait(call, r->in.timeout_ms, is_reached);
}

/* ---- changes ---- */

/* Remembers LIST, and those that it may lack. */
static bool remember(struct held *held, const struct call *call, const struct session_list *list)
{
	struct seen *seen = talloc_zero_array(held, struct seen, held->n_seen + list->n_items);
	uint32_t n = 0;

	if (!seen)
		return false;
	for (uint32_t i = 0; !list->complete && i < held->n_seen; i++)
		if (!session_by_number(list, held->seen[i].number))
			seen[n++] = held->seen[i];
	for (uint32_t i = 0; i < list->n_items; i++)
		if (answer_shows(call, &list->items[i]))
			seen[n++] =
				(struct seen){ list->items[i].number, list->items[i].state, list->items[i].logon_us };
	talloc_free(held->seen);
	held->seen = seen;
	held->n_seen = n;
	return true;
}

static void add_change(struct tsts_wait_async *r, const struct held *held, uint32_t number, uint32_t mask)
{
	if (held->number != ALL_SESSIONS && held->number != number)
		return;
	if (mask & held->mask)
		r->out.changes[r->out.n_changes++] = (struct tsts_change){ number, mask & held->mask };
}

static void add_ended(struct tsts_wait_async *r, const struct held *held, const struct session_list *list)
{
	for (uint32_t i = 0; i < held->n_seen; i++) {
		const struct seen *seen = &held->seen[i];
		const struct session *session = session_by_number(list, seen->number);

		if (session ? session_is_other_logon(session, seen->logon_us) : list->complete)
			add_change(r, held, seen->number, TSTS_CHANGE_LOGOFF | TSTS_CHANGE_TERMINATE);
		else if (session && session->state != seen->state)
			add_change(r, held, seen->number,
				   session->state == TSTS_STATE_DISCONNECTED ? TSTS_CHANGE_DISCONNECT
									     : TSTS_CHANGE_CONNECT);
	}
}

static bool was_seen(const struct held *held, const struct session *session)
{
	for (uint32_t i = 0; i < held->n_seen; i++)
		if (held->seen[i].number == session->number && !session_is_other_logon(session, held->seen[i].logon_us))
			return true;
	return false;
}

static void add_begun(const struct call *call, struct tsts_wait_async *r, const struct held *held,
		      const struct session_list *list)
{
	for (uint32_t i = 0; i < list->n_items; i++)
		if (answer_shows(call, &list->items[i]) && !was_seen(held, &list->items[i]))
			add_change(r, held, list->items[i].number, TSTS_CHANGE_CREATE | TSTS_CHANGE_LOGON);
}

/*
 * The handle may have been closed meanwhile, over another connection of the client. A change that it is not for is
 * remembered too: who has come without notice may leave with one.
 */
static bool has_changed(struct call *call, const struct session_list *list, uint32_t *ret_result)
{
	struct tsts_wait_async *r = call->r;
	struct held *held = handle_find(call->state, &r->in.handle, HANDLE_NOTIFY);

	*ret_result = held ? RESULT_OK : RESULT_BAD_HANDLE;
	if (!held)
		return true;
	r->out.n_changes = 0;
	r->out.changes = talloc_zero_array(call, struct tsts_change, held->n_seen + list->n_items);
	if (!r->out.changes)
		return false;
	add_ended(r, held, list);
	add_begun(call, r, held, list);
	if (remember(held, call, list) && r->out.n_changes > 0)
		return true;
	TALLOC_FREE(r->out.changes);
	r->out.n_changes = 0;
	return false;
}

static uint32_t register_async(struct call *call, void *data)
{
	struct tsts_register_async *r = data;
	struct held *held = handle_new(call->state, call->client, HANDLE_NOTIFY, &r->out.handle);

	if (!held)
		return RESULT_BUSY;
	held->number = r->in.session_id;
	held->mask = r->in.mask;
	if (remember(held, call, call->list))
		return RESULT_OK;
	handle_close(held, &r->out.handle);
	return RESULT_NO_MEMORY;
}

static uint32_t wait_async(struct call *call, void *data)
{
	uint32_t result;

	(void)data;
	if (has_changed(call, call->list, &result))
		return result;
	return call_wait(call, UINT32_MAX, has_changed);
}

static uint32_t unregister_async(struct call *call, void *data)
{
	struct tsts_unregister_async *r = data;

	handle_close(call->held, &r->out.handle);
	return RESULT_OK;
}

static const struct call_row rows[] = {
	/* A session that is gone is what most wait for: so the act itself looks whether the session may be queried. */
	[TSTS_WAIT_FOR_STATE] = CALL_BY_ID(tsts_wait_for_state, "RpcWaitForSessionState", RIGHT_NONE, wait_for_state),
	[TSTS_REGISTER_ASYNC] = CALL(tsts_register_async, "RpcRegisterAsyncNotification", RIGHT_NONE, HANDLE_NONE,
				     TARGET_LIST, register_async),
	[TSTS_WAIT_ASYNC] =
		CALL(tsts_wait_async, "RpcWaitAsyncNotification", RIGHT_NONE, HANDLE_NOTIFY, TARGET_LIST, wait_async),
	[TSTS_UNREGISTER_ASYNC] = CALL(tsts_unregister_async, "RpcUnRegisterAsyncNotification", RIGHT_NONE,
				       HANDLE_NOTIFY, TARGET_NOTHING, unregister_async),
};

const struct interface interface_notification = {
	.table = &tsts_table_notification, .name = "TermSrvNotification", .rows = rows,
	.n_rows = sizeof(rows) / sizeof(rows[0]),
};
