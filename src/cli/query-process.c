/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * query-process.c - "query process": which processes are meant, and showing them.
 *
 * An argument that is a number means a process. Any other argument means every process whose user, session or program
 * has that name.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/json.h"
#include "cli/logon.h"
#include "cli/output.h"
#include "cli/processes.h"
#include "cli/query.h"
#include "cli/report.h"
#include "cli/running.h"
#include "cli/sessions.h"
#include "cli/stream.h"
#include "cli/word.h"

/* ---- which are meant ---- */

static bool is_number(const char *text)
{
	return *text && strspn(text, "0123456789") == strlen(text);
}

/* Case does not matter in names of users and programs on a server. */
static bool is_same(const struct process_row *row, const char *name, const char *word)
{
	return row->process->uid == (uid_t)-1 ? account_same(name, word) : strcmp(name, word) == 0;
}

static void own_name(const struct logoff_host *host, char name[static ACCOUNT_NAME_SIZE])
{
	struct account account;

	logoff_host_name_caller(host, name, ACCOUNT_NAME_SIZE);
	if (account_parse(&account, name) == 0)
		account_bare(&account, name);
}

static bool is_own(const struct process_row *row, const char *own)
{
	return row->process->uid == (uid_t)-1 ? account_same(row->user, own) : row->process->uid == getuid();
}

/* "services" is a name too, though no session's. */
static bool is_session_name(const struct process_row *row, const char *text)
{
	struct safe name = process_session_name(row);

	if (strncmp(text, "/dev/", 5) == 0)
		text += 5;
	return (*name.text && strcasecmp(name.text, text) == 0) || (row->session && session_bears(row->session, text));
}

static bool is_of_session(const struct process_row *row, const char *designator)
{
	struct word word = word_parse(designator);

	return (word.kind == WORD_ID && strcasecmp(process_session_id(row), word.text) == 0) ||
	       ((word.kind == WORD_ANY || word.kind == WORD_NAME) && is_session_name(row, word.text));
}

static bool is_meant(const struct process_row *row, const char *designator)
{
	struct word word = word_parse(designator);
	bool any = word.kind == WORD_ANY;

	if (is_number(designator))
		return strtoll(designator, NULL, 10) == row->process->pid;
	if (strcmp(designator, "*") == 0)
		return true;
	return is_of_session(row, designator) ||
	       ((any || word.kind == WORD_USER) && is_same(row, row->user, word.text)) ||
	       (any && is_same(row, row->process->command, word.text));
}

/* What /id=ID means: an id or, if no process is in a session that has it, a number. */
static bool is_in_session(const struct process_row *row, const char *id)
{
	return strcasecmp(process_session_id(row), id) == 0;
}

static bool is_in_number(const struct process_row *row, const char *id)
{
	return row->session && word_is_number(row->session, id);
}

typedef bool (*means_func)(const struct process_row *row, const char *id);

static means_func choose_meaning(const struct process_row *all, size_t n)
{
	for (size_t i = 0; arg_id && i < n; i++)
		if (is_in_session(&all[i], arg_id))
			return is_in_session;
	return is_in_number;
}

/* Tells whether the session of the row is wanted. */
static bool is_of_wanted(const struct process_row *row, means_func means_id, int n_arguments, char **arguments)
{
	for (int k = 0; k < n_arguments; k++)
		if (is_of_session(row, arguments[k]))
			return true;
	return arg_id && means_id(row, arg_id);
}

/* Tells whether the row, one of the N rows ALL, may be of a session that is wanted, though nobody can tell. */
static bool may_be_of_wanted(const struct process_row *row, const struct process_row *all, size_t n,
			     means_func means_id, int n_arguments, char **arguments)
{
	if ((n_arguments == 0 && !arg_id) || strcmp(row->process->session_id, "?") != 0)
		return false;
	for (size_t i = 0; i < n; i++)
		if (all[i].session && (!row->host || strcmp(row->host, all[i].host) == 0) &&
		    running_may_be_in(row->process, all[i].session) &&
		    is_of_wanted(&all[i], means_id, n_arguments, arguments))
			return true;
	return false;
}

/* Tells whether the row is wanted; OWN: the user who asks. */
static bool is_wanted(const struct process_row *row, means_func means_id, const char *own, int n_arguments,
		      char **arguments)
{
	for (int k = 0; k < n_arguments; k++)
		if (is_meant(row, arguments[k]))
			return true;
	return arg_id ? means_id(row, arg_id) : n_arguments == 0 && is_own(row, own);
}

