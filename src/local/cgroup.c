/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cgroup.c - see cgroup.h.
 */
#include "local/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "local/file.h"

/* The path in the hierarchy of LINE, "HIERARCHY:CONTROLLERS:PATH"; NULL: the line is none. */
static const char *find_path(const char *line)
{
	size_t number = strspn(line, "0123456789"), controllers;

	if (number == 0 || line[number] != ':')
		return NULL;
	line += number + 1;
	controllers = strcspn(line, ":\n");
	return line[controllers] == ':' ? line + controllers + 1 : NULL;
}

/* The next line, or NULL. No name of a group holds a newline: the kernel sees to that. */
static const char *next_line(const char *line)
{
	line = strchr(line, '\n');
	return line ? line + 1 : NULL;
}

static bool is_above(const char *path)
{
	return strncmp(path, "/..", 3) == 0 && (path[3] == '/' || path[3] == '\n' || !path[3]);
}

/*
 * Only the hierarchies in which a session manager puts sessions count: that of v2 and those with its name. It uses one of them; a
 * process that came in from outside may have been left out of the others.
 */
bool cgroup_is_outside(const char *text)
{
	bool outside = false;

	for (const char *line = text, *path; line; line = next_line(line)) {
		const char *name = strstr(line, ":name=");

		path = find_path(line);
		if (!path || (strncmp(line, "0::", 3) != 0 && (!name || name > path)))
			continue;
		if (is_above(path))
			outside = true;
		else if (path[0] && path[1] && path[1] != '\n')
			return false;
	}
	return outside;
}

int cgroup_read(pid_t pid, struct cgroup *ret)
{
	char path[40];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)pid);
	n = file_read(AT_FDCWD, path, 0, ret->text, sizeof(ret->text));
	if (n < 0)
		return n == -ENOENT ? -ESRCH : (int)n;
	return cgroup_is_outside(ret->text) ? -EOPNOTSUPP : 0;
}

/* Where a line goes on after a path that starts with "/user.slice/user-UID.slice/", or NULL. */
static const char *skip_slice(const char *text, uid_t *ret_uid)
{
	static const char slice[] = "/user.slice/user-", end[] = ".slice/";
	unsigned long uid;
	char *after;

	for (const char *line = text, *path; line; line = next_line(line)) {
		path = find_path(line);
		if (!path || strncmp(path, slice, strlen(slice)) != 0)
			continue;
		path += strlen(slice);
		if (*path < '0' || *path > '9')
			return NULL;
		uid = strtoul(path, &after, 10);
		if (strncmp(after, end, strlen(end)) != 0)
			return NULL;
		*ret_uid = (uid_t)uid;
		return after + strlen(end);
	}
	return NULL;
}

/* Where a line begins with BEGINNING, after its number if that is left out: what follows; or NULL. */
static const char *skip_beginning(const char *text, const char *beginning)
{
	for (const char *line = text; line; line = next_line(line)) {
		size_t number = *beginning == ':' ? strspn(line, "0123456789") : 0;

		if (strncmp(line + number, beginning, strlen(beginning)) == 0)
			return line + number + strlen(beginning);
	}
	return NULL;
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
	start = skip_beginning(text, named);
	if (!start)
		start = skip_beginning(text, unified);
	return start && take_id(start, "", id);
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

/* The length of a path up to its first service or scope, below slices; 0: it has none. */
static size_t length_of_unit(const char *path)
{
	size_t length = 0, n;

	while (path[length] == '/') {
		const char *name = path + length + 1;

		n = strcspn(name, "/\n");
		length += n + 1;
		if (text_ends_with(name, n, ".service") || text_ends_with(name, n, ".scope"))
			return length;
		if (!text_ends_with(name, n, ".slice"))
			return 0;
	}
	return 0;
}

bool cgroup_parse_system_unit(const char *text, char unit[static CGROUP_UNIT])
{
	static const char *const slices[] = { "/system.slice/", "/machine.slice/" };

	for (const char *line = text, *path; line; line = next_line(line)) {
		size_t length = 0;

		path = find_path(line);
		for (size_t i = 0; path && i < sizeof(slices) / sizeof(slices[0]); i++)
			if (strncmp(path, slices[i], strlen(slices[i])) == 0)
				length = length_of_unit(path);
		if (length > 0) {
			snprintf(unit, CGROUP_UNIT, "%.*s", (int)length, path);
			return true;
		}
	}
	return false;
}
