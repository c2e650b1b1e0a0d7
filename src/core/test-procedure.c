/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-procedure.c - the one procedure upon memory hosts: each rule, each trouble, random hosts, and memory running out.
 *
 * Runs and their transcripts are made by test-run.h. Warnings and waits have tests of their own, test-warning.c and test-waits.c.
 *
 * Needs the linker's --wrap for malloc, calloc, realloc, reallocarray and strdup.
 * TEST_LINK: -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray,--wrap=strdup
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/result.h"
#include "core/test-run.h"

/* Random hosts per run; LOGOFF_TEST_SEED=N makes host N only. */
#ifndef N_HOSTS
#define N_HOSTS 4000
#endif

/* ---- allocations that fail ---- */

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_reallocarray(void *old, size_t n, size_t size);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_reallocarray(void *old, size_t n, size_t size);
char *__wrap_strdup(const char *text);

static struct {
	unsigned long countdown; /* the allocation that fails, from 1; 0: none */
	bool lasting;		 /* and all after it */
	bool failed;
} starvation;

static bool starve(void)
{
	if (starvation.countdown == 0)
		return false;
	if (starvation.countdown > 1) {
		starvation.countdown--;
		return false;
	}
	starvation.failed = true;
	if (!starvation.lasting)
		starvation.countdown = 0;
	return true;
}

void *__wrap_malloc(size_t size)
{
	return starve() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return starve() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	return starve() ? NULL : __real_realloc(old, size);
}

void *__wrap_reallocarray(void *old, size_t n, size_t size)
{
	return starve() ? NULL : __real_reallocarray(old, n, size);
}

char *__wrap_strdup(const char *text)
{
	return starve() ? NULL : __real_strdup(text);
}

/* ---- the way it should be ---- */

static void test_polite(void **state)
{
	(void)state;
	expect_text(ROOT ALICE "session id=5 user=alice\nprocess command=sshd term=30\nprocess command=bash\n", "5",
		    "0.0 5 ask 2\n0.0 5 gone\n5 = ok\n");
}

static void test_polite_takes_its_time(void **state)
{
	(void)state;
	expect_text(ROOT ALICE "session id=5 user=alice\nprocess command=bash term=4500\n", "5",
		    "0.0 5 ask 1\n4.5 5 gone\n5 = ok\n");
}

/* The event of the end is acted upon at once: what the command adds to the host's own time is the benchmark. */
static void test_no_time_is_lost_after_the_notice(void **state)
{
	struct run run = { .text = "host quiet\n" ROOT ALICE "session id=5 user=alice\nprocess command=x term=3333\n",
			   .sessions = "5" };

	(void)state;
	run_it(&run);
	assert_string_equal(run.transcript, "0.0 5 ask 1\n3.3 5 gone\n5 = ok\n");
	assert_int_equal(run.last_us, 3333000);
}

static void test_grace_and_kill(void **state)
{
	(void)state;
	expect_text(ROOT ALICE "session id=5 user=alice\nprocess command=bash\nprocess command=dig term=never\n", "5",
		    "0.0 5 ask 2\n10.0 5 kill 1\n10.0 5 gone\n5 = ok\n");
	expect((struct run){ .text = ROOT ALICE "session id=5 user=alice\nprocess command=dig term=never\n",
			     .sessions = "5",
			     .grace_ms = 1000,
			     .wait_ms = 60000 },
	       "0.0 5 ask 1\n1.0 5 kill 1\n1.0 5 gone\n5 = ok\n");
	expect((struct run){ .text = ROOT ALICE "session id=5 user=alice\nprocess command=dig term=never\n",
			     .sessions = "5",
			     .wait_ms = 60000 },
	       "0.0 5 ask 1\n0.0 5 kill 1\n0.0 5 gone\n5 = ok\n");
}

/* One second of grace, and a process that only SIGKILL ends: the promise is 1.1 s of the machine's own time. */
static void test_kill_is_punctual(void **state)
{
	struct run run = { .text = "host quiet\n" ROOT ALICE
				   "session id=5 user=alice\nprocess command=x term=never kill=5\n",
			   .sessions = "5",
			   .grace_ms = 1000,
			   .wait_ms = 60000 };

	(void)state;
	run_it(&run);
	assert_string_equal(run.transcript, "0.0 5 ask 1\n1.0 5 kill 1\n1.0 5 gone\n5 = ok\n");
	assert_in_range(run.last_us, 1005000, 1010000);
}

static void test_by_name(void **state)
{
	static const char text[] = ROOT ALICE "session id=c2 user=alice display=:10 rdp=10\nprocess command=Xorg\n"
					      "session id=3 user=alice tty=pts/3\nprocess command=bash\n";

	(void)state;
	expect_text(text, "RDP-Tcp#10", "0.0 c2 ask 1\n0.0 c2 gone\nc2 = ok\n");
	expect_text(text, "PTS/3", "0.0 3 ask 1\n0.0 3 gone\n3 = ok\n");
	expect_text(text, "C2", "0.0 c2 ask 1\n0.0 c2 gone\nc2 = ok\n");
	expect_text(text, "3 pts/3 3", "0.0 3 ask 1\n0.0 3 gone\n3 = ok\n");
}

static int find(const char *text, const char *designator)
{
	struct run run = { .text = text, .sessions = designator };

	run_it(&run);
	assert_string_equal(run.transcript, "");
	return run.r;
}

static void test_not_found(void **state)
{
	(void)state;
	assert_int_equal(find(ROOT ALICE "session id=5 user=alice\n", "6"), -ENXIO);
	assert_int_equal(find(ROOT ALICE "session id=5 user=alice\n", "pts/1"), -ENXIO);
	assert_int_equal(find(ROOT ALICE "session id=5 user=alice\n", ""), -ESRCH);
	assert_int_equal(find(ROOT ALICE "session id=5 user=alice rdp=10 state=disconnected\n", "rdp-tcp#10"), -ESRCH);
	assert_int_equal(find(ROOT ALICE "session id=5 user=alice tty=pts/1 state=closing\n", "pts/1"), -ESRCH);
	assert_int_equal(find(ROOT ALICE "session id=5 user=alice tty=a\nsession id=6 user=alice tty=A\n", "a"),
			 -ENOTUNIQ);
	assert_int_equal(find("host get-fails=EPROTO\n" ALICE "session id=5 user=alice\n", "5"), -EPROTO);
	assert_int_equal(find("host list-fails=EPROTO\n" ALICE "session id=5 user=alice tty=a\n", "a"), -EPROTO);
	assert_int_equal(find("host lost=0\n" ALICE "session id=5 user=alice\n", "5"), -EHOSTUNREACH);
}

