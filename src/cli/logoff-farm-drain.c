/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * logoff-farm-drain.c - emptying many hosts: new logons are refused first (/drain), so many at a time (/serial).
 *
 * Between the list that was shown and the orders time passes, so a host is asked again before, and with /drain
 * afterwards: whoever passed PAM before it refused has a session by then. What was shown stays meant, as that logon;
 * those who have come are added. A host where no service of PAM is proved to refuse new logons is left as it is: its
 * users would be back at once. At the very end each host is asked whether new logons are still refused: somebody
 * may have accepted them again while users were warned.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/clock.h"
#include "cli/command.h"
#include "cli/facts.h"
#include "cli/log-off.h"
#include "cli/logoff-farm.h"
#include "cli/output.h"
#include "cli/stream.h"

static void report_memory(struct run *run)
{
	run_note_status(run, report_no_memory());
}

/* ---- new logons: the order ---- */

/* A sentence that HOST has told. Equal ones are shown once. */
struct trouble {
	struct safe sentence;
	size_t host;
};

/* Without memory it is said by its exit status only. */
static void note_trouble(struct run *run, size_t i, int status, struct safe sentence)
{
	struct trouble trouble = { sentence, i };
	struct plan *plan = &run->plans[i];

	plan->n_troubles++;
	plan->drain_status = plan->drain_status > status ? plan->drain_status : status;
	run_note_status(run, status);
	if (array_add(&run->troubles, &run->n_troubles, &trouble) < 0)
		output_note(-ENOMEM);
}

enum refusal {
	REFUSAL_YES,
	REFUSAL_NO,
	REFUSAL_UNKNOWN,		/* it got the order, and has not said what it did, or what came of it */
	REFUSAL_CANCELLED		/* it did not get it */
};

static enum refusal judge(const struct run *run, size_t i)
{
	const struct plan *plan = &run->plans[i];

	if (!plan->told_to_drain)
		return run->farm.cancelled ? REFUSAL_CANCELLED : REFUSAL_NO;
	if (!plan->answered_drain || plan->failed_to_drain)
		return REFUSAL_UNKNOWN;
	if (plan->drained && !plan->lets_in && !plan->refuses)
		return REFUSAL_UNKNOWN;
	return plan->drained && plan->refuses ? REFUSAL_YES : REFUSAL_NO;
}

static enum farm_next next_drain(size_t i, struct farm_order *ret_order, void *data)
{
	struct run *run = data;
	struct plan *plan = &run->plans[i];

	if (run_has_moved(run, i))
		return FARM_DONE;
	if (plan->told_to_drain)
		return judge(run, i) == REFUSAL_YES ? FARM_HOLD : FARM_DONE;
	plan->told_to_drain = true;
	*ret_order = (struct farm_order){
		.json = json_pack("{s:s, s:s, s:s}", "order", "logon", "mode", "drain", "origin", run->origin),
		.changes = true, .time_ms = (arg_timeout_s + LOGONS_TIME_S) * 1000,
	};
	return FARM_ORDER;
}

/* Notes a service that does not refuse logons, or of which that is unknown. Returns whether SERVICE is valid. */
static bool take_service(struct run *run, size_t i, const json_t *service)
{
	const char *name = json_string_value(json_object_get(service, "service"));
	const json_t *refused = json_object_get(service, "refused");
	struct plan *plan = &run->plans[i];

	if (!name || (!json_is_boolean(refused) && !json_is_null(refused)))
		return false;
	plan->refuses = plan->refuses || json_is_true(refused);
	plan->lets_in = plan->lets_in || json_is_false(refused);
	if (!json_is_true(refused))
		note_trouble(run, i,
			     (int)stream_failure_of(server_farm_name(&run->farm, i), EXIT_UNREACHABLE, "not-drained",
						    name, NULL),
			     server_farm_say_service(name, json_is_false(refused) ? SELECT_NO : SELECT_UNKNOWN));
	return true;
}

