/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * proc-cgroup.c - see proc.h: the processes of a control group and of all below it, on both versions of the hierarchy.
 *
 * Folders come and go while they are walked through, and users make as many as they like, one below the other: so the walk holds
 * one descriptor at a time, and goes back up by "..".
 * Source: Documentation/admin-guide/cgroup-v2.rst.
 */
#include "local/proc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/array.h"
#include "base/libc.h"
#include "local/file.h"

/* What a cgroup folder answers when it has been removed meanwhile; ENOTDIR is a file where a folder may be. */
static bool is_removed(int r)
{
	return r == -ENOENT || r == -ENODEV || r == -ENOTDIR;
}

/* Adds a process that a cgroup names. It is there, though without a name, unless the kernel says that it is not. */
static int add_cgroup_member(struct process_list *list, uint32_t pid)
{
	struct proc_stat stat = { .command = "" };
	int r;

	if (pid > INT32_MAX)
		return -EPROTO;
	if (pid == 0)	/* of another pid namespace: it cannot be asked for */
		return process_list_add(list, 0, "");
	r = proc_read_stat((pid_t)pid, &stat);
	if (r < 0 && r != -EACCES && r != -EPROTO)
		return r == -ESRCH ? 0 : r;
	return stat.state == 'Z' || stat.state == 'X' ? 0 : process_list_add(list, (pid_t)pid, stat.command);
}

/* The process of a thread; the thread itself where that is not told. */
static uint32_t process_of_thread(uint32_t tid)
{
	char path[40], text[4096];
	const char *line;
	unsigned pid;

	snprintf(path, sizeof(path), "/proc/%u/status", (unsigned)tid);
	(void)file_read(AT_FDCWD, path, 0, text, sizeof(text));	/* empty: it has ended */
	line = strstr(text, "\nTgid:\t");	/* the name comes first and its newlines are escaped */
	return line && sscanf(line, "\nTgid:\t%u", &pid) == 1 ? pid : tid;
}

/* Adds what a file of a cgroup folder lists: processes, or THREADS. */
static int list_cgroup_file(int folder, const char *name, bool threads, struct process_list *list)
{
	struct file_lines lines = { .fd = openat(folder, name, O_RDONLY | O_CLOEXEC) };
	const char *line;
	uint32_t number;
	size_t length;
	int r;

	if (lines.fd < 0)
		return -errno;
	while ((r = file_next_line(&lines, &line, &length)) > 0) {
		r = proc_parse_number(line, length, &number);
		if (r >= 0)
			r = add_cgroup_member(list, threads && number ? process_of_thread(number) : number);
		if (r < 0)
			break;
	}
	close(lines.fd);
	return r;
}

/* Below a threaded cgroup there are threads, and to name their processes is left to a folder that may be above PATH. */
static int list_cgroup_folder(int folder, struct process_list *list)
{
	int r = list_cgroup_file(folder, "cgroup.procs", false, list);

	return r == -EOPNOTSUPP ? list_cgroup_file(folder, "cgroup.threads", true, list) : r;
}

/* The folders in one folder: their names, one after the other. */
struct names {
	char *text;
	size_t size, at;
};

static int names_add(struct names *names, const char *name)
{
	size_t length = strlen(name) + 1;
	char *grown = realloc(names->text, names->size + length);

	if (!grown)
		return -ENOMEM;
	memcpy(grown + names->size, name, length);
	names->text = grown;
	names->size += length;
	return 0;
}

/* Tells whether the entry may be a folder. Not every file system says so; and whoever has a cgroup may call it ".x". */
static bool may_be_folder(const struct dirent64 *entry)
{
	const char *name = entry->d_name;

	return (entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN) && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

/* Reads through the descriptor itself: opendir() would take memory, and most folders of cgroups have no folder in them. */
static int names_read(struct names *names, int folder)
{
	char buffer[8192] __attribute__((aligned(__alignof__(struct dirent64))));
	ssize_t n;
	int r = 0;

	while (r == 0 && (n = getdents64(folder, (void *)buffer, sizeof(buffer))) != 0) {
		if (n < 0)
			return -errno;
		for (ssize_t at = 0; r == 0 && at < n;) {
			const struct dirent64 *entry = (const struct dirent64 *)(buffer + at);

			at += entry->d_reclen;
			if (may_be_folder(entry))
				r = names_add(names, entry->d_name);
		}
	}
	return r;
}

/*
 * A walk through a cgroup and all below it, as deep as it may be: whoever has a cgroup can nest more folders than a process
 * may have open, or a path may name. So one is open at a time, and the way back up is "..".
 */
struct walk {
	int folder;
	struct names *levels;	/* of the folder, and of those above it */
	size_t n_levels;
	struct process_list *list;
};

/* Enters FD: takes what it lists, and the names of the folders in it. FD is the walk's from then on. */
static int walk_enter(struct walk *walk, int fd)
{
	int r;

	if (walk->folder >= 0)
		close(walk->folder);
	walk->folder = fd;
	r = array_add(&walk->levels, &walk->n_levels, &(struct names){ 0 });
	if (r < 0)
		return r;
	r = list_cgroup_folder(fd, walk->list);
	if (r >= 0 || is_removed(r))
		r = names_read(&walk->levels[walk->n_levels - 1], fd);
	return r < 0 && !is_removed(r) ? r : 0;
}

/* Goes on to the next folder, or back up. */
static int walk_step(struct walk *walk)
{
	struct names *names = &walk->levels[walk->n_levels - 1];
	const char *name = names->text + names->at;
	int fd;

	if (names->at < names->size) {
		names->at += strlen(name) + 1;
		fd = openat(walk->folder, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		if (fd < 0)
			return is_removed(-errno) ? 0 : -errno;
		return walk_enter(walk, fd);
	}
	free(names->text);
	if (--walk->n_levels == 0)
		return 0;
	fd = openat(walk->folder, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	close(walk->folder);
	walk->folder = fd;
	return 0;
}

static int walk_cgroup(int fd, struct process_list *list)
{
	struct walk walk = { .folder = -1, .list = list };
	int r = walk_enter(&walk, fd);

	while (r == 0 && walk.n_levels > 0)
		r = walk_step(&walk);
	while (walk.n_levels > 0)
		free(walk.levels[--walk.n_levels].text);
	free(walk.levels);
	close(walk.folder);
	return r;
}

bool proc_is_populated(const char *path)
{
	char *events, text[256];
	bool is;

	if (asprintf(&events, "%s/cgroup.events", path) < 0)
		return false;
	is = file_read(AT_FDCWD, events, 0, text, sizeof(text)) > 0 && strstr(text, "populated 1");
	free(events);
	return is;
}

int proc_list_cgroup(const char *path, struct process_list *list)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), again, r;
	size_t n = list->n_items;

	if (fd < 0)
		return is_removed(-errno) ? 0 : -errno;
	again = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	r = again < 0 ? -errno : walk_cgroup(again, list);
	/* A process that moves from folder to folder, or forks and ends, can be where the walk is not. */
	if (r == 0 && list->n_items == n && proc_is_populated(path))
		r = -EAGAIN;
	close(fd);
	return r;
}
