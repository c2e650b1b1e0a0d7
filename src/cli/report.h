/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * report.h - the sentences about sessions: the steps for /v, the result of each session, and the exit status.
 *
 * Success goes to standard output, failure to standard error, one line each: program, object, cause. Each failure that
 * is not the result of a session also goes to programs (stream.h).
 */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include <stdbool.h>
#include <stdint.h>
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
 * The user of SESSION: "bob", on a server with the domain, "EXAMPLE\bob", or "(nobody)". For use within one expression,
 * like safe(). Returns the text.
 */
struct safe report_user(const struct logoff_session *session);

/* Sessions are shown with their hosts, as there are several. A command sets it. */
extern bool report_shows_hosts;

/* "12", or with its host "login03:12". For use within one expression, like safe(). Returns the text. */
struct safe report_id(const struct logoff_session *session);

/* The same with its name, if it has one: "12 (pts/3)", "login03:12 (pts/3)". Returns the text. */
struct safe report_label(const struct logoff_session *session);

/* The text of the cause, in parentheses with a blank before, or nothing. Returns the text. */
struct safe report_cause(const struct logoff_error *error);

/* Prints one step on standard output: a logoff_event_func for /v. A warning that failed goes to standard error. */
void report_event(const struct logoff_event *event, void *unused);

/* Reports why HOST (as the user named it, NULL: this machine) could not be opened. Returns the exit status. */
enum exit_status report_open(const char *host, int r, const struct logoff_error *error);

/* Reports why an open HOST has not answered. Returns the exit status. */
enum exit_status report_host(const char *host, int r, const struct logoff_error *error);

/* Reports that there was no memory for the hosts of /server. Returns the exit status. */
enum exit_status report_no_memory(void);

/*
 * Reports it if HOST did not answer the question for the times of SESSIONS, of which some may be NULL. Returns the exit
 * status.
 */
enum exit_status report_times(const char *host, struct logoff_session *const *sessions, size_t n_sessions);

/*
 * Reports why no session was found for DESIGNATOR (NULL: the current one), which shows the word TEXT and where it
 * stands. Returns the exit status.
 */
enum exit_status report_not_found(const char *designator, const char *text, int r, const struct logoff_error *error);

/* The same on HOST, which has been asked: a session that the host may hide is not said to be none. */
enum exit_status report_not_found_on(const struct logoff_host *host, const char *designator, const char *text, int r,
				     const struct logoff_error *error);

/* Reports that DESIGNATOR, which may be a user, means nobody, or BACKGROUND sessions alone. Returns the exit status. */
enum exit_status report_nobody(const char *designator, const char *text, bool background);

/*
 * Reports that SHOWN, which shows the word TEXT, was not found, but that the list of HOST, or (NULL) those of all
 * hosts, may lack sessions. Returns the exit status.
 */
enum exit_status report_unknown_recipient(const char *shown, const char *text, const char *host);

/* The same where /proc hides the processes of others from the caller, and so logins. */
enum exit_status report_unseen(const char *shown, const char *text);

/* Reports that WORD fits process PID, which is of that session, or of another of the same user. */
enum exit_status report_untold_process(const char *word, int64_t pid);

/* Reports that WORD may mean more processes than the FOUND ones, or than none: /proc hides those of others. */
enum exit_status report_unseen_processes(const char *word, bool found);

/*
 * Reports that SHOWN, which shows the word TEXT, means no session without its host; HOST is the one in the example.
 * Returns the exit status.
 */
enum exit_status report_needs_host(const char *shown, const char *text, const char *host);

/* Reports that the user meant by SHOWN, which shows the word TEXT, has left. Returns the exit status. */
enum exit_status report_user_left(const char *shown, const char *text);

/* Reports a user who could not be warned, without /v. */
void report_not_warned(const struct logoff_event *event);

/* NAME quoted for a shell, where that needs it. A character that cannot be typed is shown by safe(). Returns it. */
struct safe report_typed(const char *name);

/*
 * Reports that TEXT, given as SHOWN, may mean SESSION and a user, or with a CAUSE that it is unknown whether there is
 * such a user. Returns the exit status.
 */
enum exit_status report_ambiguous(const char *shown, const char *text, const struct logoff_session *session,
				  const struct logoff_error *cause);

/* Reports that ARGUMENT is no session but a user, for whose sessions there is /user. Returns the exit status. */
enum exit_status report_is_user(const char *argument);

/* Reports that ARGUMENT is neither a session nor a user, where no text can stand. Returns the exit status. */
enum exit_status report_not_understood(const char *argument);

/* Reports that no session stands beside TEXT. Returns the exit status. */
enum exit_status report_only_text(const char *text);

/* "leavers, line 3: bob". Without the name if the text may be something that nobody is to see. Returns the text. */
struct safe report_line(const char *path, const struct name *name);

/* Reports why the list file at PATH cannot be read; LINE: after -EBADMSG. Returns the exit status. */
enum exit_status report_file(const char *path, int r, size_t line);

/* Reports that the selection fits no session. Returns the exit status. */
enum exit_status report_none_selected(void);

/* Reports that ITEM of /exclude means nobody (FOREIGN: on a server). Returns the exit status. */
enum exit_status report_no_exclusion(const char *item, bool foreign);

/* Reports that it is unknown whether ITEM of /exclude means anybody. Returns the exit status. */
enum exit_status report_unknown_exclusion(const char *item, const struct logoff_error *cause);

/* Reports that logins may have been missing in the list from which was selected. */
void report_hidden_logins(void);

/*
 * Report that N sessions are left alone, as it is unknown what their states or the groups of their users are, which
 * programs they have, whether they are the caller's own; and, the last one, which of these it is. CAUSE may be empty.
 */
void report_unknown_groups(size_t n, const struct logoff_error *cause);
void report_unknown_programs(size_t n);
void report_unknown_own(size_t n);
void report_unknown_fit(size_t n, const struct logoff_error *cause);

/* Reports that OWN will end, and that STAYS, another session of the caller, will not. */
void report_stays(const struct logoff_session *own, const struct logoff_session *stays);

/* Tells whether the rules protect SESSION; CONSOLE: /console was given. */
bool report_is_protected(const struct logoff_session *session, bool console);

/*
 * Prints what would be done with SESSION, or why it would be refused. CONSOLE: /console was given. PROGRAMS: the
 * programs in it where that matters, or "".
 */
void report_plan(FILE *to, const struct logoff_session *session, bool console, const char *programs);

/* Asks whether N sessions are to be logged off. */
void report_question(size_t n);

/* Reports that several sessions are selected and nobody can be asked. Returns the exit status. */
enum exit_status report_unconfirmed(void);

/* Reports that nothing was done, after the failure that caused it. */
void report_nothing_done(void);

/* Reports that nothing was done, since the user did not answer yes. Returns the exit status. */
enum exit_status report_declined(void);

/* Reports what became of SESSION: a failure always, success only if TALKATIVE. Returns the exit status. */
enum exit_status report_result(const struct logoff_session *session, const struct logoff_outcome *outcome,
			       bool talkative);

/* Tells whether a session of this machine in REQUEST was refused without Full Control. */
bool report_lacks_rights(const struct logoff_request *request);

/* Reports it if the record of SESSION could not be written. Returns the exit status. */
enum exit_status report_record(const struct logoff_session *session, const struct logoff_outcome *outcome);

#endif
