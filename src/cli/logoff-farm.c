/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * logoff-farm.c - logoff for many hosts: who is meant is asked of all, then each host logs off its own.
 *
 * Three rounds. Each host lists the sessions that the selection means, as only the host knows groups, idle times and
 * programs, and all sessions where one is named ("login03:12"). Then it is ordered to log off exactly those logons, and
 * gets the selection with them: it looks again whether they still fit. Where the connection breaks after that, the
 * host carries the log-off through, and is asked what has become of each session.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/array.h"
#include "base/clock.h"
#include "cli/account.h"
#include "cli/command.h"
#include "cli/farm.h"
#include "cli/json.h"
#include "cli/log-off.h"
#include "cli/output.h"
#include "cli/printable.h"
#include "cli/question.h"
#include "cli/result.h"
#include "cli/sessions.h"
#include "cli/stream.h"
#include "cli/terminal.h"
#include "cli/warning-text.h"
#include "cli/word.h"

#define MARGIN_S 15		/* for an order, beyond the times that its sessions have */
#define FATE_AGAIN_MS 1000	/* a log-off that a host carries through goes on */
#define RUN_FILE "/proc/sys/kernel/random/uuid"

/* A session that is to be logged off. */
struct target {
	size_t host;
	struct logoff_session *session;	/* the farm's */
	int64_t logon_us;
	bool named;			/* else selected */
	bool done;			/* its result has been reported */
	unsigned order;			/* the number of its order to its host; 0: none yet */
};

/* What the command line says of one host. */
struct plan {
	bool *named;			/* the arguments that name a session of it */
	bool has_names;
	uint64_t no_exclusions;		/* a bit for each item of /exclude, of at most 64, that it does not know */
	size_t n_selected;		/* the first sessions of its list; the others come from a list of all */
	unsigned n_lists, n_orders;	/* how many it has got */
	size_t first, n_targets;	/* its targets, side by side; those that are selected first */
	int told;			/* the highest exit status in the lines of the order */
	size_t found;			/* the last one that a line was about */
	size_t n_asked;			/* of them, in the round that asks for their fate */
	bool moved;			/* another machine has answered to its name */
	struct target *asked;		/* the one whose fate it has not told yet */
};

struct run {
	struct server_farm farm;
	json_t *select;			/* the conditions of all orders */
	struct plan *plans;		/* one for each host */
	struct target *targets;
	size_t n_targets;
	size_t n_spared;		/* sessions for which a condition is unknown */
	char id[40];			/* of this run, for the records */
	char origin[160];
	uint64_t warned_until_us;	/* when the warning time is over; 0: not begun */
	bool told;			/* the countdown has been said */
	bool log_is_silent;		/* a record has waited for the log, which did not listen: no other one waits */
	int status;
};

static void note_status(struct run *run, int status)
{
	run->status = run->status > status ? run->status : status;
}

/* ---- the command line ---- */

static bool selects(void)
{
	return selection_is_given(&arg_selection);
}

/* The host that ARGUMENT names ("login03:12"), and *ret_word behind it. Returns its number, or that of all hosts. */
static size_t find_host(const struct run *run, const char *argument, const char **ret_word)
{
	size_t n = run->farm.hosts.n_items, best = n, best_length = 0;

	for (size_t i = 0; i < n; i++) {
		const char *name = server_farm_name(&run->farm, i);
		size_t length = strlen(name);

		if (length > best_length && strncasecmp(argument, name, length) == 0 && argument[length] == ':') {
			best = i;
			best_length = length;
		}
	}
	*ret_word = best < n ? argument + best_length + 1 : argument;
	return best == n && n == 1 ? 0 : best;	/* with one host its name need not be said */
}

static int report_without_host(const char *argument)
{
	fprintf(stderr, _("%s: %s: with several hosts write HOST:ID, such as %s:12; for a user's sessions use /user\n"),
		program().text, safe(argument).text, "login03");
	return stream_failure(EXIT_USAGE, "usage", argument, NULL);
}

static int report_list(const char *argument)
{
	fprintf(stderr, _("%s: %s is for one server that is reached by MS-TSTS, or for this machine\n"),
		program().text, safe(argument).text);
	return stream_failure(EXIT_USAGE, "usage", argument, NULL);
}

/* There is no own session there. */
static int report_without_session(void)
{
	fprintf(stderr, _("%s: no session was given; write HOST:ID, or select sessions, as with /user\n"),
		program().text);
	return stream_failure(EXIT_NO_SESSION, "no-current", NULL, NULL);
}

