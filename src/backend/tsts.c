/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tsts.c - the back end for other servers: Windows' Remote Desktop Session Hosts and whoever else answers MS-TSTS.
 *
 * The protocol is spoken by logoff-tsts, a program of its own (why: tsts.h); here it is started, ordered about and given
 * up when the time is over, and its rows become sessions. So nothing that a server or Samba's libraries do can keep the
 * caller longer than it wants to wait: a reply that comes too late is dropped.
 * What a server does not tell stays unknown: processes of a session are not looked at while it ends, the server's word
 * that it is gone, checked by listing, is the proof. Times are the server's, and so is the clock by which they are measured.
 * Nobody here has a numeric user, and no session is the caller's own.
 */
#include "tsts/order.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/auxv.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "backend/audit.h"
#include "backend/table.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "core/host.h"

#define DEFAULT_TIMEOUT_MS 30000

/* Grace after the deadline: 250 ms for a server that has answered before, 5 ms for one that has not. */
#define LAST_TIMEOUT_US UINT64_C(250000)
#define SILENT_TIMEOUT_US UINT64_C(5000)

/* What is still waited for after Ctrl-C. */
#define CANCEL_TIMEOUT_US UINT64_C(1000000)

/* With so many sessions being ended one list confirms more cheaply than a list for each which of them are not there. */
#define LIST_FIRST 4

/* So many sessions the server's clock is asked for with: some may be gone by then. */
#define CLOCK_TRIES 3

/* Names of users may be cut there (MS-TSTS 2.2.2.19). */
#define USER_CUT 20

/* The largest reply; anything above is a fault of the program. */
#define REPLY_MAX (NEWS_ROWS_MAX * sizeof(struct news_session))

/* States of Windows' sessions (MS-TSTS 3.3.4.1.8) that mean something here. */
enum { STATE_ACTIVE = 0, STATE_CONNECTED = 1, STATE_CONNECT_QUERY = 2, STATE_SHADOW = 3, STATE_DISCONNECTED = 4,
       STATE_RESET = 7, STATE_DOWN = 8 };

struct tsts_host {
	pid_t pid;
	int fd;
	int cancel_fd;			/* of the last wait(): a reply is not waited for past it */
	uint32_t serial;
	uint64_t timeout_us;
	bool silent;			/* it did not answer in time once */
	bool has_news;			/* facts were written since the last wait(), which must not sleep on them */
	char *buffer;			/* news that have come in part */
	size_t n_buffer, room;
	struct news_session *listed;	/* the last list */
	size_t n_listed;
	uint64_t listed_us;		/* host->now_us then */
	int64_t ahead_us;		/* so far is the server's clock ahead of our monotonic one */
	bool has_clock;			/* that is known */
	unsigned n_clock;		/* how often it has been asked for */
	bool detailed, with_clients;	/* what it has been completed with, or could not be */
	int details;			/* what came of that: 0 or -errno */
};

/* What a struct logoff_session knows of its log-off. */
struct handle {
	uint32_t serial;		/* of the order; 0: none is under way */
	int64_t input_us;		/* since when nobody has done anything; 0: not known */
	bool was_asked;			/* once at least */
};

/* A reply to an order. */
struct reply {
	struct news news;
	void *rows;			/* malloc'ed, news.n_rows of them */
};

/* ---- the program ---- */

static const char *program_path(void)
{
	const char *path = secure_getenv("LOGOFF_TSTS");

	return path && *path ? path : LIBEXECDIR "/logoff/logoff-tsts";
}

/*
 * What the program is told of the caller's environment: where Kerberos and the libraries are, the clock's place, how names are
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

/* Away from our terminal and its signals: Ctrl-C is for us, and we have to say so to those who were warned. */
static int spawn_at(int fd, pid_t *ret_pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	char *argv[] = { (char *)"logoff-tsts", NULL }, **environment = make_environment();
	sigset_t none, all;
	int r;

	if (!environment)
		return -ENOMEM;

	sigemptyset(&none);
	sigfillset(&all);
	if (posix_spawn_file_actions_init(&actions) != 0 || posix_spawnattr_init(&attributes) != 0) {
		free(environment);
		return -ENOMEM;		/* in no library known here does either take memory */
	}
	r = posix_spawn_file_actions_adddup2(&actions, fd, ORDER_FD);
	if (r == 0)
		r = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (r == 0)
		r = posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	if (r == 0 && !secure_getenv("LOGOFF_TSTS_DEBUG"))
		r = posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	if (r == 0)
		r = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	if (r == 0)
		r = posix_spawnattr_setsigmask(&attributes, &none);
	if (r == 0)
		r = posix_spawnattr_setsigdefault(&attributes, &all);
	if (r == 0)
		r = posix_spawn(ret_pid, program_path(), &actions, &attributes, argv, environment);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	free(environment);
	return -r;
}

static int start(struct tsts_host *tsts, struct logoff_error *reterr)
{
	int fds[2], r;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		return error_set_errno(reterr, -EHOSTUNREACH, -errno, "%s", strerror(errno));
	tsts->fd = fds[0];
	r = fcntl(tsts->fd, F_SETFL, O_NONBLOCK) < 0 || access(program_path(), X_OK) < 0 ? -errno : 0;
	if (r == 0)
		r = spawn_at(fds[1], &tsts->pid);
	close(fds[1]);
	if (r == -ENOENT || r == -EACCES)
		return error_set_errno(reterr, -EOPNOTSUPP, r, "%s: %s", program_path(), strerror(-r));
	if (r < 0)
		return error_set_errno(reterr, -EHOSTUNREACH, r, "%s", strerror(-r));
	return 0;
}

