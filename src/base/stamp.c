/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * stamp.c - see stamp.h.
 */
#include "base/stamp.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"

_Static_assert(sizeof(LOGOFF_STAMP) <= sizeof(struct stamp), "a shorter version is needed");

const struct stamp stamp_own = { LOGOFF_STAMP };

/* Whether the text of STAMP may stand in a line for people. */
static bool is_readable(const struct stamp *stamp)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.+~_-";
	size_t n = strnlen(stamp->text, sizeof(stamp->text));

	return n > 0 && n < sizeof(stamp->text) && strspn(stamp->text, letters) == n;
}

int stamp_set_error(const struct stamp *stamp, const char *program, int r, struct logoff_error *reterr)
{
	return error_set_errno(reterr, r, -ELIBBAD, "%s is of another version (%s) than the library (%s)", program,
			       is_readable(stamp) ? stamp->text : "unknown", stamp_own.text);
}
