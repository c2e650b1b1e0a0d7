/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * settings.c - see settings.h. A table has the keys, with their limits.
 */
#include "server/settings.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/trusted.h"

#define LINE_SIZE 2048
#define SECONDS_MAX 86400

struct key {
	const char *name;
	size_t offset;
	uint32_t least, most;		/* most 0: it is the text `query` */
};

#define AT(member) offsetof(struct settings, member)

static const struct key keys[] = {
	{ "query", AT(query), 0, 0 },
	{ "grace", AT(grace_s), 0, SECONDS_MAX },
	{ "warn", AT(warn_s), 0, SECONDS_MAX },
	{ "limit-handles", AT(max_handles), 1, 65536 },
	{ "limit-waits", AT(max_waits), 1, 65536 },
	{ "limit-messages", AT(max_boxes), 1, 4096 },
	{ "limit-processes", AT(max_peers), 1, 4096 },
	{ "limit-all-processes", AT(max_all_peers), 2, 4096 },
};

const struct settings settings_default = {
	.query = "rds-users", .grace_s = 10, .max_handles = 256, .max_waits = 1024, .max_boxes = 64, .max_peers = 8,
	.max_all_peers = 64,
};

static const char *skip_blanks(const char *text)
{
	while (*text == ' ' || *text == '\t')
		text++;
	return text;
}

/* The length of TEXT without the blanks at its end. */
static size_t trimmed(const char *text, size_t n)
{
	while (n > 0 && isspace((unsigned char)text[n - 1]))
		n--;
	return n;
}

static const struct key *find_key(const char *name, size_t n)
{
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (strlen(keys[i].name) == n && memcmp(keys[i].name, name, n) == 0)
			return &keys[i];
	return NULL;
}

static const char *take_number(const struct key *key, const char *value, size_t n, uint32_t *ret)
{
	unsigned long number = 0;

	if (n == 0 || n > 9 || strspn(value, "0123456789") < n)
		return "the value is no number";
	number = strtoul(value, NULL, 10);
	if (number < key->least || number > key->most)
		return "the number is too small or too large";
	*ret = (uint32_t)number;
	return NULL;
}

static const char *take_query(const char *value, size_t n, char *ret)
{
	char name[256];
	const char *at = ret;

	if (n >= SETTINGS_QUERY_SIZE)
		return "the value is too long";
	memcpy(ret, value, n);
	ret[n] = '\0';
	if (n == 0 || strcmp(ret, "*") == 0)
		return NULL;
	while (settings_next_group(&at, name, sizeof(name)))
		if (!*name || strcmp(name, "*") == 0)
			return "a name of a group is missing, or * is not alone";
	return NULL;
}

const char *settings_take_line(struct settings *settings, const char *line)
{
	const char *name = skip_blanks(line), *sign, *value;
	const struct key *key;
	size_t n;

	if (*name == '\0' || *name == '#' || *name == '\r')
		return NULL;
	sign = strchr(name, '=');
	if (!sign)
		return "the line has no =";
	key = find_key(name, trimmed(name, (size_t)(sign - name)));
	if (!key)
		return "the key is not known";
	value = skip_blanks(sign + 1);
	n = trimmed(value, strlen(value));
	if (key->most == 0)
		return take_query(value, n, settings->query);
	return take_number(key, value, n, (uint32_t *)((char *)settings + key->offset));
}

bool settings_next_group(const char **at, char *ret_name, size_t size)
{
	const char *name = skip_blanks(*at), *end = strchr(name, ',');
	size_t n;

	if (!end)
		end = name + strlen(name);
	if (end == name && *end == '\0')
		return false;
	n = trimmed(name, (size_t)(end - name));
	*at = *end ? end + 1 : end;
	snprintf(ret_name, size, "%.*s", n < size ? (int)n : 0, name);
	return true;
}

static bool read_lines(FILE *file, struct settings *settings, const char *path, char *why, size_t size)
{
	char line[LINE_SIZE];

	for (unsigned number = 1; fgets(line, sizeof(line), file); number++) {
		size_t n = strcspn(line, "\n");
		const char *fault = n + 1 == sizeof(line) ? "the line is too long" : NULL;

		line[n] = '\0';
		if (!fault)
			fault = settings_take_line(settings, line);
		if (fault) {
			snprintf(why, size, "%s, line %u: %s", path, number, fault);
			return false;
		}
	}
	if (ferror(file))
		snprintf(why, size, "%s: %s", path, strerror(errno));
	return !ferror(file);
}

bool settings_read(struct settings *ret, const char *path, char *why, size_t size)
{
	enum trusted_fault fault = TRUSTED_UNREADABLE;
	int fd = trusted_open(path, TRUSTED_UNCHANGED, &fault);
	FILE *file;
	bool right;

	*ret = settings_default;
	if (fd == -ENOENT)
		return true;
	file = fd < 0 ? NULL : fdopen(fd, "re");
	if (!file) {
		snprintf(why, size, "%s: %s", path, fd < 0 && fault != TRUSTED_UNREADABLE
			 ? "is not a file that only root can change" : strerror(fd < 0 ? -fd : errno));
		if (fd >= 0)
			close(fd);
		return false;
	}
	right = read_lines(file, ret, path, why, size);
	fclose(file);
	return right;
}
