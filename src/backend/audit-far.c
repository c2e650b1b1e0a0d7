/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * audit-far.c - the record here of a session that another machine has logged off: the same as one of a server.
 */
#include <errno.h>

#include "backend/audit.h"
#include "base/error.h"
#include "core/result.h"

enum logoff_result logoff_session_record(const struct logoff_session *session, const struct logoff_outcome *outcome,
					 const struct logoff_options *options, struct logoff_error *reterr)
{
	struct logoff_session copy = *session;
	struct logoff_host host = { .server = (char *)logoff_session_detail(session, LOGOFF_DETAIL_HOST) };
	struct logoff_options own = LOGOFF_OPTIONS_DEFAULT;
	struct host_record record = {
		.session = &copy,
		.result = result_errno(outcome->result),
		.cause = &outcome->cause,
		.forced = outcome->forced,
	};
	int r;

	if (session->host || (options && !host_take_struct(&own, sizeof(own), options))) {
		r = error_set_errno(reterr, -EINVAL, -EINVAL, "session %s was not imported", session->id);
		return result_of(r, reterr);
	}
	copy.host = &host;
	record.reason = own.reason;
	record.actor = own.actor;
	record.actor_address = own.actor_address;
	record.run = own.run;
	return result_of(audit_record(&host, &record, reterr), reterr);
}
