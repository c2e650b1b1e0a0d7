/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * report.c - see report.h. Whole sentences, each one entry of the catalogue; names and commands only through safe().
 *
 * More than 800 lines: nearly all that people read stands here, for whoever rewords or translates it.
 */
#include "cli/report.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/facts.h"
#include "cli/account.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/stream.h"
#include "cli/printable.h"
#include "cli/word.h"

bool report_shows_hosts;

/* TEXT, which is safe, or with the host of SESSION "login03:TEXT". */
static struct safe with_host(const struct logoff_session *session, struct safe text)
{
	const char *host = fact_host(session, NULL);
	struct safe out = {};

	if (!report_shows_hosts || !host)
		return text;
	snprintf(out.text, sizeof(out.text), "%.200s:%.300s", safe(host).text, text.text);
	return out;
}

struct safe report_id(const struct logoff_session *session)
{
	return with_host(session, safe(logoff_session_id(session)));
}

struct safe report_label(const struct logoff_session *session)
{
	const char *name = logoff_session_name(session);
	struct safe id = safe(logoff_session_id(session)), out = {};

	if (!name)
		return report_id(session);
	snprintf(out.text, sizeof(out.text), "%.100s (%.300s)", id.text, safe(name).text);
	return with_host(session, out);
}

struct safe report_user(const struct logoff_session *session)
{
	const char *domain = logoff_session_detail(session, LOGOFF_DETAIL_DOMAIN), *user = logoff_session_user(session);
	struct safe out = {};

	if (*user && domain)
		snprintf(out.text, sizeof(out.text), "%.200s\\%.300s", safe(domain).text, safe(user).text);
	else
		out = safe(*user ? user : _("(nobody)"));
	return out;
}

/* "(text; NT_STATUS_LOGON_FAILURE 0xc000006d)", with the parts that there are. */
static struct safe coded_cause(const struct logoff_error *error, const char *name)
{
	struct safe text = safe(error->text), out = {};

	snprintf(out.text, sizeof(out.text), " (%.300s%s%.100s 0x%08x)", text.text, *text.text ? "; " : "",
		 safe(*error->name ? error->name : name).text, (unsigned)error->number);
	return out;
}

struct safe report_cause(const struct logoff_error *error)
{
	struct safe out = {};

	switch (error->domain) {
	case LOGOFF_ERROR_NONE:
		break;
	case LOGOFF_ERROR_ERRNO:
	case LOGOFF_ERROR_FORMAT:
	case LOGOFF_ERROR_PROGRAM:
		snprintf(out.text, sizeof(out.text), " (%.400s)", safe(error->text).text);
		break;
	case LOGOFF_ERROR_DBUS:
		snprintf(out.text, sizeof(out.text), " (%.160s: %.320s)", safe(error->name).text,
			 safe(error->text).text);
		break;
	case LOGOFF_ERROR_NTSTATUS:
		return coded_cause(error, "NTSTATUS");
	case LOGOFF_ERROR_HRESULT:
		return coded_cause(error, "HRESULT");
	case LOGOFF_ERROR_RPC:
		return coded_cause(error, "DCE/RPC");
	case LOGOFF_ERROR_WIN32:
		snprintf(out.text, sizeof(out.text), " (%.300s; Win32 %u)", safe(error->text).text,
			 (unsigned)error->number);
		break;
	}
	return out;
}

/* ---- the steps, for /v ---- */

static void print_processes(const struct logoff_event *event)
{
	for (size_t i = 0; i < event->n_processes; i++)
		printf("    %d %s\n", (int)event->processes[i]->pid, safe(event->processes[i]->command).text);
}

static void report_ask(const struct logoff_event *event, const char *who)
{
	struct safe user = report_user(event->session);

	if (event->unseen)
		printf(_("Session %s of %s: asking it to end; its processes cannot be seen from here.\n"), who,
		       user.text);
	else if (event->n_processes == 0)
		printf(_("Session %s of %s: asking it to end.\n"), who, user.text);
	else
		printf(ngettext("Session %s of %s: asking %zu process to end.\n",
				"Session %s of %s: asking %zu processes to end.\n", event->n_processes),
		       who, user.text, event->n_processes);
	if (logoff_session_is(event->session, LOGOFF_IS_BY_TERMINAL))
		printf(_("Session %s is known only by its terminal: a detached daemon cannot be assigned to it.\n"),
		       who);
}

static void report_kill(const struct logoff_event *event, const char *who, double seconds)
{
	if (event->unseen)
		printf(_("Session %s: still there after %.3f s, killing it.\n"), who, seconds);
	else if (event->n_processes == 0)
		printf(_("Session %s: no process is left after %.3f s, but the session is still there; asking the host "
			 "again.\n"),
		       who, seconds);
	else
		printf(ngettext("Session %s: %zu process left after %.3f s, killing it:\n",
				"Session %s: %zu processes left after %.3f s, killing them:\n", event->n_processes),
		       who, event->n_processes, seconds);
	print_processes(event);
}

