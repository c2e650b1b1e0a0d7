/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * text.c - see text.h.
 */
#include "base/text.h"

#include <errno.h>
#include <string.h>

int text_copy(char **ret, const char *text)
{
	*ret = strdup(text);
	return *ret ? 0 : -ENOMEM;
}

int text_copy_set(char **ret, const char *text)
{
	*ret = NULL;
	return text && *text ? text_copy(ret, text) : 0;
}
