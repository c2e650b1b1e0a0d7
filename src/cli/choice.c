/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * choice.c - see choice.h.
 *
 * choice.c asks the host for all sessions once, when it first needs the list. It looks up single sessions by themselves
 * nevertheless: a list that lacks a session proves nothing.
 */
#include "cli/choice.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/text.h"
#include "cli/facts.h"
#include "cli/account.h"
#include "cli/command.h"
#include "cli/names.h"
#include "cli/question.h"
#include "cli/stream.h"
#include "cli/warning-text.h"
#include "cli/word.h"

static void note_status(struct choice *choice, enum exit_status status)
{
	if (status > choice->status)
		choice->status = status;
}

static void stop_choice(struct choice *choice, enum exit_status status)
{
	note_status(choice, status);
	choice->stopped = true;
}

/* ---- what is known ---- */

struct known_logon {
	char *id;
	int64_t logon_us;		/* another logon may get the same id; -1: unknown */
};

static bool is_known(const struct known *known, const struct logoff_session *session)
{
	const char *id = logoff_session_id(session);

	for (size_t i = 0; known && i < known->n_items; i++)
		if (strcmp(known->items[i].id, id) == 0 &&
		    clock_same_logon(known->items[i].logon_us, fact_logon_us(session)))
			return true;
	return false;
}

/* Without memory it may be reported a second time. */
static void note_known(struct known *known, const struct logoff_session *session)
{
	struct known_logon logon = { .logon_us = fact_logon_us(session) };

	if (text_copy(&logon.id, logoff_session_id(session)) < 0 ||
	    array_add(&known->items, &known->n_items, &logon) < 0)
		free(logon.id);
}

void choice_note_known(const struct choice *choice)
{
	for (size_t i = 0; choice->known && i < choice->n_items; i++)
		note_known(choice->known, choice->items[i].session);
}

void known_done(struct known *known)
{
	for (size_t i = 0; i < known->n_items; i++)
		free(known->items[i].id);
	free(known->items);
	*known = (struct known){};
}

/* ---- what there is ---- */

/* Numbers in their order, then those with a letter: the order of "query session". */
static int compare_ids(const void *a, const void *b)
{
	const char *one = logoff_session_id(*(struct logoff_session *const *)a);
	const char *two = logoff_session_id(*(struct logoff_session *const *)b);

	return strverscmp(one, two);
}

static int list_all(struct choice *choice)
{
	if (choice->listed)
		return choice->list_result;
	choice->listed = true;
	choice->list_result = logoff_host_list(choice->host, &choice->all, &choice->n_all, &choice->list_error);
	if (choice->list_result >= 0 && choice->n_all > 0)
		qsort(choice->all, choice->n_all, sizeof(struct logoff_session *), compare_ids);
	return choice->list_result;
}

static struct chosen *find_chosen(const struct choice *choice, const char *id)
{
	for (size_t i = 0; i < choice->n_items; i++)
		if (strcmp(choice->items[i].id, id) == 0)
			return &choice->items[i];
	return NULL;
}

/*
 * Tells whether a user called NAME has a session, other than the one whose id is OTHER_ID (NULL: any). It avoids the
 * full list where it can: to list a thousand sessions takes longer than to log off one. Returns 1, 0, or -EIO if they
 * cannot be listed.
 */
static int has_session(struct choice *choice, const char *name, const char *other_id)
{
	if (!choice->listed && !logoff_host_may_have_user(choice->host, name))
		return 0;
	if (list_all(choice) < 0)
		return -EIO;
	for (size_t i = 0; i < choice->n_all + choice->n_items; i++) {
		const struct logoff_session *session =
			i < choice->n_all ? choice->all[i] : choice->items[i - choice->n_all].session;

		if (session && account_is(session, name) &&
		    (!other_id || strcmp(logoff_session_id(session), other_id) != 0))
			return 1;
	}
	return 0;
}

/* ---- taking ---- */

/*
 * Adds SESSION to the choice. A named session counts as named even if it is selected too; of two conditions the first
 * counts. Returns true if the choice owns SESSION now; else the caller still owns it.
 */
