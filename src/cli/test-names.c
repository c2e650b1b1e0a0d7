/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-names.c - what a list file says.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "cli/names.h"

/* Reads a file of LENGTH bytes of TEXT. */
static int read_text(struct names *names, const char *text, size_t length)
{
	char path[] = "/tmp/test-names-XXXXXX";
	int fd = mkstemp(path), r;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, length), length);
	close(fd);
	r = names_read(names, path);
	unlink(path);
	return r;
}

static void one_a_line(void **state)
{
	struct names names;
	static const char text[] = "bob\n  rdp-tcp#10\t\r\n\n# nobody else\n12 # stuck\n#\nlast";

	(void)state;
	assert_int_equal(read_text(&names, text, strlen(text)), 0);
	assert_int_equal(names.n_items, 4);
	assert_string_equal(names.items[0], "bob");
	assert_string_equal(names.items[1], "rdp-tcp#10");
	assert_string_equal(names.items[2], "12");
	assert_string_equal(names.items[3], "last");
	names_done(&names);
	assert_int_equal(read_text(&names, "", 0), 0);
	assert_int_equal(names.n_items, 0);
	names_done(&names);
}

static void refuses_what_is_no_list(void **state)
{
	struct names names;
	char *large = malloc(1024 * 1024 + 1);

	(void)state;
	assert_int_equal(read_text(&names, "bob\0alice", 9), -EILSEQ);
	memset(large, 'a', 1024 * 1024 + 1);
	assert_int_equal(read_text(&names, large, 1024 * 1024 + 1), -E2BIG);
	free(large);
	assert_int_equal(names_read(&names, "/nonexistent/list"), -ENOENT);
	assert_int_equal(names.n_items, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_a_line),
		cmocka_unit_test(refuses_what_is_no_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
