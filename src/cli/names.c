/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * names.c - see names.h.
 *
 * The file is read whole and cut in place: each name is a piece of its text.
 */
#include "cli/names.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_MAX (1u << 20)

/* Reads FD to its end. *ret_text ends with a null byte. */
static int read_all(int fd, char **ret_text, size_t *ret_length)
{
	char *text = malloc(FILE_MAX + 2);
	size_t length = 0;
	ssize_t n = 1;

	if (!text)
		return -ENOMEM;
	while (n > 0 && length <= FILE_MAX) {
		n = read(fd, text + length, FILE_MAX + 1 - length);
		if (n > 0)
			length += (size_t)n;
	}
	if (n < 0 || length > FILE_MAX) {
		int r = n < 0 ? -errno : -EFBIG;

		free(text);
		return r;
	}
	text[length] = '\0';
	*ret_text = text;
	*ret_length = length;
	return 0;
}

static int add(struct names *names, char *name)
{
	char **items = names->items;

	/* Grown by doubling: the capacity is the next power of two. */
	if ((names->n_items & (names->n_items - 1)) == 0)
		items = reallocarray(items, names->n_items ? names->n_items * 2 : 1, sizeof(*items));
	if (!items)
		return -ENOMEM;
	names->items = items;
	items[names->n_items++] = name;
	return 0;
}

/* Cuts comment and blanks off LINE. Returns what is left. */
static char *trim(char *line)
{
	static const char blanks[] = " \t\r\v\f";
	char *end;

	for (char *at = line; (at = strchr(at, '#')); at++) {
		if (at == line || strchr(blanks, at[-1])) {
			*at = '\0';
			break;
		}
	}
	line += strspn(line, blanks);
	for (end = line + strlen(line); end > line && strchr(blanks, end[-1]); end--)
		;
	*end = '\0';
	return line;
}

int names_read(struct names *names, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY), r;
	size_t length = 0;
	char *line, *next;

	*names = (struct names){};
	if (fd < 0)
		return -errno;
	r = read_all(fd, &names->text, &length);
	close(fd);
	if (r < 0)
		return r;
	if (strlen(names->text) != length)
		return -EILSEQ;
	line = names->text + (strncmp(names->text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0);
	for (; r >= 0 && line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		line = trim(line);
		if (*line)
			r = add(names, line);
	}
	return r;
}

void names_done(struct names *names)
{
	free(names->items);
	free(names->text);
	*names = (struct names){};
}
