/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * command.h - what every command's main() does: language, options, help and version, and the host.
 *
 * A command is its option table, its help and one function that does the work on an open host. The options of all
 * commands are parsed into the variables below. Each command's table still lists them, since a check compares the
 * tables with help, manual pages and completions.
 */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include "cli/help.h"
#include "logoff.h"

/* /server, /? and /version. */
extern const char *arg_server;
extern bool arg_help, arg_version;

/* The last rows of each option table. */
#define HELP_OPTIONS                                                                            \
	{ "?", "help", 'h', OPTION_FLAG, &arg_help, NULL, N_("Shows this help.") },             \
	{ NULL, NULL, '?', OPTION_FLAG, &arg_help, NULL, NULL },                                \
	{ "version", "version", 0, OPTION_FLAG, &arg_version, NULL, N_("Shows the version.") },

struct command {
	const struct help *help;	/* with the option table */
	int n_before_text;		/* see options_parse() */
	int (*run)(struct logoff_host *host, int n_arguments, char **arguments);	/* returns the exit status */
	int (*run_farm)(int n_arguments, char **arguments);	/* for the hosts of /server; NULL: one server only */
};

/* Parses ARGV, opens the host and runs COMMAND on it, or shows its help or version. Returns the exit status. */
int command_main(const struct command *command, int argc, char **argv);

/* Prints the version. Returns the exit status. */
int command_print_version(void);

/*
 * For a program that takes options only: shows help or the version, or refuses the first of the N_ARGUMENTS in ARGV.
 * Returns the exit status, or -1: none of these, the program goes on.
 */
int command_without_arguments(const struct help *help, int n_arguments, char **argv);

#endif
