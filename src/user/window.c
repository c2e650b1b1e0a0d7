/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * window.c - see show.h: a window, by whatever program for such windows there is. Source: the exit statuses of zenity(1), yad(1),
 * gxmessage(1) and xmessage(1).
 */
#include "user/show.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "user/jobs.h"

#define MS UINT64_C(1000)

/* A program that lives longer than this has found the display; one that has not ends with a complaint. */
#define STEADY_US (400 * MS)

#define N_ARGUMENTS 24

/* Added to the number of the signal by which a program was ended: yad ends by itself with up to 255. */
#define SIGNALLED 256

/* The command line of a program, in memory that is never freed: the process becomes that program. */
struct command {
	char *items[N_ARGUMENTS + 1];
	int n;
};

static void __attribute__((format(printf, 2, 3))) add_argument(struct command *command, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	if (command->n < N_ARGUMENTS && vasprintf(&command->items[command->n], format, arguments) >= 0)
		command->n++;
	va_end(arguments);
}

/*
 * All of them read the text from standard input: everybody can read a command line in /proc, so nothing of the message
 * stands there, its title neither, which is the first line of the text.
 */
#define WINDOW_TITLE "msg"

static void command_zenity(struct command *command, unsigned seconds)
{
	add_argument(command, "--text-info");
	add_argument(command, "--title=" WINDOW_TITLE);
	add_argument(command, "--width=480");
	add_argument(command, "--height=240");
	add_argument(command, "--ok-label=OK");
	if (seconds)
		add_argument(command, "--timeout=%u", seconds);
}

static void command_yad(struct command *command, unsigned seconds)
{
	add_argument(command, "--text-info");
	add_argument(command, "--wrap");
	add_argument(command, "--margins=12");
	add_argument(command, "--width=480");
	add_argument(command, "--height=240");
	add_argument(command, "--center");
	add_argument(command, "--on-top");
	add_argument(command, "--button=OK:0");
	add_argument(command, "--title=" WINDOW_TITLE);
	if (seconds)
		add_argument(command, "--timeout=%u", seconds);
}

static void command_gxmessage(struct command *command, unsigned seconds)
{
	add_argument(command, "-center");
	add_argument(command, "-title");
	add_argument(command, WINDOW_TITLE);
	add_argument(command, "-buttons");
	add_argument(command, "OK:101");
	add_argument(command, "-default");
	add_argument(command, "OK");
	if (seconds) {
		add_argument(command, "-timeout");
		add_argument(command, "%u", seconds);
	}
	add_argument(command, "-file");
	add_argument(command, "-");
}

/* The same; without the resource it would take UTF-8 for Latin letters. Chinese needs the fonts of xfonts-base. */
static void command_xmessage(struct command *command, unsigned seconds)
{
	add_argument(command, "-xrm");
	add_argument(command, "*international: true");
	command_gxmessage(command, seconds);
}

/* In order of preference. */
static const struct program {
	const char *path;
	void (*complete)(struct command *command, unsigned seconds);
	int ok, timeout;		/* exit statuses; any other: closed */
} programs[] = {
	{ "/usr/bin/zenity", command_zenity, 0, 5 },
	{ "/usr/bin/yad", command_yad, 0, 70 },
	{ "/usr/bin/gxmessage", command_gxmessage, 101, 0 },
	{ "/usr/bin/xmessage", command_xmessage, 101, 0 },
};

/* The title again, for displays without a window manager, and the text. */
static char *window_text(const struct logoff_message *message)
{
	char *text = NULL;

	if (asprintf(&text, "%s%s%s", message->title, *message->title ? "\n\n" : "", message->text) < 0)
		return NULL;
	return text;
}

/* A descriptor from which TEXT can be read, or -1. */
static int text_as_file(const char *text)
{
	int fd = memfd_create("message", MFD_CLOEXEC);

	if (fd >= 0 && (write(fd, text, strlen(text)) < 0 || lseek(fd, 0, SEEK_SET) < 0)) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Tells whether TEXT needs more letters than those of Latin-1, which every X server has. */
static bool needs_fonts(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text >= 0xc4)
			return true;
	return false;
}

