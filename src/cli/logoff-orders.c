/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * logoff-orders.c - the orders of logoff to many hosts, and what becomes of each session. See logoff-farm.h.
 *
 * An order has the logons that were listed and the selection, so the host looks at both again. Where the connection
 * breaks after it, the host carries the log-off through, and is asked what has become of each session.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/command.h"
#include "cli/json.h"
#include "cli/log-off.h"
#include "cli/logoff-farm.h"
#include "cli/output.h"
#include "cli/printable.h"
#include "cli/result.h"
#include "cli/stream.h"
#include "cli/terminal.h"

#define MARGIN_S 15		/* for an order, beyond the times that its sessions have */
#define SIDE_BY_SIDE 64		/* sessions that a host asks at once: the time of the next ones begins later */
#define FATE_AGAIN_MS 1000	/* a log-off that a host carries through goes on */
#define RUN_FILE "/proc/sys/kernel/random/uuid"
#define IDENTITIES_MAX 4096		/* in an order; doc/json.md, Protocol */
#define IDENTITIES_SIZE_MAX 500000	/* bytes of them at most: a line has 1 MiB, and other fields */

/* ---- the order ---- */

bool target_is_pending(const struct target *target)
{
	return target->order == 0 && !target->done;
}

size_t plan_count_pending(const struct plan *plan)
{
	size_t n = 0;

	for (size_t t = 0; t < plan->n_targets; t++)
		n += target_is_pending(&plan->targets[t]);
	return n;
}

/* The room of an id in JSON, which may have to escape each byte. */
static size_t room_of(const struct target *target)
{
	return 6 * strlen(logoff_session_id(target->session)) + 40;
}

/* Those of the next order to host I: sessions that are NAMED, or others. */
static json_t *make_identities(struct run *run, size_t i, bool named)
{
	const struct plan *plan = &run->plans[i];
	json_t *sessions = json_array();
	size_t room = IDENTITIES_SIZE_MAX;

	for (size_t t = 0; t < plan->n_targets && json_array_size(sessions) < IDENTITIES_MAX; t++) {
		struct target *target = &plan->targets[t];

		if (!target_is_pending(target) || target->named != named || room_of(target) > room)
			continue;
		room -= room_of(target);
		target->order = plan->n_orders + 1;
		(void)json_array_append_new(
			sessions, json_pack("{s:s, s:o}", "id", logoff_session_id(target->session), "logon",
					    target->logon_us < 0 ? json_null() : json_integer(target->logon_us)));
	}
	return sessions;
}

/* The next order to host I for its sessions that are NAMED, or for the others. Returns NULL if there are none. */
static json_t *make_order(struct run *run, size_t i, bool named)
{
	json_t *sessions = make_identities(run, i, named), *order;

	if (json_array_size(sessions) == 0) {
		json_decref(sessions);
		return NULL;
	}
	order = json_pack("{s:s, s:o, s:I, s:I, s:I, s:b, s:b, s:s, s:s, s:O*}", "order", "log-off",
			  "sessions", sessions, "grace", (json_int_t)arg_grace_s, "wait", (json_int_t)arg_wait_s,
			  "warn", (json_int_t)arg_warn_s,
			  "console", arg_console, "no_desktop", arg_no_desktop, "origin", run->origin, "run", run->id,
			  "select", named ? NULL : run->select);
	if (*server_farm_boot(&run->farm, i))
		(void)json_object_set_new(order, "boot", json_string(server_farm_boot(&run->farm, i)));
	if (arg_message && arg_warn_s)
		(void)json_object_set_new(order, "text", to_json_text(arg_message));
	if (arg_reason)
		(void)json_object_set_new(order, "reason", to_json_text(arg_reason));
	return order;
}

static enum farm_next next_log_off(size_t i, struct farm_order *ret_order, void *data)
{
	struct run *run = data;
	uint64_t n_turns = 2;	/* the last one is for what depends on others */
	json_t *order;

