/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * terminal.h - what is drawn on a terminal, which is standard error: one line, again and again in the same place.
 */
#ifndef CLI_TERMINAL_H
#define CLI_TERMINAL_H

#include <stdbool.h>

#include "cli/printable.h"

/* A terminal that cannot wipe a line would be filled with copies of it. */
bool terminal_can_draw(void);

/* Draws LINE, cut at the terminal's width, in the place of what was drawn before. */
void terminal_draw(struct safe line);

/* Wipes what terminal_draw() has drawn. */
void terminal_wipe(void);

/* Asks for a text on standard input, and says how it is ended. */
void terminal_invite(void);

#endif
