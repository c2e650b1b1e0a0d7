/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * end-processes.h - the order "end-processes": single processes of sessions are ended, as tskill does.
 */
#ifndef HOST_END_PROCESSES_H
#define HOST_END_PROCESSES_H

#include "host/order.h"
#include "logoff.h"

/*
 * Carries ORDER out on HOST. A process is meant only if its number and its start are those of the order. CANCEL_FD is
 * that of work(), and ends the wait; the end of input does not. Returns the exit status.
 */
int end_processes(struct logoff_host *host, struct order *order, int cancel_fd);

#endif
