/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * choice.c - see choice.h.
 */
#include "cli/choice.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/names.h"

static void note(struct choice *choice, enum exit_status status)
{
	if (status > choice->status)
		choice->status = status;
}

static bool is_chosen(const struct choice *choice, const struct logoff_session *session)
{
	for (size_t i = 0; i < choice->n_sessions; i++)
		if (strcmp(logoff_session_id(choice->sessions[i]), logoff_session_id(session)) == 0)
			return true;
	return false;
}

/* Takes SESSION, unless it is chosen already. Returns whether it is new. */
static bool take(struct choice *choice, struct logoff_session *session)
{
	struct logoff_session **grown = NULL;

	if (!is_chosen(choice, session))
		grown = reallocarray(choice->sessions, choice->n_sessions + 1, sizeof(struct logoff_session *));
	if (!grown) {
		logoff_session_free(session);
		return false;
	}
	choice->sessions = grown;
	choice->sessions[choice->n_sessions++] = session;
	return true;
}

/* Numbers in their order, then those with a letter: the order of "query session". */
static int compare_ids(const void *a, const void *b)
{
	const char *one = logoff_session_id(*(struct logoff_session *const *)a);
	const char *two = logoff_session_id(*(struct logoff_session *const *)b);

	return strverscmp(one, two);
}

/* Tells whether any session matches. */
static bool has_matching(struct logoff_host *host, const struct selection *selection)
{
	struct logoff_session **sessions;
	bool found = false;
	size_t n;

	if (logoff_host_list(host, &sessions, &n, NULL) < 0)
		return false;
	for (size_t i = 0; i < n; i++)
		found = found || selection_matches(selection, sessions[i]);
	logoff_session_list_free(sessions, n);
	return found;
}

/* Adds the sessions that match, but not the caller's. Returns whether any does. */
static bool add_matching(struct choice *choice, struct logoff_host *host, const struct selection *selection)
{
	struct logoff_session **sessions = NULL;
	struct logoff_error error = {};
	enum exit_status status = EXIT_ENDED;
	bool found = false;
	size_t n = 0;
	int r = logoff_host_list(host, &sessions, &n, &error);

	if (r < 0)
		status = report_host(arg_server, r, &error);
	else if (selection_asks_times(selection))
		status = report_times(arg_server, sessions, n);
	if (status != EXIT_ENDED) {
		note(choice, status);
		logoff_session_list_free(sessions, n);
		return true;	/* the cause has been told */
	}
	if (n > 0)
		qsort(sessions, n, sizeof(struct logoff_session *), compare_ids);
	for (size_t i = 0; i < n; i++) {
		if (logoff_session_is_own(sessions[i]) || !selection_matches(selection, sessions[i]))
			continue;
		found = true;
		choice->n_selected += take(choice, sessions[i]);
		sessions[i] = NULL;
	}
	logoff_session_list_free(sessions, n);
	return found;
}

void choice_add_named(struct choice *choice, struct logoff_host *host, const char *designator)
{
	struct logoff_error error = {};
	struct logoff_session *session;
	int r = logoff_host_find(host, designator, &session, &error);

	if (r < 0)
		note(choice, report_not_found(designator, r, &error));
	else
		(void)take(choice, session);	/* named twice is meant once */
}

/* Adds the sessions of a user of that name, or, if he has none at all, says that nothing is called so. */
static void add_user_or_nothing(struct choice *choice, struct logoff_host *host, const char *name,
				const struct option_list *excludes)
{
	struct selection all = SELECTION_NONE, wanted;

	all.users = (struct option_list){ { name }, 1 };
	wanted = all;
	wanted.excludes = *excludes;
	if (!add_matching(choice, host, &wanted) && !has_matching(host, &all))
		note(choice, report_not_found(name, -ENXIO, &(struct logoff_error){}));
}

void choice_add_file(struct choice *choice, struct logoff_host *host, const char *path,
		     const struct option_list *excludes)
{
	struct logoff_error error;
	struct logoff_session *session;
	struct names names;
	int r = names_read(&names, path);

	if (r < 0)
		note(choice, report_file(path, r));
	for (size_t i = 0; i < names.n_items; i++) {
		error = (struct logoff_error){};
		r = logoff_host_find(host, names.items[i], &session, &error);
		if (r == -ENXIO)
			add_user_or_nothing(choice, host, names.items[i], excludes);
		else if (r < 0)
			note(choice, report_not_found(names.items[i], r, &error));
		else
			(void)take(choice, session);
	}
	names_done(&names);
}

void choice_add_selected(struct choice *choice, struct logoff_host *host, const struct selection *selection)
{
	if (!add_matching(choice, host, selection))
		note(choice, report_none_selected());
}

bool choice_has_own(const struct choice *choice)
{
	for (size_t i = 0; i < choice->n_sessions; i++)
		if (logoff_session_is_own(choice->sessions[i]))
			return true;
	return false;
}

enum exit_status choice_show(const struct choice *choice, FILE *to, bool console)
{
	for (size_t i = 0; i < choice->n_sessions; i++)
		report_plan(to, choice->sessions[i], console);
	return EXIT_ENDED;
}

/* Reads one line and takes its first character for the answer, in the language of the question. */
static bool says_yes(void)
{
	char answer[16];

	if (!fgets(answer, sizeof(answer), stdin))
		return false;
	return answer[0] == 'y' || answer[0] == 'Y';
}

enum exit_status choice_confirm(const struct choice *choice, bool yes, bool console)
{
	if (yes || choice->n_selected < 2)
		return EXIT_ENDED;
	if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
		return report_unconfirmed();
	(void)choice_show(choice, stderr, console);
	report_question(choice->n_sessions);
	return says_yes() ? EXIT_ENDED : report_declined();
}

int choice_request(struct choice *choice, struct logoff_request *request)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < choice->n_sessions; i++) {
		r = logoff_request_add(request, choice->sessions[i],
				       i < choice->n_sessions - choice->n_selected ? LOGOFF_WHY_NAMED : LOGOFF_WHY_SELECTED);
		if (r >= 0)
			choice->sessions[i] = NULL;
	}
	return r;
}

void choice_done(struct choice *choice)
{
	choice->sessions = logoff_session_list_free(choice->sessions, choice->n_sessions);
	choice->n_sessions = 0;
}
