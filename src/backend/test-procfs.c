/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-procfs.c - a machine without logind, as far as it can be had without being root: sessions that are terminals.
 *
 * A child on a new pseudo terminal, handed to process 1, is a session of ours, seen and logged off through the public
 * calls. Where the tests themselves run in a kernel audit session (a desktop, a login) their children inherit that and
 * are no sessions of their own: there only the looking is tested, and nothing is logged off. Audit sessions, their
 * users and utmp are the lab's.
 */
#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "backend/procfs-view.h"
#include "core/host.h"
#include "local/proc.h"

/* A session: a shell of sorts with a job, on a terminal. */
struct fixture {
	struct logoff_host *host;
	int master;
	char name[64];
	pid_t shell, job;
};

/* Even if a test breaks off, nobody stays for long. */
static void stay(void)
{
	alarm(20);
	for (;;)
		pause();
}

/* What the shell says of both; the job says 'x' when it ignores signals. */
struct __attribute__((packed)) hello {
	char from;
	pid_t shell, job;
};

/* JOB_LEAVES: the job has left the terminal, but not its parent; else it stays on the terminal like one of nohup. */
static void be_session(const char *terminal, int fd, bool job_leaves)
{
	struct hello hello = { .from = 's', .shell = getpid() };
	int slave;

	setsid();
	slave = open(terminal, O_RDWR);
	if (slave < 0 || ioctl(slave, TIOCSCTTY, 0) < 0)
		_exit(1);
	hello.job = fork();
	if (hello.job == 0) {
		signal(SIGHUP, SIG_IGN);
		signal(SIGTERM, SIG_IGN);
		if (job_leaves)
			setsid();
		(void)!write(fd, "x", 1);
		stay();
	}
	(void)!write(fd, &hello, sizeof(hello));
	stay();
}

static int start(void **state, bool job_leaves)
{
	struct fixture *f = calloc(1, sizeof(*f));
	char terminal[64], text[1 + sizeof(struct hello)];
	struct hello hello;
	size_t n = 0;
	int slave, fds[2];
	ssize_t r;

	if (!f || openpty(&f->master, &slave, terminal, NULL, NULL) < 0 || pipe(fds) < 0)
		return -1;
	if (fork() == 0) {
		close(slave);
		close(f->master);
		if (fork() == 0) /* else it were a part of the session the tests run in */
			be_session(terminal, fds[1], job_leaves);
		_exit(0);
	}
	wait(NULL);
	close(fds[1]);
	for (; n < sizeof(text); n += (size_t)r) {
		r = read(fds[0], text + n, sizeof(text) - n);
		if (r <= 0)
			return -1;
	}
	close(fds[0]);
	close(slave);
	memcpy(&hello, text + (text[0] == 'x'), sizeof(hello)); /* the job and the shell speak in any order */
	f->shell = hello.shell;
	f->job = hello.job;
	snprintf(f->name, sizeof(f->name), "%.60s", terminal + strlen("/dev/"));
	setenv("LOGOFF_HOST", "procfs", 1);
	*state = f;
	return host_open(&f->host, NULL, NULL, NULL);
}

static int set_up(void **state)
{
	return start(state, true);
}

static int set_up_nohup(void **state)
{
	return start(state, false);
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	(void)kill(f->shell, SIGKILL);
	(void)kill(f->job, SIGKILL);
	logoff_host_close(f->host);
	close(f->master);
	free(f);
	return 0;
}

static bool is_running(pid_t pid)
{
	struct proc_stat stat;

	return proc_read_stat(pid, &stat) == 0 && stat.state != 'Z' && stat.state != 'X';
}

/* Finds the session of the fixture, or skips the test where it cannot be one. */
static struct logoff_session *find(const struct fixture *f)
{
	struct logoff_session *session = NULL;
	uint32_t audit = PROC_NO_AUDIT, init = PROC_NO_AUDIT;
	struct proc_stat shell;

	(void)proc_read_audit_session(getpid(), &audit);
	(void)proc_read_audit_session(1, &init);
	assert_int_equal(proc_read_stat(f->shell, &shell), 0);
	if ((audit != PROC_NO_AUDIT && audit != init) || shell.parent != 1)
		skip();
	assert_int_equal(host_find(f->host, f->name, &session, NULL), 0);
	return session;
}

