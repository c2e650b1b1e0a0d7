/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * logind-read.c - one session of logind's: its properties, asked by D-Bus, and what they make of it.
 *
 * The truth about one session is what D-Bus says of it now. To log a session off, it is always read by D-Bus alone.
 */
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend/bus-call.h"
#include "backend/here.h"
#include "backend/logind-read.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "local/display.h"
#include "local/terminal.h"

/* ---- properties ---- */

#define NO_TIMESTAMP UINT64_MAX
#define FAR_TEXT_MAX 4096		/* as long as a path; names of accounts, units and hosts have 255 bytes */

static bool is_set(const char *text)
{
	return text && *text;
}

/* Which property goes where, and of which type it must be. */
static const struct {
	const char *name;
	const char *type;
	size_t first, second;
} property_table[] = {
	{ "Id", "s", offsetof(struct logind_properties, id), 0 },
	{ "Name", "s", offsetof(struct logind_properties, user), 0 },
	{ "TTY", "s", offsetof(struct logind_properties, tty), 0 },
	{ "Display", "s", offsetof(struct logind_properties, display), 0 },
	{ "Service", "s", offsetof(struct logind_properties, service), 0 },
	{ "Scope", "s", offsetof(struct logind_properties, scope), 0 },
	{ "Type", "s", offsetof(struct logind_properties, type), 0 },
	{ "Class", "s", offsetof(struct logind_properties, class), 0 },
	{ "State", "s", offsetof(struct logind_properties, state), 0 },
	{ "RemoteHost", "s", offsetof(struct logind_properties, remote_host), 0 },
	{ "IdleHint", "b", offsetof(struct logind_properties, idle_hint), 0 },
	{ "Remote", "b", offsetof(struct logind_properties, remote), 0 },
	{ "IdleSinceHintMonotonic", "t", offsetof(struct logind_properties, idle_since), 0 },
	{ "Leader", "u", offsetof(struct logind_properties, leader), 0 },
	{ "Timestamp", "t", offsetof(struct logind_properties, timestamp), 0 },
	{ "TimestampMonotonic", "t", offsetof(struct logind_properties, monotonic), 0 },
	{ "User", "(uo)", offsetof(struct logind_properties, uid), offsetof(struct logind_properties, user_path) },
	{ "Seat", "(so)", offsetof(struct logind_properties, seat), 0 },
};

static int read_property(sd_bus_message *m, const char *name, struct logind_properties *p)
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
static int read_properties(sd_bus_message *m, struct logind_properties *p)
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

/* ---- a session of them ---- */

/*
 * Tells whether a client is connected to the display, of xrdp or else of a VNC server. Where the kernel does not say, the session
 * counts as connected. Returns 1, 0, or -ENODATA: not known.
 */
static int has_client(struct logoff_host *host, const struct logind_properties *p)
{
	unsigned number = (unsigned)strtoul(p->display + 1, NULL, 10);

	if (host->far || (!host->clients && display_clients_new(&host->clients) < 0))
		return -ENODATA;
	return properties_is_xrdp(p) ? display_is_connected(host->clients, p->uid, number) :
				       display_has_viewer(host->clients, p->uid, number, NULL);
}

static void fill_times(struct logoff_session *session, const struct logind_properties *p)
{
	struct logind_times times;

	properties_times(p, clock_real_us(), clock_now_us(), &times);
	session->logon_us = times.logon_us;
	session->age_us = times.age_us;
	session->set_us = times.set_us;
	session->idle_us = times.idle_us;
	session->missing = (session->idle_us < 0 ? HOST_IDLE : 0) | (session->graphical ? 0 : HOST_TERMINALS) | here_number(session->host, p->id);
	if (session->host->far)		/* by a clock that is not ours */
		session->age_us = session->idle_us = -1;
}

/*
 * Where the user is now. What logind was told at the logon is that for a desktop only until its client leaves, and the program
 * that begins those of TigerVNC tells no client's at all; who is at the far end of xrdp is asked when it is wanted.
 */
