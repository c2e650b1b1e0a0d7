/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * message.c - messages to the users of sessions: which way each takes, and all of them side by side.
 *
 * A session with a display gets a notification of its desktop or else a window, both by a child process that becomes
 * the user (message-user.c); one with a terminal is written to, as write(1) and wall(1) do. Nobody who receives can
 * hold the others up: terminals are written to without blocking, children have a deadline and are killed at it.
 * A terminal's name is only trusted to find it; whose it is, is asked of the device itself before it is opened.
 */
#include "host/message.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/kd.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/utf8.h"

#define MS UINT64_C(1000)

/* How long a terminal may take to swallow the message: it may have been stopped by ^S. */
#define TERMINAL_US (2000 * MS)

/* How long a desktop or display may take to show it. */
#define SHOW_US (5000 * MS)

/* A child that waits for an answer minds the time itself; this much later it is given up. */
#define ANSWER_SLACK_US (2000 * MS)

/* Children that have ended without a word are looked for this often. */
#define CHECK_US (50 * MS)

/* One recipient. Under way while it has a terminal or a child. */
struct recipient {
	struct logoff_session *session;
	struct logoff_delivery *delivery;
	int terminal;			/* descriptor, or -1 */
	size_t n_written;
	pid_t child;			/* or 0 */
	bool shown;			/* the answer is waited for */
	uint64_t deadline_us;
};

/* One delivery. */
struct post {
	struct logoff_message message;	/* harmless; title and text are owned */
	char *letter;			/* for terminals */
	struct recipient *recipients;
	size_t n_recipients;
	struct pollfd *fds;		/* reports, cancellation, terminals */
	int report_fds[2];
	struct message_process *processes;
	size_t n_processes;
	bool knows_processes;
};

static int finish(struct recipient *recipient, int result)
{
	recipient->delivery->result = result;
	return result;
}

/* ---- terminals ---- */

/* The first one. */
static const char *session_terminal(const struct logoff_session *session)
{
	return logoff_session_terminal(session, 0);
}

/* What is written: a bell and an empty line set it off from what is on the screen. */
static char *compose(const struct logoff_message *message)
{
	size_t size = strlen(message->title) + 2 * strlen(message->text) + 16;
	char *letter = malloc(size), *at = letter;

	if (!letter)
		return NULL;
	at += sprintf(at, "\a\r\n%s%s", message->title, *message->title ? "\r\n" : "");
	for (const char *in = message->text; *in; in++) {
		if (*in == '\n')
			*at++ = '\r';
		*at++ = *in;
	}
	memcpy(at, "\r\n", sizeof("\r\n"));
	return letter;
}

/* Finds the terminal and proves whose it is, without opening it: some devices act upon being opened. */
static int locate_terminal(const struct logoff_session *session, struct logoff_error *cause)
{
	char path[PATH_MAX];
	struct stat device;
	int fd = -1, r = 0;

	if (!strstr(session_terminal(session), "..") &&
	    snprintf(path, sizeof(path), "/dev/%s", session_terminal(session)) < (int)sizeof(path))
		fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &device) < 0)
		r = error_set_errno(cause, -EOPNOTSUPP, -errno, "terminal %s: %s", session_terminal(session), strerror(errno));
	else if (!S_ISCHR(device.st_mode))
		r = error_set_errno(cause, -EOPNOTSUPP, -ENOTTY, "%s is not a terminal", session_terminal(session));
	else if (device.st_uid != session->uid)
		r = error_set_errno(cause, -EOPNOTSUPP, -ESTALE, "terminal %s belongs to another user", session_terminal(session));
	if (r < 0 && fd >= 0)
		close(fd);
	return r < 0 ? r : fd;
}

