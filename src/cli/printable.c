/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * printable.c - see printable.h.
 *
 * base/utf8.c decides what is harmless. Here it is cut to the length of a line of output.
 */
#include "cli/printable.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

struct safe safe(const char *text)
{
	const char *in = text ? text : "";
	struct safe out = {};
	size_t n = 0;

	while (*in) {
		bool plain = *in >= ' ' && *in <= '~';	/* the usual case, for tables of thousands */
		uint32_t character = 0;
		size_t length = plain ? 1 : utf8_decode(in, &character);
		bool shown = plain || (length > 0 && !utf8_is_harmful(character));

		if (length == 0)
			length = 1;
		if (n + 4 * length + sizeof("...") > sizeof(out.text)) {
			memcpy(out.text + n, "...", sizeof("..."));
			break;
		}
		for (size_t i = 0; i < length; i++) {
			if (shown)
				out.text[n++] = in[i];
			else
				n += (size_t)snprintf(out.text + n, 5, "\\x%02x", (unsigned char)in[i]);
		}
		in += length;
	}
	return out;
}

struct safe program(void)
{
	return safe(program_invocation_short_name);
}
