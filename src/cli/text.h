/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * text.h - words for people: the catalogue, and foreign text made harmless.
 *
 * Names of users, sessions and processes, and texts of peers may hold anything, terminal escape sequences included.
 * Nothing of that reaches a terminal but through safe().
 */
#ifndef CLI_TEXT_H
#define CLI_TEXT_H

#include <libintl.h>

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

#endif
