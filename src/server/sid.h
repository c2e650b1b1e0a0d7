/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sid.h - the SIDs of UNIX users, as bytes (MS-DTYP 2.4.2.2).
 */
#ifndef SERVER_SID_H
#define SERVER_SID_H

#include <stdint.h>
#include <sys/types.h>

#define SID_MAX_BYTES 68

/*
 * Writes the SID of the user UID: winbind's, or S-1-22-1-UID, as Samba has it for users without one. winbind is asked
 * once for a user in some minutes. Returns the size of the SID.
 */
uint32_t sid_of_user(uid_t uid, uint8_t bytes[SID_MAX_BYTES]);

#endif
