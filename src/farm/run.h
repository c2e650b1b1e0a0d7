/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * run.h - orders to many hosts side by side: one child for each host, one loop for all.
 *
 * The caller works on a farm in rounds. In a round each host gets orders, one after the other, until the caller has no
 * more for it; the caller gets the lines of the host as they come. Between two rounds up to 64 connections are held. A
 * host that cannot be reached, or that answers wrongly or too late, has a failure, and the round goes on with the
 * others.
 *
 * doc/json.md, Protocol, has the orders and the lines. Nothing here knows what they mean, but for "cancel" and
 * refusals.
 */
#ifndef FARM_RUN_H
#define FARM_RUN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "farm/failure.h"
#include "farm/hosts.h"
#include "farm/reach.h"

struct farm;

/* An order to one host. */
struct farm_order {
	json_t *json;			/* without a serial number; taken */
	uint64_t time_ms;		/* until its reply; 0: the time of the farm, from the start of the connection */
	bool changes;			/* an order cancels it; without its reply its result is unknown */
};

enum farm_next {
	FARM_ORDER,			/* *ret_order is to be carried out */
	FARM_HOLD,			/* none in this round; the connection is wanted in the next one */
	FARM_DONE			/* none, and none later */
};

/* What a caller does. I is the number of the host. */
struct farm_calls {
	/* Tells the next order; called after the hello, and after the reply to each order, or its refusal. */
	enum farm_next (*next)(size_t i, struct farm_order *ret_order, void *data);

	/*
	 * Takes a line that belongs to its order: an object with "session", "event", "result", "failure", ... or
	 * "reply", which is the last. Returns false if it is against the protocol: the host then has the failure
	 * FARM_WRONG.
	 */
	bool (*line)(size_t i, const json_t *line, void *data);

	/* Host I has nothing more to do in this round, or a failure. */
	void (*done)(size_t i, void *data);

	/* Draws how far the round is; called ten times a second at most. NULL: nobody looks. */
	void (*draw)(void *view);

	/* The descriptor that cancels has become readable: it has to be read empty, or closed. */
	void (*cancelled)(void *view);
	void *data, *view;
};

/*
 * Makes a farm of HOSTS, which must outlive it, as HOW says. *ret_farm is the caller's: farm_free(). Returns 0 or
 * -errno.
 */
int farm_new(struct farm **ret_farm, const struct farm_hosts *hosts, const struct reach_how *how);

/*
 * Runs one round with the N hosts whose numbers are WHICH, or with the first N (NULL). Blocks until each is done.
 * CANCEL_FD (-1: none) cancels when it becomes readable. The first time, hosts that have not been asked, or carry out
 * an order that changes nothing, are given up; the others get "cancel". The second time these get another "cancel",
 * and have three seconds. Returns 0 or -errno: the loop itself has failed.
 */
int farm_round(struct farm *farm, const size_t *which, size_t n, const struct farm_calls *calls, int cancel_fd);

/*
 * Notes that no other connection to host I can be made: where FARM_HOLD is said of it, this one is held however many
 * there are.
 */
void farm_keep(struct farm *farm, size_t i);

/*
 * Tells whether LINE is a failure in place of the reply: the host has not begun with the order. Returns true
 * if so.
 */
bool farm_is_refusal(const json_t *line);

/*
 * The failure of host I, and the line that says more, "" for none; it is made harmless. Returns the failure, or
 * FARM_NO_FAILURE.
 */
enum farm_failure farm_failure(const struct farm *farm, size_t i, const char **ret_text);

/*
 * The hello of host I in its last connection. Its "way" is there only if the program here has said hello for it.
 * Returns it, owned by FARM, or NULL.
 */
const json_t *farm_hello(const struct farm *farm, size_t i);

/*
 * Tells whether an errno is of the way to a host, and no fault of the program here that leads to it. Returns true if
 * so.
 */
bool farm_is_of_network(int64_t number);

/* How many hosts have said hello, in any round. Returns their number. */
size_t farm_count_greeted(const struct farm *farm);

/* When that hello came. Returns the monotonic time, or 0. */
uint64_t farm_hello_us(const struct farm *farm, size_t i);

/* How long host I took from its start to the reply to its first order. Returns milliseconds, or 0 if there was none. */
uint64_t farm_elapsed_ms(const struct farm *farm, size_t i);

/* The host that has been waited for longest, after AFTER others. Returns its number, or that of all hosts. */
size_t farm_slowest(const struct farm *farm, size_t after);

/* Ends all connections, waits for the children, and frees FARM. NULL is allowed. Returns NULL. */
struct farm *farm_free(struct farm *farm);

#endif