static bool add_chosen(struct choice *choice, struct logoff_session *session, enum logoff_why why, const char *user)
{
	struct chosen *before = find_chosen(choice, logoff_session_id(session));
	struct chosen item = { .why = why, .selected = why == LOGOFF_WHY_SELECTED };

	if (before) {
		if (why == LOGOFF_WHY_NAMED)
			before->why = why;
		return false;
	}
	item.session = session;
	if (text_copy(&item.id, logoff_session_id(session)) < 0 || (user && text_copy(&item.user, user) < 0) ||
	    array_add(&choice->items, &choice->n_items, &item) < 0) {
		free(item.id);
		free(item.user);
		stop_choice(choice, report_no_memory());
		return false;
	}
	return true;
}

/*
 * Adds the selected sessions, or all sessions of USER, but never the caller's own. Returns true if there is one or may
 * be one, or if the cause has been reported.
 */
static bool take_matching(struct choice *choice, const char *user)
{
	enum exit_status status = EXIT_ENDED;
	bool found = false;
	size_t n_unknown = 0;
	int r = list_all(choice);

	if (r < 0)
		status = report_host(arg_server, r, &choice->list_error);
	else if (!user && selection_asks_times(choice->selection))
		status = report_times(arg_server, choice->all, choice->n_all);
	note_status(choice, status);
	for (size_t i = 0; status == EXIT_ENDED && i < choice->n_all; i++) {
		struct logoff_session *session = choice->all[i];
		enum select_answer answer = SELECT_NO;
		enum judge_doubt doubt;

		if (session && !is_known(choice->known, session))
			answer = judge_session(&choice->judge, session, user, &doubt);
		if (answer == SELECT_UNKNOWN && find_chosen(choice, logoff_session_id(session))) {
			found = true;	/* it is named */
		} else if (answer == SELECT_UNKNOWN) {
			choice->n_unknown[doubt]++;
			if (choice->unknown.domain == LOGOFF_ERROR_NONE)
				choice->unknown = choice->judge.cause;
			n_unknown++;
			note_status(choice, stream_failure_of(fact_host(session, arg_server),
							      choice->known ? EXIT_NO_SESSION : EXIT_ENDED,
							      "spared-unknown", logoff_session_id(session),
							      judge_cause(&choice->judge)));
			if (choice->known)
				note_known(choice->known, session);
		}
		if (answer != SELECT_YES)
			continue;
		found = true;
		if (add_chosen(choice, session, LOGOFF_WHY_SELECTED, user))
			choice->all[i] = NULL;
	}
	choice->hides_logins = r >= 0 && logoff_host_hides_processes(choice->host);
	return found || n_unknown > 0 || status != EXIT_ENDED;
}

/* Tells whether NAME has a session that could be selected, if it is not excluded, kept or the caller's own. */
static bool could_have_matching(const struct choice *choice, const char *name)
{
	for (size_t i = 0; i < choice->n_all; i++)
		if (choice->all[i] && account_is(choice->all[i], name) &&
		    selection_means(choice->selection, choice->all[i]))
			return true;
	for (size_t i = 0; i < choice->n_items; i++)
		if (account_is(choice->items[i].session, name) &&
		    selection_means(choice->selection, choice->items[i].session))
			return true;
	return false;
}

/* Tells whether NAME has a background session. */
static bool has_background(const struct choice *choice, const char *name)
{
	bool found = false;

	for (size_t i = 0; !found && i < choice->n_all; i++)
		found = choice->all[i] && account_is(choice->all[i], name) &&
			logoff_session_kind(choice->all[i]) == LOGOFF_KIND_BACKGROUND;
	return found;
}

/* Adds the sessions of the user called NAME, or reports that there is none. SHOWN is the user as given. */
static void add_user(struct choice *choice, const char *name, const char *shown)
{
	if (!take_matching(choice, name) && !could_have_matching(choice, name) && !choice->if_any)
		note_status(choice, report_nobody(shown, name, has_background(choice, name)));
}

