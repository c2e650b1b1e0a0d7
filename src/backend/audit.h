/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * audit.h - one record in the journal for each session somebody tried to log off: who, whose, why, and what came of it.
 *
 * Written for refused attempts too. Fields are listed in logoff(1). Where there is no journal it goes to syslog.
 */
#ifndef BACKEND_AUDIT_H
#define BACKEND_AUDIT_H

#include "core/host.h"

/* The operation record() of hosts that are real. */
int audit_record(struct logoff_host *host, const struct host_record *record, struct logoff_error *reterr);

/* The operation name_person(): who has logged in and runs this program, as far as the kernel keeps it, or sudo. */
void audit_name_person(char name[static 64]);

#endif
