/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-family.c - real processes on real terminals, found, held and ended by a family.
 *
 * A session is imitated by a pseudo terminal with a child that takes it as its controlling terminal, a cgroup by a
 * folder with a file cgroup.procs. Kernel audit sessions cannot be had without being root; the lab has them.
 * Each child tells the pids of its own through a pipe and dies with the test.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pty.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "local/family.h"

#define MAX_PIDS 8

/* A terminal with processes on it. */
struct terminal {
	int master, slave;
	unsigned device;
	pid_t session; /* containers on this machine number their terminals like us */
	pid_t pids[MAX_PIDS]; /* as the code on it has told them */
	int n_pids;
};

static void ignore_all(void)
{
	signal(SIGHUP, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGINT, SIG_IGN);
}

static void say_pid(int fd)
{
	pid_t pid = getpid();

	(void)!write(fd, &pid, sizeof(pid));
}

/* Even if the test breaks off, nobody stays for long. */
static void stay(void)
{
	alarm(20);
	for (;;)
		pause();
}

/* In a login its kernel audit session has the children, and no terminal of theirs counts. */
static bool is_in_login(void)
{
	uint32_t own, init;

	return proc_read_audit_session(getpid(), &own) == 0 && own != PROC_NO_AUDIT &&
	       !(proc_read_audit_session(1, &init) == 0 && own == init);
}

/* Runs CODE in a child on a new terminal and takes the N_PIDS pids that it tells. */
static void start_on_terminal(struct terminal *t, void (*code)(int fd), int n_pids)
{
	struct stat status;
	int fds[2];
	pid_t pid;

	if (is_in_login())
		skip();
	assert_int_equal(openpty(&t->master, &t->slave, NULL, NULL, NULL), 0);
	assert_int_equal(fstat(t->slave, &status), 0);
	t->device = (unsigned)status.st_rdev;
	assert_int_equal(pipe(fds), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(t->master);
		setsid();
		ioctl(t->slave, TIOCSCTTY, 0);
		code(fds[1]);
		_exit(0);
	}
	t->session = pid;
	close(fds[1]);
	for (t->n_pids = 0; t->n_pids < n_pids; t->n_pids++)
		assert_int_equal(read(fds[0], &t->pids[t->n_pids], sizeof(pid_t)), sizeof(pid_t));
	close(fds[0]);
}

static void close_terminal(struct terminal *t)
{
	for (int i = 0; i < t->n_pids; i++)
		(void)kill(t->pids[i], SIGKILL);
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	close(t->master);
	close(t->slave);
}

static struct family *new_family(struct family_marks marks)
{
	struct family *family;

	assert_int_equal(family_new(&family, &marks), 0);
	return family;
}

static struct family *terminal_family(const struct terminal *t)
{
	return new_family((struct family_marks){
		.audit_session = PROC_NO_AUDIT, .terminal = t->device, .terminal_session = t->session });
}

static bool is_member(const struct family *family, pid_t pid)
{
	struct process_list list = { 0 };
	bool found = false;

	assert_int_equal(family_list(family, &list), 0);
	for (size_t i = 0; i < list.n_items; i++)
		found = found || list.items[i].pid == pid;
	process_list_clear(&list);
	return found;
}

static bool is_running(pid_t pid)
{
	struct proc_stat stat;

	return proc_read_stat(pid, &stat) == 0 && stat.state != 'Z' && stat.state != 'X';
}

static void sleep_ms(long ms)
{
	struct timespec time = { .tv_nsec = ms * 1000000 };

	nanosleep(&time, NULL);
}

/* Gives ended processes the time to end. */
static bool ends_soon(struct family *family)
{
	for (int i = 0; i < 500; i++) {
		if (family_is_gone(family) == 1)
			return true;
		sleep_ms(1);
	}
	return false;
}

/* ---- what runs on the terminals ---- */

/* A shell, a job of it that ignores everything, and a daemon that has left the terminal but not its parent. */
static void shell_with_jobs(int fd)
{
	say_pid(fd);
	if (fork() == 0) {
		ignore_all();
		say_pid(fd);
		stay();
	}
	if (fork() == 0) {
		setsid();
		ignore_all();
		say_pid(fd);
		stay();
	}
	stay();
}

static void lonely_shell(int fd)
{
	say_pid(fd);
	stay();
}