/* ---- rules ---- */

static void test_console(void **state)
{
	static const char text[] = ROOT ALICE "session id=1 user=alice console\nprocess command=gnome\n";

	(void)state;
	expect_text(text, "1", "1 = EPERM +\n");
	expect_text(text, "console", "1 = EPERM +\n");
	expect((struct run){ .text = text, .sessions = "1", .console = true }, "0.0 1 ask 1\n0.0 1 gone\n1 = ok\n");
	expect((struct run){ .text = "caller uid=1\n" ALICE "session id=1 user=alice console\nprocess command=gnome\n",
			     .sessions = "1",
			     .console = true },
	       "0.0 1 ask 1\n1 = EACCES + gnome\n");
	expect_text("caller uid=1000\n" ALICE "session id=1 user=alice console\nprocess command=logoff caller\n", "",
		    "0.0 1 ask 1\n0.0 1 alone\n1 = ok\n");
}

static void test_greeter(void **state)
{
	static const char text[] =
		ROOT "user name=gdm uid=100\nsession id=c1 user=gdm greeter console\nprocess command=g\n";

	(void)state;
	expect_text(text, "c1", "c1 = EPERM +\n");
	expect((struct run){ .text = text, .sessions = "c1", .console = true }, "c1 = EPERM +\n");
}

static void test_full_control(void **state)
{
	static const char sessions[] = ALICE "session id=1 user=alice\nprocess command=x\n";
	char text[256];

	(void)state;
	snprintf(text, sizeof(text), "caller uid=1000\n%s", sessions);
	expect_text(text, "1", "0.0 1 ask 1\n0.0 1 gone\n1 = ok\n");
	snprintf(text, sizeof(text), "caller uid=1001 control=yes\n%s", sessions);
	expect_text(text, "1", "0.0 1 ask 1\n0.0 1 gone\n1 = ok\n");
	snprintf(text, sizeof(text), "caller uid=1001\n%s", sessions);
	expect_text(text, "1", "0.0 1 ask 1\n1 = EACCES + x\n");
	expect((struct run){ .text = text, .sessions = "1", .agree = 1 }, "0.0 1 ask 1\n1 = EACCES + x\n");
}

static void test_proof_of_identity(void **state)
{
	static const char text[] = "caller uid=1001 control=proof proof=90000\n" ALICE
				   "session id=1 user=alice\nprocess command=x term=2000\n";

	(void)state;
	/* The user may take longer than the deadline: the clock stands while they type. */
	expect((struct run){ .text = text, .sessions = "1", .agree = 1 }, "0.0 1 ask 1\n2.0 1 gone\n1 = ok\n");
	expect((struct run){ .text = text, .sessions = "1", .agree = -1 }, "0.0 1 ask 1\n1 = EACCES + x\n");
	expect((struct run){ .text = text, .sessions = "1" }, "0.0 1 ask 1\n1 = EACCES + x\n");
	expect((struct run){ .text = "caller uid=1001 control=proof proof=5000 proof-fails\n" ALICE
				     "session id=1 user=alice\nprocess command=x\n",
			     .sessions = "1",
			     .agree = 1 },
	       "0.0 1 ask 1\n1 = EACCES + x\n");
}

/* After the proof the host begins to restart and never ends: the clock must not stand for that. */
static void test_proof_for_a_host_that_does_not_come_back(void **state)
{
	(void)state;
	expect((struct run){ .text = "caller uid=1001 control=proof proof=3000\n" ALICE
				     "session id=1 user=alice refuse=EAGAIN\nprocess command=x\n",
			     .sessions = "1",
			     .agree = 1 },
	       "0.0 1 ask 1\n1 = ETIMEDOUT + x\n");
}

/* The first to prove is refused for another reason: the next one's turn has come all the same. */
static void test_failure_in_a_proof_frees_the_next(void **state)
{
	(void)state;
	expect((struct run){ .text = "caller uid=1001 control=proof proof=3000\n" ALICE
				     "session id=1 user=alice refuse=EPROTO\nprocess command=x\n"
				     "session id=2 user=alice\nprocess command=y\n",
			     .sessions = "1 2",
			     .agree = 1 },
	       "0.0 1 ask 1\n0.0 2 ask 1\n0.0 2 gone\n1 = EPROTO + x\n2 = ok\n");
}

static void test_one_proof_serves_all(void **state)
{
	struct run run = { .text = "caller uid=1001 control=proof proof=3000\n" ALICE
				   "session id=1 user=alice\nprocess command=x\nsession id=2 user=alice\n"
				   "process command=y\nsession id=3 user=alice\nprocess command=z\n",
			   .sessions = "1 2 3",
			   .agree = 1 };

	(void)state;
	run_true(&run);
	assert_non_null(strstr(run.transcript, "1 = ok\n2 = ok\n3 = ok\n"));
	assert_in_range(run.end_us, 3000000, 3100000);
}

/* ---- troubles ---- */

static void test_stuck_in_closing(void **state)
{
	(void)state;
	expect_text(ROOT ALICE "session id=5 user=alice state=closing stuck\nprocess command=daemon\n", "5",
		    "0.0 5 ask 1\n10.0 5 kill 1\n10.0 5 gone\n5 = ok\n");
}

static void test_unkillable(void **state)
{
	(void)state;
	expect_text(ROOT ALICE "session id=5 user=alice\nprocess command=bash\n"
			       "process command=nfs term=never kill=never\n",
		    "5", "0.0 5 ask 2\n10.0 5 kill 1\n5 = ETIMEDOUT + nfs\n");
	expect_text(ROOT ALICE "session id=5 user=alice\nprocess command=nfs term=never kill=30000\n", "5",
		    "0.0 5 ask 1\n10.0 5 kill 1\n40.0 5 gone\n5 = ok\n");
}

