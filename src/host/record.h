/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * record.h - the records of what is done, or refused, for somebody whom the peer names: the actor of an order.
 */
#ifndef HOST_RECORD_H
#define HOST_RECORD_H

#include "host/order.h"
#include "logoff.h"

/*
 * Records what has become of ACTION, which ORDER has meant for SESSION or PROCESS (NULL: none), if ORDER has an actor.
 * A record that cannot be written is a failure of its own. Returns its exit status.
 */
int record_action(struct logoff_host *host, const struct order *order, enum logoff_action action,
		  const struct logoff_session *session, const struct logoff_host_process *process,
		  enum logoff_result result, const struct logoff_error *cause);

/* The cause of a result of an order that the peer has refused. */
extern const struct logoff_error record_refused;

#endif
