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
#include <unistd.h>

#include "backend/here.h"
#include "base/array.h"
#include "base/clock.h"
#include "base/error.h"
#include "local/file.h"
#include "base/text.h"
#include "local/display.h"
#include "backend/logind.h"
#include "local/terminal.h"

#define SESSION_FILES "/run/systemd/sessions"

/* Longer than any file logind writes there; one of an ssh session has 330 bytes. */
#define FILE_MAX 2048

/* ---- reading a session ---- */

/*
 * Tells whether a client is connected to display ":N" of user UID, of xrdp or else of a VNC server. Where the kernel does not
 * say, the session counts as connected: what is not known must not make it one that is selected as disconnected.
 */
static bool has_client(struct logoff_host *host, uid_t uid, const char *display, bool xrdp)
{
	unsigned number = (unsigned)strtoul(display + 1, NULL, 10);

	if (!host->clients && display_clients_new(&host->clients) < 0)
		return true;
	return (xrdp ? display_is_connected(host->clients, uid, number) : display_has_viewer(host->clients, uid, number, NULL)) != 0;
}

/* The properties of a session, as read; the strings point into the message. */
struct properties {
	const char *id, *user, *tty, *display, *service, *scope, *type, *class, *state, *seat, *user_path, *remote_host;
	uint32_t uid, leader;
	uint64_t timestamp, monotonic, idle_since;
	int idle_hint, remote;
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
	{ "Remote", "b", offsetof(struct properties, remote), 0 },
	{ "IdleSinceHintMonotonic", "t", offsetof(struct properties, idle_since), 0 },
	{ "Leader", "u", offsetof(struct properties, leader), 0 },
	{ "Timestamp", "t", offsetof(struct properties, timestamp), 0 },
	{ "TimestampMonotonic", "t", offsetof(struct properties, monotonic), 0 },
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

bool logind_is_graphical_type(const char *type)
{
	return strcmp(type, "x11") == 0 || strcmp(type, "wayland") == 0 || strcmp(type, "mir") == 0;
}

static bool is_graphical(const struct properties *p)
{
	return is_set(p->type) && logind_is_graphical_type(p->type);
}

/*
 * The name the session bears while it is active, if it is not that of a terminal: see name_by_terminal(). *ret is NULL if it
 * has none. A desktop is called by its display: the terminal that logind has of it is the virtual one it was begun on, or that
 * of a terminal emulator in it.
 */
static int make_name(const struct properties *p, char **ret)
{
	const char *prefix = "", *name = NULL;

	*ret = NULL;
	if (is_set(p->seat)) {
		name = "console";
	} else if (is_xrdp(p)) {
		prefix = "rdp-tcp#";
		name = p->display + 1;
	} else if (is_graphical(p) && is_set(p->display)) {
		name = p->display;
	}
	return name && asprintf(ret, "%s%s", prefix, name) < 0 ? -ENOMEM : 0;
}

static enum logoff_state make_state(struct logoff_host *host, const struct properties *p)
{
	if (strcmp(p->state, "closing") == 0)
		return LOGOFF_STATE_CLOSING;
	if (is_set(p->seat))	/* "online": another session of the seat is in front */
		return strcmp(p->state, "online") == 0 ? LOGOFF_STATE_DISCONNECTED : LOGOFF_STATE_ACTIVE;
	if (is_set(p->display) && p->display[0] == ':' && (is_xrdp(p) || is_graphical(p)) &&
	    !has_client(host, p->uid, p->display, is_xrdp(p)))
		return LOGOFF_STATE_DISCONNECTED;
	return LOGOFF_STATE_ACTIVE;
}

/* The classes of logind's sessions (pam_systemd(8)). A class that is not here is nobody's work that we know of. */
static const struct {
	const char *class;
	enum logoff_kind kind;
} kinds[] = {
	{ "user", LOGOFF_KIND_USER },		    { "user-early", LOGOFF_KIND_USER },
	{ "user-light", LOGOFF_KIND_USER },	    { "user-early-light", LOGOFF_KIND_USER },
	{ "user-incomplete", LOGOFF_KIND_USER },    { "greeter", LOGOFF_KIND_GREETER },
	{ "lock-screen", LOGOFF_KIND_GREETER },	    { "background", LOGOFF_KIND_BACKGROUND },
	{ "background-light", LOGOFF_KIND_BACKGROUND },
};

static enum logoff_kind make_kind(const struct properties *p)
{
	for (size_t i = 0; is_set(p->class) && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(p->class, kinds[i].class) == 0)
			return kinds[i].kind;
	return LOGOFF_KIND_BACKGROUND;
}

bool logind_is_manager_class(const char *class)
{
	return strcmp(class, "manager") == 0 || strcmp(class, "manager-early") == 0;
}

/*
 * What a display manager lets in from elsewhere: X servers there by XDMCP, whose displays are not this machine's; the desktops of
 * gdm that have none of X, or one of this machine, come by gnome-remote-desktop.
 */
static const char *remote_desktop(const struct properties *p)
{
	if (is_set(p->display) && p->display[0] != ':')
		return "xdmcp";
	return strncmp(p->service, "gdm", 3) == 0 ? "rdp" : NULL;
}

/* The protocol by which the user came, by the PAM service that opened the session. */
static const char *make_protocol(const struct properties *p)
{
	static const struct {
		const char *service, *protocol;
	} protocols[] = {
		{ "sshd", "ssh" },     { "xrdp", "rdp" },      { "login", "local" }, { "gdm", "local" },
		{ "lightdm", "local" }, { "sddm", "local" },   { "xdm", "local" },   { "su", "su" },
		{ "runuser", "su" },   { "systemd-run", "su" },    { "tigervnc", "vnc" },
	};

	if (!is_set(p->service))
		return NULL;
	for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++)
		if (strncmp(p->service, protocols[i].service, strlen(protocols[i].service)) == 0)
			return p->remote && is_graphical(p) && strcmp(protocols[i].protocol, "local") == 0 ?
				remote_desktop(p) : protocols[i].protocol;
	return p->service;
}