/* Sorts the arguments to their hosts; one that is a text becomes the message. */
static int take_arguments(struct run *run, int n_arguments, char **arguments)
{
	bool text_allowed = arg_warn_s && !arg_message, has_names = false;

	for (int k = 0; k < n_arguments; k++) {
		const char *word;
		size_t i = find_host(run, arguments[k], &word);
		bool is_text = text_allowed && !arg_message && warning_is_text(arguments[k]);

		if (is_text && (i == run->farm.hosts.n_items || word == arguments[k])) {
			arg_message = arguments[k];
		} else if (*arguments[k] == '@') {
			return report_list(arguments[k]);
		} else if (i == run->farm.hosts.n_items) {
			return report_without_host(arguments[k]);
		} else {
			run->plans[i].named[k] = true;
			run->plans[i].has_names = has_names = true;
		}
	}
	if (has_names || selects())
		return EXIT_ENDED;
	return n_arguments > 0 ? (int)report_only_text(arg_message) : report_without_session();
}

/* ---- what hosts are asked ---- */

static int report_no_text(const char *word)
{
	fprintf(stderr, _("%s: %s: not a text in UTF-8\n"), program().text, safe(word).text);
	return stream_failure(EXIT_USAGE, "usage", word, NULL);
}

/* A condition that was lost would select more. */
static int add_list(json_t *select, const char *name, const struct option_list *list)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list->n_items; i++)
		if (json_array_append_new(array, json_string(list->items[i])) < 0) {
			json_decref(array);
			return report_no_text(list->items[i]);
		}
	if (list->n_items > 0)
		return json_object_set_new(select, name, array) < 0 ? report_no_text(name) : EXIT_ENDED;
	json_decref(array);
	return EXIT_ENDED;
}

/* Makes the conditions of all orders, as doc/json.md has them. Returns the exit status. */
static int make_select(struct run *run)
{
	const struct selection *selection = &arg_selection;
	json_t *select = run->select = json_object();
	int r = 0, status;

	if (selection->all)
		r |= json_object_set_new(select, "all", json_true());
	if (selection->state)
		r |= json_object_set_new(select, "state", json_string(selection->state));
	if (selection->kind)
		r |= json_object_set_new(select, "kind", json_string(selection->kind));
	if (selection->idle_s != SELECT_ANY)
		r |= json_object_set_new(select, "idle", json_integer((json_int_t)selection->idle_s));
	if (selection->older_s != SELECT_ANY)
		r |= json_object_set_new(select, "older", json_integer((json_int_t)selection->older_s));
	if (!select || r < 0)
		return (int)report_host(arg_server, LOGOFF_E_NO_MEMORY, &(struct logoff_error){});
	status = add_list(select, "user", &selection->users);
	if (status == EXIT_ENDED)
		status = add_list(select, "exclude", &selection->excludes);
	return status == EXIT_ENDED ? add_list(select, "keep", &selection->keeps) : status;
}

static json_t *make_list(const struct run *run, bool with_select)
{
	if (!with_select)
		return json_pack("{s:s}", "order", "list");
	return json_pack("{s:s, s:O}", "order", "list", "select", run->select);
}

static enum farm_next next_list(size_t i, struct farm_order *ret_order, void *data)
{
	struct run *run = data;
	struct plan *plan = &run->plans[i];
	unsigned number = plan->n_lists++;

	if (number == 0 && selects())
		*ret_order = (struct farm_order){ .json = make_list(run, true) };
	else if (number == (selects() ? 1 : 0) && plan->has_names)
		*ret_order = (struct farm_order){ .json = make_list(run, false) };
	else
		return run->farm.items[i].n_sessions > 0 ? FARM_HOLD : FARM_DONE;
	run->farm.items[i].listed = false;	/* each list counts */
	return FARM_ORDER;
}

static bool take_list(size_t i, const json_t *line, void *data)
{
	struct run *run = data;
	bool right = server_farm_take(&run->farm, i, line);

	if (right && json_object_get(line, "reply") && selects() && run->plans[i].n_lists == 1)
		run->plans[i].n_selected = run->farm.items[i].n_sessions;
	return right;
}

static void listed(size_t i, void *data)
{
	struct run *run = data;

	server_farm_listed(&run->farm, i);
}

static void draw_listing(void *data)
{
	struct run *run = data;

	server_farm_draw(&run->farm);
}

static void cancelled(void *data)
{
	struct run *run = data;

	server_farm_cancelled(&run->farm);
}

/* What a host does not know may be known to another one; that is judged when all have answered. */
static bool take_failure(size_t i, const struct far_failure *failure, void *data)
{
	struct run *run = data;
	bool found = false;

	if (failure->exit_status != EXIT_ENDED || !failure->object)
		return false;
	if (strcmp(failure->kind, "spared-unknown") == 0) {
		run->n_spared++;
		(void)stream_failure_of(server_farm_name(&run->farm, i), EXIT_ENDED, failure->kind, failure->object,
					NULL);
		return true;
	}
	for (size_t k = 0; k < arg_selection.excludes.n_items; k++)
		if (strcmp(failure->kind, "no-exclusion") == 0 &&
		    strcmp(failure->object, arg_selection.excludes.items[k]) == 0) {
			run->plans[i].no_exclusions |= UINT64_C(1) << k;
			found = true;
		}
	return found;
}

