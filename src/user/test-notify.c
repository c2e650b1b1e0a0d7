/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-notify.c - what of a message becomes the title of a notification. The rest is seen by the lab, on real desktops.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "user/show.h"

/* Only what is short enough for a title: the rest stands below it. */
static void test_first_sentence(void **state)
{
	(void)state;
	assert_int_equal(show_first_sentence("root logs you off in 30 seconds. Save your work now.\nNow!"), 32);
	assert_int_equal(show_first_sentence("root logs you off in 1.5 days."), 30);
	assert_int_equal(show_first_sentence("a line\nanother. And more"), 6);
	assert_int_equal(show_first_sentence("root 已取消。您不會被登出。"), strlen("root 已取消。"));
	assert_int_equal(show_first_sentence("no end"), 6);
	assert_int_equal(show_first_sentence(""), 0);
	assert_int_equal(show_first_sentence("This sentence goes on, and on, and on, and on, and on, and on, and on, and on, "
						"and on, and on, until it ends. Then"), 114);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_sentence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
