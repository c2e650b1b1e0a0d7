/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * names.c - see names.h.
 */
#include "cli/names.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIZE_MAX_READ (1024 * 1024)

static int read_all(const char *path, char **ret_text)
{
	FILE *file = fopen(path, "re");
	char *text = malloc(SIZE_MAX_READ + 1);
	size_t n = 0;
	int r = !file ? -errno : !text ? -ENOMEM : 0;

	if (r == 0) {
		n = fread(text, 1, SIZE_MAX_READ + 1, file);
		r = ferror(file) ? -EIO : n > SIZE_MAX_READ ? -E2BIG : memchr(text, '\0', n) ? -EILSEQ : 0;
	}
	if (file)
		fclose(file);
	if (r < 0) {
		free(text);
		return r;
	}
	text[n] = '\0';
	*ret_text = text;
	return 0;
}

/* Cuts blanks and a comment off LINE. Returns the name, which may be empty. */
static char *trim(char *line)
{
	char *start = line + strspn(line, " \t\r"), *end;

	for (char *c = start; *c; c++)
		if (*c == '#' && (c == start || c[-1] == ' ' || c[-1] == '\t'))
			*c-- = '\0';
	end = start + strlen(start);
	while (end > start && strchr(" \t\r", end[-1]))
		*--end = '\0';
	return start;
}

int names_read(struct names *names, const char *path)
{
	char *rest, *line, *name;
	size_t n_lines = 1;
	int r;

	*names = (struct names){};
	r = read_all(path, &names->text);
	if (r < 0)
		return r;
	for (const char *c = names->text; *c; c++)
		n_lines += *c == '\n';
	names->items = calloc(n_lines, sizeof(char *));
	if (!names->items) {
		names_done(names);
		return -ENOMEM;
	}
	rest = names->text;
	while ((line = strsep(&rest, "\n"))) {
		name = trim(line);
		if (*name)
			names->items[names->n_items++] = name;
	}
	return 0;
}

void names_done(struct names *names)
{
	free(names->text);
	free(names->items);
	*names = (struct names){};
}
