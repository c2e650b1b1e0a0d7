/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-terminal.c - names of terminals, whose they are, and since when nobody has typed in them, on a pseudo terminal of its own.
 */
#include "local/terminal.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
#define SECOND INT64_C(1000000)

/* A device number as the kernel encodes it (new_encode_dev() in include/linux/kdev_t.h). */
static unsigned device(unsigned major, unsigned minor)
{
	return (minor & 0xff) | major << 8 | (minor & ~0xffu) << 12;
}

static void names(void **state)
{
	static const struct {
		unsigned major, minor;
		const char *name;
	} rows[] = {
		{ 136, 0, "pts/0" }, { 136, 3, "pts/3" }, { 136, 255, "pts/255" }, { 136, 256, "pts/256" }, { 136, 70001, "pts/70001" },
		{ 4, 1, "tty1" }, { 4, 63, "tty63" },
		{ 0, 0, "" }, { 4095, 77, "" },
	};
	char name[TERMINAL_NAME];

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		memset(name, 'x', sizeof(name));
		terminal_name(device(rows[i].major, rows[i].minor), name);
		assert_string_equal(name, rows[i].name);
	}
}

static void virtual_terminals(void **state)
{
	(void)state;
	assert_int_equal(terminal_virtual(7), device(4, 7));
	assert_true(terminal_is_virtual(terminal_virtual(1)) && terminal_is_virtual(terminal_virtual(63)));
	assert_false(terminal_is_virtual(terminal_virtual(0)));	/* the one in front, whichever it is */
	assert_false(terminal_is_virtual(device(4, 64)));	/* ttyS0 */
	assert_false(terminal_is_virtual(device(136, 1)));
	assert_false(terminal_is_virtual(0));
}

static void what_services_call_a_terminal(void **state)
{
	static const struct {
		const char *name;
		bool is_one;
	} rows[] = {
		{ "pts/99999", true }, { "null", true }, { "/null", true },
		{ "", false }, { "ssh", false }, { "ftp", false }, { "cron", false }, { "shm", false }, { ":0", false },
		{ "../dev/null", false }, { "pts", false },
		{ "a-name-that-is-longer-than-that-of-any-terminal-there-ever-was-on-any-machine", false },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++)
		assert_int_equal(terminal_is_one(rows[i].name), rows[i].is_one);
}

/* A pseudo terminal. */
struct terminal {
	int master;
	char path[64];
	const char *name;
};

static int open_terminal(void **state)
{
	static struct terminal terminal;

	*state = NULL;
	terminal.master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (terminal.master < 0 || grantpt(terminal.master) < 0 || unlockpt(terminal.master) < 0 ||
	    ptsname_r(terminal.master, terminal.path, sizeof(terminal.path)) != 0 || access(terminal.path, F_OK) < 0)
		return 0;	/* no terminals here: the case is skipped */
	terminal.name = terminal.path + strlen("/dev/");
	*state = &terminal;
	return 0;
}

static int close_terminal(void **state)
{
	if (*state)
		close(((struct terminal *)*state)->master);
	return 0;
}

static void whose_it_is(void **state)
{
	const struct terminal *terminal = *state;
	uid_t owner = getuid();

	if (!terminal)
		skip();
	if (owner == 0) {
		assert_false(terminal_is_foreign(terminal->name, 4321));	/* root's is nobody's yet */
		owner = 1234;
		assert_int_equal(chown(terminal->path, owner, (gid_t)-1), 0);
	}
	assert_true(terminal_is_one(terminal->name));
	assert_true(terminal_is_of(terminal->name, owner));
	assert_false(terminal_is_of(terminal->name, owner + 1));
	assert_false(terminal_is_foreign(terminal->name, owner));
	assert_true(terminal_is_foreign(terminal->name, owner + 1));
	assert_false(terminal_is_of("pts/99999", owner) || terminal_is_foreign("pts/99999", owner));
	assert_false(terminal_is_of("shm", 0) || terminal_is_foreign("shm", 4321));
}

static void set_last_key(const struct terminal *terminal, int seconds)
{
	struct timespec times[2] = { {}, { .tv_nsec = UTIME_OMIT } };

	assert_int_equal(clock_gettime(CLOCK_REALTIME, &times[0]), 0);
	times[0].tv_sec += seconds;
	assert_int_equal(utimensat(AT_FDCWD, terminal->path, times, 0), 0);
}

static void since_when_nobody_has_typed(void **state)
{
	const struct terminal *terminal = *state;
	int64_t idle_us;

	if (!terminal)
		skip();
	set_last_key(terminal, -1000);
	idle_us = terminal_idle_us(terminal->name);
	assert_true(idle_us >= 999 * SECOND && idle_us < 1100 * SECOND);
	set_last_key(terminal, 1000);	/* the clock has been set back since */
	assert_int_equal(terminal_idle_us(terminal->name), 0);
	assert_int_equal(terminal_idle_us("pts/99999"), -1);
	assert_int_equal(terminal_idle_us(""), -1);
	assert_int_equal(terminal_idle_us("../dev/null"), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(virtual_terminals),
		cmocka_unit_test(what_services_call_a_terminal),
		cmocka_unit_test_setup_teardown(whose_it_is, open_terminal, close_terminal),
		cmocka_unit_test_setup_teardown(since_when_nobody_has_typed, open_terminal, close_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
