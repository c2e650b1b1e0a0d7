/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * handle.h - context handles. Samba keeps them, each for one association and one interface; here stands what they
 * mean, and how many of them a client may have.
 */
#ifndef SERVER_HANDLE_H
#define SERVER_HANDLE_H

#include "server/caller.h"
#include "tsts/ms-tsts.h"

enum handle_type { HANDLE_NONE, HANDLE_SESSION, HANDLE_ENUM, HANDLE_NOTIFY, HANDLE_SERVER };

/* What a handle stands for. */
struct held {
	struct client *client;
	struct dcesrv_handle *handle;
	const char *id;			/* HANDLE_SESSION: which logon; NULL: session 0 */
	int64_t logon_us;
	bool filtered, inverted;	/* HANDLE_ENUM */
	uint32_t state;
	uint32_t number, mask;		/* HANDLE_NOTIFY: of which session (UINT32_MAX: all), which changes */
	struct seen *seen;		/* and the sessions as they were */
	uint32_t n_seen;
};

struct seen {
	uint32_t number, state;
	int64_t logon_us;
};

/* A new handle for CLIENT. Returns NULL if the client has as many as it may have, or without memory. */
struct held *handle_new(struct dcesrv_call_state *state, struct client *client, enum handle_type type,
			struct policy_handle *ret);

/* What the handle of a call stands for; NULL: it is none of this association, interface and type. */
struct held *handle_find(struct dcesrv_call_state *state, const struct policy_handle *wire, enum handle_type type);

/* Closes it. *WIRE becomes the null handle. */
void handle_close(struct held *held, struct policy_handle *wire);

#endif
