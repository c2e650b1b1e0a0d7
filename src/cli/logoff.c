/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * logoff.c - the command: its options, and one run.
 *
 * The option table is the only list of options: the parser reads it, the help prints it, and a check compares it with
 * the manual pages and the completions. All else is done by liblogoff, through its public header.
 */
#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "cli/agent.h"
#include "cli/help.h"
#include "cli/options.h"
#include "cli/report.h"
#include "cli/text.h"
#include "logoff.h"

static const char *arg_server;
static bool arg_verbose, arg_console, arg_no_ask_password, arg_help, arg_version, arg_complete;
static uint64_t arg_grace_s = 10, arg_wait_s = 60;

static const struct option_row options[] = {
	{ "server", "server", 0, OPTION_STRING, &arg_server, "servername",
	  N_("The session host whose session is meant. Without it: this machine.") },
	{ "v", "verbose", 'v', OPTION_FLAG, &arg_verbose, NULL, N_("Shows what is done, step by step.") },
	{ "grace", "grace", 0, OPTION_SECONDS, &arg_grace_s, "seconds",
	  N_("Time from asking the processes to end to killing them; 10 if not given.") },
	{ "wait", "wait", 0, OPTION_SECONDS, &arg_wait_s, "seconds",
	  N_("Longest time for one session, from start to proof; 60 if not given.") },
	{ "console", "console", 0, OPTION_FLAG, &arg_console, NULL,
	  N_("Allows to log off the console session, which is protected.") },
	{ "noaskpassword", "no-ask-password", 0, OPTION_FLAG, &arg_no_ask_password, NULL,
	  N_("Never asks for a password; without the right the session is refused.") },
	{ "?", "help", 'h', OPTION_FLAG, &arg_help, NULL, N_("Shows this help.") },
	{ NULL, NULL, '?', OPTION_FLAG, &arg_help, NULL, NULL },
	{ "version", "version", 0, OPTION_FLAG, &arg_version, NULL, N_("Shows the version.") },
	{ NULL, "complete-sessions", 0, OPTION_FLAG, &arg_complete, NULL, NULL },
	{}
};

static const struct help help = {
	.summary = N_("Logs users off sessions, ends all their processes and deletes the sessions."),
	.usage = "LOGOFF [sessionname | sessionid ...] [/SERVER:servername] [/V]\n"
		 "       [/GRACE:seconds] [/WAIT:seconds] [/CONSOLE] [/NOASKPASSWORD]\n"
		 "       [/VERSION] [/?]",
	.arguments = {
		{ "sessionname", N_("The name of an active session: console, rdp-tcp#10, pts/3.") },
		{ "sessionid", N_("The id of a session: 12, c3. Without any: the current session.") },
	},
	.options = options,
};

/* ---- asking for a password ---- */

static int authorize(void *userdata)
{
	agent_start(userdata);
	return 0;
}

/* ---- one run ---- */

/* Prints what the shells complete: id, name, user of each session, separated by tabs. */
static int complete_sessions(struct logoff_host *host)
{
	struct logoff_session **sessions;
	size_t n;

	if (logoff_host_list(host, &sessions, &n, NULL) < 0)
		return EXIT_UNREACHABLE;
	for (size_t i = 0; i < n; i++)
		printf("%s\t%s\t%s\n", safe(logoff_session_id(sessions[i])).text, safe(logoff_session_name(sessions[i])).text,
		       safe(logoff_session_user(sessions[i])).text);
	logoff_session_list_free(sessions, n);
	return EXIT_ENDED;
}

/* Adds the session called DESIGNATOR to the request, or says why not. Returns the exit status. */
static int add(struct logoff_host *host, struct logoff_request *request, const char *designator, bool *own)
{
	struct logoff_error error = {};
	struct logoff_session *session;
	int r;

	r = logoff_host_find(host, designator, &session, &error);
	if (r < 0)
		return report_not_found(designator, r, &error);
	*own = *own || logoff_session_is_current(session);
	if (logoff_request_add(request, session) < 0) {
		logoff_session_free(session);
		return report_not_found(designator, -ENOMEM, &error);
	}
	return EXIT_ENDED;
}

/*
 * Turns Ctrl-C into a readable descriptor. A command that ends its own session must outlive the SIGHUP and SIGTERM that
 * the session gets, or nobody would see to those who do not.
 */
static int prepare_signals(bool own)
{
	sigset_t cancelling;

	sigemptyset(&cancelling);
	sigaddset(&cancelling, SIGINT);
	if (!own)
		sigaddset(&cancelling, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &cancelling, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	if (own) {
		(void)signal(SIGHUP, SIG_IGN);
		(void)signal(SIGTERM, SIG_IGN);
	}
	return signalfd(-1, &cancelling, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int run_request(struct logoff_request *request, bool own, bool several)
{
	struct logoff_error error = {};
	struct agent agent = {};
	int r, status = EXIT_ENDED;

	logoff_request_set_times(request, arg_grace_s * 1000, arg_wait_s * 1000);
	logoff_request_set_console(request, arg_console);
	if (arg_verbose)
		logoff_request_set_event_func(request, report_event, NULL);
	if (!arg_no_ask_password)
		logoff_request_set_authorize_func(request, authorize, &agent);
	logoff_request_set_cancel_fd(request, prepare_signals(own));
	r = logoff_request_run(request, &error);
	agent_stop(&agent);
	if (r < 0)
		return report_host(arg_server, r, &error);
	for (size_t i = 0; i < logoff_request_count(request); i++) {
		int one = report_result(request, i, several);

		status = one > status ? one : status;
	}
	return status;
}

static int run(struct logoff_host *host, int n_arguments, char **arguments)
{
	struct logoff_request *request;
	int status = EXIT_ENDED, ended;
	bool own = false;

	if (arg_complete)
		return complete_sessions(host);
	if (logoff_request_new(&request, host) < 0)
		return report_host(arg_server, -ENOMEM, &(struct logoff_error){});
	if (n_arguments == 0)
		status = add(host, request, NULL, &own);
	for (int i = 0; i < n_arguments; i++) {
		int one = add(host, request, arguments[i], &own);

		status = one > status ? one : status;
	}
	ended = logoff_request_count(request) ? run_request(request, own, n_arguments > 1) : EXIT_ENDED;
	logoff_request_free(request);
	return ended > status ? ended : status;
}

int main(int argc, char **argv)
{
	struct logoff_error error = {};
	struct logoff_host *host;
	enum option_fault fault;
	const char *culprit;
	int n_arguments, status, r;

	/* Not LC_ALL: the rest would only be read from disk. */
	setlocale(LC_CTYPE, "");
	setlocale(LC_MESSAGES, "");
	bindtextdomain("logoff", LOCALEDIR);
	textdomain("logoff");
	if (options_parse(options, argc, argv, 0, &n_arguments, &fault, &culprit) < 0)
		return help_usage_error(&help, fault, culprit);
	if (arg_help)
		return help_print(&help, stdout);
	if (arg_version)
		return printf("logoff %s\n", logoff_version()) < 0;
	r = logoff_host_open(&host, arg_server, &error);
	if (r < 0)
		return report_host(arg_server, r, &error);
	status = run(host, n_arguments, argv + 1);
	logoff_host_close(host);
	return status;
}