/* How long ago a time of the clock that is never set was. */
static int64_t since(uint64_t monotonic_us)
{
	int64_t us = (int64_t)clock_now_us() - (int64_t)monotonic_us;

	return us > 0 ? us : 0;
}

/* The times of a session, but for idleness that has to be looked for: of terminals, X servers, the desktop itself. */
static void fill_times(struct logoff_session *session, const struct properties *p)
{
	session->logon_us = p->timestamp ? (int64_t)p->timestamp : -1;
	if (p->monotonic) {
		session->age_us = since(p->monotonic);
		session->set_us = clock_real_us() - (int64_t)clock_now_us() -
				  ((int64_t)p->timestamp - (int64_t)p->monotonic);
	}
	/* A desktop tells logind; one that has never told is not known to be in use. */
	if (session->graphical && p->idle_since > 0)
		session->idle_us = p->idle_hint ? since(p->idle_since) : 0;
	session->missing = (session->idle_us < 0 ? HOST_IDLE : 0) | (session->graphical ? 0 : HOST_TERMINALS);
}

static bool is_vnc(const struct properties *p)
{
	return is_set(p->service) && strncmp(p->service, "tigervnc", 8) == 0 && is_set(p->display) && p->display[0] == ':';
}

/*
 * Where the user is now. What logind was told at the logon is that for a desktop only until its client leaves, and the program
 * that begins those of TigerVNC tells no client's at all; who is at the far end of xrdp is asked when it is wanted.
 */
static const char *find_address(const struct logoff_session *session, const struct properties *p)
{
	struct display_clients *clients = session->host->clients;
	const char *address = NULL;

	if (is_xrdp(p))
		return NULL;
	if (!is_vnc(p))
		return p->remote_host;
	if (clients)
		(void)display_has_viewer(clients, p->uid, (unsigned)strtoul(p->display + 1, NULL, 10), &address);	/* else none */
	return address;
}

static int fill_texts(struct logoff_session *session, const struct properties *p)
{
	struct logind_session *data = of(session);
	int r;

	r = text_copy(&session->id, p->id);
	if (r >= 0)
		r = text_copy(&session->user, p->user);
	if (r >= 0)
		r = make_name(p, &session->name);
	if (r >= 0)
		r = text_copy_set(&session->protocol, make_protocol(p));
	if (r >= 0)
		r = session_set_address(session, find_address(session, p));
	if (r >= 0)
		r = text_copy_set(&data->tty, session->graphical ? NULL : p->tty);
	if (r >= 0)
		r = text_copy_set(&session->display, p->display);
	if (r >= 0)
		r = text_copy_set(&data->user_path, p->user_path);
	return r < 0 ? r : text_copy_set(&data->scope, p->scope);
}

