/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * authfile.c - see authfile.h.
 */
#include "cli/authfile.h"

#include <stdio.h>

#include "cli/printable.h"

int authfile_open(const char *path, enum trusted_fault *ret_fault)
{
	return trusted_open(path, TRUSTED_SECRET, ret_fault);
}

void authfile_report_open(const char *path)
{
	fprintf(stderr, _("%s: the file %s is open to others; only its owner may read and change it (chmod 600)\n"),
		program().text, safe(path).text);
}
