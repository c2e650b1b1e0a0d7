/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * logoff.c - the one procedure: rules, ask, wait, kill, verify; for many sessions side by side, on any kind of host.
 *
 * If users are to be warned, that comes first, for all together (run_warning()).
 *
 * Each session is a job. A job ends first its session, then, if nobody else needs it, the service manager of its user,
 * by the same three steps:
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
#include "host/audit.h"
#include "host/host.h"

#define MS UINT64_C(1000)
#define SECOND (1000 * MS)

#define DEFAULT_GRACE_MS 10000
#define DEFAULT_WAIT_MS 60000

/* Unanswered questions a host gets at once. logind's bus drops replies beyond a few hundred. */
#define MAX_ASKING 64

/* How long an empty session may stay before it is woken by a kill. logind on cgroup v2 needs about 3 ms. */
#define EMPTY_US (50 * MS)

/* How long programs that only wait for the caller may stay before the last act. xrdp needs 65 ms to clean up. */
#define SETTLE_US (250 * MS)

/* Looks are taken at growing intervals; between them only news causes one. */
#define LOOK_SOON_US (2 * MS)
#define LOOK_LATER_US (50 * MS)
#define LOOK_MAX_US (400 * MS)

/* With so many sessions more, the longest interval is once more as long: looking must not keep the host from its work. */
#define LOOK_CROWD 100

/* The last warning before the end of the warning time. */
#define LAST_WARNING_US (10 * SECOND)

/* How long one message is shown that says that all is called off. */
#define CANCELLED_SHOWN_MS 30000

/* After the host's "ask again" (it is restarting). */
#define RETRY_US (100 * MS)

enum step {
	STEP_NEW,
	STEP_ASKING,
	STEP_WAITING,
	STEP_KILLING,
	STEP_DONE
};

struct job {
	struct logoff_session *session;
	enum logoff_why why;
	enum host_part part;
	enum step step;
	bool authorizing;		/* a proof of identity is under way: the clock stands */
	bool authorized;		/* it was given; ask interactively from now on */
	bool woken;			/* the empty session was woken by a kill once */
	bool forced;			/* processes had to be killed */
	bool addressed;			/* the message under way is for its user too */
	bool spared;			/* it is no longer what was meant */
	bool gone;			/* the end of the session has been told; the manager's fate may be open */
	bool heard;			/* the notice of removal has been acted upon */
	bool alone;			/* only the caller and programs that wait for it are left in last_part */
	bool last_act;			/* there are such programs */
	enum host_part last_part;
	uint64_t start_us;
	uint64_t asked_us;		/* when the part was asked */
	uint64_t retry_us;		/* when to ask again; 0: not to */
	uint64_t look_us;		/* when to look next */
	uint64_t interval_us;
	uint64_t empty_us;		/* since when nothing but the caller and those who wait for it is left; 0: not yet */
	uint64_t end_us;
	struct process_list seen;	/* as of the last look */
	bool unseen;			/* it could not see any */
	int result;
	int exists;			/* 0, 1, or -1: could not be asked */
	enum logoff_state state;	/* if it exists */
	struct logoff_error cause;
};

struct logoff_request {
	struct logoff_host *host;
	struct job *jobs;
	size_t n_jobs;
	uint64_t grace_us, wait_us;
	bool console;
	bool ran;
	int cancel_fd;
	logoff_event_func event;
	void *event_data;
	logoff_authorize_func authorize;
	void *authorize_data;
	uint64_t warning_us;		/* 0: nobody is warned */
	logoff_compose_func compose;
	logoff_still_func still;
	void *warning_data;
	void *still_data;
	char *reason;
};

/* ---- the request ---- */

int logoff_request_new(struct logoff_request **ret_request, struct logoff_host *host)
{
	struct logoff_request *request = calloc(1, sizeof(*request));

	if (!request)
		return -ENOMEM;
	request->host = host;
	request->cancel_fd = -1;
	logoff_request_set_times(request, DEFAULT_GRACE_MS, DEFAULT_WAIT_MS);
	*ret_request = request;
	return 0;
}