	/* Of another machine the listed sessions are not there, which says nothing. */
	if (run_has_moved(run, i))
		return FARM_DONE;
	order = make_order(run, i, false);
	if (!order)
		order = make_order(run, i, true);
	run->plans[i].n_orders++;
	run->plans[i].told = EXIT_ENDED;
	n_turns += json_array_size(json_object_get(order, "sessions")) / SIDE_BY_SIDE;
	*ret_order = (struct farm_order){
		.json = order, .changes = true, .time_ms = (arg_warn_s + n_turns * arg_wait_s + MARGIN_S) * 1000,
	};
	return order ? FARM_ORDER : arg_drain ? FARM_HOLD : FARM_DONE;
}

/* ---- results ---- */

/* The session ID of the order that host I carries out. Its lines mostly come in the order of its sessions. */
static struct target *find_target(struct run *run, size_t i, const char *id)
{
	struct plan *plan = &run->plans[i];

	for (size_t k = 0; id && k < plan->n_targets; k++) {
		size_t number = (plan->found + k) % plan->n_targets;
		struct target *target = &plan->targets[number];

		if (target->order == plan->n_orders && strcmp(logoff_session_id(target->session), id) == 0) {
			plan->found = number;
			return target;
		}
	}
	return NULL;
}

/*
 * A host in memory, which only a command can be, has no record. What a host says of itself does not count otherwise: it
 * could save itself the record.
 */
static bool is_recorded(const struct run *run, size_t i)
{
	const char *kind = json_string_value(json_object_get(farm_hello(run->farm.farm, i), "kind"));
	enum farm_way way = run->farm.hosts.items[i].way;

	return !(way == FARM_COMMAND && kind && strcmp(kind, "memory") == 0);
}

/* Writes a record of it here too, as the far host's own one is there. */
static void write_record(struct run *run, const struct target *target, struct logoff_outcome *outcome)
{
	struct logoff_options how = LOGOFF_OPTIONS_DEFAULT;
	enum logoff_result r = LOGOFF_E_TIMEOUT;

	if (target->recorded || !is_recorded(run, target->host))
		return;
	how.reason = arg_reason;
	how.run = run->id;
	if (!run->log_is_silent)
		r = logoff_session_record(target->session, outcome, &how, &outcome->record_cause);
	run->log_is_silent = run->log_is_silent || r == LOGOFF_E_TIMEOUT;
	outcome->recorded = r == LOGOFF_OK;
}

/* Reports what became of TARGET. STATUS is the exit status that its host tells, if it tells one. */
static void finish(struct run *run, struct target *target, struct logoff_outcome *outcome, int status)
{
	int own;

	write_record(run, target, outcome);
	server_farm_wipe(&run->farm);
	own = result_report(target->session, outcome, !arg_verbose && !arg_json);
	status = own > status ? own : status;
	if (arg_json)
		stream_row("result", to_json_result(target->session, outcome,
						    to_json_session(target->session, arg_server), status));
	output_flush();
	target->done = true;
	target->ended = outcome->result == LOGOFF_OK;
	run->farm.n_ended += outcome->result == LOGOFF_OK;
	run_note_status(run, status);
}

/* The same for one of which no right result has come, for the cause TEXT. */
static void finish_unknown(struct run *run, struct target *target, enum logoff_result result, const char *text)
{
	struct logoff_outcome outcome = { .result = result, .exists = target->exists, .state = target->state,
					  .unseen = true };

	outcome.cause.domain = *text ? LOGOFF_ERROR_PROGRAM : LOGOFF_ERROR_NONE;
	outcome.recorded = true;
	snprintf(outcome.cause.text, sizeof(outcome.cause.text), "%s", text);
	finish(run, target, &outcome, EXIT_ENDED);
}

/* Why TARGET of PLAN has no result. Where it is seen to exist the report says so. */
static const char *why_lost(const struct plan *plan, const struct target *target)
{
	bool seen = target->exists == LOGOFF_EXISTS_YES;

	switch ((int)plan->failure) {
	case FARM_WRONG:
		return seen ? "its host has answered wrongly"
			    : "its host has answered wrongly; what became of it is unknown";
	case FARM_LATE:
		return seen ? "its host has not answered in time"
			    : "its host has not answered in time; what became of it is unknown";
	default:
		return seen ? "the connection broke" : "the connection broke; what became of it is unknown";
	}
}

