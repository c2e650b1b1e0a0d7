/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-proc-table.c - a table of processes: our own, a child's, and one that has ended.
 */
#include "local/proc-table.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "local/test-child-process.h"

#define CANNOT_TRY 77

static void everybody_is_in_it(void **state)
{
	pid_t child = start_child();
	struct table *table;

	(void)state;
	assert_int_equal(table_new(&table, false), 0);
	for (size_t i = 1; i < table->n_rows; i++)
		assert_true(table->rows[i - 1].pid < table->rows[i].pid);
	assert_int_equal(table_find(table, child)->pid, child);
	assert_null(table_find(table, 0));
	assert_null(table_find(table, INT32_MAX));
	assert_int_equal(table_stat(table_find(table, child))->parent, getpid());
	assert_int_equal(table_uid(table_find(table, child)), geteuid());
	assert_int_equal(table_depth(table, child, child), 0);
	assert_int_equal(table_depth(table, child, getpid()), 1);
	assert_int_equal(table_depth(table, getpid(), child), -1);
	assert_int_equal(table_depth(table, INT32_MAX, getpid()), -1);
	assert_null(table_free(table));
	assert_null(table_free(NULL));
	end_child(child);
}

/* What is known of a process is known once and for all; of one that has ended before, nothing. */
static void who_has_ended(void **state)
{
	pid_t before = start_child(), after = start_child();
	struct table *table;
	struct table_row *row;

	(void)state;
	assert_int_equal(table_new(&table, false), 0);
	assert_non_null(table_stat(table_find(table, after)));
	end_child(before);
	end_child(after);
	row = table_find(table, before);
	assert_null(table_stat(row));
	assert_int_equal(table_uid(row), (uid_t)-1);
	assert_int_equal(table_audit(row), PROC_NO_AUDIT);
	assert_null(table_session(table, row));
	assert_int_equal(table_manager(table, row), (uid_t)-1);
	assert_false(table_is_desktop(table, row) || table_is_moved(table, row));
	assert_int_equal(table_stat(table_find(table, after))->parent, getpid());
	table_free(table);
}

static void a_zombie_has_ended(void **state)
{
	pid_t child = start_child();
	struct table *table;
	siginfo_t info;

	(void)state;
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(table_new(&table, false), 0);
	assert_null(table_stat(table_find(table, child)));
	table_free(table);
	assert_int_equal(waitpid(child, NULL, 0), child);
}

static void some_processes(void **state)
{
	struct process_list list = {};
	struct table *table;

	(void)state;
	assert_int_equal(table_new_of(&table, &list, false), 0);
	assert_null(table_find(table, getpid()));
	table_free(table);
	assert_int_equal(process_list_add(&list, getpid(), NULL), 0);
	assert_int_equal(process_list_add(&list, getppid(), NULL), 0);
	assert_int_equal(table_new_of(&table, &list, true), 0);
	process_list_clear(&list);
	assert_int_equal(table->n_rows, 2);
	assert_int_equal(table_find(table, getpid())->pid, getpid());
	assert_null(table_find(table, 1));
	table_free(table);
}

static void who_is_born_meanwhile(void **state)
{
	pid_t before = start_child(), child, second;
	struct table *table;

	(void)state;
	assert_int_equal(table_new(&table, false), 0);
	child = start_child();
	assert_null(table_find(table, child));
	assert_int_equal(table_settle(table, true), 1);
	assert_non_null(table_find(table, child));
	assert_true(table_is_newborn(table, table_find(table, child)));
	assert_false(table_is_newborn(table, table_find(table, before)));
	for (size_t i = 1; i < table->n_rows; i++)
		assert_true(table->rows[i - 1].pid < table->rows[i].pid);

	/* Others of this machine may be born meanwhile. */
	while (table_settle(table, true) != 0)
		;
	second = start_child();
	assert_int_equal(table_settle(table, true), 1);
	assert_non_null(table_find(table, second));
	table_free(table);
	end_child(before);
	end_child(child);
	end_child(second);
}

/* Its number was given out long before the table was made, but the kernel had not put it into /proc yet. */
static void who_is_born_slowly(void **state)
{
	pid_t child = start_child();
	struct table *table;
	struct table_row *row;

	(void)state;
	for (int i = 0; i < 50; i++)
		end_child(start_child());
	assert_int_equal(table_new(&table, false), 0);
	row = table_find(table, child);
	memmove(row, row + 1, (size_t)(table->rows + table->n_rows - row - 1) * sizeof(*row));
	table->n_rows--;
	(void)table_settle(table, false);
	for (int i = 0; i < 1000 && !table_find(table, child); i++)	/* others may be born, too */
		assert_int_equal(table_settle(table, true), 1);
	assert_non_null(table_find(table, child));
	for (size_t i = 1; i < table->n_rows; i++)
		assert_true(table->rows[i - 1].pid < table->rows[i].pid);
	table_free(table);
	end_child(child);
}

/* ---- numbers ---- */

/* In a pid namespace of its own: the number last given out is LAST. */
static bool set_last_pid(long last)
{
	FILE *file = fopen("/proc/sys/kernel/ns_last_pid", "w");
	bool written = file && fprintf(file, "%ld", last) > 0;

	return file && fclose(file) == 0 && written;
}

static long read_pid_max(void)
{
	FILE *file = fopen("/proc/sys/kernel/pid_max", "r");
	long max = 0;

	if (file && fscanf(file, "%ld", &max) == 1 && fclose(file) == 0)
		return max;
	return 0;
}

/* The answer is WANTED, and never that nobody is missing while CHILD is. */
static int stays_unknown(struct table *table, int wanted, pid_t child)
{
	int r = table_settle(table, true);

	for (int i = 0; i < 5; i++)
		if (table_settle(table, true) == 0 && !table_find(table, child))
			return 10;
	table_free(table);
	return r == wanted ? 0 : 20;
}

