/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * strays.h - the processes of a logind session that are not in its control group, held by pidfd.
 *
 * The leader is logind's word for the process that opened the session; it may have been moved elsewhere since (a job
 * scheduler's PAM module), or have no control group of the session yet (state "opening"). Then its descendants are there too.
 * Where the session's id is that of a kernel audit session, whoever has that audit session belongs to it, wherever it is:
 * nobody can leave one. But who is older than the leader was there before the session: su in a job of cron's opens one with
 * the number of the job's. What the user has their own service manager run is not of the session, nor is what is in another
 * session, nor what was given to a unit of the system's (systemd-run --scope, a container) in which the leader is not; but tmux
 * has the manager hold each pane in a scope, and that is.
 */
#ifndef BACKEND_STRAYS_H
#define BACKEND_STRAYS_H

#include <poll.h>

#include "local/proc-table.h"

struct strays_marks {
	char id[CGROUP_ID];		/* of the session */
	pid_t leader;			/* 0: not known */
	uint64_t since_us;		/* monotonic: when the session began. A leader that started later is another process */
	uint32_t audit_session;		/* whose number is the id; PROC_NO_AUDIT: the id is of another sort ("c3") */
};

struct strays;

/*
 * Holds the leader, if it still is there. Returns 0, or an errno, also if the leader is not hidden from the caller but cannot be read.
 * *ret_strays is the caller's: strays_free().
 */
int strays_new(struct strays **ret_strays, const struct strays_marks *marks);

/* Frees STRAYS (NULL allowed), closes the pidfds. Returns NULL. */
struct strays *strays_free(struct strays *strays);

/*
 * Finds the audit session that is the session's own, by the processes in TABLE; PROC_NO_AUDIT: none, or somebody in it is older.
 * Returns 0 or an errno.
 */
int strays_audit_session(struct strays *strays, const struct table *table, uint32_t *ret);

/* Tells whether the leader is held, its number has not been given to another, and its audit session is known, which may be none. */
bool strays_knows_login(const struct strays *strays);

/* The audit session of the session's own login, whether or not others are in it too; PROC_NO_AUDIT: not known. */
uint32_t strays_own_audit(const struct strays *strays);

/*
 * Tells whether AUDIT, of a process in the session's control group, is the audit session of another login. Returns 1, 0, or -ENODATA:
 * it is none, as in containers without audit.
 */
int strays_is_of_others(const struct strays *strays, uint32_t audit);

/* Tells whether the leader lives outside of the session's control group. */
bool strays_has_leader_outside(const struct strays *strays);

/* Tells whether the session has no audit session: then strays can only be found while those above them live. */
bool strays_are_unaudited(const struct strays *strays);

/* Holds those in TABLE that are not held yet. Returns how many are new, counting those that were born and have ended meanwhile, or an errno. */
int strays_collect(struct strays *strays, const struct table *table);

/* Tells whether some had ended when the last strays_collect() read them: they may have left others. */
bool strays_have_lost(const struct strays *strays);

/*
 * Why the last strays_collect() may have missed some: -EOPNOTSUPP, processes are hidden from the caller, or nobody can tell whether
 * they are of the session; or another errno; 0: it has not.
 */
int strays_doubt(const struct strays *strays);

/* Tells whether any that is held lives; the leader within the session's control group too. */
bool strays_live(const struct strays *strays);

/*
 * Asks each, once, to end, as systemd asks the processes of a scope; but never the calling process. Returns 0, or -EPERM if some
 * refused.
 */
int strays_ask(struct strays *strays);

/* Sends SIGNAL to each, never to the calling process, and to the leader only if it is outside. Returns 0, or -EPERM if some refused. */
int strays_signal(const struct strays *strays, int signal);

/* Adds those that live to LIST; the leader within the session's control group too. */
int strays_list(const struct strays *strays, struct process_list *list);

/* How many pollfds strays_poll() fills, each of which becomes readable when one that is outside ends. */
size_t strays_n_poll(const struct strays *strays);
void strays_poll(const struct strays *strays, struct pollfd *fds);

#endif
