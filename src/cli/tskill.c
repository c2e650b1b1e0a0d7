/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tskill.c - the command tskill: ends processes of sessions, by number or by name.
 *
 * A number means the process in whatever session it is; a name means those of one session, or of all. Processes outside
 * of sessions are services of the machine, and are not found. First a process is asked, as kill(1) would: programs of
 * Linux save on SIGTERM. What is left after the grace is killed, as on Windows.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "cli/account.h"
#include "cli/cancel.h"
#include "cli/command.h"
#include "cli/logon.h"
#include "cli/output.h"
#include "cli/printable.h"
#include "cli/report.h"
#include "cli/running.h"
#include "cli/word.h"
#include "logoff.h"

#define SERVICES "0"		/* the session of a server's services */
#define NAME_SIZE 64		/* of a program */

static bool arg_all, arg_verbose;
static const char *arg_id;
static uint64_t arg_grace_s = 10;

static const struct option_row options[] = {
	{ "id", "id", 0, OPTION_STRING, &arg_id, "sessionid", N_("Ends processes of this session only.") },
	{ "a", "all", 'a', OPTION_FLAG, &arg_all, NULL, N_("Ends the processes of that name in all sessions.") },
	{ "server", "server", 0, OPTION_STRING, &arg_server, "servername",
	  N_("One server that is reached by MS-TSTS. Without it: this machine.") },
	LOGON_OPTIONS,
	{ "grace", "grace", 0, OPTION_SECONDS, &arg_grace_s, "seconds",
	  N_("Time between the request to end and the kill; 10 if not given.") },
	{ "v", "verbose", 'v', OPTION_FLAG, &arg_verbose, NULL, N_("Shows each process that has ended.") },
	HELP_OPTIONS
	{}
};

static const struct help help = {
	.summary = N_("Ends processes that belong to sessions."),
	.usage = "TSKILL {processid | processname ...} [/ID:sessionid | /A] [/SERVER:servername]\n"
		 LOGON_USAGE "       [/GRACE:seconds] [/V] [/VERSION] [--help]",
	.arguments = {
		{ "processid", N_("The number of a process.") },
		{ "processname", N_("The name of a program; * and ? stand for any characters.") },
	},
	.options = options,
};

/* ---- which are meant ---- */

/* A process that is to be ended. */
struct target {
	const struct logoff_host_process *listed;
	struct logoff_host_process wanted;	/* the same; if its number was given, whatever its name is */
};

/* The processes of the host, and those of them that are to be ended. */
struct targets {
	struct logoff_host_process **all;
	size_t n_all;
	struct target *items;
	size_t n_items;
	const struct logoff_session *session;	/* that a name means; NULL: all */
	bool hidden;			/* some processes may be hidden from the caller */
	bool others;			/* not only the caller's own session is meant */
};

static bool is_number(const char *text)
{
	return *text && text[strspn(text, "0123456789")] == '\0';
}

static void lower(char text[static NAME_SIZE], const char *from)
{
	size_t i = 0;

	for (; from[i] && i < NAME_SIZE - 1; i++)
		text[i] = (char)(from[i] >= 'A' && from[i] <= 'Z' ? from[i] - 'A' + 'a' : from[i]);
	text[i] = '\0';
}

/* Case does not matter there, nor the ".exe". */
static bool is_program_of_windows(const char *command, const char *word)
{
	char name[NAME_SIZE], wanted[NAME_SIZE], whole[NAME_SIZE + sizeof(".exe")];

	lower(name, command);
	lower(wanted, word);
	snprintf(whole, sizeof(whole), "%s.exe", wanted);
	return account_pattern_fits(wanted, name) || account_pattern_fits(whole, name);
}

/* Tells whether WORD means the process, if it is of a session that is meant. */
static bool fits(const struct logoff_host_process *process, const char *word)
{
	bool number = is_number(word), foreign = process->uid == UINT32_MAX;

	if (!*process->session_id || (foreign && strcmp(process->session_id, SERVICES) == 0))
		return false;
	if (!foreign && process->pid == getpid())
		return false;
	if (foreign && !number)
		return is_program_of_windows(process->command, word);
	return number ? strtoll(word, NULL, 10) == process->pid
		      : running_is_program(process->command, word);
}

/*
 * Tells whether the process is of a session that is meant: of any, by its number. Unknown: it may be of two, one of
 * which is.
 */
static enum select_answer is_of_session(const struct targets *targets, const struct logoff_host_process *process,
					bool number)
{
	if (!targets->session || (!arg_id && number) ||
	    strcmp(process->session_id, logoff_session_id(targets->session)) == 0)
		return SELECT_YES;
	return running_may_be_in(process, targets->session) ? SELECT_UNKNOWN : SELECT_NO;
}

