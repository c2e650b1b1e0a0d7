/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tsts.c - the back end for other servers: Windows' Remote Desktop Session Hosts and whoever else answers MS-TSTS.
 *
 * logoff-tsts, a program of its own (why: tsts/order.h), speaks the protocol; tsts-program.c starts it. Here the orders to it are
 * composed, and what its events mean is decided; station.c makes sessions of its rows. A reply that comes too late is dropped.
 * What a server does not tell stays unknown. The processes of a session are not looked at while it ends: the proof is the server's
 * word that it is gone, checked by a list. Times are the server's, and so is the clock by which they are measured.
 * Nobody here has a numeric user, and no session is the caller's own. If the connection breaks, the next question connects anew, and
 * an act is done only to what an answer over the same connection has shown: check_same(). Some 1,000 lines: each operation of backend.h
 * is one order and the reading of its answer, and they share what has been answered so far.
 */
#include "backend/tsts-program.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/audit.h"
#include "backend/station.h"
#include "backend/table.h"
#include "base/clock.h"
#include "base/error.h"
#include "core/host.h"
#include "backend/watch.h"

#define DEFAULT_TIMEOUT_MS 30000

/* Grace after the deadline: 250 ms for a server that has answered before, 5 ms for one that has not. */
#define LAST_TIMEOUT_US UINT64_C(250000)
#define SILENT_TIMEOUT_US UINT64_C(5000)

/* Time for a reply after Ctrl-C. */
#define CANCEL_TIMEOUT_US UINT64_C(1000000)

/* From so many sessions on that are being ended, one list is asked for: it is cheaper than a list for each one that it lacks. */
#define LIST_FIRST 4

/* So many sessions the server's clock is asked for with: some may be gone by then. */
#define CLOCK_TRIES 3

struct tsts_host {
	struct tsts_program program;
	int cancel_fd;			/* of the last wait(): a reply is not waited for past it */
	uint64_t timeout_us;
	bool silent;			/* it has not answered the last order in time */
	bool has_events;		/* facts were written since the last wait(), which must not sleep on them */
	struct station_row *listed;	/* the last list */
	size_t n_listed;
	uint32_t listed_link;		/* over which connection it came */
	uint64_t listed_us;		/* host->now_us then */
	int64_t ahead_us;		/* how far the server's clock is ahead of our monotonic one */
	bool has_clock;			/* that is known */
	unsigned n_clock;		/* how often it has been asked for */
	bool detailed, with_clients;	/* what it has been completed with, or could not be */
	int details;			/* what came of that: 0 or -errno */
	uint32_t census_link;		/* over which connection the last census came */
	struct event_process *processes; /* as tsts_act() has seen them; NULL: they are to be listed */
	size_t n_processes;
};

/* What a struct logoff_session knows of its log-off. */
struct handle {
	uint32_t serial;		/* of the order; 0: none is under way */
	uint32_t link;			/* the connection over which it has been seen to be this logon: an act needs it */
	int64_t input_us;		/* since when nobody has done anything; 0: not known */
	bool was_asked;			/* once at least */
};

/* What a struct host_held knows of its process. */
struct held {
	uint32_t link;			/* of the census that had it */
	bool was_ended;
};

/* A reply to an order. */
struct reply {
	struct event event;
	void *rows;			/* malloc'ed, event.n_rows of them */
};

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

/* Sends an order with what follows it. *ret_serial is what its reply will bear. */
static int send_order(struct logoff_host *host, struct order order, const void *data, uint64_t until_us, uint32_t *ret_serial,
		      struct logoff_error *reterr)
{
	struct tsts_host *tsts = host->data;

	return tsts_program_send(&tsts->program, order, data, until_us, ret_serial, reterr);
}

/* ---- events ---- */

static struct logoff_session *watched_by_serial(struct logoff_host *host, uint32_t serial)
{
	for (size_t i = 0; i < host->n_watched; i++) {
		struct handle *handle = host->watched[i]->data;

		if (handle && handle->serial == serial)
			return host->watched[i];
	}
	return NULL;
}

