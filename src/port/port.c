/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * port.c - see port.h and wide.h.
 */
#include <stdbool.h>

#include <windows.h>

#include "base/utf8.h"
#include "port/wide.h"

/* ---- UTF-16 ---- */

char *wide_to_text(const wchar_t *wide)
{
	int n = WideCharToMultiByte(CP_UTF8, 0, wide, -1, NULL, 0, NULL, NULL);
	char *text = n > 0 ? malloc((size_t)n) : NULL;

	if (text)
		WideCharToMultiByte(CP_UTF8, 0, wide, -1, text, n, NULL, NULL);
	return text;
}

wchar_t *wide_from_text(const char *text)
{
	int n = MultiByteToWideChar(CP_UTF8, 0, text, -1, NULL, 0);
	wchar_t *wide = n > 0 ? malloc((size_t)n * sizeof(wchar_t)) : NULL;

	if (wide)
		MultiByteToWideChar(CP_UTF8, 0, text, -1, wide, n);
	return wide;
}

/* ---- errors ---- */

/* The names and texts of glibc, so that users and programs read the same everywhere. */
static const struct {
	int number;
	const char *name, *text;
} errors[] = {
#define ERROR_ROW(NUMBER, TEXT) { NUMBER, #NUMBER, TEXT }
	ERROR_ROW(EPERM, "Operation not permitted"),
	ERROR_ROW(ENOENT, "No such file or directory"),
	ERROR_ROW(ESRCH, "No such process"),
	ERROR_ROW(EINTR, "Interrupted system call"),
	ERROR_ROW(EIO, "Input/output error"),
	ERROR_ROW(ENXIO, "No such device or address"),
	ERROR_ROW(E2BIG, "Argument list too long"),
	ERROR_ROW(EBADF, "Bad file descriptor"),
	ERROR_ROW(EAGAIN, "Resource temporarily unavailable"),
	ERROR_ROW(ENOMEM, "Cannot allocate memory"),
	ERROR_ROW(EACCES, "Permission denied"),
	ERROR_ROW(EBUSY, "Device or resource busy"),
	ERROR_ROW(ENODEV, "No such device"),
	ERROR_ROW(ENOTDIR, "Not a directory"),
	ERROR_ROW(EISDIR, "Is a directory"),
	ERROR_ROW(EINVAL, "Invalid argument"),
	ERROR_ROW(EMFILE, "Too many open files"),
	ERROR_ROW(EFBIG, "File too large"),
	ERROR_ROW(ENOSPC, "No space left on device"),
	ERROR_ROW(EPIPE, "Broken pipe"),
	ERROR_ROW(ERANGE, "Numerical result out of range"),
	ERROR_ROW(EDEADLK, "Resource deadlock avoided"),
	ERROR_ROW(ENAMETOOLONG, "File name too long"),
	ERROR_ROW(EILSEQ, "Invalid or incomplete multibyte or wide character"),
	ERROR_ROW(EBADMSG, "Bad message"),
	ERROR_ROW(ECANCELED, "Operation canceled"),
	ERROR_ROW(ECONNREFUSED, "Connection refused"),
	ERROR_ROW(ECONNRESET, "Connection reset by peer"),
	ERROR_ROW(EHOSTUNREACH, "No route to host"),
	ERROR_ROW(ELOOP, "Too many levels of symbolic links"),
	ERROR_ROW(ENOTCONN, "Transport endpoint is not connected"),
	ERROR_ROW(EOPNOTSUPP, "Operation not supported"),
	ERROR_ROW(EPROTO, "Protocol error"),
	ERROR_ROW(ETIMEDOUT, "Connection timed out"),
	ERROR_ROW(ESTALE, "Stale file handle"),
	ERROR_ROW(ENOTUNIQ, "Name not unique on network"),
	ERROR_ROW(EKEYREJECTED, "Key was rejected by service"),
	ERROR_ROW(ENOPKG, "Package not installed"),
};

#define N_ERRORS (sizeof(errors) / sizeof(errors[0]))

static size_t find_error(int number)
{
	size_t i = 0;

	while (i < N_ERRORS && errors[i].number != number)
		i++;
	return i;
}

const char *strerrorname_np(int number)
{
	size_t i = find_error(number);

	return i < N_ERRORS ? errors[i].name : NULL;
}

const char *strerrordesc_np(int number)
{
	size_t i = find_error(number);

	return i < N_ERRORS ? errors[i].text : NULL;
}

char *strerror(int number)
{
	static __thread char other[32];
	const char *text = strerrordesc_np(number);

	if (!text)
		snprintf(other, sizeof(other), "Unknown error %d", number);
	return (char *)(text ? text : other);
}

/* ---- texts ---- */