/* It has closed the connection, or it is to be ended. Says how it ended. */
static int ended(struct tsts_host *tsts, struct logoff_error *reterr)
{
	int status = 0;

	if (tsts->pid > 0) {
		/* Our own child, not waited for yet: nobody else has its pid. It is another user if we are root, whom some forbid to
		   kill; then it ends with the socket, or with us. */
		bool is_killed = kill(tsts->pid, SIGKILL) == 0;

		if (!is_killed)
			(void)shutdown(tsts->fd, SHUT_RDWR);
		while (waitpid(tsts->pid, &status, is_killed ? 0 : WNOHANG) < 0 && errno == EINTR)
			;
		tsts->pid = 0;
	}
	if (WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL)
		return error_set_errno(reterr, -EHOSTUNREACH, -ECONNRESET, "logoff-tsts was ended by signal %d",
				       WTERMSIG(status));
	return error_set_errno(reterr, -EHOSTUNREACH, -ECONNRESET, "logoff-tsts has ended");
}

/* ---- orders ---- */

/* Until when an answer is waited for. */
static uint64_t answer_until(const struct logoff_host *host)
{
	const struct tsts_host *tsts = host->data;
	uint64_t now = clock_now_us(), least = tsts->silent ? SILENT_TIMEOUT_US : LAST_TIMEOUT_US;
	uint64_t until = now + tsts->timeout_us;

	if (host->deadline_us > 0 && host->deadline_us < until)
		until = host->deadline_us > now + least ? host->deadline_us : now + least;
	else if (tsts->silent)
		until = now + LAST_TIMEOUT_US;
	return until;
}

/* Waits for EVENTS or cancellation. Returns 1, 0 when the time is over, -ECANCELED. */
static int wait_for(int fd, short events, int cancel_fd, uint64_t until_us)
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

static int write_all(struct tsts_host *tsts, const void *data, size_t length, uint64_t until_us)
{
	const char *from = data;

	while (length > 0) {
		ssize_t n = send(tsts->fd, from, length, MSG_NOSIGNAL);

		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		if (n < 0 && wait_for(tsts->fd, POLLOUT, -1, until_us) <= 0)
			return -ETIMEDOUT;
		if (n > 0) {
			from += n;
			length -= (size_t)n;
		}
	}
	return 0;
}

/* Sends an order with what follows it. *ret_serial is what its reply will bear. */
static int send_order(struct logoff_host *host, struct order order, const void *data, uint64_t until_us,
		      uint32_t *ret_serial, struct logoff_error *reterr)
{
	struct tsts_host *tsts = host->data;
	uint64_t now = clock_now_us();
	int r;

	if (tsts->pid <= 0)
		return ended(tsts, reterr);
	order.serial = ++tsts->serial;
	order.timeout_ms = until_us > now ? (uint32_t)((until_us - now) / 1000) + 1 : 1;
	r = write_all(tsts, &order, sizeof(order), until_us);
	if (r == 0)
		r = write_all(tsts, data, order.length, until_us);
	if (r < 0)
		return ended(tsts, reterr);	/* half an order may have been sent */
	*ret_serial = order.serial;
	return 0;
}

/* ---- news ---- */

static struct logoff_session *watched_by_serial(struct logoff_host *host, uint32_t serial)
{
	for (size_t i = 0; i < host->n_watched; i++) {
		struct handle *handle = host->watched[i]->data;

		if (handle && handle->serial == serial)
			return host->watched[i];
	}
	return NULL;
}

/* News come late, never early: so nobody seems to be idle for longer than they are. */
static void take_clock(struct tsts_host *tsts, const struct news *news)
{
	if (news->now_us <= 0)
		return;
	tsts->ahead_us = news->now_us - (int64_t)clock_now_us();
	tsts->has_clock = true;
}

/* Takes news that nobody waits for into the facts. */
static void take(struct logoff_host *host, const struct news *news)
{
	struct tsts_host *tsts = host->data;
	struct logoff_session *session;
	char id[16];

	tsts->has_news = true;
	if (news->kind == NEWS_REMOVED) {
		snprintf(id, sizeof(id), "%u", news->id);
		for (size_t i = 0; i < host->n_watched; i++)
			if (strcmp(host->watched[i]->id, id) == 0)
				host->watched[i]->removed = true;
		return;
	}
	session = news->serial ? watched_by_serial(host, news->serial) : NULL;
	if (!session)
		return;		/* a reply that came too late for its asker */
	session->asked_error = news->error;
	/* -EALREADY: somebody has asked it to end before. */
	session->asked = news->r > 0 ? -EPROTO : news->r == -EALREADY ? 0 : news->r;
	((struct handle *)session->data)->serial = 0;
}

