/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * logind-candidates.c - which sessions are worth asking for when one is wanted by name, on a host with many.
 *
 * The login records and the files that logind keeps for its sessions are hints. A hint that leads nowhere, or to an error, fails
 * nothing: a list of all sessions follows, and says what is wrong. The session that a hint leads to is read by D-Bus.
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "backend/logind-read.h"

static bool is_listed(const struct session_list *list, const char *id)
{
	for (size_t i = 0; i < list->n_items; i++)
		if (strcmp(list->items[i]->id, id) == 0)
			return true;
	return false;
}

/* Adds the session that a hint led to; R: what came of asking for it. */
static int add_candidate(struct session_list *list, struct logoff_session *session, int r)
{
	if (r < 0)
		return r == -ENOMEM ? r : 0;
	if (is_listed(list, session->id) || of(session)->not_a_session) {
		logoff_session_free(session);
		return 0;
	}
	return session_list_add(list, session);
}

/* Tells whether hints are worth following: logind answers. */
static bool is_answering(const struct logoff_host *host)
{
	return !((const struct logind *)host->data)->silent;
}

/* The sessions whose login record is on terminal NAME: where logind itself learns the terminals of ssh sessions. */
static int candidates_from_logins(struct logoff_host *host, const char *name, struct session_list *list)
{
	struct logoff_session *session = NULL;
	struct proc_login *logins = NULL;
	size_t n_logins = 0;
	int r = 0;

	if (proc_read_logins(&logins, &n_logins) < 0)
		return 0;
	for (size_t i = 0; r >= 0 && i < n_logins && is_answering(host); i++) {
		if (strcasecmp(logins[i].line, name) != 0)
			continue;
		r = logind_get_by_call(host, &session, NULL, "GetSessionByPID", "u", (uint32_t)logins[i].pid);
		r = add_candidate(list, session, r);
	}
	free(logins);
	return r;
}

/* The sessions whose file says that they might be called NAME. */
static int candidates_from_files(struct logoff_host *host, const char *name, struct session_list *list)
{
	int folder = logind_open_files(host), r = 0;
	DIR *files = folder < 0 ? NULL : fdopendir(folder);
	struct logoff_session *session = NULL;
	char text[LOGIND_FILE_MAX];
	struct dirent *entry;

	if (!files) {
		if (folder >= 0)
			close(folder);
		return 0;
	}
	while (r >= 0 && is_answering(host) && (entry = readdir(files))) {
		if (strchr(entry->d_name, '.') || !logind_read_file(folder, entry->d_name, text) ||
		    !session_file_might_be(text, name))
			continue;
		r = logind_get_by_call(host, &session, NULL, "GetSession", "s", entry->d_name);
		r = add_candidate(list, session, r);
	}
	closedir(files);
	return r;
}

int logind_list_candidates(struct logoff_host *host, const char *name, struct session_list *list)
{
	int r = host->far ? 0 : candidates_from_logins(host, name, list);

	return r < 0 ? r : candidates_from_files(host, name, list);
}
