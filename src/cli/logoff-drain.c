/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * logoff-drain.c - logoff /drain on this machine: "change logon /drain", then the log-off, then those who came late,
 * and "change logon /query" at the end: somebody may have accepted new logons again meanwhile.
 *
 * The program "change" sets the state and proves it. It reports failures on standard error itself; what it prints as
 * JSON tells whether new logons are refused. If no service of PAM is proved to refuse them, nobody is logged off: they
 * would be back at once.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/os.h"
#include "cli/cancel.h"
#include "cli/command.h"
#include "cli/facts.h"
#include "cli/json.h"
#include "cli/log-off.h"
#include "cli/output.h"
#include "cli/printable.h"
#include "cli/stream.h"
#include "local/child.h"

#define PRINTED_MAX 65536		/* bytes that the program may print */
#define END_US 1000000			/* from the end of its output to its own */

extern char **environ;

/* What is known of new logons. */
struct refusal {
	bool told, refused;		/* not told: nobody knows whether they are refused */
	bool set;			/* the state is, whether anything asks for it or not */
	bool cancelled;
	bool asks;			/* nothing is changed, and what was not proved before is not told again */
	int status;
};

static char printed[PRINTED_MAX];	/* by the program, the last time */

static void note_status(int *status, int one)
{
	*status = *status > one ? *status : one;
}

/* ---- the program ---- */

