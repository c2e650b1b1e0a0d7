/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cancel.c - see cancel.h. Sources: signalfd(2), sigaction(2).
 */
#include "cli/cancel.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

/* The signals that cancel. A command that ends its own session is cancelled by the first two only. */
static const int cancelling[] = { SIGINT, SIGQUIT, SIGTERM, SIGHUP };
#define N_CANCELLING 4
#define N_CANCELLING_OWN 2

static sigset_t before;		/* what was blocked before cancel_open() or cancel_hold() */

/* A signal that was ignored at the start (nohup, "&" in a script) stays ignored. */
static bool is_ignored(int number)
{
	struct sigaction action;

	return sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

void cancel_outlive_reader(void)
{
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN);	/* a file size limit: writing fails, and that is reported at the end */
}

int cancel_open(bool own)
{
	sigset_t set;

	sigemptyset(&set);
	for (int i = 0; i < (own ? N_CANCELLING_OWN : N_CANCELLING); i++)
		if (!is_ignored(cancelling[i]))
			sigaddset(&set, cancelling[i]);
	(void)sigprocmask(SIG_BLOCK, &set, &before);
	cancel_outlive_reader();
	if (own) {
		(void)signal(SIGHUP, SIG_IGN);
		(void)signal(SIGTERM, SIG_IGN);
	}
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

void cancel_close(int fd, bool end)
{
	close(fd);
	if (end)
		(void)sigprocmask(SIG_SETMASK, &before, NULL);
}

void cancel_again(int fd)
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

ssize_t cancel_read(int fd, void *buffer, size_t size)
{
	struct pollfd fds[] = { { STDIN_FILENO, POLLIN, 0 }, { fd, POLLIN, 0 } };
	ssize_t n;

	while (poll(fds, 2, -1) < 0)
		if (errno != EINTR)
			return -errno;
	if (fds[1].revents)
		return -ECANCELED;
	n = read(STDIN_FILENO, buffer, size);
	return n < 0 ? -errno : n;
}

void cancel_discard_input(void)
{
	(void)tcflush(STDIN_FILENO, TCIFLUSH);
}

static void leave(int signal)
{
	(void)signal;
	_exit(EXIT_SUCCESS);
}

void cancel_means_success(void)
{
	if (!is_ignored(SIGINT))
		(void)signal(SIGINT, leave);
}

void cancel_hold(void)
{
	sigset_t interrupt;

	sigemptyset(&interrupt);
	sigaddset(&interrupt, SIGINT);
	(void)sigprocmask(SIG_BLOCK, &interrupt, &before);
}

void cancel_release(void)
{
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
}
