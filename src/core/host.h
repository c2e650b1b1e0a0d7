/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * host.h - one session host, opened: what every back end finds in it, and what the rest of the core asks of it.
 */
#ifndef CORE_HOST_H
#define CORE_HOST_H

#include "core/backend.h"

struct number_table;

/* On whose behalf a program acts, as it says. It gives no rights. All "": nobody has been told of. */
struct host_actor {
	char name[257], sid[185], address[65];
};

struct logoff_host {
	const struct host_backend *backend;
	const char *kind;		/* the back end's name unless it knows better ("elogind") */
	uint64_t now_us;		/* monotonic; moved on by wait() */
	bool far;			/* another machine's, though the back end is for this one's (HOST_LOCAL): no file, process,
					   terminal or display of this machine is one of its sessions'. Set by open() */
	bool forced;			/* the caller or LOGOFF_HOST names its kind; else it is what this machine is */
	bool simulated;			/* that clock is not the machine's, and stands still between waits */
	struct logoff_host *beside;	/* of the logins that its session manager does not know; NULL: not opened. What is
					   found there belongs to that host, and is ended by its back end */
	bool beside_failed;
	bool hides_processes;		/* of others, from the caller: the last list may lack some, and logins that are known beside only */
	struct logoff_host *above;	/* of such a host: the one that has it beside; else NULL */
	struct table *table;		/* the last look at all processes; NULL: none yet (local/proc-table.h) */
	uint64_t deadline_us;		/* when the time of the next session is over; 0: none is being ended. No answer
					   of the host is worth waiting for much longer; set by the procedure */
	struct logoff_session **watched; /* the sessions being ended, each with its `ending`; set by the procedure */
	size_t n_watched;
	struct display_clients *clients; /* of xrdp; NULL: not taken down since sessions were last looked up */
	struct number_table *numbers;	/* of this machine's sessions; NULL: not read since sessions were last looked up (here.c) */
	uint64_t in_vain_us;		/* spent on displays that did not answer */
	uint64_t record_us;		/* spent on the log of this machine (audit.h) */
	char *server;			/* as the caller named it; NULL: this machine */
	char instance[64];		/* see logoff_host_instance(); "": not asked for, or unknown */
	char caller[256];		/* the account by which the server knows them; "": not told */
	const struct logoff_logon *logon; /* during open(): how the server is to know the caller */
	struct host_actor actor;	/* see logoff_host_set_actor() */
	bool delivers_itself;		/* messages, and what else the message service does: here it is that service */
	void *data;			/* the back end's own */
};

/*
 * Copies what the caller has of a struct that may be older or newer than ours. Returns false if it has no size, or one that
 * no struct has, or says something in members that we do not know: to log off without regard to them could be what they forbid. So
 * a member that is added wants nothing if it is 0, and stands in no padding.
 */
bool host_take_struct(void *own, size_t own_size, const void *theirs);

/* Tells whether SESSION is one of HOST, or of the host beside it, and no other's. */
bool host_has_session(const struct logoff_host *host, const struct logoff_session *session);

/*
 * Takes an actor (NULL: ""), of texts that nobody can take for more of the sentence of a record. Returns false if one is not so, or too
 * long: then TO stays as it was.
 */
bool host_take_actor(struct host_actor *to, const char *name, const char *sid, const char *address);

/* The calls of logoff.h of the same names, with an errno for a result. */
int host_open(struct logoff_host **ret_host, const struct logoff_address *address, const struct logoff_logon *logon,
	      struct logoff_error *reterr);
int host_find(struct logoff_host *host, const char *designator, struct logoff_session **ret_session, struct logoff_error *reterr);

/* Sends MESSAGE and writes what became of it into DELIVERIES, of which there are N_SESSIONS, with errnos for results. */
int host_message(struct logoff_host *host, const struct logoff_message *message, struct logoff_session *const *sessions,
		 size_t n_sessions, struct logoff_delivery *deliveries, int cancel_fd, struct logoff_error *reterr);

/*
 * Adds the sessions of HOST: all, those its session manager does not know included, or with NAME at least those that might bear it.
 * Returns 0, -EAGAIN: the host may answer later, or -errno; then LIST may hold some.
 */
int host_list_sessions(struct logoff_host *host, const char *name, struct session_list *list, struct logoff_error *reterr);

/*
 * Asks the host whether SESSION still exists (the same logon, not just the same id). *ret_state, if wanted, is what it
 * is doing now. Returns 1, 0, or -errno if it could not be asked.
 */
int host_session_exists(const struct logoff_session *session, enum logoff_state *ret_state,
			struct logoff_error *reterr);

#endif
