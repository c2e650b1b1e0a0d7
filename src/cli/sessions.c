/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sessions.c - see sessions.h. The places of the columns and the words for the states are those of Windows. A column
 * that Windows does not have is shown only if it is chosen.
 */
#include "cli/sessions.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "cli/account.h"
#include "cli/command.h"
#include "cli/facts.h"
#include "cli/json.h"
#include "cli/when.h"

/* "03/14/2025 08:02 AM" */
#define WHEN_WIDTH 19

/*
 * The word for the state of SESSION, in the user's language: Active, Conn (a login screen, nobody has logged on yet),
 * Disc, Closing. Returns the word.
 */
static const char *state_word(const struct logoff_session *session)
{
	switch (logoff_session_state(session)) {
	case LOGOFF_STATE_ACTIVE:
		return logoff_session_kind(session) == LOGOFF_KIND_GREETER ? _("Conn") : _("Active");
	case LOGOFF_STATE_DISCONNECTED:
		return _("Disc");
	case LOGOFF_STATE_CLOSING:
		return _("Closing");
	case LOGOFF_STATE_CONNECTED:
		return _("Conn");
	}
	return "?";
}

bool session_is_person(const struct logoff_session *session)
{
	if (!*logoff_session_user(session))
		return false;
	return logoff_session_kind(session) == LOGOFF_KIND_USER ||
	       (logoff_session_kind(session) == LOGOFF_KIND_BACKGROUND && fact_terminal(session, 0));
}

const char *session_mark(const void *row)
{
	if (logoff_session_is(row, LOGOFF_IS_OWN_UNSURE))
		return "?";
	return logoff_session_is(row, LOGOFF_IS_CURRENT) ? ">" : "";
}

/* ---- cells ---- */

static struct safe cell_current(const void *row)
{
	return safe(session_mark(row));
}

static struct safe cell_host(const void *row)
{
	json_t *host = to_json_host(fact_host(row, arg_server));
	struct safe cell = safe(json_string_value(host));

	json_decref(host);
	return cell;
}

static struct safe cell_id(const void *row)
{
	return safe(logoff_session_id(row));
}

struct safe session_shown_name(const struct logoff_session *session)
{
	struct safe name = safe(logoff_session_name(session));

	if (!account_is_foreign(session))
		return name;
	if (logoff_session_kind(session) == LOGOFF_KIND_SERVICES)
		return safe("services");
	if (logoff_session_is(session, LOGOFF_IS_CONSOLE))
		return safe("console");
	for (char *at = name.text; *at; at++)
		if (*at >= 'A' && *at <= 'Z')
			*at = (char)(*at - 'A' + 'a');
	return name;
}

bool session_bears(const struct logoff_session *session, const char *designator)
{
	struct safe name = session_shown_name(session);
	const char *terminal;

	if (strncmp(designator, "/dev/", 5) == 0)
		designator += 5;
	if (*name.text && strcasecmp(name.text, designator) == 0)
		return true;
	for (size_t i = 0; logoff_session_name(session) && (terminal = fact_terminal(session, i)); i++)
		if (strcasecmp(terminal, designator) == 0)
			return true;
	return false;
}

static struct safe cell_name(const void *row)
{
	return session_shown_name(row);
}

static struct safe cell_user(const void *row)
{
	return safe(logoff_session_user(row));
}

static struct safe cell_domain(const void *row)
{
	return safe(logoff_session_detail(row, LOGOFF_DETAIL_DOMAIN));
}

static int64_t number_uid(const void *row)
{
	uid_t uid = logoff_session_uid(row);

	return uid == (uid_t)-1 ? -1 : (int64_t)uid;
}

static struct safe cell_uid(const void *row)
{
	struct safe out = {};

	if (number_uid(row) >= 0)
		snprintf(out.text, sizeof(out.text), "%lld", (long long)number_uid(row));
	return out;
}

static int64_t number_number(const void *row)
{
	return fact_number(row);
}

static struct safe cell_number(const void *row)
{
	struct safe out = {};

	if (fact_number(row) >= 0)
		snprintf(out.text, sizeof(out.text), "%d", (int)fact_number(row));
	return out;
}

static struct safe cell_state(const void *row)
{
	return safe(state_word(row));
}

static struct safe cell_kind(const void *row)
{
	switch (logoff_session_kind(row)) {
	case LOGOFF_KIND_USER:
		return safe(_("User"));
	case LOGOFF_KIND_GREETER:
		return safe(_("Greeter"));
	case LOGOFF_KIND_BACKGROUND:
		return safe(_("Background"));
	case LOGOFF_KIND_SERVICES:
		return safe(_("Services"));
	}
	return safe("?");
}

static struct safe cell_registered(const void *row)
{
	return safe(logoff_session_is(row, LOGOFF_IS_REGISTERED) ? _("Yes") : _("No"));
}

/*
 * A session that loginctl does not know is marked here. The word for the state does not change, as scripts decide by
 * it.
 */
static struct safe cell_protocol(const void *row)
{
	struct safe protocol = safe(logoff_session_detail(row, LOGOFF_DETAIL_PROTOCOL)), out = {};

