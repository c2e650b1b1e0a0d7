/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * table-windows.c - see table.h: every kind of host that there is on Windows.
 */
#include "backend/table.h"

const struct host_backend *const host_backends[] = { &host_wts, &host_memory, &host_wts_server, NULL };
