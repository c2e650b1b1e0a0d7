/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * select.c - see select.h.
 *
 * account.h compares names of users. Case does not matter in session names, as everywhere.
 */
#include "cli/select.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "local/nss.h"
#include "cli/account.h"
#include "cli/facts.h"
#include "cli/word.h"

static const struct {
	const char *word;
	enum logoff_state state;
} states[] = {
	{ "active", LOGOFF_STATE_ACTIVE },
	{ "disc", LOGOFF_STATE_DISCONNECTED },
	{ "closing", LOGOFF_STATE_CLOSING },
};

#define N_STATES (sizeof(states) / sizeof(states[0]))

bool selection_is_given(const struct selection *selection)
{
	return selection->all || selection->users.n_items > 0 || selection->state || selection->kind ||
	       selection->idle_s != SELECT_ANY || selection->older_s != SELECT_ANY;
}

static bool is_state(const char *word)
{
	for (size_t i = 0; i < N_STATES; i++)
		if (strcasecmp(word, states[i].word) == 0)
			return true;
	return false;
}

static bool is_background(const struct selection *selection)
{
	return selection->kind && strcasecmp(selection->kind, "background") == 0;
}

static int set_fault(enum option_fault fault, const char *culprit, enum option_fault *ret_fault,
		     const char **ret_culprit)
{
	*ret_fault = fault;
	*ret_culprit = culprit;
	return -EINVAL;
}

int selection_check_words(const struct selection *selection, enum option_fault *ret_fault, const char **ret_culprit)
{
	if (selection->state && !is_state(selection->state))
		return set_fault(OPTION_FAULT_STATE, selection->state, ret_fault, ret_culprit);
	if (selection->kind && !is_background(selection) && strcasecmp(selection->kind, "user") != 0)
		return set_fault(OPTION_FAULT_KIND, selection->kind, ret_fault, ret_culprit);
	return 0;
}

int selection_check(const struct selection *selection, bool foreign, enum option_fault *ret_fault,
		    const char **ret_culprit, struct logoff_error *reterr)
{
	const struct option_list *excludes = &selection->excludes;
	int r = selection_check_words(selection, ret_fault, ret_culprit);

	if (r < 0)
		return r;
	for (size_t i = 0; i < excludes->n_items; i++) {
		struct word word = word_parse(excludes->items[i]);

		if (word.kind != WORD_GROUP)
			continue;
		if (foreign)
			return set_fault(OPTION_FAULT_FOREIGN_GROUP, excludes->items[i], ret_fault, ret_culprit);
		*ret_culprit = excludes->items[i];
		r = nss_has_group(word.text, reterr);
		if (r < 0)
			return r == -EINVAL ? -EIO : r;
		if (r == 0)
			return set_fault(OPTION_FAULT_GROUP, excludes->items[i], ret_fault, ret_culprit);
	}
	return 0;
}

/* ---- exclusions ---- */

/* Tells whether WORD, which is no group, means SESSION. A session is excluded by any name that it has or had. */
static bool is_meant(struct word word, const struct logoff_session *session)
{
	if ((word.kind == WORD_ANY || word.kind == WORD_USER) && account_fits(session, word.text))
		return true;
	if ((word.kind == WORD_ANY || word.kind == WORD_ID) &&
	    (word_is_id(session, word.text) || word_is_number(session, word.text)))
		return true;
	return (word.kind == WORD_ANY || word.kind == WORD_NAME) && word_is_name(session, word.text);
}

static bool is_excluded(const struct selection *selection, const struct logoff_session *session)
{
	for (size_t i = 0; i < selection->n_excluded_uids; i++)
		if (!account_is_foreign(session) && logoff_session_uid(session) == selection->excluded_uids[i])
			return true;
	for (size_t i = 0; i < selection->excludes.n_items; i++)
		if (is_meant(word_parse(selection->excludes.items[i]), session))
			return true;
	return false;
}

/* Tells whether the user is in GROUP; -errno: unknown. Where users have no numbers, the domain is part of the name. */
static int is_in_group(const struct logoff_session *session, const char *group, struct logoff_error *reterr)
{
	const char *user = logoff_session_user(session), *domain = logoff_session_detail(session, LOGOFF_DETAIL_DOMAIN);
	char *name = NULL;
	int r;

	if (account_is_foreign(session) && (!domain || asprintf(&name, "%s\\%s", domain, user) < 0))
		return -ENOENT;
	r = nss_is_in_group(name ? name : user, logoff_session_uid(session), group, reterr);
	free(name);
	return r;
}

/* Tells whether only the number of the user is known: the name service has no name, or did not answer. */
static bool is_nameless(const struct logoff_session *session)
{
	char number[16];

	snprintf(number, sizeof(number), "%u", (unsigned)logoff_session_uid(session));
	return !account_is_foreign(session) && strcmp(logoff_session_user(session), number) == 0;
}

static enum select_answer is_in_excluded_group(const struct selection *selection, const struct logoff_session *session,
					       struct logoff_error *reterr)
{
	enum select_answer answer = SELECT_NO;
	int r;

