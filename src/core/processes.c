/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * processes.c - single processes are ended: held, looked up again, asked, killed, and proved to have ended.
 *
 * The caller has chosen them from a list, and a number can be another process's by now. So each is held first, then all processes are
 * listed again: what that list says of the number is true of the process that is held, if that lives on. Only then it is signalled.
 */
#include "core/host.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "core/result.h"

#define KILLED_US UINT64_C(10000000)	/* how long a killed process is waited for */
#define LOOK_MIN_US UINT64_C(5000)	/* between looks */
#define LOOK_MAX_US UINT64_C(200000)

/* A process that is being ended. */
struct end {
	const struct logoff_host_process *process;
	struct host_held held;
	int result;			/* HOST_PENDING: it lives */
};

struct ends {
	struct logoff_host *host;
	struct end *items;
	size_t n_items;
};

/* Does ACT with each process that lives, and takes in what that says of it. Returns how many live then. */
static size_t act_on_all(struct ends *ends, enum host_act act)
{
	size_t n = 0;

	for (size_t i = 0; i < ends->n_items; i++) {
		struct end *end = &ends->items[i];
		int r;

		if (end->result != HOST_PENDING)
			continue;
		r = ends->host->backend->act(ends->host, &end->held, act);
		if (r == -ESRCH)
			end->result = 0;
		else if (r < 0)
			end->result = r;
		else
			n++;
	}
	return n;
}

/* Tells whether the list still has the process as the caller has chosen it; an empty name does not matter. */
static bool is_same(const struct logoff_host_process *process, struct logoff_host_process *const *now, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (now[i]->pid == process->pid)
			return strcmp(now[i]->session_id, process->session_id) == 0 && now[i]->uid == process->uid &&
			       now[i]->started_us == process->started_us &&
			       (!*process->command || strcmp(now[i]->command, process->command) == 0);
	return false;
}

/* Leaves those alone that are not what the caller has chosen any more. */
static int look_again(struct ends *ends, struct logoff_error *reterr)
{
	struct logoff_host_process **now;
	size_t n;
	int r = result_errno(logoff_host_list_processes(ends->host, &now, &n, reterr));

	if (r < 0)
		return r;
	(void)act_on_all(ends, HOST_ACT_LOOK);
	for (size_t i = 0; i < ends->n_items; i++)
		if (ends->items[i].result == HOST_PENDING && !is_same(ends->items[i].process, now, n))
			ends->items[i].result = -ESTALE;
	logoff_host_process_list_free(now);
	return 0;
}

/* Waits until all have ended or UNTIL_US has come. Returns how many live, or -errno. */
static int wait_for_all(struct ends *ends, uint64_t until_us, int cancel_fd, struct logoff_error *reterr)
{
	struct logoff_host *host = ends->host;
	uint64_t pause_us = LOOK_MIN_US;
	size_t n = act_on_all(ends, HOST_ACT_LOOK);
	int r = 0;

	while (r >= 0 && n > 0 && host->now_us < until_us) {
		uint64_t look_us = host->now_us + pause_us;

		r = host->backend->wait(host, look_us < until_us ? look_us : until_us, cancel_fd, reterr);
		n = act_on_all(ends, HOST_ACT_LOOK);
		pause_us = 2 * pause_us < LOOK_MAX_US ? 2 * pause_us : LOOK_MAX_US;
	}
	return r < 0 ? r : (int)n;
}

static int ask_and_kill(struct ends *ends, uint64_t grace_us, int cancel_fd, struct logoff_error *reterr)
{
	struct logoff_host *host = ends->host;
	int r = host->backend->wait(host, 0, -1, reterr);	/* what time it is */

	if (r >= 0 && grace_us > 0) {
		(void)act_on_all(ends, HOST_ACT_ASK);
		r = wait_for_all(ends, host->now_us + grace_us, cancel_fd, reterr);
	}
	if (r >= 0 && act_on_all(ends, HOST_ACT_KILL) > 0)
		r = wait_for_all(ends, host->now_us + KILLED_US, cancel_fd, reterr);
	return r;
}

/* Tells whether it is a service of the machine: in no session, on a server in the one of the services. Those are never ended. */
static bool is_service(const struct logoff_host *host, const struct logoff_host_process *process)
{
	return !*process->session_id || (host->server && strcmp(process->session_id, "0") == 0);
}

/* Holds the processes. Returns 0 or -ENOMEM. */
static int hold_all(struct ends *ends, struct logoff_host_process *const *processes, size_t n)
{
	ends->items = calloc(n + 1, sizeof(*ends->items));
	if (!ends->items)
		return -ENOMEM;
	ends->n_items = n;
	for (size_t i = 0; i < n; i++)
		ends->items[i] = (struct end){ processes[i], { .pid = processes[i]->pid },
					       is_service(ends->host, processes[i]) ? -EPERM : HOST_PENDING };
	(void)act_on_all(ends, HOST_ACT_HOLD);
	return 0;
}

enum logoff_result logoff_host_end_processes(struct logoff_host *host, struct logoff_host_process *const *processes,
					     size_t n_processes, uint64_t grace_ms, int cancel_fd,
					     enum logoff_result *results, struct logoff_error *reterr)
{
	struct ends ends = { .host = host };
	struct logoff_error error = {};
	int r, waited = 0;

	if (host->far || host->backend->act == host_no_act)
		return result_of(-EOPNOTSUPP, reterr);
	r = hold_all(&ends, processes, n_processes);
	if (r >= 0)
		r = look_again(&ends, reterr);
	if (r >= 0)
		waited = ask_and_kill(&ends, grace_ms * 1000, cancel_fd, &error);
	for (size_t i = 0; i < ends.n_items; i++) {
		int result = ends.items[i].result;

		if (r >= 0)
			results[i] = result_of(result != HOST_PENDING ? result : waited < 0 ? waited : -ETIMEDOUT, &error);
		(void)host->backend->act(host, &ends.items[i].held, HOST_ACT_RELEASE);
	}
	free(ends.items);
	return result_of(r, reterr);
}
