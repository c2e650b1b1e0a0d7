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
 * Conventions. A function that can fail returns an enum logoff_result: LOGOFF_OK, which is 0, or a negative value. Besides those
 * that it lists, LOGOFF_E_NO_MEMORY and LOGOFF_E_FAILED can come of every function that asks a host, and LOGOFF_E_DENIED and
 * LOGOFF_E_TIMEOUT where the host refuses the question or does not answer. "ret_" parameters are written only on success,
 * "reterr" (may be NULL) only on failure. What is handed out through a "ret_" parameter without const belongs to the caller and
 * has a function that frees it; const pointers belong to the object they were asked of. Strings are UTF-8 or plain bytes as the
 * host gave them: a program must make them harmless before it shows them (logoff_text_harmless()).
 * Nothing here prints, exits or changes signal handling. No object may be used by two threads at once; threads with objects of
 * their own work side by side. All of them share one thing: for a minute the library remembers, behind a lock, what the name
 * service has answered, and that it was silent.
 *
 * The interface grows without breaking programs: structs that the library makes may get members at their end, but for struct
 * logoff_error; those that a program makes begin with their size (what is set in a member that the library does not know is
 * LOGOFF_E_INVALID); and enums may get values, so a program expects values that it does not know.
 */
#ifndef LOGOFF_H
#define LOGOFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- results and errors ---- */

/* What a function returns, and what becomes of a session or a message. */
enum logoff_result {
	LOGOFF_OK = 0,
	LOGOFF_E_NO_SESSION = -1,	/* there is no such session, or it has ended */
	LOGOFF_E_NOT_ACTIVE = -2,	/* the name belongs to a session that is not active: only its id can be used */
	LOGOFF_E_NO_CURRENT = -3,	/* the caller runs in no session */
	LOGOFF_E_NOT_UNIQUE = -4,	/* the name fits more than one session: use the id */
	LOGOFF_E_DENIED = -5,		/* the caller lacks Full Control over the session, or rights on the server */
	LOGOFF_E_PROTECTED = -6,	/* see logoff_session_protection() */
	LOGOFF_E_TIMEOUT = -7,		/* not ended before the deadline, or no answer in time */
	LOGOFF_E_UNSUPPORTED = -8,	/* this build or this host cannot do it */
	LOGOFF_E_UNREACHABLE = -9,	/* the host cannot be reached, or the connection broke */
	LOGOFF_E_PROTOCOL = -10,	/* the host answered against its protocol */
	LOGOFF_E_CANCELLED = -11,	/* the caller cancelled */
	LOGOFF_E_CHANGED = -12,		/* the session is no longer what was meant */
	LOGOFF_E_NOT_ACCEPTED = -13,	/* the server does not accept who the caller says to be: wrong password, no ticket or an
					   expired one */
	LOGOFF_E_INVALID = -14,		/* an argument is wrong: the address, LOGOFF_HOST or the file it names, a size */
	LOGOFF_E_AGAIN = -15,		/* it cannot be told; only from a logoff_still_func, and of a message that was perhaps shown */
	LOGOFF_E_NO_MEMORY = -16,
	LOGOFF_E_FAILED = -17		/* anything else; the logoff_error tells what */
};

/*
 * The word for a result, as the journal's record and JSON have it, the same in every language: "ended" for LOGOFF_OK, "denied",
 * "protected", "not-ended", "cancelled", "changed", and "failed" for all others. Static.
 * Returns the word.
 */
const char *logoff_result_word(enum logoff_result result);

/* The vocabulary in which the cause of an error is told. */
enum logoff_error_domain {
	LOGOFF_ERROR_NONE,	/* no cause recorded */
	LOGOFF_ERROR_ERRNO,	/* number is a positive errno of the system */
	LOGOFF_ERROR_DBUS,	/* name is a D-Bus error name */
	LOGOFF_ERROR_FORMAT,	/* number is a line number of a host description (memory hosts) */
	LOGOFF_ERROR_NTSTATUS,	/* number is a status of SMB, name its name (MS-ERREF 2.3) */
	LOGOFF_ERROR_HRESULT,	/* number is a result of MS-TSTS (MS-ERREF 2.1) */
	LOGOFF_ERROR_RPC,	/* number is a fault of DCE/RPC, name its name (MS-RPCE, C706) */
	LOGOFF_ERROR_WIN32,	/* number is an error of a call of Windows (MS-ERREF 2.2), text Windows' own for it */
	LOGOFF_ERROR_PROGRAM	/* text is what a program that was started has said, as ssh does; the library never uses it */
};

/*
 * The cause of a failure, told once, in its own words. The caller owns the record (on its stack, zeroed); nothing in
 * it needs freeing. Long texts are cut at a character boundary. It stands inside other structs, so it never changes.
 */
struct logoff_error {
	enum logoff_error_domain domain;
	int64_t number;
	char name[80];
	char text[176];
};

