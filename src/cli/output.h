/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * output.h - standard output as something that can fail: the disk is full, it is closed, nobody reads it any longer.
 *
 * A command prints as if nothing could go wrong, and finds out at its end. Whatever is lost has one line and one exit
 * status. It has no influence on what is done: sessions that are being ended go on ending.
 */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

/* To be called first. A standard descriptor that is closed stays useless: no file opened later takes its number. */
void output_begin(void);

/* Notes that something could not be printed: R is -errno. 0 is nothing. */
void output_note(int r);

/* Sends what has been printed on its way now. */
void output_flush(void);

/*
 * To be called last: says it if something could not be printed. Returns STATUS, or EXIT_OUTPUT in place of 0: what has
 * become of the sessions counts more.
 */
int output_end(int status);

#endif
