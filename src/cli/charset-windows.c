/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * charset-windows.c - see charset.h. port/console.c converts what is written, port/intl.c finds the catalogue, and
 * dates are Windows' own (when-locale-windows.c).
 *
 * There is no setlocale(): with the code page of the system <ctype.h> would take bytes of UTF-8 for punctuation.
 */
#include "cli/charset.h"

void charset_init(void)
{
}

void charset_init_times(void)
{
}

struct safe charset_encode(const char *text)
{
	return safe(text);
}
