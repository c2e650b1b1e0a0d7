/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * journal.h - one entry for the log of this machine, sent so that a log which does not listen cannot hold us.
 *
 * The functions of the C library and of libsystemd wait without limit for a daemon that has stopped and whose queue is
 * full; any user can fill that queue. Here each call says how long it may wait. Both speak to a socket directly: the journal's
 * protocol is documented and stable (JOURNAL_NATIVE_PROTOCOL of systemd), that of syslog is RFC 3164.
 */
#ifndef LOCAL_JOURNAL_H
#define LOCAL_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of one field that are sent. With them an entry of twenty fields fits into one datagram. */
#define JOURNAL_FIELD_MAX 4096

/*
 * Sends FIELDS, each "NAME=text" and cut to JOURNAL_FIELD_MAX, as one entry to the journal that listens at SOCKET. Waits for
 * it no longer than WAIT_US, 0: not at all. Returns 0, -ENOENT (no such socket), -ETIMEDOUT (it took nothing), or another errno.
 */
int journal_send(const char *socket, char *const *fields, size_t n_fields, uint64_t wait_us);

/*
 * Tells whether this machine should have a log, as one that has been stopped has no socket either: /dev/log leads nowhere, or a
 * syslog daemon is installed. Most containers have neither.
 */
bool journal_is_expected(void);

/* Sends LINE to the syslog daemon that listens at SOCKET, as TAG, with PRIORITY as in syslog(3). Else as journal_send(). */
int journal_send_line(const char *socket, const char *tag, int priority, const char *line, uint64_t wait_us);

#endif