static void test_moving_targets(void **state)
{
	(void)state;
	expect_text(ROOT ALICE "session id=5 user=alice\nprocess command=hop term=never hops=1\n", "5",
		    "0.0 5 ask 1\n10.0 5 kill 1\n10.0 5 gone\n5 = ok\n");
	/* Forked between the kill and the death of its parent: must be killed again. */
	expect_text(ROOT ALICE "session id=5 user=alice\nprocess command=f term=never kill=300 forks=10100\n", "5",
		    "0.0 5 ask 1\n10.0 5 kill 1\n10.4 5 gone\n5 = ok\n");
}

static void test_notices_of_removal(void **state)
{
	(void)state;
	expect_text(ROOT ALICE "session id=5 user=alice notice=never\nprocess command=x term=1000\n", "5",
		    "0.0 5 ask 1\n1.1 5 gone\n5 = ok\n");
	expect_text("host quiet\n" ROOT ALICE "session id=5 user=alice notice=never\nprocess command=x term=10\n", "5",
		    "0.0 5 ask 1\n0.0 5 gone\n5 = ok\n");
	expect_text(ROOT ALICE "session id=5 user=alice notice=30000\nprocess command=x\n", "5",
		    "0.0 5 ask 1\n0.0 5 gone\n5 = ok\n");
	/* elogind: the session is forgotten at once, its processes live on. */
	expect_text(ROOT ALICE "session id=5 user=alice early\nprocess command=x\nprocess command=y term=never\n", "5",
		    "0.0 5 ask 2\n10.0 5 kill 1\n10.0 5 gone\n5 = ok\n");
	expect_text(ROOT ALICE "session id=5 user=alice early\nprocess command=y term=never kill=never\n", "5",
		    "0.0 5 ask 1\n10.0 5 kill 1\n5 = ETIMEDOUT - y\n");
}

static void test_session_outlives_its_processes(void **state)
{
	struct run run = { .text = ROOT ALICE "session id=5 user=alice needs-kill\nprocess command=x\n",
			   .sessions = "5" };

	(void)state;
	expect_text(ROOT ALICE "session id=5 user=alice stays=20\nprocess command=x\n", "5",
		    "0.0 5 ask 1\n0.0 5 gone\n5 = ok\n");
	/* cgroup v1: nobody tells logind that it is empty; a kill wakes it. */
	run_true(&run);
	assert_non_null(strstr(run.transcript, "5 = ok\n"));
	assert_true(run.last_us < 1000000); /* long before the grace is over */
	expect_text(ROOT ALICE "session id=5 user=alice stays=never\nprocess command=x\n", "5",
		    "0.0 5 ask 1\n10.0 5 kill 0\n5 = ETIMEDOUT +\n");
}

static void test_answers(void **state)
{
	(void)state;
	expect_text(ROOT ALICE "session id=5 user=alice answer=2000\nprocess command=x\n", "5",
		    "0.0 5 ask 1\n2.0 5 gone\n5 = ok\n");
	expect_text(ROOT ALICE "session id=5 user=alice answer=never\nprocess command=x term=never\n", "5",
		    "0.0 5 ask 1\n5 = ETIMEDOUT + x\n");
	expect_text(ROOT ALICE "session id=5 user=alice refuse=EPROTO\nprocess command=x\n", "5",
		    "0.0 5 ask 1\n5 = EPROTO + x\n");
	expect_text(ROOT ALICE "session id=5 user=alice refuse=EACCES\nprocess command=x\n", "5",
		    "0.0 5 ask 1\n5 = EACCES + x\n");
	expect_text(ROOT ALICE "session id=5 user=alice refuse=org.example.Odd\nprocess command=x\n", "5",
		    "0.0 5 ask 1\n5 = EPROTO + x\n");
	expect_text(ROOT ALICE "session id=5 user=alice ask-fails=EIO\nprocess command=x\n", "5",
		    "0.0 5 ask 1\n5 = EIO + x\n");
	expect_text(ROOT ALICE "session id=5 user=alice refuse=EAGAIN refusals=3\nprocess command=x\n", "5",
		    "0.0 5 ask 1\n0.3 5 gone\n5 = ok\n");
	expect_text(ROOT ALICE "session id=5 user=alice refuse=EAGAIN\nprocess command=x\n", "5",
		    "0.0 5 ask 1\n5 = ETIMEDOUT + x\n");
}

static void test_ends_by_itself(void **state)
{
	(void)state;
	expect_text(ROOT ALICE "session id=5 user=alice leaves=3000\nprocess command=x term=never\n", "5",
		    "0.0 5 ask 1\n3.0 5 gone\n5 = ok\n");
	/* It is gone before the asking is carried out: no such session is then no failure. */
	expect_text(ROOT ALICE "session id=5 user=alice refuse=ENXIO leaves=1\nprocess command=x\n", "5",
		    "0.0 5 ask 1\n0.0 5 gone\n5 = ok\n");
	/* The host lies: it exists and lives on. */
	expect_text(ROOT ALICE "session id=5 user=alice refuse=ENXIO\nprocess command=x term=never kill=never\n", "5",
		    "0.0 5 ask 1\n10.0 5 kill 1\n5 = ETIMEDOUT + x\n");
}

static void test_id_is_used_again(void **state)
{
	(void)state;
	expect_text(ROOT ALICE "user name=bob uid=1001\nsession id=5 user=alice\nprocess command=x term=never\n"
			       "session id=5 user=bob follows\nprocess command=bobs\n",
		    "5", "0.0 5 ask 1\n10.0 5 kill 1\n10.0 5 gone\n5 = ok\n");
}

static void test_connection_lost(void **state)
{
	(void)state;
	expect_text("host lost=3000\n" ROOT ALICE "session id=5 user=alice\nprocess command=x term=never\n", "5",
		    "0.0 5 ask 1\n5 = EHOSTUNREACH ? x\n");
	/* All have ended, but nobody can say whether the session is gone. */
	expect_text("host lost=3000\n" ROOT ALICE "session id=5 user=alice stays=never\nprocess command=x\n", "5",
		    "0.0 5 ask 1\n5 = EHOSTUNREACH ?\n");
}

