/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * failure.c - see failure.h.
 */
#include "farm/failure.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#define SSH_FAILED 255		/* ssh itself has failed; its manual, EXIT STATUS */
#define SHELL_MISSING 127	/* POSIX, 2.8.2: a command was not found */

static const char *const kinds[] = {
	[FARM_NO_FAILURE] = "none",
	[FARM_NOT_ASKED] = "not-asked",
	[FARM_CANCELLED] = "cancelled",
	[FARM_UNREACHABLE] = "unreachable",
	[FARM_LATE] = "no-answer",
	[FARM_NOT_LET_IN] = "not-accepted",
	[FARM_KEY_UNKNOWN] = "host-key-unknown",
	[FARM_KEY_CHANGED] = "host-key-changed",
	[FARM_MISSING] = "not-installed",
	[FARM_WRONG] = "wrong-answer",
	[FARM_FAILED] = "unreachable",
	[FARM_BROKEN] = "broken",
};

const char *failure_word(enum farm_failure failure)
{
	return kinds[failure];
}

/* What stands in the words of a failure, wherever it stands. The first that is found counts. */
static const struct {
	const char *part;
	enum farm_failure failure;
} marks[] = {
	{ "IDENTIFICATION HAS CHANGED", FARM_KEY_CHANGED },
	{ "host key is known for", FARM_KEY_UNKNOWN },
	{ "Host key verification failed", FARM_KEY_UNKNOWN },
	{ "Permission denied", FARM_NOT_LET_IN },
	{ "Too many authentication failures", FARM_NOT_LET_IN },
	{ "sudo: a password is required", FARM_NOT_LET_IN },
	{ "sudo: a terminal is required", FARM_NOT_LET_IN },
	{ "is not allowed to run sudo", FARM_NOT_LET_IN },
	{ "is not in the sudoers file", FARM_NOT_LET_IN },
	{ "logoff-host: command not found", FARM_MISSING },
	{ "logoff-host: not found", FARM_MISSING },
};

/* Lines that say nothing which another line does not say better. */
static const char *const chatter[] = {
	"Connection to ", "Host key verification failed", "Warning: Permanently added", "Killed by signal",
	"debug1:", "** WARNING: connection is not using", "** This session may be vulnerable",
	"** The server may need to be upgraded",
};

static bool begins(const char *line, size_t n, const char *word)
{
	return n >= strlen(word) && memcmp(line, word, strlen(word)) == 0;
}

static bool is_chatter(const char *line, size_t n)
{
	for (size_t i = 0; i < sizeof(chatter) / sizeof(chatter[0]); i++)
		if (begins(line, n, chatter[i]))
			return true;
	return n == 0;
}

/* ssh ends its line with the words of the system: "connect to host login07 port 22: No route to host". */
static void cut_names(const char **line, size_t *n)
{
	for (size_t i = *n; i >= 2; i--)
		if ((*line)[i - 2] == ':' && (*line)[i - 1] == ' ' && i < *n) {
			*line += i;
			*n -= i;
			return;
		}
}

/* "Connection closed by 192.0.2.7 port 22", "Connection timed out during banner exchange". */
static void shorten(const char **line, size_t *n)
{
	static const char *const ends[] = { "Connection closed by", "Connection reset by" };

	for (size_t i = 0; i < 2; i++)
		if (begins(*line, *n, ends[i])) {
			*n = strlen("Connection closed");
			return;
		}
	cut_names(line, n);
}

/* Copies a line so that a terminal shows it and nothing else. */
static void copy_line(char text[static FAILURE_TEXT_SIZE], const char *line, size_t n)
{
	size_t size = n < FAILURE_TEXT_SIZE - 1 ? n : FAILURE_TEXT_SIZE - 1;

	for (size_t i = 0; i < size; i++)
		text[i] = line[i] >= ' ' && line[i] < 127 ? line[i] : '?';
	text[size] = '\0';
}

/* Copies the last line that says something; a text before ssh's own "Connection closed" was sent by the host. */
static void copy_last(char text[static FAILURE_TEXT_SIZE], const char *words, size_t n)
{
	const char *closed = NULL;
	size_t n_closed = 0;

	text[0] = '\0';
	while (n > 0) {
		const char *end = words + n, *line = end;
		size_t length;

		while (line > words && line[-1] != '\n' && line[-1] != '\r')
			line--;
		length = (size_t)(end - line);
		n = (size_t)(line - words);
		n -= n > 0;
		if (is_chatter(line, length))
			continue;
		if (!closed && (begins(line, length, "Connection closed") || begins(line, length, "Connection reset"))) {
			closed = line;
			n_closed = length;
			continue;
		}
		shorten(&line, &length);
		copy_line(text, line, length);
		return;
	}
	if (closed) {
		shorten(&closed, &n_closed);
		copy_line(text, closed, n_closed);
	}
}

static bool has(const char *words, size_t n, const char *part)
{
	return memmem(words, n, part, strlen(part)) != NULL;
}

enum farm_failure failure_find(const char *words, size_t n, int status, char text[static FAILURE_TEXT_SIZE])
{
	copy_last(text, words, n);
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (has(words, n, marks[i].part))
			return marks[i].failure;
	if (WIFEXITED(status) && WEXITSTATUS(status) == SHELL_MISSING)
		return FARM_MISSING;
	return *text || (WIFEXITED(status) && WEXITSTATUS(status) == SSH_FAILED) ? FARM_UNREACHABLE : FARM_WRONG;
}

bool failure_is_crowd(const char *words, size_t n, int status)
{
	if (!WIFEXITED(status) || WEXITSTATUS(status) != SSH_FAILED || has(words, n, "Permission denied") ||
	    has(words, n, "Host key") || has(words, n, "host key"))
		return false;
	return has(words, n, "kex_exchange_identification") || has(words, n, "banner exchange: Connection closed") ||
	       has(words, n, "Connection closed by") || has(words, n, "Connection reset by");
}
