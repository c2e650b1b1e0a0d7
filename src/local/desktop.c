/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * desktop.c - see desktop.h.
 */
#include "local/desktop.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "local/cgroup.h"
#include "local/held.h"
#include "local/proc-table.h"

/* Services in session.slice and app.slice that all sessions of a user share. */
static const char *const shared[] = { "dbus", "pipewire", "wireplumber", "pulseaudio", "gpg-agent", "ssh-agent", "filter-chain", NULL };

/* How the names of a desktop's own services in app.slice begin; all others are taken for the user's. */
static const char *const desktops[] = { "app-",	"dbus-:", "org.", "gnome-", "plasma-", "kde-", "xdg-", "gvfs-", "at-spi-",
					"evolution-", "xfce4-", NULL };

/*
 * Scopes into which a program of a desktop puts what it starts: desktops and browsers, terminals with each shell, snap. A scope
 * of any other name is the user's own, by which they keep a program beyond the logout: systemd-run's, a container's.
 */
static const char *const desktop_scopes[] = { "app-", "apps-", "vte-spawn-", "ptyxis-spawn-", "kitty-", "snap.", NULL };
/* tmux does so as well, with each pane, but is no desktop's. */
static const char *const tmux_scopes[] = { "tmux-spawn-", NULL };

/* How the names of services begin that all desktops of a user need. */
static const char *const common[] = { "xdg-", "gvfs-", "at-spi-", "evolution-", "gnome-keyring", NULL };

#define DEPTH_MAX 100	/* generations above a process */

static bool begins_with_one(const char *name, const char *const *beginnings)
{
	for (; *beginnings; beginnings++)
		if (strncmp(name, *beginnings, strlen(*beginnings)) == 0)
			return true;
	return false;
}

/* The unit in a path: the first part that is no slice ("app.slice/app-org.gnome.Terminal.slice/..."). Returns its length. */
static size_t find_unit(const char *path, const char **ret_unit)
{
	size_t length = strcspn(path, "/\n");

	while (text_ends_with(path, length, ".slice") && path[length] == '/') {
		path += length + 1;
		length = strcspn(path, "/\n");
	}
	*ret_unit = path;
	return length;
}

bool desktop_is_scope(const char *path)
{
	const char *unit;
	size_t length = find_unit(path, &unit);

	return text_ends_with(unit, length, ".scope");
}

bool desktop_is_moved(const char *path)
{
	const char *unit;

	(void)find_unit(path, &unit);
	return desktop_is_scope(path) && (begins_with_one(unit, desktop_scopes) || begins_with_one(unit, tmux_scopes));
}

bool desktop_is_unit(const char *path)
{
	bool of_session = strncmp(path, "session.slice/", 14) == 0;
	const char *unit;
	size_t length = find_unit(path, &unit);

	if (!of_session && strncmp(path, "app.slice/", 10) != 0)
		return false;
	if (text_ends_with(unit, length, ".scope"))
		return begins_with_one(unit, desktop_scopes);
	if (!text_ends_with(unit, length, ".service") || (begins_with_one(unit, shared) && !begins_with_one(unit, desktops)))
		return false;
	return of_session || begins_with_one(unit, desktops);
}

/* Tells whether the name of the unit in a path begins with one of BEGINNINGS. */
static bool is_one_of(const char *path, const char *const *beginnings)
{
	const char *unit;

	(void)find_unit(path, &unit);
	return begins_with_one(unit, beginnings);
}

bool desktop_is_common(const char *path)
{
	return is_one_of(path, common);
}

/* What a process is compared with. */
struct marks {
	struct desktop_span span;
	bool knows_manager;			/* its audit session has been read */
	uint32_t manager_audit, ambient;	/* the audit sessions of the manager and of process 1; PROC_NO_AUDIT: none */
};

