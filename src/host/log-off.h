/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * log-off.h - the orders that change something: sessions are logged off, and users get messages.
 *
 * Both say their lines on standard output. CANCEL_FD is that of work(). Both return the exit status of the order.
 */
#ifndef HOST_LOG_OFF_H
#define HOST_LOG_OFF_H

#include "host/order.h"
#include "logoff.h"

int log_off(struct logoff_host *host, struct order *order, int cancel_fd);

int send_message(struct logoff_host *host, struct order *order, int cancel_fd);

#endif
