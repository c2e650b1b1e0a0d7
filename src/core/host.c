/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * host.c - the public calls on hosts: which back end, which session is meant, processes, messages.
 *
 * Everything here is the same for every kind of host.
 */
#include "core/host.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/os.h"
#include "base/text.h"
#include "base/utf8.h"
#include "core/result.h"

#define STRUCT_MAX 4096		/* bytes: what a caller's struct may grow to */

const char *logoff_version(void)
{
	return LOGOFF_VERSION;
}

char *logoff_text_harmless(const char *text, bool lines)
{
	return utf8_harmless(text, lines);
}

/* ---- opening ---- */

/* By "localhost" or its host name, with or without the domain. With a port it is another machine's way to it. */
bool logoff_is_this_machine(const char *server)
{
	char name[256];
	size_t length;

	if (!server || !*server || strcasecmp(server, "localhost") == 0)
		return true;
	os_host_name(name, sizeof(name));
	if (!*name)
		return false;
	if (strcasecmp(server, name) == 0)
		return true;
	length = strcspn(name, ".");
	return strncasecmp(server, name, length) == 0 && server[length] == '\0';
}

/* The server as its back end reads it: with the port behind the name, if ADDRESS has one of its own. *RET is the caller's. */
static int write_server(const struct logoff_address *address, char **ret)
{
	size_t size = strlen(address->name) + sizeof("[]:65535");

	*ret = malloc(size);
	if (!*ret)
		return -ENOMEM;
	if (address->port == 0)
		strcpy(*ret, address->name);
	else
		snprintf(*ret, size, strchr(address->name, ':') && *address->name != '[' ? "[%s]:%u" : "%s:%u", address->name,
			 (unsigned)address->port);
	return 0;
}

/* The words by which this file tells a back end how it is to be opened are no arguments of a caller. */
static bool is_reserved(const char *argument)
{
	return argument && (strcmp(argument, "probe") == 0 || strcmp(argument, "beside") == 0);
}

static int open_backend(const struct host_backend *backend, const char *argument, const struct logoff_address *address,
			const struct logoff_logon *logon, struct logoff_host **ret_host, struct logoff_error *reterr)
{
	struct logoff_host *host = calloc(1, sizeof(*host));
	int r;

	if (!host)
		return -ENOMEM;
	host->backend = backend;
	host->kind = backend->name;
	host->now_us = clock_now_us();
	host->logon = logon;
	host->forced = !is_reserved(argument);
	r = address ? write_server(address, &host->server) : 0;
	if (r >= 0)
		r = backend->open(host, argument, reterr);
	host->logon = NULL;
	if (r < 0) {
		logoff_host_close(host);
		return r;
	}
	*ret_host = host;
	return 0;
}

/* The kind of host called by the first LENGTH characters of NAME. Returns NULL if there is none. */
static const struct host_backend *find_kind(const char *name, size_t length)
{
	size_t i = 0;

	while (host_backends[i] && (strlen(host_backends[i]->name) != length || strncmp(host_backends[i]->name, name, length) != 0))
		i++;
	return host_backends[i];
}

/* Opens the kind of host that LOGOFF_HOST forces: "NAME" or "NAME:ARGUMENT". */
static int open_forced(const char *kind, struct logoff_host **ret_host, struct logoff_error *reterr)
{
	size_t length = strcspn(kind, ":");
	const struct host_backend *backend = find_kind(kind, length);
	const char *argument = kind[length] ? kind + length + 1 : NULL;

	if (!backend || (backend->flags & HOST_SERVER) || is_reserved(argument))
		return error_set_errno(reterr, -EINVAL, -EINVAL, "LOGOFF_HOST=%s: no such kind of host", kind);
	return open_backend(backend, argument, NULL, NULL, ret_host, reterr);
}

static const struct host_backend *find_backend(unsigned flag)
{
	size_t i = 0;

	while (host_backends[i] && !(host_backends[i]->flags & flag))
		i++;
	return host_backends[i];
}

/* Opens the first kind of host that this machine may be. */
static int open_local(struct logoff_host **ret_host, struct logoff_error *reterr)
{
	struct logoff_error cause = {};
	int r = -ENXIO;

	for (size_t i = 0; r == -ENXIO && host_backends[i]; i++)
		if (host_backends[i]->flags & HOST_LOCAL)
			r = open_backend(host_backends[i], "probe", NULL, NULL, ret_host, &cause);
	if (r < 0 && reterr)
		*reterr = cause;
	return r;
}

/* Opens the kind of host that ADDRESS names, whatever the environment says. */
static int open_kind(const struct logoff_address *address, const struct logoff_logon *logon, struct logoff_host **ret_host,
		     struct logoff_error *reterr)
{
	const struct host_backend *backend = find_kind(address->kind, strlen(address->kind));
	bool server = backend && (backend->flags & HOST_SERVER);

