/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * change-farm.c - "change logon" for many hosts: one order to each, "logon" of logoff-host.
 *
 * Hosts with the same answer are shown as one. An answer counts only once the reply has confirmed it: if the connection
 * breaks before, it is unknown whether the host has done it. MS-TSTS has no such call, so hosts that are reached by it
 * are not asked.
 */
#include "drain/change.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/far.h"
#include "cli/farm.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/stream.h"
#include "farm/nodeset.h"

/* One host. */
struct answerer {
	bool ordered, told, replied;	/* it has the order; ANSWER is there; the reply is */
	struct drain_answer answer;
	char *troubles;			/* the sentences for what failed, a line each; NULL: none */
	size_t n_failures;
	char *shown;			/* and the lines of the answer */
	int status;			/* the highest of the failures that it has told */
	size_t number, group;		/* of the host, and of the first one that has said the same */
};

struct run {
	struct server_farm farm;
	struct answerer *hosts;		/* one for each host, in their order */
	enum drain_verb verb;
	const char *text;
	char origin[FARM_ORIGIN_SIZE];
	int status;
};

static void note_status(struct run *run, int status)
{
	run->status = run->status > status ? run->status : status;
}

/* ---- what the hosts say ---- */

/* Without memory a sentence is lost; its exit status is not. */
static void add_trouble(struct answerer *host, struct safe sentence)
{
	char *more = NULL;

	if (!*sentence.text)
		return;
	if (asprintf(&more, "%s%s\n", host->troubles ? host->troubles : "", sentence.text) < 0)
		more = NULL;
	output_note(more ? 0 : -ENOMEM);
	if (!more)
		return;
	free(host->troubles);
	host->troubles = more;
}

/* Reports what failed on host I. */
static void fail(struct run *run, size_t i, int status, const char *kind, const char *object,
		 const struct logoff_error *cause, struct safe sentence)
{
	struct answerer *host = &run->hosts[i];

	add_trouble(host, sentence);
	host->status = host->status > status ? host->status : status;
	note_status(run, status);
	(void)stream_failure_of(server_farm_name(&run->farm, i), (enum exit_status)status, kind, object, cause);
}

static enum farm_next next_logon(size_t i, struct farm_order *ret_order, void *data)
{
	struct run *run = data;
	bool changes = run->verb != DRAIN_QUERY;
	json_t *order;

	if (run->hosts[i].ordered)
		return FARM_DONE;
	run->hosts[i].ordered = true;
	order = json_pack("{s:s, s:s}", "order", "logon", "mode", drain_verb_word(run->verb));
	if (order && changes)
		(void)json_object_set_new(order, "origin", to_json_text(run->origin));
	if (order && run->text)
		(void)json_object_set_new(order, "text", to_json_text(run->text));
	*ret_order = (struct farm_order){ .json = order, .changes = changes,
					  .time_ms = changes ? (arg_timeout_s + LOGONS_TIME_S) * 1000 : 0 };
	return FARM_ORDER;
}

/* An order that is refused as a whole has no reply. */
static bool take_failure(struct run *run, size_t i, const json_t *line)
{
	bool refused = farm_is_refusal(line);
	struct far_failure failure;

	if (run->hosts[i].n_failures++ == LOGONS_TROUBLES_MAX ||
	    far_failure(&failure, json_object_get(line, "failure")) < 0)
		return false;
	if (refused && (run->hosts[i].told || failure.exit_status == EXIT_ENDED))
		return false;
	run->hosts[i].replied = refused;
	fail(run, i, failure.exit_status, failure.kind, failure.object, &failure.cause,
	     change_trouble(failure.kind, failure.object, &failure.cause));
	return true;
}

/* The exit status that follows from an answer. */
static int judge(const struct drain_answer *answer)
{
	int status = answer->known ? EXIT_ENDED : EXIT_UNREACHABLE;

	for (size_t k = 0; k < answer->n_services; k++)
		if (answer->services[k].proof != DRAIN_PROVED)
			status = EXIT_UNREACHABLE;
	return status;
}

/* Tells whether an answer is what VERB leads to. */
static bool is_done(const struct drain_answer *answer, enum drain_verb verb)
{
	struct drain_state wanted = drain_verb_state(verb);

	return verb == DRAIN_QUERY ||
	       (answer->known && answer->state.mode == wanted.mode && answer->state.lasting == wanted.lasting);
}

