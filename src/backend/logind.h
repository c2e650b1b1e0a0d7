/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * logind.h - what the files of the logind back end share: logind.c (looking, waiting), logind-bus.c (connection, calls),
 * logind-ask.c, logind-kill.c (how sessions end), those that read sessions (logind-read.h), logind-own.c (which are the caller's), logind-crowd.c (many at once), logind-elogind.c (what
 * elogind does not do), logind-watch.c (which begin and end) and logind-xrdp.c (in which order xrdp's desktops end). Nobody else
 * includes it.
 */
#ifndef BACKEND_LOGIND_H
#define BACKEND_LOGIND_H

#include <poll.h>
#include <systemd/sd-bus.h>

#include "local/caller.h"
#include "local/desktop.h"
#include "core/host.h"
#include "backend/logind-parse.h"
#include "backend/strays.h"

#define LOGIN1 "org.freedesktop.login1"
#define LOGIN1_PATH "/org/freedesktop/login1"
#define MANAGER LOGIN1 ".Manager"
#define SESSION LOGIN1 ".Session"
#define USER LOGIN1 ".User"

/* Calls under way at once; beyond a few hundred the bus answers with errors. */
#define MAX_CALLS 64

/* A call that logind answers by itself takes 1 ms; a restart of logind takes a second or two. */
#define CALL_TIMEOUT_US UINT64_C(5000000)
/* A call during which a person types a password. */
#define AUTHORIZE_TIMEOUT_US UINT64_C(180000000)

/* The name that systemd gives to each run of a unit, 32 digits, with the NUL. */
#define INVOCATION 33

/* Generations above a process that are looked at for its session. */
#define LOGIND_ABOVE_MAX 100

struct family;

/* Where a process is on which the caller depends. */
struct logind_own {
	bool doubtful;			/* if the caller does, which nobody can tell */
	char id[CGROUP_ID];		/* its session; "": none */
	char unsure[CGROUP_ID];		/* by control group: nobody can tell whether it is in that one; "": none */
	bool of_some_desktop;		/* nobody can tell whether it is of a desktop of user UID */
	bool of_some;			/* nor whether it is of any other of their sessions */
	uid_t uid;
};

struct logind {
	sd_bus *bus;
	bool has_fds;			/* BUS is that of another machine, and was handed over as */
	int fds[2];			/* these, which it reads and writes */
	bool elogind;
	bool subscribed;
	bool hurried;			/* see KILL_TIMEOUT_US */
	bool silent;			/* the last question was not answered in time */
	unsigned n_calls;		/* asynchronous calls under way */
	bool has_events;		/* events came while a call waited for its reply: the next wait must not sleep on them */
	uint64_t scope_look_us;		/* when to look for the scopes of a crowd; 0: not to */
	uint64_t xrdp_look_us;		/* when to look how far xrdp's desktops have come; 0: not to */
	bool sees_strangers;		/* a session has processes that have no number here: /proc does not show those of the host */
	bool knows_numbers, has_numbers;	/* it was asked whether the host's numbers of processes are ours; they are */
	uint64_t own_us;		/* monotonic: when logind_find_own() began to find what follows; 0: not known */
	struct proc_stat above[LOGIND_ABOVE_MAX];	/* the caller and those above it, among which a leader may be: if it is in no session by
					   control group, else none */
	size_t n_above;
	struct logoff_session **listed;	/* the sessions of the last full list that have not been freed; NULL: freed */
	size_t n_listed;
	struct caller caller;
	struct logind_own *own;		/* of each process of the caller. On another machine: of its end of the connection */
	size_t n_own;
};

/* session->data */
struct logind_session {
	char *tty;			/* logind's word; NULL: none */
	bool has_certain_terminal;	/* that is the first terminal */
	bool wants_terminals;		/* during a search: for this session too */
	struct logoff_session **listed_at;	/* its place in the last full list; NULL: in none */
	char *user_path;		/* object path; NULL: not asked for yet */
	char *scope;			/* "session-5.scope"; NULL on elogind */
	char *cgroup;			/* directory of the session's processes; NULL: cannot be seen */
	ino_t cgroup_inode;		/* that directory's own, when it was found; 0: not known */
	char *manager_cgroup;
	ino_t manager_inode;		/* that directory's own, when the manager was asked to end; 0: it has not been asked */
	char manager_run[INVOCATION];	/* what systemd called that run of the manager; "": not known */
	uint64_t user_killed_us;	/* when logind was last asked to kill all that is the user's; 0: never */
	bool manager_signalled;		/* it was asked by a signal, not through logind */
	bool user_unknown;		/* logind has said so when it was to end what is the user's */
	bool user_is_back;		/* the user has logged on again since */
	bool not_a_session;		/* class "manager": the user's service manager, in systemd 256 and later; or over */
	bool superseded;		/* another logon has got the id, and with it scope and cgroup */
	bool closing;			/* logind's word, whatever we make of it */
	bool blind;			/* processes of its user are hidden from the caller: it may have more terminals than are known */
	uint64_t since_us;		/* monotonic: the logon */
	struct desktop_span desktop;	/* of what its desktop has the user's manager run; the logon by another clock */
	uint64_t desktop_asked_us;	/* when its programs were asked to end for the first time, by that clock */
	bool desktop_asked;		/* those that are left were */
	struct strays *strays;		/* NULL: not looked for yet */
	bool asked;			/* its strays have been asked to end */
	uint64_t empty_us;		/* when its scope was first seen to be empty and no stray to live; 0: not yet */
	uint64_t signalled_us;		/* when its processes were signalled from here; 0: logind has been asked */
	sd_bus_slot *call;		/* the last call by which logind was asked; NULL: it has not been asked */
	bool calling;			/* that is under way, and counted in n_calls */
	struct family *family;		/* elogind only */
	bool xrdp;			/* a desktop of xrdp's */
	uint64_t programs_us;		/* when its programs were asked to end, before those of xrdp; 0: not so */
	bool leader_asked;		/* and xrdp's session process after them */
	bool kept;			/* elogind since 255: see logind-elogind.c */
	bool released;			/* elogind has been made to let go of it */
	struct leave *leave;		/* its desktop is being asked; NULL: not */
};

static inline struct logind_session *of(const struct logoff_session *session)
{
	return session->data;
}

/*
 * What ERROR (not set: R) means to the procedure; records the cause. -EAGAIN: logind may answer later. Returns the errno.
 */
int logind_error(const sd_bus_error *error, int r, struct logoff_error *reterr);

/* For answers that are not what the interface promises. Returns -EPROTO, or -ENOMEM. */
int logind_bad_answer(int r, const char *what, struct logoff_error *reterr);

/* Tells something of the session ID, with DATA. Returns 1, 0 or -errno. */
typedef int logind_tell(struct logoff_host *host, const char *id, const void *data, struct logoff_error *reterr);

/*
 * Finds the first session of user UID of which TELL says yes, with DATA. Returns 1 and its id, 0: none, or the user is not known, or
 * -errno.
 */
int logind_find_of_user(struct logoff_host *host, uid_t uid, logind_tell *tell, const void *data, char id[static CGROUP_ID],
			struct logoff_error *reterr);

/* The operations open() and close() of the back end. */
int logind_open(struct logoff_host *host, const char *argument, struct logoff_error *reterr);
void logind_close(struct logoff_host *host);

/* The operations identify() and control(). */
void logind_identify(struct logoff_host *host, char instance[static 64]);
int logind_control(struct logoff_host *host, struct logoff_error *reterr);

/* The operations ask(), prove(), leave() and kill() of the back end (logind-ask.c, logind-kill.c). */
int logind_ask(struct logoff_host *host, struct logoff_session *session, enum host_part part, bool interactive,
	       struct logoff_error *reterr);
int logind_prove(struct logoff_host *host, struct logoff_session *session, struct logoff_error *reterr);
int logind_leave(struct logoff_host *host, struct logoff_session *session, uint64_t timeout_us, struct logoff_error *reterr);
int logind_kill(struct logoff_host *host, struct logoff_session *session, enum host_part part, bool last_act,
		struct logoff_error *reterr);

/* Holds the leader of SESSION by pidfd, from the first look on. Returns 0, or -errno: something that matters of it could not be read. */
int logind_hold_strays(struct logoff_session *session);

/*
 * Looks for processes outside of the scope. As long as the leader is in it and has company only those held are known: that
 * nobody else has the session's audit session is asked of all processes when the scope is EMPTY. A crowd is looked for
 * together. Returns 0, -EAGAIN (look again later), -EOPNOTSUPP (some processes are hidden from the caller), or a fatal errno.
 */
int logind_find_strays(struct logoff_session *session, bool empty);

/*
 * Tells whether the session, whose strays are held, may have any. Without an audit session, and with the leader in its scope, those alone
 * may be that a program has put into a scope of the user's service manager.
 */
bool logind_may_have_strays(const struct logoff_session *session);

/*
 * Tells whether the id still means the logon that was looked up. A logind that restarts has forgotten how far it had
 * counted its "c" ids and gives those anew that have become free. Returns 0, -ENXIO if not, or another errno.
 */
int logind_check_logon(struct logoff_session *session, struct logoff_error *reterr);

/*
 * Connects to the bus of HOST, within a few seconds. *ret_bus may be set also after a failure. Returns 0, -EOPNOTSUPP (there can be
 * only one connection) or what sd-bus says.
 */
int logind_open_bus(const struct logoff_host *host, sd_bus **ret_bus);

/* Writes into FDS what is to be polled for the bus of LOGIND. */
#define LOGIND_N_FDS 2
void logind_poll_bus(const struct logind *logind, struct pollfd fds[static LOGIND_N_FDS]);

/*
 * Finds out which sessions are the caller's, unless that was found a moment ago: who has waited since may have attached the
 * multiplexer elsewhere. To be called before others are looked up. May ask logind. Returns 0, or -errno
 * if it is not known: then each session may be the caller's own.
 */
int logind_find_own(struct logoff_host *host, struct logoff_error *reterr);

/* The id of the session the caller runs in, or NULL. Owned by LOGIND. */
const char *logind_own_id(const struct logind *logind);

/* Tells whether LEADER is that of the session, begun at SINCE_US (monotonic), of a caller who is in none by control group. */
bool logind_is_own_leader(const struct logind *logind, pid_t leader, uint64_t since_us);

/* Finds the directories of the session's processes and of its user's service manager. Returns 0 or -ENOMEM. */
int logind_find_cgroups(struct logoff_session *session);

/* Tells whether that directory is still the one that was found: another scope of its name is another logon's. */
bool logind_has_same_cgroup(const struct logoff_session *session);

/*
 * The manager of a user who logs on again begins when the one that was asked to end has ended, and may do so in the same directory.
 * logind_note_manager() is to be called before it is asked; logind_has_same_manager() tells whether every process that was in the
 * directory before the call is one of that manager's.
 */
void logind_note_manager(struct logoff_session *session);
bool logind_has_same_manager(const struct logoff_session *session);

/* Tells whether SESSION, of the id ID, is that of any process of the caller. */
enum session_own logind_is_own(const struct logind *logind, const char *id, const struct logoff_session *session);

/*
 * Makes a call on logind's object PATH that starts no service: a question is not to bring up a logind that has been stopped.
 * *ret_call is the caller's. Returns 0 or what sd-bus says.
 */
int logind_new_call(struct logoff_host *host, sd_bus_message **ret_call, const char *path, const char *interface,
		    const char *method);

/* Sends CALL (which it frees; NULL if it could not be made: R) and waits for the answer. Returns 0 or -errno with the cause. */
int logind_call(struct logoff_host *host, sd_bus_message *call, int r, sd_bus_message **ret_answer, struct logoff_error *reterr);

/* Reads property NAME of INTERFACE at PATH. *ret_answer is positioned in the variant. */
int logind_get_property(struct logoff_host *host, const char *path, const char *interface, const char *name,
			const char *type, sd_bus_message **ret_answer, struct logoff_error *reterr);

/* Finds the object of a user who is logged on or lingers. *ret_path is the caller's: free(). Returns 0 or -errno with the cause. */
int logind_get_user(struct logoff_host *host, uid_t uid, char **ret_path, struct logoff_error *reterr);

/* Takes a table of all processes that is not older than SINCE_US. Owned by LOGIND. Returns 0 or a fatal errno. */
int logind_table(struct logoff_host *host, uint64_t since_us, struct table **ret_table);

/* Asks for session ID, and for nothing else. Returns 0, -ENXIO or another errno. */
int logind_get_by_id(struct logoff_host *host, const char *id, struct logoff_session **ret_session,
		     struct logoff_error *reterr);

/* So many sessions are a crowd. */
#define LOGIND_CROWD 16

/* What systemd sends to stop a scope. */
#define LOGIND_N_POLITE 3
extern const int logind_polite_signals[LOGIND_N_POLITE];

/* Sends the call by which logind is asked to end the session. Its answer becomes the fact "asked". */
int logind_call_end(struct logoff_session *session, bool interactive, struct logoff_error *reterr);

/* Forgets the call of SESSION. If it is under way, its answer is not taken in. */
void logind_drop_call(struct logoff_session *session);

/* Signals the processes of one of a crowd. Returns 1, 0 if it is none and logind has to be asked at once, or -errno. */
int logind_crowd_signal(struct logoff_session *session);

/* Looks which of the scopes signalled have gone, and has logind let go of their sessions. Returns 1 if there is news, 0, or -errno. */
int logind_crowd_follow(struct logoff_host *host, struct logoff_error *reterr);

/* Has logind signal the leader, which it reaches wherever it is: for callers who have only polkit's word. */
void logind_signal_leader(struct logoff_session *session, int signal);

/* Tells whether SESSION is an xrdp desktop that can be asked in the order that lets xrdp take it down. */
bool logind_xrdp_fits(const struct logoff_session *session);

/* Begins to ask such a desktop, for callers who may signal its processes. Returns 0 or -errno. */
int logind_xrdp_ask(struct logoff_session *session);

/* The programs of such a desktop have been asked to end, or its leader. Others are asked later. */
void logind_xrdp_asked(struct logoff_session *session, bool leader);

/* Looks how far desktops that were asked so have come, and asks the next. */
void logind_xrdp_follow(struct logoff_host *host);

/* Collects the processes of an elogind session: the session is dropped before they are gone. Returns 0 or -errno. */
int logind_hold_family(struct logoff_session *session);

/* The folder of the hierarchy that the control group with the folder CGROUP is in. */
const char *logind_cgroup_root(const char *cgroup);

/* Root takes the services, and what is of them, out of the control group of the session: elogind ends all that is in it. */
void logind_elogind_spare(struct logoff_session *session);

/*
 * Sends the processes that are held what systemd would send them, where elogind sends them nothing. Returns 0, or -EPERM if some
 * refused.
 */
int logind_elogind_signal(struct logoff_session *session);

/* Tells whether it is a session of which elogind keeps no more than the record: nobody is in it. */
bool logind_elogind_is_over(struct logoff_session *session);

/* Has elogind let go of a session that nobody is in any more, if the caller can. */
void logind_elogind_release(struct logoff_session *session);

/* The back end's get() and list(). */
int logind_get(struct logoff_host *host, const char *id, struct logoff_session **ret_session,
	       struct logoff_error *reterr);
int logind_list(struct logoff_host *host, const char *name, struct session_list *list, struct logoff_error *reterr);
bool logind_may_have_user(struct logoff_host *host, const char *name);

/* The back end's census(). */
int logind_census(struct logoff_host *host, struct census *census, struct logoff_error *reterr);

/* Forgets the last full list: terminals of its sessions are looked up one by one from then on. */
void logind_forget_list(struct logind *logind);

/* The back end's watch(). */
int logind_watch(struct host_watch *watch, struct logoff_error *reterr);

/* Looks up the terminals of SESSION, and with them its name. */
void logind_fill_terminals(struct logoff_host *host, struct logoff_session *session);

#endif