/* The processes are this command and those that wait for it. */
static void report_alone(const struct logoff_event *event, const char *who, double seconds)
{
	size_t n_waiting = event->n_processes ? event->n_processes - 1 : 0;

	if (n_waiting == 0)
		printf(_("Session %s: only this command is left; the session ends with it (%.3f s).\n"), who, seconds);
	else
		printf(ngettext("Session %s: only this command and %zu program that waits for it are left; the session "
				"ends with them (%.3f s).\n",
				"Session %s: only this command and %zu programs that wait for it are left; the session "
				"ends with them (%.3f s).\n", n_waiting),
		       who, n_waiting, seconds);
}

static void report_manager_kill(const struct logoff_event *event, const char *user, double seconds)
{
	printf(ngettext("Service manager of %s: %zu process left after %.3f s, killing it:\n",
			"Service manager of %s: %zu processes left after %.3f s, killing them:\n", event->n_processes),
	       user, event->n_processes, seconds);
	print_processes(event);
}

void report_not_warned(const struct logoff_event *event)
{
	struct safe who = report_label(event->session), user = report_user(event->session);
	struct safe cause = report_cause(&event->delivery->cause);

	if (event->delivery->result == LOGOFF_E_AGAIN)
		fprintf(stderr, _("%s: session %s: nobody can tell whether %s has been warned%s\n"), program().text,
			who.text, user.text, cause.text);
	else
		fprintf(stderr, _("%s: session %s: %s could not be warned%s\n"), program().text, who.text, user.text,
			cause.text);
}

static void report_warned(const struct logoff_event *event, const char *who, const char *user)
{
	unsigned long seconds = (unsigned long)((event->remaining_us + 500000) / 1000000);

	if (event->delivery->result < 0)
		report_not_warned(event);
	else if (event->delivery->channel == LOGOFF_CHANNEL_DESKTOP)	/* which may show another notification first */
		printf(ngettext("Session %s: the desktop of %s has the warning; %lu second left.\n",
				"Session %s: the desktop of %s has the warning; %lu seconds left.\n", seconds),
		       who, user, seconds);
	else
		printf(ngettext("Session %s: %s has been warned; %lu second left.\n",
				"Session %s: %s has been warned; %lu seconds left.\n", seconds),
		       who, user, seconds);
}

static void report_left_failed(const struct logoff_event *event, const char *who, const char *user)
{
	struct safe cause = report_cause(event->cause);

	if (*event->desktop)
		printf(_("Session %s: the desktop has not logged %s off (%.3f s)%s\n"), who, user,
		       (double)event->elapsed_us / 1e6, cause.text);
	else
		printf(_("Session %s: no desktop is asked%s\n"), who, cause.text);
}

/* Tells whether somebody who sees processes has looked at those of SESSION. A server of MS-TSTS tells of none. */
static bool has_visible_processes(const struct logoff_session *session)
{
	return fact_host(session, NULL) || logoff_is_this_machine(arg_server);
}

void report_event(const struct logoff_event *event, void *unused)
{
	struct safe who, user, whose;
	double seconds = (double)event->elapsed_us / 1e6;

	if (!event->session)	/* the countdown is drawn by progress.c */
		return;
	who = report_label(event->session);
	user = report_user(event->session);
	whose = with_host(event->session, user);

	(void)unused;
	switch (event->type) {
	case LOGOFF_EVENT_WARNED:
		report_warned(event, who.text, user.text);
		break;
	case LOGOFF_EVENT_COUNTDOWN:
	case LOGOFF_EVENT_RESULT:
	case LOGOFF_EVENT_FOLLOWED:
		return;
	case LOGOFF_EVENT_ASK:
		report_ask(event, who.text);
		break;
	case LOGOFF_EVENT_KILL:
		report_kill(event, who.text, seconds);
		break;
	case LOGOFF_EVENT_GONE:
		if (event->unseen && !has_visible_processes(event->session))
			printf(_("Session %s: the host has deleted it; its processes could not be seen (%.3f s).\n"),
			       who.text, seconds);
		else if (event->unseen)	/* the result says the rest */
			printf(_("Session %s: the host has deleted it (%.3f s).\n"), who.text, seconds);
		else
			printf(_("Session %s: every process has ended, the session is deleted (%.3f s).\n"), who.text,
			       seconds);
		break;
	case LOGOFF_EVENT_ALONE:
		report_alone(event, who.text, seconds);
		break;
	case LOGOFF_EVENT_MANAGER_ASK:
		printf(ngettext("It was the last session of %s: ending the service manager too (%zu process).\n",
				"It was the last session of %s: ending the service manager too (%zu processes).\n",
				event->n_processes),
		       whose.text, event->n_processes);
		break;
	case LOGOFF_EVENT_MANAGER_KILL:
		report_manager_kill(event, whose.text, seconds);
		break;
	case LOGOFF_EVENT_MANAGER_GONE:
		printf(_("Service manager of %s: ended (%.3f s).\n"), whose.text, seconds);
		break;
	case LOGOFF_EVENT_DESKTOP_ASK:
		printf(ngettext("Desktop of %s: asking %zu process in the service manager to end.\n",
				"Desktop of %s: asking %zu processes in the service manager to end.\n",
				event->n_processes),
		       whose.text, event->n_processes);
		break;
	case LOGOFF_EVENT_DESKTOP_KILL:
		printf(ngettext("Desktop of %s: %zu process left after %.3f s, killing it:\n",
				"Desktop of %s: %zu processes left after %.3f s, killing them:\n", event->n_processes),
		       whose.text, event->n_processes, seconds);
		print_processes(event);
		break;
	case LOGOFF_EVENT_DESKTOP_GONE:
		printf(_("Desktop of %s: every process has ended (%.3f s).\n"), whose.text, seconds);
		break;
	case LOGOFF_EVENT_LEAVE_ASK:
		printf(_("Session %s: asking the desktop (%s) to log %s off.\n"), who.text, safe(event->desktop).text,
		       user.text);
		break;
	case LOGOFF_EVENT_LEAVE_HELD:
		printf(_("Session %s: programs object to the log-off: %s\n"), who.text, safe(event->held).text);
		break;
	case LOGOFF_EVENT_LEAVE_DONE:
		printf(_("Session %s: the desktop has logged %s off (%.3f s).\n"), who.text, user.text, seconds);
		break;
	case LOGOFF_EVENT_LEAVE_FAILED:
		report_left_failed(event, who.text, user.text);
		break;
	case LOGOFF_EVENT_MANAGER_LINGERS:
		printf(_("%s lingers: the service manager and what runs in it are left alone.\n"), whose.text);
		break;
	case LOGOFF_EVENT_MANAGER_NEEDED:
		printf(_("%s has other sessions: the service manager is left alone.\n"), whose.text);
		break;
	}
	output_flush();	/* so that a pipe gets each step at once */
}

