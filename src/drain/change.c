/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * change.c - the command "change logon", also called chglogon, as on Windows: whether new logons are accepted.
 *
 * The other sub-commands of Windows are for its own programs only.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/os.h"
#include "cli/account.h"
#include "cli/charset.h"
#include "cli/command.h"
#include "cli/farm.h"
#include "cli/logon.h"
#include "cli/output.h"
#include "cli/report.h"
#include "cli/stream.h"
#include "drain/change.h"

static bool arg_query, arg_enable, arg_disable, arg_drain, arg_until_restart;

/* ---- options ---- */


static const struct option_row logon_options[] = {
	{ "query", "query", 0, OPTION_FLAG, &arg_query, NULL, N_("Shows whether new logons are accepted.") },
	{ "enable", "enable", 0, OPTION_FLAG, &arg_enable, NULL, N_("Accepts new logons again.") },
	{ "disable", "disable", 0, OPTION_FLAG, &arg_disable, NULL,
	  N_("Refuses new sessions and reconnections until the next restart.") },
	{ "drain", "drain", 0, OPTION_FLAG, &arg_drain, NULL,
	  N_("Refuses new sessions; users may reconnect to those they have.") },
	{ "drainuntilrestart", "drain-until-restart", 0, OPTION_FLAG, &arg_until_restart, NULL,
	  N_("The same until the next restart.") },
	{ "server", "server", 0, OPTION_STRING, &arg_server, "servername", HELP_SERVERS },
	FARM_OPTIONS
	{ "json", "json", 0, OPTION_WORD, &arg_json, "lines",
	  N_("Prints all known data as JSON; lines: one object on each line.") },
	HELP_OPTIONS
	{}
};

static const struct option_row change_options[] = {
	HELP_OPTIONS
	{}
};

static const struct help logon_help = {
	.sub_command = "logon",
	.other_name = "chglogon",
	.summary = N_("Accepts or refuses new logons, or shows which."),
	.usage = "CHANGE LOGON {/QUERY | /ENABLE | /DISABLE | /DRAIN | /DRAINUNTILRESTART}\n"
		 "       [/SERVER:servername]\n" FARM_USAGE "       [/JSON[:lines]] [/VERSION] [--help] [text]",
	.arguments = { { "text", N_("What users are shown whose logon is refused.") } },
	.options = logon_options,
};

static const struct help change_help = {
	.summary = N_("Accepts or refuses new logons on this machine."),
	.usage = "CHANGE LOGON",
	.arguments = { { "logon", N_("Whether new logons are accepted. Also called chglogon.") } },
	.options = change_options,
};

/* ---- this machine ---- */

/* Prints a sentence about what failed. */
static void print_trouble(struct safe sentence)
{
	if (*sentence.text)
		fprintf(stderr, _("%s: %s\n"), program().text, sentence.text);
}

static void report_trouble(enum exit_status status, const char *kind, const char *object,
			   const struct logoff_error *cause, void *unused)
{
	(void)unused;
	print_trouble(change_trouble(kind, object, cause));
	(void)stream_failure(status, kind, object, cause);
}

/* Counts who is left. Returns the exit status. */
static int count(struct drain_answer *answer)
{
	struct logoff_error error = {};
	struct logoff_host *host;
	int r, status = (int)logon_open(&host, NULL);

	if (status != EXIT_ENDED)
		return status;
	r = (int)drain_answer_count(answer, host, &error);
	if (r < 0)
		status = (int)report_host(NULL, r, &error);
	logoff_host_close(host);
	return status;
}

static void show(const struct drain_answer *answer, enum drain_verb verb)
{
	if (arg_json)
		change_stream(NULL, answer, answer->status);
	else
		change_write(stdout, answer, verb == DRAIN_QUERY);
	for (size_t i = 0; i < answer->n_services; i++)
		print_trouble(change_service(&answer->services[i]));
}

static int run_root(int root, enum drain_verb verb, const char *text)
{
	struct drain_answer answer = {};
	char name[ACCOUNT_NAME_SIZE];
	bool told = true;
	int status = EXIT_ENDED;

	if (verb == DRAIN_QUERY) {
		drain_answer_get(&answer, root, report_trouble, NULL);
	} else {
		logoff_host_name_caller(NULL, name, sizeof(name));
		told = drain_answer_set(&answer, root, verb, name, name, text, report_trouble, NULL);
	}
	if (answer.known && answer.state.mode != DRAIN_ENABLED && (verb == DRAIN_QUERY || arg_json))
		status = count(&answer);
	answer.status = answer.status > status ? answer.status : status;
	if (told)
		show(&answer, verb);
	status = answer.status;
	drain_answer_done(&answer);
	return status;
}

