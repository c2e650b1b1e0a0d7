/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * logoff.h - log users off the sessions of a session host, and prove it.
 *
 * This is the only public header of liblogoff and its manual. A *host* keeps *sessions*: Linux with systemd-logind or
 * elogind, Linux without either (kernel audit sessions and terminals), or a host described in a text file. A *request*
 * names the sessions to end and how; logoff_request_run() ends them side by side by one procedure: ask politely, wait,
 * kill what is left, verify that every process and the session itself are gone. Other hosts are reached by MS-TSTS over
 * SMB, the protocol of Windows' Remote Desktop Session Hosts; there the host's word counts for the processes.
 *
 * Conventions. A function that can fail returns 0 or a negative errno. Only the errnos below carry a meaning; any other
 * is fatal and only to be passed on. "ret_" parameters are written only on success, "reterr" (may be NULL) only on
 * failure. Strings are UTF-8 or plain bytes as the host gave them: a program must make control characters harmless
 * before it shows them. Nothing here prints, exits or changes signal handling. No object may be used by two threads at
 * once. The library is free of global state.
 *
 *   -ENXIO         no such session
 *   -ESRCH         the name belongs to a session that is not active (only its id can be used), or the caller is in none
 *   -ENOTUNIQ      the name fits more than one session: use the id
 *   -EACCES        the caller lacks Full Control over the session
 *   -EPERM         the session is protected: the console session, a greeter, or the session of Windows' services
 *   -ETIMEDOUT     not ended before the deadline
 *   -EOPNOTSUPP    this build or this host cannot do it
 *   -EHOSTUNREACH  the host cannot be reached, or the connection broke
 *   -EPROTO        the host answered against its protocol
 *   -ECANCELED     the caller cancelled
 *   -ESTALE        the session is no longer what was meant
 *   -EKEYREJECTED  the server does not accept who the caller says to be: wrong password, no ticket or an expired one
 */
#ifndef LOGOFF_H
#define LOGOFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- errors ---- */

/* The vocabulary in which the cause of an error is told. */
enum logoff_error_domain {
	LOGOFF_ERROR_NONE,	/* no cause recorded */
	LOGOFF_ERROR_ERRNO,	/* number is a positive errno of the system */
	LOGOFF_ERROR_DBUS,	/* name is a D-Bus error name */
	LOGOFF_ERROR_FORMAT,	/* number is a line number of a host description (memory hosts) */
	LOGOFF_ERROR_NTSTATUS,	/* number is a status of SMB, name its name (MS-ERREF 2.3) */
	LOGOFF_ERROR_HRESULT,	/* number is a result of MS-TSTS (MS-ERREF 2.1) */
	LOGOFF_ERROR_RPC	/* number is a fault of DCE/RPC, name its name (MS-RPCE, C706) */
};

/*
 * The cause of a failure, told once, in its own words. The caller owns the record (on its stack, zeroed); nothing in
 * it needs freeing. Long texts are cut at a character boundary.
 */
struct logoff_error {
	enum logoff_error_domain domain;
	int64_t number;
	char name[80];
	char text[176];
};

/* ---- hosts ---- */

/* A session host, opened. */
struct logoff_host;

/* Whether a server is to know the caller by Kerberos. */
enum logoff_kerberos {
	LOGOFF_KERBEROS_DESIRED,	/* else by NTLM, if there is a password */
	LOGOFF_KERBEROS_REQUIRED,
	LOGOFF_KERBEROS_OFF
};

/* A server, and how it is to know the caller. All of it is the caller's; NULL and 0 where nothing is to be said. */
struct logoff_logon {
	const char *server;		/* see logoff_host_open() */
	const char *user, *domain;
	const char *password;		/* NULL: the Kerberos ticket cache. Wiped by the library from its own memory */
	const char *ccache;		/* the ticket cache ("FILE:/tmp/krb5cc_0"); NULL: the default one */
	enum logoff_kerberos kerberos;
	bool require_encryption;	/* of all of SMB, beyond that of each call, which is always demanded */
	uint64_t timeout_ms;		/* for the log-on, and for each answer later; 0: 30 s */
};

