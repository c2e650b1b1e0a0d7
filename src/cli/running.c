/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * running.c - see running.h.
 */
#include "cli/running.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/account.h"

#define COMMAND_MAX 15		/* longest command name that the kernel keeps */
#define N_SHOWN 4

static void look_at_processes(struct running *running, struct logoff_host *host)
{
	if (running->looked)
		return;
	running->looked = true;
	running->looked_us = clock_now_us();
	if (logoff_host_list_processes(host, &running->items, &running->n_items, NULL) < 0)
		running->n_items = 0;
	running->hidden = logoff_host_hides_processes(host);
}

/*
 * One of the user's desktops has started it. Another host may not tell whose: what is root's by now, by sudo, may have
 * been anybody's. A session with the name of a pseudo-terminal is no desktop.
 */
bool running_may_be_in(const struct logoff_host_process *process, const struct logoff_session *session)
{
	const char *name = logoff_session_name(session);
	uint32_t uid = process->manager_uid != UINT32_MAX ? process->manager_uid : process->uid;

	return strcmp(process->session_id, "?") == 0 &&
	       (uid == logoff_session_uid(session) || (uid == 0 && process->manager_uid == UINT32_MAX)) &&
	       !(name && strncmp(name, "pts/", strlen("pts/")) == 0);
}

static bool is_in(const struct logoff_host_process *process, const struct logoff_session *session)
{
	return strcmp(process->session_id, logoff_session_id(session)) == 0;
}

bool running_is_program(const char *command, const char *program)
{
	char wanted[sizeof(((struct logoff_host_process *)NULL)->command)], bare[sizeof(wanted)];

	snprintf(wanted, sizeof(wanted), "%s", program);
	if (strlen(command) == COMMAND_MAX && !account_is_pattern(wanted))
		wanted[COMMAND_MAX] = '\0';
	snprintf(bare, sizeof(bare), "%.*s", (int)strcspn(command, ":"), command);
	return account_pattern_fits(wanted, command) || account_pattern_fits(wanted, bare);
}

enum select_answer running_has(struct running *running, struct logoff_host *host, const struct logoff_session *session,
			       const struct option_list *programs)
{
	enum select_answer answer = SELECT_UNKNOWN;
	bool may_have = false;

	look_at_processes(running, host);
	for (size_t i = 0; i < running->n_items; i++) {
		bool in = is_in(running->items[i], session);

		if (!in && !running_may_be_in(running->items[i], session))
			continue;
		if (in && (!running->hidden || account_is_foreign(session)))
			answer = SELECT_NO;
		for (size_t j = 0; j < programs->n_items; j++) {
			bool fits = running_is_program(running->items[i]->command, programs->items[j]);

			if (fits && in)
				return SELECT_YES;
			may_have = may_have || fits;
		}
	}
	return may_have ? SELECT_UNKNOWN : answer;
}

/* Tells whether a process before number I of the same session has the same name. */
static bool is_repeated(const struct running *running, size_t i)
{
	const struct logoff_host_process *process = running->items[i];

	for (size_t j = 0; j < i; j++)
		if (strcmp(running->items[j]->session_id, process->session_id) == 0 &&
		    strcmp(running->items[j]->command, process->command) == 0)
			return true;
	return false;
}

struct safe running_names(struct running *running, struct logoff_host *host, const struct logoff_session *session)
{
	struct safe out = {};
	size_t n = 0, length = 0;

	look_at_processes(running, host);
	for (size_t i = 0; i < running->n_items && n <= N_SHOWN; i++) {
		if (!is_in(running->items[i], session) || is_repeated(running, i))
			continue;
		length += (size_t)snprintf(out.text + length, sizeof(out.text) - length, "%s%.100s", n > 0 ? ", " : "",
					   n < N_SHOWN ? safe(running->items[i]->command).text : "...");
		n++;
	}
	return out;
}

bool running_is_old(const struct running *running)
{
	return running->looked && clock_now_us() - running->looked_us > 1000000;
}

void running_done(struct running *running)
{
	logoff_host_process_list_free(running->items);
	*running = (struct running){};
}