/*
 * Tells whether the host's numbers of processes are ours: not in a pid namespace of our own that has the host's bus, where the
 * number of a leader is somebody else's. Unknown is no.
 */
static bool has_our_numbers(struct logind *logind)
{
	sd_bus_message *answer = NULL;
	const char *name;
	uint32_t pid = 0;
	int r;

	if (logind->knows_numbers)
		return logind->has_numbers;
	r = sd_bus_get_unique_name(logind->bus, &name);
	if (r >= 0)
		r = sd_bus_call_method(logind->bus, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
				       "GetConnectionUnixProcessID", NULL, &answer, "s", name);
	if (r >= 0)
		(void)sd_bus_message_read(answer, "u", &pid);	/* 0 is nobody's */
	sd_bus_message_unref(answer);
	logind->knows_numbers = r != -ETIMEDOUT;
	logind->has_numbers = pid == (uint32_t)getpid();
	return logind->has_numbers;
}

/* Fills SESSION from what was read. */
static int fill(struct logoff_session *session, const struct properties *p)
{
	struct logind *logind = session->host->data;
	struct logind_session *data = session->data = calloc(1, sizeof(*data));

	if (!data)
		return -ENOMEM;
	session->uid = p->uid;
	session->state = make_state(session->host, p);
	session->console = is_set(p->seat);
	session->kind = make_kind(p);
	session->logon = p->timestamp;
	session->leader = p->leader > 1 && has_our_numbers(logind) ? (pid_t)p->leader : 0;
	session->graphical = is_graphical(p);
	session->wayland = is_set(p->type) && strcmp(p->type, "wayland") == 0;
	fill_times(session, p);
	if (is_xrdp(p) && session->state == LOGOFF_STATE_ACTIVE && geteuid() == 0)
		session->missing |= HOST_CLIENT;
	session->current = logind_own_id(session->host) && strcmp(logind_own_id(session->host), p->id) == 0;
	if (logind->n_above > 0)
		session->current = logind_is_own_leader(logind, session->leader);
	session->own = session->current || logind_is_own(session->host, p->id);
	data->closing = session->state == LOGOFF_STATE_CLOSING;
	data->xrdp = is_xrdp(p);
	data->since_us = p->monotonic;
	data->desktop = (struct desktop_span){ table_begin_us(p->timestamp, p->monotonic), UINT64_MAX };
	data->not_a_session = is_set(p->class) && logind_is_manager_class(p->class);
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
	if (((const struct logind *)host->data)->elogind && logind_elogind_is_over(session))
		of(session)->not_a_session = true;
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
	sd_bus_message *call = NULL, *answer = NULL;
	int r;

	r = logind_new_call(host, &call, path, "org.freedesktop.DBus.Properties", "GetAll");
	if (r >= 0)
		r = sd_bus_message_append(call, "s", SESSION);
	r = logind_call(host, call, r, &answer, reterr);
	if (r >= 0)
		r = session_from_answer(host, answer, ret_session, reterr);
	sd_bus_message_unref(answer);
	return r;
}

/* Tells whether it is a session that does not exist: of another object (logind's own) that says nothing. */
static bool is_no_session(const struct logoff_error *error)
{
	return strcmp(error->name, LOGIN1 ".NoSuchSession") == 0 || strcmp(error->name, LOGIN1 ".NoSessionForPID") == 0;
}

/* Asks GetSession (or GetSessionByPID) for the object of a session and reads it. */
static int get_by_call(struct logoff_host *host, struct logoff_session **ret_session, struct logoff_error *reterr,
		       const char *method, const char *type, ...)
{
	sd_bus_message *call = NULL, *answer = NULL;
	struct logoff_error cause = {};
	const char *path;
	va_list arguments;
	int r;

	r = logind_new_call(host, &call, LOGIN1_PATH, MANAGER, method);
	va_start(arguments, type);
	if (r >= 0)
		r = sd_bus_message_appendv(call, type, arguments);
	va_end(arguments);
	r = logind_call(host, call, r, &answer, &cause);
	if (r == -ENXIO && !is_no_session(&cause))
		r = -EPROTO;
	if (r < 0 && reterr)
		*reterr = cause;
	if (r >= 0) {
		r = sd_bus_message_read(answer, "o", &path);
		r = r < 0 ? logind_bad_answer(r, method, reterr) : get_by_path(host, path, ret_session, reterr);
	}
	sd_bus_message_unref(answer);
	return r;
}

