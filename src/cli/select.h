/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * select.h - sessions by what one means: "Bob's", "everything disconnected for two hours".
 *
 * A selection means people's sessions: greeters and background sessions are only ever named. All its conditions must
 * hold together. What is not known (an idle time) fulfils no condition.
 */
#ifndef CLI_SELECT_H
#define CLI_SELECT_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/options.h"
#include "logoff.h"

#define SELECT_ANY UINT64_MAX

/* Filled by the option table. */
struct selection {
	bool all;			/* /all: no condition at all */
	struct option_list users;	/* /user: patterns (account.h); one of them must fit */
	const char *state;		/* /state: disc, active or closing; NULL: any */
	uint64_t idle_s;		/* /idle: at least so long; SELECT_ANY: any */
	uint64_t older_s;		/* /older: logged on at least so long ago; SELECT_ANY: any */
	struct option_list excludes;	/* /exclude: a user, group:NAME, a session's id or name; none of them may fit */
};

#define SELECTION_NONE { .idle_s = SELECT_ANY, .older_s = SELECT_ANY }

/* Tells whether anything is selected at all: /exclude alone selects nothing. */
bool selection_is_given(const struct selection *selection);

/*
 * Checks the words of SELECTION: a wrong one might select too many. An exclusion that excludes nothing is wrong as well: from
 * no selection, or a group that is not there, or one of a server (FOREIGN), of whose groups nothing is known here. Returns
 * 0, or -EINVAL and *ret_fault and *ret_culprit.
 */
int selection_check(const struct selection *selection, bool foreign, enum option_fault *ret_fault,
		    const char **ret_culprit);

/*
 * Tells whether SESSION is excluded by its user, one of the user's groups, its id or its name. A user whose groups cannot
 * be found out is in all of them.
 */
bool selection_excludes(const struct selection *selection, const struct logoff_session *session);

/* Tells whether SELECTION asks how long somebody has been idle or logged on. */
bool selection_asks_times(const struct selection *selection);

/* Tells whether SESSION is of people and fulfils all conditions, and is not excluded. */
bool selection_matches(const struct selection *selection, struct logoff_session *session);

#endif
