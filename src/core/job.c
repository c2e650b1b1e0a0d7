/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * job.c - see job.h. One file of more than 800 lines, because it is one machine of states: each part of it goes on in another.
 *
 * A job first has the desktop of the session, if there is one, log its user off (LEAVING): programs then save what they would not
 * save upon a signal. What comes of that decides nothing. Then the job ends the session and, if no other session needs it, the
 * service manager of the user, by the same three steps:
 *
 *     ASKING ──answered──▶ WAITING ──grace over──▶ KILLING
 *        │                    └───── part is gone ────┴──▶ next part, or DONE
 *        └─refused──▶ DONE
 *
 * The back end writes facts (backend.h), and the job acts on them. A part counts as gone only when the back end looked for its
 * processes and found none, and, for a session, when the host no longer knows it: the host's notice of the end is a reason to look,
 * never the proof. Some hosts keep an empty session (cgroup v1 gives no notice of emptiness); a kill that reaches no process makes
 * them notice.
 *
 * The caller's own session cannot end before the caller does. It counts as gone when only the caller is left. Programs that wait for
 * the caller (its shell, sudo) cannot end before it either: they are left to the last act, which kills the session with the caller
 * in it. Own sessions therefore come after all others.
 *
 * JOB_MOMENT_US is less than a program needs to answer a question and logind to start again with ids from c1: both were seen in
 * 180 ms.
 */
#include "core/job.h"

#include <errno.h>

#include "base/error.h"
#include "base/os.h"
#include "core/meaning.h"
#include "core/result.h"
#include "core/warning.h"

#define MS UINT64_C(1000)

/* How long an empty session may stay before a kill reminds its host. logind on cgroup v2 needs about 3 ms. */
#define EMPTY_US (50 * MS)

/* How long programs that only wait for the caller may stay before the last act. xrdp needs 65 ms to clean up. */
#define SETTLE_US (250 * MS)

/*
 * How long a desktop has to be without programs: its service manager may start a killed service again (Restart=), after 100 ms
 * unless its unit says otherwise, until that has happened too often.
 */
#define RESTART_US (300 * MS)

/*
 * How long a session has to end by itself when its desktop has ended. Half a second is enough, but not on a busy host; GNOME needs
 * longer if it gets a signal meanwhile.
 */
#define SETTLED_US (3000 * MS)

/* How long it may take to find the desktop that can be asked. Its user may see to it that their bus never answers. */
#define FIND_US (5000 * MS)

/* Looks are taken at growing intervals; between them only an event causes one. */
#define LOOK_SOON_US (2 * MS)
#define LOOK_LATER_US (50 * MS)
#define LOOK_MAX_US (400 * MS)

/* ---- looking ---- */

