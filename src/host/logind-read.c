/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * logind-read.c - what sessions logind has, and what they are.
 *
 * The truth about one session is what D-Bus says of it now. For many it would be slow: a thousand GetAll take 90 ms, and
 * more than some hundred at once get errors. A full list therefore takes which sessions there are from D-Bus, and what
 * they are from the file that logind keeps for each in /run/systemd/sessions and writes at every change. The terminal of
 * ssh sessions is not in the file; logind learns it from utmp, and so do we. A file that is missing, or does not say
 * what we know how to read, sends us back to D-Bus, and so does every graphical session: only there logind tells idleness.
 *
 * To log a session off, it is always read by D-Bus alone; the files only hint at which session may bear a name.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "host/logind.h"

#define SESSION_FILES "/run/systemd/sessions"

/* Longer than any file logind writes there; one of an ssh session has 330 bytes. */
#define FILE_MAX 2048

/* ---- reading a session ---- */

/* Makes the next question about clients look at the live system again. */
static void forget_displays(struct logind *logind)
{
	free(logind->displays);
	logind->displays = NULL;
	logind->n_displays = 0;
	logind->has_displays = false;
}

/* Tells whether an xrdp client is connected to display ":N". */
static bool has_client(struct logind *logind, const char *display)
{
	unsigned n = (unsigned)strtoul(display + 1, NULL, 10);

	if (!logind->has_displays) {
		logind->has_displays = true;
		/* Where the kernel will not say, no session is called connected. */
		(void)proc_read_xrdp_displays(&logind->displays, &logind->n_displays);
	}
	for (size_t i = 0; i < logind->n_displays; i++)
		if (logind->displays[i] == n)
			return true;
	return false;
}

/* The properties of a session, as read; the strings point into the message. */
struct properties {
	const char *id, *user, *tty, *display, *service, *scope, *type, *class, *state, *seat, *user_path, *remote_host;
	uint32_t uid, leader;
	uint64_t timestamp, idle_since;
	int idle_hint;
};

#define NO_TIMESTAMP UINT64_MAX

/* Which property goes where, and of which type it must be. */
static const struct {
	const char *name;
	const char *type;
	size_t first, second;
} property_table[] = {
	{ "Id", "s", offsetof(struct properties, id), 0 },
	{ "Name", "s", offsetof(struct properties, user), 0 },
	{ "TTY", "s", offsetof(struct properties, tty), 0 },
	{ "Display", "s", offsetof(struct properties, display), 0 },
	{ "Service", "s", offsetof(struct properties, service), 0 },
	{ "Scope", "s", offsetof(struct properties, scope), 0 },
	{ "Type", "s", offsetof(struct properties, type), 0 },
	{ "Class", "s", offsetof(struct properties, class), 0 },
	{ "State", "s", offsetof(struct properties, state), 0 },
	{ "RemoteHost", "s", offsetof(struct properties, remote_host), 0 },
	{ "IdleHint", "b", offsetof(struct properties, idle_hint), 0 },
	{ "IdleSinceHint", "t", offsetof(struct properties, idle_since), 0 },
	{ "Leader", "u", offsetof(struct properties, leader), 0 },
	{ "Timestamp", "t", offsetof(struct properties, timestamp), 0 },
	{ "User", "(uo)", offsetof(struct properties, uid), offsetof(struct properties, user_path) },
	{ "Seat", "(so)", offsetof(struct properties, seat), 0 },
};

static int read_property(sd_bus_message *m, const char *name, struct properties *p)
{
	const char *path = NULL;

	for (size_t i = 0; i < sizeof(property_table) / sizeof(property_table[0]); i++) {
		void *first = (char *)p + property_table[i].first, *second = (char *)p + property_table[i].second;

		if (strcmp(name, property_table[i].name) != 0)
			continue;
		if (property_table[i].type[0] != '(')
			return sd_bus_message_read(m, "v", property_table[i].type, first);
		return sd_bus_message_read(m, "v", property_table[i].type, first, property_table[i].second ? second : &path);
	}
	return sd_bus_message_skip(m, "v");
}

