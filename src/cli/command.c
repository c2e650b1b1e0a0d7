/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * command.c - see command.h.
 */
#include "cli/command.h"

#include <stdio.h>

#include "base/os.h"
#include "cli/charset.h"
#include "cli/farm.h"
#include "cli/logon.h"
#include "cli/output.h"
#include "cli/report.h"
#include "cli/printable.h"

const char *arg_server;
bool arg_help, arg_version;

int command_print_version(void)
{
	printf("%s %s\n", program().text, logoff_version());
	return EXIT_ENDED;
}

int command_without_arguments(const struct help *help, int n_arguments, char **argv)
{
	if (arg_help)
		return output_end(help_print(help));
	if (arg_version)
		return output_end(command_print_version());
	if (n_arguments == 0)
		return -1;
	fprintf(stderr, _("%s: takes no argument: %s\n"), program().text, safe(argv[1]).text);
	return help_try(help);
}

/* Opens the one host of /server, or this machine, and runs COMMAND on it. Returns the exit status. */
static int run_host(const struct command *command, int n_arguments, char **arguments)
{
	struct logoff_host *host;
	struct logoff_error cause;
	int r, status = logon_open_telling(&host, arg_server, &r, &cause);

	if (status != EXIT_ENDED && r == LOGOFF_E_UNREACHABLE && command->run_farm)
		server_farm_say_unlisted(arg_server, &cause);
	if (status != EXIT_ENDED)
		return status;
	status = command->run(host, n_arguments, arguments);
	logoff_host_close(host);
	return status;
}

static int run_command(const struct command *command, int argc, char **argv)
{
	enum exit_status status = EXIT_ENDED;
	enum option_fault fault;
	const char *culprit;
	int n_arguments, r;

	r = options_parse(command->help->options, argc, argv, command->n_before_text, &n_arguments, &fault, &culprit);
	if (r == 0)
		r = logon_check(&fault, &culprit);
	if (r < 0)
		return help_usage_error(command->help, fault, culprit);
	if (arg_help)
		return help_print(command->help);
	if (arg_version)
		return command_print_version();
	r = server_farm_is_meant(arg_server, &status);
	if (r < 0)
		return status;
	if (r > 0 && !command->run_farm)
		return help_usage_error(command->help, OPTION_FAULT_ONE_SERVER, "/server");
	return r > 0 ? command->run_farm(n_arguments, argv + 1) : run_host(command, n_arguments, argv + 1);
}

int command_main(const struct command *command, int argc, char **argv)
{
	os_hold_standard_files();
	charset_init();
	return output_end(run_command(command, argc, argv));
}
