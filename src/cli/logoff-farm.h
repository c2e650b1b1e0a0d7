/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * logoff-farm.h - a run of logoff on many hosts: who is meant (logoff-farm.c), and the orders to the hosts with what
 * becomes of them (logoff-orders.c).
 */
#ifndef CLI_LOGOFF_FARM_H
#define CLI_LOGOFF_FARM_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "cli/farm.h"
#include "cli/farm-own.h"

/* A session that is to be logged off. */
struct target {
	size_t host;
	struct logoff_session *session;	/* the farm's */
	int64_t logon_us;
	bool named;			/* else selected */
	bool done;			/* its result has been reported */
	unsigned order;			/* the number of its order to its host; 0: none yet */
	bool lost;			/* its host told a result only because the connection with it broke */
	bool recorded;			/* what its host has told was recorded here already */
	enum logoff_existence exists;	/* if that is known without a result, and in which state */
	enum logoff_state state;
};

/* What the command line says of one host. */
struct plan {
	bool *named;			/* the arguments that name a session of it */
	bool has_names;
	uint64_t no_exclusions;		/* a bit for each item of /exclude, of at most 64, that it does not know */
	size_t n_selected;		/* the first sessions of its list; the others come from a list of all */
	unsigned n_lists, n_orders;	/* how many it has got */
	size_t first, n_targets;	/* its targets, side by side; those that are selected first */
	int told;			/* the highest exit status in the lines of the order */
	size_t found;			/* the last one that a line was about */
	size_t n_asked;			/* of them, in the round that asks for their fate */
	bool moved;			/* another machine has answered to its name */
	struct target *asked;		/* the one whose fate it has not told yet */
	bool drained;			/* it was ordered to refuse new logons */
	bool proved;			/* it has told which logons it refuses */
	bool lost;			/* it has not answered when it was asked again, which has been said */
};

struct run {
	struct server_farm farm;
	json_t *select;			/* the conditions of all orders */
	struct plan *plans;		/* one for each host */
	struct target *targets;
	size_t n_targets;
	size_t n_spared;		/* sessions for which a condition is unknown */
	struct farm_own own;		/* the caller's sessions, if this machine is one of the hosts */
	char id[40];			/* of this run, for the records */
	char origin[FARM_ORIGIN_SIZE];
	bool again;			/* only what the selection means is asked for: names are known already */
	struct logoff_session **kept;	/* sessions that were named, which no list has any more */
	size_t n_kept;
	uint64_t warned_until_us;	/* when the warning time is over; 0: not begun */
	size_t n_warned;		/* how many targets the hosts in turn have */
	bool told;			/* the countdown has been said */
	bool log_is_silent;		/* a record has waited for the log, which did not listen: no other one waits */
	int status;			/* the highest so far */
};

/* Notes the exit status of a part of the run: of all the highest counts. */
void run_note_status(struct run *run, int status);

/* What "cancelled" of a struct farm_calls does, for a RUN. */
void run_cancelled(void *run);

/* Names the run, and on whose behalf it is, for the records. */
void orders_begin(struct run *run);

/*
 * Has the N hosts WHICH log off their targets, and asks what has become of those whose connection broke. Each target
 * gets a result, which is reported. Blocks until all have.
 */
void orders_carry_out(struct run *run, const size_t *which, size_t n);

/* Gives those targets of the N hosts WHICH a result that have none: the run was cancelled before their turn came. */
void orders_leave(struct run *run, const size_t *which, size_t n);

/*
 * Has the N hosts WHICH refuse new logons, and reports each of which it is not proved that it does. Blocks until all
 * have answered, or their time is over.
 */
void orders_drain(struct run *run, const size_t *which, size_t n);

#endif
