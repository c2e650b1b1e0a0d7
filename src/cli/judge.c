/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * judge.c - see judge.h. The programs are checked last: to look at all processes takes time.
 */
#include "cli/judge.h"

#include "cli/facts.h"

/* Whether SESSION has none of the programs that keep it. */
static enum select_answer judge_programs(struct judge *judge, struct logoff_session *session)
{
	switch (running_has(&judge->running, judge->host, session, &judge->selection->keeps)) {
	case SELECT_YES:
		return SELECT_NO;
	case SELECT_UNKNOWN:
		return SELECT_UNKNOWN;
	case SELECT_NO:
		break;
	}
	return SELECT_YES;
}

enum select_answer judge_session(struct judge *judge, struct logoff_session *session, const char *user,
				 enum judge_doubt *ret_doubt)
{
	enum select_answer answer = SELECT_NO;
	enum judge_doubt doubt = JUDGE_SELECTION;

	judge->cause = (struct logoff_error){};
	if (judge->takes_own || !logoff_session_is(session, LOGOFF_IS_OWN))
		answer = selection_judge(judge->selection, session, user, &judge->cause);
	if (answer == SELECT_YES && judge->selection->keeps.n_items > 0) {
		answer = judge_programs(judge, session);
		doubt = JUDGE_PROGRAMS;
	}
	if (answer == SELECT_YES && !judge->takes_own && logoff_session_is(session, LOGOFF_IS_OWN_UNSURE)) {
		answer = SELECT_UNKNOWN;
		doubt = JUDGE_OWN;
	}
	if (ret_doubt)
		*ret_doubt = doubt;
	return answer;
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

const struct logoff_error *judge_cause(const struct judge *judge)
{
	return judge->cause.domain == LOGOFF_ERROR_NONE ? NULL : &judge->cause;
}

void judge_done(struct judge *judge)
{
	running_done(&judge->running);
}
