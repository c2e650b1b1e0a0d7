/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * worker-ica.c - the calls of IcaApi (MS-TSTS 3.7.4), over a host in memory. Each returns its status; the BOOLEAN
 * follows from that.
 */
#include "worker.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static uint32_t ica_open_server(struct call *call, void *data)
{
	struct tsts_ica_open_server *r = data;

	return hold(call, H_ICA, &r->out.handle) ? 0 : WIN32(14);
}

/* Frees nothing: [in] only, the client keeps its handle. */
static uint32_t ica_close_server(struct call *call, void *data)
{
	struct tsts_ica_close_server *r = data;

	handle_of(call, &r->in.handle, H_ICA);
	return 0;
}

static uint32_t ica_close_server_ex(struct call *call, void *data)
{
	struct tsts_ica_close_server_ex *r = data;

	return close_handle(call, &r->in.handle, &r->out.handle, H_ICA);
}

static uint32_t ica_enumerate(struct call *call, void *data)
{
	struct tsts_ica_enumerate *r = data;
	uint32_t room = r->in.n_data / TSTS_LOGONID_SIZE, i;
	uint8_t *bytes = talloc_zero_array(call, uint8_t, r->in.n_data + 1);

	if (!handle_of(call, &r->in.handle, H_ICA))
		return 0;
	for (i = r->in.index; i < call->host->n_sessions && r->out.n_entries < room; i++) {
		const struct memory_session *session = &call->host->sessions[i];
		struct tsts_logonid logonid = { .session_id = session->id, .state = session->state };

		if (!is_shown(call, session))
			continue;
		COPY(logonid.name, session->name);
		tsts_logonid_push(&logonid, bytes + r->out.n_entries++ * TSTS_LOGONID_SIZE, TSTS_LOGONID_SIZE);
	}
	r->out.data = bytes;
	r->out.n_data = r->in.n_data;
	r->out.index = i;
	return r->out.n_entries ? 0 : NO_MORE_ENTRIES;
}

static bool ica_client(const struct memory_session *session, uint8_t *bytes, size_t n)
{
	struct tsts_client client = { .protocol = session->client ? 2 : 0 };

	COPY(client.name, session->client);
	COPY(client.user, session->user);
	COPY(client.domain, session->domain);
	COPY(client.address, session->address);
	return tsts_client_push(&client, bytes, n);
}

static bool ica_information(const struct memory *host, const struct memory_session *session, uint8_t *bytes, size_t n)
{
	struct tsts_information information = { .state = session->state, .session_id = session->id };

	COPY(information.name, session->name);
	COPY(information.user, session->user);
	COPY(information.domain, session->domain);
	information.connect_time = filetime(session->connect);
	information.disconnect_time = filetime(session->disconnect);
	information.logon_time = filetime(session->logon);
	information.last_input_time = filetime(session->input);
	information.current_time = filetime(now() + host->ahead);
	return tsts_information_push(&information, bytes, n);
}

static uint32_t ica_query_information(struct call *call, void *data)
{
	struct tsts_ica_query_information *r = data;
	uint32_t result;
	struct memory_session *session = session_by_id(call, r->in.session_id, QUERY, &result);
	uint8_t *bytes = talloc_zero_array(call, uint8_t, r->in.n_data + TSTS_VARDATA_SIZE);
	size_t n = r->in.n_data > TSTS_VARDATA_SIZE ? r->in.n_data - TSTS_VARDATA_SIZE : 0;
	bool done = false;

	r->out.data = bytes;
	r->out.n_data = r->in.n_data;
	if (!handle_of(call, &r->in.handle, H_ICA) || !session)
		return result;
	tsts_vardata_push(bytes, (uint32_t)n);
	if (r->in.class == TSTS_CLASS_CLIENT && n == TSTS_CLIENT_SIZE)
		done = ica_client(session, bytes + TSTS_VARDATA_SIZE, n);
	else if (r->in.class == TSTS_CLASS_INFORMATION && n == TSTS_INFORMATION_SIZE)
		done = ica_information(call->host, session, bytes + TSTS_VARDATA_SIZE, n);
	r->out.returned = done ? r->in.n_data : 0;
	return done ? 0 : UINT32_C(0xc0000003);
}

