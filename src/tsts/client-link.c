/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * client-link.c - the connection: one log-on to SMB. If it has broken, as a restart of smbd breaks it, the next question connects anew.
 *
 * Connections have numbers. A question is answered over one connection or not at all, and its answer bears the number; an act names
 * the number of the answer that has shown what it is about, and is refused over another connection: on a server that was started
 * again the ids of sessions and processes are others'. So who asks looks again first.
 * A connection is looked at before a pipe of it is handed out, and a broken one goes with all its pipes.
 *
 * Connecting is the same each time, and what its failure means, too. Anew, a refusal of the account is the answer from then on:
 * servers lock accounts that fail again and again. Every other failure is that the server cannot be reached; it is tried again, at
 * most once in a second, and by one task for all. Another server at the same address is none (client-smb.c).
 */
#include "tsts/client-link.h"

#include <credentials.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"

/* As good as never; and what a Kerberos server gets, which Samba asks once and then waits 30 seconds for. */
#define NEVER_S (365 * 86400)
#define KDC_PATIENCE_S 5

/* So long after a failure it is not connected anew. */
#define AGAIN_US UINT64_C(1000000)

/* ---- sleeping ---- */

struct nap {
	struct task *task;
	bool is_over;
};

static void end_nap(struct tevent_context *events, struct tevent_timer *timer, struct timeval now, void *data)
{
	struct nap *nap = data;

	(void)events;
	(void)timer;
	(void)now;
	nap->is_over = true;
	task_wake(nap->task);
}

void link_sleep(struct client *client, unsigned ms)
{
	struct nap nap = { .task = task_current(client) };

	if (!timers_add(client, ms, end_nap, &nap))
		return;
	while (!nap.is_over)
		task_pause(client);
}

/* ---- the present connection ---- */

void link_release(struct client *client, struct connection *connection)
{
	if (--connection->n_users == 0 && connection != client->link->connection)
		talloc_free(connection);
}

void link_drop(struct client *client)
{
	struct connection *connection = client->link->connection;

	client->link->connection = NULL;
	channels_wake(client->link);
	connection->n_users++;
	link_release(client, connection);
}

struct connection *link_look(struct client *client)
{
	struct connection *connection = client->link->connection;

	if (connection && !(smb_is_connected(connection->smb) && client->starter->is_connected()))
		link_drop(client);
	return client->link->connection;
}

uint32_t link_number(const struct client *client)
{
	return client->link && client->link->connection ? client->link->connection->number : 0;
}

/* ---- connecting ---- */

/* What a status that ends the log-on means here. */
static int explain_logon(const struct link *link, NTSTATUS status, struct logoff_error *reterr)
{
	int r;

	if (NT_STATUS_EQUAL(status, NT_STATUS_NOT_SUPPORTED) && link->require_encryption)
		return error_set_errno(reterr, -EOPNOTSUPP, -EOPNOTSUPP, "the server does not encrypt SMB");
	r = error_set_connecting(reterr, status);
	if (reterr && link->access.has_ticket && NT_STATUS_EQUAL(status, NT_STATUS_LOGON_FAILURE))
		text_copy(reterr->text, sizeof(reterr->text), "the server does not accept the Kerberos ticket. Do the clocks agree?");
	if (!NT_STATUS_EQUAL(status, NT_STATUS_INVALID_PARAMETER))
		return r;
	/* Of the ways to log on that the server offers none could even be begun. */
	if (reterr)
		text_copy(reterr->text, sizeof(reterr->text), link->access.has_ticket ?
			  "Kerberos does not know a server of this name: use its full name" :
			  "the server offers no way to log on that is allowed here");
	return -EKEYREJECTED;
}

/* Whether CONNECTION leads to the server to which the first one led. Of the first one that is noted. */
static bool is_own_server(struct link *link, const struct connection *connection)
{
	struct GUID server = {};
	bool known = smb_server(connection->smb, &server);

	if (link->n_connections == 0) {
		link->knows_server = known;
		link->server = server;
		return true;
	}
	return known && link->knows_server && memcmp(&server, &link->server, sizeof(server)) == 0;
}

