/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-host.h - a host in memory, described by a text of the test.
 */
#ifndef CORE_TEST_HOST_H
#define CORE_TEST_HOST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "core/host.h"

#define DESCRIBED "/tmp/test-host-XXXXXX"

/* Has hosts opened from now on as TEXT describes them. PATH: of the file, which the caller unlinks. */
static void describe(const char *text, char path[static sizeof(DESCRIBED)])
{
	char forced[sizeof(DESCRIBED) + 8];
	int fd;

	strcpy(path, DESCRIBED);
	fd = mkstemp(path);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	snprintf(forced, sizeof(forced), "memory:%s", path);
	setenv("LOGOFF_HOST", forced, 1);
}

/* Opens the host that TEXT describes. Fails the test if it cannot. */
static struct logoff_host *open_described(const char *text)
{
	char path[sizeof(DESCRIBED)];
	struct logoff_error error = {};
	struct logoff_host *host;

	describe(text, path);
	if (host_open(&host, NULL, NULL, &error) < 0)
		fail_msg("%s", error.text);
	unlink(path);
	return host;
}

#endif
