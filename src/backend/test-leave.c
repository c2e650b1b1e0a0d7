/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-leave.c - desktops that are asked to log their users off before the session is asked, upon memory hosts. Real ones are in
 * test/desktop.
 */
#include "core/test-run.h"

#define BOB "user name=bob uid=1001\n"

static void test_desktop_does_it(void **state)
{
	static const char text[] = ROOT ALICE "session id=5 user=alice desktop=GNOME logout=3000\nprocess command=editor\n";

	(void)state;
	expect_text(text, "5", "0.0 5 leave\n3.0 5 left\n3.0 5 gone\n5 = ok\n");
	/* What does not end by it is asked, and killed, as ever; the grace begins then. */
	expect_text(ROOT ALICE "session id=5 user=alice desktop=XFCE logout=3000\nprocess command=editor\n"
		    "process command=daemon term=never\n",
		    "5", "0.0 5 leave\n3.0 5 left\n3.0 5 ask 1\n13.0 5 kill 1\n13.0 5 gone\n5 = ok\n");
}

/*
 * It has as long as the grace, but no more than a third of all the time, and half of what the grace leaves of it; then the session
 * is asked as ever.
 */
static void test_desktop_does_not(void **state)
{
	static const char text[] = ROOT ALICE "session id=5 user=alice desktop=GNOME logout=never objects=editor\n"
					      "process command=editor term=200\n";

	(void)state;
	expect_text(text, "5", "0.0 5 leave\n0.0 5 held\n10.0 5 not-left\n10.0 5 ask 1\n10.2 5 gone\n5 = ok\n");
	expect((struct run){ .text = text, .sessions = "5", .grace_ms = 10000, .wait_ms = 15000 },
	       "0.0 5 leave\n0.0 5 held\n2.5 5 not-left\n2.5 5 ask 1\n2.7 5 gone\n5 = ok\n");
	expect((struct run){ .text = text, .sessions = "5", .grace_ms = 2000, .wait_ms = 3000 },
	       "0.0 5 leave\n0.0 5 held\n0.5 5 not-left\n0.5 5 ask 1\n0.7 5 gone\n5 = ok\n");
	expect_text(ROOT ALICE "session id=5 user=alice desktop=GNOME logout-fails=EIO\nprocess command=editor\n", "5",
		    "0.0 5 leave\n0.0 5 not-left\n0.0 5 ask 1\n0.0 5 gone\n5 = ok\n");
	/* It says that it has, and has not. */
	expect_text(ROOT ALICE "session id=5 user=alice desktop=GNOME logout=1000 stuck\nprocess command=x kill=0\n", "5",
		    "0.0 5 leave\n4.0 5 left\n4.0 5 ask 1\n14.0 5 kill 1\n14.0 5 gone\n5 = ok\n");
}

/* What would have been killed in time without a desktop is so with one that is slow, or that says it has and has not. */
static void test_time_for_the_kill_is_left(void **state)
{
	static const char slow[] = ROOT ALICE "session id=5 user=alice desktop=GNOME logout=never\nprocess command=x term=never\n";
	static const char false_word[] = ROOT ALICE "session id=5 user=alice desktop=GNOME logout=2000 stuck\n"
						    "process command=x kill=0\n";

	(void)state;
	expect((struct run){ .text = slow, .sessions = "5", .grace_ms = 4000, .wait_ms = 5000 },
	       "0.0 5 leave\n0.5 5 not-left\n0.5 5 ask 1\n4.5 5 kill 1\n4.5 5 gone\n5 = ok\n");
	expect((struct run){ .text = slow, .sessions = "5", .grace_ms = 10000, .wait_ms = 12000 },
	       "0.0 5 leave\n1.0 5 not-left\n1.0 5 ask 1\n11.0 5 kill 1\n11.0 5 gone\n5 = ok\n");
	expect((struct run){ .text = false_word, .sessions = "5", .grace_ms = 10000, .wait_ms = 15000 },
	       "0.0 5 leave\n3.5 5 left\n3.5 5 ask 1\n13.5 5 kill 1\n13.5 5 gone\n5 = ok\n");
}

