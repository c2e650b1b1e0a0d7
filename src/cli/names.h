/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * names.h - list files, as in "msg @file" and "logoff @file": user names, session names and session ids, mixed.
 *
 * One a line; blanks around it and empty lines do not count, nor does what follows a "#" that begins a line or follows a
 * blank ("rdp-tcp#3" is a name).
 */
#ifndef CLI_NAMES_H
#define CLI_NAMES_H

#include <stddef.h>

/* All zero is the empty list. */
struct names {
	char *text;		/* the file; the items point into it */
	char **items;
	size_t n_items;
};

/*
 * Reads the file at PATH, of at most 1 MiB. Returns 0, -E2BIG, -EILSEQ (a zero byte) or the errno of reading; then NAMES
 * is empty.
 */
int names_read(struct names *names, const char *path);

/* Frees what NAMES holds and empties it. */
void names_done(struct names *names);

#endif