/*
 * Opens a session host. SERVER is a host name or an address, with or without a port ("ts1.example.com", "ts1:1445",
 * "192.0.2.7", "[2001:db8::7]:445"); NULL, "", "localhost" or this machine's own name mean this machine.
 * The environment variable LOGOFF_HOST forces the kind of this machine's host: "logind", "procfs" or "memory:FILE".
 * Without it logind (or elogind) is used if it answers on the system bus, else procfs. On another machine the caller is
 * known by the Kerberos ticket cache. Blocks while connecting. *ret_host is the caller's: logoff_host_close().
 * Returns 0, -EOPNOTSUPP (this installation reaches no other machines), -EHOSTUNREACH, -EPROTO, -EACCES,
 * -EKEYREJECTED, -ETIMEDOUT, -EINVAL (SERVER, LOGOFF_HOST or its file is wrong).
 */
int logoff_host_open(struct logoff_host **ret_host, const char *server, struct logoff_error *reterr);

/*
 * The same with all that can be said of another machine. For this machine only LOGON->server counts.
 * Returns as logoff_host_open().
 */
int logoff_host_open_as(struct logoff_host **ret_host, const struct logoff_logon *logon, struct logoff_error *reterr);

/*
 * Tells whether SERVER means this machine, so that no one needs to be known to it.
 * Returns true if so.
 */
bool logoff_is_this_machine(const char *server);

/*
 * Closes HOST and frees it; sessions and requests made from it must be freed before. NULL is allowed.
 * Returns NULL.
 */
struct logoff_host *logoff_host_close(struct logoff_host *host);

/*
 * Tells what kind of host it is: "logind", "elogind", "procfs", "tsts" or "memory". Owned by HOST.
 * Returns the word.
 */
const char *logoff_host_kind(const struct logoff_host *host);

/*
 * Writes the name of the caller into NAME of SIZE bytes: on another server that of the account it knows them by
 * ("EXAMPLE\bob", "bob@EXAMPLE.COM"); on this machine, or with HOST NULL, that of the person who has logged in, not of the
 * root they have become. A longer name is cut.
 */
void logoff_host_name_caller(const struct logoff_host *host, char *name, size_t size);

/* ---- sessions ---- */

/* One session as it was when it was looked up: a snapshot. */
struct logoff_session;

/* What a session is doing. */
enum logoff_state {
	LOGOFF_STATE_ACTIVE,		/* a user works in it; only such a session has a name */
	LOGOFF_STATE_DISCONNECTED,	/* it lives on without a client, or behind another session of its seat */
	LOGOFF_STATE_CLOSING,		/* its user has left, processes have not */
	LOGOFF_STATE_CONNECTED		/* a client is there, and nobody has logged on yet (Windows) */
};

/*
 * Finds one session. DESIGNATOR is a session id as the host gives it ("12", "c3"), a session name without regard to
 * case ("console", "rdp-tcp#10", "pts/3", ":1"), or NULL for the session the caller runs in. Blocks for the host's
 * answers. *ret_session is the caller's: logoff_session_free().
 * Returns 0, -ENXIO, -ESRCH (of a name: reterr->text is the id of the session that would bear it), -ENOTUNIQ,
 * -EHOSTUNREACH or -EPROTO.
 */
int logoff_host_find(struct logoff_host *host, const char *designator, struct logoff_session **ret_session,
		     struct logoff_error *reterr);

/*
 * Lists every session of HOST. *ret_sessions is an array of *ret_n_sessions sessions, the caller's:
 * logoff_session_list_free(). An empty list is NULL and 0. Blocks for the host's answers.
 * Returns 0, -EHOSTUNREACH or -EPROTO.
 */
int logoff_host_list(struct logoff_host *host, struct logoff_session ***ret_sessions, size_t *ret_n_sessions,
		     struct logoff_error *reterr);

/*
 * Tells whether a user called NAME may have a session on HOST that its session manager knows. Sooner to be had than a list of
 * all sessions, which alone can say yes for sure. Blocks for the host's answer.
 * Returns false if there is surely none.
 */
