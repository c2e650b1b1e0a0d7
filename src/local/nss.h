/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * nss.h - questions to the name service (users and groups), with a deadline.
 *
 * The name service runs modules in the process that asks; one whose server is down (LDAP, sssd) holds it for minutes. So the
 * machine's own files are read first, which costs no module, and a program, logoff-user, asks for all else; it is killed at the
 * deadline. Where it is not installed, or is of another version, all functions return -ENOPKG for what the files do not say. A service that has not
 * answered is not asked again for a minute, and a name is remembered as long. The answers are yes, no and unknown; with unknown *reterr (NULL allowed)
 * has the cause. Any thread may ask.
 */
#ifndef LOCAL_NSS_H
#define LOCAL_NSS_H

#include <sys/types.h>

#include "user/job.h"

/* With the NUL. A longer name is not a name. */
#define NSS_NAME_MAX JOB_NAME_MAX

/* Looks up the name of the user UID. Returns 1, 0 (there is no such user) or -errno (it cannot be found out). */
int nss_user_name(uid_t uid, char name[static NSS_NAME_MAX]);

/* Looks up the number of the user NAME in this machine's files only, where the users of its packages are. Returns 1 or 0. */
int nss_local_user_id(const char *name, uid_t *ret_uid);

/* Looks up the number of the user NAME. Returns 1, 0 (there is no such user) or -errno (it cannot be found out). */
int nss_user_id(const char *name, uid_t *ret_uid, struct logoff_error *reterr);

/* Tells whether there is a group NAME. Returns 1, 0 or -errno. */
int nss_has_group(const char *name, struct logoff_error *reterr);

/*
 * Tells whether the user NAME with the number UID is in the group GROUP. Returns 1, 0, or -errno if that cannot be found out:
 * -ENOENT if the name service knows no such user or group.
 */
int nss_is_in_group(const char *name, uid_t uid, const char *group, struct logoff_error *reterr);

#endif
