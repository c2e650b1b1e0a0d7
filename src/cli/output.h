/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * output.h - standard output that can fail: the disk is full, it is closed, nobody reads it any longer.
 *
 * A command prints without checks and finds out at its end. Any loss gives one line and one exit status. It does not
 * influence the work: sessions that are being ended go on ending.
 */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

/* Notes that output has failed: R is -errno. 0 is no failure. */
void output_note(int r);

/* Writes buffered output now. */
void output_flush(void);

/*
 * To be called last: reports output that failed. Returns STATUS, or EXIT_OUTPUT in place of 0: the results of the
 * sessions count more.
 */
int output_end(int status);

#endif
