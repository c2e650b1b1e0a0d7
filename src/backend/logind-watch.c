/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * logind-watch.c - which of logind's sessions begin, change and end.
 *
 * logind sends signals: SessionNew, SessionRemoved, and PropertiesChanged of a session. They come on a connection of their own, so that
 * no other call takes them off the socket and leaves its descriptor silent. Each is a reason to list the sessions, no more:
 * any peer on the bus can send such a signal. A new session is looked up at once, as it may be over by the time of the list.
 *
 * logind sends none for the client of an xrdp session that comes or leaves, and for a login that it does not know. So there is a list each second as well.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "backend/bus-call.h"
#include "backend/logind.h"
#include "backend/watch.h"

/* Signals taken in before the sessions are listed: any peer can send them without end. */
#define MAX_SIGNALS 1000

/* New sessions that are looked up between two lists. */
#define MAX_BEGUN 100

/* The bus answers in less than a millisecond. */
#define SUBSCRIBE_TIMEOUT_US UINT64_C(5000000)

#define CHANGED_RULE \
	"type='signal',sender='" LOGIN1 "',interface='org.freedesktop.DBus.Properties',member='PropertiesChanged'," \
	"path_namespace='" LOGIN1_PATH "/session'"

struct logind_watch {
	struct watch_timer timer;
	sd_bus *bus;
};

static int on_new(sd_bus_message *signal, void *userdata, sd_bus_error *unused)
{
	struct host_watch *watch = userdata;
	struct logoff_session *session = NULL;
	const char *id;

	(void)unused;
	((struct logind_watch *)watch->data)->timer.changed = true;
	/* A logind that is silent is not asked for each of them. */
	if (watch->begun->n_items >= MAX_BEGUN || ((struct logind *)watch->host->data)->silent || sd_bus_message_read(signal, "so", &id, NULL) < 0 ||
	    logind_find_own(watch->host, NULL) < 0 || logind_get_by_id(watch->host, id, &session, NULL) < 0)
		return 0;	/* the list will tell, if it is still there */
	if (of(session)->not_a_session)
		logoff_session_free(session);
	else
		(void)session_list_add(watch->begun, session);	/* without memory it is only seen if it stays */
	return 0;
}

static int on_removed(sd_bus_message *signal, void *userdata, sd_bus_error *unused)
{
	(void)signal;
	(void)unused;
	((struct logind_watch *)((struct host_watch *)userdata)->data)->timer.changed = true;
	return 0;
}

/* Reads an array of names of properties. Returns 1 if one is about more than idleness, 0, or -errno. */
static int tells_more_than_idleness(sd_bus_message *signal)
{
	const char *name;
	int r, more = 0;

	r = sd_bus_message_enter_container(signal, 'a', "s");
	while (r >= 0 && (r = sd_bus_message_read(signal, "s", &name)) > 0)
		more = more || strncmp(name, "Idle", 4) != 0;
	return r < 0 ? r : more;
}

/* logind sends the names of what has changed, without the values. */
static int on_changed(sd_bus_message *signal, void *userdata, sd_bus_error *unused)
{
	struct host_watch *watch = userdata;
	int r;

	(void)unused;
	r = sd_bus_message_skip(signal, "sa{sv}");
	if (r >= 0)
		r = tells_more_than_idleness(signal);
	if (r != 0)	/* also if it is of another form */
		((struct logind_watch *)watch->data)->timer.changed = true;
	return 0;
}

/* Takes in the signals that have come. Returns 1: list now, 0, or -errno. */
static int take_signals(struct host_watch *watch, struct logoff_error *reterr)
{
	struct logind_watch *own = watch->data;
	int r = 1;

	for (unsigned n = 0; r > 0 && n < MAX_SIGNALS; n++)
		r = sd_bus_process(own->bus, NULL);
	if (r < 0)
		return logind_error(NULL, r, reterr);
	if (r > 0)
		own->timer.changed = true;	/* there are more, for which the descriptor need not become readable */
	return watch_timer_is_due(&own->timer, watch);
}

static void end_watch(struct host_watch *watch)
{
	struct logind_watch *own = watch->data;

	watch_timer_done(&own->timer);
	sd_bus_close_unref(own->bus);
	free(own);
}

/*
 * Subscribes, and waits until the bus has taken note: it answers in the order of the questions, so the answer to one more is
 * enough. sd_bus_add_match() would wait by itself, but a signal of the program ends its wait (bus-call.h). A rule that is
 * refused ends the connection. Returns 0 or what sd-bus says.
 */
static int subscribe(struct host_watch *watch, sd_bus *bus)
{
	sd_bus_message *call = NULL;
	int r = sd_bus_set_method_call_timeout(bus, SUBSCRIBE_TIMEOUT_US);

	if (r >= 0)
		r = sd_bus_match_signal_async(bus, NULL, LOGIN1, LOGIN1_PATH, MANAGER, "SessionNew", on_new, NULL, watch);
	if (r >= 0)
		r = sd_bus_match_signal_async(bus, NULL, LOGIN1, LOGIN1_PATH, MANAGER, "SessionRemoved", on_removed, NULL, watch);
	if (r >= 0)
		r = sd_bus_add_match_async(bus, NULL, CHANGED_RULE, on_changed, NULL, watch);
	if (r >= 0)
		r = sd_bus_message_new_method_call(bus, &call, "org.freedesktop.DBus", "/org/freedesktop/DBus",
						   "org.freedesktop.DBus", "GetId");
	if (r >= 0)
		r = bus_call(bus, call, NULL, NULL, NULL);
	sd_bus_message_unref(call);
	return r < 0 ? r : 0;
}

int logind_watch(struct host_watch *watch, struct logoff_error *reterr)
{
	struct logind_watch *own = calloc(1, sizeof(*own));
	int r;

	if (!own)
		return -ENOMEM;
	watch->data = own;
	watch->take = take_signals;
	watch->end = end_watch;
	own->timer.epoll = own->timer.timer = -1;
	r = logind_open_bus(watch->host, &own->bus);
	if (r >= 0)
		r = subscribe(watch, own->bus);
	if (r < 0)
		r = error_set_errno(reterr, r == -EOPNOTSUPP ? r : -EHOSTUNREACH, r, "the system bus: %s", strerror(-r));
	else
		r = watch_timer_init(&own->timer, watch, sd_bus_get_fd(own->bus), reterr);
	if (r < 0)
		end_watch(watch);
	return r;
}