/* Reads the answer a{sv} of GetAll. */
static int read_properties(sd_bus_message *m, struct properties *p)
{
	const char *name;
	int r;

	r = sd_bus_message_enter_container(m, 'a', "{sv}");
	if (r < 0)
		return r;
	while ((r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
		r = sd_bus_message_read(m, "s", &name);
		if (r >= 0)
			r = read_property(m, name, p);
		if (r >= 0)
			r = sd_bus_message_exit_container(m);
		if (r < 0)
			return r;
	}
	return r;
}

static bool is_set(const char *text)
{
	return text && *text;
}

static bool is_xrdp(const struct properties *p)
{
	return is_set(p->service) && strncmp(p->service, "xrdp", 4) == 0 && is_set(p->display) && p->display[0] == ':';
}

/* The name the session bears while it is active. *ret is NULL if it has none. */
static int make_name(const struct properties *p, char **ret)
{
	const char *prefix = "", *name = NULL;

	*ret = NULL;
	if (is_set(p->seat)) {
		name = "console";
	} else if (is_xrdp(p)) {
		prefix = "rdp-tcp#";
		name = p->display + 1;
	} else if (is_set(p->tty)) {
		name = p->tty;
	} else if (is_set(p->display)) {
		name = p->display;
	}
	return name && asprintf(ret, "%s%s", prefix, name) < 0 ? -ENOMEM : 0;
}

static enum logoff_state make_state(struct logind *logind, const struct properties *p)
{
	if (strcmp(p->state, "closing") == 0)
		return LOGOFF_STATE_CLOSING;
	if (is_set(p->seat))	/* "online": another session of the seat is in front */
		return strcmp(p->state, "online") == 0 ? LOGOFF_STATE_DISCONNECTED : LOGOFF_STATE_ACTIVE;
	if (is_xrdp(p) && !has_client(logind, p->display))
		return LOGOFF_STATE_DISCONNECTED;
	return LOGOFF_STATE_ACTIVE;
}

static enum logoff_kind make_kind(const struct properties *p)
{
	if (is_set(p->class) && strcmp(p->class, "greeter") == 0)
		return LOGOFF_KIND_GREETER;
	return is_set(p->class) && strcmp(p->class, "background") == 0 ? LOGOFF_KIND_BACKGROUND : LOGOFF_KIND_USER;
}

static int copy(char **ret, const char *text)
{
	*ret = strdup(text);
	return *ret ? 0 : -ENOMEM;
}

/* The protocol by which the user came, by the PAM service that opened the session. */
static const char *make_protocol(const struct properties *p)
{
	static const struct {
		const char *service, *protocol;
	} protocols[] = {
		{ "sshd", "ssh" },     { "xrdp", "rdp" },      { "login", "local" }, { "gdm", "local" },
		{ "lightdm", "local" }, { "sddm", "local" },   { "xdm", "local" },   { "su", "su" },
		{ "runuser", "su" },   { "systemd-run", "su" },
	};

	if (!is_set(p->service))
		return NULL;
	for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++)
		if (strncmp(p->service, protocols[i].service, strlen(protocols[i].service)) == 0)
			return protocols[i].protocol;
	return p->service;
}

static int64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static bool is_graphical(const struct properties *p)
{
	return is_set(p->type) && (strcmp(p->type, "x11") == 0 || strcmp(p->type, "wayland") == 0);
}

/*
 * A terminal was last used when it was last read from. A desktop tells logind; one that has never told is not known to be
 * in use.
 */
static int64_t make_idle(const struct properties *p)
{
	char path[64];
	struct stat terminal;
	int64_t since = -1, now = now_us();

	if (is_set(p->tty)) {
		snprintf(path, sizeof(path), "/dev/%s", p->tty);
		if (stat(path, &terminal) == 0 && S_ISCHR(terminal.st_mode))
			since = (int64_t)terminal.st_atim.tv_sec * 1000000 + terminal.st_atim.tv_nsec / 1000;
	} else if (is_graphical(p) && p->idle_since > 0) {
		since = p->idle_hint ? (int64_t)p->idle_since : now;
	}
	return since < 0 ? -1 : since < now ? now - since : 0;
}

/* Copies TEXT if it says anything. */
static int copy_set(char **ret, const char *text)
{
	return is_set(text) ? copy(ret, text) : 0;
}

