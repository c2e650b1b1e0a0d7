/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * host.c - the public calls on hosts and sessions: which back end, which session is meant, and the rules.
 *
 * Everything here is the same for every kind of host. What a session is called, and whether it is on a seat, the back
 * end has read from the live system; what follows from that is decided here, once.
 */
#include "core/host.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "local/audit.h"
#include "local/display.h"
#include "local/proc-table.h"
#include "local/terminal.h"

/* Less is the work of whoever keeps the clock right, or of a machine that has slept for a moment. */
#define CLOCK_SET_US INT64_C(60000000)

/* Of this machine, in order of preference. A memory host is only taken when LOGOFF_HOST names it. */
static const struct host_backend *const backends[] = { &host_logind, &host_procfs, &host_memory };

/* Made by systemd at start, and by logind and elogind. Where neither is, there never was a logind. */
static bool is_logind_made(void)
{
	return access("/run/systemd/system", F_OK) == 0 || access("/run/systemd/seats", F_OK) == 0;
}

#define N_BACKENDS (sizeof(backends) / sizeof(backends[0]))

const char *logoff_version(void)
{
	return LOGOFF_VERSION;
}

/* ---- opening ---- */

/* By "localhost" or its host name, with or without the domain. With a port it is another machine's way to it. */
bool logoff_is_this_machine(const char *server)
{
	char name[256] = "";
	size_t length;

	if (!server || !*server || strcasecmp(server, "localhost") == 0)
		return true;
	if (gethostname(name, sizeof(name) - 1) < 0 || !*name)
		return false;
	if (strcasecmp(server, name) == 0)
		return true;
	length = strcspn(name, ".");
	return strncasecmp(server, name, length) == 0 && server[length] == '\0';
}

static int open_backend(const struct host_backend *backend, const char *argument, const struct logoff_logon *logon,
			struct logoff_host **ret_host, struct logoff_error *reterr)
{
	struct logoff_host *host = calloc(1, sizeof(*host));
	int r;

	if (!host)
		return -ENOMEM;
	host->backend = backend;
	host->kind = backend->name;
	host->now_us = clock_now_us();
	host->logon = logon;
	host->server = logon ? strdup(logon->server) : NULL;
	r = logon && !host->server ? -ENOMEM : backend->open(host, argument, reterr);
	host->logon = NULL;
	if (r < 0) {
		logoff_host_close(host);
		return r;
	}
	*ret_host = host;
	return 0;
}

/* Opens the kind of host that LOGOFF_HOST forces: "NAME" or "NAME:ARGUMENT". */
static int open_forced(const char *kind, struct logoff_host **ret_host, struct logoff_error *reterr)
{
	size_t length = strcspn(kind, ":");
	const char *argument = kind[length] ? kind + length + 1 : NULL;

	for (size_t i = 0; i < N_BACKENDS; i++)
		if (strlen(backends[i]->name) == length && strncmp(backends[i]->name, kind, length) == 0)
			return open_backend(backends[i], argument, NULL, ret_host, reterr);
	return error_set_errno(reterr, -EINVAL, -EINVAL, "LOGOFF_HOST=%s: no such kind of host", kind);
}

int logoff_host_open(struct logoff_host **ret_host, const char *server, struct logoff_error *reterr)
{
	return logoff_host_open_as(ret_host, &(struct logoff_logon){ .server = server }, reterr);
}

int logoff_host_open_as(struct logoff_host **ret_host, const struct logoff_logon *logon, struct logoff_error *reterr)
{
	struct logoff_error cause = {};
	const char *forced = secure_getenv("LOGOFF_HOST");
	int r;

	if (!logoff_is_this_machine(logon->server))
		return open_backend(&host_tsts, NULL, logon, ret_host, reterr);
	if (forced && *forced)
		return open_forced(forced, ret_host, reterr);
	r = is_logind_made() ? open_backend(&host_logind, "probe", NULL, ret_host, &cause) : -ENXIO;
	if (r == -ENXIO)
		return open_backend(&host_procfs, NULL, NULL, ret_host, reterr);
	if (r < 0 && reterr)
		*reterr = cause;
	return r;
}

/* What a caller is told of a host that could answer later. */
static int public_errno(int r)
{
	return r == -EAGAIN ? -EHOSTUNREACH : r;
}

/*
 * The host of the logins that HOST's session manager does not know, opened when it is first wanted. Returns NULL if there is
 * none. It is no host of its own: what it knows are sessions of this machine too.
 */
