/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * failure.c - see failure.h.
 */
#include "farm/failure.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "base/utf8.h"

#define SUDO_FAILED 1		/* sudo itself has failed; its manual, Exit Value */
#define SSH_FAILED 255		/* ssh itself has failed; its manual, EXIT STATUS */
#define SHELL_MISSING 127	/* POSIX, 2.8.2: a command was not found */
#define UNIT_MISSING 203	/* systemd-run: the same; systemd.exec(5), EXIT_EXEC */

static const char *const kinds[] = {
	[FARM_NO_FAILURE] = "none",
	[FARM_NOT_ASKED] = "not-asked",
	[FARM_CANCELLED] = "cancelled",
	[FARM_UNREACHABLE] = "unreachable",
	[FARM_LATE] = "no-answer",
	[FARM_NOT_LET_IN] = "not-accepted",
	[FARM_KEY_UNKNOWN] = "host-key-unknown",
	[FARM_KEY_CHANGED] = "host-key-changed",
	[FARM_NO_CLIENT] = "no-client",
	[FARM_MISSING] = "not-installed",
	[FARM_NO_BRIDGE] = "not-installed",
	[FARM_NO_BUS] = "not-accepted",
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
	{ "is not allowed to execute", FARM_NOT_LET_IN },
	{ "is not in the sudoers file", FARM_NOT_LET_IN },
	{ "logoff-host: command not found", FARM_MISSING },
	{ "logoff-host: not found", FARM_MISSING },
};

/* Lines that say nothing which another line does not say better. */
static const char *const chatter[] = {
	"Connection to ", "stdio forwarding failed", "Host key verification failed", "Warning: Permanently added",
	"Killed by signal", "debug1:", "** WARNING: connection is not using", "** This session may be vulnerable",
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

/* What ssh says when the other end has closed the connection, whoever closed it and why. */
static bool is_closing(const char *line, size_t n)
{
	static const char *const begin[] = { "Connection closed by ", "Connection reset by ",
					     "kex_exchange_identification: Connection closed",
					     "kex_exchange_identification: read: Connection reset" };

	for (size_t i = 0; i < sizeof(begin) / sizeof(begin[0]); i++)
		if (begins(line, n, begin[i]))
			return true;
	return false;
}

/*
 * ssh ends its line with the words of the system: "connect to host login07 port 22: No route to host". The sshd of a
 * jump host has words before or after these: "channel 0: open failed: connect failed: No route to host", "...: connect
 * failed: open failed".
 */
static void cut_names(const char **line, size_t *n)
{
	static const char before[] = "channel 0: open failed: ", after[] = ": open failed";

	if (begins(*line, *n, before) && *n > strlen(before) + strlen(after) &&
	    memcmp(*line + *n - strlen(after), after, strlen(after)) == 0)
		*n -= strlen(after);
	for (size_t i = *n; i >= 2; i--)
		if ((*line)[i - 2] == ':' && (*line)[i - 1] == ' ' && i < *n) {
			*line += i;
			*n -= i;
			return;
		}
}

void failure_copy(char text[static FAILURE_TEXT_SIZE], const char *line, size_t n)
{
	size_t size = n < FAILURE_TEXT_SIZE - 1 ? n : FAILURE_TEXT_SIZE - 1, length;

	for (size_t i = 0; i < size; i++)
		text[i] = line[i] ? line[i] : '?';
	text[size] = '\0';
	if (size < n)
		utf8_cut(text);
	for (char *at = text; *at; at += length) {
		uint32_t character = 0;

		length = utf8_decode(at, &character);
		if (length > 0 && !utf8_is_harmful(character))
			continue;
		length = length > 0 ? length : 1;
		memset(at, '?', length);
	}
}

/* Takes the last line of WORDS that says something. *N is how much is left before it. Returns whether there is one. */
static bool take_last(const char *words, size_t *n, const char **ret_line, size_t *ret_length)
{
	while (*n > 0) {
		const char *end = words + *n, *line = end;

		while (line > words && line[-1] != '\n' && line[-1] != '\r')
			line--;
		*n = (size_t)(line - words);
		*n -= *n > 0;
		*ret_line = line;
		*ret_length = (size_t)(end - line);
		if (!is_chatter(line, *ret_length))
			return true;
	}
	return false;
}

/* Copies the last line that says something; what stands before ssh's own "Connection closed" tells why. */
static void copy_last(char text[static FAILURE_TEXT_SIZE], const char *words, size_t n)
{
	bool closed = false;
	const char *line;
	size_t length;

	text[0] = '\0';
	while (take_last(words, &n, &line, &length)) {
		if (is_closing(line, length)) {
			closed = true;
			continue;
		}
		cut_names(&line, &length);
		failure_copy(text, line, length);
		return;
	}
	if (closed)
		snprintf(text, FAILURE_TEXT_SIZE, "Connection closed");
}

static bool has(const char *words, size_t n, const char *part)
{
	return memmem(words, n, part, strlen(part)) != NULL;
}

/* Whether the last line is sudo's, in whatever language. "sudoers" is the name of its file. */
static bool is_of_sudo(const char *words, size_t n)
{
	const char *line;
	size_t length;

	return take_last(words, &n, &line, &length) && (begins(line, length, "sudo: ") || has(line, length, "sudoers"));
}

enum farm_failure failure_find(const char *words, size_t n, int status, bool by_ssh,
			       char text[static FAILURE_TEXT_SIZE])
{
	copy_last(text, words, n);
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (has(words, n, marks[i].part)) {
			/* ssh says no more about a key than its host, its port and where it is written. */
			if (marks[i].failure == FARM_KEY_UNKNOWN || marks[i].failure == FARM_KEY_CHANGED)
				text[0] = '\0';
			return marks[i].failure;
		}
	if (WIFEXITED(status) && (WEXITSTATUS(status) == SHELL_MISSING || WEXITSTATUS(status) == UNIT_MISSING))
		return FARM_MISSING;
	if (WIFEXITED(status) && WEXITSTATUS(status) == SUDO_FAILED && is_of_sudo(words, n))
		return FARM_NOT_LET_IN;
	if (!WIFEXITED(status) || WEXITSTATUS(status) == SSH_FAILED)
		return FARM_UNREACHABLE;
	return *text && !by_ssh ? FARM_UNREACHABLE : FARM_WRONG;	/* ssh got in */
}

bool failure_is_crowd(const char *words, size_t n, int status)
{
	bool closed = false;
	const char *line;
	size_t length;

	if (!WIFEXITED(status) || WEXITSTATUS(status) != SSH_FAILED || has(words, n, "Host key"))
		return false;
	while (take_last(words, &n, &line, &length)) {
		if (!is_closing(line, length))
			return false;	/* sshd, or a jump host, has said something */
		closed = true;
	}
	return closed;
}
