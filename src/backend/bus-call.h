/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * bus-call.h - one call on a bus and its reply, whatever signals the program gets meanwhile.
 *
 * The sd_bus_call() of systemd before 254 fails with -EINTR when a signal handler of the program runs while it waits. The call
 * has been sent by then, so its reply is lost, and the caller must not send it again.
 */
#ifndef BACKEND_BUS_CALL_H
#define BACKEND_BUS_CALL_H

#include <stdbool.h>
#include <systemd/sd-bus.h>

/*
 * As sd_bus_call() with the time-out of the bus, but for two things: a signal does not end the wait, and other messages that
 * come meanwhile are handed to their callbacks. *RET_OTHERS (NULL: not wanted) is set to true if there were any, and else left.
 */
int bus_call(sd_bus *bus, sd_bus_message *call, sd_bus_error *ret_error, sd_bus_message **ret_reply, bool *ret_others);

#endif
