/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * number-table.c - see number.h: the file of the numbers that were given to sessions.
 */
#include "base/number.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/text.h"
#include "base/trusted.h"

#define LINE_MAX_BYTES 300		/* a file name, which an id is, is shorter */

static bool is_id(const char *id)
{
	for (const char *at = id; *at; at++)
		if (!isgraph((unsigned char)*at))
			return false;
	return *id && strlen(id) < LINE_MAX_BYTES - sizeof("65535 9223372036854775807 \n");
}

int number_table_add(struct number_table *table, int32_t number, int64_t logon_us, const char *id)
{
	struct number_entry entry = { .number = number, .logon_us = logon_us };
	int r;

	if (number < NUMBER_FIRST_GIVEN || number > NUMBER_MAX || logon_us < 0 || !is_id(id))
		return -EINVAL;
	for (size_t i = 0; i < table->n_items; i++)
		if (table->items[i].number == number)
			return -EEXIST;
	r = text_copy(&entry.id, id);
	if (r >= 0)
		r = array_add(&table->items, &table->n_items, &entry);
	if (r < 0)
		free(entry.id);
	return r;
}

int32_t number_table_find(const struct number_table *table, const char *id, int64_t logon_us)
{
	for (size_t i = 0; logon_us >= 0 && i < table->n_items; i++) {
		const struct number_entry *entry = &table->items[i];

		if (strcmp(entry->id, id) == 0 && clock_same_logon(entry->logon_us, logon_us))
			return entry->number;
	}
	return NUMBER_NONE;
}

/* ---- reading ---- */

/* Cuts a word off the line at *AT. Returns it, or NULL if no blank ends it. */
static char *take_word(char **at)
{
	char *word = *at, *end = strchr(word, ' ');

	if (!end)
		return NULL;
	*end = '\0';
	*at = end + 1;
	return word;
}

static bool parse_time(const char *text, int64_t *ret_us)
{
	char *end;

	if (!isdigit((unsigned char)*text))
		return false;
	errno = 0;
	*ret_us = strtoll(text, &end, 10);
	return errno == 0 && *end == '\0';
}

static int parse_line(struct number_table *table, char *line)
{
	size_t length = strlen(line);
	const char *number, *logon;
	int64_t logon_us;
	int r;

	if (length == 0 || line[length - 1] != '\n')
		return -EBADMSG;
	line[length - 1] = '\0';
	number = take_word(&line);
	logon = number ? take_word(&line) : NULL;
	if (!logon || !parse_time(logon, &logon_us))
		return -EBADMSG;
	r = number_table_add(table, number_parse(number), logon_us, line);
	return r == -EINVAL || r == -EEXIST ? -EBADMSG : r;
}

int number_table_parse(struct number_table *table, FILE *from)
{
	char line[LINE_MAX_BYTES];
	int r = 0;

	while (r >= 0 && fgets(line, sizeof(line), from))
		r = parse_line(table, line);
	if (r >= 0 && ferror(from))
		r = -EIO;
	if (r < 0)
		number_table_done(table);
	return r;
}

int number_table_read(struct number_table *table, const char *path)
{
	enum trusted_fault fault;
	int fd = trusted_open(path, TRUSTED_UNCHANGED, &fault), r;
	FILE *file;

	if (fd < 0)
		return fd;
	file = fdopen(fd, "r");
	if (!file) {
		close(fd);
		return -ENOMEM;
	}
	r = number_table_parse(table, file);
	fclose(file);
	return r;
}

/* ---- writing ---- */

static int print_table(const struct number_table *table, FILE *to)
{
	int r;

	for (size_t i = 0; i < table->n_items; i++)
		fprintf(to, "%" PRId32 " %" PRId64 " %s\n", table->items[i].number, table->items[i].logon_us,
			table->items[i].id);
	errno = 0;
	r = fchmod(fileno(to), 0644) < 0 || fflush(to) == EOF || ferror(to) ? -errno : 0;
	return r == 0 && ferror(to) ? -EIO : r;
}

int number_table_write(const struct number_table *table, const char *path)
{
	char *temporary = NULL;
	FILE *file = NULL;
	int fd = -1, r = asprintf(&temporary, "%s.XXXXXX", path) < 0 ? -ENOMEM : 0;

	if (r >= 0) {
		fd = mkostemp(temporary, O_CLOEXEC);
		file = fd < 0 ? NULL : fdopen(fd, "w");
		r = file ? print_table(table, file) : -errno;
	}
	if (file)
		fclose(file);
	else if (fd >= 0)
		close(fd);
	if (r >= 0 && rename(temporary, path) < 0)
		r = -errno;
	if (r < 0 && fd >= 0)
		unlink(temporary);
	free(temporary);
	return r;
}

void number_table_done(struct number_table *table)
{
	for (size_t i = 0; i < table->n_items; i++)
		free(table->items[i].id);
	free(table->items);
	*table = (struct number_table){};
}