static int too_many_are_born(void)
{
	struct table *table;

	if (table_new(&table, false) < 0 || !set_last_pid(proc_last_pid() + 20000))
		return 1;
	return stays_unknown(table, -EAGAIN, start_child());
}

static int numbers_begin_anew(void)
{
	struct table *table;
	pid_t child;

	if (!set_last_pid(read_pid_max() - 10) || table_new(&table, false) < 0)
		return 1;
	child = start_child();
	if (!set_last_pid(300))
		return 2;
	(void)start_child();
	return stays_unknown(table, -EAGAIN, child);
}

static int last_number_is_hidden(void)
{
	struct table *table;

	if (mount("proc", "/proc", "proc", 0, "subset=pid") < 0)
		return CANNOT_TRY;
	return table_new(&table, false) < 0 ? 1 : stays_unknown(table, -EOPNOTSUPP, start_child());
}

/* As where the load shown is that of a container (lxcfs). */
static int load_of_others(void)
{
	char name[] = "/tmp/test-proc-table-XXXXXX";
	int fd = mkstemp(name), r;
	struct table *table;
	pid_t child;

	if (fd < 0 || dprintf(fd, "0.00 0.00 0.00 1/1 1\n") < 0 || mount(name, "/proc/loadavg", NULL, MS_BIND, NULL) < 0)
		return 1;
	(void)unlink(name);
	if (table_new(&table, false) < 0)
		return 2;
	child = start_child();
	r = table_settle(table, true);
	return r == 1 && table_find(table, child) && table_is_newborn(table, table_find(table, child)) ? 0 : 3;
}

/* Whether all are known is asked in a pid namespace, whose numbers are the test's alone. All of its processes end with its first. */
static void whether_somebody_is_missing(void **state)
{
	static int (*const cases[])(void) = { too_many_are_born, numbers_begin_anew, last_number_is_hidden, load_of_others };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		pid_t outer = fork();
		int status;

		if (outer == 0) {
			pid_t first = unshare(CLONE_NEWPID | CLONE_NEWNS) < 0 ? -1 : fork();

			if (first < 0 || (first == 0 && (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
							 mount("proc", "/proc", "proc", 0, NULL) < 0)))
				_exit(CANNOT_TRY);
			if (first == 0)
				_exit(cases[i]());
			_exit(waitpid(first, &status, 0) == first && WIFEXITED(status) ? WEXITSTATUS(status) : 99);
		}
		assert_int_equal(waitpid(outer, &status, 0), outer);
		assert_true(WIFEXITED(status));
		if (WEXITSTATUS(status) == CANNOT_TRY)
			skip();	/* not root */
		if (WEXITSTATUS(status) != 0)
			fail_msg("case %zu: %d", i, WEXITSTATUS(status));
	}
}

/* ---- control groups ---- */

static void write_procs(const char *folder, const char *text)
{
	char path[PATH_MAX];
	FILE *file;

	snprintf(path, sizeof(path), "%s/cgroup.procs", folder);
	file = fopen(path, "we");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void what_a_control_group_lists(void **state)
{
	pid_t child = start_child(), other = start_child();
	char folder[] = "/tmp/test-proc-table-XXXXXX", text[128], path[PATH_MAX], longer[PATH_MAX + 1];
	struct table *table;

	(void)state;
	assert_non_null(mkdtemp(folder));
	assert_int_equal(table_new(&table, false), 0);
	assert_null(table_known_session(table_find(table, child)));

	snprintf(text, sizeof(text), "0\n%d\n%d\n%d\n", (int)child, INT32_MAX, (int)child);
	write_procs(folder, text);
	assert_int_equal(table_note_session(table, folder, "c5"), 1);
	assert_string_equal(table_known_session(table_find(table, child)), "c5");
	assert_string_equal(table_session(table, table_find(table, child)), "c5");
	assert_int_equal(table_manager(table, table_find(table, child)), (uid_t)-1);
	assert_false(table_is_desktop(table, table_find(table, child)) || table_is_moved(table, table_find(table, child)));
	assert_null(table_known_session(table_find(table, other)));
	assert_non_null(table_stat(table_find(table, child)));	/* all else is read as ever */

	/* What is known already stays. */
	(void)table_session(table, table_find(table, other));
	snprintf(text, sizeof(text), "%d\n%d\n", (int)child, (int)other);
	write_procs(folder, text);
	assert_int_equal(table_note_session(table, folder, "6"), 0);
	assert_string_equal(table_known_session(table_find(table, child)), "c5");

	snprintf(text, sizeof(text), "nobody\n%d\n", (int)getpid());
	write_procs(folder, text);
	assert_int_equal(table_note_session(table, folder, "6"), 0);
	snprintf(text, sizeof(text), "%d\n", (int)getpid());
	write_procs(folder, text);
	assert_int_equal(table_note_session(table, folder, "an-id-of-24-characters--"), 0);
	assert_null(table_known_session(table_find(table, getpid())));

	memset(longer, '/', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(table_note_session(table, longer, "6"), 0);
	snprintf(path, sizeof(path), "%s/cgroup.procs", folder);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(table_note_session(table, folder, "6"), 0);
	assert_int_equal(rmdir(folder), 0);
	table_free(table);
	end_child(child);
	end_child(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everybody_is_in_it),
		cmocka_unit_test(who_has_ended),
		cmocka_unit_test(a_zombie_has_ended),
		cmocka_unit_test(some_processes),
		cmocka_unit_test(who_is_born_meanwhile),
		cmocka_unit_test(who_is_born_slowly),
		cmocka_unit_test(whether_somebody_is_missing),
		cmocka_unit_test(what_a_control_group_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
