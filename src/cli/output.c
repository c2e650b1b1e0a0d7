/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * output.c - see output.h. The first cause is kept: later ones follow from it.
 */
#include "cli/output.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/report.h"
#include "cli/printable.h"

static int first_cause;

void output_note(int r)
{
	if (first_cause == 0)
		first_cause = r;
}

void output_flush(void)
{
	if (fflush(stdout) == EOF)
		output_note(-errno);
}

int output_end(int status)
{
	output_flush();
	output_note(ferror(stdout) ? -EIO : 0);		/* stdio does not keep the cause of an earlier failure */
	if (fclose(stdout) == EOF)
		output_note(-errno);
	if (first_cause == 0)
		return status;
	fprintf(stderr, _("%s: the output could not be written: %s\n"), program().text, strerror(-first_cause));
	return status == EXIT_ENDED ? EXIT_OUTPUT : status;
}