struct logoff_request *logoff_request_free(struct logoff_request *request)
{
	if (!request)
		return NULL;
	for (size_t i = 0; i < request->n_jobs; i++) {
		logoff_session_free(request->jobs[i].session);
		process_list_clear(&request->jobs[i].seen);
	}
	free(request->jobs);
	free(request->reason);
	free(request);
	return NULL;
}

int logoff_request_add(struct logoff_request *request, struct logoff_session *session, enum logoff_why why)
{
	struct job *jobs;

	for (size_t i = 0; i < request->n_jobs; i++) {
		if (strcmp(request->jobs[i].session->id, session->id) == 0) {
			if (why == LOGOFF_WHY_NAMED)
				request->jobs[i].why = why;
			logoff_session_free(session);
			return 0;
		}
	}
	jobs = reallocarray(request->jobs, request->n_jobs + 1, sizeof(*jobs));
	if (!jobs)
		return -ENOMEM;
	session_fill(session);	/* its identity */
	request->jobs = jobs;
	jobs[request->n_jobs++] = (struct job){ .session = session, .why = why, .exists = 1, .state = session->state };
	return 0;
}

void logoff_request_set_times(struct logoff_request *request, uint64_t grace_ms, uint64_t wait_ms)
{
	request->grace_us = grace_ms * MS;
	request->wait_us = wait_ms * MS;
}

void logoff_request_set_console(struct logoff_request *request, bool allowed)
{
	request->console = allowed;
}

void logoff_request_set_event_func(struct logoff_request *request, logoff_event_func func, void *userdata)
{
	request->event = func;
	request->event_data = userdata;
}

void logoff_request_set_authorize_func(struct logoff_request *request, logoff_authorize_func func, void *userdata)
{
	request->authorize = func;
	request->authorize_data = userdata;
}

void logoff_request_set_warning(struct logoff_request *request, uint64_t time_ms, logoff_compose_func compose,
				void *userdata)
{
	request->warning_us = time_ms * MS;
	request->compose = compose;
	request->warning_data = userdata;
}

void logoff_request_set_still(struct logoff_request *request, logoff_still_func still, void *userdata)
{
	request->still = still;
	request->still_data = userdata;
}

int logoff_request_set_reason(struct logoff_request *request, const char *text)
{
	char *reason = strdup(text);

	if (!reason)
		return -ENOMEM;
	free(request->reason);
	request->reason = reason;
	return 0;
}

void logoff_request_set_cancel_fd(struct logoff_request *request, int fd)
{
	request->cancel_fd = fd;
}

/* ---- looking ---- */

static void tell(struct logoff_request *request, const struct job *job, enum logoff_event_type type)
{
	struct logoff_event event = {
		.type = type,
		.session = job->session,
		.elapsed_us = request->host->now_us - job->start_us,
		.processes = job->seen.items,
		.n_processes = job->seen.n_items,
		.unseen = job->unseen,
	};

	if (request->event)
		request->event(&event, request->event_data);
}

static void tell_warned(struct logoff_request *request, const struct job *job, const struct logoff_delivery *delivery,
			uint64_t remaining_us)
{
	struct logoff_event event = {
		.type = LOGOFF_EVENT_WARNED,
		.session = job->session,
		.delivery = delivery,
		.remaining_us = remaining_us,
	};

	if (request->event)
		request->event(&event, request->event_data);
}

static void tell_countdown(struct logoff_request *request, uint64_t remaining_us)
{
	struct logoff_event event = { .type = LOGOFF_EVENT_COUNTDOWN, .remaining_us = remaining_us };

	if (request->event)
		request->event(&event, request->event_data);
}

/* Reads the processes of the job's part afresh. -EOPNOTSUPP: they cannot be seen from here. */
static int look(struct job *job, struct logoff_error *reterr)
{
	struct logoff_host *host = job->session->host;

	int r;

	process_list_clear(&job->seen);
	r = host->backend->processes(host, job->session, job->part, &job->seen, reterr);
	job->unseen = r == -EOPNOTSUPP;
	return r;
}

/* Tells whether PID is the caller or one of its ancestors, which cannot end before it. */
static bool waits_for_caller(pid_t pid)
{
	struct proc_stat stat = { .parent = getpid() };

	for (int depth = 0; depth < 100 && stat.parent > 1; depth++) {
		if (stat.parent == pid)
			return true;
		if (proc_read_stat(stat.parent, &stat) < 0)
			return false;
	}
	return false;
}