static int fill_texts(struct logoff_session *session, const struct properties *p)
{
	struct logind_session *data = of(session);
	int r;

	r = copy(&session->id, p->id);
	if (r >= 0)
		r = copy(&session->user, p->user);
	if (r >= 0)
		r = make_name(p, &session->name);
	if (r >= 0)
		r = copy_set(&session->protocol, make_protocol(p));
	if (r >= 0)
		r = copy_set(&session->address, p->remote_host);
	if (r >= 0)
		r = is_set(p->tty) ? session_add_terminal(session, p->tty) : 0;
	if (r >= 0)
		r = copy_set(&session->display, p->display);
	if (r >= 0)
		r = copy_set(&data->user_path, p->user_path);
	return r < 0 ? r : copy_set(&data->scope, p->scope);
}

/* Fills SESSION from what was read. */
static int fill(struct logoff_session *session, const struct properties *p)
{
	struct logind *logind = session->host->data;
	struct logind_session *data = session->data = calloc(1, sizeof(*data));

	if (!data)
		return -ENOMEM;
	session->uid = p->uid;
	session->state = make_state(logind, p);
	session->console = is_set(p->seat);
	session->kind = make_kind(p);
	session->logon = p->timestamp;
	session->logon_us = p->timestamp ? (int64_t)p->timestamp : -1;
	session->idle_us = make_idle(p);
	/* Not the X server of a Wayland session: it knows only what reaches the X windows in it. */
	session->ask_idle = session->idle_us < 0 && is_set(p->type) && strcmp(p->type, "x11") == 0;
	session->ask_client = is_xrdp(p) && session->state == LOGOFF_STATE_ACTIVE && geteuid() == 0;
	session->current = logind_own_id(logind) && strcmp(logind_own_id(logind), p->id) == 0;
	data->graphical = is_graphical(p);
	data->not_a_session = is_set(p->class) && strncmp(p->class, "manager", 7) == 0;
	return fill_texts(session, p);
}

/* Makes a session of what was read. */
static int session_from(struct logoff_host *host, const struct properties *p, struct logoff_session **ret_session)
{
	struct logoff_session *session;
	int r;

	r = session_new(&session, host);
	if (r < 0)
		return r;
	r = fill(session, p);
	if (r < 0) {
		logoff_session_free(session);
		return r;
	}
	*ret_session = session;
	return 0;
}

/* Makes a session from the answer of GetAll. */
static int session_from_answer(struct logoff_host *host, sd_bus_message *answer, struct logoff_session **ret_session,
			       struct logoff_error *reterr)
{
	struct properties p = { .timestamp = NO_TIMESTAMP };
	int r;

	r = read_properties(answer, &p);
	if (r < 0)
		return logind_bad_answer(r, "GetAll", reterr);
	/* Class and seat protect greeters and the console, the timestamp whoever gets the id next. */
	if (!is_set(p.id) || !p.user || !p.state || !p.user_path || !p.class || !p.seat || p.timestamp == NO_TIMESTAMP)
		return logind_bad_answer(-EBADMSG, "GetAll", reterr);
	return session_from(host, &p, ret_session);
}

static int get_by_path(struct logoff_host *host, const char *path, struct logoff_session **ret_session,
		       struct logoff_error *reterr)
{
	struct logind *logind = host->data;
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *answer = NULL;
	int r;

	logind_set_timeout(host);
	r = sd_bus_call_method(logind->bus, LOGIN1, path, "org.freedesktop.DBus.Properties", "GetAll", &error, &answer,
			       "s", SESSION);
	logind->silent = r == -ETIMEDOUT;
	if (r < 0)
		r = logind_error(&error, r, reterr);
	else
		r = session_from_answer(host, answer, ret_session, reterr);
	sd_bus_message_unref(answer);
	sd_bus_error_free(&error);
	return r;
}

/* Tells whether it is a session that does not exist: of another object (logind's own) that says nothing. */
static bool is_no_session(const sd_bus_error *error)
{
	return strcmp(error->name, LOGIN1 ".NoSuchSession") == 0 || strcmp(error->name, LOGIN1 ".NoSessionForPID") == 0;
}

/* Asks GetSession (or GetSessionByPID) for the object of a session and reads it. */
static int get_by_call(struct logoff_host *host, struct logoff_session **ret_session, struct logoff_error *reterr,
		       const char *method, const char *type, ...)
{
	struct logind *logind = host->data;
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *answer = NULL;
	const char *path;
	va_list arguments;
	int r;

	logind_set_timeout(host);
	va_start(arguments, type);
	r = sd_bus_call_methodv(logind->bus, LOGIN1, LOGIN1_PATH, MANAGER, method, &error, &answer, type, arguments);
	va_end(arguments);
	logind->silent = r == -ETIMEDOUT;
	if (r < 0) {
		r = logind_error(&error, r, reterr);
		if (r == -ENXIO && !is_no_session(&error))
			r = -EPROTO;
	} else {
		r = sd_bus_message_read(answer, "o", &path);
		r = r < 0 ? logind_bad_answer(r, method, reterr) : get_by_path(host, path, ret_session, reterr);
	}
	sd_bus_message_unref(answer);
	sd_bus_error_free(&error);
	return r;
}

