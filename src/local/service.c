/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * service.c - see service.h. Debian's init scripts and most daemons write /run/NAME.pid, /run/NAME/NAME.pid or /run/NAME/pid.
 */
#include "local/service.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/clock.h"
#include "local/proc-table.h"

#define FOLDER "/run"
#define FIRST_PERSON 1000
#define DEPTH_MAX 100	/* generations below a service */
#define COMMAND_MAX 15	/* longest name that the kernel keeps */

/* A daemon writes its file when it has begun; the kernel counts its age in hundredths of a second, and files by a coarse clock. */
#define SLACK_US 2000000

static const char *const servers[] = { "sshd",	     "sshd-session", "dropbear",	"telnetd", "in.telnetd",      "rlogind",     "in.rlogind",
				       "xrdp-sesman", "xrdp-sesexec", "lightdm",		"xdm",	   "gdm-session-wor", "sddm-helper", NULL };

bool service_lets_in(const char *command)
{
	size_t i = 0;

	while (servers[i] && strncmp(servers[i], command, COMMAND_MAX) != 0)
		i++;
	return servers[i];
}

bool service_is_server(pid_t pid, const char *command)
{
	static const char deleted[] = " (deleted)";	/* it has been replaced by a new version */
	char path[40], file[PATH_MAX];
	struct proc_identity identity;
	const uint32_t *uids = identity.uids;
	const char *name;
	ssize_t n;

	if (!service_lets_in(command) || proc_read_identity(pid, &identity) < 0 || uids[0] || uids[1] || uids[2] || uids[3])
		return false;
	if (geteuid() != 0)
		return true;
	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	n = readlink(path, file, sizeof(file) - 1);
	if (n <= 0)
		return true;	/* it has just ended, or nothing says that it is none */
	file[n] = '\0';
	if ((size_t)n > strlen(deleted) && strcmp(file + n - strlen(deleted), deleted) == 0)
		file[n - (ssize_t)strlen(deleted)] = '\0';
	name = strrchr(file, '/');
	return service_lets_in(name ? name + 1 : file);
}

/* ---- pid files ---- */

static bool is_pid_file(const char *name)
{
	size_t length = strlen(name);

	return strcmp(name, "pid") == 0 || (length > 4 && strcmp(name + length - 4, ".pid") == 0);
}

/*
 * Whether a failure says that there is nothing for the caller: what is hidden obeys root alone. EAGAIN: the file has a lease, which its
 * owner takes, a person for example, but no daemon on its pid file.
 */
static bool is_nothing(int error)
{
	return error == ENOENT || error == ENOTDIR || error == ELOOP || error == ENXIO || error == ESRCH || error == EACCES || error == EAGAIN;
}

/* Tells whether the file was written when the process had begun, as far as the clocks tell. */
static bool is_of(const struct stat *file, const struct proc_stat *stat)
{
	int64_t age_us = clock_real_us() - (int64_t)file->st_mtim.tv_sec * 1000000;
	int64_t written_us = (int64_t)table_now_us() - age_us;

	return age_us >= 0 && written_us >= 0 && (int64_t)table_start_us(stat) <= written_us + SLACK_US;
}

/* Tells whether the program is the one after which the file is named, and root's: then the clock may have been set since. */
static bool is_named(const char *file, const struct proc_stat *stat, const struct proc_identity *identity)
{
	size_t length = strlen(stat->command);

	return identity->uids[0] == 0 && identity->uids[1] == 0 && strncmp(file, stat->command, length) == 0 &&
	       (strcmp(file + length, ".pid") == 0 || strcmp(file + length, "d.pid") == 0);
}

static int read_pid(int fd, uint32_t *ret)
{
	char text[32];
	ssize_t n = read(fd, text, sizeof(text) - 1);

	if (n < 0)
		return -errno;
	text[n] = '\0';
	return proc_parse_number(text, strcspn(text, " \n"), ret) == 0 && *ret > 1 && *ret <= INT32_MAX ? 0 : -ESRCH;
}

/* Tells whether a pid file in a folder that is OPEN_TO_ALL or not is root's, or may be that of a daemon's own user. */
static bool may_name(const struct stat *file, bool open_to_all)
{
	return S_ISREG(file->st_mode) && (file->st_uid == 0 || (!open_to_all && file->st_uid < FIRST_PERSON));
}