void orders_finish_gone(struct run *run, struct target *target)
{
	struct logoff_outcome outcome = { .exists = LOGOFF_EXISTS_NO, .unseen = true, .recorded = true };

	if (run->plans[target->host].same == SELECT_YES)
		finish(run, target, &outcome, EXIT_ENDED);
	else
		finish_unknown(run, target, LOGOFF_E_UNREACHABLE, why_lost(&run->plans[target->host], target));
}

/* The order of host I is over: it will tell nothing more of its sessions. */
static void finish_order(struct run *run, size_t i)
{
	const struct plan *plan = &run->plans[i];

	for (size_t t = 0; t < plan->n_targets; t++)
		if (plan->targets[t].order == plan->n_orders && !plan->targets[t].done && !plan->targets[t].lost)
			finish_unknown(run, &plan->targets[t], LOGOFF_E_FAILED, "its host has told no result");
}

static void note_told(struct run *run, size_t i, int status)
{
	struct plan *plan = &run->plans[i];

	plan->told = plan->told > status ? plan->told : status;
}

/*
 * Over its bus a host carries no log-off through by itself. If the bus has gone, what came of it is to be asked for
 * over another connection. Returns true if so.
 */
static bool is_lost(const struct logoff_outcome *outcome)
{
	return outcome->result == LOGOFF_E_FAILED && outcome->exists == LOGOFF_EXISTS_UNKNOWN;
}

/*
 * Reports that the user of TARGET could not be warned, if no event has said so: the host may have told it by words that
 * are new. Only who was asked to leave should have been warned.
 */
static void report_unwarned(struct run *run, const struct target *target, const struct logoff_outcome *outcome)
{
	const struct logoff_delivery delivery = { .result = LOGOFF_E_FAILED };
	const struct logoff_event event = { .session = target->session, .delivery = &delivery };
	bool asked = outcome->result == LOGOFF_OK || outcome->result == LOGOFF_E_TIMEOUT;

	if (!arg_warn_s || !asked || outcome->warned || target->told_unwarned)
		return;
	server_farm_wipe(&run->farm);
	report_not_warned(&event);
}

static bool take_result(struct run *run, size_t i, const json_t *result)
{
	struct target *target = find_target(run, i, far_id(result));
	bool by_bus = server_farm_is_by_bus(&run->farm, i);
	struct far_outcome far;

	if (!target || target->done)
		return false;	/* nobody asked for it */
	if (far_outcome(&far, result) < 0) {
		finish_unknown(run, target, LOGOFF_E_PROTOCOL, "its result is wrong");
		return false;
	}
	note_told(run, i, far.exit_status);
	target->lost = by_bus && is_lost(&far.outcome);
	/* logoff-host, which runs here then, has written its record. */
	target->recorded = (by_bus || run->farm.hosts.items[i].way == FARM_TSTS) && !target->lost;
	if (!target->lost) {
		report_unwarned(run, target, &far.outcome);
		finish(run, target, &far.outcome, far.exit_status);
	}
	far_outcome_done(&far);
	return true;
}

/* Steps that are new are not known here; they are no results. */
static bool take_event(struct run *run, size_t i, const json_t *json)
{
	struct target *target = find_target(run, i, far_id(json));
	struct far_event far;
	bool not_warned;

	if (!target || target->done)
		return target != NULL;
	if (far_event(&far, json, target->session) < 0)
		return true;
	not_warned = far.event.type == LOGOFF_EVENT_WARNED && far.delivery.result < 0 &&
		     log_off_is_first_warning(&far.event);
	target->told_unwarned = target->told_unwarned || not_warned;
	if (far.event.type == LOGOFF_EVENT_DESKTOP_ASK || far.event.type == LOGOFF_EVENT_MANAGER_ASK)
		target->goes_on = true;
	if (far.event.type == LOGOFF_EVENT_DESKTOP_GONE || far.event.type == LOGOFF_EVENT_MANAGER_GONE)
		target->goes_on = false;
	if (arg_verbose || not_warned)
		server_farm_wipe(&run->farm);
	if (arg_verbose && !arg_json)
		report_event(&far.event, NULL);
	else if (not_warned)
		report_not_warned(&far.event);
	if (stream_is_lines() && (arg_verbose || not_warned))
		result_event(&far.event);
	far_event_done(&far);
	return true;
}

