/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * msg-farm.c - msg for many hosts: all list their sessions, then each delivers to those that are recipients.
 *
 * What is wrong with the words is said before any host is asked. The order to a host has the logons as they were
 * listed, so that nobody gets the message who has logged on with the same id meanwhile. A recipient whom the host does
 * not report is reported here, once, and never as one who has got the message. The order is not given a second time.
 */
#include "cli/msg.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/utf8.h"
#include "cli/command.h"
#include "cli/delivery.h"
#include "cli/far.h"
#include "cli/farm.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/printable.h"
#include "cli/recipients.h"
#include "cli/stream.h"
#include "cli/word.h"

#define DELIVERY_S 10			/* what the library takes at most, beside the wait for answers */
#define ENDLESS_S (UINT64_C(86400) * 366)	/* the longest /time */
#define ORDER_SESSIONS 4096		/* what one order holds: doc/json.md, Protocol */
#define ORDER_BYTES 900000		/* of them, beside the text */
#define TITLE_SIZE 257			/* the bytes that a title has there, and one more */

/* A recipient. */
struct target {
	struct logoff_session *session;	/* the farm's */
	int64_t logon_us;
	bool told;			/* what became of the message has been reported */
};

/* One host. */
struct plan {
	bool asked;			/* its sessions are wanted */
	enum select_answer same;	/* whether the machine that was listed has the order */
	size_t first, n_targets;	/* its recipients, side by side */
	size_t ordered, n_ordered;	/* those of the order that it has now; all of the orders that it has got */
};

struct run {
	struct server_farm farm;
	struct plan *plans;		/* one for each host */
	struct target *targets;
	size_t n_targets;
	struct names names;		/* of "@FILE" */
	const char *path;		/* of that file, or NULL */
	struct recipients recipients;
	json_t *text;
	char title[TITLE_SIZE];
	int status;
};

static void note_status(struct run *run, int status)
{
	run->status = run->status > status ? run->status : status;
}

/* ---- the words ---- */

/*
 * The host that TEXT is about, and *ret_word, what it means there. With one host its name need not stand before it.
 * Returns the number of the host, or that of all hosts: TEXT is about a user.
 */
static size_t find_host(const struct run *run, const char *text, const char **ret_word)
{
	size_t n = run->farm.hosts.n_items, i = n;

	*ret_word = text;
	if (word_parse(text).kind == WORD_ANY)
		i = server_farm_find(&run->farm, text, ret_word);
	return i == n && n == 1 ? 0 : i;
}

static const char *behind_host(const char *line, void *userdata)
{
	const char *word;

	(void)find_host(userdata, line, &word);
	return word;
}

/* A number may be a user's name, but who writes one means a session. */
static bool is_session(const char *text)
{
	struct word word = word_parse(text);

	return word.kind != WORD_USER &&
	       (word.kind != WORD_ANY || !word_may_be_user(text) || text[strspn(text, "0123456789")] == '\0');
}

/* Notes which hosts have to be asked for TEXT. */
static void check_word(struct run *run, const char *text, const char *shown)
{
	size_t n = run->farm.hosts.n_items;
	const char *word;
	size_t i = find_host(run, text, &word);

	if (server_farm_is_elsewhere(&run->farm, text))
		note_status(run, server_farm_report_elsewhere(shown, text));
	else if (i == n && is_session(text))
		note_status(run, report_needs_host(shown, text, server_farm_name(&run->farm, 0)));
	if (i < n)
		run->farm.items[i].named = true;
	for (size_t k = 0; k < n; k++)
		if (i == n || i == k)
			run->plans[k].asked = true;
}

static void check_words(struct run *run, const char *argument)
{
	if (*argument == '@') {
		run->path = argument + 1;
		note_status(run, recipients_read(&run->names, run->path, behind_host, run));
		for (size_t i = 0; run->status == EXIT_ENDED && i < run->names.n_items; i++)
			check_word(run, run->names.items[i].text, report_line(run->path, &run->names.items[i]).text);
	} else if (strcmp(argument, "*") == 0) {
		for (size_t i = 0; i < run->farm.hosts.n_items; i++)
			run->plans[i].asked = true;
	} else {
		check_word(run, argument, argument);
	}
}

/* ---- the recipients ---- */

static bool has_answered(const struct run *run, size_t i)
{
	return run->plans[i].asked && !server_farm_has_failed(&run->farm, i);
}

/* Whether the list of host I surely has all its sessions. */
static bool is_known(const struct run *run, size_t i)
{
	return has_answered(run, i) && run->farm.items[i].listed && !run->farm.items[i].hides_logins;
}

