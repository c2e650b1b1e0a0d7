/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-proc.c - the parsers of proc.c on real and hostile texts, its readers on our own processes.
 *
 * Samples marked "captured" come from Debian 12 (kernel 6.18, xrdp 0.9.21.1) on 2026-11-22; all others are made by
 * hand from proc(5) and utmp(5).
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utmp.h>

#include <cmocka.h>

#include "local/proc.h"

#define TAIL " 0 0 0 0 20 0 1 0 146370 3133440 380 18446744073709551615 94676662878208"
#define STAT(text) proc_parse_stat(text, sizeof(text) - 1, &s)

/* ---- stat ---- */

static void stat_of_a_terminal_process(void **state)
{
	struct proc_stat s;

	(void)state;
	/* captured: cat under script(1), on /dev/pts/0 */
	assert_int_equal(
		STAT("4680 (cat) R 4679 4679 4678 34816 4679 4194304 99 0 0 0 0 0 0 0 20 0 1 0 146370 3133440 380 "
		     "18446744073709551615 94676662878208 94676662898089 140734930808592 0 0 0 0 0 0 0 0 0 17 0 0 "
		     "0 0 0 0 94676662914096 94676662915712 94677531693056 140734930811523 140734930811543 "
		     "140734930811543 140734930812907 0\n"),
		0);
	assert_int_equal(s.pid, 4680);
	assert_string_equal(s.command, "cat");
	assert_int_equal(s.state, 'R');
	assert_int_equal(s.parent, 4679);
	assert_int_equal(s.group, 4679);
	assert_int_equal(s.session, 4678);
	assert_int_equal(s.terminal, 0x8800);
	assert_int_equal(s.start_time, 146370);
}

static void stat_of_init_without_terminal(void **state)
{
	struct proc_stat s;

	(void)state;
	/* captured: process 1; its terminal's group is -1, nice is -10 */
	assert_int_equal(
		STAT("1 (process_api) S 0 0 0 0 -1 4194560 31089 2780373 0 353 84 253 4224 1856 10 -10 13 0 22 "
		     "43479040 3191 18446744073709551615 1 1 0 0 0 0 0 4096 1256 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 "
		     "0 0 0\n"),
		0);
	assert_int_equal(s.pid, 1);
	assert_int_equal(s.parent, 0);
	assert_int_equal(s.terminal, 0);
	assert_int_equal(s.start_time, 22);
}

static void stat_of_a_command_that_imitates_fields(void **state)
{
	struct proc_stat s;

	(void)state;
	/* captured: prctl(PR_SET_NAME, ") R 1 1 (") */
	assert_int_equal(
		STAT("4631 () R 1 1 () S 4590 4539 6287 0 -1 4194368 298 0 0 0 0 0 0 0 20 0 1 0 146338 18591744 "
		     "2814 18446744073709551615 94679421292544 94679421292885\n"),
		0);
	assert_string_equal(s.command, ") R 1 1 (");
	assert_int_equal(s.state, 'S');
	assert_int_equal(s.parent, 4590);
	/* captured: prctl(PR_SET_NAME, "a\nb\\c\xff") */
	assert_int_equal(
		STAT("4645 (a\nb\\c\xff) S 4590 4539 6287 0 -1 4194368 296 0 0 0 0 0 0 0 20 0 1 0 146348 18591744 "
		     "2815 18446744073709551615\n"),
		0);
	assert_string_equal(s.command, "a\nb\\c\xff");
	assert_int_equal(s.parent, 4590);
}

static void stat_of_an_ended_process(void **state)
{
	struct proc_stat s;

	(void)state;
	/* captured: a child that nobody has waited for */
	assert_int_equal(STAT("4666 (python3) Z 4590 4539 6287 0 -1 4227148 232 0 0 0 0 0 0 0 20 0 1 0 146358 0 0 "
			      "18446744073709551615\n"),
			 0);
	assert_int_equal(s.state, 'Z');
	/* the same with two threads: only the first one has ended */
	assert_int_equal(STAT("4666 (python3) Z 4590 4539 6287 0 -1 4227148 232 0 0 0 0 0 0 0 20 0 2 0 146358 0 0 1\n"),
			 0);
	assert_int_equal(s.state, 'S');
}