/* What a look at the processes of a part has shown. */
enum remainder {
	REMAINDER_NONE,		/* nobody */
	REMAINDER_CALLER,	/* the caller alone */
	REMAINDER_WAITING,	/* the caller and programs that wait for it */
	REMAINDER_OTHERS
};

static enum remainder what_is_left(const struct process_list *seen)
{
	bool caller = false;

	for (size_t i = 0; i < seen->n_items; i++)
		caller = caller || seen->items[i].pid == getpid();
	if (!caller)
		return seen->n_items == 0 ? REMAINDER_NONE : REMAINDER_OTHERS;
	if (seen->n_items == 1)
		return REMAINDER_CALLER;
	for (size_t i = 0; i < seen->n_items; i++)
		if (!waits_for_caller(seen->items[i].pid))
			return REMAINDER_OTHERS;
	return REMAINDER_WAITING;
}

/* ---- the end of a job ---- */

static void record(const struct logoff_request *request, const struct job *job)
{
	(void)audit_record(&(struct audit){
		.session = job->session,
		.result = job->result,
		.cause = &job->cause,
		.reason = request->reason,
		.forced = job->forced,
	}, NULL);
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
		tell(request, job, LOGOFF_EVENT_RESULT);
	}
}

/* Ends a job that has not reached its aim, with a true statement of what is left. */
static void give_up(struct logoff_request *request, struct job *job, int result)
{
	int r;

	(void)look(job, NULL);	/* what cannot be seen is not listed */
	if (job->session->host->backend->explain)
		job->session->host->backend->explain(&job->seen, job->session->host);
	r = host_session_exists(job->session, &job->state, NULL);
	job->exists = r < 0 ? -1 : r;
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

/* ---- asking ---- */

/* Sets the time of the next look; the end of the grace is always one. */
static void look_again(const struct logoff_request *request, struct job *job, uint64_t interval_us)
{
	uint64_t now = request->host->now_us;
	uint64_t kill_us = job->asked_us + request->grace_us;

	uint64_t most_us = LOOK_MAX_US * (1 + request->n_jobs / LOOK_CROWD);

	job->interval_us = interval_us < most_us ? interval_us : most_us;
	job->look_us = now + job->interval_us;
	if (job->step == STEP_WAITING && kill_us >= now && kill_us < job->look_us)
		job->look_us = kill_us;
}

static void ask(struct logoff_request *request, struct job *job)
{
	struct logoff_host *host = job->session->host;
	int r;

	job->step = STEP_ASKING;
	job->retry_us = 0;
	job->session->asked = HOST_PENDING;
	r = host->backend->ask(host, job->session, job->part, job->authorizing || job->authorized, &job->cause);
	if (r < 0)
		give_up(request, job, r);
}

static void start_part(struct logoff_request *request, struct job *job, enum host_part part)
{
	int r;

	job->part = part;
	job->empty_us = 0;
	job->woken = false;
	r = look(job, &job->cause);
	if (r < 0 && r != -EOPNOTSUPP) {
		give_up(request, job, r);
		return;
	}
	tell(request, job, part == HOST_SESSION ? LOGOFF_EVENT_ASK : LOGOFF_EVENT_MANAGER_ASK);
	ask(request, job);
}

static void start(struct logoff_request *request, struct job *job)
{
	int r;

	job->start_us = request->host->now_us;
	r = host_check_rules(job->session, request->console, &job->cause);
	if (r < 0)
		finish(request, job, r);
	else
		start_part(request, job, HOST_SESSION);
}

/* The part was asked and agreed: wait for its end. */
static void begin_waiting(struct logoff_request *request, struct job *job)
{
	struct logoff_host *host = request->host;
	bool empty = !job->unseen && what_is_left(&job->seen) != REMAINDER_OTHERS;
	bool polled = job->part == HOST_MANAGER || empty || job->session->current;

	if (job->authorizing) {
		job->authorizing = false;
		job->authorized = true;
		job->start_us = host->now_us;
	}
	job->step = STEP_WAITING;
	job->asked_us = host->now_us;
	look_again(request, job, polled ? LOOK_SOON_US : LOOK_LATER_US);
}

static bool somebody_authorizes(const struct logoff_request *request)
{
	for (size_t i = 0; i < request->n_jobs; i++)
		if (request->jobs[i].authorizing)
			return true;
	return false;
}

/*
 * The host refused. If a proof of identity would help it is asked for, one session at a time: what the first one
 * proves often serves the others (polkit keeps it for some minutes).
 */
static void refused(struct logoff_request *request, struct job *job)
{
	bool hopeful = job->session->may_authorize && !job->authorizing && request->authorize;

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
	ask(request, job);
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

	if (job->retry_us) {
		if (now >= job->retry_us)
			ask(request, job);
	} else if (asked == 0 || asked == -ENXIO) {
		begin_waiting(request, job);
		if (asked == -ENXIO)	/* it ended by itself meanwhile: look at once */
			job->look_us = now;
	} else if (asked == -EACCES) {
		refused(request, job);
	} else if (asked == -EAGAIN) {
		job->cause = job->session->asked_error;
		job->authorizing = false;	/* the clock goes on: the host may never come back */
		job->retry_us = now + RETRY_US;
	} else if (asked != HOST_PENDING) {
		failed(request, job);
	}
}

/* ---- waiting and killing ---- */

/* Tells whether another session of the user is being ended: then the last of them sees to the service manager. */
static bool is_followed(const struct logoff_request *request, const struct job *job)
{
	for (size_t i = 0; i < request->n_jobs; i++) {
		const struct job *other = &request->jobs[i];

		if (other != job && other->session->uid == job->session->uid && other->part == HOST_SESSION &&
		    other->step != STEP_DONE)
			return true;
	}
	return false;
}

static void manager_next(struct logoff_request *request, struct job *job)
{
	struct logoff_host *host = job->session->host;
	enum host_manager manager = HOST_MANAGER_NONE;
	int r = 0;

	if (host->backend->manager && !is_followed(request, job))
		r = host->backend->manager(host, job->session, &manager, &job->cause);
	if (r == -EAGAIN) {	/* the host is restarting: look at the session again and come back */
		look_again(request, job, RETRY_US);
		return;
	}
	if (r < 0) {
		give_up(request, job, r);
		return;
	}
	switch (manager) {
	case HOST_MANAGER_UNNEEDED:
		start_part(request, job, HOST_MANAGER);
		return;
	case HOST_MANAGER_NEEDED:
		tell(request, job, LOGOFF_EVENT_MANAGER_NEEDED);
		break;
	case HOST_MANAGER_LINGERS:
		tell(request, job, LOGOFF_EVENT_MANAGER_LINGERS);
		break;
	case HOST_MANAGER_NONE:
		break;
	}
	finish(request, job, 0);
}

/* The part is gone: on to the next, or to the end. */
static void part_gone(struct logoff_request *request, struct job *job)
{
	enum logoff_event_type gone = job->part == HOST_SESSION ? LOGOFF_EVENT_GONE : LOGOFF_EVENT_MANAGER_GONE;

	if (job->part == HOST_MANAGER || !job->gone)
		tell(request, job, job->alone && job->last_part == job->part ? LOGOFF_EVENT_ALONE : gone);
	job->gone = true;
	if (job->part == HOST_SESSION)
		manager_next(request, job);
	else
		finish(request, job, 0);
	if (job->step == STEP_DONE && job->result == 0 && job->last_act)
		last_act(request, job);
}

/* Nobody is left, or nobody can be seen: is the session itself gone? */
static bool is_verified(struct job *job)
{
	int exists;

	if (job->part == HOST_MANAGER)
		return true;
	exists = host_session_exists(job->session, &job->state, &job->cause);
	job->exists = exists < 0 ? -1 : exists;
	return exists == 0;
}

/* The host is woken by a kill that finds nobody. */
static void wake(struct logoff_request *request, struct job *job)
{
	struct logoff_host *host = job->session->host;
	int r = host->backend->kill(host, job->session, job->part, false, &job->cause);

	if (r == -EACCES || r == -EHOSTUNREACH)
		give_up(request, job, r);
}

/* The grace is over. A host without the means to kill is only waited for. Returns whether this is news to it. */
static bool kill_now(struct logoff_request *request, struct job *job)
{
	struct logoff_host *host = job->session->host;
	bool first = job->step == STEP_WAITING;
	int r = host->backend->kill(host, job->session, job->part, false, &job->cause);

	job->step = STEP_KILLING;
	if (r == -EOPNOTSUPP)
		return false;
	job->forced = job->forced || job->seen.n_items > 0 || job->unseen;
	if (first)
		tell(request, job, job->part == HOST_SESSION ? LOGOFF_EVENT_KILL : LOGOFF_EVENT_MANAGER_KILL);
	if (r == -EACCES || r == -EHOSTUNREACH)
		give_up(request, job, r);
	return first;
}

/* Looks at the part and says whether it is gone; remembers since when it has been as good as empty. */
static bool inspect(struct logoff_request *request, struct job *job, bool *ret_killable)
{
	uint64_t now = request->host->now_us;
	int r = look(job, &job->cause);
	enum remainder left = what_is_left(&job->seen);

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
	look_again(request, job, news ? LOOK_SOON_US : job->interval_us * 2);
}

/* ---- waiting ---- */

/* How often the sessions of a host beside the request's own are looked after while it waits for news of its own. */
#define BESIDE_US (20 * MS)

/*
 * Waits on the request's host, and looks after what is being ended on the one beside it (host.h), whose back end has its own
 * way to notice. Returns as the back end's wait() does.
 */
static int wait_for_news(struct logoff_request *request, uint64_t until_us, struct logoff_error *reterr)
{
	struct logoff_host *host = request->host, *beside = host->beside;
	int r;

	if (!beside || beside->n_watched == 0)
		return host->backend->wait(host, until_us, request->cancel_fd, reterr);
	if (until_us > host->now_us + BESIDE_US)
		until_us = host->now_us + BESIDE_US;
	r = host->backend->wait(host, until_us, request->cancel_fd, reterr);
	if (r >= 0)
		r = beside->backend->wait(beside, 0, -1, reterr);
	return r;
}

/* ---- warning ---- */

/*
 * Marks those to whom the next message goes: at first all, later only who is still there, as somebody else may have the
 * terminal by now of who is not; SPARED: only those of them who are spared.
 */
static void address(struct logoff_request *request, bool first, bool spared)
{
	for (size_t i = 0; i < request->n_jobs; i++) {
		struct job *job = &request->jobs[i];

		job->addressed = job->step == STEP_NEW && (!spared || job->spared) &&
				 (first || host_session_exists(job->session, NULL, NULL) != 0);
	}
}

/* Sends the users addressed the composed text. */
static void deliver(struct logoff_request *request, int64_t remaining_us)
{
	struct logoff_session **sessions = calloc(request->n_jobs, sizeof(struct logoff_session *));
	struct logoff_delivery *deliveries = calloc(request->n_jobs, sizeof(*deliveries));
	struct logoff_message message = { .timeout_ms = CANCELLED_SHOWN_MS };
	char text[2048] = "";
	size_t n = 0;

	for (size_t i = 0; sessions && i < request->n_jobs; i++)
		if (request->jobs[i].addressed)
			sessions[n++] = request->jobs[i].session;
	if (remaining_us >= 0)
		message.timeout_ms = (uint64_t)remaining_us / MS;
	message.text = text;
	if (n > 0 && deliveries) {
		request->compose(remaining_us, text, sizeof(text), request->warning_data);
		(void)logoff_host_message(request->host, &message, sessions, n, deliveries, -1, NULL);
	}
	for (size_t i = 0, k = 0; k < n && deliveries; i++) {
		if (!request->jobs[i].addressed)
			continue;
		if (remaining_us >= 0)
			tell_warned(request, &request->jobs[i], &deliveries[k], (uint64_t)remaining_us);
		k++;
	}
	free(sessions);
	free(deliveries);
}

/* Takes the session as it is now. One that is no longer what was meant is spared. */
static void refresh(struct logoff_request *request, struct job *job)
{
	struct logoff_host *host = job->session->host;
	struct logoff_session *now;

	if (job->step != STEP_NEW || host->backend->get(host, job->session->id, &now, NULL) < 0)
		return;	/* it is gone or cannot be asked: the procedure will find out which */
	if (session_is_other(now, job->session)) {
		/* It has ended by itself, and another one has its id. */
		logoff_session_free(now);
		job->start_us = request->host->now_us;
		tell(request, job, LOGOFF_EVENT_GONE);
		finish(request, job, 0);
		return;
	}
	logoff_session_free(job->session);
	job->session = now;
	job->spared = job->why == LOGOFF_WHY_SELECTED && request->still &&
		      request->still(now, request->still_data) != 0;
}

/* Leaves those alone who are spared, and tells them all together before anybody is logged off. */
static void leave_alone(struct logoff_request *request)
{
	address(request, false, true);
	deliver(request, -1);
	for (size_t i = 0; i < request->n_jobs; i++) {
		struct job *job = &request->jobs[i];

		if (job->step != STEP_NEW || !job->spared)
			continue;
		job->start_us = request->host->now_us;
		finish(request, job, -ESTALE);
	}
}

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

/* The next time after NOW at which the users are warned again: at half of the time and 10 s before its end. */
static uint64_t next_warning(const struct logoff_request *request, uint64_t end_us, uint64_t now)
{
	uint64_t half = end_us - request->warning_us / 2, last = end_us - LAST_WARNING_US;

	if (request->warning_us <= LAST_WARNING_US)
		return UINT64_MAX;
	if (half > now && half < last)
		return half;
	return last > now ? last : UINT64_MAX;
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
			address(request, first, false);
			deliver(request, (int64_t)(end_us - host->now_us));
			first = false;
			warn_us = next_warning(request, end_us, host->now_us);
		}
		tell_countdown(request, end_us - host->now_us);
		tick_us = host->now_us + SECOND < end_us ? host->now_us + SECOND : end_us;
		do {
			r = wait_for_news(request, tick_us, reterr);
			if (r < 0) {
				address(request, false, false);
				deliver(request, -1);
				return r;
			}
		} while (host->now_us < tick_us);
	}
	for (size_t i = 0; i < request->n_jobs; i++)
		refresh(request, &request->jobs[i]);
	leave_alone(request);
	return 0;
}

