/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * family.h - the processes of one session held by pidfd, where no service manager does it for us (procfs, elogind).
 *
 * A family is collected before its session is asked to end, because on such hosts the session's id may be lost before
 * its processes are gone. A pidfd keeps hold of the process itself, so a reused pid can never be signalled or waited
 * for. New members (forks) are found by scanning again; a group kill is atomic against fork, so killing goes by pidfd
 * and by process group. "Gone" means: several scans in a row found nobody.
 */
#ifndef LOCAL_FAMILY_H
#define LOCAL_FAMILY_H

#include <poll.h>

#include "local/proc.h"

/* How members are recognised. Any of the marks makes a process a member. */
struct family_marks {
	uint32_t audit_session;	/* PROC_NO_AUDIT: not used */
	unsigned terminal;	/* device number, 0: not used. Descendants of members count too (never through pid 1) */
	pid_t terminal_session;	/* with terminal: the kernel session of this number instead, as the terminals of containers have the
				   same device numbers, and the end of its leader takes the terminal from it; 0: not known */
	const char *cgroup;	/* directory of a cgroup, NULL: not used; borrowed */
	bool spare_services;	/* services of the machine (service.h) and what they have started, and in the cgroup who has another
				   audit session than OWN_AUDIT, are no members: they came by what somebody started in the session */
	uint32_t own_audit;	/* with it: the session's own; PROC_NO_AUDIT: not known */
	uint32_t user;		/* with it: the session's user, who has started the services in it where no audit session tells */
};

struct family;

/* Makes an empty family recognised by MARKS (copied). Returns 0, -ENOMEM, or another errno: what is to be spared cannot be told. */
int family_new(struct family **ret_family, const struct family_marks *marks);

/* Adds to the empty LIST those in the cgroup that are spared. Returns 0 or -errno. */
int family_list_spared(const struct family *family, struct process_list *list);

/* Frees FAMILY (NULL allowed), closes its pidfds. Returns NULL. */
struct family *family_free(struct family *family);

/*
 * Drops members that have ended and finds new ones. The calling process is never a member. Returns the number of
 * living members, or a negative fatal errno.
 */
int family_scan(struct family *family);

/*
 * Tells whether several scans in a row, with no time limit between them, have found nobody. Scans. Returns 1, 0, -EOPNOTSUPP
 * if nobody was found but some processes could not be looked at, -EAGAIN if some may have been missed, or another errno.
 */
int family_is_gone(struct family *family);

/* Sends SIGNAL to each member (by pidfd; SIGKILL also by process group). Returns 0, or -EPERM if some refused. */
int family_signal(struct family *family, int signal);

/* Adds the living members to LIST. */
int family_list(const struct family *family, struct process_list *list);

/* The number of pollfds family_poll() fills. */
size_t family_n_poll(const struct family *family);

/* Fills FDS, family_n_poll() of them: each becomes readable when a member ends. */
void family_poll(const struct family *family, struct pollfd *fds);

#endif
