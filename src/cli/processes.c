/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * processes.c - see processes.h. The columns stand where Windows has them.
 */
#include "cli/processes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "local/nss.h"
#include "cli/command.h"
#include "cli/sessions.h"

#define NO_SESSION_ID "0"
#define NO_SESSION_NAME "services"

/* ---- cells ---- */

const char *process_session_id(const struct process_row *row)
{
	return row->process->session_id[0] ? row->process->session_id : NO_SESSION_ID;
}

struct safe process_session_name(const struct process_row *row)
{
	if (!row->process->session_id[0])
		return safe(NO_SESSION_NAME);
	return row->session ? session_shown_name(row->session) : safe("");
}

const char *process_mark(const void *data)
{
	const struct process_row *row = data;

	return row->session ? session_mark(row->session) : "";
}

static const char *host_of(const struct process_row *row)
{
	return row->host ? row->host : arg_server;
}

static struct safe cell_host(const void *row)
{
	json_t *host = to_json_host(host_of(row));
	struct safe cell = safe(json_string_value(host));

	json_decref(host);
	return cell;
}

static struct safe cell_current(const void *row)
{
	return safe(process_mark(row));
}

static struct safe cell_user(const void *row)
{
	const char *user = ((const struct process_row *)row)->user;

	return safe(*user ? user : _("(unknown)"));
}

static struct safe cell_name(const void *row)
{
	return process_session_name(row);
}

static struct safe cell_id(const void *row)
{
	return safe(process_session_id(row));
}

static struct safe cell_command(const void *row)
{
	return safe(((const struct process_row *)row)->process->command);
}

static int64_t number_pid(const void *row)
{
	return ((const struct process_row *)row)->process->pid;
}

static int64_t number_uid(const void *row)
{
	uid_t uid = ((const struct process_row *)row)->process->uid;

	return uid == (uid_t)-1 ? -1 : (int64_t)uid;
}

static struct safe cell_number(int64_t number)
{
	struct safe out = {};

	if (number >= 0)
		snprintf(out.text, sizeof(out.text), "%lld", (long long)number);
	return out;
}

static struct safe cell_pid(const void *row)
{
	return cell_number(number_pid(row));
}

static struct safe cell_uid(const void *row)
{
	return cell_number(number_uid(row));
}

const struct table_column process_columns[] = {
	{ "user", N_("USERNAME"), 0, 20, 0, false, cell_user, NULL },
	{ "name", N_("SESSIONNAME"), 2, 15, 0, false, cell_name, NULL },
	{ "id", N_("ID"), 1, 6, TABLE_WHOLE, true, cell_id, NULL },
	{ "pid", N_("PID"), 1, 6, TABLE_WHOLE, true, cell_pid, number_pid },
	{ "command", N_("IMAGE"), 2, 15, 0, false, cell_command, NULL },
	{ "uid", N_("UID"), 0, 0, 0, true, cell_uid, number_uid },
	{ "host", N_("HOST"), 0, 0, 0, false, cell_host, NULL },
	{ "current", N_("CURRENT"), 0, 0, 0, false, cell_current, NULL },
	{},
};

json_t *to_json_process(const struct process_row *row, const char *server)
{
	const char *id = row->process->session_id;

	return json_pack("{so sI so so so so so so}",
			 "host", to_json_host(row->host ? row->host : server),
			 "pid", (json_int_t)row->process->pid,
			 "user", to_json_text(*row->user ? row->user : NULL),
			 "uid", to_json_uid(row->process->uid),
			 "command", to_json_text(row->process->command),
			 "session_id", to_json_text(*id ? id : NULL),
			 "session_name", to_json_text(row->session ? logoff_session_name(row->session) : NULL),
			 "current", row->session ? to_json_own(row->session, LOGOFF_IS_CURRENT) :
				    strcmp(id, "?") == 0 ? json_null() : json_false());
}

/* ---- asking a host ---- */

void processes_done(struct processes *processes)
{
	logoff_session_list_free(processes->sessions, processes->n_sessions);
	logoff_host_process_list_free(processes->items);
	for (size_t i = 0; i < processes->n_users; i++)
		free(processes->users[i].name);
	free(processes->users);
	free(processes->rows);
	*processes = (struct processes){};
}

static int compare_ids(const void *a, const void *b)
{
	return strcmp(logoff_session_id(*(struct logoff_session *const *)a),
		      logoff_session_id(*(struct logoff_session *const *)b));
}

static int compare_id(const void *id, const void *session)
{
	return strcmp(id, logoff_session_id(*(struct logoff_session *const *)session));
}

static const struct logoff_session *find_session(const struct processes *processes, const char *id)
{
	struct logoff_session **found = NULL;

	if (*id && processes->n_sessions > 0)
		found = bsearch(id, processes->sessions, processes->n_sessions, sizeof(*processes->sessions),
				compare_id);
	return found ? *found : NULL;
}

/* The user's name in the sessions of the host, else on this machine, else the number. */
static char *make_user_name(const struct processes *processes, uid_t uid)
{
	char name[NSS_NAME_MAX];

	for (size_t i = 0; i < processes->n_sessions; i++)
		if (logoff_session_uid(processes->sessions[i]) == uid)
			return strdup(logoff_session_user(processes->sessions[i]));
	if (nss_user_name(uid, name) <= 0)
		snprintf(name, sizeof(name), "%u", (unsigned)uid);
	return strdup(name);
}

static const char *find_user_name(struct processes *processes, uid_t uid)
{
	struct user user = { .uid = uid };

	for (size_t i = 0; i < processes->n_users; i++)
		if (processes->users[i].uid == uid)
			return processes->users[i].name;
	user.name = make_user_name(processes, uid);
	if (user.name && array_add(&processes->users, &processes->n_users, &user) < 0) {
		free(user.name);
		return NULL;
	}
	return user.name;
}

static int make_rows(struct processes *processes)
{
	processes->rows = calloc(processes->n_items + 1, sizeof(*processes->rows));
	if (!processes->rows)
		return LOGOFF_E_NO_MEMORY;
	for (size_t i = 0; i < processes->n_items; i++) {
		const struct logoff_host_process *item = processes->items[i];
		struct process_row *row = &processes->rows[i];

		row->process = item;
		row->session = find_session(processes, item->session_id);
		row->user = item->uid == (uid_t)-1 ? item->user : find_user_name(processes, item->uid);
		if (!row->user)
			return LOGOFF_E_NO_MEMORY;
	}
	return 0;
}

int processes_read(struct processes *processes, struct logoff_host *host, struct logoff_error *reterr)
{
	int r;

	*processes = (struct processes){};
	r = logoff_host_list(host, &processes->sessions, &processes->n_sessions, reterr);
	if (r == 0 && processes->n_sessions > 0)
		qsort(processes->sessions, processes->n_sessions, sizeof(*processes->sessions), compare_ids);
	if (r == 0)
		r = logoff_host_list_processes(host, &processes->items, &processes->n_items, reterr);
	if (r == 0)
		r = make_rows(processes);
	if (r < 0)
		processes_done(processes);
	return r;
}
