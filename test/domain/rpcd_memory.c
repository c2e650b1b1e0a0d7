/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * rpcd_memory.c - a worker of samba-dcerpcd that serves MS-TSTS over hosts in text files (memory.h), for tests.
 *
 * Samba does SMB, authentication, sealing and fragments; the product's own tables (src/tsts) do the encoding. The
 * address that the client connected to chooses the host: $SERVERS/ADDRESS. Whatever is called is written, a JSON
 * object a line, to "calls" there, with the stubs in hex; what is done, to "deeds". Any answer can be made wrong by a
 * fault in the file.
 *
 * rpc_worker_main() is private to Samba: it is taken by name at run time, as its symbol version changes with each
 * package.
 */
#include "worker.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct interface {
	const struct ndr_interface_table *table;
	const char *endpoint, *name;
	const struct row *rows;
};

static struct call *calls;

#define INTERFACE(table, endpoint, name, rows) \
	{ &(table), "ncacn_np:[\\pipe\\" endpoint "]", name, rows }

static const struct interface interfaces[] = {
	INTERFACE(tsts_table_session, "LSM_API_service", "TermSrvSession", session_rows),
	INTERFACE(tsts_table_notification, "LSM_API_service", "TermSrvNotification", notification_rows),
	INTERFACE(tsts_table_enumeration, "LSM_API_service", "TermSrvEnumeration", enumeration_rows),
	INTERFACE(tsts_table_rcm_public, "TermSrv_API_service", "RCMPublic", rcm_public_rows),
	INTERFACE(tsts_table_rcm_listener, "TermSrv_API_service", "RCMListener", rcm_listener_rows),
	INTERFACE(tsts_table_ica, "Ctx_WinStation_API_service", "IcaApi", ica_rows),
};

#define N_INTERFACES (sizeof(interfaces) / sizeof(*interfaces))

/* ---- from a packet to an answer ---- */

static struct call *call_of(struct dcesrv_call_state *state)
{
	struct call *call;

	for (call = calls; call && call->state != state; call = call->next)
		;
	return call;
}

static int forget(struct call *call)
{
	struct call **at;

	for (at = &calls; *at && *at != call; at = &(*at)->next)
		;
	if (*at)
		*at = call->next;
	return 0;
}

static const struct interface *interface_of(const struct dcesrv_call_state *state)
{
	return state->context->iface->private_data;
}

static const struct row *find_row(const struct interface *interface, uint32_t opnum)
{
	const struct row *row;

	for (row = interface->rows; row->name; row++)
		if (row->opnum == opnum)
			return row;
	return NULL;
}

/* A fault "bind" with the name of the interface: nobody gets in. */
static NTSTATUS on_bind(struct dcesrv_connection_context *context, const struct dcesrv_interface *dce_interface)
{
	const struct interface *interface = dce_interface->private_data;
	TALLOC_CTX *mem = talloc_new(NULL);
	struct memory *host = memory_read(folder_of(mem, context->conn));
	char *name = talloc_asprintf(mem, "bind-%s", interface->name);
	bool refused = host && memory_fault(host, name, -1);

	talloc_free(mem);
	if (refused)
		return NT_STATUS_ACCESS_DENIED;
	return dcesrv_interface_bind_require_privacy(context, dce_interface);
}

static NTSTATUS refuse(struct dcesrv_call_state *state, uint32_t code)
{
	state->fault_code = code;
	return NT_STATUS_NET_WRITE_FAULT;
}

static struct call *new_call(struct dcesrv_call_state *state, const struct row *row)
{
	static const struct row unknown = { .name = "unknown" };
	struct call *call = talloc_zero(state, struct call);

	if (!call)
		return NULL;
	*call = (struct call) { .next = calls, .state = state, .row = row ? row : &unknown, .session = -1 };
	calls = call;
	talloc_set_destructor(call, forget);
	call->folder = folder_of(call, state->conn);
	call->host = memory_read(call->folder);
	if (call->host)
		talloc_reference(call, call->host);
	return call;
}

static NTSTATUS on_pull(struct dcesrv_call_state *state, TALLOC_CTX *mem, struct ndr_pull *pull, void **r)
{
	const struct interface *interface = interface_of(state);
	uint16_t opnum = state->pkt.u.request.opnum;
	const struct row *row = find_row(interface, opnum);
	struct call *call = new_call(state, row);

	state->fault_code = 0;
	if (!call)
		return NT_STATUS_NO_MEMORY;
	if (!know_caller(call) || !call->host)
		return refuse(state, DCERPC_FAULT_ACCESS_DENIED);
	record_call(call, pull->data, pull->data_size);
	if (!row)
		return refuse(state, DCERPC_FAULT_OP_RNG_ERROR);
	*r = talloc_zero_size(mem, interface->table->calls[opnum].struct_size);
	if (!*r)
		return NT_STATUS_NO_MEMORY;
	call->r = *r;
	call->result = (uint32_t *)((char *)*r + row->result);
	call->boolean = row->boolean ? (uint32_t *)((char *)*r + row->boolean) : NULL;
	if (interface->table->calls[opnum].ndr_pull(pull, NDR_IN, *r) != NDR_ERR_SUCCESS)
		return refuse(state, DCERPC_FAULT_NDR);
	return NT_STATUS_OK;
}

