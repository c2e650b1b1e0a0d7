/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * worker-rcm.c - the calls of RCMPublic and RCMListener (MS-TSTS 3.5.4), over a host in memory. Each returns its
 * HRESULT.
 */
#include "worker.h"

#include <string.h>

static uint32_t get_client_data(struct call *call, void *data)
{
	struct tsts_get_client_data *r = data;
	uint32_t result;
	struct memory_session *session = session_by_id(call, r->in.session_id, QUERY, &result);
	struct tsts_client client = { .protocol = 2, .width = 1920, .height = 1080, .color_depth = 32 };
	uint8_t *bytes;

	if (!session)
		return result;
	COPY(client.name, session->client);
	COPY(client.user, session->user);
	COPY(client.domain, session->domain);
	COPY(client.address, session->address);
	client.address_family = strchr(known(session->address), ':') ? TSTS_FAMILY_IPV6 : TSTS_FAMILY_IPV4;
	client.protocol = session->client ? 2 : 0;
	bytes = talloc_zero_array(call, uint8_t, TSTS_CLIENT_SIZE);
	if (!tsts_client_push(&client, bytes, TSTS_CLIENT_SIZE))
		return WIN32(87);
	r->out.data = bytes;
	r->out.n_data = TSTS_CLIENT_SIZE;
	return 0;
}

static uint32_t get_last_input(struct call *call, void *data)
{
	struct tsts_get_last_input *r = data;
	uint32_t result;
	struct memory_session *session = session_by_id(call, r->in.session_id, QUERY, &result);

	if (!session)
		return result;
	r->out.last_input_time = filetime(session->input);
	return 0;
}

static uint32_t get_protocol_last_input(struct call *call, void *data)
{
	struct tsts_get_protocol_last_input *r = data;
	uint32_t result;
	struct memory_session *session = session_by_id(call, r->in.session_id, QUERY, &result);

	if (!session)
		return result;
	r->out.n_data = TSTS_PROTOCOL_STATUS_SIZE;
	r->out.data = talloc_zero_array(call, uint8_t, r->out.n_data);
	r->out.last_input_time = filetime(session->input);
	return 0;
}

static uint32_t get_remote_address(struct call *call, void *data)
{
	struct tsts_get_remote_address *r = data;
	uint32_t result;
	struct memory_session *session = session_by_id(call, r->in.session_id, QUERY, &result);
	unsigned int a[4];

	r->out.address.family = TSTS_FAMILY_IPV4;
	if (!session)
		return result;
	if (sscanf(known(session->address), "%u.%u.%u.%u", &a[0], &a[1], &a[2], &a[3]) == 4)
		for (int i = 0; i < 4; i++)
			r->out.address.address[i] = (uint8_t)a[i];
	return 0;
}

static uint32_t get_all_listeners(struct call *call, void *data)
{
	struct tsts_get_all_listeners *r = data;

	if (!call->admin && !call->rdp_user)
		return 0;
	r->out.listeners = talloc_zero_array(call, struct tsts_listener, call->host->n_listeners + 1);
	for (uint32_t i = 0; i < call->host->n_listeners; i++) {
		struct tsts_listener *to = &r->out.listeners[r->out.n_listeners++];

		to->level = 1;
		to->id = call->host->listeners[i].id;
		to->listening = 1;
		COPY(to->name, call->host->listeners[i].name);
	}
	return 0;
}

static uint32_t open_listener(struct call *call, void *data)
{
	struct tsts_open_listener *r = data;

	return hold(call, H_LISTENER, &r->out.handle) ? 0 : WIN32(14);
}

static uint32_t close_listener(struct call *call, void *data)
{
	struct tsts_close_listener *r = data;

	return close_handle(call, &r->in.handle, &r->out.handle, H_LISTENER);
}

static uint32_t is_listening(struct call *call, void *data)
{
	struct tsts_is_listening *r = data;

	r->out.listening = handle_of(call, &r->in.handle, H_LISTENER) != NULL;
	return 0;
}

const struct row rcm_public_rows[] = {
	ROW(TSTS_GET_CLIENT_DATA, tsts_get_client_data, "GetClientData", get_client_data),
	ROW(TSTS_GET_LAST_INPUT, tsts_get_last_input, "GetLastInputTime", get_last_input),
	ROW(TSTS_GET_REMOTE_ADDRESS, tsts_get_remote_address, "GetRemoteAddress", get_remote_address),
	ROW(TSTS_GET_ALL_LISTENERS, tsts_get_all_listeners, "GetAllListeners", get_all_listeners),
	ROW(TSTS_GET_PROTOCOL_LAST_INPUT, tsts_get_protocol_last_input, "GetSessionProtocolLastInputTime",
		get_protocol_last_input),
	{ 0 }
};

const struct row rcm_listener_rows[] = {
	ROW(TSTS_OPEN_LISTENER, tsts_open_listener, "OpenListener", open_listener),
	ROW(TSTS_CLOSE_LISTENER, tsts_close_listener, "CloseListener", close_listener),
	ROW(TSTS_IS_LISTENING, tsts_is_listening, "IsListening", is_listening),
	{ 0 }
};
