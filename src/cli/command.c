/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * command.c - see command.h.
 */
#include "cli/command.h"

#include <errno.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "cli/charset.h"
#include "cli/logon.h"
#include "cli/output.h"
#include "cli/report.h"
#include "cli/printable.h"

const char *arg_server;
bool arg_help, arg_version;

void command_init_language(void)
{
	/* Not LC_ALL: the other categories would be read from disk for nothing. */
	setlocale(LC_CTYPE, "");
	setlocale(LC_MESSAGES, "");
	bindtextdomain("logoff", LOCALEDIR);
	textdomain("logoff");
	charset_init();
}

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
	output_begin();
	command_init_language();
	return output_end(run_command(command, argc, argv));
}

/* The signals that cancel. A command that ends its own session is cancelled by the first two only. */
static const int cancelling[] = { SIGINT, SIGQUIT, SIGTERM, SIGHUP };
#define N_CANCELLING 4
#define N_CANCELLING_OWN 2

/* A signal that was ignored at the start (nohup, "&" in a script) stays ignored. */
static bool is_ignored(int number)
{
	struct sigaction action;

	return sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

void command_outlive_reader(void)
{
	(void)signal(SIGPIPE, SIG_IGN);
}

int command_cancel_fd(bool own)
{
	sigset_t set;

	sigemptyset(&set);
	for (int i = 0; i < (own ? N_CANCELLING_OWN : N_CANCELLING); i++)
		if (!is_ignored(cancelling[i]))
			sigaddset(&set, cancelling[i]);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	command_outlive_reader();
	if (own) {
		(void)signal(SIGHUP, SIG_IGN);
		(void)signal(SIGTERM, SIG_IGN);
	}
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

void command_cancel_again(int fd)
{
	struct signalfd_siginfo signal;
	sigset_t set;

	if (fd < 0)
		return;
	while (read(fd, &signal, sizeof(signal)) > 0)
		;
	/* The signals of the descriptor are those that are blocked. */
	(void)sigprocmask(SIG_BLOCK, NULL, &set);
	for (int number = 1; number < NSIG; number++)
		if (number != SIGINT && number != SIGQUIT && number != SIGTERM)
			sigdelset(&set, number);
	(void)signalfd(fd, &set, 0);
}

ssize_t command_read(int cancel_fd, void *buffer, size_t size)
{
	struct pollfd fds[] = { { STDIN_FILENO, POLLIN, 0 }, { cancel_fd, POLLIN, 0 } };
	ssize_t n;

	while (poll(fds, 2, -1) < 0)
		if (errno != EINTR)
			return -errno;
	if (fds[1].revents)
		return -ECANCELED;
	n = read(STDIN_FILENO, buffer, size);
	return n < 0 ? -errno : n;
}
