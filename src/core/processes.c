/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * processes.c - single processes are ended: held, looked up again, asked, killed, and proved to have ended.
 *
 * What the caller may not signal is left to somebody who may (end_others() of the back end): all such processes at once, after the caller's
 * own have been asked, so that both have the same time. Whether they have ended is seen here all the same.
 *
 * The caller has chosen them from a list, and a number can be another process's by now. So each is held first, then all processes are
 * listed again: what that list says of the number is true of the process that is held, if that lives on. Only then it is signalled,
 * and the same is done again before what has been asked to end is killed.
 */
#include "core/host.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/os.h"
#include "core/result.h"

#define KILLED_US UINT64_C(10000000)	/* how long a killed process is waited for */
#define LOOK_MIN_US UINT64_C(5000)	/* between looks */
#define LOOK_MAX_US UINT64_C(200000)

/* A process that is being ended. */
struct end {
	const struct logoff_host_process *process;
	struct host_held held;
	int result;			/* HOST_PENDING: it lives */
	bool signalled;			/* or it was tried */
	bool by_others;			/* somebody else has been asked to end it: it is only looked at */
	bool unknown;			/* and has not said what became of it */
};

struct ends {
	struct logoff_host *host;
	struct end *items;
	size_t n_items;
	struct logoff_error cause;	/* of the first failure of those who were asked to end some */
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
		end->signalled = end->signalled || act == HOST_ACT_ASK || act == HOST_ACT_KILL;
		r = ends->host->backend->act(ends->host, &end->held, end->by_others ? HOST_ACT_LOOK : act);
		if (r == -ESRCH)
			end->result = 0;
		else if (r < 0)
			end->result = r;
		else
			n++;
	}
	return n;
}

/* Tells whether a process that was in the session SESSION_ID has been ended: it may have been what the others were found by. */
static bool has_ended_one_of(const struct ends *ends, const char *session_id)
{
	for (size_t i = 0; i < ends->n_items; i++)
		if (ends->items[i].signalled && ends->items[i].result == 0 && strcmp(ends->items[i].process->session_id, session_id) == 0)
			return true;
	return false;
}

/*
 * Tells whether the list still has the process as the caller has chosen it; an empty name does not matter. It may have lost
 * its session by the end of the leader. Of one of two desktops it is known when the other has ended.
 */
static bool is_same(const struct ends *ends, const struct logoff_host_process *process, const struct logoff_host_process *now)
{
	return (strcmp(now->session_id, process->session_id) == 0 || strcmp(process->session_id, "?") == 0 ||
		(!*now->session_id && has_ended_one_of(ends, process->session_id))) &&
	       now->uid == process->uid && now->started_us == process->started_us &&
	       (!*process->command || strcmp(now->command, process->command) == 0);
}

static bool is_listed(const struct ends *ends, const struct logoff_host_process *process, struct logoff_host_process *const *now, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (now[i]->pid == process->pid)
			return is_same(ends, process, now[i]);
	return false;
}

/*
 * Leaves those alone that are not what the caller has chosen any more: a process may take another program, user or
 * session while it is waited for. Those that end_others() has been asked to end are looked up there.
 */
static int look_again(struct ends *ends, struct logoff_error *reterr)
{
	struct logoff_host_process **now;
	size_t n;
	int r = result_errno(logoff_host_list_processes(ends->host, &now, &n, reterr));

	if (r < 0)
		return r;
	(void)act_on_all(ends, HOST_ACT_LOOK);
	for (size_t i = 0; i < ends->n_items; i++)
		if (ends->items[i].result == HOST_PENDING && !ends->items[i].by_others &&
		    !is_listed(ends, ends->items[i].process, now, n))
			ends->items[i].result = -ESTALE;
	logoff_host_process_list_free(now);
	return 0;
}

