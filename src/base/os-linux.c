/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * os-linux.c - see os.h.
 */
#include "base/os.h"

#include <stdlib.h>
#include <unistd.h>

void os_host_name(char *name, size_t size)
{
	if (gethostname(name, size) < 0)
		name[0] = '\0';
	name[size - 1] = '\0';
}

const char *os_environment(const char *name)
{
	return secure_getenv(name);
}
