/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * account.c - see account.h.
 *
 * Case is ignored for ASCII letters only, by hand: no locale may make ADMIN another user than admin (the Turkish
 * dotless i). For all other letters the locale decides. What is not text in the locale is compared byte by byte.
 */
#include "cli/account.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

#include "local/nss.h"

#define NAME_SIZE 1024	/* for comparing: DOMAIN\name of the longest kind */

/* ---- taking apart ---- */

static int copy_part(char to[static 256], const char *from, size_t length)
{
	if (length >= 256)
		return -ENAMETOOLONG;
	memcpy(to, from, length);
	to[length] = '\0';
	return 0;
}

int account_parse(struct account *ret_account, const char *text)
{
	const char *backslash = strchr(text, '\\'), *user = backslash ? backslash + 1 : text;
	struct account account = {};
	int r;

	if (!*user || *user == '@' || strchr(user, '\\'))
		return -EINVAL;
	r = copy_part(account.user, user, strlen(user));
	if (r >= 0 && backslash)
		r = copy_part(account.domain, text, (size_t)(backslash - text));
	if (r >= 0)
		*ret_account = account;
	return r;
}

void account_name(const struct account *account, char name[static ACCOUNT_NAME_SIZE])
{
	snprintf(name, ACCOUNT_NAME_SIZE, "%s%s%s", account->domain, *account->domain ? "\\" : "", account->user);
}

void account_bare(const struct account *account, char name[static ACCOUNT_NAME_SIZE])
{
	snprintf(name, ACCOUNT_NAME_SIZE, "%.*s", (int)strcspn(account->user, "@"), account->user);
}

/* ---- comparing ---- */

static wint_t fold_character(wchar_t character)
{
	if (character >= 'A' && character <= 'Z')
		return (wint_t)(character - 'A' + 'a');
	return character < 0x80 ? (wint_t)character : towlower((wint_t)character);
}

/* Returns whether there was room for NAME without its case. */
static bool fold_case(const char *name, char folded[static NAME_SIZE])
{
	mbstate_t in = { 0 }, out = { 0 };
	char *to = folded;

	while (*name) {
		wchar_t character;
		size_t n = mbrtowc(&character, name, strlen(name), &in), written = (size_t)-1;

		if (to + MB_LEN_MAX >= folded + NAME_SIZE)
			return false;
		if (n <= strlen(name))
			written = wcrtomb(to, (wchar_t)fold_character(character), &out);
		if (written == (size_t)-1) {
			in = out = (mbstate_t){ 0 };
			n = written = 1;
			*to = *name;
		}
		name += n;
		to += written;
	}
	*to = '\0';
	return true;
}

bool account_same(const char *a, const char *b)
{
	char one[NAME_SIZE], other[NAME_SIZE];

	return fold_case(a, one) && fold_case(b, other) && strcmp(one, other) == 0;
}

bool account_is_foreign(const struct logoff_session *session)
{
	return logoff_session_uid(session) == (uid_t)-1;
}

/* The name of the user of a server in the form of WORD, with the domain or without. Returns whether there is one. */
static bool make_name(const struct logoff_session *session, const char *word, char name[static NAME_SIZE])
{
	const char *user = logoff_session_user(session);
	const char *domain = logoff_session_detail(session, LOGOFF_DETAIL_DOMAIN);
	bool whole = strchr(word, '\\');

	if (!*user || (whole && !domain))
		return false;
	return snprintf(name, NAME_SIZE, "%s%s%s", whole ? domain : "", whole ? "\\" : "", user) < NAME_SIZE;
}

bool account_is(const struct logoff_session *session, const char *word)
{
	char name[NAME_SIZE];

	if (!account_is_foreign(session))
		return strcmp(logoff_session_user(session), word) == 0;
	return make_name(session, word, name) && account_same(name, word);
}

static bool is_continued(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/*
 * Every other character stands for itself: a backslash stands before the name in a domain, brackets can be part of a
 * name. After a mismatch only the last * can take one more character.
 */
bool account_pattern_fits(const char *pattern, const char *text)
{
	const char *star = NULL, *taken = NULL;

	while (*text) {
		if (*pattern == '*') {
			star = ++pattern;
			taken = text;
		} else if (*pattern == '?') {
			pattern++;
			do
				text++;
			while (is_continued(*text));
		} else if (*pattern == *text) {
			pattern++;
			text++;
		} else if (star) {
			pattern = star;
			text = ++taken;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}

bool account_is_pattern(const char *word)
{
	return strpbrk(word, "*?");
}

bool account_fits(const struct logoff_session *session, const char *pattern)
{
	char name[NAME_SIZE], one[NAME_SIZE], other[NAME_SIZE];

	if (!account_is_foreign(session))
		return account_pattern_fits(pattern, logoff_session_user(session));
	return make_name(session, pattern, name) && fold_case(pattern, one) && fold_case(name, other) &&
	       account_pattern_fits(one, other);
}

/* ---- the accounts of this machine ---- */

int account_find(const char *name, uid_t *ret_uid, struct logoff_error *reterr)
{
	int r = nss_user_id(name, ret_uid, reterr);

	/* What the name service returns if one of its sources is missing: see the notes of getpwnam(3). */
	return r > 0 ? 0 : r == 0 || r == -ESRCH ? -ENOENT : r;
}
