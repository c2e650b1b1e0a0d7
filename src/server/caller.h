/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * caller.h - who calls, what they may do, and what the service keeps for them.
 *
 * A client is one account with one UNIX token, however many connections it has: the rights, the limits, the
 * processes of logoff-host and the list of sessions are the client's. A client lives as long as somebody uses it.
 */
#ifndef SERVER_CALLER_H
#define SERVER_CALLER_H

#include <samba/version.h>
#include <dcesrv_core.h>
#include <dcerpc.h>
#include <tevent.h>

#include "server/line.h"
#include "server/numbers.h"
#include "server/settings.h"

struct client;

/* What there is once in the process. */
struct server {
	struct tevent_context *ev;
	struct settings settings;
	struct numbers numbers;
	const char *host_name;		/* NetBIOS: the domain of users without one */
	const char *program;		/* logoff-host, or what a test has in its place; NULL: as installed */
	const char *memory;		/* LOGOFF_HOST of its processes: a host in memory; NULL: this machine */
	struct client *clients;
	unsigned n_peers;		/* of all clients */
};

/* MS-TSTS 3.1.1. A row of a call table that names none of these is refused: RIGHT_UNSET. */
enum right {
	RIGHT_UNSET = 0,
	RIGHT_QUERY = 0x1, RIGHT_RESET = 0x4, RIGHT_LOGOFF = 0x40, RIGHT_MESSAGE = 0x80, RIGHT_DISCONNECT = 0x200,
	RIGHT_FULL = 0x800,		/* Full Control of the host, whatever the session */
	RIGHT_NONE = 0x1000		/* every authenticated caller */
};

struct client {
	struct client *next;
	struct server *server;
	unsigned n_users;
	char *account, *domain, *name, *sid;	/* name: "DOMAIN\account" */
	uid_t uid;
	gid_t gid;
	uint32_t n_groups;
	gid_t *groups;
	bool in_query_group;
	enum answer full_control;		/* as the last process of logoff-host has told */
	bool records;				/* logoff-host knows orders to refuse and record something */
	unsigned n_handles, n_waits, n_boxes, n_peers;
	unsigned n_later;			/* calls that are answered later */
	struct peer *peers;			/* peer.c */
	struct listing *listing;		/* sessions.c */
	struct call *waits;			/* wait.c */
	struct tevent_timer *tick;
};

/* The client that makes the call of STATE, which counts as a user of it. NULL: nobody who may call. */
struct client *client_of(struct server *server, struct dcesrv_call_state *state);

/* Counts a user, and that a user is gone. */
struct client *client_use(struct client *client);
void client_leave(struct client *client);

/* Tells whether CLIENT has RIGHT to a session of the user UID ((uid_t)-1: of nobody). */
bool client_may(const struct client *client, enum right right, uid_t uid);

/* The address of the client of STATE, as text. */
const char *client_address(struct dcesrv_call_state *state);

/* Gives Samba an empty cache for accounts. To be called at each bind. */
void callers_forget_accounts(void);

#endif
