/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * layout.c - prints, as JSON, where the members of the structures of tsts/order.h are, so that program.py need not know.
 *
 * {"structures": {NAME: {"size": N, "members": {NAME: [OFFSET, SIZE, KIND]}}}, "words": {NAME: NUMBER}}; a KIND is "text",
 * "number" or "signed".
 */
#include <stddef.h>
#include <stdio.h>

#include "tsts/order.h"

#define KIND(member) _Generic((member), char *: "text", int32_t: "signed", int64_t: "signed", default: "number")
#define BEGIN(type) struct type type; printf("\"%s\": {\"size\": %zu, \"members\": {", #type, sizeof(type))
#define MEMBER(type, member) \
	printf("\"%s\": [%zu, %zu, \"%s\"], ", #member, offsetof(struct type, member), sizeof(type.member), KIND(type.member))
#define LAST(type, member) \
	printf("\"%s\": [%zu, %zu, \"%s\"]}}", #member, offsetof(struct type, member), sizeof(type.member), KIND(type.member))

static void orders(void)
{
	BEGIN(stamp);
	LAST(stamp, text);
	printf(", ");
	BEGIN(order);
	MEMBER(order, serial);
	MEMBER(order, kind);
	MEMBER(order, id);
	MEMBER(order, many);
	MEMBER(order, missed);
	MEMBER(order, timeout_ms);
	MEMBER(order, link);
	LAST(order, length);
	printf(", ");
	BEGIN(order_logon);
	MEMBER(order_logon, server);
	MEMBER(order_logon, port);
	MEMBER(order_logon, user);
	MEMBER(order_logon, domain);
	MEMBER(order_logon, password);
	MEMBER(order_logon, ccache);
	MEMBER(order_logon, has_password);
	MEMBER(order_logon, require_encryption);
	LAST(order_logon, kerberos);
	printf(", ");
	BEGIN(order_message);
	MEMBER(order_message, title);
	MEMBER(order_message, text);
	MEMBER(order_message, timeout_s);
	MEMBER(order_message, may_cut);
	LAST(order_message, wait);
	printf(", ");
}

static void event(void)
{
	BEGIN(event);
	MEMBER(event, serial);
	MEMBER(event, kind);
	MEMBER(event, id);
	MEMBER(event, r);
	MEMBER(event, now_us);
	MEMBER(event, answer);
	MEMBER(event, n_rows);
	MEMBER(event, length);
	MEMBER(event, link);
	MEMBER(event, error.domain);
	MEMBER(event, error.number);
	MEMBER(event, error.name);
	LAST(event, error.text);
	printf(", ");
}

static void rows(void)
{
	BEGIN(station_row);
	MEMBER(station_row, id);
	MEMBER(station_row, state);
	MEMBER(station_row, has);
	MEMBER(station_row, name);
	MEMBER(station_row, user);
	MEMBER(station_row, domain);
	MEMBER(station_row, client);
	MEMBER(station_row, address);
	MEMBER(station_row, connect_us);
	MEMBER(station_row, disconnect_us);
	MEMBER(station_row, logon_us);
	LAST(station_row, input_us);
	printf(", ");
	BEGIN(event_account);
	LAST(event_account, name);
	printf(", ");
	BEGIN(event_process);
	MEMBER(event_process, pid);
	MEMBER(event_process, session);
	MEMBER(event_process, user);
	LAST(event_process, command);
}

static void words(void)
{
	static const struct {
		const char *name;
		int value;
	} all[] = {
		{ "LOGON", ORDER_LOGON }, { "LIST", ORDER_LIST }, { "GET", ORDER_GET }, { "DETAILS", ORDER_DETAILS },
		{ "CLIENTS", ORDER_CLIENTS }, { "CLOCK", ORDER_CLOCK }, { "PROCESSES", ORDER_PROCESSES }, { "LOGOFF", ORDER_LOGOFF },
		{ "RESET", ORDER_RESET }, { "MESSAGE", ORDER_MESSAGE }, { "TERMINATE", ORDER_TERMINATE }, { "DISCONNECT", ORDER_DISCONNECT },
		{ "REPLY", EVENT_REPLY }, { "REMOVED", EVENT_REMOVED },
		{ "HAS_DETAILS", STATION_HAS_DETAILS }, { "HAS_CLIENT", STATION_HAS_CLIENT },
		{ "DESIRED", LOGOFF_KERBEROS_DESIRED }, { "REQUIRED", LOGOFF_KERBEROS_REQUIRED }, { "OFF", LOGOFF_KERBEROS_OFF },
		{ "NTSTATUS", LOGOFF_ERROR_NTSTATUS }, { "HRESULT", LOGOFF_ERROR_HRESULT }, { "RPC", LOGOFF_ERROR_RPC },
		{ "ERRNO", LOGOFF_ERROR_ERRNO },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		printf("%s\"%s\": %d", i ? ", " : "", all[i].name, all[i].value);
}

int main(void)
{
	printf("{\"structures\": {");
	orders();
	event();
	rows();
	printf("}, \"words\": {");
	words();
	printf("}}\n");
	return 0;
}
