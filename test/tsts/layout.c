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
	BEGIN(order);
	MEMBER(order, serial);
	MEMBER(order, kind);
	MEMBER(order, id);
	MEMBER(order, many);
	MEMBER(order, missed);
	MEMBER(order, timeout_ms);
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
	LAST(order_message, wait);
	printf(", ");
}

static void news(void)
{
	BEGIN(news);
	MEMBER(news, serial);
	MEMBER(news, kind);
	MEMBER(news, id);
	MEMBER(news, r);
	MEMBER(news, now_us);
	MEMBER(news, answer);
	MEMBER(news, n_rows);
	MEMBER(news, length);
	MEMBER(news, error.domain);
	MEMBER(news, error.number);
	MEMBER(news, error.name);
	LAST(news, error.text);
	printf(", ");
}

static void rows(void)
{
	BEGIN(news_session);
	MEMBER(news_session, id);
	MEMBER(news_session, state);
	MEMBER(news_session, has);
	MEMBER(news_session, name);
	MEMBER(news_session, user);
	MEMBER(news_session, domain);
	MEMBER(news_session, client);
	MEMBER(news_session, address);
	MEMBER(news_session, connect_us);
	MEMBER(news_session, disconnect_us);
	MEMBER(news_session, logon_us);
	LAST(news_session, input_us);
	printf(", ");
	BEGIN(news_account);
	LAST(news_account, name);
	printf(", ");
	BEGIN(news_process);
	MEMBER(news_process, pid);
	MEMBER(news_process, session);
	MEMBER(news_process, user);
	LAST(news_process, command);
}

static void words(void)
{
	static const struct {
		const char *name;
		int value;
	} all[] = {
		{ "LOGON", ORDER_LOGON }, { "LIST", ORDER_LIST }, { "GET", ORDER_GET }, { "DETAILS", ORDER_DETAILS },
		{ "CLIENTS", ORDER_CLIENTS }, { "CLOCK", ORDER_CLOCK }, { "PROCESSES", ORDER_PROCESSES }, { "LOGOFF", ORDER_LOGOFF },
		{ "RESET", ORDER_RESET }, { "MESSAGE", ORDER_MESSAGE },
		{ "REPLY", NEWS_REPLY }, { "REMOVED", NEWS_REMOVED },
		{ "HAS_DETAILS", NEWS_HAS_DETAILS }, { "HAS_CLIENT", NEWS_HAS_CLIENT },
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
	news();
	rows();
	printf("}, \"words\": {");
	words();
	printf("}}\n");
	return 0;
}
