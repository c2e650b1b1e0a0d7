/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * utf8.h - which bytes of a foreign text are characters that may be shown.
 *
 * Shared by the library, which writes messages to terminals, and the commands, which show names and causes. Characters
 * are told by the table of the Unicode standard (3.9, D92) and never by the locale: what is harmless must not depend on
 * the environment of whoever runs the program.
 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Decodes the character TEXT, which is not empty, begins with. Returns its length, or 0 if it is not UTF-8. */
size_t utf8_decode(const char *text, uint32_t *ret);

/* Tells whether CHARACTER is a control, a line separator, a mark that changes the direction of text, or never seen. */
bool utf8_is_harmful(uint32_t character);

/* Takes from the end of TEXT a character whose own end has been cut off. */
void utf8_cut(char *text);

/*
 * Copies TEXT without harm: harmful characters and what is not UTF-8 become \xNN, byte by byte. With LINES newlines and
 * tabs are kept, and the carriage returns before newlines are dropped. Returns the copy (free() it), or NULL when out
 * of memory.
 */
char *utf8_harmless(const char *text, bool lines);

#endif