static int get_by_id(struct logoff_host *host, const char *id, struct logoff_session **ret_session,
		     struct logoff_error *reterr)
{
	struct logoff_session *session = NULL;
	int r;

	r = get_by_call(host, &session, reterr, "GetSession", "s", id);
	if (r < 0)
		return r;
	if (strcmp(session->id, id) != 0) {	/* another one must never be ended in its place */
		logoff_session_free(session);
		return logind_bad_answer(-EBADMSG, "GetSession", reterr);
	}
	*ret_session = session;
	return 0;
}

/*
 * The session the caller runs in. Programs that a desktop starts as services of the user's manager (terminals of GNOME)
 * run in no session by cgroup; they belong to the user's graphical session if there is one.
 */
static int get_own(struct logoff_host *host, struct logoff_session **ret_session, struct logoff_error *reterr)
{
	const char *id = logind_own_id(host->data);
	struct logoff_session *session = NULL;
	int r;

	r = get_by_call(host, &session, reterr, "GetSession", "s", id ? id : "auto");
	if (r >= 0 && !id && !of(session)->graphical) {
		logoff_session_free(session);
		r = -ENXIO;
	}
	if (r == -ENXIO)
		return error_set_errno(reterr, -ESRCH, -ESRCH, "not in a session");
	if (r < 0)
		return r;
	*ret_session = session;
	return 0;
}

int logind_get(struct logoff_host *host, const char *id, struct logoff_session **ret_session,
		      struct logoff_error *reterr)
{
	struct logind *logind = host->data;
	struct logoff_session *session = NULL;
	int r;

	forget_displays(logind);
	r = id ? get_by_id(host, id, &session, reterr) : get_own(host, &session, reterr);
	if (r < 0)
		return r;
	if (of(session)->not_a_session) {
		logoff_session_free(session);
		return error_set_errno(reterr, -ENXIO, -ENXIO, "a service manager, not a session");
	}
	if (!id)
		session->current = true;
	*ret_session = session;
	return 0;
}

/* ---- listing ---- */

