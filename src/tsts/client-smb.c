/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * client-smb.c - what Samba knows of the SMB connection below a pipe, and does not tell in its public headers: which server is at the
 * other end, and whether it has been left.
 *
 * A server has a number of its own (ServerGuid, MS-SMB2 2.2.4), which is part of what both ends sign. Windows keeps it in its
 * registry; Samba makes it of its NetBIOS name. Two hosts of Samba with the same NetBIOS name are one to us.
 *
 * What is relied on of Samba (4.17 to 4.22; tests: test_connecting.py in test/domain):
 * - below the first pipe of a connection (talloc) there is one struct smbXcli_conn, which talloc knows by that name;
 * - smbXcli_conn_server_guid() and smbXcli_conn_is_connected() are in a library that libdcerpc has loaded.
 * Where that is no longer so nobody knows the server, and client-link.c does not connect to it anew.
 */
#include "tsts/client.h"

#include <core/ntstatus.h>
#include <dlfcn.h>
#include <string.h>

/* The connection lies this deep below the pipe, with room. */
#define DEPTH_MAX 16

static void find_connection(const void *block, int depth, int depth_max, int is_reference, void *data)
{
	const void **found = data;

	(void)depth;
	(void)depth_max;
	if (!is_reference && strcmp(talloc_get_name(block), "struct smbXcli_conn") == 0)
		*found = block;
}

struct smbXcli_conn *smb_of_pipe(const struct dcerpc_pipe *pipe)
{
	const void *found = NULL;

	talloc_report_depth_cb(pipe, 0, DEPTH_MAX, find_connection, &found);
	return (struct smbXcli_conn *)found;
}

bool smb_server(struct smbXcli_conn *smb, struct GUID *ret)
{
	static const struct GUID none;
	const struct GUID *(*ask)(struct smbXcli_conn *) = dlsym(RTLD_DEFAULT, "smbXcli_conn_server_guid");

	if (!smb || !ask)
		return false;
	*ret = *ask(smb);
	return memcmp(ret, &none, sizeof(none)) != 0;
}

bool smb_is_connected(struct smbXcli_conn *smb)
{
	bool (*ask)(struct smbXcli_conn *) = dlsym(RTLD_DEFAULT, "smbXcli_conn_is_connected");

	return !smb || !ask || ask(smb);
}
