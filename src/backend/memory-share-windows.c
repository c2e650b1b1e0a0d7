/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * memory-share-windows.c - memory hosts are not shared on Windows, where no test needs that.
 */
#include "backend/memory.h"

#include <errno.h>

int memory_share_open(struct memory_world *world, const char *path)
{
	(void)world, (void)path;
	return -EOPNOTSUPP;
}

void memory_share_caller(struct memory_world *world)
{
	world->caller_uid = 0;
}

struct memory_share *memory_share_close(struct memory_share *share)
{
	(void)share;
	return NULL;
}

int memory_share_next(struct memory_share *share, struct memory_act *ret_act, uint64_t *ret_at_us)
{
	(void)share, (void)ret_act, (void)ret_at_us;
	return 0;
}

void memory_share_lock(struct memory_share *share, bool on)
{
	(void)share, (void)on;
}

int memory_share_add(struct memory_share *share, const struct memory_act *act, uint64_t at_us)
{
	(void)share, (void)act, (void)at_us;
	return -EOPNOTSUPP;
}
