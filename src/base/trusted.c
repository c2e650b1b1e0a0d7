/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * trusted.c - see trusted.h.
 */
#include "base/trusted.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

/* The file system of the kernel's pipes (linux/magic.h has it only in newer versions). */
#define PIPES UINT32_C(0x50495045)

/* A pipe without a name, as the shell makes for "<(command)": only the caller's own shell can have opened it. */
static bool is_pipe(int fd, const struct stat *status)
{
	struct statfs system;

	return S_ISFIFO(status->st_mode) && fstatfs(fd, &system) == 0 && (uint32_t)system.f_type == PIPES;
}

static bool is_trusted(const struct stat *status)
{
	return status->st_uid == geteuid() || status->st_uid == 0;
}

/*
 * Opens the file without blocking, as a named pipe would block. Follows a link only if it is the caller's or root's.
 * Returns the descriptor, or -errno and *ret_fault.
 */
static int open_file(const char *path, enum trusted_fault *ret_fault)
{
	int flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, fd = open(path, flags | O_NOFOLLOW);
	struct stat link;

	*ret_fault = TRUSTED_UNREADABLE;
	if (fd >= 0 || errno != ELOOP)
		return fd < 0 ? -errno : fd;
	if (lstat(path, &link) < 0)
		return -errno;
	if (!is_trusted(&link)) {
		*ret_fault = TRUSTED_OF_OTHERS;
		return -EPERM;
	}
	fd = open(path, flags);
	return fd < 0 ? -errno : fd;
}

/* Returns 0, or -errno and *ret_fault. */
static int check_file(int fd, enum trusted_use use, enum trusted_fault *ret_fault)
{
	mode_t forbidden = use == TRUSTED_SECRET ? S_IRWXG | S_IRWXO : S_IWGRP | S_IWOTH;
	struct stat status;

	*ret_fault = TRUSTED_UNREADABLE;
	if (fstat(fd, &status) < 0)
		return -errno;
	*ret_fault = TRUSTED_NO_FILE;
	if (!S_ISREG(status.st_mode) && !(use == TRUSTED_SECRET && is_pipe(fd, &status)))
		return -EINVAL;
	*ret_fault = TRUSTED_OF_OTHERS;
	if (!is_trusted(&status))
		return -EPERM;
	*ret_fault = TRUSTED_OPEN_TO_OTHERS;
	(void)fcntl(fd, F_SETFL, 0);	/* the writer of a pipe may take a while */
	return status.st_mode & forbidden ? -EPERM : 0;
}

int trusted_open(const char *path, enum trusted_use use, enum trusted_fault *ret_fault)
{
	int fd = open_file(path, ret_fault), r;

	if (fd < 0)
		return fd;
	r = check_file(fd, use, ret_fault);
	if (r < 0)
		close(fd);
	return r < 0 ? r : fd;
}
