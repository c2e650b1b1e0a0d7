/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * delivery.h - what msg reports for each recipient: that the message was delivered, the answer, or the failure.
 */
#ifndef CLI_DELIVERY_H
#define CLI_DELIVERY_H

#include "cli/report.h"
#include "logoff.h"

/*
 * Reports the result of the message to SESSION: a failure always, the answer if msg waited for it (WAIT), the way of
 * the message if TALKATIVE. For programs all of that is one row. Returns the exit status.
 */
enum exit_status delivery_report(struct logoff_session *session, const struct logoff_delivery *delivery, bool wait,
				 bool talkative);

/* Reports that nobody can tell whether SESSION, on a far host, has got the message. Returns the exit status. */
enum exit_status delivery_report_unknown(struct logoff_session *session);

/* Reports that the message to SESSION was cancelled before it was sent. Returns the exit status. */
enum exit_status delivery_report_unsent(struct logoff_session *session);

/* Reports why SESSION, where nobody works, gets no message that is meant for all. */
void delivery_report_left_out(struct logoff_session *session);

#endif
