/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-names.c - lists in files: what is a name, what is a comment, and which files are refused.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "cli/names.h"

static names_behind_host_func behind_host;	/* of the list that is read */

/* Reads TEXT as a file. */
static int read_text(struct names *names, const char *text, size_t length)
{
	char path[] = "/tmp/test-names-XXXXXX";
	int fd = mkstemp(path), r;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, length), length);
	close(fd);
	r = names_read(names, path, behind_host, NULL);
	unlink(path);
	return r;
}

static void assert_names(const char *text, const char *const *expected)
{
	struct names names;
	size_t n = 0;

	assert_int_equal(read_text(&names, text, strlen(text)), 0);
	for (; expected[n]; n++) {
		assert_true(n < names.n_items);
		assert_string_equal(names.items[n].text, expected[n]);
	}
	assert_int_equal(names.n_items, n);
	names_done(&names);
}

static void takes_a_name_from_each_line(void **state)
{
	(void)state;
	assert_names("alice\nc7\n12\npts/3", (const char *[]){ "alice", "c7", "12", "pts/3", NULL });
	assert_names("  alice \t\n\n\t\nMary Ann\n", (const char *[]){ "alice", "Mary Ann", NULL });
	assert_names("", (const char *[]){ NULL });
}

static void leaves_comments_out(void **state)
{
	(void)state;
	assert_names("# people\nalice # she\n#bob\n  # carol\ndave\t#\n", (const char *[]){ "alice", "dave", NULL });
	assert_names("rdp-tcp#10 #11\na#b\n", (const char *[]){ "rdp-tcp#10", "a#b", NULL });
}

static void understands_files_from_windows(void **state)
{
	(void)state;
	assert_names("\xef\xbb\xbf" "alice\r\n王小明\r\n", (const char *[]){ "alice", "王小明", NULL });
}

/* As Notepad writes it: "bob" and "\U0001f600" (a pair of surrogates), with a byte order mark. */
static void understands_utf16(void **state)
{
	static const char little[] = "\xff\xfe" "b\0o\0b\0\r\0\n\0\x3d\xd8\x00\xde\r\0\n",
			  big[] = "\xfe\xff" "\0b\0o\0b\0\r\0\n\xd8\x3d\xde\x00\0\r\0\n";
	const struct {
		const char *text;
		size_t length;
	} files[] = { { little, sizeof(little) }, { big, sizeof(big) - 1 } };
	struct names names;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(read_text(&names, files[i].text, files[i].length), 0);
		assert_int_equal(names.n_items, 2);
		assert_string_equal(names.items[0].text, "bob");
		assert_string_equal(names.items[1].text, "\xf0\x9f\x98\x80");
		names_done(&names);
		assert_int_equal(read_text(&names, files[i].text, files[i].length - 1), -EILSEQ);
		names_done(&names);
		/* half a pair, at the end and before something else */
		assert_int_equal(read_text(&names, i ? "\xfe\xff\xd8\x3d" : "\xff\xfe\x3d\xd8", 4), -EILSEQ);
		names_done(&names);
		assert_int_equal(read_text(&names, i ? "\xfe\xff\xd8\x3d\0b" : "\xff\xfe\x3d\xd8" "b\0", 6), -EILSEQ);
		names_done(&names);
	}
}

static void refuses_what_is_no_list(void **state)
{
	struct names names;
	char *large = malloc((1 << 20) + 1);

	(void)state;
	assert_non_null(large);
	memset(large, '\n', (1 << 20) + 1);
	large[100] = 'a';
	assert_int_equal(read_text(&names, large, (1 << 20) + 1), -EFBIG);
	names_done(&names);
	assert_int_equal(read_text(&names, large, 1 << 20), 0);
	assert_int_equal(names.n_items, 1);
	names_done(&names);
	free(large);
	assert_int_equal(read_text(&names, "alice\n\0bob\n", 11), -EILSEQ);
	names_done(&names);
	assert_int_equal(names_read(&names, "/nonexistent/list", NULL, NULL), -ENOENT);
	names_done(&names);
	assert_int_equal(names_read(&names, "/", NULL, NULL), -EISDIR);
	names_done(&names);
}

