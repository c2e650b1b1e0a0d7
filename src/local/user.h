/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * user.h - starting logoff-user, the program that does one job, mostly as another user, and reading what it replies.
 *
 * Buses and X servers let in nobody but their user, and a name service runs foreign code. Neither happens in the process of the
 * caller, nor in a copy of it: a copy of a threaded process may wait for ever, and would keep what the caller has. SECURITY.md
 * lists what the program inherits. The jobs are in user/job.h.
 */
#ifndef LOCAL_USER_H
#define LOCAL_USER_H

#include <stdbool.h>
#include <stddef.h>

#include "user/job.h"

/* One program that is at work. All zero: none. */
struct user_child {
	pid_t pid;			/* 0: it has been killed */
	int fd;				/* to poll for reading; 0: none */
};

/*
 * Starts the program with JOB; its stamp and lengths are filled in here. Returns 0, -ENOPKG (the program is not installed),
 * -EMSGSIZE (the job is too long), -ENOMEM, or -EIO. The path of the program is in the cause. CHILD is to be ended.
 */
int user_start(struct user_child *child, struct job *job, struct logoff_error *reterr);

/*
 * Reads one reply of SIZE bytes. Returns 0, -EAGAIN (none has come yet), -ENOPKG (the program is of another version), or -EIO (it has
 * ended, or wrote what is no reply).
 */
int user_read(const struct user_child *child, void *ret, size_t size, struct logoff_error *reterr);

/* Kills the program; what it has written can still be read. */
void user_kill(struct user_child *child);

/* Kills the program if it has not ended, and forgets it. Nothing happens if there is none. */
void user_end(struct user_child *child);

/* All of it for a job with one reply: starts, waits for job->head.timeout_us, ends. */
int user_ask(struct job *job, void *ret, size_t size, struct logoff_error *reterr);

/* The number of a display of this machine: 10 for ":10" and ":10.0". Returns false for any other text. */
bool user_parse_display(const char *text, unsigned *ret_number);

#endif