/* The program inherits the blocked signals, so a cancel does not stop it half-way. SILENT: without standard error. */
static int start_change(const char *path, const char *verb, bool silent, pid_t *ret_pid, int *ret_fd)
{
	char *words[] = { (char *)path, "logon", (char *)verb, "--json=lines", NULL };
	posix_spawn_file_actions_t actions;
	int fds[2], r;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	(void)signal(SIGCHLD, SIG_DFL);	/* the starter may have ignored it: then no child can be waited for */
	r = posix_spawn_file_actions_init(&actions);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(&actions, fds[1], STDOUT_FILENO);
	if (r == 0 && silent)
		r = posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	if (r == 0)
		r = posix_spawn(ret_pid, path, &actions, NULL, words, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(fds[1]);
	if (r != 0)
		close(fds[0]);
	*ret_fd = fds[0];
	return -r;
}

/* Reads to the end. The first cancel only ends what would come afterwards. Returns false at the second one. */
static bool read_all(int fd, int cancel_fd, char text[static PRINTED_MAX], bool *ret_cancelled)
{
	struct pollfd fds[] = { { .fd = fd, .events = POLLIN }, { .fd = cancel_fd, .events = POLLIN } };
	size_t n = 0;
	ssize_t got = 1;

	while (got > 0) {
		if (poll(fds, 2, -1) < 0)
			continue;
		if (fds[1].revents && *ret_cancelled)
			return false;
		if (fds[1].revents) {
			*ret_cancelled = true;
			cancel_again(cancel_fd);
			continue;
		}
		got = read(fd, text + n, PRINTED_MAX - 1 - n);
		n += got > 0 ? (size_t)got : 0;
		text[n] = '\0';
	}
	return true;
}

/* ---- what it says ---- */

/* The state alone refuses nobody: a service of PAM has to, at the end too. The others are named the first time. */
static void take_services(struct refusal *refusal, const json_t *services)
{
	bool proved = false, disproved = false;

	for (size_t i = 0; i < json_array_size(services); i++) {
		const json_t *service = json_array_get(services, i), *refused = json_object_get(service, "refused");
		const char *name = json_string_value(json_object_get(service, "service"));

		proved = proved || json_is_true(refused);
		disproved = disproved || json_is_false(refused);
		if (!json_is_true(refused) && !refusal->asks)
			note_status(&refusal->status,
				    (int)stream_failure_of(arg_server, EXIT_UNREACHABLE, "not-drained", name, NULL));
	}
	if (refusal->refused) {
		/* At the end the state is set still: nobody has undone that. */
		refusal->told = proved || (disproved && !refusal->asks);
		refusal->refused = proved;
	}
}

static void take_line(struct refusal *refusal, json_t *line)
{
	const char *type = json_string_value(json_object_get(line, "type"));
	const char *mode = json_string_value(json_object_get(line, "mode"));

	if (type && strcmp(type, "failure") == 0 && !refusal->asks) {
		(void)json_object_del(line, "type");
		stream_line("failure", json_incref(line));
	} else if (type && strcmp(type, "logon") == 0) {
		refusal->told = mode != NULL;
		refusal->refused = mode && (strcmp(mode, "new") == 0 || (refusal->asks && strcmp(mode, "all") == 0));
		refusal->set = refusal->refused;
		take_services(refusal, json_object_get(line, "services"));
	}
}

static void take_lines(struct refusal *refusal, const char *text)
{
	while (*text) {
		size_t n = strcspn(text, "\n");
		json_t *line = json_loadb(text, n, 0, NULL);

		take_line(refusal, line);
		json_decref(line);
		text += n + (text[n] == '\n');
	}
}

/* Only what stands in logoff(1) is an exit status, and success without a word is none. */
static void take_end(struct refusal *refusal, bool ended, int status)
{
	int one = ended && WIFEXITED(status) && WEXITSTATUS(status) < EXIT_OUTPUT ? WEXITSTATUS(status)
										   : EXIT_UNREACHABLE;

	/* It has set nothing. */
	refusal->told = refusal->told || one == EXIT_USAGE || one == EXIT_DENIED;
	note_status(&refusal->status, one == EXIT_ENDED && !refusal->refused ? EXIT_UNREACHABLE : one);
}

/* Has "change logon VERB" run, which prints to PRINTED. Returns whether it has ended, or -errno: it has not begun. */
static int run_change(const char *verb, struct refusal *refusal, int cancel_fd, int *ret_status)
{
	const char *path = os_environment("LOGOFF_CHANGE_PROGRAM");
	int fd = -1, r;
	bool ended;
	pid_t pid;

	*printed = '\0';
	path = path && *path ? path : BINDIR "/change";
	output_flush();
	r = start_change(path, verb, refusal->asks, &pid, &fd);
	if (r < 0) {
		fprintf(stderr, "%s: %s: %s\n", program().text, safe(path).text, strerror(-r));
		return r;
	}
	ended = read_all(fd, cancel_fd, printed, &refusal->cancelled) && child_await(pid, END_US, ret_status);
	close(fd);
	if (!ended)
		child_end(pid, SIGKILL, 0);
	return ended;
}

static void drain(struct refusal *refusal, int cancel_fd)
{
	int status = 0, r = run_change("--drain", refusal, cancel_fd, &status);

	if (r < 0) {
		refusal->told = true;
		refusal->status = EXIT_UNREACHABLE;
		return;
	}
	take_lines(refusal, printed);
	take_end(refusal, r > 0, status);
}

/* Says what has become of new logons. */
static void report_refusal(const struct refusal *refusal)
{
	if (refusal->refused && !arg_json)
		puts(_("New logons are refused. \"change logon /enable\" accepts them again."));
	if (refusal->refused)
		stream_line("drained", json_pack("{s:o}", "host", to_json_host(arg_server)));
	else if (refusal->told)
		fprintf(stderr, _("%s: new logons could not be refused, so nobody is logged off\n"), program().text);
	else
		fprintf(stderr, _("%s: whether new logons are refused is unknown, so nobody is logged off\n"),
			program().text);
	if (refusal->set && !refusal->refused)
		fprintf(stderr, _("%s: %s\n"), program().text,
			_("the setting stays all the same; \"change logon /enable\" takes it back"));
	else if (!refusal->told)
		fprintf(stderr, _("%s: %s\n"), program().text,
			_("the setting may stay; \"change logon /query\" shows it, \"change logon /enable\" takes it "
			  "back"));
	if (!refusal->refused)
		(void)stream_failure((enum exit_status)refusal->status, "not-drained", NULL, NULL);
	output_flush();
}

/* ---- those who came late ---- */

enum exit_status log_off_report_late(const struct logoff_session *session)
{
	fprintf(stderr, _("%s: session %s: it has begun although new logons are refused, and is still there\n"),
		program().text, report_label(session).text);
	return stream_failure_of(fact_host(session, arg_server), EXIT_NOT_ENDED, "still-coming",
				 logoff_session_id(session), NULL);
}

static int report_all_late(const struct choice *choice)
{
	for (size_t i = 0; i < choice->n_items; i++)
		(void)log_off_report_late(choice->items[i].session);
	return EXIT_NOT_ENDED;
}

/* Waits until late logons have their sessions. Returns false if that was cancelled. */
static bool wait_for_late(uint64_t until_us)
{
	uint64_t now_us = clock_now_us();
	int fd = cancel_open(false), r;

	r = poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1,
		 now_us < until_us ? (int)((until_us - now_us) / 1000 + 1) : 0);
	cancel_close(fd, false);
	return r == 0;
}