/*
 * Tells whether TEXT, by which SESSION was found, may mean a user too, as it may if the sessions cannot be listed. In a
 * list (LISTED) it may if the user exists, logged on or not; if nobody knows that, *reterr says why.
 */
static bool is_ambiguous(struct choice *choice, const char *text, const struct logoff_session *session, bool listed,
			 struct logoff_error *reterr)
{
	uid_t uid;

	if (!word_may_be_user(text))
		return false;
	if (has_session(choice, text, logoff_session_id(session)) != 0)
		return true;
	if (!listed || account_is_foreign(session) || account_is(session, text))
		return false;
	return account_find(text, &uid, reterr) != -ENOENT;
}

/* Adds the session that WORD names. Returns 0, or the cause as -errno, which has not been reported yet. */
static int add_session(struct choice *choice, struct word word, const char *shown, bool listed,
		       struct logoff_error *reterr)
{
	struct logoff_session *session;
	struct logoff_error cause = {};
	int r = word_find(choice->host, word, &session, reterr);

	if (r < 0)
		return r;
	if (word.kind == WORD_ANY && is_ambiguous(choice, word.text, session, listed, &cause))
		note_status(choice, choice->list_result < 0 ?
			    report_not_found(shown, word.text, choice->list_result, &choice->list_error) :
			    report_ambiguous(shown, word.text, session, &cause));
	else if (add_chosen(choice, session, LOGOFF_WHY_NAMED, NULL))
		return 0;
	logoff_session_free(session);
	return 0;
}

/* ---- what is given ---- */

/* Tells whether ARGUMENT, which names no session, is the name of a user and so no text. */
static bool is_user(struct choice *choice, const char *argument)
{
	uid_t uid;

	/* No user of this machine has a blank in their name, so the name service need not answer for a sentence. */
	return has_session(choice, argument, NULL) > 0 ||
	       (logoff_is_this_machine(arg_server) && !strchr(argument, ' ') &&
		account_find(argument, &uid, NULL) != -ENOENT);
}

/* A number that is no id is hardly ever a user, so the host is not asked for one. */
static bool is_number(const char *argument)
{
	return argument[strspn(argument, "0123456789")] == '\0';
}

/*
 * Adds the session that ARGUMENT names, or uses ARGUMENT as the MESSAGE if one may be given. Any other text stops
 * everything, unless it stands ALONE.
 */
static void add_argument(struct choice *choice, const char *argument, bool alone, const char **message)
{
	struct word word = word_parse(argument);
	struct logoff_error error = {};
	int r = add_session(choice, word, argument, false, &error);
	if (r == LOGOFF_E_NO_SESSION && message && !*message && warning_is_text(argument) &&
	    !is_user(choice, argument)) {
		*message = argument;
	} else if (r == LOGOFF_E_NO_SESSION && !alone && warning_is_text(argument) && !is_user(choice, argument)) {
		stop_choice(choice, report_not_understood(argument));
	} else if (r == LOGOFF_E_NO_SESSION && word.kind == WORD_ANY && !is_number(argument) &&
		   has_session(choice, argument, NULL) > 0) {
		note_status(choice, report_is_user(argument));
	} else if (r < 0) {
		note_status(choice, report_not_found_on(choice->host, argument, word.text, r, &error));
	}
}

static void add_line(struct choice *choice, const char *path, const struct name *name)
{
	struct word word = word_parse(name->text);
	struct safe shown = report_line(path, name);
	struct logoff_error error = {};
	int r = word.kind == WORD_USER ? LOGOFF_E_NO_SESSION : add_session(choice, word, shown.text, true, &error);

	if (r == LOGOFF_E_NO_SESSION && (word.kind == WORD_USER || word.kind == WORD_ANY))
		add_user(choice, word.text, shown.text);
	else if (r < 0)
		note_status(choice, report_not_found_on(choice->host, shown.text, word.text, r, &error));
}

static void add_file(struct choice *choice, const char *path)
{
	struct names names;
	int r = names_read(&names, path, NULL, NULL);

	if (r < 0)
		stop_choice(choice, report_file(path, r, names.wrong_line));
	for (size_t i = 0; r >= 0 && i < names.n_items; i++)
		add_line(choice, path, &names.items[i]);
	names_done(&names);
}

