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

/* The words of each action: in a field, in the sentence, and for its success. */
static const struct {
	const char *word, *act, *done;
} actions[] = {
	[LOGOFF_ACTION_LOG_OFF] = { "log-off", "logoff of", "ended" },
	[LOGOFF_ACTION_MESSAGE] = { "message", "message to", "delivered" },
	[LOGOFF_ACTION_DISCONNECT] = { "disconnect", "disconnect of", "disconnected" },
	[LOGOFF_ACTION_END_PROCESS] = { "end-process", "end of", "ended" },
};

const char *audit_action_word(enum logoff_action action)
{
	return actions[action].word;
}

const char *audit_result_word(const struct host_record *record)
{
	return record->result == 0 ? actions[record->action].done : logoff_result_word(result_of(record->result, NULL));
}

/* "session 12 of bob", "process 4711 (vim) of session 12 of bob". Returns false without memory. */
static bool name_object(const struct host_record *record, char **ret)
{
	const struct logoff_session *session = record->session;
	const struct logoff_host_process *process = record->process;
	char part[120] = "";

	if (process)
		snprintf(part, sizeof(part), "process %d (%s)%s", (int)process->pid, process->command, session ? " of " : "");
	return asprintf(ret, "%s%s%s%s%s", part, session ? "session " : "", session ? session->id : "",
			session && *session->user ? " of " : "", session ? session->user : "") >= 0;
}

char *audit_sentence(const struct logoff_host *host, const struct host_record *record, const char *person)
{
	char *object = NULL, *text = NULL, *shown = NULL;

	if (name_object(record, &object) &&
	    asprintf(&text, "%s %s%s%s by %s%s%s: %s%s%s", actions[record->action].act, object, host->server ? " on " : "",
		     host->server ? host->server : "", person, record->actor ? " for " : "",
		     record->actor ? record->actor : "", audit_result_word(record), record->reason ? ", reason: " : "",
		     record->reason ? record->reason : "") >= 0)
		shown = utf8_harmless(text, false);
	else
		text = NULL;	/* asprintf() leaves it undefined */
	free(object);
	free(text);
	return shown;
}