/* An exclusion that nobody knows is a wrong word, and may have been meant for somebody. */
static int check_exclusions(struct run *run)
{
	uint64_t unknown = UINT64_MAX;
	bool listed = false;

	for (size_t i = 0; i < run->farm.hosts.n_items; i++)
		if (run->farm.items[i].listed) {
			unknown &= run->plans[i].no_exclusions;
			listed = true;
		}
	for (size_t k = 0; listed && selects() && k < arg_selection.excludes.n_items; k++)
		if (unknown & UINT64_C(1) << k) {
			report_no_exclusion(arg_selection.excludes.items[k], -ENXIO, true);
			report_nothing_done();
			return EXIT_USAGE;
		}
	return EXIT_ENDED;
}

/* ---- who is meant ---- */

static int add_target(struct run *run, size_t i, size_t k, bool named)
{
	struct target target = { .host = i, .session = run->farm.items[i].sessions[k],
				 .logon_us = run->farm.items[i].logons_us[k], .named = named };

	/* One that is named and selected is named: no condition has to hold any more. */
	for (size_t t = run->plans[i].first; t < run->n_targets; t++)
		if (strcmp(logoff_session_id(run->targets[t].session), logoff_session_id(target.session)) == 0) {
			run->targets[t].named = run->targets[t].named || named;
			return 0;
		}
	return array_add(&run->targets, &run->n_targets, &target);
}

static bool has_user(const struct far_host *host, size_t from, const char *name, const char *other_id)
{
	for (size_t k = from; k < host->n_sessions; k++)
		if (account_is(host->sessions[k], name) &&
		    (!other_id || strcmp(logoff_session_id(host->sessions[k]), other_id) != 0))
			return true;
	return false;
}

/*
 * The session that WORD means in the list of all sessions of host I. Returns it in *ret_k, or a result of the library.
 */
static int find_named(const struct run *run, size_t i, struct word word, size_t *ret_k, struct logoff_error *cause)
{
	const struct far_host *host = &run->farm.items[i];
	int r = LOGOFF_E_NO_SESSION;

	for (size_t k = run->plans[i].n_selected; k < host->n_sessions; k++)
		if (word.kind != WORD_NAME && word_is_id(host->sessions[k], word.text)) {
			*ret_k = k;
			return LOGOFF_OK;
		}
	for (size_t k = run->plans[i].n_selected; word.kind != WORD_ID && k < host->n_sessions; k++) {
		if (session_bears(host->sessions[k], word.text)) {
			if (r == LOGOFF_OK)
				return LOGOFF_E_NOT_UNIQUE;
			*ret_k = k;
			r = LOGOFF_OK;
		} else if (r == LOGOFF_E_NO_SESSION && word_is_name(host->sessions[k], word.text)) {
			snprintf(cause->text, sizeof(cause->text), "%s", logoff_session_id(host->sessions[k]));
			r = LOGOFF_E_NOT_ACTIVE;
		}
	}
	return r;
}

/* Adds the session of host I that ARGUMENT names, or reports why there is none. */
static int add_named(struct run *run, size_t i, const char *argument)
{
	const struct far_host *host = &run->farm.items[i];
	struct logoff_error cause = {};
	struct word word;
	const char *text;
	size_t k;
	int r;

	(void)find_host(run, argument, &text);
	word = word_parse(text);
	r = word.kind == WORD_USER || word.kind == WORD_GROUP ? LOGOFF_E_NO_SESSION
							      : find_named(run, i, word, &k, &cause);
	if (r == LOGOFF_OK && word.kind == WORD_ANY && word_may_be_user(word.text) &&
	    has_user(host, run->plans[i].n_selected, word.text, logoff_session_id(host->sessions[k])))
		note_status(run, report_ambiguous(argument, word.text, host->sessions[k], 0));
	else if (r == LOGOFF_OK)
		return add_target(run, i, k, true);
	else if (r == LOGOFF_E_NO_SESSION && word.kind != WORD_ID && word.kind != WORD_NAME &&
		 has_user(host, run->plans[i].n_selected, word.text, NULL))
		note_status(run, report_is_user(word.text));
	else
		note_status(run, report_not_found(argument, word.text, r, &cause));
	return 0;
}

