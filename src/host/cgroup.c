/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cgroup.c - see cgroup.h.
 */
#include "host/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int cgroup_read(pid_t pid, struct cgroup *ret)
{
	char path[40];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	n = read(fd, ret->text, sizeof(ret->text) - 1);
	if (n < 0)
		n = -errno;
	else
		ret->text[n] = '\0';
	close(fd);
	return n < 0 ? (int)n : 0;
}

/* Where the text goes on after "user.slice/user-UID.slice/", or NULL. */
static const char *skip_slice(const char *text, uid_t *ret_uid)
{
	static const char slice[] = ":/user.slice/user-", end[] = ".slice/";
	const char *start = strstr(text, slice);
	unsigned long uid;
	char *after;

	if (!start)
		return NULL;
	start += strlen(slice);
	if (*start < '0' || *start > '9')
		return NULL;
	uid = strtoul(start, &after, 10);
	if (strncmp(after, end, strlen(end)) != 0)
		return NULL;
	*ret_uid = (uid_t)uid;
	return after + strlen(end);
}

/* Copies an id that ends where END says. Returns whether it is one. */
static bool take_id(const char *start, const char *end, char id[static CGROUP_ID])
{
	size_t length = *start == 'c', digits = strspn(start + length, "0123456789");

	length += digits;
	if (digits == 0 || length >= CGROUP_ID)
		return false;
	if (strncmp(start + length, end, strlen(end)) != 0 || !strchr("/\n", start[length + strlen(end)]))
		return false;
	snprintf(id, CGROUP_ID, "%.*s", (int)length, start);
	return true;
}

bool cgroup_parse_session(const char *text, bool elogind, char id[static CGROUP_ID])
{
	static const char named[] = ":name=elogind:/", unified[] = "0::/", scope[] = "session-";
	const char *start;
	uid_t uid;

	/* From the top: below their own manager users may call a scope what they like. */
	start = skip_slice(text, &uid);
	if (start && strncmp(start, scope, strlen(scope)) == 0)
		return take_id(start + strlen(scope), ".scope", id);
	if (!elogind)
		return false;
	start = strstr(text, named);
	if (start)
		return take_id(start + strlen(named), "", id);
	start = strstr(text, unified);
	return start && take_id(start + strlen(unified), "", id);
}

bool cgroup_parse_manager(const char *text, uid_t *ret_uid, const char **ret_unit)
{
	static const char manager[] = "user@", end[] = ".service";
	const char *start;
	char *after;
	uid_t uid;

	start = skip_slice(text, &uid);
	if (!start || strncmp(start, manager, strlen(manager)) != 0 || strtoul(start + strlen(manager), &after, 10) != uid ||
	    strncmp(after, end, strlen(end)) != 0)
		return false;
	after += strlen(end);
	if (ret_uid)
		*ret_uid = uid;
	if (ret_unit)
		*ret_unit = *after == '/' ? after + 1 : after;
	return true;
}
