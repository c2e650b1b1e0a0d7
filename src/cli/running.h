/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * running.h - which programs run in a session: for /keep, and for the dry run about a session whose user has left.
 *
 * The first question looks at all processes of the host at once. If no process of a session's user is seen in it, its
 * programs count as unknown: they may be hidden (hidepid).
 */
#ifndef CLI_RUNNING_H
#define CLI_RUNNING_H

#include "cli/options.h"
#include "cli/select.h"
#include "cli/printable.h"
#include "logoff.h"

/* All zero is "not looked up yet". */
struct running {
	struct logoff_host_process **items;
	size_t n_items;
	bool looked;
	bool hidden;			/* the kernel hides processes from the caller: what is not seen may be there */
	uint64_t looked_us;		/* monotonic clock */
};

/*
 * Tells whether one of PROGRAMS, which may be patterns (account.h), runs in SESSION of HOST, by the kernel's name of
 * it.
 */
enum select_answer running_has(struct running *running, struct logoff_host *host, const struct logoff_session *session,
			       const struct option_list *programs);

/* Tells whether PROCESS, of which nobody can tell which desktop has started it, may be of SESSION. */
bool running_may_be_in(const struct logoff_host_process *process, const struct logoff_session *session);

/*
 * Tells whether COMMAND, the kernel's name of a process, is that of PROGRAM, which may be a pattern. The program's own
 * name stands before a colon: "tmux: server".
 */
bool running_is_program(const char *command, const char *program);

/* The first few programs in SESSION, each once, joined by commas; "" if unknown. Returns the text. */
struct safe running_names(struct running *running, struct logoff_host *host, const struct logoff_session *session);

/* Tells whether the look at the processes is older than a second. */
bool running_is_old(const struct running *running);

/* Frees the processes; the next question looks again. */
void running_done(struct running *running);

#endif
