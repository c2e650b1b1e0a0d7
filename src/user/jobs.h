/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * jobs.h - the jobs of logoff-user, one function for each. A function replies through job_reply() as user/job.h says.
 */
#ifndef USER_JOBS_H
#define USER_JOBS_H

#include "user/job.h"

/*
 * Reads a job of SIZE bytes from DATA, which must be aligned as for malloc(). What is read points into DATA. Returns 0,
 * -EPROTO, or -ELIBBAD (it has the stamp of another build).
 */
int job_parse(const void *data, size_t size, struct job *ret);

/* The whole program: reads the job, does it, replies. Returns the exit status: 0, or 1 if there was no job that can be done. */
int job_main(void);

/* Has the kernel end this program with its starter. Becoming another user undoes it. */
void job_die_with_starter(void);

/* Writes one reply; nobody may read it any more. */
void job_reply(const void *reply, size_t size);

void job_look_up(const struct job *job);
void job_idle_display(const struct job *job);
void job_idle_desktop(const struct job *job);
void job_logout(const struct job *job);
void job_message(const struct job *job);
void job_release(const struct job *job);

/*
 * Becomes the user of JOB for one question to what is theirs, and runs no program: what cannot be cut off does not matter. HOME
 * takes the user's folder. Returns 0 or -errno.
 */
int job_become(const struct job *job, char *home, size_t size);

/*
 * Tells whether the X server with display NUMBER, which must be root's or the user's whom this process has become, lets in who
 * has the key in file KEY. Returns 0, -ENOENT (there is none), -EACCES, or -EOPNOTSUPP (not known).
 */
int idle_try_display(unsigned number, const char *key);

/*
 * Tells whether process PID, of a desktop of user UID, is of session ID: by its control group, or, as a service of the user's,
 * because there is no other graphical session of theirs.
 */
bool idle_is_of_session(pid_t pid, uid_t uid, const char *id);

#endif