static void terminal_is_a_session(void **state)
{
	struct fixture *f = *state;
	struct logoff_session *session = find(f), *by_id = NULL;
	char id[16];

	snprintf(id, sizeof(id), "c%d", (int)f->shell);
	assert_string_equal(logoff_session_id(session), id);
	assert_int_equal(logoff_session_uid(session), getuid());
	assert_int_equal(logoff_session_state(session), LOGOFF_STATE_ACTIVE);
	assert_true(logoff_session_is(session, LOGOFF_IS_BY_TERMINAL));
	assert_false(logoff_session_is(session, LOGOFF_IS_CURRENT));
	assert_int_equal(host_find(f->host, id, &by_id, NULL), 0);
	assert_string_equal(logoff_session_name(by_id), f->name);
	assert_int_equal(host_session_exists(session, NULL, NULL), 1);
	logoff_session_free(session);
	logoff_session_free(by_id);
	/* a process that is no session leader is no session */
	snprintf(id, sizeof(id), "c%d", (int)f->job);
	assert_int_equal(host_find(f->host, id, &by_id, NULL), -ENXIO);
}

/* It has just begun, on its terminal. */
static void details_are_told(void **state)
{
	struct fixture *f = *state;
	struct logoff_session *session = find(f);

	assert_string_equal(logoff_session_detail(session, LOGOFF_DETAIL_TERMINAL), f->name);
	assert_null(logoff_session_detail(session, LOGOFF_DETAIL_DISPLAY));
	assert_null(logoff_session_detail(session, LOGOFF_DETAIL_ADDRESS));
	assert_int_equal(logoff_session_fetch(&session, 1, LOGOFF_FACTS_IDLE, NULL), LOGOFF_OK);
	assert_in_range(logoff_session_time_us(session, LOGOFF_TIME_IDLE), 0, 30000000);
	assert_in_range(logoff_session_time_us(session, LOGOFF_TIME_LOGON) / 1000000, time(NULL) - 30, time(NULL) + 1);
	assert_int_equal(logoff_session_kind(session), LOGOFF_KIND_USER);
	logoff_session_free(session);
}

static void census_tells_of_the_family(void **state)
{
	struct fixture *f = *state;
	struct logoff_session *session = find(f);
	struct logoff_host_process **processes = NULL;
	size_t n = 0, n_own = 0;
	bool has_self = false;

	assert_int_equal(logoff_host_list_processes(f->host, &processes, &n, NULL), 0);
	for (size_t i = 0; i < n; i++) {
		bool own = strcmp(processes[i]->session_id, logoff_session_id(session)) == 0;

		if (own != (processes[i]->pid == f->shell || processes[i]->pid == f->job))
			fail_msg("%d %s is in \"%s\"", (int)processes[i]->pid, processes[i]->command, processes[i]->session_id);
		n_own += own;
		has_self = has_self || (processes[i]->pid == getpid() && processes[i]->uid == getuid());
	}
	assert_int_equal(n_own, 2);
	assert_true(has_self);
	logoff_host_process_list_free(processes);
	logoff_session_free(session);
}

static void terminal_is_logged_off_with_its_family(void **state)
{
	struct fixture *f = *state;
	struct logoff_session *session = find(f);
	struct logoff_options options = { .size = sizeof(options), .grace_ms = 50, .wait_ms = 5000, .cancel_fd = -1 };
	struct logoff_request *request;
	struct process_list list = { 0 };

	assert_int_equal(f->host->backend->processes(f->host, session, HOST_SESSION, &list, NULL), 0);
	assert_int_equal(list.n_items, 2);
	process_list_clear(&list);
	assert_int_equal(logoff_request_new(&request, f->host), 0);
	assert_int_equal(logoff_request_add(request, session, LOGOFF_WHY_NAMED), 0);
	assert_int_equal(logoff_request_run(request, &options, NULL), 0);
	assert_int_equal(logoff_request_outcome(request, 0)->result, LOGOFF_OK);
	assert_true(logoff_request_outcome(request, 0)->elapsed_us >= 50000); /* the job ignores what can be ignored */
	assert_false(is_running(f->shell) || is_running(f->job));
	assert_int_equal(host_session_exists((struct logoff_session *)logoff_request_session(request, 0), NULL, NULL), 0);
	logoff_request_free(request);
	assert_int_equal(host_find(f->host, f->name, &session, NULL), -ENXIO);
}