int logind_get_by_id(struct logoff_host *host, const char *id, struct logoff_session **ret_session, struct logoff_error *reterr)
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

/* ---- all processes ---- */

int logind_table(struct logoff_host *host, uint64_t since_us, struct table **ret_table)
{
	struct table *table;
	int r;

	if (!host->table || host->table->taken_us < since_us) {
		r = table_new(&table, ((const struct logind *)host->data)->elogind);
		if (r < 0)
			return r;
		table_free(host->table);
		host->table = table;
	}
	*ret_table = host->table;
	return 0;
}

/* ---- terminals ---- */

/* A process on a terminal, of the user whose session it is in. */
struct sight {
	struct logoff_session *session;
	struct table_row *row;
	int depth;			/* generations below the leader; -1: its parents have ended */
};

/* Sessions, and what was seen of their terminals. */
struct search {
	const struct table *table;
	struct logoff_session **by_id, **by_leader;
	size_t n_sessions;
	struct sight *sights;
	size_t n_sights;
};

static int compare_ids(const void *a, const void *b)
{
	return strcmp((*(struct logoff_session *const *)a)->id, (*(struct logoff_session *const *)b)->id);
}

static int compare_leaders(const void *a, const void *b)
{
	pid_t one = (*(struct logoff_session *const *)a)->leader, two = (*(struct logoff_session *const *)b)->leader;

	return (one > two) - (one < two);
}

/* The nearest to the leader first, and of those the oldest; orphans last. */
static int compare_sights(const void *a, const void *b)
{
	const struct sight *one = a, *two = b;
	unsigned depth = (unsigned)one->depth, other = (unsigned)two->depth;	/* -1 is the greatest */

	if (one->session != two->session)
		return compare_ids(&one->session, &two->session);
	if (depth != other)
		return depth < other ? -1 : 1;
	return (one->row->stat.start_time > two->row->stat.start_time) - (one->row->stat.start_time < two->row->stat.start_time);
}

static struct logoff_session *find_by_id(const struct search *search, const char *id)
{
	struct logoff_session key = { .id = (char *)id }, *key_at = &key;
	struct logoff_session **found = bsearch(&key_at, search->by_id, search->n_sessions, sizeof(key_at), compare_ids);

	return found ? *found : NULL;
}

static struct logoff_session *find_by_leader(const struct search *search, pid_t pid)
{
	struct logoff_session key = { .leader = pid }, *key_at = &key;
	struct logoff_session **found = bsearch(&key_at, search->by_leader, search->n_sessions, sizeof(key_at), compare_leaders);

	return found ? *found : NULL;
}

/* The session of a process: by its control group, else that of the nearest leader above it. NULL: none of them. */
static struct logoff_session *find_session(const struct search *search, struct table_row *row)
{
	struct logoff_session *session = NULL;
	const struct proc_stat *stat;
	const char *id;

	if (table_manager(search->table, row) != (uid_t)-1 && !table_is_moved(search->table, row))
		return NULL;
	for (int depth = 0; !session && row && depth < LOGIND_ABOVE_MAX; depth++) {
		id = table_session(search->table, row);
		if (id)
			return find_by_id(search, id);
		session = find_by_leader(search, row->pid);
		stat = table_stat(row);
		row = stat ? table_find(search->table, stat->parent) : NULL;
	}
	return session;
}

static int see_terminals(struct search *search)
{
	const struct table *table = search->table;

	for (size_t i = 0; i < table->n_rows; i++) {
		struct table_row *row = &table->rows[i];
		const struct proc_stat *stat = table_stat(row);
		struct logoff_session *session = stat && stat->terminal ? find_session(search, row) : NULL;
		struct sight sight;

		if (!session || session->graphical || table_uid(row) != session->uid)
			continue;
		sight = (struct sight){ session, row, table_depth(table, row->pid, session->leader) };
		if (array_add(&search->sights, &search->n_sights, &sight) < 0)
			return -ENOMEM;
	}
	if (search->n_sights > 0)
		qsort(search->sights, search->n_sights, sizeof(*search->sights), compare_sights);
	return 0;
}