/* A list under way: paths of sessions are read at most MAX_CALLS at a time. */
struct listing {
	struct logoff_host *host;
	struct session_list *list;
	struct proc_login *logins;	/* by pid */
	size_t n_logins;
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

/* The answer of GetAll for one session of a listing. */
static int on_listed(sd_bus_message *answer, void *userdata, sd_bus_error *unused)
{
	struct listing *listing = userdata;
	const sd_bus_error *error = sd_bus_message_get_error(answer);
	struct logoff_session *session = NULL;
	int r;

	(void)unused;
	listing->n_calls--;
	if (error) {
		r = logind_error(error, 0, listing->reterr);
		listing->r = r == -ENXIO || listing->r < 0 ? listing->r : r;	/* it ended meanwhile: fine */
		return 0;
	}
	r = session_from_answer(listing->host, answer, &session, listing->reterr);
	if (r >= 0)
		r = add_listed(listing, session);
	if (r < 0 && listing->r >= 0)
		listing->r = r;
	return 0;
}

/*
 * Takes messages in until at most N calls of the listing are under way. That sd_bus_process() had nothing to do does not
 * say that nothing has come: it also returns 0 for a call that has timed out, and after the last one no wait would end.
 */
static int drain(struct listing *listing, unsigned n)
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

static int list_one(struct listing *listing, const char *path)
{
	struct logind *logind = listing->host->data;
	int r;

	r = sd_bus_call_method_async(logind->bus, NULL, LOGIN1, path, "org.freedesktop.DBus.Properties", "GetAll",
				     on_listed, listing, "s", SESSION);
	if (r < 0)
		return logind_error(NULL, r, listing->reterr);
	listing->n_calls++;
	return drain(listing, MAX_CALLS - 1);
}

/* Reads the file that logind keeps for session ID. Returns false if there is none, or it is longer than any we know. */
static bool read_file(int directory, const char *id, char text[static FILE_MAX])
{
	/* An id is a name in that folder, whoever says it. */
	int fd = strchr(id, '/') ? -1 : openat(directory, id, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, text, FILE_MAX - 1);
	close(fd);
	if (n <= 0 || n == FILE_MAX - 1)
		return false;
	text[n] = '\0';
	return true;
}

/* Which line of the file goes where. */
static const struct {
	const char *key;
	size_t text;
} file_table[] = {
	{ "TTY", offsetof(struct properties, tty) },	     { "DISPLAY", offsetof(struct properties, display) },
	{ "SERVICE", offsetof(struct properties, service) }, { "SCOPE", offsetof(struct properties, scope) },
	{ "TYPE", offsetof(struct properties, type) },	     { "CLASS", offsetof(struct properties, class) },
	{ "STATE", offsetof(struct properties, state) },     { "REMOTE_HOST", offsetof(struct properties, remote_host) },
};

static void read_line(char *line, struct properties *p)
{
	char *value = strchr(line, '=');

	if (!value)
		return;
	*value++ = '\0';
	for (size_t i = 0; i < sizeof(file_table) / sizeof(file_table[0]); i++)
		if (strcmp(line, file_table[i].key) == 0)
			*(const char **)((char *)p + file_table[i].text) = value;
	if (strcmp(line, "LEADER") == 0)
		p->leader = (uint32_t)strtoul(value, NULL, 10);
	else if (strcmp(line, "REALTIME") == 0)
		p->timestamp = strtoull(value, NULL, 10);
}

/*
 * Takes TEXT (which is cut up) for properties. Returns false if the file does not say all that is needed, escapes
 * something, or belongs to a graphical session.
 */
static bool read_lines(char *text, struct properties *p)
{
	if (strchr(text, '\\'))
		return false;
	for (char *line = strtok_r(text, "\n", &text); line; line = strtok_r(NULL, "\n", &text))
		read_line(line, p);
	return is_set(p->state) && is_set(p->class) && is_set(p->type) && p->timestamp && p->leader && !is_graphical(p);
}

static int compare_pids(const void *a, const void *b)
{
	pid_t one = ((const struct proc_login *)a)->pid, two = ((const struct proc_login *)b)->pid;

	return (one > two) - (one < two);
}

/* Gives a session without a terminal in its file the one on which its leader has logged in. */
static void take_terminal(const struct listing *listing, struct properties *p)
{
	struct proc_login key = { .pid = (pid_t)p->leader };
	const struct proc_login *login;

	if (is_set(p->tty) || listing->n_logins == 0)
		return;
	login = bsearch(&key, listing->logins, listing->n_logins, sizeof(key), compare_pids);
	if (login)
		p->tty = login->line;
}

/* Adds one session of the answer of ListSessions, by its file if that says enough, else by D-Bus. */
static int list_row(struct listing *listing, int directory, const struct properties *row, const char *path)
{
	struct properties p = *row;
	struct logoff_session *session;
	char text[FILE_MAX];
	int r;

	if (directory < 0 || !read_file(directory, row->id, text) || !read_lines(text, &p))
		return list_one(listing, path);
	take_terminal(listing, &p);
	r = session_from(listing->host, &p, &session);
	return r < 0 ? r : add_listed(listing, session);
}

static int list_rows(struct listing *listing, sd_bus_message *answer)
{
	int directory = open(SESSION_FILES, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct properties row = {};
	const char *path;
	int r;

	r = sd_bus_message_enter_container(answer, 'a', "(susso)");
	while (r >= 0 &&
	       (r = sd_bus_message_read(answer, "(susso)", &row.id, &row.uid, &row.user, &row.seat, &path)) > 0) {
		r = list_row(listing, directory, &row, path);
		if (r < 0 || listing->r < 0)	/* or thousands that are never answered would each be waited for */
			break;
	}
	if (directory >= 0)
		close(directory);
	return r == -EBADMSG || r == -ENXIO ? logind_bad_answer(r, "ListSessions", listing->reterr) : r;
}

static int list_all(struct logoff_host *host, struct session_list *list, struct logoff_error *reterr)
{
	struct logind *logind = host->data;
	struct listing listing = { .host = host, .list = list, .reterr = reterr };
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *answer = NULL;
	int r, left;

	r = proc_read_logins(&listing.logins, &listing.n_logins);
	if (r < 0)
		return r;
	if (listing.n_logins)
		qsort(listing.logins, listing.n_logins, sizeof(*listing.logins), compare_pids);
	r = sd_bus_call_method(logind->bus, LOGIN1, LOGIN1_PATH, MANAGER, "ListSessions", &error, &answer, "");
	r = r < 0 ? logind_error(&error, r, reterr) : list_rows(&listing, answer);
	if (r == -ENXIO)	/* that no session exists is told by an empty list */
		r = -EPROTO;
	left = drain(&listing, 0);	/* also after a failure: the answers hold a pointer to LISTING */
	sd_bus_message_unref(answer);
	sd_bus_error_free(&error);
	free(listing.logins);
	return r < 0 ? r : left < 0 ? left : listing.r;
}

/* ---- candidates for a name ---- */

/* Tells whether the text of a session's file has KEY=VALUE as a line; VALUE NULL: any value. */
static bool file_has(const char *text, const char *key, const char *value)
{
	size_t n_key = strlen(key), n_value = value ? strlen(value) : 0;

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, n_key) != 0 || line[n_key] != '=')
			continue;
		if (!value)
			return true;
		return strncasecmp(line + n_key + 1, value, n_value) == 0 && strcspn(line + n_key + 1, "\n") == n_value;
	}
	return false;
}

