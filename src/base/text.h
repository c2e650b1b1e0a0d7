/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * text.h - copies of texts that an object owns.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

/* Copies TEXT. The caller frees *RET. Returns 0 or -ENOMEM. */
int text_copy(char **ret, const char *text);

/* The same for a TEXT that may be missing: *RET is NULL if TEXT is NULL or empty. Returns 0 or -ENOMEM. */
int text_copy_set(char **ret, const char *text);

#endif