/* Adds the caller's own session, and reports which other sessions of the caller stay. */
static void add_own(struct choice *choice)
{
	struct logoff_error error = {};
	struct logoff_session *own;
	int r = logoff_host_find(choice->host, NULL, &own, &error);

	if (r < 0) {
		note_status(choice, report_not_found(NULL, NULL, r, &error));
		return;
	}
	if (!add_chosen(choice, own, LOGOFF_WHY_NAMED, NULL)) {
		logoff_session_free(own);
		return;
	}
	(void)list_all(choice);
	for (size_t i = 0; i < choice->n_all; i++)
		if (logoff_session_is(choice->all[i], LOGOFF_IS_OWN) &&
		    strcmp(logoff_session_id(choice->all[i]), logoff_session_id(own)) != 0)
			report_stays(own, choice->all[i]);
}

static void check_excludes(struct choice *choice)
{
	const struct option_list *excludes = &choice->selection->excludes;
	bool foreign = !logoff_is_this_machine(arg_server);
	struct logoff_error cause = {};
	size_t i = 0;
	int r;

	if (excludes->n_items == 0 || choice->again)
		return;
	r = list_all(choice);
	if (r < 0) {
		stop_choice(choice, report_host(arg_server, r, &choice->list_error));
		return;
	}
	r = selection_resolve(choice->selection, foreign, choice->all, choice->n_all, &i, &cause);
	if (r == -ENXIO)
		stop_choice(choice, report_no_exclusion(excludes->items[i], foreign));
	else if (r < 0)
		stop_choice(choice, report_unknown_exclusion(excludes->items[i], &cause));
}

static bool is_list(const char *argument)
{
	return argument[0] == '@';
}

static bool is_user_word(const char *argument)
{
	return word_parse(argument).kind == WORD_USER;
}

bool choice_selects(const struct selection *selection, int n_arguments, char **arguments)
{
	bool selects = selection_is_given(selection);

	for (int i = 0; i < n_arguments; i++)
		selects = selects || is_list(arguments[i]) || is_user_word(arguments[i]);
	return selects;
}

/* Adds what is selected after everything that is named, so the named sessions stand first. */
static void add_selecting(struct choice *choice, int n_arguments, char **arguments)
{
	for (int i = 0; i < n_arguments && !choice->stopped; i++) {
		if (is_user_word(arguments[i]))
			add_user(choice, word_parse(arguments[i]).text, arguments[i]);
		else if (is_list(arguments[i]))
			add_file(choice, arguments[i] + 1);
	}
	if (selection_is_given(choice->selection) && !choice->stopped && !take_matching(choice, NULL) &&
	    !choice->if_any)
		note_status(choice, report_none_selected());
}

/* Reports what could not be selected or was left alone because something is unknown, and an empty selection. */
static void tell_rest(struct choice *choice)
{
	const size_t *n = choice->n_unknown;

	if (choice->hides_logins && !choice->again)
		report_hidden_logins();
	if (n[JUDGE_SELECTION] > 0)
		report_unknown_groups(n[JUDGE_SELECTION], &choice->unknown);
	if (n[JUDGE_PROGRAMS] > 0)
		report_unknown_programs(n[JUDGE_PROGRAMS]);
	if (n[JUDGE_OWN] > 0)
		report_unknown_own(n[JUDGE_OWN]);
	if (choice->n_items == 0 && choice->status == EXIT_ENDED &&
	    (!choice->if_any || n[JUDGE_SELECTION] + n[JUDGE_PROGRAMS] + n[JUDGE_OWN] > 0))
		note_status(choice, report_none_selected());
}

