/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * procedure.c - the one procedure: rules, ask, wait, kill, verify; for many sessions side by side, on any kind of host.
 *
 * If users are to be warned, that comes first, for all together (run_warning()).
 *
 * Whatever was waited for, the world has gone on meanwhile: before a session is asked, or asked once more, it is looked at
 * again, whether it is the same logon still and, if a condition has selected it, whether that still holds; the same with
 * whether anybody needs a service manager. What cannot be told is asked for again, and never ends anything.
 *
 * Each session is a job. A job first has the session's desktop, if it has one, log its user off (LEAVING): programs save then
 * what they would not save upon a signal. What comes of that decides nothing. The job ends then its session, and, if nobody else
 * needs it, the service manager of its user, by the same three steps:
 *
 *     ASKING ──answered──▶ WAITING ──grace over──▶ KILLING
 *        │                    └───── part is gone ────┴──▶ next part, or DONE
 *        └─refused──▶ DONE
 *
 * The back end tells facts (host.h); run_jobs() waits for news and steps every job. A part counts as gone only when its
 * processes were looked for and not found, and, for a session, when the host no longer knows it: a notice of its
 * end is a reason to look, never the proof. Some hosts forget to let an empty session go (cgroup v1 gives no notice of
 * emptiness); killing what is not there any more wakes them.
 *
 * The caller's own session cannot go before the caller does. It counts as gone when only the caller is left. Programs
 * that wait for the caller (its shell, sudo) cannot end before it: they are left to the last act, which kills the
 * session with the caller in it. Own sessions therefore come after all others.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "local/audit.h"
#include "core/meaning.h"
#include "core/request.h"
#include "core/warning.h"

#define MS UINT64_C(1000)
#define SECOND (1000 * MS)

/* Unanswered questions a host gets at once. logind's bus drops replies beyond a few hundred. */
#define MAX_ASKING 64

/* How long an empty session may stay before it is woken by a kill. logind on cgroup v2 needs about 3 ms. */
#define EMPTY_US (50 * MS)

/* How long programs that only wait for the caller may stay before the last act. xrdp needs 65 ms to clean up. */
#define SETTLE_US (250 * MS)

/*
 * How long a desktop has to be without programs: a service that is killed may be started again by its manager (Restart=), after
 * 100 ms if its unit does not say otherwise, until that has been done too often.
 */
#define RESTART_US (300 * MS)

/*
 * How long a session has to end by itself when its desktop has ended. Half a second is enough, but on a busy host; GNOME needs
 * longer if it gets a signal meanwhile.
 */
#define SETTLED_US (3000 * MS)

/* How long it may take to find the desktop that can be asked. Its user may see to it that their bus never answers. */
#define FIND_US (5000 * MS)

/* Looks are taken at growing intervals; between them only news causes one. */
#define LOOK_SOON_US (2 * MS)
#define LOOK_LATER_US (50 * MS)
#define LOOK_MAX_US (400 * MS)

/* With so many sessions more, the longest interval is once more as long: looking must not keep the host from its work. */
#define LOOK_CROWD 100

/* After the host's "ask again" (it is restarting), and while it cannot say how a session is now. */
#define RETRY_US (100 * MS)

/*
 * A session that was looked up longer ago is looked at again before it is asked. It must be less than a program needs to answer a
 * question and logind to start anew, with ids that begin at c1: both have been seen in 180 ms.
 */
#define MOMENT_US (50 * MS)

/*
 * The same for one that has waited for its turn: some seconds where a thousand are ended, which a host needs for them. To look
 * at those that are left again and again would take its time from its work.
 */
#define TURN_US (600 * MS)

/* So many sessions are looked up by one list of all; what is not in it is looked up by itself. */
#define LIST_FROM 8

/* ---- looking ---- */

/* Reads the processes of the job's part afresh. -EOPNOTSUPP: they cannot be seen from here. */
static int look(struct job *job, struct logoff_error *reterr)
{
	struct logoff_host *host = job->session->host;

	int r;

	process_list_clear(&job->seen);
	r = host->backend->processes(host, job->session, job->part, &job->seen, reterr);
	job->unseen = r == -EOPNOTSUPP;
	job->unsure = r == -EAGAIN;
	return r;
}

/* What a look at the processes of a part has shown. */
enum remainder {
	REMAINDER_NONE,		/* nobody */
	REMAINDER_CALLER,	/* the caller alone */
	REMAINDER_WAITING,	/* the caller and programs that wait for it */
	REMAINDER_OTHERS
};

static enum remainder remainder_of(const struct process_list *seen)
{
	if (!seen->has_caller)
		return seen->n_items == 0 ? REMAINDER_NONE : REMAINDER_OTHERS;
	if (seen->n_items == 1)
		return REMAINDER_CALLER;
	return seen->n_items == 1 + seen->n_waiting ? REMAINDER_WAITING : REMAINDER_OTHERS;
}

/* ---- the end of a job ---- */

static void record(const struct logoff_request *request, struct job *job)
{
	struct audit audit = {
		.session = job->session,
		.result = job->result,
		.cause = &job->cause,
		.reason = request->reason,
		.forced = job->forced,
	};

	job->record_cause = (struct logoff_error){};
	job->recorded = audit_record(&audit, &job->record_cause) >= 0;
}

