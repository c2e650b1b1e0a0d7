/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * audit-text.c - see audit.h: the sentence of a record and how long it may wait, the same for every log.
 */
#include "backend/audit.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "core/result.h"

/* A record that comes late waits a moment. */
#define WAIT_LATE_US UINT64_C(100000)

uint64_t audit_wait_us(const struct logoff_host *host, uint64_t now)
{
	uint64_t left = host->record_us < AUDIT_WAIT_US ? AUDIT_WAIT_US - host->record_us : 0;
	uint64_t most = host->deadline_us > now + WAIT_LATE_US ? host->deadline_us - now : WAIT_LATE_US;

	return host->deadline_us > 0 && most < left ? most : left;
}

char *audit_sentence(const struct host_record *record, const char *person)
{
	const struct logoff_session *session = record->session;
	const char *server = session->host->server;
	char *text = NULL, *shown = NULL;

	if (asprintf(&text, "logoff of session %s of %s%s%s by %s%s%s: %s%s%s", session->id, session->user,
		     server ? " on " : "", server ? server : "", person, record->actor ? " for " : "",
		     record->actor ? record->actor : "", logoff_result_word(result_of(record->result, NULL)),
		     record->reason ? ", reason: " : "", record->reason ? record->reason : "") >= 0)
		shown = utf8_harmless(text, false);
	free(text);
	return shown;
}
