/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * password.c - see password.h.
 *
 * While the echo is off, the signals that could leave the terminal without it are blocked, and read from a descriptor
 * beside the terminal's. Sources: termios(3), signalfd(2).
 */
#include "cli/password.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "cli/charset.h"

/* The terminal during the question. */
struct asking {
	int fd, signals_fd;
	struct termios before;
	sigset_t held, mask_before;
};

void password_expect(void)
{
	(void)prctl(PR_SET_DUMPABLE, 0);	/* if this fails there may be a core */
}

/* Input typed before the question is discarded: it does not answer it. */
static int set_terminal(int fd, const struct termios *attributes)
{
	while (tcsetattr(fd, TCSAFLUSH, attributes) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

static int begin_question(struct asking *asking)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP };
	struct termios silent;
	int r;

	if (tcgetattr(asking->fd, &asking->before) < 0)
		return -errno;
	silent = asking->before;
	silent.c_lflag &= ~(tcflag_t)ECHO;
	silent.c_lflag |= ICANON | ISIG;
	sigemptyset(&asking->held);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaddset(&asking->held, signals[i]);
	(void)sigprocmask(SIG_BLOCK, &asking->held, &asking->mask_before);
	asking->signals_fd = signalfd(-1, &asking->held, SFD_CLOEXEC | SFD_NONBLOCK);
	r = asking->signals_fd < 0 ? -errno : set_terminal(asking->fd, &silent);
	if (r < 0) {
		(void)sigprocmask(SIG_SETMASK, &asking->mask_before, NULL);
		(void)close(asking->signals_fd);
	}
	return r;
}

/* Restores the terminal, then unblocks the signals; those that have come meanwhile act now. */
static void end_question(struct asking *asking)
{
	(void)close(asking->signals_fd);
	(void)set_terminal(asking->fd, &asking->before);
	(void)!write(asking->fd, "\n", 1);	/* for the Enter that was typed without echo */
	(void)sigprocmask(SIG_SETMASK, &asking->mask_before, NULL);
}

/* Returns 0 when there is something to read, -EINTR when a signal has come. */
static int wait_for(const struct asking *asking)
{
	struct pollfd fds[] = { { asking->fd, POLLIN, 0 }, { asking->signals_fd, POLLIN, 0 } };

	while (poll(fds, 2, -1) < 0)
		if (errno != EINTR)
			return -errno;
	return fds[1].revents ? -EINTR : 0;
}

/* Reads one line. Returns 0, -EINTR, -E2BIG, or -ECANCELED where nothing was typed. */
static int read_line(const struct asking *asking, char line[static PASSWORD_SIZE])
{
	size_t length = 0;
	char byte = '\0';
	ssize_t n = 1;
	int r;

	while (n > 0 && byte != '\n') {
		r = wait_for(asking);
		if (r < 0)
			return r;
		n = read(asking->fd, &byte, 1);
		if (n < 0)
			return -errno;
		if (n > 0 && byte != '\n' && length < PASSWORD_SIZE)
			line[length++] = byte;
	}
	explicit_bzero(&byte, 1);
	if (length == PASSWORD_SIZE)
		return -E2BIG;
	line[length] = '\0';
	return length > 0 ? 0 : -ECANCELED;
}

/* Ctrl-C and SIGTERM count as an answer. Other signals have their usual effect when end_question() unblocks them. */
static int take_signal(const struct asking *asking)
{
	struct signalfd_siginfo info;
	sigset_t pending, cancelling;

	sigemptyset(&cancelling);
	sigaddset(&cancelling, SIGINT);
	sigaddset(&cancelling, SIGTERM);
	if (sigpending(&pending) == 0 && (sigismember(&pending, SIGINT) || sigismember(&pending, SIGTERM))) {
		(void)signalfd(asking->signals_fd, &cancelling, 0);
		while (read(asking->signals_fd, &info, sizeof(info)) > 0)
			;
		return -ECANCELED;
	}
	return -EINTR;
}

static int ask_once(struct asking *asking, const char *prompt, char password[static PASSWORD_SIZE])
{
	struct safe shown = charset_encode(prompt);
	int r = begin_question(asking);

	if (r < 0)
		return r;
	r = write(asking->fd, shown.text, strlen(shown.text)) < 0 ? -errno : read_line(asking, password);
	if (r == -EINTR)
		r = take_signal(asking);
	if (r < 0)
		explicit_bzero(password, PASSWORD_SIZE);
	end_question(asking);
	return r;
}

int password_ask(const char *prompt, char password[static PASSWORD_SIZE])
{
	struct asking asking = { .fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY) };
	int r;

	if (asking.fd < 0)
		return -ENXIO;
	password_expect();
	do {
		r = ask_once(&asking, prompt, password);
	} while (r == -EINTR);
	(void)close(asking.fd);
	return r;
}
