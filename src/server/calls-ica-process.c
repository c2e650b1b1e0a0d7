/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * calls-ica-process.c - the calls of IcaApi that are about processes: logoff-host lists and ends them.
 */
#include "server/calls-ica.h"

#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "server/answer.h"
#include "server/sid.h"

#define LIST_S 20
#define END_S 30
#define SAME_START_US 1000000
#define GRACE_S 0			/* TerminateProcess() of Windows asks nobody */

struct process {
	uint32_t pid;
	int64_t started_us;		/* since the start of the kernel; -1: unknown */
	uid_t uid;			/* (uid_t)-1: unknown */
	char *command;
	uint32_t session;
	uid_t session_uid;		/* of the session's user */
};

/* What a task collects. */
struct found {
	struct process *items;
	uint32_t n_items;
	bool only;			/* the process PID */
	uint32_t pid;
	bool hidden;			/* also those that the client does not see, to refuse it */
	bool too_many;			/* an answer cannot have them all */
};

static int64_t boot_us(void)
{
	struct timespec since;

	return clock_gettime(CLOCK_BOOTTIME, &since) < 0 ? 0
		: clock_real_us() - since.tv_sec * INT64_C(1000000) - since.tv_nsec / 1000;
}

static bool parse(TALLOC_CTX *mem, const struct call *call, const struct line *line, struct process *ret)
{
	int64_t pid = line_number(line->value, "pid", INT32_MAX), uid = line_number(line->value, "uid", UINT32_MAX - 1);
	const char *command = line_text(line->value, "command");
	const struct session *session = session_by_id(call->list, line_text(line->value, "session_id"), -1);

	*ret = (struct process){
		.pid = (uint32_t)pid, .started_us = line_number(line->json, "started", LINE_MAX_US),
		.uid = uid < 0 ? (uid_t)-1 : (uid_t)uid, .command = talloc_strdup(mem, command ? command : ""),
		.session = session ? session->number : 0, .session_uid = session ? session->uid : (uid_t)-1,
	};
	return pid > 0 && ret->command;
}

/* A client sees the processes of the sessions that it sees, and its own. */
static bool is_shown(const struct call *call, const struct process *process)
{
	return client_may(call->client, RIGHT_QUERY, process->session_uid) ||
	       client_may(call->client, RIGHT_QUERY, process->uid);
}

static void collect(struct task *task, struct call *call, const struct line *line)
{
	struct found *found = task_data(task);
	struct process process;

	if (!call || line->kind != LINE_ITEM || strcmp(line->word, "process") != 0)
		return;
	if (found->only && line_number(line->value, "pid", UINT32_MAX) != found->pid)
		return;
	if (!parse(found, call, line, &process) || (!found->hidden && !is_shown(call, &process)))
		return;
	if (found->n_items == TSTS_MAX_PROCESSES) {
		found->too_many = true;
		return;
	}
	if ((found->n_items & (found->n_items - 1)) == 0)
		found->items =
			talloc_realloc(found, found->items, struct process, found->n_items ? 2 * found->n_items : 1);
	if (found->items)
		found->items[found->n_items++] = process;
	else
		found->n_items = 0;
}

static uint32_t list(struct call *call, const struct task_calls *calls)
{
	return task_begin(call, json_pack("{s:s}", "order", "processes"), false, LIST_S, LIST_S, calls,
			  sizeof(struct found));
}

/* The same for the process PID alone. */
static uint32_t seek(struct call *call, uint32_t pid, bool hidden, const struct task_calls *calls)
{
	uint32_t result = list(call, calls);

	if (result == CALL_LATER) {
		struct found *found = task_data(call->task);

		found->only = true;
		found->pid = pid;
		found->hidden = hidden;
	}
	return result;
}

static const struct process *the_one(struct task *task)
{
	const struct found *found = task_data(task);

	return found->n_items ? &found->items[0] : NULL;
}

/* ---- all of them ---- */

static bool fill(TALLOC_CTX *mem, const struct process *from, struct tsts_process_entry *entry)
{
	uint8_t *sid = talloc_zero_array(mem, uint8_t, SID_MAX_BYTES);

	entry->process = talloc_zero(mem, struct tsts_process);
	if (!entry->process || !sid)
		return false;
	entry->process->pid = from->pid;
	entry->process->session_id = from->session;
	entry->process->n_threads = 1;
	if (from->started_us >= 0)
		entry->process->create_time = answer_time(boot_us() + from->started_us);
	tsts_process_set_image(entry->process, from->command);
	if (from->uid != (uid_t)-1) {
		entry->sid = sid;
		entry->n_sid = sid_of_user(from->uid, sid);
	}
	return true;
}