/* Reads the processes of the job's part afresh. -EOPNOTSUPP: they cannot be seen from here. */
static int look_at_processes(struct job *job, struct logoff_error *reterr)
{
	struct logoff_host *host = job->session->host;
	int r;

	process_list_clear(&job->seen);
	r = host->backend->processes(host, job->session, job->part, &job->seen, reterr);
	job->unseen = r < 0 && r != -EAGAIN && r != -ENODATA;
	job->doubtful = r == -ENODATA;
	job->unsure = r == -EAGAIN || job->doubtful;
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

static void write_record(const struct logoff_request *request, struct job *job)
{
	struct logoff_host *host = job->session->host;
	struct host_record record = {
		.session = job->session,
		.result = job->result,
		.cause = &job->cause,
		.reason = request->how.reason,
		.actor = request->how.actor,
		.actor_sid = request->how.actor_sid,
		.actor_address = request->how.actor_address,
		.run = request->how.run,
		.forced = job->forced,
	};

	job->record_cause = (struct logoff_error){};
	job->recorded = host->backend->record(host, &record, &job->record_cause) >= 0;
}

void job_begin(struct logoff_request *request, struct job *job)
{
	if (!job->begun)
		job->start_us = request->host->now_us;
	job->begun = true;
}

void job_finish(struct logoff_request *request, struct job *job, int result)
{
	struct logoff_host *host = request->host;

	job->step = STEP_DONE;
	job->authorizing = false;	/* or others would wait for this proof for ever */
	job->result = result;
	(void)result_of(result, &job->cause);
	job->end_us = host->now_us;
	if (result >= 0) {
		job->exists = 0;
		process_list_clear(&job->seen);
	}
	if (!job->last_act || result < 0) {
		write_record(request, job);
		request_tell(request, job, LOGOFF_EVENT_RESULT);
	}
}

/* Asks whether the session exists, and what it is doing. */
static void find_out(struct job *job, struct logoff_error *reterr)
{
	int r = host_session_exists(job->session, &job->state, reterr);

	job->exists = r < 0 ? -1 : r;
}

void job_give_up(struct logoff_request *request, struct job *job, int result)
{
	(void)look_at_processes(job, NULL);	/* what cannot be seen is not listed */
	job->session->host->backend->explain(&job->seen, job->session->host);
	find_out(job, NULL);
	job_finish(request, job, result);
}

static void last_act(struct logoff_request *request, struct job *job)
{
	struct logoff_host *host = job->session->host;
	int r;

	job->part = job->last_part;
	(void)look_at_processes(job, NULL);
	write_record(request, job);	/* now or never */
	r = host->backend->kill(host, job->session, job->part, true, &job->cause);
	/* This is only reached if the host refused to kill the caller. */
	job_give_up(request, job, r == -EPERM ? -EACCES : r < 0 ? r : -ETIMEDOUT);
}

/*
 * Ends a job that cannot reach its aim. If nobody but the caller is left in the caller's own session it ends all the same, as was said:
 * the result stands in its record.
 */
static void give_up(struct logoff_request *request, struct job *job, int result)
{
	if (!job->last_act) {
		job_give_up(request, job, result);
		return;
	}
	job->step = STEP_DONE;
	job->result = result;
	job->end_us = request->host->now_us;
	last_act(request, job);
}

/* Ends a job that has reached its aim. */
static void complete_job(struct logoff_request *request, struct job *job)
{
	job_finish(request, job, 0);
	if (job->last_act)
		last_act(request, job);
}

static void manager_next(struct logoff_request *request, struct job *job);
static void begin_waiting(struct logoff_request *request, struct job *job);
static void postpone(struct logoff_request *request, struct job *job);

void job_end_by_itself(struct logoff_request *request, struct job *job)
{
	job_begin(request, job);
	(void)look_at_processes(job, NULL);	/* only for the back end to know the service manager */
	process_list_clear(&job->seen);
	request_tell(request, job, LOGOFF_EVENT_GONE);
	job->gone = true;
	job->step = STEP_WAITING;
	manager_next(request, job);
}

void job_spare(struct logoff_request *request, struct job *job)
{
	job_begin(request, job);
	process_list_clear(&job->seen);
	job_finish(request, job, -ESTALE);
}

/* ---- asking ---- */

/* Sets the time of the next look; the end of the grace is always one. */
static void look_again(const struct logoff_request *request, struct job *job, uint64_t interval_us)
{
	uint64_t now = request->host->now_us;
	uint64_t kill_us = job->asked_us + request->grace_us;

	uint64_t most_us = LOOK_MAX_US * (1 + request->n_jobs / JOB_CROWD);

	job->interval_us = interval_us < most_us ? interval_us : most_us;
	job->look_us = now + job->interval_us;
	if (job->step == STEP_WAITING && kill_us > now && kill_us < job->look_us)
		job->look_us = kill_us;
}

static void ask_part(struct logoff_request *request, struct job *job)
{
	struct logoff_host *host = job->session->host;
	int r;

	job->step = STEP_ASKING;
	job->retry_us = 0;
	job->sent = !job->authorizing;	/* before the proof it is refused */
	job->ending.asked = HOST_PENDING;
	r = host->backend->ask(host, job->session, job->part, job->authorizing || job->authorized, &job->cause);
	if (r >= 0)
		return;
	job->sent = false;
	give_up(request, job, r);
}

/* The events of each part. */
static const struct {
	enum logoff_event_type ask, kill, gone;
} part_events[] = {
	[HOST_SESSION] = { LOGOFF_EVENT_ASK, LOGOFF_EVENT_KILL, LOGOFF_EVENT_GONE },
	[HOST_DESKTOP] = { LOGOFF_EVENT_DESKTOP_ASK, LOGOFF_EVENT_DESKTOP_KILL, LOGOFF_EVENT_DESKTOP_GONE },
	[HOST_MANAGER] = { LOGOFF_EVENT_MANAGER_ASK, LOGOFF_EVENT_MANAGER_KILL, LOGOFF_EVENT_MANAGER_GONE },
};

/* Tells whether OTHER is to end another session of the user. Not one of the host beside, which knows of no service managers. */
static bool is_beside(const struct job *job, const struct job *other)
{
	return other != job && other->session->host == job->session->host && other->session->uid == job->session->uid &&
	       other->part == HOST_SESSION && other->step != STEP_DONE;
}

/* Tells whether another session of the user is being ended: then the last of them sees to the service manager. */
static bool is_followed(const struct logoff_request *request, const struct job *job)
{
	for (size_t i = 0; i < request->n_jobs; i++)
		if (is_beside(job, &request->jobs[i]))
			return true;
	return false;
}

int job_rank(const struct job *job)
{
	return job->session->current ? 2 : job->session->own != OWN_NO ? 1 : 0;
}

/*
 * Tells whether another desktop of the user is being ended, or will be without JOB being over: then it may be known whose the
 * programs are of which nobody can tell now.
 */
static bool may_be_told(const struct logoff_request *request, const struct job *job)
{
	for (size_t i = 0; i < request->n_jobs; i++) {
		const struct job *other = &request->jobs[i];

		if (is_beside(job, other) && other->session->graphical &&
		    (other->step != STEP_NEW || job_rank(other) <= job_rank(job)))
			return true;
	}
	return false;
}

/* Looks at the processes of the part. Returns whether it may be asked to end; else the job is over. */
static bool may_ask(struct logoff_request *request, struct job *job)
{
	int r = look_at_processes(job, &job->cause);

	if (r < 0 && r != -EOPNOTSUPP && r != -EAGAIN && !(r == -ENODATA && may_be_told(request, job))) {
		give_up(request, job, r);
		return false;
	}
	r = job->part == HOST_SESSION ? session_check_rules(job->session, request->how.console, &job->cause) : 0;
	if (r < 0)	/* its processes show that others are in it */
		job_finish(request, job, r);
	return r >= 0;
}

static void start_part(struct logoff_request *request, struct job *job, enum host_part part)
{
	job->part = part;
	job->empty_us = 0;
	job->woken = false;
	if (!may_ask(request, job))
		return;
	/* Not every desktop has the manager run anything. Unknown is not none. */
	if (part == HOST_DESKTOP && job->seen.n_items == 0 && !job->unsure && !job->unseen) {
		manager_next(request, job);
		return;
	}
	job->unasked = job->doubtful;
	if (job->doubtful) {	/* the last desktop has them asked */
		begin_waiting(request, job);
		return;
	}
	request_tell(request, job, part_events[part].ask);
	ask_part(request, job);
}

/* ---- the desktop's own log-off ---- */

/* Not where nobody is to have time, and not for what is or may be the caller's own: the caller may be one of the programs it ends. */
static bool may_leave(const struct logoff_request *request, const struct job *job)
{
	return !request->how.no_desktop && !job->tried && request->grace_us > 0 && job->session->graphical &&
	       job->session->own == OWN_NO && !job->session->current;
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
static bool ask_desktop_to_leave(struct logoff_request *request, struct job *job)
{
	struct logoff_host *host = job->session->host;
	uint64_t time_us = share_us(request, job);
	int r;

	job->part = HOST_SESSION;
	job->tried = true;
	(void)look_at_processes(job, NULL);
	if (session_check_rules(job->session, request->how.console, NULL) < 0)	/* others are in it: said when the session is asked */
		return false;
	r = time_us > 0 ? host->backend->leave(host, job->session, time_us, &job->ending.leave.error) : -EOPNOTSUPP;
	/* That there is no desktop, or only its user may ask it, is no failure. */
	if (r < 0 && r != -EOPNOTSUPP && r != -EACCES)
		request_tell_leaving(request, job, LOGOFF_EVENT_LEAVE_FAILED);
	if (r < 0)
		return false;
	job->step = STEP_LEAVING;
	job->leave_us = host->now_us + time_us;
	job->find_us = host->now_us + (time_us < FIND_US ? time_us : FIND_US);
	return true;
}

/* Tells that the desktop has been asked, once that is known. From then on the session may end by it. */
static void note_asked(const struct logoff_request *request, struct job *job)
{
	if (*job->ending.leave.desktop == '\0' || job->left)
		return;
	job->left = job->sent = true;
	request_tell_leaving(request, job, LOGOFF_EVENT_LEAVE_ASK);
}

void job_stop_leaving(const struct logoff_request *request, struct job *job)
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

	if (exists > 0 && !job->left && now - job->session->looked_us >= JOB_MOMENT_US) {
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

	if (!job->ending.leave.ended)
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
	struct host_leave *facts = &job->ending.leave;
	uint64_t now = request->host->now_us;
	bool late;

	note_asked(request, job);
	if (facts->n_held > job->n_told)
		request_tell_leaving(request, job, LOGOFF_EVENT_LEAVE_HELD);
	job->n_told = facts->n_held;
	if (now < leave_end_us(job) && !job->ending.removed && facts->result >= 0 && (facts->result > 0 || !has_settled(request, job)))
		return;
	late = facts->result == HOST_PENDING && !job->ending.removed;
	if (!job->left) {
		job_stop_leaving(request, job);
		if (job->left)
			return;
	}
	if (late)
		(void)error_set_errno(&facts->error, 0, -ETIMEDOUT, job->left ? "its time is over" :
				      "whether there is one cannot be told in time");
	if (job->left && (job->ending.removed || facts->result == 0))
		request_tell_leaving(request, job, LOGOFF_EVENT_LEAVE_DONE);
	else if (job->left || (facts->error.text[0] && !job->ending.removed))
		request_tell_leaving(request, job, LOGOFF_EVENT_LEAVE_FAILED);
	after_leaving(request, job);
}

/* ---- the session ---- */

void job_start(struct logoff_request *request, struct job *job)
{
	int r;

	job_begin(request, job);
	r = session_check_rules(job->session, request->how.console, &job->cause);
	if (r < 0)
		job_finish(request, job, r);
	else if (!may_leave(request, job) || !ask_desktop_to_leave(request, job))
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
	*ret_manager = HOST_MANAGER_NONE;
	return whether_told(host->backend->manager(host, job->session, ret_manager, &job->cause));
}

/* The service manager is there for somebody, or not at all: nothing is done about it. */
static void leave_manager(struct logoff_request *request, struct job *job, enum host_manager manager)
{
	if (manager == HOST_MANAGER_NEEDED)
		request_tell(request, job, LOGOFF_EVENT_MANAGER_NEEDED);
	else if (manager == HOST_MANAGER_LINGERS)
		request_tell(request, job, LOGOFF_EVENT_MANAGER_LINGERS);
	complete_job(request, job);
}

/* It cannot be told now whether to ask again. The clock goes on: the host may never come back. */
static void postpone(struct logoff_request *request, struct job *job)
{
	job->step = STEP_ASKING;
	job->authorizing = false;
	job->retry_us = request->host->now_us + JOB_RETRY_US;
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
		ask_part(request, job);
	} else if (manager == HOST_MANAGER_NONE || manager == HOST_MANAGER_ENDING) {	/* look at once whether it has ended */
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
		if (may_ask(request, job))	/* others may have come into it meanwhile */
			ask_part(request, job);
		break;
	case MEANING_CHANGED:
		job->cause = (struct logoff_error){};
		job_spare(request, job);
		break;
	case MEANING_OTHER:
		job_end_by_itself(request, job);
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

/*
 * A session that a condition has selected is looked at once more when the proof is given, and only then asked to end. A host that
 * cannot ask for the proof alone is asked to end the session.
 */
static void ask_for_proof(struct logoff_request *request, struct job *job)
{
	struct logoff_host *host = job->session->host;
	int r = -EOPNOTSUPP;

	if (job->why == LOGOFF_WHY_SELECTED && request->how.still) {
		job->proving = true;
		job->ending.asked = HOST_PENDING;
		r = host->backend->prove(host, job->session, &job->cause);
	}
	if (r >= 0)
		return;
	job->proving = false;
	if (r == -EOPNOTSUPP)
		ask_again(request, job);
	else
		give_up(request, job, r);
}

static void act_on_proof(struct logoff_request *request, struct job *job)
{
	job->proving = false;
	if (job->ending.asked == 0) {
		ask_again(request, job);
		return;
	}
	job->cause = job->ending.asked_error;
	give_up(request, job, -EACCES);
}

/*
 * The host refused. If a proof of identity would help it is asked for, one session at a time: what the first one
 * proves often serves the others (polkit keeps it for some minutes).
 */
static void act_on_refusal(struct logoff_request *request, struct job *job)
{
	bool hopeful = job->ending.may_authorize && !job->authorizing && request->how.authorize && !request->cancelled;

	job->sent = false;
	if (hopeful && somebody_authorizes(request)) {
		job->start_us = request->host->now_us;
		return;
	}
	if (!hopeful || request->how.authorize(request->how.authorize_data) != 0) {
		job->authorizing = false;
		job->cause = job->ending.asked_error;
		give_up(request, job, -EACCES);
		return;
	}
	job->authorizing = true;
	ask_for_proof(request, job);
}

/* The host could not ask it, for no reason that we know. If that is because it has ended meanwhile, all is well. */
static void act_on_failure(struct logoff_request *request, struct job *job)
{
	if (job->part == HOST_SESSION && host_session_exists(job->session, NULL, NULL) == 0) {
		begin_waiting(request, job);
		job->look_us = request->host->now_us;
		return;
	}
	job->cause = job->ending.asked_error;
	give_up(request, job, job->ending.asked);
}

static void step_asking(struct logoff_request *request, struct job *job)
{
	uint64_t now = request->host->now_us;
	int asked = job->ending.asked;

	if (job->proving) {
		if (asked != HOST_PENDING)
			act_on_proof(request, job);
	} else if (job->retry_us) {
		if (now >= job->retry_us)
			ask_again(request, job);
	} else if (asked == 0 || asked == -ENXIO) {
		begin_waiting(request, job);
		if (asked == -ENXIO)	/* it ended by itself meanwhile: look at once */
			job->look_us = now;
	} else if (asked == -EACCES) {
		act_on_refusal(request, job);
	} else if (asked == -EAGAIN) {
		job->cause = job->ending.asked_error;
		job->sent = true;	/* as far as we know */
		postpone(request, job);
	} else if (asked != HOST_PENDING) {
		act_on_failure(request, job);
	}
}

/* ---- waiting and killing ---- */

/* Tells whether programs of the session's desktop may be left in the service manager. Returns as whether_told(). */
static int ask_desktop(struct job *job, bool *ret_has)
{
	struct logoff_host *host = job->session->host;

	*ret_has = false;
	return whether_told(host->backend->desktop(host, job->session, ret_has, &job->cause));
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
		job->look_us = request->host->now_us + JOB_RETRY_US;
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
	job->cause = (struct logoff_error){};	/* the host's word that there is no such session is no cause of what follows */
	job->unproved = job->unproved || job->unseen;
	if (job->part == HOST_MANAGER)
		complete_job(request, job);
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

	job->not_killed = r == -EACCES || r == -EHOSTUNREACH || r == -EKEYREJECTED ? r : 0;
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
static void wake_host(struct logoff_request *request, struct job *job)
{
	struct logoff_host *host = job->session->host;

	note_kill(request, job, host->backend->kill(host, job->session, job->part, false, &job->cause));
}

/* Whether the service manager may be killed: the user may have come back since it was asked, and need it. */
static bool is_unneeded(struct logoff_request *request, struct job *job)
{
	enum host_manager manager;
	int r = ask_fate(job, &manager);

	if (r < 0)
		give_up(request, job, r);
	else if (r > 0 && (manager == HOST_MANAGER_NEEDED || manager == HOST_MANAGER_LINGERS))
		leave_manager(request, job, manager);
	else	/* one that has just ended may have been followed by another */
		return r > 0 && manager != HOST_MANAGER_NONE;
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
	if (r == -EOPNOTSUPP)	/* not now; another time, perhaps */
		return false;
	if (r == -EHOSTUNREACH || r == -EKEYREJECTED) {	/* the host has not got it, so it is not told */
		note_kill(request, job, r);
		return false;
	}
	job->forced = job->forced || job->seen.n_items > 0 || job->unseen || job->unsure;	/* -EACCES: some of them, perhaps */
	job->step = STEP_KILLING;
	if (first)
		request_tell(request, job, part_events[job->part].kill);
	note_kill(request, job, r);
	return first;
}

/*
 * Looks at the part. Of programs of which nobody can tell which desktop has started them it may be known when another of the
 * user's desktops has ended; if none is being ended, the job is over.
 */
static int look_at_part(struct logoff_request *request, struct job *job)
{
	struct logoff_host *host = job->session->host;
	int r = look_at_processes(job, &job->cause);
	bool has_desktop;

	job->unasked = job->unasked || r == -ENODATA;
	if (r == -ENODATA) {
		if (host->backend->desktop(host, job->session, &has_desktop, &job->cause) < 0)
			return r;	/* not known now */
		r = look_at_processes(job, &job->cause);
	}
	if (r == -ENODATA && !may_be_told(request, job)) {
		give_up(request, job, r);
	} else if (r >= 0 && job->unasked && job->seen.n_items > 0) {	/* they have a grace of their own */
		job->unasked = false;
		request_tell(request, job, part_events[job->part].ask);
		ask_part(request, job);
		r = -ENODATA;
	}
	return job->unasked && r < 0 && r != -EOPNOTSUPP ? -ENODATA : r;	/* what was not asked is not killed */
}

/* Looks at the part and says whether it is gone; remembers since when it has been as good as empty. */
static bool inspect_part(struct logoff_request *request, struct job *job, bool *ret_killable)
{
	uint64_t now = request->host->now_us;
	int r = look_at_part(request, job);
	enum remainder left = remainder_of(&job->seen);

	*ret_killable = r != -ENODATA;
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
			wake_host(request, job);
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
	bool news = job->ending.removed && !job->heard;
	bool killable;

	if (!news && now < job->look_us)
		return;
	if (job->gone && job->part == HOST_SESSION) {	/* it is only the service manager about which nothing is known yet */
		manager_next(request, job);
		return;
	}
	job->heard = job->ending.removed;
	if (inspect_part(request, job, &killable)) {
		part_gone(request, job);
		return;
	}
	if (job->step == STEP_DONE || job->step == STEP_ASKING)
		return;
	if (grace_over && killable)
		news = kill_now(request, job) || news;
	if (job->step == STEP_DONE)
		return;
	look_again(request, job, news ? LOOK_SOON_US : job->unsure ? LOOK_LATER_US : job->interval_us * 2);
}

/* ---- one step ---- */

/* The time of a job is over. */
static void run_out(struct logoff_request *request, struct job *job)
{
	if (job->step == STEP_LOOKING && job->why == LOGOFF_WHY_SELECTED) {
		find_out(job, NULL);
		job_spare(request, job);
		warn_call_off(request);
		return;
	}
	if (job->step == STEP_LOOKING) {
		give_up(request, job, -ETIMEDOUT);
		warn_call_off(request);
		return;
	}
	if (job->gone && job->part == HOST_SESSION) {	/* it could not be told whether its service manager is needed */
		job->part = HOST_MANAGER;
		if (look_at_processes(job, NULL) < 0 || job->seen.n_items == 0)
			job->part = HOST_SESSION;
	}
	if (job->step == STEP_ASKING && job->ending.asked == HOST_PENDING)
		(void)error_set_errno(&job->cause, 0, -ETIMEDOUT, "the host has not answered");
	give_up(request, job, job->not_killed ? job->not_killed : -ETIMEDOUT);
}

void job_step(struct logoff_request *request, struct job *job)
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

uint64_t job_next_time(const struct logoff_request *request, const struct job *job)
{
	uint64_t next = job->authorizing ? UINT64_MAX : job->start_us + request->wait_us;
	int asked = job->ending.asked;

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
