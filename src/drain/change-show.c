/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * change-show.c - see change.h.
 */
#include "drain/change.h"

#include <errno.h>
#include <string.h>

#include "base/libc.h"
#include "cli/farm.h"
#include "cli/json.h"
#include "cli/report.h"
#include "cli/stream.h"
#include "cli/when.h"

/* ---- what is known ---- */

static void write_mode(FILE *to, const struct drain_state *state)
{
	switch (state->mode) {
	case DRAIN_ENABLED:
		fputs(_("New logons are accepted.\n"), to);
		return;
	case DRAIN_NEW:
		fputs(_("New sessions are refused. Users may reconnect to those that they have.\n"), to);
		break;
	case DRAIN_ALL:
		fputs(_("New sessions are refused. Users may not reconnect to those that they have.\n"), to);
		break;
	}
	fputs(state->lasting ? _("This remains after a restart.\n") : _("This ends at the next restart.\n"), to);
}

static void write_text(FILE *to, const char *text)
{
	fputs(_("Users are shown:\n"), to);
	while (*text) {
		size_t n = strcspn(text, "\n");
		char line[DRAIN_TEXT_SIZE];

		snprintf(line, sizeof(line), "%.*s", (int)n, text);
		fprintf(to, "  %s\n", safe(line).text);
		text += n + (text[n] == '\n');
	}
}

static void write_details(FILE *to, const struct drain_state *state)
{
	struct safe when = when_plain(state->since_s * 1000000);

	if (*state->by)
		fprintf(to, _("Since %s, by %s.\n"), when.text, safe(state->by).text);
	else
		fprintf(to, _("Since %s.\n"), when.text);
	if (*state->text)
		write_text(to, state->text);
}

static void write_left(FILE *to, const struct drain_answer *answer)
{
	size_t n = answer->n_left;

	if (n > 0)
		fprintf(to, ngettext("Draining: %zu session is left.\n", "Draining: %zu sessions are left.\n", n), n);
	else if (answer->hides_logins)
		fputs(_("Draining: no session is left of those that can be seen.\n"), to);
	else
		fputs(_("Drained: no session is left.\n"), to);
}

void change_write(FILE *to, const struct drain_answer *answer, bool all)
{
	if (answer->known)
		write_mode(to, &answer->state);
	if (answer->known && answer->state.mode != DRAIN_ENABLED && all)
		write_details(to, &answer->state);
	if (answer->counted && all)
		write_left(to, answer);
	for (size_t i = 0; i < DRAIN_NOLOGIN_FILES; i++)
		if (answer->nologin[i])
			fprintf(to, _("%s exists: services that look at it let only root in.\n"),
				drain_nologin_files[i]);
}

/* ---- what is not ---- */

struct safe change_service(const struct drain_service *service)
{
	if (service->proof == DRAIN_PROVED)
		return (struct safe){};
	return server_farm_say_service(service->name, service->proof == DRAIN_DISPROVED ? SELECT_NO : SELECT_UNKNOWN);
}

/* The words of this machine for an error that all Linux machines number alike. */
static struct safe find_words(const struct logoff_error *cause)
{
	const char *name = cause->domain == LOGOFF_ERROR_ERRNO ? strerrorname_np((int)cause->number) : NULL;

	return safe(name && strcmp(name, cause->name) == 0 ? strerror((int)cause->number) : cause->text);
}

struct safe change_trouble(const char *kind, const char *object, const struct logoff_error *cause)
{
	struct safe out = {}, what = safe(object), why = find_words(cause);
	size_t size = sizeof(out.text);

	/* By the rights of files; a session manager that denies something has a cause. */
	if (strcmp(kind, "denied") == 0 && cause->domain == LOGOFF_ERROR_NONE)
		snprintf(out.text, size, "%s", _("only root can change whether logons are accepted"));
	else if (strcmp(kind, "drain-not-written") == 0 && object)
		snprintf(out.text, size, _("%.200s cannot be changed: %.200s"), what.text, why.text);
	else if (strcmp(kind, "drain-unknown") == 0 && object && strcmp(cause->name, "EBADMSG") == 0)
		snprintf(out.text, size, _("whether logons are refused is unknown: %.200s is not valid"), what.text);
	else if (strcmp(kind, "drain-unknown") == 0 && object)
		snprintf(out.text, size, _("whether logons are refused is unknown: %.200s: %.200s"), what.text,
			 why.text);
	else if (strcmp(kind, "drain-unproved") == 0 && cause->domain == LOGOFF_ERROR_NONE)
		snprintf(out.text, size, "%s",
			 _("whether logons are refused is unknown: PAM has no service for sessions"));
	else if (strcmp(kind, "drain-unproved") == 0)
		snprintf(out.text, size, _("whether logons are refused is unknown: PAM cannot be asked: %.200s"),
			 why.text);
	else if (strcmp(kind, "caller-refused") == 0 && object)
		snprintf(out.text, size, "%.200s: %.200s", what.text, server_farm_sentence(kind));
	else
		snprintf(out.text, size, "%.150s%s%.150s%.150s", what.text, object ? _(": ") : "",
			 server_farm_sentence(kind), report_cause(cause).text);
	return out;
}

/* ---- for programs ---- */

void change_stream(const char *host, const struct drain_answer *answer, int status)
{
	json_t *row, *fields;

	if (!arg_json)
		return;
	row = json_pack("{s:o}", "host", to_json_host(host));
	fields = drain_answer_to_json(answer);
	if (json_object_update(row, fields) < 0 || json_object_set_new(row, "exit_status", json_integer(status)) < 0) {
		json_decref(row);
		row = NULL;
	}
	json_decref(fields);
	stream_row("logon", row);
}