/* A session that the host leaves alone, before it has begun: it is the result. */
static bool take_refusal(struct run *run, size_t i, const json_t *json)
{
	struct logoff_outcome outcome = { .exists = LOGOFF_EXISTS_UNKNOWN, .recorded = true };
	struct far_failure failure;
	struct target *target;

	if (far_failure(&failure, json) < 0)
		return false;
	note_told(run, i, failure.exit_status);
	target = find_target(run, i, failure.object);
	/* The result that says so too follows. */
	if (!target || target->done || strcmp(failure.kind, "no-record") == 0) {
		server_farm_wipe(&run->farm);
		run_note_status(run, server_farm_report_failure(&run->farm, i, &failure));
		return true;
	}
	outcome.cause = failure.cause;
	if (strcmp(failure.kind, "no-session") == 0) {
		/* It has ended by itself since it was listed. */
		orders_finish_gone(run, target);
		return true;
	}
	outcome.result = strcmp(failure.kind, "changed") == 0	  ? LOGOFF_E_CHANGED :
			 strcmp(failure.kind, "denied") == 0	  ? LOGOFF_E_DENIED :
								    LOGOFF_E_FAILED;
	finish(run, target, &outcome, failure.exit_status);
	return true;
}

/* Its exit status is the highest of the lines before. A higher one says that something has failed, but not what. */
static bool take_reply(struct run *run, size_t i, const json_t *line)
{
	const json_t *status = json_object_get(line, "exit_status");
	bool right = json_is_integer(status) && json_integer_value(status) >= EXIT_ENDED &&
		     json_integer_value(status) <= run->plans[i].told;

	finish_order(run, i);
	if (!right)
		run_note_status(run, server_farm_report_failure(&run->farm, i,
							    &(struct far_failure){ .kind = "wrong-answer",
										   .exit_status = EXIT_UNREACHABLE }));
	return right;
}

static bool take_line(size_t i, const json_t *line, void *data)
{
	struct run *run = data;
	const json_t *part;

	if ((part = json_object_get(line, "result")))
		return take_result(run, i, part);
	if ((part = json_object_get(line, "event")))
		return take_event(run, i, part);
	if ((part = json_object_get(line, "failure")) && take_refusal(run, i, part)) {
		if (farm_is_refusal(line))
			finish_order(run, i);
		return true;
	}
	return json_is_string(json_object_get(line, "reply")) && take_reply(run, i, line);
}

/* ---- progress ---- */

static void say_countdown(struct run *run, unsigned long seconds, bool draw)
{
	struct safe line;

	snprintf(line.text, sizeof(line.text),
		 ngettext("%zu session will be logged off in %lu s; Ctrl-C cancels",
			  "%zu sessions will be logged off in %lu s; Ctrl-C cancels", run->n_ordered),
		 run->n_ordered, seconds);
	if (draw) {
		terminal_draw(line);
		run->farm.drawn = true;
	} else if (!run->told) {
		fprintf(stderr, "%s\n", line.text);
	}
	run->told = true;
}

static bool draw_countdown(void *data)
{
	struct run *run = data;
	uint64_t now_us = clock_now_us();

	if (now_us >= run->warned_until_us)
		return false;
	say_countdown(run, (unsigned long)((run->warned_until_us - now_us + 999999) / 1000000), true);
	return true;
}

/* ---- what became of those whose connection broke ---- */

static struct target *next_unknown(const struct run *run, size_t i)
{
	struct plan *plan = &run->plans[i];

