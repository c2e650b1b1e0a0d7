/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * say.h - the lines of the program: objects of one field beside the serial number of the order.
 */
#ifndef HOST_SAY_H
#define HOST_SAY_H

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

#include "cli/report.h"
#include "logoff.h"

/*
 * Prints {"serial": SERIAL, KEY: VALUE}; a SERIAL of 0 is null. Takes ownership of VALUE. What cannot be written is
 * lost: the peer is gone, and the work goes on.
 */
void say(FILE *to, int64_t serial, const char *key, json_t *value);

/* Prints a failure of this KIND about OBJECT (NULL: none), with CAUSE (may be NULL). Returns STATUS. */
int say_failure(FILE *to, int64_t serial, const char *kind, const char *object, const struct logoff_error *cause,
		enum exit_status status);

/* The same for a host that has answered R, of the library. Returns the exit status. */
int say_host_failure(FILE *to, int64_t serial, const char *object, int r, const struct logoff_error *cause);

/* The exit status of a session whose result is R. Returns it. */
enum exit_status say_status(int r);

#endif