/* Reads what has come. Returns 0, or -EHOSTUNREACH when the program has ended. */
static int read_more(struct tsts_host *tsts, struct logoff_error *reterr)
{
	ssize_t n;

	if (tsts->room - tsts->n_buffer < 65536) {
		char *grown = realloc(tsts->buffer, tsts->room * 2 + 65536);

		if (!grown)
			return error_set_errno(reterr, -EHOSTUNREACH, -ENOMEM, "%s", strerror(ENOMEM));
		tsts->buffer = grown;
		tsts->room = tsts->room * 2 + 65536;
	}
	n = tsts->pid > 0 ? recv(tsts->fd, tsts->buffer + tsts->n_buffer, tsts->room - tsts->n_buffer, 0) : 0;
	if (n > 0)
		tsts->n_buffer += (size_t)n;
	if (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)))
		return 0;
	return ended(tsts, reterr);
}

/* Whether the buffer begins with complete news; copies their head. More than we allow is the program's fault. */
static int peek(struct tsts_host *tsts, struct news *ret_news, struct logoff_error *reterr)
{
	if (tsts->n_buffer < sizeof(*ret_news))
		return 0;
	memcpy(ret_news, tsts->buffer, sizeof(*ret_news));
	if (ret_news->length > REPLY_MAX)
		return ended(tsts, reterr);
	ret_news->error.name[sizeof(ret_news->error.name) - 1] = '\0';
	ret_news->error.text[sizeof(ret_news->error.text) - 1] = '\0';
	return tsts->n_buffer >= sizeof(*ret_news) + ret_news->length;
}

static void drop(struct tsts_host *tsts, const struct news *news)
{
	size_t length = sizeof(*news) + news->length;

	tsts->n_buffer -= length;
	memmove(tsts->buffer, tsts->buffer + length, tsts->n_buffer);
}

/* Takes the rows of a reply, which must be as many bytes as they should be; free(). A reply without rows has none. */
static int take_rows(struct tsts_host *tsts, const struct news *news, size_t row_size, struct reply *ret_reply)
{
	ret_reply->news = *news;
	ret_reply->rows = NULL;
	take_clock(tsts, news);
	if (news->r < 0 || row_size == 0 || news->length != news->n_rows * row_size) {
		ret_reply->news.n_rows = 0;
		return news->length > 0 && news->r >= 0 ? -EPROTO : 0;
	}
	ret_reply->rows = malloc(news->length + 1);
	if (!ret_reply->rows)
		return -ENOMEM;
	memcpy(ret_reply->rows, tsts->buffer + sizeof(*news), news->length);
	return 0;
}

/* Waits for the reply to order SERIAL. */
static int await(struct logoff_host *host, uint32_t serial, size_t row_size, uint64_t until_us, struct reply *ret_reply,
		 struct logoff_error *reterr)
{
	struct tsts_host *tsts = host->data;
	int cancel_fd = tsts->cancel_fd;
	struct news news;
	int r;

	for (;;) {
		while ((r = peek(tsts, &news, reterr)) > 0) {
			if (news.serial == serial)
				r = take_rows(tsts, &news, row_size, ret_reply);
			else
				take(host, &news);
			drop(tsts, &news);
			if (news.serial == serial) {
				tsts->silent = false;
				return r;
			}
		}
		if (r < 0)
			return r;
		r = wait_for(tsts->fd, POLLIN, cancel_fd, until_us);
		if (r == -ECANCELED) {
			cancel_fd = -1;
			if (until_us > clock_now_us() + CANCEL_TIMEOUT_US)
				until_us = clock_now_us() + CANCEL_TIMEOUT_US;
		} else if (r <= 0) {
			tsts->silent = true;
			return error_set_errno(reterr, -ETIMEDOUT, -ETIMEDOUT, "the server has not answered in time");
		}
		r = read_more(tsts, reterr);
		if (r < 0)
			return r;
	}
}

/* One order and its reply. The rows are the caller's. */
static int exchange(struct logoff_host *host, struct order order, const void *data, size_t row_size,
		    struct reply *ret_reply, struct logoff_error *reterr)
{
	uint64_t until_us = answer_until(host);
	uint32_t serial = 0;
	int r;

	r = send_order(host, order, data, until_us, &serial, reterr);
	if (r == 0)
		r = await(host, serial, row_size, until_us, ret_reply, reterr);
	if (r == 0 && ret_reply->news.r < 0) {
		r = ret_reply->news.r;
		if (reterr)
			*reterr = ret_reply->news.error;
	}
	return r;
}

/* The errno for callers who do not wait for the session to end, or for the server to have time. */
static int plain_errno(int r)
{
	return r == -EALREADY ? -EPROTO : r == -EAGAIN ? -EHOSTUNREACH : r;
}

/* One question and its answer, which nobody asks a second time. */
static int ask_once(struct logoff_host *host, struct order order, size_t row_size, struct reply *ret_reply,
		    struct logoff_error *reterr)
{
	return plain_errno(exchange(host, order, NULL, row_size, ret_reply, reterr));
}

/* ---- opening ---- */

static int copy_text(char *to, size_t size, const char *from)
{
	return snprintf(to, size, "%s", from ? from : "") < (int)size ? 0 : -EINVAL;
}

static int parse_port(const char *text, uint16_t *ret_port)
{
	char *end;
	unsigned long port = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || port == 0 || port > UINT16_MAX)
		return -EINVAL;
	*ret_port = (uint16_t)port;
	return 0;
}

