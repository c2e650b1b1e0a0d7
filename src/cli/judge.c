/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * judge.c - see judge.h. The programs are checked last: to look at all processes takes time.
 */
#include "cli/judge.h"

#include "cli/facts.h"

enum select_answer judge_session(struct judge *judge, struct logoff_session *session, const char *user,
				 bool *ret_programs)
{
	const struct option_list *keeps = &judge->selection->keeps;
	enum select_answer answer = selection_judge(judge->selection, session, user);
	bool programs = answer == SELECT_YES && keeps->n_items > 0;

	if (ret_programs)
		*ret_programs = programs;
	if (!programs)
		return answer;
	switch (running_has(&judge->running, judge->host, session, keeps)) {
	case SELECT_YES:
		return SELECT_NO;
	case SELECT_UNKNOWN:
		return SELECT_UNKNOWN;
	case SELECT_NO:
		break;
	}
	return SELECT_YES;
}

enum logoff_result judge_again(struct judge *judge, struct logoff_session *session, const char *user)
{
	if (!judge->looked_again || running_is_old(&judge->running))
		running_done(&judge->running);
	judge->looked_again = true;
	if (logoff_session_is(session, LOGOFF_IS_OWN))
		return LOGOFF_E_CHANGED;
	switch (judge_session(judge, session, user, NULL)) {
	case SELECT_YES:
		return LOGOFF_OK;
	case SELECT_UNKNOWN:
		return LOGOFF_E_AGAIN;
	case SELECT_NO:
		break;
	}
	if (!user && selection_asks_times(judge->selection) && facts_fetch(session, LOGOFF_FACTS_IDLE) != LOGOFF_OK)
		return LOGOFF_E_AGAIN;
	return LOGOFF_E_CHANGED;
}

void judge_done(struct judge *judge)
{
	running_done(&judge->running);
}