/* Tells whether the session described by the file ID might be called NAME. */
static bool file_might_be(int directory, const char *id, const char *name)
{
	char text[FILE_MAX], display[16];

	if (!read_file(directory, id, text))
		return false;
	if (strcasecmp(name, "console") == 0)
		return file_has(text, "SEAT", NULL);
	if (strncasecmp(name, "rdp-tcp#", 8) == 0) {
		snprintf(display, sizeof(display), ":%.12s", name + 8);
		return file_has(text, "DISPLAY", display);
	}
	return file_has(text, "TTY", name) || file_has(text, "DISPLAY", name);
}

static bool is_listed(const struct session_list *list, const char *id)
{
	for (size_t i = 0; i < list->n_items; i++)
		if (strcmp(list->items[i]->id, id) == 0)
			return true;
	return false;
}

/* Reads the session behind a hint and adds it. A hint that leads nowhere is no error. */
static int add_candidate(struct session_list *list, struct logoff_session *session, int r)
{
	if (r == -ENXIO)
		return 0;
	if (r < 0)
		return r;
	if (is_listed(list, session->id) || of(session)->not_a_session) {
		logoff_session_free(session);
		return 0;
	}
	return session_list_add(list, session);
}

/* The sessions whose login record is on terminal NAME: where logind itself learns the terminals of ssh sessions. */
static int candidates_from_logins(struct logoff_host *host, const char *name, struct session_list *list,
				  struct logoff_error *reterr)
{
	struct logoff_session *session = NULL;
	struct proc_login *logins = NULL;
	size_t n_logins = 0;
	int r;

	r = proc_read_logins(&logins, &n_logins);
	for (size_t i = 0; r >= 0 && i < n_logins; i++) {
		if (strcasecmp(logins[i].line, name) != 0)
			continue;
		r = get_by_call(host, &session, reterr, "GetSessionByPID", "u", (uint32_t)logins[i].pid);
		r = add_candidate(list, session, r);
	}
	free(logins);
	return r;
}

/* The sessions whose file in /run/systemd/sessions says that they might be called NAME. */
static int candidates_from_files(struct logoff_host *host, const char *name, struct session_list *list,
				 struct logoff_error *reterr)
{
	struct logoff_session *session = NULL;
	DIR *directory = opendir(SESSION_FILES);
	struct dirent *entry;
	int r = 0;

	if (!directory)
		return 0;
	while (r >= 0 && (entry = readdir(directory))) {
		if (strchr(entry->d_name, '.') || !file_might_be(dirfd(directory), entry->d_name, name))
			continue;
		r = get_by_call(host, &session, reterr, "GetSession", "s", entry->d_name);
		r = add_candidate(list, session, r);
	}
	closedir(directory);
	return r;
}

int logind_list(struct logoff_host *host, const char *name, struct session_list *list, struct logoff_error *reterr)
{
	int r;

	forget_displays(host->data);
	if (!name)
		return list_all(host, list, reterr);
	r = candidates_from_logins(host, name, list, reterr);
	return r < 0 ? r : candidates_from_files(host, name, list, reterr);
}