	if (!backend || (server && !address->name) || is_reserved(address->name))
		return error_set_errno(reterr, -EINVAL, -EINVAL, "%s: no such kind of host", address->kind);
	return open_backend(backend, server ? NULL : address->name, server ? address : NULL, server ? logon : NULL, ret_host, reterr);
}

bool host_take_struct(void *own, size_t own_size, const void *theirs)
{
	const char *bytes = theirs;
	bool known = true;
	size_t size;

	memcpy(&size, theirs, sizeof(size));
	if (size < sizeof(size) || size > STRUCT_MAX)
		return false;
	for (size_t i = own_size; i < size; i++)
		known = known && bytes[i] == 0;
	memcpy(own, theirs, size < own_size ? size : own_size);
	return known;
}

bool host_has_session(const struct logoff_host *host, const struct logoff_session *session)
{
	return session->host && (session->host == host || session->host == host->beside);
}

bool host_take_actor(struct host_actor *to, const char *name, const char *sid, const char *address)
{
	struct host_actor own = {};

	name = name ? name : "";
	sid = sid ? sid : "";
	address = address ? address : "";
	if (!text_is_account(name) || !text_is_plain(sid, "-") || !text_is_plain(address, ".:%-_") ||
	    strlen(name) >= sizeof(own.name) || strlen(sid) >= sizeof(own.sid) || strlen(address) >= sizeof(own.address))
		return false;
	strcpy(own.name, name);
	strcpy(own.sid, sid);
	strcpy(own.address, address);
	*to = own;
	return true;
}

int host_open(struct logoff_host **ret_host, const struct logoff_address *address, const struct logoff_logon *logon,
	      struct logoff_error *reterr)
{
	struct logoff_address where = {};
	struct logoff_logon as = {};
	const char *forced = os_environment("LOGOFF_HOST");

	if ((address && !host_take_struct(&where, sizeof(where), address)) || (logon && !host_take_struct(&as, sizeof(as), logon)))
		return error_set_errno(reterr, -EINVAL, -EINVAL, "a struct without its size, or of a newer library");
	if (where.kind)
		return open_kind(&where, &as, ret_host, reterr);
	if (!logoff_is_this_machine(where.name))
		return open_backend(find_backend(HOST_SERVER), NULL, &where, &as, ret_host, reterr);
	if (forced && *forced)
		return open_forced(forced, ret_host, reterr);
	return open_local(ret_host, reterr);
}

enum logoff_result logoff_host_open(struct logoff_host **ret_host, const struct logoff_address *address,
				    const struct logoff_logon *logon, struct logoff_error *reterr)
{
	return result_of(host_open(ret_host, address, logon, reterr), reterr);
}

/* The errno that a caller gets for a host that could answer later. */
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
	if (!(host->backend->flags & HOST_HAS_BESIDE) || host->far || host->beside_failed)
		return NULL;
	if (!host->beside && open_backend(find_backend(HOST_BESIDE), "beside", NULL, NULL, &host->beside, NULL) < 0)
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

	r = host->backend->get(host, id, ret_session, &cause);
	if ((r == -ENXIO || r == -ESRCH) && (other = beside(host))) {
		struct logoff_error unknown = {};
		int found = other->backend->get(other, id, ret_session, &unknown);

		if (found >= 0)
			return found;
		if (found != -ENXIO && found != -ESRCH) {	/* the session may be there */
			r = found;
			cause = unknown;
		}
	}
	if (r < 0 && reterr)
		*reterr = cause;
	return public_errno(r);
}

int host_list_sessions(struct logoff_host *host, const char *name, struct session_list *list, struct logoff_error *reterr)
{
	struct logoff_error cause = {};
	struct logoff_host *other;
	int r;

	r = host->backend->list(host, name, list, &cause);
	if (r >= 0 && !name && (other = beside(host)))
		r = other->backend->list(other, name, list, &cause);
	if (r < 0 && reterr)
		*reterr = cause;
	return r;
}

struct logoff_host *logoff_host_close(struct logoff_host *host)
{
	if (!host)
		return NULL;
	logoff_host_close(host->beside);
	host->backend->close(host);
	free(host->server);
	free(host);
	return NULL;
}

bool logoff_host_hides_processes(const struct logoff_host *host)
{
	return host->hides_processes;
}

const char *logoff_host_kind(const struct logoff_host *host)
{
	return host->kind;
}

enum logoff_result logoff_host_full_control(struct logoff_host *host, struct logoff_error *reterr)
{
	int r = host->backend->control(host, reterr);