/* Reports that WORD means no process, or that it may mean more than are seen. Returns the exit status. */
static int report_found(const struct targets *targets, const char *word, bool found)
{
	if (found && (!targets->hidden || !targets->others || is_number(word)))
		return EXIT_ENDED;
	if (found || targets->hidden)
		return (int)report_unseen_processes(word, found);
	fprintf(stderr, _("%s: %s: no such process in a session that is meant\n"), program().text, safe(word).text);
	return EXIT_NO_SESSION;
}

static struct target *find_target(const struct targets *targets, pid_t pid)
{
	for (size_t i = 0; i < targets->n_items; i++)
		if (targets->items[i].listed->pid == pid)
			return &targets->items[i];
	return NULL;
}

static void add_process(struct targets *targets, const struct logoff_host_process *process, bool number)
{
	struct target *target = find_target(targets, process->pid);

	if (!target) {
		output_note(array_add(&targets->items, &targets->n_items,
				      (&(struct target){ process, *process })));
		target = find_target(targets, process->pid);
	}
	if (target && number)
		*target->wanted.command = '\0';
}

/* Adds the processes that WORD means, each once. Returns the exit status. */
static int add_word(struct targets *targets, const char *word)
{
	bool found = false, number = is_number(word);
	enum select_answer of_session;
	int status = EXIT_ENDED, of_found;

	for (size_t i = 0; i < targets->n_all; i++) {
		if (!fits(targets->all[i], word))
			continue;
		of_session = is_of_session(targets, targets->all[i], number);
		if (of_session == SELECT_UNKNOWN)
			status = (int)report_untold_process(word, targets->all[i]->pid);
		if (of_session != SELECT_YES)
			continue;
		found = true;
		add_process(targets, targets->all[i], number);
	}
	of_found = found || status == EXIT_ENDED ? report_found(targets, word, found) : EXIT_ENDED;
	return of_found > status ? of_found : status;
}

/* ---- ending them ---- */

static struct safe label(const struct logoff_host_process *process)
{
	struct safe name = safe(process->command), session = safe(process->session_id), out;

	snprintf(out.text, sizeof(out.text), _("process %d (%.200s) of session %.100s"), (int)process->pid, name.text,
		 session.text);
	return out;
}

static int report_failure(const struct logoff_host_process *process, int status, const char *sentence)
{
	fprintf(stderr, _("%s: %s: %s\n"), program().text, label(process).text, sentence);
	return status;
}

/* The same, with CAUSE. */
static int report_cause_of(const struct logoff_host_process *process, int status, const char *sentence,
			   const struct logoff_error *cause)
{
	fprintf(stderr, _("%s: %s: %s%s\n"), program().text, label(process).text, sentence, report_cause(cause).text);
	return status;
}

static int report_end(const struct logoff_host_process *process, enum logoff_result result,
		      const struct logoff_error *cause)
{
	switch ((int)result) {
	case LOGOFF_OK:
		if (arg_verbose)
			printf(_("Ended: %s.\n"), label(process).text);
		return EXIT_ENDED;
	case LOGOFF_E_DENIED:
		return report_cause_of(process, EXIT_DENIED, _("access denied"), cause);
	case LOGOFF_E_TIMEOUT:
		return report_failure(process, EXIT_NOT_ENDED, _("killed, but not ended in time"));
	case LOGOFF_E_CHANGED:
		return report_failure(process, EXIT_NOT_ENDED, _("left alone, as it is another one by now"));
	case LOGOFF_E_UNSUPPORTED:
		return report_failure(process, EXIT_UNREACHABLE, _("this server does not end processes"));
	case LOGOFF_E_CANCELLED:
		return report_failure(process, EXIT_CANCELLED, _("cancelled, and not ended yet"));
	case LOGOFF_E_FAILED:
		return report_cause_of(process, EXIT_UNREACHABLE, _("the host failed"), cause);
	default:
		return report_cause_of(process, EXIT_UNREACHABLE, _("nobody can tell whether it has ended"), cause);
	}
}

/* Tells whether one of them is in the session OWN: then this command gets the signals of its end. */
static bool has_own(const struct targets *targets, const struct logoff_session *own)
{
	for (size_t i = 0; own && i < targets->n_items; i++)
		if (strcmp(targets->items[i].listed->session_id, logoff_session_id(own)) == 0 ||
		    running_may_be_in(targets->items[i].listed, own))
			return true;
	return false;
}

static int end_all(struct logoff_host *host, struct targets *targets, bool own)
{
	enum logoff_result *results = calloc(targets->n_items + 1, sizeof(*results));
	struct logoff_host_process **wanted = calloc(targets->n_items + 1, sizeof(*wanted));
	struct logoff_error error = {};
	int r = LOGOFF_E_NO_MEMORY, status = EXIT_ENDED;

	for (size_t i = 0; wanted && i < targets->n_items; i++)
		wanted[i] = &targets->items[i].wanted;
	if (results && wanted)
		r = logoff_host_end_processes(host, wanted, targets->n_items, arg_grace_s * 1000, cancel_open(own),
					      results, &error);
	for (size_t i = 0; r >= 0 && i < targets->n_items; i++) {
		int one = report_end(targets->items[i].listed, results[i], &error);

		status = one > status ? one : status;
	}
	free(wanted);
	free(results);
	return r < 0 ? (int)report_host(arg_server, r, &error) : status;
}

