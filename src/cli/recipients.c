/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * recipients.c - see recipients.h.
 *
 * The host is asked once for all its sessions, for any number of words. The library looks a word that fits no session
 * up once more, and reports the reason.
 */
#include "cli/recipients.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/account.h"
#include "cli/command.h"
#include "cli/delivery.h"
#include "cli/facts.h"
#include "cli/stream.h"
#include "cli/printable.h"
#include "cli/word.h"

typedef bool (*fits_func)(const struct logoff_session *session, const char *word);

static void note_status(struct recipients *recipients, enum exit_status status)
{
	if (status > recipients->status)
		recipients->status = status;
}

static bool is_at_work(const struct logoff_session *session)
{
	return word_has_person(session) && logoff_session_state(session) != LOGOFF_STATE_CLOSING;
}

/* Only an active session has a name. */
static bool fits_name(const struct logoff_session *session, const char *word)
{
	return logoff_session_state(session) == LOGOFF_STATE_ACTIVE && word_is_name(session, word);
}

static bool fits_user(const struct logoff_session *session, const char *word)
{
	return is_at_work(session) && account_is(session, word);
}

/* The user has left: a closing session cannot show anything. */
static bool fits_user_gone(const struct logoff_session *session, const char *word)
{
	return word_has_person(session) && !is_at_work(session) && account_is(session, word);
}

static bool fits_all(const struct logoff_session *session, const char *word)
{
	(void)word;
	return is_at_work(session);
}

/* Tells whether words may mean SESSION. */
static bool is_in_scope(const struct recipients *recipients, const struct logoff_session *session)
{
	return !recipients->scope || strcmp(fact_host(session, ""), recipients->scope) == 0;
}

static size_t count_recipients(const struct recipients *recipients, fits_func fits, const char *word)
{
	size_t n = 0;

	for (size_t i = 0; i < recipients->n_all; i++)
		n += is_in_scope(recipients, recipients->all[i]) && fits(recipients->all[i], word);
	return n;
}

/* Moves the sessions that fit to the end of the recipients. All others keep their order. */
static void add_recipient(struct recipients *recipients, fits_func fits, const char *word)
{
	for (size_t i = recipients->n_recipients; i < recipients->n_all; i++) {
		struct logoff_session *session = recipients->all[i];

		if (!is_in_scope(recipients, session) || !fits(session, word))
			continue;
		memmove(&recipients->all[recipients->n_recipients + 1], &recipients->all[recipients->n_recipients],
			(i - recipients->n_recipients) * sizeof(struct logoff_session *));
		recipients->all[recipients->n_recipients++] = session;
	}
}

static const struct logoff_session *find_word(const struct recipients *recipients, fits_func fits, const char *word)
{
	for (size_t i = 0; i < recipients->n_all; i++)
		if (is_in_scope(recipients, recipients->all[i]) && fits(recipients->all[i], word))
			return recipients->all[i];
	return NULL;
}

/*
 * Tells whether TEXT, by which SESSION was found, may mean another user: any user that exists, logged on or not. Of the
 * users of another host only those are known who are logged on. If nobody knows, *reterr says why.
 */
static bool is_ambiguous(const struct recipients *recipients, const struct logoff_session *session, const char *text,
			 struct logoff_error *reterr)
{
	uid_t uid;

	if (!word_may_be_user(text))
		return false;
	for (size_t i = 0; i < recipients->n_all; i++)
		if (recipients->all[i] != session && is_in_scope(recipients, recipients->all[i]) &&
		    account_is(recipients->all[i], text))
			return true;
	if (!recipients->host || account_is_foreign(session) || account_is(session, text))
		return false;
	return account_find(text, &uid, reterr) != -ENOENT;
}

