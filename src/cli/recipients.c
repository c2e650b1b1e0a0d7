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
#include "cli/names.h"
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

static size_t count_recipients(const struct recipients *recipients, fits_func fits, const char *word)
{
	size_t n = 0;

	for (size_t i = 0; i < recipients->n_all; i++)
		n += fits(recipients->all[i], word);
	return n;
}

/* Moves the sessions that fit to the end of the recipients. All others keep their order. */
static void add_recipient(struct recipients *recipients, fits_func fits, const char *word)
{
	for (size_t i = recipients->n_recipients; i < recipients->n_all; i++) {
		struct logoff_session *session = recipients->all[i];

		if (!fits(session, word))
			continue;
		memmove(&recipients->all[recipients->n_recipients + 1], &recipients->all[recipients->n_recipients],
			(i - recipients->n_recipients) * sizeof(struct logoff_session *));
		recipients->all[recipients->n_recipients++] = session;
	}
}

static const struct logoff_session *find_word(const struct recipients *recipients, fits_func fits, const char *word)
{
	for (size_t i = 0; i < recipients->n_all; i++)
		if (fits(recipients->all[i], word))
			return recipients->all[i];
	return NULL;
}

/* Tells whether TEXT, by which SESSION was found, may mean another user: any user that exists, logged on or not. */
static bool is_ambiguous(const struct recipients *recipients, const struct logoff_session *session, const char *text,
			 int *ret_r)
{
	uid_t uid;

	*ret_r = 0;
	if (!word_may_be_user(text))
		return false;
	for (size_t i = 0; i < recipients->n_all; i++)
		if (recipients->all[i] != session && account_is(recipients->all[i], text))
			return true;
	if (account_is_foreign(session) || account_is(session, text))
		return false;
	*ret_r = account_find(text, &uid);
	return *ret_r != -ENOENT;
}

/* Adds SESSION, which WORD means by its id or name; SHOWN is the word as given. */
static void take_session(struct recipients *recipients, const struct logoff_session *session, struct word word,
			 const char *shown)
{
	int r;

	if (word.kind == WORD_ANY && is_ambiguous(recipients, session, word.text, &r))
		note_status(recipients, report_ambiguous(shown, word.text, session, r));
	else
		add_recipient(recipients, word_is_id, logoff_session_id(session));
}

static void tell_nobody(struct recipients *recipients, struct word word, const char *shown)
{
	if (word.kind != WORD_ID && word.kind != WORD_NAME &&
	    count_recipients(recipients, fits_user_gone, word.text) > 0)
		note_status(recipients, report_user_left(shown, word.text));
	else
		note_status(recipients, report_nobody(shown, word.text, false));
}

/* A list may lack a session that exists, so a word not found in it is looked up. */
static void look_up(struct recipients *recipients, struct word word, const char *shown)
{
	struct logoff_session *session = NULL, **grown;
	struct logoff_error error = {};
	int r = word.kind == WORD_USER ? LOGOFF_E_NO_SESSION : word_find(recipients->host, word, &session, &error);

	if (r < 0) {
		if (r == LOGOFF_E_NO_SESSION)
			tell_nobody(recipients, word, shown);
		else
			note_status(recipients, report_not_found(shown, word.text, r, &error));
		return;
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

static void take_word(struct recipients *recipients, const char *text, const char *shown)
{
	struct word word = word_parse(text);
	bool by_id = word.kind == WORD_ANY || word.kind == WORD_ID,
	     by_name = word.kind == WORD_ANY || word.kind == WORD_NAME;
	bool by_user = word.kind == WORD_ANY || word.kind == WORD_USER;
	size_t n_names = by_name ? count_recipients(recipients, fits_name, word.text) : 0;

	if (by_id && count_recipients(recipients, word_is_id, word.text) == 1)
		take_session(recipients, find_word(recipients, word_is_id, word.text), word, shown);
	else if (n_names == 1)
		take_session(recipients, find_word(recipients, fits_name, word.text), word, shown);
	else if (by_user && n_names == 0 && count_recipients(recipients, fits_user, word.text) > 0)
		add_recipient(recipients, fits_user, word.text);
	else
		look_up(recipients, word, shown);
}

static void take_file(struct recipients *recipients, const char *path)
{
	struct names names;
	int r = names_read(&names, path);

	if (r < 0)
		note_status(recipients, report_file(path, r, names.wrong_line));
	if (r >= 0 && names.n_items == 0) {
		fprintf(stderr, _("%s: the list %s is empty\n"), program().text, safe(path).text);
		note_status(recipients, stream_failure(EXIT_NO_SESSION, "list-empty", path, NULL));
	}
	for (size_t i = 0; r >= 0 && i < names.n_items; i++)
		take_word(recipients, names.items[i].text, report_line(path, &names.items[i]).text);
	names_done(&names);
}

static void take_all(struct recipients *recipients, bool talkative)
{
	add_recipient(recipients, fits_all, NULL);
	for (size_t i = recipients->n_recipients; talkative && i < recipients->n_all; i++)
		delivery_report_left_out(recipients->all[i]);
	if (recipients->n_recipients == 0) {
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
		take_all(recipients, talkative);
	else if (word[0] == '@')
		take_file(recipients, word + 1);
	else
		take_word(recipients, word, word);
}

void recipients_done(struct recipients *recipients)
{
	logoff_session_list_free(recipients->all, recipients->n_all);
	*recipients = (struct recipients){};
}
