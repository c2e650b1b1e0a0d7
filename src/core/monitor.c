/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * monitor.c - which sessions begin, change and end: the public calls, over watch() of the back ends.
 *
 * An event of a host is a reason to list its sessions; what has happened is the difference between two lists. So no change is
 * reported twice, even if the host sends two events, and changes without an event are found too. The watch begins before the
 * first list. A session that begins and ends between two lists is only seen if the host sends an event when it begins.
 * A host that does not answer is asked again for a while: until then nobody knows what has happened, so nothing is reported.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/error.h"
#include "core/host.h"
#include "core/result.h"

/* A logind that is restarted answers after a second or two. */
#define SILENT_US UINT64_C(10000000)

struct logoff_monitor {
	struct host_watch watch;
	struct session_list known;	/* the last list, in the order of the ids */
	struct session_list gone;	/* what the queue holds and the list does not */
	struct session_list begun;	/* see struct host_watch */
	struct logoff_change *queue;
	size_t n_queue, n_told;
	uint64_t silent_since_us;	/* 0: the host has answered the last question */
	int lost;			/* what next() returned when the host was lost; 0: it is not */
	struct logoff_error cause;
};

static uint64_t now_us(const struct logoff_monitor *monitor)
{
	const struct logoff_host *host = monitor->watch.host;

	return host->simulated ? host->now_us : clock_now_us();
}

/* ---- what has happened ---- */

static int add_change(struct logoff_monitor *monitor, enum logoff_change_type type, struct logoff_session *session)
{
	const struct logoff_host *host = monitor->watch.host;
	struct logoff_change change = { .type = type, .session = session };

	change.time_us = host->simulated ? (int64_t)host->now_us : clock_real_us();
	return array_add(&monitor->queue, &monitor->n_queue, &change);
}

/* Says that SESSION, which is taken, is gone. What was not asked of it while it was there is not known. */
static int add_gone(struct logoff_monitor *monitor, struct logoff_session *session)
{
	int r;

	session->missing &= HOST_NUMBER;	/* stands in a file */
	r = session_list_add(&monitor->gone, session);
	return r < 0 ? r : add_change(monitor, LOGOFF_CHANGE_GONE, session);
}

static bool is_same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/*
 * Tells whether the users are two: by their numbers, where the host has them, as the name service may not know a name any more, and
 * know it again later.
 */
static bool is_of_another(const struct logoff_session *before, const struct logoff_session *now)
{
	if (before->uid != UINT32_MAX && now->uid != UINT32_MAX)
		return before->uid != now->uid;
	return *before->user && *now->user && strcmp(before->user, now->user) != 0;
}

static bool has_changed(const struct logoff_session *before, const struct logoff_session *now)
{
	if (before->state != now->state || before->kind != now->kind)
		return true;
	if (!((before->missing | now->missing) & HOST_CLIENT) && !is_same_text(before->address, now->address))
		return true;
	return !is_same_text(before->name, now->name) || is_of_another(before, now);
}

/* Whether NOW is another logon than BEFORE, whose id it has. Where the host does not tell, another user is one. */
static bool is_other(const struct logoff_session *before, const struct logoff_session *now)
{
	if (before->logon && now->logon)
		return session_is_other(before, now);
	return is_of_another(before, now);
}

/* Numbers first, by their value; then those with a letter before the number. */
static int compare_ids(const void *a, const void *b)
{
	const char *one = (*(struct logoff_session *const *)a)->id, *two = (*(struct logoff_session *const *)b)->id;
	bool one_letter = *one > '9', two_letter = *two > '9';
	size_t one_length = strlen(one), two_length = strlen(two);

	if (one_letter != two_letter)
		return one_letter - two_letter;
	return one_length != two_length ? (one_length > two_length) - (one_length < two_length) : strcmp(one, two);
}

/* Puts into the queue how the sessions of LIST, which is in order, differ from those that are known, and takes LIST for these. */
static int compare_lists(struct logoff_monitor *monitor, struct session_list *list)
{
	struct session_list *known = &monitor->known;
	size_t i = 0, k = 0;
	int r = 0;

	while (r >= 0 && (i < known->n_items || k < list->n_items)) {
		struct logoff_session *before = i < known->n_items ? known->items[i] : NULL;
		struct logoff_session *now = k < list->n_items ? list->items[k] : NULL;
		int order = !before ? 1 : !now ? -1 : compare_ids(&before, &now);
		bool other = order == 0 && is_other(before, now);

		if (order < 0 || other) {
			known->items[i] = NULL;
			r = add_gone(monitor, before);
		}
		if (r >= 0 && (order > 0 || other))
			r = add_change(monitor, LOGOFF_CHANGE_BEGUN, now);
		else if (r >= 0 && order == 0 && has_changed(before, now))
			r = add_change(monitor, LOGOFF_CHANGE_CHANGED, now);
		i += order <= 0;
		k += order >= 0;
	}
	session_list_clear(known);
	*known = *list;
	*list = (struct session_list){};
	return r;
}

