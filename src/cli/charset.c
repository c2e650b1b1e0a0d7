/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * charset.c - see charset.h. A stream that recodes takes the place of each standard one, and writes to it.
 */
#include "cli/charset.h"

#include <iconv.h>
#include <langinfo.h>
#include <locale.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/*
 * From UTF-8 to the locale's charset. NULL if the charset is UTF-8, or ASCII, where only text from others is not ASCII.
 */
static iconv_t encoder;

/* A stream, and the bytes of a character whose rest has not come yet. */
struct recoder {
	FILE *to;
	char character[8];
	size_t n;
};

/* How many bytes the character has that begins with FIRST. */
static size_t length_of(unsigned char first)
{
	return first < 0xc0 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

/* Encodes the N bytes of one character. Returns the number of bytes in OUT. */
static size_t encode_character(const char *character, size_t n, char out[static 8])
{
	char *from = (char *)character, *to = out;
	size_t left = 8, width;

	if (iconv(encoder, &from, &n, &to, &left) != (size_t)-1)
		return 8 - left;
	width = text_width(character);
	memset(out, '?', width);
	return width;
}

static ssize_t write_recoded(void *cookie, const char *text, size_t size)
{
	struct recoder *recoder = cookie;
	char out[8];

	for (size_t i = 0; i < size; i++) {
		size_t n;

		recoder->character[recoder->n++] = text[i];
		if (recoder->n < length_of((unsigned char)recoder->character[0]))
			continue;
		recoder->character[recoder->n] = '\0';
		n = encode_character(recoder->character, recoder->n, out);
		recoder->n = 0;
		if (fwrite(out, 1, n, recoder->to) < n)
			return 0;
	}
	return fflush(recoder->to) == EOF ? 0 : (ssize_t)size;
}

static int close_recoded(void *cookie)
{
	struct recoder *recoder = cookie;

	return fclose(recoder->to);
}

/* Returns the stream to use in place of STREAM: STREAM itself if there is no memory. */
static FILE *recoded(struct recoder *recoder, FILE *stream, int mode)
{
	cookie_io_functions_t functions = { .write = write_recoded, .close = close_recoded };
	FILE *one;

	recoder->to = stream;
	one = fopencookie(recoder, "w", functions);
	if (!one)
		return stream;
	(void)setvbuf(one, NULL, mode, BUFSIZ);
	(void)setvbuf(stream, NULL, _IOFBF, BUFSIZ);
	return one;
}

void charset_init(void)
{
	static struct recoder out, err;
	const char *charset;

	/* Not LC_ALL: the other categories would be read from disk for nothing. */
	setlocale(LC_CTYPE, "");
	setlocale(LC_MESSAGES, "");
	bindtextdomain("logoff", LOCALEDIR);
	textdomain("logoff");
	charset = nl_langinfo(CODESET);
	(void)bind_textdomain_codeset("logoff", "UTF-8");
	(void)bind_textdomain_codeset("libc", "UTF-8");
	if (strcmp(charset, "UTF-8") == 0 || strcmp(charset, "ANSI_X3.4-1968") == 0)
		return;
	encoder = iconv_open(charset, "UTF-8");
	if (encoder == (iconv_t)-1) {
		encoder = NULL;
		return;
	}
	stdout = recoded(&out, stdout, isatty(STDOUT_FILENO) ? _IOLBF : _IOFBF);
	stderr = recoded(&err, stderr, _IONBF);
}

void charset_init_times(void)
{
	if (!encoder)
		setlocale(LC_TIME, "");
}

struct safe charset_encode(const char *text)
{
	struct safe out = {};
	size_t n = 0;

	if (!encoder)
		return safe(text);
	for (size_t length; *text && n + 9 < sizeof(out.text); text += length) {
		char character[8] = "";

		length = strnlen(text, length_of((unsigned char)*text));
		memcpy(character, text, length);
		n += encode_character(character, length, out.text + n);
	}
	return out;
}
