/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * log-off.c - see log-off.h. One run on one host: choose, confirm, log off, report.
 */
#include "cli/log-off.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/account.h"
#include "cli/agent.h"
#include "cli/cancel.h"
#include "cli/command.h"
#include "cli/json.h"
#include "cli/progress.h"
#include "cli/report.h"
#include "cli/result.h"
#include "cli/stream.h"
#include "cli/printable.h"
#include "cli/warning-text.h"

bool arg_verbose, arg_console, arg_dry_run, arg_yes, arg_if_any, arg_no_desktop, arg_drain, arg_no_ask_password;
uint64_t arg_grace_s = 10, arg_wait_s = 60, arg_warn_s, arg_serial;
const char *arg_message, *arg_reason;
struct selection arg_selection = SELECTION_NONE;

/* ---- events ---- */

bool log_off_is_first_warning(const struct logoff_event *event)
{
	return event->remaining_us + 500000 >= arg_warn_s * 1000000;
}

/* The receivers of the library's events. */
struct listeners {
	struct progress progress;
	struct result_rows rows;
	bool cancelled;			/* too late for sessions that were asked */
};

static void on_event(const struct logoff_event *event, void *userdata)
{
	struct listeners *listeners = userdata;
	bool not_warned = event->type == LOGOFF_EVENT_WARNED && event->delivery->result < 0 &&
			  log_off_is_first_warning(event);

	if (arg_verbose || stream_is_lines())
		progress_wipe(&listeners->progress);
	if (arg_verbose && !arg_json)
		report_event(event, NULL);
	else if (not_warned)
		report_not_warned(event);
	if (stream_is_lines() && (arg_verbose || not_warned))
		result_event(event);
	if (event->type == LOGOFF_EVENT_RESULT)
		result_now(&listeners->rows, event->session);
	listeners->cancelled = listeners->cancelled || event->type == LOGOFF_EVENT_FOLLOWED;
	progress_event(&listeners->progress, event);
}

static int authorize(void *userdata)
{
	agent_start(userdata);
	return 0;
}

/* ---- one run ---- */

static bool was_cancelled(const struct logoff_request *request)
{
	for (size_t i = 0; i < logoff_request_count(request); i++) {
		const struct logoff_outcome *outcome = logoff_request_outcome(request, i);

		if (outcome && outcome->result == LOGOFF_E_CANCELLED)
			return true;
	}
	return false;
}

/*
 * Logs off the chosen sessions and reports the results; *ret_cancelled: that was cancelled. Returns the exit status.
 */
static int log_off(struct logoff_host *host, struct logoff_request *request, struct choice *choice, bool talkative,
		   bool *ret_cancelled)
{
	char sender[ACCOUNT_NAME_SIZE];
	struct warning warning = { sender, arg_message };
	struct listeners listeners = { .progress = { .request = request, .n_total = choice->n_items } };
	struct logoff_error error = {};
	struct agent *agent = NULL;
	struct logoff_options how = {
		.size = sizeof(how),
		.grace_ms = arg_grace_s * 1000,
		.wait_ms = arg_wait_s * 1000,
		.no_desktop = arg_no_desktop,
		.console = arg_console,
		.warning_ms = arg_warn_s * 1000,
		.compose = warning_compose,
		.compose_data = &warning,
		.still = choice_still,
		.still_data = choice,
		.event = on_event,
		.event_data = &listeners,
		.authorize = arg_no_ask_password ? NULL : authorize,
		.authorize_data = &agent,
		.reason = arg_reason,
	};
	int r;

	logoff_host_name_caller(host, sender, sizeof(sender));
	listeners.progress.cancel_fd = how.cancel_fd = cancel_open(choice_has_own(choice));
	r = choice_request(choice, request);
	result_begin(&listeners.rows, request);
	if (r >= 0)
		r = logoff_request_run(request, &how, &error);
	progress_wipe(&listeners.progress);
	*ret_cancelled = listeners.cancelled || was_cancelled(request);
	agent_stop(agent, was_cancelled(request));
	if (r < 0) {
		result_done(&listeners.rows);
		return report_host(arg_server, r, &error);
	}
	if (arg_json)
		return result_end(&listeners.rows);
	/* With /v each result has been printed at its event. */
	return result_print(request, !arg_verbose && (talkative || logoff_request_count(request) > 1));
}

/* Those who come later can only be found by options: a list may be a pipe. */
static bool can_look_again(bool far, int n_arguments, char **arguments)
{
	struct selection none = SELECTION_NONE;

	return selection_is_given(&arg_selection) && (far || !choice_selects(&none, n_arguments, arguments));
}

