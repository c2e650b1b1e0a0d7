/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * msg.h - the options and the text of the command msg, for its two ways: one host, by the library; many hosts, by
 * orders.
 */
#ifndef CLI_MSG_H
#define CLI_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "logoff.h"

extern bool arg_verbose, arg_wait;	/* /v, /w */
extern uint64_t arg_time_s;		/* /time */

/* Reports it if no recipient is given. Returns the exit status. */
int msg_check(int n_arguments);

/* Gets the text from WORDS, or without any from standard input. Reports failures. Returns the exit status. */
int msg_take_text(int n_words, char **words, char text[static TEXT_FOR_USERS_MAX + 1]);

/* Reports that there is more text than a message holds. Returns the exit status. */
int msg_refuse_length(void);

/* Makes the line above the message, with the sender as HOST knows them (NULL: this machine), and the time. */
void msg_compose_title(const struct logoff_host *host, char *title, size_t size);

/* Sends the message to the recipients on the hosts of /server. Returns the exit status. */
int msg_farm(int n_arguments, char **arguments);

#endif
