/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * query.c - the command query and its other names: which sub-command is meant, and its options.
 *
 * "query session", "query user" and "query process" are also called qwinsta, quser and qprocess, as on Windows: one
 * program that looks at the name it was called by. Each has its own option table, the only list of its options.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/os.h"
#include "cli/charset.h"
#include "cli/command.h"
#include "cli/farm.h"
#include "cli/logon.h"
#include "cli/output.h"
#include "cli/query.h"
#include "cli/report.h"
#include "cli/stream.h"

bool arg_no_legend, arg_watch;
static bool arg_complete;
const char *arg_sort, *arg_id;
struct option_list arg_columns;

/* ---- options ---- */

#define HELP_JSON N_("Prints all known data as JSON; lines: one object on each line.")
#define HELP_NO_LEGEND N_("Prints no headings.")
#define HELP_SORT N_("Sorts by a column; with - before its name in reverse.")
#define HELP_COLUMNS N_("Shows these columns, separated by commas, in full.")

static const struct option_row session_options[] = {
	{ "server", "server", 0, OPTION_STRING, &arg_server, "servername", HELP_SERVERS },
	LOGON_OPTIONS,
	FARM_OPTIONS
	{ "json", "json", 0, OPTION_WORD, &arg_json, "lines", HELP_JSON },
	{ "watch", "watch", 0, OPTION_FLAG, &arg_watch, NULL,
	  N_("Shows what begins, changes and goes, until Ctrl-C.") },
	{ "nolegend", "no-legend", 0, OPTION_FLAG, &arg_no_legend, NULL, HELP_NO_LEGEND },
	{ "sort", "sort", 0, OPTION_STRING, &arg_sort, "column", HELP_SORT },
	{ "columns", "columns", 0, OPTION_LIST, &arg_columns, "columns", HELP_COLUMNS },
	HELP_OPTIONS
	{}
};

static const struct option_row process_options[] = {
	{ "id", "id", 0, OPTION_STRING, &arg_id, "sessionid",
	  N_("Shows the processes of the session with this id.") },
	{ "server", "server", 0, OPTION_STRING, &arg_server, "servername", HELP_SERVERS },
	LOGON_OPTIONS,
	FARM_OPTIONS
	{ "json", "json", 0, OPTION_WORD, &arg_json, "lines", HELP_JSON },
	{ "nolegend", "no-legend", 0, OPTION_FLAG, &arg_no_legend, NULL, HELP_NO_LEGEND },
	{ "sort", "sort", 0, OPTION_STRING, &arg_sort, "column", HELP_SORT },
	{ "columns", "columns", 0, OPTION_LIST, &arg_columns, "columns", HELP_COLUMNS },
	HELP_OPTIONS
	{}
};

static const struct option_row query_options[] = {
	{ NULL, "complete-hosts", 0, OPTION_FLAG, &arg_complete, NULL, NULL },
	HELP_OPTIONS
	{}
};

/* ---- help ---- */

#define ARGUMENT_SESSION_NAME { "sessionname", N_("The name of an active session: console, rdp-tcp#10, pts/3.") }
#define ARGUMENT_USER_NAME { "username", N_("The name of a user.") }
#define ARGUMENT_SESSION_ID { "sessionid", N_("The id of a session: 12, c3.") }

#define USAGE_REST(WATCH) "[/SERVER:servername]\n" LOGON_USAGE WATCH \
		   "[/JSON[:lines]] [/NOLEGEND] [/SORT:column] [/COLUMNS:columns] [/VERSION] [--help]"

const struct help session_help = {
	.sub_command = "session",
	.other_name = "qwinsta",
	.summary = N_("Shows the sessions of a session host."),
	.usage = "QUERY SESSION [sessionname | username | sessionid ...] " USAGE_REST(FARM_USAGE "[/WATCH] "),
	.arguments = { ARGUMENT_SESSION_NAME, ARGUMENT_USER_NAME, ARGUMENT_SESSION_ID },
	.options = session_options,
};

