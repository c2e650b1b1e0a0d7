/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * work.h - the part of the program that serves the host: orders on standard input, lines on standard output.
 */
#ifndef HOST_WORK_H
#define HOST_WORK_H

#include <stdbool.h>

/* The descriptors of the far bus with the option --bus: that which is read, and that which is written. */
#define WORK_BUS_IN 3
#define WORK_BUS_OUT 4

/*
 * Opens the host that the options name, says hello and carries out orders, one after the other, until the end of
 * standard input. The orders are right already. An empty line before hello and before each reply says that the next one
 * may come.
 *
 * CANCEL_FD, an eventfd that does not block, becomes readable when the peer cancels the order that runs. The end of
 * standard input cancels it too, but only until the first session has been asked to end. Returns the exit status.
 */
int work(int cancel_fd, bool read_only);

#endif
