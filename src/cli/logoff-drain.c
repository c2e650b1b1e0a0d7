/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * logoff-drain.c - logoff /drain on this machine: "change logon /drain", then the log-off, then those who came late.
 *
 * The other command does it, as it proves it and says what still lets users in.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/os.h"
#include "cli/cancel.h"
#include "cli/log-off.h"
#include "cli/output.h"
#include "cli/printable.h"
#include "cli/stream.h"

extern char **environ;

/* What it prints is for people. */
static int start_change(const char *path, pid_t *ret_pid)
{
	char *words[] = { (char *)path, "logon", "--drain", NULL };
	posix_spawn_file_actions_t actions;
	int r = posix_spawn_file_actions_init(&actions);

	if (r == 0 && arg_json)
		r = posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	if (r == 0)
		r = posix_spawn(ret_pid, path, &actions, NULL, words, environ);
	posix_spawn_file_actions_destroy(&actions);
	return -r;
}

/* Returns its exit status. */
static int drain(void)
{
	const char *path = os_environment("LOGOFF_CHANGE_PROGRAM");
	int status, r;
	pid_t pid;

	path = path && *path ? path : BINDIR "/change";
	output_flush();
	r = start_change(path, &pid);
	if (r < 0) {
		fprintf(stderr, "%s: %s: %s\n", program().text, safe(path).text, strerror(-r));
		return stream_failure_errno(EXIT_UNREACHABLE, "not-drained", NULL, r);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return EXIT_UNREACHABLE;
	status = WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_UNREACHABLE;
	return status == EXIT_ENDED ? status : (int)stream_failure((enum exit_status)status, "not-drained", NULL, NULL);
}

enum exit_status log_off_report_late(size_t n)
{
	fprintf(stderr, ngettext("%s: %zu session has begun since, and is still there\n",
				 "%s: %zu sessions have begun since, and are still there\n", n), program().text, n);
	return stream_failure(EXIT_NOT_ENDED, "still-coming", NULL, NULL);
}

/* Waits until late logons have their sessions. Returns false if that was cancelled. */
static bool wait_for_late(void)
{
	int fd = cancel_open(false), r;

	r = poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, DRAIN_SETTLES_MS);
	cancel_close(fd, false);
	return r == 0;
}

/* One more look, with a list of its own. *ret_done: nobody is there, or nothing more can be done. */
static int look_again(const struct choice *first, int look, bool *ret_done)
{
	struct choice choice = { .host = first->host, .selection = first->selection, .if_any = true };
	int status;

	choice_make(&choice, 0, NULL, NULL);
	*ret_done = choice.stopped || choice.n_items == 0;
	status = (int)choice.status;
	if (!*ret_done) {
		int one = look == DRAIN_LOOKS ? (int)log_off_report_late(choice.n_items) : log_off_chosen(&choice);

		status = one > status ? one : status;
	}
	*ret_done = *ret_done || status == EXIT_CANCELLED;
	choice_done(&choice);
	return status;
}

int log_off_drained(struct choice *choice)
{
	bool done = false;
	int status, one;

	stream_hold(true);
	status = drain();
	if (status == EXIT_DENIED)	/* who may not refuse logons empties nothing */
		done = true;
	else if (choice->n_items > 0) {
		one = log_off_chosen(choice);
		status = one > status ? one : status;
		done = one == EXIT_CANCELLED;
	}
	for (int look = 1; look <= DRAIN_LOOKS && !done; look++) {
		if (look == 1 && !wait_for_late()) {
			status = status > EXIT_CANCELLED ? status : EXIT_CANCELLED;
			break;
		}
		one = look_again(choice, look, &done);
		status = one > status ? one : status;
	}
	stream_hold(false);
	stream_end();
	return status;
}
