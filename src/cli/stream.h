/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * stream.h - the output for programs: one document at the end (--json), or one line for each event at once
 * (--json=lines).
 *
 * The caller hands over each row and need not know which of the two is wanted. A line has its type as the first field
 * and is flushed at once. A failure to write is noted (output.h) and stops nothing. doc/json.md describes types, kinds
 * of failures and fields; words are never translated.
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

/* Tells whether lines are wanted, so that each event has to be printed at once. Returns true if so. */
bool stream_is_lines(void);

/*
 * Adds a row to the document, or prints a line of this TYPE now. Takes ownership of ROW; NULL means there was no
 * memory.
 */
void stream_row(const char *type, json_t *row);

/* Prints a line of this TYPE now; a document has no such row. Takes ownership of OBJECT. */
void stream_line(const char *type, json_t *object);

/* To be called after the last row: prints the document. */
void stream_end(void);

/* While HOLD is set, stream_end() does nothing, as more rows come. */
void stream_hold(bool hold);

/*
 * Prints a line for a failure that standard error has shown: of this KIND, about OBJECT (as given; NULL: none), with
 * CAUSE (may be NULL). Returns STATUS, the exit status of this failure alone.
 */
enum exit_status stream_failure(enum exit_status status, const char *kind, const char *object,
				const struct logoff_error *cause);

/* The same for HOST (NULL: this machine), where that is not the one that /server names. Returns STATUS. */
enum exit_status stream_failure_of(const char *host, enum exit_status status, const char *kind, const char *object,
				   const struct logoff_error *cause);

/* The cause for programs that is the errno R, -errno. Returns it. */
struct logoff_error stream_cause(int r);

/* As stream_failure() for a cause that is an errno: R is -errno. Returns STATUS. */
enum exit_status stream_failure_errno(enum exit_status status, const char *kind, const char *object, int r);

/*
 * Has each failure handed to TELL, as an object that is its own then, in place of such a line: for a program that has
 * lines of another form.
 */
void stream_tell_failures(void (*tell)(json_t *failure));

#endif