static void make_async(struct call *call, uint32_t us, tevent_timer_handler_t handler)
{
	if (!(call->state->state_flags & DCESRV_CALL_STATE_FLAG_MAY_ASYNC)) {
		fprintf(stderr, "%s: cannot wait\n", call->row->name);
		return;
	}
	call->state->state_flags |= DCESRV_CALL_STATE_FLAG_ASYNC;
	poll_later(call, us, handler);
}

static void find_fault(struct call *call)
{
	call->fault = memory_fault(call->host, call->row->name, call->session);
	if (call->fault && call->fault->exit_before)
		_exit(1);
}

/* Which session a call will be about, before anything is done. */
static void find_session(struct call *call, void *r)
{
	struct dcesrv_handle *handle = NULL;
	const struct interface *interface = interface_of(call->state);

	if (interface->table == &tsts_table_session && call->row->opnum >= TSTS_CLOSE_SESSION &&
	    call->row->opnum <= TSTS_GET_TIMES)
		handle = find_handle(call, (struct policy_handle *)r, H_SESSION);
	if (handle)
		call->session = ((struct held *)handle->data)->session;
	else if (interface->table == &tsts_table_ica && (call->row->opnum == TSTS_ICA_RESET ||
		 call->row->opnum == TSTS_ICA_DISCONNECT || call->row->opnum == TSTS_ICA_SEND_MESSAGE ||
		 call->row->opnum == TSTS_ICA_QUERY_INFORMATION))
		call->session = ((struct tsts_ica_reset *)r)->in.session_id;
	else if (interface->table == &tsts_table_rcm_public || interface->table == &tsts_table_session ||
		 (interface->table == &tsts_table_notification && call->row->opnum <= TSTS_REGISTER_ASYNC))
		call->session = ((struct tsts_open_session *)r)->in.session_id;
}

static NTSTATUS finish(struct call *call)
{
	struct memory_fault *wrong = call->fault;

	if (wrong && wrong->exit_after)
		_exit(1);
	if (wrong && wrong->has_result)
		*call->result = wrong->result;
	if (call->boolean)
		*call->boolean = tsts_ok(*call->result) || *call->result == NO_MORE_ENTRIES;
	if (wrong && wrong->rpc)
		return refuse(call->state, wrong->rpc);
	if (wrong && (wrong->never || wrong->undone))
		call->ready = wrong->never ? never : NULL;
	if (call->ready && !call->ready(call))
		make_async(call, POLL_US, poll_ready);
	else if (wrong && wrong->late_ms)
		make_async(call, wrong->late_ms * 1000, answer_now);
	return NT_STATUS_OK;
}

static NTSTATUS on_dispatch(struct dcesrv_call_state *state, TALLOC_CTX *mem, void *r)
{
	struct call *call = call_of(state);

	(void)mem;
	find_session(call, r);
	find_fault(call);
	*call->result = call->row->act(call, r);
	if (state->fault_code) {
		record_answer(call, "fault", NULL, 0);
		return NT_STATUS_NET_WRITE_FAULT;
	}
	if (!tsts_ok(*call->result))
		call->ready = NULL;
	return finish(call);
}

static NTSTATUS on_reply(struct dcesrv_call_state *state, TALLOC_CTX *mem, void *r)
{
	(void)state, (void)mem, (void)r;
	return NT_STATUS_OK;
}

/* Makes the bytes of an answer wrong. */
static enum ndr_err_code spoil(const struct memory_fault *wrong, struct ndr_push *push)
{
	if (wrong->has_raw) {
		push->offset = 0;
		NDR_CHECK(ndr_push_bytes(push, wrong->raw, (uint32_t)wrong->n_raw));
	}
	if (wrong->poke && wrong->poke_at + wrong->n_poke <= push->offset)
		memcpy(push->data + wrong->poke_at, wrong->poke, wrong->n_poke);
	if (wrong->has_cut && wrong->cut < push->offset)
		push->offset = wrong->cut;
	for (uint32_t i = 0; i < wrong->surplus; i++)
		NDR_CHECK(ndr_push_bytes(push, (const uint8_t *)"\xa5", 1));
	return NDR_ERR_SUCCESS;
}

static NTSTATUS on_push(struct dcesrv_call_state *state, TALLOC_CTX *mem, struct ndr_push *push, const void *r)
{
	const struct interface *interface = interface_of(state);
	struct call *call = call_of(state);

	(void)mem;
	if (interface->table->calls[call->row->opnum].ndr_push(push, NDR_OUT, r) != NDR_ERR_SUCCESS) {
		fprintf(stderr, "%s: the answer cannot be encoded\n", call->row->name);
		return refuse(state, DCERPC_FAULT_NDR);
	}
	if (call->fault && spoil(call->fault, push) != NDR_ERR_SUCCESS)
		return refuse(state, DCERPC_FAULT_NDR);
	if (!state->conn->terminate)	/* else nobody hears it */
		record_answer(call, call->fault ? "spoiled" : "answer", push->data, push->offset);
	return NT_STATUS_OK;
}

