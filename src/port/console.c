/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * console.c - standard output, standard error and standard input of a program whose texts are UTF-8.
 *
 * A console gets UTF-16, by WriteConsoleW(): so any code page and font will do, and no setting outlives the program. A pipe or a file
 * gets the console's code page, which is what Windows' own programs write and PowerShell expects, and UTF-8 if there is no console.
 * stdio knows neither, so printf() and the like go through here. All other streams are stdio's.
 */
#include "port/console.h"

#include <stdarg.h>
#include <stdbool.h>

#include <windows.h>

/* Here stdio's own are meant. */
#undef fwrite
#undef fflush
#undef fclose
#undef ferror

#define LINE_MAX_BYTES 8192	/* old consoles take 32 KiB at once */

struct output {
	HANDLE console;			/* NULL: it is none */
	UINT code_page;			/* of a file or pipe; CP_UTF8: nothing is converted */
	bool by_line;
	bool failed;
	size_t n;
	char bytes[LINE_MAX_BYTES];	/* not written yet */
};

static struct output out, err;

static struct output *output_of(FILE *to)
{
	struct output *output = to == stdout ? &out : to == stderr ? &err : NULL;

	return output && (output->console || output->code_page != CP_UTF8) ? output : NULL;
}

/* How many of the N bytes are whole characters: the rest of the last one may not have come yet. */
static size_t whole_characters(const char *bytes, size_t n)
{
	size_t i = n, length;

	while (i > 0 && n - i < 3 && ((unsigned char)bytes[i - 1] & 0xc0) == 0x80)
		i--;
	if (i == 0)
		return n;
	length = (unsigned char)bytes[i - 1] < 0xc0 ? 1 : (unsigned char)bytes[i - 1] < 0xe0 ? 2 :
		 (unsigned char)bytes[i - 1] < 0xf0 ? 3 : 4;
	return n - (i - 1) < length ? i - 1 : n;
}

static bool write_wide(HANDLE console, const wchar_t *wide, DWORD n)
{
	DWORD written = 0;

	for (DWORD at = 0; at < n; at += written)
		if (!WriteConsoleW(console, wide + at, n - at, &written, NULL) || written == 0)
			return false;
	return true;
}

/*
 * What the code page does not have becomes a question mark. The best fit that Windows would choose for an arrow or a bullet can be a
 * control character. The few code pages that do not take this flag have everything.
 */
static bool write_encoded(UINT code_page, const wchar_t *wide, int n, FILE *to)
{
	char bytes[4 * LINE_MAX_BYTES];
	int length = WideCharToMultiByte(code_page, WC_NO_BEST_FIT_CHARS, wide, n, bytes, sizeof(bytes), NULL, NULL);

	if (length == 0 && n > 0 && GetLastError() == ERROR_INVALID_FLAGS)
		length = WideCharToMultiByte(code_page, 0, wide, n, bytes, sizeof(bytes), NULL, NULL);
	return n == 0 || (length > 0 && fwrite(bytes, 1, (size_t)length, to) == (size_t)length);
}

/* Writes the whole characters that OUTPUT has, and keeps the rest. */
static void write_bytes(struct output *output, FILE *to)
{
	wchar_t wide[LINE_MAX_BYTES] = L"";
	size_t n = whole_characters(output->bytes, output->n);
	int n_wide = n > 0 ? MultiByteToWideChar(CP_UTF8, 0, output->bytes, (int)n, wide, LINE_MAX_BYTES) : 0;
	bool ok = output->console ? write_wide(output->console, wide, (DWORD)n_wide) :
				    write_encoded(output->code_page, wide, n_wide, to);

	output->failed = output->failed || !ok;
	output->n -= n;
	memmove(output->bytes, output->bytes + n, output->n);
}

