/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * text.h - copies of texts that an object owns.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

/* Copies TEXT. The caller frees *RET. Returns 0 or -ENOMEM. */
int text_copy(char **ret, const char *text);

/* The same for a TEXT that may be NULL or empty: *RET is then NULL. Returns 0 or -ENOMEM. */
int text_copy_set(char **ret, const char *text);

#endif
