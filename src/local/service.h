/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * service.h - daemons of this machine that may run in a session because somebody started them there.
 *
 * Without systemd a service has no control group of its own: one that was restarted from a session ("service ssh restart") has the
 * session's group and audit session, and so have the logins that come through it. What is called a service here has a pid file of
 * root's below /run.
 */
#ifndef LOCAL_SERVICE_H
#define LOCAL_SERVICE_H

#include "base/process.h"
#include "local/proc.h"

/* Tells whether COMMAND, the kernel's short name of a program, is that of one that lets users in from elsewhere: sshd and its like. */
bool service_lets_in(const char *command);

/*
 * Adds the services to the empty LIST, which is the caller's. A pid file whose process began after it was written is an old one.
 * Returns 0 or -ENOMEM.
 */
int service_list(struct process_list *list);

#endif
