/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * station.c - see station.h. Sources: MS-TSTS 2.2.1.4, 2.2.2.19, 3.1.1.1, 3.3.4.1.8.
 */
#include "backend/station.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* Names of users may be cut there (MS-TSTS 2.2.2.19). */
#define USER_CUT 20

/* States of Windows' sessions (MS-TSTS 3.3.4.1.8) that mean something here. */
enum { STATE_ACTIVE = 0, STATE_SHADOW = 3, STATE_DISCONNECTED = 4, STATE_RESET = 7, STATE_DOWN = 8 };

/* Compares N bytes at most; of letters only those of ASCII are the same in both cases. */
static bool is_same_text(const char *a, const char *b, size_t n)
{
	for (; n > 0; a++, b++, n--) {
		int x = *a >= 'A' && *a <= 'Z' ? *a + 32 : *a, y = *b >= 'A' && *b <= 'Z' ? *b + 32 : *b;

		if (x != y)
			return false;
		if (!x)
			break;
	}
	return true;
}

int station_parse_id(const char *text, uint32_t *ret_id)
{
	char *end;
	unsigned long id = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || id > UINT16_MAX)
		return -ENXIO;
	*ret_id = (uint32_t)id;
	return 0;
}

bool station_is_listener(const struct station_row *row)
{
	return row->id > UINT16_MAX;	/* session ids have 16 bits (MS-TSTS 2.2.1.4) */
}

void station_end_texts(struct station_row *row)
{
	row->name[STATION_TEXT - 1] = row->user[STATION_TEXT - 1] = row->domain[STATION_TEXT - 1] = '\0';
	row->client[STATION_TEXT - 1] = row->address[STATION_TEXT - 1] = '\0';
}

/* ---- what a row means ---- */

static enum logoff_state get_state(const struct station_row *row)
{
	switch (row->state) {
	case STATE_ACTIVE:
	case STATE_SHADOW:
		return LOGOFF_STATE_ACTIVE;
	case STATE_DISCONNECTED:
		return LOGOFF_STATE_DISCONNECTED;
	case STATE_RESET:
	case STATE_DOWN:
		return LOGOFF_STATE_CLOSING;
	default:	/* the host is making it: nobody works in it */
		return LOGOFF_STATE_CONNECTED;
	}
}

static bool is_console(const struct station_row *row)
{
	return row->id != 0 && is_same_text(row->name, "console", STATION_TEXT);
}

/* Session 0 is that of the services (MS-TSTS 3.1.1.1); where nobody has logged on there is a login screen. */
static enum logoff_kind get_kind(const struct station_row *row)
{
	if (row->id == 0)
		return LOGOFF_KIND_SERVICES;
	if (*row->user)
		return LOGOFF_KIND_USER;
	return is_console(row) ? LOGOFF_KIND_GREETER : LOGOFF_KIND_BACKGROUND;
}

static const char *get_protocol(const struct station_row *row)
{
	if (is_console(row))
		return "local";
	return is_same_text(row->name, "rdp", 3) ? "rdp" : NULL;
}

int64_t station_input_us(const struct station_row *row)
{
	return row->input_us > 0 ? row->input_us : row->state == STATE_DISCONNECTED ? row->disconnect_us : 0;
}

uint64_t station_logon(const struct station_row *row)
{
	if (row->logon_us > 0)
		return (uint64_t)row->logon_us;
	return *row->user ? 0 : (uint64_t)row->connect_us;
}

/* ---- sessions ---- */

void station_set_times(struct logoff_session *session, const struct station_row *row)
{
	session->logon_us = row->logon_us > 0 ? row->logon_us : -1;
	session->logon = station_logon(row);
	if (session->logon_us > 0 || station_input_us(row) > 0)
		session->missing |= HOST_CLOCK;
}

void station_set_client(struct logoff_session *session, const struct station_row *row)
{
	(void)text_copy_set(&session->client, row->client);
	(void)text_copy_set(&session->address, row->address);
}

int station_fill(struct logoff_session *session, const struct station_row *row)
{
	char id[STATION_ID_MAX];

	snprintf(id, sizeof(id), "%u", (unsigned)row->id);
	session->user = strdup(row->user);
	if (!session->user || text_copy_set(&session->id, id) < 0 || text_copy_set(&session->name, row->name) < 0 ||
	    text_copy_set(&session->domain, row->domain) < 0 || text_copy_set(&session->protocol, get_protocol(row)) < 0)
		return -ENOMEM;
	session->uid = -1;	/* users have no numbers there */
	session->state = get_state(row);
	session->console = is_console(row);
	session->kind = get_kind(row);
	session->missing = (row->has & STATION_HAS_DETAILS ? 0 : HOST_TIMES) | (row->has & STATION_HAS_CLIENT ? 0 : HOST_CLIENT);
	if (row->has & STATION_HAS_DETAILS)
		station_set_times(session, row);
	if (row->has & STATION_HAS_CLIENT)
		station_set_client(session, row);
	return 0;
}

/* How long ago SINCE_US was. Returns -1 if either is not known. */
static int64_t measure_age(int64_t since_us, int64_t now_us)
{
	if (now_us <= 0 || since_us <= 0)
		return -1;
	return now_us > since_us ? now_us - since_us : 0;
}

void station_set_ages(struct logoff_session *session, int64_t input_us, int64_t now_us)
{
	session->age_us = measure_age(session->logon_us, now_us);
	session->idle_us = measure_age(input_us, now_us);
}

void station_owe_times(struct logoff_session *session, int r)
{
	if (r != -ETIMEDOUT && r != -EHOSTUNREACH)
		return;
	session->idle_us = session->age_us = r;
	if (session->logon_us < 0)
		session->logon_us = r;
}

/* ---- one logon or another ---- */

bool station_are_others(const char *user, const char *other)
{
	return *user && *other && !is_same_text(user, other, USER_CUT);
}

void station_complete(struct station_row *to, const struct station_row *from, uint32_t has)
{
	if (station_are_others(to->user, from->user))
		return;		/* what is so of that logon is not so of the one listed */
	if (has == STATION_HAS_DETAILS) {
		to->connect_us = from->connect_us;
		to->disconnect_us = from->disconnect_us;
		to->logon_us = from->logon_us;
		to->input_us = from->input_us;
	} else {
		memcpy(to->client, from->client, sizeof(to->client));
		memcpy(to->address, from->address, sizeof(to->address));
	}
	to->has |= from->has & has;
}

int station_check_same(const struct logoff_session *session, const struct logoff_session *now)
{
	if (now && (session_is_other(now, session) || station_are_others(now->user, session->user)))
		return -ENXIO;
	/* A session that is being ended is nobody's new one. */
	if (session->logon == 0 || (now && (now->logon != 0 || now->state == LOGOFF_STATE_CLOSING)))
		return 0;
	return -EAGAIN;
}
