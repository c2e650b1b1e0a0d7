/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * service.h - daemons of this machine that may run in a session because somebody started them there.
 *
 * Without systemd a service has no control group of its own: one that was restarted from a session ("service ssh restart") has the
 * session's group and audit session, and so has what it starts. What is called a service here has a pid file in /run.
 */
#ifndef LOCAL_SERVICE_H
#define LOCAL_SERVICE_H

#include <stddef.h>

#include "local/proc.h"

struct service {
	pid_t pid;
	uint64_t start_time;	/* as in struct proc_stat */
	uint32_t starter;	/* the user who has logged in and started it; PROC_NO_AUDIT: nobody */
	bool lets_in;		/* it is a server by which users log on */
};

/* All zero is the empty list; freed by free(items). */
struct services {
	struct service *items;
	size_t n_items;
};

/* Tells whether COMMAND, the kernel's short name of a program, is that of one that lets users in from elsewhere: sshd and its like. */
bool service_lets_in(const char *command);

/*
 * Tells whether process PID, whose short name is COMMAND, is such a program of root's. A user may give a program of theirs any name,
 * and a name to one that is setuid; root alone can read which file it is.
 */
bool service_is_server(pid_t pid, const char *command);

/*
 * Adds the services to the empty LIST. Their pid files are root's, or in a folder that not everybody may write to that of the
 * daemon's own user, if that is no person's (below 1000). One whose process began after it was written is an old one. Returns 0 or -errno.
 */
int services_find(struct services *list);

/*
 * Tells whether the process is one of SERVICES or was started by one; but not what runs as the user who has started the service. That user
 * gets no audit session of their own when they log on through it: what they run then is theirs.
 */
bool services_have(const struct services *services, const struct proc_stat *stat);

#endif