/* Kills a process and waits until process 1 has taken note of its end. */
static void end(pid_t pid)
{
	(void)kill(pid, SIGKILL);
	for (unsigned i = 0; i < 2000 && kill(pid, 0) == 0; i++)
		usleep(1000);
	assert_int_equal(kill(pid, 0), -1);
}

/* The user leaves before the session is asked to end. The job has no terminal any more, but it is still in the kernel session. */
static void what_outlives_its_leader_is_logged_off(void **state)
{
	struct fixture *f = *state;
	struct logoff_session *session = find(f);
	struct logoff_options options = { .size = sizeof(options), .grace_ms = 50, .wait_ms = 5000, .cancel_fd = -1 };
	struct logoff_request *request;
	struct process_list list = { 0 };

	end(f->shell);
	assert_int_equal(f->host->backend->processes(f->host, session, HOST_SESSION, &list, NULL), 0);
	assert_int_equal(list.n_items, 1);
	assert_int_equal(list.items[0].pid, f->job);
	process_list_clear(&list);
	assert_int_equal(logoff_request_new(&request, f->host), 0);
	assert_int_equal(logoff_request_add(request, session, LOGOFF_WHY_NAMED), 0);
	assert_int_equal(logoff_request_run(request, &options, NULL), 0);
	assert_int_equal(logoff_request_outcome(request, 0)->result, LOGOFF_OK);
	assert_false(is_running(f->job));
	logoff_request_free(request);
}

/* Takes the group of process PID out of VIEW. */
static void take_group_of(const struct view *view, pid_t pid, struct group *ret)
{
	for (size_t i = 0; i < view->n_sessions;) {
		i = view_take_group(view, i, ret);
		for (size_t k = 0; k < ret->n_tasks; k++)
			if (ret->tasks[k]->stat.pid == pid)
				return;
	}
	fail_msg("%d is in no session", (int)pid);
}

/* The first process of a session ends after all processes have been read, and before its own status is. */
static void a_session_outlives_its_first_process(void **state)
{
	struct fixture *f = *state;
	struct logoff_session *session = find(f);
	struct group group;
	struct view view;

	logoff_session_free(session);
	assert_int_equal(view_init(&view, f->host, PROC_NO_AUDIT, NULL), 0);
	take_group_of(&view, f->shell, &group);
	end(f->shell);
	assert_int_equal(procfs_make_session(&view, &group, &session, NULL), 0);
	assert_int_equal(session->uid, getuid());
	logoff_session_free(session);
	end(f->job);
	take_group_of(&view, f->job, &group);
	assert_int_equal(procfs_make_session(&view, &group, &session, NULL), -ENXIO);
	view_done(&view);
}