static void test_kill_refused(void **state)
{
	(void)state;
	expect_text(ROOT ALICE "session id=5 user=alice kill-fails=EACCES\nprocess command=x term=never\n", "5",
		    "0.0 5 ask 1\n10.0 5 kill 1\n5 = EACCES + x\n");
	expect_text(ROOT ALICE "session id=5 user=alice kill-fails=EHOSTUNREACH\nprocess command=x term=never\n", "5",
		    "0.0 5 ask 1\n5 = EHOSTUNREACH + x\n");	/* the host was never asked */
	expect_text(ROOT ALICE "session id=5 user=alice kill-fails=EIO\nprocess command=x term=never\n", "5",
		    "0.0 5 ask 1\n10.0 5 kill 1\n5 = ETIMEDOUT + x\n");
	/* Asked is asked: it ends in its own time. */
	expect_text(ROOT ALICE "session id=5 user=alice kill-fails=EACCES\nprocess command=x term=30000\n", "5",
		    "0.0 5 ask 1\n10.0 5 kill 1\n30.0 5 gone\n5 = ok\n");
}

static unsigned n_kills;

static int count_kills(struct logoff_host *host, struct logoff_session *session, enum host_part part, bool last_act,
		       struct logoff_error *reterr)
{
	n_kills++;
	return host_memory.kill(host, session, part, last_act, reterr);
}

/* A host that cannot be reached is not asked without a pause until the end. */
static void test_kill_not_received(void **state)
{
	struct host_backend counting = host_memory;

	(void)state;
	counting.kill = count_kills;
	n_kills = 0;
	expect((struct run){ .text = ROOT ALICE "session id=5 user=alice kill-fails=EHOSTUNREACH\nprocess command=x term=never\n",
			     .sessions = "5", .backend = &counting },
	       "0.0 5 ask 1\n5 = EHOSTUNREACH + x\n");
	assert_in_range(n_kills, 1, 200);
}

/* ---- a desktop that cannot be looked at for a moment ---- */

static unsigned n_looks;

static int has_desktop(struct logoff_host *host, struct logoff_session *session, bool *ret_has, struct logoff_error *reterr)
{
	(void)host;
	(void)session;
	*ret_has = true;
	(void)reterr;
	return n_looks == 2 ? -EAGAIN : 0;
}

static int ask_desktop(struct logoff_host *host, struct logoff_session *session, enum host_part part, bool interactive,
		       struct logoff_error *reterr)
{
	if (part != HOST_DESKTOP)
		return host_memory.ask(host, session, part, interactive, reterr);
	session->ending->asked = 0;
	return 0;
}

/* Of the program of the desktop nobody can tell at the second look, and at the third it has ended. */
static int look_at_desktop(struct logoff_host *host, struct logoff_session *session, enum host_part part,
			   struct process_list *list, struct logoff_error *reterr)
{
	if (part != HOST_DESKTOP)
		return host_memory.processes(host, session, part, list, reterr);
	n_looks++;
	return n_looks == 1 ? process_list_add(list, 4711, "y") : n_looks == 2 ? -ENODATA : 0;
}

/* The look is tried again; the desktop is not given up. */
static void test_desktop_not_seen_for_a_moment(void **state)
{
	struct host_backend backend = host_memory;

	(void)state;
	backend.desktop = has_desktop;
	backend.ask = ask_desktop;
	backend.processes = look_at_desktop;
	n_looks = 0;
	expect((struct run){ .text = ROOT MANAGED("lingers") "session id=5 user=alice\nprocess command=x\n", .sessions = "5",
			     .backend = &backend },
	       "0.0 5 ask 1\n0.0 5 gone\n0.0 5 desktop-ask\n0.3 5 desktop-gone\n0.3 5 manager-lingers\n5 = ok\n");
}

static void test_processes_not_seen(void **state)
{
	(void)state;
	expect_text(ROOT ALICE "session id=5 user=alice processes-fail=EOPNOTSUPP\nprocess command=x term=20\n", "5",
		    "0.0 5 ask 0\n0.0 5 gone\n5 = ok\n");
	expect_text(ROOT ALICE "session id=5 user=alice processes-fail=EOPNOTSUPP\nprocess command=x term=never\n", "5",
		    "0.0 5 ask 0\n10.0 5 kill 0\n10.0 5 gone\n5 = ok\n");
	expect_text(ROOT ALICE "session id=5 user=alice processes-fail=EIO\nprocess command=x\n", "5", "5 = EIO +\n");
	/* not known yet, which does not keep it from being asked */
	expect_text(ROOT ALICE "session id=5 user=alice processes-fail=EAGAIN\nprocess command=x\n", "5",
		    "0.0 5 ask 0\n10.0 5 kill 0\n5 = ETIMEDOUT -\n");
}

static void test_cancelled(void **state)
{
	static const char text[] = ROOT ALICE "session id=5 user=alice\nprocess command=x term=never kill=never\n";

	(void)state;
	/* Nobody is asked to end, though nobody was warned either. */
	expect((struct run){ .text = text, .sessions = "5", .cancel_at = -1 }, "5 = ECANCELED + x\n");
	/* A caller that leaves the descriptor readable cancels everything. */
	expect((struct run){ .text = text, .sessions = "5", .cancel_at = 1 },
	       "0.0 5 ask 1\nfollowed\n5 = ECANCELED + x\n");
	expect((struct run){ .text = text, .sessions = "5", .cancel_at = 2 },
	       "0.0 5 ask 1\n10.0 5 kill 1\nfollowed\n5 = ECANCELED + x\n");
}

/* The first cancellation asks nobody any more, and follows those who were asked; the second leaves them. */
static void test_cancelled_and_followed(void **state)
{
	static const char text[] = ROOT ALICE "session id=5 user=alice\nprocess command=x term=never\n"
					      "session id=6 user=alice\nprocess command=y term=5000\n";
	static const char unkillable[] = ROOT ALICE "session id=5 user=alice\nprocess command=x term=never kill=never\n";
	static const char manager[] = ROOT "user name=alice uid=1000 manager\nprocess command=systemd term=20\n"
					   "session id=5 user=alice\nprocess command=x term=3000\n";

	(void)state;
	expect((struct run){ .text = text, .sessions = "5 6", .cancel_at = 2, .follow = true },
	       "0.0 5 ask 1\n0.0 6 ask 1\nfollowed\n5.0 6 gone\n10.0 5 kill 1\n10.0 5 gone\n5 = ok\n6 = ok\n");
	expect((struct run){ .text = unkillable, .sessions = "5", .cancel_at = 1, .follow = true },
	       "0.0 5 ask 1\nfollowed\n10.0 5 kill 1\n5 = ETIMEDOUT + x\n");
	expect((struct run){ .text = unkillable, .sessions = "5", .cancel_at = 1, .cancel_again_at = 2, .follow = true },
	       "0.0 5 ask 1\nfollowed\n10.0 5 kill 1\n5 = ECANCELED + x\n");
	/* The service manager is a part of the same end. */
	expect((struct run){ .text = manager, .sessions = "5", .cancel_at = 1, .follow = true },
	       "0.0 5 ask 1\nfollowed\n3.0 5 gone\n3.0 5 manager-ask 1\n3.0 5 manager-gone\n5 = ok\n");
}