/* Finds an option that needs a selection although there is none. Returns its name, or NULL. */
static const char *find_lonely_option(bool far, int n_arguments, char **arguments)
{
	if (arg_drain && !can_look_again(far, n_arguments, arguments))
		return "/drain";
	if (choice_selects(&arg_selection, n_arguments, arguments))
		return NULL;
	if (arg_selection.excludes.n_items > 0)
		return "/exclude";
	if (arg_selection.keeps.n_items > 0)
		return "/keep";
	return arg_serial > 0 ? "/serial" : arg_if_any ? "/ifany" : NULL;
}

static int show_plan(struct choice *choice)
{
	if (arg_drain && !arg_json)
		puts(_("New logons would be refused, if PAM is set up."));
	return arg_json ? result_print_plan(choice, arg_console) : (int)choice_show(choice, stdout, arg_console);
}

int log_off_chosen(struct choice *choice, bool *ret_cancelled)
{
	bool talkative = selection_is_given(&arg_selection) || choice->status != EXIT_ENDED;
	struct logoff_request *request = NULL;
	int status = EXIT_UNREACHABLE;

	*ret_cancelled = false;
	if (logoff_request_new(&request, choice->host) >= 0)
		status = log_off(choice->host, request, choice, talkative, ret_cancelled);
	logoff_request_free(request);
	return status;
}

/* Shows the chosen sessions, or asks and logs them off. Returns the exit status. */
static int act_on_choice(struct choice *choice)
{
	/* A machine that is drained may be empty. It is not drained if nobody knows. */
	bool drains = arg_drain && choice->status <= EXIT_NO_SESSION, cancelled;
	int status = EXIT_ENDED;

	if (!choice->stopped && arg_dry_run)
		return show_plan(choice);
	if (!choice->stopped && (choice->n_items > 0 || drains)) {
		status = (int)choice_confirm(choice, arg_yes, arg_console);
		if (status == EXIT_ENDED)
			return arg_drain ? log_off_drained(choice) : log_off_chosen(choice, &cancelled);
	}
	stream_end();	/* nothing was done, and the status says so */
	return status;
}

int log_off_check(bool far, int n_arguments, char **arguments)
{
	struct logoff_error cause = {};
	enum option_fault fault;
	const char *culprit;
	int r = far ? selection_check_words(&arg_selection, &fault, &culprit)
		    : selection_check(&arg_selection, !logoff_is_this_machine(arg_server), &fault, &culprit, &cause);

	if (r == -EINVAL)
		return help_usage_error(&log_off_help, fault, culprit);
	if (r < 0)
		return report_unknown_exclusion(culprit, &cause);
	culprit = find_lonely_option(far, n_arguments, arguments);
	if (culprit)
		return help_usage_error(&log_off_help, OPTION_FAULT_NOTHING, culprit);
	if (arg_message && !arg_warn_s)
		return help_usage_error(&log_off_help, OPTION_FAULT_NO_WARNING, "/message");
	if (stream_is_lines() && !arg_dry_run)
		cancel_outlive_reader();
	return EXIT_ENDED;
}

/* A message would be cut, and a far host would refuse the order, when it has been drained already. */
static int check_length(const char *option, const char *text)
{
	json_t *json = text ? to_json_text(text) : NULL;
	size_t length = json_string_length(json);

	json_decref(json);
	if (length <= TEXT_FOR_USERS_MAX)
		return EXIT_ENDED;
	fprintf(stderr, _("%s: %s: the text is longer than %d bytes\n"), program().text, option, TEXT_FOR_USERS_MAX);
	return stream_failure(EXIT_USAGE, "usage", option, NULL);
}

int log_off_check_texts(void)
{
	int status = check_length("/message", arg_message);

	return status == EXIT_ENDED ? check_length("/reason", arg_reason) : status;
}

int log_off_run(struct logoff_host *host, int n_arguments, char **arguments)
{
	struct known known = {};
	struct choice choice = { .host = host, .selection = &arg_selection, .if_any = arg_if_any || arg_drain,
				 .known = arg_drain ? &known : NULL };
	int status;

	status = log_off_check(false, n_arguments, arguments);
	if (status == EXIT_ENDED && arg_drain && !log_off_can_drain(host))
		status = (int)report_host(arg_server, LOGOFF_E_UNSUPPORTED, &(struct logoff_error){});
	if (status != EXIT_ENDED)
		return status;
	choice_make(&choice, n_arguments, arguments, arg_warn_s && !arg_message ? &arg_message : NULL);
	status = log_off_check_texts();
	if (status == EXIT_ENDED)
		status = act_on_choice(&choice);
	status = status > (int)choice.status ? status : (int)choice.status;
	choice_done(&choice);
	known_done(&known);
	return status;
}
