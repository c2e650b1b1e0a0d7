/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-trusted.c - whose files are used, and which of them others may read or change.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/trusted.h"

#define NOBODY 65534

static char folder[] = "/tmp/test-trusted-XXXXXX", file[64], name[64];

static int make_file(void **state)
{
	int fd;

	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(file, sizeof(file), "%s/file", folder);
	snprintf(name, sizeof(name), "%s/name", folder);
	fd = open(file, O_WRONLY | O_CREAT, 0600);
	return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
	(void)state;
	unlink(name);
	unlink(file);
	return rmdir(folder);
}

static void assert_opens(const char *path, enum trusted_use use)
{
	enum trusted_fault fault;
	int fd = trusted_open(path, use, &fault);

	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
	close(fd);
}

static void assert_refuses(const char *path, enum trusted_use use, int r, enum trusted_fault expected)
{
	enum trusted_fault fault;

	assert_int_equal(trusted_open(path, use, &fault), r);
	assert_int_equal(fault, expected);
}

static void others_may_read_what_is_no_secret(void **state)
{
	static const mode_t secret[] = { 0600, 0400, 0700 }, read[] = { 0640, 0604, 0644, 0755, 0601 },
			    written[] = { 0620, 0602, 0660, 0666, 0622 };

	(void)state;
	for (size_t i = 0; i < sizeof(secret) / sizeof(secret[0]); i++) {
		assert_int_equal(chmod(file, secret[i]), 0);
		assert_opens(file, TRUSTED_SECRET);
		assert_opens(file, TRUSTED_UNCHANGED);
	}
	for (size_t i = 0; i < sizeof(read) / sizeof(read[0]); i++) {
		assert_int_equal(chmod(file, read[i]), 0);
		assert_refuses(file, TRUSTED_SECRET, -EPERM, TRUSTED_OPEN_TO_OTHERS);
		assert_opens(file, TRUSTED_UNCHANGED);
	}
	for (size_t i = 0; i < sizeof(written) / sizeof(written[0]); i++) {
		assert_int_equal(chmod(file, written[i]), 0);
		assert_refuses(file, TRUSTED_SECRET, -EPERM, TRUSTED_OPEN_TO_OTHERS);
		assert_refuses(file, TRUSTED_UNCHANGED, -EPERM, TRUSTED_OPEN_TO_OTHERS);
	}
	assert_int_equal(chmod(file, 0600), 0);
}

static void refuses_files_and_links_of_others(void **state)
{
	(void)state;
	assert_int_equal(symlink(file, name), 0);
	assert_opens(name, TRUSTED_UNCHANGED);
	if (geteuid() != 0) {
		print_message("only root can make files of others\n");
		unlink(name);
		skip();
	}
	assert_int_equal(lchown(name, NOBODY, NOBODY), 0);
	assert_refuses(name, TRUSTED_UNCHANGED, -EPERM, TRUSTED_OF_OTHERS);
	assert_refuses(name, TRUSTED_SECRET, -EPERM, TRUSTED_OF_OTHERS);
	unlink(name);
	assert_int_equal(chown(file, NOBODY, NOBODY), 0);
	assert_refuses(file, TRUSTED_UNCHANGED, -EPERM, TRUSTED_OF_OTHERS);
	assert_refuses(file, TRUSTED_SECRET, -EPERM, TRUSTED_OF_OTHERS);
	assert_int_equal(chown(file, 0, 0), 0);
}

static void refuses_what_is_no_file(void **state)
{
	int ends[2];

	(void)state;
	assert_refuses(folder, TRUSTED_UNCHANGED, -EINVAL, TRUSTED_NO_FILE);
	assert_refuses("/dev/null", TRUSTED_SECRET, -EINVAL, TRUSTED_NO_FILE);
	assert_refuses("/nonexistent/file", TRUSTED_UNCHANGED, -ENOENT, TRUSTED_UNREADABLE);
	assert_int_equal(mkfifo(name, 0600), 0);
	assert_refuses(name, TRUSTED_SECRET, -EINVAL, TRUSTED_NO_FILE); /* and nobody writes to it: it would block */
	assert_refuses(name, TRUSTED_UNCHANGED, -EINVAL, TRUSTED_NO_FILE);
	unlink(name);
	assert_int_equal(pipe(ends), 0);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", ends[0]);
	assert_opens(name, TRUSTED_SECRET);
	assert_refuses(name, TRUSTED_UNCHANGED, -EINVAL, TRUSTED_NO_FILE);
	close(ends[0]);
	close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(others_may_read_what_is_no_secret),
		cmocka_unit_test(refuses_files_and_links_of_others),
		cmocka_unit_test(refuses_what_is_no_file),
	};

	return cmocka_run_group_tests(tests, make_file, remove_file);
}
