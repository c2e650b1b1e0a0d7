/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * warning.h - what the users of a request are told before they are logged off, or are not logged off after all.
 */
#ifndef CORE_WARNING_H
#define CORE_WARNING_H

#include "core/request.h"

/*
 * Tells the users of all sessions that were not asked yet that REMAINING_US are left; but for the FIRST time only of those that
 * are still there.
 */
void warn_users(struct logoff_request *request, bool first, uint64_t remaining_us);

/* Tells those who were warned and are not logged off after all, all together, and each only once. */
void warn_call_off(struct logoff_request *request);

/*
 * The next time after NOW at which the users are warned again: at half of the time and 10 s before its end (END_US). Returns
 * UINT64_MAX if there is none.
 */
uint64_t warn_next(const struct logoff_request *request, uint64_t end_us, uint64_t now);

#endif