static bool ica_is_answered(struct call *call)
{
	struct tsts_ica_send_message *r = call->r;
	struct memory_session *session = same_session(call);

	if (session && session->answer && monotonic() - call->deadline >= session->answer_after_ms / 1000.0)
		r->out.response = session->answer;
	else if (session && (!r->in.timeout_s || monotonic() - call->deadline < r->in.timeout_s))
		return false;
	else
		r->out.response = TSTS_ANSWER_TIMEOUT;
	return true;
}

static uint32_t ica_send_message(struct call *call, void *data)
{
	struct tsts_ica_send_message *r = data;
	uint32_t result;
	FILE *out;

	if (!session_by_id(call, r->in.session_id, MESSAGE, &result))
		return result;
	out = begin_deed(call, "message");
	if (out) {
		put_text(out, "title", r->in.title);
		put_text(out, "text", r->in.message);
		fprintf(out, ", \"style\": %u, \"timeout\": %u, \"wait\": %d", r->in.style, r->in.timeout_s, !r->in.do_not_wait);
		end_record(out);
	}
	r->out.response = TSTS_ANSWER_ASYNC;
	if (!r->in.do_not_wait)
		wait_for(call, ica_is_answered, 0);
	return 0;
}

static uint32_t ica_id_from_name(struct call *call, void *data)
{
	struct tsts_ica_id_from_name *r = data;

	for (uint32_t i = 0; i < call->host->n_sessions; i++)
		if (strcasecmp(known(call->host->sessions[i].name), known(r->in.name)) == 0) {
			r->out.session_id = call->host->sessions[i].id;
			return 0;
		}
	return UINT32_C(0xc00a0015);
}

static uint32_t ica_name_from_id(struct call *call, void *data)
{
	struct tsts_ica_name_from_id *r = data;
	uint32_t result;
	struct memory_session *session = session_by_id(call, r->in.session_id, QUERY, &result);

	r->out.name = known(session ? session->name : NULL);
	r->out.name_size = r->in.name_size;
	return session ? 0 : NOT_FOUND;
}

static uint32_t ica_disconnect(struct call *call, void *data)
{
	struct tsts_ica_disconnect *r = data;
	uint32_t result;

	if (!session_by_id(call, r->in.session_id, DISCONNECT, &result))
		return result;
	record_deed(call, "disconnect");
	if (really(call))
		memory_set(call->folder, r->in.session_id, "state", "disconnected");
	return 0;
}

static bool is_gone(struct call *call)
{
	return !same_session(call);
}

static uint32_t ica_reset(struct call *call, void *data)
{
	struct tsts_ica_reset *r = data;
	uint32_t result;
	struct memory_session *session = session_by_id(call, r->in.session_id, RESET, &result);

	if (!session)
		return result;
	record_deed(call, "reset");
	if (really(call) && !session->reset_ignored)
		end_session(call, session, 0);
	if (r->in.wait)
		wait_for(call, is_gone, -1);
	return 0;
}

static uint32_t ica_terminate_process(struct call *call, void *data)
{
	struct tsts_ica_terminate_process *r = data;
	FILE *out;

	if (!call->admin)
		return DENIED;
	out = begin_deed(call, "terminate");
	if (out) {
		fprintf(out, ", \"pid\": %u", r->in.pid);
		end_record(out);
	}
	if (really(call))
		memory_end_process(call->folder, r->in.pid);
	return 0;
}

/* The bytes of a SID given as text. */
static uint8_t *sid_bytes(TALLOC_CTX *mem, const char *sid, uint32_t *ret_n)
{
	uint8_t *bytes = talloc_zero_array(mem, uint8_t, 68);
	const char *at = sid;
	unsigned long revision, authority;
	char *end;

	*ret_n = 0;
	if (sscanf(sid, "S-%lu-%lu", &revision, &authority) != 2)
		return NULL;
	bytes[0] = (uint8_t)revision;
	bytes[7] = (uint8_t)authority;
	for (int skipped = 0; skipped < 3; skipped++)
		at = at ? strchr(at + (skipped > 0), '-') : NULL;
	for (; at && *at == '-' && bytes[1] < 15; at = end, bytes[1]++) {
		uint32_t part = (uint32_t)strtoul(at + 1, &end, 10);

		for (int k = 0; k < 4; k++)
			bytes[8 + 4 * bytes[1] + k] = (uint8_t)(part >> 8 * k);
	}
	*ret_n = 8 + 4u * bytes[1];
	return bytes;
}

static bool may_see(struct call *call, const struct memory_process *process)
{
	struct memory_session *session = memory_session(call->host, process->session);

	return session ? may(call, session, QUERY) : call->admin;
}

