/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-no-journal.c - the log of this machine, in all unit tests: there is none. A test leaves no record of a log-off on the
 * machine that runs it.
 */
#include "local/journal.h"

#include <errno.h>

int journal_send(const char *socket, char *const *fields, size_t n_fields, uint64_t wait_us)
{
	(void)socket;
	(void)fields;
	(void)n_fields;
	(void)wait_us;
	return -ENOENT;
}

bool journal_is_expected(void)
{
	return false;
}

int journal_send_line(const char *socket, const char *tag, int priority, const char *line, uint64_t wait_us)
{
	(void)socket;
	(void)tag;
	(void)priority;
	(void)line;
	(void)wait_us;
	return -ENOENT;
}
