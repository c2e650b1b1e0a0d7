/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * result.h - what logoff prints at its end, for people and for programs.
 */
#ifndef CLI_RESULT_H
#define CLI_RESULT_H

#include "cli/choice.h"
#include "logoff.h"

/* Says what became of each session of REQUEST; what went well only if TALKATIVE. Returns the exit status. */
int result_print(const struct logoff_request *request, bool talkative);

/*
 * The same as JSON on standard output (doc/json.md), an array with one object for each session on SERVER (NULL: this
 * machine); failures also as sentences on standard error. Returns the exit status.
 */
int result_print_json(const struct logoff_request *request, const char *server);

/* Prints what would be done as JSON, in the same form: the result is "would-end" or "protected". Returns EXIT_ENDED. */
int result_print_plan(const struct choice *choice, const char *server, bool console);

/* Prints what the shells complete: id, name, user of each session, separated by tabs. Returns the exit status. */
int result_print_sessions(struct logoff_host *host);

#endif