/*
 * Makes a foreign text harmless for a terminal: control characters, marks that change the direction of text and bytes that are
 * not UTF-8 become "\xNN". With LINES newlines and tabs stay.
 * Returns a copy, the caller's (free() it), or NULL without memory.
 */
char *logoff_text_harmless(const char *text, bool lines);

/* ---- hosts ---- */

/* A session host, opened. */
struct logoff_host;

/* Whether a server is to know the caller by Kerberos. */
enum logoff_kerberos {
	LOGOFF_KERBEROS_DESIRED,	/* else by NTLM, if there is a password */
	LOGOFF_KERBEROS_REQUIRED,
	LOGOFF_KERBEROS_OFF
};

/* Where a host is. All of it is the caller's. */
struct logoff_address {
	size_t size;			/* sizeof(struct logoff_address) */
	const char *kind;		/* "logind", "procfs", "memory", "tsts"; on Windows "wts", "memory", "wts-server"; NULL: what NAME
					   leads to */
	const char *name;		/* of a server: a host name or an address; of a memory host: the file that describes it; of a
					   logind: the D-Bus address of the system bus of another machine, or, as "fd:3,4,login07", two
					   descriptors that lead to it, of which the first is read, and that machine's name. They are the
					   library's from then on, and closed by it if the host is opened or cannot be reached. NULL: this
					   machine */
	uint16_t port;			/* of a server; 0: that in NAME ("ts1:1445", "[2001:db8::7]:445"), or 445 */
};

/* As whom a server is to know the caller. All of it is the caller's; NULL and 0 where nothing is to be said. */
struct logoff_logon {
	size_t size;			/* sizeof(struct logoff_logon) */
	const char *user, *domain;
	const char *password;		/* NULL: the Kerberos ticket cache. Wiped by the library from its own memory */
	const char *ccache;		/* the ticket cache ("FILE:/tmp/krb5cc_0"); NULL: the default one */
	enum logoff_kerberos kerberos;
	bool require_encryption;	/* of all of SMB, beyond that of each call, which is always demanded */
	uint64_t timeout_ms;		/* for the log-on, and for each answer later; 0: 30 s */
};

/*
 * Opens the session host at ADDRESS. NULL means this machine; so does an address without kind whose name is NULL, "", "localhost"
 * or this machine's own. Then the environment variable LOGOFF_HOST, if it is set, forces the kind ("logind", "procfs" or
 * "memory:FILE"); without it logind (or elogind) is used if it answers on the system bus, else procfs. Any other name is that of a
 * server, which is to know the caller as LOGON says, or with NULL by the Kerberos ticket cache. Blocks while connecting.
 * *ret_host is the caller's: logoff_host_close().
 * Returns LOGOFF_OK, LOGOFF_E_UNSUPPORTED (this installation reaches no other machines), LOGOFF_E_UNREACHABLE, LOGOFF_E_PROTOCOL,
 * LOGOFF_E_DENIED, LOGOFF_E_NOT_ACCEPTED, LOGOFF_E_TIMEOUT or LOGOFF_E_INVALID.
 */
enum logoff_result logoff_host_open(struct logoff_host **ret_host, const struct logoff_address *address,
				    const struct logoff_logon *logon, struct logoff_error *reterr);

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
 * Tells what kind of host it is: "logind", "elogind", "procfs", "tsts", "memory" or "wts". Owned by HOST.
 * Returns the word.
 */
const char *logoff_host_kind(const struct logoff_host *host);

/*
 * Tells which machine HOST is, as long as it runs: two hosts with the same word, whoever has opened them and when, have the same
 * sessions. It is another word after a restart, and in another container of the same kernel. Its letters mean nothing else. Owned
 * by HOST. Blocks for the host's answer.
 * Returns the word, or NULL: unknown, as of servers and hosts in memory.
 */
const char *logoff_host_instance(struct logoff_host *host);

/*
 * Asks HOST whether the caller may end the sessions of others without giving a password; nobody is asked for one. What HOST
 * says later of a session counts all the same. Blocks for the host's answer.
 * Returns LOGOFF_OK, LOGOFF_E_DENIED (they may not), or any other result: nobody can tell.
 */
enum logoff_result logoff_host_full_control(struct logoff_host *host, struct logoff_error *reterr);

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
 * Returns LOGOFF_OK, LOGOFF_E_NO_SESSION, LOGOFF_E_NOT_ACTIVE (reterr->text is the id of the session that would bear the name),
 * LOGOFF_E_NOT_UNIQUE, LOGOFF_E_NO_CURRENT (if DESIGNATOR is NULL), LOGOFF_E_UNSUPPORTED (it may be hidden from the caller),
 * LOGOFF_E_UNREACHABLE or LOGOFF_E_PROTOCOL.
 */
enum logoff_result logoff_host_find(struct logoff_host *host, const char *designator, struct logoff_session **ret_session,
				    struct logoff_error *reterr);