/* Names go on into a binding string. Only an IPv6 address has colons, and after "%" a scope. */
static bool is_name(const char *server)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
	bool numeric = strchr(server, ':');
	size_t length = strspn(server, numeric ? "0123456789abcdefABCDEF:." : letters);

	if (numeric && server[length] == '%' && server[length + 1])
		length += 1 + strspn(server + length + 1, letters);
	return length > 0 && !server[length];
}

/* "name", "name:port", "2001:db8::7", "[2001:db8::7]", "[2001:db8::7]:port". */
static int parse_server(const char *text, struct order_logon *logon)
{
	const char *colon = strchr(text, ':'), *end = text + strlen(text);
	int r = 0;

	if (*text == '[') {
		end = strchr(++text, ']');
		if (!end || (end[1] && end[1] != ':'))
			return -EINVAL;
		r = end[1] ? parse_port(end + 2, &logon->port) : 0;
	} else if (colon && !strchr(colon + 1, ':')) {
		end = colon;
		r = parse_port(colon + 1, &logon->port);
	}
	if (r < 0 || end == text || (size_t)(end - text) >= sizeof(logon->server))
		return -EINVAL;
	memcpy(logon->server, text, (size_t)(end - text));
	return is_name(logon->server) ? 0 : -EINVAL;
}

static int log_on(struct logoff_host *host, const struct logoff_logon *from, struct logoff_error *reterr)
{
	struct order_logon logon = { .port = 445, .has_password = from->password, .kerberos = from->kerberos,
				    .require_encryption = from->require_encryption };
	const struct news_account *row;
	struct reply reply;
	int r;

	if (parse_server(from->server, &logon) < 0)
		return error_set_errno(reterr, -EINVAL, -EINVAL, "%s: not the name of a server", from->server);
	if (copy_text(logon.user, sizeof(logon.user), from->user) < 0 ||
	    copy_text(logon.domain, sizeof(logon.domain), from->domain) < 0 ||
	    copy_text(logon.ccache, sizeof(logon.ccache), from->ccache) < 0 ||
	    copy_text(logon.password, sizeof(logon.password), from->password) < 0) {
		explicit_bzero(&logon, sizeof(logon));
		return error_set_errno(reterr, -EINVAL, -ENAMETOOLONG, "the user, the domain or the password is too long");
	}
	r = exchange(host, (struct order){ .kind = ORDER_LOGON, .length = sizeof(logon) }, &logon, sizeof(*row), &reply, reterr);
	explicit_bzero(&logon, sizeof(logon));
	if (r < 0)	/* only start() says that the program is not there */
		return r == -EOPNOTSUPP ? -EHOSTUNREACH : r;
	row = reply.rows;
	if (reply.news.n_rows == 1)
		snprintf(host->caller, sizeof(host->caller), "%.*s", (int)sizeof(row->name), row->name);
	free(reply.rows);
	return 0;
}

static int tsts_open(struct logoff_host *host, const char *argument, struct logoff_error *reterr)
{
	const struct logoff_logon *logon = host->logon;
	struct tsts_host *tsts = calloc(1, sizeof(*tsts));
	int r;

	(void)argument;
	if (!tsts)
		return -ENOMEM;
	tsts->fd = tsts->cancel_fd = -1;
	tsts->timeout_us = (logon->timeout_ms ? logon->timeout_ms : DEFAULT_TIMEOUT_MS) * 1000;
	host->data = tsts;
	r = start(tsts, reterr);
	return r < 0 ? r : log_on(host, logon, reterr);
}

static void tsts_close(struct logoff_host *host)
{
	struct tsts_host *tsts = host->data;

	if (!tsts)
		return;
	(void)ended(tsts, NULL);
	if (tsts->fd >= 0)
		close(tsts->fd);
	free(tsts->buffer);
	free(tsts->listed);
	free(tsts);
	host->data = NULL;
}

/* ---- sessions ---- */

static void tsts_release(struct logoff_session *session)
{
	free(session->data);
}

static enum logoff_state state_of(const struct news_session *row)
{
	switch (row->state) {
	case STATE_ACTIVE:
	case STATE_SHADOW:
		return LOGOFF_STATE_ACTIVE;
	case STATE_DISCONNECTED:
		return LOGOFF_STATE_DISCONNECTED;
	case STATE_RESET:
	case STATE_DOWN:
		return LOGOFF_STATE_CLOSING;
	default:	/* of the server's making: nobody works in it */
		return LOGOFF_STATE_CONNECTED;
	}
}

/* Session 0 is that of the services (MS-TSTS 3.1.1.1); where nobody has logged on there is a login screen. */
static enum logoff_kind kind_of(const struct news_session *row, bool console)
{
	if (row->id == 0)
		return LOGOFF_KIND_SERVICES;
	if (*row->user)
		return LOGOFF_KIND_USER;
	return console ? LOGOFF_KIND_GREETER : LOGOFF_KIND_BACKGROUND;
}

static const char *protocol_of(const struct news_session *row, bool console)
{
	if (console)
		return "local";
	return strncasecmp(row->name, "rdp", 3) == 0 ? "rdp" : NULL;
}

/* How long ago SINCE_US was, by the clock of the server, whose time it is. Returns -1 if either is not known. */
static int64_t elapsed(const struct tsts_host *tsts, int64_t since_us)
{
	int64_t elapsed_us = (int64_t)clock_now_us() + tsts->ahead_us - since_us;

	if (!tsts->has_clock || since_us <= 0)
		return -1;
	return elapsed_us > 0 ? elapsed_us : 0;
}