/* A reply comes late, never early: so nobody seems to be idle for longer than they are. */
static void set_clock(struct tsts_host *tsts, const struct event *event)
{
	if (event->now_us <= 0)
		return;
	tsts->ahead_us = event->now_us - (int64_t)clock_now_us();
	tsts->has_clock = true;
}

/* Makes an event that nobody waits for a fact. */
static void note_event(struct logoff_host *host, const struct event *event)
{
	struct tsts_host *tsts = host->data;
	struct logoff_session *session;
	char id[16];

	tsts->has_events = true;
	if (event->kind == EVENT_REMOVED) {
		snprintf(id, sizeof(id), "%u", event->id);
		for (size_t i = 0; i < host->n_watched; i++)
			if (strcmp(host->watched[i]->id, id) == 0)
				host->watched[i]->ending->removed = true;
		return;
	}
	session = event->serial ? watched_by_serial(host, event->serial) : NULL;
	if (!session)
		return;		/* a reply that came too late for its asker */
	session->ending->asked_error = event->error;
	/* -EALREADY: somebody has asked it to end before. -ENOTCONN: it is looked at over the next connection, and asked again. */
	session->ending->asked = event->r > 0 ? -EPROTO : event->r == -EALREADY ? 0 : event->r == -ENOTCONN ? -EAGAIN : event->r;
	((struct handle *)session->data)->serial = 0;
}

/* Copies the rows of a reply, which must be as many bytes as they should be; free(). A reply without rows has none. */
static int copy_reply(struct tsts_host *tsts, const struct event *event, size_t row_size, struct reply *ret_reply)
{
	ret_reply->event = *event;
	ret_reply->rows = NULL;
	set_clock(tsts, event);
	if (event->r < 0 || row_size == 0 || event->length != event->n_rows * row_size) {
		ret_reply->event.n_rows = 0;
		return event->length > 0 && event->r >= 0 ? -EPROTO : 0;
	}
	return tsts_program_copy_rows(&tsts->program, event, &ret_reply->rows);
}

/* Waits for the reply to order SERIAL. */
static int await_reply(struct logoff_host *host, uint32_t serial, size_t row_size, uint64_t until_us, struct reply *ret_reply,
		 struct logoff_error *reterr)
{
	struct tsts_host *tsts = host->data;
	int cancel_fd = tsts->cancel_fd;
	struct event event;
	int r;

	for (;;) {
		while ((r = tsts_program_peek(&tsts->program, &event, reterr)) > 0) {
			if (event.serial == serial)
				r = copy_reply(tsts, &event, row_size, ret_reply);
			else
				note_event(host, &event);
			tsts_program_drop(&tsts->program, &event);
			if (event.serial == serial) {
				tsts->silent = false;
				return r;
			}
		}
		if (r < 0)
			return r;
		r = tsts_program_wait(&tsts->program, cancel_fd, until_us);
		if (r == -ECANCELED) {
			cancel_fd = -1;
			if (until_us > clock_now_us() + CANCEL_TIMEOUT_US)
				until_us = clock_now_us() + CANCEL_TIMEOUT_US;
		} else if (r <= 0) {
			tsts->silent = true;
			return error_set_errno(reterr, -ETIMEDOUT, -ETIMEDOUT, "the server has not answered in time");
		}
		r = tsts_program_read(&tsts->program, reterr);
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
		r = await_reply(host, serial, row_size, until_us, ret_reply, reterr);
	if (r == 0 && ret_reply->event.r < 0) {
		r = ret_reply->event.r;
		if (reterr)
			*reterr = ret_reply->event.error;
	}
	return r;
}

/* The errno for callers who do not wait for the session to end, or for the server to have time or to be connected again. */
static int plain_errno(int r)
{
	return r == -EALREADY ? -EPROTO : r == -EAGAIN || r == -ENOTCONN ? -EHOSTUNREACH : r;
}

/* One question and its answer, which nobody asks a second time. */
static int ask_once(struct logoff_host *host, struct order order, size_t row_size, struct reply *ret_reply,
		    struct logoff_error *reterr)
{
	return plain_errno(exchange(host, order, NULL, row_size, ret_reply, reterr));
}

/* ---- opening ---- */

static int fit_text(char *to, size_t size, const char *from)
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
	const struct event_account *row;
	struct reply reply;
	int r;