/* Waits until all have ended or UNTIL_US has come; a cancel is seen even if that is past. Returns how many live, or -errno. */
static int wait_for_all(struct ends *ends, uint64_t until_us, int cancel_fd, struct logoff_error *reterr)
{
	struct logoff_host *host = ends->host;
	uint64_t pause_us = LOOK_MIN_US;
	size_t n = act_on_all(ends, HOST_ACT_LOOK);
	int r = 0;

	for (bool first = true; r >= 0 && n > 0 && (first || host->now_us < until_us); first = false) {
		uint64_t look_us = host->now_us + pause_us;

		r = host->backend->wait(host, look_us < until_us ? look_us : until_us, cancel_fd, reterr);
		n = act_on_all(ends, HOST_ACT_LOOK);
		pause_us = 2 * pause_us < LOOK_MAX_US ? 2 * pause_us : LOOK_MAX_US;
	}
	return r < 0 ? r : (int)n;
}

/* Takes over what somebody else says of a process. */
static void take_result(struct end *end, int result)
{
	end->by_others = true;
	end->unknown = result == -EAGAIN;
	end->result = result == 0 || end->unknown ? HOST_PENDING : result;
}

/* Has those ended by somebody else that the caller may not signal. Returns 0 or -ENOMEM. */
static int leave_to_others(struct ends *ends, uint64_t grace_us, int cancel_fd)
{
	struct logoff_host_process **processes = calloc(ends->n_items + 1, sizeof(*processes));
	struct end **refused = calloc(ends->n_items + 1, sizeof(*refused));
	int *results = calloc(ends->n_items + 1, sizeof(*results)), r = processes && refused && results ? 0 : -ENOMEM;
	size_t n = 0;

	for (size_t i = 0; r >= 0 && i < ends->n_items; i++) {
		struct end *end = &ends->items[i];

		if (!end->signalled || end->result != -EACCES)
			continue;
		refused[n] = end;
		processes[n++] = (struct logoff_host_process *)end->process;
	}
	if (r >= 0 && n > 0)
		ends->host->backend->end_others(ends->host, processes, n, grace_us / 1000, cancel_fd, results, &ends->cause);
	for (size_t i = 0; i < n; i++)
		take_result(refused[i], results[i]);
	free(processes);
	free(refused);
	free(results);
	return r;
}

/* Kills those that live, unless the caller has cancelled. Returns as wait_for_all(). */
static int kill_all(struct ends *ends, int cancel_fd)
{
	return os_wait(cancel_fd, 0) > 0 ? -ECANCELED : (int)act_on_all(ends, HOST_ACT_KILL);
}

/* The time of those who were asked goes on while others are ended by somebody else. */
static int ask_and_kill(struct ends *ends, uint64_t grace_us, int cancel_fd, struct logoff_error *reterr)
{
	struct logoff_host *host = ends->host;
	int r = host->backend->wait(host, 0, -1, reterr);	/* what time it is */
	uint64_t until_us = host->now_us + grace_us;

	if (r >= 0)
		r = grace_us > 0 ? (int)act_on_all(ends, HOST_ACT_ASK) : kill_all(ends, cancel_fd);
	if (r >= 0)
		r = leave_to_others(ends, grace_us, cancel_fd);
	if (r >= 0)
		r = host->backend->wait(host, 0, -1, reterr);
	if (r >= 0 && grace_us > 0)
		r = wait_for_all(ends, until_us, cancel_fd, reterr);
	if (r > 0)
		r = look_again(ends, reterr);
	if (r >= 0)
		r = kill_all(ends, cancel_fd);
	if (r > 0)
		r = wait_for_all(ends, host->now_us + KILLED_US, cancel_fd, reterr);
	return r;
}

/* The result of a process that is still looked at when all is over: WAITED is how that ended. */
static int last_result(const struct end *end, int waited)
{
	return waited < 0 ? waited : end->unknown ? -EAGAIN : -ETIMEDOUT;
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
		ends->items[i] = (struct end){ .process = processes[i], .held.pid = processes[i]->pid,
					       .result = is_service(ends->host, processes[i]) ? -EPERM : HOST_PENDING };
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
			results[i] = result_of(result != HOST_PENDING ? result : last_result(&ends.items[i], waited), &error);
		(void)host->backend->act(host, &ends.items[i].held, HOST_ACT_RELEASE);
	}
	free(ends.items);
	if (r >= 0 && ends.cause.domain != LOGOFF_ERROR_NONE && reterr)
		*reterr = ends.cause;
	return result_of(r, reterr);
}