/* Since when nobody has done anything: the last input, or what the server knows better. */
static int64_t input_of(const struct news_session *row)
{
	return row->input_us > 0 ? row->input_us : row->state == STATE_DISCONNECTED ? row->disconnect_us : 0;
}

/* Whose it is, logon after logon: a user's is known by its time, or not at all; where nobody has logged on, by the connection's. */
static uint64_t logon_of(const struct news_session *row)
{
	if (row->logon_us > 0)
		return (uint64_t)row->logon_us;
	return *row->user ? 0 : (uint64_t)row->connect_us;
}

static void take_times(struct logoff_session *session, const struct news_session *row)
{
	struct handle *handle = session->data;

	session->logon_us = row->logon_us > 0 ? row->logon_us : -1;
	session->logon = logon_of(row);
	handle->input_us = input_of(row);
	if (session->logon_us > 0 || handle->input_us > 0)
		session->missing |= HOST_CLOCK;
}

/* Whether these are two users: then it is two logons, whatever is known of their times. What is not known may be the same. */
static bool are_others(const char *user, const char *other)
{
	return *user && *other && strncasecmp(user, other, USER_CUT) != 0;
}

static void take_client(struct logoff_session *session, const struct news_session *row)
{
	(void)text_copy_set(&session->client, row->client);	/* without memory it is not known */
	(void)text_copy_set(&session->address, row->address);
}

static void end_texts(struct news_session *row)
{
	row->name[NEWS_TEXT - 1] = row->user[NEWS_TEXT - 1] = row->domain[NEWS_TEXT - 1] = '\0';
	row->client[NEWS_TEXT - 1] = row->address[NEWS_TEXT - 1] = '\0';
}

static int make(struct logoff_host *host, const struct news_session *row, struct logoff_session **ret_session)
{
	bool console = row->id != 0 && strcasecmp(row->name, "console") == 0;
	struct logoff_session *session;
	char id[16];
	int r;

	r = session_new(&session, host);
	if (r < 0)
		return r;
	snprintf(id, sizeof(id), "%u", row->id);
	session->user = strdup(row->user);
	session->data = calloc(1, sizeof(struct handle));
	if (text_copy_set(&session->id, id) < 0 || text_copy_set(&session->name, row->name) < 0 || !session->user || !session->data ||
	    text_copy_set(&session->domain, row->domain) < 0 || text_copy_set(&session->protocol, protocol_of(row, console)) < 0) {
		logoff_session_free(session);
		return -ENOMEM;
	}
	session->uid = (uid_t)-1;
	session->state = state_of(row);
	session->console = console;
	session->kind = kind_of(row, console);
	session->missing = HOST_TIMES | HOST_CLIENT;
	if (row->has & NEWS_HAS_DETAILS) {
		session->missing &= ~(unsigned)HOST_TIMES;
		take_times(session, row);
	}
	if (row->has & NEWS_HAS_CLIENT) {
		session->missing &= ~(unsigned)HOST_CLIENT;
		take_client(session, row);
	}
	*ret_session = session;
	return 0;
}

/* Reads all sessions into tsts->listed. */
static int read_list(struct logoff_host *host, struct logoff_error *reterr)
{
	struct tsts_host *tsts = host->data;
	struct reply reply;
	int r;

	r = ask_once(host, (struct order){ .kind = ORDER_LIST }, sizeof(struct news_session), &reply, reterr);
	if (r < 0)
		return r;
	free(tsts->listed);
	tsts->listed = reply.rows;
	tsts->n_listed = reply.news.n_rows;
	tsts->listed_us = host->now_us;
	tsts->detailed = tsts->with_clients = false;
	for (size_t i = 0; i < tsts->n_listed; i++)
		end_texts(&tsts->listed[i]);
	return 0;
}

static struct news_session *listed(struct tsts_host *tsts, const char *id)
{
	char *end;
	unsigned long number = strtoul(id, &end, 10);

	for (size_t i = 0; i < tsts->n_listed; i++)
		if (*id && !*end && tsts->listed[i].id == number)
			return &tsts->listed[i];
	return NULL;
}

static int tsts_list(struct logoff_host *host, const char *name, struct session_list *list, struct logoff_error *reterr)
{
	struct tsts_host *tsts = host->data;
	struct logoff_session *session;
	int r;

	(void)name;	/* all come in one answer */
	r = read_list(host, reterr);
	for (size_t i = 0; r == 0 && i < tsts->n_listed; i++) {
		if (tsts->listed[i].id > UINT16_MAX)	/* a listener */
			continue;
		r = make(host, &tsts->listed[i], &session);
		if (r == 0)
			r = session_list_add(list, session);
	}
	return r;
}

/* Session ids have 16 bits; numbers above are listeners (MS-TSTS 2.2.1.4). */
static int parse_id(const char *text, uint32_t *ret_id)
{
	char *end;
	unsigned long id = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || id > UINT16_MAX)
		return -ENXIO;
	*ret_id = (uint32_t)id;
	return 0;
}

