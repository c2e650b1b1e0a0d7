/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * targets.h - which sessions an order means: those that fit its selection, the logons that it identifies, or those of
 * the latter that fit the former. A list without either means all.
 *
 * Whatever cannot be meant is reported to the peer as a failure, and left alone: a session that is unknown, that is
 * another logon by now or does not fit any more, or in which the program itself runs. If nobody can tell whether the
 * program runs in a session, only a selection leaves that alone.
 */
#ifndef HOST_TARGETS_H
#define HOST_TARGETS_H

#include "cli/judge.h"
#include "host/order.h"
#include "logoff.h"

struct targets {
	struct logoff_host *host;
	struct order *order;
	struct logoff_session **items;	/* NULL where a request has the session */
	size_t n_items;
	int status;			/* the highest exit status of the failures */
	struct judge judge;
};

/* What the identity of a logon means now. */
enum target_fate {
	TARGET_GONE,
	TARGET_THERE,
	TARGET_OTHER,			/* another logon has the id */
	TARGET_UNKNOWN
};

/* The name of the host if it is another machine that is served over its bus; else NULL. Filled by the option table. */
extern const char *arg_bus;

/* Tells whether the host is another machine, whose users and boots are not those of this one. */
bool target_is_server(void);

/* The boot that the host runs in, "" if that is unknown. */
void target_boot(char boot[static 64]);

/*
 * Looks up what has become of the logon IDENTITY of BOOT (NULL: the boot of now). *ret_session is the session, only for
 * TARGET_THERE, and the caller's. For TARGET_UNKNOWN *ret_r is why, of the library. Returns the answer.
 */
enum target_fate target_find(struct logoff_host *host, const char *boot, const struct order_identity *identity,
			     struct logoff_session **ret_session, int *ret_r, struct logoff_error *reterr);

/* Finds the sessions that ORDER means on HOST. The caller calls targets_done() at last. */
void targets_find(struct targets *targets, struct logoff_host *host, struct order *order);

/* A logoff_still_func for a struct targets. */
enum logoff_result targets_still(struct logoff_session *session, void *userdata);

/* Frees what TARGETS holds. */
void targets_done(struct targets *targets);

#endif
