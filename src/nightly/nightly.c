/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * nightly.c - logoff-nightly, the rule that a timer applies: it logs off sessions that have been disconnected, idle or
 * open for too long.
 *
 * It reads the settings, and runs logoff once for each limit that is set. logoff selects, warns, looks again, ends and
 * records. What is added here: the trial, on whose days each run is a dry one, and idle sessions in which something
 * works. These are excluded by their ids; one that has ended meanwhile excludes nobody any more, and logoff is asked
 * again.
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/array.h"
#include "base/os.h"
#include "base/trusted.h"
#include "cli/charset.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/report.h"
#include "farm/words.h"
#include "nightly/busy.h"
#include "nightly/run.h"
#include "nightly/settings.h"
#include "nightly/trial.h"

#define SETTINGS_FILE "/etc/logoff/nightly.conf"
#define STATE_FOLDER "/var/lib/logoff"
#define LOGOFF BINDIR "/logoff"
#define RULE "nightly rule"
#define TRIES 3
#define MARGIN_S 60u		/* sessions that reach the limit so soon are looked at too */
#define EXCLUSIONS_MAX 64	/* that logoff takes */

static const char *arg_settings = SETTINGS_FILE;

static const struct option_row options[] = {
	{ "settings", "settings", 0, OPTION_FILE, &arg_settings, "filename",
	  N_("The settings. Without it: /etc/logoff/nightly.conf.") },
	HELP_OPTIONS
	{}
};

static const struct help help = {
	.summary = N_("Logs off sessions that have been disconnected, idle or open for longer than a file of settings "
		      "allows."),
	.usage = "LOGOFF-NIGHTLY [/SETTINGS:filename] [/VERSION] [--help]",
	.options = options,
};

/* What is done for one limit. */
struct pass {
	const struct settings *settings;
	enum setting limit;
	bool dry;
	struct busy_session *sessions;	/* those that the limit of idle times means, and that have a terminal */
	size_t n_sessions;
	size_t n_results;
	int worst, excused;		/* the highest exit status of what has failed, and of what is no failure */
	bool again;			/* an excluded session has ended meanwhile */
	bool no_memory;
};

/* ---- the lines of logoff ---- */

static const char *text_of(const json_t *line, const char *name)
{
	const char *text = json_string_value(json_object_get(line, name));

	return text ? text : "";
}

static bool has_word(const json_t *line, const char *name, const char *text)
{
	return strcmp(text_of(line, name), text) == 0;
}

/* Prints that a session has ended, or would end; failures are logoff's to report. */
static void print_result(const struct pass *pass, const json_t *line)
{
	const char *limit = setting_name(pass->limit), *value = pass->settings->values[pass->limit];
	struct safe id = safe(text_of(line, "id")), user = safe(text_of(line, "user"));

	if (has_word(line, "result", "ended"))
		printf(_("Session %s of %s (%s = %s): logged off.\n"), id.text, user.text, limit, value);
	else if (has_word(line, "result", "would-end"))
		printf(_("Session %s of %s (%s = %s): would be logged off.\n"), id.text, user.text, limit, value);
}

/*
 * Users who come back while they are warned are no failure, and neither is who sits at the console, unless they were
 * meant.
 */
static bool is_excused(const struct pass *pass, const json_t *line)
{
	if (has_word(line, "result", "changed"))
		return json_is_null(json_object_get(line, "cause"));
	return has_word(line, "result", "protected") && json_is_true(json_object_get(line, "console")) &&
	       !settings_end(pass->settings, SETTING_CONSOLE);
}

static void take_result(struct pass *pass, const json_t *line, int status)
{
	pass->n_results++;
	print_result(pass, line);
	if (has_word(line, "result", "protected") && status == 0)
		status = EXIT_PROTECTED;	/* a dry run has no statuses of its own */
	if (is_excused(pass, line))
		pass->excused = status > pass->excused ? status : pass->excused;
	else
		pass->worst = status > pass->worst ? status : pass->worst;
}

/* Tells whether ID is one of the sessions that are left alone as they are busy. */
static bool is_left_alone(const struct pass *pass, const char *id)
{
	for (size_t i = 0; i < pass->n_sessions; i++) {
		if (pass->sessions[i].busy != BUSY_NO && strcmp(pass->sessions[i].id, id) == 0)
			return true;
	}
	return false;
}

