/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fuzz-order.c - any line of the peer of logoff-host.
 *
 * Beside crashes and leaks it looks for orders that cannot be: without a serial number, with nobody, beyond a
 * limit; and for faults without a kind.
 */
#include "base/text.h"
#include "host/order.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void check_text(const char *text, size_t max)
{
	require(!text || (*text && strlen(text) <= max));
}

static void check_words(const struct option_list *list)
{
	require(list->n_items <= sizeof(list->items) / sizeof(list->items[0]));
	for (size_t i = 0; i < list->n_items; i++) {
		require(list->items[i]);
		check_text(list->items[i], ORDER_WORD_MAX);
	}
}

static void check_selection(const struct selection *selection)
{
	check_words(&selection->users);
	check_words(&selection->excludes);
	check_words(&selection->keeps);
	check_text(selection->state, ORDER_WORD_MAX);
	check_text(selection->kind, ORDER_WORD_MAX);
	require(selection->idle_s == SELECT_ANY || selection->idle_s <= ORDER_SECONDS_MAX);
	require(selection->older_s == SELECT_ANY || selection->older_s <= ORDER_SECONDS_MAX);
}

static void check_order(const struct order *order)
{
	require(order->serial > 0 || order->type == ORDER_CANCEL);
	require(order->type < ORDER_TYPES && order_word(order->type));
	if (order_means_sessions(order))
		require(order_changes(order) && (order->selects || order->n_identities > 0));
	else
		require(!order->selects || order->type == ORDER_LIST);
	require(order->type != ORDER_DISCONNECT || !order->selects);
	require((order->n_processes > 0) == (order->type == ORDER_END_PROCESSES) && order->n_processes <= ORDER_IDENTITIES_MAX);
	for (size_t i = 0; i < order->n_processes; i++)
		require(order->processes[i].pid > 0 && order->processes[i].started_us >= -1);
	require(order->selects == selection_is_given(&order->selection));
	require(order->n_identities <= ORDER_IDENTITIES_MAX);
	for (size_t i = 0; i < order->n_identities; i++) {
		require(order->identities[i].id && order->identities[i].logon_us >= -1);
		check_text(order->identities[i].id, ORDER_WORD_MAX);
	}
	require(order->type != ORDER_MESSAGE || order->text);
	require(order->type != ORDER_LOGON || (order->mode && order->verb <= DRAIN_UNTIL_RESTART));
	require(order->type != ORDER_LOGON || !order->text || order->verb >= DRAIN_DISABLE);
	require(order->type != ORDER_FATE || order->n_identities == 1);
	require(order->grace_s <= ORDER_SECONDS_MAX && order->wait_s <= ORDER_SECONDS_MAX);
	require(order->warn_s <= ORDER_SECONDS_MAX && order->time_s <= ORDER_SECONDS_MAX);
	check_text(order->text, TEXT_FOR_USERS_MAX);
	check_text(order->reason, TEXT_FOR_USERS_MAX);
	check_text(order->title, ORDER_WORD_MAX);
	check_text(order->origin, ORDER_WORD_MAX);
	check_text(order->run, ORDER_RUN_MAX);
	check_text(order->actor.name, ORDER_WORD_MAX);
	check_text(order->actor.sid, ORDER_SID_MAX);
	check_text(order->actor.address, ORDER_ADDRESS_MAX);
	require(order->actor.name || (!order->actor.sid && !order->actor.address && !order->refused));
	require(!order->actor.name || !order->origin);
	check_text(order->boot, ORDER_WORD_MAX);
	check_selection(&order->selection);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct order_fault fault = {};
	struct order order;
	int r = order_parse(&order, (const char *)data, size, &fault);

	require(r == 0 || r == -EINVAL);
	if (r == 0) {
		check_order(&order);
		order_done(&order);
	} else {
		require(fault.kind && !order.json && !order.identities && !order.processes);
		require(fault.breach == (strcmp(fault.kind, "no-json") == 0));
	}
	return 0;
}
