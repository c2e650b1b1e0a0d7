/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * logon.h - the order "logon": whether new logons are accepted on this machine.
 */
#ifndef HOST_LOGON_H
#define HOST_LOGON_H

#include "host/order.h"
#include "logoff.h"

/*
 * Carries ORDER out on HOST, as "change logon" does. May wait for PAM, five seconds for each service; nothing cancels
 * it. Returns the exit status.
 */
int change_logon(struct logoff_host *host, struct order *order);

#endif