/*
 * Lists every session of HOST. *ret_sessions is an array of *ret_n_sessions sessions, the caller's:
 * logoff_session_list_free(). An empty list is NULL and 0. Blocks for the host's answers.
 * Returns LOGOFF_OK, LOGOFF_E_UNSUPPORTED (some may be hidden from the caller), LOGOFF_E_UNREACHABLE or LOGOFF_E_PROTOCOL.
 */
enum logoff_result logoff_host_list(struct logoff_host *host, struct logoff_session ***ret_sessions, size_t *ret_n_sessions,
				    struct logoff_error *reterr);

/*
 * Tells whether this machine hides the processes of others from the caller (hidepid), so that the last list of HOST may lack some:
 * processes, or logins that its session manager does not know.
 * Returns true if so.
 */
bool logoff_host_hides_processes(const struct logoff_host *host);

/*
 * Tells whether a user called NAME may have a session on HOST that its session manager knows. Sooner to be had than a list of
 * all sessions, which alone can say yes for sure. Blocks for the host's answer.
 * Returns false if there is surely none.
 */
bool logoff_host_may_have_user(struct logoff_host *host, const char *name);

/* Facts of a session that cost a question, or more. */
enum logoff_facts {
	LOGOFF_FACTS_TIMES = 1,		/* when the user logged on, and how long ago that was */
	LOGOFF_FACTS_IDLE = 2,		/* how long nobody has typed, and the times */
	LOGOFF_FACTS_CLIENT = 4,	/* LOGOFF_DETAIL_ADDRESS and LOGOFF_DETAIL_CLIENT */
	LOGOFF_FACTS_TERMINALS = 8,	/* all terminals; the one that is its name is known without */
	LOGOFF_FACTS_NUMBER = 16	/* logoff_session_number(), where the id alone does not tell it */
};

/*
 * Looks up FACTS (several by "|") of N_SESSIONS sessions, as far as they are not known yet. What cannot be found out stays
 * unknown, which is no failure. Blocks for a server's answers, and up to a second and a half for the display of a session.
 * Returns LOGOFF_OK, or LOGOFF_E_TIMEOUT or LOGOFF_E_UNREACHABLE if a host was asked for times and has not answered: now, or when
 * they were fetched before.
 */
enum logoff_result logoff_session_fetch(struct logoff_session *const *sessions, size_t n_sessions, unsigned facts,
					struct logoff_error *reterr);

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
 * The number of SESSION: Windows' commands and MS-TSTS know sessions by numbers from 0 to 65535. On Windows it is the id. Elsewhere
 * that of the id "12" is 12, up to 32767, and that of "c3" is 32770, up to 49150 for "c16383". Other ids have one only if this
 * machine serves MS-TSTS and has given it to the session; it may be known only after logoff_session_fetch(). No two sessions of a
 * host have one number, and a session keeps its number.
 * Returns the number, or -1 if there is none or it is not known.
 */
int32_t logoff_session_number(const struct logoff_session *session);

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

/* What can be true of a session. */
enum logoff_trait {
	LOGOFF_IS_CURRENT,		/* the calling process runs in it */
	LOGOFF_IS_OWN,			/* or depends on it: the caller's terminal multiplexer is attached there, or the program that
					   started the caller (run0, machinectl shell, systemd-run) runs there. If it ends, the
					   caller's work is cut off. A selection must not mean such a session */
	LOGOFF_IS_CONSOLE,		/* it is on a seat: the console session, which is protected */
	LOGOFF_IS_REGISTERED,		/* the host's session manager knows it. Where logind runs, a login that bypasses pam_systemd
					   is known by its kernel audit session only */
	LOGOFF_IS_BY_TERMINAL,		/* it is known only by its terminal (no kernel audit session): a daemon that has left the
					   terminal and its family cannot be attributed to it there */
	LOGOFF_IS_STATE_UNSURE,		/* nobody can tell whether a session that is said to be active is disconnected, or one that is
					   said to be closing active. A selection by such a state must not mean it */
	LOGOFF_IS_OWN_UNSURE		/* nobody can tell whether it is LOGOFF_IS_OWN, or even LOGOFF_IS_CURRENT: both are false. A
					   selection must not mean it, and is to say so; whoever names it, means it */
};

/*
 * Tells whether TRAIT was true of SESSION when it was looked up.
 * Returns true if so.
 */
bool logoff_session_is(const struct logoff_session *session, enum logoff_trait trait);

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

/* Why a session is not logged off. */
enum logoff_protection {
	LOGOFF_PROTECTION_NONE,
	LOGOFF_PROTECTION_CONSOLE,	/* it is on a seat, and not the caller's; see struct logoff_options */
	LOGOFF_PROTECTION_GREETER,	/* it is a display manager's */
	LOGOFF_PROTECTION_SERVICES,	/* it is that of Windows' services */
	LOGOFF_PROTECTION_GUEST		/* another login, or a service of the machine, was started in it and would end with it; known
					   once its processes have been looked at, so for the outcome of a request */
};