size_t port_fwrite(const void *data, size_t size, size_t n, FILE *to)
{
	struct output *output = output_of(to);
	const char *bytes = data;
	bool ends_line = false;

	if (to == stderr && out.console)
		write_bytes(&out, stdout);	/* a line that has not ended stands before */
	if (!output)
		return fwrite(data, size, n, to);
	for (size_t i = 0; i < size * n; i++) {
		if (output->n == LINE_MAX_BYTES)
			write_bytes(output, to);
		output->bytes[output->n++] = bytes[i];
		ends_line = ends_line || bytes[i] == '\n';
	}
	if (!output->by_line || ends_line)
		write_bytes(output, to);
	return output->failed ? 0 : n;
}

int port_fputs(const char *text, FILE *to)
{
	size_t n = strlen(text);

	return port_fwrite(text, 1, n, to) == n ? 0 : EOF;
}

int port_fputc(int byte, FILE *to)
{
	char one = (char)byte;

	return port_fwrite(&one, 1, 1, to) == 1 ? byte : EOF;
}

/* At once: MinGW's gives an unbuffered stream one byte after the other. */
int port_fprintf(FILE *to, const char *format, ...)
{
	char text[1024], *long_text = NULL;
	va_list arguments, again;
	int n;

	va_start(arguments, format);
	va_copy(again, arguments);
	n = vsnprintf(text, sizeof(text), format, arguments);
	if (n >= (int)sizeof(text))
		n = vasprintf(&long_text, format, again);
	va_end(again);
	va_end(arguments);
	if (n > 0 && port_fwrite(long_text ? long_text : text, 1, (size_t)n, to) < (size_t)n)
		n = -1;
	free(long_text);
	return n;
}

int port_fflush(FILE *to)
{
	struct output *output = output_of(to);

	if (output)
		write_bytes(output, to);
	return fflush(to) == EOF || (output && output->failed) ? EOF : 0;
}

int port_ferror(FILE *to)
{
	const struct output *output = output_of(to);

	return (output && output->failed) || ferror(to);
}

int port_fclose(FILE *to)
{
	int r = port_fflush(to);

	return fclose(to) == EOF ? EOF : r;
}

static void write_rest(void)
{
	(void)port_fflush(stdout);
}

int isatty(int fd)
{
	DWORD mode;

	return GetConsoleMode((HANDLE)_get_osfhandle(fd), &mode);
}

static void begin_output(struct output *output, int fd)
{
	UINT code_page = GetConsoleOutputCP();

	output->console = isatty(fd) ? (HANDLE)_get_osfhandle(fd) : NULL;
	output->code_page = code_page ? code_page : CP_UTF8;
}

void console_begin(void)
{
	begin_output(&out, STDOUT_FILENO);
	begin_output(&err, STDERR_FILENO);
	out.by_line = true;
	atexit(write_rest);
}

/* ---- input ---- */

/* A line of the console that has been read in part. */
static struct {
	char bytes[4 * LINE_MAX_BYTES];
	size_t at, n;
} line;

/* Reads a line. Ctrl-Z at its beginning is the end of the input. Returns false at the end, or when Ctrl-C has come. */
static bool read_line(HANDLE console)
{
	wchar_t wide[LINE_MAX_BYTES];
	DWORD n = 0;

	line.at = line.n = 0;
	if (!ReadConsoleW(console, wide, LINE_MAX_BYTES, &n, NULL) || n == 0 || wide[0] == 0x1a)
		return false;
	for (DWORD i = 0; i + 1 < n; i++)
		if (wide[i] == L'\r' && wide[i + 1] == L'\n') {
			wide[i] = L'\n';
			n = i + 1;
		}
	line.n = (size_t)WideCharToMultiByte(CP_UTF8, 0, wide, (int)n, line.bytes, sizeof(line.bytes), NULL, NULL);
	return line.n > 0;
}

ssize_t read(int fd, void *buffer, size_t size)
{
	size_t n;

	if (fd != STDIN_FILENO || !isatty(fd))
		return _read(fd, buffer, (unsigned)size);
	if (line.at == line.n && !read_line((HANDLE)_get_osfhandle(fd)))
		return 0;
	n = line.n - line.at < size ? line.n - line.at : size;
	memcpy(buffer, line.bytes + line.at, n);
	line.at += n;
	return (ssize_t)n;
}