/* Those whose turn had not come are left alone, our own session among them, which comes last. */
static void test_cancelled_before_the_turn(void **state)
{
	(void)state;
	expect((struct run){ .text = "caller uid=0\n" ALICE "user name=root uid=0\n"
				     "session id=1 user=root\nprocess command=logoff caller\n"
				     "session id=2 user=alice\nprocess command=x term=5000\n",
			     .sessions = "1 2",
			     .cancel_at = 1,
			     .follow = true },
	       "0.0 2 ask 1\nfollowed\n5.0 2 gone\n1 = ECANCELED + logoff\n2 = ok\n");
}

/* Nothing happens before the proof: who types a password may still think better of it. */
static void test_cancelled_while_a_password_is_typed(void **state)
{
	(void)state;
	expect((struct run){ .text = "caller uid=1001 control=proof proof=90000\n" ALICE
				     "session id=1 user=alice\nprocess command=x\nsession id=2 user=alice\n"
				     "process command=y\n",
			     .sessions = "1 2",
			     .agree = 1,
			     .cancel_in_proof = true,
			     .follow = true },
	       "0.0 1 ask 1\n0.0 2 ask 1\n1 = ECANCELED + x\n2 = ECANCELED + y\n");
}

static void test_deadline_before_grace(void **state)
{
	(void)state;
	expect((struct run){ .text = ROOT ALICE "session id=5 user=alice\nprocess command=x term=never\n",
			     .sessions = "5",
			     .grace_ms = 10000,
			     .wait_ms = 3000 },
	       "0.0 5 ask 1\n5 = ETIMEDOUT + x\n");
}

/* If nothing else is known of a failure, the record has the error of the system. */
static void test_cause(void **state)
{
	struct logoff_error cause = {};

	(void)state;
	assert_int_equal(result_of(-EMFILE, &cause), LOGOFF_E_FAILED);
	assert_int_equal(cause.number, EMFILE);
	assert_string_equal(cause.text, strerror(EMFILE));
	assert_int_equal(result_of(-EIO, &cause), LOGOFF_E_FAILED);
	assert_int_equal(cause.number, EMFILE);
	cause = (struct logoff_error){};
	assert_int_equal(result_of(-EACCES, &cause), LOGOFF_E_DENIED);
	assert_int_equal(result_of(0, &cause), LOGOFF_OK);
	assert_int_equal(cause.domain, LOGOFF_ERROR_NONE);
	assert_int_equal(result_of(-EMFILE, NULL), LOGOFF_E_FAILED);
}

/* ---- service managers ---- */

static void test_manager(void **state)
{
	(void)state;
	expect_text(ROOT MANAGED("") "session id=5 user=alice\nprocess command=x\n", "5",
		    "0.0 5 ask 1\n0.0 5 gone\n0.0 5 manager-ask 1\n0.0 5 manager-gone\n5 = ok\n");
	expect_text(ROOT MANAGED("lingers") "session id=5 user=alice\nprocess command=x\n", "5",
		    "0.0 5 ask 1\n0.0 5 gone\n0.0 5 manager-lingers\n5 = ok\n");
	expect_text(ROOT MANAGED("") "session id=5 user=alice\nprocess command=x\nsession id=6 user=alice\n", "5",
		    "0.0 5 ask 1\n0.0 5 gone\n0.0 5 manager-needed\n5 = ok\n");
}

static void test_stubborn_manager(void **state)
{
	(void)state;
	expect_text(ROOT "user name=alice uid=1000 manager\nprocess command=x term=never\nsession id=5 user=alice\n",
		    "5",
		    "0.0 5 ask 0\n0.0 5 gone\n0.0 5 manager-ask 1\n10.0 5 manager-kill 1\n10.0 5 manager-gone\n"
		    "5 = ok\n");
	expect_text(ROOT "user name=alice uid=1000 manager\nprocess command=x term=never kill=never\n"
			 "session id=5 user=alice\n",
		    "5", "0.0 5 ask 0\n0.0 5 gone\n0.0 5 manager-ask 1\n10.0 5 manager-kill 1\n5 = ETIMEDOUT - x\n");
}

static void test_manager_refused(void **state)
{
	(void)state;
	expect_text(ROOT MANAGED("refuse=EACCES") "session id=5 user=alice\nprocess command=x\n", "5",
		    "0.0 5 ask 1\n0.0 5 gone\n0.0 5 manager-ask 1\n5 = EACCES - systemd\n");
	expect_text("host manager-fails=EPROTO\n" ROOT MANAGED("") "session id=5 user=alice\nprocess command=x\n", "5",
		    "0.0 5 ask 1\n0.0 5 gone\n5 = EPROTO -\n");
}

static void test_last_sessions_together(void **state)
{
	struct run run = { .text = ROOT MANAGED("") "session id=5 user=alice\nprocess command=x\n"
						    "session id=6 user=alice\nprocess command=y term=700\n",
			   .sessions = "5 6" };

	(void)state;
	run_true(&run);
	assert_string_equal(run.transcript, "0.0 5 ask 1\n0.0 6 ask 1\n0.0 5 gone\n0.7 6 gone\n"
					    "0.7 6 manager-ask 1\n0.7 6 manager-gone\n5 = ok\n6 = ok\n");
}

/* ---- several ---- */

