/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * backend.h - the interface between the one procedure (procedure.c) and the kinds of host.
 *
 * A back end only answers questions and carries out single acts; it decides nothing. The rules (session.c) and the order
 * "ask, wait, kill, verify" (procedure.c) exist once. While sessions are being ended, the back end writes what the host says
 * into struct host_ending, and the procedure reads that: data flows one way.
 * To add a kind of host: one file with a struct host_backend, its extern in backend/table.h, one row in backend/table.c, a host of
 * that kind in the lab. backend/test-contract.c has to pass there. HACKING.md, A kind of host, has all of it.
 */
#ifndef CORE_BACKEND_H
#define CORE_BACKEND_H

#include "base/process.h"
#include "core/session.h"

/*
 * What is to be ended: the session, and afterwards the service manager of its user (systemd's user@UID.service) or, if that
 * stays, what the session's desktop has it run.
 */
enum host_part {
	HOST_SESSION,
	HOST_DESKTOP,
	HOST_MANAGER
};

/* What is to become of the user's service manager once the session is gone. */
enum host_manager {
	HOST_MANAGER_NONE,	/* there is none */
	HOST_MANAGER_NEEDED,	/* the user has other sessions */
	HOST_MANAGER_LINGERS,	/* the user may run services without a session */
	HOST_MANAGER_UNNEEDED,	/* it is to be ended */
	HOST_MANAGER_ENDING	/* it has been asked for this session and is ending, though the user has come back: another begins when
				   it has ended, and is no part of this session */
};

/* The fact "asked" before the host has answered. */
#define HOST_PENDING 1

/* What a desktop has answered that was asked to log its user off, see leave() below. */
struct host_leave {
	int result;			/* HOST_PENDING, 0: it has done so, -ECANCELED: it says that it will not, -EOPNOTSUPP: there
					   is none that is known to be this session's, or another errno */
	bool ended;			/* with 0: the desktop itself has ended by it, so the session is about to */
	char desktop[16];		/* its name, as soon as it has been asked; else "" */
	char held[200];			/* which programs object, and why, in their own words; "" if none does */
	unsigned n_held;		/* how often that has changed */
	struct logoff_error error;	/* to a negative result, if more is known */
};

/*
 * What the host has said of a session that is being ended. The back end writes it between ask() and the end. It belongs to the
 * request that ends the session, not to the session: others may look that up meanwhile.
 */
struct host_ending {
	int asked;			/* HOST_PENDING, 0, -EACCES, -ENXIO (gone already), -EAGAIN (ask
					   again, the host was restarting) or another errno */
	bool may_authorize;		/* asked is -EACCES, but a proof of identity would help */
	struct logoff_error asked_error;
	bool removed;			/* the host has said that it is gone */
	struct host_leave leave;
};

/* A growing list of the processes of a host. All zero is the empty list; freed by free(items). */
struct census {
	struct logoff_host_process *items;
	size_t n_items;
};

/*
 * Adds a process; SESSION_ID NULL: it is in none; USER: for a UID of -1, else NULL; STARTED_US -1: not known. Returns 0 or
 * -ENOMEM.
 */
int census_add(struct census *census, pid_t pid, uint32_t uid, const char *user, const char *session_id,
	       const char *command, int64_t started_us);

/* A host that is being watched, for a monitor (monitor.c). All zero but HOST before watch(). */
struct host_watch {
	struct logoff_host *host;
	int fd;			/* readable when take() may have something to say */
	uint64_t cost_us;	/* how long the last list took; told by the monitor, so that lists do not keep the machine busy */
	struct session_list *begun;	/* sessions that the host has told of as they began: they may be over by the next list */

	/* Takes in what the host has told, without blocking. Returns 1: the sessions are to be listed now, 0, or -errno. */
	int (*take)(struct host_watch *watch, struct logoff_error *reterr);

	/* Stops watching. */
	void (*end)(struct host_watch *watch);
	void *data;		/* the back end's own */
};

