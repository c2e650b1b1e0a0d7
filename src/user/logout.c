/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * logout.c - has a desktop log its user off, over the user's bus.
 *
 * Sources: gnome-session, data/org.gnome.SessionManager.xml (Logout: mode 1 asks nobody "are you sure", but lets programs
 * object, whom GetInhibitors names); xfce4-session, org.xfce.Session.Manager (Logout: no dialog, programs may save);
 * plasma-workspace, ksmserver's org.kde.KSMServerInterface (closeSession: answers when its programs have ended). Plasma's
 * org.kde.Shutdown, which does the same and then ends Plasma, is a program that only runs when it is called.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "user/jobs.h"
#include "user/surroundings.h"

#define MS UINT64_C(1000)

/* How long the bus, or a desktop, may take for one answer that is not the log-off itself. */
#define CALL_US (2000 * MS)

/* After so long somebody may have objected, and again after the same time. */
#define OBJECTIONS_US (1000 * MS)

/* The desktops that can be asked. The call is completed by arguments of the types TYPES, of which there is at most one number or two truths. */
static const struct desktop {
	const char *label, *name, *path, *interface, *method, *types;
	bool answers_late;		/* the answer says whether it has been done; else the end of the program does */
	bool has_inhibitors;
} desktops[] = {
	{ "GNOME", "org.gnome.SessionManager", "/org/gnome/SessionManager", "org.gnome.SessionManager", "Logout", "u", false, true },
	{ "XFCE", "org.xfce.SessionManager", "/org/xfce/SessionManager", "org.xfce.Session.Manager", "Logout", "bb", false, false },
	{ "Plasma", "org.kde.ksmserver", "/KSMServer", "org.kde.KSMServerInterface", "closeSession", "", true, false },
};

/* Only so much of the list of objecting programs is reported: the rest is not asked for. */
#define TOLD_MAX sizeof(((struct job_logout *)NULL)->text)

/* One log-off. */
struct asking {
	const char *session;
	uint64_t until_us;
	sd_bus *bus;
	const struct desktop *desktop;
	char owner[256];		/* its name on the bus, which is not used twice */
	char held[512];			/* what objects, as it was told last */
	bool over;
};

/* Copies as many whole characters as fit. */
static void copy_cut(char *to, size_t size, const char *text)
{
	if (snprintf(to, size, "%s", text) >= (int)size)
		utf8_cut(to);
}

static void tell_library(struct asking *asking, enum job_logout_what what, int result, const char *text)
{
	struct job_logout reply = { .what = what, .result = result };

	copy_cut(reply.text, sizeof(reply.text), text);
	job_reply(&reply, sizeof(reply));
	asking->over = asking->over || what == JOB_LOGOUT_OVER;
}

/*
 * Tells whether the owner of the desktop's name is of the session that is meant. The number of its process means it for as long
 * as that process lives, which is why it is held meanwhile.
 */
static bool is_meant(struct asking *asking, const struct desktop *desktop)
{
	sd_bus_creds *creds = NULL;
	const char *owner;
	pid_t pid;
	int fd = -1;
	bool meant = false;

	if (sd_bus_get_name_creds(asking->bus, desktop->name, SD_BUS_CREDS_PID | SD_BUS_CREDS_UNIQUE_NAME, &creds) >= 0 &&
	    sd_bus_creds_get_pid(creds, &pid) >= 0 && sd_bus_creds_get_unique_name(creds, &owner) >= 0 &&
	    snprintf(asking->owner, sizeof(asking->owner), "%s", owner) < (int)sizeof(asking->owner))
		fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (fd >= 0) {
		meant = idle_is_of_session(pid, getuid(), asking->session) &&
			poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, 0) == 0;
		close(fd);
	}
	sd_bus_creds_unref(creds);
	return meant;
}

/* Calls METHOD of the desktop, or of its object PATH, and reads the one thing it answers. Starts nothing. */
static int get_property(struct asking *asking, const char *path, const char *interface, const char *method, const char *types,
			void *ret, sd_bus_message **ret_answer)
{
	sd_bus_message *question = NULL;
	int r = sd_bus_message_new_method_call(asking->bus, &question, asking->owner, path, interface, method);

	if (r >= 0)
		r = sd_bus_message_set_auto_start(question, 0);
	if (r >= 0)
		r = sd_bus_call(asking->bus, question, CALL_US, NULL, ret_answer);
	if (r >= 0 && types)
		r = sd_bus_message_read_basic(*ret_answer, *types, ret) > 0 ? 0 : -EPROTO;
	sd_bus_message_unref(question);
	return r;
}

/* Adds who objects to the log-off, and why, if that is what PATH is about. */
static void add_inhibitor(struct asking *asking, const char *path, char *text, size_t size)
{
	sd_bus_message *answers[3] = {};
	const char *who = "", *why = "";
	char short_who[60], short_why[120];
	uint32_t flags = 0;
	size_t n = strlen(text);

	if (get_property(asking, path, "org.gnome.SessionManager.Inhibitor", "GetFlags", "u", &flags, &answers[0]) >= 0 && flags & 1) {
		(void)get_property(asking, path, "org.gnome.SessionManager.Inhibitor", "GetAppId", "s", &who, &answers[1]);
		(void)get_property(asking, path, "org.gnome.SessionManager.Inhibitor", "GetReason", "s", &why, &answers[2]);
		copy_cut(short_who, sizeof(short_who), who);
		copy_cut(short_why, sizeof(short_why), why);
		snprintf(text + n, size - n, "%s%s (%s)", n ? ", " : "", short_who, short_why);
	}
	for (size_t i = 0; i < 3; i++)
		sd_bus_message_unref(answers[i]);
}