static void test_one_failure_does_not_stop_the_others(void **state)
{
	struct run run = { .text = ROOT ALICE "session id=1 user=alice console\nprocess command=a\n"
					      "session id=2 user=alice refuse=EPROTO\nprocess command=b\n"
					      "session id=3 user=alice\nprocess command=c term=never kill=never\n"
					      "session id=4 user=alice\nprocess command=d\n",
			   .sessions = "1 2 3 4" };

	(void)state;
	run_true(&run);
	assert_non_null(strstr(run.transcript, "1 = EPERM +\n2 = EPROTO + b\n3 = ETIMEDOUT + c\n4 = ok\n"));
}

/* Side by side: a hundred sessions of one second each take one second, not a hundred. */
static void test_side_by_side(void **state)
{
	struct logoff_session **sessions;
	struct logoff_request *request;
	struct logoff_host *host;
	static char text[16384];
	size_t n, length;

	(void)state;
	length = (size_t)snprintf(text, sizeof(text), "%s%s", ROOT, ALICE);
	for (int i = 0; i < 200; i++)
		length += (size_t)snprintf(text + length, sizeof(text) - length,
					   "session id=%d user=alice answer=3\nprocess command=x term=1000\n", i);
	assert_int_equal(open_host(text, &host), 0);
	assert_int_equal(logoff_request_new(&request, host), 0);
	assert_int_equal(logoff_host_list(host, &sessions, &n, NULL), 0);
	assert_int_equal(n, 200);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(logoff_request_add(request, sessions[i], LOGOFF_WHY_NAMED), 0);
	free(sessions);
	assert_int_equal(logoff_request_run(request, NULL, NULL), 0);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(logoff_request_outcome(request, i)->result, LOGOFF_OK);
		assert_in_range(logoff_request_outcome(request, i)->elapsed_us, 1000000, 1100000);
	}
	assert_true(host->now_us < 1200000);
	logoff_request_free(request);
	logoff_host_close(host);
}

static void test_requests(void **state)
{
	struct logoff_request *request;
	struct logoff_host *host;

	(void)state;
	assert_int_equal(open_host(ROOT ALICE "session id=1 user=alice\n", &host), 0);
	assert_int_equal(logoff_request_new(&request, host), 0);
	assert_int_equal(add(request, host, "1", LOGOFF_WHY_NAMED), 0);
	assert_int_equal(add(request, host, "1", LOGOFF_WHY_NAMED), 0);
	assert_int_equal(logoff_request_count(request), 1);
	assert_null(logoff_request_outcome(request, 0));
	assert_int_equal(logoff_request_run(request, &(struct logoff_options){ .wait_ms = 1 }, NULL), LOGOFF_E_INVALID);
	assert_int_equal(logoff_request_run(request, NULL, NULL), 0);
	assert_int_equal(logoff_request_outcome(request, 0)->result, LOGOFF_OK);
	assert_null(logoff_request_outcome(request, 1));
	assert_null(logoff_request_session(request, 1));
	assert_int_equal(logoff_request_run(request, NULL, NULL), LOGOFF_E_INVALID);
	logoff_request_free(request);
	assert_int_equal(logoff_request_new(&request, host), 0);
	assert_int_equal(logoff_request_run(request, NULL, NULL), 0); /* nothing to do is done */
	logoff_request_free(request);
	assert_null(logoff_request_free(NULL));
	logoff_host_close(host);
}

static void test_forced(void **state)
{
	static const struct {
		const char *text;
		int n_forced;
	} cases[] = {
		{ "session id=5 user=alice\nprocess command=x term=9000\n", 0 },
		{ "session id=5 user=alice\nprocess command=x\nprocess command=y term=never\n", 1 },
		{ "session id=5 user=alice processes-fail=EOPNOTSUPP\nprocess command=y term=never\n", 1 },
		/* The host had to be woken, but there was nobody left to be killed. */
		{ "session id=5 user=alice needs-kill\nprocess command=x\n", 0 },
		{ "session id=5 user=alice stays=12000\nprocess command=x\n", 0 },
		/* It ended by itself after a kill that did not reach its host. */
		{ "session id=5 user=alice kill-fails=EHOSTUNREACH\nprocess command=y term=12000\n", 0 },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		char text[256];
		struct run run = { .text = text, .sessions = "5" };

		snprintf(text, sizeof(text), ROOT ALICE "%s", cases[i].text);
		run_it(&run);
		assert_null(run.truth.lie);
		assert_non_null(strstr(run.transcript, "5 = ok\n"));
		assert_int_equal(run.n_forced, cases[i].n_forced);
	}
}

/* ---- the caller's own session ---- */

#define OWN "caller uid=1000\n" ALICE "session id=1 user=alice\nprocess command=sshd term=40\n"

static void test_own_session(void **state)
{
	(void)state;
	expect_text(OWN "process command=logoff caller\n", "", "0.0 1 ask 2\n0.0 1 alone\n1 = ok\n");
	expect_text(OWN "process command=dig term=never\nprocess command=logoff caller\n", "",
		    "0.0 1 ask 3\n10.0 1 kill 2\n10.0 1 alone\n1 = ok\n");
	expect_text(OWN "process command=nfs term=never kill=never\nprocess command=logoff caller\n", "1",
		    "0.0 1 ask 3\n10.0 1 kill 2\n1 = ETIMEDOUT + nfs logoff\n");
}

static void test_own_session_comes_last(void **state)
{
	struct run run = { .text = OWN "process command=logoff caller\nsession id=2 user=alice\n"
				       "process command=x term=5000\n",
			   .sessions = "1 2" };

	(void)state;
	run_true(&run);
	assert_string_equal(run.transcript, "0.0 2 ask 1\n5.0 2 gone\n0.0 1 ask 2\n0.0 1 alone\n1 = ok\n2 = ok\n");
}

/* The caller may be one of the programs that its desktop would end. */
static void test_what_may_be_the_own_session(void **state)
{
	struct run run = { .text = ROOT ALICE "session id=1 user=alice own-unsure desktop=GNOME\nprocess command=a\n"
				   "session id=2 user=alice\nprocess command=x term=5000\n",
			   .sessions = "1 2" };

	(void)state;
	run_true(&run);
	assert_string_equal(run.transcript, "0.0 2 ask 1\n5.0 2 gone\n0.0 1 ask 1\n0.0 1 gone\n1 = ok\n2 = ok\n");
}

/* ---- records ---- */

