/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * end-processes.c - see end-processes.h.
 *
 * The peer has its numbers from a list that is old by now. So all processes are listed again here, and only one with
 * the same start is what the peer means. From then on the library takes no other process for it.
 */
#include "host/end-processes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/json.h"
#include "host/record.h"
#include "host/say.h"
#include "host/targets.h"

struct ending {
	struct logoff_host *host;
	const struct order *order;
	struct logoff_host_process **all;
	size_t n_all;
	struct logoff_session **sessions;	/* for the records; none are wanted without an actor */
	size_t n_sessions;
	struct logoff_host_process *wanted, **items;	/* those that are meant */
	enum logoff_result *results;
	struct logoff_error cause;		/* of the first that was denied or is unknown */
	size_t n_items;
	int status;
};

static void note_status(struct ending *ending, int status)
{
	ending->status = status > ending->status ? status : ending->status;
}

/* ---- which are meant ---- */

/* Reports that a process of the order is not meant, or that nobody can tell, which UNKNOWN says (else NULL). */
static void fail(struct ending *ending, const char *kind, int32_t pid, const char *unknown, enum exit_status status)
{
	struct logoff_error cause = { .domain = LOGOFF_ERROR_ERRNO, .number = ENODATA, .name = "ENODATA" };
	char number[16];

	snprintf(number, sizeof(number), "%d", (int)pid);
	snprintf(cause.text, sizeof(cause.text), "%s", unknown ? unknown : "");
	note_status(ending, say_failure(stdout, ending->order->serial, kind, number, unknown ? &cause : NULL, status));
}

static const struct logoff_host_process *find(const struct ending *ending, int32_t pid)
{
	for (size_t i = 0; i < ending->n_all; i++)
		if (ending->all[i]->pid == pid)
			return ending->all[i];
	return NULL;
}

static void choose_one(struct ending *ending, const struct order_process *meant)
{
	const struct logoff_host_process *found = find(ending, meant->pid);

	if (!found && logoff_host_hides_processes(ending->host))
		fail(ending, "no-process", meant->pid, "processes of others are hidden", EXIT_UNREACHABLE);
	else if (!found)
		fail(ending, "no-process", meant->pid, NULL, EXIT_NO_SESSION);
	else if (meant->started_us < 0 || found->started_us < 0)
		fail(ending, "changed", meant->pid, "its start is unknown", EXIT_NOT_ENDED);
	else if (found->started_us != meant->started_us)
		fail(ending, "changed", meant->pid, NULL, EXIT_NOT_ENDED);
	else if (!target_is_server() && (found->pid == getpid() || found->pid == getppid()))
		fail(ending, "own-process", meant->pid, NULL, EXIT_PROTECTED);
	else
		ending->wanted[ending->n_items++] = *found;
}

/* Returns false if the processes are of another boot, or nobody can tell, and all have been reported. */
static bool check_boot(struct ending *ending)
{
	const struct order *order = ending->order;
	char now[64];

	target_boot(now);
	if (!order->boot || strcmp(order->boot, now) == 0)
		return true;
	for (size_t i = 0; i < order->n_processes; i++)
		if (*now)
			fail(ending, "no-process", order->processes[i].pid, NULL, EXIT_NO_SESSION);
		else
			fail(ending, "changed", order->processes[i].pid, "the boot of the host is unknown",
			     EXIT_NOT_ENDED);
	return false;
}

/* Returns 0 or a result of the library. */
static int choose(struct ending *ending, struct logoff_error *reterr)
{
	size_t n = ending->order->n_processes;
	int r = logoff_host_list_processes(ending->host, &ending->all, &ending->n_all, reterr);

	ending->wanted = calloc(n, sizeof(*ending->wanted));
	ending->items = calloc(n, sizeof(*ending->items));
	ending->results = calloc(n, sizeof(*ending->results));
	if (!ending->wanted || !ending->items || !ending->results)
		return LOGOFF_E_NO_MEMORY;
	for (size_t i = 0; r >= 0 && i < n; i++)
		choose_one(ending, &ending->order->processes[i]);
	for (size_t i = 0; i < ending->n_items; i++)
		ending->items[i] = &ending->wanted[i];
	return r;
}

/* ---- what becomes of them ---- */

static const struct logoff_session *session_of(const struct ending *ending, const struct logoff_host_process *process)
{
	for (size_t i = 0; i < ending->n_sessions; i++)
		if (strcmp(logoff_session_id(ending->sessions[i]), process->session_id) == 0)
			return ending->sessions[i];
	return NULL;
}

/* The cause is that of the first process that was left to others: what speaks for itself has none. */
static const struct logoff_error *cause_of(const struct ending *ending, enum logoff_result result)
{
	if (ending->order->refused)
		return &record_refused;
	return ending->cause.domain != LOGOFF_ERROR_NONE &&
			       (result == LOGOFF_E_DENIED || strcmp(logoff_result_word(result), "failed") == 0)
		       ? &ending->cause : NULL;
}

static void say_result(struct ending *ending, size_t i)
{
	const struct logoff_host_process *process = ending->items[i];
	const struct logoff_error *cause = cause_of(ending, ending->results[i]);
	const char *id = process->session_id;
	int status = (int)say_status(ending->results[i]);

	note_status(ending, record_action(ending->host, ending->order, LOGOFF_ACTION_END_PROCESS,
					  session_of(ending, process), process, ending->results[i], cause));
	note_status(ending, status);
	say(stdout, ending->order->serial, "result",
	    json_pack("{s:o, s:i, s:I, s:o, s:o, s:s, s:i, s:o}", "host", to_json_host(arg_server), "pid",
		      (int)process->pid, "started", (json_int_t)process->started_us, "command",
		      to_json_text(process->command), "session_id", to_json_text(*id ? id : NULL), "result",
		      logoff_result_word(ending->results[i]), "exit_status", status, "cause", to_json_cause(cause)));
}

static int end_all(struct ending *ending, int cancel_fd, struct logoff_error *reterr)
{
	const struct order *order = ending->order;
	int r = LOGOFF_OK;

	if (order->actor.name)	/* without the list the records lack the sessions */
		(void)logoff_host_list(ending->host, &ending->sessions, &ending->n_sessions, NULL);
	for (size_t i = 0; i < ending->n_items; i++)
		ending->results[i] = LOGOFF_E_DENIED;
	if (!order->refused)
		r = logoff_host_end_processes(ending->host, ending->items, ending->n_items, order->grace_s * 1000,
					      cancel_fd, ending->results, &ending->cause);
	if (r < 0)
		*reterr = ending->cause;
	for (size_t i = 0; r >= 0 && i < ending->n_items; i++)
		say_result(ending, i);
	return r;
}

int end_processes(struct logoff_host *host, struct order *order, int cancel_fd)
{
	struct ending ending = { .host = host, .order = order };
	struct logoff_error cause = {};
	int r = LOGOFF_OK;

	if (check_boot(&ending))
		r = choose(&ending, &cause);
	if (r >= 0 && ending.n_items > 0)
		r = end_all(&ending, cancel_fd, &cause);
	if (r < 0)
		note_status(&ending, say_host_failure(stdout, order->serial, NULL, r, &cause));
	logoff_session_list_free(ending.sessions, ending.n_sessions);
	logoff_host_process_list_free(ending.all);
	free(ending.wanted);
	free(ending.items);
	free(ending.results);
	return ending.status;
}
