/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * names.h - lists of users and sessions in files: what "@file" means on a command line.
 *
 * One name a line: a session's id or name, or a user's name, mixed. Blanks around it, empty lines, and comments from a
 * "#" at the beginning of a line or after a blank are left out ("rdp-tcp#10" holds none). Files from Windows are
 * understood: a byte order mark and carriage returns do no harm.
 */
#ifndef CLI_NAMES_H
#define CLI_NAMES_H

#include <stddef.h>

/* The names of a file, in its order. All zero is the empty list. */
struct names {
	char **items;
	size_t n_items;
	char *text;			/* holds them */
};

/*
 * Reads the names in the file PATH; names_done() frees them, after a failure too. Returns 0, -EFBIG (above 1 MiB),
 * -EILSEQ (a null byte in it: not a text), or why it cannot be read.
 */
int names_read(struct names *names, const char *path);

/* Frees NAMES. */
void names_done(struct names *names);

#endif
