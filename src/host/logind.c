/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * logind.c - hosts with systemd-logind or elogind, over sd-bus.
 *
 * These D-Bus calls on org.freedesktop.login1 end a session: TerminateSession asks (systemd sends SIGTERM and SIGHUP to
 * the session's scope), KillSession "all" SIGKILL forces, SessionRemoved tells the end, GetSession proves it;
 * TerminateUser ends the user's service manager. Who may do what is decided by logind and polkit, not here.
 *
 * What the interface's documentation does not say, found by running (systemd 252, elogind 246):
 *  - On a session in state "closing" TerminateSession answers OK and does nothing; only KillSession reaches it.
 *  - logind's files lack the terminal of ssh sessions; D-Bus has it. The files serve as a hint here, never as an answer.
 *  - elogind drops a session as soon as its leader ends, with its other processes alive and the id unknown from then on:
 *    there they are collected first and held by pidfd (family.h).
 *  - logind does not know whether an xrdp session has a client; the socket of its channel server does.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-login.h>

#include "base/error.h"
#include "host/family.h"
#include "host/host.h"

#define LOGIN1 "org.freedesktop.login1"
#define LOGIN1_PATH "/org/freedesktop/login1"
#define MANAGER LOGIN1 ".Manager"
#define SESSION LOGIN1 ".Session"
#define USER LOGIN1 ".User"

/* Calls under way at once; beyond a few hundred the bus answers with errors. */
#define MAX_CALLS 64

/* A call that logind answers by itself takes 1 ms; a restart of logind takes a second or two. */
#define CALL_TIMEOUT_US UINT64_C(5000000)
/* A logind that cannot even be asked to kill by then is not there; see kill_session(). */
#define KILL_TIMEOUT_US UINT64_C(1000000)
/* Past the deadline: what a logind that answers at all needs to say what is left; and what one gets that did not. */
#define LAST_TIMEOUT_US UINT64_C(250000)
#define SILENT_TIMEOUT_US UINT64_C(5000)
/* Looks at the cgroup of an elogind session until it counts as empty. */
#define CGROUP_LOOKS 5
/* A call during which a person types a password. */
#define AUTHORIZE_TIMEOUT_US UINT64_C(180000000)

struct logind {
	sd_bus *bus;
	bool elogind;
	bool subscribed;
	bool hurried;			/* see KILL_TIMEOUT_US */
	bool silent;			/* the last question was not answered in time */
	unsigned n_calls;		/* asynchronous calls under way */
	unsigned *displays;		/* with an xrdp client; read when the first xrdp session is met */
	size_t n_displays;
	bool has_displays;
	bool knows_own_id;
	char *own_id;			/* the caller's session by cgroup; NULL: none */
};

/* session->data */
struct logind_session {
	char *user_path;
	char *scope;			/* "session-5.scope"; NULL on elogind */
	pid_t leader;
	char *cgroup;			/* directory of the session's processes; NULL: cannot be seen */
	char *manager_cgroup;
	bool graphical;
	bool not_a_session;		/* class "manager": the user's service manager, in systemd 256 and later */
	bool superseded;		/* another logon has got the id, and with it scope and cgroup */
	sd_bus_slot *call;
	struct family *family;		/* elogind only */
};

static struct logind_session *of(const struct logoff_session *session)
{
	return session->data;
}

static void logind_release(struct logoff_session *session)
{
	struct logind_session *data = of(session);

	if (!data)
		return;
	sd_bus_slot_unref(data->call);
	family_free(data->family);
	free(data->user_path);
	free(data->scope);
	free(data->cgroup);
	free(data->manager_cgroup);
	free(data);
}

/* ---- errors ---- */

/* D-Bus errors that mean something to the procedure. What is not here is a breach of the protocol. */
static const struct {
	const char *name;
	int meaning;
} dbus_errors[] = {
	{ LOGIN1 ".NoSuchSession", -ENXIO },
	{ LOGIN1 ".NoSuchUser", -ENXIO },
	{ LOGIN1 ".NoSessionForPID", -ENXIO },
	{ "org.freedesktop.DBus.Error.UnknownObject", -ENXIO },
	{ "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired", -EACCES },
	{ "org.freedesktop.DBus.Error.AccessDenied", -EACCES },
	{ "org.freedesktop.systemd1.UnitMasked", -EACCES },	/* polkit is masked */
	{ "org.freedesktop.DBus.Error.FileNotFound", -EAGAIN },	/* the scope has just gone, the session goes next */
	{ "org.freedesktop.DBus.Error.NoReply", -EAGAIN },
	{ "org.freedesktop.DBus.Error.Timeout", -EAGAIN },
	{ "org.freedesktop.DBus.Error.ServiceUnknown", -EAGAIN },
	{ "org.freedesktop.DBus.Error.NameHasNoOwner", -EAGAIN },
	{ "org.freedesktop.DBus.Error.Disconnected", -EHOSTUNREACH },
	{ "System.Error.ENOTCONN", -EHOSTUNREACH },
	{ "System.Error.ECONNRESET", -EHOSTUNREACH },
	{ "org.freedesktop.DBus.Error.NoMemory", -ENOMEM },
	{ "System.Error.ENOMEM", -ENOMEM },
};

static int error_from_dbus(const sd_bus_error *error, int r, struct logoff_error *reterr)
{
	int meaning = -EPROTO;

	if (!sd_bus_error_is_set(error)) {
		if (r == -ENOTCONN || r == -ECONNRESET || r == -EPIPE || r == -ESHUTDOWN)
			return error_set_errno(reterr, -EHOSTUNREACH, r, "the system bus has closed the connection");
		return error_set_errno(reterr, r == -ENOMEM ? r : -EPROTO, r, "%s", strerror(-r));
	}
	for (size_t i = 0; i < sizeof(dbus_errors) / sizeof(dbus_errors[0]); i++)
		if (strcmp(error->name, dbus_errors[i].name) == 0)
			meaning = dbus_errors[i].meaning;
	return error_set_dbus(reterr, meaning, error->name, error->message);
}

/* For answers that are not what the interface promises. */
static int bad_answer(int r, const char *what, struct logoff_error *reterr)
{
	if (r == -ENOMEM)
		return r;
	return error_set_errno(reterr, -EPROTO, r, "%s: not of the promised form", what);
}

/* How long the next question may wait for its answer, from now on. */
static void set_timeout(struct logoff_host *host)
{
	struct logind *logind = host->data;
	uint64_t now = host_clock_us(), most = logind->hurried ? KILL_TIMEOUT_US : CALL_TIMEOUT_US;
	uint64_t least = logind->silent ? SILENT_TIMEOUT_US : LAST_TIMEOUT_US;
	uint64_t left = host->deadline_us > now ? host->deadline_us - now : 0;

	if (host->deadline_us > 0 && left < most)
		most = left > least ? left : least;
	(void)sd_bus_set_method_call_timeout(logind->bus, most);	/* the default is only longer */
}

/* ---- connecting ---- */

static int logind_open(struct logoff_host *host, const char *argument, struct logoff_error *reterr)
{
	struct logind *logind;
	int r;

	(void)argument;
	logind = calloc(1, sizeof(*logind));
	if (!logind)
		return -ENOMEM;
	host->data = logind;
	logind->elogind = access("/run/systemd/system", F_OK) < 0;
	if (logind->elogind)
		host->kind = "elogind";
	r = sd_bus_open_system(&logind->bus);
	if (r < 0)
		return error_set_errno(reterr, -EHOSTUNREACH, r, "the system bus: %s", strerror(-r));
	set_timeout(host);
	return 0;
}

static void logind_close(struct logoff_host *host)
{
	struct logind *logind = host->data;

	if (!logind)
		return;
	sd_bus_close_unref(logind->bus);
	free(logind->displays);
	free(logind->own_id);
	free(logind);
}

/* The id of the session the caller runs in by its cgroup, or NULL. */
static const char *own_id(struct logind *logind)
{
	if (!logind->knows_own_id) {
		logind->knows_own_id = true;
		/* A caller that cannot be placed is in no session. */
		if (sd_pid_get_session(0, &logind->own_id) < 0)
			logind->own_id = NULL;
	}
	return logind->own_id;
}

/* ---- where the processes are ---- */

/* The hierarchies that may hold sessions: cgroup v2, hybrid, v1, and elogind's own. */
static const char *const cgroup_roots[] = {
	"/sys/fs/cgroup", "/sys/fs/cgroup/unified", "/sys/fs/cgroup/systemd", "/sys/fs/cgroup/elogind",
};

/* Takes the first cgroup root below which PATH exists. *ret is NULL if there is none. */
static int find_cgroup(const char *path, const char *leaf, char **ret)
{
	char *directory;

	*ret = NULL;
	for (size_t i = 0; i < sizeof(cgroup_roots) / sizeof(cgroup_roots[0]); i++) {
		if (asprintf(&directory, "%s/%s", cgroup_roots[i], path) < 0)
			return -ENOMEM;
		if (access(directory, F_OK) < 0) {
			free(directory);
			continue;
		}
		if (asprintf(ret, "%s%s%s", directory, *leaf ? "/" : "", leaf) < 0)
			*ret = NULL;
		free(directory);
		return *ret ? 0 : -ENOMEM;
	}
	return 0;
}

/*
 * Finds the directories of the session and of its user's service manager. They are looked for by the user's slice: a
 * scope that is missing below a slice that is there has no processes.
 */
static int find_cgroups(struct logoff_session *session)
{
	struct logind *logind = session->host->data;
	struct logind_session *data = of(session);
	char slice[64], service[32];
	int r;

	if (data->cgroup)
		return 0;
	if (logind->elogind)
		return find_cgroup(session->id, "", &data->cgroup);
	if (!data->scope || !*data->scope)
		return 0;
	snprintf(slice, sizeof(slice), "user.slice/user-%u.slice", (unsigned)session->uid);
	snprintf(service, sizeof(service), "user@%u.service", (unsigned)session->uid);
	r = find_cgroup(slice, data->scope, &data->cgroup);
	return r < 0 ? r : find_cgroup(slice, service, &data->manager_cgroup);
}

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
	const char *id, *user, *tty, *display, *service, *scope, *type, *class, *state, *seat, *user_path;
	uint32_t uid, leader;
	uint64_t timestamp;
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

static int copy(char **ret, const char *text)
{
	*ret = strdup(text);
	return *ret ? 0 : -ENOMEM;
}

/* Fills SESSION from what was read. */
static int fill(struct logoff_session *session, const struct properties *p)
{
	struct logind *logind = session->host->data;
	struct logind_session *data = session->data = calloc(1, sizeof(*data));
	int r;

	if (!data)
		return -ENOMEM;
	session->uid = p->uid;
	session->state = make_state(logind, p);
	session->console = is_set(p->seat);
	session->greeter = is_set(p->class) && strcmp(p->class, "greeter") == 0;
	session->logon = p->timestamp;
	session->current = own_id(logind) && strcmp(own_id(logind), p->id) == 0;
	data->leader = (pid_t)p->leader;
	data->graphical = is_set(p->type) && (strcmp(p->type, "x11") == 0 || strcmp(p->type, "wayland") == 0);
	data->not_a_session = is_set(p->class) && strncmp(p->class, "manager", 7) == 0;
	r = copy(&session->id, p->id);
	if (r >= 0)
		r = copy(&session->user, p->user);
	if (r >= 0)
		r = make_name(p, &session->name);
	if (r >= 0)
		r = copy(&data->user_path, p->user_path);
	if (r >= 0 && is_set(p->scope))
		r = copy(&data->scope, p->scope);
	return r;
}

/* Makes a session from the answer of GetAll. */
static int session_from_answer(struct logoff_host *host, sd_bus_message *answer, struct logoff_session **ret_session,
			       struct logoff_error *reterr)
{
	struct properties p = { .timestamp = NO_TIMESTAMP };
	struct logoff_session *session;
	int r;

	r = read_properties(answer, &p);
	if (r < 0)
		return bad_answer(r, "GetAll", reterr);
	/* Class and seat protect greeters and the console, the timestamp whoever gets the id next. */
	if (!is_set(p.id) || !p.user || !p.state || !p.user_path || !p.class || !p.seat || p.timestamp == NO_TIMESTAMP)
		return bad_answer(-EBADMSG, "GetAll", reterr);
	r = session_new(&session, host);
	if (r < 0)
		return r;
	r = fill(session, &p);
	if (r < 0) {
		logoff_session_free(session);
		return r;
	}
	*ret_session = session;
	return 0;
}

static int get_by_path(struct logoff_host *host, const char *path, struct logoff_session **ret_session,
		       struct logoff_error *reterr)
{
	struct logind *logind = host->data;
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *answer = NULL;
	int r;

	set_timeout(host);
	r = sd_bus_call_method(logind->bus, LOGIN1, path, "org.freedesktop.DBus.Properties", "GetAll", &error, &answer,
			       "s", SESSION);
	logind->silent = r == -ETIMEDOUT;
	if (r < 0)
		r = error_from_dbus(&error, r, reterr);
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
	sd_bus_message *call = NULL, *answer = NULL;
	const char *path;
	va_list arguments;
	int r;

	va_start(arguments, type);
	r = sd_bus_message_new_method_call(logind->bus, &call, LOGIN1, LOGIN1_PATH, MANAGER, method);
	if (r >= 0)
		r = sd_bus_message_appendv(call, type, arguments);
	va_end(arguments);
	set_timeout(host);
	if (r >= 0)
		r = sd_bus_call(logind->bus, call, 0, &error, &answer);
	logind->silent = r == -ETIMEDOUT;
	if (r < 0) {
		r = error_from_dbus(&error, r, reterr);
		if (r == -ENXIO && !is_no_session(&error))
			r = -EPROTO;
	} else {
		r = sd_bus_message_read(answer, "o", &path);
		r = r < 0 ? bad_answer(r, method, reterr) : get_by_path(host, path, ret_session, reterr);
	}
	sd_bus_message_unref(call);
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
		return bad_answer(-EBADMSG, "GetSession", reterr);
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
	const char *id = own_id(host->data);
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

static int logind_get(struct logoff_host *host, const char *id, struct logoff_session **ret_session,
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
	unsigned n_calls;
	int r;
	struct logoff_error *reterr;
};

/* The answer of GetAll for one session of a listing. */
static int on_listed(sd_bus_message *answer, void *userdata, sd_bus_error *unused)
{
	struct listing *listing = userdata;
	const sd_bus_error *error = sd_bus_message_get_error(answer);
	struct logoff_session *session;
	int r;

	(void)unused;
	listing->n_calls--;
	if (error) {
		r = error_from_dbus(error, 0, listing->reterr);
		listing->r = r == -ENXIO || listing->r < 0 ? listing->r : r;	/* it ended meanwhile: fine */
		return 0;
	}
	r = session_from_answer(listing->host, answer, &session, listing->reterr);
	if (r >= 0 && of(session)->not_a_session)
		logoff_session_free(session);
	else if (r >= 0)
		r = session_list_add(listing->list, session);
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
			return error_from_dbus(NULL, r, listing->reterr);
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
		return error_from_dbus(NULL, r, listing->reterr);
	listing->n_calls++;
	return drain(listing, MAX_CALLS - 1);
}

static int list_all(struct listing *listing, sd_bus_message *answer)
{
	const char *path;
	int r;

	r = sd_bus_message_enter_container(answer, 'a', "(susso)");
	while (r >= 0 && (r = sd_bus_message_read(answer, "(susso)", NULL, NULL, NULL, NULL, &path)) > 0) {
		r = list_one(listing, path);
		if (r < 0 || listing->r < 0)	/* or thousands that are never answered would each be waited for */
			return r;
	}
	return r < 0 ? bad_answer(r, "ListSessions", listing->reterr) : 0;
}

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

/* Tells whether the session described by the file NAME_OF_FILE might be called NAME. */
static bool file_might_be(int directory, const char *name_of_file, const char *name)
{
	char text[2048];
	ssize_t n;
	int fd;

	fd = openat(directory, name_of_file, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return false;
	text[n] = '\0';
	if (strcasecmp(name, "console") == 0)
		return file_has(text, "SEAT", NULL);
	if (strncasecmp(name, "rdp-tcp#", 8) == 0) {
		char display[16];

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
	DIR *directory = opendir("/run/systemd/sessions");
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

static int logind_list(struct logoff_host *host, const char *name, struct session_list *list,
		       struct logoff_error *reterr)
{
	struct logind *logind = host->data;
	struct listing listing = { .host = host, .list = list, .reterr = reterr };
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *answer = NULL;
	int r, left;

	forget_displays(logind);
	if (name) {
		r = candidates_from_logins(host, name, list, reterr);
		return r < 0 ? r : candidates_from_files(host, name, list, reterr);
	}
	r = sd_bus_call_method(logind->bus, LOGIN1, LOGIN1_PATH, MANAGER, "ListSessions", &error, &answer, "");
	r = r < 0 ? error_from_dbus(&error, r, reterr) : list_all(&listing, answer);
	if (r == -ENXIO)	/* that no session exists is told by an empty list */
		r = -EPROTO;
	left = drain(&listing, 0);	/* also after a failure: the answers hold a pointer to LISTING */
	sd_bus_message_unref(answer);
	sd_bus_error_free(&error);
	return r < 0 ? r : left < 0 ? left : listing.r;
}

/* ---- asking ---- */

static int on_removed(sd_bus_message *signal, void *userdata, sd_bus_error *unused)
{
	struct logoff_host *host = userdata;
	const char *id;

	(void)unused;
	if (sd_bus_message_read(signal, "so", &id, NULL) < 0)
		return 0;	/* not a signal of logind's: whoever sent it, it is no news */
	for (size_t i = 0; i < host->n_watched; i++)
		if (strcmp(host->watched[i]->id, id) == 0)
			host->watched[i]->removed = true;
	return 0;
}

/* Subscribes before anything is asked. The bus keeps the order of our messages, so no answer need be waited for. */
static int subscribe(struct logoff_host *host, struct logoff_error *reterr)
{
	struct logind *logind = host->data;
	int r;

	if (logind->subscribed)
		return 0;
	r = sd_bus_match_signal_async(logind->bus, NULL, LOGIN1, LOGIN1_PATH, MANAGER, "SessionRemoved", on_removed, NULL,
				      host);
	if (r < 0)
		return error_from_dbus(NULL, r, reterr);
	logind->subscribed = true;
	return 0;
}

static int on_asked(sd_bus_message *answer, void *userdata, sd_bus_error *unused)
{
	struct logoff_session *session = userdata;
	struct logind *logind = session->host->data;
	const sd_bus_error *error = sd_bus_message_get_error(answer);

	(void)unused;
	logind->n_calls--;
	session->asked = error ? error_from_dbus(error, 0, &session->asked_error) : 0;
	session->may_authorize =
		error && strcmp(error->name, "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired") == 0;
	return 0;
}

/* Sends CALL (NULL if it could not be made: R) and has its answer become the fact "asked". */
static int send_ask(struct logoff_session *session, sd_bus_message *call, int r, bool interactive,
		    struct logoff_error *reterr)
{
	struct logind *logind = session->host->data;
	struct logind_session *data = of(session);

	while (r >= 0 && logind->n_calls >= MAX_CALLS) {
		r = sd_bus_process(logind->bus, NULL);
		if (r == 0 && logind->n_calls >= MAX_CALLS)	/* see drain() */
			r = sd_bus_wait(logind->bus, UINT64_MAX);
		if (r == -EINTR)
			r = 0;
	}
	if (r >= 0 && interactive)
		r = sd_bus_message_set_allow_interactive_authorization(call, true);
	data->call = sd_bus_slot_unref(data->call);
	if (r >= 0)
		r = sd_bus_call_async(logind->bus, &data->call, call, on_asked, session,
				      interactive ? AUTHORIZE_TIMEOUT_US : CALL_TIMEOUT_US);
	sd_bus_message_unref(call);
	if (r < 0)
		return error_from_dbus(NULL, r, reterr);
	logind->n_calls++;
	return 0;
}

/* Collects the processes of an elogind session: the session is dropped before they are gone. */
static int collect_family(struct logoff_session *session)
{
	struct logind_session *data = of(session);
	struct family_marks marks = { .audit_session = PROC_NO_AUDIT, .cgroup = data->cgroup };
	int r;

	if (data->family)
		return 0;
	if (session->id[0] != 'c')
		marks.audit_session = (uint32_t)strtoul(session->id, NULL, 10);
	r = family_new(&data->family, &marks);
	return r < 0 ? r : family_scan(data->family);
}

/*
 * Tells whether the id still means the logon that was looked up. A logind that restarts has forgotten how far it had
 * counted its "c" ids and gives those anew that have become free. Returns 0, -ENXIO if not, or another errno.
 */
static int check_logon(struct logoff_session *session, struct logoff_error *reterr)
{
	struct logoff_session *now;
	int r;

	r = logind_get(session->host, session->id, &now, reterr);
	if (r < 0)
		return r;
	of(session)->superseded = now->logon != session->logon;
	logoff_session_free(now);
	return of(session)->superseded ? -ENXIO : 0;
}

static int ask_session(struct logoff_session *session, bool interactive, struct logoff_error *reterr)
{
	struct logind *logind = session->host->data;
	bool closing = session->state == LOGOFF_STATE_CLOSING;
	sd_bus_message *call = NULL;
	int r;

	/* Between asking and asking again a password may have been typed, or logind have restarted. */
	r = of(session)->call ? check_logon(session, &session->asked_error) : 0;
	if (r < 0) {
		session->may_authorize = false;
		session->asked = r;
		return 0;
	}
	if (logind->elogind) {
		r = collect_family(session);
		if (r < 0)
			return r;
	}
	r = sd_bus_message_new_method_call(logind->bus, &call, LOGIN1, LOGIN1_PATH, MANAGER,
					   closing ? "KillSession" : "TerminateSession");
	if (r >= 0)
		r = sd_bus_message_append(call, "s", session->id);
	if (r >= 0 && closing)
		r = sd_bus_message_append(call, "si", "all", SIGTERM);
	return send_ask(session, call, r, interactive, reterr);
}

/* Tells whether the kernel lets the caller signal the user's processes without anybody's help. */
static bool is_own_power(const struct logoff_session *session)
{
	return geteuid() == 0 || geteuid() == session->uid;
}

/* Sends SIGTERM to the manager's main process, which then ends what it runs and itself. */
static int signal_manager(const char *cgroup)
{
	struct process_list list = {};
	struct proc_stat stat;
	char *directory;
	int r, fd;

	if (asprintf(&directory, "%s/init.scope", cgroup) < 0)
		return -ENOMEM;
	r = proc_list_cgroup(directory, &list);
	for (size_t i = 0; r >= 0 && i < list.n_items; i++) {
		fd = (int)syscall(SYS_pidfd_open, list.items[i].pid, 0);
		/* Its other process, (sd-pam), is a child of the first. */
		if (fd >= 0 && proc_read_stat(list.items[i].pid, &stat) >= 0 && stat.parent <= 1)
			(void)syscall(SYS_pidfd_send_signal, fd, SIGTERM, NULL, 0);	/* not ended: killed after the grace */
		if (fd >= 0)
			close(fd);
	}
	process_list_clear(&list);
	free(directory);
	return r;
}

/*
 * From within the session TerminateUser would wait for us: systemd stops the manager only after the scopes of the
 * sessions, and ours lives as long as we do. The manager takes a SIGTERM for an orderly end as well.
 */
static int ask_manager(struct logoff_session *session, bool interactive, struct logoff_error *reterr)
{
	struct logind *logind = session->host->data;
	sd_bus_message *call = NULL;
	int r;

	if (session->current && is_own_power(session)) {
		session->asked = 0;
		return signal_manager(of(session)->manager_cgroup);
	}
	r = sd_bus_message_new_method_call(logind->bus, &call, LOGIN1, LOGIN1_PATH, MANAGER, "TerminateUser");
	if (r >= 0)
		r = sd_bus_message_append(call, "u", (uint32_t)session->uid);
	return send_ask(session, call, r, interactive, reterr);
}

static int logind_ask(struct logoff_host *host, struct logoff_session *session, enum host_part part, bool interactive,
		      struct logoff_error *reterr)
{
	int r;

	r = subscribe(host, reterr);
	if (r < 0)
		return r;
	return part == HOST_SESSION ? ask_session(session, interactive, reterr)
				    : ask_manager(session, interactive, reterr);
}

/* ---- killing ---- */

static int call_kill(struct logoff_host *host, struct logoff_error *reterr, const char *method, const char *type, ...)
{
	struct logind *logind = host->data;
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *call = NULL;
	va_list arguments;
	int r;

	va_start(arguments, type);
	r = sd_bus_message_new_method_call(logind->bus, &call, LOGIN1, LOGIN1_PATH, MANAGER, method);
	if (r >= 0)
		r = sd_bus_message_appendv(call, type, arguments);
	va_end(arguments);
	set_timeout(host);
	if (r >= 0)
		r = sd_bus_call(logind->bus, call, 0, &error, NULL);
	if (r < 0)
		r = error_from_dbus(&error, r, reterr);
	sd_bus_message_unref(call);
	sd_bus_error_free(&error);
	return r < 0 ? r : 0;
}

/* Kills the processes of a cgroup one by one, sparing the caller. */
static int kill_but_self(const char *cgroup)
{
	struct family_marks marks = { .audit_session = PROC_NO_AUDIT, .cgroup = cgroup };
	struct family *family = NULL;
	int r;

	r = family_new(&family, &marks);
	if (r >= 0)
		r = family_scan(family);
	if (r > 0)
		r = family_signal(family, SIGKILL);
	family_free(family);
	return r < 0 ? r : 0;
}

static int kill_session(struct logoff_session *session, bool spare_self, struct logoff_error *reterr)
{
	struct logind_session *data = of(session);
	int r;

	if (spare_self && data->cgroup)
		return kill_but_self(data->cgroup);
	r = check_logon(session, reterr);
	if (data->superseded)
		return 0;
	if (r >= 0)
		r = call_kill(session->host, reterr, "KillSession", "ssi", session->id, "all", SIGKILL);
	/*
	 * A logind that has died cannot start again before the scope that is being stopped has ended: systemd orders it
	 * so. Then nobody but we can end the wait, if we may.
	 */
	if (r == -EAGAIN && data->cgroup && is_own_power(session))
		return kill_but_self(data->cgroup);
	if (r != -ENXIO)
		return r;
	/* Dropped already. On elogind its processes may be alive; nobody but us knows them any more. */
	return data->family ? family_signal(data->family, SIGKILL) : 0;
}

/*
 * Kills what runs in the user's service manager. Only if the caller may not do that itself (Full Control through polkit)
 * logind is asked: its KillUser would reach a session that has begun meanwhile as well.
 */
static int kill_manager(struct logoff_session *session, struct logoff_error *reterr)
{
	struct logind_session *data = of(session);

	if (data->manager_cgroup && is_own_power(session))
		return kill_but_self(data->manager_cgroup);
	return call_kill(session->host, reterr, "KillUser", "ui", (uint32_t)session->uid, SIGKILL);
}

static int logind_kill(struct logoff_host *host, struct logoff_session *session, enum host_part part, bool last_act,
		       struct logoff_error *reterr)
{
	struct logind *logind = host->data;
	int r;

	logind->hurried = true;
	if (part == HOST_SESSION)
		r = kill_session(session, session->current && !last_act, reterr);
	else
		r = kill_manager(session, reterr);
	logind->hurried = false;
	if (r >= 0 && last_act && part == HOST_MANAGER)
		raise(SIGKILL);
	return r;
}

/* ---- looking ---- */

/*
 * Lists what elogind's session has left. That several scans find nobody does not prove much against a chain of forks; the
 * cgroup, where it is known, shows one that they have missed.
 */
static int list_family(const struct logind_session *data, struct process_list *list)
{
	int r = family_is_gone(data->family);

	if (r == 0)
		return family_list(data->family, list);
	for (int i = 0; r >= 0 && i < CGROUP_LOOKS && data->cgroup && list->n_items == 0; i++)
		r = proc_list_cgroup(data->cgroup, list);
	return r < 0 ? r : 0;
}

static int logind_processes(struct logoff_host *host, struct logoff_session *session, enum host_part part,
			    struct process_list *list, struct logoff_error *reterr)
{
	struct logind_session *data = of(session);
	const char *cgroup;
	int r;

	(void)host;
	(void)reterr;
	r = find_cgroups(session);
	if (r < 0)
		return r;
	if (data->superseded && part == HOST_SESSION)
		return -EOPNOTSUPP;	/* what is there now is not ours to count */
	if (data->family)
		return list_family(data, list);
	cgroup = part == HOST_SESSION ? data->cgroup : data->manager_cgroup;
	return cgroup ? proc_list_cgroup(cgroup, list) : -EOPNOTSUPP;
}

/* Tells whether the session at PATH is one of people, not the service manager itself (systemd 256 and later). */
static bool is_real_session(struct logoff_host *host, const char *path)
{
	struct logind *logind = host->data;
	char *class = NULL;
	bool real;

	set_timeout(host);
	real = sd_bus_get_property_string(logind->bus, LOGIN1, path, SESSION, "Class", NULL, &class) < 0 ||
	       strncmp(class, "manager", 7) != 0;
	free(class);
	return real;
}

/* Tells whether the user has sessions other than SESSION. */
static int has_others(struct logoff_session *session, bool *ret_others, struct logoff_error *reterr)
{
	struct logind *logind = session->host->data;
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *answer = NULL;
	const char *id, *path;
	int r;

	*ret_others = false;
	set_timeout(session->host);
	r = sd_bus_get_property(logind->bus, LOGIN1, of(session)->user_path, USER, "Sessions", &error, &answer, "a(so)");
	if (r < 0) {
		r = error_from_dbus(&error, r, reterr);
	} else {
		r = sd_bus_message_enter_container(answer, 'a', "(so)");
		while (r >= 0 && !*ret_others && (r = sd_bus_message_read(answer, "(so)", &id, &path)) > 0)
			*ret_others = strcmp(id, session->id) != 0 && is_real_session(session->host, path);
		if (r < 0)
			r = bad_answer(r, "Sessions", reterr);
	}
	sd_bus_message_unref(answer);
	sd_bus_error_free(&error);
	return r < 0 ? r : 0;
}

static int lingers(struct logoff_session *session, int *ret_lingers, struct logoff_error *reterr)
{
	struct logind *logind = session->host->data;
	sd_bus_error error = SD_BUS_ERROR_NULL;
	int r;

	set_timeout(session->host);
	r = sd_bus_get_property_trivial(logind->bus, LOGIN1, of(session)->user_path, USER, "Linger", &error, 'b', ret_lingers);
	if (r < 0)
		r = error_from_dbus(&error, r, reterr);
	sd_bus_error_free(&error);
	return r < 0 ? r : 0;
}

/* Asks for two properties, not for all: to answer for all, logind looks at the terminals of all the user's sessions. */
static int logind_manager(struct logoff_host *host, struct logoff_session *session, enum host_manager *ret_manager,
			  struct logoff_error *reterr)
{
	const char *cgroup = of(session)->manager_cgroup;
	int r, linger = false;
	bool others;

	(void)host;
	*ret_manager = HOST_MANAGER_NONE;
	if (!cgroup || access(cgroup, F_OK) < 0)
		return 0;
	r = lingers(session, &linger, reterr);
	if (r >= 0)
		r = has_others(session, &others, reterr);
	if (r == -ENXIO)
		return 0;	/* the user has gone with the session */
	if (r < 0)
		return r;
	*ret_manager = others ? HOST_MANAGER_NEEDED : linger ? HOST_MANAGER_LINGERS : HOST_MANAGER_UNNEEDED;
	return 0;
}

/* ---- waiting ---- */

/* Takes in what has come. Returns 1 if something has, 0 if not. */
static int take_news(struct logind *logind, struct logoff_error *reterr)
{
	unsigned n_calls = logind->n_calls;
	int r, news = 0;

	while ((r = sd_bus_process(logind->bus, NULL)) > 0)
		news = 1;
	return r < 0 ? error_from_dbus(NULL, r, reterr) : news || logind->n_calls != n_calls;	/* see drain() */
}

/* Polls bus, cancel descriptor and the processes held by pidfd. Returns 0 or -ECANCELED. */
static int poll_all(struct logoff_host *host, uint64_t until_us, int cancel_fd)
{
	struct logind *logind = host->data;
	uint64_t now = host_clock_us(), wake = until_us, bus_us;
	size_t n = 2;
	struct pollfd *fds;
	bool cancelled;

	for (size_t i = 0; i < host->n_watched; i++)
		n += of(host->watched[i])->family ? family_n_poll(of(host->watched[i])->family) : 0;
	fds = calloc(n, sizeof(*fds));
	if (!fds)
		return -ENOMEM;
	fds[0] = (struct pollfd){ .fd = sd_bus_get_fd(logind->bus), .events = (short)sd_bus_get_events(logind->bus) };
	fds[1] = (struct pollfd){ .fd = cancel_fd, .events = POLLIN };
	n = 2;
	for (size_t i = 0; i < host->n_watched; i++) {
		const struct family *family = of(host->watched[i])->family;

		if (family) {
			family_poll(family, fds + n);
			n += family_n_poll(family);
		}
	}
	if (sd_bus_get_timeout(logind->bus, &bus_us) > 0 && bus_us < wake)
		wake = bus_us;
	wake = wake > now ? wake - now : 0;
	(void)poll(fds, n, wake > 3600000000 ? 3600000 : (int)((wake + 999) / 1000));	/* EINTR: look and come back */
	cancelled = fds[1].revents != 0;
	free(fds);
	return cancelled ? -ECANCELED : 0;
}

static int logind_wait(struct logoff_host *host, uint64_t until_us, int cancel_fd, struct logoff_error *reterr)
{
	struct logind *logind = host->data;
	int r;

	r = take_news(logind, reterr);
	if (r == 0) {
		r = poll_all(host, until_us, cancel_fd);
		if (r == 0)
			r = take_news(logind, reterr);
	}
	host->now_us = host_clock_us();
	return r < 0 ? r : 0;
}

const struct host_backend host_logind = {
	.name = "logind",
	.open = logind_open,
	.close = logind_close,
	.release = logind_release,
	.get = logind_get,
	.list = logind_list,
	.ask = logind_ask,
	.kill = logind_kill,
	.processes = logind_processes,
	.manager = logind_manager,
	.wait = logind_wait,
};
