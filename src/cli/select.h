/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * select.h - selections of sessions: "Bob's", "everything disconnected for two hours".
 *
 * A selection means people's sessions: never login screens, and background sessions only with /kind:background. All its
 * conditions must hold together. An unknown value (an idle time) fulfils no condition, and a session that may be
 * excluded is excluded.
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
	uint64_t idle_s;		/* /idle: at least this time; SELECT_ANY: any */
	uint64_t older_s;		/* /older: logged on at least this time ago; SELECT_ANY: any */
	struct option_list excludes;	/* /exclude: a user, group:NAME, a session's id or name; none of them may fit */
	struct option_list keeps; /* /keep: programs (running.h), none of which may run in it; checked by choice.c */
	uint32_t excluded_uids[64];	/* the users among EXCLUDES; as many as a list holds */
	size_t n_excluded_uids;
};

/* Whether the selection means a session. */
enum select_answer {
	SELECT_NO,
	SELECT_YES,
	SELECT_UNKNOWN		/* it may fit: its state, or whether its user is in an excluded group, is unknown */
};

#define SELECTION_NONE { .idle_s = SELECT_ANY, .older_s = SELECT_ANY }

/* Tells whether anything is selected at all: /exclude alone selects nothing. */
bool selection_is_given(const struct selection *selection);

/*
 * Checks the words of SELECTION: a wrong word might select too many sessions. It is an error if an exclusion excludes
 * nothing: without a selection, with a group that does not exist, or with a group on a server (FOREIGN), whose members
 * are unknown here. Returns 0, -EINVAL and *ret_fault and *ret_culprit, or why it is unknown whether there is a group,
 * *ret_culprit, and the cause.
 */
int selection_check(const struct selection *selection, bool foreign, enum option_fault *ret_fault,
		    const char **ret_culprit, struct logoff_error *reterr);

/* The part of -EINVAL which is the same on every host: not the groups. */
int selection_check_words(const struct selection *selection, enum option_fault *ret_fault, const char **ret_culprit);

/*
 * Looks up what the exclusions of SELECTION mean, from number *i on, among the N SESSIONS of the host. An exclusion
 * that is neither a user nor a session is an error. On a server (FOREIGN), whose users are unknown, a pattern, a name
 * in a domain and "user:NAME" are accepted as they are. Returns 0, or with *i the first wrong one: -ENXIO, or why that
 * is unknown, and the cause.
 */
int selection_resolve(struct selection *selection, bool foreign, struct logoff_session *const *sessions, size_t n,
		      size_t *i, struct logoff_error *reterr);

/* Tells whether SESSION is of the kind that SELECTION means. */
bool selection_means(const struct selection *selection, const struct logoff_session *session);

/* Tells whether SELECTION needs the idle time or the logon time. */
bool selection_asks_times(const struct selection *selection);

/*
 * Tells whether SESSION is of people, fulfils all conditions and is not excluded. With USER, a user who was named, the
 * conditions are replaced by: it is a session of that user. Of an unknown answer *reterr has the cause, if there is
 * one.
 */
enum select_answer selection_judge(const struct selection *selection, struct logoff_session *session, const char *user,
				   struct logoff_error *reterr);

#endif
