/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * spawn-plan.c - see spawn-plan.h.
 *
 * sigfillset() leaves out two signals that the C library uses itself, and posix_spawn(3) has a child ignore these
 * unless they are asked for, so the set is filled by hand.
 */
#include "base/spawn-plan.h"

#include <signal.h>
#include <string.h>

int spawn_plan(posix_spawnattr_t *attributes)
{
	sigset_t none, all;
	int r = posix_spawnattr_init(attributes);

	if (r != 0)
		return r;
	sigemptyset(&none);
	memset(&all, 0xff, sizeof(all));
	r = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	if (r == 0)
		r = posix_spawnattr_setsigmask(attributes, &none);
	if (r == 0)
		r = posix_spawnattr_setsigdefault(attributes, &all);
	if (r != 0)
		posix_spawnattr_destroy(attributes);
	return r;
}
