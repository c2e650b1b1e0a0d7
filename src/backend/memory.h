/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * memory.h - a host described in a text file: what the parser (memory-file.c) hands to the simulation (memory.c).
 *
 * The description and the state of the simulation share the structs: a description is a host at time 0. The state is
 * kept as times ("ends at"), so that what is true at any moment follows from the clock, and the next thing to happen is
 * the smallest time ahead. The format is written up in doc/memory-host.md. All times are microseconds.
 */
#ifndef BACKEND_MEMORY_H
#define BACKEND_MEMORY_H

#include "core/host.h"

#define MEMORY_NEVER UINT64_MAX

/* Limits on a description, which may come from anywhere. */
#define MEMORY_FILE_MAX (64u << 20)	/* bytes */
#define MEMORY_LINE_MAX 4096		/* bytes */
#define MEMORY_VALUE_MAX 256		/* bytes, escapes undone */
#define MEMORY_TIME_MAX_MS 1000000000	/* 11 days */
#define MEMORY_SESSIONS_MAX 100000
#define MEMORY_USERS_MAX 10000
#define MEMORY_PROCESSES_MAX 500000	/* those forked while the host runs included */

/* Above the kernel's own limit (2^22), so that no process of a description is taken for a real one. */
#define MEMORY_FIRST_PID 5000001
#define MEMORY_PID_MAX 1000000000

/* An error to be answered. r 0: none. */
struct memory_fault {
	int r;			/* negative */
	char name[80];		/* D-Bus name, or "" */
};

enum memory_control {
	MEMORY_CONTROL_DEFAULT,	/* what uid 0 has, others not */
	MEMORY_CONTROL_NO,
	MEMORY_CONTROL_YES,
	MEMORY_CONTROL_PROOF	/* only after a proof of identity */
};

/* How messages to a session fare. */
struct memory_mail {
	struct memory_fault fails;
	bool has_channel;	/* else it follows from tty and display */
	enum logoff_channel channel;
	char *wants;		/* NULL: any text will do */
	enum logoff_answer answer; /* NONE: the user never answers */
	uint64_t answer_us;	/* after so much time */
};

/* A desktop, which can be asked to log its user off. */
struct memory_desktop {
	char *name;		/* NULL: there is none */
	char *objects;		/* which programs object; NULL: none */
	uint64_t logout_us;	/* how long it takes; MEMORY_NEVER */
	uint64_t find_us;	/* how long it takes to find it, before that; MEMORY_NEVER */
	struct memory_fault fails;
	uint64_t found_us;	/* when it is found, and asked; MEMORY_NEVER: nobody looks for it, or never */
	uint64_t done_us;	/* when it is done; MEMORY_NEVER: not asked, or never */
};

/* What can be asked to end, session or service manager: its troubles and its state. */
struct memory_unit {
	struct memory_fault ask_fails;	/* returned by ask() itself */
	struct memory_fault refuse;	/* the answer */
	struct memory_fault kill_fails, processes_fails;
	char *refuse_text;
	uint32_t refusals;	/* how often the refusal is answered; 0: always */
	uint64_t answer_us;	/* how late the answer is */
	uint64_t notice_us;	/* how late the notice of the removal is */
	uint64_t stays_us;	/* how long it outlives its last process */
	bool stuck;		/* being asked has no effect */
	bool early;		/* being asked, it is removed at once, its processes live on */
	bool needs_kill;	/* it outlives its last process until it is killed */

	uint64_t born_us;
	uint64_t term_us;	/* when the asking takes effect; MEMORY_NEVER: not asked */
	uint64_t gone_us;
	bool termed, killed;
	uint64_t killed_us;	/* when, last */
	bool peopled;		/* it has had processes */
	size_t n_alive;		/* processes, as of the last step */
};

struct memory_user {
	unsigned line;
	char *name;
	uint32_t uid;
	bool has_manager, lingers;
	struct memory_unit manager;
};

struct memory_session {
	unsigned line;
	char *id, *user_name, *tty, *display;
	char *protocol, *address, *client;
	size_t user;		/* index into users */
	uint32_t rdp;
	bool has_rdp;
	enum logoff_state state;
	bool console, greeter, background, by_terminal, current, own, own_unsure, unregistered, unsure;
	uint64_t idle_us;	/* at the start; MEMORY_NEVER: not known */
	uint64_t age_us;	/* how long ago the logon was, by the real clock; MEMORY_NEVER: see logon_us */
	int64_t logon_us;	/* -1: not known */
	uint64_t leaves_us;	/* when it ends by itself */
	uint64_t disconnects_us; /* when its client leaves */
	bool follows;		/* begins when the session of the same id before it is gone */
	size_t before;		/* index of that session */
	struct memory_mail mail;
	struct memory_desktop desktop;
	struct memory_unit unit;
};