/* Takes the state that the host has set. It must be the one that was ordered. */
static bool take_state(struct run *run, size_t i, const json_t *logon)
{
	const char *mode = json_string_value(json_object_get(logon, "mode"));
	const json_t *services = json_object_get(logon, "services");
	struct plan *plan = &run->plans[i];
	bool right = !plan->drained && json_array_size(services) <= LOGONS_TROUBLES_MAX && mode &&
		     strcmp(mode, "new") == 0 &&
		     json_is_true(json_object_get(logon, "lasting")) && json_is_array(services);

	for (size_t k = 0; right && k < json_array_size(services); k++)
		right = take_service(run, i, json_array_get(services, k));
	plan->drained = right;
	return right;
}

static bool take_trouble(struct run *run, size_t i, const json_t *line, const json_t *json)
{
	struct safe sentence = {}, object;
	struct far_failure failure;

	if (run->plans[i].n_troubles >= LOGONS_TROUBLES_MAX || far_failure(&failure, json) < 0)
		return false;
	object = safe(failure.object);
	snprintf(sentence.text, sizeof(sentence.text), "%.150s%s%.150s%.150s", object.text,
		 failure.object ? _(": ") : "", server_farm_sentence(failure.kind), report_cause(&failure.cause).text);
	note_trouble(run, i, failure.exit_status, sentence);
	(void)stream_failure_of(server_farm_name(&run->farm, i), (enum exit_status)failure.exit_status, failure.kind,
				failure.object, &failure.cause);
	if (strcmp(failure.kind, "caller-refused") == 0)
		farm_keep(run->farm.farm, i);
	run->plans[i].answered_drain = farm_is_refusal(line);
	run->plans[i].failed_to_drain |= strcmp(failure.kind, "drain-not-written") == 0;
	return true;
}

/* Its exit status is the highest of the lines before. A service or a failure must say what is not proved. */
static bool take_reply(struct plan *plan, const json_t *line)
{
	const json_t *status = json_object_get(line, "exit_status");

	plan->answered_drain = json_is_integer(status) && json_integer_value(status) == plan->drain_status &&
			       (plan->refuses || plan->drain_status > 0);
	return plan->answered_drain;
}

static bool take_line(size_t i, const json_t *line, void *data)
{
	struct run *run = data;
	const json_t *part;

	if ((part = json_object_get(line, "logon")))
		return take_state(run, i, part);
	if ((part = json_object_get(line, "failure")))
		return take_trouble(run, i, line, part);
	return json_is_string(json_object_get(line, "reply")) && take_reply(&run->plans[i], line);
}

/* ---- new logons: what came of it ---- */

static int compare_troubles(const void *a, const void *b)
{
	const struct trouble *one = a, *two = b;
	int order = strcmp(one->sentence.text, two->sentence.text);

	return order ? order : (one->host > two->host) - (one->host < two->host);
}

/* Those that have been handed to programs already. */
static void report_troubles(struct run *run)
{
	size_t *which = calloc(run->n_troubles + 1, sizeof(*which)), same;

	if (run->n_troubles > 0)
		qsort(run->troubles, run->n_troubles, sizeof(*run->troubles), compare_troubles);
	for (size_t k = 0; which && k < run->n_troubles; k += same) {
		const char *sentence = run->troubles[k].sentence.text;

		for (same = 0; k + same < run->n_troubles; same++) {
			if (strcmp(run->troubles[k + same].sentence.text, sentence) != 0)
				break;
			which[same] = run->troubles[k + same].host;
		}
		server_farm_say_shared(&run->farm, which, same, sentence);
	}
	free(which);
	free(run->troubles);
	run->troubles = NULL;
	run->n_troubles = 0;
}

static void report_drained(const struct run *run, const size_t *which, size_t n)
{
	char *folded = n > 0 ? server_farm_fold(&run->farm, which, n) : NULL;

	if (folded && !arg_json)
		printf(_("New logons are refused on %s. \"change logon /enable\" accepts them again.\n"), folded);
	free(folded);
	for (size_t k = 0; k < n; k++)
		stream_line("drained", json_pack("{s:s}", "host", server_farm_name(&run->farm, which[k])));
	output_flush();
}

