/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * command.c - see command.h.
 */
#include "cli/command.h"

#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>

#include "cli/logon.h"
#include "cli/output.h"
#include "cli/report.h"
#include "cli/text.h"

const char *arg_server;
bool arg_help, arg_version;

void command_init_language(void)
{
	/* Not LC_ALL: the rest would only be read from disk. */
	setlocale(LC_CTYPE, "");
	setlocale(LC_MESSAGES, "");
	bindtextdomain("logoff", LOCALEDIR);
	textdomain("logoff");
}

int command_print_version(void)
{
	printf("%s %s\n", program().text, logoff_version());
	return EXIT_ENDED;
}

static int run(const struct command *command, int argc, char **argv)
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
	output_begin();
	command_init_language();
	return output_end(run(command, argc, argv));
}

int command_cancel_fd(bool own)
{
	sigset_t cancelling;

	sigemptyset(&cancelling);
	sigaddset(&cancelling, SIGINT);
	if (!own)
		sigaddset(&cancelling, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &cancelling, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	if (own) {
		(void)signal(SIGHUP, SIG_IGN);
		(void)signal(SIGTERM, SIG_IGN);
	}
	return signalfd(-1, &cancelling, SFD_CLOEXEC | SFD_NONBLOCK);
}
