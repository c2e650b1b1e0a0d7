/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * stamp.h - by which two programs of this project know that they are of one build.
 *
 * The library and its programs write C structs to each other, which change with the sources. Files of two versions
 * may meet while a package manager replaces them, or where they were copied by hand. So each side writes its stamp
 * first, and takes nothing from a side with another stamp. The size of the stamp, and its place at the beginning,
 * never change.
 */
#ifndef BASE_STAMP_H
#define BASE_STAMP_H

#include <stdbool.h>
#include <string.h>

#include "logoff.h"

/* The version, the kind of processor and a hash of the structs: letters, digits and ".+~_-". The rest is zero. */
struct stamp {
	char text[64];
};

/* That of this build. */
extern const struct stamp stamp_own;

static inline bool stamp_is_own(const struct stamp *stamp)
{
	return memcmp(stamp, &stamp_own, sizeof(*stamp)) == 0;
}

/* Records that PROGRAM is of another version, with both stamps. STAMP may be anything. Returns R. */
int stamp_set_error(const struct stamp *stamp, const char *program, int r, struct logoff_error *reterr);

#endif
