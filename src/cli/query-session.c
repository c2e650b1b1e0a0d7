/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * query-session.c - "query session" and "query user": which sessions are meant, and showing them.
 *
 * An argument means every session that has it as name, user or id. "query user" is about people: it never shows login
 * screens, sessions without a user, and background sessions where nobody works.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli/account.h"
#include "cli/charset.h"
#include "cli/command.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/query.h"
#include "cli/report.h"
#include "cli/sessions.h"
#include "cli/stream.h"
#include "cli/word.h"

static bool is_meant(const struct logoff_session *session, const char *designator)
{
	struct word word = word_parse(designator);
	bool any = word.kind == WORD_ANY;

	return ((any || word.kind == WORD_ID) && word_is_id(session, word.text)) ||
	       ((any || word.kind == WORD_USER) && account_is(session, word.text)) ||
	       ((any || word.kind == WORD_NAME) && session_bears(session, word.text));
}

/* Tells whether DESIGNATOR, which is no id, is the number of SESSION. */
static bool has_number(const struct logoff_session *session, const char *designator)
{
	struct word word = word_parse(designator);

	return (word.kind == WORD_ANY || word.kind == WORD_ID) && word_is_number(session, word.text);
}

/* What other sessions are called is not known yet: a number is shown, too. */
bool query_means(const struct logoff_session *session, int n_arguments, char **arguments)
{
	for (int i = 0; i < n_arguments; i++)
		if (is_meant(session, arguments[i]) || has_number(session, arguments[i]))
			return true;
	return n_arguments == 0;
}

static int report_none(const char *argument, bool people, enum query_view view)
{
	if (view == VIEW_PART)
		return (int)report_unknown_recipient(argument, argument, NULL);
	if (view == VIEW_HIDDEN)
		return (int)report_unseen(argument, argument);
	fprintf(stderr, people ? _("%s: %s: no user who is logged on has this name, session name or id\n")
			       : _("%s: %s: no session has this name, user or id\n"),
		program().text, safe(argument).text);
	return stream_failure(EXIT_NO_SESSION, people ? "no-user" : "no-session", argument, NULL);
}

static bool is_shown(const struct logoff_session *session, bool people)
{
	return !people || session_is_person(session);
}

/* Marks the sessions that DESIGNATOR MEANS. Returns whether there is one. */
static bool mark_sessions(struct logoff_session *const *sessions, size_t n, bool people, const char *designator,
			  bool (*means)(const struct logoff_session *, const char *), bool *marks)
{
	bool found = false;

	for (size_t i = 0; i < n; i++)
		if (is_shown(sessions[i], people) && means(sessions[i], designator))
			marks[i] = found = true;
	return found;
}

/*
 * Copies the SESSIONS that an argument means (all without arguments) to ROWS, and reports each argument that means
 * none. A number means a session only if it is nothing else. MARKS are N, all false. Returns the exit status.
 */
static int pick_sessions(struct logoff_session *const *sessions, size_t n, enum query_view view,
			 int n_arguments, char **arguments, bool people, bool *marks, const void **rows,
			 size_t *ret_n_rows)
{
	int status = EXIT_ENDED;

	for (int k = 0; k < n_arguments; k++)
		if (!mark_sessions(sessions, n, people, arguments[k], is_meant, marks) &&
		    !mark_sessions(sessions, n, people, arguments[k], has_number, marks))
			status = report_none(arguments[k], people, view);
	*ret_n_rows = 0;
	for (size_t i = 0; i < n; i++)
		if (n_arguments == 0 ? is_shown(sessions[i], people) : marks[i])
			rows[(*ret_n_rows)++] = sessions[i];
	return status;
}

/* Not const: a session may ask for its idle time, and keeps it. */
static void stream_sessions(const void *const *rows, size_t n_rows)
{
	for (size_t i = 0; i < n_rows; i++)
		stream_row("session", to_json_session((struct logoff_session *)rows[i], arg_server));
	stream_end();
}