static void begin(struct logoff_request *request, struct job *job)
{
	if (!job->begun)
		job->start_us = request->host->now_us;
	job->begun = true;
}

static void finish(struct logoff_request *request, struct job *job, int result)
{
	struct logoff_host *host = request->host;

	job->step = STEP_DONE;
	job->authorizing = false;	/* or others would wait for this proof for ever */
	job->result = result;
	job->end_us = host->now_us;
	if (result >= 0) {
		job->exists = 0;
		process_list_clear(&job->seen);
	}
	if (!job->last_act || result < 0) {
		record(request, job);
		request_tell(request, job, LOGOFF_EVENT_RESULT);
	}
}

/* Asks whether the session exists, and what it is doing. */
static void find_out(struct job *job, struct logoff_error *reterr)
{
	int r = host_session_exists(job->session, &job->state, reterr);

	job->exists = r < 0 ? -1 : r;
}

/* Ends a job that has not reached its aim, with a true statement of what is left. */
static void give_up(struct logoff_request *request, struct job *job, int result)
{
	(void)look(job, NULL);	/* what cannot be seen is not listed */
	if (job->session->host->backend->explain)
		job->session->host->backend->explain(&job->seen, job->session->host);
	find_out(job, NULL);
	finish(request, job, result);
}

static void last_act(struct logoff_request *request, struct job *job)
{
	struct logoff_host *host = job->session->host;
	int r;

	job->part = job->last_part;
	(void)look(job, NULL);
	record(request, job);	/* now or never */
	r = host->backend->kill(host, job->session, job->part, true, &job->cause);
	/* Whoever reads this has survived: only if the host refused. */
	give_up(request, job, r < 0 ? r : -ETIMEDOUT);
}

/* Ends a job that has reached its aim. */
static void complete(struct logoff_request *request, struct job *job)
{
	finish(request, job, 0);
	if (job->last_act)
		last_act(request, job);
}

static void manager_next(struct logoff_request *request, struct job *job);
static void begin_waiting(struct logoff_request *request, struct job *job);
static void postpone(struct logoff_request *request, struct job *job);

/* The logon that was meant has ended by itself, and another one has its id: nobody is to be ended. */
static void end_by_itself(struct logoff_request *request, struct job *job)
{
	begin(request, job);
	(void)look(job, NULL);	/* only for the back end to know the service manager */
	process_list_clear(&job->seen);
	request_tell(request, job, LOGOFF_EVENT_GONE);
	job->gone = true;
	job->step = STEP_WAITING;
	manager_next(request, job);
}

/* Leaves a session alone that was selected by a condition. Without a cause: it does not fulfil it any more. */
static void spare(struct logoff_request *request, struct job *job)
{
	begin(request, job);
	process_list_clear(&job->seen);
	finish(request, job, -ESTALE);
}

/* ---- looking again ---- */

/* NOW (NULL: the same) is the session as it was looked up last. */
static void replace(struct logoff_request *request, struct job *job, struct logoff_session *now)
{
	struct logoff_host *host = job->session->host;

	job->session->looked_us = request->host->now_us;
	if (!now)
		return;
	for (size_t i = 0; i < host->n_watched; i++)
		if (host->watched[i] == job->session)
			host->watched[i] = now;
	logoff_session_free(job->session);
	job->session = now;
	session_fill_terminals(now);
}

/*
 * Acts upon what a look at a session has shown that has not been asked yet. One that was named goes on if nothing is known
 * about it: to ask it is to find out. One that was selected is looked at once more.
 */
static void settle(struct logoff_request *request, struct job *job, enum meaning meaning, struct logoff_session *now,
		   const struct logoff_error *cause)
{
	uint64_t now_us = request->host->now_us;

	job->step = STEP_NEW;
	job->retry_us = 0;
	job->cause = (struct logoff_error){};
	switch (meaning) {
	case MEANING_SAME:
	case MEANING_CHANGED:
		replace(request, job, now);
		if (meaning == MEANING_CHANGED)
			spare(request, job);
		return;
	case MEANING_OTHER:
		end_by_itself(request, job);
		break;
	case MEANING_UNKNOWN:
		job->session->looked_us = now_us;
		if (job->why != LOGOFF_WHY_SELECTED)
			break;
		begin(request, job);
		job->step = STEP_LOOKING;
		job->retry_us = now_us + RETRY_US;
		job->cause = *cause;
		break;
	}
	logoff_session_free(now);
}

/* Whether a session that was not asked yet has to be looked at now: after MOMENT_US, or because it could not be before. */
static bool is_due(const struct logoff_request *request, const struct job *job, uint64_t moment_us)
{
	uint64_t now = request->host->now_us, looked = job->session->looked_us;

	if (job->step == STEP_LOOKING)
		return now >= job->retry_us;
	return job->step == STEP_NEW && (now > looked ? now - looked : 0) >= moment_us;
}

