/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * processes.h - the processes of a host with their users and sessions, and the columns in which they are shown.
 *
 * A process in no session belongs, as on Windows, to session 0, called "services".
 */
#ifndef CLI_PROCESSES_H
#define CLI_PROCESSES_H

#include <stdint.h>

#include "cli/json.h"
#include "cli/table.h"
#include "logoff.h"

/* A row of the table. */
struct process_row {
	const struct logoff_host_process *process;
	const struct logoff_session *session;	/* NULL: in no session */
	const char *user;			/* "" if unknown */
	const char *host;			/* NULL: that of /server, or this machine */
};

/* The name of a user. */
struct user {
	uint32_t uid;
	char *name;
};

/* The processes and sessions of a host. The rows point into the other members. */
struct processes {
	struct process_row *rows;
	struct logoff_host_process **items;
	size_t n_items;			/* and rows */
	struct logoff_session **sessions;	/* by id */
	size_t n_sessions;
	struct user *users;
	size_t n_users;
};

/* " USERNAME              SESSIONNAME         ID    PID  IMAGE" */
extern const struct table_column process_columns[];

/* Fills PROCESSES from HOST. Returns a result of the library; then PROCESSES is empty. */
int processes_read(struct processes *processes, struct logoff_host *host, struct logoff_error *reterr);

/* Frees what PROCESSES holds. */
void processes_done(struct processes *processes);

/* The object of a row on that host. Returns a new reference. */
json_t *to_json_process(const struct process_row *row, const char *server);

/* The id of the session of a row, "0" for no session. Returns the id. */
const char *process_session_id(const struct process_row *row);

/* The shown name of the session of a row, "services" for no session. Returns the name, "" for none. */
struct safe process_session_name(const struct process_row *row);

/* The mark() of such a table: that of the session of the process. */
const char *process_mark(const void *row);

#endif
