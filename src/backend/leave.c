/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * leave.c - see leave.h. logoff-user asks the desktop (user/logout.c).
 */
#include "backend/here.h"
#include "backend/leave.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "local/child.h"
#include "local/user.h"

_Static_assert(sizeof(((struct host_leave *)NULL)->held) >= sizeof(((struct job_logout *)NULL)->text), "a text fits");

struct leave {
	struct user_child child;
	bool stopped;
};

int leave_start(struct leave **ret_leave, struct logoff_session *session, uint64_t timeout_us, struct logoff_error *reterr)
{
	struct job job = {
		.head = { .kind = JOB_LOGOUT, .uid = session->uid, .timeout_us = timeout_us },
		.texts = { [JOB_SESSION] = session->id },
	};
	struct leave *leave;
	int r;

	if (!here_has_power(session))
		return error_set_errno(reterr, -EACCES, -EACCES, "only the user and root may ask the desktop");
	leave = calloc(1, sizeof(*leave));
	if (!leave)
		return -ENOMEM;
	r = user_start(&leave->child, &job, reterr);
	if (r < 0) {
		leave_free(leave);
		return r;
	}
	session->ending->leave = (struct host_leave){ .result = HOST_PENDING };
	*ret_leave = leave;
	return 0;
}

struct leave *leave_free(struct leave *leave)
{
	if (leave)
		user_end(&leave->child);
	free(leave);
	return NULL;
}

int leave_fd(const struct leave *leave)
{
	return leave->child.fd;
}

/* The program was the user's process when it wrote it. */
static void note_reply(struct host_leave *facts, struct job_logout *reply)
{
	reply->text[sizeof(reply->text) - 1] = '\0';
	switch (reply->what) {
	case JOB_LOGOUT_ASKED:
		snprintf(facts->desktop, sizeof(facts->desktop), "%.15s", reply->text);
		break;
	case JOB_LOGOUT_HELD:
		snprintf(facts->held, sizeof(facts->held), "%s", reply->text);
		facts->n_held++;
		break;
	case JOB_LOGOUT_OVER:
		facts->result = reply->result <= 0 ? reply->result : -EPROTO;
		facts->ended = facts->result == 0 && strcmp(reply->text, JOB_LOGOUT_ENDED) == 0;
		if (facts->result < 0 && *reply->text)
			(void)error_set_errno(&facts->error, 0, facts->result, "%s", reply->text);
		break;
	}
}

struct leave *leave_hear(struct leave *leave, struct logoff_session *session)
{
	struct host_leave *facts = &session->ending->leave;
	struct logoff_error cause = {};
	struct job_logout reply;
	int r = 0;

	while (leave && (r = user_read(&leave->child, &reply, sizeof(reply), &cause)) == 0)
		note_reply(facts, &reply);
	if (!leave || (r == -EAGAIN && !session->ending->removed && !leave->stopped))
		return leave;
	/* The program has ended, with or without a last word, or what it waits for has come. */
	if (facts->result == HOST_PENDING && *facts->desktop == '\0') {
		facts->result = r == -ENOPKG ? r : error_set_errno(&cause, -EIO, -EIO, "the user's bus could not be asked");
		facts->error = cause;
	}
	return leave_free(leave);
}

struct leave *leave_stop(struct leave *leave, struct logoff_session *session)
{
	if (!leave)
		return NULL;
	user_kill(&leave->child);
	leave->stopped = true;
	return leave_hear(leave, session);
}
