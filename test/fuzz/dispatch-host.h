/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dispatch-host.h - logoff-host within the process of fuzz-dispatch.c, which knows only the service: both sides have
 * names of their own for the same things.
 */
#ifndef FUZZ_DISPATCH_HOST_H
#define FUZZ_DISPATCH_HOST_H

#include <stdbool.h>
#include <stdint.h>

/* A host in memory with some sessions, as the user UID sees it. CONTROL: "yes" or "no", of the sessions of others. */
void *dispatch_host_new(uint32_t uid, const char *control);

/* Frees HOST. NULL is allowed. Returns NULL. */
void *dispatch_host_free(void *host);

/* Whether a session ID of the user UID is in the description. */
bool dispatch_host_has(void *host, uint32_t uid, const char *id);

/* Carries out an order, a line of JSON. Returns the lines of the answer, to be freed. NULL: it is no order. */
char *dispatch_host_carry_out(void *host, const char *order);

/* Aborts, and says WHAT, unless it is true. */
void dispatch_require(bool is_true, const char *what);

#endif
