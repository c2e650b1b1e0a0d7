/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-nss.c - who is in the machine's files costs no module; a name service that hangs is given up, once.
 *
 * The functions by which modules are asked are ours here: they know user 70000 "lena" of group "crew", take ten minutes
 * for user 70001, and have no server for user 70002. So is the clock, which can be set forward. This executable is also the program
 * that asks them (logoff-user); by which path it is started tells it what lena is called.
 */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/clock.h"
#include "local/nss.h"
#include "user/jobs.h"

#define PATH "/proc/self/exe"
#define OTHER_PATH "/proc/self/./exe"

int __wrap_getpwuid_r(uid_t uid, struct passwd *user, char *buffer, size_t size, struct passwd **ret);
int __wrap_getpwnam_r(const char *name, struct passwd *user, char *buffer, size_t size, struct passwd **ret);
int __wrap_getgrnam_r(const char *name, struct group *group, char *buffer, size_t size, struct group **ret);

uint64_t __real_clock_now_us(void);
uint64_t __wrap_clock_now_us(void);

static pid_t tester;
static uint64_t ahead_us;
static const char *lena = "lena";

uint64_t __wrap_clock_now_us(void)
{
	return __real_clock_now_us() + ahead_us;
}

int __wrap_getpwuid_r(uid_t uid, struct passwd *user, char *buffer, size_t size, struct passwd **ret)
{
	(void)buffer;
	(void)size;
	if (getpid() == tester)
		_exit(99);	/* a module was asked in the process itself */
	if (uid == 70001)
		sleep(600);
	*user = (struct passwd){ .pw_name = (char *)lena, .pw_uid = uid, .pw_gid = 70000 };
	*ret = uid == 70000 ? user : NULL;
	return uid == 70002 ? ECONNREFUSED : 0;
}

int __wrap_getpwnam_r(const char *name, struct passwd *user, char *buffer, size_t size, struct passwd **ret)
{
	int r = __wrap_getpwuid_r(strcmp(name, "unreachable") == 0 ? 70002 : 70000, user, buffer, size, ret);

	if (strcmp(name, "lena") != 0)
		*ret = NULL;
	return r;
}

int __wrap_getgrnam_r(const char *name, struct group *group, char *buffer, size_t size, struct group **ret)
{
	(void)buffer;
	(void)size;
	*group = (struct group){ .gr_name = "crew", .gr_gid = 70000 };
	*ret = strcmp(name, "crew") == 0 || strcmp(name, "others") == 0 ? group : NULL;
	if (strcmp(name, "others") == 0)
		group->gr_gid = 70009;
	return 0;
}

static void knows_the_users_of_the_machine(void **state)
{
	char name[NSS_NAME_MAX];
	uid_t uid = 1;

	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(nss_user_name(0, name), 1);
		assert_string_equal(name, "root");
	}
	assert_int_equal(nss_local_user_id("root", &uid), 1);
	assert_int_equal(uid, 0);
	assert_int_equal(nss_local_user_id("+", &uid), 0);
	uid = 1;
	assert_int_equal(nss_user_id("root", &uid, NULL), 1);
	assert_int_equal(uid, 0);
	assert_int_equal(nss_has_group("root", NULL), 1);
	assert_int_equal(nss_is_in_group("root", 0, "root", NULL), 1);
}

static void asks_the_modules_for_others(void **state)
{
	char name[NSS_NAME_MAX] = "as it was";
	uid_t uid = 1;

	(void)state;
	assert_int_equal(nss_user_id("stranger", &uid, NULL), 0);
	assert_int_equal(nss_user_id("unreachable", &uid, NULL), -ECONNREFUSED);
	assert_int_equal(uid, 1);
	assert_int_equal(nss_user_id("lena", &uid, NULL), 1);
	assert_int_equal(uid, 70000);
	assert_int_equal(nss_user_name(70003, name), 0);
	assert_string_equal(name, "as it was");
	assert_int_equal(nss_user_name(70002, name), -ECONNREFUSED);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(nss_user_name(70000, name), 1);
		assert_string_equal(name, "lena");
	}
	assert_int_equal(nss_has_group("crew", NULL), 1);
	assert_int_equal(nss_has_group("nobody-has-this", NULL), 0);
	assert_int_equal(nss_is_in_group("lena", 70000, "crew", NULL), 1);
	assert_int_equal(nss_is_in_group("lena", 70000, "others", NULL), 0);
}

/* Of whom nothing is known, it is not known that they are in no group. */
static void knows_nothing_of_strangers(void **state)
{
	(void)state;
	assert_int_equal(nss_is_in_group("lena", 70000, "nobody-has-this", NULL), -ENOENT);
	assert_int_equal(nss_is_in_group("stranger", 70003, "crew", NULL), -ENOENT);
	assert_int_equal(nss_is_in_group("unreachable", 70002, "crew", NULL), -ECONNREFUSED);
}

