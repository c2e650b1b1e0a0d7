/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * delivery.h - what msg says of each recipient: that the message is there, what was answered, or why it is not there.
 */
#ifndef CLI_DELIVERY_H
#define CLI_DELIVERY_H

#include "cli/report.h"
#include "logoff.h"

/*
 * Says what became of the message to SESSION: a failure always, the answer if it was waited for (WAIT), the way it took
 * if TALKATIVE. For programs it is one row with all of that. Returns the exit status.
 */
enum exit_status delivery_report(struct logoff_session *session, const struct logoff_delivery *delivery, bool wait,
				 bool talkative);

/* Says why SESSION, which is not a person at work, gets no message that is meant for all. */
void delivery_report_left_out(struct logoff_session *session);

#endif