/* Any file may be given as a list, so its content is not shown to everybody. */
static void refuses_lines_that_are_no_names(void **state)
{
	static const char *const wrong[] = {
		"root:$y$j9T$abc:19000:0:99999:7:::", "a\tb", "x\x1b[2J", "id:1:2", "user:a:b", "host:1", "::1",
	};
	char text[400];
	struct names names;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		snprintf(text, sizeof(text), "alice\n\n%s\nbob\n", wrong[i]);
		assert_int_equal(read_text(&names, text, strlen(text)), -EBADMSG);
		assert_int_equal(names.wrong_line, 3);
		names_done(&names);
	}
	memset(text, 'a', 257);
	assert_int_equal(read_text(&names, text, 256), 0);
	names_done(&names);
	assert_int_equal(read_text(&names, text, 257), -EBADMSG);
	names_done(&names);
	assert_names(":1\nid:12\nname:pts/3\nname::1\nuser:EXAMPLE\\bob\n[x]\n",
		     (const char *[]){ ":1", "id:12", "name:pts/3", "name::1", "user:EXAMPLE\\bob", "[x]", NULL });
}

static const char *behind_login03(const char *line, void *userdata)
{
	(void)userdata;
	return strncmp(line, "login03:", 8) == 0 ? line + 8 : line;
}

/* What stands before the first colon of a line is a host only if there is one of that name. */
static void takes_names_behind_hosts(void **state)
{
	static const char *const wrong[] = {
		"login04:12", "login03:12:13", "login03:root:x", "login03:a\tb", "id:1:2",
	};
	struct names names;

	(void)state;
	behind_host = behind_login03;
	assert_names("alice\nlogin03:12\nlogin03:id:12\nlogin03::1\nid:7\n",
		     (const char *[]){ "alice", "login03:12", "login03:id:12", "login03::1", "id:7", NULL });
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(read_text(&names, wrong[i], strlen(wrong[i])), -EBADMSG);
		names_done(&names);
	}
	behind_host = NULL;
}

static void shows_only_what_looks_like_a_name(void **state)
{
	(void)state;
	assert_true(names_are_plain("alice") && names_are_plain("EXAMPLE\\Mary Ann") &&
		    names_are_plain("bob@example.com"));
	assert_true(names_are_plain("12") && names_are_plain("rdp-tcp#10") && names_are_plain("/dev/pts/3"));
	assert_true(names_are_plain("name:pts/3") && names_are_plain(":10") && names_are_plain("host$"));
	assert_true(names_are_plain("\xe7\x8e\x8b"));
	assert_false(names_are_plain("$y$j9T$abc") || names_are_plain("password=x") || names_are_plain("hJ+8/dk="));
	assert_false(names_are_plain("a/b") || names_are_plain("-----BEGIN KEY-----!") || names_are_plain("a\nb"));
	assert_false(names_are_plain("MIIEpAIBAAKCAQEA0Z3VS5JJcds3xfnygWyF8PbnGy0AHB7MhgwMbRvI0MBZhpF"
				     "x"));
}

static void grows(void **state)
{
	struct names names;
	char text[3000] = "";

	(void)state;
	for (size_t i = 0; i < 1000; i++)
		strcat(text, "a\n");
	assert_int_equal(read_text(&names, text, strlen(text)), 0);
	assert_int_equal(names.n_items, 1000);
	assert_string_equal(names.items[999].text, "a");
	assert_int_equal(names.items[999].line, 1000);
	names_done(&names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_a_name_from_each_line),
		cmocka_unit_test(leaves_comments_out),
		cmocka_unit_test(understands_files_from_windows),
		cmocka_unit_test(understands_utf16),
		cmocka_unit_test(refuses_what_is_no_list),
		cmocka_unit_test(refuses_lines_that_are_no_names),
		cmocka_unit_test(takes_names_behind_hosts),
		cmocka_unit_test(shows_only_what_looks_like_a_name),
		cmocka_unit_test(grows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
