/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * targets.c - see targets.h. select.h says whom a selection means; choice.c does the same for the command logoff.
 */
#include "host/targets.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/command.h"
#include "cli/facts.h"
#include "cli/word.h"
#include "host/say.h"

#define BOOT_FILE "/proc/sys/kernel/random/boot_id"

const char *arg_bus;

bool target_is_server(void)
{
	return arg_bus || !logoff_is_this_machine(arg_server);
}

void target_boot(char boot[static 64])
{
	FILE *file = target_is_server() ? NULL : fopen(BOOT_FILE, "re");

	if (!file || !fgets(boot, 64, file))
		boot[0] = '\0';
	boot[strcspn(boot, "\n")] = '\0';
	if (file)
		fclose(file);
}

static void note_status(struct targets *targets, int status)
{
	if (status > targets->status)
		targets->status = status;
}

/* Reports a failure and notes its status. */
static void fail(struct targets *targets, const char *kind, const char *object, const struct logoff_error *cause,
		 enum exit_status status)
{
	note_status(targets, say_failure(stdout, targets->order->serial, kind, object, cause, status));
}

static void fail_host(struct targets *targets, const char *object, int r, const struct logoff_error *cause)
{
	note_status(targets, say_host_failure(stdout, targets->order->serial, object, r, cause));
}

/* Notes that something is unknown, which TEXT says. */
static void set_cause(struct logoff_error *reterr, const char *text)
{
	*reterr = (struct logoff_error){ .domain = LOGOFF_ERROR_ERRNO, .number = ENODATA, .name = "ENODATA" };
	snprintf(reterr->text, sizeof(reterr->text), "%s", text);
}

/* ---- identities ---- */

/*
 * A time that is computed, as no session manager tells it, is another one when the login record or the first process is
 * gone, or the clock was set: that says nothing.
 */
static enum target_fate compare_logon(struct logoff_host *host, struct logoff_session *session,
				      const struct order_identity *identity, struct logoff_error *reterr)
{
	bool computed = !logoff_session_is(session, LOGOFF_IS_REGISTERED) ||
			strcmp(logoff_host_kind(host), "procfs") == 0;
	int64_t logon_us = fact_logon_us(session);
	bool known = logon_us >= 0 && identity->logon_us >= 0;

	if (known && (computed ? clock_same_logon(logon_us, identity->logon_us) : logon_us == identity->logon_us))
		return TARGET_THERE;
	if (known && !computed)
		return TARGET_OTHER;
	set_cause(reterr, "its logon time does not tell");
	return TARGET_UNKNOWN;
}

enum target_fate target_find(struct logoff_host *host, const char *boot, const struct order_identity *identity,
			     struct logoff_session **ret_session, int *ret_r, struct logoff_error *reterr)
{
	struct logoff_session *session;
	char now[64];
	enum target_fate fate;

	target_boot(now);
	if (boot && *now && strcmp(boot, now) != 0)
		return TARGET_GONE;
	*ret_r = logoff_host_find(host, identity->id, &session, reterr);
	if (*ret_r == LOGOFF_E_NO_SESSION || *ret_r == LOGOFF_E_NOT_ACTIVE || *ret_r == LOGOFF_E_NOT_UNIQUE)
		return TARGET_GONE;	/* the latter two are about names */
	if (*ret_r < 0)
		return TARGET_UNKNOWN;
	*ret_r = LOGOFF_E_CHANGED;
	if (strcmp(logoff_session_id(session), identity->id) != 0)
		fate = TARGET_GONE;
	else
		fate = compare_logon(host, session, identity, reterr);
	if (fate == TARGET_THERE && boot && !*now) {
		set_cause(reterr, "the boot of the host is unknown");
		fate = TARGET_UNKNOWN;
	}
	if (fate == TARGET_THERE)
		*ret_session = session;
	else
		logoff_session_free(session);
	return fate;
}

