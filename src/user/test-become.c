/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-become.c - what the program reads of others: addresses of a bus, cgroups. What is cut off is seen by the lab,
 * from within the program that is started.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "user/become.h"
#include "user/surroundings.h"

static void takes_one_socket_of_this_machine(void **state)
{
	static const char *const good[] = {
		"unix:path=/run/user/1000/bus",
		"unix:abstract=/tmp/dbus-qwertyuiop",
		"unix:abstract=dbus-qwertyuiop,guid=0123456789abcdef0123456789ABCDEF",
		"unix:path=/tmp/a%20b,guid=0123456789abcdef0123456789abcdef",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (!surroundings_is_bus_address(good[i]))
			fail_msg("%s", good[i]);
}

static void takes_nothing_else(void **state)
{
	static const char *const bad[] = {
		"", "unix:", "unix:path=", "unix:abstract=", "unix:path=bus",
		"unixexec:path=/bin/sh", "unixexec:path=/bin/sh,argv1=-c", "tcp:host=localhost,port=1", "autolaunch:",
		"unix:path=/run/user/1000/bus;unixexec:path=/bin/sh",
		"unix:path=/run/user/1000/bus;",
		";unix:path=/run/user/1000/bus",
		"unix:abstract=a;unix:path=/b",
		"unix:path=/a,path=/b", "unix:path=/a,abstract=b", "unix:path=/a,runtime=yes",
		"unix:runtime=yes", "unix:dir=/tmp", "unix:tmpdir=/tmp",
		"unix:guid=0123456789abcdef0123456789abcdef,path=/a",
		"unix:path=/a,guid=0123456789abcdef0123456789abcde",
		"unix:path=/a,guid=0123456789abcdef0123456789abcdef0",
		"unix:path=/a,guid=0123456789abcdef0123456789abcdef;unixexec:path=/bin/sh",
		"unix:path=/a,guid=0123456789abcdef0123456789abcdef,x=y",
		"unix:path=/a%", "unix:path=/a%2", "unix:path=/a%zz", "unix:path=/a b", "unix:path=/a\n", "unix:path=/a=b",
		"UNIX:path=/a", " unix:path=/a", "unix: path=/a",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (surroundings_is_bus_address(bad[i]))
			fail_msg("%s", bad[i]);
}

static bool parse(const char *line, struct become_cgroup *ret)
{
	return become_parse_cgroup(line, strlen(line), ret);
}

static void reads_cgroups(void **state)
{
	struct become_cgroup cgroup;

	(void)state;
	assert_true(parse("0::/user.slice/user-1000.slice/session-5.scope", &cgroup));
	assert_true(cgroup.unified && !cgroup.named);
	assert_string_equal(cgroup.hierarchy, "");
	assert_string_equal(cgroup.path, "/user.slice/user-1000.slice/session-5.scope");
	assert_true(parse("1:name=systemd:/user.slice/a:b", &cgroup));
	assert_true(!cgroup.unified && cgroup.named);
	assert_string_equal(cgroup.hierarchy, "systemd");
	assert_string_equal(cgroup.path, "/user.slice/a:b");
	assert_true(parse("12:cpu,cpuacct:/", &cgroup));
	assert_true(!cgroup.unified && !cgroup.named);
	assert_string_equal(cgroup.hierarchy, "cpu,cpuacct");
	assert_string_equal(cgroup.path, "/");
}

static void reads_no_other_lines(void **state)
{
	static const char *const bad[] = { "", "0", "0:", "0::", "0::a", "0:/", "1:name=systemd:/../../x", "0::/..", "::" };
	struct become_cgroup cgroup;
	char line[5000] = "0::/";

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (parse(bad[i], &cgroup))
			fail_msg("%s", bad[i]);
	memset(line + 4, 'x', sizeof(line) - 5);
	assert_false(parse(line, &cgroup));
}

/* A process that would become a user, with rights that it may pass on: sets of containers, those of people before the screen. */
static int become_with_rights(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};
	char home[256];

	if (syscall(SYS_capget, &head, data) < 0)
		return 1;
	for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
		data[i].inheritable = data[i].permitted;
	if (syscall(SYS_capset, &head, data) < 0)
		return 2;
	return become_user(65534, home, sizeof(home)) < 0 ? 3 : 0;
}

#define FD 7			/* a descriptor that nobody is to inherit */

/* Tells whether a set of capabilities of this process, as /proc names it, has any. */
static bool has_any(const char *set)
{
	char line[128];
	FILE *file = fopen("/proc/self/status", "re");
	bool any = true;

	while (file && fgets(line, sizeof(line), file))
		if (strncmp(line, set, strlen(set)) == 0)
			any = strtoull(line + strlen(set) + 1, NULL, 16) != 0;
	if (file)
		fclose(file);
	return any;
}

/* A process that has all that it is not to keep becomes a user with two groups. */
static int become_exactly_one(void)
{
	static const gid_t groups[] = { 4243, 4242, 4243 };
	static const char *const sets[] = { "CapInh:", "CapPrm:", "CapEff:", "CapBnd:", "CapAmb:" };
	struct logoff_error cause = {};
	gid_t have[8];
	sigset_t set;

	if (dup2(STDIN_FILENO, FD) < 0 || setgroups(1, (const gid_t[]){ 7 }) < 0 || sigemptyset(&set) < 0 || sigaddset(&set, SIGTERM) < 0 ||
	    sigprocmask(SIG_BLOCK, &set, NULL) < 0 || signal(SIGHUP, SIG_IGN) == SIG_ERR)
		return 1;
	if (become_exactly(4242, groups, 3, &cause) < 0)
		return 2;
	if (getuid() != 4242 || geteuid() != 4242 || getgid() != 4243 || getegid() != 4243)
		return 3;
	if (getgroups(8, have) != 3 || have[0] != 4242 || have[1] != 4243 || have[2] != 4243)
		return 4;
	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
		if (has_any(sets[i]))
			return 5;
	if (fcntl(FD, F_GETFD) >= 0 || fcntl(STDIN_FILENO, F_GETFD) < 0)
		return 6;
	if (sigprocmask(SIG_BLOCK, NULL, &set) < 0 || sigismember(&set, SIGTERM) || signal(SIGHUP, SIG_DFL) != SIG_DFL)
		return 7;
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1 || prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0)
		return 8;
	return setresuid(0, 0, 0) == 0 || setgroups(0, NULL) == 0 ? 9 : 0;
}

