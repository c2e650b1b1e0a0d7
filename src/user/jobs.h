/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * jobs.h - the jobs of logoff-user, one function for each. A function replies through job_reply() as user/job.h says.
 */
#ifndef USER_JOBS_H
#define USER_JOBS_H

#include "user/job.h"

/*
 * Reads a job of SIZE bytes from DATA, which must be aligned as for malloc(). What is read points into DATA. Returns 0 or
 * -EPROTO.
 */
int job_parse(const void *data, size_t size, struct job *ret);

/* The whole program: reads the job, does it, replies. Returns the exit status: 0, or 1 if there was no job that can be done. */
int job_main(void);

/* Has the kernel end this program with its starter. Becoming another user undoes it. */
void job_die_with_starter(void);

/* Writes one reply; nobody may read it any more. */
void job_reply(const void *reply, size_t size);

void job_look_up(const struct job *job);

#endif
