/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-as.c - what is a user with their groups. That the program becomes just that is seen by test-become.c, and by the
 * lab.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "host/as.h"

static void test_right_ones(void **state)
{
	gid_t *groups;
	size_t n;
	uid_t uid;

	(void)state;
	assert_int_equal(as_parse("1000:1001", &uid, &groups, &n), 0);
	assert_true(uid == 1000 && n == 1 && groups[0] == 1001);
	free(groups);
	assert_int_equal(as_parse("0:0,4294967294,7", &uid, &groups, &n), 0);
	assert_true(uid == 0 && n == 3 && groups[0] == 0 && groups[1] == 4294967294 && groups[2] == 7);
	free(groups);
}

/* 4294967295 is -1, by which the kernel would change nothing. */
static void test_wrong_ones(void **state)
{
	static const char *const wrong[] = {
		"", "1000", "1000:", ":1000", "1000:1000,", "1000:,1000", "1000,1000", "1000:1000:1000", "bob:1000",
		"1000:staff", "-1:0", "0:-1", "4294967295:0", "0:4294967295", "4294967296:0", "0:1,4294967296",
		"99999999999999999999:0", " 0:0", "0:0 ", "0 :0", "+1:0", "0x0:0", "1:1,,1",
	};
	gid_t *groups;
	size_t n;
	uid_t uid;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (as_parse(wrong[i], &uid, &groups, &n) != -EINVAL)
			fail_msg("%s", wrong[i]);
}

/* As many as the kernel takes. */
static void test_limit(void **state)
{
	char *text = calloc(1, 2 * (AS_GROUPS_MAX + 2)), *at;
	gid_t *groups;
	size_t n;
	uid_t uid;

	(void)state;
	assert_non_null(text);
	at = stpcpy(text, "1:1");
	for (size_t i = 1; i < AS_GROUPS_MAX; i++)
		at = stpcpy(at, ",1");
	assert_int_equal(as_parse(text, &uid, &groups, &n), 0);
	assert_int_equal(n, AS_GROUPS_MAX);
	free(groups);
	strcpy(at, ",1");
	assert_int_equal(as_parse(text, &uid, &groups, &n), -EINVAL);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_right_ones),
		cmocka_unit_test(test_wrong_ones),
		cmocka_unit_test(test_limit),
	};

	return cmocka_run_group_tests_name("host/as", tests, NULL, NULL);
}
