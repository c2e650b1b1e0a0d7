/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * become.h - becoming a user, and nothing else of what the caller was.
 *
 * X servers and buses let in nobody but their user, root neither, and root is to open none of a user's files. So what is to be
 * asked there is asked by a process that has given up all other rights first. Rights are not all that a process inherits: what
 * else the caller was (login, session, keyring, scope, limits) is cut off too, since the user has the process in their hands as
 * soon as it runs a program. SECURITY.md has the list.
 */
#ifndef USER_BECOME_H
#define USER_BECOME_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "logoff.h"

/*
 * Undoes what the starter may have left undone: folder, umask, environment, and all descriptors above FD, which is closed
 * when another program starts.
 */
void become_forget(int fd);

#define BECOME_NO_SESSION ((pid_t)-1)

/*
 * Cuts off what a program of root's has inherited and would keep as user UID: the login uid and with it the audit session,
 * the cgroup, priority, scheduling, capabilities. BESIDE is a process of the session that it goes into, whose cgroup it
 * gets; 0: it stays where it is; BECOME_NO_SESSION: it goes to the top of the tree, if it may. LIKE is any process of the
 * user, or 0. To be called before become_user(). Returns 0, or -errno with the cause: then nothing of the user's may be run.
 */
int become_cut(uid_t uid, pid_t beside, pid_t like, struct logoff_error *cause);

/*
 * Gives up all rights but those of user UID, supplementary groups too, and the keyrings; HOME takes the user's folder. Memory
 * is never written to a file. Returns 0 or -errno: then the program must end.
 */
int become_user(uid_t uid, char *home, size_t size);

/*
 * Becomes user UID for good, with group GROUPS[0] and just the N_GROUPS of GROUPS, in a program that root has started with its
 * orders on the standard descriptors. Nothing else of the starter's is kept but these and the cgroup: no other descriptor, no
 * signal that is blocked or ignored, no keyring, no capability (root keeps its own), and no program that is run can get any. The
 * login uid stays: it says who has started the program, and where it is not set, to set it would begin a login. The
 * environment is the caller's to clear. Returns 0, or -errno with the cause: then the program must end.
 */
int become_exactly(uid_t uid, const gid_t *groups, size_t n_groups, struct logoff_error *cause);

/*
 * After that: no limit stays above those of process LIKE of the user, which the user may read. Returns 0, or -errno with the
 * cause: then nothing of the user's may be run.
 */
int become_limit(pid_t like, struct logoff_error *cause);

/* One line of /proc/PID/cgroup. */
struct become_cgroup {
	bool unified;			/* of v2 */
	bool named;			/* of v1, and only there to group processes: systemd's, elogind's */
	char hierarchy[256];		/* its name or controllers; "" of v2 */
	char path[4096];
};

/* Parses it. Returns false if it tells no cgroup that can be seen from here. */
bool become_parse_cgroup(const char *line, size_t length, struct become_cgroup *ret);

#endif
