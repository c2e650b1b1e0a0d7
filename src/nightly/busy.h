/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * busy.h - whether something works in a session whose user is idle: a long computation, a download, a log that is
 * followed.
 *
 * A session is busy if a program has written to one of its terminals within the last ten minutes, or if its processes
 * use more than a twentieth of a processor. A shell that waits at its prompt, an editor and a pager do neither.
 */
#ifndef NIGHTLY_BUSY_H
#define NIGHTLY_BUSY_H

#include <stddef.h>
#include <stdint.h>

enum busy {
	BUSY_NO,
	BUSY_YES,
	BUSY_UNKNOWN
};

/* A session that is looked at. */
struct busy_session {
	char id[24];
	enum busy busy;
	uint64_t ticks;		/* of a processor, that its processes have used */
};

/* Whether a program has written to TERMINAL, "pts/3", lately. */
enum busy busy_terminal(const char *terminal);

/* Looks for two seconds what those of SESSIONS use that are not known to be busy. */
void busy_measure(struct busy_session *sessions, size_t n_sessions);

#endif