/* What is done with a single process, see act() below. */
enum host_act {
	HOST_ACT_HOLD,		/* comes first: from then on no other process is taken for it, even if that gets its number */
	HOST_ACT_LOOK,		/* has it ended? */
	HOST_ACT_ASK,		/* SIGTERM */
	HOST_ACT_KILL,		/* SIGKILL */
	HOST_ACT_RELEASE	/* comes last, whatever came before */
};

/* A process that is being ended by itself. */
struct host_held {
	pid_t pid;
	void *data;		/* the back end's own; NULL before HOST_ACT_HOLD */
};

/* What is true of a kind of host. */
enum host_flag {
	HOST_LOCAL = 1,		/* this machine: its files, processes, terminals and displays are those of the sessions */
	HOST_SERVER = 2,	/* any other machine */
	HOST_HAS_BESIDE = 4,	/* there may be logins that its session manager does not know */
	HOST_BESIDE = 8,	/* finds these */
	HOST_NUMBERED = 16	/* its ids are numbers of MS-TSTS */
};

/* The user who has called a service of ours that acts for them, as the kernel and the bus know them. */
struct host_asker {
	uint32_t uid;
	uint32_t login_uid;		/* who has logged in and become that user; UINT32_MAX: the kernel does not tell */
};

/* What became of the log-off of a session, or of another action, for the record. */
struct host_record {
	enum logoff_action action;
	const struct logoff_session *session;	/* NULL only of a process that is in none */
	const struct logoff_host_process *process; /* END_PROCESS: which one */
	int result;			/* 0 or -errno */
	const struct logoff_error *cause;
	const char *reason;		/* the caller's words, or NULL */
	const char *actor, *actor_sid, *actor_address; /* on whose behalf, and from where; or NULL */
	const char *run;		/* of several hosts, or NULL */
	const struct host_asker *asker;	/* NULL: who runs this program */
	bool forced;			/* processes had to be killed */
};

/* A kind of host. No operation is NULL; backend.c has those of a kind that cannot do them. */
struct host_backend {
	const char *name;
	unsigned flags;			/* enum host_flag */

	/*
	 * Connects. ARGUMENT is what follows "NAME:" in LOGOFF_HOST, or how host.c wants it ("probe": -ENXIO if it is
	 * certain that this machine is of another kind; "beside": see HOST_BESIDE), or NULL. -EHOSTUNREACH: it cannot be reached.
	 */
	int (*open)(struct logoff_host *host, const char *argument, struct logoff_error *reterr);

	/* Ends the connection and frees host->data; works on a half-opened host. */
	void (*close)(struct logoff_host *host);

	/* Frees session->data. */
	void (*release)(struct logoff_session *session);

	/* Looks up one session by id; ID NULL: the caller's. -ENXIO: none such; -ESRCH: the caller is in none. */
	int (*get)(struct logoff_host *host, const char *id, struct logoff_session **ret_session,
		   struct logoff_error *reterr);

	/*
	 * Adds sessions to the list. With NAME only those that might bear that name need to be added, if that is
	 * cheaper; if it cannot tell, all.
	 */
	int (*list)(struct logoff_host *host, const char *name, struct session_list *list, struct logoff_error *reterr);

	/*
	 * Tells whether a user called NAME may be logged on: "no" is so, and said sooner than by list(). A host that cannot say it
	 * sooner says yes.
	 */
	bool (*may_have_user)(struct logoff_host *host, const char *name);

	/*
	 * Starts to ask PART of SESSION politely to end, after subscribing to the event of its end. Does not wait: the
	 * answer comes as fact "asked" (set to HOST_PENDING by the procedure before the call). INTERACTIVE allows the
	 * host to have the user prove who they are. Returns 0 or -errno if not even the asking was possible.
	 */
	int (*ask)(struct logoff_host *host, struct logoff_session *session, enum host_part part, bool interactive,
		   struct logoff_error *reterr);

	/*
	 * Starts to have the caller prove who they are, as an interactive ask() would, and nothing else: a session that a
	 * condition has selected is looked at once more when that is done. The answer comes as fact "asked": 0, or why not.
	 * -EOPNOTSUPP: it can only be proved by asking.
	 */
	int (*prove)(struct logoff_host *host, struct logoff_session *session, struct logoff_error *reterr);

