/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * show.c - shows a message to a user: by their notification daemon, else in a window; or in their web console.
 *
 * This process has given up all other rights first, and all that tied it to the sender, so whatever the user has put in the way
 * (bus, notification daemon, environment) can harm only themselves; the library's deadline does the rest.
 * Where the desktop is, is known by custom (/run/user/UID/bus, ~/.Xauthority) or else read from the environment of a process of the
 * user that is on the same display.
 */
#include "user/show.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "local/user.h"
#include "user/become.h"
#include "user/jobs.h"
#include "user/surroundings.h"

#define MS UINT64_C(1000)

/* ---- the way to the desktop ---- */

static void set_once(char *to, size_t size, const char *value)
{
	if (!*to && value && strlen(value) < size)
		memcpy(to, value, strlen(value) + 1);
}

/* The number may be another process's by now. */
static bool is_own(pid_t pid)
{
	struct stat owner;
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	return stat(path, &owner) == 0 && owner.st_uid == getuid();
}

/* Fills what is not known yet from the environments of the user's processes on this display. */
static void look_around(const struct job *job, struct letter *to)
{
	char *text = malloc(SURROUNDINGS_MAX);
	unsigned display;

	for (size_t i = job->head.n_processes; text && i-- > 0 && (!*to->bus || !*to->authority);) {
		const char *value;
		int32_t pid;
		size_t n;

		memcpy(&pid, (const char *)job->processes + i * sizeof(pid), sizeof(pid));
		if (!is_own(pid))
			continue;
		n = surroundings_read(pid, text, SURROUNDINGS_MAX);
		value = surroundings_find(text, n, "DISPLAY");
		if (!value || !user_parse_display(value, &display) || display != to->display)
			continue;
		set_once(to->authority, sizeof(to->authority), surroundings_find(text, n, "XAUTHORITY"));
		value = surroundings_find(text, n, "DBUS_SESSION_BUS_ADDRESS");
		if (value && surroundings_is_bus_address(value))	/* others may run programs */
			set_once(to->bus, sizeof(to->bus), value);
	}
	free(text);
}

/* Fills in what is usual. */
static void assume_usual(struct letter *to)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "unix:path=/run/user/%u/bus", (unsigned)getuid());
	set_once(to->bus, sizeof(to->bus), path);
	if (snprintf(path, sizeof(path), "%s/.Xauthority", to->home) < (int)sizeof(path))
		set_once(to->authority, sizeof(to->authority), path);
}

/* ---- replies ---- */

static void reply_delivery(const struct logoff_delivery *delivery, bool final)
{
	struct job_message reply;

	memset(&reply, 0, sizeof(reply));
	reply.final = final;
	reply.delivery = *delivery;
	job_reply(&reply, sizeof(reply));
}

void show_report(const struct letter *letter, struct logoff_delivery *delivery, enum logoff_channel channel)
{
	delivery->channel = channel;
	delivery->result = 0;
	if (letter->message.wait)
		reply_delivery(delivery, false);
}

uint64_t show_answer_deadline(const struct logoff_message *message)
{
	uint64_t timeout_ms = message->timeout_ms;

	return timeout_ms && timeout_ms < UINT64_MAX / MS / 2 ? clock_now_us() + timeout_ms * MS : UINT64_MAX;
}

/* ---- the job ---- */

static int become_recipient(const struct job *job, struct letter *letter, struct logoff_error *cause)
{
	bool root = geteuid() == 0;
	int r = root ? become_cut(job->head.uid, job->head.beside, job->head.like, cause) : 0;

	if (r < 0)
		return r == -EPERM || r == -EACCES ? -EOPNOTSUPP : r;
	r = become_user(job->head.uid, letter->home, sizeof(letter->home));
	if (r < 0)
		return error_set_errno(cause, r == -ENOENT ? -EOPNOTSUPP : -EACCES, r, "cannot become user %u: %s",
				       (unsigned)job->head.uid, strerror(-r));
	if (letter->message.wait)
		job_die_with_starter();
	r = root && job->head.like > 0 ? become_limit(job->head.like, cause) : 0;
	return r == -EPERM ? -EOPNOTSUPP : r;
}

static int show_message(const struct job *job, struct letter *letter, struct logoff_delivery *delivery)
{
	int r = become_recipient(job, letter, &delivery->cause);
	struct logoff_error cause;
	bool silent;

	if (r < 0)
		return r;
	if (letter->has_display)
		look_around(job, letter);
	assume_usual(letter);
	if (job->head.page)
		return show_page(letter, delivery);
	r = show_notification(letter, delivery);
	if (r >= 0 || !letter->has_display)
		return r;
	silent = r == -EINPROGRESS;
	cause = delivery->cause;
	r = show_window(letter, delivery);
	if (r < 0 && silent) {
		delivery->cause = cause;
		r = -EINPROGRESS;
	}
	return r;
}

void job_message(const struct job *job)
{
	static struct letter letter;
	struct logoff_delivery delivery = {};

	letter.session = job->texts[JOB_SESSION];
	letter.message = (struct logoff_message){
		.title = job->texts[JOB_TITLE], .text = job->texts[JOB_TEXT], .timeout_ms = job->head.answer_ms,
		.wait = job->head.wait, .kind = job->head.message_kind,
	};
	letter.has_display = job->head.has_display;
	letter.display = job->head.display;
	delivery.result = show_message(job, &letter, &delivery);
	if (delivery.result == 0)
		delivery.cause = (struct logoff_error){};
	else
		delivery.channel = LOGOFF_CHANNEL_NONE;
	reply_delivery(&delivery, true);
}