	if (parse_server(host->server, &logon) < 0)
		return error_set_errno(reterr, -EINVAL, -EINVAL, "%s: not the name of a server", host->server);
	if (fit_text(logon.user, sizeof(logon.user), from->user) < 0 ||
	    fit_text(logon.domain, sizeof(logon.domain), from->domain) < 0 ||
	    fit_text(logon.ccache, sizeof(logon.ccache), from->ccache) < 0 ||
	    fit_text(logon.password, sizeof(logon.password), from->password) < 0) {
		explicit_bzero(&logon, sizeof(logon));
		return error_set_errno(reterr, -EINVAL, -ENAMETOOLONG, "the user, the domain or the password is too long");
	}
	r = exchange(host, (struct order){ .kind = ORDER_LOGON, .length = sizeof(logon) }, &logon, sizeof(*row), &reply, reterr);
	explicit_bzero(&logon, sizeof(logon));
	if (r < 0)	/* only tsts_program_start() says that the program is not there */
		return r == -EOPNOTSUPP ? -EHOSTUNREACH : r;
	row = reply.rows;
	if (reply.event.n_rows == 1)
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
	tsts->program.fd = tsts->cancel_fd = -1;
	tsts->timeout_us = (logon->timeout_ms ? logon->timeout_ms : DEFAULT_TIMEOUT_MS) * 1000;
	host->data = tsts;
	r = tsts_program_start(&tsts->program, reterr);
	return r < 0 ? r : log_on(host, logon, reterr);
}

static void tsts_close(struct logoff_host *host)
{
	struct tsts_host *tsts = host->data;

	if (!tsts)
		return;
	tsts_program_end(&tsts->program);
	free(tsts->listed);
	free(tsts->processes);
	free(tsts);
	host->data = NULL;
}

/* ---- sessions ---- */

static void tsts_release(struct logoff_session *session)
{
	free(session->data);
}

/* LINK is the connection over which ROW came. */
static int make_session(struct logoff_host *host, const struct station_row *row, uint32_t link, struct logoff_session **ret_session)
{
	struct logoff_session *session;
	struct handle *handle;
	int r;

	r = session_new(&session, host);
	if (r < 0)
		return r;
	session->data = handle = calloc(1, sizeof(*handle));
	r = handle ? station_fill(session, row) : -ENOMEM;
	if (r < 0) {
		logoff_session_free(session);
		return r;
	}
	handle->link = link;
	handle->input_us = row->has & STATION_HAS_DETAILS ? station_input_us(row) : 0;
	*ret_session = session;
	return 0;
}

/* Reads all sessions into tsts->listed. */
static int read_list(struct logoff_host *host, struct logoff_error *reterr)
{
	struct tsts_host *tsts = host->data;
	struct reply reply;
	int r;

	r = ask_once(host, (struct order){ .kind = ORDER_LIST }, sizeof(struct station_row), &reply, reterr);
	if (r < 0)
		return r;
	free(tsts->listed);
	tsts->listed = reply.rows;
	tsts->n_listed = reply.event.n_rows;
	tsts->listed_link = reply.event.link;
	tsts->listed_us = host->now_us;
	tsts->detailed = tsts->with_clients = false;
	for (size_t i = 0; i < tsts->n_listed; i++)
		station_end_texts(&tsts->listed[i]);
	return 0;
}

/* The row of the last list with that id, or NULL. */
static struct station_row *find_row(struct tsts_host *tsts, uint32_t id)
{
	for (size_t i = 0; i < tsts->n_listed; i++)
		if (tsts->listed[i].id == id)
			return &tsts->listed[i];
	return NULL;
}

/* The row of the last list for SESSION: unless that row is of another logon by now, and with all that HAS says; else NULL. */
static const struct station_row *find_row_of(struct tsts_host *tsts, const struct logoff_session *session, uint32_t has)
{
	const struct station_row *row;
	uint32_t id;

	row = station_parse_id(session->id, &id) < 0 ? NULL : find_row(tsts, id);
	return row && (row->has & has) && !station_are_others(session->user, row->user) ? row : NULL;
}

