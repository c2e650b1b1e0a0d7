/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * recipients.c - see recipients.h.
 *
 * The host is asked once for all its sessions, however many words there are; a word that fits none of them is looked
 * up once more by the library, which knows what to say of it.
 */
#include "cli/recipients.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "cli/account.h"
#include "cli/command.h"
#include "cli/delivery.h"
#include "cli/names.h"
#include "cli/text.h"

typedef bool (*fits_func)(const struct logoff_session *session, const char *word);

static void note(struct recipients *recipients, enum exit_status status)
{
	if (status > recipients->status)
		recipients->status = status;
}

static bool is_at_work(const struct logoff_session *session)
{
	return logoff_session_kind(session) == LOGOFF_KIND_USER && *logoff_session_user(session) &&
	       logoff_session_state(session) != LOGOFF_STATE_CLOSING;
}

static bool fits_id(const struct logoff_session *session, const char *word)
{
	return strcasecmp(logoff_session_id(session), word) == 0;
}

static bool fits_name(const struct logoff_session *session, const char *word)
{
	const char *name = logoff_session_name(session);

	return name && strcasecmp(name, strncmp(word, "/dev/", 5) == 0 ? word + 5 : word) == 0;
}

static bool fits_user(const struct logoff_session *session, const char *word)
{
	return is_at_work(session) && account_is(session, word);
}

static bool fits_all(const struct logoff_session *session, const char *word)
{
	(void)word;
	return is_at_work(session);
}

static size_t count(const struct recipients *recipients, fits_func fits, const char *word)
{
	size_t n = 0;

	for (size_t i = 0; i < recipients->n_all; i++)
		n += fits(recipients->all[i], word);
	return n;
}

/* Moves what fits to the end of the recipients; all others keep their order. */
static void take(struct recipients *recipients, fits_func fits, const char *word)
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

static void take_word(struct recipients *recipients, const char *word)
{
	struct logoff_error error = {};
	struct logoff_session *session = NULL;
	int r;

	if (count(recipients, fits_id, word) == 1) {
		take(recipients, fits_id, word);
	} else if (count(recipients, fits_name, word) == 1) {
		take(recipients, fits_name, word);
	} else if (count(recipients, fits_name, word) == 0 && count(recipients, fits_user, word) > 0) {
		take(recipients, fits_user, word);
	} else {
		r = logoff_host_find(recipients->host, word, &session, &error);
		if (r >= 0 || r == -ENXIO) {
			fprintf(stderr, _("%s: %s: no such session, and no such user is logged on\n"), program().text,
				safe(word).text);
			note(recipients, EXIT_NO_SESSION);
		} else {
			note(recipients, report_not_found(word, r, &error));
		}
		logoff_session_free(session);
	}
}

static void take_file(struct recipients *recipients, const char *path)
{
	struct names names;
	int r = names_read(&names, path);

	if (r < 0)
		note(recipients, report_file(path, r));
	for (size_t i = 0; r >= 0 && i < names.n_items; i++)
		take_word(recipients, names.items[i]);
	names_done(&names);
}

static void take_all(struct recipients *recipients, bool talkative)
{
	take(recipients, fits_all, NULL);
	for (size_t i = recipients->n_recipients; talkative && i < recipients->n_all; i++)
		delivery_report_left_out(recipients->all[i]);
	if (recipients->n_recipients == 0) {
		fprintf(stderr, _("%s: nobody is logged on\n"), program().text);
		note(recipients, EXIT_NO_SESSION);
	}
}

void recipients_find(struct recipients *recipients, struct logoff_host *host, const char *word, bool talkative)
{
	struct logoff_error error = {};
	int r;

	*recipients = (struct recipients){ .host = host };
	r = logoff_host_list(host, &recipients->all, &recipients->n_all, &error);
	if (r < 0)
		note(recipients, report_host(arg_server, r, &error));
	else if (strcmp(word, "*") == 0)
		take_all(recipients, talkative);
	else if (word[0] == '@')
		take_file(recipients, word + 1);
	else
		take_word(recipients, word);
}

void recipients_done(struct recipients *recipients)
{
	logoff_session_list_free(recipients->all, recipients->n_all);
	*recipients = (struct recipients){};
}
