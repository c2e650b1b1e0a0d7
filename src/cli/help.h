/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * help.h - the help of a command, printed from its option table, in the layout Windows administrators know.
 *
 * First a sentence about the command, then the synopsis, then one entry for each argument and option in a column of 20.
 * Both styles of an option stand beside each other. No line is wider than a terminal of 80 columns, in any language.
 */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include "cli/options.h"

struct help {
	const char *sub_command;	/* "user" of "query user", or NULL */
	const char *other_name;		/* "quser", a program that is this sub-command, or NULL */
	const char *summary;		/* N_("...") */
	const char *usage; /* the synopsis, not translated; blanks and ends of lines outside of brackets are alike */
	struct {
		const char *name;
		const char *help;	/* N_("...") */
	} arguments[8];			/* ends with NULL */
	const struct option_row *options;
};

/* Prints the help. Returns the exit status. */
int help_print(const struct help *help);

/* Prints the second line about a wrong command line: where the help is. Returns the exit status. */
int help_try(const struct help *help);

/*
 * Prints in one line what is wrong with the command line, and in a second one where the help is. Returns the exit
 * status.
 */
int help_usage_error(const struct help *help, enum option_fault fault, const char *culprit);

/* The same in a SENTENCE of the command's own, which is translated. Returns the exit status. */
int help_refuse(const struct help *help, const char *sentence);

#endif
