/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * wide.h - Windows' texts (UTF-16) and ours (UTF-8). Converted where they come in and go out, by these two.
 */
#ifndef PORT_WIDE_H
#define PORT_WIDE_H

#include <wchar.h>

/* Returns WIDE as UTF-8, or NULL. The caller frees it. Half a pair of surrogates becomes U+FFFD. */
char *wide_to_text(const wchar_t *wide);

/* Returns TEXT as UTF-16, or NULL. The caller frees it. What is not UTF-8 becomes U+FFFD. */
wchar_t *wide_from_text(const char *text);

#endif
