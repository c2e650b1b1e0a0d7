/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * file.h - small files, such as those of /proc, /sys and cgroups, read with one read(2).
 */
#ifndef LOCAL_FILE_H
#define LOCAL_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * Reads at most SIZE - 1 bytes of PATH into TEXT and ends them with a null byte. A relative PATH begins at FOLDER
 * (AT_FDCWD: the current one). FLAGS are more flags for openat(2), or 0. TEXT is empty after a failure. Returns the
 * length or -errno.
 */
ssize_t file_read(int folder, const char *path, int flags, char *text, size_t size);

/* The lines of a file, through a buffer. Zero but for FD, which stays the caller's. A line longer than the buffer is cut. */
struct file_lines {
	int fd;
	size_t start, end;
	bool skip;		/* the rest of a line that has been cut */
	char buffer[4096];
};

/* Reads the next line, without its newline and without a NUL; it is there until the next call. Returns 1, 0 at the end, -errno. */
int file_next_line(struct file_lines *lines, const char **ret_line, size_t *ret_length);

#endif
