/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-user.c - what logoff-user has of its starter, seen from outside while it works for an X server that never answers; and
 * that it ends with its starter, or says that it is not there.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <poll.h>
#include <pwd.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/clock.h"
#include "local/file.h"
#include "local/user.h"

/* Root's program becomes this user; another user's stays theirs. */
#define NOBODY 65534

static uid_t recipient(void)
{
	return geteuid() == 0 ? NOBODY : geteuid();
}

/* ---- an X server that takes a connection and says nothing ---- */

static unsigned number;

static int open_server(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), n;

	number = 200000000 + (unsigned)getpid();
	n = snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, "/tmp/.X11-unix/X%u", number);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n)), 0);
	assert_int_equal(listen(fd, 8), 0);
	return fd;
}

static struct user_child start_question(void)
{
	struct job job = {
		.head = { .kind = JOB_IDLE_DISPLAY, .uid = recipient(), .display = number, .timeout_us = 20000000 },
	};
	struct user_child child;

	assert_int_equal(user_start(&child, &job, NULL), 0);
	return child;
}

static void skip_if_nothing_can_be_asked(void)
{
	void *library = dlopen("libxcb-screensaver.so.0", RTLD_NOW);

	if (!library || !getpwuid(recipient())) {
		print_message("no libxcb-screensaver here, or no name for this user\n");
		skip();
	}
	dlclose(library);
}

/* ---- what it has ---- */

static const char *read_proc(pid_t pid, const char *name)
{
	static char text[65536];
	char path[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	n = file_read(AT_FDCWD, path, 0, text, sizeof(text));
	if (n < 0)
		fail_msg("%s: %s", path, strerror((int)-n));
	return text;
}

static void assert_field(pid_t pid, const char *name, const char *value)
{
	char line[128];

	snprintf(line, sizeof(line), "\n%s:\t%s\n", name, value);
	if (!strstr(read_proc(pid, "status"), line))
		fail_msg("not %s in %s", line, read_proc(pid, "status"));
}

static const char *read_descriptor(pid_t pid, const char *name)
{
	static char target[256];
	char path[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/fd/%.16s", (int)pid, name);
	n = readlink(path, target, sizeof(target) - 1);
	assert_true(n > 0);
	target[n] = '\0';
	return target;
}

/* /dev/null three times, the socket of the job, and that to the X server. */
static void assert_descriptors(pid_t pid)
{
	char path[64];
	struct dirent *entry;
	unsigned n = 0;
	DIR *folder;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	folder = opendir(path);
	assert_non_null(folder);
	while ((entry = readdir(folder))) {
		const char *wanted = atoi(entry->d_name) <= STDERR_FILENO ? "/dev/null" : "socket:";

		if (*entry->d_name == '.')
			continue;
		if (strncmp(read_descriptor(pid, entry->d_name), wanted, strlen(wanted)) != 0)
			fail_msg("descriptor %s is %s", entry->d_name, read_descriptor(pid, entry->d_name));
		n++;
	}
	closedir(folder);
	assert_int_equal(n, 5);
}

/* How many keys and keyrings of the user there are; -1 if the kernel does not say. */
static int count_keys(void)
{
	char text[16384], wanted[16], *line;
	int keys = 0;

	if (file_read(AT_FDCWD, "/proc/key-users", 0, text, sizeof(text)) < 0)
		return -1;
	snprintf(wanted, sizeof(wanted), "%5u:", (unsigned)recipient());
	line = strstr(text, wanted);
	if (line)
		(void)sscanf(line, "%*u: %*d %d", &keys);
	return keys;
}

static void dirty_this_process(void)
{
	sigset_t term;

	assert_true(dup2(STDIN_FILENO, 50) == 50 && dup2(STDIN_FILENO, 51) == 51);	/* they are not marked to be closed */
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	assert_int_equal(sigprocmask(SIG_BLOCK, &term, NULL), 0);
	assert_true(signal(SIGUSR1, SIG_IGN) != SIG_ERR);
	assert_int_equal(setenv("SECRET", "of the sender", 1), 0);
	assert_int_equal(chdir("/usr"), 0);
	(void)umask(0);
	(void)syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL);
}

static void assert_nothing_of_the_starter(pid_t pid)
{
	char text[128];
	int parent, group, session, terminal;

	snprintf(text, sizeof(text), "%1$u\t%1$u\t%1$u\t%1$u", (unsigned)recipient());
	assert_field(pid, "Uid", text);
	assert_field(pid, "NoNewPrivs", "1");
	assert_field(pid, "SigBlk", "0000000000000000");
	assert_field(pid, "SigIgn", "0000000000000000");
#ifndef __SANITIZE_ADDRESS__	/* which catches some */
	assert_field(pid, "SigCgt", "0000000000000000");
#endif
	assert_field(pid, "CapInh", "0000000000000000");
	assert_field(pid, "CapPrm", "0000000000000000");
	assert_field(pid, "CapEff", "0000000000000000");
	assert_field(pid, "CapAmb", "0000000000000000");
	assert_field(pid, "Umask", "0077");
	assert_int_equal(sscanf(strrchr(read_proc(pid, "stat"), ')'), ") %*c %d %d %d %d", &parent, &group, &session, &terminal), 4);
	assert_int_equal(group, pid);
	assert_int_equal(session, pid);
	assert_int_equal(terminal, 0);
	assert_non_null(strstr(read_proc(pid, "limits"), "Max core file size        0                    0 "));
}

/* What only root may see of it, and cut off. */
static void assert_nothing_of_root(pid_t pid)
{
	char text[16];

	assert_field(pid, "Groups", " ");
	assert_string_equal(read_proc(pid, "environ"), "");
	assert_descriptors(pid);
	if (access("/proc/self/loginuid", W_OK) == 0 && strcmp(read_proc(pid, "loginuid"), "4294967295") != 0) {
		snprintf(text, sizeof(text), "%u", (unsigned)recipient());
		assert_string_equal(read_proc(pid, "loginuid"), text);
	}
}

static void it_has_nothing_of_its_starter(void **state)
{
	struct user_child child;
	struct pollfd asked;
	int keys;

	(void)state;
	skip_if_nothing_can_be_asked();
	asked = (struct pollfd){ .fd = open_server(), .events = POLLIN };
	dirty_this_process();
	keys = count_keys();
	child = start_question();
	assert_int_equal(poll(&asked, 1, 10000), 1);
	assert_nothing_of_the_starter(child.pid);
	if (geteuid() == 0)
		assert_nothing_of_root(child.pid);
	if (geteuid() == 0 && keys >= 0)	/* its session keyring is one of its own */
		assert_true(count_keys() > keys);
	user_end(&child);
	close(asked.fd);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

/* ---- its end ---- */

static void it_ends_with_its_starter(void **state)
{
	struct pollfd asked;
	struct user_child child;
	int fds[2], status;
	pid_t starter, pid;

	(void)state;
	skip_if_nothing_can_be_asked();
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);	/* what the starter leaves is ours */
	asked = (struct pollfd){ .fd = open_server(), .events = POLLIN };
	assert_int_equal(pipe(fds), 0);
	starter = fork();
	if (starter == 0) {
		child = start_question();
		(void)!poll(&asked, 1, 10000);
		_exit(write(fds[1], &child.pid, sizeof(child.pid)) != sizeof(child.pid));
	}
	assert_int_equal(read(fds[0], &pid, sizeof(pid)), sizeof(pid));
	assert_int_equal(waitpid(starter, &status, 0), starter);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 0), 0);
	close(fds[0]);
	close(fds[1]);
	close(asked.fd);
}

