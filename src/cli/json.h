/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * json.h - what programs get instead of tables. The fields are written up in doc/json.md and doc/schema/; a released
 * one never changes its meaning.
 *
 * Fields are the same for every kind of host; what is not known is null. Texts are UTF-8: a byte that is none becomes
 * U+FFFD. What is printed is plain ASCII, so that no text can harm a terminal.
 */
#ifndef CLI_JSON_H
#define CLI_JSON_H

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

#include "logoff.h"

/* A text, or null for NULL. Returns it, the caller's. */
json_t *to_json_text(const char *text);

/* A moment of Unix time in ISO 8601, UTC; null if it is not known. Returns it, the caller's. */
json_t *to_json_time(int64_t time_us);

/* The number of a user; null where the host has none. Returns it, the caller's. */
json_t *to_json_uid(uid_t uid);

/* The name of the host that SERVER (/server, NULL: this machine) means. Returns it, the caller's. */
json_t *to_json_host(const char *server);

/* The word for a state; a login screen is "connected", not active. Returns it. */
const char *json_state(enum logoff_state state, enum logoff_kind kind);

/* A session on that host: an object that more can be added to. Returns it, the caller's, or NULL when out of memory. */
json_t *to_json_session(struct logoff_session *session, const char *server);

/* CAUSE, or null if it is NULL or none is recorded. Returns it, the caller's. */
json_t *to_json_cause(const struct logoff_error *cause);

/* What became of a message: result, channel, answer and cause. Returns it, the caller's. */
json_t *to_json_delivery(const struct logoff_delivery *delivery);

/* Prints JSON, which may be NULL (out of memory), in ONE_LINE or many, and drops it. Returns 0 or -errno. */
int print_json(json_t *json, bool one_line, FILE *to);

#endif
