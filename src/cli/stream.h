/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * stream.h - what programs are told: one document at the end (--json), or a line for each thing as it happens
 * (--json=lines).
 *
 * Who has a row gives it away and need not know which it is. Lines have their type as the first field and are sent on their way
 * at once. What cannot be written is noted, see output.h; it stops nothing. doc/json.md tells the types, the kinds of failures
 * and the fields; words are never translated.
 */
#ifndef CLI_STREAM_H
#define CLI_STREAM_H

#include <jansson.h>
#include <stdbool.h>

#include "cli/options.h"
#include "cli/report.h"
#include "logoff.h"

/* --json or --json=lines; else nothing here prints anything. */
extern enum option_word arg_json;

/* Tells whether lines are wanted: then what has happened is to be told now. Returns true if so. */
bool stream_is_lines(void);

/* A row of the document, or a line of this TYPE now. ROW is taken; NULL is one that had no memory. */
void stream_row(const char *type, json_t *row);

/* A line of this TYPE now; a document has no such row. OBJECT is taken. */
void stream_line(const char *type, json_t *object);

/* To be called when there are no more rows: prints the document. */
void stream_end(void);

/*
 * A line for a failure that has just been told on standard error: of this KIND, because of OBJECT (as it was given; NULL: none)
 * and CAUSE (may be NULL). Returns STATUS, the exit status that it alone would have.
 */
enum exit_status stream_failure(enum exit_status status, const char *kind, const char *object,
				const struct logoff_error *cause);

/* The same for a cause that is an errno: R is -errno. Returns STATUS. */
enum exit_status stream_failure_errno(enum exit_status status, const char *kind, const char *object, int r);

#endif