/* Root stays root, with just the groups that are given. */
static int become_exactly_root(void)
{
	struct logoff_error cause = {};
	gid_t have[2];

	if (become_exactly(0, (const gid_t[]){ 0 }, 1, &cause) < 0)
		return 1;
	return geteuid() != 0 || getgroups(2, have) != 1 || have[0] != 0 || !has_any("CapEff:") || has_any("CapInh:") ? 2 : 0;
}

/* Who may not become another ends up as nobody else. */
static int become_exactly_without_rights(void)
{
	struct logoff_error cause = {};

	if (setresgid(4242, 4242, 4242) < 0 || setresuid(4242, 4242, 4242) < 0)
		return 1;
	return become_exactly(4243, (const gid_t[]){ 4243 }, 1, &cause) >= 0 || cause.domain == LOGOFF_ERROR_NONE ? 2 : 0;
}

/* Runs FUNC as root in a child, which ends with what it returns. */
static void succeeds_in_child(int (*func)(void))
{
	pid_t child;
	int status;

	if (geteuid() != 0)
		skip();
	child = fork();
	if (child == 0)
		_exit(func());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void becomes_whatever_is_inherited(void **state)
{
	(void)state;
	succeeds_in_child(become_with_rights);
}

static void becomes_exactly_that(void **state)
{
	(void)state;
	succeeds_in_child(become_exactly_one);
	succeeds_in_child(become_exactly_root);
	succeeds_in_child(become_exactly_without_rights);
}

/* A process of the user may have another group (newgrp), and then refuses prlimit(). Returns the status of the user's program. */
static int limit_like_other_group(void)
{
	struct rlimit limit = { 100, 200 }, more = { 1000, 1000 };
	struct logoff_error cause = {};
	int ready[2], r;
	pid_t like;

	if (pipe(ready) < 0)
		return 1;
	like = fork();
	if (like == 0) {
		char one = setrlimit(RLIMIT_NOFILE, &limit) < 0 || setresgid(4242, 4242, 4242) < 0 || setresuid(4242, 4242, 4242) < 0;

		(void)!write(ready[1], &one, 1);
		pause();
	}
	if (read(ready[0], &r, 1) != 1 || setrlimit(RLIMIT_NOFILE, &more) < 0 || setresgid(4243, 4243, 4243) < 0 ||
	    setresuid(4242, 4242, 4242) < 0)
		return 2;
	r = become_limit(like, &cause);
	(void)kill(like, SIGKILL);
	return r < 0 ? 3 : getrlimit(RLIMIT_NOFILE, &more) < 0 || more.rlim_cur != 100 || more.rlim_max != 200 ? 4 : 0;
}

static void limits_of_another_group(void **state)
{
	(void)state;
	succeeds_in_child(limit_like_other_group);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_one_socket_of_this_machine),
		cmocka_unit_test(takes_nothing_else),
		cmocka_unit_test(reads_cgroups),
		cmocka_unit_test(reads_no_other_lines),
		cmocka_unit_test(becomes_whatever_is_inherited),
		cmocka_unit_test(becomes_exactly_that),
		cmocka_unit_test(limits_of_another_group),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