/* The user's bus does not tell whether there is a desktop: that is soon over, is said, and the session is looked at again. */
static void test_desktop_is_not_found(void **state)
{
	static const char text[] = ROOT ALICE "session id=5 user=alice desktop=GNOME logout-found=never\nprocess command=x\n";
	static const char spared[] = "5.0 5 not-left\n5 = ESTALE +\n";

	(void)state;
	expect_text(text, "5", "5.0 5 not-left\n5.0 5 ask 1\n5.0 5 gone\n5 = ok\n");
	expect_text(ROOT ALICE "session id=5 user=alice desktop=GNOME logout-found=4000 logout=2000\nprocess command=x\n", "5",
		    "4.0 5 leave\n6.0 5 left\n6.0 5 gone\n5 = ok\n");
	expect((struct run){ .text = text, .sessions = "5", .not_meant = "5", .not_meant_from_ms = 1000 }, spared);
	expect((struct run){ .text = text, .sessions = "5", .named = true, .not_meant = "5", .not_meant_from_ms = 1000 },
	       "5.0 5 not-left\n5.0 5 ask 1\n5.0 5 gone\n5 = ok\n");
}

/* The session ends meanwhile for another reason: no desktop has done that. */
static void test_session_ends_before_the_desktop_is_found(void **state)
{
	(void)state;
	expect_text(ROOT ALICE "session id=5 user=alice desktop=GNOME logout-found=never leaves=1000\nprocess command=x\n", "5",
		    "1.0 5 gone\n5 = ok\n");
}

/*
 * A user who cancels before the desktop has been asked: nobody is asked. One who cancels later: the log-off is followed to its end.
 */
static void test_cancel_while_the_desktop_is_looked_for(void **state)
{
	static const char text[] = ROOT ALICE BOB
		"session id=4 user=bob\nprocess command=y term=3000\n"
		"session id=5 user=alice desktop=GNOME logout-found=1000 logout=1000\nprocess command=x\n";

	(void)state;
	expect((struct run){ .text = text, .sessions = "4 5", .cancel_at = 1, .follow = true },
	       "0.0 4 ask 1\nfollowed\n3.0 4 gone\n4 = ok\n5 = ECANCELED + x\n");
	expect((struct run){ .text = text, .sessions = "4 5", .cancel_at = 2, .follow = true },
	       "0.0 4 ask 1\n1.0 5 leave\nfollowed\n2.0 5 left\n2.0 5 gone\n3.0 4 gone\n4 = ok\n5 = ok\n");
}

static void test_desktop_is_not_asked(void **state)
{
	static const char text[] = ROOT ALICE "session id=5 user=alice desktop=GNOME logout=3000\nprocess command=x\n";
	static const char own[] = "caller uid=1000\n" ALICE "session id=5 user=alice desktop=GNOME logout=3000 own\n"
				  "process command=x\n";

	(void)state;
	expect((struct run){ .text = text, .sessions = "5", .no_desktop = true }, "0.0 5 ask 1\n0.0 5 gone\n5 = ok\n");
	/* Nobody is to have time. */
	expect((struct run){ .text = text, .sessions = "5", .wait_ms = 60000 }, "0.0 5 ask 1\n0.0 5 gone\n5 = ok\n");
	/* The caller may be one of the programs that it ends. */
	expect_text(own, "5", "0.0 5 ask 1\n0.0 5 gone\n5 = ok\n");
}

/* Another logon has the id when the desktop has ended: it is nobody's to end. */
static void test_another_logon_after_the_desktop(void **state)
{
	(void)state;
	expect_text("host by-id\n" ROOT ALICE BOB "session id=5 user=alice desktop=GNOME logout=2000\nprocess command=x\n"
		    "session id=5 user=bob follows\nprocess command=bobs\n",
		    "5", "0.0 5 leave\n2.0 5 left\n2.0 5 gone\n5 = ok\n");
}

/* Whose desktop has been asked is not spared for what has changed by that. */
static void test_condition_after_the_desktop(void **state)
{
	(void)state;
	expect((struct run){ .text = ROOT ALICE "session id=5 user=alice desktop=GNOME logout=never\nprocess command=x\n",
			     .sessions = "5", .not_meant = "5", .not_meant_from_ms = 1000 },
	       "0.0 5 leave\n10.0 5 not-left\n10.0 5 ask 1\n10.0 5 gone\n5 = ok\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_desktop_does_it),
		cmocka_unit_test(test_desktop_does_not),
		cmocka_unit_test(test_time_for_the_kill_is_left),
		cmocka_unit_test(test_desktop_is_not_found),
		cmocka_unit_test(test_session_ends_before_the_desktop_is_found),
		cmocka_unit_test(test_cancel_while_the_desktop_is_looked_for),
		cmocka_unit_test(test_desktop_is_not_asked),
		cmocka_unit_test(test_another_logon_after_the_desktop),
		cmocka_unit_test(test_condition_after_the_desktop),
	};

	return cmocka_run_group_tests_name("leave", tests, NULL, NULL);
}
