/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-root.h - a folder that stands for "/", for the tests of this room.
 */
#ifndef DRAIN_TEST_ROOT_H
#define DRAIN_TEST_ROOT_H

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int root = -1;
static char root_path[64];

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	(void)status;
	(void)type;
	(void)ftw;
	return remove(path);
}

/* A new empty root with /run and /var/lib, for each test. */
static int make_root(void **state)
{
	(void)state;
	strcpy(root_path, "/tmp/test-drain-XXXXXX");
	if (!mkdtemp(root_path))
		return -1;
	root = open(root_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return mkdirat(root, "run", 0755) | mkdirat(root, "var", 0755) | mkdirat(root, "var/lib", 0755) |
	       mkdirat(root, "etc", 0755);
}

static int remove_root(void **state)
{
	(void)state;
	close(root);
	return nftw(root_path, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

/* Writes LENGTH bytes into a file below the root; its folder is there. */
static void write_bytes(const char *name, const char *text, size_t length)
{
	int fd = openat(root, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, length), length);
	close(fd);
}

static void write_text(const char *name, const char *text)
{
	write_bytes(name, text, strlen(text));
}

#endif
