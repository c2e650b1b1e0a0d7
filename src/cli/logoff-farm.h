/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * logoff-farm.h - a run of logoff on many hosts: who is meant (logoff-farm.c), the orders to the hosts with what
 * becomes of them (logoff-orders.c), and /drain and /serial (logoff-farm-drain.c).
 *
 * A target is a logon, and stays one until its result has been reported: a host that is asked again only adds some.
 */
#ifndef CLI_LOGOFF_FARM_H
#define CLI_LOGOFF_FARM_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "cli/farm.h"
#include "cli/farm-own.h"
#include "cli/names.h"

/* A session that is to be logged off. */
struct target {
	size_t host;
	struct logoff_session *session;	/* the farm's */
	int64_t logon_us;
	bool named;			/* else selected */
	bool done, ended;		/* its result has been reported; it was that it has ended */
	unsigned order;			/* the number of its order to its host; 0: none yet */
	bool told_unwarned;		/* that its user could not be warned has been reported */
	bool lost;			/* its host told a result only because the connection with it broke */
	bool goes_on;			/* it was gone, and what its desktop or its manager runs was being ended */
	bool recorded;			/* what its host has told was recorded here already */
	enum logoff_existence exists;	/* if that is known without a result, and in which state */
	enum logoff_state state;
};

/* A word for a session, from the command line or from a list. */
struct given {
	size_t host;
	const char *text;		/* with the name of the host, if that is said */
	const char *path;		/* of the list; NULL: none */
	const struct name *line;	/* of the list */
};

/* What is meant on one host, and how far that is. */
struct plan {
	uint64_t no_exclusions;		/* a bit for each item of /exclude, of at most 64, that it does not know */
	size_t n_selected;		/* the first sessions of its list; the others come from a list of all */
	bool knows_selected;		/* the list of these is whole; else the selection means nobody there */
	unsigned n_lists, n_orders;	/* how many it has got; of lists in this round */
	struct target *targets;
	size_t n_targets;
	int told;			/* the highest exit status in the lines of the order */
	enum farm_failure failure;	/* why its orders have no result */
	size_t found;			/* the last one that a line was about */
	size_t n_asked;			/* of them, in the round that asks for their fate */
	enum select_answer same;	/* whether the machine that was listed has answered to its name last */
	struct target *asked;		/* the one whose fate it has not told yet */

	/* Where time passes between the list and the order: /drain, /serial. */
	bool begun, over;		/* its turn has come; there is nothing more to do */
	size_t n_before;		/* the sessions of its lists before the last */
	bool restarted;			/* since it was listed */
	bool told_to_drain, drained;	/* it got the order, and has said that the state is set */
	bool answered_drain;		/* it has carried out the order, or refused it */
	bool failed_to_drain;		/* it could not write all of the state, or take away all of the former one */
	bool refuses, lets_in;		/* a service of PAM is proved to refuse new logons, or not to */
	size_t n_troubles;		/* its failures and services so far */
	int drain_status;		/* the highest exit status of the lines about that */
	bool asked_state;		/* at the end, whether new logons are still refused */
	enum select_answer still;	/* and they are */
	const char *spared;		/* why nobody is logged off on it; NULL: they are */
};

struct run {
	struct server_farm farm;
	json_t *select;			/* the conditions of all orders */
	struct plan *plans;		/* one for each host */
	struct given *given;
	size_t n_given;
	struct names *lists;		/* that the words come from */
	size_t n_lists;
	size_t n_targets;		/* of all hosts */
	size_t n_ordered;		/* that are under way */
	size_t n_spared;		/* sessions that a selection leaves alone, as something is unknown */
	json_t *spared;			/* which they are; true for those that were reported */
	struct logoff_error unknown;	/* why, of the first of which a host says so */
	struct trouble *troubles;	/* what hosts have told about their logons */
	size_t n_troubles;
	struct farm_own own;		/* the caller's sessions, if this machine is one of the hosts */
	char id[40];			/* of this run, for the records */
	char origin[FARM_ORIGIN_SIZE];
	bool again;			/* only what the selection means is asked for: those who have come since */
	uint64_t warned_until_us;	/* when the warning time is over; 0: not begun */
	bool told;			/* the countdown has been said */
	bool log_is_silent;		/* a record has waited for the log, which did not listen: no other one waits */
	int status;			/* the highest so far */
};

/* Notes the exit status of a part of the run: of all the highest counts. */
void run_note_status(struct run *run, int status);

/* Notes whether the connection of host I leads to the machine that was listed. Returns true if it is another one. */
bool run_has_moved(struct run *run, size_t i);

/* Names the run, and on whose behalf it is, for the records. */
void orders_begin(struct run *run);

/*
 * Has those of the N hosts WHICH that have targets without an order log them off, and asks what has become of those
 * whose connection broke. Each such target gets a result, which is reported. Blocks until all have.
 */
void orders_carry_out(struct run *run, const size_t *which, size_t n);

/* Gives those targets of the N hosts WHICH a result that have none: their turn has not come. */
void orders_leave(struct run *run, const size_t *which, size_t n);

/* Gives TARGET the result that it has ended by itself. If another machine may have said so, that is unknown. */
void orders_finish_gone(struct run *run, struct target *target);

/* Whether TARGET is still to be ordered. */
bool target_is_pending(const struct target *target);

/* How many of the targets of PLAN are. Returns it. */
size_t plan_count_pending(const struct plan *plan);

/* Asks the N hosts WHICH who is meant. Returns the exit status of the loop; hosts that fail are said later. */
int run_list(struct run *run, const size_t *which, size_t n);

/* Adds session number K in the list of host I to its targets. Returns 0 or -ENOMEM. */
int run_add_target(struct run *run, size_t i, size_t k, bool named);

/* Reports the sessions that were left alone, as a condition is unknown, and have not been reported yet. */
void run_report_spared(struct run *run);

/*
 * Logs off the targets on the N hosts WHICH: all at once, or /serial of them at a time; of them those that refuse new
 * logons with /drain. Reports everything.
 */
void run_empty(struct run *run, const size_t *which, size_t n);

#endif
