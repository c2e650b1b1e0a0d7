/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * printable.h - words for people: the catalogue, and foreign text made harmless.
 *
 * Names of users, sessions and processes, and texts of peers may hold anything, terminal escape sequences included.
 * Nothing of that reaches a terminal but through safe().
 */
#ifndef CLI_PRINTABLE_H
#define CLI_PRINTABLE_H

#include <libintl.h>
#include <stddef.h>

#define _(text) gettext(text)
#define N_(text) text

/* A text that may be shown. */
struct safe {
	char text[512];
};

/*
 * Makes TEXT (NULL: empty) harmless: control characters, invalid UTF-8 and characters that reorder what follows become
 * \xNN; what does not fit is cut with "...". Use within one expression: printf("%s", safe(name).text).
 * Returns the copy.
 */
struct safe safe(const char *text);

/* The name this program was called by, with which its sentences begin: "logoff", "quser". Returns the copy. */
struct safe program(void);

/* How many columns of a terminal TEXT takes, which is UTF-8: 2 for a Chinese character. Returns their number. */
size_t text_width(const char *text);

/* How much of TEXT fits into ROOM columns, which are then *ret_width. Returns the number of bytes. */
size_t text_fit(const char *text, size_t room, size_t *ret_width);

/* Makes TEXT harmless; what does not fit into ROOM columns is cut with "...". Returns the copy. */
struct safe text_cut(const char *text, size_t room);

#endif
