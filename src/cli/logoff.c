/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * logoff.c - the command logoff: its options. What they make of the sessions is in log-off.c.
 *
 * The option table is the only list of options: the parser reads it, the help prints it, and a check compares it with
 * the manual pages and the completions. liblogoff does all other work, through its public header.
 */
#include "cli/command.h"
#include "cli/farm.h"
#include "cli/log-off.h"
#include "cli/logon.h"
#include "cli/printable.h"
#include "cli/result.h"
#include "cli/stream.h"
#include "logoff.h"

static bool arg_complete;

static const struct option_row options[] = {
	{ "server", "server", 0, OPTION_STRING, &arg_server, "servername", HELP_SERVERS },
	LOGON_OPTIONS,
	FARM_OPTIONS
	{ "user", "user", 0, OPTION_LIST, &arg_selection.users, "name",
	  N_("Selects the sessions of this user; * and ? stand for any characters.") },
	{ "state", "state", 0, OPTION_STRING, &arg_selection.state, "state",
	  N_("Selects the sessions in this state: active, disc or closing.") },
	{ "kind", "kind", 0, OPTION_STRING, &arg_selection.kind, "kind",
	  N_("Selects this kind: user, or background with a terminal.") },
	{ "idle", "idle", 0, OPTION_DURATION, &arg_selection.idle_s, "time",
	  N_("Selects the sessions not used for at least this time: 90, 15m, 2h, 1d.") },
	{ "older", "older", 0, OPTION_DURATION, &arg_selection.older_s, "time",
	  N_("Selects the sessions whose users logged on at least this time ago.") },
	{ "all", "all", 0, OPTION_FLAG, &arg_selection.all, NULL,
	  N_("Selects all sessions of people, but not your own.") },
	{ "exclude", "exclude", 0, OPTION_LIST, &arg_selection.excludes, "name",
	  N_("Leaves out of the selection a user, group:NAME, a session name or id.") },
	{ "keep", "keep", 0, OPTION_LIST, &arg_selection.keeps, "program",
	  N_("Leaves out the sessions in which this program runs.") },
	{ "ifany", "if-any", 0, OPTION_FLAG, &arg_if_any, NULL, N_("Counts it as success if nothing is selected.") },
	DRAIN_OPTIONS
	{ "dryrun", "dry-run", 'n', OPTION_FLAG, &arg_dry_run, NULL,
	  N_("Shows what would be done, and does nothing.") },
	{ "y", "yes", 'y', OPTION_FLAG, &arg_yes, NULL,
	  N_("Does not ask before several selected sessions are logged off.") },
	{ "warn", "warn", 0, OPTION_DURATION, &arg_warn_s, "time",
	  N_("Warns the users, counts down this time, then logs them off.") },
	{ "message", "message", 0, OPTION_STRING, &arg_message, "text", N_("Adds this text to the warning.") },
	{ "grace", "grace", 0, OPTION_SECONDS, &arg_grace_s, "seconds",
	  N_("Time between the request to end and the kill; 10 if not given.") },
	{ "wait", "wait", 0, OPTION_SECONDS, &arg_wait_s, "seconds",
	  N_("Longest time for one session, from start to proof; 60 if not given.") },
	{ "nodesktop", "no-desktop", 0, OPTION_FLAG, &arg_no_desktop, NULL,
	  N_("Does not ask desktops to log their users off first; their programs get signals only.") },
	{ "console", "console", 0, OPTION_FLAG, &arg_console, NULL,
	  N_("Lets the console session, which is protected, be logged off.") },
	LOG_OFF_OPTIONS
	HELP_OPTIONS
	{ NULL, "complete-sessions", 0, OPTION_FLAG, &arg_complete, NULL, NULL },
	{}
};

const struct help log_off_help = {
	.summary = N_("Logs users off sessions, ends all their processes and deletes the sessions."),
	.usage = "LOGOFF [sessionname | sessionid | @filename ...] [/SERVER:servername]\n"
		 LOGON_USAGE FARM_USAGE
		 "       [/USER:name] [/STATE:state] [/KIND:kind] [/IDLE:time] [/OLDER:time]\n"
		 "       [/ALL] [/EXCLUDE:name] [/KEEP:program] [/IFANY]\n"
		 DRAIN_USAGE
		 "       [/DRYRUN] [/Y] [/WARN:time [/MESSAGE:text]] [/GRACE:seconds] [/WAIT:seconds]\n"
		 "       [/NODESKTOP] [/CONSOLE] [/REASON:text] [/NOASKPASSWORD] [/JSON[:lines]] [/V] [/VERSION]\n"
		 "       [--help]",
	.arguments = {
		{ "sessionname", N_("The name of an active session: console, rdp-tcp#10, pts/3.") },
		{ "sessionid", N_("The id of a session: 12, c3. Without any: the current session.") },
		{ "id:12, user:bob", N_("Says which is meant if a session and a user have the same name.") },
		{ "@filename", N_("A file with session names, ids and user names, one on each line.") },
	},
	.options = options,
};

static int run_logoff(struct logoff_host *host, int n_arguments, char **arguments)
{
	return arg_complete ? result_print_sessions(host) : log_off_run(host, n_arguments, arguments);
}

int main(int argc, char **argv)
{
	return command_main(&(struct command){ .help = &log_off_help, .run = run_logoff, RUN_FARM(log_off_farm) }, argc,
			    argv);
}
