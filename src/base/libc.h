/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * libc.h - functions of glibc that musl lacks, under the names of glibc.
 *
 * Windows' are in port/port.h. tools/check-musl names the files that need still more of glibc.
 */
#ifndef BASE_LIBC_H
#define BASE_LIBC_H

#if defined(__linux__) && !defined(__GLIBC__)
#include <dirent.h>
#include <stdio.h>
#include <string.h>

/* The name of an errno: not known. */
static inline const char *strerrorname_np(int number)
{
	(void)number;
	return NULL;
}

/* musl has one language for them. */
static inline const char *strerrordesc_np(int number)
{
	return strerror(number);
}

static inline int scandirat(int folder, const char *path, struct dirent ***entries,
			    int (*filter)(const struct dirent *),
			    int (*compare)(const struct dirent **, const struct dirent **))
{
	char whole[4096];

	snprintf(whole, sizeof(whole), "/proc/self/fd/%d/%s", folder, path);
	return scandir(whole, entries, filter, compare);
}

/* Since musl 1.2.4 offsets have 64 bits under the plain names only. */
#ifndef getdents64
#define dirent64 dirent
#define getdents64 getdents
#endif
#endif

#endif
