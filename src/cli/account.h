/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * account.h - the names of users: how a word on the command line means one.
 *
 * On Linux "Bob" and "bob" are two people, and names are compared exactly: to log off too few is the smaller mistake. A
 * host that does not number its users is a server of another kind (MS-TSTS). Its users' names know no case, and
 * DOMAIN\name means the user of that domain only.
 */
#ifndef CLI_ACCOUNT_H
#define CLI_ACCOUNT_H

#include <stdbool.h>
#include <sys/types.h>

#include "logoff.h"

/* The parts of a name that is used to log on. Empty: not given. */
struct account {
	char user[256];			/* or user@REALM, whole */
	char domain[256];
};

/* Takes "user", "DOMAIN\user" or "user@REALM" apart. Returns 0, -EINVAL (no user in it) or -ENAMETOOLONG. */
int account_parse(struct account *ret_account, const char *text);

#define ACCOUNT_NAME_SIZE 512

/* Writes the name as people read it, "bob", "EXAMPLE\bob", "bob@EXAMPLE.COM", into NAME. */
void account_name(const struct account *account, char name[static ACCOUNT_NAME_SIZE]);

/* Writes the user's own name, without domain and realm, into NAME. */
void account_bare(const struct account *account, char name[static ACCOUNT_NAME_SIZE]);

/* Tells whether SESSION is of a server whose users are named in the way of Windows. */
bool account_is_foreign(const struct logoff_session *session);

/* Tells whether WORD names the user of SESSION. Nobody's session has no name. */
bool account_is(const struct logoff_session *session, const char *word);

/* The same for a pattern. */
bool account_fits(const struct logoff_session *session, const char *pattern);

/* Tells whether TEXT fits PATTERN: * stands for any characters, ? for one, everything else for itself. */
bool account_pattern_fits(const char *pattern, const char *text);

/* Tells whether WORD holds * or ?. */
bool account_is_pattern(const char *word);

/* Finds the user of this machine called NAME. Returns 0, -ENOENT, or another errno if nobody knows, and the cause. */
int account_find(const char *name, uid_t *ret_uid, struct logoff_error *reterr);

/* Tells whether two names of a server differ at most in case. */
bool account_same(const char *a, const char *b);

#endif