static struct logoff_host *beside(struct logoff_host *host)
{
	if (!host->backend->has_beside || host->beside_failed)
		return NULL;
	if (!host->beside && open_backend(&host_procfs, "beside", NULL, &host->beside, NULL) < 0)
		host->beside_failed = true;
	if (host->beside) {
		host->beside->above = host;
		host->beside->now_us = host->now_us;
	}
	return host->beside;
}

static int get(struct logoff_host *host, const char *id, struct logoff_session **ret_session,
	       struct logoff_error *reterr)
{
	struct logoff_error cause = {};
	struct logoff_host *other;
	int r;

	host->clients = display_clients_free(host->clients);
	r = host->backend->get(host, id, ret_session, &cause);
	if ((r == -ENXIO || r == -ESRCH) && (other = beside(host))) {
		int found = other->backend->get(other, id, ret_session, NULL);

		if (found >= 0)
			return found;
	}
	if (r < 0 && reterr)
		*reterr = cause;
	return public_errno(r);
}

static int list_sessions(struct logoff_host *host, const char *name, struct session_list *list, struct logoff_error *reterr)
{
	struct logoff_error cause = {};
	struct logoff_host *other;
	int r;

	host->clients = display_clients_free(host->clients);
	r = host->backend->list(host, name, list, &cause);
	if (r >= 0 && !name && (other = beside(host)))
		r = other->backend->list(other, name, list, &cause);
	if (r < 0 && reterr)
		*reterr = cause;
	return public_errno(r);
}

struct logoff_host *logoff_host_close(struct logoff_host *host)
{
	if (!host)
		return NULL;
	logoff_host_close(host->beside);
	host->backend->close(host);
	display_clients_free(host->clients);
	table_free(host->table);
	free(host->server);
	free(host);
	return NULL;
}

const char *logoff_host_kind(const struct logoff_host *host)
{
	return host->kind;
}

void logoff_host_name_caller(const struct logoff_host *host, char *name, size_t size)
{
	char person[64];

	audit_name_person(person);
	snprintf(name, size, "%s", host && *host->caller ? host->caller : person);
}

/* ---- sessions ---- */

int session_new(struct logoff_session **ret_session, struct logoff_host *host)
{
	struct logoff_session *session = calloc(1, sizeof(*session));

	if (!session)
		return -ENOMEM;
	session->host = host;
	session->logon_us = -1;
	session->age_us = -1;
	session->idle_us = -1;
	session->looked_us = host->simulated ? host->now_us : clock_now_us();
	*ret_session = session;
	return 0;
}

struct logoff_session *logoff_session_free(struct logoff_session *session)
{
	if (!session)
		return NULL;
	if (session->host->backend->release)
		session->host->backend->release(session);
	free(session->id);
	free(session->name);
	free(session->user);
	free(session->protocol);
	free(session->address);
	free(session->client);
	for (size_t i = 0; i < session->n_terminals; i++)
		free(session->terminals[i]);
	free(session->terminals);
	free(session->display);
	free(session->domain);
	free(session);
	return NULL;
}

void session_fill_terminals(struct logoff_session *session)
{
	if (session->ask_terminals && session->host->backend->fill_terminals) {
		session->ask_terminals = false;
		session->host->backend->fill_terminals(session->host, session);
	}
}

int session_add_terminal(struct logoff_session *session, const char *terminal)
{
	char *copy;
	int r;

	for (size_t i = 0; i < session->n_terminals; i++)
		if (strcmp(session->terminals[i], terminal) == 0)
			return 0;
	r = text_copy(&copy, terminal);
	if (r < 0)
		return r;
	r = array_add(&session->terminals, &session->n_terminals, &copy);
	if (r < 0)
		free(copy);
	return r;
}

int session_set_address(struct logoff_session *session, const char *text)
{
	static const char mapped[] = "::ffff:";
	struct in_addr four;

	if (!text || !*text)
		return 0;
	if (strncasecmp(text, mapped, strlen(mapped)) == 0 && inet_pton(AF_INET, text + strlen(mapped), &four) > 0)
		text += strlen(mapped);
	session->address = strdup(text);
	return session->address ? 0 : -ENOMEM;
}

