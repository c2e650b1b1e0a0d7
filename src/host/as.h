/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * as.h - the option --as: root has the program serve a user, with nothing but that user's rights.
 */
#ifndef HOST_AS_H
#define HOST_AS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "cli/report.h"

#define AS_GROUPS_MAX 65536		/* what the kernel takes */

/*
 * Parses "UID:GID[,GID...]". *ret_groups is the caller's. Returns 0, -EINVAL (that is none of it) or -ENOMEM.
 */
int as_parse(const char *text, uid_t *ret_uid, gid_t **ret_groups, size_t *ret_n_groups);

/*
 * Becomes what TEXT says, for good. To be called before anything else is done. Prints why that is not possible, in one
 * line. Returns the exit status; EXIT_ENDED: it is done.
 */
enum exit_status as_become(const char *text);

#endif