static void take_line(const json_t *line, void *data)
{
	struct pass *pass = data;
	int status = (int)json_integer_value(json_object_get(line, "exit_status"));

	if (has_word(line, "type", "result")) {
		take_result(pass, line, status);
	} else if (has_word(line, "type", "failure")) {
		if (has_word(line, "kind", "no-exclusion") && is_left_alone(pass, text_of(line, "object")))
			pass->again = true;
		pass->worst = status > pass->worst ? status : pass->worst;
	}
}

/* ---- sessions in which something works ---- */

/* What the terminals of a session tell. */
static enum busy terminals_busy(const json_t *terminals)
{
	enum busy found = BUSY_NO;
	const json_t *one;
	size_t i;

	json_array_foreach(terminals, i, one) {
		enum busy busy = busy_terminal(json_string_value(one) ? json_string_value(one) : "..");

		if (found != BUSY_YES && busy != BUSY_NO)
			found = busy;
	}
	return found;
}

/* Notes a session that is idle and has a terminal. A desktop always does something, and knows its user. */
static void take_idle(const json_t *line, void *data)
{
	const json_t *terminals = json_object_get(line, "terminals");
	struct busy_session session = {};
	struct pass *pass = data;

	if (!has_word(line, "result", "would-end") || json_array_size(terminals) == 0 || *text_of(line, "display"))
		return;
	snprintf(session.id, sizeof(session.id), "%s", text_of(line, "id"));
	session.busy = terminals_busy(terminals);
	if (array_add(&pass->sessions, &pass->n_sessions, &session) < 0)
		pass->no_memory = true;
}

/* ---- runs of logoff ---- */

static void add_value(struct command_line *line, const struct settings *settings, enum setting setting,
		      const char *option)
{
	if (settings->values[setting])
		command_line_add(line, "--%s=%s", option, settings->values[setting]);
}

/* The words that select; the limit itself is to be added. */
static void make_selection(struct command_line *line, const struct pass *pass)
{
	const char *program = os_environment("LOGOFF_PROGRAM");

	command_line_add(line, "%s", program ? program : LOGOFF);
	command_line_add(line, "--json=lines");
	command_line_add(line, "--yes");
	command_line_add(line, "--if-any");
	command_line_add(line, "--no-ask-password");
	if (pass->limit == SETTING_DISCONNECTED)
		command_line_add(line, "--state=disc");
	add_value(line, pass->settings, SETTING_EXCLUDE, "exclude");
	add_value(line, pass->settings, SETTING_KEEP, "keep");
	if (settings_end(pass->settings, SETTING_CONSOLE))
		command_line_add(line, "--console");
}

/* Lists the sessions that the limit means, or soon will, by a dry run. Returns its exit status. */
static int list_idle(struct pass *pass, bool quiet)
{
	unsigned long limit_s = settings_seconds(pass->settings, SETTING_IDLE);
	unsigned long margin_s = limit_s / 2 < MARGIN_S ? limit_s / 2 : MARGIN_S;
	struct command_line line = {};
	int status;

	free(pass->sessions);
	pass->sessions = NULL;
	pass->n_sessions = 0;
	make_selection(&line, pass);
	command_line_add(&line, "--idle=%lu", limit_s - margin_s);
	command_line_add(&line, "--dry-run");
	status = run_logoff(&line, quiet, take_idle, pass);
	command_line_done(&line);
	return status;
}

/*
 * Finds the sessions that the limit means and that are busy. The run that follows reports again what is protected, so
 * the first look is quiet. Returns false, and says why, if that is not known.
 */
static bool find_busy(struct pass *pass)
{
	int status = list_idle(pass, true);

	if (status != EXIT_ENDED && status != EXIT_PROTECTED) {
		(void)list_idle(pass, false);
		fprintf(stderr, _("%s: nobody can tell which idle sessions are busy, so none is logged off\n"),
			program().text);
		pass->worst = status;
		return false;
	}
	busy_measure(pass->sessions, pass->n_sessions);
	return true;
}