/* Whether a list as fresh as this round of looks lacks the session. Lists leave some out: it is asked for by its id all the same. */
static bool is_missed(struct logoff_host *host, const char *id)
{
	struct tsts_host *tsts = host->data;

	if (host->n_watched < LIST_FIRST)
		return false;
	if ((!tsts->listed || tsts->listed_us != host->now_us) && read_list(host, NULL) < 0)
		return false;
	return !listed(tsts, id);
}

/* Asks for the one session of ORDER. *ret_row is the caller's. */
static int get_row(struct logoff_host *host, struct order order, struct news_session **ret_row, struct logoff_error *reterr)
{
	struct news_session *row;
	struct reply reply;
	int r;

	r = ask_once(host, order, sizeof(*row), &reply, reterr);
	if (r < 0)
		return r;
	row = reply.rows;
	if (reply.news.n_rows != 1 || row->id != order.id) {
		free(row);
		return error_set_errno(reterr, -EPROTO, -EPROTO, "logoff-tsts has answered about another session");
	}
	end_texts(row);
	*ret_row = row;
	return 0;
}

static int tsts_get(struct logoff_host *host, const char *id, struct logoff_session **ret_session,
		    struct logoff_error *reterr)
{
	struct order order = { .kind = ORDER_GET };
	struct news_session *row = NULL;
	int r;

	if (!id)
		return error_set_errno(reterr, -ESRCH, -ESRCH, "the caller is in no session of another machine");
	if (parse_id(id, &order.id) < 0)
		return error_set_errno(reterr, -ENXIO, -ENXIO, "no such session");
	order.missed = is_missed(host, id);
	r = get_row(host, order, &row, reterr);
	if (r < 0)
		return r;
	r = make(host, row, ret_session);
	free(row);
	return r;
}

/* Completes the list by ORDER. Returns 0 or -errno. */
static int complete(struct logoff_host *host, enum order_kind kind, uint32_t has)
{
	struct tsts_host *tsts = host->data;
	struct news_session *rows;
	struct reply reply;
	char id[16];
	int r;

	r = ask_once(host, (struct order){ .kind = kind }, sizeof(*rows), &reply, NULL);
	if (r < 0)
		return r;
	rows = reply.rows;
	for (size_t i = 0; i < reply.news.n_rows; i++) {
		struct news_session *to;

		end_texts(&rows[i]);
		snprintf(id, sizeof(id), "%u", rows[i].id);
		to = listed(tsts, id);
		if (to && are_others(to->user, rows[i].user))
			continue;	/* another logon by now: what is so of it is not so of the one listed */
		if (to && has == NEWS_HAS_DETAILS) {
			to->connect_us = rows[i].connect_us;
			to->disconnect_us = rows[i].disconnect_us;
			to->logon_us = rows[i].logon_us;
			to->input_us = rows[i].input_us;
		} else if (to) {
			memcpy(to->client, rows[i].client, sizeof(to->client));
			memcpy(to->address, rows[i].address, sizeof(to->address));
		}
		if (to)
			to->has |= rows[i].has & has;
	}
	free(rows);
	return 0;
}

/* That nobody has answered is told, and is not the same as that it is not known. */
static void owe_times(struct logoff_session *session, int r)
{
	if (r != -ETIMEDOUT && r != -EHOSTUNREACH)
		return;
	session->idle_us = session->age_us = r;
	if (session->logon_us < 0)
		session->logon_us = r;
}

static void tsts_fill_times(struct logoff_host *host, struct logoff_session *session)
{
	struct tsts_host *tsts = host->data;
	const struct news_session *row;

	if (!tsts->detailed)
		tsts->details = complete(host, ORDER_DETAILS, NEWS_HAS_DETAILS);
	tsts->detailed = true;
	row = listed(tsts, session->id);
	if (row && (row->has & NEWS_HAS_DETAILS) && !are_others(session->user, row->user))
		take_times(session, row);
	else
		owe_times(session, tsts->details);
}

/* Asks for the server's clock, once, by a session that the caller may ask about. Returns 0 or -errno. */
static int ask_clock(struct logoff_host *host, const char *id)
{
	struct order order = { .kind = ORDER_CLOCK };
	struct tsts_host *tsts = host->data;
	struct reply reply;

	if (tsts->has_clock)
		return 0;
	if (tsts->n_clock >= CLOCK_TRIES || parse_id(id, &order.id) < 0)
		return -EOPNOTSUPP;
	tsts->n_clock++;
	return ask_once(host, order, 0, &reply, NULL);
}

static void tsts_fill_clock(struct logoff_host *host, struct logoff_session *session)
{
	const struct tsts_host *tsts = host->data;
	const struct handle *handle = session->data;
	int r = ask_clock(host, session->id);

	session->age_us = elapsed(tsts, session->logon_us);
	session->idle_us = elapsed(tsts, handle->input_us);
	if (r < 0)
		owe_times(session, r);
}

static void tsts_fill_client(struct logoff_host *host, struct logoff_session *session)
{
	struct tsts_host *tsts = host->data;
	const struct news_session *row;

	if (!tsts->with_clients)
		(void)complete(host, ORDER_CLIENTS, NEWS_HAS_CLIENT);
	tsts->with_clients = true;
	row = listed(tsts, session->id);
	if (row && (row->has & NEWS_HAS_CLIENT) && !are_others(session->user, row->user))
		take_client(session, row);
}

