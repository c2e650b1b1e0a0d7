/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * command.h - what every command's main() does: language, options, help and version, and the host.
 *
 * A command is its option table, its help and one function that does the work on an open host. The options that all of
 * them have are parsed into the variables below; each command's table still lists them, since the table is what help,
 * manual pages and completions are compared with.
 */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include <sys/types.h>

#include "cli/help.h"
#include "logoff.h"

/* /server, /? and /version. */
extern const char *arg_server;
extern bool arg_help, arg_version;

struct command {
	const struct help *help;	/* with the option table */
	int n_before_text;		/* see options_parse() */
	int (*run)(struct logoff_host *host, int n_arguments, char **arguments);	/* returns the exit status */
};

/* Takes the language from the environment. command_main() does so too. */
void command_init_language(void);

/* Parses ARGV, opens the host and runs COMMAND on it, or shows its help or version. Returns the exit status. */
int command_main(const struct command *command, int argc, char **argv);

/*
 * Turns Ctrl-C, SIGQUIT, SIGTERM and the loss of the terminal into a readable descriptor, the program's until its end: none of
 * them ends the program by itself. A command that ends its OWN session must outlive the SIGHUP and SIGTERM that the session
 * gets, or nobody would see to those who do not. Returns the descriptor, or -1.
 */
int command_cancel_fd(bool own);

/* Has a program that reads what is printed, and goes away, not end this one, which has something to do. */
void command_outlive_reader(void);

/*
 * Makes the descriptor FD wait for a second wish to cancel. A lost terminal is none: nobody has asked for that, and it may
 * come again and again.
 */
void command_cancel_again(int fd);

/*
 * Reads from standard input, as read(2) does, unless something is heard on CANCEL_FD, that of command_cancel_fd(), before there
 * is anything to read. Returns the number of bytes, 0 at the end, -ECANCELED, or another -errno.
 */
ssize_t command_read(int cancel_fd, void *buffer, size_t size);

/* Prints the version. Returns the exit status. */
int command_print_version(void);

#endif
