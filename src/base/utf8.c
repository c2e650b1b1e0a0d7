/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * utf8.c - see utf8.h.
 *
 * Straight-line code over bytes: no locale, and one table. Three kinds of characters are harmful. Terminals obey C1
 * control characters written as two bytes of UTF-8. Marks for right-to-left text can make a line read as its opposite.
 * Invisible characters make one name look like another.
 */
#include "base/utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t utf8_decode(const char *text, uint32_t *ret)
{
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *in = (const unsigned char *)text;
	size_t length = in[0] < 0x80	? 1
			: in[0] >= 0xf8 ? 0
			: in[0] >= 0xf0 ? 4
			: in[0] >= 0xe0 ? 3
			: in[0] >= 0xc0 ? 2
					: 0;
	uint32_t character = length == 1 ? in[0] : in[0] & (0x7fu >> length);

	for (size_t i = 1; i < length; i++) {
		if ((in[i] & 0xc0) != 0x80)
			return 0;
		character = character << 6 | (in[i] & 0x3fu);
	}
	if (length == 0 || character < smallest[length] || character > 0x10ffff ||
	    (character >= 0xd800 && character <= 0xdfff))
		return 0;
	*ret = character;
	return length;
}

void utf8_cut(char *text)
{
	size_t end = strlen(text), start = end;
	unsigned char lead;
	size_t need;

	while (start > 0 && end - start < 3 && ((unsigned char)text[start - 1] & 0xc0) == 0x80)
		start--;
	if (start == 0)
		return;
	lead = (unsigned char)text[start - 1];
	need = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
	if (need > 1 && end - (start - 1) < need)
		text[start - 1] = '\0';
}

bool utf8_is_harmful(uint32_t character)
{
	return character < 0x20 || (character >= 0x7f && character < 0xa0) || character == 0x061c ||
	       (character >= 0x200b && character <= 0x200f) || (character >= 0x2028 && character <= 0x202e) ||
	       (character >= 0x2060 && character <= 0x206f) || character == 0xfeff ||
	       (character >= 0xfff9 && character <= 0xfffb) || (character >= 0xe0000 && character <= 0xe007f);
}

char *utf8_harmless(const char *text, bool lines)
{
	char *copy = malloc(strlen(text) * 4 + 1);
	size_t n = 0, length;

	for (const char *in = text; copy && *in; in += length) {
		uint32_t character = 0;
		bool kept;

		length = utf8_decode(in, &character);
		kept = length > 0 && (!utf8_is_harmful(character) || (lines && (*in == '\n' || *in == '\t')));
		if (length == 0)
			length = 1;
		if (lines && in[0] == '\r' && in[1] == '\n')
			continue;
		for (size_t i = 0; i < length; i++)
			n += (size_t)sprintf(copy + n, kept ? "%c" : "\\x%02x", (unsigned char)in[i]);
	}
	if (copy)
		copy[n] = '\0';
	return copy;
}
