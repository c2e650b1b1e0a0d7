/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * audit-far.c - records that a program orders: of a session that another machine has logged off, the same as one of a
 * server, and of a service's actions.
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

	if (session->host) {
		r = error_set_errno(reterr, -EINVAL, -EINVAL, "session %s was not imported", session->id);
		return result_of(r, reterr);
	}
	if (options && !host_take_struct(&own, sizeof(own), options)) {
		r = error_set_errno(reterr, -EINVAL, -EINVAL, "a struct without its size, or of a newer library");
		return result_of(r, reterr);
	}
	copy.host = &host;
	record.reason = own.reason;
	record.actor = own.actor;
	record.actor_sid = own.actor_sid;
	record.actor_address = own.actor_address;
	record.run = own.run;
	return result_of(audit_record(&host, &record, reterr), reterr);
}

enum logoff_result logoff_host_record(struct logoff_host *host, const struct logoff_record *record, struct logoff_error *reterr)
{
	struct logoff_record own = {};
	const struct logoff_error none = {};
	struct host_record full;
	int r;

	if (!host_take_struct(&own, sizeof(own), record) || (unsigned)own.action > LOGOFF_ACTION_END_PROCESS ||
	    (!own.session && !own.process) || (own.session && !host_has_session(host, own.session))) {
		r = error_set_errno(reterr, -EINVAL, -EINVAL, "this cannot be recorded");
		return result_of(r, reterr);
	}
	full = (struct host_record){ .action = own.action, .session = own.session, .process = own.process,
				     .result = result_errno(own.result), .cause = own.cause ? own.cause : &none,
				     .actor = own.actor, .actor_sid = own.actor_sid, .actor_address = own.actor_address };
	return result_of(host->backend->record(host, &full, reterr), reterr);
}