/* The targets of host I, those that are named last. */
static int choose_host(struct run *run, size_t i, int n_arguments, char **arguments)
{
	struct plan *plan = &run->plans[i];
	int r = 0;

	plan->first = run->n_targets;
	if (!run->farm.items[i].listed)		/* part of a list says too little */
		return 0;
	for (size_t k = 0; r >= 0 && k < plan->n_selected; k++)
		r = add_target(run, i, k, false);
	for (int k = 0; r >= 0 && k < n_arguments; k++)
		if (plan->named[k])
			r = add_named(run, i, arguments[k]);
	plan->n_targets = run->n_targets - plan->first;
	return r;
}

static int choose(struct run *run, int n_arguments, char **arguments)
{
	for (size_t i = 0; i < run->farm.hosts.n_items; i++)
		if (choose_host(run, i, n_arguments, arguments) < 0)
			return report_host(arg_server, LOGOFF_E_NO_MEMORY, &(struct logoff_error){});
	/* A wrong word beside a selection was probably meant as one more condition. */
	if (selects() && run->status != EXIT_ENDED) {
		report_nothing_done();
		return run->status;
	}
	return EXIT_ENDED;
}

/* ---- showing and asking ---- */

static int show_plan(const struct run *run)
{
	for (size_t t = 0; t < run->n_targets; t++) {
		struct logoff_session *session = run->targets[t].session;
		bool protected = report_is_protected(session, arg_console);
		json_t *row;

		if (!arg_json) {
			report_plan(stdout, session, arg_console, "");
			continue;
		}
		row = to_json_session(session, arg_server);
		(void)json_object_set_new(row, "result", json_string(protected ? "protected" : "would-end"));
		stream_row("result", row);
	}
	return EXIT_ENDED;
}

static void ask(size_t n, size_t n_hosts)
{
	if (n_hosts < 2)
		report_question(n);
	else
		fprintf(stderr, ngettext("Log off this %zu session on %zu hosts? (y/n) ",
					 "Log off these %zu sessions on %zu hosts? (y/n) ", n), n, n_hosts);
}

/* As choice_confirm(). */
static int confirm(const struct run *run)
{
	size_t n = 0, n_selected = 0, n_hosts = 0, last = SIZE_MAX;
	int cancel_fd;

	for (size_t t = 0; t < run->n_targets; t++) {
		const struct target *target = &run->targets[t];
		bool ends = !report_is_protected(target->session, arg_console);

		n += ends;
		n_selected += ends && !target->named;
		n_hosts += ends && target->host != last;
		last = ends ? target->host : last;
	}
	if (arg_yes || n_selected < 2)
		return EXIT_ENDED;
	if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
		return report_unconfirmed();
	for (size_t t = 0; t < run->n_targets; t++)
		if (!report_is_protected(run->targets[t].session, arg_console))
			report_plan(stderr, run->targets[t].session, arg_console, "");
	cancel_fd = question_begin();
	ask(n, n_hosts);
	return question_says_yes(cancel_fd) ? EXIT_ENDED : report_declined();
}

/* ---- the order ---- */

#define IDENTITIES_MAX 4096		/* in an order; doc/json.md, Protocol */
#define IDENTITIES_SIZE_MAX 500000	/* bytes of them at most: a line has 1 MiB, and other fields */

/* The room of an id in JSON, which may have to escape each byte. */
static size_t room_of(const struct target *target)
{
	return 6 * strlen(logoff_session_id(target->session)) + 40;
}

/* Those of the next order to host I: sessions that are NAMED, or others. */
static json_t *make_identities(struct run *run, size_t i, bool named)
{
	const struct plan *plan = &run->plans[i];
	json_t *sessions = json_array();
	size_t room = IDENTITIES_SIZE_MAX;

	for (size_t t = plan->first;
	     t < plan->first + plan->n_targets && json_array_size(sessions) < IDENTITIES_MAX; t++) {
		struct target *target = &run->targets[t];

		if (target->order > 0 || target->named != named || room_of(target) > room)
			continue;
		room -= room_of(target);
		target->order = plan->n_orders + 1;
		(void)json_array_append_new(
			sessions, json_pack("{s:s, s:o}", "id", logoff_session_id(target->session), "logon",
					    target->logon_us < 0 ? json_null() : json_integer(target->logon_us)));
	}
	return sessions;
}

/* The next order to host I for its sessions that are NAMED, or for the others. Returns NULL if there are none. */
static json_t *make_order(struct run *run, size_t i, bool named)
{
	json_t *sessions = make_identities(run, i, named), *order;

	if (json_array_size(sessions) == 0) {
		json_decref(sessions);
		return NULL;
	}
	order = json_pack("{s:s, s:o, s:I, s:I, s:I, s:b, s:b, s:s, s:s, s:O*}", "order", "log-off", "sessions", sessions,
			  "grace", (json_int_t)arg_grace_s, "wait", (json_int_t)arg_wait_s,
			  "warn", (json_int_t)arg_warn_s,
			  "console", arg_console, "no_desktop", arg_no_desktop, "origin", run->origin, "run", run->id,
			  "select", named ? NULL : run->select);
	if (*run->farm.items[i].boot)
		(void)json_object_set_new(order, "boot", json_string(run->farm.items[i].boot));
	if (arg_message && arg_warn_s)
		(void)json_object_set_new(order, "text", to_json_text(arg_message));
	if (arg_reason)
		(void)json_object_set_new(order, "reason", to_json_text(arg_reason));
	return order;
}