/* ---- failures ---- */

/* TEXT, the word given as SHOWN, or NULL if the message does not show it: it comes from a list. */
static const char *object_of(const char *shown, const char *text)
{
	return shown && strstr(shown, safe(text).text) ? text : NULL;
}

/* The exit status of a failure of the host. */
static enum exit_status status_of(int r)
{
	return r == LOGOFF_E_DENIED ? EXIT_DENIED : r == LOGOFF_E_NOT_ACCEPTED ? EXIT_LOGON : EXIT_UNREACHABLE;
}

/* The line for programs about HOST. OBJECT is what it was asked for, or NULL. Returns the exit status. */
static enum exit_status host_failure(const char *host, int r, const char *object, const struct logoff_error *error)
{
	switch (r) {
	case LOGOFF_E_NOT_ACCEPTED:
		return stream_failure_of(host, EXIT_LOGON, "not-accepted", object, error);
	case LOGOFF_E_DENIED:
		return stream_failure_of(host, EXIT_DENIED, "denied", object, error);
	case LOGOFF_E_TIMEOUT:
		return stream_failure_of(host, EXIT_UNREACHABLE, "no-answer", object, error);
	case LOGOFF_E_UNSUPPORTED:
		return stream_failure_of(host, EXIT_UNREACHABLE, "unsupported", object, error);
	case LOGOFF_E_PROTOCOL:
		return stream_failure_of(host, EXIT_UNREACHABLE, "wrong-answer", object, error);
	default:
		return stream_failure_of(host, EXIT_UNREACHABLE, "unreachable", object, error);
	}
}

enum exit_status report_open(const char *host, int r, const struct logoff_error *error)
{
	struct safe name = safe(host && *host ? host : "localhost");

	if (r == LOGOFF_E_UNSUPPORTED) {
		fprintf(stderr, _("%s: %s: the MS-TSTS client, logoff-tsts, is not installed%s\n"), program().text,
			name.text, report_cause(error).text);
		return stream_failure_of(host, EXIT_UNREACHABLE, "no-client", NULL, error);
	}
	if (r != LOGOFF_E_INVALID)
		return report_host(host, r, error);
	if (error->domain == LOGOFF_ERROR_FORMAT)
		fprintf(stderr, _("%s: %s: line %lld of the host's description: %s\n"), program().text, name.text,
			(long long)error->number, safe(error->text).text);
	else
		fprintf(stderr, _("%s: %s\n"), program().text, safe(error->text).text);
	return stream_failure_of(host, EXIT_UNREACHABLE, "wrong-host", NULL, error);
}

enum exit_status report_host(const char *host, int r, const struct logoff_error *error)
{
	struct safe name = safe(host && *host ? host : "localhost"), cause = report_cause(error);

	switch (r) {
	case LOGOFF_E_NOT_ACCEPTED:
		fprintf(stderr, _("%s: %s: the server does not accept who you are%s\n"), program().text, name.text,
			cause.text);
		break;
	case LOGOFF_E_DENIED:
		fprintf(stderr, _("%s: %s: access denied%s\n"), program().text, name.text, cause.text);
		break;
	case LOGOFF_E_TIMEOUT:
		fprintf(stderr, _("%s: %s: no answer in time%s\n"), program().text, name.text, cause.text);
		break;
	case LOGOFF_E_UNSUPPORTED:
		fprintf(stderr, _("%s: %s: this host cannot do that%s\n"), program().text, name.text, cause.text);
		break;
	case LOGOFF_E_PROTOCOL:
		fprintf(stderr, _("%s: %s: answers wrongly%s\n"), program().text, name.text, cause.text);
		break;
	default:
		fprintf(stderr, _("%s: %s: cannot be reached%s\n"), program().text, name.text, cause.text);
		break;
	}
	return host_failure(host, r, NULL, error);
}

