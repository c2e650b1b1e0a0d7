/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * result.h - the edge between errnos, by which everything behind the public header tells its failures, and the results of logoff.h.
 */
#ifndef CORE_RESULT_H
#define CORE_RESULT_H

#include "logoff.h"

/*
 * The result that R, 0 or -errno, is for callers of the library. If that does not say what has failed, and neither does *reterr (NULL
 * allowed), *reterr gets the system's own word for R. Returns the result.
 */
enum logoff_result result_of(int r, struct logoff_error *reterr);

/* The opposite, for what takes errnos. Returns 0 or -errno. */
int result_errno(enum logoff_result result);

#endif
