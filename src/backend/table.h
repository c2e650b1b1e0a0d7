/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * table.h - the kinds of host by name, for the table of them and for tests. The core knows only host_backends (core/backend.h).
 */
#ifndef BACKEND_TABLE_H
#define BACKEND_TABLE_H

#include "core/host.h"

extern const struct host_backend host_logind, host_procfs, host_memory, host_tsts;
extern const struct host_backend host_wts, host_wts_server;	/* of Windows */

#endif