static enum farm_next next_log_off(size_t i, struct farm_order *ret_order, void *data)
{
	struct run *run = data;
	json_t *order;

	/* Its sessions are not there, which says nothing. */
	run->plans[i].moved = !server_farm_is_same(&run->farm, i);
	if (run->plans[i].moved)
		return FARM_DONE;
	order = make_order(run, i, false);
	if (!order)
		order = make_order(run, i, true);
	run->plans[i].n_orders++;
	run->plans[i].told = EXIT_ENDED;
	*ret_order = (struct farm_order){
		.json = order, .changes = true, .time_ms = (arg_warn_s + 2 * arg_wait_s + MARGIN_S) * 1000,
	};
	return order ? FARM_ORDER : FARM_DONE;
}

/* ---- results ---- */

/* The session ID of the order that host I carries out. Its lines mostly come in the order of its sessions. */
static struct target *find_target(struct run *run, size_t i, const char *id)
{
	struct plan *plan = &run->plans[i];

	for (size_t k = 0; id && k < plan->n_targets; k++) {
		size_t number = (plan->found + k) % plan->n_targets;
		struct target *target = &run->targets[plan->first + number];

		if (target->order == plan->n_orders && strcmp(logoff_session_id(target->session), id) == 0) {
			plan->found = number;
			return target;
		}
	}
	return NULL;
}

/* A host in memory has no records, here as there. */
static bool is_recorded(const struct run *run, size_t i)
{
	const char *kind = json_string_value(json_object_get(farm_hello(run->farm.farm, i), "kind"));

	return !kind || strcmp(kind, "memory") != 0;
}

/* Writes a record of it here too, as the far host's own one is there. */
static void write_record(struct run *run, const struct target *target, struct logoff_outcome *outcome)
{
	struct logoff_options how = LOGOFF_OPTIONS_DEFAULT;
	enum logoff_result r = LOGOFF_E_TIMEOUT;

	if (!is_recorded(run, target->host))
		return;
	how.reason = arg_reason;
	how.run = run->id;
	if (!run->log_is_silent)
		r = logoff_session_record(target->session, outcome, &how, &outcome->record_cause);
	run->log_is_silent = run->log_is_silent || r == LOGOFF_E_TIMEOUT;
	outcome->recorded = r == LOGOFF_OK;
}

/* Reports what became of TARGET. STATUS is the exit status that its host tells, if it tells one. */
static void finish(struct run *run, struct target *target, struct logoff_outcome *outcome, int status)
{
	int own;

	write_record(run, target, outcome);
	server_farm_wipe(&run->farm);
	own = result_report(target->session, outcome, !arg_verbose && !arg_json);
	status = own > status ? own : status;
	if (arg_json)
		stream_row("result", to_json_result(target->session, outcome,
						    to_json_session(target->session, arg_server), status));
	output_flush();
	target->done = true;
	run->farm.n_ended += outcome->result == LOGOFF_OK;
	note_status(run, status);
}

/* The same for one of which no right result has come, for the cause TEXT. */
static void finish_unknown(struct run *run, struct target *target, enum logoff_result result, const char *text)
{
	struct logoff_outcome outcome = { .result = result, .exists = LOGOFF_EXISTS_UNKNOWN, .unseen = true };

	outcome.cause.domain = *text ? LOGOFF_ERROR_PROGRAM : LOGOFF_ERROR_NONE;
	outcome.recorded = true;
	snprintf(outcome.cause.text, sizeof(outcome.cause.text), "%s", text);
	finish(run, target, &outcome, EXIT_ENDED);
}

/* The order of host I is over: it will tell nothing more of its sessions. */
static void finish_order(struct run *run, size_t i)
{
	const struct plan *plan = &run->plans[i];

	for (size_t t = plan->first; t < plan->first + plan->n_targets; t++)
		if (run->targets[t].order == plan->n_orders && !run->targets[t].done)
			finish_unknown(run, &run->targets[t], LOGOFF_E_FAILED, "its host has told no result");
}

static void note_told(struct run *run, size_t i, int status)
{
	struct plan *plan = &run->plans[i];

	plan->told = plan->told > status ? plan->told : status;
}

