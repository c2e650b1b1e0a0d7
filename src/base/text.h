/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * text.h - copies of texts that an object owns, and texts that are read whole.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stddef.h>

/* Copies TEXT. The caller frees *RET. Returns 0 or -ENOMEM. */
int text_copy(char **ret, const char *text);

/* The same for a TEXT that may be NULL or empty: *RET is then NULL. Returns 0 or -ENOMEM. */
int text_copy_set(char **ret, const char *text);

/*
 * Reads the file or pipe FD to its end, at most MAX bytes. The caller frees *RET, behind which a NUL stands. Returns 0,
 * -EFBIG, -ENOMEM or another failure.
 */
int text_read(char **ret, size_t *ret_n, int fd, size_t max);

#endif