static int tsts_census(struct logoff_host *host, struct census *census, struct logoff_error *reterr)
{
	struct news_process *rows;
	struct reply reply;
	char id[16];
	int r;

	r = ask_once(host, (struct order){ .kind = ORDER_PROCESSES }, sizeof(*rows), &reply, reterr);
	if (r < 0)
		return r;
	rows = reply.rows;
	for (size_t i = 0; r == 0 && i < reply.news.n_rows; i++) {
		rows[i].user[sizeof(rows[i].user) - 1] = rows[i].command[sizeof(rows[i].command) - 1] = '\0';
		snprintf(id, sizeof(id), "%u", rows[i].session);
		r = census_add(census, (pid_t)rows[i].pid, (uid_t)-1, rows[i].user, id, rows[i].command);
	}
	free(rows);
	return r;
}

/* ---- logging off ---- */

/* Whether NOW, which bears the same id, can be told from another logon. What is being ended is nobody's new one. */
static bool is_known(const struct logoff_session *session, const struct logoff_session *now)
{
	return session->logon == 0 || (now && (now->logon != 0 || now->state == LOGOFF_STATE_CLOSING));
}

/*
 * Whether the logon that has SESSION's id now is the one that was asked to end. What was never told of it is no difference.
 * Returns 0; -ENXIO: it is gone, its id may be another's; or why that cannot be told.
 */
static int check_same(struct logoff_host *host, const struct logoff_session *session, struct logoff_error *reterr)
{
	struct logoff_session *now = NULL;
	int r;

	r = tsts_get(host, session->id, &now, reterr);
	if (r < 0 && r != -EACCES)
		return r;
	r = 0;
	if (now && (session_is_other(now, session) || are_others(now->user, session->user)))
		r = error_set_errno(reterr, -ENXIO, -ENXIO, "its id belongs to another logon");
	else if (!is_known(session, now))
		r = error_set_errno(reterr, -EAGAIN, -EAGAIN, "the server does not tell whose session it is now");
	logoff_session_free(now);
	return r;
}

static int tsts_ask(struct logoff_host *host, struct logoff_session *session, enum host_part part, bool interactive,
		    struct logoff_error *reterr)
{
	struct order order = { .kind = ORDER_LOGOFF, .many = host->n_watched > 1 };
	struct handle *handle = session->data;
	int r;

	(void)part;		/* there are no service managers */
	(void)interactive;	/* nor proofs of identity later than at the log-on */
	if (parse_id(session->id, &order.id) < 0)
		return error_set_errno(reterr, -ENXIO, -ENXIO, "no such session");
	if (handle->was_asked) {	/* time has passed */
		r = check_same(host, session, &session->asked_error);
		if (r < 0) {
			session->asked = r == -ENXIO ? -ENXIO : -EAGAIN;
			((struct tsts_host *)host->data)->has_news = true;
			return 0;
		}
	}
	handle->was_asked = true;
	return send_order(host, order, NULL, answer_until(host), &handle->serial, reterr);
}

static int tsts_kill(struct logoff_host *host, struct logoff_session *session, enum host_part part, bool last_act,
		     struct logoff_error *reterr)
{
	struct order order = { .kind = ORDER_RESET };
	struct reply reply;
	int r;

	(void)part;
	(void)last_act;
	if (parse_id(session->id, &order.id) < 0)
		return -ENXIO;
	(void)ask_clock(host, session->id);	/* opens the pipe, if it is not: what is done upon it then comes at once */
	r = check_same(host, session, reterr);
	if (r == -EAGAIN)
		return -EOPNOTSUPP;		/* nobody was forced */
	if (r == 0)
		r = exchange(host, order, NULL, 0, &reply, reterr);
	return r == -ENXIO || r == -EALREADY ? 0 : r;	/* the next look shows which */
}

static int tsts_processes(struct logoff_host *host, struct logoff_session *session, enum host_part part,
			  struct process_list *list, struct logoff_error *reterr)
{
	(void)host;
	(void)session;
	(void)part;
	(void)list;
	return error_set_errno(reterr, -EOPNOTSUPP, -EOPNOTSUPP, "the processes of another machine are not watched");
}

/* ---- messages ---- */

static enum logoff_answer answer_of(uint32_t response)
{
	switch (response) {	/* MS-TSTS 3.5.4.1.10 */
	case 1:
		return LOGOFF_ANSWER_OK;
	case 32000:
		return LOGOFF_ANSWER_TIMEOUT;
	case 32001:
		return LOGOFF_ANSWER_NONE;
	default:		/* the window has but one button */
		return LOGOFF_ANSWER_CLOSED;
	}
}

static void take_answer(const struct news *news, bool wait, struct logoff_delivery *delivery)
{
	delivery->result = news->r > 0 ? -EPROTO : plain_errno(news->r);
	delivery->cause = news->error;
	if (news->r < 0)
		return;
	delivery->cause = (struct logoff_error){};
	delivery->channel = LOGOFF_CHANNEL_DISPLAY;
	delivery->answer = wait ? answer_of(news->answer) : LOGOFF_ANSWER_NONE;
}

static void compose(struct order_message *to, const struct logoff_message *message)
{
	uint64_t seconds = message->timeout_ms / 1000 + (message->timeout_ms % 1000 > 0);

	*to = (struct order_message){ .wait = message->wait };
	to->timeout_s = seconds > INT32_MAX ? INT32_MAX : (uint32_t)seconds;
	snprintf(to->title, sizeof(to->title), "%s", message->title ? message->title : "");
	snprintf(to->text, sizeof(to->text), "%s", message->text ? message->text : "");
}

