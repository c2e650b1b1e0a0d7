/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * command.h - what every command's main() does: language, options, help and version, and the host.
 *
 * A command is its option table, its help and one function that does the work on an open host. The options of all
 * commands are parsed into the variables below. Each command's table still lists them, since a check compares the
 * tables with help, manual pages and completions.
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

/* Sets the language from the environment. command_main() does so too. */
void command_init_language(void);

/* Parses ARGV, opens the host and runs COMMAND on it, or shows its help or version. Returns the exit status. */
int command_main(const struct command *command, int argc, char **argv);

/*
 * Makes Ctrl-C, SIGQUIT, SIGTERM and the loss of the terminal readable on a descriptor, until the program ends: none of
 * them ends the program by itself any more. A command that ends its OWN session must outlive the SIGHUP and SIGTERM
 * that the session gets, to end the processes that ignore them. Returns the descriptor, or -1.
 */
int command_cancel_fd(bool own);

/* Makes this program go on when the reader of its output goes away, since it has work to do. */
void command_outlive_reader(void);

/*
 * Makes the descriptor FD wait for a second cancel. A lost terminal does not count: nobody asked for it, and it can
 * come again and again.
 */
void command_cancel_again(int fd);

/*
 * Reads from standard input like read(2), unless CANCEL_FD, the descriptor of command_cancel_fd(), is readable first.
 * Returns the number of bytes, 0 at the end, -ECANCELED, or another -errno.
 */
ssize_t command_read(int cancel_fd, void *buffer, size_t size);

/* Prints the version. Returns the exit status. */
int command_print_version(void);

#endif
