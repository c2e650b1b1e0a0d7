/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tsts-program.c - see tsts-program.h.
 */
#include "backend/tsts-program.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "local/child.h"
#include "local/program.h"

_Static_assert(PROGRAM_FD == ORDER_FD, "the program looks for its orders where they are put");

/* The largest reply; anything above is a fault of the program. */
#define REPLY_MAX (EVENT_ROWS_MAX * sizeof(struct station_row))

/* How long its end is waited for. One that the kernel cannot end, or that we may not kill, is left behind. */
#define END_US UINT64_C(500000)

/* ---- start and end ---- */

static const char *program_path(void)
{
	const char *path = secure_getenv("LOGOFF_TSTS");

	return path && *path ? path : LIBEXECDIR "/logoff/logoff-tsts";
}

/*
 * What the program gets of the caller's environment: where Kerberos and the libraries are, the clock's place, how names are
 * looked up. All else (agents, buses, secrets) is not for a program that reads what strangers send.
 */
static bool is_for_program(const char *variable)
{
	static const char *const prefixes[] = { "KRB5", "LOGOFF_TSTS_", "LD_", "PATH=", "HOME=", "TZ=", "RES_OPTIONS=",
						"LOCALDOMAIN=", "ASAN_OPTIONS=", "UBSAN_OPTIONS=" };

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (strncmp(variable, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	return false;
}

/* The strings are the caller's still. A setuid program trusts none of them. Returns NULL without memory. */
static char **make_environment(void)
{
	size_t n = 0, n_kept = 0;
	char **kept;

	while (environ && environ[n])
		n++;
	kept = calloc(n + 1, sizeof(*kept));
	for (size_t i = 0; kept && i < n && !getauxval(AT_SECURE); i++)
		if (is_for_program(environ[i]))
			kept[n_kept++] = environ[i];
	return kept;
}

/*
 * It leaves our terminal and its signals: Ctrl-C is for us, and we have to say so to those who were warned. It stays in our
 * folder: variables of Kerberos may name files from there.
 */
int tsts_program_start(struct tsts_program *program, struct logoff_error *reterr)
{
	char *argv[] = { (char *)"logoff-tsts", NULL }, **environment;
	unsigned keep = PROGRAM_KEEP_FOLDER | (secure_getenv("LOGOFF_TSTS_DEBUG") ? PROGRAM_KEEP_STDERR : 0);
	int fds[2], r = program_pair(SOCK_STREAM, fds);

	if (r < 0)
		return error_set_errno(reterr, -EHOSTUNREACH, r, "%s", strerror(-r));
	program->fd = fds[0];
	(void)!send(fds[0], &stamp_own, sizeof(stamp_own), MSG_NOSIGNAL | MSG_DONTWAIT);	/* an empty socket takes it */
	environment = make_environment();
	r = environment ? program_start(program_path(), argv, environment, fds[1], keep, &program->pid) : -ENOMEM;
	free(environment);
	close(fds[1]);
	if (r == -ENOENT || r == -EACCES)
		return error_set_errno(reterr, -EOPNOTSUPP, r, "%s: %s", program_path(), strerror(-r));
	return r < 0 ? error_set_errno(reterr, -EHOSTUNREACH, r, "%s", strerror(-r)) : 0;
}

/* It has closed the connection, or it is to be ended. Returns -EHOSTUNREACH; the cause says how it has ended. */
static int kill_program(struct tsts_program *program, struct logoff_error *reterr)
{
	int status = 0;

	if (program->pid > 0) {
		/* It is another user if we are root, whom some security modules forbid to kill: then it ends with the socket. */
		if (kill(program->pid, SIGKILL) < 0)
			(void)shutdown(program->fd, SHUT_RDWR);
		(void)child_await(program->pid, END_US, &status);
		program->pid = 0;
	}
	if (WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL)
		return error_set_errno(reterr, -EHOSTUNREACH, -ECONNRESET, "logoff-tsts was ended by signal %d",
				       WTERMSIG(status));
	return error_set_errno(reterr, -EHOSTUNREACH, -ECONNRESET, "logoff-tsts has ended");
}

void tsts_program_end(struct tsts_program *program)
{
	(void)kill_program(program, NULL);
	if (program->fd >= 0)
		close(program->fd);
	free(program->buffer);
	*program = (struct tsts_program){ .fd = -1 };
}

/* ---- orders ---- */

/* Waits for EVENTS or cancellation. Returns 1, 0 when the time is over, -ECANCELED. */
static int wait_for_fd(int fd, short events, int cancel_fd, uint64_t until_us)
{
	struct pollfd fds[] = { { .fd = fd, .events = events }, { .fd = cancel_fd, .events = POLLIN } };
	uint64_t now = clock_now_us();
	uint64_t left = until_us > now ? until_us - now : 0;
	struct timespec timeout = { .tv_sec = (time_t)(left / 1000000), .tv_nsec = (long)(left % 1000000 * 1000) };
	int n = ppoll(fds, 2, until_us == UINT64_MAX ? NULL : &timeout, NULL);

	if (n < 0 && errno != EINTR)
		return -errno;
	if (n > 0 && fds[1].revents)
		return -ECANCELED;
	return n > 0 || now < until_us;		/* after a signal: once more */
}

static int write_bytes(struct tsts_program *program, const void *data, size_t length, uint64_t until_us)
{
	const char *from = data;

	while (length > 0) {
		ssize_t n = send(program->fd, from, length, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		if (n < 0 && wait_for_fd(program->fd, POLLOUT, -1, until_us) <= 0)
			return -ETIMEDOUT;
		if (n > 0) {
			from += n;
			length -= (size_t)n;
		}
	}
	return 0;
}

int tsts_program_send(struct tsts_program *program, struct order order, const void *data, uint64_t until_us, uint32_t *ret_serial,
		 struct logoff_error *reterr)
{
	uint64_t now = clock_now_us();
	int r;

	if (program->pid <= 0)
		return kill_program(program, reterr);
	order.serial = ++program->serial;
	order.timeout_ms = until_us > now ? (uint32_t)((until_us - now) / 1000) + 1 : 1;
	r = write_bytes(program, &order, sizeof(order), until_us);
	if (r == 0)
		r = write_bytes(program, data, order.length, until_us);
	if (r < 0)
		return kill_program(program, reterr);	/* half an order may have been sent */
	*ret_serial = order.serial;
	return 0;
}

/* ---- events ---- */

int tsts_program_wait(struct tsts_program *program, int cancel_fd, uint64_t until_us)
{
	return wait_for_fd(program->fd, POLLIN, cancel_fd, until_us);
}

int tsts_program_read(struct tsts_program *program, struct logoff_error *reterr)
{
	ssize_t n;

	if (program->room - program->n_buffer < 65536) {
		char *grown = realloc(program->buffer, program->room * 2 + 65536);

		if (!grown)
			return error_set_errno(reterr, -EHOSTUNREACH, -ENOMEM, "%s", strerror(ENOMEM));
		program->buffer = grown;
		program->room = program->room * 2 + 65536;
	}
	n = program->pid > 0 ? recv(program->fd, program->buffer + program->n_buffer, program->room - program->n_buffer, MSG_DONTWAIT) : 0;
	if (n > 0)
		program->n_buffer += (size_t)n;
	if (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)))
		return 0;
	return kill_program(program, reterr);
}

static void drop_bytes(struct tsts_program *program, size_t length)
{
	program->n_buffer -= length;
	memmove(program->buffer, program->buffer + length, program->n_buffer);
}

/* Takes the stamp, which comes before all events. Returns 1, 0 (it has not come) or -EHOSTUNREACH. */
static int take_stamp(struct tsts_program *program, struct logoff_error *reterr)
{
	struct stamp stamp;

	if (program->n_buffer < sizeof(stamp))
		return 0;
	memcpy(&stamp, program->buffer, sizeof(stamp));
	program->is_known = stamp_is_own(&stamp);
	if (!program->is_known) {
		(void)kill_program(program, NULL);
		return stamp_set_error(&stamp, program_path(), -EHOSTUNREACH, reterr);
	}
	drop_bytes(program, sizeof(stamp));
	return 1;
}

int tsts_program_peek(struct tsts_program *program, struct event *ret_event, struct logoff_error *reterr)
{
	int r = program->is_known ? 1 : take_stamp(program, reterr);

	if (r <= 0 || program->n_buffer < sizeof(*ret_event))
		return r < 0 ? r : 0;
	memcpy(ret_event, program->buffer, sizeof(*ret_event));
	if (ret_event->length > REPLY_MAX)
		return kill_program(program, reterr);
	ret_event->error.name[sizeof(ret_event->error.name) - 1] = '\0';
	ret_event->error.text[sizeof(ret_event->error.text) - 1] = '\0';
	return program->n_buffer >= sizeof(*ret_event) + ret_event->length;
}

int tsts_program_copy_rows(const struct tsts_program *program, const struct event *event, void **ret_rows)
{
	void *rows = malloc(event->length + 1);

	if (!rows)
		return -ENOMEM;
	*ret_rows = memcpy(rows, program->buffer + sizeof(*event), event->length);
	return 0;
}

void tsts_program_drop(struct tsts_program *program, const struct event *event)
{
	drop_bytes(program, sizeof(*event) + event->length);
}
