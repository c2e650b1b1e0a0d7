/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cancel.h - Ctrl-C and what else cancels a command, and reading an answer beside it.
 *
 * What cancels is waited for by a descriptor (on Windows an event, whose handle fits into an int). The library waits
 * for the same descriptor. cancel.c has signals, cancel-windows.c the events of a console.
 */
#ifndef CLI_CANCEL_H
#define CLI_CANCEL_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Makes Ctrl-C, SIGQUIT, SIGTERM and the loss of the terminal readable on a descriptor, until the program ends: none of
 * them ends the program by itself any more. A command that ends its OWN session must outlive the SIGHUP and SIGTERM
 * that the session gets, to end the processes that ignore them. Returns the descriptor, or -1.
 */
int cancel_open(bool own);

/*
 * Closes the descriptor FD of cancel_open(). If END, what cancels ends the program again, as before the last
 * cancel_open(). Otherwise it waits for the next cancel_open().
 */
void cancel_close(int fd, bool end);

/*
 * Makes the descriptor FD wait for a second cancel. A lost terminal does not count: nobody asked for it, and it can
 * come again and again.
 */
void cancel_again(int fd);

/*
 * Reads from standard input like read(2), unless FD, the descriptor of cancel_open(), is readable first.
 * Returns the number of bytes, 0 at the end, -ECANCELED, or another -errno.
 */
ssize_t cancel_read(int fd, void *buffer, size_t size);

/* Discards what was typed on the terminal of standard input and has not been read. */
void cancel_discard_input(void);

/* Makes this program go on when the reader of its output goes away, since it has work to do. */
void cancel_outlive_reader(void);

/* Makes Ctrl-C end the program with success, but not between cancel_hold() and cancel_release(). */
void cancel_means_success(void);
void cancel_hold(void);
void cancel_release(void);

#endif
