/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-confine.c - that what is given up is given up: each case is a child process that tries to do what it must not.
 */
#include "tsts/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/test-confine-XXXXXX", cache[64], other[64];

/* Runs TRY in a confined child, as USER if we are root. Returns its exit status, 0 if all that it tried was refused. */
static int confined(int (*try)(void), uid_t user, const char *ccache)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		if (user != 0 && (setgroups(0, NULL) < 0 || setresgid(user, user, user) < 0 || setresuid(user, user, user) < 0))
			_exit(90);
		if (confine_begin() < 0 || confine(ccache, NULL) < 0)
			_exit(91);
		_exit(try());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static bool has_landlock(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0, 1) >= 1;
}

static bool opens(const char *path, int flags)
{
	int fd = open(path, flags, 0600);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* /tmp is open to everybody, but not to us. */
static int try_files(void)
{
	char *argv[] = { (char *)"true", NULL };

	if (opens(other, O_WRONLY) || opens(other, O_WRONLY | O_TRUNC) || opens("/tmp/test-confine-new", O_WRONLY | O_CREAT))
		return 1;
	if (mkdir("/tmp/test-confine-folder", 0700) == 0 || unlink(other) == 0 || rename(other, "/tmp/x") == 0)
		return 2;
	if (execv("/bin/true", argv) == 0 || errno != EACCES)
		return 3;
	return opens("/etc/passwd", O_RDONLY) ? 0 : 4;
}

static int try_cache(void)
{
	return opens(cache, O_RDWR | O_APPEND) && !opens(other, O_RDWR) ? 0 : 1;
}

static int try_rights(void)
{
	uid_t uid = getuid();

	if (uid == 0 || geteuid() != uid || getgid() == 0 || getgroups(0, NULL) != 0)
		return 1;
	if (setuid(0) == 0 || seteuid(0) == 0 || setgid(0) == 0)
		return 2;
	if (opens("/etc/shadow", O_RDONLY) || chroot("/") == 0 || kill(1, 0) == 0 || kill(getppid(), 0) == 0)
		return 3;
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 && prctl(PR_GET_DUMPABLE) == 0 ? 0 : 4;
}

static int try_descriptors(void)
{
	return fcntl(STDIN_FILENO, F_GETFD) >= 0 && fcntl(40, F_GETFD) < 0 ? 0 : 1;
}

static void test_files(void **state)
{
	(void)state;
	if (!has_landlock())
		skip();
	assert_int_equal(confined(try_files, getuid() == 0 ? 1000 : 0, NULL), 0);
	if (getuid() == 0)
		assert_int_equal(confined(try_files, 0, NULL), 0);
}

static void test_cache(void **state)
{
	char name[80];

	(void)state;
	if (!has_landlock())
		skip();
	snprintf(name, sizeof(name), "FILE:%s", cache);
	assert_int_equal(confined(try_cache, getuid() == 0 ? 1000 : 0, name), 0);
	assert_int_equal(confined(try_cache, getuid() == 0 ? 1000 : 0, cache), 0);
	assert_int_equal(confined(try_cache, getuid() == 0 ? 1000 : 0, "KEYRING:session:x"), 1);
}

static void test_rights(void **state)
{
	(void)state;
	if (getuid() != 0)
		skip();
	assert_int_equal(confined(try_rights, 0, NULL), 0);
}

static void test_descriptors(void **state)
{
	(void)state;
	assert_true(dup2(STDIN_FILENO, 40) == 40);
	assert_int_equal(confined(try_descriptors, 0, NULL), 0);
	close(40);
}

static int make(void **state)
{
	(void)state;
	if (!mkdtemp(folder) || chmod(folder, 0755) < 0)
		return -1;
	snprintf(cache, sizeof(cache), "%s/cache", folder);
	snprintf(other, sizeof(other), "%s/other", folder);
	(void)umask(0);
	return opens(cache, O_WRONLY | O_CREAT) && opens(other, O_WRONLY | O_CREAT) && chmod(cache, 0666) == 0 &&
	       chmod(other, 0666) == 0 ? 0 : -1;
}

static int clear(void **state)
{
	(void)state;
	(void)unlink(cache);
	(void)unlink(other);
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_cache),
		cmocka_unit_test(test_rights),
		cmocka_unit_test(test_descriptors),
	};

	return cmocka_run_group_tests(tests, make, clear);
}