/* Adds those that are busy. Returns false if they are too many. */
static bool exclude_busy(struct command_line *line, const struct pass *pass)
{
	const char *excluded = pass->settings->values[SETTING_EXCLUDE];
	size_t n = excluded ? 1 : 0;

	for (const char *comma = excluded; comma && (comma = strchr(comma, ',')); comma++)
		n++;
	for (size_t i = 0; i < pass->n_sessions; i++) {
		if (pass->sessions[i].busy == BUSY_NO)
			continue;
		command_line_add(line, "--exclude=id:%s", pass->sessions[i].id);
		n++;
	}
	return n <= EXCLUSIONS_MAX;
}

static void run_pass(struct pass *pass)
{
	static const char *const option[N_LIMITS] = { "idle", "idle", "older" };
	const struct settings *settings = pass->settings;
	const char *rule = settings->values[SETTING_RULE];
	struct command_line line = {};
	int status;

	pass->worst = pass->excused = 0;
	pass->again = false;
	make_selection(&line, pass);
	add_value(&line, settings, pass->limit, option[pass->limit]);
	if (!exclude_busy(&line, pass)) {
		fprintf(stderr, _("%s: so many idle sessions are busy that logoff cannot leave them all out\n"),
			program().text);
		pass->worst = EXIT_UNREACHABLE;
		command_line_done(&line);
		return;
	}
	if (pass->dry) {
		command_line_add(&line, "--dry-run");
	} else {
		add_value(&line, settings, SETTING_WARN, "warn");
		add_value(&line, settings, SETTING_MESSAGE, "message");
		command_line_add(&line, "--reason=%s (%s = %s)", rule ? rule : RULE, setting_name(pass->limit),
				 settings->values[pass->limit]);
	}
	status = run_logoff(&line, false, take_line, pass);
	command_line_done(&line);
	if (status > pass->worst && status > pass->excused)
		pass->worst = status;
}

static void report_busy(const struct pass *pass)
{
	for (size_t i = 0; i < pass->n_sessions; i++) {
		if (pass->sessions[i].busy == BUSY_YES)
			printf(_("Session %s (%s = %s): busy, so it is left alone.\n"),
			       safe(pass->sessions[i].id).text, setting_name(pass->limit),
			       pass->settings->values[pass->limit]);
		else if (pass->sessions[i].busy == BUSY_UNKNOWN)
			fprintf(stderr, _("%s: nobody can tell whether session %s is busy, so it is left alone\n"),
				program().text, safe(pass->sessions[i].id).text);
	}
}

/* Does what one limit asks for. Returns the exit status. */
static int apply_limit(const struct settings *settings, enum setting limit, bool dry)
{
	bool spares = limit == SETTING_IDLE && !settings_end(settings, SETTING_BUSY);
	struct pass pass = { .settings = settings, .limit = limit, .dry = dry };
	int n_tries = 0;

	do {
		if (spares && !find_busy(&pass))
			break;
		if (!pass.no_memory && !run_is_stopped())
			run_pass(&pass);
	} while (pass.again && ++n_tries < TRIES && !run_is_stopped());
	report_busy(&pass);
	if (pass.n_results == 0 && pass.worst == 0)
		printf(_("No session (%s = %s).\n"), setting_name(limit), settings->values[limit]);
	free(pass.sessions);
	output_flush();
	return pass.no_memory ? (int)report_no_memory() : pass.worst;
}

/* ---- the settings and the trial ---- */

static int report_settings(const char *path, const struct settings_fault *fault)
{
	struct safe file = safe(path), word = safe(fault->word);

	switch (fault->kind) {
	case SETTINGS_NO_LINE:
		fprintf(stderr, _("%s: %s, line %zu: no \"name = value\": %s\n"), program().text, file.text,
			fault->line, word.text);
		break;
	case SETTINGS_UNKNOWN:
		fprintf(stderr, _("%s: %s, line %zu: there is no such setting: %s\n"), program().text, file.text,
			fault->line, word.text);
		break;
	case SETTINGS_TWICE:
		fprintf(stderr, _("%s: %s, line %zu: set for the second time: %s\n"), program().text, file.text,
			fault->line, word.text);
		break;
	case SETTINGS_VALUE:
		fprintf(stderr, _("%s: %s, line %zu: wrong value of %s\n"), program().text, file.text, fault->line,
			word.text);
		break;
	case SETTINGS_NO_LIMIT:
		fprintf(stderr, _("%s: %s sets no limit: disconnected, idle or age\n"), program().text, file.text);
		break;
	case SETTINGS_NO_WARNING:
		fprintf(stderr, _("%s: %s sets a message, and no time for a warning: warn\n"), program().text,
			file.text);
		break;
	}
	return EXIT_USAGE;
}