/* Without rows there are no headings either. */
static void show_sessions(const struct table *table, const void **rows, size_t n_rows, bool filtered)
{
	int r = table_sort(table, rows, n_rows);

	if (r == 0 && arg_json)
		stream_sessions(rows, n_rows);
	else if (r == 0 && (n_rows > 0 || !filtered))
		table_print(table, rows, n_rows, stdout);
	output_note(r);
	output_flush();		/* so that the table stands before the line about it */
}

/* "query user" has no column for it. Not on standard output, which programs read. */
static void tell_unregistered(const struct table *table, const void *const *rows, size_t n_rows)
{
	struct safe ids = {};
	size_t n = 0;

	if (arg_json || !table->legend || table->chosen->n_items > 0)
		return;
	for (size_t i = 0; i < n_rows && n < sizeof(ids.text); i++)
		if (!logoff_session_is(rows[i], LOGOFF_IS_REGISTERED))
			n += (size_t)snprintf(ids.text + n, sizeof(ids.text) - n, "%s%s", n > 0 ? ", " : "",
					      report_id(rows[i]).text);
	if (n > 0)
		fprintf(stderr, _("%s: not registered with the session manager: %s\n"), program().text,
			safe(ids.text).text);
}

static bool is_time(const char *column)
{
	return strcasecmp(column, "idle") == 0 || strcasecmp(column, "logon") == 0;
}

/* Tells whether times are shown: in the fixed layouts only in that of PEOPLE. */
static bool shows_times(const struct table *table, bool people)
{
	bool found = arg_json || (people && table->chosen->n_items == 0);

	for (size_t i = 0; i < table->chosen->n_items; i++)
		found = found || is_time(table->chosen->items[i]);
	return found;
}

int query_make_table(struct table *table, const struct table_column *columns, bool people)
{
	const struct help *help = people ? &user_help : &session_help;
	int status;

	*table = query_table(columns, "id");
	table->mark = session_mark;
	status = query_check(table, help);
	if (status == EXIT_ENDED && arg_watch && arg_json == OPTION_WORD_BARE)
		return help_usage_error(help, OPTION_FAULT_ENDLESS, "/json");
	return status;
}

int query_show(const struct table *table, bool people, struct logoff_session *const *sessions, size_t n,
	       enum query_view view, int n_arguments, char **arguments)
{
	const void **rows = calloc(n + 1, sizeof(*rows));
	bool *marks = calloc(n + 1, sizeof(*marks));
	int status = EXIT_ENDED;
	size_t n_rows = 0;

	output_note(rows && marks ? 0 : -ENOMEM);
	if (rows && marks) {
		status = pick_sessions(sessions, n, view, n_arguments, arguments, people, marks, rows, &n_rows);
		show_sessions(table, rows, n_rows, n_arguments > 0);
		if (people)
			tell_unregistered(table, rows, n_rows);
	}
	free(marks);
	free(rows);
	return status;
}

static int query_with_columns(struct logoff_host *host, const struct table_column *columns, bool people,
			      int n_arguments, char **arguments)
{
	struct logoff_error error = {};
	struct logoff_session **sessions;
	struct table table;
	size_t n;
	int r, status = query_make_table(&table, columns, people);

	if (status != EXIT_ENDED)
		return status;
	if (arg_watch)
		return query_watch(host, &table, people, n_arguments, arguments);
	r = logoff_host_list(host, &sessions, &n, &error);
	if (r < 0)
		return report_host(arg_server, r, &error);
	charset_init_times();		/* for the logon times */
	status = query_show(&table, people, sessions, n,
			    logoff_host_hides_processes(host) ? VIEW_HIDDEN : VIEW_WHOLE, n_arguments, arguments);
	if (status == EXIT_ENDED && shows_times(&table, people))
		status = (int)report_times(arg_server, sessions, n);
	logoff_session_list_free(sessions, n);
	return status;
}

int query_sessions(struct logoff_host *host, int n_arguments, char **arguments)
{
	return query_with_columns(host, session_columns, false, n_arguments, arguments);
}

int query_users(struct logoff_host *host, int n_arguments, char **arguments)
{
	return query_with_columns(host, user_columns, true, n_arguments, arguments);
}
