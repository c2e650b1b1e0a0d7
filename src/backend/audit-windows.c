/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * audit-windows.c - see audit.h. Records go to the Application log of this machine, with the source "logoff". Source:
 * Microsoft's documentation of ReportEventW().
 *
 * A record is one text: the sentence that people read, and then a line for each field, with the names that the
 * journal of Linux has. Each field is harmless by itself, so none can forge a line.
 */
#include "backend/audit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/wts-call.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/os.h"
#include "base/utf8.h"
#include "core/result.h"
#include "port/wide.h"

/* In the log's own numbering, which is ours: there is but one kind of record. */
#define RECORD_ID 1

/* A record on its way. */
struct report {
	struct thread_call thread;
	wchar_t *text;
	WORD type;
	DWORD error;
};

static void free_report(struct thread_call *thread)
{
	struct report *report = (struct report *)thread;

	free(report->text);
	free(report);
}

/* Without a registered source the log shows the text behind a preface. */
static void run_report(struct thread_call *thread)
{
	struct report *report = (struct report *)thread;
	const wchar_t *text = report->text;
	HANDLE log;

	SetLastError(0);
	log = RegisterEventSourceW(NULL, L"logoff");
	if (!log || !ReportEventW(log, report->type, 0, RECORD_ID, NULL, 1, 0, &text, NULL))
		report->error = GetLastError() ? GetLastError() : WTS_NO_ERROR_TOLD;
	if (log)
		DeregisterEventSource(log);
}

void audit_name_person(char name[static 64])
{
	wchar_t wide[257];
	DWORD n = 257;

	*name = '\0';
	if (GetUserNameW(wide, &n))
		wts_text(name, 64, wide);
}

/* Adds a line to *TEXT, unless VALUE is NULL. *TEXT is NULL without memory, now or before. */
static void add_line(char **text, const char *name, const char *value)
{
	char *harmless, *grown = NULL;

	if (!value || !*text)
		return;
	harmless = utf8_harmless(value, false);
	if (harmless && asprintf(&grown, "%s\r\n%s=%s", *text, name, harmless) < 0)
		grown = NULL;
	free(harmless);
	free(*text);
	*text = grown;
}

/* The log replaces % and a number by the text of that number: "%1" becomes "% 1". NULL without memory. */
static char *break_numbers(char *text)
{
	char *broken = text ? malloc(2 * strlen(text) + 1) : NULL, *to = broken;

	for (const char *at = text; broken && *at; at++) {
		*to++ = *at;
		if (*at == '%' && at[1] >= '0' && at[1] <= '9')
			*to++ = ' ';
	}
	if (broken)
		*to = '\0';
	free(text);
	return broken;
}

/* The lines of the session and the process that it was done to. */
static void add_object(char **text, const struct host_record *record)
{
	const struct logoff_session *session = record->session;
	char pid[16];

	if (session) {
		add_line(text, "LOGOFF_SESSION", session->id);
		add_line(text, "LOGOFF_SESSION_NAME", session->name ? session->name : "");
		add_line(text, "LOGOFF_USER", session->user);
		add_line(text, "LOGOFF_DOMAIN", session->domain);
	}
	if (record->process) {
		snprintf(pid, sizeof(pid), "%d", (int)record->process->pid);
		add_line(text, "LOGOFF_PROCESS", pid);
		add_line(text, "LOGOFF_COMMAND", record->process->command);
	}
}

static char *compose(const struct logoff_host *host, const struct host_record *record)
{
	char person[64], machine[256], *text;

	audit_name_person(person);
	os_host_name(machine, sizeof(machine));
	text = audit_sentence(host, record, person);
	add_line(&text, "LOGOFF_ACTOR", person);
	if (*host->caller)
		add_line(&text, "LOGOFF_ACCOUNT", host->caller);
	add_object(&text, record);
	add_line(&text, "LOGOFF_HOST", host->server ? host->server : machine);
	add_line(&text, "LOGOFF_ACTION", audit_action_word(record->action));
	add_line(&text, "LOGOFF_RESULT", audit_result_word(record));
	if (record->action == LOGOFF_ACTION_LOG_OFF)
		add_line(&text, "LOGOFF_FORCED", record->forced ? "yes" : "no");
	add_line(&text, "LOGOFF_REASON", record->reason);
	add_line(&text, "LOGOFF_FOR", record->actor);
	add_line(&text, "LOGOFF_FOR_SID", record->actor_sid);
	add_line(&text, "LOGOFF_FOR_ADDRESS", record->actor_address);
	add_line(&text, "LOGOFF_RUN", record->run);
	if (record->result < 0 && record->cause->text[0])
		add_line(&text, "LOGOFF_CAUSE", record->cause->text);
	return break_numbers(text);
}

int audit_record(struct logoff_host *host, const struct host_record *record, struct logoff_error *reterr)
{
	uint64_t start_us = clock_now_us();
	struct report *report = calloc(1, sizeof(*report));
	char *text = compose(host, record);
	int r = -ENOMEM;

	if (report) {
		report->thread.run = run_report;
		report->thread.free = free_report;
		report->type = record->result == 0 ? EVENTLOG_INFORMATION_TYPE : EVENTLOG_WARNING_TYPE;
		report->text = text ? wide_from_text(text) : NULL;
		if (report->text)
			r = thread_call_start(&report->thread);
	}
	free(text);
	if (r == 0)
		r = thread_call_await(&report->thread, start_us + audit_wait_us(host, start_us), -1);
	if (r == 0 && report->error)
		r = wts_fail(report->error, reterr);
	else if (r < 0)
		(void)error_set_errno(reterr, r, r, "the event log: %s", strerror(-r));
	host->record_us += r == -ETIMEDOUT ? AUDIT_WAIT_US : clock_now_us() - start_us;
	thread_call_drop(report ? &report->thread : NULL);
	return r;
}