enum exit_status report_no_memory(void)
{
	return report_host(arg_server, LOGOFF_E_NO_MEMORY, &(struct logoff_error){});
}

enum exit_status report_times(const char *host, struct logoff_session *const *sessions, size_t n_sessions)
{
	struct logoff_error cause = { .domain = LOGOFF_ERROR_ERRNO };
	int r;

	snprintf(cause.text, sizeof(cause.text), "%s", _("logon times and idle times"));
	for (size_t i = 0; i < n_sessions; i++) {
		r = sessions[i] ? (int)facts_fetch(sessions[i], LOGOFF_FACTS_TIMES) : LOGOFF_OK;
		if (r < 0)
			return report_host(host, r, &cause);
	}
	return EXIT_ENDED;
}

enum exit_status report_not_found(const char *designator, const char *text, int r, const struct logoff_error *error)
{
	struct safe name = safe(designator), cause = report_cause(error);
	const char *object = object_of(designator, text);

	if (r == LOGOFF_E_NO_CURRENT)
		fprintf(stderr, _("%s: you are not in a session; give a session name or id\n"), program().text);
	else if (r == LOGOFF_E_NOT_ACTIVE)
		fprintf(stderr, _("%s: %s: the session of this name is not active; use its id %s\n"),
			program().text, name.text, safe(error->text).text);
	else if (r == LOGOFF_E_NOT_UNIQUE && error->domain == LOGOFF_ERROR_NONE && *error->text)
		fprintf(stderr, /* see word_find_number() */
			_("%s: %s: session %s has this number, but an earlier one may have had it as its id; "
			  "use the id %s\n"),
			program().text, name.text, safe(error->text).text, safe(error->text).text);
	else if (r == LOGOFF_E_NOT_UNIQUE)
		fprintf(stderr, _("%s: %s: more than one session has this name; use the id\n"),
			program().text, name.text);
	else if (r == LOGOFF_E_NO_SESSION)
		fprintf(stderr, _("%s: %s: no such session\n"), program().text, name.text);
	else if (!designator)
		fprintf(stderr, _("%s: cannot find out the current session%s\n"), program().text, cause.text);
	else
		fprintf(stderr, _("%s: %s: cannot be looked up%s\n"), program().text, name.text, cause.text);
	switch (r) {
	case LOGOFF_E_NO_CURRENT:
		return stream_failure(EXIT_NO_SESSION, "no-current", object, error);
	case LOGOFF_E_NOT_ACTIVE:
		return stream_failure(EXIT_NO_SESSION, "not-active", object, error);
	case LOGOFF_E_NOT_UNIQUE:
		return stream_failure(EXIT_NO_SESSION, "not-unique", object, error);
	case LOGOFF_E_NO_SESSION:
		return stream_failure(EXIT_NO_SESSION, "no-session", object, error);
	default:
		return host_failure(arg_server, r, object, error);
	}
}

/* Only the session manager gives such an id, and tells all of its sessions to everybody. */
static bool is_managers(const char *text)
{
	return text[0] == 'c' && text[1] && text[1 + strspn(text + 1, "0123456789")] == '\0';
}

enum exit_status report_not_found_on(const struct logoff_host *host, const char *designator, const char *text, int r,
				     const struct logoff_error *error)
{
	if (r == LOGOFF_E_NO_SESSION && !is_managers(text) && logoff_host_hides_processes(host))
		return report_unseen(designator, text);
	return report_not_found(designator, text, r, error);
}

enum exit_status report_nobody(const char *designator, const char *text, bool background)
{
	fprintf(stderr,
		background ?
		_("%s: %s: no such session, and that user has background sessions only; give the id of one\n") :
		_("%s: %s: no such session, and no such user is logged on\n"),
		program().text, safe(designator).text);
	return stream_failure(EXIT_NO_SESSION, "no-user", object_of(designator, text), NULL);
}

/* Prints the state of a session that is still there and whose processes cannot be seen. */
static void print_bare_state(enum logoff_state state)
{
	switch (state) {
	case LOGOFF_STATE_ACTIVE:
		fputs(_("; the session is still active"), stderr);
		break;
	case LOGOFF_STATE_DISCONNECTED:
		fputs(_("; the session is still there, disconnected"), stderr);
		break;
	case LOGOFF_STATE_CLOSING:
		fputs(_("; the session is closing"), stderr);
		break;
	case LOGOFF_STATE_CONNECTED:
		fputs(_("; the session is still there, connected"), stderr);
		break;
	}
}