static int tsts_list(struct logoff_host *host, const char *name, struct session_list *list, struct logoff_error *reterr)
{
	struct tsts_host *tsts = host->data;
	struct logoff_session *session;
	int r;

	(void)name;	/* all come in one answer */
	r = read_list(host, reterr);
	for (size_t i = 0; r == 0 && i < tsts->n_listed; i++) {
		if (station_is_listener(&tsts->listed[i]))
			continue;
		r = make_session(host, &tsts->listed[i], tsts->listed_link, &session);
		if (r == 0)
			r = session_list_add(list, session);
	}
	return r;
}

/* Whether a list as fresh as this round of looks lacks the session. Lists leave some out: it is asked for by its id all the same. */
static bool is_missed(struct logoff_host *host, uint32_t id)
{
	struct tsts_host *tsts = host->data;

	if (host->n_watched < LIST_FIRST)
		return false;
	if ((!tsts->listed || tsts->listed_us != host->now_us) && read_list(host, NULL) < 0)
		return false;
	return !find_row(tsts, id);
}

/* Asks for the one session of ORDER. *ret_row is the caller's, and came over the connection *RET_LINK. */
static int get_row(struct logoff_host *host, struct order order, struct station_row **ret_row, uint32_t *ret_link,
		   struct logoff_error *reterr)
{
	struct station_row *row;
	struct reply reply;
	int r;

	r = ask_once(host, order, sizeof(*row), &reply, reterr);
	if (r < 0)
		return r;
	row = reply.rows;
	if (reply.event.n_rows != 1 || row->id != order.id) {
		free(row);
		return error_set_errno(reterr, -EPROTO, -EPROTO, "logoff-tsts has answered about another session");
	}
	station_end_texts(row);
	*ret_row = row;
	*ret_link = reply.event.link;
	return 0;
}

static int tsts_get(struct logoff_host *host, const char *id, struct logoff_session **ret_session,
		    struct logoff_error *reterr)
{
	struct order order = { .kind = ORDER_GET };
	struct station_row *row = NULL;
	uint32_t link = 0;
	int r;

	if (!id)
		return error_set_errno(reterr, -ESRCH, -ESRCH, "the caller is in no session of another machine");
	if (station_parse_id(id, &order.id) < 0)
		return error_set_errno(reterr, -ENXIO, -ENXIO, "no such session");
	order.missed = is_missed(host, order.id);
	r = get_row(host, order, &row, &link, reterr);
	if (r < 0)
		return r;
	r = make_session(host, row, link, ret_session);
	free(row);
	return r;
}

/* Completes the last list by the order KIND, which tells what HAS says. Returns 0 or -errno. */
static int complete_list(struct logoff_host *host, enum order_kind kind, uint32_t has)
{
	struct tsts_host *tsts = host->data;
	struct station_row *rows;
	struct reply reply;
	int r;

	r = ask_once(host, (struct order){ .kind = kind, .link = tsts->listed_link }, sizeof(*rows), &reply, NULL);
	if (r < 0)
		return r;
	rows = reply.rows;
	for (size_t i = 0; i < reply.event.n_rows; i++) {
		struct station_row *to = find_row(tsts, rows[i].id);

		station_end_texts(&rows[i]);
		if (to)
			station_complete(to, &rows[i], has);
	}
	free(rows);
	return 0;
}

static void tsts_fill_times(struct logoff_host *host, struct logoff_session *session)
{
	struct tsts_host *tsts = host->data;
	const struct station_row *row;

	if (!tsts->detailed)
		tsts->details = complete_list(host, ORDER_DETAILS, STATION_HAS_DETAILS);
	tsts->detailed = true;
	row = find_row_of(tsts, session, STATION_HAS_DETAILS);
	if (!row) {
		station_owe_times(session, tsts->details);
		return;
	}
	station_set_times(session, row);
	((struct handle *)session->data)->input_us = station_input_us(row);
}

/* Asks for the server's clock, once, by a session that the caller may ask about. Returns 0 or -errno. */
static int ask_clock(struct logoff_host *host, const char *id)
{
	struct order order = { .kind = ORDER_CLOCK };
	struct tsts_host *tsts = host->data;
	struct reply reply;

	if (tsts->has_clock)
		return 0;
	if (tsts->n_clock >= CLOCK_TRIES || station_parse_id(id, &order.id) < 0)
		return -EOPNOTSUPP;
	tsts->n_clock++;
	return ask_once(host, order, 0, &reply, NULL);
}

