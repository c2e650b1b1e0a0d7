/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * change-show.c - see change.h.
 */
#include "drain/change.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/logon.h"
#include "cli/printable.h"
#include "cli/report.h"
#include "cli/sessions.h"
#include "cli/when.h"
#include "logoff.h"

/* ---- what is known ---- */

int change_report_unknown(const char *path, int r)
{
	if (r == -EBADMSG)
		fprintf(stderr, _("%s: whether logons are refused is unknown: %s is not valid\n"),
			program().text, path);
	else
		fprintf(stderr, _("%s: whether logons are refused is unknown: %s: %s\n"), program().text, path,
			strerror(-r));
	return EXIT_UNREACHABLE;
}

void change_show_mode(const struct drain_state *state)
{
	switch (state->mode) {
	case DRAIN_ENABLED:
		puts(_("New logons are accepted."));
		return;
	case DRAIN_NEW:
		puts(_("New sessions are refused. Users may reconnect to those that they have."));
		break;
	case DRAIN_ALL:
		puts(_("New sessions are refused. Users may not reconnect to those that they have."));
		break;
	}
	puts(state->lasting ? _("This remains after a restart.") : _("This ends at the next restart."));
}

static void print_text(const char *text)
{
	puts(_("Users are shown:"));
	while (*text) {
		size_t n = strcspn(text, "\n");
		char line[DRAIN_TEXT_SIZE];

		snprintf(line, sizeof(line), "%.*s", (int)n, text);
		printf("  %s\n", safe(line).text);
		text += n + (text[n] == '\n');
	}
}

void change_show_details(const struct drain_state *state)
{
	struct safe when = when_plain(state->since_s * 1000000);

	if (*state->by)
		printf(_("Since %s, by %s.\n"), when.text, safe(state->by).text);
	else
		printf(_("Since %s.\n"), when.text);
	if (*state->text)
		print_text(state->text);
}

int change_show_nologin(int root)
{
	static const char *const paths[] = { "/run/nologin", "/etc/nologin" };
	int status = EXIT_ENDED;

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		if (faccessat(root, paths[i] + 1, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			printf(_("%s exists: services that look at it let only root in.\n"), paths[i]);
		else if (errno != ENOENT)
			status = change_report_unknown(paths[i], -errno);
	}
	return status;
}

int change_show_left(void)
{
	struct logoff_error error = {};
	struct logoff_session **sessions;
	struct logoff_host *host;
	size_t n, n_left = 0;
	int r, status = logon_open(&host, NULL);

	if (status != EXIT_ENDED)
		return status;
	r = logoff_host_list(host, &sessions, &n, &error);
	for (size_t i = 0; r >= 0 && i < n; i++)
		n_left += session_is_person(sessions[i]) && !logoff_session_is(sessions[i], LOGOFF_IS_CURRENT) &&
			  !logoff_session_is(sessions[i], LOGOFF_IS_OWN);
	if (r < 0) {
		status = report_host(NULL, r, &error);
	} else {
		logoff_session_list_free(sessions, n);
		if (n_left > 0)
			printf(ngettext("Draining: %zu session is left.\n", "Draining: %zu sessions are left.\n",
					n_left), n_left);
		else if (logoff_host_hides_processes(host))
			puts(_("Draining: no session is left of those that can be seen."));
		else
			puts(_("Drained: no session is left."));
	}
	logoff_host_close(host);
	return status;
}

/* ---- proof ---- */

static void report_proof(const char *service, enum drain_proof proof, void *data)
{
	int *status = data;

	switch (proof) {
	case DRAIN_PROVED:
		return;
	case DRAIN_DISPROVED:
		fprintf(stderr, _("%s: logons through %s are not refused (PAM is not set up)\n"), program().text,
			safe(service).text);
		*status = EXIT_UNREACHABLE;
		return;
	case DRAIN_UNPROVED:
		fprintf(stderr, _("%s: whether logons through %s are refused is unknown\n"), program().text,
			safe(service).text);
		*status = EXIT_UNREACHABLE;
	}
}

int change_prove(int root, const struct drain_state *state)
{
	int status = EXIT_ENDED, r = drain_check_conf(root);

	if (r < 0)
		return change_report_unknown(DRAIN_CONF, r);
	(void)fflush(NULL);
	r = drain_prove(root, state, report_proof, &status);
	if (r > 0)
		return status;
	if (r == 0)
		fprintf(stderr, _("%s: whether logons are refused is unknown: PAM has no service for sessions\n"),
			program().text);
	else
		fprintf(stderr, _("%s: whether logons are refused is unknown: PAM cannot be asked: %s\n"),
			program().text, strerror(-r));
	return EXIT_UNREACHABLE;
}
