/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * help.h - the help of a command, printed from its option table, in the layout Windows administrators know.
 *
 * First what the command does, then the synopsis, then one entry for each argument and option in a column of 20. Both
 * styles of an option stand beside each other.
 */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include <stdio.h>

#include "cli/options.h"

struct help {
	const char *summary;		/* N_("...") */
	const char *usage;		/* the synopsis, not translated */
	struct {
		const char *name;
		const char *help;	/* N_("...") */
	} arguments[8];			/* ends with NULL */
	const struct option_row *options;
};

/* Prints the help. Returns the exit status of a program that was asked for it. */
int help_print(const struct help *help, FILE *to);

/* Says what is wrong with the command line, then prints the help, both to standard error. Returns the exit status. */
int help_usage_error(const struct help *help, enum option_fault fault, const char *culprit);

#endif
