/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * warning-text.h - the texts of warnings.
 */
#ifndef CLI_WARNING_TEXT_H
#define CLI_WARNING_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The userdata of the function below. */
struct warning {
	const char *sender;
	const char *text;			/* the administrator's own words, or NULL */
};

/*
 * Tells whether ARGUMENT looks like the text of a warning: it holds a blank, or a character beyond ASCII, as Chinese
 * has no blanks. Some names of sessions and users look like that too.
 */
bool warning_is_text(const char *argument);

/* A logoff_compose_func. */
void warning_compose(int64_t remaining_us, char *text, size_t size, void *userdata);

#endif
