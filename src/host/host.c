/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * host.c - logoff-host: serves a session host, mostly this machine, to a program at the far end of its standard input
 * and output.
 *
 * Two processes. This one reads the peer's lines and writes all lines to it; a child (work.c) has the host and carries
 * out one order at a time. So the peer is read while the library blocks in a log-off, without a thread: "cancel"
 * becomes an eventfd, the end of input becomes the end of the child's. A peer that does not read delays no log-off,
 * since this process keeps what it cannot write. If this process is killed, the child sees the end of its input.
 *
 * What comes while an order runs that only asks is read after it. What comes while a log-off or a message runs is read
 * at once, and refused unless it is "cancel".
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/os.h"
#include "cli/charset.h"
#include "cli/command.h"
#include "cli/logon.h"
#include "cli/output.h"
#include "host/as.h"
#include "host/order.h"
#include "host/say.h"
#include "host/targets.h"
#include "host/work.h"

#define WRITE_MAX 4096			/* a descriptor that is ready takes so much without blocking: PIPE_BUF */
#define KEPT_SOFT (4 * ORDER_LINE_MAX)	/* beyond that the child waits, unless a log-off runs */
#define KEPT_HARD (64 * ORDER_LINE_MAX)	/* beyond that the peer counts as gone */

static const char *arg_as;
static bool arg_read_only;

static const struct option_row options[] = {
	{ "server", "server", 0, OPTION_STRING, &arg_server, "servername",
	  N_("The session host that is served. Without it: this machine.") },
	LOGON_OPTIONS,
	{ NULL, "bus", 0, OPTION_STRING, &arg_bus, NULL, NULL },
	{ "as", "as", 0, OPTION_STRING, &arg_as, "uid:gid[,gid...]",
	  N_("Serves with the rights of this user and these groups only. For root.") },
	{ "readonly", "read-only", 0, OPTION_FLAG, &arg_read_only, NULL,
	  N_("Shows sessions and processes only, and changes nothing.") },
	{ "?", "help", 'h', OPTION_FLAG, &arg_help, NULL, N_("Shows this help.") },
	{ NULL, NULL, '?', OPTION_FLAG, &arg_help, NULL, NULL },
	{ "version", "version", 0, OPTION_FLAG, &arg_version, NULL, N_("Shows the version.") },
	{}
};

static const struct help help = {
	.summary = N_("Serves this session host to another program, by lines of JSON on standard input and output."),
	.usage = "LOGOFF-HOST [/SERVER:servername]\n"
		 LOGON_USAGE
		 "       [/AS:uid:gid[,gid...]] [/READONLY] [/VERSION] [--help]",
	.options = options,
};

enum busy {
	BUSY_NOT,
	BUSY_ASKING,			/* the child starts, or the order changes nothing */
	BUSY_LOGON,			/* it changes something, and nothing can cancel it */
	BUSY_CHANGING
};

struct front {
	struct buffer peer, child, out;	/* lines of the peer, lines of the child, what the peer is to get */
	pid_t child_pid;
	int child_in, child_out, cancel_fd;
	enum busy busy;
	int64_t last_serial, running;	/* the last one of all, and that of the child's order; 0: none */
	bool ended;			/* nothing more is read from the peer */
	bool lost;			/* nothing more is written to the peer */
	bool child_gone;
	int status;
};

/* ---- the child ---- */

/* Nothing is read from the peer any more. The child sees it as the end of its input. */
static void end_input(struct front *front, int status)
{
	front->ended = true;
	front->status = front->status > status ? front->status : status;
	if (front->child_in >= 0)
		close(front->child_in);
	front->child_in = -1;
}

static bool child_start(struct front *front)
{
	int in[2], out[2];
	pid_t pid;

	front->cancel_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (front->cancel_fd < 0 || pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0)
		return false;
	pid = fork();
	if (pid == 0) {
		close(in[1]);
		if (dup2(in[0], STDIN_FILENO) < 0 || dup2(out[1], STDOUT_FILENO) < 0)
			_exit(EXIT_UNREACHABLE);
		close(in[0]);
		close(out[0]);
		close(out[1]);
		exit(work(front->cancel_fd, arg_read_only));
	}
	if (arg_bus) {	/* they are the child's: the end of the bus shows only if nobody else holds them */
		close(WORK_BUS_IN);
		close(WORK_BUS_OUT);
	}
	close(in[0]);
	close(out[1]);
	front->child_in = in[1];
	front->child_out = out[0];
	front->child_pid = pid;
	return pid > 0;
}

