/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * here.h - what all kinds of host of this machine share: facts that its terminals and displays know, and its caller.
 */
#ifndef BACKEND_HERE_H
#define BACKEND_HERE_H

#include "core/host.h"

/*
 * Looks up FACTS (HOST_IDLE, HOST_CLIENT, HOST_NUMBER) of SESSION by its terminals, its display and the table of numbers. What cannot
 * be found out stays unknown; so does all of it for sessions that are not of this machine.
 * Blocks for up to one and a half seconds for a display that does not answer.
 */
void here_fill(struct logoff_session *session, unsigned facts);

/* Returns HOST_NUMBER if a session with this ID has no number by rule and may have one in the table of this machine; else 0. */
unsigned here_number(const struct logoff_host *host, const char *id);

/*
 * Tells whether the kernel lets the caller act on the processes, the terminals and the desktop of SESSION: the caller is root or the
 * session's own user, and the session is one of this machine. All others need the word of logind, polkit or the message service.
 */
bool here_has_power(const struct logoff_session *session);

/*
 * Has xrdp disconnect the client of SESSION, which is a desktop of xrdp's; or the message service, if the caller has not the power. Returns
 * as disconnect() of a back end.
 */
int here_disconnect(struct logoff_session *session, struct logoff_error *reterr);

/* The act() of back ends of this machine: a process is held by a pidfd. */
int here_act(struct logoff_host *host, struct host_held *held, enum host_act act);

/* The end_others() of back ends of this machine: the message service does it. */
void here_end_others(struct logoff_host *host, struct logoff_host_process *const *processes, size_t n_processes, uint64_t grace_ms,
		     int cancel_fd, int *results, struct logoff_error *cause);

/* Forgets what is known of displays, and that some did not answer: sessions are about to be looked up. */
void here_refresh(struct logoff_host *host);

/* Frees what the functions above keep in HOST, and its table of processes. */
void here_close(struct logoff_host *host);

#endif
