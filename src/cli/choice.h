/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * choice.h - the sessions that a command line names and selects, each once, and why.
 *
 * Sessions that are or may be the caller's own, and those of display managers and services are never selected, only
 * named. Before several selected sessions are logged off, the command shows them and asks once. A word that means
 * nothing stops everything, unless each session was named by itself; the exit status is independent of that.
 */
#ifndef CLI_CHOICE_H
#define CLI_CHOICE_H

#include <stdio.h>

#include "cli/judge.h"
#include "cli/report.h"
#include "cli/select.h"

struct chosen {
	struct logoff_session *session;	/* NULL once the request has it */
	char *id;
	enum logoff_why why;
	bool selected;			/* it was selected first, and perhaps named later */
	char *user; /* the user who was named and whose session it is; NULL: the selection fits */
};

/* The logons that a run has dealt with. All zero is none. */
struct known {
	struct known_logon *items;
	size_t n_items;
};

/* Set the first five; all else zero is the empty choice. */
struct choice {
	struct logoff_host *host;
	struct selection *selection;
	bool if_any;			/* it is no failure if nothing is selected */
	bool again;			/* a later list of the same run: exclusions were checked before */
	/*
	 * With /drain: those are not selected. A session is added if it is left alone because a condition is unknown;
	 * that is a failure then, as nobody knows whether the machine is empty. Else NULL.
	 */
	struct known *known;

	struct chosen *items;
	size_t n_items;
	bool stopped;			/* a word was not understood: nothing may be done */
	enum exit_status status;	/* the highest status of the failures so far, which have been reported */

	struct logoff_session **all;	/* all sessions of the host; NULL where items has the session */
	size_t n_all;
	bool listed;
	int list_result;
	struct logoff_error list_error;
	size_t n_unknown[JUDGE_DOUBTS];	/* left alone, as that is unknown of them */
	struct logoff_error unknown;	/* why, of the first that has a cause */
	bool hides_logins;		/* the list may lack some */
	struct judge judge;
};

/* Tells whether anything is selected: by SELECTION, by a user or by a list. If not, each session is named by itself. */
bool choice_selects(const struct selection *selection, int n_arguments, char **arguments);

/*
 * Chooses the sessions that the arguments and the selection mean, or reports why not. If MESSAGE is not NULL, one
 * argument that looks like a text and names nobody becomes *message.
 */
void choice_make(struct choice *choice, int n_arguments, char **arguments, const char **message);

/* Adds the sessions of the choice to those that are known. To be called before they are handed over. */
void choice_note_known(const struct choice *choice);

/* Frees what KNOWN holds. */
void known_done(struct known *known);

/* Tells whether a session is in the choice that is or may be the caller's own. */
bool choice_has_own(const struct choice *choice);

/*
 * Shows the sessions on a line each, for /dryrun, with those that would be refused (CONSOLE: /console was given).
 * Returns EXIT_ENDED.
 */
enum exit_status choice_show(struct choice *choice, FILE *to, bool console);

/*
 * If several sessions are selected, shows those that would be logged off, and asks on the terminal whether to go on.
 * Refuses where there is no terminal. YES answers in advance. Returns EXIT_ENDED to go on, EXIT_CANCELLED or
 * EXIT_USAGE.
 */
enum exit_status choice_confirm(struct choice *choice, bool yes, bool console);

/* Moves the sessions to REQUEST. Returns 0 or a fatal errno. */
int choice_request(struct choice *choice, struct logoff_request *request);

/* A logoff_still_func for a struct choice: tells whether SESSION still fits the reason for which it was chosen. */
enum logoff_result choice_still(struct logoff_session *session, void *userdata);

/* Frees the sessions that no request has. */
void choice_done(struct choice *choice);

#endif