/* To have no descriptor left does not mean that there is no session. */
static void what_cannot_be_read_is_not_gone(void **state)
{
	struct fixture *f = *state;
	struct logoff_session *session = find(f);
	struct logoff_error error = {};
	struct rlimit before, none;
	struct group group;
	struct view view;
	int got, made;

	assert_int_equal(view_init(&view, f->host, PROC_NO_AUDIT, NULL), 0);
	take_group_of(&view, f->shell, &group);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = (struct rlimit){ .rlim_cur = 0, .rlim_max = before.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	got = host_session_exists(session, NULL, NULL);
	made = procfs_make_session(&view, &group, &session, &error);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(got, -EIO);
	assert_int_equal(made, -EIO);
	assert_int_equal(error.number, EMFILE);
	logoff_session_free(session);
	view_done(&view);
}

/* The caller's own sessions are those of processes, whose numbers can be given to others during a wait. */
static void own_is_found_anew(void **state)
{
	struct fixture *f = *state;
	struct procfs *procfs = f->host->data;
	struct logoff_session *session = find(f);

	logoff_session_free(session);
	assert_true(procfs->caller.n_items > 0);
	procfs->caller.items[0] = (struct caller_process){ f->shell, true };
	procfs->caller.n_items = 1;
	session = find(f);
	assert_true(logoff_session_is(session, LOGOFF_IS_OWN_UNSURE));
	assert_false(logoff_session_is(session, LOGOFF_IS_OWN));
	logoff_session_free(session);
	procfs->caller.items[0].unsure = false;
	session = find(f);
	assert_true(logoff_session_is(session, LOGOFF_IS_OWN));
	logoff_session_free(session);
	procfs->caller_us -= 2000000;	/* as after a wait */
	session = find(f);
	assert_false(logoff_session_is(session, LOGOFF_IS_OWN) || logoff_session_is(session, LOGOFF_IS_OWN_UNSURE));
	logoff_session_free(session);
}

static void refusals(void **state)
{
	static const char *const none[] = { "4294967295", "0",	"c0",	      "4294967296", "99999999999999999999",
					    "c",	  "-1", "2147483647", "1x" };
	struct fixture *f = *state;
	struct logoff_session *session = NULL;

	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		if (f->host->backend->get(f->host, none[i], &session, NULL) != -ENXIO)
			fail_msg("a session has the id %s", none[i]);
}

/* Somebody else's session: asking answers -EACCES and harms nobody. */
static void others_need_authority(void **state)
{
	struct host_ending ending = { .asked = HOST_PENDING };
	struct fixture *f = *state;
	struct logoff_session *session = find(f);

	if (geteuid() == 0) {
		logoff_session_free(session);
		skip();
	}
	session->uid = getuid() + 1;
	session->ending = &ending;
	assert_int_equal(f->host->backend->ask(f->host, session, HOST_SESSION, false, NULL), 0);
	assert_int_equal(ending.asked, -EACCES);
	assert_int_equal(ending.asked_error.domain, LOGOFF_ERROR_ERRNO);
	assert_int_equal(f->host->backend->kill(f->host, session, HOST_SESSION, false, NULL), -EACCES);
	assert_true(is_running(f->shell) && is_running(f->job));
	logoff_session_free(session);
}

/* Every session that is listed can be found by its id and has someone in it; none is that of process 1's starter. */
static void what_is_listed_can_be_found(void **state)
{
	struct fixture *f = *state;
	struct logoff_session **sessions = NULL, *again;
	size_t n = 0;
	int r;

	assert_int_equal(logoff_host_list(f->host, &sessions, &n, NULL), 0);
	for (size_t i = 0; i < n; i++) {
		assert_string_not_equal(logoff_session_id(sessions[i]), "4294967295");
		assert_string_not_equal(logoff_session_user(sessions[i]), "");
		r = host_find(f->host, logoff_session_id(sessions[i]), &again, NULL);
		if (r == 0) {
			assert_string_equal(logoff_session_id(again), logoff_session_id(sessions[i]));
			logoff_session_free(again);
		} else {
			assert_int_equal(r, -ENXIO); /* has ended meanwhile: machines live */
		}
	}
	logoff_session_list_free(sessions, n);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(terminal_is_a_session, set_up, tear_down),
		cmocka_unit_test_setup_teardown(details_are_told, set_up, tear_down),
		cmocka_unit_test_setup_teardown(census_tells_of_the_family, set_up, tear_down),
		cmocka_unit_test_setup_teardown(terminal_is_logged_off_with_its_family, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_outlives_its_leader_is_logged_off, set_up_nohup, tear_down),
		cmocka_unit_test_setup_teardown(a_session_outlives_its_first_process, set_up_nohup, tear_down),
		cmocka_unit_test_setup_teardown(what_cannot_be_read_is_not_gone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(own_is_found_anew, set_up, tear_down),
		cmocka_unit_test_setup_teardown(refusals, set_up, tear_down),
		cmocka_unit_test_setup_teardown(others_need_authority, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_listed_can_be_found, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
