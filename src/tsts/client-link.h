/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * client-link.h - what client-link.c (the connection) and client-channel.c (the pipes over it) know of each other.
 */
#ifndef TSTS_CLIENT_LINK_H
#define TSTS_CLIENT_LINK_H

#include <dcerpc.h>

#include "tsts/client.h"

enum pipe_name {
	LSM,
	TERM_SRV,
	LEGACY,
	LSA,
	N_PIPES
};

enum use {
	FREE,
	SHORT,
	LONG,
	BROKEN
};

/* A pipe. */
struct channel {
	struct channel *next;
	struct connection *connection;
	enum pipe_name pipe;
	enum use use;
	struct dcerpc_pipe *bound[N_INTERFACES];	/* the interfaces on it; what was opened first owns the rest */
	bool has_ica;
	struct policy_handle ica;
};

/* A log-on to SMB. Its channels and pipes hang from it (talloc) and go with it, when the last one that is in use has been given back. */
struct connection {
	uint32_t number;		/* the first one of the link is 1 */
	struct dcerpc_pipe *base;	/* the first pipe: SMB hangs from it */
	struct smbXcli_conn *smb;
	struct channel *channels;
	unsigned n_users;		/* channels that are taken, and who connects */
};

/* The tasks that wait for a channel. */
struct waiter {
	struct waiter *next;
	struct task *task;
	enum pipe_name pipe;
	enum use use;			/* of the channel */
	struct channel *channel;	/* given by whom had it */
	struct tevent_timer *timer;	/* until it has gone off */
	bool impatient;
};

/* Why there is no connection. */
struct failure {
	int r;				/* 0: nothing has failed */
	struct logoff_error cause;
	uint64_t until_us;		/* so long it is not tried again */
};

struct link {
	struct access access;
	bool require_encryption;
	struct connection *connection;	/* NULL: it has broken */
	uint32_t n_connections;
	bool is_connecting;
	struct failure failure;
	bool knows_server;
	struct GUID server;		/* to which the first connection led */
	enum interface first;		/* with which connecting begins */
	bool has[N_PIPES], lacks[N_PIPES];	/* the first connection has shown it */
	struct waiter *waiters;
	bool wide;			/* it is worth the while to open all the pipes there may be */
	unsigned n_calls, n_binds, n_pipes;
};

/* ---- client-link.c ---- */

/* The connection, after a look at it; NULL: it has broken, and is dropped. */
struct connection *link_look(struct client *client);

/* The connection is no more, and with it its channels. */
void link_drop(struct client *client);

/* CONNECTION has a user less. */
void link_release(struct client *client, struct connection *connection);

/* ---- client-channel.c ---- */

/* Adds a channel in USE to CONNECTION, which is opened with INTERFACE: the first one by connecting. Waits. *RET is NULL on failure. */
NTSTATUS channel_open(struct client *client, struct connection *connection, enum interface interface, enum use use,
		      struct channel **ret);

/* Lets those go on who wait for a channel. */
void channels_wake(struct link *link);

/* Whether STATUS says that the server has no such pipe. */
bool is_missing(NTSTATUS status);

#endif
