/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * logoff-drain-windows.c - Windows has "change logon" of its own, so logoff has no /drain there.
 */
#include "cli/log-off.h"

bool log_off_can_drain(struct logoff_host *host)
{
	(void)host;
	return false;
}

int log_off_drained(struct choice *choice)
{
	bool cancelled;

	return log_off_chosen(choice, &cancelled);
}
