/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * text.h - copies of texts that an object owns, texts that are read whole, and texts that may stand in a sentence.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes of the longest text for users: a message, or what is added to a warning (doc/json.md, Protocol). */
#define TEXT_FOR_USERS_MAX 8192

/* Copies TEXT. The caller frees *RET. Returns 0 or -ENOMEM. */
int text_copy(char **ret, const char *text);

/* The same for a TEXT that may be NULL or empty: *RET is then NULL. Returns 0 or -ENOMEM. */
int text_copy_set(char **ret, const char *text);

/*
 * Reads the file or pipe FD to its end, at most MAX bytes. The caller frees *RET, behind which a NUL stands. Returns 0,
 * -EFBIG, -ENOMEM or another failure.
 */
int text_read(char **ret, size_t *ret_n, int fd, size_t max);

/* Tells whether the first LENGTH characters of TEXT are END with something before it. */
bool text_ends_with(const char *text, size_t length, const char *end);

/* ---- what cannot be taken for more of the sentence in which it will stand ---- */

/* Tells whether TEXT has ASCII letters, digits and the characters of MORE only. */
bool text_is_plain(const char *text, const char *more);

/*
 * Tells whether TEXT may be a name of Windows: in any script, spaces too, without what no account's name may have
 * there.
 */
bool text_is_account(const char *text);

#endif
