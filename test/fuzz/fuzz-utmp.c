/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fuzz-utmp.c - the input is a utmp file: each record of it, and the short one at its end.
 *
 * Beside crashes it looks for answers that cannot be: a login without line, user or process, a text that differs from
 * the field it was taken from.
 */
#include "local/proc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <utmp.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void require_text(const char *text, const char *field, size_t size)
{
	require(strlen(text) == strnlen(field, size));
	require(memcmp(text, field, strlen(text)) == 0);
}

static void try_record(const uint8_t *data, size_t size)
{
	void *copy = calloc(1, size ? size : 1); /* exactly the size, so that the sanitizer sees a read beyond it */
	struct proc_login login;
	struct utmp u;
	int r;

	require(copy != NULL);
	if (size)
		memcpy(copy, data, size);
	r = proc_parse_login(copy, size, &login);
	free(copy);
	require(r == 0 || r == -ENOENT || r == -EPROTO);
	require((r == -EPROTO) == (size != sizeof(u)));
	if (r < 0)
		return;
	memcpy(&u, data, sizeof(u));
	require(u.ut_type == USER_PROCESS && login.pid > 0 && login.line[0] && login.user[0]);
	require(login.pid == u.ut_pid && login.time_s >= 0);
	require_text(login.line, u.ut_line, sizeof(u.ut_line));
	require_text(login.user, u.ut_user, sizeof(u.ut_user));
	require_text(login.remote, u.ut_host, sizeof(u.ut_host));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (; size >= sizeof(struct utmp); size -= sizeof(struct utmp), data += sizeof(struct utmp))
		try_record(data, sizeof(struct utmp));
	try_record(data, size);
	return 0;
}
