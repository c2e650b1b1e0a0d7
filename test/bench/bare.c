/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * bare.c - the floor: one TerminateSession and the wait for SessionRemoved, with nothing looked up and nothing verified.
 * Takes the id of the session.
 */
#include <string.h>
#include <systemd/sd-bus.h>

static int on_removed(sd_bus_message *signal, void *userdata, sd_bus_error *error)
{
	const char **id = userdata, *removed;

	(void)error;
	if (sd_bus_message_read(signal, "so", &removed, NULL) >= 0 && strcmp(removed, *id) == 0)
		*id = NULL;
	return 0;
}

int main(int argc, char **argv)
{
	const char *id = argc == 2 ? argv[1] : NULL;
	sd_bus *bus;
	int r;

	if (!id || sd_bus_open_system(&bus) < 0)
		return 2;
	r = sd_bus_match_signal_async(bus, NULL, "org.freedesktop.login1", "/org/freedesktop/login1",
				      "org.freedesktop.login1.Manager", "SessionRemoved", on_removed, NULL, &id);
	if (r >= 0)
		r = sd_bus_call_method(bus, "org.freedesktop.login1", "/org/freedesktop/login1",
				       "org.freedesktop.login1.Manager", "TerminateSession", NULL, NULL, "s", argv[1]);
	while (r >= 0 && id) {
		r = sd_bus_process(bus, NULL);
		if (r == 0)
			r = sd_bus_wait(bus, UINT64_MAX);
	}
	return r < 0;
}
