/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * codec-text.c - texts, times and SIDs of Windows.
 *
 * UTF-16 is turned here and not by Samba's iconv: a name with half a surrogate pair must not make a list of sessions
 * unreadable, and what a text becomes must not depend on locale or configuration. MS-DTYP 2.3.3 (FILETIME), 2.4.2 (SID);
 * MS-ERREF 2.1 to 2.3 (codes).
 */
#include "tsts/codec.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

#define REPLACEMENT 0xfffdu

static bool is_high(uint32_t unit)
{
	return (unit & 0xfc00) == 0xd800;
}

static bool is_low(uint32_t unit)
{
	return (unit & 0xfc00) == 0xdc00;
}

static uint32_t unit_at(const uint8_t *units, size_t i, bool big_endian)
{
	return big_endian ? (uint32_t)units[2 * i] << 8 | units[2 * i + 1]
			  : (uint32_t)units[2 * i + 1] << 8 | units[2 * i];
}

/* Returns the number of bytes, which are written if OUT is not NULL. */
static size_t put_utf8(char *out, uint32_t character)
{
	size_t n = character < 0x80 ? 1 : character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
	static const uint8_t first[] = { 0, 0, 0xc0, 0xe0, 0xf0 };

	for (size_t i = n; out && i-- > 0; character >>= 6)
		out[i] = (char)(i == 0 ? first[n] | character : 0x80u | (character & 0x3fu));
	return n;
}

size_t wire_utf8(char *out, const uint8_t *units, size_t n, bool big_endian)
{
	size_t length = 0;

	for (size_t i = 0; i < n; i++) {
		uint32_t character = unit_at(units, i, big_endian);

		if (character == 0)
			break;
		if (is_high(character) && i + 1 < n && is_low(unit_at(units, i + 1, big_endian)))
			character = 0x10000 + ((character & 0x3ff) << 10) + (unit_at(units, ++i, big_endian) & 0x3ff);
		else if (is_high(character) || is_low(character))
			character = REPLACEMENT;
		length += put_utf8(out ? out + length : NULL, character);
	}
	if (out)
		out[length] = '\0';
	return length;
}

uint16_t wire_utf16_next(struct wire_utf16 *text, size_t n)
{
	uint32_t character = REPLACEMENT;
	uint16_t low = text->low;
	size_t length;

	text->low = 0;
	if (low)
		return low;
	if (!text->next || !*text->next)
		return 0;
	length = utf8_decode(text->next, &character);
	text->next += length ? length : 1; /* what is not UTF-8 is replaced byte by byte */
	if (character < 0x10000)
		return (uint16_t)character;
	if (n < 2) {
		text->next = "";
		return 0;
	}
	text->low = (uint16_t)(0xdc00 | (character & 0x3ff));
	return (uint16_t)(0xd800 | (character - 0x10000) >> 10);
}

uint32_t tsts_text_size(const char *text)
{
	struct wire_utf16 cursor = { text, 0 };
	uint32_t n = 1;

	if (!text)
		return 0;
	while (n < UINT32_MAX && wire_utf16_next(&cursor, SIZE_MAX))
		n++;
	return n;
}

void tsts_process_set_image(struct tsts_process *process, const char *text)
{
	uint32_t size = tsts_text_size(text) * 2;

	/* The sizes are 16 bits on the wire; longer names are cut. */
	process->image = text;
	process->image_room = size > UINT16_MAX - 1 ? UINT16_MAX - 1 : size;
	process->image_length = process->image_room ? process->image_room - 2 : 0;
}

/* ---- times ---- */

#define UNIX_EPOCH INT64_C(11644473600000000)	/* microseconds from 1601 to 1970 */
#define END_OF_TIME INT64_C(253402300800000000)	/* year 10000: nobody means it, and calendars break there */

int64_t tsts_unix_us(uint64_t filetime)
{
	int64_t us = (int64_t)(filetime / 10) - UNIX_EPOCH;

	return us > 0 && us < END_OF_TIME ? us : 0;
}

uint64_t tsts_filetime(int64_t unix_us)
{
	if (unix_us <= 0 || unix_us >= END_OF_TIME)
		return 0;
	return (uint64_t)(unix_us + UNIX_EPOCH) * 10;
}

/* ---- SIDs ---- */

#define SID_HEAD 8
#define SID_MAX_PARTS 15

bool tsts_sid_text(const uint8_t *sid, size_t n, char text[TSTS_SID_TEXT_SIZE])
{
	uint64_t authority = 0;
	size_t length;

	text[0] = '\0';
	if (!sid || n < SID_HEAD || sid[0] != 1 || sid[1] > SID_MAX_PARTS || n < SID_HEAD + 4u * sid[1])
		return false;
	for (size_t i = 2; i < SID_HEAD; i++)
		authority = authority << 8 | sid[i];
	length = (size_t)snprintf(text, TSTS_SID_TEXT_SIZE, authority > UINT32_MAX ? "S-1-0x%012" PRIx64 : "S-1-%" PRIu64,
				  authority);
	for (size_t i = 0; i < sid[1]; i++) {
		const uint8_t *part = sid + SID_HEAD + 4 * i;

		length += (size_t)snprintf(text + length, TSTS_SID_TEXT_SIZE - length, "-%" PRIu32,
					   (uint32_t)part[3] << 24 | (uint32_t)part[2] << 16 | (uint32_t)part[1] << 8 | part[0]);
	}
	return true;
}
