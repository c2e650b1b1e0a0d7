/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * program.h - starting a program of this project that has nothing of its starter but a socket.
 */
#ifndef LOCAL_PROGRAM_H
#define LOCAL_PROGRAM_H

#include <sys/types.h>

/* The number of the socket in the program. */
#define PROGRAM_FD 3

/* Exceptions to what program_start() takes from the program. */
enum { PROGRAM_KEEP_STDERR = 1, PROGRAM_KEEP_FOLDER = 2 };

/*
 * Opens a pair of sockets of TYPE, closed on exec. The first, ours, is no standard descriptor, also in a program that has closed
 * those; the second is for program_start(). Returns 0 or -errno.
 */
int program_pair(int type, int fds[static 2]);

/*
 * Starts the program PATH with the arguments ARGV and the environment ENVIRONMENT. It gets FD as descriptor 3, /dev/null as 0, 1
 * and 2, and no other; no signal is blocked, caught or ignored; the folder is /, and it leads a session of the kernel's of its
 * own, so it has no terminal. KEEP has exceptions. Safe in a threaded program. Returns 0 or -errno.
 */
int program_start(const char *path, char *const argv[], char *const environment[], int fd, unsigned keep, pid_t *ret_pid);

#endif
