/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * judge.h - whether a selection means a session: by its conditions, then by the programs that run there (/keep); and
 * whether it still does after a wait.
 */
#ifndef CLI_JUDGE_H
#define CLI_JUDGE_H

#include "cli/running.h"
#include "cli/select.h"
#include "logoff.h"

/* What is unknown of a session that may be meant. */
enum judge_doubt {
	JUDGE_SELECTION,		/* its state, or who its user is */
	JUDGE_PROGRAMS,
	JUDGE_OWN,			/* whether it is the caller's own */
	JUDGE_DOUBTS
};

/* Set the first three; all else zero. */
struct judge {
	struct logoff_host *host;
	const struct selection *selection;
	bool takes_own;			/* the caller's own sessions may be meant too */
	struct running running;
	bool looked_again;
	struct logoff_error cause;	/* why the latest answer is unknown; empty: nothing says why */
};

/*
 * Tells whether SESSION is meant: by the selection, or as one of USER (NULL: nobody was named). *ret_doubt (NULL
 * allowed): why an unknown answer is so. Returns the answer.
 */
enum select_answer judge_session(struct judge *judge, struct logoff_session *session, const char *user,
				 enum judge_doubt *ret_doubt);

/*
 * The same after a wait, for a logoff_still_func. Never what is or may be the caller's own session. Returns LOGOFF_OK,
 * LOGOFF_E_CHANGED, or LOGOFF_E_AGAIN: the name service, the kernel, or a server that is asked for the times may answer
 * later.
 */
enum logoff_result judge_again(struct judge *judge, struct logoff_session *session, const char *user);

/* Why the latest answer is unknown. Returns the cause, or NULL: nothing says why. */
const struct logoff_error *judge_cause(const struct judge *judge);

/* Frees what was looked up. */
void judge_done(struct judge *judge);

#endif
