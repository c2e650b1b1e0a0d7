/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * audit.h - one record in the journal, or in the event log of Windows, for each session somebody tried to log off:
 * who, whose, why, and what came of it. Services have such records written of other actions too.
 *
 * Written for refused attempts too. Fields are listed in logoff-audit(7). Where there is no journal it goes to syslog.
 */
#ifndef BACKEND_AUDIT_H
#define BACKEND_AUDIT_H

#include "core/host.h"

/* All records of a host together wait so long for a log that does not listen. */
#define AUDIT_WAIT_US UINT64_C(2000000)

/* The operation record() of hosts that are real. */
int audit_record(struct logoff_host *host, const struct host_record *record, struct logoff_error *reterr);

/*
 * What people read of RECORD of HOST: one line, harmless, for the reason is the caller's own text and could hide the
 * line or forge another one. PERSON has done it. Returns a copy, the caller's, or NULL without memory.
 */
char *audit_sentence(const struct logoff_host *host, const struct host_record *record, const char *person);

/* The word for the result of RECORD. Returns it. */
const char *audit_result_word(const struct host_record *record);

/* The word for an action. Returns it. */
const char *audit_action_word(enum logoff_action action);

/* How long this record may wait, at time NOW: what the others have left, and not past the end of a session's time. */
uint64_t audit_wait_us(const struct logoff_host *host, uint64_t now);

/* The operation name_person(): who has logged in and runs this program, as far as the kernel keeps it, or sudo. */
void audit_name_person(char name[static 64]);

#endif
