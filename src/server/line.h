/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * line.h - the lines of logoff-host (doc/json.md, Protocol), checked before they are used.
 *
 * logoff-host runs as the user of the client. So its lines are read like those of a stranger: a line that breaks the
 * protocol is none, and every text and count has a limit.
 */
#ifndef SERVER_LINE_H
#define SERVER_LINE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINE_MAX_BYTES (1 << 20)	/* of one line */
#define LINE_MAX_TEXT 1024		/* bytes of a name in it */
#define LINE_MAX_US INT64_C(253402300800000000)	/* of a time, the year 10000: times can be added up */

enum line_kind {
	LINE_HELLO,
	LINE_ITEM,			/* session, process, event, result, delivery, fate */
	LINE_FAILURE,
	LINE_REPLY,			/* the last line of an order */
	LINE_CANCEL			/* the reply of "cancel", which may have no serial */
};

/* Three answers: what is unknown is not taken for one of the others. */
enum answer { ANSWER_UNKNOWN, ANSWER_NO, ANSWER_YES };

struct line {
	enum line_kind kind;
	int64_t serial;			/* 0: none */
	const char *word;		/* of an item its key, of a failure its kind, of a reply the order */
	json_t *value;			/* of an item and a failure: the object */
	int64_t logon_us;		/* beside a session; -1: unknown */
	enum answer full_control;	/* of the hello */
	bool records;			/* of the hello: it knows orders that are to be refused and recorded */
	int64_t exit_status;		/* of a reply */
	bool hides;			/* of a reply: the list may lack sessions */
	json_t *json;			/* all of it; WORD and VALUE belong to it */
};

/*
 * Parses TEXT of N bytes, without its newline. *ret is to be freed by line_done(). Returns false if it is no line of
 * the protocol.
 */
bool line_parse(struct line *ret, const char *text, size_t n);

/* Frees what LINE holds. */
void line_done(struct line *line);

/* A text of OBJECT that is not empty and not too long, or NULL. It belongs to OBJECT. */
const char *line_text(const json_t *object, const char *name);

/* A number of OBJECT from 0 to MOST, or -1. */
int64_t line_number(const json_t *object, const char *name, int64_t most);

#endif
