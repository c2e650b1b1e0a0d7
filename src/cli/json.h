/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * json.h - the output for programs. doc/json.md and doc/schema/ describe the fields; a released field never changes its
 * meaning.
 *
 * Fields are the same for every kind of host; unknown values are null. Texts are UTF-8: a byte that is not UTF-8
 * becomes U+FFFD. The output is plain ASCII, so no text can harm a terminal.
 */
#ifndef CLI_JSON_H
#define CLI_JSON_H

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "logoff.h"

/* A text, or null for NULL. Returns a new reference. */
json_t *to_json_text(const char *text);

/* A moment of Unix time in ISO 8601, UTC; null if unknown. Returns a new reference. */
json_t *to_json_time(int64_t time_us);

/* The number of a user; null where the host has none. Returns a new reference. */
json_t *to_json_uid(uid_t uid);

/* LOGOFF_IS_OWN or LOGOFF_IS_CURRENT of SESSION: null where nobody can tell. */
json_t *to_json_own(const struct logoff_session *session, enum logoff_trait trait);

/* The name of the host that SERVER (/server, NULL: this machine) means. Returns a new reference. */
json_t *to_json_host(const char *server);

/* The word for a state; a login screen is "connected", not active. Returns it. */
const char *json_state(enum logoff_state state, enum logoff_kind kind);

/* The words of an enum, for far.c, which reads them. */
enum json_words {
	JSON_KIND,		/* enum logoff_kind */
	JSON_DOMAIN,		/* enum logoff_error_domain */
	JSON_DELIVERY,		/* enum logoff_result, of a delivery */
	JSON_CHANNEL,		/* enum logoff_channel */
	JSON_ANSWER,		/* enum logoff_answer */
	JSON_STUCK,		/* enum logoff_stuck */
	JSON_RESULT,		/* enum logoff_result, of a session */
	JSON_EVENT		/* enum logoff_event_type */
};

/* The word for VALUE. Returns it, or NULL: in JSON it is null or has no line, or it is none of that enum. */
const char *json_word(enum json_words words, int value);

/*
 * The object of a session on that host, to which fields can be added; a session of a far host has a host of its own.
 * Returns a new reference, or NULL without memory.
 */
json_t *to_json_session(struct logoff_session *session, const char *server);

/* CAUSE, or null if there is none. Returns a new reference. */
json_t *to_json_cause(const struct logoff_error *cause);

/* The result of a message: result, channel, answer and cause. Returns a new reference. */
json_t *to_json_delivery(const struct logoff_delivery *delivery);

/*
 * The result of SESSION: ROW, which is the object of the session, is taken and gets the fields of OUTCOME. STATUS is
 * its exit status. Returns a new reference, or NULL without memory.
 */
json_t *to_json_result(const struct logoff_session *session, const struct logoff_outcome *outcome, json_t *row,
		       int status);

/*
 * EVENT on that host, or on the far host of its session. Returns a new reference, or NULL for an event that programs do
 * not get.
 */
json_t *to_json_event(const struct logoff_event *event, const char *server);

/* Writes JSON (NULL: there was no memory) in ONE_LINE or many, and drops the reference. Returns 0 or -errno. */
int write_json(json_t *json, bool one_line, FILE *to);

/* The same, and the reader gets it at once. */
int print_json(json_t *json, bool one_line, FILE *to);

#endif
