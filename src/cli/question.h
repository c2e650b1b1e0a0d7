/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * question.h - waits on the terminal for the answer to a question.
 */
#ifndef CLI_QUESTION_H
#define CLI_QUESTION_H

#include <stdbool.h>

/*
 * To be called before the question is shown. Discards what was typed so far, as it answers no later question, and
 * blocks the signals that cancel, for cancel_open(). Returns the descriptor that reports these signals.
 */
int question_begin(void);

/*
 * Waits for a line on standard input, which is a terminal, and closes CANCEL_FD. Returns whether the line begins with
 * y. The end of input, a lost terminal, Ctrl-C and the other signals that cancel mean no.
 */
bool question_says_yes(int cancel_fd);

#endif
