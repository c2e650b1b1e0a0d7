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
#include "cli/logoff-farm.h"
#include "cli/output.h"
#include "cli/printable.h"
#include "cli/question.h"
#include "cli/result.h"
#include "cli/sessions.h"
#include "cli/stream.h"
#include "cli/terminal.h"
#include "cli/warning-text.h"
#include "cli/word.h"
#include "farm/nodeset.h"

void run_note_status(struct run *run, int status)
{
	run->status = run->status > status ? run->status : status;
}

/* ---- the command line ---- */

static bool selects(void)
{
	return selection_is_given(&arg_selection);
}

/* As server_farm_find(); with one host its name need not be said. */
static size_t find_host(const struct run *run, const char *argument, const char **ret_word)
{
	size_t n = run->farm.hosts.n_items, i = server_farm_find(&run->farm, argument, ret_word);

	return i == n && n == 1 ? 0 : i;
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

	plan->moved = !server_farm_is_same(&run->farm, i);
	if (plan->moved)
		return FARM_DONE;
	if (number == 0 && selects())
		*ret_order = (struct farm_order){ .json = make_list(run, true) };
	else if (number == (selects() ? 1 : 0) && plan->has_names && !run->again)
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

void run_cancelled(void *data)
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

static int add_target(struct run *run, const struct target *target)
{
	const char *id = logoff_session_id(target->session);

	/* One that is named and selected is named: no condition has to hold any more. */
	for (size_t t = run->plans[target->host].first; target->named && t < run->n_targets; t++)
		if (strcmp(logoff_session_id(run->targets[t].session), id) == 0 &&
		    run->targets[t].logon_us == target->logon_us) {
			run->targets[t].named = true;
			return 0;
		}
	return array_add(&run->targets, &run->n_targets, target);
}

/* Adds session number K of host I. */
static int add_session(struct run *run, size_t i, size_t k, bool named)
{
	const struct far_host *host = &run->farm.items[i];

	return add_target(run, &(struct target){ .host = i, .session = host->sessions[k],
						 .logon_us = host->logons_us[k], .named = named,
						 .exists = LOGOFF_EXISTS_UNKNOWN });
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
		run_note_status(run, report_ambiguous(argument, word.text, host->sessions[k], 0));
	else if (r == LOGOFF_OK)
		return add_session(run, i, k, true);
	else if (r == LOGOFF_E_NO_SESSION && word.kind != WORD_ID && word.kind != WORD_NAME &&
		 has_user(host, run->plans[i].n_selected, word.text, NULL))
		run_note_status(run, report_is_user(word.text));
	else
		run_note_status(run, report_not_found(argument, word.text, r, &cause));
	return 0;
}

/* A selection never means a session of the caller's, which is here if the host is this machine. */
static int add_selected(struct run *run, size_t i, size_t k)
{
	const struct logoff_session *session = run->farm.items[i].sessions[k];

	switch (farm_own_is(&run->own, farm_hello(run->farm.farm, i), session)) {
	case SELECT_YES:
		return 0;
	case SELECT_UNKNOWN:
		run->n_spared++;
		(void)stream_failure_of(server_farm_name(&run->farm, i), EXIT_ENDED, "spared-unknown",
					logoff_session_id(session), NULL);
		return 0;
	case SELECT_NO:
		break;
	}
	return add_session(run, i, k, false);
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
		r = add_selected(run, i, k);
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

/* ---- one run ---- */

/* The hosts that have to be asked who is meant: all, or those of which a session is named. */
static size_t find_asked(const struct run *run, size_t *which)
{
	size_t n = 0;

	for (size_t i = 0; i < run->farm.hosts.n_items; i++)
		if (selects() || run->plans[i].has_names)
			which[n++] = i;
	return n;
}

/* The hosts that get orders: those with targets, or, if they are to be drained, all that have answered. */
static size_t find_ordered(const struct run *run, size_t *which)
{
	size_t n = 0;

	for (size_t i = 0; i < run->farm.hosts.n_items; i++)
		if (run->plans[i].n_targets > 0 || (arg_drain && run->farm.items[i].listed))
			which[n++] = i;
	return n;
}

/* Says which hosts hide logins, as one host does. */
static void report_hidden(const struct run *run)
{
	size_t n_hosts = run->farm.hosts.n_items, n = 0;
	const char **names = calloc(n_hosts + 1, sizeof(*names));
	char *folded;

	for (size_t i = 0; names && i < n_hosts; i++)
		if (run->farm.items[i].listed && run->farm.items[i].hides_logins)
			names[n++] = server_farm_name(&run->farm, i);
	folded = n > 0 ? nodeset_fold(names, n) : NULL;
	if (n > 0)
		fprintf(stderr,
			_("%s: %s: logins that the session manager there does not know cannot be seen: /proc hides "
			  "them (hidepid)\n"),
			program().text, folded ? folded : names[0]);
	free(folded);
	free(names);
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
	if (selects())
		report_hidden(run);
	if (run->n_spared > 0)
		report_unknown_groups(run->n_spared);
	/* A host that is drained may be empty already. */
	if (run->n_targets > 0 || !selects() || !all_listed || ((arg_if_any || arg_drain) && run->n_spared == 0))
		return EXIT_ENDED;
	return (int)report_none_selected();
}

/* Asks the N hosts WHICH who is meant. Returns the exit status of the loop; hosts that fail are said later. */
static int list_hosts(struct run *run, const size_t *which, size_t n)
{
	struct farm_calls calls = { .next = next_list, .line = take_list, .done = listed, .cancelled = run_cancelled,
				    .draw = server_farm_can_draw(&run->farm) ? draw_listing : NULL, .data = run };

	return (int)server_farm_round(&run->farm, which, n, &calls);
}

/* Forgets what host I has told: it is asked anew. */
static void forget_host(struct run *run, size_t i)
{
	struct plan *plan = &run->plans[i];

	server_farm_forget(&run->farm, i);
	plan->n_selected = plan->n_targets = plan->found = plan->n_asked = 0;
	plan->n_lists = plan->n_orders = 0;
	plan->no_exclusions = 0;
	plan->asked = NULL;
}

/*
 * Keeps the targets of host I that were named, with their sessions, which its list loses. A name means the session that
 * bore it when the command began.
 */
static int keep_named(struct run *run, size_t i, struct target **ret_kept, size_t *ret_n)
{
	const struct plan *plan = &run->plans[i];
	struct far_host *host = &run->farm.items[i];
	int r = 0;

	for (size_t t = plan->first; r >= 0 && t < plan->first + plan->n_targets; t++) {
		struct target kept = run->targets[t];

		if (!kept.named)
			continue;
		r = array_add(&run->kept, &run->n_kept, &kept.session);
		for (size_t k = 0; r >= 0 && k < host->n_sessions; k++)
			if (host->sessions[k] == kept.session)
				host->sessions[k] = NULL;
		if (r >= 0)
			r = array_add(ret_kept, ret_n, &kept);
	}
	return r;
}

/* Chooses those of host I whom the selection means now, and those of the N that were KEPT. */
static int choose_host_again(struct run *run, size_t i, const struct target *kept, size_t n)
{
	int r = choose_host(run, i, 0, NULL);

	for (size_t k = 0; r >= 0 && k < n; k++)
		if (kept[k].host == i)
			r = add_target(run, &kept[k]);
	run->plans[i].n_targets = run->n_targets - run->plans[i].first;
	return r;
}

/*
 * Asks the N hosts WHICH again whom the selection means, as time has passed. LATE: those that were named have had their
 * turn. A host that does not answer is left out from then on.
 */
static void choose_again(struct run *run, const size_t *which, size_t n, bool late)
{
	size_t *live = calloc(n + 1, sizeof(*live)), n_live = 0, n_kept = 0;
	struct target *kept = NULL;
	const char *text;
	int r = live ? 0 : -ENOMEM;

	run->again = true;
	for (size_t k = 0; k < n; k++) {
		if (r >= 0 && !late)
			r = keep_named(run, which[k], &kept, &n_kept);
		forget_host(run, which[k]);
		if (r >= 0 && !run->plans[which[k]].lost)
			live[n_live++] = which[k];
	}
	if (n_live > 0) {
		run_note_status(run, list_hosts(run, live, n_live));
		run_note_status(run, (int)server_farm_report_of(&run->farm, live, n_live));
	}
	for (size_t k = 0; r >= 0 && k < n_live; k++) {
		struct plan *plan = &run->plans[live[k]];

		if (plan->moved)
			run_note_status(run, server_farm_report_moved(&run->farm, live[k]));
		plan->lost = plan->moved || farm_failure(run->farm.farm, live[k], &text) != FARM_NO_FAILURE;
		if (!plan->lost)
			r = choose_host_again(run, live[k], kept, n_kept);
	}
	if (r < 0)
		run_note_status(run, (int)report_host(arg_server, LOGOFF_E_NO_MEMORY, &(struct logoff_error){}));
	free(kept);
	free(live);
}

static size_t count_targets(const struct run *run, const size_t *which, size_t n)
{
	size_t n_targets = 0;

	for (size_t k = 0; k < n; k++)
		n_targets += run->plans[which[k]].n_targets;
	return n_targets;
}

/*
 * Logs off those who passed PAM before it refused, and got their sessions after the list. The state was set DRAINED_US
 * ago or more.
 */
static void log_off_late(struct run *run, const size_t *which, size_t n, uint64_t drained_us)
{
	uint64_t now_us = clock_now_us(), settled_us = drained_us + DRAIN_SETTLES_MS * 1000;
	size_t n_left = 0;

	for (int look = 0; look < DRAIN_LOOKS && !run->farm.cancelled; look++) {
		if (now_us < settled_us)
			(void)poll(&(struct pollfd){ .fd = run->farm.cancel_fd, .events = POLLIN }, 1,
				   (int)((settled_us - now_us) / 1000 + 1));
		choose_again(run, which, n, true);
		n_left = count_targets(run, which, n);
		if (n_left == 0)
			return;
		if (look < DRAIN_LOOKS - 1)
			orders_carry_out(run, which, n);
		now_us = settled_us = clock_now_us();
	}
	if (n_left == 0 || run->farm.cancelled)
		return;
	for (size_t k = 0; k < n; k++) {
		const struct plan *plan = &run->plans[which[k]];

		for (size_t t = plan->first; t < plan->first + plan->n_targets; t++)
			run_note_status(run, (int)log_off_report_late(run->targets[t].session));
		forget_host(run, which[k]);
	}
}

/* Empties the N hosts WHICH. AGAIN: it is long ago that they were asked who is meant. */
static void empty_hosts(struct run *run, const size_t *which, size_t n, bool again)
{
	uint64_t drained_us;

	if (arg_drain)
		orders_drain(run, which, n);
	drained_us = clock_now_us();
	if (selects() && (arg_drain || again))
		choose_again(run, which, n, false);
	if (!run->farm.cancelled)
		orders_carry_out(run, which, n);
	if (selects() && arg_drain && !run->farm.cancelled)
		log_off_late(run, which, n, drained_us);
}

/* All hosts at once, or /serial of them at a time. */
static void empty_in_turn(struct run *run, const size_t *which, size_t n)
{
	size_t step = arg_serial > 0 && arg_serial < n ? (size_t)arg_serial : n;

	orders_begin(run);
	for (size_t k = 0; k < n && !run->farm.cancelled; k += step)
		empty_hosts(run, which + k, n - k < step ? n - k : step, k > 0);
	if (run->farm.cancelled && (arg_drain || step < n))	/* who has come since is not known */
		run_note_status(run, EXIT_CANCELLED);
	orders_leave(run, which, n);
}

/* Asks who is meant, shows it or asks the user, and has it done. Returns the exit status. */
static int act(struct run *run, size_t *which, int n_arguments, char **arguments)
{
	size_t n = find_asked(run, which);
	int status = list_hosts(run, which, n);

	if (status != EXIT_ENDED)
		return status;
	run_note_status(run, (int)server_farm_report(&run->farm));
	if (run->farm.cancelled)
		return report_declined();
	status = check_exclusions(run);
	if (status != EXIT_ENDED)
		return status;
	status = run->status;	/* of hosts that have not answered, which stops nothing */
	run->status = EXIT_ENDED;
	if (choose(run, n_arguments, arguments) != EXIT_ENDED)
		return run->status > status ? run->status : status;
	run_note_status(run, report_none(run, which, n));
	run_note_status(run, status);
	if (arg_dry_run)
		return show_plan(run);
	if (run->n_targets == 0 && !arg_drain)
		return EXIT_ENDED;
	status = confirm(run);
	if (status == EXIT_ENDED)
		empty_in_turn(run, which, find_ordered(run, which));
	return status;
}

static void run_done(struct run *run)
{
	for (size_t i = 0; run->plans && i < run->farm.hosts.n_items; i++)
		free(run->plans[i].named);
	free(run->plans);
	free(run->targets);
	logoff_session_list_free(run->kept, run->n_kept);
	json_decref(run->select);
	farm_own_done(&run->own);
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