struct memory_process {
	unsigned line;
	enum host_part part;
	size_t owner;		/* index into sessions, or into users for their managers */
	uint32_t pid;
	char *command;
	uint64_t term_us;	/* how long it lives after SIGTERM */
	uint64_t kill_us;	/* how long it lives after SIGKILL */
	uint64_t hops_us;	/* how often it goes on under another pid; 0: never */
	uint64_t forks_us;	/* how often it forks a child; 0: never */
	uint32_t children;	/* how many are yet to be forked */
	bool caller;		/* the program itself */
	bool foreign;		/* only the last act ends it: the caller may not signal it */
	bool waits;		/* a program that waits for the caller */
	enum logoff_stuck stuck;	/* why it does not end */

	uint64_t born_us, end_us;
	uint64_t next_us;	/* of the next hop or fork */
};

struct memory_world {
	unsigned host_line, caller_line;
	char *kind;
	bool realtime;
	bool shared;		/* with the other processes that have opened the file */
	bool quiet;		/* the end of a process wakes nobody */
	bool hides;		/* processes of others from the caller, and so logins: a list may lack some */
	bool by_id;		/* asking reaches whoever has the session's id by then */
	uint64_t silent_us, speaks_us; /* it does not answer between these moments */
	uint64_t lost_us;	/* when the connection breaks */
	struct memory_fault open_fails, get_fails, list_fails, census_fails, manager_fails, record_fails;

	bool caller_real;	/* the caller is who runs the program */
	bool has_admins;
	uint32_t admins;	/* a group: its members have Full Control */
	uint32_t caller_uid;
	enum memory_control control;
	uint64_t proof_us;	/* how long the proof of identity takes */
	bool proof_fails;

	struct memory_user *users;
	size_t n_users;
	struct memory_session *sessions;
	size_t n_sessions;
	struct memory_process *processes;
	size_t n_processes;

	uint64_t now_us;
	uint64_t real_start_us;	/* with realtime: the monotonic clock at time 0 */
	int64_t real_start;	/* Unix time at time 0 */
	uint32_t next_pid;
	bool proven;		/* the proof of identity has been given */
	struct memory_share *share;	/* NULL: not shared */
	unsigned n_idle;	/* waits in a row in which nothing happened and no time passed */
};

/*
 * Parses the description TEXT. *ret_world is the caller's: memory_world_free().
 * Returns 0, -EINVAL (with the line) or -ENOMEM.
 */
int memory_parse(struct memory_world **ret_world, const char *text, size_t length, struct logoff_error *reterr);

/* The same for the file PATH. Returns 0, -EINVAL or -ENOMEM. */
int memory_load(struct memory_world **ret_world, const char *path, struct logoff_error *reterr);

/* Frees WORLD. NULL is allowed. Returns NULL. */
struct memory_world *memory_world_free(struct memory_world *world);

/* ---- what the processes that share a host tell each other (memory-share.c) ---- */

enum memory_act_type {
	MEMORY_ACT_ASK,		/* session or service manager are asked to end */
	MEMORY_ACT_KILL,	/* and are killed */
	MEMORY_ACT_DISCONNECT,	/* a session loses its client */
	MEMORY_ACT_ASK_PROCESS,
	MEMORY_ACT_KILL_PROCESS,
	MEMORY_ACT_END		/* a session ends by itself: nobody but a test writes that */
};

struct memory_act {
	enum memory_act_type type;
	enum host_part part;
	size_t index;		/* of the session, user or process in the world */
	bool last_act;
};

/* Opens what is shared of the host described in the file PATH. Returns 0, or -errno. */
int memory_share_open(struct memory_world *world, const char *path);

/* The caller of WORLD is who runs this program. */
void memory_share_caller(struct memory_world *world);

/* Frees SHARE. NULL is allowed. Returns NULL. */
struct memory_share *memory_share_close(struct memory_share *share);

/*
 * Takes the next act of another process, and the moment of it. Returns 1, 0 if there is none, or -EHOSTUNREACH: the
 * description has been replaced.
 */
int memory_share_next(struct memory_share *share, struct memory_act *ret_act, uint64_t *ret_at_us);

/* While the lock is held nobody else acts. */
void memory_share_lock(struct memory_share *share, bool on);

/* Tells the others of an act. The lock is held, and all acts of others have been taken. Returns 0 or -errno. */
int memory_share_add(struct memory_share *share, const struct memory_act *act, uint64_t at_us);

/* Simulates WORLD, which HOST owns from then on (its close() frees it). Returns 0 or -ENOMEM, with WORLD not taken. */
int memory_attach(struct logoff_host *host, struct memory_world *world);

#endif
