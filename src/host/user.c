/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * user.c - see user.h.
 *
 * The order of giving up is that of setuid(2) and credentials(7): groups first, while that is still allowed, and the
 * user last. From then on the kernel calls the process undumpable, so the user can neither trace it nor read in its
 * memory what the caller knows of others.
 */
#include "host/user.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

void user_forget_caller(void)
{
	sigset_t none;

	for (int number = 1; number < NSIG; number++)
		(void)signal(number, SIG_DFL);	/* fails for those that cannot be changed */
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)setsid();
	(void)!chdir("/");
}

int user_become(uid_t uid, char *home, size_t size)
{
	struct passwd entry, *found = NULL;
	char buffer[4096];

	if (getpwuid_r(uid, &entry, buffer, sizeof(buffer), &found) != 0 || !found || strlen(entry.pw_dir) >= size)
		return -ENOENT;
	if (geteuid() == 0 && (initgroups(entry.pw_name, entry.pw_gid) < 0 ||
			       setresgid(entry.pw_gid, entry.pw_gid, entry.pw_gid) < 0))
		return -errno;
	if (setresuid(uid, uid, uid) < 0 || getuid() != uid || geteuid() != uid)
		return -EPERM;
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	memcpy(home, entry.pw_dir, strlen(entry.pw_dir) + 1);
	return 0;
}

bool user_parse_display(const char *text, unsigned *ret_number)
{
	size_t n = text[0] == ':' ? strspn(text + 1, "0123456789") : 0;

	if (n == 0 || n > 9 || (text[1 + n] && text[1 + n] != '.'))
		return false;
	*ret_number = (unsigned)strtoul(text + 1, NULL, 10);
	return true;
}

size_t user_read_environment(pid_t pid, char *text, size_t size)
{
	char path[32];
	size_t n = 0;
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/environ", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	while (fd >= 0 && n < size - 2 && (got = read(fd, text + n, size - 2 - n)) > 0)
		n += (size_t)got;
	if (fd >= 0)
		close(fd);
	text[n] = text[n + 1] = '\0';
	return n;
}

const char *user_find_variable(const char *text, size_t length, const char *name)
{
	size_t n = strlen(name);

	for (const char *at = text; at < text + length; at += strlen(at) + 1)
		if (strncmp(at, name, n) == 0 && at[n] == '=')
			return at + n + 1;
	return NULL;
}