static const char *find_address(const struct logoff_session *session, const struct logind_properties *p)
{
	struct display_clients *clients = session->host->clients;
	const char *address = NULL;

	if (properties_is_xrdp(p))
		return NULL;
	if (!properties_is_vnc(p))
		return p->remote_host;
	if (clients)
		(void)display_has_viewer(clients, p->uid, (unsigned)strtoul(p->display + 1, NULL, 10), &address);	/* else none */
	return address;
}

static int fill_texts(struct logoff_session *session, const struct logind_properties *p)
{
	struct logind_session *data = of(session);
	int r;

	r = text_copy(&session->id, p->id);
	if (r >= 0)
		r = text_copy(&session->user, p->user);
	if (r >= 0)
		r = properties_name(p, &session->name);
	if (r >= 0)
		r = text_copy_set(&session->protocol, properties_protocol(p));
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

bool logind_has_our_numbers(const struct logoff_host *host)
{
	struct logind *logind = host->data;
	sd_bus_message *call = NULL, *answer = NULL;
	const char *name;
	uint32_t pid = 0;
	int r;

	if (host->far)
		return false;
	/* While an answer is being taken in, sd-bus takes in no other. */
	if (logind->knows_numbers || sd_bus_get_current_message(logind->bus))
		return logind->has_numbers;
	r = sd_bus_get_unique_name(logind->bus, &name);
	if (r >= 0)
		r = sd_bus_message_new_method_call(logind->bus, &call, "org.freedesktop.DBus", "/org/freedesktop/DBus",
						   "org.freedesktop.DBus", "GetConnectionUnixProcessID");
	if (r >= 0)
		r = sd_bus_message_append(call, "s", name);
	if (r >= 0)
		r = bus_call(logind->bus, call, NULL, &answer, &logind->has_events);
	sd_bus_message_unref(call);
	if (r >= 0)
		r = sd_bus_message_read(answer, "u", &pid);
	sd_bus_message_unref(answer);
	logind->knows_numbers = r >= 0;	/* otherwise it is asked again */
	logind->has_numbers = pid == (uint32_t)getpid();
	return logind->has_numbers;
}

/* Fills SESSION from what was read. */
static int fill_session(struct logoff_session *session, const struct logind_properties *p)
{
	struct logind *logind = session->host->data;
	struct logind_session *data = session->data = calloc(1, sizeof(*data));
	int client;

	if (!data)
		return -ENOMEM;
	client = properties_need_client(p) ? has_client(session->host, p) : 1;
	session->uid = p->uid;
	session->state = properties_state(p, client != 0);
	session->unsure = client < 0 && properties_is_xrdp(p);	/* other displays mostly have no server that clients connect to */
	session->console = is_set(p->seat);
	session->kind = properties_kind(p);
	session->logon = p->timestamp;
	session->leader = p->leader > 1 && logind_has_our_numbers(session->host) ? (pid_t)p->leader : 0;
	session->graphical = properties_is_graphical(p);
	session->wayland = is_set(p->type) && strcmp(p->type, "wayland") == 0;
	fill_times(session, p);
	if (properties_is_xrdp(p) && session->state == LOGOFF_STATE_ACTIVE && geteuid() == 0 && !session->host->far)
		session->missing |= HOST_CLIENT;
	session->current = logind_own_id(logind) && strcmp(logind_own_id(logind), p->id) == 0;
	if (logind->n_above > 0)
		session->current = logind_is_own_leader(logind, session->leader, p->monotonic);
	session->own = session->current ? OWN_YES : logind_is_own(logind, p->id, session);
	data->closing = session->state == LOGOFF_STATE_CLOSING;
	data->xrdp = properties_is_xrdp(p);
	data->since_us = p->monotonic;
	data->desktop = (struct desktop_span){ .since_us = table_begin_us(p->timestamp, p->monotonic), .until_us = UINT64_MAX,
					       .shared_us = UINT64_MAX, .audit_session = PROC_NO_AUDIT };
	data->has_certain_terminal = properties_has_certain_terminal(p) && terminal_is_one(p->tty);
	data->not_a_session = is_set(p->class) && logind_is_manager_class(p->class);
	return fill_texts(session, p);
}

int logind_session_from(struct logoff_host *host, const struct logind_properties *p, struct logoff_session **ret_session)
{
	struct logoff_session *session;
	int r;

	r = session_new(&session, host);
	if (r < 0)
		return r;
	r = fill_session(session, p);
	if (r < 0) {
		logoff_session_free(session);
		return r;
	}
	if (((const struct logind *)host->data)->elogind && logind_elogind_is_over(session))
		of(session)->not_a_session = true;
	*ret_session = session;
	return 0;
}

/* Another machine may tell texts of any length, and they are kept. */
static bool is_too_long(const struct logoff_host *host, const struct logind_properties *p)
{
	const char *const texts[] = { p->id, p->user, p->tty, p->display, p->service, p->scope, p->type, p->class,
				      p->state, p->seat, p->user_path, p->remote_host };

	for (size_t i = 0; host->far && i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i] && strlen(texts[i]) > FAR_TEXT_MAX)
			return true;
	return false;
}