/* Words mean sessions of host I, or users of all hosts (the number of all). */
static void set_scope(struct run *run, size_t i)
{
	struct recipients *recipients = &run->recipients;
	size_t n = run->farm.hosts.n_items;

	recipients->scope = i < n ? server_farm_name(&run->farm, i) : NULL;
	recipients->incomplete = i < n && !is_known(run, i);
	for (size_t k = 0; i == n && k < n; k++)
		recipients->incomplete = recipients->incomplete || !is_known(run, k);
}

static void add_word(struct run *run, const char *text, const char *shown)
{
	const char *word;

	set_scope(run, find_host(run, text, &word));
	recipients_add(&run->recipients, word, shown);
}

static void find_recipients(struct run *run, const char *argument)
{
	if (run->path) {
		for (size_t i = 0; i < run->names.n_items; i++)
			add_word(run, run->names.items[i].text, report_line(run->path, &run->names.items[i]).text);
	} else if (strcmp(argument, "*") == 0) {
		set_scope(run, run->farm.hosts.n_items > 1 ? run->farm.hosts.n_items : 0);
		recipients_add_all(&run->recipients, arg_verbose);
	} else {
		add_word(run, argument, argument);
	}
	note_status(run, run->recipients.status);
	for (size_t i = 0; run->recipients.status == EXIT_UNREACHABLE && i < run->farm.hosts.n_items; i++)
		if (has_answered(run, i) && run->farm.items[i].hides_logins) {
			report_hidden_logins();
			break;
		}
}

/* Lays the sessions of the hosts that have answered side by side. Returns how many hosts these are, or -errno. */
static int gather_sessions(struct run *run)
{
	struct recipients *recipients = &run->recipients;
	int n_hosts = 0;

	recipients->all = calloc(run->farm.n_sessions + 1, sizeof(*recipients->all));
	if (!recipients->all)
		return -ENOMEM;
	for (size_t i = 0; i < run->farm.hosts.n_items; i++) {
		const struct far_host *host = &run->farm.items[i];

		if (!has_answered(run, i))
			continue;
		n_hosts++;
		for (size_t k = 0; k < host->n_sessions; k++)
			recipients->all[recipients->n_all++] = host->sessions[k];
	}
	return n_hosts;
}

static int compare_pointers(const void *a, const void *b)
{
	const struct logoff_session *one = *(struct logoff_session *const *)a;
	const struct logoff_session *two = *(struct logoff_session *const *)b;

	return (one > two) - (one < two);
}

/* Sorts the recipients to their hosts. Returns 0 or -ENOMEM. */
static int make_targets(struct run *run)
{
	struct recipients *recipients = &run->recipients;

	qsort(recipients->all, recipients->n_recipients, sizeof(*recipients->all), compare_pointers);
	for (size_t i = 0; i < run->farm.hosts.n_items; i++) {
		const struct far_host *host = &run->farm.items[i];
		struct plan *plan = &run->plans[i];

		plan->first = run->n_targets;
		plan->same = SELECT_YES;
		for (size_t k = 0; k < host->n_sessions; k++) {
			struct target target = { .session = host->sessions[k], .logon_us = host->logons_us[k] };

			if (!bsearch(&target.session, recipients->all, recipients->n_recipients,
				     sizeof(*recipients->all), compare_pointers))
				continue;
			if (array_add(&run->targets, &run->n_targets, &target) < 0)
				return -ENOMEM;
		}
		plan->n_targets = run->n_targets - plan->first;
	}
	return 0;
}

/* ---- the order ---- */

/* How many of the recipients of PLAN from number FROM on one order holds. */
static size_t count_room(const struct run *run, const struct plan *plan, size_t from)
{
	size_t n = 0, bytes = 0;

	for (size_t t = plan->first + from; t < plan->first + plan->n_targets && n < ORDER_SESSIONS; t++, n++) {
		/* JSON may write six characters for one. */
		bytes += strlen(logoff_session_id(run->targets[t].session)) * 6 + 64;
		if (n > 0 && bytes > ORDER_BYTES)
			break;
	}
	return n;
}

static json_t *make_identities(const struct target *targets, size_t n)
{
	json_t *sessions = json_array();

	/* One that is left out for want of memory gets no delivery, and that is reported. */
	for (size_t t = 0; t < n; t++)
		(void)json_array_append_new(
			sessions, json_pack("{s:s, s:o}", "id", logoff_session_id(targets[t].session), "logon",
					    targets[t].logon_us < 0 ? json_null() : json_integer(targets[t].logon_us)));
	return sessions;
}

