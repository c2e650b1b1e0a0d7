/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * file.c - see file.h.
 */
#include "local/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
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

/* ---- lines ---- */

/* Moves what is left to the front and reads on. Returns 1, 0 at the end, -errno. */
static int fill_lines(struct file_lines *lines)
{
	ssize_t n;

	memmove(lines->buffer, lines->buffer + lines->start, lines->end - lines->start);
	lines->end -= lines->start;
	lines->start = 0;
	do {
		n = read(lines->fd, lines->buffer + lines->end, sizeof(lines->buffer) - lines->end);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	lines->end += (size_t)n;
	return n > 0;
}

int file_next_line(struct file_lines *lines, const char **ret_line, size_t *ret_length)
{
	for (;;) {
		size_t held = lines->end - lines->start;
		char *line = lines->buffer + lines->start, *newline = memchr(line, '\n', held);
		bool skip = lines->skip;
		int r;

		if (!newline && held < sizeof(lines->buffer)) {
			r = fill_lines(lines);
			if (r < 0)
				return r;
			if (r > 0)
				continue;
			if (held == 0)
				return 0;
			line = lines->buffer; /* the last line has no newline */
		}
		*ret_line = line;
		*ret_length = newline ? (size_t)(newline - line) : held;
		lines->start = (size_t)(line - lines->buffer) + *ret_length + (newline ? 1 : 0);
		lines->skip = !newline;
		if (!skip)
			return 1;
	}
}