/* Looks at all sessions for which it is time. A host that does not answer for one is not asked for the others now. */
static void look_at_due(struct logoff_request *request, uint64_t moment_us)
{
	struct logoff_host *host = request->host;
	struct session_list list = {};
	struct logoff_error cause = {};
	size_t n = request->n_jobs, first = request->turn, n_due = 0;
	bool silent = false;

	for (size_t i = 0; i < n; i++)
		n_due += is_due(request, &request->jobs[i], moment_us);
	if (n_due == 0)
		return;
	if (n_due >= LIST_FROM && host->backend->list(host, NULL, &list, NULL) < 0)
		session_list_clear(&list);	/* each is asked for by itself */
	for (size_t i = 0; i < n; i++) {
		struct job *job = &request->jobs[(first + i) % n];
		enum meaning meaning = MEANING_UNKNOWN;
		struct logoff_session *now = NULL;

		if (!is_due(request, job, moment_us))
			continue;
		if (!silent) {
			cause = (struct logoff_error){};
			meaning = look_up(request, job, &list, &now, &silent, &cause);
			request->turn = (first + i + 1) % n;
		}
		settle(request, job, meaning, now, &cause);
	}
	session_list_clear(&list);
	warn_call_off(request);
}

/* ---- asking ---- */

/* Sets the time of the next look; the end of the grace is always one. */
static void look_again(const struct logoff_request *request, struct job *job, uint64_t interval_us)
{
	uint64_t now = request->host->now_us;
	uint64_t kill_us = job->asked_us + request->grace_us;

	uint64_t most_us = LOOK_MAX_US * (1 + request->n_jobs / LOOK_CROWD);

	job->interval_us = interval_us < most_us ? interval_us : most_us;
	job->look_us = now + job->interval_us;
	if (job->step == STEP_WAITING && kill_us > now && kill_us < job->look_us)
		job->look_us = kill_us;
}

static void ask(struct logoff_request *request, struct job *job)
{
	struct logoff_host *host = job->session->host;
	int r;

	job->step = STEP_ASKING;
	job->retry_us = 0;
	job->sent = !job->authorizing;	/* before the proof it is refused */
	job->session->asked = HOST_PENDING;
	r = host->backend->ask(host, job->session, job->part, job->authorizing || job->authorized, &job->cause);
	if (r >= 0)
		return;
	job->sent = false;
	give_up(request, job, r);
}

/* What is told of each part. */
static const struct {
	enum logoff_event_type ask, kill, gone;
} part_events[] = {
	[HOST_SESSION] = { LOGOFF_EVENT_ASK, LOGOFF_EVENT_KILL, LOGOFF_EVENT_GONE },
	[HOST_DESKTOP] = { LOGOFF_EVENT_DESKTOP_ASK, LOGOFF_EVENT_DESKTOP_KILL, LOGOFF_EVENT_DESKTOP_GONE },
	[HOST_MANAGER] = { LOGOFF_EVENT_MANAGER_ASK, LOGOFF_EVENT_MANAGER_KILL, LOGOFF_EVENT_MANAGER_GONE },
};

static void start_part(struct logoff_request *request, struct job *job, enum host_part part)
{
	int r;

	job->part = part;
	job->empty_us = 0;
	job->woken = false;
	r = look(job, &job->cause);
	if (r < 0 && r != -EOPNOTSUPP && r != -EAGAIN) {
		give_up(request, job, r);
		return;
	}
	if (part == HOST_DESKTOP && job->seen.n_items == 0) {	/* not every desktop has the manager run anything */
		manager_next(request, job);
		return;
	}
	request_tell(request, job, part_events[part].ask);
	ask(request, job);
}

/* ---- the desktop's own log-off ---- */

/* Not where nobody is to have time, and not for the caller's own session: the caller may be one of the programs it ends. */
static bool may_leave(const struct logoff_request *request, const struct job *job)
{
	return !request->no_desktop && !job->tried && request->grace_us > 0 && job->session->host->backend->leave && !job->session->own &&
	       !job->session->current;
}

/*
 * How long a desktop may be waited for now: as long as the grace, but no more than a third of the time that is left, and half of
 * what the grace leaves of that. So what does not end by it is killed in time as ever.
 */
static uint64_t share_us(const struct logoff_request *request, const struct job *job)
{
	uint64_t end_us = job->start_us + request->wait_us, now = request->host->now_us, left = end_us > now ? end_us - now : 0;
	uint64_t most_us = left / 3;

	if (left > request->grace_us && (left - request->grace_us) / 2 < most_us)
		most_us = (left - request->grace_us) / 2;
	return request->grace_us < most_us ? request->grace_us : most_us;
}

/*
 * Has the desktop of the session asked. Its processes are looked at before, while all of them are there. Returns false if there is
 * none that can be asked.
 */
static bool leave(struct logoff_request *request, struct job *job)
{
	struct logoff_host *host = job->session->host;
	uint64_t time_us = share_us(request, job);

	job->part = HOST_SESSION;
	job->tried = true;
	(void)look(job, NULL);
	if (time_us == 0 || host->backend->leave(host, job->session, time_us, NULL) < 0)
		return false;
	job->step = STEP_LEAVING;
	job->leave_us = host->now_us + time_us;
	job->find_us = host->now_us + (time_us < FIND_US ? time_us : FIND_US);
	return true;
}

/* Tells that the desktop has been asked, once that is known. From then on the session may end by it. */
static void note_asked(const struct logoff_request *request, struct job *job)
{
	if (*job->session->leave.desktop == '\0' || job->left)
		return;
	job->left = job->sent = true;
	request_tell_leaving(request, job, LOGOFF_EVENT_LEAVE_ASK);
}

