/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-logind-own.c - which sessions may be the caller's, on elogind. The caller's processes, their groups and audit sessions, and the
 * sessions are the test's.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "backend/logind.h"

#define N_PIDS 2

static pid_t pids[N_PIDS];	/* the caller, and a client of its multiplexer */
static const char *const groups[N_PIDS] = { "0::/c1\n", "0::/c2\n" };
static bool leaders_live, others, unsure_client;

int __wrap_caller_find(struct caller *caller);
int __wrap_cgroup_read(pid_t pid, struct cgroup *ret);
int __wrap_proc_read_audit_session(pid_t pid, uint32_t *ret);
int __wrap_logind_get_by_id(struct logoff_host *host, const char *id, struct logoff_session **ret_session, struct logoff_error *reterr);
int __wrap_logind_hold_strays(struct logoff_session *session);
bool __wrap_strays_knows_login(const struct strays *strays);
int __wrap_strays_is_of_others(const struct strays *strays, uint32_t audit);
struct logoff_session *__wrap_logoff_session_free(struct logoff_session *session);

int __wrap_caller_find(struct caller *caller)
{
	caller->items = calloc(N_PIDS, sizeof(*caller->items));
	caller->items[0].pid = pids[0];
	caller->items[1] = (struct caller_process){ pids[1], unsure_client };
	caller->n_items = N_PIDS;
	return 0;
}

int __wrap_cgroup_read(pid_t pid, struct cgroup *ret)
{
	strcpy(ret->text, groups[pid == pids[1]]);
	return 0;
}

int __wrap_proc_read_audit_session(pid_t pid, uint32_t *ret)
{
	*ret = pid == pids[1] ? 771 : 770;
	return 0;
}

/* elogind knows c1 and c2. */
int __wrap_logind_get_by_id(struct logoff_host *host, const char *id, struct logoff_session **ret_session, struct logoff_error *reterr)
{
	(void)reterr;
	if (id[0] != 'c')
		return -ENXIO;
	*ret_session = calloc(1, sizeof(**ret_session));
	(*ret_session)->host = host;
	(*ret_session)->data = calloc(1, sizeof(struct logind_session));
	return 0;
}

int __wrap_logind_hold_strays(struct logoff_session *session)
{
	of(session)->strays = (struct strays *)session;	/* nobody looks into it */
	return 0;
}

bool __wrap_strays_knows_login(const struct strays *strays)
{
	(void)strays;
	return leaders_live;
}

int __wrap_strays_is_of_others(const struct strays *strays, uint32_t audit)
{
	(void)strays;
	(void)audit;
	return others;
}

struct logoff_session *__wrap_logoff_session_free(struct logoff_session *session)
{
	free(session->data);
	free(session);
	return NULL;
}

static void find(struct logind *logind)
{
	struct logoff_host host = { .data = logind };

	pids[0] = getpid();
	pids[1] = getppid();
	*logind = (struct logind){ .elogind = true };
	assert_int_equal(logind_find_own(&host, NULL), 0);
}

static void done(struct logind *logind)
{
	free(logind->own);
	caller_done(&logind->caller);
}

/* Expects C1 and C2 of the sessions of these ids; c3 is that of somebody else. */
static void assert_own(const struct logind *logind, enum session_own c1, enum session_own c2)
{
	const struct logoff_session session = {};

	assert_int_equal(logind_is_own(logind, "c1", &session), c1);
	assert_int_equal(logind_is_own(logind, "c2", &session), c2);
	assert_int_equal(logind_is_own(logind, "c3", &session), OWN_NO);
}

static void by_the_group(void **state)
{
	struct logind logind;

	(void)state;
	leaders_live = true;
	others = false;
	find(&logind);
	assert_string_equal(logind_own_id(&logind), "c1");
	assert_own(&logind, OWN_YES, OWN_YES);
	done(&logind);
}

/* Whether the client is one of the caller's multiplexer. */
static void by_a_doubtful_client(void **state)
{
	struct logind logind;

	(void)state;
	leaders_live = unsure_client = true;
	others = false;
	find(&logind);
	unsure_client = false;
	assert_string_equal(logind_own_id(&logind), "c1");
	assert_own(&logind, OWN_YES, OWN_UNKNOWN);
	done(&logind);
}

static void by_another_login(void **state)
{
	struct logind logind;

	(void)state;
	leaders_live = others = true;
	find(&logind);
	assert_null(logind_own_id(&logind));
	assert_own(&logind, OWN_NO, OWN_NO);
	done(&logind);
}

/* The leaders that would tell have ended. */
static void without_leaders(void **state)
{
	struct logind logind;

	(void)state;
	leaders_live = others = false;
	find(&logind);
	assert_null(logind_own_id(&logind));
	assert_own(&logind, OWN_UNKNOWN, OWN_UNKNOWN);
	done(&logind);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_the_group),
		cmocka_unit_test(by_a_doubtful_client),
		cmocka_unit_test(by_another_login),
		cmocka_unit_test(without_leaders),
	};

	return cmocka_run_group_tests_name("logind-own", tests, NULL, NULL);
}
