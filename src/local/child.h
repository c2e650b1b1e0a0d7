/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * child.h - the end of a child process that may not want to end.
 */
#ifndef LOCAL_CHILD_H
#define LOCAL_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Sends SIGNAL to the child PID and waits for its end; kills it when WAIT_US is over. A child that even the kernel cannot
 * end (it waits for a disk or a server in the kernel) is left behind after a moment: nobody may wait for it.
 */
void child_end(pid_t pid, int signal, uint64_t wait_us);

/*
 * Waits for the end of the child PID, for WAIT_US at most. A program that ignores SIGCHLD has no child to wait for: then *RET_STATUS,
 * else as waitpid(2) tells it, is 0. Returns true if it has ended.
 */
bool child_await(pid_t pid, uint64_t wait_us, int *ret_status);

#endif