	/*
	 * Starts to have the desktop of SESSION log its user off, as they would by its menu, so that its programs may save what is
	 * open; for TIMEOUT_US at most. Does not wait: the answer comes as fact "leave". It ends nothing for certain, and
	 * the session is asked afterwards all the same. With a TIMEOUT_US of 0 it stops: a desktop that the facts do not name after
	 * that has not been asked, and will not be. Returns 0, -EOPNOTSUPP: there is no desktop, or another errno.
	 */
	int (*leave)(struct logoff_host *host, struct logoff_session *session, uint64_t timeout_us, struct logoff_error *reterr);

	/*
	 * Kills every process of PART (SIGKILL). For the caller's own session: all but the caller, unless LAST_ACT,
	 * which takes the caller with it. Reaches nobody but the very logon that SESSION is: where the id is all there is
	 * to go by, it is looked up again first. Returns 0 or -errno; the effect is seen by processes(). -EOPNOTSUPP: the
	 * host has no such means; its own asking is all there is. -EPERM: some of it obeys only root; what the host does
	 * for LAST_ACT may reach that.
	 */
	int (*kill)(struct logoff_host *host, struct logoff_session *session, enum host_part part, bool last_act,
		    struct logoff_error *reterr);

	/*
	 * Adds the processes PART has now to the empty LIST (the caller too, if it is one), and tells which of them are the caller
	 * and those that wait for it. -EOPNOTSUPP: they cannot be seen from here; then only the host's word counts. -EAGAIN: it
	 * is not known yet whether there are any. -ENODATA, of a desktop only: nobody can tell of those in LIST whether they are its,
	 * or those of another desktop of the user, and it has no others.
	 */
	int (*processes)(struct logoff_host *host, struct logoff_session *session, enum host_part part,
			 struct process_list *list, struct logoff_error *reterr);

	/* Finds out of each process in LIST, which has outlived its time, why. */
	void (*explain)(struct process_list *list, struct logoff_host *host);

	/* Tells what is to become of the user's service manager. */
	int (*manager)(struct logoff_host *host, struct logoff_session *session, enum host_manager *ret_manager,
		       struct logoff_error *reterr);

	/*
	 * Tells whether the session has a desktop whose programs may run in the user's service manager. Asked once more before they
	 * are killed: the programs of one that has begun meanwhile do not count from then on.
	 */
	int (*desktop)(struct logoff_host *host, struct logoff_session *session, bool *ret_has,
		       struct logoff_error *reterr);

	/*
	 * Adds every process of the host, with the session it is in. A host of kind HOST_BESIDE, opened as such, adds none: it tells of
	 * those that are in no session yet which are in its own.
	 */
	int (*census)(struct logoff_host *host, struct census *census, struct logoff_error *reterr);

	/*
	 * Has the client of SESSION disconnected, without ending anything of the session. Does not wait for it. Returns 0: it is under
	 * way, -EAGAIN: it has been asked for, and nobody knows whether it is, -EACCES, -EOPNOTSUPP: there is no client without which
	 * the session would go on, or another errno.
	 */
	int (*disconnect)(struct logoff_host *host, struct logoff_session *session, struct logoff_error *reterr);

	/*
	 * Does ACT with the process HELD. Returns 0 (it lives, or may), -ESRCH: it has ended, -EACCES: the caller may not do that,
	 * -EOPNOTSUPP, or another errno.
	 */
	int (*act)(struct logoff_host *host, struct host_held *held, enum host_act act);

	/*
	 * Has PROCESSES, which act() may not signal, ended by somebody who may, with GRACE_MS, if the caller has the right. Blocks until
	 * that is done. Writes into RESULTS, one for each: 0: it has ended, they say, -EACCES, -EAGAIN: it has been asked for, and
	 * nobody knows what has become of it, or another errno. CAUSE, not NULL, tells why of the first that has not ended, if that is
	 * known.
	 */
	void (*end_others)(struct logoff_host *host, struct logoff_host_process *const *processes, size_t n_processes,
			   uint64_t grace_ms, int cancel_fd, int *results, struct logoff_error *cause);

