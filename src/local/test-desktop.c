/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-desktop.c - programs of a desktop that the caller may not see, and desktops on machines that have slept. Which units
 * are a desktop's is in test-cgroup.c; what becomes of them on a real host is in test/lab/test_whole.py.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "local/desktop.h"
#include "local/proc-table.h"

#define CANNOT_TRY 99	/* exit status of a child */
#define HOURS_10 UINT64_C(36000000000)

/* ---- where /proc hides ---- */

/* Units of a manager as folders, each with one process in it. */
static void make_unit(const char *manager, const char *unit, pid_t pid)
{
	char command[512];

	snprintf(command, sizeof(command), "mkdir -p '%s/%s' && echo %d >'%s/%s/cgroup.procs' && chmod -R a+rX '%s'", manager,
		 unit, (int)pid, manager, unit, manager);
	assert_int_equal(system(command), 0);
}

/* The answer for a user who sees no processes but their own. Returns 0, or the number of the check that failed. */
static int look_with_hidden(const char *manager, pid_t of_desktop)
{
	struct desktop_span always = { .until_us = UINT64_MAX, .shared_us = UINT64_MAX };
	struct process_list list = {};

	if (!proc_hides() || desktop_list(manager, always, &list) < 0)
		return 1;
	if (list.n_items != 1 || list.items[0].pid != of_desktop || list.items[0].command[0])
		return 2;
	process_list_clear(&list);
	return desktop_signal(manager, always, SIGTERM) == -EPERM ? 0 : 3;
}

static void hidden_programs_are_there(void **state)
{
	char manager[] = "/tmp/test-desktop-XXXXXX", command[64];
	pid_t parent = getpid(), pid;
	int status;

	(void)state;
	assert_non_null(mkdtemp(manager));
	make_unit(manager, "app.slice/app-org.gnome.Terminal.slice/vte-spawn-1.scope/sub", parent);
	make_unit(manager, "session.slice/pipewire.service", 1);
	make_unit(manager, "init.scope", 1);
	pid = fork();
	if (pid == 0) {
		/* A /proc of our own: the mount as the machine has it is not ours to change. */
		if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		    mount("proc", "/proc", "proc", 0, "hidepid=2,gid=4242") < 0 || setgroups(0, NULL) < 0 ||
		    setresgid(65534, 65534, 65534) < 0 || setresuid(65534, 65534, 65534) < 0)
			_exit(CANNOT_TRY);
		_exit(look_with_hidden(manager, parent));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	snprintf(command, sizeof(command), "rm -r '%s'", manager);
	assert_int_equal(system(command), 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) == CANNOT_TRY)
		skip(); /* not root */
	assert_int_equal(status, 0);
}

/* ---- where the machine has slept ---- */

static uint64_t read_us(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static bool is_about(uint64_t us, uint64_t wanted_us)
{
	return us + 1000000 > wanted_us && us < wanted_us + 1000000;
}

/* After a sleep of ten hours. Returns 0, or the number of the check that failed. */
static int look_after_sleep(void)
{
	uint64_t real_us = read_us(CLOCK_REALTIME), monotonic_us = read_us(CLOCK_MONOTONIC), boot_us = read_us(CLOCK_BOOTTIME);
	uint64_t minute = 60000000;

	if (boot_us < monotonic_us + HOURS_10)
		return 1;
	/* begun after the sleep */
	if (!is_about(table_begin_us(real_us - minute, monotonic_us - minute), boot_us - minute))
		return 2;
	/* and before it */
	if (!is_about(table_begin_us(real_us - minute - HOURS_10, monotonic_us - minute), boot_us - minute - HOURS_10))
		return 3;
	/* the clock was set by two days since: forwards, backwards */
	if (!is_about(table_begin_us(real_us - 5 * HOURS_10, monotonic_us - minute), monotonic_us - minute))
		return 4;
	return is_about(table_begin_us(real_us + 5 * HOURS_10, monotonic_us - minute), boot_us - minute) ? 0 : 5;
}

/* A namespace can have a clock that has gone on for ten hours more. Both of its processes end with _exit(). */
static void sleep_and_look(void)
{
	int fd, status;
	pid_t pid;

	if (unshare(CLONE_NEWTIME) < 0)
		_exit(CANNOT_TRY);
	fd = open("/proc/self/timens_offsets", O_WRONLY);
	if (fd < 0 || write(fd, "boottime 36001 0\n", 17) < 0)
		_exit(CANNOT_TRY);
	pid = fork();
	if (pid == 0)
		_exit(look_after_sleep());
	_exit(waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : 98);
}

static void a_desktop_is_as_old_as_it_is(void **state)
{
	pid_t pid = fork();
	int status;

	(void)state;
	if (pid == 0)
		sleep_and_look();
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == CANNOT_TRY)
		skip(); /* not root, or a kernel without such namespaces */
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hidden_programs_are_there),
		cmocka_unit_test(a_desktop_is_as_old_as_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