static void tsts_fill_clock(struct logoff_host *host, struct logoff_session *session)
{
	const struct tsts_host *tsts = host->data;
	const struct handle *handle = session->data;
	int r = ask_clock(host, session->id);

	station_set_ages(session, handle->input_us, tsts->has_clock ? (int64_t)clock_now_us() + tsts->ahead_us : 0);
	if (r < 0)
		station_owe_times(session, r);
}

static void tsts_fill_client(struct logoff_host *host, struct logoff_session *session)
{
	struct tsts_host *tsts = host->data;
	const struct station_row *row;

	if (!tsts->with_clients)
		(void)complete_list(host, ORDER_CLIENTS, STATION_HAS_CLIENT);
	tsts->with_clients = true;
	row = find_row_of(tsts, session, STATION_HAS_CLIENT);
	if (row)
		station_set_client(session, row);
}

static int tsts_census(struct logoff_host *host, struct census *census, struct logoff_error *reterr)
{
	struct event_process *rows;
	struct reply reply;
	char id[16];
	int r;

	r = ask_once(host, (struct order){ .kind = ORDER_PROCESSES }, sizeof(*rows), &reply, reterr);
	if (r < 0)
		return r;
	((struct tsts_host *)host->data)->census_link = reply.event.link;
	rows = reply.rows;
	for (size_t i = 0; r == 0 && i < reply.event.n_rows; i++) {
		rows[i].user[sizeof(rows[i].user) - 1] = rows[i].command[sizeof(rows[i].command) - 1] = '\0';
		snprintf(id, sizeof(id), "%u", rows[i].session);
		r = census_add(census, (pid_t)rows[i].pid, (uid_t)-1, rows[i].user, id, rows[i].command, -1);
	}
	free(rows);
	return r;
}

/* ---- the same session ---- */

/*
 * Whether the logon that has SESSION's id now is the one that was seen. What was never told of it is no difference over the same
 * connection; over another one the server may have been started again, and only a logon time that is the same shows the same session:
 * acts may go on then. Returns 0; -ENXIO: it is gone, its id may be another's; or why that cannot be told.
 */
static int check_same(struct logoff_host *host, const struct logoff_session *session, struct logoff_error *reterr)
{
	struct handle *handle = session->data;
	struct logoff_session *now = NULL;
	int r;

	r = tsts_get(host, session->id, &now, reterr);
	if (r < 0 && r != -EACCES)
		return r;
	r = station_check_same(session, now);
	if (r == 0 && now && now->logon != 0 && session->logon != 0)
		handle->link = ((struct handle *)now->data)->link;
	else if (r == 0 && now && handle->link != ((struct handle *)now->data)->link)
		r = -EAGAIN;
	if (r < 0)
		(void)error_set_errno(reterr, r, r, r == -ENXIO ? "its id belongs to another logon" :
				      "the server does not tell whose session it is now");
	logoff_session_free(now);
	return r;
}

/* ---- single acts ---- */

/* Does ORDER to SESSION, once; if the connection over which it was seen is no more, after another look at it. Returns as exchange(). */
static int do_to_session(struct logoff_host *host, const struct logoff_session *session, struct order order, struct logoff_error *reterr)
{
	const struct handle *handle = session->data;
	struct reply reply;
	int r;

	order.link = handle->link;
	r = exchange(host, order, NULL, 0, &reply, reterr);
	if (r != -ENOTCONN)
		return r;
	r = check_same(host, session, reterr);
	if (r < 0)
		return r;
	order.link = handle->link;
	return exchange(host, order, NULL, 0, &reply, reterr);
}

static int tsts_disconnect(struct logoff_host *host, struct logoff_session *session, struct logoff_error *reterr)
{
	struct order order = { .kind = ORDER_DISCONNECT, .id = (uint32_t)strtoul(session->id, NULL, 10) };

	return plain_errno(do_to_session(host, session, order, reterr));
}

static void forget_processes(struct tsts_host *tsts)
{
	free(tsts->processes);
	tsts->processes = NULL;
}

