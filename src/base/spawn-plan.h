/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * spawn-plan.h - how every program that is started and talked to begins: as far from its parent as a process can be.
 */
#ifndef BASE_SPAWN_PLAN_H
#define BASE_SPAWN_PLAN_H

#include <spawn.h>

/*
 * Initialises ATTRIBUTES so that the program begins in a session of its own, with no signal blocked and none ignored.
 * Returns 0, and then they are to be destroyed (posix_spawnattr_destroy()), or a positive errno, as posix_spawn(3)
 * does.
 */
int spawn_plan(posix_spawnattr_t *attributes);

#endif
