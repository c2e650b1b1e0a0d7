/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-last-act.c - the caller's own session ends with the caller, whom a memory host kills for real: so in a child. On Windows there
 * is no last act.
 */
#include <sys/wait.h>
#include <unistd.h>

#include "core/test-run.h"

#define OWN "caller uid=1000\n" ALICE "session id=1 user=alice\nprocess command=sshd term=40\n"

/* Runs FUNC in a child, whose parent surely is a process of its own, and returns how it ended. */
static int in_child(void (*func)(int fd), char *ret_text, size_t size)
{
	int status = 0, fds[2];
	size_t length = 0;
	ssize_t n;
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		func(fds[1]);
		_exit(0);
	}
	close(fds[1]);
	while ((n = read(fds[0], ret_text + length, size - 1 - length)) > 0)
		length += (size_t)n;
	ret_text[length] = '\0';
	close(fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

/* The child may be killed in the middle: it writes each event at once. */
static void tell(const struct logoff_event *event, void *userdata)
{
	if (event->type != LOGOFF_EVENT_RESULT)
		dprintf(*(int *)userdata, "%s ", event_word(event->type));
}

static void log_off_own(int fd, const char *text)
{
	struct logoff_options options = LOGOFF_OPTIONS_DEFAULT;
	struct logoff_request *request;
	struct logoff_host *host;

	if (open_host(text, &host) < 0 || logoff_request_new(&request, host) < 0 || add(request, host, NULL, LOGOFF_WHY_NAMED) < 0)
		_exit(1);
	options.event = tell;
	options.event_data = &fd;
	if (logoff_request_run(request, &options, NULL) < 0)
		_exit(2);
	dprintf(fd, "%s", result_word(request->jobs[0].result));
	logoff_request_free(request);
	logoff_host_close(host);
}

static void with_shell(int fd)
{
	log_off_own(fd, OWN "process command=bash waits\nprocess command=logoff caller\n");
}

static void with_shell_and_manager(int fd)
{
	log_off_own(fd,
		    "caller uid=1000\n" MANAGED(
			    "") "session id=1 user=alice\nprocess command=bash waits\nprocess command=logoff caller\n");
}

static void with_daemon_of_root(int fd)
{
	log_off_own(fd, OWN "process command=daemon term=never foreign\nprocess command=logoff caller\n");
}

static void with_daemon_of_root_that_ends(int fd)
{
	log_off_own(fd, OWN "process command=daemon term=never foreign ends=10100\nprocess command=logoff caller\n");
}

static void with_shell_that_cannot_be_killed(int fd)
{
	log_off_own(fd, "caller uid=1000\n" ALICE "session id=1 user=alice kill-fails=EACCES\n"
			"process command=bash waits\nprocess command=logoff caller\n");
}

static void test_last_act(void **state)
{
	char text[256];
	int status;

	(void)state;
	status = in_child(with_shell, text, sizeof(text));
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert_string_equal(text, "ask alone ");
	status = in_child(with_shell_and_manager, text, sizeof(text));
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert_string_equal(text, "ask alone manager-ask manager-gone ");
	/* What the caller may not kill the host does, and the caller with it. */
	status = in_child(with_daemon_of_root, text, sizeof(text));
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert_string_equal(text, "ask kill ");
	status = in_child(with_daemon_of_root_that_ends, text, sizeof(text));
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_string_equal(text, "ask kill alone ok");
	status = in_child(with_shell_that_cannot_be_killed, text, sizeof(text));
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_string_equal(text, "ask alone EACCES");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_last_act) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
