/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * printable.h - text for people: the catalogue, and foreign text made harmless.
 *
 * Names of users, sessions and processes, and texts of peers may hold anything, terminal escape sequences included. All
 * of it reaches a terminal only through safe().
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
 * Makes TEXT (NULL: empty) harmless: control characters, invalid UTF-8 and characters that reorder the following text
 * become \xNN. Text too long is cut with "...". Use it within one expression: printf("%s", safe(name).text). Returns
 * the copy.
 */
struct safe safe(const char *text);

/* The name this program was called by, "logoff" or "quser": its messages begin with it. Returns the copy. */
struct safe program(void);

/* How many columns of a terminal TEXT takes, which is UTF-8: 2 for a Chinese character. Returns their number. */
size_t text_width(const char *text);

/* Makes TEXT harmless, and cuts it with "..." at ROOM columns. Returns the copy. */
struct safe text_cut(const char *text, size_t room);

#endif