static void stat_with_odd_but_right_values(void **state)
{
	struct proc_stat s;

	(void)state;
	/* a kernel thread's name is longer than a command; the minor of a terminal reaches the sign bit */
	assert_int_equal(STAT("7 (kworker/R-ext4-rsv-conversion-of-blocks) I 2 0 0 -2147448832 -1 2129984 0 0 0" TAIL),
			 0);
	assert_string_equal(s.command, "kworker/R-ext4-rsv-conversion-o");
	assert_int_equal(s.terminal, 0x80008800u);
	assert_int_equal(STAT("7 () S 2 0 0 0 -1 1 0 0 0" TAIL), 0);
	assert_string_equal(s.command, "");
}

static void stat_that_is_wrong(void **state)
{
	static const char *const wrong[] = {
		"",
		" ",
		"1",
		"1 (",
		"1 ()",
		"1 ) S (",
		"(x) S 1 1 1 0 -1 1 0 0 0" TAIL,
		"0 (x) S 1 1 1 0 -1 1 0 0 0" TAIL,
		"4294967297 (x) S 1 1 1 0 -1 1 0 0 0" TAIL,
		"99999999999999999999999 (x) S 1 1 1 0 -1 1 0 0 0" TAIL,
		"7 (x) S 4294967296 1 1 0 -1 1 0 0 0" TAIL,
		"7 (x) S -2 1 1 0 -1 1 0 0 0" TAIL,
		"7 (x) S 1 1 1 99999999999 -1 1 0 0 0" TAIL,
		"7 (x) S 1 1 1 0 -1 1 0 0 0 0 0 0 0 20 0 1 0 ",
		"7 (x) S 1 1 1 0 - 1 0 0 0" TAIL,
		"7 (x)  S 1 1 1 0 -1 1 0 0 0" TAIL,
		"7 (x) 5 1 1 1 0 -1 1 0 0 0" TAIL,
		"7 (x) S 1 1 1 0 -1 1 0 0 0 0 0 0 0 20 0 1 0 99999999999999999999999999 3133440",
	};
	struct proc_stat s = { .pid = 42 };

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (proc_parse_stat(wrong[i], strlen(wrong[i]), &s) != -EPROTO)
			fail_msg("taken as right: %s", wrong[i]);
	assert_int_equal(s.pid, 42);
}

/* ---- number ---- */

static void numbers(void **state)
{
	static const char *const wrong[] = { "",    "\n",    "-1",  "+1",	  " 1",
					     "1 ",  "1\n\n", "0x1", "4294967296", "99999999999999999999999999",
					     "1\n2" };
	uint32_t n = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (proc_parse_number(wrong[i], strlen(wrong[i]), &n) != -EPROTO)
			fail_msg("taken as right: \"%s\"", wrong[i]);
	assert_int_equal(n, 7);
	assert_int_equal(proc_parse_number("4294967295", 10, &n), 0);
	assert_int_equal(n, PROC_NO_AUDIT);
	assert_int_equal(proc_parse_number("12\n", 3, &n), 0);
	assert_int_equal(n, 12);
	assert_int_equal(proc_parse_number("123", 2, &n), 0); /* the length counts, not a NUL */
	assert_int_equal(n, 12);
	assert_int_equal(proc_parse_number("1\0", 2, &n), -EPROTO);
}

/* ---- utmp ---- */

