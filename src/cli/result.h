/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * result.h - what logoff prints about the sessions it has ended, for people and for programs.
 */
#ifndef CLI_RESULT_H
#define CLI_RESULT_H

#include <jansson.h>

#include "cli/choice.h"
#include "logoff.h"

/*
 * Reports what became of SESSION, and a record of it that could not be written; success only if TALKATIVE. Returns the
 * exit status.
 */
int result_report(const struct logoff_session *session, const struct logoff_outcome *outcome, bool talkative);

/* Reports the result of each session of REQUEST; success only if TALKATIVE. Returns the exit status. */
int result_print(const struct logoff_request *request, bool talkative);

/*
 * The same as JSON (doc/json.md): a row for each session; failures also stand on standard error. With lines the row of
 * a session comes with its result. Its facts are noted before the run, since asking for them during the run would delay
 * the other sessions.
 */
struct result_rows {
	const struct logoff_request *request;
	json_t **sessions;	/* the rows that are not printed yet; NULL: all are printed at the end */
	int status;		/* the highest so far */
};

/* Prepares ROWS for REQUEST, which has all its sessions. */
void result_begin(struct result_rows *rows, const struct logoff_request *request);

/* If lines are wanted, prints the result of SESSION now. */
void result_now(struct result_rows *rows, const struct logoff_session *session);

/* Prints the results of all other sessions, and frees what ROWS holds. Returns the exit status. */
int result_end(struct result_rows *rows);

/* Frees what ROWS holds, without results. */
void result_done(struct result_rows *rows);

/* Prints a line for one step, as report_event() does. */
void result_event(const struct logoff_event *event);

/* Prints what would be done as JSON, in the same form: the result is "would-end" or "protected". Returns EXIT_ENDED. */
int result_print_plan(const struct choice *choice, bool console);

/* Prints what the shells complete: id, name, user of each session, separated by tabs. Returns the exit status. */
int result_print_sessions(struct logoff_host *host);

#endif
