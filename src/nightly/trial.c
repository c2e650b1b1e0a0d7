/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * trial.c - see trial.h. The file: "DAYS DATE" for the days so far and the last of them, then the settings.
 */
#include "nightly/trial.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/trusted.h"
#include "farm/words.h"

/* The days so far, and the last one. Returns false if the file has no trial of SETTINGS. */
static bool read_file(const char *path, const char *settings, unsigned *ret_days, char last[static 11])
{
	enum trusted_fault fault;
	int fd = trusted_open(path, TRUSTED_UNCHANGED, &fault), n = 0;
	char *text = NULL;
	bool same;

	if (fd < 0)
		return false;
	if (read_text(fd, &text) < 0)
		text = NULL;
	close(fd);
	same = text && sscanf(text, "%3u %10[0-9-]%n", ret_days, last, &n) == 2 && text[n] == '\n' &&
	       strcmp(text + n + 1, settings) == 0;
	free(text);
	return same;
}

static int write_all(int fd, const char *text)
{
	size_t length = strlen(text);

	while (length > 0) {
		ssize_t n = write(fd, text, length);

		if (n < 0)
			return -errno;
		text += n;
		length -= (size_t)n;
	}
	return fsync(fd) < 0 ? -errno : 0;
}

/* Replaces the file as a whole. */
static int write_file(const char *path, const char *text)
{
	char *part = NULL;
	int fd, r;

	if (asprintf(&part, "%s.new", path) < 0)
		return -ENOMEM;
	(void)unlink(part);	/* of a run that was killed */
	fd = open(part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	r = fd < 0 ? -errno : write_all(fd, text);
	if (fd >= 0 && close(fd) < 0 && r >= 0)
		r = -errno;
	if (r >= 0 && rename(part, path) < 0)
		r = -errno;
	free(part);
	return r;
}

int trial_count(const char *path, const char *settings, unsigned n_days, const char *today, unsigned *ret_day)
{
	char last[11] = "", *text = NULL;
	unsigned days = 0;
	int r;

	*ret_day = 0;
	if (n_days == 0)
		return 0;
	if (!read_file(path, settings, &days, last)) {
		days = 0;
		*last = '\0';
	}
	*ret_day = days > 0 ? days : 1;
	if (strcmp(last, today) == 0)
		return 0;
	if (days >= n_days) {
		*ret_day = 0;
		return 0;
	}
	*ret_day = days + 1;
	if (asprintf(&text, "%u %s\n%s", days + 1, today, settings) < 0)
		return -ENOMEM;
	r = write_file(path, text);
	free(text);
	return r;
}