static bool is_in(const struct session_list *list, const struct logoff_session *session)
{
	return list->n_items > 0 && bsearch(&session, list->items, list->n_items, sizeof(session), compare_ids);
}

/* Says of sessions that the host has told of, and that neither the last list nor LIST has, that they have begun and ended. */
static int add_brief(struct logoff_monitor *monitor, const struct session_list *list)
{
	struct session_list *begun = &monitor->begun;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < begun->n_items; i++) {
		struct logoff_session *session = begun->items[i];

		if (is_in(&monitor->known, session) || is_in(list, session))
			continue;
		begun->items[i] = NULL;
		r = add_change(monitor, LOGOFF_CHANGE_BEGUN, session);
		if (r >= 0)
			r = add_gone(monitor, session);
		else
			logoff_session_free(session);
	}
	session_list_clear(begun);
	return r;
}

/* ---- looking ---- */

static int list_sorted(struct logoff_monitor *monitor, struct session_list *list, struct logoff_error *reterr)
{
	uint64_t start_us = clock_now_us();
	int r = host_list_sessions(monitor->watch.host, NULL, list, reterr);

	monitor->watch.cost_us = clock_now_us() - start_us;
	if (r < 0)
		session_list_clear(list);
	else if (list->n_items > 0)
		qsort(list->items, list->n_items, sizeof(struct logoff_session *), compare_ids);
	return r;
}

/* Lists and compares. Returns 0, also while the host does not answer, or -errno. */
static int look(struct logoff_monitor *monitor, struct logoff_error *reterr)
{
	struct session_list list = {};
	int r = list_sorted(monitor, &list, reterr);

	if (r == -EAGAIN && (monitor->silent_since_us == 0 || now_us(monitor) - monitor->silent_since_us < SILENT_US)) {
		if (monitor->silent_since_us == 0)
			monitor->silent_since_us = now_us(monitor);
		return 0;
	}
	if (r < 0)
		return r;
	monitor->silent_since_us = 0;
	r = add_brief(monitor, &list);
	if (r >= 0)
		r = compare_lists(monitor, &list);
	session_list_clear(&list);
	return r;
}

/* ---- the public calls ---- */

enum logoff_result logoff_monitor_new(struct logoff_monitor **ret_monitor, struct logoff_host *host, struct logoff_error *reterr)
{
	struct logoff_monitor *monitor = calloc(1, sizeof(*monitor));
	int r;

	if (!monitor)
		return LOGOFF_E_NO_MEMORY;
	monitor->watch = (struct host_watch){ .host = host, .begun = &monitor->begun };
	r = host->backend->watch(&monitor->watch, reterr);
	if (r < 0) {
		free(monitor);
		return result_of(r, reterr);
	}
	r = list_sorted(monitor, &monitor->known, reterr);
	for (size_t i = 0; r >= 0 && i < monitor->known.n_items; i++)
		r = add_change(monitor, LOGOFF_CHANGE_THERE, monitor->known.items[i]);
	if (r < 0) {
		logoff_monitor_free(monitor);
		return result_of(r, reterr);
	}
	*ret_monitor = monitor;
	return LOGOFF_OK;
}

struct logoff_monitor *logoff_monitor_free(struct logoff_monitor *monitor)
{
	if (!monitor)
		return NULL;
	monitor->watch.end(&monitor->watch);
	session_list_clear(&monitor->known);
	session_list_clear(&monitor->gone);
	session_list_clear(&monitor->begun);
	free(monitor->queue);
	free(monitor);
	return NULL;
}

int logoff_monitor_fd(const struct logoff_monitor *monitor)
{
	return monitor->watch.fd;
}

/* Fills the queue, if something has happened. */
static int refill(struct logoff_monitor *monitor, struct logoff_error *reterr)
{
	int r;

	monitor->n_queue = monitor->n_told = 0;
	session_list_clear(&monitor->gone);
	r = monitor->watch.take(&monitor->watch, reterr);
	return r > 0 ? look(monitor, reterr) : r;
}

enum logoff_result logoff_monitor_next(struct logoff_monitor *monitor, const struct logoff_change **ret_change,
				       struct logoff_error *reterr)
{
	if (monitor->n_told == monitor->n_queue && monitor->lost == 0)
		monitor->lost = refill(monitor, &monitor->cause);
	if (monitor->lost < 0) {
		if (reterr)
			*reterr = monitor->cause;
		return result_of(monitor->lost, reterr);
	}
	*ret_change = monitor->n_told < monitor->n_queue ? &monitor->queue[monitor->n_told++] : NULL;
	return LOGOFF_OK;
}
