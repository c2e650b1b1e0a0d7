/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * caller.c - see caller.h.
 *
 * Each process that is found is followed upwards itself: whoever has attached a multiplexer inside of run0 depends on both.
 * With several servers of one user all their clients are taken, as unsure: which one is attached to which server only the
 * server knows. Sources: tmux(1), screen(1), run0(1), machinectl(1),
 * Documentation/filesystems/devpts.rst (tty-index in the fdinfo of a master).
 */
#include "local/caller.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/array.h"
#include "local/cgroup.h"
#include "local/file.h"
#include "local/proc.h"

#define DEPTH_MAX 100	/* generations above a process */
#define UNIX98_MAJOR 136

/* Terminal multiplexers, by the beginning of the kernel's short name: "tmux: server", "tmux: client". */
static const char *const multiplexers[] = { "tmux", "screen", "zellij", "dtach", "abduco", NULL };

/* Programs that have process 1 start another, and hold its terminal. */
static const char *const starters[] = { "run0", "systemd-run", "machinectl", NULL };

/* What a walk over all processes looks for. */
struct search {
	struct caller *caller;
	bool unsure;			/* of a starter: the process from which is searched is */
	const char *name;		/* of a multiplexer; NULL: a starter */
	uid_t uid;			/* whose client or starter; (uid_t)-1: anybody's */
	unsigned terminal;		/* of a starter: the number of the terminal it holds and 1; 0: it holds none */
	size_t n_servers;		/* of the multiplexer that were seen */
	unsigned lent;			/* the terminal on which it runs itself; 0: it is not known */
};

/* Returns 0 or -ENOMEM. */
static int add(struct caller *caller, pid_t pid, bool unsure)
{
	struct caller_process item = { pid, unsure };

	for (size_t i = 0; i < caller->n_items; i++)
		if (caller->items[i].pid == pid) {
			caller->items[i].unsure = caller->items[i].unsure && unsure;
			return 0;
		}
	return array_add(&caller->items, &caller->n_items, &item);
}

static uid_t owner_of(pid_t pid)
{
	struct stat owner;
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	return stat(path, &owner) < 0 ? (uid_t)-1 : owner.st_uid;
}

static const char *find_name(const char *command, const char *const *names)
{
	for (; *names; names++)
		if (strncmp(command, *names, strlen(*names)) == 0)
			return *names;
	return NULL;
}

/* Tells whether the file of /proc/PID/fdinfo says that the descriptor is the master of terminal pts/NUMBER. */
static bool is_master(int folder, const char *name, unsigned number)
{
	static const char label[] = "tty-index:\t";
	char text[512];
	const char *at;

	(void)file_read(folder, name, 0, text, sizeof(text));	/* empty: it has been closed */
	at = strstr(text, label);
	return at && strtoul(at + strlen(label), NULL, 10) == number;
}

/* Tells whether PID holds the master of terminal pts/NUMBER. Returns 1, 0, or -errno if it may not be looked at. */
static int holds_master(pid_t pid, unsigned number)
{
	char path[40];
	struct dirent *entry;
	DIR *folder;
	int found = 0;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo", (int)pid);
	folder = opendir(path);
	if (!folder)
		return -errno;
	errno = 0;
	while (!found && (entry = readdir(folder)))
		if (entry->d_name[0] != '.')
			found = is_master(dirfd(folder), entry->d_name, number);
	if (!found && errno)
		found = -errno;
	closedir(folder);
	return found;
}

static int take_client(const struct proc_stat *stat, void *userdata)
{
	struct search *search = userdata;

	if (strncmp(stat->command, search->name, strlen(search->name)) != 0 || owner_of(stat->pid) != search->uid)
		return 0;
	if (stat->terminal)
		return add(search->caller, stat->pid, false);
	search->n_servers++;
	return 0;
}

static int take_starter(const struct proc_stat *stat, void *userdata)
{
	struct search *search = userdata;
	int holds;

	if (!find_name(stat->command, starters))
		return 0;
	if (search->lent)
		return stat->terminal == search->lent ? add(search->caller, stat->pid, search->unsure) : 0;
	holds = search->terminal ? holds_master(stat->pid, search->terminal - 1) : -EACCES;
	/* One that may not be looked into is taken if it may be the one. */
	if (holds > 0 || (holds < 0 && (search->uid == (uid_t)-1 || owner_of(stat->pid) == search->uid)))
		return add(search->caller, stat->pid, search->unsure || holds < 0);
	return 0;
}

/* Looks at all processes. What cannot be seen is left out. Returns 0 or -ENOMEM. */
static int walk(int (*take)(const struct proc_stat *stat, void *userdata), struct search *search)
{
	return proc_for_each(take, search) == -ENOMEM ? -ENOMEM : 0;
}

