/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * procfs-view.h - all processes at one time, grouped into what procfs.c takes for sessions: by kernel audit session, else by
 * the terminal on which the family of a process began. Only procfs*.c include it.
 */
#ifndef BACKEND_PROCFS_VIEW_H
#define BACKEND_PROCFS_VIEW_H

#include "core/host.h"
#include "local/caller.h"
#include "local/family.h"

/* The host's own data. */
struct procfs {
	uint32_t ambient; /* audit session of process 1 */
	bool beside;	  /* a session manager knows most sessions; only logins that it does not know are wanted */
	bool elogind;	  /* it is elogind */
	struct caller caller; /* nobody: not looked for yet */
	uint64_t caller_us;   /* monotonic: when it was found */
	uint64_t interval_us;
};

/* One process of a view. */
struct task {
	struct proc_stat stat;
	uint32_t audit;
	pid_t home; /* by terminal: the kernel session whose terminal's family it belongs to; 0: none */
	const struct proc_login *login;
	const struct logoff_session *session;	/* of a census */
};

/* All processes at one time, by pid, and who has logged in. */
struct view {
	struct logoff_host *host;
	struct task *tasks;
	size_t n_tasks;
	struct task **sessions; /* the tasks that belong to any, those of one session together, the oldest first */
	size_t n_sessions;
	struct proc_login *logins;
	size_t n_logins;
	unsigned init_terminal;	 /* of process 1: the console of a container */
	unsigned front_terminal; /* the virtual terminal in front; 0: none */
	int64_t now_us, boot_us; /* Unix time */
	uint32_t only;		/* take only the processes of this audit session; PROC_NO_AUDIT: all */
};

/* One session of a view. */
struct group {
	struct task **tasks;
	size_t n_tasks;
	const struct task *oldest;
	const struct task *leader;	/* of the terminal: by terminal the one whose pid is the id */
	const struct task *on_terminal; /* the oldest that has a terminal, or NULL */
	const struct proc_login *login; /* the oldest, or NULL */
};

/*
 * Takes a view of HOST: of all processes, or, if ONLY is not PROC_NO_AUDIT, of those with that audit session. view_done() frees it,
 * after a failure too. Returns 0 or a fatal errno.
 */
int view_init(struct view *view, struct logoff_host *host, uint32_t only, struct logoff_error *reterr);
void view_done(struct view *view);

/* The process PID, or NULL. */
struct task *view_find(const struct view *view, pid_t pid);

/*
 * The kernel session whose terminal's family a process belongs to: its own, unless that was begun inside another one's (script, a
 * terminal multiplexer): then the outermost. 0: none. Never through process 1.
 */
pid_t view_home(const struct view *view, const struct task *task);

/* Tells whether two processes are in one session. */
bool view_is_same_session(const struct task *one, const struct task *two);

/* Takes the session that begins at number START of the sorted tasks. Returns the number after its last one. */
size_t view_take_group(const struct view *view, size_t start, struct group *ret);

/* Drops TASK, which has ended, from its group. Returns false if nobody else is in it; then GROUP is unchanged. */
bool view_drop_task(struct group *group, const struct task *task);

/* Tells whether a login record is of a program inside a login (tmux, screen), which any program may write by utempter. */
bool view_is_nested_login(const struct proc_login *login);

/* Tells whether GROUP is an audit session; else it is one by terminal. */
bool view_is_audit_group(const struct group *group);

/* ---- sessions (procfs-session.c) ---- */

/* The data of a session: by what its processes are recognised, and them, once it is being ended. */
struct own {
	struct family_marks marks;
	pid_t leader; /* by terminal: the process whose pid is the id */
	bool init;    /* process 1 is on the terminal: it cannot be ended */
	struct family *family;
	bool fresh; /* just scanned */
};

/* Tells whether the caller is in GROUP. */
bool procfs_is_current(const struct view *view, const struct group *group);

/*
 * Makes a session of GROUP. *ret_session is the caller's. Tasks that have ended since the view are dropped from GROUP, beginning with the first.
 * Returns 0, -ENXIO if it is none, or a fatal errno with its cause.
 */
int procfs_make_session(const struct view *view, struct group *group, struct logoff_session **ret_session,
			struct logoff_error *reterr);

#endif