/* Opens the terminal of SESSION. Returns the descriptor, -ENOTTY (a desktop has taken it over), or why not. */
static int open_terminal(const struct logoff_session *session, struct logoff_error *cause)
{
	int place = locate_terminal(session, cause), fd, mode;
	char path[32];

	if (place < 0)
		return place;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", place);
	fd = open(path, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		fd = error_set_errno(cause, errno == EACCES ? -EACCES : -EOPNOTSUPP, -errno, "terminal %s: %s",
				     session_terminal(session), strerror(errno));
	close(place);
	if (fd < 0)
		return fd;
	if (!isatty(fd)) {
		close(fd);
		return error_set_errno(cause, -EOPNOTSUPP, -ENOTTY, "%s is not a terminal", session_terminal(session));
	}
	if (ioctl(fd, KDGETMODE, &mode) == 0 && mode == KD_GRAPHICS) {
		close(fd);
		return -ENOTTY;
	}
	return fd;
}

static void close_terminal(struct recipient *recipient)
{
	if (recipient->terminal >= 0)
		close(recipient->terminal);
	recipient->terminal = -1;
}

/* Writes what the terminal takes. */
static void write_terminal(const struct post *post, struct recipient *recipient)
{
	size_t length = strlen(post->letter);
	ssize_t n = 0;

	while (n >= 0 && recipient->n_written < length) {
		n = write(recipient->terminal, post->letter + recipient->n_written, length - recipient->n_written);
		if (n == 0)
			return;
		if (n > 0)
			recipient->n_written += (size_t)n;
		else if (errno == EINTR)
			n = 0;
	}
	if (n < 0 && errno == EAGAIN)
		return;
	if (n < 0)
		(void)error_set_errno(&recipient->delivery->cause, 0, -errno, "terminal %s: %s",
				      session_terminal(recipient->session), strerror(errno));
	close_terminal(recipient);
	(void)finish(recipient, n < 0 ? -EOPNOTSUPP : 0);
}

/* ---- children ---- */

static int note_process(pid_t pid, void *userdata)
{
	struct post *post = userdata;
	struct message_process *processes = post->processes;
	struct stat owner;
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	if (stat(path, &owner) < 0)
		return 0;
	if ((post->n_processes & (post->n_processes - 1)) == 0)
		processes = reallocarray(processes, post->n_processes ? post->n_processes * 2 : 1, sizeof(*processes));
	if (!processes)
		return -ENOMEM;
	post->processes = processes;
	processes[post->n_processes++] = (struct message_process){ .pid = pid, .uid = owner.st_uid };
	return 0;
}

static int start_child(struct post *post, struct recipient *recipient)
{
	struct message_letter letter = {
		.index = (size_t)(recipient - post->recipients),
		.session = recipient->session,
		.message = &post->message,
		.report_fd = post->report_fds[1],
	};
	struct logoff_error *cause = &recipient->delivery->cause;

	if (geteuid() != 0 && geteuid() != recipient->session->uid)
		return error_set_errno(cause, -EACCES, -EACCES, "only the user and root may show something there");
	if (!post->knows_processes)
		(void)proc_for_each_pid(note_process, post);	/* else only the usual places are looked at */
	post->knows_processes = true;
	letter.processes = post->processes;
	letter.n_processes = post->n_processes;
	recipient->deadline_us = clock_now_us() + SHOW_US;
	recipient->child = fork();
	if (recipient->child == 0)
		message_as_user(&letter);
	if (recipient->child > 0)
		return 0;
	recipient->child = 0;
	return error_set_errno(cause, -EAGAIN, -errno, "no further process: %s", strerror(errno));
}

/* Ends the child, and with PROGRAMS those it runs; a child that has reported may leave its window behind. */
static void end_child(struct recipient *recipient, bool programs)
{
	if (recipient->child == 0)
		return;
	if (programs)
		(void)kill(-recipient->child, SIGKILL);
	(void)kill(recipient->child, SIGKILL);	/* it may have been stopped; the number is ours until the next line */
	(void)waitpid(recipient->child, NULL, 0);
	recipient->child = 0;
}

/* Takes the report of a child. It was the user's process when it wrote it. */
static void take_report(struct post *post, struct message_report *report)
{
	struct recipient *recipient = report->index < post->n_recipients ? &post->recipients[report->index] : NULL;
	struct logoff_delivery *delivery = &report->delivery;

	if (!recipient || recipient->child == 0 || (unsigned)delivery->channel > LOGOFF_CHANNEL_DISPLAY ||
	    (unsigned)delivery->answer > LOGOFF_ANSWER_TIMEOUT || delivery->result > 0)
		return;
	delivery->cause.name[sizeof(delivery->cause.name) - 1] = '\0';
	delivery->cause.text[sizeof(delivery->cause.text) - 1] = '\0';
	*recipient->delivery = *delivery;
	if (report->final) {
		end_child(recipient, false);
		return;
	}
	recipient->shown = true;
	recipient->deadline_us = UINT64_MAX;
	if (post->message.timeout_ms && post->message.timeout_ms < UINT64_MAX / MS / 2)
		recipient->deadline_us = clock_now_us() + post->message.timeout_ms * MS + ANSWER_SLACK_US;
}

static void read_reports(struct post *post)
{
	struct message_report report;

	while (read(post->report_fds[0], &report, sizeof(report)) == (ssize_t)sizeof(report))
		take_report(post, &report);
}

/* Children that have ended without a word: killed by their user, or out of memory. */
static void check_children(struct post *post)
{
	for (size_t i = 0; i < post->n_recipients; i++) {
		struct recipient *recipient = &post->recipients[i];
		siginfo_t info = {};

		if (recipient->child == 0 || waitid(P_PID, (id_t)recipient->child, &info, WEXITED | WNOHANG | WNOWAIT) < 0 ||
		    info.si_pid == 0)
			continue;
		read_reports(post);
		if (recipient->child == 0)
			continue;
		end_child(recipient, true);
		if (recipient->shown)
			recipient->delivery->answer = LOGOFF_ANSWER_CLOSED;
		else
			(void)finish(recipient, error_set_errno(&recipient->delivery->cause, -EIO, -EIO,
								"the process that was to show it has been ended"));
	}
}

/* ---- the way it takes ---- */

/* Nothing can be shown where somebody came in by such a protocol without a terminal. */
static bool may_have_desktop(const struct logoff_session *session)
{
	return session->console || (session->protocol && (strcmp(session->protocol, "local") == 0 ||
							  strcmp(session->protocol, "rdp") == 0));
}

static int start(struct post *post, struct recipient *recipient)
{
	struct logoff_session *session = recipient->session;
	struct logoff_delivery *delivery = recipient->delivery;
	int fd = -ENOTTY;

	if (!session->display && session_terminal(session)) {
		delivery->channel = LOGOFF_CHANNEL_TERMINAL;
		fd = open_terminal(session, &delivery->cause);
	} else if (!session->display && !may_have_desktop(session)) {
		return error_set_errno(&delivery->cause, -EOPNOTSUPP, -EOPNOTSUPP,
				       "the session has neither a terminal nor a display");
	}
	if (fd == -ENOTTY) {
		delivery->channel = LOGOFF_CHANNEL_NONE;
		return start_child(post, recipient);
	}
	if (fd < 0)
		return fd;
	recipient->terminal = fd;
	recipient->deadline_us = clock_now_us() + TERMINAL_US;
	write_terminal(post, recipient);
	return delivery->result;
}

static bool is_under_way(const struct recipient *recipient)
{
	return recipient->terminal >= 0 || recipient->child != 0;
}

/* Ends what is under way. */
static void give_up(struct recipient *recipient, int result, const char *why)
{
	bool answered = recipient->shown && result == -ETIMEDOUT;

	close_terminal(recipient);
	end_child(recipient, true);
	if (answered)
		recipient->delivery->answer = LOGOFF_ANSWER_TIMEOUT;
	else
		(void)finish(recipient, error_set_errno(&recipient->delivery->cause, result, result, "%s", why));
}

static void check_deadlines(struct post *post)
{
	uint64_t now = clock_now_us();

	for (size_t i = 0; i < post->n_recipients; i++) {
		struct recipient *recipient = &post->recipients[i];

		if (is_under_way(recipient) && recipient->deadline_us <= now)
			give_up(recipient, -ETIMEDOUT, recipient->terminal >= 0 ? "the terminal is stopped and takes nothing" :
						       "the desktop does not answer");
	}
}

/* Waits for news or the next deadline. Returns -ECANCELED, or 0, or 1 if nothing is under way any more. */
static int wait_once(struct post *post, int cancel_fd)
{
	uint64_t now = clock_now_us(), next_us = UINT64_MAX;
	nfds_t n = 2;
	int timeout;

	post->fds[0] = (struct pollfd){ .fd = post->report_fds[0], .events = POLLIN };
	post->fds[1] = (struct pollfd){ .fd = cancel_fd, .events = POLLIN };
	for (size_t i = 0; i < post->n_recipients; i++) {
		const struct recipient *recipient = &post->recipients[i];
		uint64_t due_us = recipient->deadline_us;

		if (recipient->terminal >= 0)
			post->fds[n++] = (struct pollfd){ .fd = recipient->terminal, .events = POLLOUT };
		if (recipient->child != 0 && due_us > now + CHECK_US)
			due_us = now + CHECK_US;
		if (is_under_way(recipient) && due_us < next_us)
			next_us = due_us;
	}
	if (next_us == UINT64_MAX)
		return 1;
	timeout = next_us <= now ? 0 : (int)((next_us - now) / MS) + 1;
	if (poll(post->fds, n, timeout) > 0 && post->fds[1].revents)
		return -ECANCELED;
	return 0;
}

static void run(struct post *post, int cancel_fd)
{
	int r;

	for (size_t i = 0; i < post->n_recipients; i++)
		(void)finish(&post->recipients[i], start(post, &post->recipients[i]));
	while ((r = wait_once(post, cancel_fd)) == 0) {
		read_reports(post);
		check_children(post);
		for (size_t i = 0; i < post->n_recipients; i++)
			if (post->recipients[i].terminal >= 0)
				write_terminal(post, &post->recipients[i]);
		check_deadlines(post);
	}
	for (size_t i = 0; r < 0 && i < post->n_recipients; i++)
		if (is_under_way(&post->recipients[i]))
			give_up(&post->recipients[i], r, "cancelled");
}

/* ---- the public call ---- */

static int post_init(struct post *post, const struct logoff_message *message, struct logoff_session *const *sessions,
		     size_t n_sessions, struct logoff_delivery *deliveries)
{
	*post = (struct post){ .message = *message, .n_recipients = n_sessions, .report_fds = { -1, -1 } };
	post->message.title = utf8_harmless(message->title ? message->title : "", false);
	post->message.text = utf8_harmless(message->text ? message->text : "", true);
	post->recipients = calloc(n_sessions + 1, sizeof(*post->recipients));
	post->fds = calloc(n_sessions + 2, sizeof(*post->fds));
	if (!post->message.title || !post->message.text || !post->recipients || !post->fds)
		return -ENOMEM;
	post->letter = compose(&post->message);
	if (!post->letter)
		return -ENOMEM;
	for (size_t i = 0; i < n_sessions; i++) {
		deliveries[i] = (struct logoff_delivery){};
		post->recipients[i] = (struct recipient){ .session = sessions[i], .delivery = &deliveries[i], .terminal = -1 };
	}
	return pipe2(post->report_fds, O_CLOEXEC) < 0 || fcntl(post->report_fds[0], F_SETFL, O_NONBLOCK) < 0 ? -errno : 0;
}

static void post_done(struct post *post)
{
	for (size_t i = 0; i < 2; i++)
		if (post->report_fds[i] >= 0)
			close(post->report_fds[i]);
	free((char *)post->message.title);
	free((char *)post->message.text);
	free(post->letter);
	free(post->recipients);
	free(post->fds);
	free(post->processes);
}

int logoff_host_message(struct logoff_host *host, const struct logoff_message *message,
			struct logoff_session *const *sessions, size_t n_sessions, struct logoff_delivery *deliveries,
			int cancel_fd, struct logoff_error *reterr)
{
	struct post post;
	int r = post_init(&post, message, sessions, n_sessions, deliveries);

	if (r < 0)
		(void)error_set_errno(reterr, r, r, "%s", strerror(-r));
	else if (host->backend->message)
		host->backend->message(host, &post.message, sessions, n_sessions, deliveries, cancel_fd);
	else
		run(&post, cancel_fd);
	post_done(&post);
	return r;
}
