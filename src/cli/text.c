/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * text.c - see text.h.
 *
 * UTF-8 is decoded here by the table of the Unicode standard (3.9, D92) rather than by the locale: what is harmless must
 * not depend on the environment of whoever runs the command.
 */
#include "cli/text.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Decodes one character of TEXT. Returns its length, or 0 if it is not UTF-8. */
static size_t decode(const unsigned char *text, uint32_t *ret)
{
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t length = text[0] < 0x80 ? 1 : text[0] >= 0xf0 ? 4 : text[0] >= 0xe0 ? 3 : text[0] >= 0xc0 ? 2 : 0;
	uint32_t character = length == 1 ? text[0] : text[0] & (0x7fu >> length);

	for (size_t i = 1; i < length; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		character = character << 6 | (text[i] & 0x3fu);
	}
	if (length == 0 || character < smallest[length] || character > 0x10ffff ||
	    (character >= 0xd800 && character <= 0xdfff))
		return 0;
	*ret = character;
	return length;
}

/* Controls (C0, DEL, C1), line separators, and the marks that change the direction of text. */
static bool is_harmful(uint32_t character)
{
	return character < 0x20 || (character >= 0x7f && character < 0xa0) || character == 0x061c ||
	       (character >= 0x200b && character <= 0x200f) || (character >= 0x2028 && character <= 0x202e) ||
	       (character >= 0x2066 && character <= 0x2069) || character == 0xfeff;
}

struct safe safe(const char *text)
{
	const unsigned char *in = (const unsigned char *)(text ? text : "");
	struct safe out = {};
	size_t n = 0;

	while (*in) {
		uint32_t character = 0;
		size_t length = decode(in, &character);
		bool shown = length > 0 && !is_harmful(character);

		if (length == 0)
			length = 1;
		if (n + 4 * length + sizeof("...") > sizeof(out.text)) {
			strcpy(out.text + n, "...");
			break;
		}
		for (size_t i = 0; i < length; i++) {
			if (shown)
				out.text[n++] = (char)in[i];
			else
				n += (size_t)snprintf(out.text + n, 5, "\\x%02x", in[i]);
		}
		in += length;
	}
	return out;
}

struct safe program(void)
{
	return safe(program_invocation_short_name);
}
