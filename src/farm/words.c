/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * words.c - see words.h.
 */
#include "farm/words.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/text.h"

#define FILE_MAX (4u << 20)
#define PLAIN "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"
#define SHOWN_MAX 63u /* bytes of a word of a file: keys in base64 are longer */
#define BLANKS " \t\r\v\f"

/* ---- faults ---- */

/* A file may be any file that the caller of sudo names, so only what looks like a name is shown of it. */
static bool may_be_shown(const char *word, size_t length)
{
	if (length > SHOWN_MAX)
		return false;
	for (size_t i = 0; i < length; i++)
		if (!strchr(PLAIN "@:%,[]", word[i]))
			return false;
	return true;
}

int fault_word(struct farm_fault *fault, enum farm_fault_kind kind, const char *path, size_t line, const char *word,
	       size_t length)
{
	*fault = (struct farm_fault){ .kind = kind, .error = -EINVAL, .line = line };
	snprintf(fault->path, sizeof(fault->path), "%s", path ? path : "");
	if (length >= sizeof(fault->word))
		length = sizeof(fault->word) - 1;
	if (!path || may_be_shown(word, length))
		memcpy(fault->word, word, length);
	return -EINVAL;
}

int fault_system(struct farm_fault *fault, int r, const char *path)
{
	*fault = (struct farm_fault){ .kind = FARM_FAULT_SYSTEM, .error = r };
	snprintf(fault->path, sizeof(fault->path), "%s", path ? path : "");
	return r;
}

/* ---- texts ---- */

bool is_plain_name(const char *text, size_t length)
{
	return length > 0 && length <= NODESET_NAME_MAX && *text != '-' && strspn(text, PLAIN) >= length;
}

static unsigned char lower(char c)
{
	return (unsigned char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

int compare_names(const char *one, const char *two)
{
	while (*one && lower(*one) == lower(*two)) {
		one++;
		two++;
	}
	return (lower(*one) > lower(*two)) - (lower(*one) < lower(*two));
}

bool port_parse(uint16_t *ret, const char *text)
{
	size_t length = strspn(text, "0123456789");
	unsigned long port = length > 0 && length <= 5 && !text[length] ? strtoul(text, NULL, 10) : 0;

	*ret = (uint16_t)port;
	return port > 0 && port <= UINT16_MAX;
}

/* Only the form: at least two colons, and perhaps the network interface behind a "%". */
static bool is_ipv6(const char *text, size_t length)
{
	size_t n = strspn(text, "0123456789ABCDEFabcdef:."), n_colons = 0;

	for (size_t i = 0; i < n && i < length; i++)
		n_colons += text[i] == ':';
	if (n_colons < 2 || length > NODESET_NAME_MAX)
		return false;
	return n >= length || (text[n] == '%' && is_plain_name(text + n + 1, length - n - 1));
}

bool host_text_parse(struct host_text *ret, const char *text)
{
	const char *colon = strchr(text, ':'), *end;
	bool bracket = *text == '[';

	*ret = (struct host_text){ .host = text + bracket, .is_ipv6 = bracket || (colon && strchr(colon + 1, ':')) };
	if (bracket)
		end = ret->host + strcspn(ret->host, "]");
	else
		end = ret->is_ipv6 || !colon ? text + strlen(text) : colon;
	ret->length = (size_t)(end - ret->host);
	if (bracket && *end++ != ']')
		return false;
	if (*end && (*end != ':' || !port_parse(&ret->port, end + 1)))
		return false;
	return ret->is_ipv6 ? is_ipv6(ret->host, ret->length) : is_plain_name(ret->host, ret->length);
}

bool host_word_parse(struct host_word *ret, const char *text)
{
	const char *at;

	*ret = (struct host_word){ .way = FARM_TSTS, .name = text };
	if (strncmp(text, "machine://", 10) == 0) {
		ret->way = FARM_MACHINE;
		ret->name = text + 10;
	} else if (strncmp(text, "ssh://", 6) == 0) {
		ret->way = FARM_SSH;
		ret->name = text + 6;
		at = strchr(ret->name, '@');
		if (at) {
			ret->user = ret->name;
			ret->user_length = (size_t)(at - ret->name);
			ret->name = at + 1;
		}
	}
	if (!host_text_parse(&ret->host, ret->name) || (ret->user && !is_plain_name(ret->user, ret->user_length)))
		return false;
	return ret->way != FARM_MACHINE || (ret->host.port == 0 && !ret->host.is_ipv6);
}

int read_text(int fd, char **ret)
{
	size_t length;
	char *text;
	int r = text_read(&text, &length, fd, FILE_MAX);

	if (r < 0)
		return r;
	if (strlen(text) != length) {
		free(text);
		return -EILSEQ;
	}
	if (strncmp(text, "\xef\xbb\xbf", 3) == 0)
		memmove(text, text + 3, length - 2);
	*ret = text;
	return 0;
}

char *next_line(char **at)
{
	char *line = *at, *newline = line ? strchr(line, '\n') : NULL;

	if (newline)
		*newline = '\0';
	*at = newline ? newline + 1 : NULL;
	return line;
}

/* ---- words ---- */

/*
 * Takes a word out of the text at *AT, in place. In quotes, "\" makes a quote or "\" behind it a character. Returns
 * false if the last quote is missing.
 */
static bool cut_word(char **at)
{
	char *from = *at, *to = *at;
	bool quoted = false, more;

	for (; *from && (quoted || !strchr(BLANKS, *from)); from++) {
		if (*from == '"') {
			quoted = !quoted;
			continue;
		}
		if (quoted && *from == '\\' && (from[1] == '"' || from[1] == '\\'))
			from++;
		*to++ = *from;
	}
	more = *from;
	*to = '\0';
	*at = from + more;
	return !quoted;
}

int split_words(char *text, bool comments, char ***ret_words, size_t *ret_n)
{
	size_t n = 0;
	char *word;
	int r;

	*ret_words = NULL;
	for (;;) {
		text += strspn(text, BLANKS);
		word = *text && !(comments && *text == '#') ? text : NULL;
		r = word && !cut_word(&text) ? -EINVAL : array_add(ret_words, &n, &word);
		if (r < 0 || !word)
			break;
	}
	*ret_n = n - (r >= 0);
	return r;
}
