/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-strays.c - real processes; their audit session, and what cannot be read of them, are the test's. Others have none.
 */
#include "backend/strays.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "local/test-child-process.h"

#define AUDIT UINT32_C(4242)

static pid_t leader, stray;
static pid_t unread_pid;	/* of which the following cannot be read */
static int stat_result, audit_result, cgroup_result;
static bool once;		/* its control group can be read at the second attempt */

int __real_proc_read_stat(pid_t pid, struct proc_stat *ret);
int __wrap_proc_read_stat(pid_t pid, struct proc_stat *ret);
int __wrap_proc_read_audit_session(pid_t pid, uint32_t *ret);
int __wrap_cgroup_read(pid_t pid, struct cgroup *ret);

int __wrap_proc_read_stat(pid_t pid, struct proc_stat *ret)
{
	return pid == unread_pid && stat_result < 0 ? stat_result : __real_proc_read_stat(pid, ret);
}

int __wrap_proc_read_audit_session(pid_t pid, uint32_t *ret)
{
	int r = pid == unread_pid ? audit_result : 0;

	if (r >= 0)
		*ret = pid == leader || pid == stray ? AUDIT : PROC_NO_AUDIT;
	return r;
}

int __wrap_cgroup_read(pid_t pid, struct cgroup *ret)
{
	int r;

	strcpy(ret->text, pid == leader ? "0::/user.slice/user-1000.slice/session-4242.scope\n" : "0::/jobs\n");
	r = pid == unread_pid ? cgroup_result : 0;
	if (r < 0 && once)
		cgroup_result = 0;
	return r;
}

static int set_up(void **state)
{
	(void)state;
	leader = start_child();
	stray = start_child();
	unread_pid = 0;
	stat_result = audit_result = cgroup_result = 0;
	once = false;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	end_child(leader);
	if (stray > 0)
		end_child(stray);
	return 0;
}

static int try_new(struct strays **ret_strays)
{
	struct strays_marks marks = { .id = "4242", .leader = leader, .since_us = UINT64_MAX / 2, .audit_session = AUDIT };

	return strays_new(ret_strays, &marks);
}

static struct strays *new_strays(void)
{
	struct strays *strays;

	assert_int_equal(try_new(&strays), 0);
	return strays;
}

static int collect(struct strays *strays)
{
	struct table *table;
	int r;

	assert_int_equal(table_new(&table, false), 0);
	r = strays_collect(strays, table);
	table_free(table);
	return r;
}

static size_t count_living(const struct strays *strays)
{
	struct process_list list = {};
	size_t n;

	assert_int_equal(strays_list(strays, &list), 0);
	n = list.n_items;
	process_list_clear(&list);
	return n;
}

static void found_by_its_audit_session(void **state)
{
	struct strays *strays = new_strays();

	(void)state;
	assert_int_equal(count_living(strays), 1);
	assert_int_equal(collect(strays), 1);
	assert_int_equal(strays_doubt(strays), 0);
	assert_int_equal(count_living(strays), 2);
	assert_int_equal(collect(strays), 0);
	assert_true(strays_live(strays));
	end_child(stray);
	stray = 0;
	assert_int_equal(count_living(strays), 1);
	strays_free(strays);
}

