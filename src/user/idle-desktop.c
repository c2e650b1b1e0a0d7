/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * idle-desktop.c - how long nobody has touched a desktop, from the desktop itself, over its user's bus.
 *
 * An X server of a Wayland session knows only what reaches its own windows, and there is no other place where Wayland's
 * compositors keep it. GNOME's tells milliseconds since the last input (org.gnome.Mutter.IdleMonitor), under X11 as well.
 * org.freedesktop.ScreenSaver is one name for many programs: its description says seconds, and KDE's tells milliseconds;
 * GNOME's proxy refuses; others are not known. So only KDE's is asked, known by its other name, and its 0 is no answer:
 * KDE tells it wherever it cannot tell, as under Wayland.
 * A user has one bus, and one program at most has the name. Which of the user's sessions it shows is said by its cgroup,
 * or, for a service of the user's, by logind if there is no other graphical session. What is ambiguous is unknown.
 * Sources: mutter, data/dbus-interfaces/org.gnome.Mutter.IdleMonitor.xml; kscreenlocker, interface.cpp (GetSessionIdleTime);
 * kidletime, plugins/wayland/poller.cpp (0 where it cannot tell); gnome-settings-daemon, plugins/screensaver-proxy.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-login.h>
#include <unistd.h>

#include "user/jobs.h"
#include "user/surroundings.h"

/* The desktops that can be asked. */
static const struct desktop {
	const char *name, *also;	/* who asks must own both; NULL: one is enough */
	const char *path, *interface, *method;
	char type;			/* of the answer, in milliseconds */
	bool zero_is_unknown;
} desktops[] = {
	{ "org.gnome.Mutter.IdleMonitor", NULL, "/org/gnome/Mutter/IdleMonitor/Core", "org.gnome.Mutter.IdleMonitor",
	  "GetIdletime", 't', false },
	{ "org.freedesktop.ScreenSaver", "org.kde.screensaver", "/org/freedesktop/ScreenSaver",
	  "org.freedesktop.ScreenSaver", "GetSessionIdleTime", 'u', true },
};

static bool is_graphical(const char *session)
{
	char *type = NULL;
	bool graphical = sd_session_get_type(session, &type) >= 0 &&
			 (strcmp(type, "x11") == 0 || strcmp(type, "wayland") == 0 || strcmp(type, "mir") == 0);

	free(type);
	return graphical;
}

/* Tells whether session ID is the only graphical one of its user. */
static bool is_only_desktop(uid_t uid, const char *id)
{
	char **sessions = NULL;
	int n = sd_uid_get_sessions(uid, 0, &sessions), n_graphical = 0;
	bool found = false;

	for (int i = 0; i < n; i++) {
		bool graphical = is_graphical(sessions[i]);

		n_graphical += graphical;
		found = found || (graphical && strcmp(sessions[i], id) == 0);
		free(sessions[i]);
	}
	free(sessions);
	return found && n_graphical == 1;
}

bool idle_is_of_session(pid_t pid, uid_t uid, const char *id)
{
	char *session = NULL;
	bool same;

	if (sd_pid_get_session(pid, &session) < 0)
		return is_only_desktop(uid, id);
	same = strcmp(session, id) == 0;
	free(session);
	return same;
}

/* Finds who has NAME on the bus. Returns whether it shows the session; OWNER takes its own name. */
static bool find_owner(sd_bus *bus, const char *name, uid_t uid, const char *id, char owner[static 256])
{
	sd_bus_creds *creds = NULL;
	const char *unique;
	pid_t pid;
	bool found;

	if (sd_bus_get_name_creds(bus, name, SD_BUS_CREDS_PID | SD_BUS_CREDS_UNIQUE_NAME, &creds) < 0)
		return false;
	found = sd_bus_creds_get_pid(creds, &pid) >= 0 && sd_bus_creds_get_unique_name(creds, &unique) >= 0 &&
		(size_t)snprintf(owner, 256, "%s", unique) < 256 && idle_is_of_session(pid, uid, id);
	sd_bus_creds_unref(creds);
	return found;
}

/* Asks one desktop. Starts nothing. Returns milliseconds, or -1. */
static int64_t ask_desktop(sd_bus *bus, const struct desktop *desktop, uid_t uid, const char *id)
{
	char owner[256], other[256];
	sd_bus_message *question = NULL, *answer = NULL;
	uint64_t wide = 0;
	uint32_t narrow = 0;
	int r;

	if (!find_owner(bus, desktop->name, uid, id, owner) ||
	    (desktop->also && (!find_owner(bus, desktop->also, uid, id, other) || strcmp(owner, other) != 0)))
		return -1;
	r = sd_bus_message_new_method_call(bus, &question, owner, desktop->path, desktop->interface, desktop->method);
	if (r >= 0)
		r = sd_bus_message_set_auto_start(question, 0);
	if (r >= 0)
		r = sd_bus_call(bus, question, 0, NULL, &answer);
	if (r >= 0)
		r = sd_bus_message_read_basic(answer, desktop->type, desktop->type == 't' ? (void *)&wide : &narrow);
	sd_bus_message_unref(question);
	sd_bus_message_unref(answer);
	wide += narrow;
	if (r <= 0 || wide > INT64_MAX / 1000 || (wide == 0 && desktop->zero_is_unknown))
		return -1;
	return (int64_t)wide;
}

void job_idle_desktop(const struct job *job)
{
	struct job_idle idle = { .idle_ms = -1 };
	char home[PATH_MAX];
	sd_bus *bus = NULL;

	if (job_become(job, home, sizeof(home)) == 0 && surroundings_connect_bus(NULL, job->head.timeout_us, &bus) >= 0)
		for (size_t i = 0; idle.idle_ms < 0 && i < sizeof(desktops) / sizeof(desktops[0]); i++)
			idle.idle_ms = ask_desktop(bus, &desktops[i], getuid(), job->texts[JOB_SESSION]);
	job_reply(&idle, sizeof(idle));
	sd_bus_close(bus);
	sd_bus_unref(bus);
}