static void test_records(void **state)
{
	struct run run = { .text = "host record-fails=EIO\n" ROOT ALICE "session id=5 user=alice\nprocess command=x\n"
				   "session id=6 user=alice console\n",
			   .sessions = "5 6" };

	(void)state;
	run_true(&run);
	assert_string_equal(run.transcript, "0.0 5 ask 1\n0.0 5 gone\n5 = ok\n6 = EPERM +\n");
	assert_int_equal(run.n_unrecorded, 2);
	run = (struct run){ .text = ROOT ALICE "session id=5 user=alice\nprocess command=x\n", .sessions = "5" };
	run_it(&run);
	assert_int_equal(run.n_unrecorded, 0);
}

/* ---- random hosts ---- */

struct dice {
	uint64_t state;
};

/* xorshift64*: the same numbers for the same seed everywhere. */
static unsigned roll(struct dice *dice, unsigned n)
{
	dice->state ^= dice->state >> 12;
	dice->state ^= dice->state << 25;
	dice->state ^= dice->state >> 27;
	return (unsigned)((dice->state * UINT64_C(2685821657736338717)) >> 33) % n;
}

/* Adds one of the N texts, or, mostly, none. */
static void add_word(struct dice *dice, FILE *to, unsigned odds, const char *const *words, unsigned n)
{
	if (roll(dice, odds) == 0)
		fprintf(to, " %s", words[roll(dice, n)]);
}

#define ADD_WORD(dice, to, odds, ...)                                                                                  \
	do {                                                                                                           \
		static const char *const words_[] = { __VA_ARGS__ };                                                   \
		add_word(dice, to, odds, words_, (unsigned)N_ELEMENTS(words_));                                        \
	} while (0)

static void make_process(struct dice *dice, FILE *to)
{
	fprintf(to, "process command=p%u", roll(dice, 100));
	ADD_WORD(dice, to, 2, "term=never", "term=3", "term=40", "term=900", "term=15000");
	ADD_WORD(dice, to, 5, "kill=1", "kill=70", "kill=6000", "kill=never");
	ADD_WORD(dice, to, 6, "ends=0", "ends=30", "ends=1001", "ends=9999");
	ADD_WORD(dice, to, 8, "hops=70", "hops=450", "forks=5 children=3", "forks=1000", "forks=10001 children=2");
	fprintf(to, "\n");
}

static void make_unit(struct dice *dice, FILE *to)
{
	ADD_WORD(dice, to, 5, "answer=1", "answer=80", "answer=12000", "answer=never");
	ADD_WORD(dice, to, 5, "notice=1", "notice=30000", "notice=never");
	ADD_WORD(dice, to, 5, "stays=2", "stays=60", "stays=20000", "stays=never");
	ADD_WORD(dice, to, 8, "refuse=EACCES", "refuse=EPROTO", "refuse=EAGAIN refusals=4", "refuse=ENXIO",
		 "refuse=org.example.Odd", "ask-fails=EIO", "ask-fails=EHOSTUNREACH");
	ADD_WORD(dice, to, 8, "kill-fails=EACCES", "kill-fails=EIO", "processes-fail=EOPNOTSUPP", "processes-fail=EIO");
	ADD_WORD(dice, to, 6, "stuck", "early", "needs-kill", "stuck needs-kill", "early needs-kill");
}

static void make_session(struct dice *dice, FILE *to, unsigned i, bool caller_possible)
{
	bool again = i > 0 && roll(dice, 8) == 0;

	fprintf(to, "session id=%u user=u%u", again ? i - 1 : i, roll(dice, 3));
	if (again)
		fprintf(to, " follows");
	make_unit(dice, to);
	ADD_WORD(dice, to, 6, "console", "greeter", "console greeter");
	ADD_WORD(dice, to, 6, "leaves=0", "leaves=1", "leaves=600", "leaves=10000");
	ADD_WORD(dice, to, 4, "desktop=GNOME", "desktop=XFCE logout=700", "desktop=GNOME logout=never objects=editor",
		 "desktop=Plasma logout-fails=EIO", "desktop=GNOME logout-found=700 logout=700", "desktop=XFCE logout-found=never");
	if (!again)
		ADD_WORD(dice, to, 8, "begins=100", "begins=4000", "begins=10050");
	fprintf(to, "\n");
	for (unsigned n = roll(dice, 5); n > 0; n--)
		make_process(dice, to);
	if (caller_possible && roll(dice, 4) == 0)
		fprintf(to, "process command=caller caller\n");
}

/* Describes a host from SEED. Where ids follow nobody the description is wrong: such hosts are skipped. */
static char *make_host(uint64_t seed)
{
	struct dice dice = { .state = seed * 2654435761u + 1 };
	FILE *to = tmpfile();
	unsigned n_sessions = 1 + roll(&dice, 6);

	assert_non_null(to);
	fprintf(to, "host");
	ADD_WORD(&dice, to, 4, "quiet");
	ADD_WORD(&dice, to, 10, "lost=0", "lost=50", "lost=10000", "manager-fails=EPROTO", "manager-fails=EAGAIN");
	ADD_WORD(&dice, to, 10, "silent=0", "silent=40 speaks=700", "silent=2000 speaks=9000", "silent=10001",
		 "silent=30 speaks=20000");
	fprintf(to, "\ncaller uid=%u", roll(&dice, 4));
	ADD_WORD(&dice, to, 2, "control=yes", "control=yes", "control=proof proof=2000", "control=proof proof-fails",
		 "control=no");
	fprintf(to, "\n");
	for (unsigned i = 0; i < 3; i++) {
		fprintf(to, "user name=u%u uid=%u", i, i + 1);
		ADD_WORD(&dice, to, 2, "manager", "manager", "manager lingers");
		make_unit(&dice, to);
		fprintf(to, "\n");
		for (unsigned n = roll(&dice, 3); n > 0; n--)
			make_process(&dice, to);
	}
	for (unsigned i = 0; i < n_sessions; i++)
		make_session(&dice, to, i, i + 1 == n_sessions);
	return test_take_text(to);
}

