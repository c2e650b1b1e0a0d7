/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * handle.c - see handle.h.
 */
#include "server/handle.h"

static int release(struct held *held)
{
	held->client->n_handles--;
	client_leave(held->client);
	return 0;
}

struct held *handle_new(struct dcesrv_call_state *state, struct client *client, enum handle_type type,
			struct policy_handle *ret)
{
	struct dcesrv_handle *handle;
	struct held *held;

	if (client->n_handles >= client->server->settings.max_handles)
		return NULL;
	handle = dcesrv_handle_create(state, (uint8_t)type);
	held = handle ? talloc_zero(handle, struct held) : NULL;
	if (!held) {
		talloc_free(handle);
		return NULL;
	}
	client->n_handles++;
	held->client = client_use(client);
	held->handle = handle;
	talloc_set_destructor(held, release);
	handle->data = held;
	*ret = handle->wire_handle;
	return held;
}

/* Samba makes a new handle for the null handle, which nobody means here. */
struct held *handle_find(struct dcesrv_call_state *state, const struct policy_handle *wire, enum handle_type type)
{
	struct dcesrv_handle *handle =
		ndr_policy_handle_empty(wire) ? NULL : dcesrv_handle_lookup(state, wire, (uint8_t)type);

	return handle ? handle->data : NULL;
}

void handle_close(struct held *held, struct policy_handle *wire)
{
	talloc_free(held->handle);
	*wire = (struct policy_handle){ 0 };
}
