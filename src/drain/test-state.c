/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-state.c - a state is read as it was written, and everything else in its place is unknown, never "accepted".
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <cmocka.h>

#include "drain/drain.h"
#include "drain/file.h"
#include "drain/test-root.h"

#define RUN "run/logoff/drain"
#define VAR "var/lib/logoff/drain"
#define FINE "logoff drain 1\nmode=drain\nsince=1764417600\nby=alice\ntext=Update\n"

static const struct drain_state drained = { .mode = DRAIN_NEW, .since_s = 1764417600, .by = "alice", .text = "Update" };

static void assert_state(enum drain_mode mode, bool lasting, const char *text)
{
	struct drain_state state;
	const char *path = NULL;

	assert_int_equal(drain_read(root, &state, &path), 0);
	assert_null(path);
	assert_int_equal(state.mode, mode);
	assert_int_equal(state.lasting, lasting);
	assert_string_equal(state.text, text);
}

static void assert_unknown(int r, const char *name)
{
	struct drain_state state;
	const char *path = NULL;

	assert_int_equal(drain_read(root, &state, &path), r);
	assert_non_null(path);
	assert_string_equal(path + 1, name);
}

static void assert_no_file(const char *name)
{
	struct stat status;

	assert_int_equal(fstatat(root, name, &status, AT_SYMLINK_NOFOLLOW), -1);
	assert_int_equal(errno, ENOENT);
}

static void put(const struct drain_state *state)
{
	const char *path = NULL;

	assert_int_equal(drain_write(root, state, &path), 0);
	assert_null(path);
}

static void put_file(const char *name, const char *text)
{
	assert_true(mkdirat(root, "run/logoff", 0755) == 0 || errno == EEXIST);
	assert_true(mkdirat(root, "var/lib/logoff", 0755) == 0 || errno == EEXIST);
	write_text(name, text);
}

static void is_accepted_without_a_file(void **state)
{
	(void)state;
	assert_state(DRAIN_ENABLED, false, "");
	put(&(struct drain_state){});		/* there is nothing to remove */
	assert_state(DRAIN_ENABLED, false, "");
	assert_no_file("run/logoff");
}