static enum farm_next next_message(size_t i, struct farm_order *ret_order, void *data)
{
	struct run *run = data;
	struct plan *plan = &run->plans[i];
	const char *boot = server_farm_boot(&run->farm, i);
	size_t n = count_room(run, plan, plan->n_ordered);
	uint64_t wait_s = !arg_wait ? 0 : arg_time_s > 0 ? arg_time_s : ENDLESS_S;

	/* The sessions are not there, which does not mean that they have ended. */
	plan->same = server_farm_is_same(&run->farm, i);
	if (n == 0 || plan->same == SELECT_NO)
		return FARM_DONE;
	plan->ordered = plan->n_ordered;
	plan->n_ordered += n;
	*ret_order = (struct farm_order){ .changes = true, .time_ms = (wait_s + arg_timeout_s + DELIVERY_S) * 1000 };
	ret_order->json = json_pack("{s:s, s:o, s:O, s:o, s:I, s:b}", "order", "message", "sessions",
				    make_identities(&run->targets[plan->first + plan->ordered], n),
				    "text", run->text, "title", to_json_text(run->title),
				    "time", (json_int_t)arg_time_s, "answers", arg_wait);
	if (ret_order->json && *boot)
		(void)json_object_set_new(ret_order->json, "boot", to_json_text(boot));
	return FARM_ORDER;
}

/* The recipient called ID, if host I has the order for it and has not reported it yet. Returns it, or NULL. */
static struct target *find_target(const struct run *run, size_t i, const char *id)
{
	const struct plan *plan = &run->plans[i];

	for (size_t t = plan->first + plan->ordered; id && t < plan->first + plan->n_ordered; t++)
		if (!run->targets[t].told && strcmp(logoff_session_id(run->targets[t].session), id) == 0)
			return &run->targets[t];
	return NULL;
}

static void tell_delivery(struct run *run, struct target *target, const struct logoff_delivery *delivery)
{
	server_farm_wipe(&run->farm);
	target->told = true;
	note_status(run, (int)delivery_report(target->session, delivery, arg_wait, arg_verbose));
	output_flush();
}

/* A failure about a recipient takes the place of the delivery. */
static bool take_failure(size_t i, const struct far_failure *failure, void *data)
{
	struct run *run = data;
	struct target *target = find_target(run, i, failure->object);
	struct logoff_delivery delivery = { .result = LOGOFF_E_FAILED, .cause = failure->cause };
	bool changed = strcmp(failure->kind, "changed") == 0 && failure->cause.domain == LOGOFF_ERROR_NONE;

	if (!target)
		return false;
	if ((changed || strcmp(failure->kind, "no-session") == 0) && run->plans[i].same == SELECT_YES)
		delivery.result = LOGOFF_E_NO_SESSION;
	else if (strcmp(failure->kind, "no-session") == 0)
		delivery = (struct logoff_delivery){ .result = LOGOFF_E_UNREACHABLE,
						     .cause = { .domain = LOGOFF_ERROR_PROGRAM,
								.text = "another machine may have answered" } };
	else if (strcmp(failure->kind, "denied") == 0)
		delivery.result = LOGOFF_E_DENIED;
	tell_delivery(run, target, &delivery);
	return true;
}

static bool take_message(size_t i, const json_t *line, void *data)
{
	struct run *run = data;
	const json_t *row = json_object_get(line, "delivery");
	struct logoff_delivery delivery;
	struct target *target;

	if (json_object_get(line, "failure"))
		return server_farm_take(&run->farm, i, line);
	if (!row) {
		const json_t *status = json_object_get(line, "exit_status");

		if (!json_is_integer(status) || json_integer_value(status) < EXIT_ENDED ||
		    json_integer_value(status) > EXIT_LOGON)
			return false;
		note_status(run, (enum exit_status)json_integer_value(status));
		return true;
	}
	target = find_target(run, i, far_id(row));
	if (!target || far_delivery(row, &delivery) < 0)
		return false;
	tell_delivery(run, target, &delivery);
	return true;
}

/* Reports the other recipients of host I: it did not get the order for them, or what came of the order is unknown. */
static void finish_rest(struct run *run, size_t i)
{
	const struct plan *plan = &run->plans[i];
	struct logoff_delivery delivery = { .result = LOGOFF_E_UNREACHABLE };
	const char *text;
	enum farm_failure failure = farm_failure(run->farm.farm, i, &text);
	bool cancelled;

	if (plan->same == SELECT_NO)
		text = "another machine answers now";
	cancelled = failure == FARM_NOT_ASKED || failure == FARM_CANCELLED || run->farm.cancelled;
	delivery.cause.domain = *text ? LOGOFF_ERROR_PROGRAM : LOGOFF_ERROR_NONE;
	snprintf(delivery.cause.text, sizeof(delivery.cause.text), "%s", text);
	for (size_t k = 0; k < plan->n_targets; k++) {
		struct target *target = &run->targets[plan->first + k];

		if (target->told)
			continue;
		if (k < plan->n_ordered)
			note_status(run, (int)delivery_report_unknown(target->session));
		else if (cancelled)
			note_status(run, (int)delivery_report_unsent(target->session));
		else
			tell_delivery(run, target, &delivery);
	}
	note_status(run, run->farm.items[i].status);
}

