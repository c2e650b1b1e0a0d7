/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * query-process.c - "query process": which processes are meant, and showing them with their sessions.
 *
 * An argument that is a number means a process; any other every process whose user, session or program it names. What
 * is in no session belongs, as on Windows, to session 0, called "services".
 */
#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/json.h"
#include "cli/query.h"
#include "cli/report.h"

#define NO_SESSION_ID "0"
#define NO_SESSION_NAME "services"

/* The name of a user. */
struct user {
	uid_t uid;
	char *name;
};

/* What is known of a host. */
struct view {
	struct logoff_session **sessions;
	size_t n_sessions;
	struct logoff_host_process *processes;
	size_t n_processes;
	struct user *users;
	size_t n_users;
};

/* A row of the table. */
struct row {
	const struct logoff_host_process *process;
	const struct logoff_session *session;	/* NULL: in none */
	const char *user;
};

/* ---- cells ---- */

static const char *session_id(const struct row *row)
{
	return row->process->session_id[0] ? row->process->session_id : NO_SESSION_ID;
}

static const char *session_name(const struct row *row)
{
	if (!row->process->session_id[0])
		return NO_SESSION_NAME;
	return row->session ? logoff_session_name(row->session) : NULL;
}

static bool is_current(const void *data)
{
	const struct row *row = data;

	return row->session && logoff_session_is_current(row->session);
}

static struct safe cell_current(const void *row)
{
	return safe(is_current(row) ? ">" : "");
}

static struct safe cell_user(const void *row)
{
	return safe(((const struct row *)row)->user);
}

static struct safe cell_name(const void *row)
{
	return safe(session_name(row));
}

static struct safe cell_id(const void *row)
{
	return safe(session_id(row));
}

static struct safe cell_command(const void *row)
{
	return safe(((const struct row *)row)->process->command);
}

static int64_t number_pid(const void *row)
{
	return ((const struct row *)row)->process->pid;
}

static int64_t number_uid(const void *row)
{
	return ((const struct row *)row)->process->uid;
}