bool logoff_host_may_have_user(struct logoff_host *host, const char *name);

/*
 * Frees SESSION. NULL is allowed.
 * Returns NULL.
 */
struct logoff_session *logoff_session_free(struct logoff_session *session);

/*
 * Frees an array made by logoff_host_list() and the sessions in it, of which some may be NULL (taken). NULL is allowed.
 * Returns NULL.
 */
struct logoff_session **logoff_session_list_free(struct logoff_session **sessions, size_t n_sessions);

/*
 * The id of SESSION, as the host gives it: "12", "c3". Owned by SESSION.
 * Returns the id, never NULL.
 */
const char *logoff_session_id(const struct logoff_session *session);

/*
 * The name of SESSION: "console" on a seat, "rdp-tcp#N" for an xrdp session with a client, else its terminal or
 * display. Only an active session has one. Owned by SESSION.
 * Returns the name, or NULL.
 */
const char *logoff_session_name(const struct logoff_session *session);

/*
 * The user of SESSION, or the number of the user where the name is not known; "" where nobody has logged on. Owned by
 * SESSION.
 * Returns the name, never NULL.
 */
const char *logoff_session_user(const struct logoff_session *session);

/*
 * The numeric user of SESSION.
 * Returns the uid, or UINT32_MAX on hosts whose users have no such number.
 */
uint32_t logoff_session_uid(const struct logoff_session *session);

/*
 * What SESSION was doing when it was looked up.
 * Returns the state.
 */
enum logoff_state logoff_session_state(const struct logoff_session *session);

/*
 * Tells whether SESSION is the one the calling process runs in.
 * Returns true if so.
 */
bool logoff_session_is_current(const struct logoff_session *session);

/*
 * Tells whether SESSION is the caller's own in a wider sense: the one it runs in, or one on which it depends, because
 * the caller's terminal multiplexer is attached there, or because the program that started the caller (run0, machinectl
 * shell, systemd-run) runs there. If it ends, the caller's work is cut off. A selection must not mean such a session.
 * Returns true if so.
 */
bool logoff_session_is_own(const struct logoff_session *session);

/*
 * Tells whether the host's session manager knows SESSION. Where logind runs, a login that bypasses pam_systemd is known
 * by its kernel audit session only.
 * Returns false if only the kernel knows it.
 */
bool logoff_session_is_registered(const struct logoff_session *session);

/*
 * Tells whether SESSION is known only by its terminal (no kernel audit session): a daemon that has left the terminal
 * and its family cannot be attributed to it there.
 * Returns true if so.
 */
bool logoff_session_by_terminal(const struct logoff_session *session);

/* What a session is there for. */
enum logoff_kind {
	LOGOFF_KIND_USER,		/* somebody works in it */
	LOGOFF_KIND_GREETER,		/* a display manager waits in it for somebody to log on */
	LOGOFF_KIND_BACKGROUND,		/* a job runs in it: su, sudo and system services from outside any session */
	LOGOFF_KIND_SERVICES		/* the services of a Windows host: its session 0, which is protected */
};

/*
 * Tells what SESSION is there for.
 * Returns the kind.
 */
enum logoff_kind logoff_session_kind(const struct logoff_session *session);

/*
 * Tells whether SESSION is on a seat: the console session, which is protected.
 * Returns true if so.
 */
bool logoff_session_is_console(const struct logoff_session *session);

/* Details of a session that are texts. */
enum logoff_detail {
	LOGOFF_DETAIL_PROTOCOL,		/* "ssh", "rdp", "local", "su", or the host's own word for the service */
	LOGOFF_DETAIL_ADDRESS,		/* the client's address or host name */
	LOGOFF_DETAIL_CLIENT,		/* the client's own name for itself (RDP) */
	LOGOFF_DETAIL_TERMINAL,		/* "pts/3", "tty1" */
	LOGOFF_DETAIL_DISPLAY,		/* ":10" */
	LOGOFF_DETAIL_DOMAIN		/* the domain of the user (Windows) */
};

