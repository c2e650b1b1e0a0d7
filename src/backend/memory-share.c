/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * memory-share.c - a memory host that several processes have open at one time.
 *
 * What one of them does is a line in the file of the description's name with ".acts": the moment, and the act in
 * numbers. Each process plays the lines of all, so all have one world. The moments count from the time at which the
 * description was written, so all have one clock too. A description that is replaced is another host: those that have
 * the old one open have lost theirs.
 */
#include "backend/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

struct memory_share {
	char *path;
	dev_t device;		/* of the description */
	ino_t inode;
	FILE *acts;
};

int memory_share_open(struct memory_world *world, const char *path)
{
	struct memory_share *share = calloc(1, sizeof(*share));
	struct stat st;
	char *acts;
	int fd, r;

	if (!share)
		return -ENOMEM;
	world->share = share;
	share->path = strdup(path);
	if (!share->path || asprintf(&acts, "%s.acts", path) < 0)
		return -ENOMEM;
	fd = open(acts, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	r = fd < 0 ? -errno : 0;
	free(acts);
	if (r == 0 && stat(path, &st) < 0)
		r = -errno;
	share->acts = r == 0 ? fdopen(fd, "r+") : NULL;
	if (!share->acts) {
		if (fd >= 0)
			close(fd);
		return r < 0 ? r : -ENOMEM;
	}
	share->device = st.st_dev;
	share->inode = st.st_ino;
	world->realtime = true;
	world->real_start = (int64_t)st.st_mtim.tv_sec * 1000000 + st.st_mtim.tv_nsec / 1000;
	world->real_start_us = clock_now_us() - (uint64_t)(clock_real_us() - world->real_start);
	return 0;
}

struct memory_share *memory_share_close(struct memory_share *share)
{
	if (!share)
		return NULL;
	if (share->acts)
		fclose(share->acts);
	free(share->path);
	free(share);
	return NULL;
}

void memory_share_caller(struct memory_world *world)
{
	gid_t groups[256];
	int n = getgroups(256, groups);

	world->caller_uid = getuid();
	for (int i = 0; world->has_admins && i < n; i++)
		if (groups[i] == world->admins)
			world->control = MEMORY_CONTROL_YES;
}

static bool is_replaced(const struct memory_share *share)
{
	struct stat st;

	return stat(share->path, &st) < 0 || st.st_ino != share->inode || st.st_dev != share->device;
}

/* A line that is not whole yet is read again the next time. */
int memory_share_next(struct memory_share *share, struct memory_act *ret_act, uint64_t *ret_at_us)
{
	unsigned long long at_us;
	unsigned type, part, last_act;
	char line[128];
	long start = ftell(share->acts);

	if (is_replaced(share))
		return -EHOSTUNREACH;
	clearerr(share->acts);
	while (start >= 0 && fgets(line, sizeof(line), share->acts)) {
		if (!strchr(line, '\n'))
			break;
		start = ftell(share->acts);
		if (sscanf(line, "%llu %u %u %zu %u", &at_us, &type, &part, &ret_act->index, &last_act) != 5 ||
		    type > MEMORY_ACT_END || part > HOST_MANAGER)
			continue;
		ret_act->type = (enum memory_act_type)type;
		ret_act->part = (enum host_part)part;
		ret_act->last_act = last_act;
		*ret_at_us = at_us;
		return 1;
	}
	(void)fseek(share->acts, start, SEEK_SET);
	return 0;
}

void memory_share_lock(struct memory_share *share, bool on)
{
	if (share)
		(void)flock(fileno(share->acts), on ? LOCK_EX : LOCK_UN);
}

/* It is the last line of all, and this process is not to take it. */
int memory_share_add(struct memory_share *share, const struct memory_act *act, uint64_t at_us)
{
	int n = fprintf(share->acts, "%llu %u %u %zu %u\n", (unsigned long long)at_us, act->type, act->part, act->index,
			act->last_act);

	if (n < 0 || fflush(share->acts) != 0 || fseek(share->acts, 0, SEEK_END) < 0)
		return -EIO;
	return 0;
}