/*
 * Reports the failures of the hosts WHICH during the order. Recipients on a host that did not get it have the cause in
 * their own lines. After a second Ctrl-C the failure is not the host's.
 */
static void report_broken(struct run *run, size_t *which, size_t n)
{
	size_t n_broken = 0;

	for (size_t k = 0; k < n && !run->farm.cancelled; k++)
		if (run->plans[which[k]].n_ordered > 0 &&
		    server_farm_has_failed(&run->farm, which[k]))
			which[n_broken++] = which[k];
	if (n_broken > 0)
		note_status(run, (int)server_farm_report_of(&run->farm, which, n_broken));
}

/* ---- one run ---- */

static void send_message(struct run *run, size_t *which)
{
	const struct farm_calls calls = { .next = next_message, .line = take_message, .draw = server_farm_draw,
					  .data = run };
	size_t n = 0;

	if (make_targets(run) < 0) {
		note_status(run, report_no_memory());
		return;
	}
	for (size_t i = 0; i < run->farm.hosts.n_items; i++)
		if (run->plans[i].n_targets > 0)
			which[n++] = i;
	run->farm.takes_failure = take_failure;
	run->farm.data = run;
	note_status(run, (int)server_farm_round(&run->farm, which, n, &calls));
	report_broken(run, which, n);
	for (size_t i = 0; i < run->farm.hosts.n_items; i++)
		finish_rest(run, i);
}

static void act(struct run *run, const char *argument, size_t *which)
{
	size_t n = 0;
	int n_hosts;

	for (size_t i = 0; i < run->farm.hosts.n_items; i++)
		if (run->plans[i].asked)
			which[n++] = i;
	run->farm.holds = true;
	note_status(run, (int)server_farm_list(&run->farm, which, n));
	note_status(run, (int)server_farm_report(&run->farm));
	if (run->farm.cancelled) {
		note_status(run, (int)report_declined());
		return;
	}
	server_farm_find_twins(&run->farm, false);
	n_hosts = gather_sessions(run);
	if (n_hosts < 0)
		note_status(run, report_no_memory());
	if (n_hosts > 0)
		find_recipients(run, argument);
	if (run->recipients.n_recipients > 0)
		send_message(run, which);
}

/* Takes the text that goes into orders: what is not UTF-8 in it is replaced, which may make it longer. */
static int take_text(struct run *run, int n_words, char **words)
{
	char text[TEXT_FOR_USERS_MAX + 1];
	int status = msg_take_text(n_words, words, text);

	if (status != EXIT_ENDED)
		return status;
	run->text = to_json_text(text);
	if (!run->text)
		return report_no_memory();
	msg_compose_title(NULL, run->title, sizeof(run->title));
	utf8_cut(run->title);
	return json_string_length(run->text) > TEXT_FOR_USERS_MAX ? msg_refuse_length() : EXIT_ENDED;
}

static void run_done(struct run *run)
{
	json_decref(run->text);
	names_done(&run->names);
	recipients_done(&run->recipients);
	free(run->targets);
	free(run->plans);
	server_farm_done(&run->farm);
}

int msg_farm(int n_arguments, char **arguments)
{
	struct run run = {};
	size_t *which = NULL;

	run.status = msg_check(n_arguments);
	if (run.status == EXIT_ENDED)
		run.status = (int)server_farm_open(&run.farm, arg_server);
	if (run.status == EXIT_ENDED) {
		run.plans = calloc(run.farm.hosts.n_items, sizeof(*run.plans));
		which = calloc(run.farm.hosts.n_items, sizeof(*which));
		if (!run.plans || !which)
			run.status = report_no_memory();
	}
	if (run.status == EXIT_ENDED)
		check_words(&run, arguments[0]);
	if (run.status == EXIT_ENDED)
		run.status = take_text(&run, n_arguments - 1, arguments + 1);
	if (run.status == EXIT_ENDED) {
		act(&run, arguments[0], which);
		stream_end();
		server_farm_summarize(&run.farm, false);
	}
	free(which);
	run_done(&run);
	return run.status;
}
