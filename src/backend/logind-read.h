/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * logind-read.h - what the files that read logind's sessions share: logind-read.c (one), logind-list.c (all, and those that may
 * bear a name), logind-terminals.c (their terminals, and the names that follow from them). Nobody else includes it.
 */
#ifndef BACKEND_LOGIND_READ_H
#define BACKEND_LOGIND_READ_H

#include "backend/logind-parse.h"
#include "backend/logind.h"

/* Makes a session of what was read. Returns 0 or -ENOMEM. */
int logind_session_from(struct logoff_host *host, const struct logind_properties *p, struct logoff_session **ret_session);

/* Makes a session of the answer of GetAll. Returns 0 or -errno with the cause. */
int logind_session_from_answer(struct logoff_host *host, sd_bus_message *answer, struct logoff_session **ret_session,
			       struct logoff_error *reterr);

/*
 * Tells whether the host's numbers of processes are ours: not in a pid namespace of our own that has the host's bus, where the
 * number of a leader is somebody else's. Unknown is no, and asked again; so it is asked before the answers
 * of a list come in, where nothing can be asked.
 */
bool logind_has_our_numbers(const struct logoff_host *host);

/* Asks METHOD (GetSession, GetSessionByPID) of logind for the object of a session and reads that. Returns 0 or -errno with the cause. */
int logind_get_by_call(struct logoff_host *host, struct logoff_session **ret_session, struct logoff_error *reterr,
		       const char *method, const char *type, ...);

/* Adds all sessions to LIST, with their names. Returns 0 or -errno with the cause. */
int logind_list_all(struct logoff_host *host, struct session_list *list, struct logoff_error *reterr);

/*
 * Names the sessions of a full list. Terminals of those whose name is certain are looked up when somebody wants to know them.
 * Returns 0 or a fatal errno.
 */
int logind_name_all(struct logoff_host *host, const struct session_list *list);

#endif