void choice_make(struct choice *choice, int n_arguments, char **arguments, const char **message)
{
	bool selects = choice_selects(choice->selection, n_arguments, arguments);

	choice->judge = (struct judge){ .host = choice->host, .selection = choice->selection };
	check_excludes(choice);
	for (int i = 0; i < n_arguments && !choice->stopped; i++)
		if (!is_list(arguments[i]) && !is_user_word(arguments[i]))
			add_argument(choice, arguments[i], n_arguments == 1 && !selection_is_given(choice->selection),
				     message);
	if (n_arguments == 0 && !selects)
		add_own(choice);
	else if (!choice->stopped && !selects && choice->n_items == 0 && choice->status == EXIT_ENDED)
		stop_choice(choice, report_only_text(*message));
	/* A wrong word beside a selection was probably meant as a text, or as one more condition. */
	if (selects && choice->status != EXIT_ENDED && !choice->stopped) {
		report_nothing_done();
		choice->stopped = true;
		return;
	}
	if (!choice->stopped)
		add_selecting(choice, n_arguments, arguments);
	if (!choice->stopped)
		tell_rest(choice);
	else if (choice->n_items > 0)
		report_nothing_done();
}

bool choice_has_own(const struct choice *choice)
{
	for (size_t i = 0; i < choice->n_items; i++)
		if (logoff_session_is(choice->items[i].session, LOGOFF_IS_OWN) ||
		    logoff_session_is(choice->items[i].session, LOGOFF_IS_OWN_UNSURE))
			return true;
	return false;
}

/* ---- showing and asking ---- */

static void show_session(struct choice *choice, const struct logoff_session *session, FILE *to, bool console)
{
	struct safe programs = {};

	/* The session may hold a terminal multiplexer or a job that outlives the user's shell, which somebody wants. */
	if (logoff_session_state(session) == LOGOFF_STATE_CLOSING)
		programs = running_names(&choice->judge.running, choice->host, session);
	report_plan(to, session, console, programs.text);
}

enum exit_status choice_show(struct choice *choice, FILE *to, bool console)
{
	for (size_t i = 0; i < choice->n_items; i++)
		show_session(choice, choice->items[i].session, to, console);
	return EXIT_ENDED;
}

enum exit_status choice_confirm(struct choice *choice, bool yes, bool console)
{
	size_t n = 0, n_selected = 0;
	int cancel_fd;

	for (size_t i = 0; i < choice->n_items; i++) {
		bool ends = !report_is_protected(choice->items[i].session, console);

		n += ends;
		n_selected += ends && choice->items[i].selected;
	}
	if (yes || n_selected < 2)
		return EXIT_ENDED;
	if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
		return report_unconfirmed();
	for (size_t i = 0; i < choice->n_items; i++)
		if (!report_is_protected(choice->items[i].session, console))
			show_session(choice, choice->items[i].session, stderr, console);
	/* Which logon each of them is: whoever has its id after the question may be another one. */
	for (size_t i = 0; i < choice->n_items; i++)
		(void)facts_fetch(choice->items[i].session, LOGOFF_FACTS_TIMES);
	cancel_fd = question_begin();
	report_question(n);
	return question_says_yes(cancel_fd) ? EXIT_ENDED : report_declined();
}

/* ---- handing over ---- */

int choice_request(struct choice *choice, struct logoff_request *request)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < choice->n_items; i++) {
		r = logoff_request_add(request, choice->items[i].session, choice->items[i].why);
		if (r >= 0)
			choice->items[i].session = NULL;
	}
	return r;
}

enum logoff_result choice_still(struct logoff_session *session, void *userdata)
{
	struct choice *choice = userdata;
	struct chosen *chosen = find_chosen(choice, logoff_session_id(session));

	if (!chosen)
		return LOGOFF_E_CHANGED;
	if (chosen->why == LOGOFF_WHY_NAMED)
		return 0;
	return judge_again(&choice->judge, session, chosen->user);
}

void choice_done(struct choice *choice)
{
	for (size_t i = 0; i < choice->n_items; i++) {
		logoff_session_free(choice->items[i].session);
		free(choice->items[i].id);
		free(choice->items[i].user);
	}
	free(choice->items);
	choice->items = NULL;
	choice->n_items = 0;
	choice->all = logoff_session_list_free(choice->all, choice->n_all);
	choice->n_all = 0;
	judge_done(&choice->judge);
}