static int report_unread(const char *path, enum trusted_fault fault, int r)
{
	if (fault == TRUSTED_OF_OTHERS || fault == TRUSTED_OPEN_TO_OTHERS)
		fprintf(stderr, _("%s: %s is not used, as others can change it\n"), program().text, safe(path).text);
	else if (fault == TRUSTED_NO_FILE)
		fprintf(stderr, _("%s: %s is no file\n"), program().text, safe(path).text);
	else
		fprintf(stderr, "%s: %s: %s\n", program().text, safe(path).text, strerror(-r));
	return EXIT_USAGE;
}

static int read_settings(struct settings *ret, const char *path)
{
	enum trusted_fault trust = TRUSTED_UNREADABLE;
	struct settings_fault fault = {};
	char *text = NULL;
	int fd = trusted_open(path, TRUSTED_UNCHANGED, &trust), r;

	if (fd < 0)
		return report_unread(path, trust, fd);
	r = read_text(fd, &text);
	close(fd);
	if (r < 0)
		return report_unread(path, TRUSTED_UNREADABLE, r);
	r = settings_parse(ret, text, &fault);
	free(text);
	if (r < 0)
		return r == -EINVAL ? report_settings(path, &fault) : (int)report_no_memory();
	return EXIT_ENDED;
}

/* Tells whether this is a day of the trial, and says so. *ret_status: whether that could be noted. */
static bool is_trial(const struct settings *settings, int *ret_status)
{
	const char *folder = os_environment("STATE_DIRECTORY");	/* by systemd */
	char *path = NULL, *text = settings_text(settings), today[11];
	unsigned n_days = settings_trial(settings), day = 1;
	time_t now = time(NULL);
	struct tm date;
	int r;

	r = text && asprintf(&path, "%s/nightly", folder ? folder : STATE_FOLDER) >= 0 ? 0 : -ENOMEM;
	if (r == 0 && (!localtime_r(&now, &date) || strftime(today, sizeof(today), "%F", &date) == 0))
		r = -ERANGE;
	if (r == 0)
		r = trial_count(path, text, n_days, today, &day);
	*ret_status = r < 0 ? EXIT_UNREACHABLE : EXIT_ENDED;
	if (r < 0)
		fprintf(stderr, _("%s: cannot count the days of the trial, so nobody is logged off: %s: %s\n"),
			program().text, safe(path ? path : "").text, strerror(-r));
	if (day > 0)
		printf(_("Trial, day %u of %u: nobody is logged off.\n"), day, n_days);
	free(path);
	free(text);
	return day > 0;
}

static int apply_rule(const char *path)
{
	struct settings settings = {};
	int status = read_settings(&settings, path), worst = 0;
	bool dry;

	if (status != EXIT_ENDED) {
		settings_done(&settings);
		return status;
	}
	run_init();
	dry = is_trial(&settings, &worst);
	for (enum setting limit = 0; limit < N_LIMITS && !run_is_stopped(); limit++) {
		status = settings.values[limit] ? apply_limit(&settings, limit, dry) : EXIT_ENDED;
		worst = status > worst ? status : worst;
	}
	settings_done(&settings);
	return run_is_stopped() && worst < EXIT_CANCELLED ? EXIT_CANCELLED : worst;
}

int main(int argc, char **argv)
{
	enum option_fault fault;
	const char *culprit;
	int n_arguments, status;

	os_hold_standard_files();
	charset_init();
	if (options_parse(options, argc, argv, 0, &n_arguments, &fault, &culprit) < 0)
		return help_usage_error(&help, fault, culprit);
	status = command_without_arguments(&help, n_arguments, argv);
	return status >= 0 ? status : output_end(apply_rule(arg_settings));
}
