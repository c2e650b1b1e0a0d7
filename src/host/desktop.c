/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * desktop.c - see desktop.h.
 */
#include "host/desktop.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/cgroup.h"
#include "host/table.h"

/* Services in session.slice and app.slice that all sessions of a user share. */
static const char *const shared[] = { "dbus", "pipewire", "wireplumber", "pulseaudio", "gpg-agent", "ssh-agent", "filter-chain", NULL };

/* How the names of a desktop's own services in app.slice begin; all others are taken for the user's. */
static const char *const desktops[] = { "app-",	"dbus-:", "org.", "gnome-", "plasma-", "kde-", "xdg-", "gvfs-", "at-spi-",
					"evolution-", "xfce4-", NULL };

/* Scopes that are no desktop's: systemd-run's, by which people keep a program beyond the logout, and panes of tmux. */
static const char *const private_scopes[] = { "run-", "tmux-spawn-", NULL };

static bool begins_with_one(const char *name, const char *const *beginnings)
{
	for (; *beginnings; beginnings++)
		if (strncmp(name, *beginnings, strlen(*beginnings)) == 0)
			return true;
	return false;
}

static bool ends_with(const char *name, size_t length, const char *end)
{
	return length > strlen(end) && strncmp(name + length - strlen(end), end, strlen(end)) == 0;
}

/* The unit in a path: the first part that is no slice ("app.slice/app-org.gnome.Terminal.slice/..."). Returns its length. */
static size_t find_unit(const char *path, const char **ret_unit)
{
	size_t length = strcspn(path, "/\n");

	while (ends_with(path, length, ".slice") && path[length] == '/') {
		path += length + 1;
		length = strcspn(path, "/\n");
	}
	*ret_unit = path;
	return length;
}

bool desktop_is_moved(const char *path)
{
	const char *unit;
	size_t length = find_unit(path, &unit);

	return ends_with(unit, length, ".scope") && strncmp(unit, "run-", 4) != 0 && strncmp(unit, "init.", 5) != 0;
}

bool desktop_is_unit(const char *path)
{
	bool of_session = strncmp(path, "session.slice/", 14) == 0;
	const char *unit;
	size_t length = find_unit(path, &unit);

	if (!of_session && strncmp(path, "app.slice/", 10) != 0)
		return false;
	if (ends_with(unit, length, ".scope"))
		return !begins_with_one(unit, private_scopes);
	if (!ends_with(unit, length, ".service") || (begins_with_one(unit, shared) && !begins_with_one(unit, desktops)))
		return false;
	return of_session || begins_with_one(unit, desktops);
}

/* Tells whether process PID is one of a desktop since SINCE_US. */
static bool is_of_desktop(pid_t pid, uint64_t since_us)
{
	struct cgroup cgroup;
	struct proc_stat stat;
	const char *unit;

	return cgroup_read(pid, &cgroup) >= 0 && cgroup_parse_manager(cgroup.text, NULL, &unit) && desktop_is_unit(unit) &&
	       proc_read_stat(pid, &stat) >= 0 && !table_is_older(&stat, since_us, 0);
}

int desktop_list(const char *manager, uint64_t since_us, struct process_list *list)
{
	struct process_list all = {};
	int r = proc_list_cgroup(manager, &all);

	for (size_t i = 0; r >= 0 && i < all.n_items; i++)
		if (is_of_desktop(all.items[i].pid, since_us))
			r = process_list_add(list, all.items[i].pid, all.items[i].command);
	process_list_clear(&all);
	return r;
}

/* Signals the process itself: it is looked at again when it is held. Returns 0 or -EPERM. */
static int signal_one(pid_t pid, uint64_t since_us, int signal)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0), r = 0;

	if (fd < 0)
		return 0;	/* it has ended */
	if (is_of_desktop(pid, since_us) && syscall(SYS_pidfd_send_signal, fd, signal, NULL, 0) < 0 && errno == EPERM)
		r = -EPERM;
	close(fd);
	return r;
}

int desktop_signal(const char *manager, uint64_t since_us, int signal)
{
	struct process_list list = {};
	int r = desktop_list(manager, since_us, &list), refused = 0;

	for (size_t i = 0; r >= 0 && i < list.n_items; i++)
		if (list.items[i].pid != getpid() && signal_one(list.items[i].pid, since_us, signal) < 0)
			refused = -EPERM;
	process_list_clear(&list);
	return r < 0 ? r : refused;
}
