/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * session.c - see session.h: the public calls that tell what a session is, and the rules.
 *
 * What a session is called, and whether it is on a seat, the back end has read from the live system; what follows from that is
 * decided here, once.
 */
#include "core/session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/number.h"
#include "base/text.h"
#include "core/host.h"

int session_new(struct logoff_session **ret_session, struct logoff_host *host)
{
	struct logoff_session *session = calloc(1, sizeof(*session));

	if (!session)
		return -ENOMEM;
	session->host = host;
	session->number = NUMBER_NONE;
	session->logon_us = -1;
	session->age_us = -1;
	session->idle_us = -1;
	session->looked_us = host && host->simulated ? host->now_us : clock_now_us();
	*ret_session = session;
	return 0;
}

struct logoff_session *logoff_session_free(struct logoff_session *session)
{
	if (!session)
		return NULL;
	if (session->host)
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
	free(session->told_host);
	free(session);
	return NULL;
}

/* ---- sessions that another program has told of ---- */

static int copy_terminals(struct logoff_session *session, const struct logoff_session_facts *facts)
{
	int r = 0;

	session->terminals = calloc(facts->n_terminals + 1, sizeof(*session->terminals));
	if (!session->terminals)
		return -ENOMEM;
	for (size_t i = 0; r >= 0 && i < facts->n_terminals; i++) {
		r = text_copy(&session->terminals[i], facts->terminals[i]);
		session->n_terminals += r >= 0;
	}
	return r;
}

static int copy_facts(struct logoff_session *session, const struct logoff_session_facts *facts)
{
	const struct { char **to; const char *from; } texts[] = {
		{ &session->told_host, facts->host },
		{ &session->name, facts->name },
		{ &session->domain, facts->domain },
		{ &session->protocol, facts->protocol },
		{ &session->display, facts->display },
		{ &session->address, facts->address },
		{ &session->client, facts->client },
	};
	int r = text_copy(&session->id, facts->id);

	if (r >= 0)
		r = text_copy(&session->user, facts->user ? facts->user : "");
	for (size_t i = 0; r >= 0 && i < sizeof(texts) / sizeof(texts[0]); i++)
		r = text_copy_set(texts[i].to, texts[i].from);
	if (r >= 0)
		r = copy_terminals(session, facts);
	session->uid = facts->uid;
	session->number = facts->number >= 0 && facts->number <= NUMBER_MAX ? facts->number : NUMBER_NONE;
	session->state = facts->state;
	session->kind = facts->kind;
	session->current = facts->current;
	session->own = facts->own ? OWN_YES : facts->own_unsure ? OWN_UNKNOWN : OWN_NO;
	session->console = facts->console;
	session->unregistered = !facts->registered;
	session->by_terminal = facts->by_terminal;
	session->unsure = facts->state_unsure;
	session->logon_us = facts->logon_us;
	session->age_us = facts->age_us;
	session->idle_us = facts->idle_us;
	return r;
}

enum logoff_result logoff_session_import(struct logoff_session **ret_session, const struct logoff_session_facts *facts)
{
	struct logoff_session_facts own = LOGOFF_SESSION_FACTS_DEFAULT;
	struct logoff_session *session;

	if (!host_take_struct(&own, sizeof(own), facts) || !own.id)
		return LOGOFF_E_INVALID;
	if (session_new(&session, NULL) < 0)
		return LOGOFF_E_NO_MEMORY;
	if (copy_facts(session, &own) < 0) {
		logoff_session_free(session);
		return LOGOFF_E_NO_MEMORY;
	}
	*ret_session = session;
	return LOGOFF_OK;
}

void session_fill(struct logoff_session *session, unsigned facts)
{
	unsigned wanted = session->missing & facts;

	session->missing &= ~wanted;
	if (wanted)
		session->host->backend->fill(session, wanted);
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
	const char *four;

	if (!text || !*text)
		return 0;
	four = strncasecmp(text, mapped, strlen(mapped)) == 0 ? text + strlen(mapped) : "";
	if (strchr(four, '.') && strspn(four, "0123456789.") == strlen(four))
		text = four;
	session->address = strdup(text);
	return session->address ? 0 : -ENOMEM;
}

