/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * proc-table.h - all processes of the machine at one time.
 *
 * What belongs to a session is asked of several sources: control group, leader, kernel audit session, terminal. A table is
 * taken once for all sessions of a question: the numbers at once, what else is known of a process when it is wanted, and
 * only once. Nothing in it is current: before a process is signalled it is held by pidfd and looked at again.
 */
#ifndef LOCAL_PROC_TABLE_H
#define LOCAL_PROC_TABLE_H

#include "local/cgroup.h"
#include "local/proc.h"

/* One process. */
struct table_row {
	pid_t pid;
	unsigned known;			/* which of the following have been read */
	struct proc_stat stat;		/* pid 0: it has ended, or cannot be read */
	uid_t uid;			/* owner of /proc/PID: the effective user; (uid_t)-1: ended */
	uint32_t audit;
	int stat_error, audit_error, cgroup_error;	/* why it could not be read, though the process lives: negative errno; or 0 */
	char session[CGROUP_ID];	/* by control group; "": in none */
	bool desktop, common;		/* run there by a desktop; for all of the user's */
	bool moved;			/* put there by a program of a session, see table_is_moved() */
	bool of_system;			/* in a service or scope of the system that is no session's */
	uid_t manager;			/* whose service manager it belongs to; (uid_t)-1: none's */
};

struct table {
	struct table_row *rows;		/* by pid */
	size_t n_rows;
	uint64_t taken_us;		/* monotonic: when it was begun */
	pid_t last_pid;			/* the number last given out before it was begun; 0: not known */
	pid_t settled_pid;		/* the last number that table_settle() has looked up */
	bool listed;			/* it has looked at all once more */
	bool partial;			/* the kernel hides processes of others from the caller */
	bool elogind;			/* how to read control groups */
};

/* Takes all processes. *ret_table is the caller's: table_free(). Returns 0 or a fatal errno. */
int table_new(struct table **ret_table, bool elogind);

/*
 * Reads the audit session of each process, and then adds those born since the table was begun, until no more are born. With ALL, if
 * nobody was born, it lists /proc once more and adds those whose number was given out before, and whose birth the kernel had not
 * completed: on a busy machine that can take milliseconds. Returns 0, 1 if any were born or added since the last call, -EAGAIN if too
 * many were (only a new table can show them), -EOPNOTSUPP if that cannot be told, or -ENOMEM.
 *
 * So nobody is missed who forks and ends while the table is read: if the first call is followed by reading what matters of each process,
 * and a call with ALL then returns 0, all that run by now are in the table and were there when they were read. A process that forks
 * meanwhile runs until that is over. Once it has LISTED, a later reader of the table needs that again only if one of those who
 * matter had ended when they were read.
 */
int table_settle(struct table *table, bool all);

/* Tells whether a process has been born since TABLE was begun. */
bool table_is_newborn(const struct table *table, const struct table_row *row);

/* Takes the processes of LIST alone. Returns 0 or -ENOMEM. */
int table_new_of(struct table **ret_table, const struct process_list *list, bool elogind);

/* Frees TABLE (NULL allowed). Returns NULL. */
struct table *table_free(struct table *table);

/* The process PID, or NULL. */
struct table_row *table_find(const struct table *table, pid_t pid);

/* The state of a process, or NULL: it has ended, or row->stat_error says why it could not be read. Owned by ROW. */
const struct proc_stat *table_stat(struct table_row *row);

/* The owner of a process; (uid_t)-1 if it has ended. */
uid_t table_uid(struct table_row *row);

/* The audit session of a process; PROC_NO_AUDIT: none, or it has ended, or row->audit_error says why it could not be read. */
uint32_t table_audit(struct table_row *row);

/*
 * The session of logind that a process is in by its control group, or NULL. Owned by ROW. If row->cgroup_error is set, neither this
 * nor what the manager is asked for is known.
 */
const char *table_session(const struct table *table, struct table_row *row);

/*
 * Notes that the processes in the control group with the folder CGROUP are in session ID, so that none of them has to be read for
 * that. Returns how many there are.
 */
size_t table_note_session(struct table *table, const char *cgroup, const char *id);

/* The session of a process if it has been noted or read; NULL: not yet, or it is in none. Owned by ROW. */
const char *table_known_session(const struct table_row *row);

/* The user whose service manager a process belongs to; (uid_t)-1: none's. */
uid_t table_manager(const struct table *table, struct table_row *row);

/*
 * Tells whether a process is in a scope of the user's service manager into which a program put what it started itself, as tmux does
 * with each pane: parent and audit session say to which session it belongs. Not systemd-run's scopes, by which users keep a program
 * beyond their logout.
 */
bool table_is_moved(const struct table *table, struct table_row *row);

/* Tells whether a process is in a service or scope of the system, and in no session's. */
bool table_is_of_system(const struct table *table, struct table_row *row);

/* Tells whether a process is one that a desktop has the user's service manager run (desktop.h). */
bool table_is_desktop(const struct table *table, struct table_row *row);

/* Tells whether it is of a service that all desktops of the user need (desktop.h). */
bool table_is_common(const struct table *table, struct table_row *row);

/* When a process started, by the clock that goes on while the machine sleeps (CLOCK_BOOTTIME). */
uint64_t table_start_us(const struct proc_stat *stat);

/* That clock now. */
uint64_t table_now_us(void);

/*
 * The same of what began at these times of the two other clocks. How long the machine had slept before only the real-time
 * clock tells: if that was set since, the answer may be earlier, by up to that sleep, or later, by up to the sleep since.
 */
uint64_t table_begin_us(uint64_t realtime_us, uint64_t monotonic_us);

/*
 * Tells whether the process had started by the monotonic time UNTIL_US and SLACK_US more. While the machine sleeps that clock
 * stands, and the kernel's for processes does not: after a sleep the answer is yes too often.
 */
bool table_is_older(const struct proc_stat *stat, uint64_t until_us, uint64_t slack_us);

/*
 * Tells whether the process may be the leader of a session that began at the monotonic time SINCE_US: else its number has been given to
 * another one since.
 */
bool table_may_lead(const struct proc_stat *stat, uint64_t since_us);

/*
 * How many generations PID is below ANCESTOR: 0 for itself. Returns -1 if it is no descendant, as far as the table shows:
 * a process whose parent has ended has been handed to another.
 */
int table_depth(const struct table *table, pid_t pid, pid_t ancestor);

#endif
