/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * agent.h - polkit's text agent, which asks for a password on the terminal.
 *
 * It is started only after a host has refused and said that a proof of identity would help, so the usual case pays
 * nothing for it. The password goes from the terminal to polkit; it never passes through this program.
 */
#ifndef CLI_AGENT_H
#define CLI_AGENT_H

#include <stdbool.h>
#include <sys/types.h>
#include <termios.h>

/* The agent's process; 0: not started, -1: cannot be had. How the terminal was before. */
struct agent {
	pid_t pid;
	struct termios terminal;
};

/*
 * Starts the agent once, if standard input is a terminal, and waits until it is ready. A desktop may have an agent of
 * its own, so not to have started one is no failure.
 */
void agent_start(struct agent *agent);

/*
 * Ends the agent, if it was started, and gives the terminal back as it was. Where the agent was interrupted in its
 * question, or the log-off was CANCELLED, what is printed next has a line of its own.
 */
void agent_stop(struct agent *agent, bool cancelled);

#endif
