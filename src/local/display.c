/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * display.c - how long nobody has touched a display: logoff-user asks the X server (user/idle-display.c), or else the desktop
 * (user/idle-desktop.c), as the session's user.
 */
#include "local/display.h"

#include <unistd.h>

#include "base/clock.h"
#include "local/user.h"

/* What one server or desktop may take; and what each may, once so much has been waited for without an answer. */
#define TIMEOUT_MS 1000
#define DESKTOP_MS 500
#define IMPATIENT_MS 100
#define PATIENCE_US UINT64_C(3000000)

/* Returns microseconds, or -1. */
static int64_t ask_idle(struct job *job)
{
	struct job_idle idle;

	if (user_ask(job, &idle, sizeof(idle), NULL) < 0 || idle.idle_ms < 0 || idle.idle_ms > INT64_MAX / 1000)
		return -1;
	return idle.idle_ms * 1000;
}

int64_t display_ask_idle_us(uid_t uid, unsigned number, int timeout_ms)
{
	struct job job = {
		.head = { .kind = JOB_IDLE_DISPLAY, .uid = uid, .display = number, .timeout_us = (uint64_t)timeout_ms * 1000 },
	};

	return ask_idle(&job);
}

static int64_t ask_desktop(uid_t uid, const char *id, int timeout_ms)
{
	struct job job = {
		.head = { .kind = JOB_IDLE_DESKTOP, .uid = uid, .timeout_us = (uint64_t)timeout_ms * 1000 },
		.texts = { [JOB_SESSION] = id },
	};

	return ask_idle(&job);
}

static int patience_ms(const struct logoff_session *session, int timeout_ms)
{
	return session->host->in_vain_us < PATIENCE_US ? timeout_ms : IMPATIENT_MS;
}

int64_t display_idle_us(const struct logoff_session *session)
{
	uint64_t begin_us = clock_now_us();
	int64_t idle_us = -1;
	unsigned number;

	if (session->kind != LOGOFF_KIND_USER || (geteuid() != 0 && geteuid() != session->uid))
		return -1;
	/* Not the X server of a Wayland session: it knows only what reaches the X windows in it. */
	if (!session->wayland && session->display && user_parse_display(session->display, &number))
		idle_us = display_ask_idle_us(session->uid, number, patience_ms(session, TIMEOUT_MS));
	if (idle_us < 0)
		idle_us = ask_desktop(session->uid, session->id, patience_ms(session, DESKTOP_MS));
	if (idle_us < 0)
		session->host->in_vain_us += clock_now_us() - begin_us;
	return idle_us;
}