/* HUP, INT and TERM end this process only if nothing is being changed; one that was ignored at the start stays so. */
static void protect(bool on)
{
	static const int numbers[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };
	static struct sigaction before[4];
	struct sigaction action;

	for (size_t i = 0; i < 4; i++)
		if (!on)
			(void)sigaction(numbers[i], &before[i], NULL);
		else if (sigaction(numbers[i], NULL, &before[i]) == 0) {
			action = before[i];
			action.sa_handler = SIG_IGN;
			(void)sigaction(numbers[i], &action, NULL);
		}
}

/* The child waits for the line, so this does not block for long. */
static void child_order(struct front *front, const struct order *order, const char *line, size_t n)
{
	bool changes = order_changes(order);
	eventfd_t old;

	front->running = order->serial;
	front->busy = !changes ? BUSY_ASKING : order->type == ORDER_LOGON ? BUSY_LOGON : BUSY_CHANGING;
	if (changes)
		protect(true);
	(void)eventfd_read(front->cancel_fd, &old);	/* a cancel of the last order that came too late */
	while (n > 0) {
		ssize_t written = write(front->child_in, line, n);

		if (written < 0 && errno != EINTR)
			return;		/* its end shows at its output */
		line += written > 0 ? written : 0;
		n -= written > 0 ? (size_t)written : 0;
	}
}

static void child_ready(struct front *front)
{
	if (front->busy >= BUSY_LOGON)
		protect(false);
	front->busy = BUSY_NOT;
}

/* Passes whole lines on. An empty one says that the child is ready. */
static void take_child_lines(struct front *front)
{
	const char *line;
	size_t n;

	while ((line = buffer_line(&front->child, &n))) {
		if (n == 1)
			child_ready(front);
		else if (!front->lost && !buffer_add(&front->out, line, n))
			front->lost = true;
		buffer_drop(&front->child, n);
	}
}

/* ---- the peer's lines ---- */

/* Like say_failure(), for what this process has to say. */
static void refuse(struct front *front, int64_t serial, const char *kind, const char *object, enum exit_status status)
{
	char *text = NULL;
	size_t n = 0;
	FILE *file = open_memstream(&text, &n);

	if (file)
		(void)say_failure(file, serial, kind, object, NULL, status);
	if (!file || fclose(file) != 0 || !buffer_add(&front->out, text, n))
		front->lost = true;
	free(text);
}

static void cancel(struct front *front, const struct order *order)
{
	json_t *line = json_pack("{s:o, s:s, s:b}", "serial",
				 order->serial ? json_integer(order->serial) : json_null(), "reply", "cancel",
				 "running", front->busy == BUSY_CHANGING);
	char *text = line ? json_dumps(line, JSON_COMPACT) : NULL;

	if (front->busy == BUSY_CHANGING)
		(void)eventfd_write(front->cancel_fd, 1);
	if (!text || !buffer_add(&front->out, text, strlen(text)) || !buffer_add(&front->out, "\n", 1))
		front->lost = true;
	free(text);
	json_decref(line);
}

/* Tells whether a program that only shows things carries ORDER out. */
static bool is_harmless(const struct order *order)
{
	return order->type == ORDER_LIST || order->type == ORDER_PROCESSES ||
	       (order->type == ORDER_LOGON && !order_changes(order));
}

static void take_order(struct front *front, const struct order *order, const char *line, size_t n)
{
	if (order->serial && order->serial <= front->last_serial)
		return refuse(front, order->serial, "wrong-order", "serial", EXIT_USAGE);
	if (order->serial)
		front->last_serial = order->serial;
	if (arg_read_only && !is_harmless(order))
		refuse(front, order->serial, "read-only", order_word(order->type), EXIT_DENIED);
	else if (order->type == ORDER_CANCEL)
		cancel(front, order);
	else if (front->busy >= BUSY_LOGON)
		refuse(front, order->serial, "busy", order_word(order->type), EXIT_USAGE);
	else
		child_order(front, order, line, n);
}

/* LINE has N bytes, the newline included. */
static void take_line(struct front *front, const char *line, size_t n)
{
	struct order_fault fault;
	struct order order;
	int r = order_parse(&order, line, n - 1, &fault);

	if (r >= 0) {
		take_order(front, &order, line, n);
		order_done(&order);
		return;
	}
	if (r == -ENOMEM)
		refuse(front, fault.serial, "unreachable", NULL, EXIT_UNREACHABLE);
	else
		refuse(front, fault.serial, fault.kind, fault.object, EXIT_USAGE);
	if (fault.breach)
		end_input(front, EXIT_USAGE);
}