static bool find(const void **rows, size_t n_rows, const char *designator, means_func means)
{
	for (size_t i = 0; i < n_rows; i++)
		if (means(rows[i], designator))
			return true;
	return false;
}

/* Reports DESIGNATOR if it MEANS none of the N_ROWS, or may mean others that are hidden. Returns the exit status. */
static int check_found(const void **rows, size_t n_rows, enum query_view view, const char *designator,
		       means_func means)
{
	bool found = find(rows, n_rows, designator, means);

	if (view == VIEW_HIDDEN && !(found && is_number(designator)))
		return (int)report_unseen_processes(designator, found);
	if (found)
		return EXIT_ENDED;
	if (view == VIEW_PART)
		return (int)report_unknown_recipient(designator, designator, NULL);
	fprintf(stderr, _("%s: %s: no process has this number, user, session or program\n"),
		program().text, safe(designator).text);
	return stream_failure(EXIT_NO_SESSION, "no-process", designator, NULL);
}

/* Copies the rows that are meant to ROWS, and reports each argument that means none. Returns the exit status. */
static int pick_processes(const struct process_row *all, size_t n, enum query_view view, const char *own,
			  int n_arguments, char **arguments, const void **rows, size_t *ret_n_rows)
{
	means_func means_id = choose_meaning(all, n);
	int status = EXIT_ENDED;

	*ret_n_rows = 0;
	for (size_t i = 0; i < n; i++)
		if (is_wanted(&all[i], means_id, own, n_arguments, arguments) ||
		    may_be_of_wanted(&all[i], all, n, means_id, n_arguments, arguments))
			rows[(*ret_n_rows)++] = &all[i];
	for (int k = 0; k < n_arguments; k++)	/* one's own are seen, but for those with other rights: query(1) */
		status |= check_found(rows, *ret_n_rows, strcmp(arguments[k], own) == 0 ? VIEW_WHOLE : view,
				      arguments[k], is_meant);
	if (arg_id)
		status |= check_found(rows, *ret_n_rows, view, arg_id, means_id);
	else if (n_arguments == 0 && !logoff_is_this_machine(arg_server))
		status |= check_found(rows, *ret_n_rows, view, own, is_own);
	return status;
}

/* ---- showing ---- */

static void stream_processes(const void *const *rows, size_t n_rows)
{
	for (size_t i = 0; i < n_rows; i++)
		stream_row("process", to_json_process(rows[i], arg_server));
	stream_end();
}

/* Without rows there are no headings either. */
static void show_processes(const struct table *table, const void **rows, size_t n_rows)
{
	int r = table_sort(table, rows, n_rows);

	if (r == 0 && arg_json)
		stream_processes(rows, n_rows);
	else if (r == 0 && n_rows > 0)
		table_print(table, rows, n_rows, stdout);
	output_note(r);
}

int query_make_process_table(struct table *table)
{
	*table = query_table(process_columns, "pid");
	table->mark = process_mark;
	return query_check(table, &process_help);
}

int query_show_processes(const struct table *table, const struct process_row *all, size_t n, enum query_view view,
			 const char *own, int n_arguments, char **arguments)
{
	const void **rows = calloc(n + 1, sizeof(*rows));
	int status = EXIT_ENDED;
	size_t n_rows;

	output_note(rows ? 0 : -ENOMEM);
	if (rows) {
		status = pick_processes(all, n, view, own, n_arguments, arguments, rows, &n_rows);
		show_processes(table, rows, n_rows);
	}
	free(rows);
	return status;
}

int query_processes(struct logoff_host *host, int n_arguments, char **arguments)
{
	char own[ACCOUNT_NAME_SIZE];
	struct logoff_error error = {};
	struct processes processes;
	struct table table;
	int r, status = query_make_process_table(&table);

	own_name(host, own);
	if (status != EXIT_ENDED)
		return status;
	r = processes_read(&processes, host, &error);
	if (r < 0)
		return report_host(arg_server, r, &error);
	status = query_show_processes(&table, processes.rows, processes.n_items,
				      logoff_host_hides_processes(host) ? VIEW_HIDDEN : VIEW_WHOLE, own, n_arguments,
				      arguments);
	processes_done(&processes);
	return status;
}