static int find_clients(struct caller *caller, bool unsure, pid_t server, const char *name)
{
	struct caller clients = {};
	struct search search = { .caller = &clients, .name = name, .uid = owner_of(server) };
	int r = walk(take_client, &search);

	for (size_t i = 0; r >= 0 && i < clients.n_items; i++)
		r = add(caller, clients.items[i].pid, unsure || search.n_servers > 1);
	caller_done(&clients);
	return r;
}

/* The terminal that the caller reads from or writes to, as the kernel numbers it; 0: none. */
static unsigned find_lent(void)
{
	struct stat file;

	for (int fd = 0; fd <= 2; fd++)
		if (fstat(fd, &file) == 0 && S_ISCHR(file.st_mode) && isatty(fd))
			return major(file.st_rdev) << 8 | (minor(file.st_rdev) & 0xff) | (minor(file.st_rdev) & 0xfff00) << 12;
	return 0;
}

/* The starter that had a service manager start TOP, if it was one: run0 names its user in SUDO_UID. */
static int find_starters(struct caller *caller, bool unsure, const struct proc_stat *top)
{
	const char *sudo = getenv("SUDO_UID");
	struct search search = { .caller = caller, .unsure = unsure, .uid = sudo ? (uid_t)strtoul(sudo, NULL, 10) : (uid_t)-1 };
	unsigned device = top->terminal >> 8 & 0xfff, number = (top->terminal & 0xff) | (top->terminal >> 12 & 0xfff00);

	if (device >= UNIX98_MAJOR && device < UNIX98_MAJOR + 8)
		search.terminal = number + 1;
	else if (!top->terminal && !sudo)
		search.lent = find_lent();	/* systemd-run --pipe lends its own */
	if (!search.terminal && !search.lent && (top->terminal || !sudo))
		return 0;	/* a login on a console, or a service */
	return walk(take_starter, &search);
}

/*
 * Tells whether the process BELOW has been put elsewhere, and lives by its terminal: sudo and su, for which logind makes a session where
 * it knows of none. Its parent has the same terminal, or is the one that holds it.
 */
static bool is_put_elsewhere(const struct proc_stat *below, const struct proc_stat *parent)
{
	struct cgroup one, other;

	return below->pid && below->terminal && cgroup_read(below->pid, &one) >= 0 && cgroup_read(parent->pid, &other) >= 0 &&
	       strcmp(one.text, other.text) != 0;
}

/* Follows FROM upwards, to process 1 or to a service manager, either of which starts others' programs. */
static int follow(struct caller *caller, struct caller_process from)
{
	struct proc_stat below = {}, stat;
	const char *name;
	pid_t pid = from.pid;
	int r = 0;

	for (int depth = 0; r >= 0 && depth < DEPTH_MAX && pid > 0 && proc_read_stat(pid, &stat) == 0; depth++) {
		if (pid == 1 || strcmp(stat.command, "systemd") == 0)
			return below.pid ? find_starters(caller, from.unsure, &below) : 0;
		name = stat.terminal ? NULL : find_name(stat.command, multiplexers);
		if (name)
			r = find_clients(caller, from.unsure, pid, name);
		if (r >= 0 && is_put_elsewhere(&below, &stat))
			r = add(caller, pid, from.unsure);
		below = stat;
		pid = stat.parent;
	}
	return r;
}

int caller_find(struct caller *caller)
{
	int r;

	caller_done(caller);
	r = add(caller, getpid(), false);
	for (size_t i = 0; r >= 0 && i < caller->n_items; i++)
		r = follow(caller, caller->items[i]);
	if (r < 0)
		caller_done(caller);
	return r;
}

void caller_done(struct caller *caller)
{
	free(caller->items);
	*caller = (struct caller){};
}

/* ---- who waits for the caller ---- */

/* Tells whether PID is one of the ancestors of the caller, which cannot end before it. */
static bool waits_for_caller(pid_t pid)
{
	struct proc_stat stat = { .parent = getpid() };

	for (int depth = 0; depth < 100 && stat.parent > 1; depth++) {
		if (stat.parent == pid)
			return true;
		if (proc_read_stat(stat.parent, &stat) < 0)
			return false;
	}
	return false;
}

/*
 * Tells whether PID only waits for its parent to end, which waits for the caller: what PAM needs to close the session of a service
 * manager. The caller is in there in a terminal of GNOME.
 */
static bool waits_for_waiting(pid_t pid)
{
	struct proc_stat stat;

	return proc_read_stat(pid, &stat) == 0 && strcmp(stat.command, "(sd-pam)") == 0 && waits_for_caller(stat.parent);
}

void caller_mark(struct process_list *list)
{
	list->has_caller = false;
	list->n_waiting = 0;
	for (size_t i = 0; i < list->n_items; i++)
		list->has_caller = list->has_caller || list->items[i].pid == getpid();
	for (size_t i = 0; list->has_caller && i < list->n_items; i++) {
		pid_t pid = list->items[i].pid;

		list->n_waiting += pid != getpid() && (waits_for_caller(pid) || waits_for_waiting(pid));
	}
}