/* ---- one run ---- */

static bool has_name(int n_words, char **words)
{
	for (int i = 0; i < n_words; i++)
		if (!is_number(words[i]))
			return true;
	return false;
}

/* Tells whether one of the words is a pattern that every name fits. */
static bool has_pattern_of_all(int n_words, char **words)
{
	for (int i = 0; i < n_words; i++)
		if (strchr(words[i], '*') && words[i][strspn(words[i], "*?")] == '\0')
			return true;
	return false;
}

/* Chooses what the words mean, of which OWN is the caller's session (NULL: R says why not). Returns the exit status. */
static int choose(struct logoff_host *host, struct targets *targets, int n_words, char **words,
		  const struct logoff_session *own, int r, struct logoff_error *error)
{
	int status = EXIT_ENDED;

	if (!arg_id && !arg_all && has_name(n_words, words)) {
		if (r == LOGOFF_E_NO_CURRENT) {
			fprintf(stderr, _("%s: you are not in a session; a name needs /id or /a\n"), program().text);
			return EXIT_NO_SESSION;
		}
		if (!own)
			return report_not_found(NULL, NULL, r, error);
		targets->session = own;
	}
	r = logoff_host_list_processes(host, &targets->all, &targets->n_all, error);
	if (r < 0)
		return report_host(arg_server, r, error);
	targets->hidden = logoff_host_hides_processes(host);
	targets->others = !own || !targets->session ||
			  strcmp(logoff_session_id(targets->session), logoff_session_id(own)) != 0;
	for (int i = 0; i < n_words; i++) {
		int one = add_word(targets, words[i]);

		status = one > status ? one : status;
	}
	return status;
}

static bool has_name_of(const struct targets *targets, const struct logoff_host_process *process, int n_words,
			char **words)
{
	for (int i = 0; i < n_words; i++)
		if (!is_number(words[i]) && fits(process, words[i]) &&
		    is_of_session(targets, process, false) == SELECT_YES)
			return true;
	return false;
}

/* Reports those that bear a name which was given, and have begun since the list was made. Returns the exit status. */
static int report_new(struct logoff_host *host, const struct targets *targets, int n_words, char **words)
{
	struct targets now = {};
	struct logoff_error error = {};
	int r = logoff_host_list_processes(host, &now.all, &now.n_all, &error), status = EXIT_ENDED;

	if (r < 0)
		return report_host(arg_server, r, &error);
	for (size_t i = 0; i < now.n_all; i++)
		if (!find_target(targets, now.all[i]->pid) && has_name_of(targets, now.all[i], n_words, words))
			status = report_failure(now.all[i], EXIT_NOT_ENDED, _("has begun meanwhile, and goes on"));
	logoff_host_process_list_free(now.all);
	return status;
}

/* Ends the processes that the words mean, of the session NAMED alone if it is not NULL. Returns the exit status. */
static int end_words(struct logoff_host *host, const struct logoff_session *named, int n_words, char **words)
{
	struct targets targets = { .session = named };
	struct logoff_session *own = NULL;
	struct logoff_error error = {};
	int r = logoff_host_find(host, NULL, &own, &error);
	int status = choose(host, &targets, n_words, words, own, r, &error), ended;

	if (targets.n_items > 0) {
		ended = end_all(host, &targets, has_own(&targets, own));
		status = ended > status ? ended : status;
	}
	if (targets.n_items > 0 && status < EXIT_CANCELLED && has_name(n_words, words)) {
		ended = report_new(host, &targets, n_words, words);
		status = ended > status ? ended : status;
	}
	free(targets.items);
	logoff_host_process_list_free(targets.all);
	logoff_session_free(own);
	return status;
}

static int run_tskill(struct logoff_host *host, int n_words, char **words)
{
	struct logoff_session *named = NULL;
	struct logoff_error error = {};
	int r, status;

	if (n_words == 0)
		return help_refuse(&help, _("the number or the name of a process is needed"));
	if (arg_id && arg_all)
		return help_refuse(&help, _("/id and /a exclude each other"));
	if (arg_all && has_pattern_of_all(n_words, words))
		return help_refuse(&help, _("with /a a name must not mean every process; "
					    "logoff /user:* logs off everybody"));
	if (!logoff_is_this_machine(arg_server) && !arg_id && !arg_all && has_name(n_words, words))
		return help_refuse(&help, _("with /server a name needs /id or /a"));
	if (arg_id) {
		r = word_find(host, (struct word){ WORD_ANY, arg_id }, &named, &error);
		if (r < 0)
			return report_not_found_on(host, arg_id, arg_id, r, &error);
	}
	status = end_words(host, named, n_words, words);
	logoff_session_free(named);
	return status;
}

int main(int argc, char **argv)
{
	return command_main(&(struct command){ .help = &help, .run = run_tskill }, argc, argv);
}
