/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * facts.h - facts that a session's host has to be asked for; it is asked when a fact is first wanted. Sessions are the
 * command's own, so the functions take constant ones, as tables and selections have them.
 */
#ifndef CLI_FACTS_H
#define CLI_FACTS_H

#include <stddef.h>
#include <stdint.h>

#include "logoff.h"

/* Fetches FACTS (enum logoff_facts). Returns as logoff_session_fetch(). */
enum logoff_result facts_fetch(const struct logoff_session *session, unsigned facts);

/* As the getters of logoff.h. Return -1 if it is not known. */
int64_t fact_idle_us(const struct logoff_session *session);
int64_t fact_age_us(const struct logoff_session *session);
int64_t fact_logon_us(const struct logoff_session *session);
int32_t fact_number(const struct logoff_session *session);

/* Terminal number I of SESSION. Returns its name, or NULL if there is no such number. */
const char *fact_terminal(const struct logoff_session *session, size_t i);

/*
 * The name of the host of SESSION: its own if it is of a far host, else SERVER (/server). Returns it, or NULL: this
 * machine.
 */
const char *fact_host(const struct logoff_session *session, const char *server);

/* A detail of SESSION. Returns the text, or NULL. */
const char *fact_detail(const struct logoff_session *session, enum logoff_detail detail);

#endif