/*
 * A detail of SESSION. Owned by SESSION.
 * Returns the text, or NULL if there is none or it is not known.
 */
const char *logoff_session_detail(const struct logoff_session *session, enum logoff_detail detail);

/*
 * Terminal number I (from 0) of SESSION as in /dev, the nearest to its leader first. A session can have several: one ssh
 * connection with two shells. May look at the session's processes. Owned by SESSION.
 * Returns the terminal, or NULL if there is no such number.
 */
const char *logoff_session_terminal(const struct logoff_session *session, size_t i);

/*
 * How long ago the user logged on to SESSION, in microseconds, by the clock of its host; a step of a clock does not change
 * it where the host has one that is never set. May ask the server, and so block.
 * Returns that time, or what is negative as in logoff_session_logon_us().
 */
int64_t logoff_session_age_us(const struct logoff_session *session);

/*
 * When the user logged on to SESSION, in microseconds of Unix time. May ask the server, and so block.
 * Returns that time, -1 if it is not known, or -ETIMEDOUT or -EHOSTUNREACH if the server was asked and has not answered.
 */
int64_t logoff_session_logon_us(const struct logoff_session *session);

/*
 * How long nobody has typed in or moved anything on SESSION, in microseconds. May ask its X server, and so block for up to
 * a second, or the server.
 * Returns that time, 0 for in use, or what is negative as in logoff_session_logon_us().
 */
int64_t logoff_session_idle_us(struct logoff_session *session);

/* ---- watching ---- */

/* Watches which sessions of a host begin, change and end. */
struct logoff_monitor;

/* What has happened to a session. */
enum logoff_change_type {
	LOGOFF_CHANGE_THERE,		/* it was there when the monitor was made; told once, before all others */
	LOGOFF_CHANGE_BEGUN,
	LOGOFF_CHANGE_CHANGED,		/* its state, its name, a terminal, its user or where the user is; not its idle time */
	LOGOFF_CHANGE_GONE		/* or its id is another logon's by now, which is told next */
};

/* One change. Only the library makes it, and may add members. All of it is valid until the next logoff_monitor_next(). */
struct logoff_change {
	enum logoff_change_type type;
	struct logoff_session *session;	/* as it is now; GONE: as it was when it was last seen. Owned by the monitor */
	int64_t time_us;		/* when it was noticed, Unix time; of a host in memory: of its own clock */
};

/*
 * Makes a monitor of HOST, which must outlive it. HOST can be asked other things meanwhile, but runs no request. The sessions
 * that there are now are its first changes (LOGOFF_CHANGE_THERE), in the order of their ids. Blocks for the host's answers.
 * *ret_monitor is the caller's: logoff_monitor_free().
 * Returns 0, -EOPNOTSUPP, -EHOSTUNREACH or -EPROTO.
 */
int logoff_monitor_new(struct logoff_monitor **ret_monitor, struct logoff_host *host, struct logoff_error *reterr);

/*
 * Frees MONITOR with the sessions it has told of. NULL is allowed.
 * Returns NULL.
 */
struct logoff_monitor *logoff_monitor_free(struct logoff_monitor *monitor);

/*
 * The descriptor that becomes readable (POLLIN) when logoff_monitor_next() may have something to tell. Owned by MONITOR, and only to
 * be polled.
 * Returns the descriptor.
 */
int logoff_monitor_fd(const struct logoff_monitor *monitor);

/*
 * Tells the next change. *ret_change is owned by MONITOR; NULL: nothing has happened that is not told yet, poll until it may
 * have. Blocks for the host's answer, but does not wait for a change. A session that lasts less
 * than a second may be missed where the host does not tell that it has begun (logind does). A host that does not answer is asked again for ten seconds, in which
 * nothing is told; then, or if the connection breaks, it is lost: the same error each time.
 * Returns 0, -EHOSTUNREACH, -EPROTO or -ETIMEDOUT.
 */
int logoff_monitor_next(struct logoff_monitor *monitor, const struct logoff_change **ret_change, struct logoff_error *reterr);

