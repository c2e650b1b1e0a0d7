/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * rpcd_logoff.c - the MS-TSTS service: a worker of samba-dcerpcd, which starts it when a client opens one of its pipes.
 *
 * Samba does SMB, authentication, sealing and fragments, and hands requests to dispatch.c. This program runs as root,
 * as Samba needs it for its secrets. It parses what the network sends, and has no other power in use: what a client
 * wants is done by a process of logoff-host that has become the client's user (peer.c).
 *
 * rpc_worker_main() is private to Samba: it is taken by name at run time, as its symbol version changes with each
 * package.
 */
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/dispatch.h"

#include <param.h>

#define N_WORKERS 1			/* clients share their limits and lists, so there is one process for all */
#define IDLE_S 300

static struct dcesrv_interface dce_interfaces[N_INTERFACES];

static NTSTATUS init_server(struct dcesrv_context *context, const struct dcesrv_endpoint_server *server)
{
	NTSTATUS status = NT_STATUS_OK;
	char why[512];

	(void)server;
	if (!dispatch_init(lpcfg_netbios_name(context->lp_ctx), why, sizeof(why))) {
		fprintf(stderr, "rpcd_logoff: %s\n", why);	/* Samba has led it to its log */
		return NT_STATUS_INVALID_PARAMETER;
	}
	(void)signal(SIGPIPE, SIG_IGN);		/* a process of logoff-host may end at any time */
	for (size_t i = 0; i < N_INTERFACES && NT_STATUS_IS_OK(status); i++) {
		dispatch_fill(&dce_interfaces[i], interfaces[i]);
		status = dcesrv_interface_register(context, interface_pipe(interfaces[i]), NULL, &dce_interfaces[i],
						   NULL);
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
		if (GUID_equal(&dce_interfaces[i].syntax_id.uuid, uuid) &&
		    dce_interfaces[i].syntax_id.if_version == version)
			return *interface = dce_interfaces[i], true;
	return false;
}

static bool by_name(struct dcesrv_interface *interface, const char *name)
{
	for (size_t i = 0; i < N_INTERFACES; i++)
		if (dce_interfaces[i].name && strcmp(dce_interfaces[i].name, name) == 0)
			return *interface = dce_interfaces[i], true;
	return false;
}

static const struct dcesrv_endpoint_server endpoint_server = {
	.name = "logoff", .init_server = init_server, .shutdown_server = shutdown_server, .interface_by_uuid = by_uuid,
	.interface_by_name = by_name,
};

static const struct dcesrv_endpoint_server *servers[] = { &endpoint_server };

static size_t get_interfaces(const struct ndr_interface_table ***ret, void *data)
{
	static const struct ndr_interface_table *tables[N_INTERFACES];

	(void)data;
	for (size_t i = 0; i < N_INTERFACES; i++)
		tables[i] = interfaces[i]->table;
	*ret = tables;
	return N_INTERFACES;
}

/* From 4.20 on the servers are given with a status. */
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
			      size_t (*get_interfaces)(const struct ndr_interface_table ***, void *),
			      get_servers_fn get_servers, void *data);

/* Samba's own folder first: the library is of one version with those that this program is linked to. */
static worker_main_fn find_worker_main(void)
{
	static const char *const paths[] = {
		SAMBA_LIBDIR "/samba/libRPC-WORKER-samba4.so.0", SAMBA_LIBDIR "/samba/libRPC-WORKER-private-samba.so.0",
		SAMBA_LIBDIR "/libRPC-WORKER-samba4.so.0", SAMBA_LIBDIR "/libRPC-WORKER-private-samba.so.0",
	};
	void *library = NULL;

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]) && !library; i++)
		library = dlopen(paths[i], RTLD_NOW | RTLD_GLOBAL);
	return library ? (worker_main_fn)dlsym(library, "rpc_worker_main") : NULL;
}

int main(int argc, const char **argv)
{
	worker_main_fn worker_main = find_worker_main();

	if (!worker_main) {
		fprintf(stderr, "rpcd_logoff: %s\n", dlerror());
		return 1;
	}
	return worker_main(argc, argv, "rpcd_logoff", N_WORKERS, IDLE_S, get_interfaces, get_servers, NULL);
}