static struct tsts_process_entry *processes(struct call *call, uint32_t *ret_n)
{
	struct tsts_process_entry *entries = talloc_zero_array(call, struct tsts_process_entry, call->host->n_processes + 1);

	for (uint32_t i = 0; i < call->host->n_processes; i++) {
		const struct memory_process *from = &call->host->processes[i];
		struct tsts_process_entry *entry = &entries[*ret_n];

		if (!may_see(call, from))
			continue;
		entry->process = talloc_zero(entries, struct tsts_process);
		entry->process->pid = from->pid;
		entry->process->parent_pid = from->parent;
		entry->process->session_id = from->session;
		entry->process->create_time = filetime(from->create);
		entry->process->n_threads = 1;
		if (from->image)
			tsts_process_set_image(entry->process, from->image);
		if (from->sid)
			entry->sid = sid_bytes(entries, from->sid, &entry->n_sid);
		(*ret_n)++;
	}
	return entries;
}

static uint32_t ica_get_processes(struct call *call, void *data)
{
	struct tsts_ica_get_processes *r = data;

	if (handle_of(call, &r->in.handle, H_ICA))
		r->out.processes = processes(call, &r->out.n_processes);
	return 0;
}

static uint32_t ica_get_processes_nt6(struct call *call, void *data)
{
	struct tsts_ica_get_processes_nt6 *r = data;

	if (handle_of(call, &r->in.handle, H_ICA))
		r->out.processes = processes(call, &r->out.n_processes);
	return 0;
}

static uint32_t ica_get_process_sid(struct call *call, void *data)
{
	struct tsts_ica_get_process_sid *r = data;

	r->out.n_sid = r->in.n_sid;
	r->out.sid = talloc_zero_array(call, uint8_t, r->in.n_sid + 1);
	for (uint32_t i = 0; i < call->host->n_processes; i++) {
		const struct memory_process *process = &call->host->processes[i];
		uint8_t *sid;

		if (process->pid != r->in.pid || !process->sid || !may_see(call, process))
			continue;
		sid = sid_bytes(call, process->sid, &r->out.needed);
		if (!sid || r->out.needed > r->in.n_sid)
			return WIN32(122);
		memcpy((uint8_t *)r->out.sid, sid, r->out.needed);
		return 0;
	}
	return WIN32(87);
}

const struct row ica_rows[] = {
	ICA(TSTS_ICA_OPEN_SERVER, tsts_ica_open_server, "WinStationOpenServer", ica_open_server),
	ICA(TSTS_ICA_CLOSE_SERVER, tsts_ica_close_server, "WinStationCloseServer", ica_close_server),
	ICA(TSTS_ICA_ENUMERATE, tsts_ica_enumerate, "WinStationEnumerate", ica_enumerate),
	ICA(TSTS_ICA_QUERY_INFORMATION, tsts_ica_query_information, "WinStationQueryInformation", ica_query_information),
	ICA(TSTS_ICA_SEND_MESSAGE, tsts_ica_send_message, "WinStationSendMessage", ica_send_message),
	ICA(TSTS_ICA_ID_FROM_NAME, tsts_ica_id_from_name, "LogonIdFromWinStationName", ica_id_from_name),
	ICA(TSTS_ICA_NAME_FROM_ID, tsts_ica_name_from_id, "WinStationNameFromLogonId", ica_name_from_id),
	ICA(TSTS_ICA_DISCONNECT, tsts_ica_disconnect, "WinStationDisconnect", ica_disconnect),
	ICA(TSTS_ICA_RESET, tsts_ica_reset, "WinStationReset", ica_reset),
	ICA(TSTS_ICA_TERMINATE_PROCESS, tsts_ica_terminate_process, "WinStationTerminateProcess", ica_terminate_process),
	ICA(TSTS_ICA_GET_PROCESSES, tsts_ica_get_processes, "WinStationGetAllProcesses", ica_get_processes),
	ICA(TSTS_ICA_GET_PROCESS_SID, tsts_ica_get_process_sid, "WinStationGetProcessSid", ica_get_process_sid),
	ICA(TSTS_ICA_CLOSE_SERVER_EX, tsts_ica_close_server_ex, "WinStationCloseServerEx", ica_close_server_ex),
	ICA(TSTS_ICA_GET_PROCESSES_NT6, tsts_ica_get_processes_nt6, "WinStationGetAllProcesses_NT6", ica_get_processes_nt6),
	{ 0 }
};