/*
 * Tells whether the rules protect SESSION, whoever the caller is. A request refuses it, with LOGOFF_E_PROTECTED.
 * Returns why, or LOGOFF_PROTECTION_NONE.
 */
enum logoff_protection logoff_session_protection(const struct logoff_session *session);

/* Details of a session that are texts. */
enum logoff_detail {
	LOGOFF_DETAIL_PROTOCOL,		/* "ssh", "rdp", "local", "su", or the host's own word for the service */
	LOGOFF_DETAIL_ADDRESS,		/* the client's address or host name */
	LOGOFF_DETAIL_CLIENT,		/* the client's own name for itself (RDP) */
	LOGOFF_DETAIL_TERMINAL,		/* "pts/3", "tty1" */
	LOGOFF_DETAIL_DISPLAY,		/* ":10" */
	LOGOFF_DETAIL_DOMAIN,		/* the domain of the user (Windows) */
	LOGOFF_DETAIL_HOST		/* of a session that was imported: the name of its host, as the program gave it */
};

/*
 * A detail of SESSION. Address and client may be known only after logoff_session_fetch(). Owned by SESSION.
 * Returns the text, or NULL if there is none or it is not known.
 */
const char *logoff_session_detail(const struct logoff_session *session, enum logoff_detail detail);

/*
 * Terminal number I (from 0) of SESSION as in /dev, the nearest to its leader first. A session can have several: one ssh
 * connection with two shells; after logoff_host_list() all are known only when they are fetched. Owned by SESSION.
 * Returns the terminal, or NULL if there is no such number.
 */
const char *logoff_session_terminal(const struct logoff_session *session, size_t i);

/* Times of a session, in microseconds. */
enum logoff_time {
	LOGOFF_TIME_LOGON,		/* when the user logged on, Unix time */
	LOGOFF_TIME_AGE,		/* how long before the session was looked up that was, by the clock of its host; a step of a
					   clock does not change it where the host has one that is never set */
	LOGOFF_TIME_IDLE		/* how long nobody has typed or moved anything; 0: it is in use */
};

/*
 * A time of SESSION. Of a server known only after logoff_session_fetch(); LOGOFF_TIME_IDLE is so of every host.
 * Returns that time, or -1 if it is not known.
 */
int64_t logoff_session_time_us(const struct logoff_session *session, enum logoff_time time);

/* What another program tells of a session. All of it is the caller's; NULL, or -1 for a time, where something is not known. */
struct logoff_session_facts {
	size_t size;			/* sizeof(struct logoff_session_facts) */
	const char *host;		/* the name of its host: LOGOFF_DETAIL_HOST */
	const char *id;			/* never NULL */
	const char *name;		/* while it is active */
	const char *user;		/* NULL: nobody has logged on */
	const char *domain, *protocol, *display, *address, *client;
	const char *const *terminals;	/* N_TERMINALS of them */
	size_t n_terminals;
	uint32_t uid;			/* UINT32_MAX: none, or not known */
	enum logoff_state state;
	enum logoff_kind kind;
	bool current, own, console, registered, by_terminal, state_unsure, own_unsure; /* enum logoff_trait; that program is the caller */
	int64_t logon_us, age_us, idle_us; /* enum logoff_time */
	int32_t number;			/* logoff_session_number(); -1: none, or not known */
};

/* Nothing is known, and the host's session manager knows the session. */
#define LOGOFF_SESSION_FACTS_DEFAULT                                                                                               \
	{ .size = sizeof(struct logoff_session_facts), .uid = UINT32_MAX, .registered = true, .logon_us = -1, .age_us = -1,        \
	  .idle_us = -1, .number = -1 }

/*
 * Makes a session of FACTS, which are copied: another program has told of it, as logoff-host does on a far machine. All calls that
 * tell something of a session work on it; nothing of it is ever looked up, and its times do not go on. It is on no host of
 * this program, so no request takes it, and no message goes to it. FACTS begin with
 * LOGOFF_SESSION_FACTS_DEFAULT. *ret_session is the caller's: logoff_session_free().
 * Returns LOGOFF_OK, LOGOFF_E_NO_MEMORY or LOGOFF_E_INVALID (no id, or a struct without its size).
 */
enum logoff_result logoff_session_import(struct logoff_session **ret_session, const struct logoff_session_facts *facts);