bool session_is_called(struct logoff_session *session, const char *name)
{
	if (!session->name)
		session_fill(session, HOST_TERMINALS);
	if (!session->name)
		return false;
	if (strcasecmp(session->name, name) == 0)
		return true;
	session_fill(session, HOST_TERMINALS);
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

int32_t logoff_session_number(const struct logoff_session *session)
{
	if (session->number != NUMBER_NONE || !session->host)
		return session->number;
	if (session->host->backend->flags & HOST_NUMBERED)
		return number_parse(session->id);
	return number_of_id(session->id);
}

const char *logoff_session_name(const struct logoff_session *session)
{
	return session->state == LOGOFF_STATE_ACTIVE ? session->name : NULL;
}

const char *logoff_session_user(const struct logoff_session *session)
{
	return session->user;
}

uint32_t logoff_session_uid(const struct logoff_session *session)
{
	return session->uid;
}

enum logoff_state logoff_session_state(const struct logoff_session *session)
{
	return session->state;
}

bool logoff_session_is(const struct logoff_session *session, enum logoff_trait trait)
{
	switch (trait) {
	case LOGOFF_IS_CURRENT:
		return session->current;
	case LOGOFF_IS_OWN:
		return session->current || session->own == OWN_YES;
	case LOGOFF_IS_CONSOLE:
		return session->console;
	case LOGOFF_IS_REGISTERED:
		return !session->unregistered;
	case LOGOFF_IS_BY_TERMINAL:
		return session->by_terminal;
	case LOGOFF_IS_STATE_UNSURE:
		return session->unsure;
	case LOGOFF_IS_OWN_UNSURE:
		return !session->current && session->own == OWN_UNKNOWN;
	}
	return false;
}

const char *session_terminal(struct logoff_session *session, size_t i)
{
	if (i >= session->n_terminals)	/* the host may have told the first ones already */
		session_fill(session, HOST_TERMINALS);
	return logoff_session_terminal(session, i);
}

const char *logoff_session_terminal(const struct logoff_session *session, size_t i)
{
	return i < session->n_terminals ? session->terminals[i] : NULL;
}

enum logoff_kind logoff_session_kind(const struct logoff_session *session)
{
	return session->kind;
}

const char *logoff_session_detail(const struct logoff_session *session, enum logoff_detail detail)
{
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
	case LOGOFF_DETAIL_HOST:
		return session->told_host;
	}
	return NULL;
}

/* What is not known may be told as why. */
static int64_t known(int64_t us)
{
	return us < 0 ? -1 : us;
}

static int64_t age_us(const struct logoff_session *session)
{
	int64_t us;

	if (session->age_us >= 0 || session->logon_us < 0)
		return known(session->age_us);
	if (!session->host || session->host->server)
		return -1;	/* the times of other machines say nothing beside our clock */
	us = clock_real_us() - session->logon_us;
	return us > 0 ? us : 0;
}

/* A clock may have been set meanwhile: nobody is idle for longer than the session exists. */
static int64_t idle_us(const struct logoff_session *session)
{
	int64_t most_us = age_us(session);

	return most_us >= 0 && session->idle_us > most_us ? most_us : known(session->idle_us);
}

int64_t logoff_session_time_us(const struct logoff_session *session, enum logoff_time time)
{
	switch (time) {
	case LOGOFF_TIME_LOGON:
		return known(session->logon_us);
	case LOGOFF_TIME_AGE:
		return age_us(session);
	case LOGOFF_TIME_IDLE:
		return idle_us(session);
	}
	return -1;
}

/* ---- the rules ---- */

enum logoff_protection logoff_session_protection(const struct logoff_session *session)
{
	if (session->kind == LOGOFF_KIND_GREETER)
		return LOGOFF_PROTECTION_GREETER;
	if (session->kind == LOGOFF_KIND_SERVICES)
		return LOGOFF_PROTECTION_SERVICES;
	if (*session->guest)
		return LOGOFF_PROTECTION_GUEST;
	return session->console && !session->current ? LOGOFF_PROTECTION_CONSOLE : LOGOFF_PROTECTION_NONE;
}

int session_check_rules(const struct logoff_session *session, bool console_allowed, struct logoff_error *reterr)
{
	const char *const words[] = { "", "console", "greeter", "services", session->guest };	/* in the record */
	enum logoff_protection protection = logoff_session_protection(session);

	if (protection == LOGOFF_PROTECTION_NONE || (protection == LOGOFF_PROTECTION_CONSOLE && console_allowed))
		return 0;
	return error_set_errno(reterr, -EPERM, -EPERM, "%s", words[protection]);
}