/* Forks and exits for ever: each process lives for some microseconds. */
static void fork_chain(int fd)
{
	ignore_all();
	signal(SIGCHLD, SIG_IGN);
	if (fork() > 0) {
		say_pid(fd);
		stay();
	}
	for (uint64_t end_us = clock_now_us() + 60000000; clock_now_us() < end_us;) /* never for ever on a test machine */
		if (fork() != 0)
			_exit(0);
	_exit(0);
}

/* ---- tests ---- */

static void terminal_and_descendants_are_the_family(void **state)
{
	struct terminal t, other;
	struct family *family;

	(void)state;
	start_on_terminal(&t, shell_with_jobs, 3);
	start_on_terminal(&other, lonely_shell, 1);
	family = terminal_family(&t);
	assert_int_equal(family_scan(family), 3);
	for (int i = 0; i < 3; i++)
		assert_true(is_member(family, t.pids[i]));
	assert_false(is_member(family, other.pids[0]));
	assert_false(is_member(family, getpid()));
	assert_int_equal(family_is_gone(family), 0);
	family_free(family);
	close_terminal(&t);
	close_terminal(&other);
}

static void member_stays_one_after_its_parent_and_terminal_are_gone(void **state)
{
	struct terminal t;
	struct family *family;

	(void)state;
	start_on_terminal(&t, shell_with_jobs, 3);
	family = terminal_family(&t);
	assert_int_equal(family_scan(family), 3);
	kill(t.pids[0], SIGKILL);
	waitpid(t.pids[0], NULL, 0);
	assert_int_equal(family_scan(family), 2);
	assert_int_equal(family_signal(family, SIGKILL), 0);
	assert_true(ends_soon(family));
	for (int i = 0; i < 3; i++)
		assert_false(is_running(t.pids[i]));
	family_free(family);
	close_terminal(&t);
}

static void stubborn_members_outlive_asking_but_not_killing(void **state)
{
	struct terminal t, other;
	struct family *family;

	(void)state;
	start_on_terminal(&t, shell_with_jobs, 3);
	start_on_terminal(&other, lonely_shell, 1);
	family = terminal_family(&t);
	assert_int_equal(family_scan(family), 3);
	assert_int_equal(family_signal(family, SIGTERM), 0);
	waitpid(t.pids[0], NULL, 0);
	sleep_ms(5);
	assert_int_equal(family_scan(family), 2);
	assert_int_equal(family_is_gone(family), 0);
	assert_int_equal(family_signal(family, SIGKILL), 0);
	assert_true(ends_soon(family));
	assert_false(is_running(t.pids[1]) || is_running(t.pids[2]));
	assert_true(is_running(other.pids[0]));
	family_free(family);
	close_terminal(&t);
	close_terminal(&other);
}

static void fork_chain_does_not_escape(void **state)
{
	struct terminal t;
	struct family *family;
	bool gone = false;

	(void)state;
	start_on_terminal(&t, fork_chain, 1);
	family = terminal_family(&t);
	assert_true(family_scan(family) >= 1);
	/* As the procedure does it: again and again, and a last look. A busy machine may need more than one go. */
	for (int i = 0; i < 200 && !gone; i++) {
		assert_int_equal(family_signal(family, SIGKILL), 0);
		gone = family_is_gone(family) == 1;
		sleep_ms(20);
		gone = gone && family_is_gone(family) == 1;
	}
	assert_true(gone);
	family_free(family);
	close_terminal(&t);
}

static void member_is_polled_until_it_ends(void **state)
{
	struct pollfd fds[3];
	struct terminal t;
	struct family *family;

	(void)state;
	start_on_terminal(&t, shell_with_jobs, 3);
	family = terminal_family(&t);
	assert_int_equal(family_scan(family), 3);
	assert_int_equal(family_n_poll(family), 3);
	family_poll(family, fds);
	assert_int_equal(poll(fds, 3, 0), 0);
	kill(t.pids[2], SIGKILL);
	assert_int_equal(poll(fds, 3, 2000), 1);
	family_free(family);
	close_terminal(&t);
}

