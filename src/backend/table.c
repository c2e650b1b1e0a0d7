/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * table.c - see table.h: every kind of host, those of this machine in the order in which they are tried.
 */
#include "backend/table.h"

const struct host_backend *const host_backends[] = { &host_logind, &host_procfs, &host_memory, &host_tsts, NULL };
