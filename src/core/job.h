/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * job.h - the way of one session from "is to be ended" to "ended, and verified", in steps that never wait.
 *
 * procedure.c owns the loop: it starts jobs, waits for the host, and calls job_step() for each. None of these functions blocks for
 * longer than the host's answer to one question.
 */
#ifndef CORE_JOB_H
#define CORE_JOB_H

#include "core/request.h"

/* A session that was looked up longer ago is looked up again before its host is asked to end it. Reason: see job.c. */
#define JOB_MOMENT_US UINT64_C(50000)

/* The pause before a question that the host could not answer is asked again. */
#define JOB_RETRY_US UINT64_C(100000)

/* The longest pause between two looks grows by its own length for so many sessions: looks must not take the host's time. */
#define JOB_CROWD 100

/* Starts the clock of JOB, if it does not run yet. */
void job_begin(struct logoff_request *request, struct job *job);

/* Checks the rules, and has the desktop or the host asked. */
void job_start(struct logoff_request *request, struct job *job);

/* The order in which sessions end: first those of others, last the one in which the caller runs. */
int job_rank(const struct job *job);

/* Acts on what the back end has told since the last step, and on what time it is. */
void job_step(struct logoff_request *request, struct job *job);

/* When JOB needs its next step if the host tells nothing before; UINT64_MAX: not by itself. */
uint64_t job_next_time(const struct logoff_request *request, const struct job *job);

/* The logon that was meant has ended by itself, and another one has its id: no other session is ended. */
void job_end_by_itself(struct logoff_request *request, struct job *job);

/* Leaves a session alone that a condition had selected. Without a cause: the session does not fulfil the condition any more. */
void job_spare(struct logoff_request *request, struct job *job);

/* A desktop that was not found yet will not be asked to log its user off any more; unless it has been asked this very moment. */
void job_stop_leaving(const struct logoff_request *request, struct job *job);

/* Ends JOB with RESULT, without another look. */
void job_finish(struct logoff_request *request, struct job *job, int result);

/* Ends JOB with RESULT, not 0, and looks what is left of the session: the result includes that. */
void job_give_up(struct logoff_request *request, struct job *job, int result);

#endif
