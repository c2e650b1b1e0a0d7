/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * recipients.h - the recipients of a message: a session, a user's sessions, those of a list, or everybody.
 *
 * A word (word.h) is the id of a session if there is one, else the name of a session, else the name of a user, which
 * means all sessions of that user. If it means a session, and a user has the same name, nobody gets the message, and
 * the sender is asked. No session gets a message twice.
 */
#ifndef CLI_RECIPIENTS_H
#define CLI_RECIPIENTS_H

#include "cli/report.h"
#include "logoff.h"

/* All zero is nobody. */
struct recipients {
	struct logoff_host *host;
	struct logoff_session **all;	/* every session of the host; the recipients stand first */
	size_t n_all, n_recipients;
	enum exit_status status;	/* the highest status of the failures, which have been reported */
};

/*
 * Finds the recipients that WORD means on HOST: "*", "@FILE", or a name or id. Reports what it cannot find, and, if
 * TALKATIVE, who is left out of "*". recipients_done() frees them.
 */
void recipients_find(struct recipients *recipients, struct logoff_host *host, const char *word, bool talkative);

/* Frees RECIPIENTS. */
void recipients_done(struct recipients *recipients);

#endif
