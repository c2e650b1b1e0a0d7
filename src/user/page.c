/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * page.c - see show.h: a message to the web console, Cockpit, whose sessions have neither a terminal nor a display.
 *
 * The page "Sessions" of Cockpit, which the browser has loaded since the login, waits for a name on the user's bus that has the id of
 * its session in it. This process has that name for a moment, and answers the method Take with the message. So a message that was
 * taken is on a screen; without an open page nobody takes it. Cockpit's own connection to the bus can wait for names and call
 * methods, in all its versions, and nothing else.
 */
#include "user/show.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "user/surroundings.h"

#define MS UINT64_C(1000)

/* How long a page may take to ask, and how long other pages of the same session are waited for after the first one. */
#define TAKE_US (4000 * MS)
#define OTHERS_US (300 * MS)

#define PAGE_PATH "/org/logoff/Page1"
#define PAGE_INTERFACE "org.logoff.Page1"

/* One message, and until when pages can take it. */
struct offer {
	const struct logoff_message *message;
	uint64_t until_us;
	bool taken;
};

static int on_call(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct offer *offer = userdata;
	const struct logoff_message *message = offer->message;
	uint64_t seconds = message->timeout_ms / 1000;
	int r;

	(void)error;
	if (!sd_bus_message_is_method_call(m, PAGE_INTERFACE, "Take"))
		return 0;
	r = sd_bus_reply_method_return(m, "ssu", message->title, message->text,
				       (uint32_t)(seconds < UINT32_MAX ? seconds : UINT32_MAX));
	if (r < 0)
		return r;
	if (!offer->taken)
		offer->until_us = clock_now_us() + OTHERS_US;
	offer->taken = true;
	return 1;
}

/* Serves the bus until the time is over. Returns 0, or the errno of a bus that is lost. */
static int serve(sd_bus *bus, const struct offer *offer)
{
	uint64_t now;
	int r = 0;

	while (r >= 0 && (now = clock_now_us()) < offer->until_us) {
		r = sd_bus_process(bus, NULL);
		if (r == 0)
			r = sd_bus_wait(bus, offer->until_us - now);
		if (r == -EINTR)
			r = 0;
	}
	return r < 0 ? r : 0;
}

/* Takes the name after the handler is there, so that no page asks too early. Another sender may have it: then this one is next. */
static int offer_message(sd_bus *bus, const char *session, struct offer *offer)
{
	char name[64];
	int r;

	if (session[strspn(session, "0123456789abcdefghijklmnopqrstuvwxyz")] ||
	    snprintf(name, sizeof(name), PAGE_INTERFACE ".s%s", session) >= (int)sizeof(name))
		return -EINVAL;
	r = sd_bus_add_object(bus, NULL, PAGE_PATH, on_call, offer);
	if (r >= 0)
		r = sd_bus_request_name(bus, name, SD_BUS_NAME_QUEUE);
	return r < 0 ? r : serve(bus, offer);
}

int show_page(const struct letter *letter, struct logoff_delivery *delivery)
{
	struct offer offer = { .message = &letter->message, .until_us = clock_now_us() + TAKE_US };
	sd_bus *bus = NULL;
	int r = surroundings_connect_bus(letter->bus, TAKE_US, &bus);

	if (r >= 0)
		r = offer_message(bus, letter->session, &offer);
	sd_bus_flush_close_unref(bus);
	if (offer.taken) {
		show_report(letter, delivery, LOGOFF_CHANNEL_PAGE);
		return 0;
	}
	if (r < 0)
		return error_set_errno(&delivery->cause, -EOPNOTSUPP, r, "the user's bus: %s", strerror(-r));
	return error_set_errno(&delivery->cause, -EOPNOTSUPP, -ETIMEDOUT, "no page of the web console is open, or none shows messages");
}