	for (size_t i = 0; i < selection->excludes.n_items && answer != SELECT_YES; i++) {
		struct word word = word_parse(selection->excludes.items[i]);

		/*
		 * A pattern may fit the unknown name. A name without a pattern was looked up, and compared by number.
		 */
		if ((word.kind == WORD_ANY || word.kind == WORD_USER) && strpbrk(word.text, "*?") &&
		    is_nameless(session))
			answer = SELECT_UNKNOWN;
		if (word.kind != WORD_GROUP)
			continue;
		r = is_in_group(session, word.text, reterr);
		answer = r > 0 ? SELECT_YES : r < 0 ? SELECT_UNKNOWN : answer;
	}
	return answer;
}

/* The name service may have several names for a user, in a domain without regard to case. They share one number. */
static int resolve_user(struct selection *selection, const char *name, struct logoff_error *reterr)
{
	int r = account_find(name, &selection->excluded_uids[selection->n_excluded_uids], reterr);

	selection->n_excluded_uids += r == 0;
	/* The name service may fail with -ENXIO too, which does not mean nobody. */
	return r == -ENOENT ? -ENXIO : r == -ENXIO ? -EIO : r;
}

static int resolve_exclusion(struct selection *selection, struct word word, bool foreign,
			     struct logoff_session *const *sessions, size_t n, struct logoff_error *reterr)
{
	bool by_user = word.kind == WORD_ANY || word.kind == WORD_USER;
	int r = -ENXIO;

	/* Often there is no console session, and it is no error to exclude it. */
	if (word.kind == WORD_GROUP || (word.kind != WORD_USER && strcasecmp(word.text, "console") == 0))
		return 0;
	if (by_user && account_is_pattern(word.text))
		return 0;
	if (by_user && foreign && (word.kind == WORD_USER || strchr(word.text, '\\')))
		return 0;
	if (by_user && !foreign)
		r = resolve_user(selection, word.text, reterr);
	for (size_t i = 0; r < 0 && i < n; i++)
		if (sessions[i] && is_meant(word, sessions[i]))
			r = 0;
	return r;
}

int selection_resolve(struct selection *selection, bool foreign, struct logoff_session *const *sessions, size_t n,
		      size_t *i, struct logoff_error *reterr)
{
	int r = 0;

	for (; r >= 0 && *i < selection->excludes.n_items; *i += r >= 0)
		r = resolve_exclusion(selection, word_parse(selection->excludes.items[*i]), foreign, sessions, n,
				      reterr);
	return r;
}

/* ---- conditions ---- */

static bool user_fits(const struct selection *selection, const struct logoff_session *session)
{
	for (size_t i = 0; i < selection->users.n_items; i++)
		if (account_fits(session, selection->users.items[i]))
			return true;
	return selection->users.n_items == 0;
}

static enum select_answer state_fits(const struct selection *selection, const struct logoff_session *session)
{
	enum logoff_state state = logoff_session_state(session), wanted = state, no = LOGOFF_STATE_CLOSING;

	for (size_t i = 0; selection->state && i < N_STATES; i++)
		if (strcasecmp(selection->state, states[i].word) == 0)
			wanted = states[i].state;
	if (!selection->state || !logoff_session_is(session, LOGOFF_IS_STATE_UNSURE))
		return wanted == state ? SELECT_YES : SELECT_NO;
	if (state == LOGOFF_STATE_CLOSING)
		no = LOGOFF_STATE_DISCONNECTED;
	return wanted == no ? SELECT_NO : SELECT_UNKNOWN;
}

static bool at_least(uint64_t wanted_s, int64_t us)
{
	return us >= 0 && (uint64_t)us >= wanted_s * 1000000;
}

bool selection_asks_times(const struct selection *selection)
{
	return selection->idle_s != SELECT_ANY || selection->older_s != SELECT_ANY;
}

bool selection_means(const struct selection *selection, const struct logoff_session *session)
{
	if (logoff_session_kind(session) != (is_background(selection) ? LOGOFF_KIND_BACKGROUND : LOGOFF_KIND_USER))
		return false;
	return word_has_person(session);
}

static enum select_answer judge_conditions(const struct selection *selection, struct logoff_session *session)
{
	enum select_answer state = state_fits(selection, session);
	bool rest;

	/* The times are checked last: a server or an X server may have to be asked for them. */
	rest = state != SELECT_NO && selection_is_given(selection) && user_fits(selection, session) &&
	       (selection->older_s == SELECT_ANY || at_least(selection->older_s, fact_age_us(session))) &&
	       (selection->idle_s == SELECT_ANY || at_least(selection->idle_s, fact_idle_us(session)));
	return rest ? state : SELECT_NO;
}

enum select_answer selection_judge(const struct selection *selection, struct logoff_session *session, const char *user,
				   struct logoff_error *reterr)
{
	enum select_answer answer = SELECT_NO;

	if (selection_means(selection, session) && !is_excluded(selection, session))
		answer = !user ? judge_conditions(selection, session) :
			 account_is(session, user) ? SELECT_YES : SELECT_NO;
	if (answer == SELECT_NO)
		return SELECT_NO;
	switch (is_in_excluded_group(selection, session, reterr)) {
	case SELECT_YES:
		return SELECT_NO;
	case SELECT_UNKNOWN:
		return SELECT_UNKNOWN;
	case SELECT_NO:
		break;
	}
	return answer;
}
