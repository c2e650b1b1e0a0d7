/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * recipients.h - to whom a message goes: a session, a user's sessions, those of a list, or everybody.
 *
 * A word (word.h) is the id of a session if there is one, else the name of one, else the name of a user, who is meant in
 * every session of theirs. If it is a session and somebody else is called so, nobody gets the message, and the sender is
 * asked. Nobody gets a message twice.
 */
#ifndef CLI_RECIPIENTS_H
#define CLI_RECIPIENTS_H

#include "cli/report.h"
#include "logoff.h"

/* All zero is nobody. */
struct recipients {
	struct logoff_host *host;
	struct logoff_session **all;	/* every session of the host: first those that are recipients */
	size_t n_all, n_recipients;
	enum exit_status status;	/* the highest of what could not be found; already said */
};

/*
 * Finds the recipients that WORD means on HOST: "*", "@FILE", or a name or id. Says whom it cannot find, and, if
 * TALKATIVE, who of all is left out. recipients_done() frees them.
 */
void recipients_find(struct recipients *recipients, struct logoff_host *host, const char *word, bool talkative);

/* Frees RECIPIENTS. */
void recipients_done(struct recipients *recipients);

#endif