/* The exit status of a reply is the highest of the lines before it, and each that is not 0 has been explained. */
static bool take_reply(struct run *run, size_t i, const json_t *line)
{
	const json_t *status = json_object_get(line, "exit_status");
	struct answerer *host = &run->hosts[i];
	int found = host->status, judged = host->told ? judge(&host->answer) : EXIT_ENDED;

	if (host->told ? !is_done(&host->answer, run->verb) || (!host->answer.known && found == EXIT_ENDED)
		       : found == EXIT_ENDED)
		return false;
	found = found > judged ? found : judged;
	if (!json_is_integer(status) || json_integer_value(status) != found)
		return false;
	host->answer.hides_logins = json_is_true(json_object_get(line, "hides_processes"));
	host->answer.status = found;
	host->replied = true;
	note_status(run, found);
	return true;
}

static bool take_line(size_t i, const json_t *line, void *data)
{
	struct run *run = data;
	struct answerer *host = &run->hosts[i];
	const json_t *json = json_object_get(line, "logon");

	if (json_object_get(line, "failure"))
		return take_failure(run, i, line);
	if (!json)
		return take_reply(run, i, line);
	if (host->told)
		return false;
	host->told = true;
	return drain_answer_from_json(&host->answer, json) == 0 && host->answer.n_services <= LOGONS_TROUBLES_MAX;
}

static void stream(struct run *run, size_t i)
{
	const struct answerer *host = &run->hosts[i];

	if (host->told && host->replied)
		change_stream(server_farm_name(&run->farm, i), &host->answer, host->answer.status);
}

static void answered(size_t i, void *data)
{
	struct run *run = data;

	server_farm_listed(&run->farm, i);
	if (stream_is_lines())
		stream(run, i);
}

/* ---- what is shown ---- */

/* Prints LINES, each behind the name of the program (NULL: without) and of hosts (NULL: without). */
static void print_lines(FILE *to, const char *name, const char *hosts, const char *lines)
{
	while (*lines) {
		int n = (int)strcspn(lines, "\n");

		if (name && hosts)
			fprintf(to, _("%s: %s: %.*s\n"), name, hosts, n, lines);
		else if (hosts)
			fprintf(to, _("%s: %.*s\n"), hosts, n, lines);
		else
			fprintf(to, "%.*s\n", n, lines);
		lines += n + (lines[n] == '\n');
	}
}

/* The lines that standard output gets; "" for programs, and if there is no answer. The caller frees them. */
static char *write_answer(const struct run *run, const struct answerer *host)
{
	char *lines = NULL;
	size_t size = 0;
	FILE *file = open_memstream(&lines, &size);

	if (file && host->told && host->replied && !arg_json)
		change_write(file, &host->answer, run->verb == DRAIN_QUERY);
	if (!file || fclose(file) != 0) {
		free(lines);
		lines = NULL;
	}
	output_note(lines ? 0 : -ENOMEM);
	return lines;
}

static const char *text_of(const char *text)
{
	return text ? text : "";
}

static int compare_words(const void *a, const void *b)
{
	const struct answerer *one = a, *two = b;
	int order = strcmp(text_of(one->shown), text_of(two->shown));

	if (order == 0)
		order = strcmp(text_of(one->troubles), text_of(two->troubles));
	return order ? order : (one->number > two->number) - (one->number < two->number);
}

static int compare_groups(const void *a, const void *b)
{
	const struct answerer *one = a, *two = b;
	int order = (one->group > two->group) - (one->group < two->group);

	return order ? order : (one->number > two->number) - (one->number < two->number);
}

static bool are_alike(const struct answerer *one, const struct answerer *two)
{
	return strcmp(text_of(one->shown), text_of(two->shown)) == 0 &&
	       strcmp(text_of(one->troubles), text_of(two->troubles)) == 0;
}

/* Puts hosts that have said the same side by side, otherwise in their order. */
static void sort_hosts(struct answerer *hosts, size_t n)
{
	qsort(hosts, n, sizeof(*hosts), compare_words);
	for (size_t i = 0; i < n; i++)
		hosts[i].group = i > 0 && are_alike(&hosts[i - 1], &hosts[i]) ? hosts[i - 1].group : hosts[i].number;
	qsort(hosts, n, sizeof(*hosts), compare_groups);
}

/* The names of N hosts as one word, to be freed; NULL without memory. */
static char *fold(const struct run *run, const struct answerer *hosts, size_t n)
{
	const char **names = calloc(n, sizeof(*names));
	char *folded;

	for (size_t i = 0; names && i < n; i++)
		names[i] = server_farm_name(&run->farm, hosts[i].number);
	folded = names ? nodeset_fold(names, n) : NULL;
	output_note(folded ? 0 : -ENOMEM);
	free(names);
	return folded;
}