/* ---- the loop ---- */

static void step(struct logoff_request *request, struct job *job)
{
	if (job->step == STEP_ASKING)
		step_asking(request, job);
	if (job->step == STEP_WAITING || job->step == STEP_KILLING)
		step_ending(request, job);
	if (job->step == STEP_NEW || job->step == STEP_DONE || job->authorizing)
		return;
	if (request->host->now_us < job->start_us + request->wait_us)
		return;
	if (job->step == STEP_ASKING && job->session->asked == HOST_PENDING)
		(void)error_set_errno(&job->cause, 0, -ETIMEDOUT, "the host has not answered");
	give_up(request, job, -ETIMEDOUT);
}

/* When this job needs attention next, if nothing is heard before. */
static uint64_t next_time(const struct logoff_request *request, const struct job *job)
{
	uint64_t next = job->authorizing ? UINT64_MAX : job->start_us + request->wait_us;
	int asked = job->session->asked;

	if (job->step == STEP_ASKING && job->retry_us && job->retry_us < next)
		next = job->retry_us;
	/* Answered at once. A refusal may have to wait until another session's authorization is settled. */
	if (job->step == STEP_ASKING && !job->retry_us && asked != HOST_PENDING && asked != -EACCES)
		next = 0;
	if ((job->step == STEP_WAITING || job->step == STEP_KILLING) && job->look_us < next)
		next = job->look_us;
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

/* Starts jobs while there is room; own sessions only after all others. */
static void start_some(struct logoff_request *request)
{
	size_t n_asking = 0, n_others = 0;

	for (size_t i = 0; i < request->n_jobs; i++) {
		const struct job *job = &request->jobs[i];

		n_asking += job->step == STEP_ASKING;
		n_others += job->step != STEP_DONE && !job->session->current;
	}
	for (size_t i = 0; i < request->n_jobs && n_asking < MAX_ASKING; i++) {
		struct job *job = &request->jobs[i];

		if (job->step != STEP_NEW || (job->session->current && n_others > 0))
			continue;
		start(request, job);
		n_asking += job->step == STEP_ASKING;
	}
}

/* Steps every job; returns whether any is unfinished and when the next one needs attention. */
static bool step_all(struct logoff_request *request, uint64_t *ret_next_us)
{
	bool unfinished = false;

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

static bool has_new(const struct logoff_request *request)
{
	size_t n_new = 0, n_asking = 0;

	for (size_t i = 0; i < request->n_jobs; i++) {
		n_new += request->jobs[i].step == STEP_NEW;
		n_asking += request->jobs[i].step == STEP_ASKING;
	}
	return n_new > 0 && n_asking == 0;
}

static void give_up_all(struct logoff_request *request, int result, const struct logoff_error *cause)
{
	for (size_t i = 0; i < request->n_jobs; i++) {
		struct job *job = &request->jobs[i];

		if (job->step == STEP_DONE)
			continue;
		job->cause = *cause;
		if (job->step == STEP_NEW)
			job->start_us = request->host->now_us;
		give_up(request, job, result);
	}
}

static void run_jobs(struct logoff_request *request)
{
	struct logoff_error cause = {};
	uint64_t next_us;
	int r;

	while (step_all(request, &next_us)) {
		if (has_new(request) && next_us == UINT64_MAX)
			continue;
		r = wait_for_news(request, next_us, &cause);
		if (r < 0)
			give_up_all(request, r, &cause);
	}
}

static void unwatch(struct logoff_host *host)
{
	free(host->watched);
	host->watched = NULL;
	host->n_watched = 0;
}

/* The facts of the sessions being ended are written while they are watched, each by the back end of its host. */
static int watch(struct logoff_request *request, struct logoff_host *host)
{
	struct logoff_session **watched = calloc(request->n_jobs + 1, sizeof(struct logoff_session *));

	if (!watched)
		return -ENOMEM;
	host->n_watched = 0;
	for (size_t i = 0; i < request->n_jobs; i++)
		if (request->jobs[i].session->host == host)
			watched[host->n_watched++] = request->jobs[i].session;
	host->watched = watched;
	return 0;
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
	if (r < 0)
		give_up_all(request, r, &cause);
	if (watch(request, host) < 0 || (host->beside && watch(request, host->beside) < 0))
		return error_set_errno(reterr, -ENOMEM, -ENOMEM, "out of memory");
	run_jobs(request);
	host->deadline_us = 0;
	unwatch(host);
	if (host->beside)
		unwatch(host->beside);
	request->ran = true;
	return 0;
}

/* ---- results ---- */

static const struct job *job_at(const struct logoff_request *request, size_t i)
{
	return i < request->n_jobs ? &request->jobs[i] : NULL;
}

size_t logoff_request_count(const struct logoff_request *request)
{
	return request->n_jobs;
}

const struct logoff_session *logoff_request_session(const struct logoff_request *request, size_t i)
{
	const struct job *job = job_at(request, i);

	return job ? job->session : NULL;
}

int logoff_request_result(const struct logoff_request *request, size_t i, const struct logoff_error **ret_cause)
{
	const struct job *job = job_at(request, i);

	if (!job || !request->ran)
		return -EINVAL;
	if (ret_cause)
		*ret_cause = &job->cause;
	return job->result;
}

size_t logoff_request_left(const struct logoff_request *request, size_t i, const struct logoff_process **ret_processes,
			   int *ret_session_exists)
{
	const struct job *job = job_at(request, i);

	if (ret_session_exists)
		*ret_session_exists = job ? job->exists : -1;
	if (!job)
		return 0;
	*ret_processes = job->seen.items;
	return job->seen.n_items;
}

bool logoff_request_forced(const struct logoff_request *request, size_t i)
{
	const struct job *job = job_at(request, i);

	return job && job->forced;
}

enum logoff_state logoff_request_state(const struct logoff_request *request, size_t i)
{
	const struct job *job = job_at(request, i);

	return job ? job->state : LOGOFF_STATE_CLOSING;
}

bool logoff_request_is_manager(const struct logoff_request *request, size_t i)
{
	const struct job *job = job_at(request, i);

	return job && job->part == HOST_MANAGER;
}

uint64_t logoff_request_elapsed_us(const struct logoff_request *request, size_t i)
{
	const struct job *job = job_at(request, i);

	return job ? job->end_us - job->start_us : 0;
}
