/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * targets.c - see targets.h. select.h says whom a selection means; choice.c does the same for the command logoff.
 */
#include "host/targets.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/facts.h"
#include "cli/word.h"
#include "host/say.h"

#define BOOT_FILE "/proc/sys/kernel/random/boot_id"

/*
 * Where no session manager tells the logon time, it is computed from the clocks of the machine, and differs a little
 * each time. It is another one when the login record or the first process is gone, or the clock was set: that says
 * nothing.
 */
#define TOLERANCE_US 1000000

void target_boot(char boot[static 64])
{
	FILE *file = fopen(BOOT_FILE, "re");

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

/* ---- identities ---- */

static enum target_fate compare_logon(struct logoff_session *session, const struct order_identity *identity,
				      struct logoff_error *reterr)
{
	bool computed = !logoff_session_is(session, LOGOFF_IS_REGISTERED) ||
			strcmp(logoff_host_kind(logoff_session_host(session)), "procfs") == 0;
	int64_t logon_us = fact_logon_us(session), apart_us = logon_us - identity->logon_us;
	int64_t tolerance_us = computed ? TOLERANCE_US : 0;

	if (logon_us >= 0 && identity->logon_us >= 0 && apart_us >= -tolerance_us && apart_us <= tolerance_us)
		return TARGET_THERE;
	if (logon_us >= 0 && identity->logon_us >= 0 && !computed)
		return TARGET_OTHER;
	*reterr = (struct logoff_error){ .domain = LOGOFF_ERROR_ERRNO, .number = ENODATA, .name = "ENODATA" };
	snprintf(reterr->text, sizeof(reterr->text), "its logon time does not tell");
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
		fate = compare_logon(session, identity, reterr);
	if (fate == TARGET_THERE && boot && !*now)
		fate = TARGET_UNKNOWN;
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

static void find_identities(struct targets *targets)
{
	const struct order *order = targets->order;

	targets->items = calloc(order->n_identities, sizeof(struct logoff_session *));
	if (!targets->items)
		return fail_host(targets, NULL, LOGOFF_E_NO_MEMORY, NULL);
	for (size_t i = 0; i < order->n_identities; i++)
		add_identity(targets, &order->identities[i]);
}

/* ---- selections ---- */

static int compare_ids(const void *a, const void *b)
{
	return strverscmp(logoff_session_id(*(struct logoff_session *const *)a),
			  logoff_session_id(*(struct logoff_session *const *)b));
}

enum logoff_result target_list(struct logoff_host *host, struct logoff_session ***ret_sessions, size_t *ret_n_sessions,
			       struct logoff_error *reterr)
{
	enum logoff_result r = logoff_host_list(host, ret_sessions, ret_n_sessions, reterr);

	if (r == LOGOFF_OK && *ret_n_sessions > 0)
		qsort(*ret_sessions, *ret_n_sessions, sizeof(struct logoff_session *), compare_ids);
	return r;
}

/* A wrong condition might select too many. Returns whether the selection can be used. */
static bool check_selection(struct targets *targets)
{
	enum option_fault fault;
	const char *culprit;

	if (selection_check(&targets->order->selection, false, &fault, &culprit) == 0)
		return true;
	if (fault == OPTION_FAULT_UNKNOWN_GROUP)
		fail(targets, "exclusion-unknown", culprit, NULL, EXIT_USAGE);
	else if (fault == OPTION_FAULT_GROUP)
		fail(targets, "no-exclusion", culprit, NULL, EXIT_USAGE);
	else
		fail(targets, "wrong-order", fault == OPTION_FAULT_STATE ? "state" : "kind", NULL, EXIT_USAGE);
	return false;
}

static bool resolve_excludes(struct targets *targets)
{
	struct selection *selection = &targets->order->selection;
	size_t i = 0;
	int r = selection_resolve(selection, false, targets->items, targets->n_items, &i);

	if (r < 0)
		fail(targets, r == -ENXIO ? "no-exclusion" : "exclusion-unknown", selection->excludes.items[i], NULL,
		     EXIT_USAGE);
	return r >= 0;
}

static bool fetch_times(struct targets *targets)
{
	struct logoff_error cause = {};
	int r = LOGOFF_OK;

	if (selection_asks_times(&targets->order->selection))
		r = logoff_host_fetch(targets->host, targets->items, targets->n_items, LOGOFF_FACTS_TIMES, &cause);
	if (r < 0)
		fail_host(targets, NULL, r, &cause);
	return r >= 0;
}

/* A user who has left cannot read a message. */
static bool is_meant(struct targets *targets, struct logoff_session *session)
{
	bool message = targets->order->type == ORDER_MESSAGE;
	enum select_answer answer = SELECT_NO;

	if (message ? logoff_session_state(session) != LOGOFF_STATE_CLOSING
		    : !logoff_session_is(session, LOGOFF_IS_OWN))
		answer = judge_session(&targets->judge, session, NULL, NULL);
	if (answer == SELECT_UNKNOWN)
		fail(targets, "spared-unknown", logoff_session_id(session), NULL, EXIT_ENDED);
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
	if (n == 0)
		fail(targets, "none-selected", NULL, NULL, EXIT_NO_SESSION);
}

static void drop_all(struct targets *targets)
{
	targets->items = logoff_session_list_free(targets->items, targets->n_items);
	targets->n_items = 0;
}

static void find_selected(struct targets *targets)
{
	struct logoff_error cause = {};
	int r;

	if (!check_selection(targets))
		return;
	r = target_list(targets->host, &targets->items, &targets->n_items, &cause);
	if (r < 0)
		fail_host(targets, NULL, r, &cause);
	else if (resolve_excludes(targets) && fetch_times(targets))
		keep_meant(targets);
	else
		drop_all(targets);
}

void targets_find(struct targets *targets, struct logoff_host *host, struct order *order)
{
	*targets = (struct targets){ .host = host, .order = order };
	targets->judge = (struct judge){ .host = host, .selection = &order->selection };
	if (order->selects)
		find_selected(targets);
	else
		find_identities(targets);
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
