/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * word.c - see word.h.
 */
#include "cli/word.h"

#include "base/number.h"
#include "cli/facts.h"

#include <errno.h>
#include <stdio.h>
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

bool word_is_number(const struct logoff_session *session, const char *text)
{
	int32_t number = number_parse(text);

	return number != NUMBER_NONE && number == fact_number(session);
}

/* Whether the id is digits, and too great for its own number by rule. */
static bool is_beyond(const char *id)
{
	return *id && id[strspn(id, "0123456789")] == '\0' && number_of_id(id) == NUMBER_NONE && strcmp(id, "0") != 0;
}

enum logoff_result word_find_number(struct logoff_session *const *sessions, size_t n, const char *host,
				    const char *text, size_t *ret_i, struct logoff_error *reterr)
{
	size_t found = n, n_found = 0;
	bool beyond = false;

	for (size_t i = 0; number_parse(text) != NUMBER_NONE && i < n; i++) {
		if (host && strcmp(fact_host(sessions[i], ""), host) != 0)
			continue;
		if (word_is_id(sessions[i], text)) {
			*ret_i = i;
			return LOGOFF_OK;
		}
		beyond = beyond || is_beyond(logoff_session_id(sessions[i]));
		if (word_is_number(sessions[i], text)) {
			found = i;
			n_found++;
		}
	}
	if (n_found == 0)
		return LOGOFF_E_NO_SESSION;
	if (n_found > 1)
		return LOGOFF_E_NOT_UNIQUE;
	*ret_i = found;
	if (!beyond)
		return LOGOFF_OK;
	snprintf(reterr->text, sizeof(reterr->text), "%s", logoff_session_id(sessions[found]));
	return LOGOFF_E_NOT_UNIQUE;
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

/* A list that lacks a session proves nothing; the caller has asked for the id by itself. */
static int find_by_number(struct logoff_host *host, const char *text, struct logoff_session **ret_session,
			  struct logoff_error *reterr)
{
	struct logoff_error none = {};
	struct logoff_session **sessions;
	size_t n, i;
	int r = logoff_host_list(host, &sessions, &n, reterr);

	if (r < 0)
		return r;
	r = word_find_number(sessions, n, NULL, text, &i, &none);
	if (r == LOGOFF_OK) {
		*ret_session = sessions[i];
		sessions[i] = NULL;
	} else if (r == LOGOFF_E_NOT_UNIQUE && reterr) {
		*reterr = none;
	}
	logoff_session_list_free(sessions, n);
	return r;
}

int word_find(struct logoff_host *host, struct word word, struct logoff_session **ret_session,
	      struct logoff_error *reterr)
{
	struct logoff_session *session;
	int r = logoff_host_find(host, word.text, &session, reterr);

	if (r == LOGOFF_E_NO_SESSION && word.kind != WORD_NAME && number_parse(word.text) != NUMBER_NONE)
		return find_by_number(host, word.text, ret_session, reterr);
	if (r < 0)
		return r;
	if (word.kind != WORD_ANY && word_is_id(session, word.text) != (word.kind == WORD_ID)) {
		logoff_session_free(session);
		return LOGOFF_E_NO_SESSION;
	}
	*ret_session = session;
	return 0;
}