/* Tells whether the program has complained that it has no letters for the text. */
static bool lacks_fonts(int complaints, const struct logoff_message *message)
{
	char text[4096];
	ssize_t n = pread(complaints, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	return strstr(text, "Missing charsets") && needs_fonts(message->text);
}

static void make_environment(struct command *environment, const struct letter *letter)
{
	add_argument(environment, "PATH=/usr/local/bin:/usr/bin:/bin");
	add_argument(environment, "HOME=%s", letter->home);
	add_argument(environment, "DISPLAY=:%u", letter->display);
	add_argument(environment, "XAUTHORITY=%s", letter->authority);
	add_argument(environment, "LC_ALL=C.UTF-8");	/* the user's own may not be there or not be UTF-8 */
	add_argument(environment, "XDG_RUNTIME_DIR=/run/user/%u", (unsigned)getuid());
	add_argument(environment, "DBUS_SESSION_BUS_ADDRESS=%s", letter->bus);
	add_argument(environment, "NO_AT_BRIDGE=1");	/* GTK would wait for a service of accessibility */
}

/* In a child: becomes the program. */
static void __attribute__((noreturn)) become_program(const struct program *program, const struct letter *letter, int complaints)
{
	const struct logoff_message *message = &letter->message;
	uint64_t seconds = (message->timeout_ms + 999) / 1000;
	struct command command = {}, environment = {};
	char *text = window_text(message);
	int in = text ? text_as_file(text) : -1, out = open("/dev/null", O_RDWR | O_CLOEXEC);
	sigset_t none;

	if (in < 0 || out < 0 || dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
	    dup2(complaints >= 0 ? complaints : out, STDERR_FILENO) < 0)
		_exit(127);
	if (message->wait)
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	add_argument(&command, "%s", program->path);
	program->complete(&command, seconds > UINT_MAX / 1000 ? 0 : (unsigned)seconds);
	make_environment(&environment, letter);
	execve(program->path, command.items, environment.items);
	_exit(127);
}

/* Waits until the child has ended or UNTIL_US has come. Returns its exit status, SIGNALLED and the signal, or -ETIMEDOUT. */
static int await_end(pid_t child, uint64_t until_us)
{
	sigset_t ended;
	int status;

	sigemptyset(&ended);
	sigaddset(&ended, SIGCHLD);
	while (waitpid(child, &status, WNOHANG) == 0) {
		uint64_t now = clock_now_us(), left = until_us - now;
		struct timespec timeout = { .tv_sec = (time_t)(left / 1000000), .tv_nsec = (long)(left % 1000000 * 1000) };

		if (until_us != UINT64_MAX && now >= until_us)
			return -ETIMEDOUT;
		(void)sigtimedwait(&ended, NULL, until_us == UINT64_MAX ? NULL : &timeout);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : SIGNALLED + WTERMSIG(status);
}

/* One that was killed, with its session for example, has no answer: its user has not closed it. */
static enum logoff_answer answer_of(const struct program *program, int status)
{
	if (status >= SIGNALLED)
		return LOGOFF_ANSWER_NONE;
	if (status == program->ok)
		return LOGOFF_ANSWER_OK;
	return status == program->timeout ? LOGOFF_ANSWER_TIMEOUT : LOGOFF_ANSWER_CLOSED;
}

/*
 * Starts the program. Returns its exit status if it has ended already, -ETIMEDOUT: it goes on, -EINPROGRESS: something else has ended it,
 * or why it shows nothing.
 */
static int start_program(const struct program *program, const struct letter *letter, pid_t *ret_child, struct logoff_error *cause)
{
	int complaints = memfd_create("complaints", MFD_CLOEXEC), status;
	bool lacking;

	*ret_child = fork();
	if (*ret_child == 0)
		become_program(program, letter, complaints);
	status = *ret_child > 0 ? await_end(*ret_child, clock_now_us() + STEADY_US) : -errno;
	lacking = lacks_fonts(complaints, &letter->message);
	if (complaints >= 0)
		close(complaints);
	if (*ret_child < 0)
		return error_set_errno(cause, -EAGAIN, status, "no further process: %s", strerror(-status));
	if (status >= SIGNALLED)
		return error_set_errno(cause, -EINPROGRESS, -EINTR, "%s was ended by signal %d", program->path, status - SIGNALLED);
	if (status >= 0 && status != program->ok)
		return error_set_errno(cause, -EOPNOTSUPP, -EIO, "%s cannot use the display (status %d)", program->path, status);
	if (lacking && status < 0) {
		(void)kill(*ret_child, SIGKILL);
		return error_set_errno(cause, -EOPNOTSUPP, -EILSEQ, "%s has no fonts for this text", program->path);
	}
	return status;
}

static int open_window(const struct program *program, const struct letter *letter, struct logoff_delivery *delivery)
{
	sigset_t ended;
	pid_t child;
	int status;

	sigemptyset(&ended);
	sigaddset(&ended, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &ended, NULL);
	status = start_program(program, letter, &child, &delivery->cause);
	if (status < 0 && status != -ETIMEDOUT)
		return status;
	show_report(letter, delivery, LOGOFF_CHANNEL_DISPLAY);
	if (!letter->message.wait)
		return 0;
	if (status == -ETIMEDOUT)
		status = await_end(child, show_answer_deadline(&letter->message));
	if (status == -ETIMEDOUT)
		(void)kill(child, SIGKILL);
	delivery->answer = status < 0 ? LOGOFF_ANSWER_TIMEOUT : answer_of(program, status);
	if (delivery->answer == LOGOFF_ANSWER_CLOSED && idle_try_display(letter->display, letter->authority) == -ENOENT)
		delivery->answer = LOGOFF_ANSWER_NONE;	/* the X server has ended, and the window by that */
	return 0;
}

int show_window(const struct letter *letter,
		       struct logoff_delivery *delivery)
{
	/* Else a program that is slow to complain would count as one that shows it. */
	int r = idle_try_display(letter->display, letter->authority);
	struct logoff_error perhaps = {};

	if (r == -ENOENT || r == -EACCES)
		return error_set_errno(&delivery->cause, -EOPNOTSUPP, r,
				       r == -ENOENT ? "no X server of root or the user has display :%u" :
				       "display :%u does not let its user in", letter->display);
	r = error_set_errno(&delivery->cause, -EOPNOTSUPP, -ENOENT,
			    "no notification daemon, and no program for windows (zenity, yad, gxmessage, xmessage)");
	for (size_t i = 0; r < 0 && i < sizeof(programs) / sizeof(programs[0]); i++)
		if (access(programs[i].path, X_OK) == 0) {
			r = open_window(&programs[i], letter, delivery);
			if (r == -EINPROGRESS)
				perhaps = delivery->cause;
		}
	if (r >= 0 || perhaps.domain == LOGOFF_ERROR_NONE)
		return r;
	delivery->cause = perhaps;
	return -EINPROGRESS;
}
