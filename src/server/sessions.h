/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sessions.h - the sessions of this host, as a client's own logoff-host lists them.
 *
 * A list serves all calls of a client that come within 0.2 s, unless the client has ordered a change since. Session
 * 0, the services, stands first in each list, as Windows has it.
 */
#ifndef SERVER_SESSIONS_H
#define SERVER_SESSIONS_H

#include "server/caller.h"
#include "tsts/ms-tsts.h"

#define SESSIONS_MAX 65536

struct session {
	uint32_t number;
	const char *id;			/* of logoff-host; NULL: session 0 */
	int64_t logon_us;		/* -1: unknown */
	uid_t uid;			/* (uid_t)-1: unknown, or nobody's */
	const char *user, *domain;	/* "" if there is none, as the texts that follow */
	const char *name, *client, *address;
	enum tsts_state state;
	int64_t last_input_us;		/* -1: unknown */
	bool remote_desktop;		/* RDP */
	bool console;
};

struct session_list {
	struct session *items;
	uint32_t n_items;
	bool complete;			/* the host hides no sessions */
};

/* Somebody who waits for a list. */
struct look {
	struct look *next;
	/* Called once. LIST is to be referenced if it is kept; NULL: RESULT says why there is none. */
	void (*got)(struct look *look, struct session_list *list, uint32_t result);
	bool waits;
};

/* Gives LOOK a list, now or later. */
void sessions_get(struct client *client, struct look *look);

/* LOOK gets no list any more. */
void sessions_forget(struct client *client, struct look *look);

/* CLIENT has changed something: no list that was begun before serves anybody from now on. */
void sessions_changed(struct client *client);

/* The session of that number, or NULL. */
const struct session *session_by_number(const struct session_list *list, uint32_t number);

/* Tells whether SESSION is known not to be the logon LOGON_US (-1: unknown), by clock_same_logon(). */
bool session_is_other_logon(const struct session *session, int64_t logon_us);

/* The session with that id, unless it is another logon, or NULL. */
const struct session *session_by_id(const struct session_list *list, const char *id, int64_t logon_us);

/* Tells whether CLIENT has RIGHT to SESSION. Nobody may change session 0. */
bool session_allows(const struct session *session, const struct client *client, enum right right);

/*
 * Makes a session of what logoff-host tells, with texts below MEM. HOST_NAME is the domain of users who have none.
 * NOW_US is the time. Returns false if it cannot be one.
 */
bool session_parse(TALLOC_CTX *mem, const struct line *line, const char *host_name, int64_t now_us,
		   struct session *ret);

#endif
