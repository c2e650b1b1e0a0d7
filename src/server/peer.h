/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * peer.h - processes of logoff-host, each of which has become the UNIX user of one client, and orders to them.
 *
 * A process carries out one order at a time. So an order that changes something has a process to itself, and orders
 * that only ask share one. Processes are started when they are needed, end when nobody has needed them for a while,
 * and get no new orders after a minute. A process that breaks the protocol, ends, or is too late is killed; nobody
 * knows then what has become of its orders. A log-off that it has begun goes on all the same: logoff-host sees to that.
 */
#ifndef SERVER_PEER_H
#define SERVER_PEER_H

#include "server/caller.h"

struct order;

/* How an order ends. */
enum order_end {
	ORDER_DONE,			/* its reply has come */
	ORDER_REFUSED,			/* logoff-host has not begun with it */
	ORDER_BROKEN,			/* unknown: the process has ended */
	ORDER_LATE			/* unknown: no reply in time */
};

struct order_calls {
	/* A line of the order that is no reply. LINE is freed after it. */
	void (*line)(void *data, const struct line *line);
	/* The last thing that is called. LINE is the reply of ORDER_DONE, else NULL. */
	void (*end)(void *data, enum order_end end, const struct line *line);
};

/*
 * Gives ORDER, which is stolen and has no serial yet, to a process of CLIENT, which has SECONDS for it. CHANGES: it
 * does not only ask. Returns NULL and *ret_result, an HRESULT: the client has as many orders as it may have, or no
 * process can be started. Nothing is called then.
 */
struct order *order_give(struct client *client, json_t *order, bool changes, unsigned seconds,
			 const struct order_calls *calls, void *data, uint32_t *ret_result);

/* Asks logoff-host to give up ORDER, which ends as usual. */
void order_cancel(struct order *order);

/* What a call answers whose order has ended so, and which does not know more. */
uint32_t order_result(enum order_end end);

#endif