static bool take_result(struct run *run, size_t i, const json_t *result)
{
	struct target *target = find_target(run, i, far_id(result));
	struct far_outcome far;

	if (!target || target->done)
		return false;	/* nobody asked for it */
	if (far_outcome(&far, result) < 0) {
		finish_unknown(run, target, LOGOFF_E_PROTOCOL, "its result is wrong");
		return false;
	}
	note_told(run, i, far.exit_status);
	finish(run, target, &far.outcome, far.exit_status);
	far_outcome_done(&far);
	return true;
}

/* Steps that are new are not known here; they are no results. */
static bool take_event(struct run *run, size_t i, const json_t *json)
{
	struct target *target = find_target(run, i, far_id(json));
	struct far_event far;
	bool not_warned;

	if (!target || target->done)
		return target != NULL;
	if (far_event(&far, json, target->session) < 0)
		return true;
	not_warned = far.event.type == LOGOFF_EVENT_WARNED && far.delivery.result < 0 &&
		     log_off_is_first_warning(&far.event);
	if (arg_verbose || not_warned)
		server_farm_wipe(&run->farm);
	if (arg_verbose && !arg_json)
		report_event(&far.event, NULL);
	else if (not_warned)
		report_not_warned(&far.event);
	if (stream_is_lines() && (arg_verbose || not_warned))
		result_event(&far.event);
	far_event_done(&far);
	return true;
}

/* A session that the host leaves alone, before it has begun: it is the result. */
static bool take_refusal(struct run *run, size_t i, const json_t *json)
{
	struct logoff_outcome outcome = { .exists = LOGOFF_EXISTS_UNKNOWN, .recorded = true };
	struct far_failure failure;
	struct target *target;

	if (far_failure(&failure, json) < 0)
		return false;
	note_told(run, i, failure.exit_status);
	target = find_target(run, i, failure.object);
	/* The result that says so too follows. */
	if (!target || target->done || strcmp(failure.kind, "no-record") == 0) {
		server_farm_wipe(&run->farm);
		note_status(run, server_farm_report_failure(&run->farm, i, &failure));
		return true;
	}
	outcome.cause = failure.cause;
	if (strcmp(failure.kind, "no-session") == 0) {
		/* It has ended by itself since it was listed. */
		outcome.result = LOGOFF_OK;
		outcome.exists = LOGOFF_EXISTS_NO;
		outcome.unseen = true;
		finish(run, target, &outcome, EXIT_ENDED);
		return true;
	}
	outcome.result = strcmp(failure.kind, "changed") == 0	  ? LOGOFF_E_CHANGED :
			 strcmp(failure.kind, "denied") == 0	  ? LOGOFF_E_DENIED :
								    LOGOFF_E_FAILED;
	finish(run, target, &outcome, failure.exit_status);
	return true;
}

/* Its exit status is the highest of the lines before. A higher one says that something has failed, but not what. */
static bool take_reply(struct run *run, size_t i, const json_t *line)
{
	const json_t *status = json_object_get(line, "exit_status");
	bool right = json_is_integer(status) && json_integer_value(status) >= EXIT_ENDED &&
		     json_integer_value(status) <= run->plans[i].told;

	finish_order(run, i);
	if (!right)
		note_status(run, server_farm_report_failure(&run->farm, i,
							    &(struct far_failure){ .kind = "wrong-answer",
										   .exit_status = EXIT_UNREACHABLE }));
	return right;
}

static bool take_line(size_t i, const json_t *line, void *data)
{
	struct run *run = data;
	const json_t *part;

	if ((part = json_object_get(line, "result")))
		return take_result(run, i, part);
	if ((part = json_object_get(line, "event")))
		return take_event(run, i, part);
	if ((part = json_object_get(line, "failure")) && take_refusal(run, i, part)) {
		if (farm_is_refusal(line))
			finish_order(run, i);
		return true;
	}
	return json_is_string(json_object_get(line, "reply")) && take_reply(run, i, line);
}

/* ---- progress ---- */

static void say_countdown(struct run *run, unsigned long seconds, bool draw)
{
	struct safe line;

	snprintf(line.text, sizeof(line.text),
		 ngettext("%zu session will be logged off in %lu s; Ctrl-C cancels",
			  "%zu sessions will be logged off in %lu s; Ctrl-C cancels", run->n_targets),
		 run->n_targets, seconds);
	if (draw) {
		terminal_draw(line);
		run->farm.drawn = true;
	} else if (!run->told) {
		fprintf(stderr, "%s\n", line.text);
	}
	run->told = true;
}

static void draw_log_off(void *data)
{
	struct run *run = data;
	uint64_t now_us = clock_now_us();

	if (now_us < run->warned_until_us)
		say_countdown(run, (unsigned long)((run->warned_until_us - now_us + 999999) / 1000000), true);
	else
		server_farm_draw(&run->farm);
}

/* ---- what became of those whose connection broke ---- */

static struct target *next_unknown(const struct run *run, size_t i)
{
	struct plan *plan = &run->plans[i];