static void one_that_never_replies_costs_the_deadline(void **state)
{
	struct job job = { .head = { .kind = JOB_IDLE_DISPLAY, .uid = recipient(), .timeout_us = 300000 } };
	struct job_idle idle;
	uint64_t before;
	int fd;

	(void)state;
	skip_if_nothing_can_be_asked();
	fd = open_server();
	job.head.display = number;
	before = clock_now_us();
	assert_int_equal(user_ask(&job, &idle, sizeof(idle), NULL), -ETIMEDOUT);
	assert_in_range(clock_now_us() - before, 300000, 800000);
	close(fd);
}

/* ---- one that is not there ---- */

static void it_is_said_that_it_is_missing(void **state)
{
	struct job job = { .head = { .kind = JOB_IDLE_DISPLAY, .uid = recipient(), .timeout_us = 1000000 } };
	struct logoff_error error = {};
	struct user_child child;
	char *path = strdup(getenv("LOGOFF_USER_PROGRAM"));

	(void)state;
	assert_int_equal(setenv("LOGOFF_USER_PROGRAM", "/nonexistent/logoff-user", 1), 0);
	assert_int_equal(user_start(&child, &job, &error), -ENOPKG);
	assert_string_equal(error.text, "/nonexistent/logoff-user: No such file or directory");
	assert_int_equal(child.pid, 0);
	user_end(&child);
	assert_int_equal(setenv("LOGOFF_USER_PROGRAM", path, 1), 0);
	free(path);
}

