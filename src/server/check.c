/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * check.c - the program logoff-server-check: what the MS-TSTS service lacks on this machine, and how to mend that.
 *
 * It is written in C, since it reads the settings with the code of the service, has the options and passwords of the
 * other commands, and their catalogue; and a question that nobody answers has a deadline. It asks everything that it
 * can ask, and says in one line each what it found. Only the last question proves anything: a call over the pipe, as
 * Windows' commands make it. Without an account it cannot be asked, and then the exit status is not 0.
 */
#include "server/check.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/os.h"
#include "cli/charset.h"
#include "cli/command.h"
#include "cli/logon.h"
#include "cli/output.h"
#include "cli/report.h"

#define COLUMN 9
/* A name with its port is never taken for this machine itself, which the library would ask without the pipe. */
#define PORT ":445"

/* The exit status; 1 and 9 are those of all commands. */
enum { CHECK_WORKS = 0, CHECK_PROBLEM = 2, CHECK_NOT_PROVED = 3 };

static unsigned counts[N_FINDINGS];

static const struct option_row options[] = {
	LOGON_OPTIONS,
	HELP_OPTIONS
	{}
};

static const struct help help = {
	.summary = N_("Says what this machine lacks to be managed by Windows' own commands, and how to mend it."),
	.usage = "LOGOFF-SERVER-CHECK\n"
		 LOGON_USAGE
		 "       [/VERSION] [--help]",
	.options = options,
};

/* ---- lines ---- */

struct sentence check_write(const char *format, ...)
{
	struct sentence sentence;
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(sentence.text, sizeof(sentence.text), format, arguments);
	va_end(arguments);
	return sentence;
}

static const char *label(enum finding finding)
{
	switch (finding) {
	case FINDING_OK:
		return _("ok");
	case FINDING_NOTE:
		return _("note");
	case FINDING_PROBLEM:
		return _("problem");
	case FINDING_UNKNOWN:
		return _("unknown");
	case N_FINDINGS:
		break;
	}
	return "";
}

void check_say(enum finding finding, const char *mend, const char *format, ...)
{
	const char *word = label(finding);
	size_t width = text_width(word);
	va_list arguments;

	counts[finding]++;
	printf("%s%*s", word, width < COLUMN ? (int)(COLUMN - width) : 1, "");
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	putchar('\n');
	if (mend)
		printf("%*s%s\n", COLUMN, "", mend);
	output_flush();
}

unsigned check_count(enum finding finding)
{
	return counts[finding];
}

/* ---- the call ---- */

/* Only a ticket can speak for a caller who is not named: no password is asked for. */
static bool is_named(void)
{
	return arg_logon.name || arg_logon.file || arg_logon.ccache;
}

/*
 * The server to call. Tickets are for the full name; an address will do for an account with a password. Returns
 * false, and says why, if there is none.
 */
static bool find_server(char *ret_server, size_t size)
{
	char name[256];

	if (probe_own_name(name, sizeof(name))) {
		snprintf(ret_server, size, "%s" PORT, name);
		return true;
	}
	check_say(FINDING_NOTE, _("Write the name behind this machine's address into /etc/hosts."),
		  _("The name %s does not lead to this machine: tickets cannot be used here."), safe(name).text);
	snprintf(ret_server, size, "%s", "127.0.0.1" PORT);
	return is_named();
}

static void say_nobody(void)
{
	check_say(FINDING_UNKNOWN,
		  _("Name one: sudo logoff-server-check -U NAME; or get a ticket of the domain first: kinit NAME (of "
		    "the package krb5-user)"),
		  _("Nobody has called over the pipe: there is no account to call as."));
}

/* CAUSE is empty if nobody has called. */
static bool say_failure(enum exit_status status, const struct logoff_error *cause)
{
	if (status == EXIT_LOGON && !is_named())
		say_nobody();
	else if (status == EXIT_USAGE || status == EXIT_CANCELLED || (status == EXIT_LOGON && !*cause->text))
		check_say(FINDING_UNKNOWN,
			  _("Call it again on a terminal, and type the password; or name a file with it: -A FILE"),
			  _("Nobody has called over the pipe: no password was given."));
	else if (status == EXIT_LOGON)
		check_say(FINDING_UNKNOWN,
			  _("Check its name and password; without a domain Samba needs one of its own: sudo smbpasswd "
			    "-a NAME"),
			  _("Nobody has called over the pipe: the account was not accepted."));
	else if (status == EXIT_DENIED)
		check_say(FINDING_PROBLEM,
			  check_count(FINDING_PROBLEM) > 0
			  ? _("First mend the problems above.")
			  : _("Accounts need a user on this machine, and guests are refused; the log of Samba's worker "
			      "says more."),
			  _("The service has refused the call."));
	else
		check_say(FINDING_PROBLEM,
			  check_count(FINDING_PROBLEM) > 0
			  ? _("First mend the problems above.")
			  : _("Look into Samba's log: sudo grep -r rpcd_logoff /var/log/samba"),
			  _("The call over the pipe has failed."));
	return false;
}

/* Asks for the sessions over the pipe, as any caller in the network. Returns whether they came. */
static bool call(void)
{
	struct logoff_session **sessions = NULL;
	struct logoff_host *host = NULL;
	struct logoff_error error = {};
	enum exit_status status;
	char server[300];
	size_t n = 0;
	int r;

	if (!find_server(server, sizeof(server))) {
		say_nobody();
		return false;
	}
	if (!is_named()) {
		arg_logon.no_password = true;
		arg_logon.kerberos = "required";
	}
	status = logon_open_telling(&host, server, &r, &error);
	if (status != EXIT_ENDED)
		return say_failure(status, &error);
	r = (int)logoff_host_list(host, &sessions, &n, &error);
	status = r < 0 ? report_host(server, r, &error) : EXIT_ENDED;
	server[strlen(server) - strlen(PORT)] = '\0';
	logoff_session_list_free(sessions, n);
	logoff_host_close(host);
	if (status != EXIT_ENDED)
		return say_failure(status, &error);
	check_say(FINDING_OK, NULL,
		  ngettext("A call over the pipe of %s has worked: %zu session is shown.",
			   "A call over the pipe of %s has worked: %zu sessions are shown.", (unsigned long)n),
		  safe(server).text, n);
	return true;
}

/* ---- one run ---- */

static int run(void)
{
	static struct samba samba;
	bool worked = false;
	unsigned problems;

	check_own();
	check_samba(&samba);
	if (samba.installed)
		worked = call();
	problems = check_count(FINDING_PROBLEM);
	putchar('\n');
	if (problems > 0)
		printf(ngettext("%u problem is to be mended.\n", "%u problems are to be mended.\n", problems),
		       problems);
	else if (worked)
		printf("%s\n", _("Windows' commands can manage this machine."));
	else
		printf("%s\n", _("No problem is known, but it is not proved: no call has worked."));
	return problems > 0 ? CHECK_PROBLEM : worked ? CHECK_WORKS : CHECK_NOT_PROVED;
}

int main(int argc, char **argv)
{
	enum option_fault fault;
	const char *culprit;
	int n_arguments, status;

	os_hold_standard_files();
	charset_init();
	if (options_parse(options, argc, argv, 0, &n_arguments, &fault, &culprit) < 0 ||
	    logon_check(&fault, &culprit) < 0)
		return help_usage_error(&help, fault, culprit);
	status = command_without_arguments(&help, n_arguments, argv);
	return status >= 0 ? status : output_end(run());
}