/* Takes the replies to the orders FIRST ... FIRST + N - 1. Returns how many have come; -errno: the rest never will. */
static int collect(struct logoff_host *host, uint32_t first, size_t n, bool wait, struct logoff_delivery *deliveries,
		   uint64_t until_us, int cancel_fd, struct logoff_error *reterr)
{
	struct tsts_host *tsts = host->data;
	struct news news;
	int r, n_taken = 0;

	while ((r = peek(tsts, &news, reterr)) == 0) {
		r = wait_for(tsts->fd, POLLIN, cancel_fd, until_us);
		if (r == 0)
			return error_set_errno(reterr, -ETIMEDOUT, -ETIMEDOUT, "the server has not answered in time");
		if (r < 0)
			return error_set_errno(reterr, r, r, "cancelled");
		r = read_more(tsts, reterr);
		if (r < 0)
			return r;
	}
	for (; r > 0; r = peek(tsts, &news, reterr)) {
		if (news.serial - first < n) {
			take_answer(&news, wait, &deliveries[news.serial - first]);
			n_taken++;
		} else {
			take(host, &news);
		}
		drop(tsts, &news);
	}
	return r < 0 ? r : n_taken;
}

static void fail_rest(struct logoff_delivery *deliveries, size_t n, int r, const struct logoff_error *cause)
{
	for (size_t i = 0; i < n; i++) {
		if (deliveries[i].result != -EINPROGRESS)
			continue;
		deliveries[i].result = r;
		deliveries[i].cause = *cause;
	}
}

static void tsts_message(struct logoff_host *host, const struct logoff_message *message,
			 struct logoff_session *const *sessions, size_t n_sessions, struct logoff_delivery *deliveries,
			 int cancel_fd)
{
	struct tsts_host *tsts = host->data;
	struct order order = { .kind = ORDER_MESSAGE, .length = sizeof(struct order_message) };
	struct logoff_error cause = {};
	struct order_message text;
	uint64_t until_us = clock_now_us() + tsts->timeout_us;
	uint32_t serial, first = tsts->serial + 1;
	size_t n_open = 0;
	int r = 0;

	compose(&text, message);
	if (message->wait)
		until_us = message->timeout_ms ? until_us + message->timeout_ms * 1000 : UINT64_MAX;
	for (size_t i = 0; i < n_sessions; i++) {
		deliveries[i].result = -EINPROGRESS;
		if (r == 0)
			r = parse_id(sessions[i]->id, &order.id);
		if (r == 0)
			r = send_order(host, order, &text, until_us, &serial, &cause);
		n_open += r == 0;
	}
	while (r >= 0 && n_open > 0) {
		r = collect(host, first, n_sessions, message->wait, deliveries, until_us, cancel_fd, &cause);
		n_open -= r > 0 ? (size_t)r : 0;
	}
	fail_rest(deliveries, n_sessions, r < 0 ? r : -EPROTO, &cause);
}

/* ---- waiting ---- */

static int tsts_wait(struct logoff_host *host, uint64_t until_us, int cancel_fd, struct logoff_error *reterr)
{
	struct tsts_host *tsts = host->data;
	struct news news;
	int r;

	tsts->cancel_fd = cancel_fd;
	if (tsts->has_news)
		until_us = 0;
	r = peek(tsts, &news, reterr);
	if (r == 0) {
		r = wait_for(tsts->fd, POLLIN, cancel_fd, until_us);
		host->now_us = clock_now_us();
		if (r < 0)
			return error_set_errno(reterr, -ECANCELED, r, "cancelled");
		r = r == 0 ? 0 : read_more(tsts, reterr);
	}
	while (r >= 0 && (r = peek(tsts, &news, reterr)) > 0) {
		take(host, &news);
		drop(tsts, &news);
	}
	tsts->has_news = false;
	host->now_us = clock_now_us();
	return r;
}

static void tsts_fill(struct logoff_host *host, struct logoff_session *const *sessions, size_t n_sessions, unsigned facts)
{
	for (size_t i = 0; i < n_sessions; i++) {
		if (facts & HOST_TIMES)
			tsts_fill_times(host, sessions[i]);
		if (facts & HOST_CLOCK)
			tsts_fill_clock(host, sessions[i]);
		if (facts & HOST_CLIENT)
			tsts_fill_client(host, sessions[i]);
	}
}

const struct host_backend host_tsts = {
	.name = "tsts",
	.flags = HOST_SERVER,
	.open = tsts_open,
	.close = tsts_close,
	.release = tsts_release,
	.get = tsts_get,
	.list = tsts_list,
	.may_have_user = host_may_have_any_user,
	.census = tsts_census,
	.ask = tsts_ask,
	.prove = host_no_prove,
	.leave = host_no_leave,
	.kill = tsts_kill,
	.processes = tsts_processes,
	.message = tsts_message,
	.explain = host_no_explain,
	.manager = host_no_manager,
	.desktop = host_no_desktop,
	.fill = tsts_fill,
	.record = audit_record,
	.name_person = audit_name_person,
	.wait = tsts_wait,
};
