/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sessions.c - see sessions.h. Where the columns stand, and the words for the states, is as Windows has it; what it has
 * no column for is only shown when it is chosen.
 */
#include "cli/sessions.h"

#include <stdio.h>

#include "cli/account.h"
#include "cli/when.h"

const char *session_state_word(const struct logoff_session *session)
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

bool session_is_marked(const void *row)
{
	return logoff_session_is_current(row);
}

/* ---- cells ---- */

static struct safe cell_current(const void *row)
{
	return safe(logoff_session_is_current(row) ? ">" : "");
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
	if (logoff_session_is_console(session))
		return safe("console");
	for (char *at = name.text; *at; at++)
		if (*at >= 'A' && *at <= 'Z')
			*at = (char)(*at - 'A' + 'a');
	return name;
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

static struct safe cell_state(const void *row)
{
	return safe(session_state_word(row));
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

static struct safe cell_protocol(const void *row)
{
	return safe(logoff_session_detail(row, LOGOFF_DETAIL_PROTOCOL));
}

static struct safe cell_terminal(const void *row)
{
	return safe(logoff_session_detail(row, LOGOFF_DETAIL_TERMINAL));
}

static struct safe cell_display(const void *row)
{
	return safe(logoff_session_detail(row, LOGOFF_DETAIL_DISPLAY));
}

/* The screen people look at: a display is in front of the terminal it was begun on. */
static struct safe cell_device(const void *row)
{
	return logoff_session_detail(row, LOGOFF_DETAIL_DISPLAY) ? cell_display(row) : cell_terminal(row);
}

static struct safe cell_address(const void *row)
{
	return safe(logoff_session_detail(row, LOGOFF_DETAIL_ADDRESS));
}

static struct safe cell_client(const void *row)
{
	return safe(logoff_session_detail(row, LOGOFF_DETAIL_CLIENT));
}

/* Why a time is not known is of no interest in a table. */
static int64_t known(int64_t us)
{
	return us < 0 ? -1 : us;
}

/* The host may have to be asked now, which the session remembers. */
static int64_t number_idle(const void *row)
{
	return known(logoff_session_idle_us((struct logoff_session *)row));
}

static struct safe cell_idle(const void *row)
{
	return when_idle(number_idle(row), logoff_session_is_console(row));
}

static struct safe cell_logon(const void *row)
{
	return when_local(logoff_session_logon_us(row));
}

static int64_t number_logon(const void *row)
{
	return known(logoff_session_logon_us(row));
}

/* ---- columns: name, heading, gap, width, right, whole, cell, number ---- */

/* Those that Windows does not have. */
#define CHOSEN_COLUMNS                                                                          \
	{ "current", N_("CURRENT"), 0, 0, false, false, cell_current, NULL },                   \
	{ "uid", N_("UID"), 0, 0, true, false, cell_uid, number_uid },                          \
	{ "domain", N_("DOMAIN"), 0, 0, false, false, cell_domain, NULL },                      \
	{ "kind", N_("KIND"), 0, 0, false, false, cell_kind, NULL },                            \
	{ "address", N_("ADDRESS"), 0, 0, false, false, cell_address, NULL },                   \
	{ "client", N_("CLIENT"), 0, 0, false, false, cell_client, NULL },                      \
	{ "terminal", N_("TERMINAL"), 0, 0, false, false, cell_terminal, NULL },                \
	{ "display", N_("DISPLAY"), 0, 0, false, false, cell_display, NULL }

const struct table_column session_columns[] = {
	{ "name", N_("SESSIONNAME"), 0, 17, false, false, cell_name, NULL },
	{ "user", N_("USERNAME"), 1, 20, false, false, cell_user, NULL },
	{ "id", N_("ID"), 1, 6, true, true, cell_id, NULL },
	{ "state", N_("STATE"), 2, 7, false, false, cell_state, NULL },
	{ "protocol", N_("TYPE"), 1, 11, false, false, cell_protocol, NULL },
	{ "device", N_("DEVICE"), 1, 8, false, false, cell_device, NULL },
	{ "idle", N_("IDLE TIME"), 0, 0, true, false, cell_idle, number_idle },
	{ "logon", N_("LOGON TIME"), 0, 0, false, false, cell_logon, number_logon },
	CHOSEN_COLUMNS,
	{},
};

const struct table_column user_columns[] = {
	{ "user", N_("USERNAME"), 0, 20, false, false, cell_user, NULL },
	{ "name", N_("SESSIONNAME"), 2, 15, false, false, cell_name, NULL },
	{ "id", N_("ID"), 1, 5, true, true, cell_id, NULL },
	{ "state", N_("STATE"), 2, 7, false, false, cell_state, NULL },
	{ "idle", N_("IDLE TIME"), 1, 9, true, false, cell_idle, number_idle },
	{ "logon", N_("LOGON TIME"), 2, 20, false, true, cell_logon, number_logon },
	{ "protocol", N_("TYPE"), 0, 0, false, false, cell_protocol, NULL },
	{ "device", N_("DEVICE"), 0, 0, false, false, cell_device, NULL },
	CHOSEN_COLUMNS,
	{},
};
