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

/* Has logoff-user do JOB as the user of SESSION, for TIMEOUT_MS at most. Returns microseconds, or -1. */
static int64_t ask_idle(const struct logoff_session *session, struct job job, uint64_t timeout_ms)
{
	struct job_idle idle;

	job.head.uid = session->uid;
	job.head.timeout_us = 1000 * (session->host->in_vain_us < PATIENCE_US ? timeout_ms : IMPATIENT_MS);
	if (user_ask(&job, &idle, sizeof(idle), NULL) < 0 || idle.idle_ms < 0 || idle.idle_ms > INT64_MAX / 1000)
		return -1;
	return idle.idle_ms * 1000;
}

int64_t display_idle_us(const struct logoff_session *session)
{
	struct job display = { .head = { .kind = JOB_IDLE_DISPLAY } };
	struct job desktop = { .head = { .kind = JOB_IDLE_DESKTOP }, .texts = { [JOB_SESSION] = session->id } };
	uint64_t begin_us = clock_now_us();
	int64_t idle_us = -1;

	if (session->kind != LOGOFF_KIND_USER || (geteuid() != 0 && geteuid() != session->uid))
		return -1;
	/* Not the X server of a Wayland session: it knows only what reaches the X windows in it. */
	if (!session->wayland && session->display && user_parse_display(session->display, &display.head.display))
		idle_us = ask_idle(session, display, TIMEOUT_MS);
	if (idle_us < 0)
		idle_us = ask_idle(session, desktop, DESKTOP_MS);
	if (idle_us < 0)
		session->host->in_vain_us += clock_now_us() - begin_us;
	return idle_us;
}
