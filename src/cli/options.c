/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * options.c - see options.h.
 *
 * Each style has one function that cuts an argument into row and value. The effect of a row is written once below them.
 * Names are compared byte by byte and folded in ASCII only: no locale may turn /VERSION into an unknown option (the
 * Turkish dotless i).
 */
#include "cli/options.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#define SECONDS_MAX (UINT64_C(86400) * 366)
#define COUNT_MAX 256u
#define N_ROWS_MAX 64 /* bits of struct parser's "given" */

struct parser {
	const struct option_row *rows;
	int argc;
	char **argv;
	int at;			/* the argument being read */
	int n_arguments;
	uint64_t given;		/* a bit for each row whose value has been given */
	enum option_fault fault;
	const char *culprit;	/* of the first fault; NULL: none */
};

static int set_fault(struct parser *parser, enum option_fault fault, const char *culprit)
{
	if (!parser->culprit) {
		parser->fault = fault;
		parser->culprit = culprit;
	}
	return -EINVAL;
}

static char fold_case(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Compares the LENGTH bytes at TEXT with NAME, which may be NULL. */
static bool equals_name(const char *text, size_t length, const char *name, bool folded)
{
	if (!name || strlen(name) != length)
		return false;
	for (size_t i = 0; i < length; i++) {
		if (folded ? fold_case(text[i]) != fold_case(name[i]) : text[i] != name[i])
			return false;
	}
	return true;
}

static bool is_end(const struct option_row *row)
{
	return !row->windows && !row->gnu && !row->letter;
}

static const struct option_row *find_windows(const struct parser *parser, const char *name, size_t length)
{
	for (const struct option_row *row = parser->rows; !is_end(row); row++) {
		if (equals_name(name, length, row->windows, true))
			return row;
	}
	return NULL;
}

static const struct option_row *find_gnu(const struct parser *parser, const char *name, size_t length)
{
	for (const struct option_row *row = parser->rows; !is_end(row); row++) {
		if (equals_name(name, length, row->gnu, false))
			return row;
	}
	return NULL;
}

static const struct option_row *find_letter(const struct parser *parser, char letter)
{
	for (const struct option_row *row = parser->rows; !is_end(row); row++) {
		if (row->letter == letter)
			return row;
	}
	return NULL;
}

/* "-" is an argument (by custom: standard input); "/dev/pts/3" is the name of a terminal. */
static bool is_option(const char *argument)
{
	if (argument[0] == '-')
		return argument[1] != '\0';
	return argument[0] == '/' && strncmp(argument, "/dev/", 5) != 0;
}

/* Returns 0, -EINVAL (it is no number) or -ERANGE. */
static int parse_seconds(const char *text, size_t length, unsigned unit, uint64_t *ret)
{
	uint64_t n = 0;

	if (length == 0)
		return -EINVAL;
	for (size_t i = 0; i < length; i++)
		if (text[i] < '0' || text[i] > '9')
			return -EINVAL;
	for (size_t i = 0; i < length; i++) {
		n = n * 10 + (uint64_t)(text[i] - '0');
		if (n * unit > SECONDS_MAX)
			return -ERANGE;
	}
	*ret = n * unit;
	return 0;
}

/* "90", "90s", "15m", "2h", "1d" */
static int parse_duration(const char *text, uint64_t *ret)
{
	static const struct {
		char letter;
		unsigned seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
	size_t length = strlen(text);

	for (size_t i = 0; length > 0 && i < sizeof(units) / sizeof(units[0]); i++)
		if (fold_case(text[length - 1]) == units[i].letter)
			return parse_seconds(text, length - 1, units[i].seconds, ret);
	return parse_seconds(text, length, 1, ret);
}

/* Notes that ROW was given; rows with one target (aliases) count as one. Returns whether it was given before. */
static bool note_given(struct parser *parser, const struct option_row *row)
{
	size_t i = 0;
	bool before;

	while (parser->rows[i].target != row->target)
		i++;
	assert(i < N_ROWS_MAX);
	before = parser->given >> i & 1;
	parser->given |= UINT64_C(1) << i;
	return before;
}

static int take_string(struct parser *parser, const struct option_row *row, const char *value, const char *culprit)
{
	const char **target = row->target;

	if (note_given(parser, row) && strcmp(*target, value) != 0)
		return set_fault(parser, OPTION_FAULT_REPEATED, culprit);
	*target = value;
	return 0;
}

/* Removes a password from the list of processes and from the message about it. */
static int take_account(struct parser *parser, const struct option_row *row, const char *value, const char *culprit)
{
	char *password = strchr(value, '%');

	if (password) {
		explicit_bzero(password, strlen(password));
		return set_fault(parser, OPTION_FAULT_PASSWORD, culprit);
	}
	return take_string(parser, row, value, culprit);
}

static int take_number(struct parser *parser, const struct option_row *row, const char *value, const char *culprit)
{
	uint64_t *target = row->target, seconds;
	bool is_time = row->type == OPTION_DURATION;
	int r = is_time ? parse_duration(value, &seconds) : parse_seconds(value, strlen(value), 1, &seconds);

	if (row->type == OPTION_COUNT && (r < 0 || seconds < 1 || seconds > COUNT_MAX))
		return set_fault(parser, OPTION_FAULT_COUNT, parser->argv[parser->at]);
	if (r == -ERANGE)
		return set_fault(parser, OPTION_FAULT_LONG, parser->argv[parser->at]);
	if (r < 0)
		return set_fault(parser, is_time ? OPTION_FAULT_DURATION : OPTION_FAULT_NUMBER,
				 parser->argv[parser->at]);
	if (note_given(parser, row) && *target != seconds)
		return set_fault(parser, OPTION_FAULT_REPEATED, culprit);
	*target = seconds;
	return 0;
}

static bool has_empty_item(const char *value)
{
	return value[0] == ',' || strstr(value, ",,") || value[strlen(value) - 1] == ',';
}

/* The value comes from argv, which we may change. */
static int take_items(struct parser *parser, const struct option_row *row, const char *value, const char *culprit)
{
	struct option_list *list = row->target;
	char *item = parser->argv[parser->at] + strlen(parser->argv[parser->at]) - strlen(value), *comma;

	if (has_empty_item(value))
		return set_fault(parser, OPTION_FAULT_NO_VALUE, culprit);	/* as it was typed */
	for (; item; item = comma) {
		comma = strchr(item, ',');
		if (comma)
			*comma++ = '\0';
		if (list->n_items == sizeof(list->items) / sizeof(list->items[0]))
			return set_fault(parser, OPTION_FAULT_MANY, culprit);
		list->items[list->n_items++] = item;
	}
	return 0;
}

/* VALUE is NULL, or must be the word of ROW. */
static int take_word(struct parser *parser, const struct option_row *row, const char *value, const char *culprit)
{
	enum option_word *target = row->target, word = value ? OPTION_WORD_GIVEN : OPTION_WORD_BARE;

	if (value && !equals_name(row->value, strlen(row->value), value, true))
		return set_fault(parser, OPTION_FAULT_WORD, culprit);
	if (note_given(parser, row) && *target != word)
		return set_fault(parser, OPTION_FAULT_REPEATED, culprit);
	*target = word;
	return 0;
}

/* Tells whether ROW's value, if it is not in the same argument, is the next one. */
static bool needs_value(const struct option_row *row)
{
	return row->type != OPTION_FLAG && row->type != OPTION_WORD;
}

static bool may_be_value(const struct option_row *row, const char *argument)
{
	return !is_option(argument) || (row->type == OPTION_FILE && argument[0] == '/');
}

/* VALUE is the value in the same argument, or NULL: then the next argument is the value, unless it is an option. */
static int take_value(struct parser *parser, const struct option_row *row, const char *value)
{
	const char *culprit = parser->argv[parser->at];

	if (row->type == OPTION_FLAG) {
		if (value)
			return set_fault(parser, OPTION_FAULT_VALUE, culprit);
		*(bool *)row->target = true;
		return 0;
	}
	if (row->type == OPTION_WORD)
		return take_word(parser, row, value, culprit);
	if (!value && parser->at + 1 < parser->argc && may_be_value(row, parser->argv[parser->at + 1]))
		value = parser->argv[++parser->at];
	if (!value || !value[0])
		return set_fault(parser, OPTION_FAULT_NO_VALUE, culprit);
	switch (row->type) {
	case OPTION_STRING:
	case OPTION_FILE:
		return take_string(parser, row, value, culprit);
	case OPTION_ACCOUNT:
		return take_account(parser, row, value, culprit);
	case OPTION_SECONDS:
	case OPTION_COUNT:
	case OPTION_DURATION:
		return take_number(parser, row, value, culprit);
	case OPTION_LIST:
		return take_items(parser, row, value, culprit);
	case OPTION_FLAG:
	case OPTION_WORD:
		break;
	}
	return 0;
}

/* "/name", "/name:value" */
static int parse_windows(struct parser *parser, const char *argument)
{
	size_t length = strcspn(argument + 1, ":");
	const struct option_row *row = find_windows(parser, argument + 1, length);

	if (!row)
		return set_fault(parser, OPTION_FAULT_UNKNOWN, argument);
	return take_value(parser, row, argument[1 + length] ? argument + 1 + length + 1 : NULL);
}

/* "--name", "--name=value" */
static int parse_gnu(struct parser *parser, const char *argument)
{
	size_t length = strcspn(argument + 2, "=");
	const struct option_row *row = find_gnu(parser, argument + 2, length);

	if (!row)
		return set_fault(parser, OPTION_FAULT_UNKNOWN, argument);
	return take_value(parser, row, argument[2 + length] ? argument + 2 + length + 1 : NULL);
}

/* "-x", "-vx"; the first letter that has a value ends them: "-g5", "-vg5". */
static int parse_letters(struct parser *parser, const char *argument)
{
	const struct option_row *row = NULL;

	for (const char *letter = argument + 1; *letter && (!row || !needs_value(row)); letter++) {
		row = find_letter(parser, *letter);
		if (!row)
			return set_fault(parser, OPTION_FAULT_UNKNOWN, argument);
	}
	for (const char *letter = argument + 1; *letter; letter++) {
		int r;

		row = find_letter(parser, *letter);
		if (needs_value(row))
			return take_value(parser, row, letter[1] ? letter + 1 : NULL);
		r = take_value(parser, row, NULL);
		if (r < 0)
			return r;
	}
	return 0;
}

static int parse_option(struct parser *parser, const char *argument)
{
	if (argument[0] == '/')
		return parse_windows(parser, argument);
	if (argument[1] == '-')
		return parse_gnu(parser, argument);
	return parse_letters(parser, argument);
}

int options_parse(const struct option_row *rows, int argc, char **argv, int n_before_text, int *ret_n_arguments,
		  enum option_fault *ret_fault, const char **ret_culprit)
{
	struct parser parser = { .rows = rows, .argc = argc, .argv = argv };
	bool ended = false;

	for (parser.at = 1; parser.at < argc; parser.at++) {
		char *argument = argv[parser.at];

		if (ended || !is_option(argument)) {
			argv[++parser.n_arguments] = argument;
			ended = ended || parser.n_arguments == n_before_text;
		} else if (strcmp(argument, "--") == 0) {
			ended = true;
		} else {
			(void)parse_option(&parser, argument);
		}
	}
	if (parser.culprit) {
		*ret_fault = parser.fault;
		*ret_culprit = parser.culprit;
		return -EINVAL;
	}
	*ret_n_arguments = parser.n_arguments;
	return 0;
}
