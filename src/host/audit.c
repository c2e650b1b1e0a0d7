/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * audit.c - see audit.h. Sources: systemd.journal-fields(7), sd_journal_sendv(3), proc(5) on loginuid.
 *
 * The real user behind sudo or su is the kernel's login uid, which nobody can change; SUDO_USER, which is only text, is
 * recorded where the kernel keeps none.
 */
#include "host/audit.h"

#include <errno.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <syslog.h>
#include <unistd.h>
#include <systemd/sd-journal.h>

#include "base/utf8.h"
#include "host/host.h"

/* elogind's library, which stands in for libsystemd, has no journal. */
#pragma weak sd_journal_sendv

#define JOURNAL_SOCKET "/run/systemd/journal/socket"

/* The id of these records in the journal, for journalctl MESSAGE_ID=. Made by systemd-id128 new. */
#define RECORD_ID "5f3bb5c4e1a64d6d8a3c2c1b9f0e7d42"

#define N_FIELDS 20

/* The fields of one record. */
struct fields {
	struct iovec items[N_FIELDS];
	int n;
};

static void __attribute__((format(printf, 2, 3))) add(struct fields *fields, const char *format, ...)
{
	char *text = NULL;
	va_list arguments;
	int n;

	va_start(arguments, format);
	n = fields->n < N_FIELDS ? vasprintf(&text, format, arguments) : -1;
	va_end(arguments);
	if (n >= 0)
		fields->items[fields->n++] = (struct iovec){ .iov_base = text, .iov_len = (size_t)n };
}

static void fields_done(struct fields *fields)
{
	for (int i = 0; i < fields->n; i++)
		free(fields->items[i].iov_base);
}

const char *logoff_result_word(int result)
{
	switch (result) {
	case 0:
		return "ended";
	case -EACCES:
		return "denied";
	case -EPERM:
		return "protected";
	case -ETIMEDOUT:
		return "not-ended";
	case -ECANCELED:
		return "cancelled";
	case -ESTALE:
		return "changed";
	default:
		return "failed";
	}
}

static void name_user(uid_t uid, char name[static 64])
{
	struct passwd entry, *found = NULL;
	char buffer[4096];

	if (getpwuid_r(uid, &entry, buffer, sizeof(buffer), &found) == 0 && found)
		snprintf(name, 64, "%s", found->pw_name);
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

/* Who asked: the user the program runs as, PERSON who logged in, and the account by which the server knows him. */
static void add_actor(struct fields *fields, const struct logoff_host *host, char person[static 64])
{
	uid_t login = proc_read_login_uid(getpid());

	name_user(getuid(), person);
	add(fields, "LOGOFF_ACTOR=%s", person);
	add(fields, "LOGOFF_ACTOR_UID=%u", (unsigned)getuid());
	audit_name_person(person);
	if (login != PROC_NO_AUDIT)
		add(fields, "LOGOFF_LOGIN_UID=%u", (unsigned)login);
	add(fields, "LOGOFF_LOGIN_USER=%s", person);
	if (*host->caller)
		add(fields, "LOGOFF_ACCOUNT=%s", host->caller);
}

/* The line that people read: the reason is the caller's own text, and could hide the line or forge another one. */
static void add_message(struct fields *fields, const struct audit *audit, const char *person)
{
	const struct logoff_session *session = audit->session;
	const char *server = session->host->server;
	char *text = NULL, *shown = NULL;

	if (asprintf(&text, "logoff of session %s of %s%s%s by %s: %s%s%s", session->id, session->user,
		     server ? " on " : "", server ? server : "", person, logoff_result_word(audit->result), audit->reason ? ", reason: " : "", audit->reason ? audit->reason : "") >= 0)
		shown = utf8_harmless(text, false);
	add(fields, "MESSAGE=%s", shown ? shown : "");
	free(shown);
	free(text);
}

static void fill(struct fields *fields, const struct audit *audit)
{
	const struct logoff_session *session = audit->session;
	char person[64], host[256] = "";

	add_actor(fields, session->host, person);
	if (session->host->server)
		snprintf(host, sizeof(host), "%s", session->host->server);
	else
		(void)gethostname(host, sizeof(host) - 1);	/* else it stays empty */
	add(fields, "LOGOFF_SESSION=%s", session->id);
	add(fields, "LOGOFF_SESSION_NAME=%s", session->name ? session->name : "");
	add(fields, "LOGOFF_USER=%s", session->user);
	if (session->uid != (uid_t)-1)
		add(fields, "LOGOFF_UID=%u", (unsigned)session->uid);
	add(fields, "LOGOFF_HOST=%s", host);
	add(fields, "LOGOFF_RESULT=%s", logoff_result_word(audit->result));
	add(fields, "LOGOFF_FORCED=%s", audit->forced ? "yes" : "no");
	if (audit->reason)
		add(fields, "LOGOFF_REASON=%s", audit->reason);
	if (audit->result < 0 && audit->cause->text[0])
		add(fields, "LOGOFF_CAUSE=%s%s%s", audit->cause->name, audit->cause->name[0] ? ": " : "", audit->cause->text);
	add(fields, "MESSAGE_ID=" RECORD_ID);
	add(fields, "SYSLOG_IDENTIFIER=logoff");
	add(fields, "PRIORITY=%d", audit->result == 0 ? LOG_NOTICE : LOG_WARNING);
	add_message(fields, audit, person);
}

int audit_record(const struct audit *audit, struct logoff_error *reterr)
{
	struct fields fields = {};

	(void)reterr;
	if (audit->session->host->backend == &host_memory)
		return 0;
	fill(&fields, audit);
	if (sd_journal_sendv && access(JOURNAL_SOCKET, F_OK) == 0)
		(void)sd_journal_sendv(fields.items, fields.n);
	else if (fields.n > 0)
		syslog(LOG_AUTHPRIV | (audit->result == 0 ? LOG_NOTICE : LOG_WARNING), "%s",
		       (const char *)fields.items[fields.n - 1].iov_base + strlen("MESSAGE="));
	fields_done(&fields);
	return 0;
}
