/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * audit.h - one record in the journal for each session somebody tried to log off: who, whose, why, and what came of it.
 *
 * Written for refused attempts too. Fields are listed in logoff(1). Where there is no journal it goes to syslog. Hosts in
 * memory leave no record.
 */
#ifndef LOCAL_AUDIT_H
#define LOCAL_AUDIT_H

#include "logoff.h"

struct audit {
	const struct logoff_session *session;
	int result;			/* as of logoff_request_result() */
	const struct logoff_error *cause;
	const char *reason;		/* the caller's words, or NULL */
	bool forced;			/* processes had to be killed */
};

/*
 * Writes the record. A log that is busy or has stopped is waited for, but for all records of a host together no longer than
 * two seconds. Returns 0 if the record stands or this machine has no log at all, else -errno.
 */
int audit_record(const struct audit *audit, struct logoff_error *reterr);

/* The name of the person who has logged in and runs this program, as far as the kernel keeps it, or sudo. */
void audit_name_person(char name[static 64]);

#endif