static int run_here(enum drain_verb verb, const char *text)
{
	int root = drain_answer_root(report_trouble, NULL), status = EXIT_UNREACHABLE;

	if (root >= 0) {
		status = run_root(root, verb, text);
		close(root);
	}
	stream_end();
	return status;
}

/* ---- one run ---- */

/* Joins the words by blanks and makes them harmless; none are a sentence of ours. Returns the exit status. */
static int take_text(int n_words, char **words, char text[static DRAIN_TEXT_SIZE])
{
	char joined[DRAIN_TEXT_SIZE] = "";
	size_t n = 0;
	int r;

	for (int i = 0; i < n_words && n < sizeof(joined); i++)
		n += (size_t)snprintf(joined + n, sizeof(joined) - n, "%s%s", i > 0 ? " " : "", words[i]);
	r = n < sizeof(joined) ? drain_answer_text(n_words > 0 ? joined : NULL, text) : -E2BIG;
	output_note(r == -E2BIG ? 0 : r);
	if (r != -E2BIG)
		return EXIT_ENDED;
	fprintf(stderr, _("%s: the text is longer than %d bytes\n"), program().text, DRAIN_TEXT_SIZE - 1);
	return (int)stream_failure(EXIT_USAGE, "usage", NULL, NULL);
}

static enum drain_verb find_verb(void)
{
	return arg_query ? DRAIN_QUERY : arg_enable ? DRAIN_ENABLE : arg_disable ? DRAIN_DISABLE :
	       arg_drain ? DRAIN_DRAIN : DRAIN_UNTIL_RESTART;
}

static int run_logon(int n_arguments, char **arguments)
{
	enum drain_verb verb = find_verb();
	char text[DRAIN_TEXT_SIZE] = "";
	int status = EXIT_ENDED;

	if (arg_query + arg_enable + arg_disable + arg_drain + arg_until_restart != 1)
		return help_refuse(&logon_help,
				   _("one of /query, /enable, /disable, /drain and /drainuntilrestart is needed"));
	if (n_arguments > 0 && (verb == DRAIN_QUERY || verb == DRAIN_ENABLE))
		return help_refuse(&logon_help, _("a text is only for those whose logon is refused"));
	if (verb != DRAIN_QUERY && verb != DRAIN_ENABLE)
		status = take_text(n_arguments, arguments, text);
	if (status != EXIT_ENDED)
		return status;
	if (!logoff_is_this_machine(arg_server))
		return change_farm(verb, n_arguments > 0 && *text ? text : NULL);
	return run_here(verb, text);
}

/* Parses the options of HELP. Returns the exit status, or -1 to go on with *RET_N_ARGUMENTS arguments. */
static int begin(const struct help *help, int argc, char **argv, int *ret_n_arguments)
{
	enum option_fault fault;
	const char *culprit;

	if (options_parse(help->options, argc, argv, 1, ret_n_arguments, &fault, &culprit) < 0)
		return help_usage_error(help, fault, culprit);
	if (arg_help)
		return help_print(help);
	return arg_version ? command_print_version() : -1;
}

static int run_change(int argc, char **argv)
{
	int n_arguments, status = begin(&change_help, argc, argv, &n_arguments);

	if (status >= 0)
		return status;
	if (n_arguments == 0)
		return help_refuse(&change_help, _("a sub-command is needed: logon"));
	if (strcasecmp(argv[1], "port") == 0 || strcasecmp(argv[1], "user") == 0)
		fprintf(stderr, _("%s: %s is for programs of Windows only\n"), program().text, safe(argv[1]).text);
	else
		fprintf(stderr, _("%s: no sub-command %s\n"), program().text, safe(argv[1]).text);
	return help_try(&change_help);
}

int main(int argc, char **argv)
{
	bool sub = argc > 1 && strcasecmp(argv[1], logon_help.sub_command) == 0, other;
	int n_arguments, status;

	os_hold_standard_files();
	charset_init();
	other = strcmp(program_invocation_short_name, logon_help.other_name) == 0;
	if (!other && !sub)
		return output_end(run_change(argc, argv));
	argc -= other ? 0 : 1;
	argv += other ? 0 : 1;
	status = begin(&logon_help, argc, argv, &n_arguments);
	return output_end(status >= 0 ? status : run_logon(n_arguments, argv + 1));
}