static void add_identity(struct targets *targets, const struct order_identity *identity)
{
	struct logoff_session *session = NULL;
	struct logoff_error cause = {};
	int r = 0;

	switch (target_find(targets->host, targets->order->boot, identity, &session, &r, &cause)) {
	case TARGET_GONE:
		fail(targets, "no-session", identity->id, NULL, EXIT_NO_SESSION);
		break;
	case TARGET_OTHER:
		fail(targets, "changed", identity->id, NULL, EXIT_NOT_ENDED);
		break;
	case TARGET_UNKNOWN:
		if (r == LOGOFF_E_CHANGED)
			fail(targets, "changed", identity->id, &cause, EXIT_NOT_ENDED);
		else
			fail_host(targets, identity->id, r, &cause);
		break;
	case TARGET_THERE:
		if (targets->order->type == ORDER_LOG_OFF && logoff_session_is(session, LOGOFF_IS_OWN)) {
			fail(targets, "own-session", identity->id, NULL, EXIT_PROTECTED);
			logoff_session_free(session);
		} else {
			targets->items[targets->n_items++] = session;
		}
		break;
	}
}

static bool find_identities(struct targets *targets)
{
	const struct order *order = targets->order;

	targets->items = calloc(order->n_identities, sizeof(struct logoff_session *));
	if (!targets->items) {
		fail_host(targets, NULL, LOGOFF_E_NO_MEMORY, NULL);
		return false;
	}
	for (size_t i = 0; i < order->n_identities; i++)
		add_identity(targets, &order->identities[i]);
	return true;
}

/* ---- selections ---- */

static int compare_ids(const void *a, const void *b)
{
	return strverscmp(logoff_session_id(*(struct logoff_session *const *)a),
			  logoff_session_id(*(struct logoff_session *const *)b));
}

/* All sessions of the host, in the order of their ids. */
static bool list_all(struct targets *targets)
{
	struct logoff_error cause = {};
	int r = logoff_host_list(targets->host, &targets->items, &targets->n_items, &cause);

	if (r < 0)
		fail_host(targets, NULL, r, &cause);
	else if (targets->n_items > 0)
		qsort(targets->items, targets->n_items, sizeof(struct logoff_session *), compare_ids);
	return r >= 0;
}

/*
 * ITEM of the exclusions means nobody on this host. A peer that lists has other hosts and decides whether that is an
 * error; one that names sessions has listed them. Returns whether the order is carried out.
 */
static bool pass_exclusion(struct targets *targets, const char *item)
{
	bool lists = targets->order->type == ORDER_LIST, names = targets->order->n_identities > 0;

	if (!names)
		fail(targets, "no-exclusion", item, NULL, lists ? EXIT_ENDED : EXIT_USAGE);
	return lists || names;
}

/* Of a group that does not exist nobody is a member, but to ask who is would be a failure. */
static void drop_exclusion(struct option_list *excludes, const char *item)
{
	size_t n = 0;

	for (size_t i = 0; i < excludes->n_items; i++)
		if (excludes->items[i] != item)
			excludes->items[n++] = excludes->items[i];
	excludes->n_items = n;
}

/* Its groups are left to check; order.c has checked its words. Returns whether the selection can be used. */
static bool check_selection(struct targets *targets)
{
	struct selection *selection = &targets->order->selection;
	struct logoff_error cause = {};
	enum option_fault fault;
	const char *culprit;
	int r;

	while ((r = selection_check(selection, target_is_server(), &fault, &culprit, &cause)) == -EINVAL &&
	       fault == OPTION_FAULT_GROUP && pass_exclusion(targets, culprit))
		drop_exclusion(&selection->excludes, culprit);
	if (r < 0 && (r != -EINVAL || fault != OPTION_FAULT_GROUP))
		fail(targets, "exclusion-unknown", culprit, r == -EINVAL ? NULL : &cause, EXIT_USAGE);
	return r >= 0;
}

