/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fuzz-proc.c - every parser of /proc texts on any bytes: stat, numbers (sessionid, loginuid, cgroup.procs), sockets.
 *
 * Beside crashes it looks for answers that cannot be: a stat that does not survive being written and read again, a
 * number that strtoull() reads otherwise, lines that differ from a split of the whole text.
 */
#include "local/proc.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "local/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

/* A copy of exactly the size, so that the sanitizer sees a read beyond it. */
static char *copy_of(const uint8_t *data, size_t size)
{
	char *copy = malloc(size ? size : 1);

	require(copy != NULL);
	if (size)
		memcpy(copy, data, size);
	return copy;
}

static void try_stat(const char *text, size_t size)
{
	struct proc_stat stat, again;
	char line[512];
	int n;

	if (proc_parse_stat(text, size, &stat) < 0)
		return;
	require(stat.pid > 0 && stat.parent >= -1 && stat.group >= -1 && stat.session >= -1);
	require(memchr(stat.command, '\0', sizeof(stat.command)) != NULL);
	require(isalpha((unsigned char)stat.state));
	n = snprintf(line, sizeof(line), "%d (%s) %c %d %d %d %d -1 0 0 0 0 0 0 0 0 0 0 0 1 0 %lld 0\n", stat.pid,
		     stat.command, stat.state, stat.parent, stat.group, stat.session, (int)stat.terminal,
		     (long long)stat.start_time);
	require(proc_parse_stat(line, (size_t)n, &again) == 0);
	require(again.pid == stat.pid && again.state == stat.state && again.parent == stat.parent);
	require(again.group == stat.group && again.session == stat.session && again.terminal == stat.terminal);
	require(again.start_time == stat.start_time && strcmp(again.command, stat.command) == 0);
}

static void try_number(const char *text, size_t size)
{
	char copy[64], *end;
	uint32_t number;

	if (proc_parse_number(text, size, &number) < 0 || size >= sizeof(copy))
		return;
	memcpy(copy, text, size);
	copy[size] = '\0';
	require(strtoull(copy, &end, 10) == number);
	require(*end == '\0' || strcmp(end, "\n") == 0);
}

static void try_socket(const char *text, size_t size)
{
	unsigned display;
	enum proc_xrdp whose = proc_parse_xrdp_socket(text, size, &display);
	const char *name = whose == PROC_XRDP_SCREEN ? "xrdp_display_" : "xrdp_chansrv_socket_";

	if (whose == PROC_XRDP_NONE)
		return;
	require(display <= PROC_MAX_DISPLAYS);
	require(memmem(text, size, name, strlen(name)) != NULL);
}

/* The lines of a file as the cursor gives them, against the text itself. */
static void try_lines(const char *text, size_t size)
{
	static struct file_lines lines;
	static int file = -1;
	const char *line;
	size_t length, at = 0, want;
	int r;

	if (file < 0)
		file = memfd_create("lines", MFD_CLOEXEC);
	require(file >= 0 && ftruncate(file, 0) == 0 && pwrite(file, text, size, 0) == (ssize_t)size);
	require(lseek(file, 0, SEEK_SET) == 0);
	lines = (struct file_lines){ .fd = file };
	while ((r = file_next_line(&lines, &line, &length)) > 0) {
		const char *newline = memchr(text + at, '\n', size - at);

		require(at < size);
		want = newline ? (size_t)(newline - text) - at : size - at;
		require(length == (want < sizeof(lines.buffer) ? want : sizeof(lines.buffer)));
		require(memcmp(line, text + at, length) == 0);
		try_number(line, length);
		try_socket(line, length);
		at += want + 1;
	}
	require(r == 0 && at >= size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = copy_of(data, size);

	try_stat(text, size);
	try_number(text, size);
	try_socket(text, size);
	try_lines(text, size);
	free(text);
	return 0;
}