/*
 * Disconnects the client of SESSION, a desktop of xrdp's or a session of a server, and proves that the session goes on without
 * it. What the caller may not do is left to the message service of this machine. Blocks for ten seconds at most, for thirty with that
 * service.
 * Returns LOGOFF_OK, which is so too if it had no client, LOGOFF_E_UNSUPPORTED (it cannot go on without its client),
 * LOGOFF_E_DENIED, LOGOFF_E_TIMEOUT (it is still connected, or again), LOGOFF_E_NO_SESSION, LOGOFF_E_CHANGED,
 * LOGOFF_E_UNREACHABLE (nobody can tell) or LOGOFF_E_INVALID (it was imported).
 */
enum logoff_result logoff_session_disconnect(struct logoff_session *session, struct logoff_error *reterr);

/* ---- watching ---- */

/* Watches which sessions of a host begin, change and end. */
struct logoff_monitor;

/* What has happened to a session. */
enum logoff_change_type {
	LOGOFF_CHANGE_THERE,		/* it was there when the monitor was made; told once, before all others */
	LOGOFF_CHANGE_BEGUN,
	LOGOFF_CHANGE_CHANGED,		/* its state, its name, its user or its address; not its idle time, nor the address of an
					   active xrdp session, which has to be asked for */
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
 * Returns LOGOFF_OK, LOGOFF_E_UNSUPPORTED, LOGOFF_E_UNREACHABLE or LOGOFF_E_PROTOCOL.
 */
enum logoff_result logoff_monitor_new(struct logoff_monitor **ret_monitor, struct logoff_host *host, struct logoff_error *reterr);

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
 * have. Blocks for the host's answer, but does not wait for a change. A session that lasts less than a second may be missed where
 * the host does not tell that it has begun (logind does). A host that does not answer (its session manager restarts, a question has
 * met no answer in its time) is asked again for ten seconds, in which nothing is told; then, or at once if the connection breaks
 * or the answer is another failure, it is lost: the same result each time.
 * Returns LOGOFF_OK, LOGOFF_E_UNREACHABLE, LOGOFF_E_PROTOCOL or LOGOFF_E_TIMEOUT.
 */
enum logoff_result logoff_monitor_next(struct logoff_monitor *monitor, const struct logoff_change **ret_change,
				       struct logoff_error *reterr);

/* ---- processes ---- */

/* A process of a host. Only the library makes it, and may add members. */
struct logoff_host_process {
	int32_t pid;
	uint32_t uid;			/* UINT32_MAX: the host numbers its users otherwise; see user */
	char session_id[24];		/* "" if it is in no session, "?" if nobody can tell in which of its user's */
	char user[64];			/* "" where the uid tells; else the name, or the SID where it has none */
	char command[64];		/* the kernel's short name of it, which the process may choose freely */
	int64_t started_us;		/* its start, in microseconds since that of the kernel; with pid, its identity; -1: not known */
	uint32_t manager_uid;		/* if session_id is "?": the user whose desktops these are; UINT32_MAX: not known */
};

/*
 * Lists every process of HOST with the session it is in. *ret_processes is an array of *ret_n_processes pointers, the caller's:
 * logoff_host_process_list_free(). Blocks for the host's answers.
 * Returns LOGOFF_OK, LOGOFF_E_UNSUPPORTED, LOGOFF_E_UNREACHABLE or LOGOFF_E_PROTOCOL.
 */
enum logoff_result logoff_host_list_processes(struct logoff_host *host, struct logoff_host_process ***ret_processes,
					      size_t *ret_n_processes, struct logoff_error *reterr);

/*
 * Frees an array made by logoff_host_list_processes() and the processes in it. NULL is allowed.
 * Returns NULL.
 */
struct logoff_host_process **logoff_host_process_list_free(struct logoff_host_process **processes);

/*
 * Ends N_PROCESSES of a list of HOST's PROCESSES side by side: asks each (SIGTERM), and kills those that are left after GRACE_MS (0: at
 * once). A server kills them at once in any case. All are looked up again first. Blocks for ten seconds more than the grace at most, for
 * thirty with the message service. CANCEL_FD, if not -1, ends the waiting when it becomes readable, and nothing is killed any more. Where
 * the caller has emptied the command of a process, its name does not matter. RESULTS has N_PROCESSES too. LOGOFF_OK: it has ended, which
 * is verified; LOGOFF_E_PROTECTED: it is in no session, or of a server's services; LOGOFF_E_CHANGED: its session, name or start is
 * another by now; LOGOFF_E_UNREACHABLE: nobody can tell; _DENIED, _TIMEOUT, _CANCELLED, ... What the caller may not signal is left to the
 * message service, which ends it if the caller may log the user off; why it has not is told in *reterr, of the first such process.
 * Returns LOGOFF_OK, whatever RESULTS say, LOGOFF_E_UNREACHABLE, LOGOFF_E_PROTOCOL or LOGOFF_E_UNSUPPORTED.
 */
enum logoff_result logoff_host_end_processes(struct logoff_host *host, struct logoff_host_process *const *processes,
					     size_t n_processes, uint64_t grace_ms, int cancel_fd,
					     enum logoff_result *results, struct logoff_error *reterr);

/* ---- messages ---- */

/* What a message is. Only desktops heed it, where a message can take the place of the last. */
enum logoff_message_kind {
	LOGOFF_MESSAGE_PLAIN,		/* each stands for itself */
	LOGOFF_MESSAGE_WARNING,		/* the user is about to be logged off; takes the place of the last warning */
	LOGOFF_MESSAGE_ALL_CLEAR	/* they are not, after all: takes the place of the warning, and goes by itself */
};

/* A message for the users of sessions. All of it is the caller's. */
struct logoff_message {
	size_t size;			/* sizeof(struct logoff_message) */
	const char *title;		/* UTF-8, one line; NULL: none */
	const char *text;		/* UTF-8; control characters but newline are made harmless where it is shown */
	uint64_t timeout_ms;		/* how long it is shown and, with WAIT, waited for; 0: until it is closed */
	bool wait;			/* wait for the users' answers */
	enum logoff_message_kind kind;
};

/* The way a message took. */
enum logoff_channel {
	LOGOFF_CHANNEL_NONE,		/* none was found, or the server does not tell it */
	LOGOFF_CHANNEL_TERMINAL,	/* written to the terminal */
	LOGOFF_CHANNEL_DESKTOP,		/* a notification of the user's desktop */
	LOGOFF_CHANNEL_DISPLAY,		/* a window on the X display */
	LOGOFF_CHANNEL_PAGE		/* the open page of a web console, Cockpit */
};

/* What the user did with it. */
enum logoff_answer {
	LOGOFF_ANSWER_NONE,		/* it was not waited for, the channel can give none, or what showed the message was ended */
	LOGOFF_ANSWER_OK,		/* the message was confirmed */
	LOGOFF_ANSWER_CLOSED,		/* the window was closed without an answer */
	LOGOFF_ANSWER_TIMEOUT		/* nothing until the timeout */
};

/* What became of a message at one session. Only the library makes it, and may add members. */
struct logoff_delivery {
	enum logoff_result result;	/* LOGOFF_OK: delivered; _DENIED, _UNSUPPORTED (no channel), _TIMEOUT, _NO_SESSION,
					   _CANCELLED, ... */
	enum logoff_channel channel;
	enum logoff_answer answer;
	struct logoff_error cause;
};

/*
 * Sends MESSAGE to N_SESSIONS sessions of HOST, to all side by side. Where the caller may not write or show anything but may log
 * the user off, the message service of this machine delivers, under its own title. Blocks until each is delivered (ten seconds at
 * most) and, if so wanted, answered. CANCEL_FD, if not -1, ends the waiting when it becomes readable. *ret_deliveries is an array
 * of N_SESSIONS pointers to what became of each, the caller's: logoff_delivery_list_free().
 * Returns LOGOFF_OK, whatever the deliveries say, or LOGOFF_E_NO_MEMORY or LOGOFF_E_INVALID (a session was imported or is another
 * host's, or MESSAGE has no size).
 */
enum logoff_result logoff_host_message(struct logoff_host *host, const struct logoff_message *message,
				       struct logoff_session *const *sessions, size_t n_sessions, int cancel_fd,
				       struct logoff_delivery ***ret_deliveries, struct logoff_error *reterr);

/*
 * Frees an array made by logoff_host_message() and the deliveries in it. NULL is allowed.
 * Returns NULL.
 */
struct logoff_delivery **logoff_delivery_list_free(struct logoff_delivery **deliveries);

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

/* A process of a session. Only the library makes it, and may add members. */
struct logoff_process {
	int32_t pid;
	char command[32];		/* the kernel's short name of it, which the process may choose freely */
	enum logoff_stuck stuck;	/* only of those that are left in a logoff_outcome */
	int32_t tracer;			/* who traces it, where it is stuck as TRACED; 0: not known */
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
	LOGOFF_EVENT_RESULT,		/* it has its result: logoff_request_outcome() */
	LOGOFF_EVENT_ALONE,		/* instead of GONE, for the caller's own session: only the caller (and programs that
					   wait for it: shell, sudo) is left; the session ends with it */
	LOGOFF_EVENT_FOLLOWED		/* the request was cancelled: no further session is asked, those that were are
					   followed to their end; session NULL, see logoff_request_run() */
};

/* One event. Only the library makes it, and may add members. The pointers are valid during the call only. */
struct logoff_event {
	enum logoff_event_type type;
	const struct logoff_session *session;
	uint64_t elapsed_us;			/* since the start of this session's log-off */
	const struct logoff_process *const *processes;
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

/*
 * Called with a selected session as it is now, before it is asked to end, if time has passed since it was looked up. To
 * return LOGOFF_OK means that it still fulfils the condition; LOGOFF_E_AGAIN says that this cannot be told, and the session is
 * looked at again; anything else leaves it alone (its result is LOGOFF_E_CHANGED).
 */
typedef enum logoff_result (*logoff_still_func)(struct logoff_session *session, void *userdata);

/*
 * Called for the text of a warning to all users of a request: REMAINING_US until they are logged off, or -1: it has been
 * cancelled, for all or for one who is spared. Writes it into TEXT of SIZE bytes. UTF-8.
 */
typedef void (*logoff_compose_func)(int64_t remaining_us, char *text, size_t size, void *userdata);

/*
 * How sessions are logged off. All of it is the caller's, and stays as it is while the request runs. To be begun with
 * LOGOFF_OPTIONS_DEFAULT, as 0 is not the default of each member.
 */
struct logoff_options {
	size_t size;			/* sizeof(struct logoff_options) */
	uint64_t grace_ms;		/* from asking to killing; 0: killed at once after asking */
	uint64_t wait_ms;		/* from the start to the proof, for each session. While the user proves who they are, the clock
					   stands */
	bool no_desktop;		/* desktops are not asked to log their users off before their sessions are asked to end. They have
					   as long as the grace, but no more than a third of wait_ms; the grace begins after that */
	bool console;			/* the console session of somebody else may be logged off, too */
	int cancel_fd;			/* not owned, never read from here; -1: none. See logoff_request_run(). On Windows the handle of
					   an event, of which 32 bits count */
	uint64_t warning_ms;		/* each user is told, in the words of compose, that they will be logged off in that time; again
					   when half of it is over and 10 s before its end; then the sessions are logged off. Users
					   of a request that is cancelled meanwhile are told so. 0: nobody is warned */
	logoff_compose_func compose;
	void *compose_data;		/* handed to it, as the next ones to theirs */
	logoff_still_func still;	/* tells whether a selected session still fulfils its condition; NULL: it does */
	void *still_data;
	logoff_event_func event;	/* hears of each event; NULL: nobody */
	void *event_data;
	logoff_authorize_func authorize; /* is asked when a proof of identity is needed; NULL: refused is refused */
	void *authorize_data;
	const char *reason;		/* what the audit record of each session tells as the reason; NULL: nothing */
	const char *actor;		/* on whose behalf it is done, for the audit records of services that log off for others; it
					   gives no rights, and nobody checks it. NULL: on that of the caller */
	const char *actor_address;	/* where they have come from; NULL: not told */
	const char *run;		/* for the audit records: a word for the run over several hosts to which this request belongs. NULL:
					   none */
	const char *actor_sid;		/* the SID of the actor; NULL: not told */
};

/* 10 s of grace, 60 s of deadline, nobody is warned, nobody hears. */
#define LOGOFF_OPTIONS_DEFAULT { .size = sizeof(struct logoff_options), .grace_ms = 10000, .wait_ms = 60000, .cancel_fd = -1 }

/* Which sessions are to be logged off, and what has become of each. */
struct logoff_request;

/*
 * Makes an empty request on HOST.
 * *ret_request is the caller's: logoff_request_free().
 * Returns LOGOFF_OK or LOGOFF_E_NO_MEMORY.
 */
enum logoff_result logoff_request_new(struct logoff_request **ret_request, struct logoff_host *host);

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
 * Nothing can be added once the request runs or has run.
 * Returns LOGOFF_OK, LOGOFF_E_NO_MEMORY or LOGOFF_E_INVALID: also for a session of another host, or imported; it is still the caller's.
 */
enum logoff_result logoff_request_add(struct logoff_request *request, struct logoff_session *session, enum logoff_why why);

/*
 * Logs off all sessions of REQUEST side by side, as OPTIONS says (NULL: LOGOFF_OPTIONS_DEFAULT). Blocks until each has a result.
 * May be called once per request.
 *
 * Every session, named ones too, is looked up again after every wait: for a warning, for a proof of identity, for a host
 * that restarts, for a person who was asked. One that is another logon by now is left alone. A selected session that
 * cannot be looked up is asked for again until its time is over, and then left alone. One that ends by itself during the warning
 * is fine.
 *
 * When cancel_fd becomes readable the request is cancelled. While nobody was asked to end, all of it is: each session has the
 * result LOGOFF_E_CANCELLED, and users who were warned are told. Once sessions were asked, no further one is, and
 * LOGOFF_EVENT_FOLLOWED is told. Who has read the descriptor empty by the end of that call has the sessions that were asked
 * followed to their end, each with its true result. If it is still readable then, or becomes so again, those too are left at once,
 * with that result.
 *
 * If the caller itself runs in one of the sessions it must ignore SIGHUP, SIGTERM and SIGPIPE meanwhile. That session
 * then counts as gone when only the caller is left, which must exit at once; if programs that wait for the caller are
 * left, this function's last act is to kill the whole session, the caller included.
 *
 * Returns LOGOFF_OK if every session has an outcome, whatever that is, or why the request could not be started.
 */
enum logoff_result logoff_request_run(struct logoff_request *request, const struct logoff_options *options,
				      struct logoff_error *reterr);

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

/* Whether a session exists. */
enum logoff_existence {
	LOGOFF_EXISTS_UNKNOWN = -1,	/* it could not be asked */
	LOGOFF_EXISTS_NO = 0,
	LOGOFF_EXISTS_YES = 1
};

/* What became of a session of a request. Only the library makes it, and may add members. */
struct logoff_outcome {
	enum logoff_result result;	/* LOGOFF_OK: all its processes have ended and it is gone, both verified; else _DENIED,
					   _PROTECTED, _TIMEOUT, _CANCELLED, _CHANGED, _UNREACHABLE, _PROTOCOL, ... */
	struct logoff_error cause;	/* of a failure */
	uint64_t elapsed_us;		/* from its start to its result */
	bool forced;			/* processes had to be killed */
	bool warned;			/* its user has been warned of it, as far as that can be known: by a warning of the request that
					   came to its terminal or desktop. false also if there was none to be sent */
	bool is_manager;		/* the result is about the service manager of its user: the session itself was gone */
	enum logoff_existence exists;	/* whether the session still existed then */
	enum logoff_state state;	/* what it was doing, if it existed */
	const struct logoff_process *const *left; /* the processes that were still there */
	size_t n_left;
	bool unseen;			/* not all of its processes could be seen from here: that they have ended is the host's word */
	bool recorded;			/* the record of it stands in the log of this machine. A host in memory has none, and a
					   machine without any log is not to blame for that: both count as recorded */
	struct logoff_error record_cause; /* why not */
};

/*
 * What became of session number I of REQUEST. Owned by REQUEST.
 * Returns the outcome, or NULL if there is no such session or it has no result yet.
 */
const struct logoff_outcome *logoff_request_outcome(const struct logoff_request *request, size_t i);

/*
 * Writes a record into the log of this machine of a SESSION that was imported, as logoff_request_run() writes one for each of its
 * sessions: the caller has had another machine log its user off, with this OUTCOME. Of OPTIONS (NULL: nothing) reason, actor,
 * actor_sid, actor_address and run are told. Blocks for two seconds at most, if the log does not listen.
 * Returns LOGOFF_OK, which is so too where the machine has no log, LOGOFF_E_TIMEOUT, LOGOFF_E_FAILED or LOGOFF_E_INVALID (it was not
 * imported).
 */
enum logoff_result logoff_session_record(const struct logoff_session *session, const struct logoff_outcome *outcome,
					 const struct logoff_options *options, struct logoff_error *reterr);

/*
 * Says on whose behalf HOST is used from now on, where the message service of this machine acts for the caller
 * (logoff_session_disconnect(), logoff_host_end_processes()): its records tell it, beside who the caller is. Texts as in struct
 * logoff_options, NULL: not told; they are copied, and give no rights. Nobody must be able to take them for more of a sentence: ACTOR is
 * harmless (logoff_text_harmless()), without the characters "/[]:;|=,+*?<> and of at most 256 bytes; ACTOR_SID has letters, digits and -,
 * 184 at most; ACTOR_ADDRESS letters, digits and .:%-_, 64 at most.
 * Returns LOGOFF_OK or LOGOFF_E_INVALID, and then what was said before stays.
 */
enum logoff_result logoff_host_set_actor(struct logoff_host *host, const char *actor, const char *actor_sid,
					 const char *actor_address);

/* What a service has done, or has refused to do. */
enum logoff_action {
	LOGOFF_ACTION_LOG_OFF,
	LOGOFF_ACTION_MESSAGE,
	LOGOFF_ACTION_DISCONNECT,
	LOGOFF_ACTION_END_PROCESS
};

/* What a service wants to have recorded. All of it is the caller's; NULL where there is nothing to be told. */
struct logoff_record {
	size_t size;			/* sizeof(struct logoff_record) */
	enum logoff_action action;
	const struct logoff_session *session;	/* NULL only of a process that is in none */
	const struct logoff_host_process *process;
	enum logoff_result result;
	const struct logoff_error *cause;
	const char *actor, *actor_sid, *actor_address;	/* as in struct logoff_options */
};

/*
 * Writes RECORD into the log of this machine: what has become of an action on HOST that logoff_request_run() does not record. Blocks
 * for two seconds at most, if the log does not listen.
 * Returns LOGOFF_OK, which is so too where the machine has no log, LOGOFF_E_TIMEOUT, LOGOFF_E_FAILED or LOGOFF_E_INVALID
 * (the session is another host's, or something is missing).
 */
enum logoff_result logoff_host_record(struct logoff_host *host, const struct logoff_record *record, struct logoff_error *reterr);

/*
 * The version of the library.
 * Returns "MAJOR.MINOR.PATCH".
 */
const char *logoff_version(void);

#ifdef __cplusplus
}
#endif

#endif
