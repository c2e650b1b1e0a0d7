/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * authfile.h - opening the file of /authfile, which holds a password: only if nobody else can read or change it.
 */
#ifndef CLI_AUTHFILE_H
#define CLI_AUTHFILE_H

#include "base/trusted.h"

/* Opens the file PATH, whose author chooses the account. Returns a descriptor, or -errno and *ret_fault. */
int authfile_open(const char *path, enum trusted_fault *ret_fault);

/* Prints that the file PATH is open to others, and what to do about it. */
void authfile_report_open(const char *path);

#endif
