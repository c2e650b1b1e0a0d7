/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * names.c - see names.h.
 *
 * The file is read whole and cut in place: each name points into its text.
 */
#include "cli/names.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/text.h"
#include "cli/word.h"

#define FILE_MAX (1u << 20)
#define LENGTH_MAX 256u		/* bytes of DOMAIN\name of the longest kind */
#define PLAIN_MAX 63u		/* shorter than lines of keys in base64, which have 64 and 70 */

/* Writes CHARACTER to TO as UTF-8. Returns the number of bytes. */
static size_t encode_character(uint32_t character, char *to)
{
	size_t n = character < 0x80 ? 1 : character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
	static const unsigned char marks[] = { 0, 0, 0xc0, 0xe0, 0xf0 };

	for (size_t i = n - 1; i > 0; i--, character >>= 6)
		to[i] = (char)(0x80 | (character & 0x3f));
	to[0] = (char)(marks[n] | character);
	return n;
}

/*
 * Turns *TEXT, which begins with the byte order mark of UTF-16 as Notepad writes it, into UTF-8. Any other text is left
 * alone. Returns 0, -ENOMEM, or -EILSEQ: half a pair of surrogates, or half a unit.
 */
static int convert_text(char **text, size_t *length)
{
	const unsigned char *from = (const unsigned char *)*text;
	bool big = *length >= 2 && from[0] == 0xfe && from[1] == 0xff;
	char *converted;
	size_t n = 0;

	if (!big && (*length < 2 || from[0] != 0xff || from[1] != 0xfe))
		return 0;
	converted = *length % 2 == 0 ? malloc(*length / 2 * 3 + 1) : NULL;
	if (!converted)
		return *length % 2 == 0 ? -ENOMEM : -EILSEQ;
	for (size_t i = 2; i < *length; i += 2) {
		uint32_t unit = (uint32_t)(from[i + !big] << 8 | from[i + big]), low = 0;

		if (unit >= 0xd800 && unit < 0xdc00 && i + 2 < *length) {
			i += 2;
			low = (uint32_t)(from[i + !big] << 8 | from[i + big]);
			if (low >= 0xdc00 && low < 0xe000)
				unit = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
		}
		if (unit >= 0xd800 && unit < 0xe000) {
			free(converted);
			return -EILSEQ;
		}
		n += encode_character(unit, converted + n);
	}
	converted[n] = '\0';
	free(*text);
	*text = converted;
	*length = n;
	return 0;
}

static int add_name(struct names *names, const char *text, size_t line)
{
	struct name name = { text, line };

	return array_add(&names->items, &names->n_items, &name);
}

/* Cuts comment and blanks off LINE. Returns what is left. */
static char *trim_line(char *line)
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

/* Tells whether NAME, at the end of LINE, can be a session or a user: a colon stands only where word.h allows it. */
static bool is_possible(const char *line, const char *name)
{
	const char *text = word_parse(name).text;

	if (strlen(line) > LENGTH_MAX || strchr(*text == ':' ? text + 1 : text, ':'))
		return false;
	for (const char *at = line; *at; at++)
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			return false;
	return true;
}

static bool is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (unsigned char)c >= 0x80 ||
	       strchr("._-@\\#: ", c);
}

bool names_are_plain(const char *text)
{
	const char *name = word_parse(text).text;

	if (strncmp(name, "/dev/", 5) == 0)
		name += 5;
	if (strncmp(name, "pts/", 4) == 0)
		name += 4;
	for (const char *at = name; *at; at++)
		if (!is_plain(*at) && !(*at == '$' && at > name && !at[1])) /* the account of a machine ends with it */
			return false;
	return strlen(text) <= PLAIN_MAX;
}

/* Cuts NAMES->text, without its byte order mark from AT on, into names. */
static int cut_names(struct names *names, char *at, names_behind_host_func behind_host, void *userdata)
{
	char *next;
	int r = 0;

	for (size_t line = 1; r >= 0 && at; at = next, line++) {
		next = strchr(at, '\n');
		if (next)
			*next++ = '\0';
		at = trim_line(at);
		if (!*at)
			continue;
		r = -EBADMSG;
		if (is_possible(at, behind_host ? behind_host(at, userdata) : at))
			r = add_name(names, at, line);
		if (r == -EBADMSG)
			names->wrong_line = line;
	}
	return r;
}

int names_read(struct names *names, const char *path, names_behind_host_func behind_host, void *userdata)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY), r;
	size_t length = 0;

	*names = (struct names){};
	if (fd < 0)
		return -errno;
	r = text_read(&names->text, &length, fd, FILE_MAX);
	close(fd);
	if (r >= 0)
		r = convert_text(&names->text, &length);
	if (r < 0)
		return r;
	if (strlen(names->text) != length)
		return -EILSEQ;
	return cut_names(names, names->text + (strncmp(names->text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0), behind_host,
			 userdata);
}

void names_done(struct names *names)
{
	free(names->items);
	free(names->text);
	*names = (struct names){};
}