/* A desktop that has not been found yet is not to be asked any more; unless that has been done just now. */
static void stop_looking(const struct logoff_request *request, struct job *job)
{
	struct logoff_host *host = job->session->host;

	if (job->step == STEP_LEAVING && !job->left && host->backend->leave(host, job->session, 0, NULL) >= 0)
		note_asked(request, job);
}

/*
 * What the desktop was asked has come to an end, or its time has: on to the session, which may have ended by that. If there was
 * nobody to be asked, it has only been waited, and it is looked again whether it is still what was meant.
 */
static void after_leaving(struct logoff_request *request, struct job *job)
{
	uint64_t now = request->host->now_us;
	int exists = host_session_exists(job->session, &job->session->state, NULL);

	if (exists > 0 && !job->left && now - job->session->looked_us >= MOMENT_US) {
		job->step = STEP_LOOKING;
		job->retry_us = now;
	} else if (exists > 0) {
		start_part(request, job, HOST_SESSION);
	} else if (exists == 0) {
		begin_waiting(request, job);
		job->look_us = now;
	} else {
		postpone(request, job);
	}
}

/* The desktop has done it: has the session ended by that, or begun to, or will it not? Looks again soon. */
static bool has_settled(const struct logoff_request *request, struct job *job)
{
	uint64_t now = request->host->now_us;
	int exists = host_session_exists(job->session, &job->state, NULL);

	if (!job->session->leave.ended)
		return true;
	if (!job->look_us)
		job->leave_us = now + (share_us(request, job) < SETTLED_US ? share_us(request, job) : SETTLED_US);
	job->look_us = now + LOOK_LATER_US;
	return exists == 0 || (exists > 0 && job->state == LOGOFF_STATE_CLOSING);
}

/* When the wait for the desktop is over. */
static uint64_t leave_end_us(const struct job *job)
{
	return job->left || job->leave_us < job->find_us ? job->leave_us : job->find_us;
}

static void step_leaving(struct logoff_request *request, struct job *job)
{
	struct host_leave *facts = &job->session->leave;
	uint64_t now = request->host->now_us;
	bool late;

	note_asked(request, job);
	if (facts->n_held > job->n_told)
		request_tell_leaving(request, job, LOGOFF_EVENT_LEAVE_HELD);
	job->n_told = facts->n_held;
	if (now < leave_end_us(job) && !job->session->removed && facts->result >= 0 && (facts->result > 0 || !has_settled(request, job)))
		return;
	late = facts->result == HOST_PENDING && !job->session->removed;
	if (!job->left) {
		stop_looking(request, job);
		if (job->left)
			return;
	}
	if (late)
		(void)error_set_errno(&facts->error, 0, -ETIMEDOUT, job->left ? "its time is over" :
				      "whether there is one cannot be told in time");
	if (job->left && (job->session->removed || facts->result == 0))
		request_tell_leaving(request, job, LOGOFF_EVENT_LEAVE_DONE);
	else if (job->left || (facts->error.text[0] && !job->session->removed))
		request_tell_leaving(request, job, LOGOFF_EVENT_LEAVE_FAILED);
	after_leaving(request, job);
}

/* ---- the session ---- */

static void start(struct logoff_request *request, struct job *job)
{
	int r;

	begin(request, job);
	r = host_check_rules(job->session, request->console, &job->cause);
	if (r < 0)
		finish(request, job, r);
	else if (!may_leave(request, job) || !leave(request, job))
		start_part(request, job, HOST_SESSION);
}

/* The part was asked and agreed: wait for its end. */
static void begin_waiting(struct logoff_request *request, struct job *job)
{
	struct logoff_host *host = request->host;
	bool empty = !job->unseen && remainder_of(&job->seen) != REMAINDER_OTHERS;
	bool polled = job->part != HOST_SESSION || empty || job->session->current;

	if (job->authorizing) {
		job->authorizing = false;
		job->authorized = true;
		job->start_us = host->now_us;
	}
	job->step = STEP_WAITING;
	job->sent = true;
	job->asked_us = host->now_us;
	look_again(request, job, polled ? LOOK_SOON_US : LOOK_LATER_US);
	if (request->grace_us == 0)
		job->look_us = host->now_us;
}

/* What R, of a question to the host, comes to: 1, 0 if that cannot be told now, or -errno. */
static int whether_told(int r)
{
	if (r == -EAGAIN || r == -ETIMEDOUT)
		return 0;
	return r < 0 ? r : 1;
}

/* Asks what is to become of the user's service manager. Returns as whether_told(). */
static int ask_fate(struct job *job, enum host_manager *ret_manager)
{
	struct logoff_host *host = job->session->host;
	int r = 0;

	*ret_manager = HOST_MANAGER_NONE;
	if (host->backend->manager)
		r = host->backend->manager(host, job->session, ret_manager, &job->cause);
	return whether_told(r);
}

/* The service manager is there for somebody, or not at all: nothing is done about it. */
static void leave_manager(struct logoff_request *request, struct job *job, enum host_manager manager)
{
	if (manager == HOST_MANAGER_NEEDED)
		request_tell(request, job, LOGOFF_EVENT_MANAGER_NEEDED);
	else if (manager == HOST_MANAGER_LINGERS)
		request_tell(request, job, LOGOFF_EVENT_MANAGER_LINGERS);
	complete(request, job);
}

