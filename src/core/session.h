/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * session.h - one session of a host as it was when it was looked up, what may still have to be looked up of it, and the rules that
 * protect it.
 *
 * A back end makes sessions and fills them in; host.c and session.c read them for callers.
 */
#ifndef CORE_SESSION_H
#define CORE_SESSION_H

#include <sys/types.h>

#include "logoff.h"

struct host_ending;

/* Facts of a session that may take time to look up. */
enum host_fact {
	HOST_TERMINALS = 1,	/* and the name that follows from them; list() has told the name, and the terminal that it is of */
	HOST_TIMES = 2,		/* the logon, and with it the identity */
	HOST_CLOCK = 4,		/* how long ago the logon and the last input were, by a clock of the host that has to be asked */
	HOST_IDLE = 8,
	HOST_CLIENT = 16,	/* client and address */
	HOST_NUMBER = 32	/* its number in the table of this machine, if its id has none by rule; needs the time of the logon */
};

/* Whether the caller runs in a session or depends on it, see LOGOFF_IS_OWN. */
enum session_own {
	OWN_NO,
	OWN_YES,
	OWN_UNKNOWN
};

struct logoff_session {
	char *id;
	char *name;			/* the one it bears while active, NULL for none; host.c hides it from
					   callers while the session is not */
	char *user;
	uint32_t uid;
	enum logoff_state state;
	bool current;			/* the caller runs in it */
	enum session_own own;		/* always OWN_YES if current */
	pid_t leader;			/* the process that opened it; 0: not known */
	bool graphical;			/* a desktop: its terminals say nothing of it */
	bool unregistered;		/* its host's session manager does not know it */
	bool console;			/* on a seat: protected */
	bool by_terminal;		/* known only by its terminal */
	bool unsure;			/* its state, see LOGOFF_IS_STATE_UNSURE */
	char guest[48];			/* the process of another login, or of a service, that was started in it and would end with it;
					   "": none was seen when its processes were looked at */
	bool wayland;			/* an X server in it knows only what reaches its own windows */
	enum logoff_kind kind;
	char *protocol, *address, *client, *display, *domain; /* NULL: none, or not known */
	char **terminals;		/* as in /dev ("pts/3"), the nearest to the leader first */
	size_t n_terminals;
	int32_t number;			/* that of the table, or told by another program; NUMBER_NONE: none, or it has one by rule */
	int64_t logon_us;		/* Unix time; -1: not known; -ETIMEDOUT, -EHOSTUNREACH: not answered */
	int64_t age_us;			/* since the logon, by the host's own clock, best by one that is never set; the
					   same if negative */
	int64_t idle_us;		/* the same */
	unsigned missing;		/* facts (enum host_fact) that are not looked up yet, as that takes time: fill() is called
					   once, when somebody wants to know */
	int64_t set_us;			/* by how much the clock by which terminals tell their time has been set forward since
					   the logon; a jump back does no harm */
	uint64_t looked_us;		/* when it was looked up, on the clock of host->now_us */
	uint64_t logon;			/* with id, the identity of a session: unlike for two sessions of one id.
					   0: not known; see session_is_other() */

	struct host_ending *ending;	/* from the begin of its ending on; before NULL. Not its own */
	void *data;			/* the back end's own; freed by its release() */
	struct logoff_host *host;	/* NULL: it was imported, and nothing can be asked or done */
	char *told_host;		/* of such a session: the name of its host, or NULL */
};

/* A growing list of sessions. All zero is the empty list. */
struct session_list {
	struct logoff_session **items;
	size_t n_items;
};

/* Makes an empty session of HOST (all fields zero but host). Returns 0 or -ENOMEM. */
int session_new(struct logoff_session **ret_session, struct logoff_host *host);

/* Adds SESSION to LIST, which owns it from then on; on failure it is freed. Returns 0 or -ENOMEM. */
int session_list_add(struct session_list *list, struct logoff_session *session);

/* Frees the sessions of LIST and empties it. */
void session_list_clear(struct session_list *list);

/* Whether two sessions of one id are known to be two: what is not known may be the same. */
bool session_is_other(const struct logoff_session *a, const struct logoff_session *b);

/* Has the host look up those of FACTS that are missing. */
void session_fill(struct logoff_session *session, unsigned facts);

/* Adds a terminal, if SESSION has not got it already. Returns 0 or -ENOMEM. */
int session_add_terminal(struct logoff_session *session, const char *terminal);

/*
 * Sets the address that a login program has told, if it tells any (NULL, ""). One of IPv4 is shown as such, though servers
 * that listen on IPv6 tell "::ffff:192.0.2.1". Returns 0 or -ENOMEM.
 */
int session_set_address(struct logoff_session *session, const char *text);

/* Tells whether an active session bears NAME: its own name, or that of one of its terminals. Knows no case. */
bool session_is_called(struct logoff_session *session, const char *name);

/* Terminal number I of SESSION, looked up if need be. Returns NULL if there is no such number. */
const char *session_terminal(struct logoff_session *session, size_t i);

/*
 * The rules: may SESSION be logged off at all? Who has Full Control is the host's own authority and is decided by
 * ask(). Returns 0 or -EPERM with the cause.
 */
int session_check_rules(const struct logoff_session *session, bool console_allowed, struct logoff_error *reterr);

#endif