/* Where the program is not, nobody knows: least of all that there is no such user. */
static void knows_nothing_without_the_program(void **state)
{
	char name[NSS_NAME_MAX] = "as it was";
	uid_t uid = 1;

	(void)state;
	assert_int_equal(setenv("LOGOFF_USER_PROGRAM", "/nonexistent/logoff-user", 1), 0);
	assert_int_equal(nss_user_id("stranger", &uid, NULL), -ENOPKG);
	assert_int_equal(nss_user_name(70004, name), -ENOPKG);
	assert_int_equal(nss_has_group("nobody-has-this", NULL), -ENOPKG);
	assert_int_equal(nss_is_in_group("lena", 70000, "nobody-has-this", NULL), -ENOPKG);
	assert_int_equal(nss_user_id("root", &uid, NULL), 1);
	assert_string_equal(name, "as it was");
	assert_int_equal(setenv("LOGOFF_USER_PROGRAM", "/bin/false", 1), 0);
	assert_int_equal(nss_user_id("stranger", &uid, NULL), -EIO);
	assert_int_equal(setenv("LOGOFF_USER_PROGRAM", PATH, 1), 0);
}

/* An unknown answer has a cause, which names what did not answer. */
static void says_why_nothing_is_known(void **state)
{
	struct logoff_error cause = {};
	uid_t uid;

	(void)state;
	assert_int_equal(nss_user_id("unreachable", &uid, &cause), -ECONNREFUSED);
	assert_string_equal(cause.text, "name service: Connection refused");
	assert_int_equal(nss_is_in_group("lena", 70000, "nobody-has-this", &cause), -ENOENT);
	assert_string_equal(cause.text, "name service: no such user or group");
	assert_int_equal(setenv("LOGOFF_USER_PROGRAM", "/nonexistent/logoff-user", 1), 0);
	assert_int_equal(nss_has_group("crew", &cause), -ENOPKG);
	assert_string_equal(cause.text, "/nonexistent/logoff-user: No such file or directory");
	assert_int_equal(setenv("LOGOFF_USER_PROGRAM", PATH, 1), 0);
}

/* But one that was killed and, on a busy machine, has not been awaited until it had ended. */
static void leaves_no_child(void **state)
{
	int status;

	(void)state;
	while (waitpid(-1, &status, 0) > 0)
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert_int_equal(errno, ECHILD);
}

/* A program that runs for long must learn of a new name. */
static void forgets_names(void **state)
{
	char name[NSS_NAME_MAX];

	(void)state;
	assert_int_equal(nss_user_name(70000, name), 1);
	assert_int_equal(setenv("LOGOFF_USER_PROGRAM", OTHER_PATH, 1), 0);
	assert_int_equal(nss_user_name(70000, name), 1);
	assert_string_equal(name, "lena");
	ahead_us += 61000000;
	assert_int_equal(nss_user_name(70000, name), 1);
	assert_string_equal(name, "magdalena");
	assert_int_equal(setenv("LOGOFF_USER_PROGRAM", PATH, 1), 0);
}

static void waits_once_for_a_service_that_hangs(void **state)
{
	uint64_t before = clock_now_us();
	struct logoff_error cause = {};
	char name[NSS_NAME_MAX];

	assert_int_equal(nss_user_name(70001, name), -ETIMEDOUT);
	assert_true(clock_now_us() - before < 10000000);
	before = clock_now_us();
	for (int i = 0; i < 50; i++) {
		assert_int_equal(nss_user_name(70001, name), -ETIMEDOUT);
		assert_int_equal(nss_is_in_group("hung", 70001, "crew", &cause), -ETIMEDOUT);
		assert_string_equal(cause.text, "name service: Connection timed out");
		assert_int_equal(nss_is_in_group("root", 0, "root", NULL), 1);
		assert_int_equal(nss_user_name(70000, name), 1);	/* remembered */
	}
	assert_true(clock_now_us() - before < 2000000);
	leaves_no_child(state);
	ahead_us += 61000000;
	assert_int_equal(nss_user_name(70000, name), 1);	/* it answers again */
	assert_int_equal(nss_user_name(70003, name), 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_the_users_of_the_machine),
		cmocka_unit_test(asks_the_modules_for_others),
		cmocka_unit_test(knows_nothing_of_strangers),
		cmocka_unit_test(knows_nothing_without_the_program),
		cmocka_unit_test(says_why_nothing_is_known),
		cmocka_unit_test(leaves_no_child),
		cmocka_unit_test(forgets_names),
		cmocka_unit_test(waits_once_for_a_service_that_hangs),
	};

	(void)argc;
	if (strcmp(argv[0], "logoff-user") == 0) {
		lena = strcmp((const char *)getauxval(AT_EXECFN), OTHER_PATH) == 0 ? "magdalena" : "lena";
		return job_main();
	}
	tester = getpid();
	assert_int_equal(setenv("LOGOFF_USER_PROGRAM", PATH, 1), 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
