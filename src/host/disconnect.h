/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * disconnect.h - the order "disconnect": sessions lose their clients and go on.
 */
#ifndef HOST_DISCONNECT_H
#define HOST_DISCONNECT_H

#include "host/order.h"
#include "logoff.h"

/*
 * Carries ORDER out on HOST, one session after the other, as tsdiscon does with one. CANCEL_FD is that of work(); it,
 * and the end of input, spare the sessions whose turn has not come. Returns the exit status.
 */
int disconnect(struct logoff_host *host, struct order *order, int cancel_fd);

#endif
