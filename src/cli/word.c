/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * word.c - see word.h.
 */
#include "cli/word.h"

#include "cli/facts.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#define DEVICES "/dev/"

static const struct {
	const char *prefix;
	enum word_kind kind;
} prefixes[] = {
	{ "id:", WORD_ID }, { "name:", WORD_NAME }, { "user:", WORD_USER }, { "group:", WORD_GROUP },
};

struct word word_parse(const char *word)
{
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (strncasecmp(word, prefixes[i].prefix, strlen(prefixes[i].prefix)) == 0)
			return (struct word){ prefixes[i].kind, word + strlen(prefixes[i].prefix) };
	return (struct word){ WORD_ANY, word };
}

bool word_is_id(const struct logoff_session *session, const char *text)
{
	return strcasecmp(logoff_session_id(session), text) == 0;
}

bool word_is_name(const struct logoff_session *session, const char *text)
{
	const char *name = logoff_session_name(session), *terminal;

	if (strncmp(text, DEVICES, strlen(DEVICES)) == 0)
		text += strlen(DEVICES);
	if (name && strcasecmp(name, text) == 0)
		return true;
	for (size_t i = 0; (terminal = fact_terminal(session, i)); i++)
		if (strcasecmp(terminal, text) == 0)
			return true;
	return false;
}

bool word_has_person(const struct logoff_session *session)
{
	enum logoff_kind kind = logoff_session_kind(session);

	return *logoff_session_user(session) &&
	       (kind == LOGOFF_KIND_USER || (kind == LOGOFF_KIND_BACKGROUND && fact_terminal(session, 0)));
}

bool word_may_be_user(const char *text)
{
	return !strpbrk(text, "/:#");
}

int word_find(struct logoff_host *host, struct word word, struct logoff_session **ret_session,
	      struct logoff_error *reterr)
{
	struct logoff_session *session;
	int r = logoff_host_find(host, word.text, &session, reterr);

	if (r < 0)
		return r;
	if (word.kind != WORD_ANY && word_is_id(session, word.text) != (word.kind == WORD_ID)) {
		logoff_session_free(session);
		return LOGOFF_E_NO_SESSION;
	}
	*ret_session = session;
	return 0;
}
