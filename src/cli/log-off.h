/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * log-off.h - the options of the command logoff, for its two ways: one host, by the library; many hosts, by orders.
 */
#ifndef CLI_LOG_OFF_H
#define CLI_LOG_OFF_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/select.h"
#include "logoff.h"

extern bool arg_verbose, arg_console, arg_dry_run, arg_yes, arg_if_any, arg_no_desktop;
extern uint64_t arg_grace_s, arg_wait_s, arg_warn_s;
extern const char *arg_message, *arg_reason;
extern struct selection arg_selection;

/*
 * Checks the options that belong together; on far hosts (FAR) each host checks the groups itself. Returns the exit
 * status.
 */
int log_off_check(bool far, int n_arguments, char **arguments);

/*
 * A user who cannot be warned the first time cannot be warned later either; one report is enough. Returns true if it
 * is the first.
 */
bool log_off_is_first_warning(const struct logoff_event *event);

/* Logs off the sessions that the arguments and options mean, on the hosts of /server. Returns the exit status. */
int log_off_farm(int n_arguments, char **arguments);

#endif