/* Connects and logs on, and opens a pipe with INTERFACE. *RET_OTHER: it is another server, and NT_STATUS_OK is returned. */
static NTSTATUS connect_by(struct client *client, enum interface interface, bool *ret_other)
{
	struct link *link = client->link;
	struct connection *connection = talloc_zero(link, struct connection);
	struct channel *channel;
	NTSTATUS status;

	*ret_other = false;
	if (!connection)
		return NT_STATUS_NO_MEMORY;
	connection->n_users = 1;		/* us */
	status = channel_open(client, connection, interface, SHORT, &channel);
	if (NT_STATUS_IS_OK(status)) {
		connection->base = channel->bound[interface];
		connection->smb = smb_of_pipe(connection->base);
		*ret_other = !is_own_server(link, connection);
	}
	if (NT_STATUS_IS_OK(status) && !*ret_other) {
		connection->number = ++link->n_connections;
		link->connection = connection;
	}
	if (channel)
		channel_give(client, channel);
	link_release(client, connection);
	return status;
}

/*
 * Without the first pipe there is no other: SMB is connected again for the legacy one, which only old servers need. Whether the server
 * is such a one the first connection decides. *RET_REFUSED: it is the account that is refused.
 */
static int link_connect(struct client *client, bool *ret_refused, struct logoff_error *reterr)
{
	struct link *link = client->link;
	NTSTATUS status;
	bool other;
	int r;

	status = connect_by(client, link->first, &other);
	if (is_missing(status) && link->n_connections == 0) {
		link->lacks[LSM] = true;
		link->first = ICA;
		status = connect_by(client, link->first, &other);
	}
	*ret_refused = false;
	if (other)
		return error_set_errno(reterr, -EHOSTUNREACH, -EHOSTUNREACH, "the address leads to another server now");
	if (NT_STATUS_IS_OK(status))
		return 0;
	r = explain_logon(link, status, reterr);
	*ret_refused = r == -EACCES || error_is_of_account(status);
	return r;
}

int link_logon(struct client *client, const struct order_logon *logon, struct logoff_error *reterr)
{
	struct link *link = talloc_zero(client, struct link);
	bool refused;
	int r;

	if (!link)
		return -ENOMEM;
	client->link = link;
	link->first = ENUMERATION;
	link->require_encryption = logon->require_encryption;
	r = timers_begin(client, KDC_PATIENCE_S);
	if (r < 0)
		return r;
	r = access_prepare(client, logon, &link->access, reterr);
	timers_set_patience(client, NEVER_S);
	return r < 0 ? r : link_connect(client, &refused, reterr);
}

/* Unless that has just failed, or for good. */
static int connect_anew(struct client *client, struct logoff_error *reterr)
{
	struct failure *failure = &client->link->failure;
	bool refused = false;

	if (failure->r == 0 || clock_now_us() >= failure->until_us) {
		*failure = (struct failure){};
		client->link->is_connecting = true;
		failure->r = link_connect(client, &refused, &failure->cause);
		client->link->is_connecting = false;
		failure->until_us = refused ? UINT64_MAX : clock_now_us() + AGAIN_US;
		if (failure->r < 0 && !refused)
			failure->r = -EHOSTUNREACH;
	}
	if (failure->r < 0 && reterr)
		*reterr = failure->cause;
	return failure->r;
}

/* Whether the log-on was a success. Returns 0 or -EHOSTUNREACH. */
static int check_logon(const struct client *client, struct logoff_error *reterr)
{
	if (client->link && client->link->n_connections > 0)
		return 0;
	return error_set_errno(reterr, -EHOSTUNREACH, -ENOTCONN, "there is no connection");
}

int link_up(struct client *client, struct logoff_error *reterr)
{
	int r = check_logon(client, reterr);

	if (r < 0)
		return r;
	while (client->link->is_connecting)
		task_yield(client);
	return link_look(client) ? 0 : connect_anew(client, reterr);
}

int link_stays(struct client *client, uint32_t number, struct logoff_error *reterr)
{
	int r = check_logon(client, reterr);

	if (r < 0 || (link_look(client) && link_number(client) == number))
		return r;
	return error_set_errno(reterr, -ENOTCONN, -ENOTCONN, "the connection to the server broke: nothing has been done");
}

/* ---- what is known of it ---- */

char *link_account(const struct client *client, TALLOC_CTX *memory)
{
	return cli_credentials_get_unparsed_name(client->link->access.credentials, memory);
}

bool link_is_legacy(const struct client *client)
{
	return client->link->first == ICA;
}

void link_report(const struct client *client, const char *until)
{
	const struct link *link = client->link;

	if (link)
		fprintf(stderr, "logoff-tsts: %s: %u calls, %u binds, %u pipes\n", until, link->n_calls, link->n_binds, link->n_pipes);
}