/* ---- processes ---- */

/* A process of a host. The command is the kernel's short name of it, which the process may choose freely. */
struct logoff_host_process {
	pid_t pid;
	uint32_t uid;			/* UINT32_MAX: the host numbers its users otherwise; see user */
	char session_id[24];		/* "" if it is in no session */
	char user[64];			/* "" where the uid tells; else the name, or the SID where it has none */
	char command[64];
};

/*
 * Lists every process of HOST with the session it is in. *ret_processes is the caller's: free(). Blocks.
 * Returns 0, -EOPNOTSUPP, -EHOSTUNREACH or -EPROTO.
 */
int logoff_host_list_processes(struct logoff_host *host, struct logoff_host_process **ret_processes,
			       size_t *ret_n_processes, struct logoff_error *reterr);

/* ---- messages ---- */

/* What a message is. Only desktops heed it, where a message can take the place of the last. */
enum logoff_message_kind {
	LOGOFF_MESSAGE_PLAIN,		/* each stands for itself */
	LOGOFF_MESSAGE_WARNING,		/* the user is about to be logged off; takes the place of the last warning */
	LOGOFF_MESSAGE_ALL_CLEAR	/* they are not, after all: takes the place of the warning, and goes by itself */
};

/* A message for the users of sessions. All of it is the caller's. */
struct logoff_message {
	const char *title;		/* UTF-8, one line; NULL: none */
	const char *text;		/* UTF-8; control characters but newline are made harmless where it is shown */
	uint64_t timeout_ms;		/* how long it is shown and, with WAIT, waited for; 0: until it is closed */
	bool wait;			/* wait for the users' answers */
	enum logoff_message_kind kind;
};

/* The way a message took. */
enum logoff_channel {
	LOGOFF_CHANNEL_NONE,		/* none was found */
	LOGOFF_CHANNEL_TERMINAL,	/* written to the terminal */
	LOGOFF_CHANNEL_DESKTOP,		/* a notification of the user's desktop */
	LOGOFF_CHANNEL_DISPLAY		/* a window on the X display */
};

/* What the user did with it. */
enum logoff_answer {
	LOGOFF_ANSWER_NONE,		/* it was not waited for, or the channel can give none */
	LOGOFF_ANSWER_OK,		/* the message was confirmed */
	LOGOFF_ANSWER_CLOSED,		/* the window was closed without an answer */
	LOGOFF_ANSWER_TIMEOUT		/* nothing until the timeout */
};

/* What became of a message at one session. */
struct logoff_delivery {
	int result;			/* 0: delivered; -EACCES, -EOPNOTSUPP (no channel), -ETIMEDOUT, -ECANCELED, ... */
	enum logoff_channel channel;
	enum logoff_answer answer;
	struct logoff_error cause;
};

/*
 * Sends MESSAGE to N_SESSIONS sessions of HOST, to all side by side, and writes what became of each into DELIVERIES
 * (N_SESSIONS of them, the caller's). Where the caller may not write or show anything but may log the user off, the message
 * service of this machine delivers, under its own title. Blocks until each is delivered (ten seconds at most) and, if so wanted,
 * answered. CANCEL_FD, if not -1, ends the waiting when it becomes readable.
 * Returns 0 (see DELIVERIES) or a fatal errno.
 */
int logoff_host_message(struct logoff_host *host, const struct logoff_message *message,
			struct logoff_session *const *sessions, size_t n_sessions, struct logoff_delivery *deliveries,
			int cancel_fd, struct logoff_error *reterr);

/* ---- logging off ---- */

/* Why a process does not end, even if it is killed, as far as the kernel of this machine tells. */
enum logoff_stuck {
	LOGOFF_STUCK_NOT,		/* it runs, or nothing is known */
	LOGOFF_STUCK_DEVICE,		/* it waits in the kernel, for a device or a file system */
	LOGOFF_STUCK_FUSE,		/* the same, for a file system that is a program (FUSE) and does not answer */
	LOGOFF_STUCK_NETWORK,		/* the same, for a file system of another machine (NFS, SMB) */
	LOGOFF_STUCK_FROZEN,		/* its control group is frozen */
	LOGOFF_STUCK_STOPPED,		/* it has been stopped */
	LOGOFF_STUCK_TRACED		/* a debugger holds it */
};