/* It cannot be told now whether to ask again. The clock goes on: the host may never come back. */
static void postpone(struct logoff_request *request, struct job *job)
{
	job->step = STEP_ASKING;
	job->authorizing = false;
	job->retry_us = request->host->now_us + RETRY_US;
}

static void ask_manager_again(struct logoff_request *request, struct job *job)
{
	enum host_manager manager;
	int r = ask_fate(job, &manager);

	if (r == 0) {
		postpone(request, job);
	} else if (r < 0) {
		give_up(request, job, r);
	} else if (manager == HOST_MANAGER_UNNEEDED) {
		ask(request, job);
	} else if (manager == HOST_MANAGER_NONE) {	/* it has ended: look at once */
		begin_waiting(request, job);
		job->look_us = request->host->now_us;
	} else {
		leave_manager(request, job, manager);
	}
}

/* Asks once more, after a wait for a person who proves who they are, or for a host. */
static void ask_again(struct logoff_request *request, struct job *job)
{
	struct logoff_session *now = NULL;
	struct logoff_error cause = {};
	enum meaning meaning;
	bool silent;

	if (job->part == HOST_MANAGER) {
		ask_manager_again(request, job);
		return;
	}
	meaning = look_up(request, job, &(struct session_list){}, &now, &silent, &cause);
	if (now)
		job->session->state = now->state;
	logoff_session_free(now);
	switch (meaning) {
	case MEANING_SAME:
		ask(request, job);
		break;
	case MEANING_CHANGED:
		job->cause = (struct logoff_error){};
		spare(request, job);
		break;
	case MEANING_OTHER:
		end_by_itself(request, job);
		break;
	case MEANING_UNKNOWN:
		job->cause = cause;
		postpone(request, job);
		break;
	}
}

static bool somebody_authorizes(const struct logoff_request *request)
{
	for (size_t i = 0; i < request->n_jobs; i++)
		if (request->jobs[i].authorizing)
			return true;
	return false;
}

/* What was selected is looked at once more when the proof is given, and only then asked to end. */
static void prove(struct logoff_request *request, struct job *job)
{
	struct logoff_host *host = job->session->host;
	int r;

	job->proving = true;
	job->session->asked = HOST_PENDING;
	r = host->backend->prove(host, job->session, &job->cause);
	if (r < 0)
		give_up(request, job, r);
}

static void proven(struct logoff_request *request, struct job *job)
{
	job->proving = false;
	if (job->session->asked == 0) {
		ask_again(request, job);
		return;
	}
	job->cause = job->session->asked_error;
	give_up(request, job, -EACCES);
}

/*
 * The host refused. If a proof of identity would help it is asked for, one session at a time: what the first one
 * proves often serves the others (polkit keeps it for some minutes).
 */
static void refused(struct logoff_request *request, struct job *job)
{
	bool hopeful = job->session->may_authorize && !job->authorizing && request->authorize && !request->cancelled;

	job->sent = false;
	if (hopeful && somebody_authorizes(request)) {
		job->start_us = request->host->now_us;
		return;
	}
	if (!hopeful || request->authorize(request->authorize_data) != 0) {
		job->authorizing = false;
		job->cause = job->session->asked_error;
		give_up(request, job, -EACCES);
		return;
	}
	job->authorizing = true;
	if (job->why == LOGOFF_WHY_SELECTED && request->still && job->session->host->backend->prove)
		prove(request, job);
	else
		ask_again(request, job);
}

/* The host could not ask it, for no reason that we know. If that is because it has ended meanwhile, all is well. */
static void failed(struct logoff_request *request, struct job *job)
{
	if (job->part == HOST_SESSION && host_session_exists(job->session, NULL, NULL) == 0) {
		begin_waiting(request, job);
		job->look_us = request->host->now_us;
		return;
	}
	job->cause = job->session->asked_error;
	give_up(request, job, job->session->asked);
}

static void step_asking(struct logoff_request *request, struct job *job)
{
	uint64_t now = request->host->now_us;
	int asked = job->session->asked;

	if (job->proving) {
		if (asked != HOST_PENDING)
			proven(request, job);
	} else if (job->retry_us) {
		if (now >= job->retry_us)
			ask_again(request, job);
	} else if (asked == 0 || asked == -ENXIO) {
		begin_waiting(request, job);
		if (asked == -ENXIO)	/* it ended by itself meanwhile: look at once */
			job->look_us = now;
	} else if (asked == -EACCES) {
		refused(request, job);
	} else if (asked == -EAGAIN) {
		job->cause = job->session->asked_error;
		job->sent = true;	/* as far as we know */
		postpone(request, job);
	} else if (asked != HOST_PENDING) {
		failed(request, job);
	}
}

/* ---- waiting and killing ---- */

/*
 * Tells whether another session of the user is being ended: then the last of them sees to the service manager. Not one of the
 * host beside, which knows of no service managers.
 */
static bool is_followed(const struct logoff_request *request, const struct job *job)
{
	for (size_t i = 0; i < request->n_jobs; i++) {
		const struct job *other = &request->jobs[i];

		if (other != job && other->session->host == job->session->host && other->session->uid == job->session->uid &&
		    other->part == HOST_SESSION && other->step != STEP_DONE)
			return true;
	}
	return false;
}