/* Adds SESSION, which WORD means by its id or name; SHOWN is the word as given. */
static void take_session(struct recipients *recipients, const struct logoff_session *session, struct word word,
			 const char *shown)
{
	struct logoff_error cause = {};

	if (word.kind == WORD_ANY && is_ambiguous(recipients, session, word.text, &cause))
		note_status(recipients, report_ambiguous(shown, word.text, session, &cause));
	else
		add_recipient(recipients, word_is_id, logoff_session_id(session));
}

static void tell_nobody(struct recipients *recipients, struct word word, const char *shown)
{
	if (recipients->incomplete)
		note_status(recipients, report_unknown_recipient(shown, word.text, recipients->scope));
	else if (word.kind != WORD_ID && word.kind != WORD_NAME &&
		 count_recipients(recipients, fits_user_gone, word.text) > 0)
		note_status(recipients, report_user_left(shown, word.text));
	else if (recipients->host && logoff_host_hides_processes(recipients->host))
		note_status(recipients, report_unseen(shown, word.text));
	else
		note_status(recipients, report_nobody(shown, word.text, false));
}

/*
 * What a host is asked for a word that is no id and no name, judged by the list of far hosts. Returns as word_find().
 * A number is taken only from a list of all sessions: another session may have it as its id.
 */
static int judge_word(const struct recipients *recipients, struct word word, const struct logoff_session **ret_session,
		      struct logoff_error *reterr)
{
	const struct logoff_session *session = find_word(recipients, word_is_name, word.text);
	int r = LOGOFF_E_NO_SESSION;
	size_t i;

	if (word.kind != WORD_NAME && !recipients->incomplete)
		r = word_find_number(recipients->all, recipients->n_all, recipients->scope, word.text, &i, reterr);
	if (r == LOGOFF_OK)
		*ret_session = recipients->all[i];
	if (r != LOGOFF_E_NO_SESSION)
		return r;
	if (word.kind == WORD_ID || !session)
		return LOGOFF_E_NO_SESSION;
	if (count_recipients(recipients, fits_name, word.text) > 1)
		return LOGOFF_E_NOT_UNIQUE;
	snprintf(reterr->text, sizeof(reterr->text), "%s", logoff_session_id(session));
	return LOGOFF_E_NOT_ACTIVE;
}

/* A list may lack a session that exists, so a word not found in it is looked up; so is a number, which may be an id. */
static void look_up(struct recipients *recipients, struct word word, const char *shown)
{
	struct logoff_session *session = NULL, **grown;
	const struct logoff_session *known = NULL;
	struct logoff_error error = {};
	int r = LOGOFF_E_NO_SESSION;

	if (word.kind != WORD_USER)
		r = recipients->host ? word_find(recipients->host, word, &session, &error)
				     : judge_word(recipients, word, &known, &error);
	if (r < 0) {
		if (r == LOGOFF_E_NO_SESSION)
			tell_nobody(recipients, word, shown);
		else
			note_status(recipients, report_not_found(shown, word.text, r, &error));
		return;
	}
	if (session)
		known = find_word(recipients, word_is_id, logoff_session_id(session));
	if (known) {
		logoff_session_free(session);
		return take_session(recipients, known, word, shown);
	}
	grown = reallocarray(recipients->all, recipients->n_all + 1, sizeof(struct logoff_session *));
	if (!grown) {
		logoff_session_free(session);
		return note_status(recipients, report_host(arg_server, LOGOFF_E_NO_MEMORY, &error));
	}
	recipients->all = grown;
	grown[recipients->n_all++] = session;
	take_session(recipients, session, word, shown);
}

/* WORD stands without one of the hosts: it is a user of any of them. */
static void add_user(struct recipients *recipients, struct word word, const char *shown)
{
	const struct logoff_session *session = NULL;

	if (word.kind == WORD_ANY)
		session = find_word(recipients, word_is_id, word.text);
	if (word.kind == WORD_ANY && !session)
		session = find_word(recipients, fits_name, word.text);
	if (session)
		note_status(recipients, report_needs_host(shown, word.text, fact_host(session, "")));
	else if (count_recipients(recipients, fits_user, word.text) > 0)
		add_recipient(recipients, fits_user, word.text);
	else
		tell_nobody(recipients, word, shown);
}

