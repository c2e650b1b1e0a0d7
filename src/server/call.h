/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * call.h - one call of a client: its row in the table of its interface, and what it may use.
 *
 * dispatch.c takes a packet to its row, finds the session that the call means, and refuses whoever lacks the right of
 * the row. Then the act of the row does the rest. An act returns the result, or what call_later() returns; then
 * somebody calls call_answer().
 */
#ifndef SERVER_CALL_H
#define SERVER_CALL_H

#include "server/caller.h"
#include "server/handle.h"
#include "server/peer.h"
#include "server/result.h"
#include "server/sessions.h"
#include "server/task.h"
#include "tsts/ms-tsts.h"

struct call;

/* What a call is about. */
enum target {
	TARGET_NOTHING,
	TARGET_LIST,			/* the sessions */
	TARGET_SESSION			/* one session: that of its handle, or of the id at `id` */
};

struct call_row {
	const char *name;		/* NULL: there is no such call */
	enum right right;
	enum handle_type handle;	/* HANDLE_NONE: it comes without one */
	enum target target;
	uint32_t (*act)(struct call *call, void *r);	/* NULL: it is not supported */
	void (*prepare)(struct call *call, void *r); /* fills what an answer must have, also a refusal; NULL: nothing */
	size_t id;			/* where the number of the session is; 0: it comes by handle */
	size_t result, boolean;		/* of IcaApi: where the status is, and the BOOLEAN */
	/* Of one that is not supported: how many bytes of zeroes stand before its result, or, of IcaApi, behind it. */
	size_t n_zeroes;
};

struct interface {
	const struct ndr_interface_table *table;
	const char *name;		/* NAME of the specification */
	const struct call_row *rows;	/* by opnum */
	size_t n_rows;
	bool legacy;			/* IcaApi: a status first and a BOOLEAN last */
};

struct call {
	struct call *next_wait;		/* of its client's */
	struct dcesrv_call_state *state;
	const struct interface *interface;
	const struct call_row *row;
	struct client *client;
	const char *address;		/* of the client's machine */
	void *r;			/* the structure of ms-tsts.h */
	struct held *held;		/* of its handle */
	struct session_list *list;
	const struct session *session;	/* in LIST */
	struct look look;
	struct task *task;		/* what it has ordered */
	void *data;			/* of its act */
	bool later, answered;
	struct tevent_timer *deadline;
	/* Of a call that waits for a state of the sessions: whether it can be answered now, with *ret_result. */
	bool (*is_ready)(struct call *call, const struct session_list *list, uint32_t *ret_result);
	bool waits;			/* is among the waits of its client */
	bool is_box;			/* counts as a message that waits for its answer */
	struct call *previous, *next;	/* of all calls that are answered later */
};

extern const struct interface interface_session, interface_notification, interface_enumeration, interface_rcm_public,
	interface_rcm_listener, interface_ica;

/* Rows. Each names its right. */
#define CALL_(type_, name_, right_, handle_, target_, act_, ...) { \
	.name = name_, .right = right_, .handle = handle_, .target = target_, .act = act_, \
	.result = offsetof(struct type_, out.result), ##__VA_ARGS__ }
#define CALL(type, ...) CALL_(type, __VA_ARGS__)
#define CALL_BY_ID(type, name, right, act, ...)                                                                        \
	CALL_(type, name, right, HANDLE_NONE, TARGET_SESSION, act, .id = offsetof(struct type, in.session_id) + 1,     \
	      ##__VA_ARGS__)
#define UNSUPPORTED(name_, n) { .name = name_, .right = RIGHT_NONE, .n_zeroes = n }

/* What the result of a call is that goes on: the act returns it. */
#define CALL_LATER UINT32_C(0xffffffff)

/*
 * The call is answered later; in SECONDS at the latest, with RESULT_TIMED_OUT (0: no limit). Returns what the act
 * returns.
 */
uint32_t call_later(struct call *call, unsigned seconds);

/* Answers a call that was to be answered later. Does nothing if it has been answered. */
void call_answer(struct call *call, uint32_t result);

/*
 * Waits until IS_READY, which is asked for each new list of the client's sessions. In MILLISECONDS at the latest
 * (UINT32_MAX: no limit) it is answered with RESULT_TIMED_OUT. Returns what the act returns.
 */
uint32_t call_wait(struct call *call, uint32_t milliseconds,
		   bool (*is_ready)(struct call *call, const struct session_list *list, uint32_t *ret_result));

/* Ends the wait of a call that goes away. */
void call_stop_waiting(struct call *call);

/* Looks at once whether a wait of CLIENT is over. */
void waits_look(struct client *client);

#endif