/* Tells whether programs of the session's desktop may be left in the service manager. Returns as whether_told(). */
static int ask_desktop(struct job *job, bool *ret_has)
{
	struct logoff_host *host = job->session->host;
	int r = 0;

	*ret_has = false;
	if (host->backend->desktop)
		r = host->backend->desktop(host, job->session, ret_has, &job->cause);
	return whether_told(r);
}

/* After the session: the manager, or, where it stays, what the session's desktop has it run. */
static void manager_next(struct logoff_request *request, struct job *job)
{
	enum host_manager manager = HOST_MANAGER_NONE;
	bool has_desktop = false;
	int r = is_followed(request, job) ? 1 : ask_fate(job, &manager);

	if (r > 0 && manager != HOST_MANAGER_UNNEEDED && job->part == HOST_SESSION)
		r = ask_desktop(job, &has_desktop);
	if (r == 0)
		job->look_us = request->host->now_us + RETRY_US;
	else if (r < 0)
		give_up(request, job, r);
	else if (manager == HOST_MANAGER_UNNEEDED)
		start_part(request, job, HOST_MANAGER);
	else if (has_desktop)
		start_part(request, job, HOST_DESKTOP);
	else
		leave_manager(request, job, manager);
}

/* The part is gone: on to the next, or to the end. */
static void part_gone(struct logoff_request *request, struct job *job)
{
	if (job->part != HOST_SESSION || !job->gone)
		request_tell(request, job, job->alone && job->last_part == job->part ? LOGOFF_EVENT_ALONE : part_events[job->part].gone);
	job->gone = true;
	if (job->part == HOST_MANAGER)
		complete(request, job);
	else
		manager_next(request, job);
}

/* Nobody is left, or nobody can be seen: is the session itself gone? */
static bool is_verified(struct job *job)
{
	if (job->part != HOST_SESSION)
		return true;
	find_out(job, &job->cause);
	return job->exists == 0;
}

/*
 * Notes how a kill went. What was asked may end by itself yet, so a refusal is its result only when its time is over. Of the
 * caller's own session some processes may obey root alone (a daemon that sudo has started): the host ends them for
 * the session's user, and the caller with them, which therefore is tried last.
 */
static void note_kill(struct logoff_request *request, struct job *job, int r)
{
	uint64_t now = request->host->now_us;

	job->not_killed = r == -EACCES || r == -EHOSTUNREACH ? r : 0;
	if (r != -EPERM || !job->session->current || job->part != HOST_SESSION) {
		job->beyond_us = 0;
	} else if (job->beyond_us == 0) {
		job->beyond_us = now;	/* many end with those that were killed */
	} else if (now - job->beyond_us >= SETTLE_US) {
		job->last_act = true;
		job->last_part = job->part;
		manager_next(request, job);
	}
}

/* The host is woken by a kill that finds nobody. */
static void wake(struct logoff_request *request, struct job *job)
{
	struct logoff_host *host = job->session->host;

	note_kill(request, job, host->backend->kill(host, job->session, job->part, false, &job->cause));
}

/* Whether the service manager may be killed: the user may have come back since it was asked. */
static bool is_unneeded(struct logoff_request *request, struct job *job)
{
	enum host_manager manager;
	int r = ask_fate(job, &manager);

	if (r < 0)
		give_up(request, job, r);
	else if (r > 0 && (manager == HOST_MANAGER_NEEDED || manager == HOST_MANAGER_LINGERS))
		leave_manager(request, job, manager);
	else
		return r > 0;
	return false;
}

/* The grace is over. A host without the means to kill is only waited for. Returns whether this is news to it. */
static bool kill_now(struct logoff_request *request, struct job *job)
{
	struct logoff_host *host = job->session->host;
	bool first = job->step == STEP_WAITING, has_desktop;
	int r;

	if (job->part == HOST_MANAGER && !is_unneeded(request, job))
		return false;
	if (job->part == HOST_DESKTOP && host->backend->desktop(host, job->session, &has_desktop, &job->cause) < 0)
		return false;	/* the user may have come back: whose programs these are cannot be told now */
	r = host->backend->kill(host, job->session, job->part, false, &job->cause);
	job->step = STEP_KILLING;
	if (r == -EOPNOTSUPP)
		return false;
	job->forced = job->forced || job->seen.n_items > 0 || job->unseen;
	if (first)
		request_tell(request, job, part_events[job->part].kill);
	note_kill(request, job, r);
	return first;
}

/* Looks at the part and says whether it is gone; remembers since when it has been as good as empty. */
static bool inspect(struct logoff_request *request, struct job *job, bool *ret_killable)
{
	uint64_t now = request->host->now_us;
	int r = look(job, &job->cause);
	enum remainder left = remainder_of(&job->seen);

	*ret_killable = true;
	if (r < 0)
		return r == -EOPNOTSUPP && is_verified(job);
	if (left == REMAINDER_OTHERS) {
		job->empty_us = 0;
		return false;
	}
	if (job->empty_us == 0)
		job->empty_us = now;
	switch (left) {
	case REMAINDER_NONE:
		if (job->part == HOST_DESKTOP && now - job->empty_us < RESTART_US) {
			*ret_killable = false;
			return false;
		}
		if (is_verified(job))
			return true;
		if (now - job->empty_us >= EMPTY_US) {
			job->empty_us = now;
			if (!job->woken)
				job->interval_us = LOOK_SOON_US;
			job->woken = true;
			wake(request, job);
		}
		return false;
	case REMAINDER_CALLER:
		job->alone = true;
		break;
	case REMAINDER_WAITING:
		*ret_killable = false;
		job->alone = job->last_act = now - job->empty_us >= SETTLE_US;
		break;
	case REMAINDER_OTHERS:
		break;
	}
	job->last_part = job->part;
	return job->alone;
}

