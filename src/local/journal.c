/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * journal.c - see journal.h.
 *
 * A datagram to a Unix socket whose queue is full is waited for by the kernel, for as long as SO_SNDTIMEO says; so is the
 * connection to a stream socket. A wait of zero is a call that does not block: as a timeout 0 would mean for ever.
 */
#include "local/journal.h"

#include <errno.h>
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* Returns 0 or -errno; a time that has passed is -ETIMEDOUT, whatever the kernel calls it here. */
static int connect_to(const char *path, int type, uint64_t wait_us, int *ret_fd)
{
	struct timeval time = { .tv_sec = (time_t)(wait_us / 1000000), .tv_usec = (suseconds_t)(wait_us % 1000000) };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd, r;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, type | SOCK_CLOEXEC | (wait_us == 0 ? SOCK_NONBLOCK : 0), 0);
	if (fd < 0)
		return -errno;
	if ((wait_us > 0 && setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof(time)) < 0) ||
	    connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		r = errno == EAGAIN ? -ETIMEDOUT : -errno;
		close(fd);
		return r;
	}
	*ret_fd = fd;
	return 0;
}

static int send_to(const char *path, int type, const void *data, size_t size, uint64_t wait_us)
{
	ssize_t n;
	int fd = -1, r = connect_to(path, type, wait_us, &fd);

	if (r < 0)
		return r;
	n = send(fd, data, size, MSG_NOSIGNAL);
	r = n < 0 ? -errno : (size_t)n < size ? -EAGAIN : 0;
	close(fd);
	return r == -EAGAIN || r == -EINTR ? -ETIMEDOUT : r;
}

/* What is sent of a text: not half a character, which would make the journal hide the whole line from people. */
static size_t cut_text(const char *text)
{
	size_t n = strnlen(text, JOURNAL_FIELD_MAX);

	while (n > 0 && text[n] && ((unsigned char)text[n] & 0xc0) == 0x80)
		n--;
	return n;
}

/* Writes the field as the protocol wants it: a text with a newline comes with its size, in eight bytes, instead of a "=". */
static char *put_field(char *at, const char *field)
{
	const char *text = strchr(field, '=') + 1;
	size_t n_name = (size_t)(text - field) - 1, n = cut_text(text);
	bool plain = !memchr(text, '\n', n);
	uint64_t size = htole64(n);

	at = mempcpy(at, field, n_name);
	*at++ = plain ? '=' : '\n';
	if (!plain)
		at = mempcpy(at, &size, sizeof(size));
	at = mempcpy(at, text, n);
	*at++ = '\n';
	return at;
}

int journal_send(const char *socket, char *const *fields, size_t n_fields, uint64_t wait_us)
{
	size_t size = 1;
	char *entry, *end;
	int r;

	for (size_t i = 0; i < n_fields; i++)
		size += strlen(fields[i]) + sizeof(uint64_t) + 2;
	entry = end = malloc(size);
	if (!entry)
		return -ENOMEM;
	for (size_t i = 0; i < n_fields; i++)
		end = put_field(end, fields[i]);
	r = send_to(socket, SOCK_DGRAM, entry, (size_t)(end - entry), wait_us);
	free(entry);
	return r;
}

bool journal_is_expected(void)
{
	/* Programs, as a removed package leaves its configuration; but syslogd is a link in every machine with busybox. */
	static const char *const signs[] = { "/dev/log", "/usr/sbin/rsyslogd", "/usr/sbin/syslog-ng", "/usr/sbin/metalog",
					     "/etc/syslog.conf", "/etc/conf.d/syslog" };
	struct stat file;

	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
		if (lstat(signs[i], &file) == 0)	/* systemd's /dev/log is a link to a socket that may be missing */
			return true;
	return false;
}

/* The time as RFC 3164 wants it, in English whatever the locale. */
static void put_time(char *text, size_t size)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	time_t now = time(NULL);
	struct tm tm = {};

	localtime_r(&now, &tm);
	snprintf(text, size, "%.3s %2d %02d:%02d:%02d", months + 3 * tm.tm_mon, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

int journal_send_line(const char *socket, const char *tag, int priority, const char *line, uint64_t wait_us)
{
	char text[JOURNAL_FIELD_MAX + 128], when[32];
	int n, r;

	put_time(when, sizeof(when));
	n = snprintf(text, sizeof(text), "<%d>%s %s[%d]: %.*s", priority, when, tag, (int)getpid(), (int)cut_text(line), line);
	if ((size_t)n >= sizeof(text))
		n = sizeof(text) - 1;
	r = send_to(socket, SOCK_DGRAM, text, (size_t)n, wait_us);
	if (r == -EPROTOTYPE)	/* that daemon wants a stream, in which a NUL ends each line */
		r = send_to(socket, SOCK_STREAM, text, (size_t)n + 1, wait_us);
	return r;
}
