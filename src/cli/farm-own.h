/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * farm-own.h - whether a session of a far host is the caller's own, as that host is this machine.
 *
 * A farm may hold the machine on which the administrator types. logoff-host, which ssh starts there, does not know the
 * session of its caller. A selection never means that session.
 */
#ifndef CLI_FARM_OWN_H
#define CLI_FARM_OWN_H

#include <jansson.h>

#include "cli/select.h"
#include "logoff.h"

/* All zero has not looked yet. farm_own_done() frees what it holds. */
struct farm_own {
	bool named, looked;
	char boot[64], name[256];	/* of this machine, once NAMED; "": unknown */
	struct logoff_host *host;	/* the same, once LOOKED; NULL: it could not be opened or listed */
	const char *instance;		/* of HOST; NULL: unknown */
	struct logoff_session **sessions;
	size_t n_sessions;
};

/*
 * Tells whether SESSION, of the host that has said HELLO, is the caller's own, or one on which the caller depends.
 * Unknown: the host may be this machine, which does not tell its sessions, or nobody can tell. Blocks for this
 * machine's answers.
 */
enum select_answer farm_own_is(struct farm_own *own, const json_t *hello, const struct logoff_session *session);

/* Frees what OWN holds. */
void farm_own_done(struct farm_own *own);

#endif
