/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * question.h - waits on the terminal for the answer to a question that stands there.
 */
#ifndef CLI_QUESTION_H
#define CLI_QUESTION_H

#include <stdbool.h>

/* Forgets what has been typed so far: it answers nothing that is asked after it. */
void question_begin(void);

/*
 * Waits for a line on standard input, which is a terminal. Returns whether it begins with y; the end of input, a lost
 * terminal, Ctrl-C and the other signals that cancel are a no. The signals stay held back, for command_cancel_fd().
 */
bool question_says_yes(void);

#endif