/* What cannot be read of it is unknown: it is not taken, nor does it count as none. */
static void what_cannot_be_read_is_unknown(void **state)
{
	static const struct {
		int stat, audit, cgroup, doubt;
		bool once;
	} cases[] = {
		{ .stat = -EACCES, .doubt = -EOPNOTSUPP },
		{ .audit = -EACCES, .doubt = -EOPNOTSUPP },
		{ .cgroup = -EACCES, .doubt = -EOPNOTSUPP },
		{ .cgroup = -EPERM, .doubt = -EOPNOTSUPP },
		{ .cgroup = -EMFILE, .doubt = -EMFILE },
		{ .cgroup = -EMFILE, .doubt = -EMFILE, .once = true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct strays *strays = new_strays();

		unread_pid = stray;
		stat_result = cases[i].stat;
		audit_result = cases[i].audit;
		cgroup_result = cases[i].cgroup;
		once = cases[i].once;
		assert_int_equal(collect(strays), 0);
		assert_int_equal(strays_doubt(strays), cases[i].doubt);
		assert_int_equal(count_living(strays), 1);

		unread_pid = 0;
		assert_int_equal(collect(strays), 1);
		assert_int_equal(strays_doubt(strays), 0);
		strays_free(strays);
	}
}

/* Whether the audit session is the session's own is not decided without knowing who is in it. */
static void whose_audit_session_it_is_stays_open(void **state)
{
	struct strays *strays = new_strays();

	(void)state;
	unread_pid = stray;
	audit_result = -EMFILE;
	assert_int_equal(collect(strays), -EMFILE);
	audit_result = 0;
	stat_result = -EMFILE;
	assert_int_equal(collect(strays), -EMFILE);
	assert_int_equal(count_living(strays), 1);
	unread_pid = 0;
	assert_int_equal(collect(strays), 1);
	strays_free(strays);
}

static void a_process_that_has_ended_is_none(void **state)
{
	struct strays *strays = new_strays();

	(void)state;
	unread_pid = stray;
	cgroup_result = -ESRCH;
	assert_int_equal(collect(strays), 0);
	assert_int_equal(strays_doubt(strays), 0);
	cgroup_result = 0;
	stat_result = -ESRCH;
	assert_int_equal(collect(strays), 0);
	assert_int_equal(strays_doubt(strays), 0);
	strays_free(strays);
}

static void born_and_ended_meanwhile(void **state)
{
	struct strays *strays = new_strays();
	struct table *table;

	(void)state;
	end_child(stray);
	stray = 0;
	assert_int_equal(table_new(&table, false), 0);
	stray = start_child();
	assert_int_equal(table_settle(table, true), 1);
	end_child(stray);
	assert_int_equal(strays_collect(strays, table), 1);
	stray = 0;
	table_free(table);
	strays_free(strays);
}

static void a_leader_that_cannot_be_read(void **state)
{
	struct strays *strays;

	(void)state;
	unread_pid = leader;
	for (int what = 0; what < 3; what++) {
		static int *const results[] = { &stat_result, &audit_result, &cgroup_result };

		*results[what] = -EMFILE;
		assert_int_equal(try_new(&strays), -EMFILE);
		*results[what] = -EACCES;	/* hidden from the caller */
		strays = new_strays();
		assert_int_equal(count_living(strays), 1);
		strays_free(strays);
		*results[what] = -ESRCH;	/* it has ended */
		strays = new_strays();
		assert_int_equal(count_living(strays), what == 0 ? 0 : 1);
		strays_free(strays);
		*results[what] = 0;
	}
	unread_pid = 1;
	audit_result = -EMFILE;
	assert_int_equal(try_new(&strays), -EMFILE);
	audit_result = -EACCES;
	strays_free(new_strays());
}

/* Whose login a session with another sort of id is tells the leader alone, if it can be read. */
static void whose_login_it_is_may_be_unknown(void **state)
{
	static const int results[] = { 0, -EACCES, -ESRCH };
	struct strays_marks marks = { .id = "c1", .leader = leader, .since_us = UINT64_MAX / 2, .audit_session = PROC_NO_AUDIT };
	struct strays *strays;

	(void)state;
	unread_pid = leader;
	for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++) {
		audit_result = results[i];
		assert_int_equal(strays_new(&strays, &marks), 0);
		assert_int_equal(strays_knows_login(strays), results[i] == 0);
		strays_free(strays);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(found_by_its_audit_session, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_cannot_be_read_is_unknown, set_up, tear_down),
		cmocka_unit_test_setup_teardown(whose_audit_session_it_is_stays_open, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_process_that_has_ended_is_none, set_up, tear_down),
		cmocka_unit_test_setup_teardown(born_and_ended_meanwhile, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_leader_that_cannot_be_read, set_up, tear_down),
		cmocka_unit_test_setup_teardown(whose_login_it_is_may_be_unknown, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
