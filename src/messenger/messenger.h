/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * messenger.h - the two halves of the message service: messenger.c handles calls of the bus; deliver.c carries out one
 * of them, in the same program started anew. order.c sends the order from one to the other over a socket.
 */
#ifndef MESSENGER_MESSENGER_H
#define MESSENGER_MESSENGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "backend/message.h"

/* One session of a message. */
struct addressee {
	char id[MESSENGER_ID_MAX + 1];
	uint64_t logon;			/* its identity, or 0 */
};

/* The request of one caller. */
struct order {
	uid_t uid;			/* of the caller, as the bus knows it */
	pid_t pid;			/* the same; 0: not known */
	bool granted;			/* polkit allows them to manage every session */
	int refused;			/* if not: -EACCES, or -ETIMEDOUT if it has said nothing */
	struct logoff_error refusal;	/* and the cause */
	char *title, *text;		/* owned; the title is NULL if the caller may not choose it */
	uint64_t timeout_ms;
	bool wait;
	enum logoff_message_kind kind;
	struct addressee *sessions;	/* owned */
	size_t n_sessions;
};

/* The argument with which the program delivers. */
#define DELIVER_WORD "--deliver"

/* Writes ORDER into socket FD, which somebody reads at once. Returns 0 or -errno. */
int order_write(const struct order *order, int fd);

/* Reads an order from FD; its texts and sessions are the caller's. Returns 0 or -errno. */
int order_read(struct order *ret, int fd);

/*
 * Reads an order from socket FD, delivers it to the sessions that its caller may send to, and writes one struct
 * logoff_delivery for each to FD. When the other end closes, it stops waiting for answers. Returns the exit status.
 */
int deliver(int fd);

#endif
