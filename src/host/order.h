/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * order.h - the orders of a peer: one line of JSON each, checked whole before anything is done.
 *
 * doc/json.md describes them. Everything that a peer can choose has a limit here. A field that is not known is ignored,
 * but not within "select": a condition that is ignored would select too many sessions.
 */
#ifndef HOST_ORDER_H
#define HOST_ORDER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/select.h"
#include "drain/drain.h"

#define ORDER_LINE_MAX 1048576		/* bytes of a line, without the newline */
#define ORDER_IDENTITIES_MAX 4096	/* sessions that one order names */
#define ORDER_SECONDS_MAX (86400 * 366)	/* of any span; as in the commands */
#define ORDER_WORD_MAX 256		/* bytes of a name, an id, a state */
#define ORDER_RUN_MAX 64		/* bytes of the word for a run */
#define ORDER_SID_MAX 184		/* bytes of a SID; more has none */
#define ORDER_ADDRESS_MAX 64		/* bytes of an address */

enum order_type {
	ORDER_LIST,
	ORDER_PROCESSES,
	ORDER_FATE,
	ORDER_LOG_OFF,
	ORDER_MESSAGE,
	ORDER_DISCONNECT,
	ORDER_END_PROCESSES,
	ORDER_LOGON,
	ORDER_CANCEL
};

#define ORDER_TYPES 9

/* Which logon is meant: a session's id alone may belong to another one by now. */
struct order_identity {
	const char *id;
	int64_t logon_us;		/* Unix time; -1: unknown, which is no logon's */
};

/* Which process is meant: its number alone may belong to another one by now. */
struct order_process {
	int32_t pid;
	int64_t started_us;		/* since the start of the kernel; -1: unknown, which is no process's */
};

/* On whose behalf the peer orders something, as it says; all NULL: not told. */
struct order_actor {
	const char *name, *sid, *address;
};

/* An order. The texts belong to its JSON. */
struct order {
	enum order_type type;
	int64_t serial;			/* from 1 on; 0: none, which only ORDER_CANCEL may have */
	json_t *json;

	bool people;			/* ORDER_LIST: only sessions in which somebody works */

	bool selects;			/* SELECTION counts; with IDENTITIES those of them that fit it are meant */
	struct selection selection;
	struct order_identity *identities; /* ORDER_FATE has just one */
	size_t n_identities;
	struct order_process *processes; /* ORDER_END_PROCESSES */
	size_t n_processes;
	const char *boot;		/* of the IDENTITIES or PROCESSES; NULL: that of now, or the host has none */

	uint64_t grace_s, wait_s, warn_s;
	const char *text, *title, *reason, *origin, *run;
	struct order_actor actor;
	bool refused;			/* by the peer, for the actor: it is only to be recorded */
	bool console, no_desktop;
	uint64_t time_s;		/* ORDER_MESSAGE: how long it is shown */
	bool answers;			/* and waited for */

	const char *mode;		/* ORDER_LOGON: the word for VERB */
	enum drain_verb verb;
};

/* Why a line is no order. */
struct order_fault {
	const char *kind;		/* of a failure in doc/json.md: "no-json", "unknown-order", "wrong-order" */
	const char *object;		/* static: the field that is wrong, or NULL */
	int64_t serial;			/* 0: not known */
	bool breach;			/* it is no object of JSON: what follows it cannot be trusted either */
};

/* The word of a type. Returns it. */
const char *order_word(enum order_type type);

/*
 * Parses LINE of N bytes, which has no newline. *ret_order is to be freed by order_done(). Returns 0, -EINVAL and
 * *ret_fault, or -ENOMEM.
 */
int order_parse(struct order *ret_order, const char *line, size_t n, struct order_fault *ret_fault);

/* Tells whether ORDER changes something, so that only one such may run. One that the peer refuses does not. */
bool order_changes(const struct order *order);

/* Tells whether ORDER says which sessions it means. */
bool order_means_sessions(const struct order *order);

/* Frees what ORDER holds. */
void order_done(struct order *order);

#endif
