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

/* Tells whether TEXT is the number of SESSION (logoff_session_number()), in digits. */
bool word_is_number(const struct logoff_session *session, const char *text);

/*
 * Finds the session with the number TEXT among all N sessions of a host, or with HOST among those of that host. A
 * session with the id TEXT comes first. If the host counts its ids beyond 32767, TEXT may be the id of a session that
 * has ended: nobody can tell what is meant. Returns LOGOFF_OK and *ret_i, LOGOFF_E_NO_SESSION, or LOGOFF_E_NOT_UNIQUE,
 * and the id of the session with that number as the text of a cause without a domain.
 */
enum logoff_result word_find_number(struct logoff_session *const *sessions, size_t n, const char *host,
				    const char *text, size_t *ret_i, struct logoff_error *reterr);

/* Tells whether TEXT is a name of SESSION, or of one of its terminals, in any state. */
bool word_is_name(const struct logoff_session *session, const char *text);

/* Tells whether a user's name can mean SESSION: somebody works in it. In a background session that needs a terminal. */
bool word_has_person(const struct logoff_session *session);

/* Tells whether a session's name or id could be a user's name too: no user is called "pts/3". */
bool word_may_be_user(const char *text);

/*
 * Finds the session that WORD means, which is not the word of a user: by its id, its name or, if surely none has that
 * id, by its number. Returns as logoff_host_find(), or as word_find_number().
 */
int word_find(struct logoff_host *host, struct word word, struct logoff_session **ret_session,
	      struct logoff_error *reterr);

#endif
