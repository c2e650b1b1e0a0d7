/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * query.h - the sub-commands of query, one function each, and the options they share.
 */
#ifndef CLI_QUERY_H
#define CLI_QUERY_H

#include "cli/help.h"
#include "cli/options.h"
#include "cli/processes.h"
#include "cli/table.h"
#include "logoff.h"

extern bool arg_no_legend;
extern bool arg_watch;			/* query session, query user: --watch */
extern const char *arg_sort;		/* --sort */
extern struct option_list arg_columns;	/* --columns */
extern const char *arg_id;		/* query process: /id */

/* Each shows what its arguments mean, or everything without arguments. Returns the exit status. */
int query_sessions(struct logoff_host *host, int n_arguments, char **arguments);
int query_users(struct logoff_host *host, int n_arguments, char **arguments);
int query_processes(struct logoff_host *host, int n_arguments, char **arguments);

/* The same for the hosts of /server. */
int query_farm_sessions(int n_arguments, char **arguments);
int query_farm_users(int n_arguments, char **arguments);
int query_farm_processes(int n_arguments, char **arguments);

/*
 * Shows with TABLE what becomes of the sessions that the arguments mean, or of all, until Ctrl-C. Returns the exit
 * status.
 */
int query_watch(struct logoff_host *host, const struct table *table, bool people, int n_arguments, char **arguments);

/* Makes the table of COLUMNS, and checks the options for it. Returns the exit status. */
int query_make_table(struct table *table, const struct table_column *columns, bool people);

/* Whether there are others than those that are seen. */
enum query_view {
	VIEW_WHOLE,		/* there are none */
	VIEW_HIDDEN,		/* a host may hide some from the caller (hidepid) */
	VIEW_PART		/* hosts have not answered */
};

/*
 * Shows those of the N SESSIONS that the arguments mean; with PEOPLE only those in which somebody works. Returns the
 * exit status.
 */
int query_show(const struct table *table, bool people, struct logoff_session *const *sessions, size_t n,
	       enum query_view view, int n_arguments, char **arguments);

/* The same two for processes; OWN is the user whose processes are meant without an argument. */
int query_make_process_table(struct table *table);
int query_show_processes(const struct table *table, const struct process_row *all, size_t n, enum query_view view,
			 const char *own, int n_arguments, char **arguments);

/* Tells whether one of the arguments means SESSION, or there are none. */
bool query_means(const struct logoff_session *session, int n_arguments, char **arguments);

/* A table of COLUMNS with the options applied. Without --sort it is sorted by the column ORDER. */
struct table query_table(const struct table_column *columns, const char *order);

extern const struct help session_help, user_help, process_help;

/* Reports a column of the options that TABLE does not have, and where the help is. Returns the exit status. */
int query_check(const struct table *table, const struct help *help);

#endif
