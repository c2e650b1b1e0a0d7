/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * question.h - waits on the terminal for the answer to a question that stands there.
 */
#ifndef CLI_QUESTION_H
#define CLI_QUESTION_H

#include <stdbool.h>

/*
 * Before the question is shown: forgets what has been typed so far, which answers nothing that is asked after it, and holds
 * back the signals that cancel, for command_cancel_fd(). Returns the descriptor that hears them.
 */
int question_begin(void);

/*
 * Waits for a line on standard input, which is a terminal, and closes CANCEL_FD. Returns whether the line begins with y; the end
 * of input, a lost terminal, Ctrl-C and the other signals that cancel are a no.
 */
bool question_says_yes(int cancel_fd);

#endif
