/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * select.h - sessions by what one means: "Bob's", "everything disconnected for two hours".
 *
 * A selection means people's sessions: greeters are only ever named, background sessions only selected if it is said. All
 * its conditions must hold together. What is not known (an idle time) fulfils no condition, and who may be excluded is.
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
	const char *kind;		/* /kind: user, or background: with a terminal; NULL: user */
	uint64_t idle_s;		/* /idle: at least so long; SELECT_ANY: any */
	uint64_t older_s;		/* /older: logged on at least so long ago; SELECT_ANY: any */
	struct option_list excludes;	/* /exclude: a user, group:NAME, a session's id or name; none of them may fit */
	struct option_list keeps;	/* /keep: programs (running.h), none of which may run in it; the caller's to look at */
	uid_t excluded_uids[64];	/* of those of EXCLUDES that are users here; as many as a list holds */
	size_t n_excluded_uids;
};

/* Whether a session is meant. */
enum select_answer {
	SELECT_NO,
	SELECT_YES,
	SELECT_UNKNOWN		/* it would be but for a group: whether its user is in it cannot be found out */
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
 * Looks up what the exclusions of SELECTION mean, from number *i on, among the N SESSIONS that there are: neither a user nor
 * a session is a mistake. On a server (FOREIGN), whose users are not known, a pattern, a name in a domain and "user:NAME"
 * are taken as they are. Returns 0, or with *i the first that means nothing: -ENXIO, or why that cannot be found out.
 */
int selection_resolve(struct selection *selection, bool foreign, struct logoff_session *const *sessions, size_t n,
		      size_t *i);

/* Tells whether SESSION is of the kind that SELECTION means: one that somebody works in. */
bool selection_means(const struct selection *selection, const struct logoff_session *session);

/* Tells whether SELECTION asks how long somebody has been idle or logged on. */
bool selection_asks_times(const struct selection *selection);

/*
 * Tells whether SESSION is of people, fulfils all conditions and is not excluded. With USER, who was named in their stead,
 * all sessions of that user are meant, if they are of people and not excluded.
 */
enum select_answer selection_judge(const struct selection *selection, struct logoff_session *session, const char *user);

#endif