/*
 * The user of a mosh server works on when the ssh login that started it is over: logind then calls the session closing.
 */
static void find_mosh(const struct search *search, const struct sight *sight)
{
	struct logoff_session *session = sight->session;
	struct table_row *parent = table_find(search->table, sight->row->stat.parent);
	char *protocol;

	if (!of(session)->closing || !parent || !table_stat(parent) || strcmp(parent->stat.command, "mosh-server") != 0)
		return;
	session->state = LOGOFF_STATE_ACTIVE;
	protocol = strdup("mosh");
	if (protocol) {
		free(session->protocol);
		session->protocol = protocol;
	}
}

static int take_sights(struct search *search)
{
	char name[TERMINAL_NAME];
	int r = 0;

	for (size_t i = 0; r >= 0 && i < search->n_sights; i++) {
		find_mosh(search, &search->sights[i]);
		terminal_name(search->sights[i].row->stat.terminal, name);
		if (*name && !terminal_is_foreign(name, search->sights[i].session->uid))
			r = session_add_terminal(search->sights[i].session, name);
	}
	return r;
}

/*
 * The terminals of login records whose process is in a session. Records are hints: without them there are fewer terminals. One
 * that was never taken back may name a process that has its number since, and a terminal that is another user's by now.
 */
static int take_logins(struct search *search)
{
	struct proc_login *logins = NULL;
	size_t n_logins = 0;
	int r = 0;

	if (proc_read_logins(&logins, &n_logins) < 0)
		return 0;
	for (size_t i = 0; r >= 0 && i < n_logins; i++) {
		struct logoff_session *session = find_by_leader(search, logins[i].pid);
		struct table_row *row = session ? NULL : table_find(search->table, logins[i].pid);

		if (row)
			session = find_session(search, row);
		if (session && !session->graphical && terminal_is_of(logins[i].line, session->uid))
			r = session_add_terminal(session, logins[i].line);
	}
	free(logins);
	return r;
}

/* logind's own word comes last: of two ssh terminals it has one, and not always the first. */
static int name_by_terminal(struct logoff_session *session)
{
	struct logind_session *data = of(session);

	session->missing &= ~(unsigned)HOST_TERMINALS;
	if (data->tty && terminal_is_one(data->tty) && session_add_terminal(session, data->tty) < 0)
		return -ENOMEM;
	if (session->name || session->graphical || session->n_terminals == 0)
		return 0;
	session->name = strdup(session->terminals[0]);
	return session->name ? 0 : -ENOMEM;
}

static int search_init(struct search *search, const struct table *table, struct logoff_session *const *sessions,
		       size_t n_sessions)
{
	*search = (struct search){ .table = table, .n_sessions = n_sessions };
	search->by_id = calloc(n_sessions + 1, sizeof(struct logoff_session *));
	search->by_leader = calloc(n_sessions + 1, sizeof(struct logoff_session *));
	if (!search->by_id || !search->by_leader)
		return -ENOMEM;
	if (n_sessions > 0) {
		memcpy(search->by_id, sessions, n_sessions * sizeof(*sessions));
		memcpy(search->by_leader, sessions, n_sessions * sizeof(*sessions));
	}
	qsort(search->by_id, n_sessions, sizeof(*sessions), compare_ids);
	qsort(search->by_leader, n_sessions, sizeof(*sessions), compare_leaders);
	return 0;
}

static void search_done(struct search *search)
{
	free(search->by_id);
	free(search->by_leader);
	free(search->sights);
}

/* Gives the sessions their terminals, and the names that follow from them, by the processes in TABLE. */
static int find_terminals(const struct table *table, struct logoff_session *const *sessions, size_t n_sessions)
{
	struct search search;
	int r = search_init(&search, table, sessions, n_sessions);

	if (r >= 0)
		r = see_terminals(&search);
	if (r >= 0)
		r = take_sights(&search);
	if (r >= 0)
		r = take_logins(&search);
	for (size_t i = 0; r >= 0 && i < n_sessions; i++)
		r = name_by_terminal(sessions[i]);
	search_done(&search);
	return r;
}

