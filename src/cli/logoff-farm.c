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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "cli/account.h"
#include "cli/command.h"
#include "cli/farm.h"
#include "cli/json.h"
#include "cli/log-off.h"
#include "cli/logoff-farm.h"
#include "cli/printable.h"
#include "cli/question.h"
#include "cli/sessions.h"
#include "cli/stream.h"
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

/* The word as it was given, or the line of its list. */
static struct safe shown(const struct given *given)
{
	return given->path ? report_line(given->path, given->line) : safe(given->text);
}

/* Programs get no text of a list, which may be any file. */
static const char *object_of(const struct given *given)
{
	return given->path ? NULL : given->text;
}

static int report_without_host(const struct run *run, const struct given *given)
{
	fprintf(stderr,
		_("%s: %s: with several hosts write HOST:ID, such as %s:12; for a user's sessions use logoff /user\n"),
		program().text, shown(given).text, server_farm_name(&run->farm, 0));
	return stream_failure(EXIT_USAGE, "usage", object_of(given), NULL);
}

/* There is no own session there. */
static int report_without_session(void)
{
	fprintf(stderr, _("%s: no session was given; write HOST:ID, or select sessions, as with /user\n"),
		program().text);
	return stream_failure(EXIT_NO_SESSION, "no-current", NULL, NULL);
}

/* Notes that GIVEN names a session of a host. */
static int add_given(struct run *run, struct given given)
{
	const char *word;

	if (server_farm_is_elsewhere(&run->farm, given.text))
		return server_farm_report_elsewhere(shown(&given).text, object_of(&given));
	given.host = find_host(run, given.text, &word);
	if (given.host == run->farm.hosts.n_items)
		return report_without_host(run, &given);
	run->farm.items[given.host].named = true;
	return array_add(&run->given, &run->n_given, &given) < 0 ? report_no_memory() : EXIT_ENDED;
}

static const char *behind_host(const char *line, void *userdata)
{
	const char *word;

	(void)find_host(userdata, line, &word);
	return word;
}

/* A line that cannot be meant stops all, as it may be that of somebody else's file. */
static int add_file(struct run *run, const char *path)
{
	struct names names;
	int r = names_read(&names, path, behind_host, run), status = EXIT_ENDED;

	if (r < 0)
		status = (int)report_file(path, r, names.wrong_line);
	else if (array_add(&run->lists, &run->n_lists, &names) < 0)
		status = report_no_memory();
	if (status != EXIT_ENDED) {
		names_done(&names);
		return status;
	}
	for (size_t i = 0; status == EXIT_ENDED && i < names.n_items; i++)
		status = add_given(run, (struct given){ .text = names.items[i].text, .path = path,
							.line = &names.items[i] });
	return status;
}

/* Nobody is meant: the words are a text, or lists that are empty. */
static int report_nobody_meant(const struct run *run, int n_arguments)
{
	if (run->n_lists > 0)
		return arg_if_any ? EXIT_ENDED : (int)report_none_selected();
	return n_arguments > 0 ? (int)report_only_text(arg_message) : report_without_session();
}