/* Those of the N hosts WHICH with this answer, into FOUND. Returns their number. */
static size_t find_answer(const struct run *run, const size_t *which, size_t n, enum refusal answer, size_t *found)
{
	size_t n_found = 0;

	for (size_t k = 0; k < n; k++)
		if (judge(run, which[k]) == answer)
			found[n_found++] = which[k];
	return n_found;
}

/* Leaves those of the N hosts WHICH as they are that have this ANSWER. CAUSE is for their sessions. */
static void spare_hosts(struct run *run, const size_t *which, size_t n, enum refusal answer, size_t *found,
			const char *cause, const char *sentence)
{
	size_t n_found = find_answer(run, which, n, answer, found);

	for (size_t k = 0; k < n_found; k++)
		run->plans[found[k]].spared = cause;
	run_note_status(run, server_farm_report_shared(&run->farm, found, n_found, EXIT_UNREACHABLE, "not-drained",
						       sentence));
}

/*
 * Those of the N hosts WHICH that are left as they are, with the state that was set or with one that nobody knows, into
 * FOUND. Returns their number.
 */
static size_t find_left(const struct run *run, const size_t *which, size_t n, bool known, size_t *found)
{
	size_t n_found = 0;

	for (size_t k = 0; k < n; k++) {
		enum refusal answer = judge(run, which[k]);
		bool set = run->plans[which[k]].drained;

		if (known ? set && answer != REFUSAL_YES : !set && answer == REFUSAL_UNKNOWN)
			found[n_found++] = which[k];
	}
	return n_found;
}

/* The state of those of the N hosts WHICH that are left as they are: it refuses logons once PAM asks. */
static void report_kept(const struct run *run, const size_t *which, size_t n, size_t *found)
{
	size_t n_found = find_left(run, which, n, true, found);

	server_farm_say_shared(&run->farm, found, n_found,
			       _("the setting stays all the same; \"change logon /enable\" takes it back"));
	n_found = find_left(run, which, n, false, found);
	server_farm_say_shared(&run->farm, found, n_found,
			       _("the setting may stay; \"change logon /query\" shows it, \"change logon /enable\" "
				 "takes it back"));
}

static void report_moved(struct run *run, const size_t *which, size_t n)
{
	for (size_t k = 0; k < n; k++)
		if (run->plans[which[k]].same == SELECT_NO)
			run_note_status(run, server_farm_report_moved(&run->farm, which[k]));
}

/*
 * Has the N hosts WHICH refuse new logons, and reports each of which it is not proved that it does. Blocks until all
 * have answered, or their time is over. Returns how many of them refuse; they stand in WHICH then.
 */
static size_t drain(struct run *run, size_t *which, size_t n)
{
	const struct farm_calls calls = { .next = next_drain, .line = take_line, .data = run };
	size_t *found = calloc(n + 1, sizeof(*found)), n_found = 0;

	if (!found) {
		report_memory(run);
		return 0;
	}
	run_note_status(run, (int)server_farm_round(&run->farm, which, n, &calls));
	run_note_status(run, (int)server_farm_report_of(&run->farm, which, n));
	report_moved(run, which, n);
	report_troubles(run);
	spare_hosts(run, which, n, REFUSAL_NO, found, "new logons could not be refused there",
		    _("new logons could not be refused, so nobody is logged off there"));
	spare_hosts(run, which, n, REFUSAL_UNKNOWN, found, "whether new logons are refused there is unknown",
		    _("whether new logons are refused is unknown, so nobody is logged off there"));
	report_kept(run, which, n, found);
	n_found = find_answer(run, which, n, REFUSAL_YES, found);
	memcpy(which, found, n_found * sizeof(*which));
	free(found);
	report_drained(run, which, n_found);
	return n_found;
}

/* ---- who is there now ---- */

/*
 * The target of host I that session number K of its list is, if it has not ended: what is listed is there. An unknown
 * logon may be any.
 */
