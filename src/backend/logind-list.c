/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * logind-list.c - all sessions of logind's.
 *
 * A thousand GetAll take 90 ms, and more than some hundred at once get errors. A full list therefore asks D-Bus which sessions
 * there are, and reads what they are from the file that logind keeps for each in /run/systemd/sessions and writes at every
 * change. A session whose file is missing, or does not say what we know how to read, is asked for by D-Bus, and so is every
 * graphical session: only there logind tells idleness.
 *
 * One that is wanted by name is looked for by hints first: the login records, and those files. A hint that leads nowhere, or to an
 * error, fails nothing: a list of all sessions follows, and says what is wrong. The session that a hint leads to is read by D-Bus.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "backend/here.h"
#include "backend/logind-read.h"
#include "base/error.h"
#include "local/file.h"

#define SESSION_FILES "/run/systemd/sessions"
#define FAR_SESSIONS_MAX 65536

/* A list under way: paths of sessions are read at most MAX_CALLS at a time. */
struct listing {
	struct logoff_host *host;
	struct session_list *list;
	unsigned n_calls;
	int r;
	struct logoff_error *reterr;
};

static int add_listed(struct listing *listing, struct logoff_session *session)
{
	if (of(session)->not_a_session) {
		logoff_session_free(session);
		return 0;
	}
	return session_list_add(listing->list, session);
}

/* The first failure is what the list fails with. That a session has ended meanwhile is none. */
static void note_failure(struct listing *listing, int r, const struct logoff_error *error)
{
	if (r == -ENXIO || listing->r < 0)
		return;
	listing->r = r;
	if (listing->reterr)
		*listing->reterr = *error;
}

/* The answer of GetAll for one session of a listing. */
static int on_listed(sd_bus_message *answer, void *userdata, sd_bus_error *unused)
{
	struct listing *listing = userdata;
	const sd_bus_error *failure = sd_bus_message_get_error(answer);
	struct logoff_error error = { 0 };
	struct logoff_session *session = NULL;
	int r;

	(void)unused;
	listing->n_calls--;
	if (failure)
		r = logind_error(failure, 0, &error);
	else
		r = logind_session_from_answer(listing->host, answer, &session, &error);
	if (r >= 0 && session)
		r = add_listed(listing, session);
	if (r < 0)
		note_failure(listing, r, &error);
	return 0;
}

/*
 * Takes messages in until at most N calls of the listing are under way. That sd_bus_process() had nothing to do does not
 * say that nothing has come: it also returns 0 for a call that has timed out, and after the last one no wait would end.
 */
static int drain_calls(struct listing *listing, unsigned n)
{
	struct logind *logind = listing->host->data;
	int r;

	while (listing->n_calls > n) {
		r = sd_bus_process(logind->bus, NULL);
		if (r == 0 && listing->n_calls > n)
			r = sd_bus_wait(logind->bus, UINT64_MAX);	/* each call has its own time-out */
		if (r < 0 && r != -EINTR)
			return logind_error(NULL, r, listing->reterr);
	}
	return 0;
}

static int ask_session(struct listing *listing, const char *path)
{
	struct logind *logind = listing->host->data;
	sd_bus_message *call = NULL;
	int r;

	r = logind_new_call(listing->host, &call, path, "org.freedesktop.DBus.Properties", "GetAll");
	if (r >= 0)
		r = sd_bus_message_append(call, "s", SESSION);
	if (r >= 0)
		r = sd_bus_call_async(logind->bus, NULL, call, on_listed, listing, 0);
	sd_bus_message_unref(call);
	if (r < 0)
		return logind_error(NULL, r, listing->reterr);
	listing->n_calls++;
	return drain_calls(listing, MAX_CALLS - 1);
}