	for (; plan->n_asked < plan->n_targets; plan->n_asked++) {
		struct target *target = &plan->targets[plan->n_asked];

		if (!target->done && target->order > 0)
			return target;
	}
	return NULL;
}

static enum farm_next next_fate(size_t i, struct farm_order *ret_order, void *data)
{
	struct run *run = data;
	struct target *target = next_unknown(run, i);
	const char *boot = server_farm_boot(&run->farm, i);
	json_t *order;

	if (!target)
		return FARM_HOLD;
	if (run_has_moved(run, i))
		return FARM_DONE;
	run->plans[i].n_asked++;
	run->plans[i].asked = target;
	order = json_pack("{s:s, s:s, s:o, s:o}", "order", "fate", "id", logoff_session_id(target->session), "logon",
			  target->logon_us < 0 ? json_null() : json_integer(target->logon_us), "boot",
			  to_json_text(*boot ? boot : NULL));
	*ret_order = (struct farm_order){ .json = order };
	return FARM_ORDER;
}

/* Where the host itself carries the log-off through, a session that is there now may be gone next. */
static void note_there(const struct run *run, struct target *target, const char *state)
{
	if (!server_farm_is_by_bus(&run->farm, target->host))
		return;
	target->exists = LOGOFF_EXISTS_YES;
	target->state = state && strcmp(state, "closing") == 0 ? LOGOFF_STATE_CLOSING :
								 logoff_session_state(target->session);
}

/* The orders of host I are over. Its failure may be another one by the time when its sessions are reported. */
static void note_failure(size_t i, void *data)
{
	struct run *run = data;
	const char *text;

	run->plans[i].failure = farm_failure(run->farm.farm, i, &text);
}

/*
 * A session that is gone may have left processes, which the host has ended or has not: they were not seen. Of those
 * that it was still ending in the manager the session tells nothing.
 */
static bool take_fate(size_t i, const json_t *line, void *data)
{
	struct run *run = data;
	struct target *target = run->plans[i].asked;
	const char *fate = json_string_value(json_object_get(line, "fate"));

	if (fate)
		run->plans[i].asked = NULL;	/* nothing else that it says is about this session */
	if (fate && target && (strcmp(fate, "gone") == 0 || strcmp(fate, "other") == 0) && !target->goes_on)
		orders_finish_gone(run, target);
	else if (fate && target && strcmp(fate, "there") == 0)
		note_there(run, target, json_string_value(json_object_get(line, "state")));
	return true;
}

/* Those of the N hosts WHICH with sessions that have an order and no result, into BROKEN. Returns their number. */
static size_t find_broken(struct run *run, const size_t *which, size_t n, size_t *broken)
{
	size_t n_broken = 0;

	for (size_t k = 0; k < n; k++) {
		run->plans[which[k]].n_asked = 0;
		if (next_unknown(run, which[k]))
			broken[n_broken++] = which[k];
	}
	return n_broken;
}

static void wait_a_while(const struct run *run)
{
	(void)poll(&(struct pollfd){ .fd = run->farm.cancel_fd, .events = POLLIN }, 1, FATE_AGAIN_MS);
}

/* Without memory for it nobody is asked, and it stays unknown. */
static void ask_fates(struct run *run, const size_t *which, size_t n)
{
	const struct farm_calls calls = { .next = next_fate, .line = take_fate, .data = run };
	uint64_t until_us = clock_now_us() + (arg_grace_s + arg_timeout_s) * 1000000;
	size_t *broken = calloc(n + 1, sizeof(*broken));
	size_t n_broken = broken ? find_broken(run, which, n, broken) : 0;

	while (n_broken > 0 && !run->farm.cancelled) {
		(void)server_farm_round(&run->farm, broken, n_broken, &calls);
		n_broken = find_broken(run, which, n, broken);
		if (n_broken == 0 || run->farm.cancelled || clock_now_us() > until_us)
			break;
		wait_a_while(run);
	}
	free(broken);
}