/* Tells whether the server still has a process of that number; one list tells it of all. Returns 0, -ESRCH, or another errno. */
static int look_for_process(struct logoff_host *host, pid_t pid)
{
	struct tsts_host *tsts = host->data;
	struct reply reply;
	int r;

	if (!tsts->processes) {
		r = ask_once(host, (struct order){ .kind = ORDER_PROCESSES }, sizeof(*tsts->processes), &reply, NULL);
		if (r < 0)
			return r;
		tsts->processes = reply.rows;
		tsts->n_processes = reply.event.n_rows;
	}
	for (size_t i = 0; i < tsts->n_processes; i++)
		if ((pid_t)tsts->processes[i].pid == pid)
			return 0;
	return -ESRCH;
}

/*
 * A server can only end a process by its number, and at once. That is done once, right after the processes were listed: later the
 * number may be another's. So it may be on a server that was started again: it is held over the connection of the list that had it.
 */
static int tsts_act(struct logoff_host *host, struct host_held *process, enum host_act act)
{
	struct tsts_host *tsts = host->data;
	struct held *held = process->data;
	struct reply reply;

	switch (act) {
	case HOST_ACT_LOOK:
		return look_for_process(host, process->pid);
	case HOST_ACT_HOLD:
		process->data = held = calloc(1, sizeof(*held));
		if (!held)
			return -ENOMEM;
		held->link = tsts->census_link;
		forget_processes(tsts);
		break;
	case HOST_ACT_RELEASE:
		free(held);
		process->data = NULL;
		break;
	case HOST_ACT_ASK:
	case HOST_ACT_KILL:
		forget_processes(tsts);
		if (held->was_ended)
			break;
		held->was_ended = true;
		return ask_once(host, (struct order){ .kind = ORDER_TERMINATE, .id = (uint32_t)process->pid, .link = held->link }, 0, &reply,
				NULL);
	}
	return 0;
}

/* ---- logging off ---- */

static int tsts_ask(struct logoff_host *host, struct logoff_session *session, enum host_part part, bool interactive,
		    struct logoff_error *reterr)
{
	struct order order = { .kind = ORDER_LOGOFF, .many = host->n_watched > 1 };
	struct handle *handle = session->data;
	int r;

	(void)part;		/* there are no service managers */
	(void)interactive;	/* nor proofs of identity later than at the log-on */
	if (station_parse_id(session->id, &order.id) < 0)
		return error_set_errno(reterr, -ENXIO, -ENXIO, "no such session");
	if (handle->was_asked) {	/* time has passed */
		r = check_same(host, session, &session->ending->asked_error);
		if (r < 0) {
			session->ending->asked = r == -ENXIO ? -ENXIO : -EAGAIN;
			((struct tsts_host *)host->data)->has_events = true;
			return 0;
		}
	}
	handle->was_asked = true;
	order.link = handle->link;
	return send_order(host, order, NULL, answer_until(host), &handle->serial, reterr);
}

static int tsts_kill(struct logoff_host *host, struct logoff_session *session, enum host_part part, bool last_act,
		     struct logoff_error *reterr)
{
	struct order order = { .kind = ORDER_RESET };
	const struct handle *handle = session->data;
	struct reply reply;
	int r;