	if (logoff_session_is(row, LOGOFF_IS_REGISTERED))
		return protocol;
	snprintf(out.text, sizeof(out.text), "%.100s%s%.300s", _("unreg"), *protocol.text ? "/" : "", protocol.text);
	return out;
}

static struct safe cell_terminal(const void *row)
{
	struct safe out = {};
	const char *terminal;
	size_t n = 0;

	for (size_t i = 0; n < sizeof(out.text) && (terminal = fact_terminal(row, i)); i++)
		n += (size_t)snprintf(out.text + n, sizeof(out.text) - n, "%s%s", i > 0 ? "," : "", terminal);
	return safe(out.text);
}

static struct safe cell_display(const void *row)
{
	return safe(logoff_session_detail(row, LOGOFF_DETAIL_DISPLAY));
}

/* The screen that people look at: a display covers the terminal on which it was started. */
static struct safe cell_device(const void *row)
{
	return logoff_session_detail(row, LOGOFF_DETAIL_DISPLAY) ? cell_display(row)
								: safe(fact_terminal(row, 0));
}

static struct safe cell_address(const void *row)
{
	return safe(fact_detail(row, LOGOFF_DETAIL_ADDRESS));
}

static struct safe cell_client(const void *row)
{
	return safe(fact_detail(row, LOGOFF_DETAIL_CLIENT));
}

/* A table does not show why a time is unknown. */
static int64_t known(int64_t us)
{
	return us < 0 ? -1 : us;
}

/* Not const: the session may ask the host now, and keeps the answer. */
static int64_t number_idle(const void *row)
{
	return known(fact_idle_us(row));
}

static struct safe cell_idle(const void *row)
{
	return when_idle(number_idle(row), logoff_session_is(row, LOGOFF_IS_CONSOLE));
}

static struct safe cell_logon(const void *row)
{
	struct safe when = when_local(fact_logon_us(row));

	return text_width(when.text) > WHEN_WIDTH ? when_plain(fact_logon_us(row)) : when;
}

static int64_t number_logon(const void *row)
{
	return known(fact_logon_us(row));
}

/* ---- columns: name, heading, gap, width, most, right, cell, number ---- */

/* The columns that Windows does not have. */
#define CHOSEN_COLUMNS                                                                          \
	{ "host", N_("HOST"), 0, 0, 0, false, cell_host, NULL },                            \
	{ "current", N_("CURRENT"), 0, 0, 0, false, cell_current, NULL },                   \
	{ "uid", N_("UID"), 0, 0, 0, true, cell_uid, number_uid },                          \
	{ "domain", N_("DOMAIN"), 0, 0, 0, false, cell_domain, NULL },                      \
	{ "kind", N_("KIND"), 0, 0, 0, false, cell_kind, NULL },                            \
	{ "address", N_("ADDRESS"), 0, 0, 0, false, cell_address, NULL },                   \
	{ "client", N_("CLIENT"), 0, 0, 0, false, cell_client, NULL },                      \
	{ "terminal", N_("TERMINAL"), 0, 0, 0, false, cell_terminal, NULL },                \
	{ "display", N_("DISPLAY"), 0, 0, 0, false, cell_display, NULL },                       \
	{ "registered", N_("REGISTERED"), 0, 0, 0, false, cell_registered, NULL },              \
	{ "number", N_("NUMBER"), 0, 0, 0, true, cell_number, number_number }

const struct table_column session_columns[] = {
	{ "name", N_("SESSIONNAME"), 0, 17, 0, false, cell_name, NULL },
	{ "user", N_("USERNAME"), 1, 20, 0, false, cell_user, NULL },
	{ "id", N_("ID"), 1, 6, TABLE_WHOLE, true, cell_id, NULL },
	{ "state", N_("STATE"), 2, 7, 0, false, cell_state, NULL },
	{ "protocol", N_("TYPE"), 1, 11, 0, false, cell_protocol, NULL },
	{ "device", N_("DEVICE"), 1, 8, 0, false, cell_device, NULL },
	{ "idle", N_("IDLE TIME"), 0, 0, 0, true, cell_idle, number_idle },
	{ "logon", N_("LOGON TIME"), 0, 0, 0, false, cell_logon, number_logon },
	CHOSEN_COLUMNS,
	{},
};

/*
 * The name of the session is four columns narrower than on Windows. So a line has 80 columns even with the longest of
 * usual times.
 */
const struct table_column user_columns[] = {
	{ "user", N_("USERNAME"), 0, 20, 0, false, cell_user, NULL },
	{ "name", N_("SESSIONNAME"), 2, 11, 15, false, cell_name, NULL },
	{ "id", N_("ID"), 1, 5, TABLE_WHOLE, true, cell_id, NULL },
	{ "state", N_("STATE"), 2, 7, 0, false, cell_state, NULL },
	{ "idle", N_("IDLE TIME"), 1, 9, 0, true, cell_idle, number_idle },
	{ "logon", N_("LOGON TIME"), 2, 16, TABLE_WHOLE, false, cell_logon, number_logon },
	{ "protocol", N_("TYPE"), 0, 0, 0, false, cell_protocol, NULL },
	{ "device", N_("DEVICE"), 0, 0, 0, false, cell_device, NULL },
	CHOSEN_COLUMNS,
	{},
};