/* Without descriptors pid and start time have to do. */
static void without_descriptors_it_works_too(void **state)
{
	struct rlimit old, low;
	struct pollfd fds[3];
	struct terminal t;
	struct family *family;

	(void)state;
	start_on_terminal(&t, shell_with_jobs, 3);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	low = old;
	low.rlim_cur = 40;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	family = terminal_family(&t);
	assert_int_equal(family_scan(family), 3);
	family_poll(family, fds);
	for (int i = 0; i < 3; i++)
		assert_int_equal(fds[i].fd, -1);
	assert_int_equal(family_signal(family, SIGKILL), 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_true(ends_soon(family));
	family_free(family);
	close_terminal(&t);
}

/* The caller on the terminal itself: it survives, its own children and its group's other process do not. */
static void log_off_own_terminal(int fd)
{
	struct proc_stat self;
	struct family *family;
	struct family_marks marks = { .audit_session = PROC_NO_AUDIT };
	pid_t sibling = fork();
	bool right;

	if (sibling == 0) {
		ignore_all();
		stay();
	}
	proc_read_stat(getpid(), &self);
	marks.terminal = self.terminal;
	marks.terminal_session = self.session;
	right = family_new(&family, &marks) == 0 && family_scan(family) == 1 && is_member(family, sibling) &&
		family_signal(family, SIGKILL) == 0 && waitpid(sibling, NULL, 0) == sibling &&
		family_is_gone(family) == 1;
	family_free(family);
	if (right)
		say_pid(fd);
}

static void caller_is_never_harmed(void **state)
{
	struct terminal t;

	(void)state;
	start_on_terminal(&t, log_off_own_terminal, 1);
	close_terminal(&t);
}

/* No mark at all, or the mark of processes without an audit session: nobody, and certainly not everybody. */
static void no_mark_means_nobody(void **state)
{
	struct family *family = new_family((struct family_marks){ .audit_session = PROC_NO_AUDIT });
	struct terminal t;
	uint32_t init = PROC_NO_AUDIT;

	(void)state;
	start_on_terminal(&t, lonely_shell, 1);
	assert_int_equal(family_scan(family), 0);
	assert_int_equal(family_signal(family, SIGKILL), 0);
	assert_int_equal(family_is_gone(family), 1);
	family_free(family);
	/* In a container started from a login session everybody has that session's number: it is none here. */
	(void)proc_read_audit_session(1, &init);
	family = new_family((struct family_marks){ .audit_session = init });
	assert_int_equal(family_signal(family, SIGKILL), 0);
	assert_int_equal(family_is_gone(family), 1);
	assert_true(is_running(t.pids[0]));
	family_free(family);
	close_terminal(&t);
}

/* ---- by cgroup ---- */

static void put_into_cgroup(const char *folder, const pid_t *pids, int n)
{
	char path[100];
	FILE *f;

	snprintf(path, sizeof(path), "%s/cgroup.procs", folder);
	f = fopen(path, "w");
	assert_non_null(f);
	for (int i = 0; i < n; i++)
		fprintf(f, "%d\n", (int)pids[i]);
	assert_int_equal(fclose(f), 0);
}

static void remove_cgroup(const char *folder)
{
	char path[100];

	snprintf(path, sizeof(path), "%s/cgroup.procs", folder);
	unlink(path);
	rmdir(folder);
}

static void group_with_a_stranger_is_not_killed_as_one(void **state)
{
	char folder[] = "/tmp/test-family-XXXXXX";
	struct terminal t;
	struct family *family;
	pid_t members[2];

	(void)state;
	assert_non_null(mkdtemp(folder));
	start_on_terminal(&t, shell_with_jobs, 3);
	members[0] = t.pids[0]; /* the job of the shell, in its process group, is no member */
	members[1] = getpid();
	put_into_cgroup(folder, members, 2);
	for (int i = 1; i < 3; i++) { /* find the job: the daemon has a session of its own */
		if (getsid(t.pids[i]) == t.pids[0])
			members[1] = t.pids[i];
	}
	assert_int_equal(getpgid(members[1]), getpgid(members[0]));
	family = new_family((struct family_marks){ .audit_session = PROC_NO_AUDIT, .cgroup = folder });
	assert_int_equal(family_scan(family), 1);
	assert_int_equal(family_signal(family, SIGKILL), 0);
	waitpid(t.pids[0], NULL, 0);
	assert_true(ends_soon(family));
	assert_true(is_running(members[1]));
	family_free(family);
	close_terminal(&t);
	remove_cgroup(folder);
}

static void member_that_leaves_its_cgroup_is_none_any_more(void **state)
{
	char folder[] = "/tmp/test-family-XXXXXX";
	struct terminal t;
	struct family *family;

	(void)state;
	assert_non_null(mkdtemp(folder));
	start_on_terminal(&t, shell_with_jobs, 3);
	put_into_cgroup(folder, t.pids, 3);
	family = new_family((struct family_marks){ .audit_session = PROC_NO_AUDIT, .cgroup = folder });
	assert_int_equal(family_scan(family), 3);
	put_into_cgroup(folder, t.pids, 2);
	assert_int_equal(family_scan(family), 2);
	assert_int_equal(family_signal(family, SIGKILL), 0);
	sleep_ms(5);
	assert_true(is_running(t.pids[2]));
	remove_cgroup(folder);
	assert_int_equal(family_is_gone(family), 1);
	family_free(family);
	close_terminal(&t);
}

static void member_of_another_namespace_is_counted(void **state)
{
	char folder[] = "/tmp/test-family-XXXXXX";
	struct process_list list = { 0 };
	pid_t members[2] = { 0, 0 };
	struct family *family;

	(void)state;
	assert_non_null(mkdtemp(folder));
	put_into_cgroup(folder, members, 2);
	family = new_family((struct family_marks){ .audit_session = PROC_NO_AUDIT, .cgroup = folder });
	assert_int_equal(family_scan(family), 2);
	assert_int_equal(family_is_gone(family), 0);
	assert_int_equal(family_signal(family, SIGKILL), -EPERM);
	assert_int_equal(family_list(family, &list), 0);
	assert_int_equal(list.n_items, 2);
	process_list_clear(&list);
	remove_cgroup(folder);
	assert_int_equal(family_is_gone(family), 1);
	family_free(family);
}

/* ---- where /proc hides ---- */

/* What must hold for a user who sees no processes but their own. Returns 0, or the number of the check that failed. */
static int look_with_hidden(const char *folder, pid_t hidden)
{
	struct family_marks by_cgroup = { .audit_session = PROC_NO_AUDIT, .cgroup = folder };
	struct family_marks by_audit = { .audit_session = 4294967290u };
	struct process_list list = { 0 };
	struct proc_stat stat;
	struct family *family;

	if (proc_read_stat(hidden, &stat) != -EACCES || !proc_hides())
		return 1;
	if (family_new(&family, &by_cgroup) < 0 || family_scan(family) != 1 || family_scan(family) != 1)
		return 2;
	if (family_is_gone(family) != 0 || family_signal(family, SIGTERM) != -EPERM)
		return 3;
	if (family_list(family, &list) < 0 || list.n_items != 1 || list.items[0].pid != hidden || list.items[0].command[0])
		return 4;
	family_free(family);
	/* Nobody is seen in that session, and that means nothing. */
	if (family_new(&family, &by_audit) < 0 || family_scan(family) != 0 || family_is_gone(family) != -EOPNOTSUPP)
		return 5;
	family_free(family);
	process_list_clear(&list);
	return 0;
}

static void hidden_members_are_members(void **state)
{
	char folder[] = "/tmp/test-family-XXXXXX";
	pid_t parent = getpid(), pid;
	int status;

	(void)state;
	assert_non_null(mkdtemp(folder));
	assert_int_equal(chmod(folder, 0755), 0);
	put_into_cgroup(folder, &parent, 1);
	pid = fork();
	if (pid == 0) {
		/* A /proc of our own: the mount as the machine has it is not ours to change. */
		if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		    mount("proc", "/proc", "proc", 0, "hidepid=2,gid=4242") < 0 || setgroups(0, NULL) < 0 ||
		    setresgid(65534, 65534, 65534) < 0 || setresuid(65534, 65534, 65534) < 0)
			_exit(99);
		_exit(look_with_hidden(folder, parent));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	remove_cgroup(folder);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 99)
		skip(); /* not root */
	assert_int_equal(status, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(terminal_and_descendants_are_the_family),
		cmocka_unit_test(member_stays_one_after_its_parent_and_terminal_are_gone),
		cmocka_unit_test(stubborn_members_outlive_asking_but_not_killing),
		cmocka_unit_test(fork_chain_does_not_escape),
		cmocka_unit_test(member_is_polled_until_it_ends),
		cmocka_unit_test(without_descriptors_it_works_too),
		cmocka_unit_test(caller_is_never_harmed),
		cmocka_unit_test(no_mark_means_nobody),
		cmocka_unit_test(group_with_a_stranger_is_not_killed_as_one),
		cmocka_unit_test(member_that_leaves_its_cgroup_is_none_any_more),
		cmocka_unit_test(member_of_another_namespace_is_counted),
		cmocka_unit_test(hidden_members_are_members),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
