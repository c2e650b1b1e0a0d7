/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * select.c - see select.h.
 *
 * How the names of users are compared is account.h's affair. Session names know no case, as everywhere.
 */
#include "cli/select.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/nss.h"
#include "cli/account.h"

static const struct {
	const char *word;
	enum logoff_state state;
} states[] = {
	{ "active", LOGOFF_STATE_ACTIVE },
	{ "disc", LOGOFF_STATE_DISCONNECTED },
	{ "closing", LOGOFF_STATE_CLOSING },
};

#define GROUP_PREFIX "group:"

#define N_STATES (sizeof(states) / sizeof(states[0]))

bool selection_is_given(const struct selection *selection)
{
	return selection->all || selection->users.n_items > 0 || selection->state || selection->idle_s != SELECT_ANY ||
	       selection->older_s != SELECT_ANY;
}

static bool is_state(const char *word)
{
	for (size_t i = 0; i < N_STATES; i++)
		if (strcasecmp(word, states[i].word) == 0)
			return true;
	return false;
}

static int fail(enum option_fault fault, const char *culprit, enum option_fault *ret_fault, const char **ret_culprit)
{
	*ret_fault = fault;
	*ret_culprit = culprit;
	return -EINVAL;
}

int selection_check(const struct selection *selection, bool foreign, enum option_fault *ret_fault,
		    const char **ret_culprit)
{
	const struct option_list *excludes = &selection->excludes;

	if (selection->state && !is_state(selection->state))
		return fail(OPTION_FAULT_STATE, selection->state, ret_fault, ret_culprit);
	for (size_t i = 0; i < excludes->n_items; i++) {
		const char *item = excludes->items[i];

		if (strncmp(item, GROUP_PREFIX, strlen(GROUP_PREFIX)) != 0)
			continue;
		if (foreign)
			return fail(OPTION_FAULT_FOREIGN_GROUP, item, ret_fault, ret_culprit);
		if (nss_has_group(item + strlen(GROUP_PREFIX)) == 0)
			return fail(OPTION_FAULT_GROUP, item, ret_fault, ret_culprit);
	}
	return 0;
}

bool selection_excludes(const struct selection *selection, const struct logoff_session *session)
{
	const char *name = logoff_session_name(session);

	for (size_t i = 0; i < selection->excludes.n_items; i++) {
		const char *item = selection->excludes.items[i];

		if (strncmp(item, "group:", 6) == 0) {
			if (nss_is_in_group(logoff_session_user(session), logoff_session_uid(session), item + 6) != 0)
				return true;
		} else if (account_fits(session, item) || strcmp(item, logoff_session_id(session)) == 0 ||
			   (name && strcasecmp(item, name) == 0)) {
			return true;
		}
	}
	return false;
}

static bool user_fits(const struct selection *selection, const struct logoff_session *session)
{
	for (size_t i = 0; i < selection->users.n_items; i++)
		if (account_fits(session, selection->users.items[i]))
			return true;
	return selection->users.n_items == 0;
}

static bool state_fits(const struct selection *selection, enum logoff_state state)
{
	if (!selection->state)
		return true;
	for (size_t i = 0; i < N_STATES; i++)
		if (strcasecmp(selection->state, states[i].word) == 0)
			return states[i].state == state;
	return false;
}

static bool at_least(uint64_t wanted_s, int64_t us)
{
	return us >= 0 && (uint64_t)us >= wanted_s * 1000000;
}

bool selection_asks_times(const struct selection *selection)
{
	return selection->idle_s != SELECT_ANY || selection->older_s != SELECT_ANY;
}

bool selection_matches(const struct selection *selection, struct logoff_session *session)
{
	/* The times come last: they may have to be asked of a server, or of an X server. */
	return selection_is_given(selection) && logoff_session_kind(session) == LOGOFF_KIND_USER &&
	       *logoff_session_user(session) && user_fits(selection, session) &&
	       state_fits(selection, logoff_session_state(session)) && !selection_excludes(selection, session) &&
	       (selection->older_s == SELECT_ANY || at_least(selection->older_s, logoff_session_age_us(session))) &&
	       (selection->idle_s == SELECT_ANY || at_least(selection->idle_s, logoff_session_idle_us(session)));
}
