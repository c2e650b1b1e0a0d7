/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tsdiscon.c - the command tsdiscon: disconnects the client of a session, which goes on without it.
 *
 * On Linux only a session of xrdp does. A login over ssh, or on a terminal, ends with its connection; it is refused.
 */
#include <stdio.h>

#include "cli/command.h"
#include "cli/logon.h"
#include "cli/printable.h"
#include "cli/report.h"
#include "cli/word.h"
#include "logoff.h"

static bool arg_verbose;

static const struct option_row options[] = {
	{ "server", "server", 0, OPTION_STRING, &arg_server, "servername",
	  N_("One server that is reached by MS-TSTS. Without it: this machine.") },
	LOGON_OPTIONS,
	{ "v", "verbose", 'v', OPTION_FLAG, &arg_verbose, NULL, N_("Says which session has been disconnected.") },
	HELP_OPTIONS
	{}
};

static const struct help help = {
	.summary = N_("Disconnects the client of a session; the session goes on without it."),
	.usage = "TSDISCON [sessionid | sessionname] [/SERVER:servername]\n"
		 LOGON_USAGE "       [/V] [/VERSION] [--help]",
	.arguments = {
		{ "sessionid", N_("The id of a session: 12, c3. Without any: the current session.") },
		{ "sessionname", N_("The name of an active session: console, rdp-tcp#10, pts/3.") },
	},
	.options = options,
};

static int report_failure(const struct logoff_session *session, const char *sentence, const struct logoff_error *cause,
			  int status)
{
	fprintf(stderr, _("%s: session %s: %s%s\n"), program().text, report_label(session).text, sentence,
		report_cause(cause).text);
	return status;
}

static int disconnect(struct logoff_session *session)
{
	struct logoff_error error = {}, none = {};
	enum logoff_result result = logoff_session_disconnect(session, &error);

	switch ((int)result) {
	case LOGOFF_OK:
		if (arg_verbose)
			printf(_("Session %s of %s: disconnected; it goes on.\n"), report_label(session).text,
			       report_user(session).text);
		return EXIT_ENDED;
	case LOGOFF_E_UNSUPPORTED:
		return report_failure(session, _("only a desktop of xrdp goes on without its client"), &none,
				      EXIT_PROTECTED);
	case LOGOFF_E_DENIED:
		return report_failure(session, _("access denied"), &error, EXIT_DENIED);
	case LOGOFF_E_TIMEOUT:
		return report_failure(session, _("its client is still connected, or again"), &none, EXIT_NOT_ENDED);
	case LOGOFF_E_NO_SESSION:
	case LOGOFF_E_CHANGED:
		return report_failure(session, _("it has ended, or its user has left"), &none, EXIT_NO_SESSION);
	case LOGOFF_E_FAILED:
		return report_failure(session, _("the host failed"), &error, EXIT_UNREACHABLE);
	default:
		return report_failure(session, _("nobody can tell whether its client is disconnected"), &error,
				      EXIT_UNREACHABLE);
	}
}

static int run_tsdiscon(struct logoff_host *host, int n_arguments, char **arguments)
{
	const char *name = n_arguments > 0 ? arguments[0] : NULL;
	struct word word = name ? word_parse(name) : (struct word){};
	struct logoff_session *session;
	struct logoff_error error = {};
	int r, status;

	if (n_arguments > 1 || word.kind == WORD_USER || word.kind == WORD_GROUP)
		return help_refuse(&help, _("one session can be given, by its name or id"));
	r = name ? word_find(host, word, &session, &error) : (int)logoff_host_find(host, NULL, &session, &error);
	if (r < 0 && name)
		return report_not_found_on(host, name, word.text, r, &error);
	if (r < 0)
		return report_not_found(NULL, NULL, r, &error);
	status = disconnect(session);
	logoff_session_free(session);
	return status;
}

int main(int argc, char **argv)
{
	return command_main(&(struct command){ .help = &help, .run = run_tsdiscon }, argc, argv);
}
