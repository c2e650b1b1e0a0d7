/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * utf8.h - which bytes of a foreign text are characters that may be shown.
 *
 * The library writes messages to terminals, and the commands show names and causes; both use it. Characters are found
 * by the table of the Unicode standard (3.9, D92) and never by the locale: what is harmless must not depend on the
 * environment of the user who runs the program.
 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Decodes the first character of TEXT, which is not empty. Returns its length, or 0 if it is not UTF-8. */
size_t utf8_decode(const char *text, uint32_t *ret);

/*
 * Tells whether CHARACTER is a control character, a line separator, a mark that changes the direction of text, or
 * invisible.
 */
bool utf8_is_harmful(uint32_t character);

/* Removes from the end of TEXT a character that was cut. */
void utf8_cut(char *text);

/*
 * Copies TEXT and makes it harmless: harmful characters and bytes that are not UTF-8 become \xNN, byte by byte. With
 * LINES newlines and tabs stay, and the carriage returns before newlines are dropped. Returns the copy (free() it), or
 * NULL without memory.
 */
char *utf8_harmless(const char *text, bool lines);

#endif
