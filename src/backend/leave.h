/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * leave.h - a desktop logs its user off itself, as by its own menu: its programs are asked to save, and may ask their user. A
 * signal does neither.
 *
 * It is asked over its user's bus by a child process that becomes the user, and only if the program that answers belongs to
 * the session that is meant: a user has one bus, and may have two sessions. What cannot be told is not asked. Nothing is started
 * by it, and it changes nothing in what follows: the session is asked to end, killed and proved gone as ever.
 */
#ifndef BACKEND_LEAVE_H
#define BACKEND_LEAVE_H

#include "core/host.h"

/* One desktop that has been asked, or is about to be. */
struct leave;

/*
 * Starts to ask the desktop of SESSION, for TIMEOUT_US at most; leave_hear() writes what comes of it (session->ending->leave). Needs
 * root or the session's own user. *ret_leave is the caller's. Returns 0, -EACCES, or another errno.
 */
int leave_start(struct leave **ret_leave, struct logoff_session *session, uint64_t timeout_us, struct logoff_error *reterr);

/* NULL is allowed. The desktop goes on with what it was asked. Returns NULL. */
struct leave *leave_free(struct leave *leave);

/* What to poll for reading. */
int leave_fd(const struct leave *leave);

/*
 * Takes in what has been told so far, without waiting. NULL is allowed. Returns LEAVE, or NULL when nothing more is to come, and
 * LEAVE has been freed.
 */
struct leave *leave_hear(struct leave *leave, struct logoff_session *session);

/*
 * Ends the asking, and takes in what has been told until then: a desktop of which nothing is known now has not been asked, and
 * will not be. NULL is allowed. Returns NULL.
 */
struct leave *leave_stop(struct leave *leave, struct logoff_session *session);

#endif
