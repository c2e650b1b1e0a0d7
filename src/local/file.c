/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * file.c - see file.h.
 */
#include "local/file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

ssize_t file_read(int folder, const char *path, int flags, char *text, size_t size)
{
	int fd = openat(folder, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | flags);
	ssize_t n = fd < 0 ? -errno : read(fd, text, size - 1);

	if (fd >= 0 && n < 0)
		n = -errno;
	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = '\0';
	return n;
}
