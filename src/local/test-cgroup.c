/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-cgroup.c - what the texts of /proc/PID/cgroup say, and which units are a desktop's. The texts were read on Debian 12 and
 * 13 (systemd 252 and 257, elogind 246 and 255), or are made by hand to deceive.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "local/cgroup.h"
#include "local/desktop.h"

static const char *session_of(const char *text, bool elogind)
{
	static char id[CGROUP_ID];

	return cgroup_parse_session(text, elogind, id) ? id : "";
}

static void sessions_are_found_from_the_top(void **state)
{
	(void)state;
	assert_string_equal(session_of("0::/user.slice/user-1000.slice/session-5.scope\n", false), "5");
	assert_string_equal(session_of("0::/user.slice/user-1000.slice/session-c12.scope/sub\n", false), "c12");
	assert_string_equal(session_of("1:name=systemd:/user.slice/user-0.slice/session-77.scope\n0::/\n", false), "77");
	/* users make groups below their own manager */
	assert_string_equal(session_of("0::/user.slice/user-1000.slice/user@1000.service/user.slice/user-1001.slice/session-9.scope\n",
				       false), "");
	assert_string_equal(session_of("0::/system.slice/user.slice/user-1000.slice/session-5.scope\n", false), "");
	/* and may call them what looks like the beginning of a line */
	assert_string_equal(session_of("0::/system.slice/job.service/0:a:/user.slice/user-1001.slice/session-9.scope\n", false),
			    "");
	assert_string_equal(session_of("0::/machine.slice/m.scope/:/user.slice/user-0.slice/session-9.scope\n", false), "");
	assert_string_equal(session_of("2:cpu:/x:/user.slice/user-0.slice/session-9.scope\n"
				       "1:name=systemd:/user.slice/user-7.slice/session-8.scope\n", false), "8");
	assert_string_equal(session_of("0::/user.slice/user-1000.slice/session-5.scopes\n", false), "");
	assert_string_equal(session_of("0::/user.slice/user-1000.slice/session-.scope\n", false), "");
	assert_string_equal(session_of("0::/user.slice/user-x.slice/session-5.scope\n", false), "");
	assert_string_equal(session_of("0::/5\n", false), "");
}

static void groups_of_another_namespace_tell_nothing(void **state)
{
	(void)state;
	assert_true(cgroup_is_outside("0::/..\n"));
	assert_true(cgroup_is_outside("0::/../../user.slice/user-1000.slice/session-5.scope\n"));
	assert_true(cgroup_is_outside("2:cpu:/\n1:name=systemd:/../x\n"));
	assert_false(cgroup_is_outside("0::/\n"));
	assert_false(cgroup_is_outside("4:memory:/../..\n0::/\n"));
	assert_false(cgroup_is_outside("4:name=systemd:/../..\n0::/user.slice/user-1000.slice/session-5.scope\n"));
	assert_true(cgroup_is_outside("4:name=systemd:/../..\n0::/\n"));
	assert_false(cgroup_is_outside("4:name=systemd:/user.slice/user-1000.slice/session-5.scope\n0::/../..\n"));
	assert_false(cgroup_is_outside("0::/user.slice/..hidden/session-5.scope\n0::/...\n"));
}

static void elogind_has_two_forms(void **state)
{
	(void)state;
	assert_string_equal(session_of("0::/c3\n", true), "c3");
	assert_string_equal(session_of("5:name=elogind:/12\n0::/\n", true), "12");
	assert_string_equal(session_of("0::/user.slice/user-1000.slice/session-2.scope\n", true), "2");
	assert_string_equal(session_of("0::/../..\n", true), "");
	assert_string_equal(session_of("0::/12abc\n", true), "");
	assert_string_equal(session_of("0::/job/0::/c9\n", true), "");
	assert_string_equal(session_of("3:cpu:/x:name=elogind:/9\n0::/c2\n", true), "c2");
}

