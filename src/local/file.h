/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * file.h - small files, such as those of /proc, /sys and cgroups, read with one read(2).
 */
#ifndef LOCAL_FILE_H
#define LOCAL_FILE_H

#include <stddef.h>
#include <sys/types.h>

/*
 * Reads at most SIZE - 1 bytes of PATH into TEXT and ends them with a null byte. A relative PATH begins at FOLDER
 * (AT_FDCWD: the current one). FLAGS are more flags for openat(2), or 0. TEXT is empty after a failure. Returns the
 * length or -errno.
 */
ssize_t file_read(int folder, const char *path, int flags, char *text, size_t size);

#endif
