/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * recipients.h - the recipients of a message: a session, a user's sessions, those of a list, or everybody.
 *
 * A word (word.h) is the id of a session if there is one, else the name or the number of a session, else the name of a
 * user, which means all sessions of that user. If it means a session, and a user has the same name, nobody gets the
 * message, and the sender is asked. No session gets a message twice.
 *
 * Of several far hosts a word without a host means a user, as each host numbers its sessions by itself.
 */
#ifndef CLI_RECIPIENTS_H
#define CLI_RECIPIENTS_H

#include "cli/names.h"
#include "cli/report.h"
#include "logoff.h"

/* All zero is nobody. */
struct recipients {
	struct logoff_host *host;	/* NULL: the sessions are those of far hosts, and the caller's */
	struct logoff_session **all;	/* every session of the host, or of the far hosts; the recipients stand first */
	size_t n_all, n_recipients;
	enum exit_status status;	/* the highest status of the failures, which have been reported */

	/* For sessions of far hosts. A name that is not found among them is not looked up. */
	const char *scope;		/* words mean sessions of this one of the hosts; NULL: users of all of them */
	bool incomplete;		/* of the scope: a name that is not found may exist */
};

/*
 * Finds the recipients that WORD means on HOST: "*", "@FILE", or a name or id. Reports what it cannot find, and, if
 * TALKATIVE, who is left out of "*". recipients_done() frees them.
 */
void recipients_find(struct recipients *recipients, struct logoff_host *host, const char *word, bool talkative);

/* Adds the sessions that WORD means, a name or an id; SHOWN is the word with its place. Reports what it cannot find. */
void recipients_add(struct recipients *recipients, const char *word, const char *shown);

/* Adds everybody who is logged on. Reports who is left out if TALKATIVE, and if nobody is there. */
void recipients_add_all(struct recipients *recipients, bool talkative);

/* Reads the list of recipients at PATH, as names_read(). Reports failures, also an empty list. Returns the status. */
enum exit_status recipients_read(struct names *names, const char *path, names_behind_host_func behind_host,
				 void *userdata);

/* Frees RECIPIENTS, without the sessions of far hosts. */
void recipients_done(struct recipients *recipients);

#endif