/* Prints the state of a session that is still there, and the number of its processes. */
static void print_state(enum logoff_state state, size_t n)
{
	switch (state) {
	case LOGOFF_STATE_ACTIVE:
		fprintf(stderr, ngettext("; the session is still active, with %zu process",
					 "; the session is still active, with %zu processes", n), n);
		break;
	case LOGOFF_STATE_DISCONNECTED:
		fprintf(stderr, ngettext("; the session is still there, disconnected, with %zu process",
					 "; the session is still there, disconnected, with %zu processes", n), n);
		break;
	case LOGOFF_STATE_CLOSING:
		fprintf(stderr, ngettext("; the session is closing, with %zu process left",
					 "; the session is closing, with %zu processes left", n), n);
		break;
	case LOGOFF_STATE_CONNECTED:
		print_bare_state(state);
		break;
	}
}

/* Prints what is known of a session whose processes cannot be seen, as on a server. */
static void print_bare_remains(const struct logoff_outcome *outcome)
{
	if (outcome->exists == LOGOFF_EXISTS_NO)
		fputs(_("; the session is gone"), stderr);
	else if (outcome->exists == LOGOFF_EXISTS_UNKNOWN)
		fputs(_("; whether the session is still there is unknown"), stderr);
	else
		print_bare_state(outcome->state);
}

/* Prints one process that is left, ": 4711 dig", and why it does not end. */
static void print_left(const struct logoff_process *process, bool first)
{
	struct safe command = safe(process->command);
	int pid = (int)process->pid;

	fputs(first ? _(": ") : _(", "), stderr);
	switch (process->stuck) {
	case LOGOFF_STUCK_NOT:
		fprintf(stderr, "%d %s", pid, command.text);
		break;
	case LOGOFF_STUCK_DEVICE:
		fprintf(stderr, _("%d %s (waits for a device or a file system)"), pid, command.text);
		break;
	case LOGOFF_STUCK_FUSE:
		fprintf(stderr, _("%d %s (waits for a FUSE file system)"), pid, command.text);
		break;
	case LOGOFF_STUCK_NETWORK:
		fprintf(stderr, _("%d %s (waits for a network file system)"), pid, command.text);
		break;
	case LOGOFF_STUCK_FROZEN:
		fprintf(stderr, _("%d %s (is frozen)"), pid, command.text);
		break;
	case LOGOFF_STUCK_STOPPED:
		fprintf(stderr, _("%d %s (is stopped)"), pid, command.text);
		break;
	case LOGOFF_STUCK_TRACED:
		if (process->tracer > 0)
			fprintf(stderr, _("%d %s (is held by its tracer, process %d)"), pid, command.text,
				(int)process->tracer);
		else
			fprintf(stderr, _("%d %s (is held by its tracer)"), pid, command.text);
		break;
	}
}

/* Prints what is left of a session that did not end: "the session is still there, 2 processes: 4711 dig, 4712 tmux". */
static void print_remains(const struct logoff_outcome *outcome)
{
	size_t n = outcome->n_left;

	if (outcome->unseen && n == 0)
		print_bare_remains(outcome);
	else if (outcome->is_manager)
		fprintf(stderr,
			ngettext("; the session is gone, but not the user's service manager, with %zu process",
				 "; the session is gone, but not the user's service manager, with %zu processes", n),
			n);
	else if (outcome->exists == LOGOFF_EXISTS_NO)
		fprintf(stderr, ngettext("; the session is gone, %zu process is left",
					 "; the session is gone, %zu processes are left", n), n);
	else if (outcome->exists == LOGOFF_EXISTS_UNKNOWN)
		fprintf(stderr,
			ngettext("; whether the session is still there is unknown, %zu process is left",
				 "; whether the session is still there is unknown, %zu processes are left", n),
			n);
	else
		print_state(outcome->state, n);
	for (size_t j = 0; j < n; j++)
		print_left(outcome->left[j], j == 0);
	fputc('\n', stderr);
}

/* Prints the same after a refusal, if the session has changed before it. */
static void print_changes(const struct logoff_outcome *outcome)
{
	if (outcome->exists == LOGOFF_EXISTS_YES && outcome->state != LOGOFF_STATE_CLOSING)
		fputc('\n', stderr);
	else
		print_remains(outcome);
}

static enum exit_status report_protected(const char *who, enum logoff_protection protection, struct safe cause)
{
	if (protection == LOGOFF_PROTECTION_GREETER)
		fprintf(stderr, _("%s: session %s: it is a login screen, which is never logged off\n"),
			program().text, who);
	else if (protection == LOGOFF_PROTECTION_SERVICES)
		fprintf(stderr, _("%s: session %s: it is the session of the services, which is never logged off\n"),
			program().text, who);
	else if (protection == LOGOFF_PROTECTION_GUEST)
		fprintf(stderr,
			_("%s: session %s: a login or a service of others that was started in it would end with it; "
			  "it is left alone%s\n"),
			program().text, who, cause.text);
	else
		fprintf(stderr,
			_("%s: session %s: the console session is protected; with Full Control /console logs it off\n"),
			program().text, who);
	return EXIT_PROTECTED;
}

