/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * error.h - filling the error record of logoff.h.
 *
 * A failure is recorded once, where it is detected, in the terms of its source (errno, D-Bus name, line of a file).
 * Each function returns the errno it was given, so that "return error_set_errno(reterr, -ENOENT, ...)" is one step. A
 * NULL record is allowed everywhere.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include "base/os.h"
#include "logoff.h"

/*
 * Records CAUSE (a negative errno of the system) with a line of text. Returns R, which is the meaning for the caller.
 */
int error_set_errno(struct logoff_error *reterr, int r, int cause, const char *format, ...)
	__attribute__((format(OS_PRINTF, 4, 5)));

/* Records a D-Bus error (NAME, MESSAGE; either may be NULL). Returns R. */
int error_set_dbus(struct logoff_error *reterr, int r, const char *name, const char *message);

/* Records a fault in line LINE of a host description. Returns R. */
int error_set_format(struct logoff_error *reterr, int r, unsigned line, const char *format, ...)
	__attribute__((format(OS_PRINTF, 4, 5)));

/* Records the error NUMBER of a call of Windows, and Windows' own TEXT for it. Returns R. */
int error_set_win32(struct logoff_error *reterr, int r, uint32_t number, const char *text);

#endif