void recipients_add(struct recipients *recipients, const char *text, const char *shown)
{
	struct word word = word_parse(text);
	bool by_id = word.kind == WORD_ANY || word.kind == WORD_ID,
	     by_name = word.kind == WORD_ANY || word.kind == WORD_NAME;
	bool by_user = word.kind == WORD_ANY || word.kind == WORD_USER;
	size_t n_names = by_name ? count_recipients(recipients, fits_name, word.text) : 0;

	if (!recipients->host && !recipients->scope)
		add_user(recipients, word, shown);
	else if (by_id && count_recipients(recipients, word_is_id, word.text) == 1)
		take_session(recipients, find_word(recipients, word_is_id, word.text), word, shown);
	else if (n_names == 1)
		take_session(recipients, find_word(recipients, fits_name, word.text), word, shown);
	else if (by_id && count_recipients(recipients, word_is_number, word.text) > 0)
		look_up(recipients, word, shown);
	else if (by_user && n_names == 0 && count_recipients(recipients, fits_user, word.text) > 0)
		add_recipient(recipients, fits_user, word.text);
	else
		look_up(recipients, word, shown);
}

enum exit_status recipients_read(struct names *names, const char *path, names_behind_host_func behind_host,
				 void *userdata)
{
	int r = names_read(names, path, behind_host, userdata);

	if (r < 0)
		return report_file(path, r, names->wrong_line);
	if (names->n_items > 0)
		return EXIT_ENDED;
	fprintf(stderr, _("%s: the list %s is empty\n"), program().text, safe(path).text);
	return stream_failure(EXIT_NO_SESSION, "list-empty", path, NULL);
}

static void add_file(struct recipients *recipients, const char *path)
{
	struct names names;
	enum exit_status status = recipients_read(&names, path, NULL, NULL);

	note_status(recipients, status);
	for (size_t i = 0; status == EXIT_ENDED && i < names.n_items; i++)
		recipients_add(recipients, names.items[i].text, report_line(path, &names.items[i]).text);
	names_done(&names);
}

void recipients_add_all(struct recipients *recipients, bool talkative)
{
	bool hidden;

	add_recipient(recipients, fits_all, NULL);
	for (size_t i = recipients->n_recipients; talkative && i < recipients->n_all; i++)
		delivery_report_left_out(recipients->all[i]);
	hidden = recipients->host && logoff_host_hides_processes(recipients->host);
	if (recipients->n_recipients > 0 && hidden) {
		report_hidden_logins();
	} else if (recipients->n_recipients == 0 && recipients->incomplete) {
		note_status(recipients, report_unknown_recipient("*", "*", recipients->scope));
	} else if (recipients->n_recipients == 0 && hidden) {
		note_status(recipients, report_unseen("*", "*"));
	} else if (recipients->n_recipients == 0) {
		fprintf(stderr, _("%s: nobody is logged on\n"), program().text);
		note_status(recipients, stream_failure(EXIT_NO_SESSION, "nobody-logged-on", NULL, NULL));
	}
}

void recipients_find(struct recipients *recipients, struct logoff_host *host, const char *word, bool talkative)
{
	struct logoff_error error = {};
	int r;

	*recipients = (struct recipients){ .host = host };
	r = logoff_host_list(host, &recipients->all, &recipients->n_all, &error);
	if (r < 0)
		note_status(recipients, report_host(arg_server, r, &error));
	else if (strcmp(word, "*") == 0)
		recipients_add_all(recipients, talkative);
	else if (word[0] == '@')
		add_file(recipients, word + 1);
	else
		recipients_add(recipients, word, word);
}

void recipients_done(struct recipients *recipients)
{
	if (recipients->host)
		logoff_session_list_free(recipients->all, recipients->n_all);
	else
		free(recipients->all);
	*recipients = (struct recipients){};
}