const struct help user_help = {
	.sub_command = "user",
	.other_name = "quser",
	.summary = N_("Shows who is logged on to a session host, since when, and how long idle."),
	.usage = "QUERY USER [username | sessionname | sessionid ...] " USAGE_REST(FARM_USAGE "[/WATCH] "),
	.arguments = { ARGUMENT_USER_NAME, ARGUMENT_SESSION_NAME, ARGUMENT_SESSION_ID },
	.options = session_options,
};

const struct help process_help = {
	.sub_command = "process",
	.other_name = "qprocess",
	.summary = N_("Shows the processes of a session host and the sessions they are in."),
	.usage = "QUERY PROCESS ['*' | processid | username | sessionname | programname ...] "
		 "[/ID:sessionid] " USAGE_REST(FARM_USAGE "       "),
	.arguments = {
		{ "'*'", N_("All processes. Without any argument: your own.") },
		{ "processid", N_("The number of a process.") },
		ARGUMENT_USER_NAME,
		ARGUMENT_SESSION_NAME,
		{ "programname", N_("The name of a program.") },
	},
	.options = process_options,
};

static const struct help query_help = {
	.summary = N_("Shows the sessions, users or processes of a session host."),
	.usage = "QUERY { SESSION | USER | PROCESS }",
	.arguments = {
		{ "session", N_("The sessions. Also called qwinsta.") },
		{ "user", N_("Who is logged on. Also called quser.") },
		{ "process", N_("The processes. Also called qprocess.") },
	},
	.options = query_options,
};

/* ---- what the sub-commands share ---- */

struct table query_table(const struct table_column *columns, const char *order)
{
	return (struct table){ .columns = columns, .order = order, .chosen = &arg_columns, .sort = arg_sort,
			       .legend = !arg_no_legend };
}

int query_check(const struct table *table, const struct help *help)
{
	const char *culprit;

	if (table_check(table, &culprit) == 0)
		return EXIT_ENDED;
	fprintf(stderr, _("%s: there is no column %s; the columns are "), program().text, safe(culprit).text);
	table_print_names(table, stderr);
	fputc('\n', stderr);
	(void)stream_failure(EXIT_USAGE, "usage", culprit, NULL);
	return help_try(help);
}

/* ---- sub-commands ---- */

static const struct command sub_commands[] = {
	{ .help = &session_help, .run = query_sessions, RUN_FARM(query_farm_sessions) },
	{ .help = &user_help, .run = query_users, RUN_FARM(query_farm_users) },
	{ .help = &process_help, .run = query_processes, RUN_FARM(query_farm_processes) },
};

#define N_SUB_COMMANDS (sizeof(sub_commands) / sizeof(sub_commands[0]))

/* Without a sub-command there is only the help. */
static int run_bare(int argc, char **argv)
{
	enum option_fault fault;
	const char *culprit;
	int n_arguments;

	if (options_parse(query_options, argc, argv, 0, &n_arguments, &fault, &culprit) < 0)
		return help_usage_error(&query_help, fault, culprit);
	if (arg_help)
		return help_print(&query_help);
	if (arg_version)
		return command_print_version();
	if (arg_complete)
		return server_farm_print_hosts();
	if (n_arguments > 0)
		fprintf(stderr, _("%s: no sub-command %s\n"), program().text, safe(argv[1]).text);
	else
		fprintf(stderr, _("%s: a sub-command is needed: session, user or process\n"), program().text);
	return help_try(&query_help);
}

int main(int argc, char **argv)
{
	for (size_t i = 0; i < N_SUB_COMMANDS; i++)
		if (strcmp(program_invocation_short_name, sub_commands[i].help->other_name) == 0)
			return command_main(&sub_commands[i], argc, argv);
	for (size_t i = 0; argc > 1 && i < N_SUB_COMMANDS; i++)
		if (strcasecmp(argv[1], sub_commands[i].help->sub_command) == 0)
			return command_main(&sub_commands[i], argc - 1, argv + 1);
	os_hold_standard_files();
	charset_init();
	return output_end(run_bare(argc, argv));
}