static void step_ending(struct logoff_request *request, struct job *job)
{
	uint64_t now = request->host->now_us;
	bool grace_over = now >= job->asked_us + request->grace_us;
	bool news = job->session->removed && !job->heard;
	bool killable;

	if (!news && now < job->look_us)
		return;
	if (job->gone && job->part == HOST_SESSION) {	/* it is only the service manager about which nothing is known yet */
		manager_next(request, job);
		return;
	}
	job->heard = job->session->removed;
	if (inspect(request, job, &killable)) {
		part_gone(request, job);
		return;
	}
	if (job->step == STEP_DONE)
		return;
	if (grace_over && killable)
		news = kill_now(request, job) || news;
	if (job->step == STEP_DONE)
		return;
	look_again(request, job, news ? LOOK_SOON_US : job->unsure ? LOOK_LATER_US : job->interval_us * 2);
}

/* ---- warning ---- */

static bool any_new(const struct logoff_request *request)
{
	for (size_t i = 0; i < request->n_jobs; i++)
		if (request->jobs[i].step == STEP_NEW)
			return true;
	return false;
}

/* Refuses what the rules forbid before anybody is warned for nothing. */
static void check_rules(struct logoff_request *request)
{
	for (size_t i = 0; i < request->n_jobs; i++) {
		struct job *job = &request->jobs[i];
		int r = host_check_rules(job->session, request->console, &job->cause);

		job->start_us = request->host->now_us;
		if (r < 0)
			finish(request, job, r);
	}
}

/* Warns, and counts down. Returns 0, or what ended the wait: -ECANCELED, -EHOSTUNREACH. */
static int run_warning(struct logoff_request *request, struct logoff_error *reterr)
{
	struct logoff_host *host = request->host;
	uint64_t end_us = host->now_us + request->warning_us, warn_us = host->now_us, tick_us;
	bool first = true;
	int r;

	check_rules(request);
	while (any_new(request) && host->now_us < end_us) {
		if (host->now_us >= warn_us) {
			warn_users(request, first, end_us - host->now_us);
			first = false;
			warn_us = warn_next(request, end_us, host->now_us);
		}
		request_tell_all(request, LOGOFF_EVENT_COUNTDOWN, end_us - host->now_us);
		tick_us = host->now_us + SECOND < end_us ? host->now_us + SECOND : end_us;
		do {
			r = request_wait(request, tick_us, reterr);
			if (r < 0)
				return r;
		} while (host->now_us < tick_us);
	}
	look_at_due(request, 0);
	return 0;
}

/* ---- the loop ---- */

/* The time of a job is over. */
static void run_out(struct logoff_request *request, struct job *job)
{
	if (job->step == STEP_LOOKING) {
		find_out(job, NULL);
		spare(request, job);
		warn_call_off(request);
		return;
	}
	if (job->gone && job->part == HOST_SESSION) {	/* it could not be told whether its service manager is needed */
		job->part = HOST_MANAGER;
		if (look(job, NULL) < 0 || job->seen.n_items == 0)
			job->part = HOST_SESSION;
	}
	if (job->step == STEP_ASKING && job->session->asked == HOST_PENDING)
		(void)error_set_errno(&job->cause, 0, -ETIMEDOUT, "the host has not answered");
	give_up(request, job, job->not_killed ? job->not_killed : -ETIMEDOUT);
}

static void step(struct logoff_request *request, struct job *job)
{
	if (job->step == STEP_LEAVING)
		step_leaving(request, job);
	if (job->step == STEP_ASKING)
		step_asking(request, job);
	if (job->step == STEP_WAITING || job->step == STEP_KILLING)
		step_ending(request, job);
	if (job->step == STEP_NEW || job->step == STEP_DONE || job->authorizing)
		return;
	if (request->host->now_us >= job->start_us + request->wait_us)
		run_out(request, job);
}

/* When this job needs attention next, if nothing is heard before. */
static uint64_t next_time(const struct logoff_request *request, const struct job *job)
{
	uint64_t next = job->authorizing ? UINT64_MAX : job->start_us + request->wait_us;
	int asked = job->session->asked;

	if ((job->step == STEP_ASKING || job->step == STEP_LOOKING) && job->retry_us && job->retry_us < next)
		next = job->retry_us;
	/* Answered at once. A refusal may have to wait until another session's authorization is settled. */
	if (job->step == STEP_ASKING && !job->retry_us && asked != HOST_PENDING && asked != -EACCES)
		next = 0;
	if ((job->step == STEP_WAITING || job->step == STEP_KILLING) && job->look_us < next)
		next = job->look_us;
	if (job->step == STEP_LEAVING)
		next = job->look_us && job->look_us < leave_end_us(job) ? job->look_us : leave_end_us(job);
	return next;
}