/* Opens the folder in which logind of this machine keeps a file for each session. Returns a descriptor or -1. */
static int open_files(const struct logoff_host *host)
{
	return host->far ? -1 : open(SESSION_FILES, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* Reads the file that logind keeps for session ID. Returns false if there is none, or it is longer than any we know. */
static bool read_session_file(int folder, const char *id, char text[static LOGIND_FILE_MAX])
{
	/* An id is a name in that folder, whoever says it. */
	ssize_t n = strchr(id, '/') ? -1 : file_read(folder, id, O_NOFOLLOW, text, LOGIND_FILE_MAX);

	return n > 0 && n < LOGIND_FILE_MAX - 1 && strlen(text) == (size_t)n;
}

/* Adds one session of the answer of ListSessions, by its file if that says enough, else by D-Bus. */
static int list_row(struct listing *listing, int folder, const struct logind_properties *row, const char *path)
{
	struct logind_properties p = *row;
	struct logoff_session *session;
	char text[LOGIND_FILE_MAX];
	int r;

	if (folder < 0 || !read_session_file(folder, row->id, text) || !session_file_parse(text, &p))
		return ask_session(listing, path);
	r = logind_session_from(listing->host, &p, &session);
	return r < 0 ? r : add_listed(listing, session);
}

/* Another machine may tell of any number of sessions, and each of them is kept. */
static int check_number(const struct logoff_host *host, sd_bus_message *answer)
{
	size_t n = 0;
	int r = host->far ? sd_bus_message_enter_container(answer, 'a', "(susso)") : 0;

	while (host->far && r >= 0 && n <= FAR_SESSIONS_MAX && (r = sd_bus_message_skip(answer, "(susso)")) > 0)
		n++;
	if (r < 0 || n > FAR_SESSIONS_MAX)
		return -EBADMSG;
	return sd_bus_message_rewind(answer, true);
}

static int list_rows(struct listing *listing, sd_bus_message *answer)
{
	int folder = open_files(listing->host);
	struct logind_properties row = {};
	const char *path;
	int r;

	r = check_number(listing->host, answer);
	if (r >= 0)
		r = sd_bus_message_enter_container(answer, 'a', "(susso)");
	while (r >= 0 &&
	       (r = sd_bus_message_read(answer, "(susso)", &row.id, &row.uid, &row.user, &row.seat, &path)) > 0) {
		r = list_row(listing, folder, &row, path);
		if (r < 0 || listing->r < 0)	/* or thousands that are never answered would each be waited for */
			break;
	}
	if (folder >= 0)
		close(folder);
	return r == -EBADMSG || r == -ENXIO ? logind_bad_answer(r, "ListSessions", listing->reterr) : r;
}

int logind_list_all(struct logoff_host *host, struct session_list *list, struct logoff_error *reterr)
{
	struct listing listing = { .host = host, .list = list, .reterr = reterr };
	sd_bus_message *call = NULL, *answer = NULL;
	int r, left;

	r = logind_new_call(host, &call, LOGIN1_PATH, MANAGER, "ListSessions");
	r = logind_call(host, call, r, &answer, reterr);
	if (r >= 0)
		r = list_rows(&listing, answer);
	if (r == -ENXIO)	/* if no session exists, the list is empty */
		r = -EPROTO;
	if (listing.r >= 0)	/* a later answer is not the first failure, and leaves its text */
		listing.r = r;
	left = drain_calls(&listing, 0);	/* also after a failure: the answers hold a pointer to LISTING */
	sd_bus_message_unref(answer);
	r = r < 0 ? r : left < 0 ? left : listing.r;
	return r < 0 ? r : logind_name_all(host, list);
}

/* ---- those that may bear a name ---- */

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
	int folder = open_files(host), r = 0;
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
		if (strchr(entry->d_name, '.') || !read_session_file(folder, entry->d_name, text) ||
		    !session_file_might_be(text, name))
			continue;
		r = logind_get_by_call(host, &session, NULL, "GetSession", "s", entry->d_name);
		r = add_candidate(list, session, r);
	}
	closedir(files);
	return r;
}

static int list_candidates(struct logoff_host *host, const char *name, struct session_list *list)
{
	int r = host->far ? 0 : candidates_from_logins(host, name, list);

	return r < 0 ? r : candidates_from_files(host, name, list);
}

/* One answer, of a line for each user; what it does not say in so many words is "maybe". */
bool logind_may_have_user(struct logoff_host *host, const char *name)
{
	sd_bus_message *call = NULL, *answer = NULL;
	const char *user, *path;
	bool found = false;
	uint32_t uid;
	int r;

	r = logind_new_call(host, &call, LOGIN1_PATH, MANAGER, "ListUsers");
	r = logind_call(host, call, r, &answer, NULL);
	if (r >= 0)
		r = sd_bus_message_enter_container(answer, 'a', "(uso)");
	while (r >= 0 && !found && (r = sd_bus_message_read(answer, "(uso)", &uid, &user, &path)) > 0)
		found = strcmp(user, name) == 0;
	sd_bus_message_unref(answer);
	return found || r < 0;
}

int logind_list(struct logoff_host *host, const char *name, struct session_list *list, struct logoff_error *reterr)
{
	int r;

	here_refresh(host);
	/* Asked before the answers of a list are under way. */
	r = logind_find_own(host, reterr);
	if (r < 0)
		return r;
	(void)logind_has_our_numbers(host);
	if (!name)
		return logind_list_all(host, list, reterr);
	return list_candidates(host, name, list);
}