static void managers_are_told_with_their_unit(void **state)
{
	const char *unit = NULL;
	uid_t uid = 0;

	(void)state;
	assert_true(cgroup_parse_manager("0::/user.slice/user-1000.slice/user@1000.service/init.scope\n", &uid, &unit));
	assert_int_equal(uid, 1000);
	assert_int_equal(strncmp(unit, "init.scope", 10), 0);
	assert_true(cgroup_parse_manager("0::/user.slice/user-7.slice/user@7.service\n", NULL, NULL));
	assert_false(cgroup_parse_manager("0::/user.slice/user-1000.slice/user@1001.service/init.scope\n", NULL, NULL));
	assert_false(cgroup_parse_manager("0::/user.slice/user-1000.slice/session-5.scope\n", NULL, NULL));
}

static const char *system_unit_of(const char *text)
{
	static char unit[CGROUP_UNIT];

	return cgroup_parse_system_unit(text, unit) ? unit : "";
}

static void units_of_the_system(void **state)
{
	(void)state;
	assert_string_equal(system_unit_of("0::/system.slice/ssh.service\n"), "/system.slice/ssh.service");
	assert_string_equal(system_unit_of("0::/machine.slice/libpod-1.scope/container/sub.scope\n"),
			    "/machine.slice/libpod-1.scope");
	assert_string_equal(system_unit_of("1:name=systemd:/system.slice/system-x.slice/x@1.service\n0::/\n"),
			    "/system.slice/system-x.slice/x@1.service");
	assert_string_equal(system_unit_of("0::/user.slice/user-0.slice/session-1.scope\n"), "");
	assert_string_equal(system_unit_of("0::/job/system.slice/x.service\n"), "");
	assert_string_equal(system_unit_of("0::/system.slice\n"), "");
	assert_string_equal(system_unit_of("0::/system.slice/job/x.service\n"), "");
}

static void desktops_units_and_others(void **state)
{
	static const char *const of_desktop[] = {
		"app.slice/app-gnome-org.gnome.Terminal-4711.scope\n",
		"app.slice/app-org.gnome.Terminal.slice/vte-spawn-1b2c.scope\n",
		"app.slice/app-org.kde.konsole-0a1b.service\n",
		"app.slice/dbus-:1.2-org.gnome.Identity@0.service\n",
		"session.slice/org.gnome.Shell@wayland.service\n",
		"session.slice/plasma-kwin_wayland.service\n",
	};
	static const char *const of_user[] = {
		"app.slice/syncthing.service\n",      "app.slice/run-u7.service\n",   "app.slice/run-r0123.scope\n",
		"session.slice/dbus.service\n",	      "session.slice/pipewire.service\n", "app.slice/tmux-spawn-1.scope\n",
		"background.slice/backup.service\n", "init.scope\n",		       "app.slice\n",
		"app.slice/gpg-agent.service\n",     "app.slice/nightly.scope\n", "session.slice/own.scope\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(of_desktop) / sizeof(of_desktop[0]); i++)
		if (!desktop_is_unit(of_desktop[i]))
			fail_msg("%s", of_desktop[i]);
	for (size_t i = 0; i < sizeof(of_user) / sizeof(of_user[0]); i++)
		if (desktop_is_unit(of_user[i]))
			fail_msg("%s", of_user[i]);
}

static void scopes_that_programs_made_and_others(void **state)
{
	(void)state;
	assert_true(desktop_is_moved("tmux-spawn-d1f3dda1-e0af.scope\n"));
	assert_true(desktop_is_moved("app.slice/app-gnome-org.gnome.Terminal-4711.scope\n"));
	assert_false(desktop_is_moved("app.slice/nightly.scope\n"));
	assert_false(desktop_is_moved("app.slice/run-r0123.scope\n"));
	assert_false(desktop_is_moved("run-r0123.scope\n"));
	assert_false(desktop_is_moved("init.scope\n"));
	assert_false(desktop_is_moved("app.slice/own.service\n"));
	assert_false(desktop_is_moved("app.slice\n"));
	assert_false(desktop_is_moved("\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sessions_are_found_from_the_top),
		cmocka_unit_test(groups_of_another_namespace_tell_nothing),
		cmocka_unit_test(elogind_has_two_forms),
		cmocka_unit_test(managers_are_told_with_their_unit),
		cmocka_unit_test(units_of_the_system),
		cmocka_unit_test(desktops_units_and_others),
		cmocka_unit_test(scopes_that_programs_made_and_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