/* The soonest end of a job's time: a host that does not answer must not make us miss it. */
static uint64_t next_deadline(const struct logoff_request *request)
{
	uint64_t next = UINT64_MAX;

	for (size_t i = 0; i < request->n_jobs; i++) {
		const struct job *job = &request->jobs[i];

		if (job->step == STEP_NEW || job->step == STEP_DONE || job->authorizing)
			continue;
		if (job->start_us + request->wait_us < next)
			next = job->start_us + request->wait_us;
	}
	return next;
}

/* The order in which sessions end: first those of others, last the one in which the caller runs. */
static int rank(const struct logoff_session *session)
{
	return session->current ? 2 : session->own ? 1 : 0;
}

/* Starts jobs while there is room, each rank only after the one before. */
static void start_some(struct logoff_request *request)
{
	uint64_t moment_us = TURN_US * (1 + request->n_jobs / LOOK_CROWD);
	size_t n_asking = 0;
	int lowest = 2;

	for (size_t i = 0; i < request->n_jobs; i++) {
		const struct job *job = &request->jobs[i];

		n_asking += job->step == STEP_ASKING || job->step == STEP_LEAVING;
		if (job->step != STEP_DONE && rank(job->session) < lowest)
			lowest = rank(job->session);
	}
	for (size_t i = 0; i < request->n_jobs && n_asking < MAX_ASKING; i++) {
		struct job *job = &request->jobs[i];

		if (job->step != STEP_NEW || rank(job->session) > lowest)
			continue;
		if (is_due(request, job, moment_us))
			look_at_due(request, moment_us);
		if (job->step == STEP_NEW)
			start(request, job);
		n_asking += job->step == STEP_ASKING || job->step == STEP_LEAVING;
	}
}

/* Steps every job; returns whether any is unfinished and when the next one needs attention. */
static bool step_all(struct logoff_request *request, uint64_t *ret_next_us)
{
	bool unfinished = false;

	request->host->deadline_us = next_deadline(request);
	look_at_due(request, UINT64_MAX);
	start_some(request);
	request->host->deadline_us = next_deadline(request);
	*ret_next_us = UINT64_MAX;
	for (size_t i = 0; i < request->n_jobs; i++) {
		struct job *job = &request->jobs[i];
		uint64_t next;

		step(request, job);
		if (job->step == STEP_DONE)
			continue;
		unfinished = true;
		next = job->step == STEP_NEW ? UINT64_MAX : next_time(request, job);
		if (next < *ret_next_us)
			*ret_next_us = next;
	}
	return unfinished;
}

/* Whether nobody is asked and some still have to be: those of the next rank, see start_some(). */
static bool has_new(const struct logoff_request *request)
{
	bool new = false;

	for (size_t i = 0; i < request->n_jobs; i++) {
		if (request->jobs[i].step == STEP_ASKING)
			return false;
		new = new || request->jobs[i].step == STEP_NEW;
	}
	return new;
}

/* Ends the jobs that are not done, or only those whose sessions were not asked. Returns how many are left. */
static size_t give_up_all(struct logoff_request *request, bool unasked_only, int result, const struct logoff_error *cause)
{
	size_t n_left = 0;

	request->host->deadline_us = request->host->now_us;	/* nothing is waited for any more */
	for (size_t i = 0; i < request->n_jobs; i++) {
		struct job *job = &request->jobs[i];

		if (job->step == STEP_DONE)
			continue;
		stop_looking(request, job);
		if (unasked_only && job->sent) {
			n_left++;
			continue;
		}
		job->cause = *cause;
		begin(request, job);
		give_up(request, job, result);
	}
	warn_call_off(request);
	return n_left;
}

/* The host, or the caller, has had enough. At first only those are given up that were not asked. */
static void interrupt(struct logoff_request *request, int r, const struct logoff_error *cause)
{
	bool first = r == -ECANCELED && !request->cancelled;

	request->cancelled = true;
	if (give_up_all(request, first, r, cause) > 0)
		request_tell_all(request, LOGOFF_EVENT_FOLLOWED, 0);
}

static void run_jobs(struct logoff_request *request)
{
	struct logoff_error cause = {};
	uint64_t next_us;
	int r;

	while (step_all(request, &next_us)) {
		if (has_new(request) && next_us == UINT64_MAX)
			continue;
		r = request_wait(request, next_us, &cause);
		if (r < 0)
			interrupt(request, r, &cause);
	}
	warn_call_off(request);
}

int logoff_request_run(struct logoff_request *request, struct logoff_error *reterr)
{
	struct logoff_host *host = request->host;
	struct logoff_error cause = {};
	int r = 0;

	if (request->ran)
		return error_set_errno(reterr, -EINVAL, -EALREADY, "the request has run");
	(void)host->backend->wait(host, 0, -1, NULL);	/* only sets the clock; a broken connection shows again */
	if (request->warning_us)
		r = run_warning(request, &cause);
	else
		look_at_due(request, MOMENT_US);
	if (r < 0)
		interrupt(request, r, &cause);
	if (request_watch(request) < 0)
		return error_set_errno(reterr, -ENOMEM, -ENOMEM, "out of memory");
	run_jobs(request);
	host->deadline_us = 0;
	request_unwatch(request);
	request->ran = true;
	return 0;
}
