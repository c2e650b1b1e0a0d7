/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * confine.h - what logoff-tsts gives up before it reads the first byte of a server.
 *
 * It reads what strangers send, with libraries that are not ours, so it keeps nothing that it does not need for that: no
 * capability, no user id of root, no file to write but the caller's own ticket cache, no other program to start. What it
 * has left stands in SECURITY.md. A kernel without Landlock confines less; everything else is demanded.
 */
#ifndef TSTS_CONFINE_H
#define TSTS_CONFINE_H

#include <stdbool.h>

#include "logoff.h"

/* At the very beginning: no new rights, no core, no descriptors but ours. Returns 0 or -errno. */
int confine_begin(void);

/* Tells whether we shall become another user, who can read nothing that is only the caller's. */
bool confine_changes_user(void);

/*
 * Gives up the rest. CCACHE, the caller's ticket cache as Kerberos names it, may still be written to (NULL: none).
 * Returns 0, or -EHOSTUNREACH with the cause.
 */
int confine(const char *ccache, struct logoff_error *reterr);

#endif