static void test_random_hosts(void **state)
{
	static const uint64_t times[][2] = { { 10000, 60000 }, { 0, 60000 }, { 1000, 3000 }, { 5000, 1000 }, { 0, 0 } };
	const char *chosen = getenv("LOGOFF_TEST_SEED");
	uint64_t first = chosen ? strtoull(chosen, NULL, 10) : 1;
	unsigned n_run = 0, n_ok = 0;

	(void)state;
	for (uint64_t seed = first; seed < first + (chosen ? 1 : N_HOSTS); seed++) {
		struct run run = { .sessions = "0 1 2 3 4 5",
				   .agree = (int)(seed % 3) - 1,
				   .console = seed % 5 == 0,
				   .cancel_at = seed % 7 == 0 ? (int)(seed % 4) : 0,
				   .warn_ms = seed % 11 == 0 ? 500 * (seed % 60) : 0,
				   .think_ms = seed % 13 == 0 ? 2000 : 0,
				   .named = seed % 2 == 0,
				   .follow = seed % 9 == 0,
				   .unsure = seed % 17 == 0 ? "0" : NULL,
				   .n_unsure = (int)(seed % 50),
				   .not_meant = seed % 3 == 0 ? "1" : NULL,
				   .grace_ms = times[seed % 5][0],
				   .wait_ms = times[seed % 5][1] };
		char *text = make_host(seed), sessions[8] = "";

		/* As many of the sessions as there are, or only the first. */
		for (unsigned i = 0; i < 6; i++) {
			char line[16];

			snprintf(line, sizeof(line), "session id=%u ", i);
			if (strstr(text, line) && (i == 0 || seed % 2) && strlen(sessions) < 6)
				snprintf(sessions + strlen(sessions), sizeof(sessions) - strlen(sessions), "%u ", i);
		}
		run.text = text;
		run.sessions = sessions;
		run_it(&run);
		if (run.truth.lie)
			fail_msg("LOGOFF_TEST_SEED=%llu: not true: %s\n%s\n%s", (unsigned long long)seed, run.truth.lie,
				 text, run.transcript);
		n_run += run.transcript[0] != '\0';
		n_ok += strstr(run.transcript, "= ok") != NULL;
		free(text);
	}
	/* Lest the generator one day makes hosts that all fail at once. */
	assert_true(chosen || (n_run > N_HOSTS / 2 && n_ok > N_HOSTS / 8));
}

/* ---- memory runs out ---- */

static const char poor_host[] =
	ROOT "user name=alice uid=1000 manager\nprocess command=systemd term=20\n"
	     "user name=bob uid=1001 lingers manager\n"
	     "session id=5 user=alice rdp=10 display=:10\nprocess command=x term=never forks=7\nprocess command=y\n"
	     "session id=6 user=bob tty=pts/1 refuse-text=no refuse=EAGAIN refusals=1\nprocess command=z term=30\n"
	     "session id=7 user=bob\nprocess command=w term=never kill=never\n";

static void test_starvation(void **state)
{
	static const char full[] = "5 = ok\n6 = ok\n7 = ETIMEDOUT + w\n";

	(void)state;
	for (int lasting = 0; lasting < 2; lasting++) {
		unsigned long n = 0;

		do {
			struct run run = {
				.text = poor_host,
				.sessions = "rdp-tcp#10 6 7",
				.grace_ms = 100,
				.wait_ms = 2000,
				.warn_ms = 25000
			};

			starvation.countdown = ++n;
			starvation.lasting = lasting;
			starvation.failed = false;
			run.truth.starved = true;
			run_it(&run);
			starvation.countdown = 0;
			if (run.truth.lie)
				fail_msg("allocation %lu fails: not true: %s\n%s", n, run.truth.lie, run.transcript);
			if (run.r < 0 && run.r != -ENOMEM && run.r != LOGOFF_E_NO_MEMORY)
				fail_msg("allocation %lu fails: %d", n, run.r);
			if (!starvation.failed)
				assert_non_null(strstr(run.transcript, full));
		} while (starvation.failed);
		assert_true(n > 50);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_polite),
		cmocka_unit_test(test_polite_takes_its_time),
		cmocka_unit_test(test_no_time_is_lost_after_the_notice),
		cmocka_unit_test(test_grace_and_kill),
		cmocka_unit_test(test_kill_is_punctual),
		cmocka_unit_test(test_by_name),
		cmocka_unit_test(test_not_found),
		cmocka_unit_test(test_console),
		cmocka_unit_test(test_greeter),
		cmocka_unit_test(test_full_control),
		cmocka_unit_test(test_proof_of_identity),
		cmocka_unit_test(test_proof_for_a_host_that_does_not_come_back),
		cmocka_unit_test(test_failure_in_a_proof_frees_the_next),
		cmocka_unit_test(test_one_proof_serves_all),
		cmocka_unit_test(test_stuck_in_closing),
		cmocka_unit_test(test_unkillable),
		cmocka_unit_test(test_moving_targets),
		cmocka_unit_test(test_notices_of_removal),
		cmocka_unit_test(test_session_outlives_its_processes),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_ends_by_itself),
		cmocka_unit_test(test_id_is_used_again),
		cmocka_unit_test(test_connection_lost),
		cmocka_unit_test(test_kill_refused),
		cmocka_unit_test(test_kill_not_received),
		cmocka_unit_test(test_desktop_not_seen_for_a_moment),
		cmocka_unit_test(test_processes_not_seen),
		cmocka_unit_test(test_cancelled),
		cmocka_unit_test(test_cancelled_and_followed),
		cmocka_unit_test(test_cancelled_before_the_turn),
		cmocka_unit_test(test_cancelled_while_a_password_is_typed),
		cmocka_unit_test(test_deadline_before_grace),
		cmocka_unit_test(test_cause),
		cmocka_unit_test(test_manager),
		cmocka_unit_test(test_stubborn_manager),
		cmocka_unit_test(test_manager_refused),
		cmocka_unit_test(test_last_sessions_together),
		cmocka_unit_test(test_one_failure_does_not_stop_the_others),
		cmocka_unit_test(test_side_by_side),
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_forced),
		cmocka_unit_test(test_own_session),
		cmocka_unit_test(test_own_session_comes_last),
		cmocka_unit_test(test_what_may_be_the_own_session),
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_random_hosts),
		cmocka_unit_test(test_starvation),
	};

	return cmocka_run_group_tests_name("logoff", tests, NULL, NULL);
}
