/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * port.h - what the C library of Windows lacks and the sources use, under the names that POSIX and GNU give it.
 *
 * The compiler includes it before each file (-include), on Windows only, so that the sources need not know. Only what the sources
 * use is there, and only as far as they use it. Texts are UTF-8, whatever the code page of the process is. The headers of the
 * C library come first: the macros below must not rename what they declare.
 */
#ifndef PORT_PORT_H
#define PORT_PORT_H

#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>
#include <wctype.h>

/* ---- errors ---- */

/*
 * The C library of Windows lacks some numbers, and has others that it never uses itself. They are those of Linux here, as
 * programs read them in JSON.
 */
#undef EBADMSG
#undef ECANCELED
#undef ECONNREFUSED
#undef ECONNRESET
#undef EHOSTUNREACH
#undef ENOTCONN
#undef EOPNOTSUPP
#undef EPROTO
#undef ETIMEDOUT
#define ENOPKG 65
#define EPROTO 71
#define EBADMSG 74
#define ENOTUNIQ 76
#define EOPNOTSUPP 95
#define ECONNRESET 104
#define ENOTCONN 107
#define ETIMEDOUT 110
#define ECONNREFUSED 111
#define EHOSTUNREACH 113
#define ESTALE 116
#define ECANCELED 125
#define EKEYREJECTED 129

#define strerror port_strerror
char *strerror(int number);
const char *strerrorname_np(int number);
const char *strerrordesc_np(int number);

/* ---- users, who have no numbers here ---- */

typedef uint32_t uid_t;
#define getuid() ((uid_t)-2)	/* the number of nobody: -1 is that of users without one */

/* ---- files ---- */

#define O_CLOEXEC (O_NOINHERIT | O_BINARY)	/* files are read as they are: no Ctrl-Z ends them */
#define O_NOCTTY 0

#define open port_open
int open(const char *path, int flags, ...);
#define read port_read		/* from a console too, in UTF-8 */
ssize_t read(int fd, void *buffer, size_t size);
#define isatty port_isatty	/* the C library's says yes to NUL */
int isatty(int fd);

/* ---- output: see console.c ---- */

size_t port_fwrite(const void *data, size_t size, size_t n, FILE *to);
int port_fputs(const char *text, FILE *to);
int port_fputc(int byte, FILE *to);
int port_fprintf(FILE *to, const char *format, ...) __attribute__((format(gnu_printf, 2, 3)));
int port_fflush(FILE *to);
int port_fclose(FILE *to);
int port_ferror(FILE *to);
/* With arguments: in "format(printf, 1, 2)" the name of the attribute stays. */
#define fwrite(data, size, n, to) port_fwrite(data, size, n, to)
#define fputs(text, to) port_fputs(text, to)
#define fputc(byte, to) port_fputc(byte, to)
#define fprintf(...) port_fprintf(__VA_ARGS__)
#define printf(...) port_fprintf(stdout, __VA_ARGS__)
#define fflush(to) port_fflush(to)
#define fclose(to) port_fclose(to)
#undef putc
#define putc(byte, to) port_fputc(byte, to)
#undef putchar
#define putchar(byte) port_fputc(byte, stdout)
#undef ferror
#define ferror(to) port_ferror(to)

/* ---- texts ---- */

/* Numbers within the texts are compared by their value. */
int strverscmp(const char *a, const char *b);
char *strsep(char **rest, const char *delimiters);
char *strndup(const char *text, size_t size);
#define mbrtowc port_mbrtowc
size_t mbrtowc(wchar_t *ret, const char *text, size_t size, mbstate_t *state);
#define wcrtomb port_wcrtomb
size_t wcrtomb(char *to, wchar_t character, mbstate_t *state);
#define towlower port_towlower
wint_t towlower(wint_t character);

/* ---- memory ---- */

void *reallocarray(void *items, size_t n, size_t size);
void explicit_bzero(void *memory, size_t size);
void qsort_r(void *items, size_t n, size_t size, int (*compare)(const void *, const void *, void *), void *data);

/* ---- time ---- */

#define clock_gettime port_clock_gettime	/* MinGW's would need libwinpthread */
int clock_gettime(clockid_t clock, struct timespec *ret);
#define localtime_r port_localtime_r
struct tm *localtime_r(const time_t *time, struct tm *ret);
#define gmtime_r port_gmtime_r
struct tm *gmtime_r(const time_t *time, struct tm *ret);
time_t timegm(struct tm *tm);
/* Only the FORMAT "%Y-%m-%dT%H:%M:%SZ". */
char *strptime(const char *text, const char *format, struct tm *ret);

/* ---- the program ---- */

extern char *program_invocation_short_name;	/* in lower case, without ".exe" */

/* ---- only for tests: port-test.c ---- */

int setenv(const char *name, const char *value, int overwrite);
int unsetenv(const char *name);
#define nanosleep port_nanosleep
int nanosleep(const struct timespec *time, struct timespec *rest);
#define tmpfile port_tmpfile	/* the C library's needs the root of the drive, and fails at times in Wine: see port-test.c */
FILE *tmpfile(void);
FILE *open_memstream(char **ret_text, size_t *ret_size);

#endif
