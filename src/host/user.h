/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * user.h - in a child process: becoming a user, and finding the way to his desktop as he would.
 *
 * X servers and buses let in nobody but their user, root neither, and root is to open none of a user's files. So what
 * is to be asked there is asked by a child that has given up all other rights first; the caller's deadline does the
 * rest. Nothing here is for the calling process itself.
 */
#ifndef HOST_USER_H
#define HOST_USER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* The longest environment of a process that is read. */
#define USER_ENVIRONMENT_MAX (128 << 10)

/* Undoes what the caller has set up for itself: signals, terminal. */
void user_forget_caller(void);

/* Gives up all rights but those of user UID; HOME takes the user's folder. Returns 0 or -errno: then the child must end. */
int user_become(uid_t uid, char *home, size_t size);

/* The number of a display of this machine: 10 for ":10" and ":10.0". Returns false for any other text. */
bool user_parse_display(const char *text, unsigned *ret_number);

/* Reads the environment of process PID into TEXT, ended by two null bytes. Returns its length, 0 if it may not be read. */
size_t user_read_environment(pid_t pid, char *text, size_t size);

/* Returns the value of variable NAME in an environment that has been read, or NULL. */
const char *user_find_variable(const char *text, size_t length, const char *name);

#endif
