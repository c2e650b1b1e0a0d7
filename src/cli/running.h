/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * running.h - which programs run in a session: what /keep asks, and what is said of a session whose user has left.
 *
 * All processes of the host are looked up at once, when it is first asked. A session in which none of its user's is seen is one
 * of which nothing is known: they may be hidden (hidepid).
 */
#ifndef CLI_RUNNING_H
#define CLI_RUNNING_H

#include "cli/options.h"
#include "cli/select.h"
#include "cli/printable.h"
#include "logoff.h"

/* All zero is "not looked up yet". */
struct running {
	struct logoff_host_process *items;
	size_t n_items;
	bool looked;
	uint64_t looked_us;		/* by a clock that is never set */
};

/* Tells whether one of PROGRAMS, which may be patterns (account.h), runs in SESSION of HOST: by the name that the kernel has of it. */
enum select_answer running_has(struct running *running, struct logoff_host *host, const struct logoff_session *session,
			       const struct option_list *programs);

/* The first few programs in SESSION, each once, joined by commas; "" if they are not known. Returns the text. */
struct safe running_names(struct running *running, struct logoff_host *host, const struct logoff_session *session);

/* Tells whether what is known is older than a second. */
bool running_is_old(const struct running *running);

/* Forgets what is known. */
void running_done(struct running *running);

#endif