static void take_peer_lines(struct front *front)
{
	const char *line;
	size_t n;

	while (!front->ended && front->busy != BUSY_ASKING) {
		line = buffer_line(&front->peer, &n);
		if (n - (line ? 1 : 0) > ORDER_LINE_MAX) {
			refuse(front, 0, "too-long", NULL, EXIT_USAGE);
			end_input(front, EXIT_USAGE);
		} else if (line) {
			take_line(front, line, n);
			buffer_drop(&front->peer, n);
		} else {
			return;
		}
	}
}

/* ---- the loop ---- */

/* Writes a part. A peer that gets nothing any more has left. */
static void write_out(struct front *front)
{
	if (!buffer_write(&front->out, STDOUT_FILENO, WRITE_MAX))
		front->lost = true;
}

/* The child ends with its input. If it is killed before, nobody knows what has become of its order. */
static void take_child_end(struct front *front)
{
	int status;
	pid_t r;

	front->child_gone = true;
	close(front->child_out);	/* if only reading has failed, the child must not wait for a reader */
	end_input(front, EXIT_ENDED);
	do	/* for this one: whoever has started the program may have left it other children */
		r = waitpid(front->child_pid, &status, 0);
	while (r < 0 && errno == EINTR);
	if (r > 0 && WIFEXITED(status))
		return end_input(front, WEXITSTATUS(status));
	refuse(front, front->busy == BUSY_NOT ? 0 : front->running, "broken", NULL, EXIT_UNREACHABLE);
	end_input(front, EXIT_UNREACHABLE);
}

static void wait_once(struct front *front)
{
	bool peer = !front->ended && front->busy != BUSY_ASKING;
	bool child = !front->child_gone && (front->out.n < KEPT_SOFT || front->busy >= BUSY_LOGON);
	struct pollfd fds[] = {
		{ .fd = peer ? STDIN_FILENO : -1, .events = POLLIN },
		{ .fd = child ? front->child_out : -1, .events = POLLIN },
		{ .fd = front->lost ? -1 : STDOUT_FILENO, .events = front->out.n > 0 ? POLLOUT : 0 },
	};

	if (poll(fds, 3, -1) < 0)
		return;
	if (fds[2].revents & POLLOUT)
		write_out(front);
	else if (fds[2].revents)
		front->lost = true;
	if (fds[1].revents && !buffer_read(&front->child, front->child_out))
		take_child_end(front);
	if (fds[0].revents && !buffer_read(&front->peer, STDIN_FILENO))
		end_input(front, EXIT_ENDED);
}

static int serve_peer(struct front *front)
{
	while (!front->child_gone || (front->out.n > 0 && !front->lost)) {
		wait_once(front);
		take_child_lines(front);
		take_peer_lines(front);
		if (front->out.n > KEPT_HARD)
			front->lost = true;
		if (front->lost && !front->ended)
			end_input(front, EXIT_OUTPUT);
		if (front->lost)
			front->out.n = 0;
	}
	return front->status;
}

static int run(void)
{
	struct front front = { .busy = BUSY_ASKING, .child_in = -1 };
	int status;

	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGCHLD, SIG_DFL);	/* the starter may have ignored it: then no child can be waited for */
	if (!child_start(&front)) {
		fprintf(stderr, "%s: %s\n", program().text, strerror(errno));
		return EXIT_UNREACHABLE;
	}
	status = serve_peer(&front);
	free(front.peer.data);
	free(front.child.data);
	free(front.out.data);
	return status;
}

int main(int argc, char **argv)
{
	enum option_fault fault;
	const char *culprit;
	int n_arguments, status;

	os_hold_standard_files();
	charset_init();
	if (options_parse(options, argc, argv, 0, &n_arguments, &fault, &culprit) < 0)
		return help_usage_error(&help, fault, culprit);
	if (arg_as && arg_bus)	/* whose descriptors it would close */
		return help_refuse(&help, _("/as and --bus exclude each other"));
	status = arg_as ? as_become(arg_as) : EXIT_ENDED;
	if (status != EXIT_ENDED)
		return status;
	if (logon_check(&fault, &culprit) < 0)
		return help_usage_error(&help, fault, culprit);
	status = command_without_arguments(&help, n_arguments, argv);
	if (status >= 0)
		return status;
	if (arg_bus)
		arg_server = arg_bus;
	arg_logon.no_password = true;	/* the peer may be far from any terminal of this program */
	return run();
}