/* Leading zeros do not make a fraction here, as they do in GNU's. */
int strverscmp(const char *a, const char *b)
{
	static const char digits[] = "0123456789";

	while (*a && *b) {
		size_t n = strspn(a, digits), m = strspn(b, digits);
		int order = n != m ? (n > m) - (n < m) : strncmp(a, b, n);

		if ((n == 0) != (m == 0) || (n == 0 && *a != *b))
			break;
		if (n > 0 && order)
			return order;
		a += n > 0 ? n : 1;
		b += n > 0 ? n : 1;
	}
	return (unsigned char)*a - (unsigned char)*b;
}

char *strsep(char **rest, const char *delimiters)
{
	char *text = *rest;

	if (!text)
		return NULL;
	*rest += strcspn(text, delimiters);
	if (**rest)
		*(*rest)++ = '\0';
	else
		*rest = NULL;
	return text;
}

char *strndup(const char *text, size_t size)
{
	size_t n = strnlen(text, size);
	char *copy = malloc(n + 1);

	if (copy) {
		memcpy(copy, text, n);
		copy[n] = '\0';
	}
	return copy;
}

/* A wchar_t has 16 bits: characters that need more are none, and stay as they are. */
size_t mbrtowc(wchar_t *ret, const char *text, size_t size, mbstate_t *state)
{
	uint32_t character;
	size_t n;

	(void)state;
	if (size == 0)
		return (size_t)-2;
	n = utf8_decode(text, &character);
	if (n == 0 || n > size || character > 0xffff)
		return (size_t)-1;
	*ret = (wchar_t)character;
	return n;
}

size_t wcrtomb(char *to, wchar_t character, mbstate_t *state)
{
	int n = WideCharToMultiByte(CP_UTF8, WC_ERR_INVALID_CHARS, &character, 1, to, 4, NULL, NULL);

	(void)state;
	return n > 0 ? (size_t)n : (size_t)-1;
}

wint_t towlower(wint_t character)
{
	wchar_t from = character, to;

	return LCMapStringEx(LOCALE_NAME_INVARIANT, LCMAP_LOWERCASE, &from, 1, &to, 1, NULL, NULL, 0) == 1 ? to : character;
}

/* ---- memory ---- */

void *reallocarray(void *items, size_t n, size_t size)
{
	return size && n > SIZE_MAX / size ? NULL : realloc(items, n * size);
}

void explicit_bzero(void *memory, size_t size)
{
	SecureZeroMemory(memory, size);
}

/* The arguments of qsort_s() of the C library have another order. */
struct sorting {
	int (*compare)(const void *, const void *, void *);
	void *data;
};

static int compare_items(void *data, const void *a, const void *b)
{
	struct sorting *sorting = data;

	return sorting->compare(a, b, sorting->data);
}

void qsort_r(void *items, size_t n, size_t size, int (*compare)(const void *, const void *, void *), void *data)
{
	struct sorting sorting = { compare, data };

	qsort_s(items, n, size, compare_items, &sorting);
}

/* ---- time ---- */

/* The monotonic clock does not count the time that the machine sleeps, as on Linux; so it is not QueryPerformanceCounter(). */
int clock_gettime(clockid_t clock, struct timespec *ret)
{
	ULONGLONG time;
	FILETIME now;

	if (clock == CLOCK_MONOTONIC) {
		QueryUnbiasedInterruptTime(&time);
	} else {
		GetSystemTimeAsFileTime(&now);
		time = (((ULONGLONG)now.dwHighDateTime << 32) | now.dwLowDateTime) - UINT64_C(116444736000000000);
	}
	ret->tv_sec = (time_t)(time / 10000000);
	ret->tv_nsec = (long)(time % 10000000 * 100);
	return 0;
}

struct tm *localtime_r(const time_t *time, struct tm *ret)
{
	return localtime_s(ret, time) == 0 ? ret : NULL;
}

struct tm *gmtime_r(const time_t *time, struct tm *ret)
{
	return gmtime_s(ret, time) == 0 ? ret : NULL;
}

time_t timegm(struct tm *tm)
{
	return _mkgmtime(tm);
}

char *strptime(const char *text, const char *format, struct tm *ret)
{
	int n = 0;

	(void)format;
	if (sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2dZ%n", &ret->tm_year, &ret->tm_mon, &ret->tm_mday, &ret->tm_hour, &ret->tm_min,
		   &ret->tm_sec, &n) != 6 || n == 0)
		return NULL;
	if (ret->tm_mon < 1 || ret->tm_mon > 12 || ret->tm_mday < 1 || ret->tm_mday > 31 || ret->tm_hour > 23 ||
	    ret->tm_min > 59 || ret->tm_sec > 61)
		return NULL;
	ret->tm_year -= 1900;
	ret->tm_mon--;
	return (char *)text + n;
}

/* ---- files ---- */

/* Windows refuses to open a folder. Linux opens it and refuses to read it. */
int open(const char *path, int flags, ...)
{
	wchar_t *wide = wide_from_text(path);
	DWORD attributes = wide ? GetFileAttributesW(wide) : INVALID_FILE_ATTRIBUTES;
	int fd = wide ? _wopen(wide, flags) : -1;

	free(wide);
	if (fd < 0 && attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY))
		errno = EISDIR;
	return fd;
}