bool session_is_called(struct logoff_session *session, const char *name)
{
	if (!session->name)
		session_fill_terminals(session);
	if (!session->name)
		return false;
	if (strcasecmp(session->name, name) == 0)
		return true;
	session_fill_terminals(session);
	for (size_t i = 0; i < session->n_terminals; i++)
		if (strcasecmp(session->terminals[i], name) == 0)
			return true;
	return false;
}

bool session_is_other(const struct logoff_session *a, const struct logoff_session *b)
{
	return a->logon != b->logon && a->logon != 0 && b->logon != 0;
}

int session_list_add(struct session_list *list, struct logoff_session *session)
{
	int r = array_add(&list->items, &list->n_items, &session);

	if (r < 0)
		logoff_session_free(session);
	return r;
}

void session_list_clear(struct session_list *list)
{
	list->items = logoff_session_list_free(list->items, list->n_items);
	list->n_items = 0;
}

struct logoff_session **logoff_session_list_free(struct logoff_session **sessions, size_t n_sessions)
{
	for (size_t i = 0; i < n_sessions; i++)
		logoff_session_free(sessions[i]);
	free(sessions);
	return NULL;
}

const char *logoff_session_id(const struct logoff_session *session)
{
	return session->id;
}

const char *logoff_session_name(const struct logoff_session *session)
{
	if (!session->name)
		session_fill_terminals((struct logoff_session *)session);	/* as in logoff_session_detail() */
	return session->state == LOGOFF_STATE_ACTIVE ? session->name : NULL;
}

const char *logoff_session_user(const struct logoff_session *session)
{
	return session->user;
}

uid_t logoff_session_uid(const struct logoff_session *session)
{
	return session->uid;
}

enum logoff_state logoff_session_state(const struct logoff_session *session)
{
	return session->state;
}

bool logoff_session_is_current(const struct logoff_session *session)
{
	return session->current;
}

bool logoff_session_is_own(const struct logoff_session *session)
{
	return session->current || session->own;
}

bool logoff_session_is_registered(const struct logoff_session *session)
{
	return !session->unregistered;
}

const char *logoff_session_terminal(const struct logoff_session *session, size_t i)
{
	session_fill_terminals((struct logoff_session *)session);	/* as in logoff_session_detail() */
	return i < session->n_terminals ? session->terminals[i] : NULL;
}

bool logoff_session_by_terminal(const struct logoff_session *session)
{
	return session->by_terminal;
}

enum logoff_kind logoff_session_kind(const struct logoff_session *session)
{
	return session->kind;
}

bool logoff_session_is_console(const struct logoff_session *session)
{
	return session->console;
}

/* Finds out who the client is. What cannot be found out stays unknown. */
static void ask_client(struct logoff_session *session)
{
	struct logoff_host *host = session->host;

	session->ask_client = false;
	if (host->backend->fill_client)
		host->backend->fill_client(host, session);
	else if (host->clients || display_clients_new(&host->clients) >= 0)
		(void)display_fill_client(host->clients, session);
}

const char *logoff_session_detail(const struct logoff_session *session, enum logoff_detail detail)
{
	/* To the caller the session is constant: it does not see that some of it is only looked up now. */
	if (session->ask_client && (detail == LOGOFF_DETAIL_ADDRESS || detail == LOGOFF_DETAIL_CLIENT))
		ask_client((struct logoff_session *)session);
	switch (detail) {
	case LOGOFF_DETAIL_PROTOCOL:
		return session->protocol;
	case LOGOFF_DETAIL_ADDRESS:
		return session->address;
	case LOGOFF_DETAIL_CLIENT:
		return session->client;
	case LOGOFF_DETAIL_TERMINAL:
		return logoff_session_terminal(session, 0);
	case LOGOFF_DETAIL_DISPLAY:
		return session->display;
	case LOGOFF_DETAIL_DOMAIN:
		return session->domain;
	}
	return NULL;
}

void session_fill(struct logoff_session *session)
{
	if (session->ask_idle && session->host->backend->fill_times) {
		session->ask_idle = false;
		session->host->backend->fill_times(session->host, session);
	}
}

int64_t logoff_session_logon_us(const struct logoff_session *session)
{
	session_fill((struct logoff_session *)session);	/* as in logoff_session_detail() */
	return session->logon_us;
}

static void fill_clock(struct logoff_session *session)
{
	session_fill(session);
	if (session->ask_clock && session->host->backend->fill_clock) {
		session->ask_clock = false;
		session->host->backend->fill_clock(session->host, session);
	}
}