	if (r == -EACCES)	/* the question was refused, which is no answer to it */
		r = -EIO;
	return r == 0 ? LOGOFF_E_DENIED : result_of(r, reterr);
}

enum logoff_result logoff_host_set_actor(struct logoff_host *host, const char *actor, const char *actor_sid, const char *actor_address)
{
	return host_take_actor(&host->actor, actor, actor_sid, actor_address) ? LOGOFF_OK : LOGOFF_E_INVALID;
}

const char *logoff_host_instance(struct logoff_host *host)
{
	if (*host->instance == '\0')
		host->backend->identify(host, host->instance);
	return *host->instance ? host->instance : NULL;
}

void logoff_host_name_caller(const struct logoff_host *host, char *name, size_t size)
{
	char person[64] = "";

	if (!host || *host->caller == '\0')
		(host ? host->backend : host_backends[0])->name_person(person);
	snprintf(name, size, "%s", host && *host->caller ? host->caller : person);
}

/* ---- facts that are looked up when they are wanted ---- */

/* The clock is only known to be missing when the times are there, and idleness is measured by it. */
static void fetch(struct logoff_session *session, unsigned facts)
{
	if (facts & LOGOFF_FACTS_CLIENT)
		session_fill(session, HOST_CLIENT);
	if (facts & LOGOFF_FACTS_TERMINALS)
		session_fill(session, HOST_TERMINALS);
	if (facts & (LOGOFF_FACTS_TIMES | LOGOFF_FACTS_IDLE)) {
		session_fill(session, HOST_TIMES);
		session_fill(session, HOST_CLOCK);
	}
	if (facts & LOGOFF_FACTS_IDLE)
		session_fill(session, HOST_IDLE);
	if (facts & LOGOFF_FACTS_NUMBER)
		session_fill(session, HOST_NUMBER);
}

enum logoff_result logoff_session_fetch(struct logoff_session *const *sessions, size_t n_sessions, unsigned facts,
					struct logoff_error *reterr)
{
	int64_t worst = 0;

	for (size_t i = 0; i < n_sessions; i++)
		fetch(sessions[i], facts);
	for (size_t i = 0; (facts & (LOGOFF_FACTS_TIMES | LOGOFF_FACTS_IDLE)) && worst == 0 && i < n_sessions; i++)
		worst = sessions[i]->logon_us < -1 ? sessions[i]->logon_us : sessions[i]->idle_us < -1 ? sessions[i]->idle_us : 0;
	if (worst == 0)
		return LOGOFF_OK;
	return result_of(error_set_errno(reterr, (int)worst, (int)worst, "the times of the sessions: %s", strerror((int)-worst)), reterr);
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

	r = public_errno(host_list_sessions(host, hint, &list, reterr));
	if (r >= 0)
		r = pick(&list, name, ret_session, reterr);
	session_list_clear(&list);
	return r;
}

int host_find(struct logoff_host *host, const char *designator, struct logoff_session **ret_session, struct logoff_error *reterr)
{
	struct logoff_error cause = {};
	int r;

	if (!designator)
		return get(host, NULL, ret_session, reterr);
	if (is_id(designator))
		return find_by_id(host, designator, ret_session, reterr);
	if (strncmp(designator, "/dev/", 5) == 0)
		designator += 5;
	/* The hint is cheap and may know too little; only a full list can say that there is no such name. */
	r = find_by_name(host, designator, designator, ret_session, &cause);
	if (r == -ENXIO || r == -ESRCH)
		r = find_by_name(host, designator, NULL, ret_session, &cause);
	if (r < 0 && reterr)
		*reterr = cause;
	return r;
}

enum logoff_result logoff_host_find(struct logoff_host *host, const char *designator, struct logoff_session **ret_session,
				    struct logoff_error *reterr)
{
	int r = host_find(host, designator, ret_session, reterr);

	if (r >= 0)
		session_fill(*ret_session, HOST_TERMINALS);
	return r == -ESRCH && !designator ? LOGOFF_E_NO_CURRENT : result_of(r, reterr);
}

enum logoff_result logoff_host_list(struct logoff_host *host, struct logoff_session ***ret_sessions, size_t *ret_n_sessions,
				    struct logoff_error *reterr)
{
	struct session_list list = {};
	int r;

	r = host_list_sessions(host, NULL, &list, reterr);
	if (r < 0) {
		session_list_clear(&list);
		return result_of(r, reterr);
	}
	for (size_t i = 0; i < list.n_items; i++)
		if (!list.items[i]->name)
			session_fill(list.items[i], HOST_TERMINALS);
	*ret_sessions = list.items;
	*ret_n_sessions = list.n_items;
	return LOGOFF_OK;
}