/* A process of a session. The command is the kernel's short name of it, which the process may choose freely. */
struct logoff_process {
	pid_t pid;
	char command[32];
	enum logoff_stuck stuck;	/* only of those that logoff_request_left() tells */
	pid_t tracer;			/* who traces it, where it is stuck as TRACED; 0: not known */
};

/* What has just happened to a session of a request. */
enum logoff_event_type {
	LOGOFF_EVENT_LEAVE_ASK,		/* before all else, its desktop has been asked to log its user off; see desktop */
	LOGOFF_EVENT_LEAVE_HELD,	/* programs object to that; see held */
	LOGOFF_EVENT_LEAVE_DONE,	/* the desktop has done it */
	LOGOFF_EVENT_LEAVE_FAILED,	/* it has not, or was not asked, see cause; the rest is as ever */
	LOGOFF_EVENT_ASK,		/* its processes are being asked to end; processes: all of them */
	LOGOFF_EVENT_KILL,		/* the grace is over; processes: those left, being killed now; none: the session is
					   there without them, and the host is being woken */
	LOGOFF_EVENT_GONE,		/* every process has ended and the session is gone, both checked */
	LOGOFF_EVENT_MANAGER_ASK,	/* the user's last session: the user's service manager is asked to end */
	LOGOFF_EVENT_MANAGER_KILL,	/* its grace is over; processes: those left, being killed now */
	LOGOFF_EVENT_MANAGER_GONE,	/* it has ended */
	LOGOFF_EVENT_DESKTOP_ASK,	/* the service manager stays, but not what the session's desktop has it run: asked to end */
	LOGOFF_EVENT_DESKTOP_KILL,	/* the grace is over; processes: those left, being killed now */
	LOGOFF_EVENT_DESKTOP_GONE,	/* they have ended */
	LOGOFF_EVENT_MANAGER_LINGERS,	/* the user lingers: the service manager is left alone */
	LOGOFF_EVENT_MANAGER_NEEDED,	/* another session of the user needs it: left alone */
	LOGOFF_EVENT_WARNED,		/* its user has been warned; see delivery and remaining_us */
	LOGOFF_EVENT_COUNTDOWN,		/* a second of the warning time is over; session NULL, see remaining_us */
	LOGOFF_EVENT_RESULT,		/* it has its result: logoff_request_result() */
	LOGOFF_EVENT_ALONE,		/* instead of GONE, for the caller's own session: only the caller (and programs that
					   wait for it: shell, sudo) is left; the session ends with it */
	LOGOFF_EVENT_FOLLOWED		/* the request was cancelled: no further session is asked, those that were are
					   followed to their end; session NULL, see logoff_request_set_cancel_fd() */
};

/* One event; the pointers are valid during the call only. */
struct logoff_event {
	enum logoff_event_type type;
	const struct logoff_session *session;
	uint64_t elapsed_us;			/* since the start of this session's log-off */
	const struct logoff_process *processes;
	size_t n_processes;
	const struct logoff_delivery *delivery;	/* WARNED: what became of the warning */
	uint64_t remaining_us;			/* WARNED, COUNTDOWN: until the log-off */
	bool unseen;				/* the processes cannot be seen from here, so none is listed */
	const char *desktop;			/* LEAVE_*: its name, "GNOME"; "": it was not asked */
	const char *held;			/* LEAVE_HELD: which programs, and why, in their own words */
	const struct logoff_error *cause;	/* LEAVE_FAILED */
};

/* Called for each event, in order, from logoff_request_run(). Must not call back into the request. */
typedef void (*logoff_event_func)(const struct logoff_event *event, void *userdata);

/*
 * Called when the host would let the caller in after a proof of identity (polkit). It may start an agent. To return 0
 * means "ask again, now interactively", anything else "take the refusal".
 */
typedef int (*logoff_authorize_func)(void *userdata);

