/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * nodeset.h - many names in one text: "login[01-40,45].cluster[1-2],ts1", as clush(1) and pdsh(1) have it.
 *
 * A name may have several brackets. A range ascends, and its numbers have 9 digits at most; if one of its two ends has
 * zeros before it, both have the same length, and all numbers between them get it. A bracket with a colon in it is that
 * of an IPv6 address ("[2001:db8::7]:445") and stays as it is. Which bytes a name may have is not looked at here.
 */
#ifndef FARM_NODESET_H
#define FARM_NODESET_H

#include <stddef.h>

#define NODESET_MAX 100000u		/* names of one nodeset */
#define NODESET_NAME_MAX 255u		/* bytes of a name */

/* Names, each once, in the order of the text. All zero is none. */
struct nodeset {
	char **names;
	size_t n_names;
};

/* The length of the first word of TEXT: all before the first comma outside of brackets. */
size_t nodeset_word_length(const char *text);

/*
 * Expands TEXT, words with commas between them. nodeset_done() frees *RET. Returns 0, -EINVAL (a word that is empty,
 * too long, or has a wrong bracket), -E2BIG (more than NODESET_MAX names) or -ENOMEM. With the first two *RET_CULPRIT
 * gets the place of that word in TEXT.
 */
int nodeset_expand(struct nodeset *ret, const char *text, const char **ret_culprit);

void nodeset_done(struct nodeset *set);

/*
 * The opposite, for messages: NAMES in their natural order (strverscmp(3)), and those that differ in their last number
 * only as one word: "login[03-05,09],ts1". A repeated name is one name. The text depends on the set of names alone, and
 * nodeset_expand() makes the same names of it. Returns the text (free() it), or NULL without memory.
 */
char *nodeset_fold(const char *const *names, size_t n_names);

#endif
