/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * names.h - lists of users and sessions in files: "@file" on a command line.
 *
 * Each line holds a session's id or name, or a user's name (word.h). Blanks around it, empty lines, and comments from a
 * "#" at the beginning of a line or after a blank are left out; "rdp-tcp#10" holds no comment. Files from Windows are
 * understood: a byte order mark and carriage returns are skipped, and UTF-16 with its mark is read too.
 *
 * The caller of sudo may give any file as a list. A line that can be no name ends the reading, and a text that is no
 * plain name is never shown.
 */
#ifndef CLI_NAMES_H
#define CLI_NAMES_H

#include <stdbool.h>
#include <stddef.h>

struct name {
	const char *text;
	size_t line;			/* from 1 */
};

/* The names of a file, in its order. All zero is the empty list. */
struct names {
	struct name *items;
	size_t n_items;
	char *text;			/* the text that holds them */
	size_t wrong_line;		/* after -EBADMSG */
};

/*
 * Where several hosts are meant: finds what stands behind the name of one of them and a colon, "12" of "login03:12".
 * Returns it, or LINE if that begins with no such name.
 */
typedef const char *(*names_behind_host_func)(const char *line, void *userdata);

/*
 * Reads the names in the file PATH; names_done() frees them, after a failure too. BEHIND_HOST gets USERDATA; NULL: no
 * name of a host stands before a name. Returns 0, -EFBIG (above 1 MiB), -EILSEQ (a null byte, or half a character: not
 * a text), -EBADMSG (a line that can be no name) or the failure of reading.
 */
int names_read(struct names *names, const char *path, names_behind_host_func behind_host, void *userdata);

/* Tells whether TEXT looks like the name of a user or session and like nothing else, so that it may be shown. */
bool names_are_plain(const char *text);

/* Frees NAMES. */
void names_done(struct names *names);

#endif
