/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * decide.h - which logons are refused while the machine is drained.
 *
 * Refused are users who begin a session. Let in are root, the members of the exempt groups (/etc/logoff/drain.conf,
 * else sudo, wheel and rds-admins), services that begin no session (cron, su, sudo, a user's service manager), and
 * users who return to a session of theirs by a service that can do so: xrdp and VNC unless logons are disabled, and a
 * login screen, which also unlocks screens.
 *
 * logind is not asked, as it could let a logon wait: its files are read.
 */
#ifndef DRAIN_DECIDE_H
#define DRAIN_DECIDE_H

#include <stdbool.h>

#include "drain/drain.h"

/* What users are shown if the administrator has left no text. */
#define DRAIN_SENTENCE "This machine accepts no new logons at present."

enum drain_verdict {
	DRAIN_LET_IN,
	DRAIN_REFUSE,
	DRAIN_UNSURE			/* it cannot be found out, and the user is let in */
};

/* Tells whether the PAM service NAME begins sessions of people. */
bool drain_is_service(const char *name);

/*
 * Decides about a logon of USER by the PAM service SERVICE; asks the name service, which may wait. *RET_STATE is set if
 * the verdict is DRAIN_REFUSE; *RET_WHAT says what cannot be found out, with the errno *RET_R, if it is DRAIN_UNSURE.
 */
enum drain_verdict drain_decide(int root, const char *service, const char *user, struct drain_state *ret_state,
				const char **ret_what, int *ret_r);

#endif
