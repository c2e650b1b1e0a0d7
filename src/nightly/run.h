/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * run.h - one run of logoff, by its lines of JSON.
 */
#ifndef NIGHTLY_RUN_H
#define NIGHTLY_RUN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* A command line that grows; words that are not NULL are its own. */
struct command_line {
	char *words[96];
	size_t n_words;
	bool failed;		/* no memory, or too many words */
};

/* Adds a word, made by FORMAT. */
void command_line_add(struct command_line *line, const char *format, ...) __attribute__((format(printf, 2, 3)));

void command_line_done(struct command_line *line);

/*
 * Runs logoff with LINE, and calls TAKE with each line that it prints. What logoff says on standard error goes to our
 * own, or with QUIET nowhere. Waits for its end. Returns its exit status, EXIT_UNREACHABLE if it cannot be run or says
 * nonsense.
 */
int run_logoff(struct command_line *line, bool quiet, void (*take)(const json_t *line, void *data), void *data);

/* Whether this program was asked to end (SIGTERM, SIGINT, SIGHUP): logoff was asked too, and no other is to be run. */
bool run_is_stopped(void);

/* To be called first: a signal that asks this program to end lets logoff finish. */
void run_init(void);

#endif