static void login_of_a_user(void **state)
{
	struct utmp u = {
		.ut_type = USER_PROCESS, .ut_pid = 77, .ut_line = "pts/3", .ut_user = "alice", .ut_host = "::1"
	};
	struct proc_login l;

	(void)state;
	u.ut_tv.tv_sec = (int32_t)0x80000001u; /* the year 2038 and later */
	assert_int_equal(proc_parse_login(&u, sizeof(u), &l), 0);
	assert_string_equal(l.line, "pts/3");
	assert_string_equal(l.user, "alice");
	assert_string_equal(l.remote, "::1");
	assert_int_equal(l.pid, 77);
	if (sizeof(u.ut_tv.tv_sec) == 4)
		assert_true(l.time_s == INT64_C(0x80000001));
}

static void login_with_full_fields(void **state)
{
	struct utmp u = { .ut_type = USER_PROCESS, .ut_pid = 1 };
	struct proc_login l;

	(void)state;
	memset(u.ut_line, 'l', sizeof(u.ut_line));
	memset(u.ut_user, 'u', sizeof(u.ut_user));
	memset(u.ut_host, 'h', sizeof(u.ut_host));
	assert_int_equal(proc_parse_login(&u, sizeof(u), &l), 0);
	assert_int_equal(strlen(l.line), sizeof(u.ut_line));
	assert_int_equal(strlen(l.user), sizeof(u.ut_user));
	assert_int_equal(strlen(l.remote), sizeof(u.ut_host));
}

static void login_that_is_none(void **state)
{
	struct utmp u = { .ut_type = DEAD_PROCESS, .ut_pid = 77, .ut_line = "pts/3", .ut_user = "alice" };
	struct proc_login l = { .pid = 5 };

	(void)state;
	assert_int_equal(proc_parse_login(&u, sizeof(u), &l), -ENOENT);
	u.ut_type = USER_PROCESS;
	u.ut_pid = 0;
	assert_int_equal(proc_parse_login(&u, sizeof(u), &l), -ENOENT);
	u.ut_pid = -1;
	assert_int_equal(proc_parse_login(&u, sizeof(u), &l), -ENOENT);
	u.ut_pid = 77;
	u.ut_line[0] = '\0';
	assert_int_equal(proc_parse_login(&u, sizeof(u), &l), -ENOENT);
	assert_int_equal(proc_parse_login(&u, sizeof(u) - 1, &l), -EPROTO);
	assert_int_equal(proc_parse_login(&u, 0, &l), -EPROTO);
	assert_int_equal(l.pid, 5);
}

/* ---- /proc/net/unix ---- */

static bool is_xrdp(const char *line, unsigned display)
{
	unsigned found = 99999;

	return proc_parse_xrdp_socket(line, strlen(line), &found) == PROC_XRDP_CHANNELS && found == display;
}

static void xrdp_sockets(void **state)
{
	static const char *const wrong[] = {
		"",
		"Num       RefCount Protocol Flags    Type St Inode Path",
		/* listening, as it is when no client is there */
		"0000000000000000: 00000002 00000000 00010000 0001 01 40913 /run/xrdp/sockdir/xrdp_chansrv_socket_10",
		"0000000000000000: 00000003 00000000 00000000 0001 03 40913 /run/xrdp/sockdir/xrdpapi_10",
		"0000000000000000: 00000003 00000000 00000000 0001 03 40913",
		"0000000000000000: 00000003 00000000 00000000 0001 03 40913 /home/eve/xrdp_chansrv_socket_10",
		"0000000000000000: 00000003 00000000 00000000 0001 03 40913 @/run/xrdp/sockdir/xrdp_chansrv_socket_10",
		"0000000000000000: 00000003 00000000 00000000 0001 03 40913 /run/xrdp/sockdir/xrdp_chansrv_socket_",
		"0000000000000000: 00000003 00000000 00000000 0001 03 40913 /run/xrdp/sockdir/xrdp_chansrv_socket_1x",
		"0000000000000000: 00000003 00000000 00000000 0001 03 40913 /run/xrdp/sockdir/xrdp_chansrv_socket_-1",
		"0: 3 0 0 1 03 40913 /run/xrdp/sockdir/xrdp_chansrv_socket_99999999999999999999",
		"0: 3 0 0 1 03 40913 /run/xrdp/sockdir/xrdp_disconnect_display_1",
		"0000000000000000: 00000003 00000000 00000000 0001 03 40913 /run/xrdp/sockdir/../xrdp_chansrv_socket_1",
	};
	static const char screen[] = "0: 3 0 0 1 03 1 /run/xrdp/sockdir/1000/xrdp_display_5";
	unsigned display = 5;

	(void)state;
	assert_true(is_xrdp("0000000000000000: 00000003 00000000 00000000 0001 03 40913 "
			    "/run/xrdp/sockdir/xrdp_chansrv_socket_10",
			    10));
	assert_true(is_xrdp("00000000762c54f3: 00000003 00000000 00000000 0001 03    13 "
			    "/run/xrdp/sockdir/1001/xrdp_chansrv_socket_0\n",
			    0));
	assert_true(is_xrdp("0: 3 0 0 1 03 1 /tmp/.xrdp/xrdp_chansrv_socket_7", 7));
	assert_int_equal(proc_parse_xrdp_socket(screen, strlen(screen), &display), PROC_XRDP_SCREEN);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (proc_parse_xrdp_socket(wrong[i], strlen(wrong[i]), &display))
			fail_msg("taken as a client: %s", wrong[i]);
	assert_int_equal(display, 5);
}