int64_t logoff_session_age_us(const struct logoff_session *session)
{
	int64_t logon_us, age_us;

	fill_clock((struct logoff_session *)session);
	logon_us = session->logon_us;
	age_us = session->age_us;
	if (age_us >= 0 || logon_us < 0)
		return age_us >= 0 ? age_us : logon_us;
	if (session->host->server)
		return age_us;	/* a server's times say nothing beside our clock */
	age_us = clock_real_us() - logon_us;
	return age_us > 0 ? age_us : 0;
}

/*
 * The least of the terminals' times. If the clock has been set forward since the logon nobody knows on which side of that the
 * last key was pressed: the shorter time counts.
 */
static int64_t idle_of_terminals(struct logoff_session *session)
{
	int64_t least_us = -1;
	const char *terminal;

	for (size_t i = 0; (terminal = logoff_session_terminal(session, i)); i++) {
		int64_t idle_us = terminal_idle_us(terminal);

		if (idle_us >= 0 && session->set_us > CLOCK_SET_US)
			idle_us = idle_us > session->set_us ? idle_us - session->set_us : 0;
		if (idle_us >= 0 && (least_us < 0 || idle_us < least_us))
			least_us = idle_us;
	}
	return least_us;
}

int64_t logoff_session_idle_us(struct logoff_session *session)
{
	int64_t age_us;

	fill_clock(session);
	if (session->ask_idle) {
		session->ask_idle = false;
		session->idle_us = session->graphical ? display_idle_us(session) : idle_of_terminals(session);
	}
	/* A clock may have been set meanwhile: nobody is idle for longer than the session exists. */
	age_us = logoff_session_age_us(session);
	return age_us >= 0 && session->idle_us > age_us ? age_us : session->idle_us;
}

/* ---- which session is meant ---- */

/* Session ids are numbers, or "c" and a number where the kernel gave no audit session (xrdp, su, sudo). */
static bool is_id(const char *designator)
{
	const char *digits = designator + (*designator == 'c' || *designator == 'C');

	return *digits && strspn(digits, "0123456789") == strlen(digits);
}

static int find_by_id(struct logoff_host *host, const char *designator, struct logoff_session **ret_session,
		      struct logoff_error *reterr)
{
	char *id = strdup(designator);
	int r;

	if (!id)
		return -ENOMEM;
	id[0] = (char)tolower((unsigned char)id[0]);
	r = get(host, id, ret_session, reterr);
	free(id);
	return r;
}

/* Picks the one active session called NAME out of LIST and takes it from there. */
static int pick(struct session_list *list, const char *name, struct logoff_session **ret_session,
		struct logoff_error *reterr)
{
	struct logoff_session **active = NULL, *inactive = NULL;
	size_t n_active = 0;

	for (size_t i = 0; i < list->n_items; i++) {
		struct logoff_session *session = list->items[i];

		if (!session_is_called(session, name))
			continue;
		if (session->state != LOGOFF_STATE_ACTIVE) {
			inactive = session;
		} else if (n_active++ == 0) {
			active = &list->items[i];
		}
	}
	if (n_active > 1)
		return error_set_errno(reterr, -ENOTUNIQ, -ENOTUNIQ, "%zu sessions have this name", n_active);
	if (n_active == 0 && inactive)
		return error_set_errno(reterr, -ESRCH, -ESRCH, "%s", inactive->id);
	if (n_active == 0)
		return error_set_errno(reterr, -ENXIO, -ENXIO, "no active session has this name");
	*ret_session = *active;
	*active = list->items[--list->n_items];
	return 0;
}

static int find_by_name(struct logoff_host *host, const char *name, const char *hint,
			struct logoff_session **ret_session, struct logoff_error *reterr)
{
	struct session_list list = {};
	int r;

	r = list_sessions(host, hint, &list, reterr);
	if (r >= 0)
		r = pick(&list, name, ret_session, reterr);
	session_list_clear(&list);
	return r;
}

int logoff_host_find(struct logoff_host *host, const char *designator, struct logoff_session **ret_session,
		     struct logoff_error *reterr)
{
	int r;

	if (!designator)
		return get(host, NULL, ret_session, reterr);
	if (is_id(designator))
		return find_by_id(host, designator, ret_session, reterr);
	if (strncmp(designator, "/dev/", 5) == 0)
		designator += 5;
	/* The hint is cheap and may know too little; only a full list can say that there is no such name. */
	r = find_by_name(host, designator, designator, ret_session, reterr);
	if (r == -ENXIO || r == -ESRCH)
		r = find_by_name(host, designator, NULL, ret_session, reterr);
	return r;
}