static bool is_errno(const struct logoff_error *cause, int number)
{
	return cause->domain == LOGOFF_ERROR_ERRNO && cause->number == number;
}

enum exit_status report_result(const struct logoff_session *session, const struct logoff_outcome *outcome,
			       bool talkative)
{
	struct safe who = report_label(session), cause = report_cause(&outcome->cause);

	switch ((int)outcome->result) {
	case LOGOFF_OK:
		if (outcome->unseen && has_visible_processes(session))
			fprintf(stderr, _("%s: session %s: the host has deleted it; its processes could not be seen\n"),
				program().text, who.text);
		else if (talkative)
			printf(_("Session %s: logged off.\n"), who.text);
		return EXIT_ENDED;
	case LOGOFF_E_DENIED:
		fprintf(stderr, _("%s: session %s: access denied, Full Control is needed%s"),
			program().text, who.text, cause.text);
		print_changes(outcome);
		return EXIT_DENIED;
	case LOGOFF_E_PROTECTED:
		return report_protected(who.text, logoff_session_protection(session), cause);
	case LOGOFF_E_CHANGED:
		if (outcome->cause.domain == LOGOFF_ERROR_NONE)
			fprintf(stderr, _("%s: session %s: it no longer fits the selection and is left alone\n"),
				program().text, who.text);
		else
			fprintf(stderr, _("%s: session %s: its state could not be checked again; it is left alone%s\n"),
				program().text, who.text, cause.text);
		return EXIT_NOT_ENDED;
	case LOGOFF_E_TIMEOUT:
		fprintf(stderr, _("%s: session %s: not ended in time%s"), program().text, who.text, cause.text);
		print_remains(outcome);
		return EXIT_NOT_ENDED;
	case LOGOFF_E_CANCELLED:
		fprintf(stderr, _("%s: session %s: cancelled"), program().text, who.text);
		print_remains(outcome);
		return EXIT_CANCELLED;
	default:
		fprintf(stderr,
			is_errno(&outcome->cause, ENODATA) ? /* nobody can tell whose they are */
				_("%s: session %s: programs are left%s") :
				_("%s: session %s: the host failed%s"),
			program().text, who.text, cause.text);
		print_remains(outcome);
		return status_of(outcome->result);
	}
}

/* Tells whether the kernel has refused what is left of a session that is gone: no rule of polkit gives more. */
static bool is_final(const struct logoff_outcome *outcome)
{
	return outcome->exists == LOGOFF_EXISTS_NO && is_errno(&outcome->cause, EPERM);
}

bool report_lacks_rights(const struct logoff_request *request)
{
	bool lacks = false;

	for (size_t i = 0; !lacks && logoff_request_session(request, i); i++)
		lacks = logoff_request_outcome(request, i)->result == LOGOFF_E_DENIED &&
			!is_final(logoff_request_outcome(request, i));
	return lacks && logoff_is_this_machine(arg_server);
}

enum exit_status report_record(const struct logoff_session *session, const struct logoff_outcome *outcome)
{
	struct safe who, cause;

	if (outcome->recorded)
		return EXIT_ENDED;
	who = report_label(session);
	cause = report_cause(&outcome->record_cause);
	if (outcome->result == LOGOFF_OK)
		fprintf(stderr, _("%s: session %s: logged off, but its record could not be written%s\n"),
			program().text, who.text, cause.text);
	else
		fprintf(stderr, _("%s: session %s: its record could not be written%s\n"), program().text, who.text,
			cause.text);
	return stream_failure_of(fact_host(session, arg_server), EXIT_UNREACHABLE, "no-record",
				 logoff_session_id(session), &outcome->record_cause);
}

/* ---- choosing ---- */

struct safe report_typed(const char *name)
{
	struct safe text = safe(name), out = {};
	size_t n = 0;

	if (name[strcspn(name, " \\\"'`$&|;()<>*?[]{}!#~")] == '\0')
		return text;
	out.text[n++] = '\'';
	for (const char *at = text.text; *at && n + 6 < sizeof(out.text); at++)
		if (*at == '\'')
			n += (size_t)snprintf(out.text + n, sizeof(out.text) - n, "'\\''");
		else
			out.text[n++] = *at;
	out.text[n] = '\'';
	return out;
}

enum exit_status report_ambiguous(const char *shown, const char *text, const struct logoff_session *session,
				  const struct logoff_error *cause)
{
	struct safe id = report_typed(logoff_session_id(session)), user = report_typed(text);
	const char *host = report_shows_hosts ? fact_host(session, NULL) : NULL;
	bool unknown = cause->domain != LOGOFF_ERROR_NONE;

	if (unknown)
		fprintf(stderr,
			_("%s: %s: cannot find out whether a user has this name too%s; write id:%s or user:%s\n"),
			program().text, safe(shown).text, report_cause(cause).text, id.text, user.text);
	else if (host)
		fprintf(stderr, _("%s: %s: a session and a user have this name; write %s:id:%s or %s:user:%s\n"),
			program().text, safe(shown).text, host, id.text, host, user.text);
	else
		fprintf(stderr, _("%s: %s: a session and a user have this name; write id:%s or user:%s\n"),
			program().text, safe(shown).text, id.text, user.text);
	return stream_failure(unknown ? EXIT_UNREACHABLE : EXIT_NO_SESSION, "ambiguous", object_of(shown, text),
			      unknown ? cause : NULL);
}