	(void)part;
	(void)last_act;
	if (station_parse_id(session->id, &order.id) < 0)
		return -ENXIO;
	(void)ask_clock(host, session->id);	/* opens the pipe, if it is not: what is done upon it then comes at once */
	r = check_same(host, session, reterr);
	if (r == -EAGAIN)
		return -EOPNOTSUPP;		/* nobody was forced */
	order.link = handle->link;
	if (r == 0)
		r = exchange(host, order, NULL, 0, &reply, reterr);
	if (r == -ENOTCONN)
		return -EOPNOTSUPP;		/* nor was anybody now */
	if (r == -EINPROGRESS)			/* perhaps it was */
		return -ETIMEDOUT;
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

#define OPEN (-EALREADY)	/* no reply has come yet; no reply says so */

/* A message on its way to some of SESSIONS. */
struct mail {
	struct logoff_session *const *sessions;
	struct logoff_delivery *deliveries;	/* one for each of SESSIONS */
	size_t *to;				/* the positions of those that it goes to now */
	size_t n_to;
	uint32_t first;				/* the serial of the order for the first of these */
	bool wait;				/* for an answer */
	uint64_t until_us;
	int cancel_fd;
};

static enum logoff_answer get_answer(uint32_t response)
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

static void set_delivery(const struct event *event, bool wait, struct logoff_delivery *delivery)
{
	delivery->result = event->r > 0 ? -EPROTO : event->r == -ENOTCONN ? event->r : plain_errno(event->r);
	delivery->cause = event->error;
	if (event->r < 0)
		return;
	delivery->cause = (struct logoff_error){};
	delivery->answer = wait ? get_answer(event->answer) : LOGOFF_ANSWER_NONE;
}

/* Returns 0, or -E2BIG: the text would have to be cut. */
static int compose_message(struct order_message *to, const struct logoff_message *message, struct logoff_error *reterr)
{
	uint64_t seconds = message->timeout_ms / 1000 + (message->timeout_ms % 1000 > 0);

	*to = (struct order_message){ .wait = message->wait, .may_cut = message->kind == LOGOFF_MESSAGE_WARNING };
	to->timeout_s = seconds > INT32_MAX ? INT32_MAX : (uint32_t)seconds;
	snprintf(to->title, sizeof(to->title), "%s", message->title ? message->title : "");
	if ((size_t)snprintf(to->text, sizeof(to->text), "%s", message->text ? message->text : "") >= sizeof(to->text))
		return error_set_errno(reterr, -E2BIG, -E2BIG, "the text is longer than %zu bytes", sizeof(to->text) - 1);
	return 0;
}

/* Collects replies. Returns how many have come; -errno: the rest never will. */
static int collect_replies(struct logoff_host *host, const struct mail *mail, struct logoff_error *reterr)
{
	struct tsts_host *tsts = host->data;
	struct event event;
	int r, n_taken = 0;

	while ((r = tsts_program_peek(&tsts->program, &event, reterr)) == 0) {
		r = tsts_program_wait(&tsts->program, mail->cancel_fd, mail->until_us);
		if (r == 0)
			return error_set_errno(reterr, -ETIMEDOUT, -ETIMEDOUT, "the server has not answered in time");
		if (r < 0)
			return error_set_errno(reterr, r, r, "cancelled");
		r = tsts_program_read(&tsts->program, reterr);
		if (r < 0)
			return r;
	}
	for (; r > 0; r = tsts_program_peek(&tsts->program, &event, reterr)) {
		if (event.serial - mail->first < mail->n_to) {
			set_delivery(&event, mail->wait, &mail->deliveries[mail->to[event.serial - mail->first]]);
			n_taken++;
		} else {
			note_event(host, &event);
		}
		tsts_program_drop(&tsts->program, &event);
	}
	return r < 0 ? r : n_taken;
}

/* Sends TEXT to those that the mail goes to now, and waits for the replies. R is why nothing can be sent, or 0. */
static void post(struct logoff_host *host, struct mail *mail, const struct order_message *text, int r, struct logoff_error *cause)
{
	struct order order = { .kind = ORDER_MESSAGE, .length = sizeof(struct order_message) };
	size_t n_open = 0;

	mail->first = ((struct tsts_host *)host->data)->program.serial + 1;
	for (size_t k = 0; k < mail->n_to; k++) {
		struct logoff_session *session = mail->sessions[mail->to[k]];
		struct logoff_delivery *delivery = &mail->deliveries[mail->to[k]];
		uint32_t serial;

		order.link = ((struct handle *)session->data)->link;
		if (r == 0)
			r = station_parse_id(session->id, &order.id);
		if (r == 0)
			r = send_order(host, order, text, mail->until_us, &serial, cause);
		n_open += r == 0;
		*delivery = (struct logoff_delivery){ .result = r == 0 ? OPEN : r, .cause = *cause };
	}
	while (r >= 0 && n_open > 0) {
		r = collect_replies(host, mail, cause);
		n_open -= r > 0 ? (size_t)r : 0;
	}
	for (size_t k = 0; k < mail->n_to; k++) {	/* whether the rest of those that were sent were shown, nobody can tell */
		struct logoff_delivery *delivery = &mail->deliveries[mail->to[k]];

		if (delivery->result != OPEN)
			continue;
		delivery->result = r == -ECANCELED ? r : -EINPROGRESS;
		delivery->cause = *cause;
	}
}

/* The message goes to those again whose order was refused because the connection is no more, and who are the same. */
static void forward(struct logoff_host *host, struct mail *mail)
{
	size_t n = 0;

	for (size_t k = 0; k < mail->n_to; k++) {
		struct logoff_delivery *delivery = &mail->deliveries[mail->to[k]];
		int r;

		if (delivery->result != -ENOTCONN)
			continue;
		r = check_same(host, mail->sessions[mail->to[k]], &delivery->cause);
		delivery->result = plain_errno(r);
		if (r == 0)
			mail->to[n++] = mail->to[k];
	}
	mail->n_to = n;
}

static int tsts_message(struct logoff_host *host, const struct logoff_message *message,
			struct logoff_session *const *sessions, size_t n_sessions, struct logoff_delivery *deliveries,
			int cancel_fd)
{
	struct tsts_host *tsts = host->data;
	struct mail mail = { .sessions = sessions, .deliveries = deliveries, .to = calloc(n_sessions + 1, sizeof(*mail.to)),
			     .n_to = n_sessions, .wait = message->wait, .cancel_fd = cancel_fd };
	struct logoff_error cause = {};
	struct order_message text;
	int r;

	if (!mail.to)
		return -ENOMEM;
	for (size_t i = 0; i < n_sessions; i++)
		mail.to[i] = i;
	mail.until_us = clock_now_us() + tsts->timeout_us;
	if (message->wait)
		mail.until_us = message->timeout_ms ? mail.until_us + message->timeout_ms * 1000 : UINT64_MAX;
	r = compose_message(&text, message, &cause);
	post(host, &mail, &text, r, &cause);
	forward(host, &mail);
	post(host, &mail, &text, 0, &cause);
	for (size_t i = 0; i < n_sessions; i++)
		if (deliveries[i].result == -ENOTCONN)	/* twice */
			deliveries[i].result = -EHOSTUNREACH;
	free(mail.to);
	return 0;
}

/* ---- waiting ---- */

static int tsts_wait(struct logoff_host *host, uint64_t until_us, int cancel_fd, struct logoff_error *reterr)
{
	struct tsts_host *tsts = host->data;
	struct event event;
	int r;

	tsts->cancel_fd = cancel_fd;
	forget_processes(tsts);
	if (tsts->has_events)
		until_us = 0;
	r = tsts_program_peek(&tsts->program, &event, reterr);
	if (r == 0) {
		r = tsts_program_wait(&tsts->program, cancel_fd, until_us);
		host->now_us = clock_now_us();
		if (r < 0)
			return error_set_errno(reterr, -ECANCELED, r, "cancelled");
		r = r == 0 ? 0 : tsts_program_read(&tsts->program, reterr);
	}
	while (r >= 0 && (r = tsts_program_peek(&tsts->program, &event, reterr)) > 0) {
		note_event(host, &event);
		tsts_program_drop(&tsts->program, &event);
	}
	tsts->has_events = false;
	host->now_us = clock_now_us();
	return r;
}

static void tsts_fill(struct logoff_session *session, unsigned facts)
{
	if (facts & HOST_TIMES)
		tsts_fill_times(session->host, session);
	if (facts & HOST_CLOCK)
		tsts_fill_clock(session->host, session);
	if (facts & HOST_CLIENT)
		tsts_fill_client(session->host, session);
}

const struct host_backend host_tsts = {
	.name = "tsts",
	.flags = HOST_SERVER | HOST_NUMBERED,
	.open = tsts_open,
	.close = tsts_close,
	.release = tsts_release,
	.get = tsts_get,
	.list = tsts_list,
	.may_have_user = host_may_have_any_user,
	.census = tsts_census,
	.act = tsts_act,
	.end_others = host_no_end_others,
	.disconnect = tsts_disconnect,
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
	.identify = host_no_identify,
	.control = host_no_control,
	.name_person = audit_name_person,
	.wait = tsts_wait,
	.watch = watch_by_looks,	/* a list is one call; its events need a connection of their own */
};
