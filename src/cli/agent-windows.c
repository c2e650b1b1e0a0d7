/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * agent-windows.c - see agent.h. There is no agent: users who need more rights run the command as an administrator. A
 * window of Windows that asks for a password would be no help to a script.
 */
#include "cli/agent.h"

#include <stdio.h>

#include "cli/printable.h"

void agent_start(struct agent **agent)
{
	(void)agent;
}

void agent_advise(void)
{
	fprintf(stderr, _("%s: to get Full Control, run the command as an administrator\n"), program().text);
}

void agent_stop(struct agent *agent, bool cancelled)
{
	(void)agent;
	(void)cancelled;
}