	for (; plan->n_asked < plan->n_targets; plan->n_asked++) {
		struct target *target = &run->targets[plan->first + plan->n_asked];

		if (!target->done && target->order > 0)
			return target;
	}
	return NULL;
}

static enum farm_next next_fate(size_t i, struct farm_order *ret_order, void *data)
{
	struct run *run = data;
	struct target *target = next_unknown(run, i);
	json_t *order;

	if (!target)
		return FARM_HOLD;
	if (!server_farm_is_same(&run->farm, i))
		return FARM_DONE;
	run->plans[i].n_asked++;
	run->plans[i].asked = target;
	order = json_pack("{s:s, s:s, s:o, s:o}", "order", "fate", "id", logoff_session_id(target->session), "logon",
			  target->logon_us < 0 ? json_null() : json_integer(target->logon_us), "boot",
			  *run->farm.items[i].boot ? json_string(run->farm.items[i].boot) : json_null());
	*ret_order = (struct farm_order){ .json = order };
	return FARM_ORDER;
}

/* A session that is gone may have left processes, which the host has ended or has not: they were not seen. */
static bool take_fate(size_t i, const json_t *line, void *data)
{
	struct run *run = data;
	struct target *target = run->plans[i].asked;
	const char *fate = json_string_value(json_object_get(line, "fate"));
	struct logoff_outcome outcome = { .exists = LOGOFF_EXISTS_NO, .unseen = true, .recorded = true };

	if (fate)
		run->plans[i].asked = NULL;	/* nothing else that it says is about this session */
	if (fate && target && (strcmp(fate, "gone") == 0 || strcmp(fate, "other") == 0))
		finish(run, target, &outcome, EXIT_ENDED);
	return true;
}

/* The hosts with sessions that have an order and no result. Returns their number. */
static size_t find_broken(struct run *run, size_t *which)
{
	size_t n = 0;

	for (size_t i = 0; i < run->farm.hosts.n_items; i++) {
		run->plans[i].n_asked = 0;
		if (next_unknown(run, i))
			which[n++] = i;
	}
	return n;
}

static void wait_a_while(const struct run *run)
{
	(void)poll(&(struct pollfd){ .fd = run->farm.cancel_fd, .events = POLLIN }, 1, FATE_AGAIN_MS);
}

static void ask_fates(struct run *run, size_t *which)
{
	struct farm_calls calls = { .next = next_fate, .line = take_fate, .cancelled = cancelled, .data = run };
	uint64_t until_us = clock_now_us() + (arg_grace_s + arg_timeout_s) * 1000000;
	size_t n = find_broken(run, which);

	while (n > 0 && !run->farm.cancelled) {
		(void)server_farm_round(&run->farm, which, n, &calls);
		n = find_broken(run, which);
		if (n == 0 || run->farm.cancelled || clock_now_us() > until_us)
			return;
		wait_a_while(run);
	}
}

/* Sessions that have no result at the end: not ordered, or unknown. */
static void finish_rest(struct run *run)
{
	for (size_t t = 0; t < run->n_targets; t++) {
		struct target *target = &run->targets[t];
		const char *text;
		enum farm_failure failure = farm_failure(run->farm.farm, target->host, &text);
		bool cancelled = failure == FARM_NOT_ASKED || failure == FARM_CANCELLED || run->farm.cancelled;

		if (target->done)
			continue;
		if (target->order > 0)
			text = "the connection broke; what became of it is unknown";
		else if (run->plans[target->host].moved)
			text = "another machine answers now";
		finish_unknown(run, target, target->order == 0 && cancelled ? LOGOFF_E_CANCELLED : LOGOFF_E_UNREACHABLE,
			       text);
	}
}

/* ---- one run ---- */

