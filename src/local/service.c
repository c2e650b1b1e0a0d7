/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * service.c - see service.h. Debian's init scripts and most daemons write /run/NAME.pid, /run/NAME/NAME.pid or /run/NAME/pid.
 */
#include "local/service.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "local/proc-table.h"

#define FOLDER "/run"

/* A daemon writes its file when it has begun; the kernel counts its age in hundredths of a second, and files by a coarse clock. */
#define SLACK_US 1000000

static const char *const servers[] = { "sshd",	      "sshd-session", "dropbear",	 "telnetd",	"in.telnetd", "rlogind",
				       "in.rlogind",  "xrdp-sesman",  "lightdm",	 "xdm",		"gdm-session-wor",
				       "sddm-helper", NULL };

bool service_lets_in(const char *command)
{
	size_t i = 0;

	while (servers[i] && strcmp(servers[i], command) != 0)
		i++;
	return servers[i];
}

static bool is_pid_file(const char *name)
{
	size_t length = strlen(name);

	return strcmp(name, "pid") == 0 || (length > 4 && strcmp(name + length - 4, ".pid") == 0);
}

/* Takes the process that a file of root's names, unless the number has been given to another since. */
static int take_file(int folder, const char *name, struct process_list *list)
{
	struct proc_stat stat;
	struct stat file;
	char text[32];
	ssize_t n = -1;
	uint32_t pid;
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return 0;
	if (fstat(fd, &file) == 0 && S_ISREG(file.st_mode) && file.st_uid == 0)
		n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	n = (ssize_t)strcspn(text, " \n");
	if (proc_parse_number(text, (size_t)n, &pid) < 0 || pid <= 1 || pid > INT32_MAX || proc_read_stat((pid_t)pid, &stat) < 0)
		return 0;
	if (table_start_us(&stat) > table_now_us() - (uint64_t)(clock_real_us() - (int64_t)file.st_mtim.tv_sec * 1000000) + SLACK_US)
		return 0;
	return process_list_add(list, stat.pid, stat.command);
}

static int take_folder(int parent, const char *name, bool deeper, struct process_list *list)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW), r = 0;
	DIR *folder = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!folder) {
		if (fd >= 0)
			close(fd);
		return 0;
	}
	while (r >= 0 && (entry = readdir(folder))) {
		if (is_pid_file(entry->d_name))
			r = take_file(fd, entry->d_name, list);
		else if (deeper && entry->d_type == DT_DIR && entry->d_name[0] != '.')
			r = take_folder(fd, entry->d_name, false, list);
	}
	closedir(folder);
	return r;
}

int service_list(struct process_list *list)
{
	return take_folder(AT_FDCWD, FOLDER, true, list);
}