static struct target *find_same(const struct run *run, size_t i, size_t k)
{
	const struct plan *plan = &run->plans[i];
	const char *id = logoff_session_id(run->farm.items[i].sessions[k]);
	int64_t logon_us = run->farm.items[i].logons_us[k];

	for (size_t t = 0; t < plan->n_targets; t++) {
		struct target *target = &plan->targets[t];

		if (!target->ended && strcmp(logoff_session_id(target->session), id) == 0 &&
		    clock_same_logon(target->logon_us, logon_us))
			return target;
	}
	return NULL;
}

/* Those targets of host I have ended by themselves whose id (NULL: any) another logon has. */
static void finish_replaced(struct run *run, size_t i, const char *id)
{
	struct plan *plan = &run->plans[i];

	for (size_t t = 0; t < plan->n_targets; t++)
		if (target_is_pending(&plan->targets[t]) &&
		    (!id || strcmp(logoff_session_id(plan->targets[t].session), id) == 0))
			orders_finish_gone(run, &plan->targets[t]);
}

/*
 * Another machine may have told the last list of host I, and will get the next order. What has become of those targets
 * that it does not have is unknown.
 */
static void finish_unlisted(struct run *run, size_t i)
{
	struct plan *plan = &run->plans[i];
	bool *listed = calloc(plan->n_targets + 1, sizeof(bool));

	for (size_t k = plan->n_before; listed && k < run->farm.items[i].n_sessions; k++) {
		const struct target *target = find_same(run, i, k);

		if (target)
			listed[target - plan->targets] = true;
	}
	for (size_t t = 0; t < plan->n_targets; t++)
		if (target_is_pending(&plan->targets[t]) && !(listed && listed[t]))
			orders_finish_gone(run, &plan->targets[t]);
	free(listed);
}

/* Adds those sessions in the last list of host I to its targets that are none yet. Returns 0 or -ENOMEM. */
static int add_new(struct run *run, size_t i)
{
	const struct far_host *host = &run->farm.items[i];
	struct plan *plan = &run->plans[i];
	int r = 0;

	if (plan->restarted)
		finish_replaced(run, i, NULL);
	plan->restarted = false;
	if (plan->same != SELECT_YES)
		finish_unlisted(run, i);
	for (size_t k = plan->n_before; r >= 0 && host->listed && k < host->n_sessions; k++) {
		if (find_same(run, i, k))
			continue;
		finish_replaced(run, i, logoff_session_id(host->sessions[k]));
		r = run_add_target(run, i, k, false);
	}
	return r;
}

/*
 * Asks the N hosts WHICH again who is selected, and adds those who have come. Returns how many have answered; they
 * stand in WHICH then.
 */
static size_t look_again(struct run *run, size_t *which, size_t n)
{
	size_t n_left = 0;
	int r = 0;

	run->again = true;
	farm_own_done(&run->own);	/* time has passed here, too */
	run->own = (struct farm_own){};
	for (size_t k = 0; k < n; k++) {
		run->plans[which[k]].n_lists = 0;
		run->plans[which[k]].n_before = run->farm.items[which[k]].n_sessions;
	}
	run_note_status(run, run_list(run, which, n));
	run_note_status(run, (int)server_farm_report_of(&run->farm, which, n));
	report_moved(run, which, n);
	for (size_t k = 0; r >= 0 && k < n; k++) {
		if (server_farm_has_failed(&run->farm, which[k]) ||
		    run->plans[which[k]].same == SELECT_NO)
			continue;
		r = add_new(run, which[k]);
		which[n_left++] = which[k];
	}
	run_report_spared(run);
	if (r < 0)
		report_memory(run);
	return r < 0 ? 0 : n_left;
}

/* ---- one group of hosts ---- */

/* Those of the N hosts WHICH where somebody has come, in WHICH. Returns their number. */
static size_t keep_pending(const struct run *run, size_t *which, size_t n)
{
	size_t n_left = 0;

	for (size_t k = 0; k < n; k++)
		if (plan_count_pending(&run->plans[which[k]]) > 0)
			which[n_left++] = which[k];
	return n_left;
}