/* Which sessions to log off and how. */
struct logoff_request;

/*
 * Makes an empty request on HOST with the default times: 10 s of grace, 60 s of deadline.
 * *ret_request is the caller's: logoff_request_free().
 * Returns 0 or a fatal errno.
 */
int logoff_request_new(struct logoff_request **ret_request, struct logoff_host *host);

/*
 * Frees REQUEST with its sessions and results. NULL is allowed.
 * Returns NULL.
 */
struct logoff_request *logoff_request_free(struct logoff_request *request);

/* Why a session is in a request. */
enum logoff_why {
	LOGOFF_WHY_NAMED,		/* somebody named this very session */
	LOGOFF_WHY_SELECTED		/* it fulfilled a condition, which must still hold when it is asked to end */
};

/*
 * Adds SESSION to REQUEST, which owns it from then on and puts another in its place when it looks the session up again: do
 * not use SESSION any more, but logoff_request_session(). A session that is already in REQUEST is only freed; if it is named
 * once it counts as named.
 * Returns 0 or a fatal errno (then SESSION is still the caller's).
 */
int logoff_request_add(struct logoff_request *request, struct logoff_session *session, enum logoff_why why);

/*
 * Sets the times: GRACE_MS from asking to killing (0: kill at once after asking), WAIT_MS from start to the proof, for
 * each session. While the user proves who they are, the clock stands.
 */
void logoff_request_set_times(struct logoff_request *request, uint64_t grace_ms, uint64_t wait_ms);

/*
 * Has desktops asked to log their users off (true, the default) before their sessions are asked to end, or not (false). They have
 * as long as the grace, but no more than a third of the deadline; the grace begins after that.
 */
void logoff_request_set_desktop(struct logoff_request *request, bool asked);

/* Allows (true) or forbids (false, the default) to log off the console session of somebody else. */
void logoff_request_set_console(struct logoff_request *request, bool allowed);

/* Sets the function that hears of each event, or NULL. */
void logoff_request_set_event_func(struct logoff_request *request, logoff_event_func func, void *userdata);

/* Sets the function that is asked when authorization is needed, or NULL (the default: refused is refused). */
void logoff_request_set_authorize_func(struct logoff_request *request, logoff_authorize_func func, void *userdata);

/*
 * Called with a selected session as it is now, before it is asked to end, if time has passed since it was looked up. To
 * return 0 means that it still fulfils the condition; -EAGAIN says that this cannot be told now, and the session is looked at
 * again; anything else leaves it alone (its result is -ESTALE).
 */
typedef int (*logoff_still_func)(struct logoff_session *session, void *userdata);

/*
 * Called for the text of a warning to all users of a request: REMAINING_US until they are logged off, or -1: it has been
 * cancelled, for all or for one who is spared. Writes it into TEXT of SIZE bytes. UTF-8.
 */
typedef void (*logoff_compose_func)(int64_t remaining_us, char *text, size_t size, void *userdata);

/*
 * Sets a warning: each user is told, in the words of COMPOSE, that they will be logged off in TIME_MS; again when half of
 * that time is over and 10 s before its end; then the sessions are logged off. Users of a request that is cancelled
 * meanwhile are told so. A session that ends by itself is fine.
 */
void logoff_request_set_warning(struct logoff_request *request, uint64_t time_ms, logoff_compose_func compose,
				void *userdata);

/*
 * Sets the function that is asked whether a selected session (LOGOFF_WHY_SELECTED) still fulfils its condition, or NULL.
 * Every session, named ones too, is looked up again after every wait: for a warning, for a proof of identity, for a host
 * that restarts, for a person who was asked. One that is another logon by now is left alone. A selected session that
 * cannot be looked up is asked for again until its time is over, and then left alone.
 */
void logoff_request_set_still(struct logoff_request *request, logoff_still_func still, void *userdata);

/*
 * Sets the reason that the audit record of each session of REQUEST tells. TEXT is copied.
 * Returns 0 or a fatal errno.
 */
int logoff_request_set_reason(struct logoff_request *request, const char *text);

