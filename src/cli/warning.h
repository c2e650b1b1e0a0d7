/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * warning.h - the words in which users are warned.
 */
#ifndef CLI_WARNING_H
#define CLI_WARNING_H

#include <stddef.h>
#include <stdint.h>

#include "cli/select.h"
#include "logoff.h"

/* What a warning is about: the userdata of the two functions below. */
struct warning {
	const char *sender;
	const char *text;			/* the administrator's own words, or NULL */
	const struct selection *selection;
	const struct logoff_request *request;	/* the sessions named come first in it */
	size_t n_named;
};

/*
 * Tells whether ARGUMENT is the text of a warning rather than a session: the names of sessions hold neither blanks nor
 * anything beyond ASCII. (Chinese has no blanks.)
 */
bool warning_is_text(const char *argument);

/* A logoff_compose_func. */
void warning_compose(int64_t remaining_us, char *text, size_t size, void *userdata);

/* A logoff_still_func: a session that was named is still meant, one that was selected if it still would be. */
int warning_still(struct logoff_session *session, void *userdata);

#endif
