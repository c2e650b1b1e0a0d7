/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * messenger.h - the two halves of the message service: messenger.c handles calls of the bus; deliver.c carries out one
 * of them, in the same program started anew: messages itself, all else by act.c. order.c sends the order from one to
 * the other over a socket.
 */
#ifndef MESSENGER_MESSENGER_H
#define MESSENGER_MESSENGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "backend/message.h"

/* A session that an order names. */
struct addressee {
	char id[MESSENGER_ID_MAX + 1];
	uint64_t logon;			/* its identity, or 0 */
};

/* The request of one caller. */
struct order {
	enum service_method method;
	uid_t uid;			/* of the caller, as the bus knows it */
	uid_t login;			/* who has logged in and become that user; PROC_NO_AUDIT: unknown */
	bool granted;			/* polkit allows them to manage every session */
	int refused;			/* if not: -EACCES, or -ETIMEDOUT if it has said nothing */
	struct logoff_error refusal;	/* and the cause */
	char *title, *text;		/* owned; the title is NULL if the caller may not choose it */
	uint64_t timeout_ms;
	bool wait;
	enum logoff_message_kind kind;
	struct addressee *sessions;	/* owned; of Disconnect one */
	size_t n_sessions;
	struct logoff_host_process *processes;	/* owned; of EndProcesses */
	size_t n_processes;
	uint64_t grace_ms;
	struct host_actor actor;	/* on whose behalf the caller asks, as they say */
};

/* Returns how many things have a result. */
size_t order_n_results(const struct order *order);

/* The argument with which the program delivers. */
#define DELIVER_WORD "--deliver"

/* Writes ORDER into socket FD, which somebody reads at once. Returns 0 or -errno. */
int order_write(const struct order *order, int fd);

/* Reads an order from FD; its texts and sessions are the caller's. Returns 0 or -errno. */
int order_read(struct order *ret, int fd);

/*
 * Reads an order from socket FD, carries out what its caller may do of it, and writes one struct logoff_delivery for
 * each session or process to FD. When the other end closes, it stops waiting. Returns the exit status.
 */
int deliver(int fd);

/* ---- within that process (deliver.c) ---- */

/*
 * Looks up the session that ADDRESSEE means. Returns 0, -ENXIO: there is none, or the id is another logon's by now, or
 * another errno: nobody can tell.
 */
int order_look_up(struct logoff_host *host, const struct addressee *addressee, struct logoff_session **ret_session,
		  struct logoff_error *cause);

/* Tells whether the caller of ORDER may act on SESSION (NULL: there is none): root, Full Control, its user. */
bool order_allows(const struct order *order, const struct logoff_session *session);

/* Records in CAUSE why ORDER is refused. Returns -EACCES, or -ETIMEDOUT: polkit has said nothing. */
int order_refuse(const struct order *order, struct logoff_error *cause);

/* ---- orders that are no messages (act.c) ---- */

/* Disconnects the client of the session of ORDER, and leaves a record of it. */
void act_disconnect(struct logoff_host *host, const struct order *order, struct logoff_delivery *result);

/* Ends the processes of ORDER, and leaves a record of each. RESULTS has as many elements. */
void act_end(struct logoff_host *host, const struct order *order, struct logoff_delivery *results, int cancel_fd);

#endif
