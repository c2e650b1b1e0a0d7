/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * calls-rcm.c - the calls of RCMPublic and RCMListener, MS-TSTS 3.5.4: what is known of the client of a session. This
 * host has no listeners of Windows: xrdp and sshd are services of systemd, and nobody manages them by this way.
 */
#include "server/answer.h"
#include "server/call.h"

#include <arpa/inet.h>

/* PROTOCOLSTATUS and PROTOCOLSTATUSEX, MS-TSTS 2.2.2.20: all counters are zero */
#define STATUS_EX_SIZE 1032
#define EXTENDED 1

static uint32_t get_client_data(struct call *call, void *data)
{
	struct tsts_get_client_data *r = data;
	struct tsts_client client;
	uint8_t *bytes = talloc_zero_array(call, uint8_t, TSTS_CLIENT_SIZE);

	answer_client(call->session, &client);
	if (!bytes || !tsts_client_push(&client, bytes, TSTS_CLIENT_SIZE))
		return RESULT_NO_MEMORY;
	r->out.data = bytes;
	r->out.n_data = TSTS_CLIENT_SIZE;
	return RESULT_OK;
}

static uint32_t protocol_status(struct call *call, uint32_t info_type, const uint8_t **ret, uint32_t *ret_n)
{
	if (info_type > EXTENDED)
		return RESULT_INVALID;
	*ret_n = info_type == EXTENDED ? STATUS_EX_SIZE : TSTS_PROTOCOL_STATUS_SIZE;
	*ret = talloc_zero_array(call, uint8_t, *ret_n);
	return *ret ? RESULT_OK : RESULT_NO_MEMORY;
}

static uint32_t get_protocol_status(struct call *call, void *data)
{
	struct tsts_get_protocol_status *r = data;

	return protocol_status(call, r->in.info_type, &r->out.data, &r->out.n_data);
}

static uint32_t get_last_input(struct call *call, void *data)
{
	struct tsts_get_last_input *r = data;

	r->out.last_input_time = answer_time(call->session->last_input_us);
	return RESULT_OK;
}

static uint32_t get_protocol_last_input(struct call *call, void *data)
{
	struct tsts_get_protocol_last_input *r = data;

	r->out.last_input_time = answer_time(call->session->last_input_us);
	return protocol_status(call, r->in.info_type, &r->out.data, &r->out.n_data);
}

/* There is no form for none: a session without an address has 0.0.0.0, and so has a refusal. */
static void prepare_remote_address(struct call *call, void *data)
{
	struct tsts_get_remote_address *r = data;

	(void)call;
	r->out.address.family = TSTS_FAMILY_IPV4;
}

static uint32_t get_remote_address(struct call *call, void *data)
{
	struct tsts_get_remote_address *r = data;
	struct tsts_address *address = &r->out.address;

	if (inet_pton(AF_INET6, call->session->address, address->address) == 1)
		address->family = TSTS_FAMILY_IPV6;
	else
		(void)inet_pton(AF_INET, call->session->address, address->address);
	return RESULT_OK;
}

static uint32_t get_all_listeners(struct call *call, void *data)
{
	(void)call, (void)data;
	return RESULT_OK;
}

/* The array that is answered must have the room of the request also if nothing is in it. */
static void prepare_session_data(struct call *call, void *data)
{
	struct tsts_query_session_data *r = data;

	(void)call;
	r->out.room = r->in.room;
}

static uint32_t query_session_data(struct call *call, void *data)
{
	(void)call, (void)data;
	return RESULT_NOT_IMPLEMENTED;
}

static const struct call_row public_rows[] = {
	[TSTS_GET_CLIENT_DATA] = CALL_BY_ID(tsts_get_client_data, "RpcGetClientData", RIGHT_QUERY, get_client_data),
	[TSTS_GET_CONFIG_DATA] = UNSUPPORTED("RpcGetConfigData", 8),
	[TSTS_GET_PROTOCOL_STATUS] =
		CALL_BY_ID(tsts_get_protocol_status, "RpcGetProtocolStatus", RIGHT_QUERY, get_protocol_status),
	[TSTS_GET_LAST_INPUT] = CALL_BY_ID(tsts_get_last_input, "RpcGetLastInputTime", RIGHT_QUERY, get_last_input),
	[TSTS_GET_REMOTE_ADDRESS] = CALL_BY_ID(tsts_get_remote_address, "RpcGetRemoteAddress", RIGHT_QUERY,
					       get_remote_address, .prepare = prepare_remote_address),
	[5 ... 7] = UNSUPPORTED("NotUsedOnWire", 0),
	[TSTS_GET_ALL_LISTENERS] = CALL(tsts_get_all_listeners, "RpcGetAllListeners", RIGHT_NONE, HANDLE_NONE,
					TARGET_NOTHING, get_all_listeners),
	[TSTS_GET_PROTOCOL_LAST_INPUT] = CALL_BY_ID(tsts_get_protocol_last_input, "RpcGetSessionProtocolLastInputTime",
						    RIGHT_QUERY, get_protocol_last_input),
	[10] = UNSUPPORTED("RpcGetUserCertificates", 12),
	[TSTS_QUERY_SESSION_DATA] = CALL(tsts_query_session_data, "RpcQuerySessionData", RIGHT_NONE, HANDLE_NONE,
					 TARGET_NOTHING, query_session_data, .prepare = prepare_session_data),
};

/* There is no listener, so nobody has a handle of one. */
static const struct call_row listener_rows[] = {
	[TSTS_OPEN_LISTENER] = UNSUPPORTED("RpcOpenListener", 20),
	[TSTS_CLOSE_LISTENER] = UNSUPPORTED("RpcCloseListener", 20),
	[TSTS_STOP_LISTENER] = UNSUPPORTED("RpcStopListener", 0),
	[TSTS_START_LISTENER] = UNSUPPORTED("RpcStartListener", 0),
	[TSTS_IS_LISTENING] = UNSUPPORTED("RpcIsListening", 4),
};

const struct interface interface_rcm_public = {
	.table = &tsts_table_rcm_public, .name = "RCMPublic", .rows = public_rows,
	.n_rows = sizeof(public_rows) / sizeof(public_rows[0]),
};

const struct interface interface_rcm_listener = {
	.table = &tsts_table_rcm_listener, .name = "RCMListener", .rows = listener_rows,
	.n_rows = sizeof(listener_rows) / sizeof(listener_rows[0]),
};
