/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * result.h - what logoff prints of the sessions it has ended, for people and for programs.
 */
#ifndef CLI_RESULT_H
#define CLI_RESULT_H

#include <jansson.h>

#include "cli/choice.h"
#include "logoff.h"

/* Says what became of each session of REQUEST; what went well only if TALKATIVE. Returns the exit status. */
int result_print(const struct logoff_request *request, bool talkative);

/*
 * The same as JSON (doc/json.md): a row for each session; failures also as sentences on standard error. In lines the row of a
 * session comes with its result, and its facts are noted before the run: to ask for them meanwhile would hold up the others.
 */
struct result_rows {
	const struct logoff_request *request;
	json_t **sessions;	/* those whose rows are still to come; NULL: all come at the end */
	int status;		/* the highest so far */
};

/* Prepares ROWS for REQUEST, whose sessions are all there. */
void result_begin(struct result_rows *rows, const struct logoff_request *request);

/* If lines are wanted: tells now what became of SESSION. */
void result_now(struct result_rows *rows, const struct logoff_session *session);

/* Tells what became of all others, and frees what ROWS holds. Returns the exit status. */
int result_end(struct result_rows *rows);

/* Frees what ROWS holds, where there are no results. */
void result_done(struct result_rows *rows);

/* A line that tells one step, as report_event() does. */
void result_event(const struct logoff_event *event);

/* Prints what would be done as JSON, in the same form: the result is "would-end" or "protected". Returns EXIT_ENDED. */
int result_print_plan(const struct choice *choice, bool console);

/* Prints what the shells complete: id, name, user of each session, separated by tabs. Returns the exit status. */
int result_print_sessions(struct logoff_host *host);

#endif
