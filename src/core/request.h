/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * request.h - which sessions are to be logged off, and how; and what is known of each while the procedure (procedure.c) ends it.
 *
 * request.c is the public calls that fill a request in and read its results; the procedure writes the jobs.
 */
#ifndef CORE_REQUEST_H
#define CORE_REQUEST_H

#include "core/host.h"

enum step {
	STEP_NEW,
	STEP_LEAVING,	/* its desktop has been asked to log its user off */
	STEP_LOOKING,	/* it has to be looked at again before it is asked */
	STEP_ASKING,
	STEP_WAITING,
	STEP_KILLING,
	STEP_DONE
};

struct job {
	struct logoff_session *session;
	struct host_ending ending;	/* of that session */
	enum logoff_why why;
	enum host_part part;
	enum step step;
	bool authorizing;		/* a proof of identity is under way: the clock stands */
	bool proving;			/* nothing but the proof was asked for */
	bool authorized;		/* it was given; ask interactively from now on */
	bool woken;			/* the empty session was woken by a kill once */
	bool forced;			/* processes had to be killed */
	bool addressed;			/* the message under way is for its user too */
	bool was_warned;		/* its user has been told at some time */
	bool warned;			/* its user has been told, or perhaps, that it will be logged off, and nothing else since */
	bool begun;			/* its time has begun */
	bool tried;			/* it has been looked for a desktop to be asked, and nobody does so any more */
	bool left;			/* its desktop has been asked, whatever came of it */
	unsigned n_told;		/* how much of what its desktop has said has been told */
	uint64_t find_us;		/* when the time to find the desktop is over */
	uint64_t leave_us;		/* when the desktop's time is over */
	bool sent;			/* it may have been asked to end: the host has not said no */
	bool recorded;
	bool gone;			/* the end of the session has been told; the manager's fate may be open */
	bool heard;			/* the notice of removal has been acted upon */
	bool alone;			/* only the caller and programs that wait for it are left in last_part */
	bool last_act;			/* there are such programs, or some that only the host may signal */
	enum host_part last_part;
	uint64_t start_us;
	uint64_t asked_us;		/* when the part was asked */
	uint64_t retry_us;		/* when to ask, or look, again; 0: not to */
	uint64_t beyond_us;		/* since when some of its own session's processes cannot be killed from here */
	int not_killed;			/* why the host did not kill it, to be said if it does not end by itself */
	uint64_t look_us;		/* when to look next */
	uint64_t interval_us;
	uint64_t empty_us;		/* since when nothing but the caller and those who wait for it is left; 0: not yet */
	uint64_t end_us;
	struct process_list seen;	/* as of the last look */
	bool unseen;			/* it could not see all of them */
	bool unproved;			/* a part is gone by the host's word alone: its processes could not be seen */
	bool unsure;			/* the host looks for many at once, and has yet to tell of this one */
	bool doubtful;			/* nor can anybody else: those that it has shown may be of another desktop */
	bool unasked;			/* such were seen, and nobody has asked them to end */
	int result;
	int exists;			/* 0, 1, or -1: could not be asked */
	enum logoff_state state;	/* if it exists */
	struct logoff_error cause;
	struct logoff_error record_cause;	/* unless recorded */
	bool has_outcome;		/* it was asked for */
	struct logoff_outcome outcome;
	const struct logoff_process **remaining; /* of the outcome */
};

struct logoff_request {
	struct logoff_host *host;
	struct job *jobs;
	size_t n_jobs;
	struct logoff_options how;	/* of logoff_request_run() */
	uint64_t grace_us, wait_us, warning_us;	/* the same times */
	bool begun, ran;
	bool cancelled;			/* no further session is asked */
	size_t turn;			/* which job is the first to be looked at again, lest one that hangs hides others */
};

/* Takes OPTIONS, which may be NULL and of another version. Returns 0, or -EINVAL with the cause. */
int request_take(struct logoff_request *request, const struct logoff_options *options, struct logoff_error *reterr);

/* Tell the caller's event function of a job, of its desktop, and of all sessions together. */
void request_tell(const struct logoff_request *request, const struct job *job, enum logoff_event_type type);
void request_tell_leaving(const struct logoff_request *request, const struct job *job, enum logoff_event_type type);
void request_tell_all(const struct logoff_request *request, enum logoff_event_type type, uint64_t remaining_us);

/* Has the back ends write the facts of the sessions being ended, each that of its host. Returns 0 or -ENOMEM. */
int request_watch(struct logoff_request *request);
void request_unwatch(struct logoff_request *request);

/*
 * Waits on the request's host, and looks after what is being ended on the one beside it (host.h), whose back end has its own
 * way to notice. Returns as the back end's wait() does.
 */
int request_wait(struct logoff_request *request, uint64_t until_us, struct logoff_error *reterr);

#endif
