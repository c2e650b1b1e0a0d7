/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * log-off.h - sessions are chosen and logged off, for the commands logoff and rwinsta: their options, and the two ways,
 * one host by the library and many hosts by orders.
 */
#ifndef CLI_LOG_OFF_H
#define CLI_LOG_OFF_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/choice.h"
#include "cli/help.h"
#include "cli/select.h"
#include "logoff.h"

extern bool arg_verbose, arg_console, arg_dry_run, arg_yes, arg_if_any, arg_no_desktop, arg_drain, arg_no_ask_password;
extern uint64_t arg_grace_s, arg_wait_s, arg_warn_s, arg_serial;
extern const char *arg_message, *arg_reason;
extern struct selection arg_selection;

/* What logoff and rwinsta share. */
#define LOG_OFF_OPTIONS                                                                                    \
	{ "reason", "reason", 0, OPTION_STRING, &arg_reason, "text", N_("Records this reason in the journal.") }, \
	{ "noaskpassword", "no-ask-password", 0, OPTION_FLAG, &arg_no_ask_password, NULL,                  \
	  N_("Never asks for a password; without the right the session is refused.") },                    \
	{ "json", "json", 0, OPTION_WORD, &arg_json, "lines",                                             \
	  N_("Prints the results as JSON; lines: each at once, on a line.") },                             \
	{ "v", "verbose", 'v', OPTION_FLAG, &arg_verbose, NULL, N_("Shows each step.") },

/* For hosts that are to be emptied. */
#ifndef _WIN32
#define DRAIN_OPTIONS                                                                                     \
	{ "drain", "drain", 0, OPTION_FLAG, &arg_drain, NULL,                                             \
	  N_("Refuses new logons first; also logs off users whose logons were under way.") },             \
	{ "serial", "serial", 0, OPTION_COUNT, &arg_serial, "number",                                    \
	  N_("Empties only so many of the hosts at a time.") },
#define DRAIN_USAGE "       [/DRAIN] [/SERIAL:number]\n"
#else
#define DRAIN_OPTIONS
#define DRAIN_USAGE
#endif

/* The help of the command, which defines it: wrong options are reported with it. */
extern const struct help log_off_help;

/* Checks that /message and /reason are not too long. Reports it. Returns the exit status. */
int log_off_check_texts(void);

/* Logs off the sessions that the arguments and options mean, on HOST. Returns the exit status. */
int log_off_run(struct logoff_host *host, int n_arguments, char **arguments);

/*
 * Checks the options that belong together; on far hosts (FAR) each host checks the groups itself. Returns the exit
 * status.
 */
int log_off_check(bool far, int n_arguments, char **arguments);

/*
 * A user who cannot be warned the first time cannot be warned later either; one report is enough. Returns true if it
 * is the first.
 */
bool log_off_is_first_warning(const struct logoff_event *event);

/*
 * Logs off the sessions of CHOICE, and reports the results. *ret_cancelled: that was cancelled, perhaps too late for
 * some or all of them. Returns the exit status.
 */
int log_off_chosen(struct choice *choice, bool *ret_cancelled);

/* Tells whether HOST is a machine whose logons /drain can refuse from here. */
bool log_off_can_drain(struct logoff_host *host);

/*
 * The same as log_off_chosen() for /drain: new logons are refused first; if they are not, or nobody knows, nobody is
 * logged off. Then the machine is asked again who is selected, as some had passed PAM before. CHOICE was shown and
 * confirmed. Blocks two seconds at least. Returns the exit status.
 */
int log_off_drained(struct choice *choice);

/* How often a host is asked again; the last time only says who is left. When, at the earliest. */
#define DRAIN_LOOKS 4
#define DRAIN_SETTLES_MS 2000	/* a logon that passed PAM before the state was set has its session by then */

/* Reports that SESSION has begun since new logons are refused, and is left. Returns the exit status. */
enum exit_status log_off_report_late(const struct logoff_session *session);

/* Logs off the sessions that the arguments and options mean, on the hosts of /server. Returns the exit status. */
int log_off_farm(int n_arguments, char **arguments);

#endif