/*
 * Sets a descriptor, not owned, that cancels the request when it becomes readable; -1 (the default) for none. It is never
 * read from here. While nobody was asked to end, the whole request is cancelled: each session has the result -ECANCELED,
 * and users who were warned are told. Once sessions were asked, no further one is, and LOGOFF_EVENT_FOLLOWED is told. Who
 * has read the descriptor empty by the end of that call has the sessions that were asked followed to their end, each with its
 * true result. If it is still readable then, or becomes so again, those too are left at once, with -ECANCELED.
 */
void logoff_request_set_cancel_fd(struct logoff_request *request, int fd);

/*
 * Logs off all sessions of REQUEST side by side. Blocks until each has a result. May be called once per request.
 *
 * If the caller itself runs in one of the sessions it must ignore SIGHUP, SIGTERM and SIGPIPE meanwhile. That session
 * then counts as gone when only the caller is left, which must exit at once; if programs that wait for the caller are
 * left, this function's last act is to kill the whole session, the caller included.
 *
 * Returns 0 if every session has a result (see there), or a fatal errno if the request could not be started.
 */
int logoff_request_run(struct logoff_request *request, struct logoff_error *reterr);

/*
 * The number of sessions of REQUEST.
 * Returns the number.
 */
size_t logoff_request_count(const struct logoff_request *request);

/*
 * Session number I (from 0) of REQUEST, which keeps it.
 * Returns the session, or NULL if there is no such number.
 */
const struct logoff_session *logoff_request_session(const struct logoff_request *request, size_t i);

/*
 * What became of session number I: 0 all its processes have ended and it is gone, both verified; -EACCES; -EPERM (the
 * cause's text is "console", "greeter" or "services"); -ETIMEDOUT (see logoff_request_left()), -ECANCELED, -EHOSTUNREACH, -EPROTO.
 * *ret_cause, if wanted, is the cause, owned by REQUEST.
 * Returns that number, or -EINVAL if there is no such session or it has no result yet.
 */
int logoff_request_result(const struct logoff_request *request, size_t i, const struct logoff_error **ret_cause);

/*
 * Tells whether the record of session number I stands in the log of this machine. A host in memory has none, and a machine
 * without any log is not to blame for that: both count as recorded. *ret_cause, if wanted, says why not, owned by REQUEST.
 * Returns true if so.
 */
bool logoff_request_is_recorded(const struct logoff_request *request, size_t i, const struct logoff_error **ret_cause);

/*
 * The word for a result of logoff_request_result(), as the journal's record and JSON have it, the same in every language:
 * "ended", "denied", "protected", "not-ended", "cancelled", "changed", and "failed" for all others. Static.
 * Returns the word.
 */
const char *logoff_result_word(int result);

/*
 * The processes that were still there when session number I got its result. *ret_processes is owned by REQUEST.
 * *ret_session_exists, if wanted, tells whether the session itself still existed: 0 no, 1 yes, -1 could not be asked.
 * Returns their number.
 */
size_t logoff_request_left(const struct logoff_request *request, size_t i, const struct logoff_process **ret_processes,
			   int *ret_session_exists);

/*
 * Tells whether processes of session number I had to be killed.
 * Returns true if so.
 */
bool logoff_request_forced(const struct logoff_request *request, size_t i);

/*
 * What session number I was doing when it got its result; meaningful only if it still existed then.
 * Returns the state.
 */
enum logoff_state logoff_request_state(const struct logoff_request *request, size_t i);

/*
 * Tells whether the result of session number I is about the service manager of its user: the session itself had already
 * been found to be gone.
 * Returns true if so.
 */
bool logoff_request_is_manager(const struct logoff_request *request, size_t i);

/*
 * How long session number I took, from its start to its result, in microseconds.
 * Returns that time.
 */
uint64_t logoff_request_elapsed_us(const struct logoff_request *request, size_t i);

/*
 * The version of the library.
 * Returns "MAJOR.MINOR.PATCH".
 */
const char *logoff_version(void);

#ifdef __cplusplus
}
#endif

#endif