bool logoff_host_may_have_user(struct logoff_host *host, const char *name)
{
	/* On a server a number is an id, as with Windows' own commands: to ask would cost a list. */
	if (host->server && name[strspn(name, "0123456789")] == '\0')
		return false;
	return host->backend->may_have_user(host, name);
}

/* ---- processes ---- */

int census_add(struct census *census, pid_t pid, uint32_t uid, const char *user, const char *session_id,
	       const char *command, int64_t started_us)
{
	struct logoff_host_process item = { .pid = pid, .uid = uid, .started_us = started_us, .manager_uid = UINT32_MAX };

	snprintf(item.session_id, sizeof(item.session_id), "%s", session_id ? session_id : "");
	snprintf(item.user, sizeof(item.user), "%s", user ? user : "");
	snprintf(item.command, sizeof(item.command), "%s", command);
	return array_add(&census->items, &census->n_items, &item);
}

/* Copies N items of SIZE bytes, behind as many pointers to them, into one block, which is the caller's. Returns NULL without memory. */
static void *point_at(const void *items, size_t n, size_t size)
{
	char **pointers = malloc((n + 1) * sizeof(char *) + n * size);
	char *copies = (char *)(pointers + n + 1);

	if (!pointers)
		return NULL;
	for (size_t i = 0; i < n; i++)
		pointers[i] = copies + i * size;
	pointers[n] = NULL;
	if (n > 0)
		memcpy(copies, items, n * size);
	return pointers;
}

enum logoff_result logoff_host_list_processes(struct logoff_host *host, struct logoff_host_process ***ret_processes,
					      size_t *ret_n_processes, struct logoff_error *reterr)
{
	struct logoff_host_process **processes = NULL;
	struct census census = {};
	struct logoff_host *other;
	int r;

	r = host->backend->census(host, &census, reterr);
	if (r >= 0 && (other = beside(host)))
		r = other->backend->census(other, &census, reterr);
	if (r >= 0) {
		processes = point_at(census.items, census.n_items, sizeof(*census.items));
		r = processes ? 0 : -ENOMEM;
	}
	free(census.items);
	if (r < 0)
		return result_of(r, reterr);
	*ret_processes = processes;
	*ret_n_processes = census.n_items;
	return LOGOFF_OK;
}

struct logoff_host_process **logoff_host_process_list_free(struct logoff_host_process **processes)
{
	free(processes);
	return NULL;
}

/* ---- messages ---- */

enum logoff_result logoff_host_message(struct logoff_host *host, const struct logoff_message *message,
				       struct logoff_session *const *sessions, size_t n_sessions, int cancel_fd,
				       struct logoff_delivery ***ret_deliveries, struct logoff_error *reterr)
{
	struct logoff_delivery *deliveries = calloc(n_sessions + 1, sizeof(*deliveries)), **pointers = NULL;
	struct logoff_message own = {};
	int r = deliveries ? 0 : -ENOMEM;

	if (r >= 0 && !host_take_struct(&own, sizeof(own), message))
		r = error_set_errno(reterr, -EINVAL, -EINVAL, "a struct without its size, or of a newer library");
	for (size_t i = 0; r >= 0 && i < n_sessions; i++)
		if (!host_has_session(host, sessions[i]))
			r = error_set_errno(reterr, -EINVAL, -EINVAL, "session %s is not of this host", sessions[i]->id);
	if (r >= 0)
		r = host_message(host, &own, sessions, n_sessions, deliveries, cancel_fd, reterr);
	for (size_t i = 0; r >= 0 && i < n_sessions; i++)
		deliveries[i].result = result_of(deliveries[i].result, &deliveries[i].cause);
	if (r >= 0) {
		pointers = point_at(deliveries, n_sessions, sizeof(*deliveries));
		r = pointers ? 0 : -ENOMEM;
	}
	free(deliveries);
	if (r >= 0)
		*ret_deliveries = pointers;
	return result_of(r, reterr);
}

struct logoff_delivery **logoff_delivery_list_free(struct logoff_delivery **deliveries)
{
	free(deliveries);
	return NULL;
}

/* ---- whether a session is still there ---- */

int host_session_exists(const struct logoff_session *session, enum logoff_state *ret_state,
			struct logoff_error *reterr)
{
	struct logoff_error cause = {};
	struct logoff_session *now;
	int r;

	r = session->host->backend->get(session->host, session->id, &now, &cause);
	if (r == -ENXIO)
		return 0;
	if (r < 0 && reterr)
		*reterr = cause;
	if (r < 0)
		return r;
	r = !session_is_other(now, session);
	if (r && ret_state)
		*ret_state = now->state;
	logoff_session_free(now);
	return r;
}
