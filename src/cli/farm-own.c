/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * farm-own.c - see farm-own.h. The kernel's boot id tells machines apart; a container has that of its host and another
 * name.
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

/* A host in memory says that it is here, and has sessions of its own. */
static bool is_this_machine(const json_t *hello)
{
	char boot[64] = "", name[256];
	FILE *file = fopen(BOOT_FILE, "re");

	if (file && !fgets(boot, sizeof(boot), file))
		boot[0] = '\0';
	if (file)
		fclose(file);
	boot[strcspn(boot, "\n")] = '\0';
	os_host_name(name, sizeof(name));
	return is_text(hello, "boot", boot) && is_text(hello, "host", name) && !is_text(hello, "kind", "memory");
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
}

/* A host that is asked by its bus tells neither its boot nor its name. Then the logon tells whether it is the same. */
static enum select_answer compare(const struct logoff_session *ours, const struct logoff_session *session, bool here)
{
	int64_t ours_us = fact_logon_us(ours), theirs_us = fact_logon_us(session);

	if (strcmp(logoff_session_id(ours), logoff_session_id(session)) != 0)
		return SELECT_NO;
	if (here)
		return SELECT_YES;
	if (ours_us < 0 || theirs_us < 0)
		return SELECT_UNKNOWN;
	return ours_us == theirs_us ? SELECT_YES : SELECT_NO;
}

/* As this machine tells, if the host may be it. */
static enum select_answer ask_here(struct farm_own *own, const json_t *hello, const struct logoff_session *session)
{
	bool here = is_this_machine(hello);

	if (!here && !is_text(hello, "way", "bus"))
		return SELECT_NO;
	look(own);
	for (size_t i = 0; i < own->n_sessions; i++) {
		bool unsure = logoff_session_is(own->sessions[i], LOGOFF_IS_OWN_UNSURE);
		enum select_answer answer = SELECT_NO;

		if (unsure || logoff_session_is(own->sessions[i], LOGOFF_IS_OWN))
			answer = compare(own->sessions[i], session, here);
		if (answer != SELECT_NO)
			return unsure ? SELECT_UNKNOWN : answer;
	}
	return own->host || !here ? SELECT_NO : SELECT_UNKNOWN;
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
}
