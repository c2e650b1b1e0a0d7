/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * options.h - one table per command; both styles of options from the same row.
 *
 * "/grace:5", "/GRACE:5", "/grace 5", "-g 5", "-g5", "--grace=5" and "--grace 5" all mean the same row. Options may
 * stand before or after the other arguments; "--" ends them. "/dev/pts/3" is an argument, not an option. The parser
 * knows no option itself: the table does. --help prints the same table, and a check compares it with manual page and
 * completions.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum option_type {
	OPTION_FLAG,		/* target: bool, set to true */
	OPTION_STRING,		/* target: const char *, points into argv; must not be empty */
	OPTION_FILE,		/* the same: the name of a file, which may begin with "/" */
	OPTION_ACCOUNT,		/* the same: a user's name; "%" and a password behind it are overwritten and refused */
	OPTION_SECONDS,		/* target: uint64_t, whole seconds from 0 to 86400 * 366 */
	OPTION_COUNT,		/* target: uint64_t, from 1 to 256 */
	OPTION_DURATION,	/* seconds, with a unit: "90", "90s", "15m", "2h", "1d" */
	OPTION_LIST,		/* target: struct option_list; each use adds a value, "a,b" adds two */
	OPTION_WORD /* target: enum option_word; its value is the row's word in the same argument, or missing */
};

/* The values of an option of type OPTION_WORD. */
enum option_word {
	OPTION_WORD_NOT,		/* the option is not given */
	OPTION_WORD_BARE,		/* the option alone: "--json" */
	OPTION_WORD_GIVEN		/* with its word: "--json=lines" */
};

/* The values of an option that may be given several times. */
struct option_list {
	const char *items[64];		/* point into argv, where each comma was replaced by a null byte */
	size_t n_items;
};

struct option_row {
	const char *windows;	/* "grace" for /grace:N; NULL: none. Without regard to case */
	const char *gnu;	/* "grace" for --grace=N; NULL: none */
	char letter;		/* 'g' for -g N, '?' allowed; 0: none */
	enum option_type type;
	void *target;
	const char *value;	/* N_("seconds"): the placeholder of the value, or OPTION_WORD's word; NULL for flags */
	const char *help;	/* N_("..."): the sentence of the help; NULL: not shown in the help */
};

/* What is wrong with a command line. */
enum option_fault {
	OPTION_FAULT_UNKNOWN,		/* no such option */
	OPTION_FAULT_NO_VALUE,		/* it needs a value */
	OPTION_FAULT_VALUE,		/* it takes no value */
	OPTION_FAULT_WORD,		/* it takes no value but its word */
	OPTION_FAULT_NUMBER,		/* its value is not such a number */
	OPTION_FAULT_COUNT,		/* its value is not a number from 1 to 256 */
	OPTION_FAULT_DURATION,		/* its value is not a time */
	OPTION_FAULT_LONG,		/* its value is more than a year */
	OPTION_FAULT_STATE,		/* its value is not the state of a session */
	OPTION_FAULT_KIND,		/* its value is not a kind that can be selected */
	OPTION_FAULT_GROUP,		/* there is no such group */
	OPTION_FAULT_FOREIGN_GROUP,	/* a group on a server: its members are unknown here */
	OPTION_FAULT_KERBEROS,		/* its value is no word for the use of Kerberos */
	OPTION_FAULT_ACCOUNT,		/* its value is no user's name */
	OPTION_FAULT_PASSWORD,		/* its value holds a password */
	OPTION_FAULT_NOTHING,		/* it needs a selection beside it */
	OPTION_FAULT_NO_WARNING,	/* it is part of a warning, but there is no warning */
	OPTION_FAULT_ENDLESS,		/* it prints at the end, but there is no end */
	OPTION_FAULT_ONE_SERVER,	/* it is for one server only */
	OPTION_FAULT_MANY,		/* it was given too many times */
	OPTION_FAULT_REPEATED		/* it was given twice with different values */
};

/*
 * Parses ARGV from 1. Moves the arguments that are not options to the front of ARGV (argv[1] ...) in their order and
 * counts them in *ret_n_arguments. ROWS ends with a row of all zero. After N_BEFORE_TEXT arguments all the rest are
 * arguments, whatever they look like: the words of a message (0: never).
 *
 * Returns 0, or -EINVAL for the first fault, with *ret_fault, and *ret_culprit, the wrong argument as it was typed: the
 * option, or its value if that is wrong. The options behind it are parsed too, as they may say how to report the fault.
 */
int options_parse(const struct option_row *rows, int argc, char **argv, int n_before_text, int *ret_n_arguments,
		  enum option_fault *ret_fault, const char **ret_culprit);

#endif
