/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * command.c - see command.h.
 */
#include "cli/command.h"

#include <stdio.h>

#include "base/os.h"
#include "cli/charset.h"
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

static int run_command(const struct command *command, int argc, char **argv)
{
	struct logoff_host *host;
	enum option_fault fault;
	const char *culprit;
	int n_arguments, status, r;

	r = options_parse(command->help->options, argc, argv, command->n_before_text, &n_arguments, &fault, &culprit);
	if (r == 0)
		r = logon_check(&fault, &culprit);
	if (r < 0)
		return help_usage_error(command->help, fault, culprit);
	if (arg_help)
		return help_print(command->help);
	if (arg_version)
		return command_print_version();
	status = logon_open(&host, arg_server);
	if (status != EXIT_ENDED)
		return status;
	status = command->run(host, n_arguments, argv + 1);
	logoff_host_close(host);
	return status;
}

int command_main(const struct command *command, int argc, char **argv)
{
	os_hold_standard_files();
	charset_init();
	return output_end(run_command(command, argc, argv));
}
