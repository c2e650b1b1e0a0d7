/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * help.c - see help.h. The layout follows that of Windows' own help for this family of commands: two blanks, a column
 * of 20 for the parameter, then its sentence.
 */
#include "cli/help.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "cli/report.h"
#include "cli/stream.h"
#include "cli/printable.h"

#define COLUMN 20
#define WIDTH 80

/* ---- lines of WIDTH columns ---- */

/* A character and its width. Returns how many bytes it has. */
static size_t take_character(const char *text, char character[static 8], size_t *ret_width)
{
	uint32_t code;
	size_t n = utf8_decode(text, &code);

	n = n > 0 ? n : 1;
	snprintf(character, 8, "%.*s", (int)n, text);
	*ret_width = text_width(character);
	return n;
}

/*
 * How many bytes of TEXT stay together in a line: a word; or one Chinese character, with the marks behind it that must
 * not begin a line and those before it that must not end one.
 */
static size_t word_length(const char *text)
{
	static const char opening[] = "（「『《〈【“", closing[] = "，。、；：！？）」』》〉】”…";
	size_t n = 0, length, width;
	bool glued = true, was_wide = false;
	char character[8];

	while (text[n] && text[n] != ' ') {
		bool closes;

		length = take_character(text + n, character, &width);
		closes = strstr(closing, character);
		if (!glued && !closes && (width > 1 || was_wide))
			break;
		glued = strstr(opening, character);
		was_wide = width > 1 || closes;
		n += length;
	}
	return n;
}

/* The same for a synopsis, where text in brackets stays together. */
static size_t bracket_length(const char *text)
{
	size_t n = 0;

	for (int depth = 0; text[n] && (depth > 0 || !strchr(" \n", text[n])); n++)
		depth += strchr("[{", text[n]) ? 1 : strchr("]}", text[n]) ? -1 : 0;
	return n;
}

/* Prints TEXT in a line of which COLUMN columns are used. Further lines are indented by INDENT. */
static void print_wrapped(const char *text, size_t (*length_of)(const char *), size_t column, size_t indent)
{
	size_t blanks = 0;

	for (size_t n; *text; text += n) {
		struct safe word = {};

		n = length_of(text);
		snprintf(word.text, sizeof(word.text), "%.*s", (int)n, text);
		if (column > indent && column + blanks + text_width(word.text) > WIDTH) {
			printf("\n%*s", (int)indent, "");
			column = indent;
			blanks = 0;
		}
		printf("%*s%s", (int)blanks, "", word.text);
		column += blanks + text_width(word.text);
		blanks = strspn(text + n, " \n") > 0;
		n += strspn(text + n, " \n");
	}
	putchar('\n');
}

/* ---- the help ---- */

/* Prints one entry. Forms too long for the column get a line of their own. */
static void print_entry(const char *forms, const char *text)
{
	if (strlen(forms) < COLUMN)
		printf("  %-*s", COLUMN, forms);
	else
		printf("  %s\n  %*s", forms, COLUMN, "");
	print_wrapped(text, word_length, 2 + COLUMN, 2 + COLUMN);
}

/*
 * "/grace:seconds, --grace=seconds", "/v, -v, --verbose", "/json[:lines], --json[=lines]". For the help the GNU form
 * comes first: bash replaces "/?" by a folder of one letter, zsh and fish refuse it.
 */
static void option_forms(const struct option_row *row, char *forms, size_t size)
{
	const char *value = row->value ? row->value : "";
	const char *open = row->type == OPTION_WORD ? "[" : "", *close = row->type == OPTION_WORD ? "]" : "";
	size_t n = 0;

	if (strcmp(row->windows, "?") == 0) {
		snprintf(forms, size, "--%s, -%c, /%s", row->gnu, row->letter, row->windows);
		return;
	}
	n += (size_t)snprintf(forms + n, size - n, "/%s%s%s%s%s", row->windows, open, row->value ? ":" : "", value,
			      close);
	if (row->letter)
		n += (size_t)snprintf(forms + n, size - n, ", -%c", row->letter);
	snprintf(forms + n, size - n, ", --%s%s%s%s%s", row->gnu, open, row->value ? "=" : "", value, close);
}