int logoff_host_list(struct logoff_host *host, struct logoff_session ***ret_sessions, size_t *ret_n_sessions,
		     struct logoff_error *reterr)
{
	struct session_list list = {};
	int r;

	r = list_sessions(host, NULL, &list, reterr);
	if (r < 0) {
		session_list_clear(&list);
		return r;
	}
	*ret_sessions = list.items;
	*ret_n_sessions = list.n_items;
	return 0;
}

bool logoff_host_may_have_user(struct logoff_host *host, const char *name)
{
	/* On a server a number is an id, as with Windows' own commands: to ask would cost a list. */
	if (host->server && name[strspn(name, "0123456789")] == '\0')
		return false;
	return !host->backend->may_have_user || host->backend->may_have_user(host, name);
}

/* ---- processes ---- */

int census_add(struct census *census, pid_t pid, uid_t uid, const char *user, const char *session_id,
	       const char *command)
{
	struct logoff_host_process item = { .pid = pid, .uid = uid };

	snprintf(item.session_id, sizeof(item.session_id), "%s", session_id ? session_id : "");
	snprintf(item.user, sizeof(item.user), "%s", user ? user : "");
	snprintf(item.command, sizeof(item.command), "%s", command);
	return array_add(&census->items, &census->n_items, &item);
}

/* Tells whether ID is that of a session that the session manager does not know. */
static bool is_unregistered(const struct session_list *list, const char *id)
{
	for (size_t i = 0; i < list->n_items; i++)
		if (list->items[i]->unregistered && strcmp(list->items[i]->id, id) == 0)
			return true;
	return false;
}

/* Says of processes in no session that they are in one of those that the session manager does not know. */
static int mark_unregistered(struct logoff_host *host, struct census *census)
{
	struct session_list list = {};
	uint32_t audit;
	char id[16];
	int r = list_sessions(host, NULL, &list, NULL);
	bool any = false;

	for (size_t i = 0; r >= 0 && i < list.n_items; i++)
		any = any || list.items[i]->unregistered;
	for (size_t i = 0; any && i < census->n_items; i++) {
		struct logoff_host_process *item = &census->items[i];

		if (*item->session_id || proc_read_audit_session(item->pid, &audit) < 0 || audit == PROC_NO_AUDIT)
			continue;
		snprintf(id, sizeof(id), "%u", audit);
		if (is_unregistered(&list, id))
			snprintf(item->session_id, sizeof(item->session_id), "%s", id);
	}
	session_list_clear(&list);
	return r;
}

int logoff_host_list_processes(struct logoff_host *host, struct logoff_host_process **ret_processes,
			       size_t *ret_n_processes, struct logoff_error *reterr)
{
	struct census census = {};
	int r;

	if (!host->backend->census)
		return error_set_errno(reterr, -EOPNOTSUPP, -EOPNOTSUPP, "this host does not tell its processes");
	r = host->backend->census(host, &census, reterr);
	if (r >= 0 && host->backend->has_beside)
		r = mark_unregistered(host, &census);
	if (r < 0) {
		free(census.items);
		return public_errno(r);
	}
	*ret_processes = census.items;
	*ret_n_processes = census.n_items;
	return 0;
}

/* ---- the rules ---- */

int host_check_rules(const struct logoff_session *session, bool console_allowed, struct logoff_error *reterr)
{
	if (session->kind == LOGOFF_KIND_GREETER)
		return error_set_errno(reterr, -EPERM, -EPERM, "greeter");
	if (session->kind == LOGOFF_KIND_SERVICES)
		return error_set_errno(reterr, -EPERM, -EPERM, "services");
	if (session->console && !session->current && !console_allowed)
		return error_set_errno(reterr, -EPERM, -EPERM, "console");
	return 0;
}

int host_session_exists(const struct logoff_session *session, enum logoff_state *ret_state,
			struct logoff_error *reterr)
{
	struct logoff_session *now;
	int r;

	r = session->host->backend->get(session->host, session->id, &now, reterr);
	if (r == -ENXIO)
		return 0;
	if (r < 0)
		return r;
	r = !session_is_other(now, session);
	if (r && ret_state)
		*ret_state = now->state;
	logoff_session_free(now);
	return r;
}