enum exit_status report_unknown_recipient(const char *shown, const char *text, const char *host)
{
	if (host)
		fprintf(stderr, _("%s: %s: not found, but the list of %s may lack sessions\n"), program().text,
			safe(shown).text, safe(host).text);
	else
		fprintf(stderr, _("%s: %s: found on none of the hosts that answered\n"), program().text,
			safe(shown).text);
	return stream_failure_of(host ? host : arg_server, EXIT_UNREACHABLE, "recipient-unknown",
				 object_of(shown, text), NULL);
}

enum exit_status report_unseen(const char *shown, const char *text)
{
	fprintf(stderr, _("%s: %s: not seen, but /proc hides processes of others, and so logins (hidepid)\n"),
		program().text, safe(shown).text);
	return stream_failure(EXIT_UNREACHABLE, "recipient-unknown", object_of(shown, text), NULL);
}

enum exit_status report_untold_process(const char *word, int64_t pid)
{
	fprintf(stderr,
		_("%s: %s: nobody can tell which of its user's desktops has started process %lld; to end it, "
		  "write that number\n"),
		program().text, safe(word).text, (long long)pid);
	return stream_failure(EXIT_UNREACHABLE, "recipient-unknown", word, NULL);
}

enum exit_status report_unseen_processes(const char *word, bool found)
{
	fprintf(stderr,
		found ? _("%s: %s: others may have such processes too, which /proc hides\n")
		      : _("%s: %s: no such process is seen, but /proc hides those of others\n"),
		program().text, safe(word).text);
	return stream_failure(EXIT_UNREACHABLE, "recipient-unknown", word, NULL);
}

enum exit_status report_needs_host(const char *shown, const char *text, const char *host)
{
	fprintf(stderr,
		_("%s: %s: with several hosts write a session with its host, such as %s:%s, and a user as user:NAME\n"),
		program().text, safe(shown).text, safe(host).text, report_typed(text).text);
	return stream_failure(EXIT_USAGE, "usage", object_of(shown, text), NULL);
}

enum exit_status report_user_left(const char *shown, const char *text)
{
	fprintf(stderr, _("%s: %s: this user has left; only sessions that are closing are still there\n"),
		program().text, safe(shown).text);
	return stream_failure(EXIT_NO_SESSION, "user-left", object_of(shown, text), NULL);
}

enum exit_status report_is_user(const char *argument)
{
	fprintf(stderr, _("%s: %s: no such session; use logoff /user:%s for the sessions of that user\n"),
		program().text, safe(argument).text, report_typed(argument).text);
	return stream_failure(EXIT_NO_SESSION, "is-user", argument, NULL);
}

enum exit_status report_not_understood(const char *argument)
{
	fprintf(stderr,
		_("%s: \"%s\" is neither a session nor a user; a text for the users needs /warn and can be given only "
		  "once\n"),
		program().text, safe(argument).text);
	return stream_failure(EXIT_USAGE, "not-understood", argument, NULL);
}

enum exit_status report_only_text(const char *text)
{
	fprintf(stderr,
		_("%s: \"%s\" is no session, and a text needs a session beside it; to log off your own, give its id\n"),
		program().text, safe(text).text);
	return stream_failure(EXIT_USAGE, "only-text", text, NULL);
}

struct safe report_line(const char *path, const struct name *name)
{
	struct safe out = {};

	if (names_are_plain(name->text))
		snprintf(out.text, sizeof(out.text), _("%.150s, line %zu: %.300s"), safe(path).text, name->line,
			 safe(name->text).text);
	else
		snprintf(out.text, sizeof(out.text), _("%.400s, line %zu"), safe(path).text, name->line);
	return out;
}

enum exit_status report_file(const char *path, int r, size_t line)
{
	if (r == -EBADMSG) {
		fprintf(stderr, _("%s: the list %s: line %zu is not a session name, id or user name\n"), program().text,
			safe(path).text, line);
		return stream_failure(EXIT_USAGE, "list-wrong", path, NULL);
	}
	fprintf(stderr, _("%s: the list %s cannot be read: %s\n"), program().text, safe(path).text, strerror(-r));
	return stream_failure_errno(EXIT_USAGE, "list-unreadable", path, r);
}

enum exit_status report_none_selected(void)
{
	fprintf(stderr, _("%s: no session is selected\n"), program().text);
	return stream_failure(EXIT_NO_SESSION, "none-selected", NULL, NULL);
}

enum exit_status report_no_exclusion(const char *item, bool foreign)
{
	struct safe name = safe(item);

	if (foreign)
		fprintf(stderr,
			_("%s: /exclude:%s: no such session, and no such user is logged on; write user:NAME for "
			  "a user who is not logged on\n"),
			program().text, name.text);
	else
		fprintf(stderr, _("%s: /exclude:%s: there is neither such a user nor such a session\n"), program().text,
			name.text);
	return stream_failure(EXIT_USAGE, "no-exclusion", item, NULL);
}

