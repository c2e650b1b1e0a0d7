/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sessions.c - see sessions.h.
 */
#include "server/sessions.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "server/peer.h"
#include "server/result.h"

#define FRESH_US 200000
#define LIST_S 20

/* What a client has of lists. */
struct listing {
	struct client *client;
	struct session_list *list;		/* the last one; NULL: none that is fresh */
	uint64_t begun_us;			/* when its order was given, or that of the running one */
	struct order *order;			/* the running one */
	struct session_list *growing;		/* its lines so far */
	bool outdated;				/* something has changed since it was given */
	struct look *looks, *next_looks;	/* who waits for the running one, and for the one after it */
	struct look *served;			/* who is still to get the one that has come */
	bool serving;				/* they are getting it: no other list is begun meanwhile */
};

static const struct session services = {
	.uid = (uid_t)-1, .user = "", .domain = "", .name = "Services", .client = "", .address = "",
	.state = TSTS_STATE_DISCONNECTED, .logon_us = -1, .last_input_us = -1,
};

static void begin(struct listing *listing);
static void next_list(struct listing *listing);

/* ---- who waits ---- */

static void add_look(struct look **list, struct look *look)
{
	while (*list)
		list = &(*list)->next;
	look->next = NULL;
	look->waits = true;
	*list = look;
}

static bool remove_look(struct look **list, struct look *look)
{
	while (*list && *list != look)
		list = &(*list)->next;
	if (!*list)
		return false;
	*list = look->next;
	look->waits = false;
	return true;
}

void sessions_forget(struct client *client, struct look *look)
{
	struct listing *listing = client->listing;

	if (look->waits && !remove_look(&listing->looks, look) && !remove_look(&listing->next_looks, look))
		(void)remove_look(&listing->served, look);
}

/* The functions that are called may ask for lists, which are begun after that, and may forget looks. */
static void serve(struct listing *listing, struct session_list *list, uint32_t result)
{
	listing->serving = true;
	listing->served = listing->looks;
	listing->looks = NULL;
	while (listing->served) {
		struct look *look = listing->served;

		listing->served = look->next;
		look->waits = false;
		look->got(look, list, result);
	}
	listing->serving = false;
}

/* ---- one list ---- */

static bool grow(struct session_list *list)
{
	struct session *items;

	if ((list->n_items & (list->n_items - 1)) != 0)		/* full: 0, 1, 2, 4 ... */
		return true;
	items = talloc_realloc(list, list->items, struct session, list->n_items ? 2 * list->n_items : 1);
	if (items)
		list->items = items;
	return items;
}

static void add_session(struct listing *listing, const struct line *line)
{
	struct server *server = listing->client->server;
	struct session_list *list = listing->growing;
	struct session session;

	if (list->n_items >= SESSIONS_MAX || !session_parse(list, line, server->host_name, clock_real_us(), &session)) {
		list->complete = false;
		return;
	}
	/* logoff-host tells those of the rule; all others the service has given. */
	if (session.number == 0 || session.number >= NUMBER_FIRST_GIVEN)
		session.number = numbers_get(&server->numbers, session.id, session.logon_us, clock_now_us());
	if (session.number == 0 || !grow(list))
		list->complete = false;
	else
		list->items[list->n_items++] = session;
}

static void on_line(void *data, const struct line *line)
{
	struct listing *listing = data;

	if (line->kind == LINE_ITEM && strcmp(line->word, "session") == 0)
		add_session(listing, line);
	else if (line->kind == LINE_FAILURE)
		listing->growing->complete = false;
}

/* Those who came too late for the last list get the next one. */
static void next_list(struct listing *listing)
{
	struct look **at = &listing->looks;

	while (*at)
		at = &(*at)->next;
	*at = listing->next_looks;
	listing->next_looks = NULL;
	if (listing->looks && !listing->order)
		begin(listing);
}

/* A list that its order could not make, exit status 6 and the like, is none: it would lack sessions. */
static void on_end(void *data, enum order_end end, const struct line *line)
{
	struct listing *listing = data;
	struct client *client = client_use(listing->client);
	struct session_list *list = listing->growing;
	bool right = end == ORDER_DONE && line->exit_status == 0;

	listing->order = NULL;
	listing->growing = NULL;
	list->complete = list->complete && right && !line->hides;
	if (list->complete)
		numbers_drop(&client->server->numbers, listing->begun_us);
	numbers_write(&client->server->numbers);
	if (right && !listing->outdated)
		listing->list = list;
	serve(listing, right ? list : NULL, right ? 0 : order_result(end));
	if (listing->list != list)
		talloc_unlink(listing, list);
	next_list(listing);
	client_leave(client);
}

static struct session_list *new_list(struct listing *listing)
{
	struct session_list *list = talloc_zero(listing, struct session_list);

	if (!list || !grow(list)) {
		talloc_free(list);
		return NULL;
	}
	list->complete = true;
	list->items[list->n_items++] = services;
	return list;
}

/* Begins a list for those who wait. */
static void begin(struct listing *listing)
{
	static const struct order_calls calls = { on_line, on_end };
	uint32_t result = RESULT_NO_MEMORY;
	struct client *client;

	if (listing->list)
		talloc_unlink(listing, listing->list);
	listing->list = NULL;
	listing->begun_us = clock_now_us();
	listing->outdated = false;
	listing->growing = new_list(listing);
	if (listing->growing)
		listing->order = order_give(listing->client, json_pack("{s:s}", "order", "list"), false, LIST_S, &calls,
					    listing, &result);
	if (listing->order)
		return;
	TALLOC_FREE(listing->growing);
	client = client_use(listing->client);
	serve(listing, NULL, result);
	next_list(listing);
	client_leave(client);
}

/* ---- for others ---- */

static struct listing *listing_of(struct client *client)
{
	if (!client->listing) {
		client->listing = talloc_zero(client, struct listing);
		if (client->listing)
			client->listing->client = client;
	}
	return client->listing;
}

void sessions_get(struct client *client, struct look *look)
{
	struct listing *listing = listing_of(client);
	bool fresh = listing && !listing->outdated && clock_now_us() - listing->begun_us <= FRESH_US;

	if (!listing) {
		look->got(look, NULL, RESULT_NO_MEMORY);
	} else if (listing->order) {
		add_look(fresh ? &listing->looks : &listing->next_looks, look);
	} else if (listing->list && fresh) {
		look->got(look, listing->list, 0);
	} else if (listing->serving) {
		add_look(&listing->next_looks, look);
	} else {
		add_look(&listing->looks, look);
		begin(listing);
	}
}

void sessions_changed(struct client *client)
{
	if (client->listing)
		client->listing->outdated = true;
}