static void is_read_as_it_was_written(void **state)
{
	struct drain_state one = drained, got;
	struct stat status;
	const char *path;
	mode_t mask = umask(077);

	(void)state;
	strcpy(one.text, "Kernel update\n\xe6\x9b\xb4\xe6\x96\xb0\tuntil 18:00 = late");
	put(&one);
	umask(mask);
	assert_int_equal(drain_read(root, &got, &path), 0);
	assert_int_equal(got.since_s, one.since_s);
	assert_string_equal(got.by, "alice");
	assert_string_equal(got.text, one.text);
	assert_int_equal(fstatat(root, RUN, &status, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(status.st_mode, S_IFREG | 0644);
	assert_int_equal(fstatat(root, "run/logoff", &status, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(status.st_mode, S_IFDIR | 0755);
	assert_no_file(VAR);
	memset(one.text, 'a', sizeof(one.text) - 1);	/* the longest one */
	memset(one.by, 'b', sizeof(one.by) - 1);
	put(&one);
	assert_state(DRAIN_NEW, false, one.text);
	put(&(struct drain_state){ .mode = DRAIN_NEW });
	assert_state(DRAIN_NEW, false, "");
}

static void has_one_place(void **state)
{
	struct drain_state one = drained;

	(void)state;
	one.lasting = true;
	put(&one);
	assert_no_file(RUN);
	assert_state(DRAIN_NEW, true, "Update");
	one.lasting = false;
	one.mode = DRAIN_ALL;
	put(&one);
	assert_no_file(VAR);
	assert_state(DRAIN_ALL, false, "Update");
	put(&(struct drain_state){});
	assert_no_file(RUN);
	assert_state(DRAIN_ENABLED, false, "");
}

static void is_the_stricter_of_two(void **state)
{
	(void)state;
	put_file(RUN, FINE);
	put_file(VAR, "logoff drain 1\nmode=disable\nsince=1\nby=\ntext=all\n");
	assert_state(DRAIN_ALL, true, "all");
	put_file(RUN, "logoff drain 1\nmode=disable\nsince=1\nby=\ntext=run\n");
	put_file(VAR, FINE);
	assert_state(DRAIN_ALL, false, "run");
	put(&(struct drain_state){});
	assert_no_file(RUN);
	assert_no_file(VAR);
}

static const struct drain_state *moved;	/* what is written between two looks, or NULL */

ssize_t __real_drain_read_file(int folder, const char *name, char *text, size_t size);
ssize_t __wrap_drain_read_file(int folder, const char *name, char *text, size_t size);

ssize_t __wrap_drain_read_file(int folder, const char *name, char *text, size_t size)
{
	ssize_t r = __real_drain_read_file(folder, name, text, size);

	if (moved)
		put(moved);
	moved = NULL;
	return r;
}

static void is_seen_while_it_moves(void **state)
{
	struct drain_state one = drained;

	(void)state;
	one.lasting = true;
	put(&one);
	moved = &drained;
	assert_state(DRAIN_NEW, false, "Update");
	moved = &one;
	assert_state(DRAIN_NEW, false, "Update");	/* as it was when it was read */
	assert_state(DRAIN_NEW, true, "Update");
}

/* ---- another process that writes ---- */

static const struct drain_state *other;	/* what it writes as soon as ours has its name, or NULL */
static pid_t writer;
static int held = -1;			/* the lock that was taken last */
static int tell = -1;			/* in that process: told if it has to wait */

int __real_flock(int fd, int operation);
int __wrap_flock(int fd, int operation);
int __real_renameat(int folder, const char *from, int new_folder, const char *to);
int __wrap_renameat(int folder, const char *from, int new_folder, const char *to);

int __wrap_flock(int fd, int operation)
{
	held = fd;
	if (__real_flock(fd, operation | LOCK_NB) == 0)
		return 0;
	if (tell >= 0)
		(void)!write(tell, "", 1);
	return __real_flock(fd, operation);
}

/* Starts the other writer. Returns when it has ended or has to wait. */
static void let_other_write(const struct drain_state *state)
{
	const char *path;
	int fds[2];
	char byte;

	assert_int_equal(pipe(fds), 0);
	writer = fork();
	if (writer == 0) {
		close(held);		/* ours, inherited */
		tell = fds[1];
		_exit(drain_write(root, state, &path) < 0);
	}
	close(fds[1]);
	(void)!read(fds[0], &byte, 1);
	close(fds[0]);
}

int __wrap_renameat(int folder, const char *from, int new_folder, const char *to)
{
	int r = __real_renameat(folder, from, new_folder, to);
	const struct drain_state *state = other;

	other = NULL;
	if (state)
		let_other_write(state);
	return r;
}

static void assert_two_writers(const struct drain_state *first, const struct drain_state *second)
{
	int status = -1;

	other = second;
	put(first);
	assert_int_equal(waitpid(writer, &status, 0), writer);
	assert_int_equal(status, 0);
	assert_state(second->mode, second->lasting, second->text);
	assert_no_file(second->lasting ? RUN : VAR);
}

static void two_writers_leave_one_state(void **state)
{
	const struct drain_state lasting = { .mode = DRAIN_NEW, .lasting = true, .text = "Two" };
	const struct drain_state strict = { .mode = DRAIN_ALL, .text = "Three" };

	(void)state;
	assert_two_writers(&drained, &lasting);
	assert_two_writers(&lasting, &drained);
	assert_two_writers(&lasting, &strict);
	assert_two_writers(&strict, &lasting);
	assert_two_writers(&drained, &strict);
}

static void is_unknown_if_the_file_is_wrong(void **state)
{
	static const char *const wrong[] = {
		"", "\n", "drain\n", "logoff drain 1\n", "logoff drain 2\nmode=drain\nsince=1\nby=\ntext=\n",
		"logoff drain 1\nmode=drain\nsince=1\nby=\ntext=",		/* cut */
		"logoff drain 1\nmode=drain\nsince=1\nby=\ntext=abc",
		"logoff drain 1\nmode=drain\nsince=1\nby=",
		"logoff drain 1\nmode=drain\nsince=1\nby=a\n",
		"logoff drain 1\nmode=enable\nsince=1\nby=\ntext=\n",
		"logoff drain 1\nmode=\nsince=1\nby=\ntext=\n",
		"logoff drain 1\nmode=drain\nsince=\nby=\ntext=\n",
		"logoff drain 1\nmode=drain\nsince=-1\nby=\ntext=\n",
		"logoff drain 1\nmode=drain\nsince=1234567890123\nby=\ntext=\n",
		"logoff drain 1\nmode=drain\nby=\nsince=1\ntext=\n",		/* another order */
		"logoff drain 1\nmode=drain\nsince=1\nby=\nnew=\ntext=\n",
		"logoff drain 1\nmode=drain\nsince=1\nby=\x1b[2J\ntext=\n",
		"logoff drain 1\nmode=drain\nsince=1\nby=\ntext=\x1b[2J\n",
		"logoff drain 1\nmode=drain\nsince=1\nby=\ntext=\xff\n",
		"logoff drain 1\nmode=drain\nsince=1\nby=\ntext=a\r\n",
	};
	char big[4096];

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		put_file(RUN, wrong[i]);
		assert_unknown(-EBADMSG, RUN);
	}
	put_file(RUN, FINE);
	assert_state(DRAIN_NEW, false, "Update");
	snprintf(big, sizeof(big), "logoff drain 1\nmode=drain\nsince=1\nby=\ntext=%01025d\n", 0);
	put_file(VAR, big);
	assert_unknown(-EBADMSG, VAR);		/* though the other one can be read */
	snprintf(big, sizeof(big), "logoff drain 1\nmode=drain\nsince=1\nby=\ntext=%03000d\n", 0);
	put_file(VAR, big);
	assert_unknown(-EBADMSG, VAR);
	write_bytes(VAR, FINE "\0\n", strlen(FINE) + 2);
	assert_unknown(-EBADMSG, VAR);
}

static void is_unknown_if_it_is_no_file(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)state;
	put_file("elsewhere", FINE);
	assert_int_equal(mkfifoat(root, RUN, 0644), 0);
	assert_unknown(-EBADMSG, RUN);
	assert_int_equal(unlinkat(root, RUN, 0), 0);
	assert_int_equal(symlinkat("../../elsewhere", root, RUN), 0);
	assert_unknown(-EBADMSG, RUN);
	assert_int_equal(unlinkat(root, RUN, 0), 0);
	assert_int_equal(mkdirat(root, RUN, 0755), 0);
	assert_unknown(-EBADMSG, RUN);
	assert_int_equal(unlinkat(root, RUN, AT_REMOVEDIR), 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/" RUN, root_path);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_unknown(-EBADMSG, RUN);
	close(fd);
	assert_int_equal(unlinkat(root, RUN, 0), 0);
	assert_int_equal(unlinkat(root, "run/logoff", AT_REMOVEDIR), 0);
	write_text("run/logoff", "");
	assert_unknown(-ENOTDIR, RUN);
}

static void is_unknown_if_others_own_the_file(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	put_file(RUN, FINE);
	assert_int_equal(fchownat(root, RUN, 65534, 65534, 0), 0);
	assert_unknown(-EBADMSG, RUN);
}

static void a_wrong_file_is_replaced(void **state)
{
	(void)state;
	put_file(RUN, "");
	assert_int_equal(unlinkat(root, RUN, 0), 0);
	assert_int_equal(mkfifoat(root, RUN, 0644), 0);
	put(&drained);
	assert_state(DRAIN_NEW, false, "Update");
}

static void refuses_texts_that_harm(void **state)
{
	static const char *const harmful[] = { "\x1b[2J", "a\rb", "\xff", "\xe2\x80\xae" };
	const char *path = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(harmful) / sizeof(harmful[0]); i++) {
		struct drain_state one = drained;

		strcpy(one.text, harmful[i]);
		assert_int_equal(drain_write(root, &one, &path), -EINVAL);
	}
	for (size_t i = 0; i < sizeof(harmful) / sizeof(harmful[0]); i++) {
		struct drain_state one = drained;

		strcpy(one.by, harmful[i]);
		assert_int_equal(drain_write(root, &one, &path), -EINVAL);
	}
	assert_no_file("run/logoff");
}

static void names_the_file_that_cannot_be_written(void **state)
{
	const char *path = NULL;

	(void)state;
	write_text("run/logoff", "");
	assert_int_equal(drain_write(root, &drained, &path), -ENOTDIR);
	assert_string_equal(path, "/" RUN);
	assert_int_equal(unlinkat(root, "run/logoff", 0), 0);
	put(&drained);
	write_text("var/lib/logoff", "");
	assert_int_equal(drain_write(root, &(struct drain_state){}, &path), -ENOTDIR);
	assert_string_equal(path, "/" VAR);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, make_root, remove_root)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(is_accepted_without_a_file),
		TEST(is_read_as_it_was_written),
		TEST(has_one_place),
		TEST(is_the_stricter_of_two),
		TEST(is_seen_while_it_moves),
		TEST(two_writers_leave_one_state),
		TEST(is_unknown_if_the_file_is_wrong),
		TEST(is_unknown_if_it_is_no_file),
		TEST(is_unknown_if_others_own_the_file),
		TEST(a_wrong_file_is_replaced),
		TEST(refuses_texts_that_harm),
		TEST(names_the_file_that_cannot_be_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
