/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * meaning.c - see meaning.h. Which logon it is, the back end tells; which condition has selected it, the caller (still()). What its
 * own desktop was asked is no reason to spare it: by that the session changes.
 */
#include "core/meaning.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"

static enum meaning compare(const struct logoff_request *request, const struct job *job, struct logoff_session *now)
{
	enum logoff_result still = LOGOFF_OK;

	session_fill(now, HOST_TIMES);
	if (session_is_other(now, job->session))
		return MEANING_OTHER;
	if (!job->session->logon != !now->logon)	/* the host has told it but once */
		return MEANING_UNKNOWN;
	if (job->why == LOGOFF_WHY_SELECTED && request->how.still && !job->left) {
		session_fill(now, HOST_TERMINALS);
		still = request->how.still(now, request->how.still_data);
	}
	return still == LOGOFF_OK ? MEANING_SAME : still == LOGOFF_E_AGAIN ? MEANING_UNKNOWN : MEANING_CHANGED;
}

/* Takes the session of the same id out of LIST; NULL if it is not in it. */
static struct logoff_session *take_listed(struct session_list *list, const struct logoff_session *meant)
{
	struct logoff_session *session;

	for (size_t i = 0; i < list->n_items; i++) {
		session = list->items[i];
		if (session->host != meant->host || strcmp(session->id, meant->id) != 0)
			continue;
		list->items[i] = list->items[--list->n_items];
		return session;
	}
	return NULL;
}

enum meaning look_up(const struct logoff_request *request, const struct job *job, struct session_list *list,
		     struct logoff_session **ret_now, bool *ret_silent, struct logoff_error *reterr)
{
	struct logoff_host *host = job->session->host;
	enum meaning meaning;
	int r = 0;

	*ret_now = take_listed(list, job->session);
	if (!*ret_now)
		r = host->backend->get(host, job->session->id, ret_now, reterr);
	if (r < 0)
		*ret_now = NULL;
	*ret_silent = r == -EAGAIN || r == -ETIMEDOUT || r == -EHOSTUNREACH;
	if (r < 0)
		return r == -ENXIO ? MEANING_SAME : MEANING_UNKNOWN;
	meaning = compare(request, job, *ret_now);
	if (meaning == MEANING_UNKNOWN)
		(void)error_set_errno(reterr, 0, -ETIMEDOUT, "the host does not tell what it is now");
	return meaning;
}