	/*
	 * Delivers MESSAGE, whose texts are harmless, to all SESSIONS side by side, and waits for the answers if they are waited
	 * for. Writes what became of it into DELIVERIES, which are empty before, one for each session. Returns 0 or a fatal errno.
	 */
	int (*message)(struct logoff_host *host, const struct logoff_message *message,
		       struct logoff_session *const *sessions, size_t n_sessions, struct logoff_delivery *deliveries,
		       int cancel_fd);

	/*
	 * Looks up FACTS (enum host_fact) of SESSION: those that get() and list() have left as missing. What cannot be found out stays
	 * unknown.
	 */
	void (*fill)(struct logoff_session *session, unsigned facts);

	/*
	 * Writes the record of what became of an action. A log that is busy or has stopped is waited for, but for all records of a host
	 * together no longer than two seconds. Returns 0 if the record stands or there is no log at all, else -errno.
	 */
	int (*record)(struct logoff_host *host, const struct host_record *record, struct logoff_error *reterr);

	/* Writes the word of logoff_host_instance(), or leaves INSTANCE as it is: that is unknown. */
	void (*identify)(struct logoff_host *host, char instance[static 64]);

	/*
	 * Asks whether the caller may end the sessions of others without proving who they are. Returns 1, 0, or -errno: nobody can
	 * tell.
	 */
	int (*control)(struct logoff_host *host, struct logoff_error *reterr);

	/* The name of the person who runs this program, as far as this machine keeps it. */
	void (*name_person)(char name[static 64]);

	/*
	 * Waits until something may have happened, UNTIL_US has come, or CANCEL_FD (-1: none) is readable; takes the
	 * news into the facts; sets host->now_us. Returns 0, -ECANCELED, or -EHOSTUNREACH if the connection broke.
	 */
	int (*wait)(struct logoff_host *host, uint64_t until_us, int cancel_fd, struct logoff_error *reterr);

	/*
	 * Begins to watch which sessions begin, change and end: what happens after this has returned is followed by a take()
	 * that asks for a list. Sets fd, take and end of WATCH. What the host tells nobody of is looked for once a second, or more
	 * seldom. The host may be asked other questions meanwhile, but no session of it be ended. Returns 0, -EOPNOTSUPP or
	 * -EHOSTUNREACH; end() need not be called then.
	 */
	int (*watch)(struct host_watch *watch, struct logoff_error *reterr);
};

/* Every kind of host, those of this machine in the order in which they are tried; ends with NULL (backend/table.c). */
extern const struct host_backend *const host_backends[];

/* The operations of a kind of host that cannot do them, or has nothing to do (backend.c). */
bool host_may_have_any_user(struct logoff_host *host, const char *name);
int host_no_prove(struct logoff_host *host, struct logoff_session *session, struct logoff_error *reterr);
int host_no_act(struct logoff_host *host, struct host_held *held, enum host_act act);
void host_no_end_others(struct logoff_host *host, struct logoff_host_process *const *processes, size_t n_processes,
			uint64_t grace_ms, int cancel_fd, int *results, struct logoff_error *cause);
int host_no_disconnect(struct logoff_host *host, struct logoff_session *session, struct logoff_error *reterr);
int host_no_leave(struct logoff_host *host, struct logoff_session *session, uint64_t timeout_us, struct logoff_error *reterr);
void host_no_explain(struct process_list *list, struct logoff_host *host);
int host_no_manager(struct logoff_host *host, struct logoff_session *session, enum host_manager *ret_manager,
		    struct logoff_error *reterr);
int host_no_desktop(struct logoff_host *host, struct logoff_session *session, bool *ret_has, struct logoff_error *reterr);
void host_no_fill(struct logoff_session *session, unsigned facts);
int host_no_control(struct logoff_host *host, struct logoff_error *reterr);
void host_no_identify(struct logoff_host *host, char instance[static 64]);

#endif
