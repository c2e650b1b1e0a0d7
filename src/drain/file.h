/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * file.h - reading what must be a regular file: a FIFO in its place must not hold a logon.
 */
#ifndef DRAIN_FILE_H
#define DRAIN_FILE_H

#include <stddef.h>
#include <sys/types.h>

/*
 * Reads all of NAME, a path below FOLDER that does not begin with "/", into TEXT and ends it with a NUL. Never waits.
 * Returns the length, or -errno: -EBADMSG if it is no regular file, not root's or the caller's, has SIZE bytes or more,
 * or has a NUL in it.
 */
ssize_t drain_read_file(int folder, const char *name, char *text, size_t size);

#endif
