/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * forked.h - in a child process: becoming a user, and finding the way to their desktop as they would.
 *
 * X servers and buses let in nobody but their user, root neither, and root is to open none of a user's files. So what
 * is to be asked there is asked by a child that has given up all other rights first; the caller's deadline does the
 * rest. Rights are not all that a process inherits: what else the caller was (login, session, keyring, scope, limits)
 * is cut off too, since the user has the child in their hands as soon as it runs a program. SECURITY.md has the list.
 * Nothing here is for the calling process itself.
 */
#ifndef LOCAL_FORKED_H
#define LOCAL_FORKED_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "local/user.h"
#include "logoff.h"

/* The longest environment of a process that is read. */
#define USER_ENVIRONMENT_MAX (128 << 10)

/*
 * Undoes what the caller has set up for itself: signals, terminal, process group, folder, umask, environment, and all
 * descriptors but *FD, which gets another number. 0, 1 and 2 become /dev/null. Returns 0 or -errno: then the child must
 * end.
 */
int user_forget_caller(int *fd);

/*
 * Cuts off what a child of root has inherited and would keep as user UID: the login uid and with it the audit session,
 * the cgroup, priority, scheduling, capabilities. BESIDE is a process of the session that it goes into, whose cgroup it
 * gets; 0: the cgroup stays. LIKE is any process of the user, or 0. To be called before user_become(). Returns 0, or
 * -errno with the cause: then nothing of the user's may be run.
 */
int user_cut(uid_t uid, pid_t beside, pid_t like, struct logoff_error *cause);

/*
 * Gives up all rights but those of user UID, supplementary groups too, and the keyrings; HOME takes the user's folder.
 * Returns 0 or -errno: then the child must end.
 */
int user_become(uid_t uid, char *home, size_t size);

/* After that: no limit stays above those of process LIKE of the user (0: none), and memory is never written to a file. */
void user_limit(pid_t like);

/*
 * Tells whether TEXT is exactly one address of a socket of this machine, unix:path=... or unix:abstract=...: nothing
 * that starts a program, and no second address behind it.
 */
bool user_is_bus_address(const char *text);

/* One line of /proc/PID/cgroup. */
struct user_cgroup {
	bool unified;			/* of v2 */
	bool named;			/* of v1, and only there to group processes: systemd's, elogind's */
	char hierarchy[256];		/* its name or controllers; "" of v2 */
	char path[4096];
};

/* Parses it. Returns false if it tells no cgroup that can be seen from here. */
bool user_parse_cgroup(const char *line, size_t length, struct user_cgroup *ret);

/* Reads the environment of process PID into TEXT, ended by two null bytes. Returns its length, 0 if it may not be read. */
size_t user_read_environment(pid_t pid, char *text, size_t size);

/* Returns the value of variable NAME in an environment that has been read, or NULL. */
const char *user_find_variable(const char *text, size_t length, const char *name);

#endif