/* Reads the audit session of the manager, which lies in a group of its own. Returns 0 or a fatal errno. */
static int make_marks(const char *manager, struct desktop_span span, struct marks *marks)
{
	struct process_list list = {};
	char path[4096];
	int r;

	*marks = (struct marks){ .span = span, .manager_audit = PROC_NO_AUDIT, .ambient = proc_ambient_audit_session() };
	if (snprintf(path, sizeof(path), "%s/init.scope", manager) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	r = proc_list_cgroup(path, &list);
	for (size_t i = 0; r >= 0 && !marks->knows_manager && i < list.n_items; i++)
		marks->knows_manager = proc_read_audit_session(list.items[i].pid, &marks->manager_audit) >= 0;
	process_list_clear(&list);
	return r == -EAGAIN ? 0 : r;
}

static bool is_telling(const struct marks *marks, uint32_t audit)
{
	return audit != PROC_NO_AUDIT && audit != marks->ambient;
}

/*
 * Tells whether a process with this audit session may be of the desktop. Returns 1, 0, -EAGAIN: not known now, or -ENODATA: nobody can
 * tell.
 */
static int has_come_so(const struct marks *marks, uint32_t audit)
{
	if (!is_telling(marks, audit) || audit == marks->span.audit_session)
		return 1;
	if (!marks->knows_manager)
		return -EAGAIN;
	return audit == marks->manager_audit ? 1 : marks->span.lost_audit ? -ENODATA : 0;
}

/*
 * Tells whether a process that a program has moved to the manager was started from session ID. Returns 1, 0, or -ENODATA: those that
 * would tell have ended.
 */
static int has_come_from(pid_t pid, const char *id)
{
	struct proc_stat stat;
	struct cgroup cgroup;
	char above[CGROUP_ID];

	for (unsigned depth = 0; depth < DEPTH_MAX && proc_read_stat(pid, &stat) >= 0 && stat.parent > 1; depth++) {
		pid = stat.parent;
		if (cgroup_read(pid, &cgroup) >= 0 && cgroup_parse_session(cgroup.text, false, above))
			return strcmp(above, id) == 0;
	}
	return -ENODATA;
}

/* By its name on the bus: the desktops of a user may need it too, or it is a program with windows. */
static const char *const by_bus[] = { "dbus-:", NULL };

/* The same for a process in UNIT that began at START_US, with this audit session. */
static int is_started_by(pid_t pid, const struct marks *marks, const char *unit, uint64_t start_us, uint32_t audit)
{
	const struct desktop_span *span = &marks->span;
	int from = -ENODATA, r;

	if (!desktop_is_common(unit) && (start_us < span->since_us || start_us >= span->until_us))
		return 0;
	if (is_telling(marks, audit) && audit == span->audit_session)
		return 1;
	if (desktop_is_common(unit) && (span->shared_us != UINT64_MAX || span->until_us != UINT64_MAX))
		return 0;
	if (!is_telling(marks, audit) && desktop_is_moved(unit) && span->id)
		from = has_come_from(pid, span->id);
	if (from >= 0)
		return from;
	r = has_come_so(marks, audit);
	return r > 0 && span->shared_us != UINT64_MAX && (start_us >= span->shared_us || is_one_of(unit, by_bus)) ? -ENODATA : r;
}

/*
 * Tells whether process PID is one of the desktop. Returns 1, 0, -EACCES: it is hidden from the caller, -EAGAIN: not known now,
 * -ENODATA: nobody can tell, or another errno.
 */
static int is_of_desktop(pid_t pid, const struct marks *marks)
{
	struct cgroup cgroup;
	struct proc_stat stat;
	uint32_t audit = PROC_NO_AUDIT;
	const char *unit;
	int r = proc_read_stat(pid, &stat);

	if (r >= 0)
		r = cgroup_read(pid, &cgroup);
	if (r >= 0)
		r = proc_read_audit_session(pid, &audit);
	if (r < 0)
		return r == -ESRCH ? 0 : r;
	if (!cgroup_parse_manager(cgroup.text, NULL, &unit) || !desktop_is_unit(unit))
		return 0;
	return is_started_by(pid, marks, unit, table_start_us(&stat), audit);
}

/* ---- where /proc hides ---- */

/* A way through the folders of a manager's units. */
struct way {
	char path[4096];
	size_t manager;			/* the length of the path of its own folder */
	struct process_list *list;
};

static int list_folder(struct way *way);

/* Goes on to the folder NAME, if it is a unit of a desktop or a slice in which such may be, and back. */
static int list_unit(struct way *way, const char *name)
{
	size_t length = strlen(way->path), n = strlen(name);
	int r = 0;

	if (length + n + 2 > sizeof(way->path))
		return -ENAMETOOLONG;
	way->path[length] = '/';
	strcpy(way->path + length + 1, name);
	if (text_ends_with(name, n, ".slice"))
		r = list_folder(way);
	else if (desktop_is_unit(way->path + way->manager + 1))
		r = proc_list_cgroup(way->path, way->list);
	way->path[length] = '\0';
	return r;
}

static int list_folder(struct way *way)
{
	DIR *folder = opendir(way->path);
	struct dirent *entry;
	int r = 0;

	if (!folder)
		return errno == ENOENT || errno == ENODEV ? 0 : -errno;
	while (r >= 0 && (entry = readdir(folder)))
		if (entry->d_type == DT_DIR && strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			r = list_unit(way, entry->d_name);
	closedir(folder);
	return r;
}

/* Adds those that are hidden from the caller: they are there, of a desktop by their folder, and nobody tells since when. */
static int list_hidden(const char *manager, struct process_list *list)
{
	struct process_list found = {};
	struct way way = { .manager = strlen(manager), .list = &found };
	struct proc_stat stat;
	int r = 0;

	for (int i = 0; r >= 0 && i < 2; i++) {
		snprintf(way.path, sizeof(way.path), "%s", manager);
		r = list_unit(&way, i == 0 ? "app.slice" : "session.slice");
	}
	for (size_t i = 0; r >= 0 && i < found.n_items; i++)
		if (proc_read_stat(found.items[i].pid, &stat) == -EACCES)
			r = process_list_add(list, found.items[i].pid, "");
	process_list_clear(&found);
	return r;
}

/* ---- what is of a desktop ---- */

static int list_all(const char *manager, const struct marks *marks, struct process_list *list)
{
	struct process_list all = {}, doubtful = {};
	bool hidden = false, unknown = false;
	int r = proc_list_cgroup(manager, &all);

	for (size_t i = 0; r >= 0 && i < all.n_items; i++) {
		int is = is_of_desktop(all.items[i].pid, marks);

		hidden = hidden || is == -EACCES;
		unknown = unknown || is == -EAGAIN;
		if (is > 0 || is == -ENODATA)
			r = process_list_add(is > 0 ? list : &doubtful, all.items[i].pid, all.items[i].command);
		else if (is < 0 && is != -EACCES && is != -EAGAIN)
			r = is;
	}
	process_list_clear(&all);
	if (r >= 0 && hidden)
		r = list_hidden(manager, list);
	if (r >= 0 && unknown)
		r = -EAGAIN;
	else if (r >= 0 && list->n_items == 0 && doubtful.n_items > 0) {
		*list = doubtful;
		return -ENODATA;
	}
	process_list_clear(&doubtful);
	return r;
}

int desktop_list(const char *manager, struct desktop_span span, struct process_list *list)
{
	struct marks marks;
	int r = make_marks(manager, span, &marks);

	return r < 0 ? r : list_all(manager, &marks, list);
}

/* Signals the process itself: it is looked at again when it is held. Returns 0, -EPERM, or a fatal errno. */
static int signal_one(pid_t pid, const struct marks *marks, int signal)
{
	struct held held;
	int r = held_open_pid(&held, pid);

	if (r < 0)
		return r == -ESRCH ? 0 : r == -EACCES ? -EPERM : r;
	r = is_of_desktop(pid, marks);
	if (r > 0)
		r = held_signal(&held, signal);
	held_close(&held);
	return r == -EACCES ? -EPERM : r;
}

int desktop_signal(const char *manager, struct desktop_span span, int signal)
{
	struct process_list list = {};
	struct marks marks;
	int r = make_marks(manager, span, &marks), refused = 0;

	if (r >= 0)
		r = list_all(manager, &marks, &list);
	if (r == -EAGAIN || r == -ENODATA)	/* those that are certain, if there are any */
		r = 0;
	for (size_t i = 0; r >= 0 && i < list.n_items; i++) {
		int one = list.items[i].pid != getpid() ? signal_one(list.items[i].pid, &marks, signal) : 0;

		if (one == -EPERM)
			refused = one;
		else if (one < 0 && one != -EAGAIN && one != -ENODATA)
			r = one;
	}
	process_list_clear(&list);
	return r < 0 ? r : refused;
}