static NTSTATUS on_local(struct dcesrv_call_state *state, TALLOC_CTX *mem, void *r)
{
	(void)state, (void)mem, (void)r;
	return NT_STATUS_NOT_IMPLEMENTED;
}

/* ---- the server ---- */

static struct dcesrv_interface dce_interfaces[N_INTERFACES];

static NTSTATUS init_server(struct dcesrv_context *context, const struct dcesrv_endpoint_server *server)
{
	NTSTATUS status = NT_STATUS_OK;

	(void)server;
	for (size_t i = 0; i < N_INTERFACES && NT_STATUS_IS_OK(status); i++) {
		dce_interfaces[i] = (struct dcesrv_interface) {
			.name = interfaces[i].name, .syntax_id = interfaces[i].table->syntax_id, .bind = on_bind,
			.ndr_pull = on_pull, .dispatch = on_dispatch, .reply = on_reply, .ndr_push = on_push, .local = on_local,
			.private_data = &interfaces[i],
		};
		status = dcesrv_interface_register(context, interfaces[i].endpoint, NULL, &dce_interfaces[i], NULL);
	}
	return status;
}

static NTSTATUS shutdown_server(struct dcesrv_context *context, const struct dcesrv_endpoint_server *server)
{
	(void)context, (void)server;
	return NT_STATUS_OK;
}

static bool by_uuid(struct dcesrv_interface *interface, const struct GUID *uuid, uint32_t version)
{
	for (size_t i = 0; i < N_INTERFACES; i++)
		if (GUID_equal(&dce_interfaces[i].syntax_id.uuid, uuid) && dce_interfaces[i].syntax_id.if_version == version)
			return *interface = dce_interfaces[i], true;
	return false;
}

static bool by_name(struct dcesrv_interface *interface, const char *name)
{
	for (size_t i = 0; i < N_INTERFACES; i++)
		if (strcmp(dce_interfaces[i].name, name) == 0)
			return *interface = dce_interfaces[i], true;
	return false;
}

static const struct dcesrv_endpoint_server server = {
	.name = "memory", .init_server = init_server, .shutdown_server = shutdown_server, .interface_by_uuid = by_uuid,
	.interface_by_name = by_name,
};

static const struct dcesrv_endpoint_server *servers[] = { &server };

static size_t get_interfaces(const struct ndr_interface_table ***ret, void *data)
{
	static const struct ndr_interface_table *tables[N_INTERFACES];

	(void)data;
	for (size_t i = 0; i < N_INTERFACES; i++)
		tables[i] = interfaces[i].table;
	*ret = tables;
	return N_INTERFACES;
}

/* From 4.20 the servers are given with a status. */
#if SAMBA_VERSION_MAJOR > 4 || SAMBA_VERSION_MINOR >= 20
typedef NTSTATUS (*get_servers_fn)(struct dcesrv_context *, const struct dcesrv_endpoint_server ***, size_t *, void *);

static NTSTATUS get_servers(struct dcesrv_context *context, const struct dcesrv_endpoint_server ***ret, size_t *ret_n,
	void *data)
{
	(void)context, (void)data;
	*ret = servers;
	*ret_n = 1;
	return NT_STATUS_OK;
}
#else
typedef size_t (*get_servers_fn)(struct dcesrv_context *, const struct dcesrv_endpoint_server ***, void *);

static size_t get_servers(struct dcesrv_context *context, const struct dcesrv_endpoint_server ***ret, void *data)
{
	(void)context, (void)data;
	*ret = servers;
	return 1;
}
#endif

typedef int (*worker_main_fn)(int argc, const char **argv, const char *name, int n_workers, int idle_s,
	size_t (*get_interfaces)(const struct ndr_interface_table ***, void *), get_servers_fn get_servers, void *data);

static void *load_worker(void)
{
	static const char *const names[] = { "libRPC-WORKER-samba4.so.0", "libRPC-WORKER-private-samba.so.0" };
	static const char *const folders[] = { SAMBA_LIBDIR "/samba/", SAMBA_LIBDIR "/" };

	for (size_t i = 0; i < 2; i++)
		for (size_t k = 0; k < 2; k++) {
			char path[512];
			void *library;

			snprintf(path, sizeof(path), "%s%s", folders[k], names[i]);
			library = dlopen(path, RTLD_NOW | RTLD_GLOBAL);
			if (library)
				return library;
		}
	return NULL;
}

int main(int argc, const char **argv)
{
	void *library = load_worker();
	worker_main_fn worker_main = library ? (worker_main_fn)dlsym(library, "rpc_worker_main") : NULL;

	if (!worker_main) {
		fprintf(stderr, "rpcd_memory: %s\n", dlerror());
		return 1;
	}
	return worker_main(argc, argv, "rpcd_memory", 1, 3600, get_interfaces, get_servers, NULL);
}
