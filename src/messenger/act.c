/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * act.c - see messenger.h: a client is disconnected and processes are ended for a caller who may log the users off.
 *
 * The library's own functions do it, with their rules, as for tsdiscon and tskill of root. Sessions and processes are
 * looked up again: a session by its id and logon, a process by its number and start. Each act and each refusal leaves
 * a record, with the caller as the bus and the kernel know them. A caller without the right learns only that.
 */
#include "messenger/messenger.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "core/result.h"

/* ---- records ---- */

/* Records what has become of it. What is done and has no record is a failure too, and RESULT becomes it. */
static void record(struct logoff_host *host, const struct order *order, enum logoff_action action,
		   const struct logoff_session *session, const struct logoff_host_process *process,
		   struct logoff_delivery *result)
{
	const struct host_actor *actor = &order->actor;
	const struct host_asker asker = { order->uid, order->login };
	const struct host_record record = {
		.action = action, .session = session, .process = process, .result = result->result,
		.cause = &result->cause, .asker = &asker, .actor = *actor->name ? actor->name : NULL,
		.actor_sid = *actor->sid ? actor->sid : NULL,
		.actor_address = *actor->address ? actor->address : NULL,
	};
	struct logoff_error cause = {};

	if (host->backend->record(host, &record, &cause) >= 0)
		return;
	fprintf(stderr, "logoff-messenger: no record for user %u: %s\n", (unsigned)order->uid, cause.text);
	if (result->result >= 0)
		result->result = error_set_errno(&result->cause, -EIO, -EIO,
						 "it is done, but its record could not be written: %.100s", cause.text);
}

/* That polkit has said nothing is no answer of the session or process. */
static int refuse(const struct order *order, struct logoff_error *cause)
{
	return order_refuse(order, cause) == -EACCES ? -EACCES : -EHOSTUNREACH;
}

/* ---- a client ---- */

void act_disconnect(struct logoff_host *host, const struct order *order, struct logoff_delivery *result)
{
	struct logoff_session *session = NULL;
	struct logoff_error *cause = &result->cause;
	int r = order_look_up(host, &order->sessions[0], &session, cause);

	if ((r >= 0 || r == -ENXIO) && !order_allows(order, session))
		r = refuse(order, cause);
	else if (r >= 0)
		r = result_errno(logoff_session_disconnect(session, cause));
	if (r >= 0)
		*cause = (struct logoff_error){};
	result->result = r;
	if (session)
		record(host, order, LOGOFF_ACTION_DISCONNECT, session, NULL, result);
	logoff_session_free(session);
}

/* ---- processes ---- */

/* What there is while an order to end processes is carried out. */
struct scene {
	struct logoff_host *host;
	const struct order *order;
	struct logoff_host_process **processes;	/* all of the machine */
	size_t n_processes;
	struct logoff_session **sessions;	/* without them the records lack theirs */
	size_t n_sessions;
};

static const struct logoff_session *session_of(const struct scene *scene, const struct logoff_host_process *process)
{
	for (size_t i = 0; i < scene->n_sessions; i++)
		if (strcmp(scene->sessions[i]->id, process->session_id) == 0)
			return scene->sessions[i];
	return NULL;
}

/* The process that MEANT names, as it is now. Returns NULL: it is not there, or not known. */
static const struct logoff_host_process *find(const struct scene *scene, const struct logoff_host_process *meant)
{
	for (size_t i = 0; i < scene->n_processes; i++)
		if (scene->processes[i]->pid == meant->pid && meant->started_us >= 0 &&
		    scene->processes[i]->started_us == meant->started_us)
			return scene->processes[i];
	return NULL;
}

static void record_process(const struct scene *scene, const struct logoff_host_process *process,
			   struct logoff_delivery *result)
{
	record(scene->host, scene->order, LOGOFF_ACTION_END_PROCESS, session_of(scene, process), process, result);
}

/* Refuses all of it. One record is enough, of what is there: a caller without rights must not fill the log. */
static void refuse_all(const struct scene *scene, struct logoff_delivery *results)
{
	const struct logoff_host_process *known = NULL;

	for (size_t i = 0; i < scene->order->n_processes; i++) {
		results[i].result = refuse(scene->order, &results[i].cause);
		if (!known && (known = find(scene, &scene->order->processes[i])))
			record_process(scene, known, &results[i]);
	}
}

/* Ends those of which it is known which they are. Returns 0 or -errno for all of them. */
static int end_known(const struct scene *scene, struct logoff_delivery *results, int cancel_fd,
		     struct logoff_error *cause)
{
	const struct order *order = scene->order;
	struct logoff_host_process **wanted = calloc(order->n_processes + 1, sizeof(*wanted));
	enum logoff_result *ended = calloc(order->n_processes + 1, sizeof(*ended));
	int r = wanted && ended ? 0 : -ENOMEM;
	size_t n = 0;

	for (size_t i = 0; r >= 0 && i < order->n_processes; i++)
		if (order->processes[i].started_us >= 0)
			wanted[n++] = &order->processes[i];
	if (n > 0)
		r = result_errno(logoff_host_end_processes(scene->host, wanted, n, order->grace_ms, cancel_fd, ended,
							   cause));
	for (size_t i = 0, k = 0; r >= 0 && i < order->n_processes; i++)
		results[i].result = order->processes[i].started_us < 0 ? -ESTALE : result_errno(ended[k++]);
	free(wanted);
	free(ended);
	return r;
}

/* What is not there leaves no record: all that is known of it are the caller's words. */
static void end_all(const struct scene *scene, struct logoff_delivery *results, int cancel_fd)
{
	const struct order *order = scene->order;
	struct logoff_error cause = {};
	int r = end_known(scene, results, cancel_fd, &cause);

	for (size_t i = 0; i < order->n_processes; i++) {
		const struct logoff_host_process *known = find(scene, &order->processes[i]);

		if (r < 0)
			results[i] = (struct logoff_delivery){ .result = r, .cause = cause };
		if (known)
			record_process(scene, known, &results[i]);
	}
}

void act_end(struct logoff_host *host, const struct order *order, struct logoff_delivery *results, int cancel_fd)
{
	struct scene scene = { .host = host, .order = order };
	struct logoff_error cause = {};
	int r = result_errno(logoff_host_list_processes(host, &scene.processes, &scene.n_processes, &cause));

	if (r >= 0)
		(void)logoff_host_list(host, &scene.sessions, &scene.n_sessions, NULL);
	if (!order_allows(order, NULL))
		refuse_all(&scene, results);
	else if (r >= 0)
		end_all(&scene, results, cancel_fd);
	else
		for (size_t i = 0; i < order->n_processes; i++)
			results[i] = (struct logoff_delivery){ .result = r, .cause = cause };
	logoff_session_list_free(scene.sessions, scene.n_sessions);
	logoff_host_process_list_free(scene.processes);
}