/* The cause for a target of host I that was not ordered, or has no result. TEXT: why its host has failed. */
static const char *why_unknown(const struct run *run, size_t i, const struct target *target, const char *text)
{
	const struct plan *plan = &run->plans[i];

	if (target->order > 0 && run->farm.cancelled)
		return "cancelled; what became of it is unknown";
	if (target->order > 0)
		return why_lost(plan, target);
	return plan->spared ? plan->spared : plan->same == SELECT_NO ? "another machine answers now" : text;
}

/* The sessions of host I that have no result at the end: not ordered, or unknown. */
static void finish_rest(struct run *run, size_t i)
{
	const struct plan *plan = &run->plans[i];
	const char *text;
	enum farm_failure failure = farm_failure(run->farm.farm, i, &text);
	bool cancelled = !plan->spared &&
			 (failure == FARM_NOT_ASKED || failure == FARM_CANCELLED || run->farm.cancelled);

	for (size_t t = 0; t < plan->n_targets; t++) {
		struct target *target = &plan->targets[t];

		if (!target->done)
			finish_unknown(run, target,
				       target->order == 0 && cancelled ? LOGOFF_E_CANCELLED : LOGOFF_E_UNREACHABLE,
				       why_unknown(run, i, target, text));
	}
}

/* ---- all of it ---- */

static void name_run(struct run *run)
{
	FILE *file = fopen(RUN_FILE, "re");

	if (!file || !fgets(run->id, sizeof(run->id), file))
		snprintf(run->id, sizeof(run->id), "%llx-%x", (unsigned long long)clock_real_us(), (unsigned)getpid());
	run->id[strcspn(run->id, "\n")] = '\0';
	if (file)
		fclose(file);
}

void orders_begin(struct run *run)
{
	name_run(run);
	server_farm_name_origin(run->origin);
}

/*
 * Those of the N hosts WHICH that have anything to do, into PENDING: those whose machine has been ordered by another
 * name, or the rest. Returns their number.
 */
static size_t find_pending(struct run *run, const size_t *which, size_t n, bool twins, size_t *pending)
{
	size_t n_pending = 0;

	run->n_ordered = 0;
	for (size_t k = 0; k < n; k++) {
		size_t n_targets = plan_count_pending(&run->plans[which[k]]);

		if (n_targets == 0 || (run->farm.items[which[k]].twin != NULL) != twins)
			continue;
		run->n_ordered += n_targets;
		pending[n_pending++] = which[k];
	}
	return n_pending;
}

static void carry_out(struct run *run, const size_t *which, size_t n)
{
	const struct farm_calls calls = { .next = next_log_off, .line = take_line, .done = note_failure,
					  .draw = server_farm_draw, .data = run };

	run->warned_until_us = clock_now_us() + arg_warn_s * 1000000;
	run->told = false;
	if (arg_warn_s && isatty(STDERR_FILENO) && !terminal_can_draw())
		say_countdown(run, (unsigned long)arg_warn_s, false);
	run->farm.draws = arg_warn_s ? draw_countdown : NULL;
	run->farm.data = run;
	run_note_status(run, (int)server_farm_round(&run->farm, which, n, &calls));
	run->farm.draws = NULL;
	ask_fates(run, which, n);
	orders_leave(run, which, n);
}

void orders_carry_out(struct run *run, const size_t *which, size_t n)
{
	size_t *pending = calloc(n + 1, sizeof(*pending)), n_pending;

	if (!pending)
		run_note_status(run, report_no_memory());
	/*
	 * A machine with several names gets its orders one after the other: they are about the same sessions. After a
	 * cancel it gets no more.
	 */
	for (int twins = 0; pending && twins < 2 && !run->farm.cancelled; twins++) {
		n_pending = find_pending(run, which, n, twins, pending);
		if (n_pending > 0)
			carry_out(run, pending, n_pending);
	}
	free(pending);
}

void orders_leave(struct run *run, const size_t *which, size_t n)
{
	for (size_t k = 0; k < n; k++)
		finish_rest(run, which[k]);
}
