/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * query-farm.c - query for many hosts: one table of the sessions, or the processes, of all that have answered.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

#include "cli/command.h"
#include "cli/farm.h"
#include "cli/output.h"
#include "cli/printable.h"
#include "cli/query.h"
#include "cli/sessions.h"
#include "cli/stream.h"

/*
 * Whether the hosts have told all they have: who is not found may be on one that is excused. Of what is found a host
 * that hides some may have more.
 */
static enum query_view view(const struct server_farm *farm)
{
	enum query_view found = VIEW_WHOLE;

	for (size_t i = 0; i < farm->hosts.n_items; i++) {
		bool told = farm->items[i].listed && !server_farm_has_failed(farm, i);

		if (!told && !server_farm_is_excused(farm, i))
			return VIEW_PART;
		if (told && farm->items[i].hides_logins)
			found = VIEW_HIDDEN;
		else if (!told && found == VIEW_WHOLE)
			found = VIEW_PART;
	}
	return found;
}

static int query_farm(const struct table_column *columns, bool people, int n_arguments, char **arguments)
{
	struct logoff_session **sessions = NULL;
	struct server_farm farm = {};
	struct table table;
	size_t n = 0;
	int status = query_make_table(&table, columns, people), failed;

	if (status != EXIT_ENDED)
		return status;
	if (arg_watch)
		return help_usage_error(people ? &user_help : &session_help, OPTION_FAULT_ONE_SERVER, "/watch");
	status = server_farm_open(&farm, arg_server);
	if (status == EXIT_ENDED)
		status = server_farm_list(&farm, NULL, farm.hosts.n_items);
	if (status == EXIT_ENDED) {
		table.group = report_shows_hosts ? "host" : NULL;
		server_farm_find_twins(&farm, true);
		sessions = server_farm_sessions(&farm, &n);
		output_note(sessions ? 0 : -ENOMEM);
		if (sessions)
			status = query_show(&table, people, sessions, n, view(&farm), n_arguments, arguments);
		failed = server_farm_report(&farm);
		status = failed > status ? failed : status;
		server_farm_summarize(&farm, false);
	}
	free(sessions);
	server_farm_done(&farm);
	return status;
}

int query_farm_sessions(int n_arguments, char **arguments)
{
	return query_farm(session_columns, false, n_arguments, arguments);
}

int query_farm_users(int n_arguments, char **arguments)
{
	return query_farm(user_columns, true, n_arguments, arguments);
}

/* ---- processes ---- */

/* A process of a far host, with the session it is in. */
struct far_row {
	struct far_process far;
	size_t host;
};

struct process_run {
	struct server_farm farm;
	unsigned *n_orders;		/* of each host */
	struct far_row **rows;
	size_t n_rows;
};

static enum farm_next next_processes(size_t i, struct farm_order *ret_order, void *data)
{
	static const char *const orders[] = { "list", "processes" };
	struct process_run *run = data;
	unsigned number = run->n_orders[i]++;

	if (number >= sizeof(orders) / sizeof(orders[0]))
		return FARM_DONE;
	*ret_order = (struct farm_order){ .json = json_pack("{s:s}", "order", orders[number]) };
	return FARM_ORDER;
}

static bool take_processes(size_t i, const json_t *line, void *data)
{
	struct process_run *run = data;
	const json_t *process = json_object_get(line, "process");
	struct far_row *row;

	if (!process)
		return server_farm_take(&run->farm, i, line);
	row = calloc(1, sizeof(*row));
	if (!row || far_process(&row->far, process) < 0 || array_add(&run->rows, &run->n_rows, &row) < 0) {
		free(row);
		return false;
	}
	row->host = i;
	return true;
}

static void listed_processes(size_t i, void *data)
{
	struct process_run *run = data;

	server_farm_listed(&run->farm, i);
}

static int compare_id(const void *id, const void *session)
{
	return strcmp(id, logoff_session_id(*(struct logoff_session *const *)session));
}

static int compare_ids(const void *a, const void *b)
{
	return compare_id(logoff_session_id(*(struct logoff_session *const *)a), b);
}

/* NULL also for the session of our own connection. */
static const struct logoff_session *find_session(const struct far_host *host, const char *id)
{
	struct logoff_session **found = NULL;

	if (*id && host->n_sessions > 0)
		found = bsearch(id, host->sessions, host->n_sessions, sizeof(*host->sessions), compare_id);
	return found ? *found : NULL;
}

static struct process_row *make_rows(const struct process_run *run, size_t *ret_n)
{
	struct process_row *rows = calloc(run->n_rows + 1, sizeof(*rows));

	*ret_n = 0;
	for (size_t i = 0; i < run->farm.hosts.n_items; i++)
		if (run->farm.items[i].n_sessions > 0)
			qsort(run->farm.items[i].sessions, run->farm.items[i].n_sessions,
			      sizeof(*run->farm.items[i].sessions), compare_ids);
	for (size_t k = 0; rows && k < run->n_rows; k++) {
		const struct far_row *row = run->rows[k];

		if (!server_farm_counts(&run->farm, row->host))
			continue;
		rows[(*ret_n)++] = (struct process_row){
			.process = &row->far.process, .user = row->far.user,
			.session = find_session(&run->farm.items[row->host], row->far.process.session_id),
			.host = server_farm_name(&run->farm, row->host),
		};
	}
	return rows;
}

/* Shows what has come, and reports what has not. Returns the exit status. */
static int show_rows(struct process_run *run, struct table *table, int n_arguments, char **arguments)
{
	struct process_row *rows;
	int status = EXIT_ENDED, failed;
	size_t n;

	server_farm_find_twins(&run->farm, true);
	rows = make_rows(run, &n);
	table->group = report_shows_hosts ? "host" : NULL;
	output_note(rows ? 0 : -ENOMEM);
	if (rows)
		status = query_show_processes(table, rows, n, view(&run->farm), "", n_arguments, arguments);
	free(rows);
	failed = (int)server_farm_report(&run->farm);
	server_farm_summarize(&run->farm, false);
	return failed > status ? failed : status;
}

int query_farm_processes(int n_arguments, char **arguments)
{
	struct process_run run = {};
	const struct farm_calls calls = { .next = next_processes, .line = take_processes, .done = listed_processes,
					  .draw = server_farm_draw, .data = &run };
	struct table table;
	int status = query_make_process_table(&table);

	/* As whom ssh logs on is not known here, so nobody's processes are "own". */
	if (status == EXIT_ENDED && n_arguments == 0 && !arg_id) {
		fprintf(stderr, _("%s: say which processes of these hosts are meant; '*' means all\n"),
			program().text);
		(void)stream_failure(EXIT_USAGE, "usage", NULL, NULL);
		return help_try(&process_help);
	}
	if (status == EXIT_ENDED)
		status = (int)server_farm_open(&run.farm, arg_server);
	if (status == EXIT_ENDED) {
		run.n_orders = calloc(run.farm.hosts.n_items, sizeof(*run.n_orders));
		status = run.n_orders ? (int)server_farm_round(&run.farm, NULL, run.farm.hosts.n_items, &calls)
				      : EXIT_UNREACHABLE;
	}
	if (status == EXIT_ENDED)
		status = show_rows(&run, &table, n_arguments, arguments);
	for (size_t k = 0; k < run.n_rows; k++)
		free(run.rows[k]);
	free(run.rows);
	free(run.n_orders);
	server_farm_done(&run.farm);
	return status;
}