/* Sorts the arguments to their hosts; one that is a text becomes the message. */
static int take_arguments(struct run *run, int n_arguments, char **arguments)
{
	bool text_allowed = arg_warn_s && !arg_message;
	int status = EXIT_ENDED;

	for (int k = 0; status == EXIT_ENDED && k < n_arguments; k++) {
		const char *word;
		size_t i = find_host(run, arguments[k], &word);
		bool is_text = text_allowed && !arg_message && warning_is_text(arguments[k]);

		if (is_text && (i == run->farm.hosts.n_items || word == arguments[k]))
			arg_message = arguments[k];
		else if (*arguments[k] == '@')
			status = add_file(run, arguments[k] + 1);
		else
			status = add_given(run, (struct given){ .text = arguments[k] });
	}
	if (status == EXIT_ENDED)
		status = log_off_check_texts();
	if (status != EXIT_ENDED || run->n_given > 0 || selects())
		return status;
	return report_nobody_meant(run, n_arguments);
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
		return report_no_memory();
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

/* The first list of host I, of those who are selected, is over: the next one says nothing about these. */
static void end_selected(struct run *run, size_t i)
{
	run->plans[i].n_selected = run->farm.items[i].n_sessions;
	run->plans[i].knows_selected = run->farm.items[i].listed;
}

bool run_has_moved(struct run *run, size_t i)
{
	run->plans[i].same = server_farm_is_same(&run->farm, i);
	return run->plans[i].same == SELECT_NO;
}

static enum farm_next next_list(size_t i, struct farm_order *ret_order, void *data)
{
	struct run *run = data;
	struct plan *plan = &run->plans[i];
	unsigned number = plan->n_lists++;

	if (run_has_moved(run, i))
		return FARM_DONE;
	if (run->again && server_farm_has_restarted(&run->farm, i))
		plan->restarted = true;
	if (number == 1 && selects() && !run->again)
		end_selected(run, i);
	if (run->again && !plan->knows_selected)
		return FARM_HOLD;
	if (number == 0 && selects())
		*ret_order = (struct farm_order){ .json = make_list(run, true) };
	else if (number == (selects() ? 1 : 0) && run->farm.items[i].named && !run->again)
		*ret_order = (struct farm_order){ .json = make_list(run, false) };
	else
		return run->farm.items[i].n_sessions > 0 || arg_drain ? FARM_HOLD : FARM_DONE;
	run->farm.items[i].listed = false;	/* each list counts */
	return FARM_ORDER;
}

static bool take_list(size_t i, const json_t *line, void *data)
{
	struct run *run = data;

	return server_farm_take(&run->farm, i, line);
}

static void listed(size_t i, void *data)
{
	struct run *run = data;

	server_farm_listed(&run->farm, i);
}

static void say_spared(const struct run *run, size_t i, const char *id)
{
	(void)stream_failure_of(server_farm_name(&run->farm, i), arg_drain ? EXIT_NO_SESSION : EXIT_ENDED,
				"spared-unknown", id, NULL);
}

/* A selection leaves the session ID of host I alone, as something is unknown. Each list may say so. */
static void note_spared(struct run *run, size_t i, const char *id, const struct logoff_error *cause)
{
	char *name = NULL;
	bool noted = false;

	if (cause && run->unknown.domain == LOGOFF_ERROR_NONE)
		run->unknown = *cause;
	if (!run->spared)
		run->spared = json_object();
	if (asprintf(&name, "%zu:%s", i, id) < 0)
		name = NULL;
	if (name && json_object_get(run->spared, name)) {
		free(name);
		return;
	}
	if (name)
		noted = json_object_set_new(run->spared, name, json_integer((json_int_t)i)) == 0;
	free(name);
	run->n_spared++;
	if (!noted)
		say_spared(run, i, id);
}

/* The target of PLAN with this id, or NULL. */
static struct target *find_target(const struct plan *plan, const char *id)
{
	for (size_t t = 0; t < plan->n_targets; t++)
		if (strcmp(logoff_session_id(plan->targets[t].session), id) == 0)
			return &plan->targets[t];
	return NULL;
}

void run_report_spared(struct run *run)
{
	const char *name;
	json_t *host;
	size_t n = 0;

	json_object_foreach(run->spared, name, host) {
		const char *id = strchr(name, ':') + 1;

		if (!json_is_integer(host))	/* it has been said */
			continue;
		if (!find_target(&run->plans[json_integer_value(host)], id)) {
			say_spared(run, (size_t)json_integer_value(host), id);
			n++;
		}
		(void)json_object_set_new(run->spared, name, json_true());
	}
	if (n == 0)
		return;
	report_unknown_fit(n, &run->unknown);
	if (arg_drain)		/* the host is not empty */
		run_note_status(run, EXIT_NO_SESSION);
}

/* What a host does not know may be known to another one; that is judged when all have answered. */
static bool take_failure(size_t i, const struct far_failure *failure, void *data)
{
	struct run *run = data;
	bool found = false;

	if (failure->exit_status != EXIT_ENDED || !failure->object)
		return false;
	if (strcmp(failure->kind, "spared-unknown") == 0) {
		note_spared(run, i, failure->object, &failure->cause);
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

/* Tells whether each list of host I was whole. */
static bool has_told_all(const struct run *run, size_t i)
{
	return run->farm.items[i].listed && (!selects() || run->plans[i].knows_selected);
}

/* An exclusion that nobody knows is a wrong word, and may have been meant for somebody. */
static int check_exclusions(struct run *run)
{
	uint64_t unknown = UINT64_MAX;
	bool listed = false, foreign = false;

	for (size_t i = 0; i < run->farm.hosts.n_items; i++)
		if (has_told_all(run, i)) {
			unknown &= run->plans[i].no_exclusions;
			listed = true;
			foreign = foreign || run->farm.hosts.items[i].way == FARM_TSTS ||
				  server_farm_is_by_bus(&run->farm, i);
		}
	for (size_t k = 0; listed && selects() && k < arg_selection.excludes.n_items; k++)
		if (unknown & UINT64_C(1) << k) {
			report_no_exclusion(arg_selection.excludes.items[k], foreign);
			report_nothing_done();
			return EXIT_USAGE;
		}
	return EXIT_ENDED;
}

/* ---- who is meant ---- */

/*
 * Tells whether SESSION is the caller's, as host I is this machine, or has another name in this farm: a selection never
 * means it.
 */
static bool is_spared(struct run *run, size_t i, const struct logoff_session *session)
{
	enum select_answer answer = farm_own_is(&run->own, farm_hello(run->farm.farm, i), session);

	switch (answer == SELECT_NO ? server_farm_is_own(&run->farm, i, session) : answer) {
	case SELECT_YES:
		return true;
	case SELECT_UNKNOWN:
		note_spared(run, i, logoff_session_id(session), NULL);
		return true;
	case SELECT_NO:
		break;
	}
	return false;
}

int run_add_target(struct run *run, size_t i, size_t k, bool named)
{
	struct plan *plan = &run->plans[i];
	struct target target = { .host = i, .session = run->farm.items[i].sessions[k],
				 .logon_us = run->farm.items[i].logons_us[k], .named = named,
				 .exists = LOGOFF_EXISTS_UNKNOWN };
	struct target *selected = named ? find_target(plan, logoff_session_id(target.session)) : NULL;
	int r;

	if (!named && is_spared(run, i, target.session))
		return 0;
	if (selected) {		/* no condition has to hold any more */
		selected->named = true;
		return 0;
	}
	r = array_add(&plan->targets, &plan->n_targets, &target);
	run->n_targets += r >= 0;
	return r;
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
	size_t first = run->plans[i].n_selected;
	int r = LOGOFF_E_NO_SESSION;

	for (size_t k = first; k < host->n_sessions; k++)
		if (word.kind != WORD_NAME && word_is_id(host->sessions[k], word.text)) {
			*ret_k = k;
			return LOGOFF_OK;
		}
	for (size_t k = first; word.kind != WORD_ID && k < host->n_sessions; k++) {
		if (session_bears(host->sessions[k], word.text)) {
			if (r == LOGOFF_OK)
				return LOGOFF_E_NOT_UNIQUE;
			*ret_k = k;
			r = LOGOFF_OK;
		} else if (r == LOGOFF_E_NO_SESSION && word_is_name(host->sessions[k], word.text)) {
			snprintf(cause->text, sizeof(cause->text), "%s:%s", server_farm_name(&run->farm, i),
				 logoff_session_id(host->sessions[k]));
			r = LOGOFF_E_NOT_ACTIVE;
		}
	}
	/* A session that is hidden may have the number as its id. */
	if (r != LOGOFF_E_NO_SESSION || word.kind == WORD_NAME || host->hides_logins)
		return r;
	r = word_find_number(host->sessions + first, host->n_sessions - first, NULL, word.text, ret_k, cause);
	*ret_k += first;
	return r;
}

/* GIVEN may mean SESSION, or the user USER. */
static int report_two(const struct run *run, const struct given *given, const char *user,
		      const struct logoff_session *session)
{
	const char *host = server_farm_name(&run->farm, given->host);
	struct safe id = report_typed(logoff_session_id(session)), name = report_typed(user);

	fprintf(stderr,
		_("%s: %s: a session and a user have this name; write %s:id:%s for the session, or /user:%s /server:%s "
		  "for those of the user\n"),
		program().text, shown(given).text, host, id.text, name.text, host);
	return stream_failure(EXIT_NO_SESSION, "ambiguous", object_of(given), NULL);
}

/* Adds the session that GIVEN names, or reports why there is none. */
static int add_named(struct run *run, const struct given *given)
{
	size_t i = given->host;
	const struct far_host *host = &run->farm.items[i];
	struct logoff_error cause = {};
	struct word word;
	const char *text;
	size_t k;
	int r;

	(void)find_host(run, given->text, &text);
	word = word_parse(text);
	r = word.kind == WORD_USER || word.kind == WORD_GROUP ? LOGOFF_E_NO_SESSION
							      : find_named(run, i, word, &k, &cause);
	if (r == LOGOFF_OK && word.kind == WORD_ANY && word_may_be_user(word.text) &&
	    has_user(host, run->plans[i].n_selected, word.text, logoff_session_id(host->sessions[k])))
		run_note_status(run, report_two(run, given, word.text, host->sessions[k]));
	else if (r == LOGOFF_OK)
		return run_add_target(run, i, k, true);
	else if (r == LOGOFF_E_NO_SESSION && word.kind != WORD_ID && word.kind != WORD_NAME &&
		 has_user(host, run->plans[i].n_selected, word.text, NULL))
		run_note_status(run, report_is_user(word.text));
	else if (r == LOGOFF_E_NO_SESSION && host->hides_logins)
		run_note_status(run, report_unseen(shown(given).text, word.text));
	else
		run_note_status(run, report_not_found(shown(given).text, word.text, r, &cause));
	return 0;
}

/* The targets of host I, those that are named last. */
static int choose_host(struct run *run, size_t i)
{
	struct plan *plan = &run->plans[i];
	int r = 0;

	if (!run->farm.items[i].listed)		/* part of a list says too little */
		return 0;
	for (size_t k = 0; r >= 0 && plan->knows_selected && k < plan->n_selected; k++)
		r = run_add_target(run, i, k, false);
	for (size_t k = 0; r >= 0 && run->farm.items[i].named && k < run->n_given; k++)
		if (run->given[k].host == i)
			r = add_named(run, &run->given[k]);
	return r;
}

static int choose(struct run *run)
{
	for (size_t i = 0; i < run->farm.hosts.n_items; i++)
		if (choose_host(run, i) < 0)
			return report_no_memory();
	/* A wrong word beside a selection was probably meant as one more condition. */
	if (selects() && run->status != EXIT_ENDED) {
		report_nothing_done();
		return run->status;
	}
	return EXIT_ENDED;
}

/* ---- showing and asking ---- */

static void show_target(struct logoff_session *session)
{
	bool protected = report_is_protected(session, arg_console);
	json_t *row;

	if (!arg_json) {
		report_plan(stdout, session, arg_console, "");
		return;
	}
	row = to_json_session(session, arg_server);
	(void)json_object_set_new(row, "result", json_string(protected ? "protected" : "would-end"));
	stream_row("result", row);
}

/* Reports those of the N hosts WHICH that cannot be drained. Returns how many can; they stand in WHICH first then. */
static size_t leave_undrained(struct run *run, size_t *which, size_t n)
{
	size_t n_left = 0, n_none = 0, *none = calloc(n + 1, sizeof(*none));

	if (!none) {
		run_note_status(run, report_no_memory());
		return 0;
	}
	for (size_t k = 0; k < n; k++) {
		run->plans[which[k]].spared = server_farm_has_logons(&run->farm, which[k]) ? NULL : "unsupported";
		if (run->plans[which[k]].spared)
			none[n_none++] = which[k];
		else
			which[n_left++] = which[k];
	}
	run_note_status(run, server_farm_report_shared(&run->farm, none, n_none, EXIT_UNREACHABLE, "unsupported",
						       server_farm_sentence("unsupported")));
	run_note_status(run, server_farm_report_shared(
		&run->farm, none, n_none, EXIT_UNREACHABLE, "not-drained",
		_("new logons could not be refused, so nobody would be logged off there")));
	free(none);
	return n_left;
}

/* The N hosts WHICH would be drained. Whether their PAM would follow is not asked. */
static int show_plan(struct run *run, size_t *which, size_t n)
{
	size_t n_drained = arg_drain ? leave_undrained(run, which, n) : 0;
	char *folded = n_drained > 0 && !arg_json ? server_farm_fold(&run->farm, which, n_drained) : NULL;

	if (folded)
		printf(_("New logons would be refused on %s, if PAM is set up there.\n"), folded);
	free(folded);
	for (size_t i = 0; i < run->farm.hosts.n_items; i++)
		for (size_t t = 0; t < run->plans[i].n_targets && !run->plans[i].spared; t++)
			show_target(run->plans[i].targets[t].session);
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

/* What the question is about. */
struct count {
	size_t n, n_selected, n_hosts;
};

static struct count count_ending(const struct run *run)
{
	struct count count = {};

	for (size_t i = 0; i < run->farm.hosts.n_items; i++) {
		size_t before = count.n;

		for (size_t t = 0; t < run->plans[i].n_targets; t++) {
			const struct target *target = &run->plans[i].targets[t];
			bool ends = !report_is_protected(target->session, arg_console);

			count.n += ends;
			count.n_selected += ends && !target->named;
		}
		count.n_hosts += count.n > before;
	}
	return count;
}

static void show_ending(const struct plan *plan)
{
	for (size_t t = 0; t < plan->n_targets; t++)
		if (!report_is_protected(plan->targets[t].session, arg_console))
			report_plan(stderr, plan->targets[t].session, arg_console, "");
}

/* As choice_confirm(). */
static int confirm(const struct run *run)
{
	struct count count = count_ending(run);
	int cancel_fd;

	if (arg_yes || count.n_selected < 2)
		return EXIT_ENDED;
	if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
		return report_unconfirmed();
	for (size_t i = 0; i < run->farm.hosts.n_items; i++)
		show_ending(&run->plans[i]);
	cancel_fd = question_begin();
	ask(count.n, count.n_hosts);
	return question_says_yes(cancel_fd) ? EXIT_ENDED : report_declined();
}

/* ---- one run ---- */

/* The hosts that have to be asked who is meant: all, or those of which a session is named. */
static size_t find_asked(const struct run *run, size_t *which)
{
	size_t n = 0;

	for (size_t i = 0; i < run->farm.hosts.n_items; i++)
		if (selects() || run->farm.items[i].named)
			which[n++] = i;
	return n;
}

/* The hosts that get orders: those with targets, or, if they are to be drained, all that have answered. */
static size_t find_ordered(const struct run *run, size_t *which)
{
	size_t n = 0;

	for (size_t i = 0; i < run->farm.hosts.n_items; i++)
		if (run->plans[i].n_targets > 0 || (arg_drain && has_told_all(run, i)))
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
static int report_none(struct run *run, const size_t *which, size_t n)
{
	bool all_listed = true;

	for (size_t k = 0; k < n; k++) {
		const struct far_host *host = &run->farm.items[which[k]];

		if (has_told_all(run, which[k]) || server_farm_is_excused(&run->farm, which[k]))
			continue;
		all_listed = false;
		/* Why not has been said. A host that says it with the status of a success is not believed. */
		run_note_status(run, host->status > EXIT_ENDED ? host->status : EXIT_UNREACHABLE);
	}
	if (selects())
		report_hidden(run);
	run_report_spared(run);
	/* A host that is drained may be empty already. */
	if (run->n_targets > 0 || !selects() || !all_listed || ((arg_if_any || arg_drain) && run->n_spared == 0))
		return EXIT_ENDED;
	return (int)report_none_selected();
}

int run_list(struct run *run, const size_t *which, size_t n)
{
	const struct farm_calls calls = { .next = next_list, .line = take_list, .done = listed,
					  .draw = server_farm_draw, .data = run };

	return (int)server_farm_round(&run->farm, which, n, &calls);
}

/* Asks who is meant, shows it or asks the user, and has it done. Returns the exit status. */
static int act(struct run *run, size_t *which)
{
	size_t n = find_asked(run, which);
	int status = run_list(run, which, n);

	if (status != EXIT_ENDED)
		return status;
	run_note_status(run, (int)server_farm_report(&run->farm));
	if (run->farm.cancelled)
		return report_declined();
	server_farm_find_twins(&run->farm, false);
	status = check_exclusions(run);
	if (status != EXIT_ENDED)
		return status;
	status = run->status;	/* of hosts that have not answered, which stops nothing */
	run->status = EXIT_ENDED;
	if (choose(run) != EXIT_ENDED)
		return run->status > status ? run->status : status;
	run_note_status(run, report_none(run, which, n));
	run_note_status(run, status);
	n = find_ordered(run, which);
	if (arg_dry_run)
		return show_plan(run, which, n);
	if (n == 0)
		return EXIT_ENDED;
	status = confirm(run);
	if (status == EXIT_ENDED)
		run_empty(run, which, n);
	return status;
}

static void run_done(struct run *run)
{
	for (size_t i = 0; run->plans && i < run->farm.hosts.n_items; i++)
		free(run->plans[i].targets);
	free(run->plans);
	for (size_t i = 0; i < run->n_lists; i++)
		names_done(&run->lists[i]);
	free(run->lists);
	free(run->given);
	json_decref(run->select);
	farm_own_done(&run->own);
	json_decref(run->spared);
	server_farm_done(&run->farm);
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
	run.plans = calloc(run.farm.hosts.n_items, sizeof(*run.plans));
	for (size_t i = 0; run.plans && i < run.farm.hosts.n_items; i++)
		run.plans[i].same = SELECT_YES;
	if (!which || !run.plans)
		status = report_no_memory();
	else
		status = make_select(&run);
	if (status == EXIT_ENDED)
		status = take_arguments(&run, n_arguments, arguments);
	if (status == EXIT_ENDED)
		status = act(&run, which);
	stream_end();
	server_farm_summarize(&run.farm, run.farm.n_ended > 0);
	free(which);
	run_done(&run);
	return status > run.status ? status : run.status;
}
