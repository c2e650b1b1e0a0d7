/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * answer.c - see answer.h.
 */
#include "server/answer.h"

#include <string.h>

#include "base/clock.h"
#include "base/utf8.h"

/* MS-TSTS 2.2.2.17 */
enum { COUNTER_ACTIVE = 4, COUNTER_DISCONNECTED = 5, COUNTER_LOGGED_ON = 12 };

/* WINSTATIONCLIENT: ProtocolType */
enum { PROTOCOL_CONSOLE = 0, PROTOCOL_OTHER = 1, PROTOCOL_RDP = 2 };

uint64_t answer_time(int64_t us)
{
	return us < 0 ? 0 : tsts_filetime(us);
}

void answer_text(char *to, size_t size, const char *text)
{
	size_t n = strnlen(text, size - 1);

	memset(to, 0, size);
	memcpy(to, text, n);
	utf8_cut(to);
}

bool answer_shows(const struct call *call, const struct session *session)
{
	return session_allows(session, call->client, RIGHT_QUERY);
}

void answer_counter(const struct call *call, struct tsts_counter *counter)
{
	counter->known = counter->id == COUNTER_ACTIVE || counter->id == COUNTER_DISCONNECTED ||
			 counter->id == COUNTER_LOGGED_ON;
	counter->value = 0;
	counter->start_time = 0;
	for (uint32_t i = 0; counter->known && i < call->list->n_items; i++) {
		const struct session *session = &call->list->items[i];

		if (session->id)
			counter->value += (counter->id == COUNTER_ACTIVE && session->state == TSTS_STATE_ACTIVE) ||
				(counter->id == COUNTER_DISCONNECTED && session->state == TSTS_STATE_DISCONNECTED) ||
				(counter->id == COUNTER_LOGGED_ON && *session->user);
	}
}

void answer_client(const struct session *session, struct tsts_client *ret)
{
	*ret = (struct tsts_client){ .session_id = session->number };
	answer_text(ret->name, sizeof(ret->name), session->client);
	answer_text(ret->user, sizeof(ret->user), session->user);
	answer_text(ret->domain, sizeof(ret->domain), session->domain);
	answer_text(ret->address, sizeof(ret->address), session->address);
	if (*session->address)
		ret->address_family = strchr(session->address, ':') ? TSTS_FAMILY_IPV6 : TSTS_FAMILY_IPV4;
	if (session->remote_desktop)
		ret->protocol = PROTOCOL_RDP;
	else
		ret->protocol = session->console || !session->id ? PROTOCOL_CONSOLE : PROTOCOL_OTHER;
}

void answer_information(const struct session *session, struct tsts_information *ret)
{
	*ret = (struct tsts_information){
		.state = session->state, .session_id = session->number, .connect_time = answer_time(session->logon_us),
		.logon_time = answer_time(session->logon_us), .last_input_time = answer_time(session->last_input_us),
		.current_time = answer_time(clock_real_us()),
	};
	answer_text(ret->name, sizeof(ret->name), session->name);
	answer_text(ret->domain, sizeof(ret->domain), session->domain);
	answer_text(ret->user, sizeof(ret->user), session->user);
}
