/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * report.h - what the command says: the steps for /v, the outcome of each session, and its exit status.
 *
 * All sentences about sessions stand in report.c. What went well goes to standard output, what did not to standard
 * error, one line each: program, object, cause.
 */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include <stdbool.h>

#include "logoff.h"

/* The exit status of the commands; meanings in logoff(1). Of several the highest counts. */
enum exit_status {
	EXIT_ENDED = 0,
	EXIT_USAGE = 1,
	EXIT_NO_SESSION = 2,
	EXIT_DENIED = 3,
	EXIT_PROTECTED = 4,
	EXIT_NOT_ENDED = 5,
	EXIT_UNREACHABLE = 6,
	EXIT_CANCELLED = 7
};

/* Tells one step on standard output; a logoff_event_func for /v. */
void report_event(const struct logoff_event *event, void *unused);

/* Says why HOST (as the user named it, NULL: this machine) could not be opened. Returns the exit status. */
enum exit_status report_host(const char *host, int r, const struct logoff_error *error);

/* Says why no session was found for DESIGNATOR (NULL: the current one). Returns the exit status. */
enum exit_status report_not_found(const char *designator, int r, const struct logoff_error *error);

/*
 * Says what became of session number I of REQUEST: a failure always, success only if TALKATIVE.
 * Returns the exit status.
 */
enum exit_status report_result(const struct logoff_request *request, size_t i, bool talkative);

#endif