/* ---- readers ---- */

/* Starts a child that runs CODE and waits until it has said that it is ready. */
static pid_t start_child(void (*code)(int ready_fd))
{
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(ready[0]);
		code(ready[1]);
		_exit(0);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

static void end_child(pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void named_child(int ready_fd)
{
	(void)prctl(PR_SET_NAME, "test) S 9 (9");
	(void)!write(ready_fd, "x", 1);
	for (;;)
		pause();
}

/* Waits until the kernel shows the process as Z, though this thread runs. */
static void *second_thread(void *fd)
{
	char text[512] = "";
	FILE *f;

	while (!strstr(text, ") Z ")) {
		f = fopen("/proc/self/stat", "r");
		if (!f || !fgets(text, sizeof(text), f))
			_exit(1);
		fclose(f);
	}
	(void)!write(*(int *)fd, "x", 1);
	pause();
	return NULL;
}

static void child_without_first_thread(int ready_fd)
{
	static int fd;
	pthread_t thread;

	fd = ready_fd;
	pthread_create(&thread, NULL, second_thread, &fd);
	pthread_exit(NULL);
}

static void read_a_live_and_a_gone_process(void **state)
{
	pid_t pid = start_child(named_child);
	struct proc_stat s;
	uint32_t audit;

	(void)state;
	assert_int_equal(proc_read_stat(pid, &s), 0);
	assert_int_equal(s.pid, pid);
	assert_string_equal(s.command, "test) S 9 (9");
	assert_int_equal(s.parent, getpid());
	assert_int_equal(s.group, getpgrp());
	assert_int_equal(proc_read_audit_session(pid, &audit), 0);
	end_child(pid);
	assert_int_equal(proc_read_stat(pid, &s), -ESRCH);
	assert_int_equal(proc_read_audit_session(pid, &audit), -ESRCH);
}

struct seen {
	pid_t wanted;
	unsigned n, n_self, n_kernel;
};

static int see(const struct proc_stat *stat, void *userdata)
{
	struct seen *seen = userdata;

	seen->n += stat->pid == seen->wanted;
	seen->n_self += stat->pid == getpid();
	seen->n_kernel += strcmp(stat->command, "kthreadd") == 0;
	return 0;
}

static int stop_at_once(const struct proc_stat *stat, void *userdata)
{
	(void)stat;
	return ++*(int *)userdata + 6;
}

static void walk_over_all_processes(void **state)
{
	struct seen seen = { .wanted = start_child(named_child) };
	int n = 0;

	(void)state;
	assert_int_equal(proc_for_each(see, &seen), 0);
	assert_int_equal(seen.n, 1);
	assert_int_equal(seen.n_self, 1);
	assert_int_equal(seen.n_kernel, 0);
	kill(seen.wanted, SIGKILL);
	waitid(P_PID, (id_t)seen.wanted, NULL, WEXITED | WNOWAIT);
	assert_int_equal(proc_for_each(see, &seen), 0);
	assert_int_equal(seen.n, 1); /* a zombie is not seen again */
	waitpid(seen.wanted, NULL, 0);
	assert_int_equal(proc_for_each(stop_at_once, &n), 7);
	assert_int_equal(n, 1);
}

static void process_whose_first_thread_has_ended(void **state)
{
	struct seen seen = { .wanted = start_child(child_without_first_thread) };

	(void)state;
	assert_int_equal(proc_for_each(see, &seen), 0);
	assert_int_equal(seen.n, 1);
	end_child(seen.wanted);
}

/* ---- cgroups, imitated by folders ---- */

static void write_file(const char *folder, const char *name, const char *text)
{
	char path[300];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static void cgroup_is_listed_with_those_below(void **state)
{
	char root[] = "/tmp/test-proc-XXXXXX", below[100], text[6000] = "", command[200];
	pid_t one = start_child(named_child), two = start_child(named_child), dead = start_child(named_child);
	struct process_list list = { 0 };

	(void)state;
	end_child(dead);
	assert_non_null(mkdtemp(root));
	assert_int_equal(proc_list_cgroup(root, &list), 0);
	assert_int_equal(list.n_items, 0);
	/* more text than one buffer holds, with a pid across its end, dead and twice named ones */
	for (int i = 0; i < 500; i++)
		sprintf(text + strlen(text), i % 2 ? "%010d\n" : "%09d\n", (int)two);
	sprintf(text + strlen(text), "%d\n%d\n%d", (int)dead, (int)two, (int)getpid());
	snprintf(below, sizeof(below), "%s/a", root);
	assert_int_equal(mkdir(below, 0700), 0);
	strcat(below, "/b");
	assert_int_equal(mkdir(below, 0700), 0);
	write_file(below, "cgroup.procs", text);
	sprintf(text, "%d\n", (int)one);
	write_file(root, "cgroup.procs", text);
	assert_int_equal(proc_list_cgroup(root, &list), 0);
	assert_int_equal(list.n_items, 3);
	for (size_t i = 0; i < 3; i++)
		assert_true(list.items[i].pid == one || list.items[i].pid == two || list.items[i].pid == getpid());
	assert_true(list.items[0].pid < list.items[1].pid && list.items[1].pid < list.items[2].pid);
	process_list_clear(&list);
	end_child(one);
	end_child(two);
	snprintf(command, sizeof(command), "rm -r '%s'", root);
	assert_int_equal(system(command), 0);
	assert_int_equal(proc_list_cgroup(root, &list), 0);
	assert_int_equal(list.n_items, 0);
}

/* What cannot be named is there all the same, and each of them counts. */
static void cgroup_with_processes_of_another_namespace(void **state)
{
	char root[] = "/tmp/test-proc-XXXXXX", text[64], command[200];
	struct process_list list = { 0 };

	(void)state;
	assert_non_null(mkdtemp(root));
	sprintf(text, "0\n%d\n0\n", (int)getpid());
	write_file(root, "cgroup.procs", text);
	assert_int_equal(proc_list_cgroup(root, &list), 0);
	assert_int_equal(list.n_items, 3);
	assert_int_equal(list.items[0].pid, 0);
	assert_int_equal(list.items[1].pid, 0);
	assert_int_equal(list.items[2].pid, getpid());
	assert_string_equal(list.items[0].command, "");
	process_list_clear(&list);
	write_file(root, "cgroup.procs", "hello\n");
	assert_int_equal(proc_list_cgroup(root, &list), -EPROTO);
	process_list_clear(&list);
	snprintf(command, sizeof(command), "rm -r '%s'", root);
	assert_int_equal(system(command), 0);
}

/* The user of a cgroup names and nests the folders in it. */
static void cgroup_that_hides_its_processes(void **state)
{
	char root[] = "/tmp/test-proc-XXXXXX", text[64], command[200];
	struct rlimit few = { .rlim_cur = 40, .rlim_max = 4096 }, before;
	struct process_list list = { 0 };
	int folder, next;

	(void)state;
	assert_non_null(mkdtemp(root));
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	few.rlim_max = before.rlim_max;
	folder = open(root, O_RDONLY | O_DIRECTORY);
	for (int i = 0; i < 2500; i++) {	/* longer than a path may be */
		assert_int_equal(mkdirat(folder, "..x", 0700), 0);
		assert_int_equal(mkdirat(folder, ".y", 0700), 0);
		next = openat(folder, i % 2 ? "..x" : ".y", O_RDONLY | O_DIRECTORY);
		assert_true(next >= 0);
		close(folder);
		folder = next;
	}
	next = openat(folder, "cgroup.procs", O_WRONLY | O_CREAT, 0600);
	sprintf(text, "%d\n", (int)getpid());
	assert_int_equal(write(next, text, strlen(text)), strlen(text));
	close(next);
	close(folder);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	assert_int_equal(proc_list_cgroup(root, &list), 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(list.n_items, 1);
	process_list_clear(&list);
	snprintf(command, sizeof(command), "rm -r '%s'", root);
	assert_int_equal(system(command), 0);
}

/* Makes a folder in the first hierarchy of version 2, if we may. Returns whether it did. */
static bool make_real_cgroup(char path[static 200])
{
	char line[600], mount[120], type[32];
	FILE *mounts = fopen("/proc/mounts", "r");
	bool made = false;

	while (mounts && !made && fgets(line, sizeof(line), mounts)) {
		if (sscanf(line, "%*s %119s %31s", mount, type) != 2 || strcmp(type, "cgroup2") != 0)
			continue;
		snprintf(path, 200, "%s/test-proc-%d", mount, (int)getpid());
		made = mkdir(path, 0700) == 0;
	}
	if (mounts)
		fclose(mounts);
	return made;
}

static bool write_to(const char *folder, const char *name, const char *text)
{
	char path[300];
	int fd;
	bool done;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_WRONLY);
	done = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	if (fd >= 0)
		close(fd);
	return done;
}

/* The kernel lists the processes of threaded cgroups in a folder above them, which may not be ours to look at. */
static void cgroup_of_threads(void **state)
{
	char root[200], below[220], text[16];
	struct process_list list = { 0 };
	pid_t child;
	bool ready;

	(void)state;
	if (!make_real_cgroup(root)) {
		skip(); /* not root, or no cgroups of version 2 */
		return;
	}
	child = start_child(named_child);
	snprintf(below, sizeof(below), "%s/t", root);
	sprintf(text, "%d", (int)child);
	ready = mkdir(below, 0700) == 0 && write_to(below, "cgroup.type", "threaded") && write_to(below, "cgroup.procs", text);
	if (ready)
		assert_int_equal(proc_list_cgroup(below, &list), 0);
	end_child(child);
	assert_int_equal(rmdir(below), 0);
	assert_int_equal(rmdir(root), 0);
	assert_true(ready);
	assert_int_equal(list.n_items, 1);
	assert_int_equal(list.items[0].pid, child);
	process_list_clear(&list);
}

/* A process can move from folder to folder and be where the walk is not; the kernel counts it all the same. */
static void cgroup_that_the_kernel_calls_populated(void **state)
{
	char root[] = "/tmp/test-proc-XXXXXX", command[200];
	struct process_list list = { 0 };

	(void)state;
	assert_non_null(mkdtemp(root));
	write_file(root, "cgroup.procs", "");
	write_file(root, "cgroup.events", "populated 0\nfrozen 0\n");
	assert_int_equal(proc_list_cgroup(root, &list), 0);
	assert_int_equal(list.n_items, 0);
	write_file(root, "cgroup.events", "populated 1\nfrozen 0\n");
	assert_int_equal(proc_list_cgroup(root, &list), -EAGAIN);
	assert_int_equal(list.n_items, 0);
	process_list_clear(&list);
	snprintf(command, sizeof(command), "rm -r '%s'", root);
	assert_int_equal(system(command), 0);
}

/* ---- lists ---- */

static void list_keeps_each_process_once(void **state)
{
	struct process_list list = { 0 };

	(void)state;
	for (int round = 0; round < 2; round++)
		for (pid_t i = 0; i < 300; i++)
			assert_int_equal(
				process_list_add(&list, 1 + i * 7 % 300, "a command longer than thirty-one bytes"), 0);
	assert_int_equal(list.n_items, 300);
	for (size_t i = 0; i < list.n_items; i++)
		assert_int_equal(list.items[i].pid, (pid_t)i + 1);
	assert_int_equal(strlen(list.items[0].command), 31);
	process_list_clear(&list);
	assert_null(list.items);
	assert_int_equal(list.n_items, 0);
	process_list_clear(&list);
}

static struct logoff_process explained(pid_t pid)
{
	struct process_list list = { 0 };
	struct logoff_process process;

	assert_int_equal(process_list_add(&list, pid, "child"), 0);
	proc_explain(&list, NULL);
	process = list.items[0];
	process_list_clear(&list);
	return process;
}

static void why_a_process_does_not_end(void **state)
{
	pid_t pid = start_child(named_child);
	struct logoff_process process = explained(pid);
	int status;

	(void)state;
	assert_int_equal(process.stuck, LOGOFF_STUCK_NOT);
	assert_int_equal(process.tracer, 0);
	kill(pid, SIGSTOP);
	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	assert_int_equal(explained(pid).stuck, LOGOFF_STUCK_STOPPED);
	kill(pid, SIGCONT);
	/* As a debugger that lets it stop when it ends: SIGKILL does not end it. */
	assert_int_equal(ptrace(PTRACE_SEIZE, pid, NULL, PTRACE_O_TRACEEXIT), 0);
	kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status) && status >> 8 != (SIGTRAP | PTRACE_EVENT_EXIT << 8))
		ptrace(PTRACE_CONT, pid, NULL, NULL);
	process = explained(pid);
	assert_int_equal(process.stuck, LOGOFF_STUCK_TRACED);
	assert_int_equal(process.tracer, getpid());
	ptrace(PTRACE_CONT, pid, NULL, NULL);
	end_child(pid);
	assert_int_equal(explained(pid).stuck, LOGOFF_STUCK_NOT);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(stat_of_a_terminal_process),
		cmocka_unit_test(stat_of_init_without_terminal),
		cmocka_unit_test(stat_of_a_command_that_imitates_fields),
		cmocka_unit_test(stat_of_an_ended_process),
		cmocka_unit_test(stat_with_odd_but_right_values),
		cmocka_unit_test(stat_that_is_wrong),
		cmocka_unit_test(numbers),
		cmocka_unit_test(login_of_a_user),
		cmocka_unit_test(login_with_full_fields),
		cmocka_unit_test(login_that_is_none),
		cmocka_unit_test(xrdp_sockets),
		cmocka_unit_test(read_a_live_and_a_gone_process),
		cmocka_unit_test(walk_over_all_processes),
		cmocka_unit_test(process_whose_first_thread_has_ended),
		cmocka_unit_test(cgroup_is_listed_with_those_below),
		cmocka_unit_test(cgroup_with_processes_of_another_namespace),
		cmocka_unit_test(cgroup_that_hides_its_processes),
		cmocka_unit_test(cgroup_of_threads),
		cmocka_unit_test(cgroup_that_the_kernel_calls_populated),
		cmocka_unit_test(list_keeps_each_process_once),
		cmocka_unit_test(why_a_process_does_not_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