static struct tsts_process_entry *entries(struct call *call, const struct found *found, uint32_t *ret_n)
{
	struct tsts_process_entry *all = talloc_zero_array(call, struct tsts_process_entry, found->n_items + 1);

	for (uint32_t i = 0; all && i < found->n_items; i++) {
		struct process process = found->items[i];

		process.command = talloc_strdup(all, process.command);
		if (!process.command || !fill(all, &process, &all[i]))
			TALLOC_FREE(all);
	}
	*ret_n = all ? found->n_items : 0;
	return all;
}

static void answer_processes(struct task *task, struct call *call, uint32_t result)
{
	struct tsts_ica_get_processes *r = call ? call->r : NULL;
	const struct found *found = task_data(task);

	if (result == RESULT_OK && found->too_many)
		result = RESULT_FAILED;		/* a part is not answered as all there is */
	if (r && result == RESULT_OK) {
		r->out.processes = entries(call, found, &r->out.n_processes);
		result = r->out.processes ? RESULT_OK : RESULT_NO_MEMORY;
	}
	if (call)
		call_answer(call, result);
}

uint32_t ica_get_processes(struct call *call, void *r)
{
	static const struct task_calls calls = { .line = collect, .end = answer_processes };

	(void)r;
	return list(call, &calls);
}

_Static_assert(sizeof(struct tsts_ica_get_processes) == sizeof(struct tsts_ica_get_processes_nt6), "they are the same");

uint32_t ica_get_processes_nt6(struct call *call, void *r)
{
	return ica_get_processes(call, r);
}

/* ---- one of them ---- */

void ica_prepare_process_sid(struct call *call, void *data)
{
	struct tsts_ica_get_process_sid *r = data;

	r->out.sid = talloc_zero_array(call, uint8_t, r->in.n_sid + 1);
	r->out.n_sid = r->in.n_sid;
}

/* The number may be another process's by now. Starts at most a second apart are one: the clock may be set. */
static bool is_meant(const struct process *process, uint64_t start_time)
{
	int64_t apart_us;

	if (start_time == 0 || process->started_us < 0)		/* the client, or this host, does not know it */
		return start_time == 0;
	apart_us = tsts_unix_us(start_time) - boot_us() - process->started_us;
	return apart_us >= -SAME_START_US && apart_us <= SAME_START_US;
}

static uint32_t give_sid(struct tsts_ica_get_process_sid *r, const struct process *process)
{
	uint8_t sid[SID_MAX_BYTES];

	r->out.needed = sid_of_user(process->uid, sid);
	if (r->out.needed > r->in.n_sid || !r->out.sid)
		return RESULT_TOO_SMALL;
	memcpy((uint8_t *)(uintptr_t)r->out.sid, sid, r->out.needed);
	return RESULT_OK;
}

static void answer_sid(struct task *task, struct call *call, uint32_t result)
{
	struct tsts_ica_get_process_sid *r = call ? call->r : NULL;
	const struct process *process = the_one(task);

	if (r && result == RESULT_OK)
		result = process && process->uid != (uid_t)-1 && is_meant(process, r->in.start_time)
			? give_sid(r, process) : RESULT_INVALID;
	if (call)
		call_answer(call, result);
}

uint32_t ica_get_process_sid(struct call *call, void *r)
{
	static const struct task_calls calls = { .line = collect, .end = answer_sid };

	return seek(call, ((const struct tsts_ica_get_process_sid *)r)->in.pid, false, &calls);
}

/* ---- ending one ---- */

static json_t *end_order(const struct process *process)
{
	json_t *started = process->started_us < 0 ? json_null() : json_integer(process->started_us);

	return json_pack("{s:s, s:[{s:i, s:o}], s:i}", "order", "end-processes", "processes", "pid", (int)process->pid,
			 "started", started, "grace", GRACE_S);
}

/* Its owner, or Full Control. logoff-host decides again. */
static void end_process(struct task *task, struct call *call, uint32_t result)
{
	static const struct task_calls calls;
	const struct process *process = the_one(task);

	if (!call)
		return;
	if (result == RESULT_OK && !process) {
		result = RESULT_INVALID;
	} else if (result == RESULT_OK && !client_may(call->client, RIGHT_LOGOFF, process->uid)) {
		result = task_refuse(call, end_order(process));
	} else if (result == RESULT_OK) {
		result = task_begin(call, end_order(process), true, END_S, END_S, &calls, 0);
	}
	if (result != CALL_LATER)
		call_answer(call, result);
}

uint32_t ica_terminate_process(struct call *call, void *r)
{
	static const struct task_calls calls = { .line = collect, .end = end_process };

	return seek(call, ((const struct tsts_ica_terminate_process *)r)->in.pid, true, &calls);
}
