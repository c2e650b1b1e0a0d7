/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sessions.h - the columns of sessions, in the layouts of "query session" and "query user".
 *
 * Rows are sessions (const struct logoff_session *). All columns can be chosen by name in both tables; query(1)
 * describes them.
 */
#ifndef CLI_SESSIONS_H
#define CLI_SESSIONS_H

#include "cli/table.h"
#include "logoff.h"

/* " SESSIONNAME       USERNAME                 ID  STATE   TYPE        DEVICE" */
extern const struct table_column session_columns[];

/* " USERNAME              SESSIONNAME    ID  STATE   IDLE TIME  LOGON TIME" */
extern const struct table_column user_columns[];

/*
 * Tells whether somebody works in SESSION: a session of a person, or one in the background that has a terminal, as
 * access proxies begin for people. Returns true if so.
 */
bool session_is_person(const struct logoff_session *session);

/* The mark() of such tables: ">" for the current session, "?" where nobody can tell whether it is the caller's own. */
const char *session_mark(const void *row);

/*
 * The name of SESSION. On a server it is written as Windows' own tools do: in lower case, and services and console have
 * a name even if nobody is active there. Returns the name.
 */
struct safe session_shown_name(const struct logoff_session *session);

/*
 * Tells whether DESIGNATOR ("/dev/" before it does not matter) is the name of SESSION as it is shown or, while it is
 * active, one of its terminals. Returns true if so.
 */
bool session_bears(const struct logoff_session *session, const char *designator);

#endif
