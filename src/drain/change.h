/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * change.h - what "change logon" says, of this machine and of far hosts.
 */
#ifndef DRAIN_CHANGE_H
#define DRAIN_CHANGE_H

#include <jansson.h>
#include <stdio.h>

#include "cli/printable.h"
#include "drain/answer.h"

/*
 * Writes what is known of the logons: a few lines. ALL: who has changed that, the text for users, and how many sessions
 * are left, too.
 */
void change_write(FILE *to, const struct drain_answer *answer, bool all);

/* The sentence about a service that is not proved to refuse logons, or "". Returns the text. */
struct safe change_service(const struct drain_service *service);

/* The sentence for a failure of this KIND, about OBJECT (NULL: none), with CAUSE. Returns the text. */
struct safe change_trouble(const char *kind, const char *object, const struct logoff_error *cause);

/* Hands over ANSWER of HOST to programs, with its exit status STATUS: a row of the document, or a line. */
void change_stream(const char *host, const struct drain_answer *answer, int status);

/*
 * Does what VERB says on the hosts of /server, with a harmless TEXT for users (NULL: a sentence of theirs). Reports
 * everything. Returns the exit status.
 */
int change_farm(enum drain_verb verb, const char *text);

#endif
