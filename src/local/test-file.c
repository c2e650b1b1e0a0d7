/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-file.c - a file is read up to the size of the buffer, and a failure leaves an empty text.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "local/file.h"

static char name[] = "/tmp/test-file-XXXXXX";

static int make(void **state)
{
	int fd = mkstemp(name);

	(void)state;
	if (fd < 0 || write(fd, "0123456789", 10) != 10)
		return -1;
	return close(fd);
}

static int clean(void **state)
{
	(void)state;
	return unlink(name);
}

static void reads_what_there_is_room_for(void **state)
{
	char text[16], small[4];
	int folder = open("/tmp", O_PATH | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	assert_int_equal(file_read(AT_FDCWD, name, 0, text, sizeof(text)), 10);
	assert_string_equal(text, "0123456789");
	assert_int_equal(file_read(folder, strrchr(name, '/') + 1, O_NOFOLLOW, small, sizeof(small)), 3);
	assert_string_equal(small, "012");
	assert_int_equal(file_read(AT_FDCWD, "/dev/null", 0, text, sizeof(text)), 0);
	assert_string_equal(text, "");
	close(folder);
}

static void leaves_nothing_after_a_failure(void **state)
{
	char text[16] = "before";

	(void)state;
	assert_int_equal(file_read(AT_FDCWD, "/nowhere/at/all", 0, text, sizeof(text)), -ENOENT);
	assert_string_equal(text, "");
	strcpy(text, "before");
	assert_int_equal(file_read(AT_FDCWD, "/proc", 0, text, sizeof(text)), -EISDIR);
	assert_string_equal(text, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_there_is_room_for),
		cmocka_unit_test(leaves_nothing_after_a_failure),
	};

	return cmocka_run_group_tests(tests, make, clean);
}
