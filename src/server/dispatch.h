/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dispatch.h - the six interfaces as Samba wants them, and where the settings are.
 */
#ifndef SERVER_DISPATCH_H
#define SERVER_DISPATCH_H

#include "server/call.h"

#define N_INTERFACES 6

extern const struct interface *const interfaces[N_INTERFACES];

/* The name of the pipe of an interface. */
const char *interface_pipe(const struct interface *interface);

/* Fills what Samba calls for INTERFACE. */
void dispatch_fill(struct dcesrv_interface *ret, const struct interface *interface);

/* Reads settings and numbers. Returns false, and a line about the fault in WHY of SIZE bytes. */
bool dispatch_init(const char *host_name, char *why, size_t size);

/* The row of OPNUM, or NULL. */
const struct call_row *row_find(const struct interface *interface, uint32_t opnum);

#endif