static void show_group(const struct run *run, const struct answerer *hosts, size_t n)
{
	char *name = fold(run, hosts, n);
	const char *shown = name ? name : server_farm_name(&run->farm, hosts->number);

	print_lines(stdout, NULL, run->farm.hosts.n_items > 1 ? shown : NULL, text_of(hosts->shown));
	output_flush();
	print_lines(stderr, program().text, shown, text_of(hosts->troubles));
	free(name);
}

/* Shows what the hosts have said, and sorts them for that. */
static void show(struct run *run)
{
	size_t n = run->farm.hosts.n_items, same;

	for (size_t i = 0; i < n; i++) {
		struct answerer *host = &run->hosts[i];

		host->number = i;
		for (size_t k = 0; host->replied && k < host->answer.n_services; k++)
			add_trouble(host, change_service(&host->answer.services[k]));
		host->shown = write_answer(run, host);
	}
	sort_hosts(run->hosts, n);
	for (size_t i = 0; i < n; i += same) {
		for (same = 1; i + same < n && run->hosts[i].group == run->hosts[i + same].group; same++)
			;
		show_group(run, &run->hosts[i], same);
	}
}

/* Reports the hosts that have the order, and have not confirmed it. To be called when they are sorted. */
static void report_unknown(struct run *run)
{
	struct answerer *unknown = calloc(run->farm.hosts.n_items, sizeof(*unknown));
	size_t n = 0;
	char *name;

	for (size_t i = 0; unknown && run->verb != DRAIN_QUERY && i < run->farm.hosts.n_items; i++)
		if (run->hosts[i].ordered && !run->hosts[i].replied)
			unknown[n++] = run->hosts[i];
	for (size_t i = 0; i < n; i++)
		note_status(run, (int)stream_failure_of(server_farm_name(&run->farm, unknown[i].number),
							EXIT_UNREACHABLE, "drain-unknown", NULL, NULL));
	name = n > 0 ? fold(run, unknown, n) : NULL;
	if (name)
		fprintf(stderr, _("%s: %s: it is unknown whether this was done\n"), program().text, name);
	free(name);
	free(unknown);
}

/* ---- one run ---- */

/* Finds the hosts WHICH to ask; the others are reported. Returns how many there are. */
static size_t find_asked(struct run *run, size_t *which)
{
	struct logoff_error cause = { .domain = LOGOFF_ERROR_PROGRAM, .text = "not over this protocol" };
	struct safe sentence = {};
	size_t n = 0;

	snprintf(sentence.text, sizeof(sentence.text), "%s", _("this host cannot do that (not over this protocol)"));
	for (size_t i = 0; i < run->farm.hosts.n_items; i++)
		if (!server_farm_has_logons(&run->farm, i))
			fail(run, i, EXIT_UNREACHABLE, "unsupported", NULL, &cause, sentence);
		else
			which[n++] = i;
	return n;
}

static void ask(struct run *run)
{
	const struct farm_calls calls = { .next = next_logon, .line = take_line, .done = answered,
					  .draw = server_farm_draw, .data = run };
	size_t *which = calloc(run->farm.hosts.n_items, sizeof(*which)), n;

	run->hosts = calloc(run->farm.hosts.n_items, sizeof(*run->hosts));
	if (!which || !run->hosts) {
		note_status(run, (int)report_host(arg_server, LOGOFF_E_NO_MEMORY, &(struct logoff_error){}));
		free(which);
		return;
	}
	run->farm.without_sessions = true;
	run->farm.n_asked = run->farm.hosts.n_items;
	n = find_asked(run, which);
	if (n > 0)
		note_status(run, (int)server_farm_round(&run->farm, which, n, &calls));
	for (size_t i = 0; arg_json && !stream_is_lines() && i < run->farm.hosts.n_items; i++)
		stream(run, i);
	stream_end();
	show(run);
	note_status(run, (int)server_farm_report(&run->farm));
	report_unknown(run);
	server_farm_summarize(&run->farm, false);
	free(which);
}

int change_farm(enum drain_verb verb, const char *text)
{
	struct run run = { .verb = verb, .text = text };

	run.status = (int)server_farm_open(&run.farm, arg_server);
	server_farm_name_origin(run.origin);
	if (run.status == EXIT_ENDED)
		ask(&run);
	for (size_t i = 0; run.hosts && i < run.farm.hosts.n_items; i++) {
		drain_answer_done(&run.hosts[i].answer);
		free(run.hosts[i].troubles);
		free(run.hosts[i].shown);
	}
	free(run.hosts);
	server_farm_done(&run.farm);
	return run.status;
}
