/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * reach.h - which program reaches a host, and with which arguments.
 *
 * ssh is called so that it never asks anybody, forwards nothing, and notices a dead connection within 20 seconds. It
 * accepts no unknown host key and writes none down, unless its configuration says so (StrictHostKeyChecking). All else
 * is as the administrator has configured it: keys, agent, jump hosts, shared connections. The far command is always the
 * same text; nothing that a user has typed is in it. Source: ssh(1), ssh_config(5) of OpenSSH 9.2.
 */
#ifndef FARM_REACH_H
#define FARM_REACH_H

#include <stdint.h>

#include "farm/hosts.h"

/* How hosts are reached. All of it is the caller's. */
struct reach_how {
	unsigned parallel;		/* how many at once at most; while something is changed there are more */
	uint64_t timeout_ms;		/* from the start of a connection to the reply to a first order */
	const char *const *logon;	/* logon options of logoff-host for MS-TSTS, ended by NULL; NULL: none */
};

#define REACH_PARALLEL 32
#define REACH_TIMEOUT_MS 20000

/* Makes the arguments of the program that reaches HOST; *ret_argv is one block, to be freed. Returns 0 or -ENOMEM. */
int reach_argv(const struct farm_host *host, const struct reach_how *how, char ***ret_argv);

/* The same of the program here that serves HOST over its bus. */
int reach_bus_argv(const struct farm_host *host, char ***ret_argv);

/* The line by which a far host says that its bus can be spoken with from now on. */
#define REACH_BUS "logoff-bus"

#endif