int logind_session_from_answer(struct logoff_host *host, sd_bus_message *answer, struct logoff_session **ret_session,
			       struct logoff_error *reterr)
{
	struct logind_properties p = { .timestamp = NO_TIMESTAMP };
	int r;

	r = read_properties(answer, &p);
	if (r < 0)
		return logind_bad_answer(r, "GetAll", reterr);
	/* Class and seat protect greeters and the console, the timestamp whoever gets the id next. */
	if (!is_set(p.id) || !p.user || !p.state || !p.user_path || !p.class || !p.seat || p.timestamp == NO_TIMESTAMP ||
	    is_too_long(host, &p))
		return logind_bad_answer(-EBADMSG, "GetAll", reterr);
	return logind_session_from(host, &p, ret_session);
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
		r = logind_session_from_answer(host, answer, ret_session, reterr);
	sd_bus_message_unref(answer);
	return r;
}

/* Tells whether it is a session that does not exist: of another object (logind's own) that says nothing. */
static bool is_no_session(const struct logoff_error *error)
{
	return strcmp(error->name, LOGIN1 ".NoSuchSession") == 0 || strcmp(error->name, LOGIN1 ".NoSessionForPID") == 0;
}

int logind_get_by_call(struct logoff_host *host, struct logoff_session **ret_session, struct logoff_error *reterr,
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

	r = logind_get_by_call(host, &session, reterr, "GetSession", "s", id);
	if (r < 0)
		return r;
	if (strcmp(session->id, id) != 0) {	/* another one must never be ended in its place */
		logoff_session_free(session);
		return logind_bad_answer(-EBADMSG, "GetSession", reterr);
	}
	*ret_session = session;
	return 0;
}
/* ---- the caller's own ---- */

/* The session whose leader is above the caller, which has been moved out of it. */
static int get_by_leader(struct logoff_host *host, struct logoff_session **ret_session, struct logoff_error *reterr)
{
	struct session_list list = {};
	int r = logind_list_all(host, &list, reterr);

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
	const char *id = logind_own_id(host->data);
	int r = id ? logind_get_by_id(host, id, ret_session, reterr) : get_by_leader(host, ret_session, reterr);

	return r == -ENXIO ? error_set_errno(reterr, -ESRCH, -ESRCH, "not in a session") : r;
}

int logind_get(struct logoff_host *host, const char *id, struct logoff_session **ret_session,
		      struct logoff_error *reterr)
{
	struct logoff_session *session = NULL;
	int r;

	here_refresh(host);
	r = logind_find_own(host, reterr);
	if (r >= 0)
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
