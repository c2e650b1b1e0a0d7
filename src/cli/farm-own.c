/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * farm-own.c - see farm-own.h. A session manager has the same instance for all who can ask it, also from a container
 * with a name or a boot id of its own. Where no instance tells, another boot id or name is another machine; the same
 * ones may be another container of the same kernel.
 */
#include "cli/farm-own.h"

#include <stdio.h>
#include <string.h>

#include "base/os.h"
#include "cli/facts.h"

#define BOOT_FILE "/proc/sys/kernel/random/boot_id"

static bool is_text(const json_t *hello, const char *name, const char *text)
{
	const char *told = json_string_value(json_object_get(hello, name));

	return *text && told && strcmp(told, text) == 0;
}

/* Each session of a farm asks, so what is true of this machine is found once. */
static void name_here(struct farm_own *own)
{
	FILE *file;

	if (own->named)
		return;
	own->named = true;
	file = fopen(BOOT_FILE, "re");
	if (file && !fgets(own->boot, sizeof(own->boot), file))
		own->boot[0] = '\0';
	if (file)
		fclose(file);
	own->boot[strcspn(own->boot, "\n")] = '\0';
	os_host_name(own->name, sizeof(own->name));
}

/* What can be told without asking this machine. A host in memory says that it is here, and has sessions of its own. */
static bool may_be_here(struct farm_own *own, const json_t *hello)
{
	if (is_text(hello, "way", "bus"))
		return true;
	name_here(own);
	return is_text(hello, "boot", own->boot) && is_text(hello, "host", own->name) &&
	       !is_text(hello, "kind", "memory");
}

static void look(struct farm_own *own)
{
	if (own->looked)
		return;
	own->looked = true;
	if (logoff_host_open(&own->host, NULL, NULL, NULL) < 0) {
		own->host = NULL;
		return;
	}
	if (logoff_host_list(own->host, &own->sessions, &own->n_sessions, NULL) < 0)
		own->host = logoff_host_close(own->host);
	else
		own->instance = logoff_host_instance(own->host);
}

/*
 * Tells whether the host that has said HELLO is this machine. Only hosts of the same kind can be told apart. A machine
 * of the same snapshot has this instance, and mostly another name.
 */
static enum select_answer is_here(struct farm_own *own, const json_t *hello)
{
	if (own->instance && is_text(hello, "instance", own->instance))
		return may_be_here(own, hello) ? SELECT_YES : SELECT_UNKNOWN;
	if (own->instance && json_is_string(json_object_get(hello, "instance")) &&
	    is_text(hello, "kind", logoff_host_kind(own->host)))
		return SELECT_NO;
	return may_be_here(own, hello) ? SELECT_UNKNOWN : SELECT_NO;
}

/*
 * If it is unknown whether the host is this machine, the logon tells whether the session is the same. By its bus the
 * host tells the logon exactly; otherwise it may have been computed, and differ on this machine too.
 */
static enum select_answer compare(const struct logoff_session *ours, const struct logoff_session *session,
				  enum select_answer here, bool by_bus)
{
	int64_t ours_us = fact_logon_us(ours), theirs_us = fact_logon_us(session);

	if (here == SELECT_NO || strcmp(logoff_session_id(ours), logoff_session_id(session)) != 0)
		return SELECT_NO;
	if (here == SELECT_YES)
		return SELECT_YES;
	if (ours_us < 0 || theirs_us < 0)
		return SELECT_UNKNOWN;
	return ours_us == theirs_us ? SELECT_YES : by_bus ? SELECT_NO : SELECT_UNKNOWN;
}

/* As this machine tells, if the host may be it. */
static enum select_answer ask_here(struct farm_own *own, const json_t *hello, const struct logoff_session *session)
{
	bool by_bus = is_text(hello, "way", "bus");
	enum select_answer here;

	if (!json_is_string(json_object_get(hello, "instance")) && !may_be_here(own, hello))
		return SELECT_NO;
	look(own);
	here = is_here(own, hello);
	for (size_t i = 0; i < own->n_sessions; i++) {
		bool unsure = logoff_session_is(own->sessions[i], LOGOFF_IS_OWN_UNSURE);
		enum select_answer answer = SELECT_NO;

		if (unsure || logoff_session_is(own->sessions[i], LOGOFF_IS_OWN))
			answer = compare(own->sessions[i], session, here, by_bus);
		if (answer != SELECT_NO)
			return unsure ? SELECT_UNKNOWN : answer;
	}
	return own->host || here == SELECT_NO ? SELECT_NO : SELECT_UNKNOWN;
}

enum select_answer farm_own_is(struct farm_own *own, const json_t *hello, const struct logoff_session *session)
{
	enum select_answer answer = ask_here(own, hello, session);

	/* It may be that of our connection. */
	return answer == SELECT_NO && logoff_session_is(session, LOGOFF_IS_OWN_UNSURE) ? SELECT_UNKNOWN : answer;
}

void farm_own_done(struct farm_own *own)
{
	own->sessions = logoff_session_list_free(own->sessions, own->n_sessions);
	own->n_sessions = 0;
	own->host = logoff_host_close(own->host);
	own->instance = NULL;
}
