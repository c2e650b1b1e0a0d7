/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * query-farm.c - "query session" and "query user" for many hosts: one table of the sessions of all that have answered.
 */
#include <errno.h>
#include <stdlib.h>

#include "cli/command.h"
#include "cli/farm.h"
#include "cli/output.h"
#include "cli/query.h"
#include "cli/sessions.h"

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
		status = server_farm_list(&farm);
	if (status == EXIT_ENDED) {
		table.group = report_shows_hosts ? "host" : NULL;
		sessions = server_farm_sessions(&farm, &n);
		output_note(sessions ? 0 : -ENOMEM);
		if (sessions)
			status = query_show(&table, people, sessions, n, n_arguments, arguments);
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
