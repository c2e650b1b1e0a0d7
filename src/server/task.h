/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * task.h - what a call has logoff-host do. A task goes on when its call has been answered, and when the client has
 * left.
 *
 * Every order says on whose behalf it is given (`actor`), so the record of logoff-host has the Windows identity and the
 * address of the client.
 */
#ifndef SERVER_TASK_H
#define SERVER_TASK_H

#include <jansson.h>

#include "server/caller.h"

struct call;
struct task;

struct task_calls {
	/* A line comes. It may answer the call of TASK (NULL: it has been answered). */
	void (*line)(struct task *task, struct call *call, const struct line *line);
	/* All lines have come. NULL: a call that is still there is answered with RESULT. */
	void (*end)(struct task *task, struct call *call, uint32_t result);
};

/*
 * Gives ORDER, which is stolen, for CALL. CHANGES: it does not only ask. The call must be answered in ANSWER_S
 * seconds (0: no limit), the order has ORDER_S. DATA_SIZE bytes of zeroes are for the calls of the task. Returns what
 * the act returns.
 */
uint32_t task_begin(struct call *call, json_t *order, bool changes, unsigned answer_s, unsigned order_s,
		    const struct task_calls *calls, size_t data_size);

/* The DATA_SIZE bytes. */
void *task_data(struct task *task);

/* The call of TASK goes on without it. NULL is allowed. */
void task_leave(struct task *task);

/* Nobody waits any more for what TASK does. NULL is allowed. */
void task_cancel(struct task *task);

/*
 * Refuses CALL what ORDER, which is stolen, says. The refusal is recorded first, and then answered. Returns what the
 * act returns: RESULT_BUSY if it cannot be recorded now.
 */
uint32_t task_refuse(struct call *call, json_t *order);

/* The same for the session of CALL and the RIGHT that the client lacks. */
uint32_t task_refuse_right(struct call *call, enum right right);

/*
 * ---- what both the interfaces of today and IcaApi have, for the session of CALL: each returns what the act returns
 * ----
 */

/* Logs it off. WAIT: answers when it has ended or will not; else as soon as it was asked to end. */
uint32_t task_log_off(struct call *call, unsigned grace_s, unsigned warn_s, bool wait);

uint32_t task_disconnect(struct call *call);

/* Shows a message. *ret_response gets the answer of the user. TIMEOUT_S 0: no limit. */
uint32_t task_message(struct call *call, const char *title, const char *text, uint32_t style, uint32_t timeout_s,
		      bool wait, uint32_t *ret_response);

#endif