static int find_terminals_of_all(struct logoff_host *host, struct session_list *list)
{
	struct table *table;
	int r = logind_table(host, clock_now_us(), &table);

	return r < 0 ? r : find_terminals(table, list->items, list->n_items);
}

/* The processes of one session, by its control group; all processes where the leader is elsewhere. *ret_table: table_free(). */
static int table_of_session(struct logoff_session *session, struct table **ret_table)
{
	struct logind *logind = session->host->data;
	struct logind_session *data = of(session);
	struct process_list list = {};
	struct table_row *leader;
	int r = logind_find_cgroups(session);

	if (r >= 0 && data->cgroup)
		r = proc_list_cgroup(data->cgroup, &list);
	if (r >= 0 && session->leader > 1)
		r = process_list_add(&list, session->leader, NULL);
	if (r >= 0)
		r = table_new_of(ret_table, &list, logind->elogind);
	process_list_clear(&list);
	if (r < 0)
		return r;
	leader = table_find(*ret_table, session->leader);
	if (data->closing || !leader || !table_stat(leader) ||
	    (table_session(*ret_table, leader) && strcmp(table_session(*ret_table, leader), session->id) == 0))
		return 0;
	table_free(*ret_table);
	return table_new(ret_table, logind->elogind);
}

void logind_fill_terminals(struct logoff_host *host, struct logoff_session *session)
{
	struct table *table = NULL;

	(void)host;
	if (session->graphical || table_of_session(session, &table) < 0)
		(void)name_by_terminal(session);
	else
		(void)find_terminals(table, &session, 1);	/* without memory it has fewer */
	table_free(table);
}

/* ---- the caller's own ---- */

static int list_all(struct logoff_host *host, struct session_list *list, struct logoff_error *reterr);

/* The session whose leader is above the caller, which has been moved out of it. */
static int get_by_leader(struct logoff_host *host, struct logoff_session **ret_session, struct logoff_error *reterr)
{
	struct session_list list = {};
	int r = list_all(host, &list, reterr);

	if (r >= 0)
		r = -ENXIO;
	for (size_t i = 0; r == -ENXIO && i < list.n_items; i++) {
		if (!list.items[i]->current)
			continue;
		r = logind_get_by_id(host, list.items[i]->id, ret_session, reterr);
		break;
	}
	session_list_clear(&list);
	return r;
}

static int get_own(struct logoff_host *host, struct logoff_session **ret_session, struct logoff_error *reterr)
{
	const char *id = logind_own_id(host);
	int r = id ? logind_get_by_id(host, id, ret_session, reterr) : get_by_leader(host, ret_session, reterr);

	return r == -ENXIO ? error_set_errno(reterr, -ESRCH, -ESRCH, "not in a session") : r;
}

int logind_get(struct logoff_host *host, const char *id, struct logoff_session **ret_session,
		      struct logoff_error *reterr)
{
	struct logoff_session *session = NULL;
	int r;

	here_refresh(host);
	r = id ? logind_get_by_id(host, id, &session, reterr) : get_own(host, &session, reterr);
	if (r < 0)
		return r;
	if (of(session)->not_a_session) {
		const char *cause = of(session)->closing ? "nobody is in it any more" : "a service manager, not a session";

		logoff_session_free(session);
		return error_set_errno(reterr, -ENXIO, -ENXIO, "%s", cause);
	}
	if (of(session)->closing)	/* its state depends on them: somebody may work on */
		session_fill(session, HOST_TERMINALS);
	*ret_session = session;
	return 0;
}

/* ---- listing ---- */

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
	return drain(listing, MAX_CALLS - 1);
}