enum exit_status report_unknown_exclusion(const char *item, const struct logoff_error *cause)
{
	struct safe name = safe(item), why = report_cause(cause);

	if (word_parse(item).kind == WORD_GROUP)
		fprintf(stderr, _("%s: /exclude:%s: cannot find out whether there is such a group%s\n"), program().text,
			name.text, why.text);
	else
		fprintf(stderr, _("%s: /exclude:%s: cannot find out whether there is such a user%s\n"), program().text,
			name.text, why.text);
	return stream_failure(EXIT_USAGE, "exclusion-unknown", item, cause);
}

void report_hidden_logins(void)
{
	fprintf(stderr,
		_("%s: logins that the session manager does not know cannot be seen: /proc hides them (hidepid)\n"),
		program().text);
}

void report_unknown_groups(size_t n, const struct logoff_error *cause)
{
	fprintf(stderr,
		ngettext("%s: %zu session is left alone: its state, or the name or the groups of its user are "
			 "unknown%s\n",
			 "%s: %zu sessions are left alone: their states, or the names or the groups of their users are "
			 "unknown%s\n", n),
		program().text, n, report_cause(cause).text);
}

void report_unknown_programs(size_t n)
{
	fprintf(stderr, ngettext("%s: %zu session is left alone: its programs are unknown\n",
				 "%s: %zu sessions are left alone: their programs are unknown\n", n),
		program().text, n);
}

void report_unknown_own(size_t n)
{
	fprintf(stderr,
		ngettext("%s: %zu session is left alone: it is unknown whether it is your own\n",
			 "%s: %zu sessions are left alone: it is unknown whether they are your own\n", n),
		program().text, n);
}

void report_unknown_fit(size_t n, const struct logoff_error *cause)
{
	fprintf(stderr,
		ngettext("%s: %zu session is left alone: it is unknown whether it fits the selection and is not your "
			 "own%s\n",
			 "%s: %zu sessions are left alone: it is unknown whether they fit the selection and are not "
			 "your own%s\n", n),
		program().text, n, report_cause(cause).text);
}

void report_stays(const struct logoff_session *own, const struct logoff_session *stays)
{
	struct safe who = report_label(own), other = report_label(stays);

	fprintf(stderr, _("%s: session %s ends; session %s, which is yours too, stays\n"), program().text, who.text,
		other.text);
}

bool report_is_protected(const struct logoff_session *session, bool console)
{
	enum logoff_protection protection = logoff_session_protection(session);

	return protection != LOGOFF_PROTECTION_NONE && !(protection == LOGOFF_PROTECTION_CONSOLE && console);
}

void report_plan(FILE *to, const struct logoff_session *session, bool console, const char *programs)
{
	struct safe who = report_label(session), user = report_user(session);

	if (logoff_session_kind(session) == LOGOFF_KIND_GREETER) {
		fprintf(to, _("Session %s of %s: refused, it is a login screen.\n"), who.text, user.text);
	} else if (logoff_session_kind(session) == LOGOFF_KIND_SERVICES) {
		fprintf(to, _("Session %s: refused, it is the session of the services.\n"), who.text);
	} else if (report_is_protected(session, console)) {
		fprintf(to, _("Session %s of %s: refused without /console, it is the console session.\n"), who.text,
			user.text);
	} else if (*programs) {
		fprintf(to, _("Session %s of %s, closing (%s): would be logged off.\n"), who.text, user.text, programs);
	} else {
		switch (logoff_session_state(session)) {
		case LOGOFF_STATE_ACTIVE:
			fprintf(to, _("Session %s of %s, active: would be logged off.\n"), who.text, user.text);
			break;
		case LOGOFF_STATE_DISCONNECTED:
			fprintf(to, _("Session %s of %s, disconnected: would be logged off.\n"), who.text, user.text);
			break;
		case LOGOFF_STATE_CLOSING:
			fprintf(to, _("Session %s of %s, closing: would be logged off.\n"), who.text, user.text);
			break;
		case LOGOFF_STATE_CONNECTED:
			fprintf(to, _("Session %s of %s, connected: would be logged off.\n"), who.text, user.text);
			break;
		}
	}
}

void report_question(size_t n)
{
	fprintf(stderr, ngettext("Log off this %zu session? (y/n) ", "Log off these %zu sessions? (y/n) ", n), n);
}

enum exit_status report_unconfirmed(void)
{
	fprintf(stderr,
		_("%s: several sessions are selected and there is no terminal to ask on; use /y to log them off\n"),
		program().text);
	return stream_failure(EXIT_USAGE, "unconfirmed", NULL, NULL);
}

void report_nothing_done(void)
{
	fprintf(stderr, _("%s: nothing was done\n"), program().text);
}

enum exit_status report_declined(void)
{
	report_nothing_done();
	return stream_failure(EXIT_CANCELLED, "declined", NULL, NULL);
}
