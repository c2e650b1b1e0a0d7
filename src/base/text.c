/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * text.c - see text.h.
 */
#include "base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/utf8.h"

#define FIRST_SIZE 16384

int text_copy(char **ret, const char *text)
{
	*ret = strdup(text);
	return *ret ? 0 : -ENOMEM;
}

int text_copy_set(char **ret, const char *text)
{
	*ret = NULL;
	return text && *text ? text_copy(ret, text) : 0;
}

bool text_ends_with(const char *text, size_t length, const char *end)
{
	return length > strlen(end) && strncmp(text + length - strlen(end), end, strlen(end)) == 0;
}

int text_read(char **ret, size_t *ret_n, int fd, size_t max)
{
	size_t size = 0, n = 0;
	char *text = NULL, *grown;
	ssize_t got = 1;
	int r = 0;

	while (r >= 0 && got > 0) {
		if (size - n < 2) {
			size = size ? 2 * size : FIRST_SIZE;
			grown = realloc(text, size);
			if (!grown) {
				r = -ENOMEM;
				break;
			}
			text = grown;
		}
		got = read(fd, text + n, size - n - 1);
		n += got > 0 ? (size_t)got : 0;
		r = got < 0 ? -errno : n > max ? -EFBIG : 0;
	}
	if (r < 0) {
		free(text);
		return r;
	}
	text[n] = '\0';
	*ret = text;
	*ret_n = n;
	return 0;
}

bool text_is_plain(const char *text, const char *more)
{
	for (; *text; text++)
		if (!(*text >= 'a' && *text <= 'z') && !(*text >= 'A' && *text <= 'Z') &&
		    !(*text >= '0' && *text <= '9') && !strchr(more, *text))
			return false;
	return true;
}

bool text_is_account(const char *text)
{
	char *shown = utf8_harmless(text, false);
	bool harmless = shown && strcmp(shown, text) == 0 && !strpbrk(text, "\"/[]:;|=,+*?<>");

	free(shown);
	return harmless;
}