static void report_late(struct run *run, const size_t *which, size_t n)
{
	for (size_t k = 0; k < n; k++) {
		const struct plan *plan = &run->plans[which[k]];

		for (size_t t = 0; t < plan->n_targets; t++)
			if (target_is_pending(&plan->targets[t])) {
				run_note_status(run, (int)log_off_report_late(plan->targets[t].session));
				plan->targets[t].done = true;
			}
	}
}

static void wait_until(struct run *run, uint64_t until_us)
{
	struct pollfd fd = { .fd = run->farm.cancel_fd, .events = POLLIN };
	uint64_t now_us = clock_now_us();

	if (poll(&fd, 1, now_us < until_us ? (int)((until_us - now_us) / 1000 + 1) : 0) > 0)
		server_farm_cancel(&run->farm);
}

/* Logs off those who have got their sessions since. New logons are refused since DRAINED_US or before. */
static void log_off_late(struct run *run, size_t *which, size_t n, uint64_t drained_us)
{
	wait_until(run, drained_us + DRAIN_SETTLES_MS * 1000);
	for (int look = 1; n > 0 && !run->farm.cancelled; look++) {
		n = keep_pending(run, which, look_again(run, which, n));
		if (look == DRAIN_LOOKS) {
			report_late(run, which, n);
			return;
		}
		if (!run->farm.cancelled)
			orders_carry_out(run, which, n);
	}
}

/* Empties the N hosts WHICH. AGAIN: it is long ago that they were asked who is meant. */
static void empty_group(struct run *run, size_t *which, size_t n, bool again)
{
	uint64_t drained_us;

	for (size_t k = 0; k < n; k++)
		run->plans[which[k]].begun = true;
	if (arg_drain)
		n = drain(run, which, n);
	drained_us = clock_now_us();
	if ((arg_drain || again) && n > 0 && !run->farm.cancelled)
		n = look_again(run, which, n);
	if (!run->farm.cancelled)
		orders_carry_out(run, which, n);
	if (arg_drain && !run->farm.cancelled)
		log_off_late(run, which, n, drained_us);
}

/* ---- at the end ---- */

static enum farm_next next_state(size_t i, struct farm_order *ret_order, void *data)
{
	struct run *run = data;
	struct plan *plan = &run->plans[i];

	if (run_has_moved(run, i) || plan->asked_state)
		return FARM_DONE;
	plan->asked_state = true;
	*ret_order = (struct farm_order){
		.json = json_pack("{s:s, s:s}", "order", "logon", "mode", "query"),
		.time_ms = (arg_timeout_s + LOGONS_TIME_S) * 1000,
	};
	return FARM_ORDER;
}

/* Tells whether a service of PAM is proved to refuse new logons, as when the host was drained. */
static bool has_proof(const json_t *services)
{
	for (size_t k = 0; k < json_array_size(services); k++)
		if (json_is_true(json_object_get(json_array_get(services, k), "refused")))
			return true;
	return false;
}

/* What was not proved when the host was drained has been told, and DRAIN_STATUS covers it. */
static bool take_still(size_t i, const json_t *line, void *data)
{
	struct plan *plan = &((struct run *)data)->plans[i];
	const json_t *logon = json_object_get(line, "logon"), *status = json_object_get(line, "exit_status");
	const char *mode = json_string_value(json_object_get(logon, "mode"));

	if (logon && plan->still != SELECT_UNKNOWN)
		return false;
	if (mode && (strcmp(mode, "new") == 0 || strcmp(mode, "all") == 0))
		plan->still = has_proof(json_object_get(logon, "services")) ? SELECT_YES : SELECT_UNKNOWN;
	else if (mode && strcmp(mode, "enabled") == 0)
		plan->still = SELECT_NO;
	else if (mode)
		return false;
	if (!json_object_get(line, "reply"))
		return logon || json_object_get(line, "failure");
	if (plan->still == SELECT_YES && json_integer_value(status) > plan->drain_status)
		plan->still = SELECT_UNKNOWN;
	return json_is_integer(status);
}

