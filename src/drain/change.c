/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * change.c - the command "change logon", also called chglogon, as on Windows: whether new logons are accepted.
 *
 * Who may change that is decided by the rights of the folders that the state is in. The other sub-commands of Windows
 * are for its own programs only. LOGOFF_DRAIN_ROOT is a folder in place of "/".
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "base/os.h"
#include "base/utf8.h"
#include "cli/charset.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/report.h"
#include "drain/change.h"
#include "drain/drain.h"

static bool arg_query, arg_enable, arg_disable, arg_drain, arg_until_restart;

/* ---- options ---- */

#define HELP_HELP N_("Shows this help.")
#define HELP_VERSION N_("Shows the version.")

static const struct option_row logon_options[] = {
	{ "query", "query", 0, OPTION_FLAG, &arg_query, NULL, N_("Shows whether new logons are accepted.") },
	{ "enable", "enable", 0, OPTION_FLAG, &arg_enable, NULL, N_("Accepts new logons again.") },
	{ "disable", "disable", 0, OPTION_FLAG, &arg_disable, NULL,
	  N_("Refuses new sessions and reconnections until the next restart.") },
	{ "drain", "drain", 0, OPTION_FLAG, &arg_drain, NULL,
	  N_("Refuses new sessions; users may reconnect to those they have.") },
	{ "drainuntilrestart", "drain-until-restart", 0, OPTION_FLAG, &arg_until_restart, NULL,
	  N_("The same until the next restart.") },
	{ "?", "help", 'h', OPTION_FLAG, &arg_help, NULL, HELP_HELP },
	{ NULL, NULL, '?', OPTION_FLAG, &arg_help, NULL, NULL },
	{ "version", "version", 0, OPTION_FLAG, &arg_version, NULL, HELP_VERSION },
	{}
};

static const struct option_row change_options[] = {
	{ "?", "help", 'h', OPTION_FLAG, &arg_help, NULL, HELP_HELP },
	{ NULL, NULL, '?', OPTION_FLAG, &arg_help, NULL, NULL },
	{ "version", "version", 0, OPTION_FLAG, &arg_version, NULL, HELP_VERSION },
	{}
};

static const struct help logon_help = {
	.sub_command = "logon",
	.other_name = "chglogon",
	.summary = N_("Accepts or refuses new logons on this machine, or shows which."),
	.usage = "CHANGE LOGON {/QUERY | /ENABLE | /DISABLE | /DRAIN | /DRAINUNTILRESTART}\n"
		 "       [/VERSION] [--help] [text]",
	.arguments = { { "text", N_("What users are shown whose logon is refused.") } },
	.options = logon_options,
};

static const struct help change_help = {
	.summary = N_("Accepts or refuses new logons on this machine."),
	.usage = "CHANGE LOGON",
	.arguments = { { "logon", N_("Whether new logons are accepted. Also called chglogon.") } },
	.options = change_options,
};

static int refuse_usage(const char *sentence, const struct help *help)
{
	fprintf(stderr, _("%s: %s\n"), program().text, sentence);
	return help_try(help);
}

/* ---- one run ---- */

/* Tells whether the caller may change the state: only then PAM answers as it does to services. */
static bool may_change(int root)
{
	return faccessat(root, "run", W_OK, AT_EACCESS) == 0;
}

static int query(int root)
{
	struct drain_state state;
	const char *path;
	int r = drain_read(root, &state, &path), status = EXIT_ENDED, one;

	if (r < 0)
		return change_report_unknown(path, r);
	change_show_mode(&state);
	if (state.mode != DRAIN_ENABLED) {
		change_show_details(&state);
		status = change_show_left();
	}
	one = change_show_nologin(root);
	status = one > status ? one : status;
	if (state.mode != DRAIN_ENABLED && may_change(root)) {
		one = change_prove(root, &state);
		status = one > status ? one : status;
	}
	return status;
}

/* Joins the words by blanks and makes them harmless. Returns the exit status. */
static int take_text(int n_words, char **words, char text[static DRAIN_TEXT_SIZE])
{
	char joined[DRAIN_TEXT_SIZE] = "", *shown;
	size_t n = 0;

	for (int i = 0; i < n_words && n < sizeof(joined); i++)
		n += (size_t)snprintf(joined + n, sizeof(joined) - n, "%s%s", i > 0 ? " " : "", words[i]);
	shown = utf8_harmless(n_words > 0 ? joined : _("This machine accepts no new logons at present."), true);
	output_note(shown ? 0 : -ENOMEM);
	n = n >= sizeof(joined) ? n : shown ? strlen(shown) : 0;
	if (n < DRAIN_TEXT_SIZE && shown)
		strcpy(text, shown);
	free(shown);
	if (n < DRAIN_TEXT_SIZE)
		return EXIT_ENDED;
	fprintf(stderr, _("%s: the text is longer than %d bytes\n"), program().text, DRAIN_TEXT_SIZE - 1);
	return EXIT_USAGE;
}

static int report_not_written(const char *path, int r)
{
	fprintf(stderr, _("%s: %s cannot be changed: %s\n"), program().text, path, strerror(-r));
	return EXIT_UNREACHABLE;
}

static int set(int root, struct drain_state *state, int n_words, char **words)
{
	char name[DRAIN_NAME_SIZE / 4];		/* of which a byte may take four */
	const char *path = "";
	int r, status = state->mode == DRAIN_ENABLED ? EXIT_ENDED : take_text(n_words, words, state->text);

	if (status != EXIT_ENDED)
		return status;
	if (!may_change(root)) {
		fprintf(stderr, _("%s: only root can change whether logons are accepted\n"), program().text);
		return EXIT_DENIED;
	}
	state->since_s = (int64_t)time(NULL);
	logoff_host_name_caller(NULL, name, sizeof(name));
	snprintf(state->by, sizeof(state->by), "%.*s", DRAIN_NAME_SIZE - 1, safe(name).text);
	r = drain_write(root, state, &path);
	if (r < 0)
		return report_not_written(path, r);
	change_show_mode(state);
	return state->mode == DRAIN_ENABLED ? change_show_nologin(root) : change_prove(root, state);
}

static int run_logon(int n_arguments, char **arguments)
{
	struct drain_state state = {
		.mode = arg_disable ? DRAIN_ALL : arg_enable ? DRAIN_ENABLED : DRAIN_NEW, .lasting = arg_drain,
	};
	const char *folder = os_environment("LOGOFF_DRAIN_ROOT");
	int root, status;

	if (arg_query + arg_enable + arg_disable + arg_drain + arg_until_restart != 1)
		return refuse_usage(_("one of /query, /enable, /disable, /drain and /drainuntilrestart is needed"),
				    &logon_help);
	if (n_arguments > 0 && (arg_query || arg_enable))
		return refuse_usage(_("a text is only for those whose logon is refused"), &logon_help);
	folder = folder && *folder ? folder : "/";
	root = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return change_report_unknown(folder, -errno);
	status = arg_query ? query(root) : set(root, &state, n_arguments, arguments);
	close(root);
	return status;
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
		return refuse_usage(_("a sub-command is needed: logon"), &change_help);
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
