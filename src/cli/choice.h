/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * choice.h - the sessions a command line means: those it names and those it selects, each once, and why.
 *
 * The caller's own sessions and those of display managers and services are never selected, only named. What is chosen is
 * shown, and asked for once, before several selected sessions are logged off. A word that means nothing stops everything,
 * unless each session was named by itself; what the exit status will be is another question.
 */
#ifndef CLI_CHOICE_H
#define CLI_CHOICE_H

#include <stdio.h>

#include "cli/report.h"
#include "cli/running.h"
#include "cli/select.h"

struct chosen {
	struct logoff_session *session;	/* NULL once it has been handed over */
	char *id;
	enum logoff_why why;
	bool selected;			/* at first, though it was named later */
	char *user;			/* selected because it is that user's, who was named; NULL: by the selection */
};

/* Set the first three; all else zero is the empty choice. */
struct choice {
	struct logoff_host *host;
	struct selection *selection;
	bool if_any;			/* to select nothing is no failure */

	struct chosen *items;
	size_t n_items;
	bool stopped;			/* something was not understood: nothing may be done */
	enum exit_status status;	/* the highest of what could not be chosen; already said */

	struct logoff_session **all;	/* of the host, those taken from it NULL */
	size_t n_all;
	bool listed;
	int list_result;
	struct logoff_error list_error;
	size_t n_unknown_groups, n_unknown_programs;	/* spared, as it cannot be found out whether they are to be */
	struct running running;
	bool looked_again;
};

/* Tells whether anything is selected: by SELECTION, by a user or by a list. Else each session is named by itself. */
bool choice_selects(const struct selection *selection, int n_arguments, char **arguments);

/*
 * Chooses what the arguments and the selection mean, or says why not. If MESSAGE is not NULL one argument that looks like a
 * text and names nobody becomes *message.
 */
void choice_make(struct choice *choice, int n_arguments, char **arguments, const char **message);

/* Tells whether the caller's own session is among them. */
bool choice_has_own(const struct choice *choice);

/*
 * Shows the sessions, a line each; for /dryrun with what would be refused (CONSOLE: whether /console was given).
 * Returns EXIT_ENDED.
 */
enum exit_status choice_show(struct choice *choice, FILE *to, bool console);

/*
 * If several sessions are selected: asks on the terminal whether to go on, showing those that would end; refuses where
 * there is no terminal. YES answers in advance. Returns EXIT_ENDED to go on, EXIT_CANCELLED or EXIT_USAGE.
 */
enum exit_status choice_confirm(struct choice *choice, bool yes, bool console);

/* Hands the sessions over to REQUEST. Returns 0 or a fatal errno. */
int choice_request(struct choice *choice, struct logoff_request *request);

/* A logoff_still_func for a struct choice: tells whether why SESSION was chosen still holds. */
int choice_still(struct logoff_session *session, void *userdata);

/* Frees what has not been handed over. */
void choice_done(struct choice *choice);

#endif