/* Reports those of the N hosts WHICH whose answer is STILL, with room for them in FOUND. */
static void report_state(struct run *run, const size_t *which, size_t n, enum select_answer still, size_t *found,
			 const char *kind, const char *sentence)
{
	size_t n_found = 0;

	for (size_t k = 0; k < n; k++) {
		bool failed = server_farm_has_failed(&run->farm, which[k]);

		if ((failed ? SELECT_UNKNOWN : run->plans[which[k]].still) == still)
			found[n_found++] = which[k];
	}
	run_note_status(run, server_farm_report_shared(&run->farm, found, n_found, EXIT_UNREACHABLE, kind, sentence));
}

/* Asks those of the N hosts WHICH that refuse new logons whether they still do. The others have been reported. */
static void check_still(struct run *run, const size_t *which, size_t n)
{
	const struct farm_calls calls = { .next = next_state, .line = take_still, .data = run };
	size_t *asked = calloc(2 * n + 1, sizeof(*asked)), n_asked = 0;

	for (size_t k = 0; asked && k < n; k++) {
		struct plan *plan = &run->plans[which[k]];

		plan->still = SELECT_UNKNOWN;
		if (judge(run, which[k]) == REFUSAL_YES && plan->same != SELECT_NO &&
		    !server_farm_has_failed(&run->farm, which[k]))
			asked[n_asked++] = which[k];
	}
	if (!asked)
		report_memory(run);
	if (n_asked > 0) {
		run_note_status(run, (int)server_farm_round(&run->farm, asked, n_asked, &calls));
		run_note_status(run, (int)server_farm_report_of(&run->farm, asked, n_asked));
		report_moved(run, asked, n_asked);
		report_state(run, asked, n_asked, SELECT_NO, asked + n, "drain-undone",
			     _("new logons are accepted again: somebody has changed that meanwhile"));
		report_state(run, asked, n_asked, SELECT_UNKNOWN, asked + n, "drain-unknown",
			     _("whether new logons are still refused is unknown"));
	}
	free(asked);
}

/* ---- all of them ---- */

/* Reports the hosts that a cancel has left, unless that has been said. */
static void report_left(struct run *run, const size_t *which, size_t n, bool begun, const char *kind,
			const char *sentence)
{
	size_t *left = calloc(n + 1, sizeof(*left)), n_left = 0;

	for (size_t k = 0; left && k < n; k++) {
		const struct plan *plan = &run->plans[which[k]];

		if (plan->begun == begun && !plan->over && !plan->spared && plan->same != SELECT_NO &&
		    !server_farm_has_failed(&run->farm, which[k]))
			left[n_left++] = which[k];
	}
	run_note_status(run, left ? server_farm_report_shared(&run->farm, left, n_left, EXIT_CANCELLED, kind,
							      sentence) : EXIT_UNREACHABLE);
	free(left);
}

static void end_cancelled(struct run *run, const size_t *which, size_t n)
{
	report_left(run, which, n, true, "cancelled", _("cancelled; nobody has looked whether others have come"));
	report_left(run, which, n, false, "not-asked", _("left as it is, as the command was cancelled"));
}

void run_empty(struct run *run, const size_t *which, size_t n)
{
	size_t step = arg_serial > 0 && arg_serial < n ? (size_t)arg_serial : n;
	size_t *group = calloc(step, sizeof(*group));

	orders_begin(run);
	for (size_t k = 0; group && k < n && !run->farm.cancelled; k += step) {
		size_t n_group = n - k < step ? n - k : step;

		memcpy(group, which + k, n_group * sizeof(*group));
		empty_group(run, group, n_group, k > 0);
		for (size_t j = k; j < k + n_group; j++)
			run->plans[which[j]].over = !run->farm.cancelled || !arg_drain;
	}
	if (!group)
		report_memory(run);
	free(group);
	orders_leave(run, which, n);
	if (run->farm.cancelled)
		end_cancelled(run, which, n);
	else if (arg_drain)
		check_still(run, which, n);
}
