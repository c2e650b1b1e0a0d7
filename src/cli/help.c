/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * help.c - see help.h. The layout follows that of Windows' own help for this family of commands: two blanks, a column
 * of 20 for the parameter, then its sentence.
 */
#include "cli/help.h"

#include <string.h>

#include "cli/report.h"
#include "cli/text.h"

#define COLUMN 20

/* Prints one entry; forms that are too long for the column have a line of their own. */
static void print_entry(FILE *to, const char *forms, const char *text)
{
	if (strlen(forms) < COLUMN)
		fprintf(to, "  %-*s%s\n", COLUMN, forms, text);
	else
		fprintf(to, "  %s\n  %*s%s\n", forms, COLUMN, "", text);
}

/* "/grace:seconds, --grace=seconds", "/v, -v, --verbose". */
static void option_forms(const struct option_row *row, char *forms, size_t size)
{
	const char *value = row->value ? row->value : "";
	size_t n = 0;

	n += (size_t)snprintf(forms + n, size - n, "/%s%s%s", row->windows, row->value ? ":" : "", value);
	if (row->letter)
		n += (size_t)snprintf(forms + n, size - n, ", -%c", row->letter);
	snprintf(forms + n, size - n, ", --%s%s%s", row->gnu, row->value ? "=" : "", value);
}

int help_print(const struct help *help, FILE *to)
{
	char forms[128];

	fprintf(to, "%s\n\n%s\n\n", _(help->summary), help->usage);
	for (size_t i = 0; help->arguments[i].name; i++)
		print_entry(to, help->arguments[i].name, _(help->arguments[i].help));
	for (const struct option_row *row = help->options; row->target; row++) {
		if (!row->help)
			continue;
		option_forms(row, forms, sizeof(forms));
		print_entry(to, forms, _(row->help));
	}
	return ferror(to) ? EXIT_USAGE : EXIT_ENDED;
}

int help_usage_error(const struct help *help, enum option_fault fault, const char *culprit)
{
	struct safe what = safe(culprit);

	switch (fault) {
	case OPTION_FAULT_UNKNOWN:
		fprintf(stderr, _("%s: there is no option %s\n"), program().text, what.text);
		break;
	case OPTION_FAULT_NO_VALUE:
		fprintf(stderr, _("%s: the option %s needs a value\n"), program().text, what.text);
		break;
	case OPTION_FAULT_VALUE:
		fprintf(stderr, _("%s: the option takes no value: %s\n"), program().text, what.text);
		break;
	case OPTION_FAULT_NUMBER:
		fprintf(stderr, _("%s: not a number of seconds: %s\n"), program().text, what.text);
		break;
	case OPTION_FAULT_DURATION:
		fprintf(stderr, _("%s: not a time like 90, 15m, 2h or 1d: %s\n"), program().text, what.text);
		break;
	case OPTION_FAULT_STATE:
		fprintf(stderr, _("%s: not one of active, disc and closing: %s\n"), program().text, what.text);
		break;
	case OPTION_FAULT_KIND:
		fprintf(stderr, _("%s: not one of user and background: %s\n"), program().text, what.text);
		break;
	case OPTION_FAULT_GROUP:
		fprintf(stderr, _("%s: there is no such group: %s\n"), program().text, what.text);
		break;
	case OPTION_FAULT_UNKNOWN_GROUP:
		fprintf(stderr, _("%s: whether there is such a group cannot be found out: %s\n"), program().text, what.text);
		break;
	case OPTION_FAULT_FOREIGN_GROUP:
		fprintf(stderr, _("%s: who is in a group is not known of a server: %s\n"), program().text, what.text);
		break;
	case OPTION_FAULT_KERBEROS:
		fprintf(stderr, _("%s: not one of required, desired and off: %s\n"), program().text, what.text);
		break;
	case OPTION_FAULT_ACCOUNT:
		fprintf(stderr, _("%s: not a name like bob, EXAMPLE\\bob or bob@EXAMPLE.COM: %s\n"), program().text,
			what.text);
		break;
	case OPTION_FAULT_PASSWORD:
		/* Without the help, so that nobody misses it. */
		fprintf(stderr, _("%s: %s: a password is not taken from the command line, where others can read it; it is "
				  "asked for, or read from the file of /authfile\n"),
			program().text, what.text);
		return EXIT_USAGE;
	case OPTION_FAULT_NOTHING:
		fprintf(stderr, _("%s: %s goes with a selection only\n"), program().text, what.text);
		break;
	case OPTION_FAULT_MANY:
		fprintf(stderr, _("%s: too many values: %s\n"), program().text, what.text);
		break;
	case OPTION_FAULT_REPEATED:
		fprintf(stderr, _("%s: given twice with different values: %s\n"), program().text, what.text);
		break;
	}
	fputc('\n', stderr);
	(void)help_print(help, stderr);
	return EXIT_USAGE;
}
