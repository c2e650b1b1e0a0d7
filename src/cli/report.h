/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * report.h - what the command says: the steps for /v, the outcome of each session, and its exit status.
 *
 * All sentences about sessions stand in report.c. What went well goes to standard output, what did not to standard
 * error, one line each: program, object, cause; and each failure that is not the result of a session to programs (stream.h).
 */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "cli/names.h"
#include "cli/printable.h"
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
	EXIT_CANCELLED = 7,
	EXIT_LOGON = 8,
	EXIT_OUTPUT = 9		/* only in place of 0 */
};

/*
 * Whose SESSION is: "bob", of a server with the domain, "EXAMPLE\bob", or "(nobody)"; for use within one expression, as
 * safe(). Returns the text.
 */
struct safe report_user(const struct logoff_session *session);

/* "12 (pts/3)", or "12" without a name; for use within one expression, as safe(). Returns the text. */
struct safe report_label(const struct logoff_session *session);

/* The cause in its own words, in parentheses with a blank before, or nothing. Returns the text. */
struct safe report_cause(const struct logoff_error *error);

/* Tells one step on standard output; a logoff_event_func for /v. A warning that did not reach its user is a failure. */
void report_event(const struct logoff_event *event, void *unused);

/* Says why HOST (as the user named it, NULL: this machine) could not be opened. Returns the exit status. */
enum exit_status report_open(const char *host, int r, const struct logoff_error *error);

/* Says why an open HOST has not answered. Returns the exit status. */
enum exit_status report_host(const char *host, int r, const struct logoff_error *error);

/*
 * Says so if HOST was asked for the times of SESSIONS, of which some may be NULL, and has not answered. Returns the exit
 * status.
 */
enum exit_status report_times(const char *host, struct logoff_session *const *sessions, size_t n_sessions);

/*
 * Says why no session was found for DESIGNATOR (NULL: the current one), which shows the word TEXT and where it stands. Returns the
 * exit status.
 */
enum exit_status report_not_found(const char *designator, const char *text, int r, const struct logoff_error *error);

/* Says that DESIGNATOR, which may be that of a user as well, means nobody. Returns the exit status. */
enum exit_status report_nobody(const char *designator, const char *text);

/* Says that the user meant by SHOWN, which shows the word TEXT, has left. Returns the exit status. */
enum exit_status report_user_left(const char *shown, const char *text);

/* Tells a user who could not be warned, without /v. */
void report_not_warned(const struct logoff_event *event);

/*
 * Says that TEXT, given as SHOWN, may mean SESSION and a user (R is 0), or that it cannot be found out whether there is such a
 * user (R). Returns the exit status.
 */
enum exit_status report_ambiguous(const char *shown, const char *text, const struct logoff_session *session, int r);

/* Says that ARGUMENT is no session but a user, whose sessions /user means. Returns the exit status. */
enum exit_status report_is_user(const char *argument);

/* Says that ARGUMENT is neither a session nor a user, and no text was to be expected. Returns the exit status. */
enum exit_status report_not_understood(const char *argument);

/* Says that beside TEXT no session was given. Returns the exit status. */
enum exit_status report_only_text(const char *text);

/* "leavers, line 3: bob", without the name if it may be something else that nobody is to see. Returns the text. */
struct safe report_line(const char *path, const struct name *name);

/* Says why the list file at PATH cannot be read, LINE: after -EBADMSG. Returns the exit status. */
enum exit_status report_file(const char *path, int r, size_t line);

/* Says that the selection fits no session. Returns the exit status. */
enum exit_status report_none_selected(void);

/*
 * Says that ITEM of /exclude is nobody (R is -ENXIO; FOREIGN: on a server), or why that cannot be found out. Returns the exit
 * status.
 */
enum exit_status report_no_exclusion(const char *item, int r, bool foreign);

/* Says that N sessions were spared as the groups of their users, or the programs in them, cannot be found out. */
void report_unknown_groups(size_t n);
void report_unknown_programs(size_t n);

/* Says that OWN will end and STAYS, the caller's as well, will not. */
void report_stays(const struct logoff_session *own, const struct logoff_session *stays);

/* Tells whether SESSION would be refused by the rules; CONSOLE: whether /console was given. */
bool report_is_protected(const struct logoff_session *session, bool console);

/*
 * Tells what would be done with SESSION, or why it would be refused; CONSOLE: whether /console was given; PROGRAMS: what runs in
 * it, where that is of interest, or "".
 */
void report_plan(FILE *to, const struct logoff_session *session, bool console, const char *programs);

/* Asks whether N sessions are to be logged off. */
void report_question(size_t n);

/* Says that several sessions are selected and nobody can be asked. Returns the exit status. */
enum exit_status report_unconfirmed(void);

/* Says that nothing was done, after the failure that is the cause of it. */
void report_nothing_done(void);

/* Says that nothing was done, since the person did not want it. Returns the exit status. */
enum exit_status report_declined(void);

/*
 * Says what became of session number I of REQUEST: a failure always, success only if TALKATIVE.
 * Returns the exit status.
 */
enum exit_status report_result(const struct logoff_request *request, size_t i, bool talkative);

/*
 * Says once how Full Control is had, if a session of this machine in REQUEST was refused for want of it. To be called after
 * report_result() of all sessions.
 */
void report_advice(const struct logoff_request *request);

/* Says so if the record of session number I of REQUEST does not stand. Returns the exit status. */
enum exit_status report_record(const struct logoff_request *request, size_t i);

#endif