/* An errno of the kernel must not become a statement about a session or a host. */
static void what_the_kernel_refuses_is_a_failure(void **state)
{
	struct job job = { .head = { .kind = JOB_IDLE_DISPLAY, .uid = recipient(), .timeout_us = 1000000 } };
	struct logoff_error error = {};
	struct user_child child;
	struct rlimit before, none;
	char *path = strdup(getenv("LOGOFF_USER_PROGRAM"));

	(void)state;
	assert_int_equal(setenv("LOGOFF_USER_PROGRAM", "/dev/null/logoff-user", 1), 0);
	assert_int_equal(user_start(&child, &job, &error), -EIO);
	assert_int_equal(error.number, ENOTDIR);
	assert_int_equal(setenv("LOGOFF_USER_PROGRAM", path, 1), 0);
	free(path);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = (struct rlimit){ .rlim_cur = 3, .rlim_max = before.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_int_equal(user_start(&child, &job, &error), -EMFILE);	/* it means nothing else */
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(error.number, EMFILE);
}

static void too_long_a_job_is_not_started(void **state)
{
	struct job job = { .head = { .kind = JOB_MESSAGE, .uid = recipient() } };
	struct user_child child;
	char *text = malloc(JOB_SIZE_MAX + 1);

	(void)state;
	assert_non_null(text);
	memset(text, 'x', JOB_SIZE_MAX);
	text[JOB_SIZE_MAX] = '\0';
	job.texts[JOB_TEXT] = text;
	assert_int_equal(user_start(&child, &job, NULL), -EMSGSIZE);
	free(text);
}

static void displays(void **state)
{
	unsigned display;

	(void)state;
	assert_true(user_parse_display(":10", &display) && display == 10);
	assert_true(user_parse_display(":10.0", &display) && display == 10);
	assert_true(user_parse_display(":0.0", &display) && display == 0);
	assert_false(user_parse_display("host:0", &display));
	assert_false(user_parse_display("", &display));
	assert_false(user_parse_display(":", &display));
	assert_false(user_parse_display(":1x", &display));
	assert_false(user_parse_display(":/../1", &display));
	assert_false(user_parse_display(":1234567890", &display));
}

/* ---- one of another version ---- */

static void it_shows_its_stamp_to_another_library(void **state)
{
	struct job_head head = { .stamp = { "0.2.0-x86_64-01234567" }, .kind = JOB_LOOK_UP };
	struct stamp stamp;
	int fds[2], status;
	pid_t pid;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	assert_int_equal(send(fds[0], &head, sizeof(head), 0), sizeof(head));
	pid = fork();
	if (pid == 0) {
		if (fds[1] == JOB_FD ? fcntl(JOB_FD, F_SETFD, 0) == 0 : dup2(fds[1], JOB_FD) == JOB_FD)
			execl(getenv("LOGOFF_USER_PROGRAM"), "logoff-user", NULL);
		_exit(127);
	}
	close(fds[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	assert_int_equal(recv(fds[0], &stamp, sizeof(stamp), 0), sizeof(stamp));
	assert_true(stamp_is_own(&stamp));
	close(fds[0]);
}

/* What this executable is under the name logoff-user: such a program. */
static int play_another_version(void)
{
	struct stamp stamp = { "0.2.0-x86_64-01234567" };
	char job[4096];

	return recv(JOB_FD, job, sizeof(job), 0) > 0 && send(JOB_FD, &stamp, sizeof(stamp), MSG_NOSIGNAL) > 0 ? 0 : 1;
}

static void it_is_said_that_it_is_of_another_version(void **state)
{
	struct job job = { .head = { .kind = JOB_LOOK_UP, .uid = recipient(), .timeout_us = 10000000 } };
	char *path = strdup(getenv("LOGOFF_USER_PROGRAM")), self[4096] = "";
	struct logoff_error error = {};
	struct job_found found;

	(void)state;
	assert_true(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
	assert_int_equal(setenv("LOGOFF_USER_PROGRAM", self, 1), 0);
	assert_int_equal(user_ask(&job, &found, sizeof(found), &error), -ENOPKG);
	assert_non_null(strstr(error.text, " is of another version (0.2.0-x86_64-01234567)"));
	assert_int_equal(setenv("LOGOFF_USER_PROGRAM", path, 1), 0);
	free(path);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(displays),
		cmocka_unit_test(it_is_said_that_it_is_missing),
		cmocka_unit_test(what_the_kernel_refuses_is_a_failure),
		cmocka_unit_test(it_shows_its_stamp_to_another_library),
		cmocka_unit_test(it_is_said_that_it_is_of_another_version),
		cmocka_unit_test(too_long_a_job_is_not_started),
		cmocka_unit_test(one_that_never_replies_costs_the_deadline),
		cmocka_unit_test(it_ends_with_its_starter),
		cmocka_unit_test(it_has_nothing_of_its_starter),
	};

	(void)argc;
	if (strcmp(argv[0], "logoff-user") == 0)
		return play_another_version();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