static struct safe cell_number(int64_t number)
{
	struct safe out = {};

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

/* " USERNAME              SESSIONNAME         ID    PID  IMAGE" */
static const struct table_column columns[] = {
	{ "user", N_("USERNAME"), 0, 20, false, false, cell_user, NULL },
	{ "name", N_("SESSIONNAME"), 2, 15, false, false, cell_name, NULL },
	{ "id", N_("ID"), 1, 6, true, true, cell_id, NULL },
	{ "pid", N_("PID"), 1, 6, true, true, cell_pid, number_pid },
	{ "command", N_("IMAGE"), 2, 15, false, false, cell_command, NULL },
	{ "uid", N_("UID"), 0, 0, true, false, cell_uid, number_uid },
	{ "current", N_("CURRENT"), 0, 0, false, false, cell_current, NULL },
	{},
};

/* ---- the view ---- */

static void view_done(struct view *view)
{
	logoff_session_list_free(view->sessions, view->n_sessions);
	free(view->processes);
	for (size_t i = 0; i < view->n_users; i++)
		free(view->users[i].name);
	free(view->users);
}

static int compare_ids(const void *a, const void *b)
{
	return strcmp(logoff_session_id(*(struct logoff_session *const *)a),
		      logoff_session_id(*(struct logoff_session *const *)b));
}

static int view_init(struct view *view, struct logoff_host *host, struct logoff_error *reterr)
{
	int r;

	*view = (struct view){};
	r = logoff_host_list(host, &view->sessions, &view->n_sessions, reterr);
	if (r == 0 && view->n_sessions > 0)
		qsort(view->sessions, view->n_sessions, sizeof(*view->sessions), compare_ids);
	if (r == 0)
		r = logoff_host_list_processes(host, &view->processes, &view->n_processes, reterr);
	return r;
}

static int compare_id(const void *id, const void *session)
{
	return strcmp(id, logoff_session_id(*(struct logoff_session *const *)session));
}

static const struct logoff_session *find_session(const struct view *view, const char *id)
{
	struct logoff_session **found = NULL;

	if (*id && view->n_sessions > 0)
		found = bsearch(id, view->sessions, view->n_sessions, sizeof(*view->sessions), compare_id);
	return found ? *found : NULL;
}

/* What the host calls the user in its sessions, else this machine, else its number. */
static char *make_user_name(const struct view *view, uid_t uid)
{
	const struct passwd *entry;
	char number[16];

	for (size_t i = 0; i < view->n_sessions; i++)
		if (logoff_session_uid(view->sessions[i]) == uid)
			return strdup(logoff_session_user(view->sessions[i]));
	entry = getpwuid(uid);
	snprintf(number, sizeof(number), "%u", (unsigned)uid);
	return strdup(entry ? entry->pw_name : number);
}

static const char *find_user_name(struct view *view, uid_t uid)
{
	struct user *users;

	for (size_t i = 0; i < view->n_users; i++)
		if (view->users[i].uid == uid)
			return view->users[i].name;
	users = reallocarray(view->users, view->n_users + 1, sizeof(*users));
	if (!users)
		return NULL;
	view->users = users;
	users[view->n_users] = (struct user){ uid, make_user_name(view, uid) };
	return users[view->n_users++].name;
}

/* ---- which are meant ---- */

static bool is_number(const char *text)
{
	return *text && strspn(text, "0123456789") == strlen(text);
}

static bool is_meant(const struct row *row, const char *designator)
{
	const char *name = session_name(row);

	if (is_number(designator))
		return strtoll(designator, NULL, 10) == row->process->pid;
	if (strcmp(designator, "*") == 0)
		return true;
	if (strncmp(designator, "/dev/", 5) == 0)
		designator += 5;
	return (row->user && strcmp(row->user, designator) == 0) || (name && strcasecmp(name, designator) == 0) ||
	       strcmp(row->process->command, designator) == 0;
}

/* Tells whether the row is wanted, and notes in FOUND the arguments that want it; the last one is /id. */
static bool is_wanted(const struct row *row, int n_arguments, char **arguments, bool *found)
{
	bool meant = n_arguments == 0 && !arg_id && row->process->uid == getuid();

	for (int k = 0; k < n_arguments; k++)
		if (is_meant(row, arguments[k]))
			meant = found[k] = true;
	if (arg_id && strcasecmp(session_id(row), arg_id) == 0)
		meant = found[n_arguments] = true;
	return meant;
}

static int report_none(const char *designator)
{
	fprintf(stderr, _("%s: %s: there is no such process, nor one of such a user, session or program\n"),
		program().text, safe(designator).text);
	return EXIT_NO_SESSION;
}

/* Picks the processes that are meant into ROWS, and says which argument means none. Returns the exit status. */
static int pick(struct view *view, int n_arguments, char **arguments, struct row *rows, size_t *ret_n_rows)
{
	bool found[n_arguments + 1];
	int status = EXIT_ENDED;

	memset(found, 0, sizeof(found));
	*ret_n_rows = 0;
	for (size_t i = 0; i < view->n_processes; i++) {
		const struct logoff_host_process *process = &view->processes[i];
		struct row *row = &rows[*ret_n_rows];

		*row = (struct row){ process, find_session(view, process->session_id),
				     find_user_name(view, process->uid) };
		*ret_n_rows += is_wanted(row, n_arguments, arguments, found);
	}
	for (int k = 0; k < n_arguments; k++)
		if (!found[k])
			status = report_none(arguments[k]);
	if (arg_id && !found[n_arguments])
		status = report_none(arg_id);
	return status;
}

/* ---- showing ---- */

static json_t *to_json_row(const struct row *row)
{
	const char *id = row->process->session_id;

	return json_pack("{so sI so sI so so so sb}",
			 "host", to_json_host(arg_server),
			 "pid", (json_int_t)row->process->pid,
			 "user", to_json_text(row->user),
			 "uid", (json_int_t)row->process->uid,
			 "command", to_json_text(row->process->command),
			 "session_id", to_json_text(*id ? id : NULL),
			 "session_name", to_json_text(*id ? session_name(row) : NULL),
			 "current", is_current(row));
}

static int print_rows_json(const void *const *rows, size_t n_rows)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < n_rows; i++) {
		if (json_array_append_new(list, to_json_row(rows[i])) < 0) {
			json_decref(list);
			list = NULL;
		}
	}
	return print_json(list, stdout);
}

/* Where nothing was found there are no headings either. */
static int show(const struct table *table, const struct row *rows, size_t n_rows)
{
	const void **sorted = calloc(n_rows + 1, sizeof(*sorted));
	int r = sorted ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < n_rows; i++)
		sorted[i] = &rows[i];
	if (r == 0)
		r = table_sort(table, sorted, n_rows);
	if (r == 0 && arg_json)
		r = print_rows_json(sorted, n_rows);
	else if (r == 0 && n_rows > 0)
		table_print(table, sorted, n_rows, stdout);
	free(sorted);
	return r == 0 && fflush(stdout) == EOF ? -errno : r;
}

int query_processes(struct logoff_host *host, int n_arguments, char **arguments)
{
	struct table table = query_table(columns, "pid");
	struct logoff_error error = {};
	struct row *rows = NULL;
	struct view view;
	size_t n_rows;
	int r, status;

	table.is_marked = is_current;
	status = query_check(&table);
	if (status != EXIT_ENDED)
		return status;
	r = view_init(&view, host, &error);
	if (r < 0) {
		view_done(&view);
		return report_host(arg_server, r, &error);
	}
	rows = calloc(view.n_processes + 1, sizeof(*rows));
	r = rows ? 0 : -ENOMEM;
	if (r == 0) {
		status = pick(&view, n_arguments, arguments, rows, &n_rows);
		r = show(&table, rows, n_rows);
	}
	free(rows);
	view_done(&view);
	return r < 0 ? query_failed(r) : status;
}
