/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * choice.h - the sessions a command line means: those it names and those it selects, each once.
 *
 * The caller's own session and the sessions of display managers and services are never selected, only named. What is
 * chosen is shown, and asked for once, before several selected sessions are logged off.
 */
#ifndef CLI_CHOICE_H
#define CLI_CHOICE_H

#include <stdio.h>

#include "cli/report.h"
#include "cli/select.h"

/* All zero is the empty choice. */
struct choice {
	struct logoff_session **sessions;
	size_t n_sessions;
	size_t n_selected;		/* of them, not named: the last ones */
	enum exit_status status;	/* the highest of what could not be chosen; already said */
};

/* Adds the session called DESIGNATOR (NULL: the caller's), or says why not. */
void choice_add_named(struct choice *choice, struct logoff_host *host, const char *designator);

/*
 * Adds what the list file at PATH names (names.h): a user's name stands for his sessions, as if selected, without those
 * that EXCLUDES leaves out. Says what cannot be read (then the status is EXIT_USAGE) or is not there.
 */
void choice_add_file(struct choice *choice, struct logoff_host *host, const char *path,
		     const struct option_list *excludes);

/* Adds the sessions that are selected, or says why there is none. */
void choice_add_selected(struct choice *choice, struct logoff_host *host, const struct selection *selection);

/* Tells whether the caller's own session is among them. */
bool choice_has_own(const struct choice *choice);

/*
 * Shows the sessions, a line each; for /dryrun with what would be refused (CONSOLE: whether /console was given).
 * Returns EXIT_ENDED.
 */
enum exit_status choice_show(const struct choice *choice, FILE *to, bool console);

/*
 * If several sessions are selected: asks on the terminal whether to go on, showing them; refuses where there is no
 * terminal. YES answers in advance. Returns EXIT_ENDED to go on, EXIT_CANCELLED or EXIT_USAGE.
 */
enum exit_status choice_confirm(const struct choice *choice, bool yes, bool console);

/* Hands the sessions over to REQUEST. Returns 0 or a fatal errno. */
int choice_request(struct choice *choice, struct logoff_request *request);

/* Frees what has not been handed over. */
void choice_done(struct choice *choice);

#endif
