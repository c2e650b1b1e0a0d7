/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * calls-ica.c - the calls of IcaApi, MS-TSTS 3.7.4.1, which Windows' commands still use for processes, and for servers
 * without TermSrvSession. Each returns its status; the BOOLEAN follows from that.
 */
#include "server/calls-ica.h"

#include <string.h>
#include <strings.h>

#include "server/answer.h"

#define NAME_UNITS 33			/* of a name with its NUL, at least */

static uint32_t open_server(struct call *call, void *data)
{
	struct tsts_ica_open_server *r = data;

	return handle_new(call->state, call->client, HANDLE_SERVER, &r->out.handle) ? RESULT_OK : RESULT_BUSY;
}

/* The client's handle is not made the null handle, as it is [in] only. It is closed all the same. */
static uint32_t close_server(struct call *call, void *data)
{
	struct policy_handle none;

	(void)data;
	handle_close(call->held, &none);
	return RESULT_OK;
}

static uint32_t close_server_ex(struct call *call, void *data)
{
	struct tsts_ica_close_server_ex *r = data;

	handle_close(call->held, &r->out.handle);
	return RESULT_OK;
}

static uint32_t enumerate(struct call *call, void *data)
{
	struct tsts_ica_enumerate *r = data;
	uint32_t room = r->in.n_data / TSTS_LOGONID_SIZE, i;
	uint8_t *bytes = talloc_zero_array(call, uint8_t, r->in.n_data + 1);

	if (!bytes)
		return RESULT_NO_MEMORY;
	for (i = r->in.index; i < call->list->n_items && r->out.n_entries < room; i++) {
		const struct session *session = &call->list->items[i];
		struct tsts_logonid logonid = { .session_id = session->number, .state = session->state };

		if (!answer_shows(call, session))
			continue;
		answer_text(logonid.name, sizeof(logonid.name), session->name);
		(void)tsts_logonid_push(&logonid, bytes + r->out.n_entries++ * TSTS_LOGONID_SIZE, TSTS_LOGONID_SIZE);
	}
	r->out.data = bytes;
	r->out.n_data = r->in.n_data;
	r->out.index = i;
	return r->out.n_entries ? RESULT_OK : RESULT_NO_MORE_ENTRIES;
}

/* ---- query information ---- */

static bool push_information(const struct session *session, uint8_t *bytes, size_t n)
{
	struct tsts_information information;

	answer_information(session, &information);
	return n == TSTS_VARDATA_SIZE + TSTS_INFORMATION_SIZE &&
	       tsts_information_push(&information, bytes + TSTS_VARDATA_SIZE, TSTS_INFORMATION_SIZE);
}

static bool push_client(const struct session *session, uint8_t *bytes, size_t n)
{
	struct tsts_client client;

	answer_client(session, &client);
	return n == TSTS_VARDATA_SIZE + TSTS_CLIENT_SIZE &&
	       tsts_client_push(&client, bytes + TSTS_VARDATA_SIZE, TSTS_CLIENT_SIZE);
}

static bool push_type(const struct session *session, uint8_t *bytes, size_t n)
{
	if (n != sizeof(uint32_t))
		return false;
	bytes[0] = session->id ? TSTS_TYPE_DESKTOP : TSTS_TYPE_SERVICES;
	return true;
}

static const struct {
	uint32_t class;
	bool prefix;			/* VARDATA_WIRE stands before it */
	bool (*push)(const struct session *session, uint8_t *bytes, size_t n);
} classes[] = {
	{ TSTS_CLASS_CLIENT, true, push_client },
	{ TSTS_CLASS_INFORMATION, true, push_information },
	{ TSTS_CLASS_TYPE, false, push_type },
};

static uint32_t query_information(struct call *call, void *data)
{
	struct tsts_ica_query_information *r = data;
	uint8_t *bytes = (uint8_t *)(uintptr_t)r->out.data;	/* of prepare_query_information() */

	if (!bytes)
		return RESULT_NO_MEMORY;
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		if (classes[i].class != r->in.class)
			continue;
		if (!classes[i].push(call->session, bytes, r->in.n_data))
			return RESULT_WRONG_LENGTH;
		if (classes[i].prefix)
			tsts_vardata_push(bytes, r->in.n_data - TSTS_VARDATA_SIZE);
		r->out.returned = r->in.n_data;
		return RESULT_OK;
	}
	return RESULT_INVALID_CLASS;
}

/* An answer has a buffer of the request's size also if the call has failed before its act. */
static void prepare_query_information(struct call *call, void *data)
{
	struct tsts_ica_query_information *r = data;

	r->out.data = talloc_zero_array(call, uint8_t, r->in.n_data + 1);
	r->out.n_data = r->in.n_data;
}

/* ---- names ---- */

static uint32_t id_from_name(struct call *call, void *data)
{
	struct tsts_ica_id_from_name *r = data;

	for (uint32_t i = 0; r->in.name && *r->in.name && i < call->list->n_items; i++) {
		const struct session *session = &call->list->items[i];

		if (strcasecmp(session->name, r->in.name) == 0 && answer_shows(call, session)) {
			r->out.session_id = session->number;
			return RESULT_OK;
		}
	}
	return RESULT_NO_NAME;
}

static void prepare_name_from_id(struct call *call, void *data)
{
	struct tsts_ica_name_from_id *r = data;

	(void)call;
	r->out.name = "";
	r->out.name_size = r->in.name_size;
}

static uint32_t name_from_id(struct call *call, void *data)
{
	struct tsts_ica_name_from_id *r = data;

	if (r->in.name_size < NAME_UNITS)
		return RESULT_INVALID_PARAMETER;
	r->out.name = talloc_strdup(call, call->session->name);
	return r->out.name ? RESULT_OK : RESULT_NO_MEMORY;
}

