/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * disconnect.c - the client of a session is disconnected, and it is proved that the session goes on without it.
 */
#include "core/host.h"

#include <errno.h>

#include "base/error.h"
#include "core/result.h"

#define PROOF_US UINT64_C(10000000)	/* how long the host may take */
#define LOOK_MIN_US UINT64_C(20000)	/* between looks */
#define LOOK_MAX_US UINT64_C(500000)

/* Looks at the session now. Returns 1: it has no client, 0: it has one, -EAGAIN: nobody can tell, or another errno. */
static int look(const struct logoff_session *session, struct logoff_error *reterr)
{
	struct logoff_session *now;
	int r = session->host->backend->get(session->host, session->id, &now, reterr);

	if (r < 0)
		return r;
	if (session_is_other(now, session))
		r = -ESTALE;
	else if (now->state == LOGOFF_STATE_CLOSING)
		r = -ENXIO;
	else if (now->unsure)
		r = error_set_errno(reterr, -EAGAIN, -EAGAIN, "nobody can tell whether a client is connected");
	else
		r = now->state == LOGOFF_STATE_DISCONNECTED;
	logoff_session_free(now);
	return r;
}

/* Waits until the session has no client. Returns as look(). */
static int prove(const struct logoff_session *session, struct logoff_error *reterr)
{
	struct logoff_host *host = session->host;
	uint64_t pause_us = LOOK_MIN_US, until_us;
	int r = host->backend->wait(host, 0, -1, reterr);	/* what time it is */

	until_us = host->now_us + PROOF_US;
	if (r >= 0)
		r = look(session, reterr);
	while ((r == 0 || r == -EAGAIN) && host->now_us < until_us) {
		int waited = host->backend->wait(host, host->now_us + pause_us, -1, reterr);

		r = waited < 0 ? waited : look(session, reterr);
		pause_us = 2 * pause_us < LOOK_MAX_US ? 2 * pause_us : LOOK_MAX_US;
	}
	return r;
}

enum logoff_result logoff_session_disconnect(struct logoff_session *session, struct logoff_error *reterr)
{
	struct logoff_error unknown = {};
	int r, asked;

	if (!session->host)
		return result_of(-EINVAL, reterr);
	r = look(session, reterr);
	if (r > 0)
		return LOGOFF_OK;
	if (r < 0 && r != -EAGAIN)
		return result_of(r, reterr);
	/* Also if nobody can tell: who has named it wants it to have no client. */
	asked = session->host->backend->disconnect(session->host, session, &unknown);
	if (asked == 0 || asked == -EAGAIN)
		r = prove(session, reterr);
	if (asked < 0 && (asked != -EAGAIN || r == 0 || r == -EAGAIN)) {
		r = asked;	/* an order that may be on its way still: that it is not done yet proves nothing */
		if (reterr)
			*reterr = unknown;
	}
	return result_of(r == 0 ? -ETIMEDOUT : r, reterr);
}
