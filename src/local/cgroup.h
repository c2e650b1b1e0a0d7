/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cgroup.h - what the path of a process's control group says: which session of logind it is in, or which service manager.
 *
 * The parsers take the text of /proc/PID/cgroup, whose last parts users choose. Only what begins at the top of the tree,
 * where systemd and elogind alone make groups, counts. Sources: cgroups(7), systemd.special(7), pam_systemd(8).
 */
#ifndef LOCAL_CGROUP_H
#define LOCAL_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define CGROUP_ID 24	/* bytes of a session's id, with the NUL */
#define CGROUP_UNIT 320	/* bytes of the path of a unit; what is longer is cut, and is the same as what is alike so far */

/* The text of /proc/PID/cgroup. */
struct cgroup {
	char text[1024];
};

/*
 * Tells whether a group of TEXT lies outside of the caller's namespace of control groups: then the path is not that of the host,
 * and nothing can be told by it (cgroup_namespaces(7)).
 */
bool cgroup_is_outside(const char *text);

/* Reads it. Returns 0, -ESRCH (no such process), -EOPNOTSUPP (it lies outside) or another errno. */
int cgroup_read(pid_t pid, struct cgroup *ret);

/*
 * Finds the id of the session: systemd's user.slice/user-UID.slice/session-ID.scope, or, with ELOGIND, /ID.
 * Returns whether there is one.
 */
bool cgroup_parse_session(const char *text, bool elogind, char id[static CGROUP_ID]);

/*
 * Finds the user whose service manager the process belongs to (user@UID.service). *ret_unit, if wanted, is the path of the
 * unit below it ("app.slice/app-gnome-xterm-1.scope"), up to the end of the line. Returns whether there is one.
 */
bool cgroup_parse_manager(const char *text, uid_t *ret_uid, const char **ret_unit);

/*
 * Finds the service or scope of the system's own service manager that the process was given to: what services run, what
 * "systemd-run --scope" starts, virtual machines and containers (system.slice, machine.slice). Returns whether there is one.
 */
bool cgroup_parse_system_unit(const char *text, char unit[static CGROUP_UNIT]);

#endif
