/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * here.c - see here.h.
 */
#include "backend/here.h"
#include "backend/message.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/error.h"
#include "base/number.h"
#include "local/display.h"
#include "local/held.h"
#include "local/proc-table.h"
#include "local/terminal.h"
#include "local/user.h"

/* A smaller change of the clock is the work of a time service, or of a machine that has slept for a moment. */
#define CLOCK_SET_US INT64_C(60000000)

/*
 * The least of the terminals' times. If the clock has been set forward since the logon, the last key may have been pressed before or
 * after that: the shorter time counts.
 */
static int64_t idle_of_terminals(struct logoff_session *session)
{
	int64_t least_us = -1;
	const char *terminal;

	for (size_t i = 0; (terminal = session_terminal(session, i)); i++) {
		int64_t idle_us = terminal_idle_us(terminal);

		if (idle_us >= 0 && session->set_us > CLOCK_SET_US)
			idle_us = idle_us > session->set_us ? idle_us - session->set_us : 0;
		if (idle_us >= 0 && (least_us < 0 || idle_us < least_us))
			least_us = idle_us;
	}
	return least_us;
}

unsigned here_number(const struct logoff_host *host, const char *id)
{
	return host->far || number_of_id(id) != NUMBER_NONE ? 0 : HOST_NUMBER;
}

/* A table that cannot be read, or is not root's, tells nothing. */
static int32_t find_number(struct logoff_host *host, const struct logoff_session *session)
{
	if (!host->numbers) {
		host->numbers = calloc(1, sizeof(*host->numbers));
		if (!host->numbers)
			return NUMBER_NONE;
		(void)number_table_read(host->numbers, NUMBER_TABLE_PATH);	/* it stays empty */
	}
	return number_table_find(host->numbers, session->id, session->logon_us);
}

void here_fill(struct logoff_session *session, unsigned facts)
{
	struct logoff_host *host = session->host;

	if (host->far)
		return;
	if (facts & HOST_IDLE)
		session->idle_us = session->graphical ? display_idle_us(session) : idle_of_terminals(session);
	if ((facts & HOST_CLIENT) && (host->clients || display_clients_new(&host->clients) >= 0))
		(void)display_fill_client(host->clients, session);	/* out of memory: it stays unknown */
	if (facts & HOST_NUMBER)
		session->number = find_number(host, session);
}

bool here_has_power(const struct logoff_session *session)
{
	return !session->host->far && (geteuid() == 0 || geteuid() == session->uid);
}

/* Does it as this program's user. */
static int cut(const struct logoff_session *session, struct logoff_error *reterr)
{
	unsigned number;
	int r;

	if (!here_has_power(session))
		return error_set_errno(reterr, -EACCES, -EACCES, "only root and the session's own user may do that");
	if (!session->display || !user_parse_display(session->display, &number))
		return -EOPNOTSUPP;
	r = display_cut(session->uid, number);
	return r == -EACCES ? error_set_errno(reterr, r, r, "this X server is not xorgxrdp, so only root may do that") : r;
}

/* Has the message service do it. Without the logon it could be another session's client. */
static int have_cut(struct logoff_session *session, struct logoff_error *reterr)
{
	struct service_order order = { .method = SERVICE_DISCONNECT, .sessions = &session, .n = 1, .actor = &session->host->actor };
	struct logoff_delivery result = {};
	struct logoff_error cause = {};
	int r;

	session_fill(session, HOST_TIMES);
	if (session->logon == 0)
		r = error_set_errno(&cause, -EACCES, -ENODATA, "it is not known which logon this session is");
	else
		r = service_ask(&order, -1, &result, &cause);
	if (r == 0) {
		r = result.result;
		cause = result.cause;
	}
	if (r < 0 && reterr)
		*reterr = cause;
	return r;
}

int here_disconnect(struct logoff_session *session, struct logoff_error *reterr)
{
	int r = cut(session, reterr);

	return r == -EACCES && service_knows(session->host) ? have_cut(session, reterr) : r;
}

static int hold(struct host_held *held)
{
	struct held *process = malloc(sizeof(*process));
	int r = process ? held_open_pid(process, held->pid) : -ENOMEM;

	if (r < 0)
		free(process);
	else
		held->data = process;
	return r;
}

static void release(struct host_held *held)
{
	if (held->data)
		held_close(held->data);
	free(held->data);
	held->data = NULL;
}

int here_act(struct logoff_host *host, struct host_held *held, enum host_act act)
{
	int r = 0;

	if (host->far)
		return -EOPNOTSUPP;
	if (act == HOST_ACT_HOLD)
		return hold(held);
	if (act == HOST_ACT_RELEASE)
		release(held);
	else if (!held_is_alive(held->data))
		return -ESRCH;
	else if (act != HOST_ACT_LOOK)
		r = held_signal(held->data, act == HOST_ACT_ASK ? SIGTERM : SIGKILL);
	return r == -EPERM ? -EACCES : r;
}

/* Has the message service end so many processes as one call may hold. */
static void have_ended(const struct service_order *order, int cancel_fd, int *results, struct logoff_error *cause)
{
	struct logoff_delivery *told = calloc(order->n, sizeof(*told));
	struct logoff_error why = {};
	int r = told ? service_ask(order, cancel_fd, told, &why) : -ENOMEM;

	for (size_t i = 0; i < order->n; i++) {
		results[i] = r < 0 ? r : told[i].result;
		if (results[i] < 0 && cause->domain == LOGOFF_ERROR_NONE)
			*cause = r < 0 ? why : told[i].cause;
	}
	free(told);
}

void here_end_others(struct logoff_host *host, struct logoff_host_process *const *processes, size_t n_processes, uint64_t grace_ms,
		     int cancel_fd, int *results, struct logoff_error *cause)
{
	struct service_order order = { .method = SERVICE_END, .grace_ms = grace_ms, .actor = &host->actor };

	if (!service_knows(host) || grace_ms > MESSENGER_GRACE_MAX_MS) {
		host_no_end_others(host, processes, n_processes, grace_ms, cancel_fd, results, cause);
		return;
	}
	for (size_t at = 0; at < n_processes; at += order.n) {
		order.processes = processes + at;
		order.n = n_processes - at < MESSENGER_PROCESSES_MAX ? n_processes - at : MESSENGER_PROCESSES_MAX;
		have_ended(&order, cancel_fd, results + at, cause);
	}
}

void here_refresh(struct logoff_host *host)
{
	host->clients = display_clients_free(host->clients);
	host->in_vain_us = 0;
	if (host->numbers)
		number_table_done(host->numbers);
	free(host->numbers);
	host->numbers = NULL;
}

void here_close(struct logoff_host *host)
{
	here_refresh(host);
	host->table = table_free(host->table);
}