/* ---- what is done to a session ---- */

static uint32_t send_message(struct call *call, void *data)
{
	struct tsts_ica_send_message *r = data;

	return task_message(call, r->in.title ? r->in.title : "", r->in.message ? r->in.message : "", r->in.style,
			    r->in.timeout_s, !r->in.do_not_wait, &r->out.response);
}

static uint32_t disconnect(struct call *call, void *data)
{
	(void)data;
	return task_disconnect(call);
}

static uint32_t reset(struct call *call, void *data)
{
	struct tsts_ica_reset *r = data;

	return task_log_off(call, 0, 0, r->in.wait != 0);
}

static const struct call_row rows[] = {
	[TSTS_ICA_OPEN_SERVER] =
		ICA(ica_open_server, "RpcWinStationOpenServer", RIGHT_NONE, HANDLE_NONE, TARGET_NOTHING, open_server),
	[TSTS_ICA_CLOSE_SERVER] = ICA(ica_close_server, "RpcWinStationCloseServer", RIGHT_NONE, HANDLE_SERVER,
				      TARGET_NOTHING, close_server),
	[2] = UNSUPPORTED("RpcIcaServerPing", 0),
	[TSTS_ICA_ENUMERATE] =
		ICA(ica_enumerate, "RpcWinStationEnumerate", RIGHT_NONE, HANDLE_SERVER, TARGET_LIST, enumerate),
	[4] = UNSUPPORTED("RpcWinStationRename", 0),
	[TSTS_ICA_QUERY_INFORMATION] = ICA_BY_ID(ica_query_information, "RpcWinStationQueryInformation", RIGHT_QUERY,
						 query_information, .prepare = prepare_query_information),
	[6] = UNSUPPORTED("RpcWinStationSetInformation", 4),
	[TSTS_ICA_SEND_MESSAGE] = ICA_BY_ID(ica_send_message, "RpcWinStationSendMessage", RIGHT_MESSAGE, send_message),
	[TSTS_ICA_ID_FROM_NAME] = ICA(ica_id_from_name, "RpcLogonIdFromWinStationName", RIGHT_NONE, HANDLE_SERVER,
				      TARGET_LIST, id_from_name),
	[TSTS_ICA_NAME_FROM_ID] = ICA_BY_ID(ica_name_from_id, "RpcWinStationNameFromLogonId", RIGHT_QUERY, name_from_id,
					    .prepare = prepare_name_from_id),
	[10] = UNSUPPORTED("RpcWinStationConnect", 0),
	[11 ... 12] = UNSUPPORTED("NotUsedOnWire", 0),
	[TSTS_ICA_DISCONNECT] = ICA_BY_ID(ica_disconnect, "RpcWinStationDisconnect", RIGHT_DISCONNECT, disconnect),
	[TSTS_ICA_RESET] = ICA_BY_ID(ica_reset, "RpcWinStationReset", RIGHT_RESET, reset),
	/* This host is shut down by its own administrators. */
	[TSTS_ICA_SHUTDOWN] = UNSUPPORTED("RpcWinStationShutdownSystem", 0),
	[16] = UNSUPPORTED("RpcWinStationWaitSystemEvent", 4),
	[17] = UNSUPPORTED("RpcWinStationShadow", 0),
	[18 ... 36] = UNSUPPORTED("NotServed", 0),
	[TSTS_ICA_TERMINATE_PROCESS] = ICA(ica_terminate_process, "RpcWinStationTerminateProcess", RIGHT_NONE,
					   HANDLE_SERVER, TARGET_LIST, ica_terminate_process),
	[38 ... 42] = UNSUPPORTED("NotServed", 0),
	[TSTS_ICA_GET_PROCESSES] = ICA(ica_get_processes, "RpcWinStationGetAllProcesses", RIGHT_NONE, HANDLE_SERVER,
				       TARGET_LIST, ica_get_processes),
	[TSTS_ICA_GET_PROCESS_SID] = ICA(ica_get_process_sid, "RpcWinStationGetProcessSid", RIGHT_NONE, HANDLE_SERVER,
					 TARGET_LIST, ica_get_process_sid, .prepare = ica_prepare_process_sid),
	/* Their answers have an array of the request's size, which nobody has decoded. */
	[45] = UNSUPPORTED("RpcWinStationGetTermSrvCountersValue", 4),
	[46 ... 52] = UNSUPPORTED("NotServed", 0),
	[53] = UNSUPPORTED("RpcWinStationGetLanAdapterName", 8),
	[54 ... 59] = UNSUPPORTED("NotServed", 0),
	[TSTS_ICA_CLOSE_SERVER_EX] = ICA(ica_close_server_ex, "RpcWinStationCloseServerEx", RIGHT_NONE, HANDLE_SERVER,
					 TARGET_NOTHING, close_server_ex),
	[61 ... 69] = UNSUPPORTED("NotServed", 0),
	[TSTS_ICA_GET_PROCESSES_NT6] = ICA(ica_get_processes_nt6, "RpcWinStationGetAllProcesses_NT6", RIGHT_NONE,
					   HANDLE_SERVER, TARGET_LIST, ica_get_processes_nt6),
	[71 ... 75] = UNSUPPORTED("NotServed", 0),
};

const struct interface interface_ica = {
	.table = &tsts_table_ica,
	.name = "IcaApi",
	.rows = rows,
	.n_rows = sizeof(rows) / sizeof(rows[0]),
	.legacy = true,
};
