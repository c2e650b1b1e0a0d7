/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * bus-call.c - see bus-call.h.
 */
#include "backend/bus-call.h"

#include <errno.h>

static int on_reply(sd_bus_message *message, void *userdata, sd_bus_error *unused)
{
	sd_bus_message **reply = userdata;

	(void)unused;
	*reply = sd_bus_message_ref(message);
	return 0;
}

/* Makes an error of REPLY, if it is one. A lost connection gives the error that sd_bus_call() gives. */
static int check_reply(sd_bus *bus, sd_bus_message *reply, sd_bus_error *ret_error)
{
	if (!sd_bus_message_is_method_error(reply, NULL))
		return 0;
	if (sd_bus_is_open(bus) <= 0 && sd_bus_message_is_method_error(reply, SD_BUS_ERROR_NO_REPLY))
		return sd_bus_error_set_errno(ret_error, -ECONNRESET);
	return sd_bus_error_copy(ret_error, sd_bus_message_get_error(reply));
}

int bus_call(sd_bus *bus, sd_bus_message *call, sd_bus_error *ret_error, sd_bus_message **ret_reply, bool *ret_others)
{
	sd_bus_message *reply = NULL;
	sd_bus_slot *slot = NULL;
	int r;

	r = sd_bus_call_async(bus, &slot, call, on_reply, &reply, 0);
	while (r >= 0 && !reply) {
		r = sd_bus_process(bus, NULL);
		if (r > 0 && !reply && ret_others)
			*ret_others = true;
		/* It also returns 0 for a call that has timed out, which has its reply then. */
		if (r == 0 && !reply)
			r = sd_bus_wait(bus, UINT64_MAX);
		if (r == -EINTR)
			r = 0;
	}
	sd_bus_slot_unref(slot);
	if (r >= 0)
		r = check_reply(bus, reply, ret_error);
	if (r >= 0 && ret_reply)
		*ret_reply = sd_bus_message_ref(reply);
	sd_bus_message_unref(reply);
	return r < 0 ? r : 1;
}
