/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * facts.c - see facts.h. What has been fetched once is not asked for again by the library.
 */
#include "cli/facts.h"

enum logoff_result facts_fetch(const struct logoff_session *session, unsigned facts)
{
	struct logoff_session *own = (struct logoff_session *)session;

	return logoff_session_fetch(&own, 1, facts, NULL);
}

/* report_times() says once, for all sessions together, why a fact is missing. */
int64_t fact_idle_us(const struct logoff_session *session)
{
	(void)facts_fetch(session, LOGOFF_FACTS_IDLE);
	return logoff_session_time_us(session, LOGOFF_TIME_IDLE);
}

int64_t fact_age_us(const struct logoff_session *session)
{
	(void)facts_fetch(session, LOGOFF_FACTS_TIMES);
	return logoff_session_time_us(session, LOGOFF_TIME_AGE);
}

int64_t fact_logon_us(const struct logoff_session *session)
{
	(void)facts_fetch(session, LOGOFF_FACTS_TIMES);
	return logoff_session_time_us(session, LOGOFF_TIME_LOGON);
}

int32_t fact_number(const struct logoff_session *session)
{
	if (logoff_session_number(session) < 0)	/* most have it by their id */
		(void)facts_fetch(session, LOGOFF_FACTS_NUMBER);
	return logoff_session_number(session);
}

const char *fact_terminal(const struct logoff_session *session, size_t i)
{
	if (!logoff_session_terminal(session, i))	/* the first may be known already */
		(void)facts_fetch(session, LOGOFF_FACTS_TERMINALS);
	return logoff_session_terminal(session, i);
}

const char *fact_host(const struct logoff_session *session, const char *server)
{
	const char *host = logoff_session_detail(session, LOGOFF_DETAIL_HOST);

	return host ? host : server;
}

const char *fact_detail(const struct logoff_session *session, enum logoff_detail detail)
{
	if (detail == LOGOFF_DETAIL_ADDRESS || detail == LOGOFF_DETAIL_CLIENT)
		(void)facts_fetch(session, LOGOFF_FACTS_CLIENT);
	return logoff_session_detail(session, detail);
}
