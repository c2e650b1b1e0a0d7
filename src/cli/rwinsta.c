/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * rwinsta.c - the command rwinsta, "reset session" of Windows: a session ends at once. It is logoff without a grace,
 * without a warning and without a selection.
 *
 * There is no program "reset" here: on Linux that is a command of ncurses, which repairs a terminal.
 */
#include "cli/command.h"
#include "cli/farm.h"
#include "cli/log-off.h"
#include "cli/logon.h"
#include "cli/printable.h"
#include "cli/stream.h"
#include "logoff.h"

static const struct option_row options[] = {
	{ "server", "server", 0, OPTION_STRING, &arg_server, "servername", HELP_SERVERS },
	LOGON_OPTIONS,
	FARM_OPTIONS
	{ "console", "console", 0, OPTION_FLAG, &arg_console, NULL,
	  N_("Lets the console session, which is protected, be ended.") },
	LOG_OFF_OPTIONS
	HELP_OPTIONS
	{}
};

const struct help log_off_help = {
	.summary = N_("Ends sessions at once: kills all their processes and deletes the sessions."),
	.usage = "RWINSTA {sessionname | sessionid ...} [/SERVER:servername]\n"
		 LOGON_USAGE FARM_USAGE
		 "       [/CONSOLE] [/REASON:text] [/NOASKPASSWORD] [/JSON[:lines]] [/V] [/VERSION] [--help]",
	.arguments = {
		{ "sessionname", N_("The name of an active session: console, rdp-tcp#10, pts/3.") },
		{ "sessionid", N_("The id of a session: 12, c3.") },
	},
	.options = options,
};

/* Only what is named is reset, and never the caller's own session by mistake. Returns the exit status. */
static int check_arguments(int n_arguments, char **arguments)
{
	struct selection none = SELECTION_NONE;

	if (n_arguments == 0)
		return help_refuse(&log_off_help, _("the name or the id of a session is needed"));
	if (choice_selects(&none, n_arguments, arguments))
		return help_refuse(&log_off_help, _("lists and users cannot be given, only names and ids of sessions"));
	return EXIT_ENDED;
}

static int begin(int n_arguments, char **arguments)
{
	arg_grace_s = 0;
	arg_no_desktop = true;
	return check_arguments(n_arguments, arguments);
}

static int run_rwinsta(struct logoff_host *host, int n_arguments, char **arguments)
{
	int status = begin(n_arguments, arguments);

	return status == EXIT_ENDED ? log_off_run(host, n_arguments, arguments) : status;
}

static int run_farm(int n_arguments, char **arguments)
{
	int status = begin(n_arguments, arguments);

	return status == EXIT_ENDED ? log_off_farm(n_arguments, arguments) : status;
}

int main(int argc, char **argv)
{
	return command_main(&(struct command){ .help = &log_off_help, .run = run_rwinsta, RUN_FARM(run_farm) }, argc,
			    argv);
}