/* Reads the file that logind keeps for session ID. Returns false if there is none, or it is longer than any we know. */
static bool read_file(int directory, const char *id, char text[static FILE_MAX])
{
	/* An id is a name in that folder, whoever says it. */
	ssize_t n = strchr(id, '/') ? -1 : file_read(directory, id, O_NOFOLLOW, text, FILE_MAX);

	return n > 0 && n < FILE_MAX - 1;
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
	else if (strcmp(line, "MONOTONIC") == 0)
		p->monotonic = strtoull(value, NULL, 10);
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

/* Adds one session of the answer of ListSessions, by its file if that says enough, else by D-Bus. */
static int list_row(struct listing *listing, int directory, const struct properties *row, const char *path)
{
	struct properties p = *row;
	struct logoff_session *session;
	char text[FILE_MAX];
	int r;

	if (directory < 0 || !read_file(directory, row->id, text) || !read_lines(text, &p))
		return list_one(listing, path);
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
	struct listing listing = { .host = host, .list = list, .reterr = reterr };
	sd_bus_message *call = NULL, *answer = NULL;
	int r, left;

	r = logind_new_call(host, &call, LOGIN1_PATH, MANAGER, "ListSessions");
	r = logind_call(host, call, r, &answer, reterr);
	if (r >= 0)
		r = list_rows(&listing, answer);
	if (r == -ENXIO)	/* that no session exists is told by an empty list */
		r = -EPROTO;
	left = drain(&listing, 0);	/* also after a failure: the answers hold a pointer to LISTING */
	sd_bus_message_unref(answer);
	r = r < 0 ? r : left < 0 ? left : listing.r;
	return r < 0 ? r : find_terminals_of_all(host, list);
}

/* ---- the census ---- */

/* The session whose desktop has the user's manager run the process: the user's latest graphical one that began before it. */
static const struct logoff_session *find_desktop_of(const struct search *search, const struct table_row *row)
{
	const struct logoff_session *found = NULL;

	for (size_t i = 0; i < search->n_sessions; i++) {
		const struct logoff_session *session = search->by_id[i];

		if (session->graphical && session->uid == row->manager && table_start_us(&row->stat) >= of(session)->desktop.since_us &&
		    (!found || of(session)->since_us > of(found)->since_us))
			found = session;
	}
	return found;
}

static int census_all(const struct search *search, struct census *census)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < search->table->n_rows; i++) {
		struct table_row *row = &search->table->rows[i];
		const char *id;

		if (!table_stat(row) || row->stat.kernel || table_uid(row) == (uid_t)-1)
			continue;
		id = table_session(search->table, row);
		if (!id) {
			const struct logoff_session *session = table_is_desktop(search->table, row) ?
				find_desktop_of(search, row) : find_session(search, row);

			id = session ? session->id : NULL;
		}
		r = census_add(census, row->pid, row->uid, NULL, id, row->stat.command);
	}
	return r;
}

int logind_census(struct logoff_host *host, struct census *census, struct logoff_error *reterr)
{
	struct session_list list = {};
	struct search search = {};
	int r;

	r = logind_list(host, NULL, &list, reterr);
	if (r < 0) {
		session_list_clear(&list);
		return r;
	}
	r = search_init(&search, host->table, list.items, list.n_items);	/* the list was made from this table */
	if (r >= 0)
		r = census_all(&search, census);
	search_done(&search);
	session_list_clear(&list);
	return r < 0 ? error_set_errno(reterr, r, r, "%s", strerror(-r)) : 0;
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

/*
 * Reads the session behind a hint and adds it. A hint that leads nowhere, or to an error, is no error: the list of all
 * sessions comes after it, and says what is wrong.
 */
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
		r = get_by_call(host, &session, NULL, "GetSessionByPID", "u", (uint32_t)logins[i].pid);
		r = add_candidate(list, session, r);
	}
	free(logins);
	return r;
}

/* The sessions whose file in /run/systemd/sessions says that they might be called NAME. */
static int candidates_from_files(struct logoff_host *host, const char *name, struct session_list *list)
{
	struct logoff_session *session = NULL;
	DIR *directory = opendir(SESSION_FILES);
	struct dirent *entry;
	int r = 0;

	if (!directory)
		return 0;
	while (r >= 0 && is_answering(host) && (entry = readdir(directory))) {
		if (strchr(entry->d_name, '.') || !file_might_be(dirfd(directory), entry->d_name, name))
			continue;
		r = get_by_call(host, &session, NULL, "GetSession", "s", entry->d_name);
		r = add_candidate(list, session, r);
	}
	closedir(directory);
	return r;
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
	(void)logind_own_id(host);	/* asked before the answers of a list are under way */
	if (!name)
		return list_all(host, list, reterr);
	r = candidates_from_logins(host, name, list);
	return r < 0 ? r : candidates_from_files(host, name, list);
}