/* Only what logoff-host takes for a name: letters, digits and ._-@\ */
static void name_origin(struct run *run)
{
	char host[80] = "";
	size_t n;

	logoff_host_name_caller(NULL, run->origin, 70);
	(void)gethostname(host, sizeof(host) - 1);
	n = strlen(run->origin);
	snprintf(run->origin + n, sizeof(run->origin) - n, "@%s", host);
	for (char *at = run->origin; *at; at++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-@\\", *at))
			*at = '_';
}

static void name_run(struct run *run)
{
	FILE *file = fopen(RUN_FILE, "re");

	if (!file || !fgets(run->id, sizeof(run->id), file))
		snprintf(run->id, sizeof(run->id), "%llx-%x", (unsigned long long)clock_real_us(), (unsigned)getpid());
	run->id[strcspn(run->id, "\n")] = '\0';
	if (file)
		fclose(file);
}

/* The hosts that have to be asked who is meant: all, or those of which a session is named. */
static size_t find_asked(const struct run *run, size_t *which)
{
	size_t n = 0;

	for (size_t i = 0; i < run->farm.hosts.n_items; i++)
		if (selects() || run->plans[i].has_names)
			which[n++] = i;
	return n;
}

static size_t find_ordered(const struct run *run, size_t *which)
{
	size_t n = 0;

	for (size_t i = 0; i < run->farm.hosts.n_items; i++)
		if (run->plans[i].n_targets > 0)
			which[n++] = i;
	return n;
}

static void log_off(struct run *run, size_t *which)
{
	struct farm_calls calls = { .next = next_log_off, .line = take_line, .cancelled = cancelled, .data = run,
				    .draw = server_farm_can_draw(&run->farm) ||
						    (arg_warn_s && isatty(STDERR_FILENO) && terminal_can_draw()) ?
							  draw_log_off : NULL };

	name_run(run);
	name_origin(run);
	run->warned_until_us = clock_now_us() + arg_warn_s * 1000000;
	if (arg_warn_s && isatty(STDERR_FILENO) && !calls.draw)
		say_countdown(run, (unsigned long)arg_warn_s, false);
	note_status(run, (int)server_farm_round(&run->farm, which, find_ordered(run, which), &calls));
	ask_fates(run, which);
	finish_rest(run);
}

/*
 * Nobody is selected only if each of the hosts WHICH that count has told so. A session that may be meant is not
 * nobody.
 */
static int report_none(const struct run *run, const size_t *which, size_t n)
{
	bool all_listed = true;

	for (size_t k = 0; k < n; k++)
		all_listed = all_listed && (run->farm.items[which[k]].listed ||
					    server_farm_is_excused(&run->farm, which[k]));
	if (run->n_spared > 0)
		report_unknown_groups(run->n_spared);
	if (run->n_targets > 0 || !selects() || !all_listed || (arg_if_any && run->n_spared == 0))
		return EXIT_ENDED;
	return (int)report_none_selected();
}

static int act(struct run *run, size_t *which, int n_arguments, char **arguments)
{
	struct farm_calls calls = { .next = next_list, .line = take_list, .done = listed, .cancelled = cancelled,
				    .draw = server_farm_can_draw(&run->farm) ? draw_listing : NULL, .data = run };
	size_t n = find_asked(run, which);
	int status = (int)server_farm_round(&run->farm, which, n, &calls);

	if (status != EXIT_ENDED)
		return status;
	note_status(run, (int)server_farm_report(&run->farm));
	if (run->farm.cancelled)
		return report_declined();
	status = check_exclusions(run);
	if (status != EXIT_ENDED)
		return status;
	status = run->status;	/* of hosts that have not answered, which stops nothing */
	run->status = EXIT_ENDED;
	if (choose(run, n_arguments, arguments) != EXIT_ENDED)
		return run->status > status ? run->status : status;
	note_status(run, report_none(run, which, n));
	note_status(run, status);
	if (arg_dry_run)
		return show_plan(run);
	if (run->n_targets == 0)
		return EXIT_ENDED;
	status = confirm(run);
	if (status == EXIT_ENDED)
		log_off(run, which);
	return status;
}

static void run_done(struct run *run)
{
	for (size_t i = 0; run->plans && i < run->farm.hosts.n_items; i++)
		free(run->plans[i].named);
	free(run->plans);
	free(run->targets);
	json_decref(run->select);
	server_farm_done(&run->farm);
}

static bool make_plans(struct run *run, int n_arguments)
{
	bool done = true;

	run->plans = calloc(run->farm.hosts.n_items, sizeof(*run->plans));
	for (size_t i = 0; done && run->plans && i < run->farm.hosts.n_items; i++) {
		run->plans[i].named = calloc((size_t)n_arguments + 1, sizeof(bool));
		done = run->plans[i].named != NULL;
	}
	return done && run->plans;
}

int log_off_farm(int n_arguments, char **arguments)
{
	struct run run = {};
	size_t *which = NULL;
	int status = log_off_check(true, n_arguments, arguments);

	if (status == EXIT_ENDED)
		status = (int)server_farm_open(&run.farm, arg_server);
	if (status != EXIT_ENDED) {
		run_done(&run);
		return status;
	}
	run.farm.takes_failure = take_failure;
	run.farm.data = &run;
	which = calloc(run.farm.hosts.n_items, sizeof(*which));
	if (!which || !make_plans(&run, n_arguments))
		status = (int)report_host(arg_server, LOGOFF_E_NO_MEMORY, &(struct logoff_error){});
	else
		status = make_select(&run);
	if (status == EXIT_ENDED)
		status = take_arguments(&run, n_arguments, arguments);
	if (status == EXIT_ENDED)
		status = act(&run, which, n_arguments, arguments);
	stream_end();
	server_farm_summarize(&run.farm, run.farm.n_ended > 0);
	free(which);
	run_done(&run);
	return status > run.status ? status : run.status;
}
