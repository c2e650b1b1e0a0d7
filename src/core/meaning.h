/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * meaning.h - whether a session that is to be asked is still what was meant: after every wait that is looked at again.
 */
#ifndef CORE_MEANING_H
#define CORE_MEANING_H

#include "core/request.h"

/* What a look at a session has shown that is to be asked. */
enum meaning {
	MEANING_SAME,		/* it is what was meant, or has ended, which is to be proved */
	MEANING_CHANGED,	/* it does not fulfil any more the condition by which it was selected */
	MEANING_OTHER,		/* it is another logon */
	MEANING_UNKNOWN
};

/*
 * Looks at the session of JOB as it is now (*RET_NOW, the caller's; NULL: it is not there), in LIST if that has it, from which it
 * is taken then. *RET_SILENT: the host does not answer.
 */
enum meaning look_up(const struct logoff_request *request, const struct job *job, struct session_list *list,
		     struct logoff_session **ret_now, bool *ret_silent, struct logoff_error *reterr);

#endif
