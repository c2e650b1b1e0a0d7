/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * agent.h - polkit's text agent, which asks for a password on the terminal; and what gives more rights otherwise.
 *
 * The command starts the agent only after the host has refused and reported that authentication would help. So the
 * usual case costs nothing. The password goes from the terminal to polkit and never passes through this program.
 */
#ifndef CLI_AGENT_H
#define CLI_AGENT_H

#include <stdbool.h>

/* NULL: not started. */
struct agent;

/*
 * Starts *AGENT once, if standard input is a terminal, and waits until the agent is ready. No agent is no failure,
 * as a desktop may have an agent of its own.
 */
void agent_start(struct agent **agent);

/*
 * Ends the agent and frees AGENT, if it was started, and restores the terminal. If the agent was interrupted in its
 * question, or the log-off was CANCELLED, the next output begins on a new line.
 */
void agent_stop(struct agent *agent, bool cancelled);

/* Prints how to get Full Control, for a session of this machine that was refused without it. */
void agent_advise(void);

#endif
