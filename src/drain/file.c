/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * file.c - see file.h.
 */
#include "drain/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_ours(const struct stat *status)
{
	return S_ISREG(status->st_mode) && (status->st_uid == 0 || status->st_uid == geteuid());
}

/* Returns the length, which is SIZE if there is more, or -errno. */
static ssize_t read_all(int fd, char *text, size_t size)
{
	size_t n = 0;
	ssize_t got;

	while (n < size) {
		got = read(fd, text + n, size - n);
		if (got < 0 && errno != EINTR)
			return -errno;
		if (got == 0)
			break;
		n += got > 0 ? (size_t)got : 0;
	}
	return (ssize_t)n;
}

ssize_t drain_read_file(int folder, const char *name, char *text, size_t size)
{
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK);
	struct stat status;
	ssize_t n;

	if (fd < 0)
		return errno == ENXIO || errno == ELOOP ? -EBADMSG : -errno;	/* a socket, a link */
	n = fstat(fd, &status) < 0 ? -errno : is_ours(&status) ? read_all(fd, text, size) : -EBADMSG;
	close(fd);
	if (n < 0)
		return n;
	text[(size_t)n == size ? size - 1 : (size_t)n] = '\0';
	return (size_t)n == size || strlen(text) != (size_t)n ? -EBADMSG : n;
}
