/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fuzz-options.c - the option grammar on any command line: the input, split at newlines, is argv.
 *
 * Beside crashes it looks for answers that cannot be: a culprit that nobody typed, arguments that were lost, invented
 * or moved out of their order, numbers out of range.
 */
#include "cli/options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define N_ARGUMENTS_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct {
	bool verbose, help;
	const char *server;
	uint64_t grace, wait, parallel;
	enum option_word json;
} got;

static const struct option_row rows[] = {
	{ "v", "verbose", 'v', OPTION_FLAG, &got.verbose, NULL, "verbose" },
	{ "grace", "grace", 'g', OPTION_SECONDS, &got.grace, "seconds", "grace" },
	{ "wait", "wait", 0, OPTION_SECONDS, &got.wait, "seconds", "wait" },
	{ "parallel", "parallel", 0, OPTION_COUNT, &got.parallel, "number", "parallel" },
	{ "server", "server", 's', OPTION_STRING, &got.server, "name", "server" },
	{ "json", "json", 'j', OPTION_WORD, &got.json, "lines", "json" },
	{ "?", "help", 'h', OPTION_FLAG, &got.help, NULL, "help" },
	{ NULL, NULL, '?', OPTION_FLAG, &got.help, NULL, NULL },
	{ 0 },
};

static void require(bool condition)
{
	if (!condition)
		abort();
}

static int split(char *text, char **argv)
{
	int argc = 0;

	argv[argc++] = text;
	for (char *newline = text; argc < N_ARGUMENTS_MAX && (newline = strchr(newline, '\n')); argc++) {
		*newline++ = '\0';
		argv[argc] = newline;
	}
	return argc;
}

/* The N arguments at argv[1] are some of those typed, in their order. */
static void check_arguments(char **argv, int n, char **typed, int argc)
{
	int at = 1;

	for (int i = 1; i <= n; i++) {
		while (at < argc && typed[at] != argv[i])
			at++;
		require(at++ < argc);
	}
}

static void check_fault(enum option_fault fault, const char *culprit, char **typed, int argc)
{
	bool found = false;

	require(fault >= OPTION_FAULT_UNKNOWN && fault <= OPTION_FAULT_REPEATED);
	for (int i = 1; i < argc; i++)
		found = found || typed[i] == culprit;
	require(found && (culprit[0] == '/' || culprit[0] == '-'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *argv[N_ARGUMENTS_MAX], *typed[N_ARGUMENTS_MAX], *text;
	enum option_fault fault = OPTION_FAULT_UNKNOWN;
	const char *culprit = NULL;
	int argc, n = -1, r;

	text = malloc(size + 1);
	if (!text)
		return 0;
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	memset(&got, 0, sizeof(got));
	argc = split(text, argv);
	memcpy(typed, argv, sizeof(argv[0]) * (size_t)argc);
	r = options_parse(rows, argc, argv, 0, &n, &fault, &culprit);
	require(r == 0 || r == -EINVAL);
	if (r == 0) {
		require(n >= 0 && n < argc);
		check_arguments(argv, n, typed, argc);
	} else {
		require(n == -1);
		check_fault(fault, culprit, typed, argc);
	}
	require(got.grace <= UINT64_C(86400) * 366 && got.wait <= UINT64_C(86400) * 366);
	require(got.parallel <= 256);
	require(!got.server || got.server[0]);
	require(got.json <= OPTION_WORD_GIVEN);
	free(text);
	return 0;
}