int help_print(const struct help *help)
{
	char forms[128];

	print_wrapped(_(help->summary), word_length, 0, 0);
	putchar('\n');
	print_wrapped(help->usage, bracket_length, 0, 7);
	putchar('\n');
	for (size_t i = 0; help->arguments[i].name; i++)
		print_entry(help->arguments[i].name, _(help->arguments[i].help));
	for (const struct option_row *row = help->options; row->target; row++) {
		if (!row->help)
			continue;
		option_forms(row, forms, sizeof(forms));
		print_entry(forms, _(row->help));
	}
	return EXIT_ENDED;
}

/* ---- wrong command lines ---- */

int help_try(const struct help *help)
{
	bool sub = help->sub_command && strcmp(program_invocation_short_name, help->other_name) != 0;

	fprintf(stderr, _("Try '%s%s%s --help'\n"), program().text, sub ? " " : "", sub ? help->sub_command : "");
	return EXIT_USAGE;
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
	case OPTION_FAULT_WORD:
		fprintf(stderr, _("%s: the option takes no value but lines: %s\n"), program().text, what.text);
		break;
	case OPTION_FAULT_NUMBER:
		fprintf(stderr, _("%s: not a number of seconds: %s\n"), program().text, what.text);
		break;
	case OPTION_FAULT_COUNT:
		fprintf(stderr, _("%s: not a number from 1 to 256: %s\n"), program().text, what.text);
		break;
	case OPTION_FAULT_DURATION:
		fprintf(stderr, _("%s: not a time like 90, 15m, 2h or 1d: %s\n"), program().text, what.text);
		break;
	case OPTION_FAULT_LONG:
		fprintf(stderr, _("%s: longer than 366 days: %s\n"), program().text, what.text);
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
	case OPTION_FAULT_FOREIGN_GROUP:
		fprintf(stderr, _("%s: group: cannot be used with /server: %s\n"), program().text, what.text);
		break;
	case OPTION_FAULT_KERBEROS:
		fprintf(stderr, _("%s: not one of required, desired and off: %s\n"), program().text, what.text);
		break;
	case OPTION_FAULT_ACCOUNT:
		fprintf(stderr, _("%s: not a name like bob, EXAMPLE\\bob or bob@EXAMPLE.COM: %s\n"), program().text,
			what.text);
		break;
	case OPTION_FAULT_PASSWORD:
		fprintf(stderr,
			_("%s: %s: no password is accepted on the command line, where others can read it; type it "
			  "when asked, or use /authfile\n"),
			program().text, what.text);
		break;
	case OPTION_FAULT_NOTHING:
		fprintf(stderr, _("%s: %s can only be used with a selection\n"), program().text, what.text);
		break;
	case OPTION_FAULT_NO_WARNING:
		fprintf(stderr, _("%s: %s can only be used with /warn\n"), program().text, what.text);
		break;
	case OPTION_FAULT_ENDLESS:
		fprintf(stderr, _("%s: /watch has no end at which %s could print: use /json:lines\n"), program().text,
			what.text);
		break;
	case OPTION_FAULT_ONE_SERVER:
		fprintf(stderr, _("%s: %s is for one server that is reached by MS-TSTS, or for this machine\n"),
			program().text, what.text);
		break;
	case OPTION_FAULT_MANY:
		fprintf(stderr, _("%s: too many values: %s\n"), program().text, what.text);
		break;
	case OPTION_FAULT_REPEATED:
		fprintf(stderr, _("%s: given twice with different values: %s\n"), program().text, what.text);
		break;
	}
	(void)stream_failure(EXIT_USAGE, "usage", culprit, NULL);
	return help_try(help);
}

int help_refuse(const struct help *help, const char *sentence)
{
	fprintf(stderr, _("%s: %s\n"), program().text, sentence);
	(void)stream_failure(EXIT_USAGE, "usage", NULL, NULL);
	return help_try(help);
}
