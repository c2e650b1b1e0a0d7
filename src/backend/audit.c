/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * audit.c - see audit.h. Sources: systemd.journal-fields(7), JOURNAL_NATIVE_PROTOCOL of systemd, proc(5) on loginuid.
 *
 * The real user behind sudo or su is the kernel's login uid, which nobody can change; SUDO_USER, which is only text, is
 * recorded where the kernel keeps none.
 */
#include "backend/audit.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "core/result.h"
#include "local/journal.h"
#include "local/proc.h"
#include "local/nss.h"
#include "core/host.h"

#define JOURNAL_SOCKET "/run/systemd/journal/socket"
#define SYSLOG_SOCKET "/dev/log"

/* The id of these records in the journal, for journalctl MESSAGE_ID=. Made by systemd-id128 new. */
#define RECORD_ID "5f3bb5c4e1a64d6d8a3c2c1b9f0e7d42"

/* That of the records of other actions. */
#define ACTION_ID "7b7bed8cf7be4b628cad27431d716493"

#define N_FIELDS 25

/* The fields of one record. */
struct fields {
	char *items[N_FIELDS];
	size_t n;
	bool incomplete;	/* there was no memory for one */
};

static void __attribute__((format(printf, 2, 3))) add_field(struct fields *fields, const char *format, ...)
{
	char *text = NULL;
	va_list arguments;
	int n;

	va_start(arguments, format);
	n = fields->n < N_FIELDS ? vasprintf(&text, format, arguments) : -1;
	va_end(arguments);
	fields->incomplete = fields->incomplete || n < 0;
	if (n >= 0)
		fields->items[fields->n++] = text;
}

static void fields_done(struct fields *fields)
{
	for (size_t i = 0; i < fields->n; i++)
		free(fields->items[i]);
}

static void name_user(uid_t uid, char name[static 64])
{
	char found[NSS_NAME_MAX];

	if (nss_user_name(uid, found) > 0)
		snprintf(name, 64, "%.63s", found);
	else
		snprintf(name, 64, "%u", (unsigned)uid);
}

void audit_name_person(char name[static 64])
{
	const char *sudo = getenv("SUDO_USER");
	uid_t login = proc_read_login_uid(getpid());

	if (login == PROC_NO_AUDIT && getuid() == 0 && sudo && *sudo)
		snprintf(name, 64, "%s", sudo);
	else
		name_user(login != PROC_NO_AUDIT ? login : getuid(), name);
}

/* The actor: the user the program runs as or acts for, PERSON who logged in, and the account by which the server knows them. */
static void add_actor(struct fields *fields, const struct logoff_host *host, const struct host_asker *asker, char person[static 64])
{
	uid_t uid = asker ? asker->uid : getuid(), login = asker ? asker->login_uid : proc_read_login_uid(getpid());

	name_user(uid, person);
	add_field(fields, "LOGOFF_ACTOR=%s", person);
	add_field(fields, "LOGOFF_ACTOR_UID=%u", (unsigned)uid);
	if (asker)
		name_user(login != PROC_NO_AUDIT ? login : uid, person);
	else
		audit_name_person(person);
	if (login != PROC_NO_AUDIT)
		add_field(fields, "LOGOFF_LOGIN_UID=%u", (unsigned)login);
	add_field(fields, "LOGOFF_LOGIN_USER=%s", person);
	if (*host->caller)
		add_field(fields, "LOGOFF_ACCOUNT=%s", host->caller);
}

static void add_message(struct fields *fields, const struct logoff_host *host, const struct host_record *record, const char *person)
{
	char *sentence = audit_sentence(host, record, person);

	add_field(fields, "MESSAGE=%s", sentence ? sentence : "");
	free(sentence);
}

