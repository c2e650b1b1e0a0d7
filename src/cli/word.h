/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * word.h - words that stand for a session or a user: on a command line, in a list, in an exclusion.
 *
 * A number can be the id of a session and the name of a user, and "console" the name of either. "id:12", "name:pts/3"
 * and "user:bob" say which. No name of a user holds a colon. No name of a session holds one but that of a display,
 * which begins with it.
 */
#ifndef CLI_WORD_H
#define CLI_WORD_H

#include <stdbool.h>

#include "logoff.h"

enum word_kind {
	WORD_ANY,		/* the word does not say which */
	WORD_ID,
	WORD_NAME,
	WORD_USER,
	WORD_GROUP		/* for exclusions only */
};

struct word {
	enum word_kind kind;
	const char *text;	/* the text behind the colon, or the whole word; points into the word */
};

/* Splits WORD into its parts. Returns them. */
struct word word_parse(const char *word);

/* Tells whether TEXT is the id of SESSION. */
bool word_is_id(const struct logoff_session *session, const char *text);

/* Tells whether TEXT is a name of SESSION, or of one of its terminals, in any state. */
bool word_is_name(const struct logoff_session *session, const char *text);

/* Tells whether a user's name can mean SESSION: somebody works in it. In a background session that needs a terminal. */
bool word_has_person(const struct logoff_session *session);

/* Tells whether a session's name or id could be a user's name too: no user is called "pts/3". */
bool word_may_be_user(const char *text);

/* Finds the session that WORD means, which is not the word of a user. Returns as logoff_host_find(). */
int word_find(struct logoff_host *host, struct word word, struct logoff_session **ret_session,
	      struct logoff_error *reterr);

#endif