static void tell_inhibitors(struct asking *asking)
{
	sd_bus_message *answer = NULL;
	char text[sizeof(asking->held)] = "";
	const char *path;
	int r = get_property(asking, asking->desktop->path, asking->desktop->interface, "GetInhibitors", NULL, NULL, &answer);

	if (r >= 0)
		r = sd_bus_message_enter_container(answer, 'a', "o");
	while (r >= 0 && strlen(text) < TOLD_MAX && (r = sd_bus_message_read(answer, "o", &path)) > 0)
		add_inhibitor(asking, path, text, sizeof(text));
	sd_bus_message_unref(answer);
	if (*text && strcmp(text, asking->held) != 0)
		tell_library(asking, JOB_LOGOUT_HELD, 0, text);
	memcpy(asking->held, text, sizeof(text));
}

static int on_answer(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct asking *asking = userdata;
	const sd_bus_error *failure = sd_bus_message_get_error(m);
	int done;

	(void)error;
	if (sd_bus_error_has_name(failure, SD_BUS_ERROR_NO_REPLY))
		return 0;	/* it has ended, or has not been done in time: both are seen otherwise */
	if (failure)
		tell_library(asking, JOB_LOGOUT_OVER, -EIO, failure->message ? failure->message : failure->name);
	else if (asking->desktop->answers_late && sd_bus_message_read(m, "b", &done) > 0)
		tell_library(asking, JOB_LOGOUT_OVER, done ? 0 : -ECANCELED, "");
	return 0;
}

static int on_owner_changed(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct asking *asking = userdata;
	const char *name, *before, *after;

	(void)error;
	if (sd_bus_message_read(m, "sss", &name, &before, &after) > 0 && strcmp(before, asking->owner) == 0 &&
	    strcmp(name, asking->owner) == 0)
		tell_library(asking, JOB_LOGOUT_OVER, 0, JOB_LOGOUT_ENDED);
	return 0;
}

static int send_logout(struct asking *asking)
{
	const struct desktop *desktop = asking->desktop;
	sd_bus_message *call = NULL;
	int r = sd_bus_match_signal(asking->bus, NULL, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
				    "NameOwnerChanged", on_owner_changed, asking);

	if (r >= 0)
		r = sd_bus_message_new_method_call(asking->bus, &call, asking->owner, desktop->path, desktop->interface,
						   desktop->method);
	if (r >= 0)
		r = sd_bus_message_set_auto_start(call, 0);
	if (r >= 0 && strcmp(desktop->types, "u") == 0)
		r = sd_bus_message_append(call, "u", UINT32_C(1));	/* no question whether that is meant */
	if (r >= 0 && strcmp(desktop->types, "bb") == 0)
		r = sd_bus_message_append(call, "bb", 0, 1);	/* no such question; programs may save */
	if (r >= 0)
		r = sd_bus_call_async(asking->bus, NULL, call, on_answer, asking, asking->until_us - clock_now_us());
	sd_bus_message_unref(call);
	return r < 0 ? r : sd_bus_flush(asking->bus);
}

/* Until the desktop has done it, or has said why not. The bus may end with it. */
static void follow_logout(struct asking *asking)
{
	uint64_t look_us = clock_now_us() + OBJECTIONS_US, now;
	int r = 0;

	while (!asking->over && r >= 0) {
		r = sd_bus_process(asking->bus, NULL);
		if (r != 0)
			continue;
		now = clock_now_us();
		if (now >= asking->until_us)
			return;
		if (asking->desktop->has_inhibitors && now >= look_us) {
			tell_inhibitors(asking);
			look_us = clock_now_us() + OBJECTIONS_US;
			continue;
		}
		r = sd_bus_wait(asking->bus, (look_us < asking->until_us ? look_us : asking->until_us) - now);
		look_us = asking->desktop->has_inhibitors ? look_us : UINT64_MAX;
	}
	if (!asking->over)
		tell_library(asking, JOB_LOGOUT_OVER, 0, JOB_LOGOUT_ENDED);
}

static void ask_desktop(struct asking *asking)
{
	bool other = false;
	int r = surroundings_connect_bus(NULL, CALL_US, &asking->bus);

	if (r < 0) {
		tell_library(asking, JOB_LOGOUT_OVER, -EOPNOTSUPP, "");
		return;
	}
	for (size_t i = 0; !asking->desktop && i < sizeof(desktops) / sizeof(desktops[0]); i++) {
		asking->owner[0] = '\0';
		if (is_meant(asking, &desktops[i]))
			asking->desktop = &desktops[i];
		other = other || *asking->owner;
	}
	if (!asking->desktop) {
		tell_library(asking, JOB_LOGOUT_OVER, -EOPNOTSUPP, other ? "whether it is this session's desktop cannot be told" : "");
		return;
	}
	tell_library(asking, JOB_LOGOUT_ASKED, 0, asking->desktop->label);	/* before it is: the library may end this process at any moment */
	r = send_logout(asking);
	if (r < 0)
		tell_library(asking, JOB_LOGOUT_OVER, r, strerror(-r));
	else
		follow_logout(asking);
}

void job_logout(const struct job *job)
{
	struct asking asking = { .session = job->texts[JOB_SESSION], .until_us = clock_now_us() + job->head.timeout_us };
	char home[PATH_MAX];

	if (job_become(job, home, sizeof(home)) == 0)
		ask_desktop(&asking);
}
