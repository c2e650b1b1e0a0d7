/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * buffer.c - see buffer.h.
 */
#include "base/buffer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHUNK 65536

bool buffer_add(struct buffer *buffer, const char *data, size_t n)
{
	if (buffer->start > buffer->n) {	/* so each byte is moved once at most, on average */
		memmove(buffer->data, buffer->data + buffer->start, buffer->n);
		buffer->start = 0;
	}
	if (buffer->size - buffer->start - buffer->n < n) {
		size_t size = 2 * (buffer->start + buffer->n + n);
		char *grown = realloc(buffer->data, size);

		if (!grown)
			return false;
		buffer->data = grown;
		buffer->size = size;
	}
	if (n > 0)
		memcpy(buffer->data + buffer->start + buffer->n, data, n);
	buffer->n += n;
	return true;
}

void buffer_drop(struct buffer *buffer, size_t n)
{
	buffer->start += n;
	buffer->n -= n;
}

const char *buffer_line(const struct buffer *buffer, size_t *ret_n)
{
	const char *line = buffer->data ? buffer->data + buffer->start : NULL;
	const char *end = buffer->n > 0 ? memchr(line, '\n', buffer->n) : NULL;

	*ret_n = end ? (size_t)(end - line) + 1 : buffer->n;
	return end ? line : NULL;
}

bool buffer_read(struct buffer *buffer, int fd)
{
	char chunk[CHUNK];
	ssize_t n = read(fd, chunk, sizeof(chunk));

	if (n < 0)
		return errno == EINTR || errno == EAGAIN;
	return n > 0 && buffer_add(buffer, chunk, (size_t)n);
}

bool buffer_write(struct buffer *buffer, int fd, size_t n_max)
{
	ssize_t n = write(fd, buffer->data + buffer->start, buffer->n < n_max ? buffer->n : n_max);

	if (n > 0)
		buffer_drop(buffer, (size_t)n);
	return n >= 0 || errno == EINTR || errno == EAGAIN;
}