static bool resolve_excludes(struct targets *targets)
{
	struct selection *selection = &targets->order->selection;
	const char *const *items = selection->excludes.items;
	struct logoff_error cause = {};
	size_t i = 0;
	int r;

	while ((r = selection_resolve(selection, target_is_server(), targets->items, targets->n_items, &i,
				      &cause)) == -ENXIO &&
	       pass_exclusion(targets, items[i]))
		i++;
	if (r < 0 && r != -ENXIO)
		fail(targets, "exclusion-unknown", items[i], &cause, EXIT_USAGE);
	return r >= 0;
}

static bool fetch_times(struct targets *targets)
{
	struct logoff_error cause = {};
	int r = LOGOFF_OK;

	if (selection_asks_times(&targets->order->selection))
		r = logoff_session_fetch(targets->items, targets->n_items, LOGOFF_FACTS_TIMES, &cause);
	if (r < 0)
		fail_host(targets, NULL, r, &cause);
	return r >= 0;
}

/* A user who has left cannot read a message. */
static enum select_answer judge_target(struct targets *targets, struct logoff_session *session)
{
	enum select_answer answer;

	if (targets->order->type == ORDER_MESSAGE && logoff_session_state(session) == LOGOFF_STATE_CLOSING)
		return SELECT_NO;
	answer = judge_session(&targets->judge, session, NULL, NULL);
	if (answer == SELECT_NO && targets->order->n_identities > 0 &&
	    selection_asks_times(&targets->order->selection) && facts_fetch(session, LOGOFF_FACTS_IDLE) != LOGOFF_OK)
		answer = SELECT_UNKNOWN;
	return answer;
}

static bool is_meant(struct targets *targets, struct logoff_session *session)
{
	enum select_answer answer = judge_target(targets, session);
	const char *id = logoff_session_id(session);
	const struct logoff_error *known = judge_cause(&targets->judge);
	struct logoff_error cause;

	set_cause(&cause, "nobody can tell whether it fits the selection");
	if (targets->order->n_identities > 0 && answer != SELECT_YES)
		fail(targets, "changed", id, answer != SELECT_UNKNOWN ? NULL : known ? known : &cause, EXIT_NOT_ENDED);
	else if (answer == SELECT_UNKNOWN)
		fail(targets, "spared-unknown", id, known, EXIT_ENDED);
	return answer == SELECT_YES;
}

/* Drops the sessions that are not meant. */
static void keep_meant(struct targets *targets)
{
	size_t n = 0;

	for (size_t i = 0; i < targets->n_items; i++)
		if (is_meant(targets, targets->items[i]))
			targets->items[n++] = targets->items[i];
		else
			logoff_session_free(targets->items[i]);
	targets->n_items = n;
	if (n == 0 && targets->order->n_identities == 0 && targets->order->type != ORDER_LIST)
		fail(targets, "none-selected", NULL, NULL, EXIT_NO_SESSION);
}

static void drop_all(struct targets *targets)
{
	targets->items = logoff_session_list_free(targets->items, targets->n_items);
	targets->n_items = 0;
}

void targets_find(struct targets *targets, struct logoff_host *host, struct order *order)
{
	bool named = order->n_identities > 0, found;

	*targets = (struct targets){ .host = host, .order = order };
	targets->judge = (struct judge){ .host = host, .selection = &order->selection };
	targets->judge.takes_own = order->type == ORDER_MESSAGE;
	found = check_selection(targets);
	if (found && (!named || order->selection.excludes.n_items > 0))
		found = list_all(targets) && resolve_excludes(targets);
	if (found && named) {
		drop_all(targets);
		found = find_identities(targets);
	}
	if (found && order->selects)
		found = fetch_times(targets);
	if (!found)
		drop_all(targets);
	else if (order->selects)
		keep_meant(targets);
}

enum logoff_result targets_still(struct logoff_session *session, void *userdata)
{
	struct targets *targets = userdata;

	return judge_again(&targets->judge, session, NULL);
}

void targets_done(struct targets *targets)
{
	drop_all(targets);
	judge_done(&targets->judge);
}