/* Logs off those of CHOICE, which are known then. Returns whether that was cancelled. */
static bool empty(struct choice *choice, int *status)
{
	bool cancelled = false;

	choice_note_known(choice);
	if (choice->n_items > 0)
		note_status(status, log_off_chosen(choice, &cancelled));
	return cancelled;
}

/* One more look, with a list of its own. *ret_over: nobody new is there. Returns whether it was cancelled. */
static bool look_again(const struct choice *first, int look, int *status, bool *ret_over)
{
	struct choice choice = { .host = first->host, .selection = first->selection, .if_any = true, .again = true,
				 .known = first->known };
	bool cancelled = false;

	choice_make(&choice, 0, NULL, NULL);
	note_status(status, (int)choice.status);
	*ret_over = choice.stopped || choice.n_items == 0;
	if (!*ret_over && look == DRAIN_LOOKS)
		note_status(status, report_all_late(&choice));
	else if (!*ret_over)
		cancelled = empty(&choice, status);
	choice_done(&choice);
	return cancelled;
}

/* Returns whether it was cancelled. */
static bool look_for_late(const struct choice *first, uint64_t drained_us, int *status)
{
	bool over = false, cancelled = false;

	for (int look = 1; look <= DRAIN_LOOKS && !over && !cancelled; look++)
		cancelled = !wait_for_late(drained_us + DRAIN_SETTLES_MS * 1000) ||
			    look_again(first, look, status, &over);
	return cancelled;
}

/* ---- at the end ---- */

/*
 * Time has passed: somebody may have accepted new logons again. BEFORE is the exit status when they were refused, which
 * covers what was not proved then. A cancel ends nothing but this question. Returns the exit status.
 */
static int report_still(int before)
{
	struct refusal now = { .asks = true };
	int fd = cancel_open(false), status = 0;
	bool known = run_change("--query", &now, fd, &status) > 0 && WIFEXITED(status);

	cancel_close(fd, false);
	take_lines(&now, printed);
	known = known && now.told && (!now.refused || WEXITSTATUS(status) <= before);
	if (known && now.refused)
		return EXIT_ENDED;
	fprintf(stderr, _("%s: %s\n"), program().text,
		known ? _("new logons are accepted again: somebody has changed that meanwhile") :
			_("whether new logons are still refused is unknown"));
	return (int)stream_failure(EXIT_UNREACHABLE, known ? "drain-undone" : "drain-unknown", NULL, NULL);
}

/* ---- all of it ---- */

bool log_off_can_drain(struct logoff_host *host)
{
	const char *folder = os_environment("LOGOFF_DRAIN_ROOT");

	/* A test may give a host in memory a folder for the state; this machine's is not its. */
	return logoff_is_this_machine(arg_server) &&
	       (strcmp(logoff_host_kind(host), "memory") != 0 || (folder && *folder));
}

static int report_cancelled(const char *sentence)
{
	fprintf(stderr, _("%s: %s\n"), program().text, sentence);
	return (int)stream_failure(EXIT_CANCELLED, "cancelled", NULL, NULL);
}

int log_off_drained(struct choice *choice)
{
	struct refusal refusal = {};
	int fd = cancel_open(false), status;
	uint64_t drained_us;

	stream_hold(true);
	drain(&refusal, fd);
	drained_us = clock_now_us();
	cancel_close(fd, false);
	report_refusal(&refusal);
	status = refusal.status;
	if (refusal.cancelled)
		note_status(&status, report_cancelled(_("cancelled; nobody was logged off")));
	else if (refusal.refused && (empty(choice, &status) || look_for_late(choice, drained_us, &status)))
		note_status(&status, report_cancelled(_("cancelled; nobody has looked whether others have come")));
	else if (refusal.refused)
		note_status(&status, report_still(refusal.status));
	stream_hold(false);
	stream_end();
	return status;
}
