/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * deliver.c - see messenger.h: the library carries out one order in a process of its own; the messages.
 *
 * The library waits for people and desktops, so each order has a process, and no message waits for another caller's.
 * The process begins with nothing of the caller's but the order. It looks each session up itself: the host says whose
 * it is, not the caller.
 */
#include "messenger/messenger.h"

#include <errno.h>
#include <fcntl.h>
#include <libintl.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "local/proc.h"

#define _(text) gettext(text)

/* ---- the title ---- */

/*
 * Writes the title of a message: the sender and the time, in the language of this machine. It is done here and not in
 * the service itself, as a name service may take its time.
 */
static void compose_title(const struct order *order, char *title, size_t size)
{
	struct passwd entry, *found = NULL;
	char buffer[4096], name[64], when[64] = "";
	uid_t uid = order->login == PROC_NO_AUDIT ? order->uid : order->login;
	time_t now = time(NULL);
	struct tm parts;

	if (getpwuid_r(uid, &entry, buffer, sizeof(buffer), &found) == 0 && found)
		snprintf(name, sizeof(name), "%s", entry.pw_name);
	else
		snprintf(name, sizeof(name), "%u", (unsigned)uid);
	if (localtime_r(&now, &parts))
		strftime(when, sizeof(when), "%F %H:%M", &parts);
	snprintf(title, size, _("Message from %s, %s"), name, when);
}

/* ---- one order ---- */

int order_look_up(struct logoff_host *host, const struct addressee *addressee, struct logoff_session **ret_session,
		  struct logoff_error *cause)
{
	struct logoff_session *session;
	int r = host_find(host, addressee->id, &session, cause);

	if (r < 0)
		return r;
	if (addressee->logon && addressee->logon != session->logon) {
		logoff_session_free(session);
		return error_set_errno(cause, -ENXIO, -ENXIO, "the id is another logon's by now");
	}
	*ret_session = session;
	return 0;
}

bool order_allows(const struct order *order, const struct logoff_session *session)
{
	return order->uid == 0 || order->granted || (session && session->uid == order->uid);
}

int order_refuse(const struct order *order, struct logoff_error *cause)
{
	*cause = order->refusal;
	return order->refused;
}

/* Finds the session, if the caller may send to it. Who may not is not told whether there is one. */
static int find_session(struct logoff_host *host, const struct order *order, const struct addressee *addressee,
			struct logoff_session **ret_session, struct logoff_error *cause)
{
	struct logoff_session *session = NULL;
	int r = order_look_up(host, addressee, &session, cause);

	if ((r >= 0 || r == -ENXIO) && !order_allows(order, session)) {
		logoff_session_free(session);
		return order_refuse(order, cause);
	}
	if (r >= 0)
		*ret_session = session;
	return r;
}

/* Sends to the sessions that were found. */
static void send_to(struct logoff_host *host, const struct order *order, struct logoff_session **sessions,
		    struct logoff_delivery *deliveries, int cancel_fd)
{
	char title[256];
	struct logoff_message message = {
		.title = order->title ? order->title : title, .text = order->text, .timeout_ms = order->timeout_ms,
		.wait = order->wait, .kind = order->kind,
	};
	struct logoff_session **found = calloc(order->n_sessions + 1, sizeof(struct logoff_session *));
	struct logoff_delivery *results = calloc(order->n_sessions + 1, sizeof(*results));
	size_t n = 0;
	int r = found && results ? 0 : -ENOMEM;

	compose_title(order, title, sizeof(title));
	for (size_t i = 0; r >= 0 && i < order->n_sessions; i++)
		if (sessions[i])
			found[n++] = sessions[i];
	if (r >= 0)
		r = host_message(host, &message, found, n, results, cancel_fd, NULL);
	for (size_t i = 0, k = 0; i < order->n_sessions; i++) {
		if (!sessions[i])
			continue;
		deliveries[i] = r >= 0 ? results[k++] : (struct logoff_delivery){ .result = r };
		logoff_session_free(sessions[i]);
	}
	free(found);
	free(results);
}

static bool is_cancelled(int cancel_fd)
{
	struct pollfd ready = { .fd = cancel_fd, .events = POLLIN };

	return poll(&ready, 1, 0) > 0;
}

/* Finds all of them; a host that is slow may take its time for each. Returns 0 or -ECANCELED. */
static int find_all(struct logoff_host *host, const struct order *order, struct logoff_session **sessions,
		    struct logoff_delivery *deliveries, int cancel_fd)
{
	for (size_t i = 0; i < order->n_sessions; i++) {
		if (is_cancelled(cancel_fd))
			return -ECANCELED;
		deliveries[i].result =
			find_session(host, order, &order->sessions[i], &sessions[i], &deliveries[i].cause);
	}
	return 0;
}

static void send_all(struct logoff_host *host, const struct order *order, struct logoff_delivery *deliveries,
		     int cancel_fd)
{
	struct logoff_session **sessions = calloc(order->n_sessions + 1, sizeof(struct logoff_session *));
	int r = sessions ? find_all(host, order, sessions, deliveries, cancel_fd) : -ENOMEM;

	if (r >= 0)
		send_to(host, order, sessions, deliveries, cancel_fd);
	for (size_t i = 0; r < 0 && i < order->n_sessions; i++)
		deliveries[i] = (struct logoff_delivery){ .result = r };
	free(sessions);		/* what they point to ends with this process */
}

static void carry_out(const struct order *order, struct logoff_delivery *results, int cancel_fd)
{
	struct logoff_host *host = NULL;
	struct logoff_error cause = {};
	int r = host_open(&host, NULL, NULL, &cause);

	for (size_t i = 0; r < 0 && i < order_n_results(order); i++)
		results[i] = (struct logoff_delivery){ .result = r, .cause = cause };
	if (r < 0)
		return;
	host->delivers_itself = true;
	switch (order->method) {
	case SERVICE_SEND:
		send_all(host, order, results, cancel_fd);
		break;
	case SERVICE_DISCONNECT:
		act_disconnect(host, order, results);
		break;
	case SERVICE_END:
		act_end(host, order, results, cancel_fd);
		break;
	}
	logoff_host_close(host);
}

int deliver(int fd)
{
	struct logoff_delivery *results;
	struct order order = {};
	size_t size, n = 0;
	ssize_t written = 0;

	(void)prctl(PR_SET_NAME, "logoff-messenger");	/* it is started by another name */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	(void)umask(077);
	if (order_read(&order, fd) < 0)
		return 1;
	results = calloc(order_n_results(&order) + 1, sizeof(*results));
	if (!results)
		return 1;
	size = order_n_results(&order) * sizeof(*results);
	carry_out(&order, results, fd);
	while (n < size && (written = write(fd, (const char *)results + n, size - n)) > 0)
		n += (size_t)written;
	return n < size;
}
