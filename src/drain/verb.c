/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * verb.c - what "change logon" can do: words of it, and what each leads to. See drain.h.
 */
#include "drain/drain.h"

#include <string.h>

static const struct {
	const char *word;
	enum drain_mode mode;
	bool lasting;
} verbs[] = {
	[DRAIN_QUERY] = { "query", DRAIN_ENABLED, false },
	[DRAIN_ENABLE] = { "enable", DRAIN_ENABLED, false },
	[DRAIN_DISABLE] = { "disable", DRAIN_ALL, false },
	[DRAIN_DRAIN] = { "drain", DRAIN_NEW, true },
	[DRAIN_UNTIL_RESTART] = { "drain-until-restart", DRAIN_NEW, false },
};

const char *drain_verb_word(enum drain_verb verb)
{
	return verbs[verb].word;
}

bool drain_verb_find(const char *word, enum drain_verb *ret_verb)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(word, verbs[i].word) == 0) {
			*ret_verb = (enum drain_verb)i;
			return true;
		}
	return false;
}

struct drain_state drain_verb_state(enum drain_verb verb)
{
	return (struct drain_state){ .mode = verbs[verb].mode, .lasting = verbs[verb].lasting };
}