/* What the action was done to: a session, a process, the host. */
static void add_object(struct fields *fields, const struct logoff_host *host, const struct host_record *record)
{
	const struct logoff_session *session = record->session;
	char name[256] = "";

	if (host->server)
		snprintf(name, sizeof(name), "%s", host->server);
	else
		(void)gethostname(name, sizeof(name) - 1);	/* else it stays empty */
	if (session) {
		add_field(fields, "LOGOFF_SESSION=%s", session->id);
		add_field(fields, "LOGOFF_SESSION_NAME=%s", session->name ? session->name : "");
		add_field(fields, "LOGOFF_USER=%s", session->user);
	}
	if (session && session->uid != (uid_t)-1)
		add_field(fields, "LOGOFF_UID=%u", (unsigned)session->uid);
	if (record->process) {
		add_field(fields, "LOGOFF_PROCESS=%d", (int)record->process->pid);
		add_field(fields, "LOGOFF_COMMAND=%s", record->process->command);
	}
	add_field(fields, "LOGOFF_HOST=%s", name);
}

/* On whose behalf it was done. */
static void add_other(struct fields *fields, const struct host_record *record)
{
	if (record->actor)
		add_field(fields, "LOGOFF_FOR=%s", record->actor);
	if (record->actor_sid)
		add_field(fields, "LOGOFF_FOR_SID=%s", record->actor_sid);
	if (record->actor_address)
		add_field(fields, "LOGOFF_FOR_ADDRESS=%s", record->actor_address);
}

static void fill_fields(struct fields *fields, const struct logoff_host *host, const struct host_record *record, int priority)
{
	bool log_off = record->action == LOGOFF_ACTION_LOG_OFF;
	char person[64];

	add_actor(fields, host, record->asker, person);
	add_object(fields, host, record);
	add_field(fields, "LOGOFF_ACTION=%s", audit_action_word(record->action));
	add_field(fields, "LOGOFF_RESULT=%s", audit_result_word(record));
	if (log_off)
		add_field(fields, "LOGOFF_FORCED=%s", record->forced ? "yes" : "no");
	if (record->reason)
		add_field(fields, "LOGOFF_REASON=%s", record->reason);
	add_other(fields, record);
	if (record->run)
		add_field(fields, "LOGOFF_RUN=%s", record->run);
	if (record->result < 0 && record->cause->text[0])
		add_field(fields, "LOGOFF_CAUSE=%s%s%s", record->cause->name, record->cause->name[0] ? ": " : "", record->cause->text);
	add_field(fields, "MESSAGE_ID=%s", log_off ? RECORD_ID : ACTION_ID);
	add_field(fields, "SYSLOG_IDENTIFIER=logoff");
	add_field(fields, "PRIORITY=%d", priority);
	add_message(fields, host, record, person);
}

/* Sends the record to the journal, else to syslog. Returns 0, also on a machine that has no log at all, or -errno. */
static int send_record(const struct fields *fields, int priority, uint64_t wait_us)
{
	int journal = journal_send(JOURNAL_SOCKET, fields->items, fields->n, wait_us), r;

	if (journal != -ENOENT && journal != -ECONNREFUSED)
		return journal;
	r = journal_send_line(SYSLOG_SOCKET, "logoff", LOG_AUTHPRIV | priority,
			      fields->items[fields->n - 1] + strlen("MESSAGE="), wait_us);
	if (r != -ENOENT)
		return r;
	return journal == -ENOENT && !journal_is_expected() ? 0 : journal;
}

int audit_record(struct logoff_host *host, const struct host_record *record, struct logoff_error *reterr)
{
	int r, priority = record->result == 0 ? LOG_NOTICE : LOG_WARNING;
	struct fields fields = {};
	uint64_t start_us;

	fill_fields(&fields, host, record, priority);
	start_us = clock_now_us();
	r = fields.incomplete ? -ENOMEM : send_record(&fields, priority, audit_wait_us(host, start_us));
	host->record_us += r == -ETIMEDOUT ? AUDIT_WAIT_US : clock_now_us() - start_us;
	fields_done(&fields);
	return r < 0 ? error_set_errno(reterr, r, r, "journal, syslog: %s", strerror(-r)) : 0;
}
