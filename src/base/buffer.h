/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * buffer.h - bytes that have come and are not used yet, and the lines among them.
 */
#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

/* All zero is the empty buffer; DATA is to be freed at last. */
struct buffer {
	char *data;
	size_t start, n, size;
};

/* Adds N bytes of DATA. Returns false without memory. */
bool buffer_add(struct buffer *buffer, const char *data, size_t n);

/* Drops the first N bytes. */
void buffer_drop(struct buffer *buffer, size_t n);

/* The first line, with its newline; *ret_n is its length, or all there is without one. Returns it, or NULL. */
const char *buffer_line(const struct buffer *buffer, size_t *ret_n);

/* Reads once from FD. Returns false at the end, or after a failure. */
bool buffer_read(struct buffer *buffer, int fd);

/* Writes once to FD, N_MAX bytes at most. Returns false if nobody reads it any more. */
bool buffer_write(struct buffer *buffer, int fd, size_t n_max);

#endif