/* Takes the process that a pid file names, unless the number has been given to another since. OPEN: everybody may write to its folder. */
static int take_file(int folder, const char *name, bool open_to_all, struct services *list)
{
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY), r;
	struct proc_stat stat;
	struct proc_identity identity;
	struct stat file;
	uint32_t pid;

	if (fd < 0)
		return is_nothing(errno) ? 0 : -errno;
	r = fstat(fd, &file) < 0 ? -errno : may_name(&file, open_to_all) ? read_pid(fd, &pid) : -ESRCH;
	close(fd);
	if (r >= 0)
		r = proc_read_stat((pid_t)pid, &stat);
	if (r >= 0)
		r = proc_read_identity((pid_t)pid, &identity);
	if (r < 0)
		return is_nothing(-r) || r == -EPROTO ? 0 : r;
	if (file.st_uid != 0 && file.st_uid != identity.uids[0])
		return 0;
	if (!is_of(&file, &stat) && !is_named(name, &stat, &identity))
		return 0;
	return array_add(&list->items, &list->n_items,
			 &((struct service){ stat.pid, stat.start_time, proc_read_login_uid(stat.pid), service_lets_in(stat.command) }));
}

static int take_folder(int parent, const char *name, bool deeper, struct services *list)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW), r = 0;
	DIR *folder = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	struct stat status;

	if (!folder) {
		r = is_nothing(errno) ? 0 : -errno;
		if (fd >= 0)
			close(fd);
		return r;
	}
	if (fstat(fd, &status) < 0)
		r = -errno;
	while (r >= 0 && (errno = 0, entry = readdir(folder))) {
		if (is_pid_file(entry->d_name))
			r = take_file(fd, entry->d_name, status.st_mode & S_IWOTH, list);
		else if (deeper && entry->d_type == DT_DIR && entry->d_name[0] != '.')
			r = take_folder(fd, entry->d_name, false, list);
	}
	if (r >= 0 && errno != 0)
		r = -errno;
	closedir(folder);
	return r;
}

int services_find(struct services *list)
{
	int r = take_folder(AT_FDCWD, FOLDER, true, list);

	if (r < 0) {
		free(list->items);
		*list = (struct services){};
	}
	return r;
}

/* ---- what they have started ---- */

/* Programs that a server runs as root for itself. */
static bool is_servers_own(const char *command)
{
	return service_lets_in(command) || strcmp(command, "Xorg") == 0 || strcmp(command, "X") == 0;
}

/*
 * Whose process below SERVICE it is, as far as it tells: 1, of the user who started the service; 0, of another user; -1, of the service,
 * or nobody knows. What runs as root is root's if it has a terminal, or if it is below a server by which root has logged on.
 */
static int is_starters(const struct service *service, const struct proc_stat *stat)
{
	struct proc_identity identity;
	uint32_t uid;

	if (proc_read_identity(stat->pid, &identity) < 0)
		return -1;
	uid = identity.uids[0];
	if (uid)
		return uid == service->starter;
	return service->starter == 0 && (service->lets_in ? !is_servers_own(stat->command) : stat->terminal != 0) ? 1 : -1;
}

/* The process nearest to the service that tells whose it is decides: below it somebody may have become root. */
static bool has(const struct service *service, const struct proc_stat *stat)
{
	struct proc_stat at = *stat, parent;
	bool starters = false;

	for (unsigned depth = 0; depth < DEPTH_MAX && at.pid != service->pid; depth++) {
		int whose = is_starters(service, &at);

		if (whose >= 0)
			starters = whose;
		if (at.parent <= 1 || proc_read_stat(at.parent, &parent) < 0 || parent.start_time > at.start_time)
			return false;
		at = parent;
	}
	return !starters && at.pid == service->pid && at.start_time == service->start_time;
}

bool services_have(const struct services *services, const struct proc_stat *stat)
{
	bool found = false;

	for (size_t i = 0; !found && i < services->n_items; i++)
		found = has(&services->items[i], stat);
	return found;
}
