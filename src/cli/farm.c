/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * farm.c - see farm.h.
 */
#include "cli/farm.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/array.h"
#include "base/clock.h"
#include "cli/cancel.h"
#include "cli/charset.h"
#include "cli/logon.h"
#include "cli/output.h"
#include "cli/printable.h"
#include "cli/stream.h"
#include "cli/terminal.h"
#include "cli/word.h"
#include "farm/nodeset.h"

uint64_t arg_parallel = REACH_PARALLEL, arg_timeout_s = REACH_TIMEOUT_MS / 1000;
bool arg_allow_unreachable;

/* ---- which hosts ---- */

/* SENTENCE is about WHAT; CAUSE is "", or stands in parentheses. */
static void report(const char *what, const char *sentence, const char *cause)
{
	fprintf(stderr, _("%s: %s: %s%s\n"), program().text, safe(what).text, sentence, cause);
}

static enum exit_status report_wrong(const char *sentence, const char *word)
{
	report(word, sentence, "");
	return stream_failure(EXIT_USAGE, "wrong-host", word, NULL);
}

static enum exit_status report_no_group(const struct farm_fault *fault, const char *word)
{
	struct safe sentence = {};

	snprintf(sentence.text, sizeof(sentence.text),
		 _("no group of hosts has this name in %.400s; see logoff-hosts-file(5)"), safe(fault->files).text);
	return report_wrong(sentence.text, word);
}

/* Reports why there is no list of the hosts that SERVER means. */
static enum exit_status report_hosts(const struct farm_fault *fault, const char *server)
{
	const char *dash = fault->kind == FARM_FAULT_NOT_THERE ? "-" : "";
	char word[sizeof(fault->path) + sizeof(fault->word) + 64];

	/* "hosts, line 7: login[1" where a file has the word. */
	if (fault->line > 0 && *fault->word)
		snprintf(word, sizeof(word), _("%s, line %zu: %s%s"), fault->path, fault->line, dash, fault->word);
	else if (fault->line > 0)
		snprintf(word, sizeof(word), _("%s, line %zu"), fault->path, fault->line);
	else
		snprintf(word, sizeof(word), "%s%s", dash, *fault->word ? fault->word : server);
	switch (fault->kind) {
	case FARM_FAULT_SYSTEM:
		return report_wrong(strerror(-fault->error), *fault->path ? fault->path : word);
	case FARM_FAULT_NO_FILE:
		return report_wrong(_("not a regular file"), fault->path);
	case FARM_FAULT_OF_OTHERS:
		return report_wrong(_("the file, or the link to it, belongs neither to you nor to root, "
				      "so it is not used"), fault->path);
	case FARM_FAULT_OPEN_TO_OTHERS:
		return report_wrong(_("others may write to this file, so it is not used"), fault->path);
	case FARM_FAULT_LINE:
		return report_wrong(_("this line of the hosts file is wrong"), word);
	case FARM_FAULT_WORD:
		return report_wrong(_("neither a host nor a list of hosts"), word);
	case FARM_FAULT_TOO_MANY:
		return report_wrong(_("more than 100000 hosts"), word);
	case FARM_FAULT_NO_GROUP:
		return report_no_group(fault, word);
	case FARM_FAULT_CIRCLE:
		return report_wrong(_("this group of hosts contains itself, or groups are nested too deep"), word);
	case FARM_FAULT_DIFFERS:
		return report_wrong(_("this is the name of two hosts that are reached in different ways"), word);
	case FARM_FAULT_NOT_THERE:
		return report_wrong(_("leaves out no host of the list"), word);
	case FARM_FAULT_NONE:
		return report_wrong(_("no host is left"), word);
	}
	return EXIT_USAGE;
}

int server_farm_is_meant(const char *server, enum exit_status *ret_status)
{
	struct farm_fault fault = {};
	int r;

	if (logoff_is_this_machine(server))
		return 0;
	r = hosts_is_single_server(server, &fault);
	if (r >= 0)
		return r == 0;
	*ret_status = report_hosts(&fault, server);
	return -1;
}

/* NAME is what may stand behind "ssh://". */
static struct safe say_unlisted(const char *name)
{
	struct safe sentence = {};

	snprintf(sentence.text, sizeof(sentence.text),
		 _("no hosts file lists it, so it was asked as a Windows server; ssh://%.200s asks it by ssh"),
		 safe(name).text);
	return sentence;
}

void server_farm_say_unlisted(const char *server, const struct logoff_error *cause)
{
	if (cause->domain == LOGOFF_ERROR_ERRNO && !farm_is_of_network(cause->number))
		return;
	if (server && !logoff_is_this_machine(server) && !strchr(server, ':'))	/* a port is not ssh's */
		report(server, say_unlisted(server).text, "");
}

/* Nobody wants to read about a wrong file at the tabulator key. */
int server_farm_print_hosts(void)
{
	struct farm_fault fault;
	struct nodeset names;

	if (hosts_names(&names, &fault) < 0)
		return EXIT_UNREACHABLE;
	for (size_t i = 0; i < names.n_names; i++)
		puts(names.names[i]);
	nodeset_done(&names);
	return EXIT_ENDED;
}

/* ---- on whose behalf ---- */

/* Only what logoff-host takes for a name: letters, digits and ._-@\ */
void server_farm_name_origin(char origin[static FARM_ORIGIN_SIZE])
{
	char host[80] = "";
	size_t n;

	logoff_host_name_caller(NULL, origin, 70);
	(void)gethostname(host, sizeof(host) - 1);
	n = strlen(origin);
	snprintf(origin + n, FARM_ORIGIN_SIZE - n, "@%s", host);
	for (char *at = origin; *at; at++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-@\\", *at))
			*at = '_';
}

/* ---- how they are reached ---- */

static void add_logon(struct server_farm *farm, const char *option, const char *value)
{
	size_t n = 0;

	while (farm->logon[n])
		n++;
	if (!value)
		farm->logon[n] = option;
	else if (asprintf(&farm->logon_texts[n], "%s=%s", option, value) >= 0)
		farm->logon[n] = farm->logon_texts[n];
	else
		farm->logon_texts[n] = NULL;
}

/* A password could not be asked for by many at once. */
static void add_logons(struct server_farm *farm)
{
	if (arg_logon.name)
		add_logon(farm, "--logon", arg_logon.name);
	if (arg_logon.file)
		add_logon(farm, "--authentication-file", arg_logon.file);
	if (arg_logon.kerberos)
		add_logon(farm, "--use-kerberos", arg_logon.kerberos);
	if (arg_logon.ccache)
		add_logon(farm, "--use-krb5-ccache", arg_logon.ccache);
	if (arg_logon.require_encryption)
		add_logon(farm, "--require-encryption", NULL);
}

static enum exit_status report_memory(int r)
{
	fprintf(stderr, "%s: %s\n", program().text, strerror(-r));
	return stream_failure(EXIT_UNREACHABLE, "unreachable", NULL, NULL);
}

enum exit_status server_farm_open(struct server_farm *farm, const char *server)
{
	struct farm_fault fault = {};
	int r;

	*farm = (struct server_farm){ .cancel_fd = -1 };
	if (arg_timeout_s < 1) {
		fprintf(stderr, _("%s: /timeout: at least one second is needed\n"), program().text);
		return stream_failure(EXIT_USAGE, "usage", "/timeout", NULL);
	}
	if (hosts_resolve(&farm->hosts, server, &fault) < 0)
		return report_hosts(&fault, server);
	add_logons(farm);
	farm->how = (struct reach_how){ .parallel = (unsigned)arg_parallel, .timeout_ms = arg_timeout_s * 1000,
					.logon = farm->logon };
	farm->items = calloc(farm->hosts.n_items, sizeof(*farm->items));
	r = farm->items ? farm_new(&farm->farm, &farm->hosts, &farm->how) : -ENOMEM;
	report_shows_hosts = farm->hosts.n_items > 1;
	charset_init_times();
	return r < 0 ? report_memory(r) : EXIT_ENDED;
}

/* The longest name counts, as an IPv6 address has colons of its own. */
size_t server_farm_find(const struct server_farm *farm, const char *argument, const char **ret_word)
{
	size_t n = farm->hosts.n_items, best = n, best_length = 0;

	for (size_t i = 0; i < n; i++) {
		const char *name = server_farm_name(farm, i);
		size_t length = strlen(name);

		if (length > best_length && strncasecmp(argument, name, length) == 0 && argument[length] == ':') {
			best = i;
			best_length = length;
		}
	}
	*ret_word = best < n ? argument + best_length + 1 : argument;
	return best;
}

bool server_farm_is_elsewhere(const struct server_farm *farm, const char *argument)
{
	const char *word;

	return word_parse(argument).kind == WORD_ANY && strcspn(argument, ":") > 0 && strchr(argument, ':') &&
	       server_farm_find(farm, argument, &word) == farm->hosts.n_items;
}

int server_farm_report_elsewhere(const char *shown, const char *object)
{
	fprintf(stderr, _("%s: %s: there is no host of this name in /server\n"), program().text, safe(shown).text);
	return stream_failure(EXIT_USAGE, "usage", object, NULL);
}

const char *server_farm_name(const struct server_farm *farm, size_t i)
{
	return farm->hosts.items[i].name;
}

/* ---- progress ---- */

void server_farm_wipe(struct server_farm *farm)
{
	if (farm->drawn)
		terminal_wipe();
	farm->drawn = false;
}

bool server_farm_counts(const struct server_farm *farm, size_t i)
{
	return !farm->counts_once || !farm->items[i].twin;
}

static size_t count_sessions(const struct server_farm *farm)
{
	size_t n = 0;

	for (size_t i = 0; i < farm->hosts.n_items; i++)
		n += server_farm_counts(farm, i) ? farm->items[i].n_sessions - farm->items[i].n_before : 0;
	return n;
}

/* The two hosts that have been waited for longest stand at its end. */
static void draw_hosts(struct server_farm *farm)
{
	size_t n = farm->hosts.n_items, one = farm_slowest(farm->farm, n);
	size_t two = one < n ? farm_slowest(farm->farm, one) : n;
	size_t n_sessions = count_sessions(farm);
	struct safe line = {};
	int length;

	length = snprintf(line.text, sizeof(line.text),
			  ngettext("%zu of %zu host", "%zu of %zu hosts", farm->n_asked), farm->n_answered,
			  farm->n_asked);
	if (!farm->without_sessions)
		length += snprintf(line.text + length, sizeof(line.text) - (size_t)length,
				   ngettext(", %zu session", ", %zu sessions", n_sessions), n_sessions);
	if (farm->n_ended > 0)
		length += snprintf(line.text + length, sizeof(line.text) - (size_t)length, _(", %zu logged off"),
				   farm->n_ended);
	if (one < n)
		snprintf(line.text + length, sizeof(line.text) - (size_t)length, _("; waiting for %.100s%s%.100s"),
			 server_farm_name(farm, one), two < n ? _(", ") : "",
			 two < n ? server_farm_name(farm, two) : "");
	terminal_draw(line);
	farm->drawn = true;
}

/* ---- rounds ---- */

void server_farm_draw(void *view)
{
	struct server_farm *farm = view;

	if (!farm->draws || !farm->draws(farm->data))
		draw_hosts(farm);
}

void server_farm_cancel(struct server_farm *farm)
{
	farm->cancelled = true;
	cancel_again(farm->cancel_fd);
}

static void cancelled(void *view)
{
	server_farm_cancel(view);
}

enum exit_status server_farm_round(struct server_farm *farm, const size_t *which, size_t n,
				   const struct farm_calls *calls)
{
	bool draws = (farm->hosts.n_items > 1 || farm->draws) && isatty(STDERR_FILENO) && terminal_can_draw();
	struct farm_calls all = *calls;
	int r;

	all.draw = draws ? calls->draw : NULL;
	all.cancelled = cancelled;
	all.view = farm;

	if (farm->cancel_fd < 0)
		farm->cancel_fd = cancel_open(false);
	farm->n_asked = farm->n_asked > n ? farm->n_asked : n;
	r = farm_round(farm->farm, which, n, &all, farm->cancel_fd);
	server_farm_wipe(farm);
	return r < 0 ? report_memory(r) : EXIT_ENDED;
}

static bool add_session(struct server_farm *farm, size_t i, const json_t *line)
{
	struct far_host *host = &farm->items[i];
	const json_t *logon = json_object_get(line, "logon");
	int64_t logon_us = json_is_integer(logon) ? json_integer_value(logon) : -1;
	struct logoff_session *session;
	size_t n;
	int r = far_session(json_object_get(line, "session"), json_object_get(line, "logon"), server_farm_name(farm, i),
			    &session);

	if (r < 0)
		return false;
	/* The session in which logoff-host runs there is our own connection. */
	if (logoff_session_is(session, LOGOFF_IS_OWN)) {
		r = array_add_text(&host->own, &host->n_own, logoff_session_id(session));
		logoff_session_free(session);
		return r >= 0;
	}
	if (host->ended)	/* another list has begun */
		host->n_before = host->n_sessions;
	host->ended = false;
	n = host->n_sessions;
	if (array_add(&host->logons_us, &n, &logon_us) < 0 ||
	    array_add(&host->sessions, &host->n_sessions, &session) < 0) {
		logoff_session_free(session);
		return false;
	}
	farm->n_sessions++;
	return true;
}

static void note_status(struct far_host *host, int status)
{
	host->status = host->status > status ? host->status : status;
}

static int compare_ids(const void *a, const void *b)
{
	return strcmp(logoff_session_id(*(struct logoff_session *const *)a),
		      logoff_session_id(*(struct logoff_session *const *)b));
}

/* The list of HOST is whole. Returns whether each id in it means one session. */
static bool end_list(struct far_host *host)
{
	size_t n = host->n_sessions - host->n_before;
	struct logoff_session **sorted = calloc(n + 1, sizeof(*sorted));
	bool right = sorted;

	for (size_t k = 0; sorted && k < n; k++)
		sorted[k] = host->sessions[host->n_before + k];
	if (sorted && n > 0)
		qsort(sorted, n, sizeof(*sorted), compare_ids);
	for (size_t k = 1; right && k < n; k++)
		right = compare_ids(&sorted[k - 1], &sorted[k]) != 0;
	free(sorted);
	host->ended = true;
	return right;
}

bool server_farm_take(struct server_farm *farm, size_t i, const json_t *line)
{
	const char *reply = json_string_value(json_object_get(line, "reply"));
	const json_t *status = json_object_get(line, "exit_status"), *own = json_object_get(line, "own");
	struct far_host *host = &farm->items[i];
	struct far_failure failure;

	if (json_object_get(line, "session"))
		return add_session(farm, i, line);
	if (json_object_get(line, "failure")) {
		/* A list that is refused is none, whatever status that has. */
		if (far_failure(&failure, json_object_get(line, "failure")) < 0 ||
		    (farm_is_refusal(line) && failure.exit_status == EXIT_ENDED))
			return false;
		if (farm->takes_failure && farm->takes_failure(i, &failure, farm->data))
			return true;
		server_farm_wipe(farm);
		note_status(host, server_farm_report_failure(farm, i, &failure));
		return true;
	}
	/* It is the highest that the lines before have told. */
	if (!json_is_integer(status) || json_integer_value(status) < EXIT_ENDED ||
	    json_integer_value(status) > host->status)
		return false;
	host->listed = json_integer_value(status) == EXIT_ENDED;
	host->hides_logins = json_is_true(json_object_get(line, "hides_processes"));
	/* A list that selects has no row of it. */
	if (json_is_string(own) && array_add_text(&host->own, &host->n_own, json_string_value(own)) < 0)
		return false;
	return !reply || strcmp(reply, "list") != 0 || end_list(host);
}

/* ---- the order "list" ---- */

static enum farm_next next_list(size_t i, struct farm_order *ret_order, void *data)
{
	const struct server_farm *farm = data;

	if (farm->items[i].asked)
		return farm->holds && farm->items[i].n_sessions > 0 ? FARM_HOLD : FARM_DONE;
	farm->items[i].asked = true;
	*ret_order = (struct farm_order){ .json = json_pack("{s:s}", "order", "list") };
	return FARM_ORDER;
}

static bool take_list(size_t i, const json_t *line, void *data)
{
	return server_farm_take(data, i, line);
}

/* What HELLO tells in the field NAME, or "". */
static const char *hello_text(const json_t *hello, const char *name)
{
	const char *text = json_string_value(json_object_get(hello, name));

	return text ? text : "";
}

bool server_farm_is_by_bus(const struct server_farm *farm, size_t i)
{
	return strcmp(hello_text(farm_hello(farm->farm, i), "way"), "bus") == 0;
}

static const char *way_word(const struct server_farm *farm, size_t i)
{
	if (server_farm_is_by_bus(farm, i))
		return "bus";
	switch (farm->hosts.items[i].way) {
	case FARM_TSTS:
		return "tsts";
	case FARM_SSH:
		return "ssh";
	case FARM_MACHINE:
		return "machine";
	case FARM_COMMAND:
		return "command";
	}
	return NULL;
}

/* Unknown: one of the two does not tell the field NAME. */
static enum select_answer compare_hellos(const json_t *one, const json_t *two, const char *name)
{
	const char *first = hello_text(one, name), *second = hello_text(two, name);

	if (!*first || !*second)
		return SELECT_UNKNOWN;
	return strcmp(first, second) == 0 ? SELECT_YES : SELECT_NO;
}

/*
 * A copy of a machine has its machine id too, but not one that began to run when the other was listed already. The
 * uptime is that of the moment of its hello.
 */
bool server_farm_has_restarted(const struct server_farm *farm, size_t i)
{
	const struct far_host *host = &farm->items[i];
	const json_t *now = farm_hello(farm->farm, i), *uptime = json_object_get(now, "uptime");
	uint64_t hello_us = farm_hello_us(farm->farm, i);

	return compare_hellos(host->hello, now, "machine") == SELECT_YES &&
	       compare_hellos(host->hello, now, "boot") == SELECT_NO && json_is_integer(uptime) &&
	       json_integer_value(uptime) >= 0 && hello_us > host->listed_us &&
	       (uint64_t)json_integer_value(uptime) < (hello_us - host->listed_us) / 1000000;
}

enum select_answer server_farm_is_same(const struct server_farm *farm, size_t i)
{
	const json_t *then = farm->items[i].hello, *now = farm_hello(farm->farm, i);

	if (!then || then == now)
		return SELECT_YES;
	if (compare_hellos(then, now, "host") == SELECT_NO || compare_hellos(then, now, "machine") == SELECT_NO)
		return SELECT_NO;
	if (compare_hellos(then, now, "instance") == SELECT_YES || server_farm_has_restarted(farm, i))
		return SELECT_YES;
	return SELECT_UNKNOWN;
}

const char *server_farm_boot(const struct server_farm *farm, size_t i)
{
	return hello_text(farm->items[i].hello, "boot");
}

void server_farm_listed(struct server_farm *farm, size_t i)
{
	struct far_host *host = &farm->items[i];

	if (server_farm_has_failed(farm, i) || server_farm_is_same(farm, i) == SELECT_NO)
		return;
	json_decref(host->hello);
	host->hello = json_incref((json_t *)farm_hello(farm->farm, i));
	host->listed_us = clock_now_us();
	if (host->answered)
		return;
	host->answered = true;
	farm->n_answered++;
	stream_line("host", json_pack("{s:s, s:s, s:I}", "host", server_farm_name(farm, i), "way",
				      way_word(farm, i), "elapsed_ms",
				      (json_int_t)farm_elapsed_ms(farm->farm, i)));
}

static void listed(size_t i, void *data)
{
	server_farm_listed(data, i);
}

enum exit_status server_farm_list(struct server_farm *farm, const size_t *which, size_t n)
{
	const struct farm_calls calls = { .next = next_list, .line = take_list, .done = listed,
					  .draw = server_farm_draw, .data = farm };

	return server_farm_round(farm, which, n, &calls);
}

struct logoff_session **server_farm_sessions(const struct server_farm *farm, size_t *ret_n)
{
	struct logoff_session **all = calloc(farm->n_sessions + 1, sizeof(*all));

	*ret_n = 0;
	for (size_t i = 0; all && i < farm->hosts.n_items; i++)
		for (size_t k = 0; server_farm_counts(farm, i) && k < farm->items[i].n_sessions; k++)
			if (server_farm_is_own(farm, i, farm->items[i].sessions[k]) == SELECT_NO)
				all[(*ret_n)++] = farm->items[i].sessions[k];
	return all;
}

/* ---- what failed ---- */

static enum exit_status status_of(enum farm_failure failure)
{
	switch (failure) {
	case FARM_NO_FAILURE:
		return EXIT_ENDED;
	case FARM_NOT_ASKED:
	case FARM_CANCELLED:
		return EXIT_CANCELLED;
	case FARM_NOT_LET_IN:
	case FARM_NO_BUS:
	case FARM_KEY_UNKNOWN:
	case FARM_KEY_CHANGED:
		return EXIT_LOGON;
	case FARM_UNREACHABLE:
	case FARM_LATE:
	case FARM_NO_CLIENT:
	case FARM_MISSING:
	case FARM_NO_BRIDGE:
	case FARM_WRONG:
	case FARM_FAILED:
	case FARM_BROKEN:
		break;
	}
	return EXIT_UNREACHABLE;
}

static const char *sentence_of(enum farm_failure failure)
{
	switch (failure) {
	case FARM_NO_FAILURE:
		break;
	case FARM_NOT_ASKED:
		return _("not asked, as the command was cancelled");
	case FARM_CANCELLED:
		return _("cancelled before it answered");
	case FARM_UNREACHABLE:
		return _("cannot be reached");
	case FARM_LATE:
		return _("no answer in time");
	case FARM_NOT_LET_IN:
		return _("does not accept who you are");
	case FARM_KEY_UNKNOWN:
		return _("its host key is not known");
	case FARM_KEY_CHANGED:
		return _("its host key has changed");
	case FARM_NO_CLIENT:
		return _("cannot be reached from here");
	case FARM_MISSING:
		return _("logoff-host is not installed there");
	case FARM_NO_BRIDGE:
		return _("logoff-host is not installed there, nor systemd's bridge");
	case FARM_NO_BUS:
		return _("logoff-host is not installed there, and the bus there does not accept who you are");
	case FARM_WRONG:
		return _("answers wrongly");
	case FARM_FAILED:
		return _("its sessions cannot be listed");
	case FARM_BROKEN:
		return _("the connection broke");
	}
	return "";
}

/* A host that has a failure, for putting those of the same cause together. */
struct failed {
	enum farm_failure failure;
	const char *text, *name;
	bool excused;			/* by /allowunreachable */
};

static int compare_failed(const void *a, const void *b)
{
	const struct failed *one = a, *two = b;
	int order = (one->failure > two->failure) - (one->failure < two->failure);

	return order ? order : strcmp(one->text, two->text);
}

/* One line for N hosts. Their names have no character that would harm a terminal; all of them are shown. */
static void report_folded(const char *const *names, size_t n, const char *sentence, const char *text)
{
	char *folded = nodeset_fold(names, n);
	struct safe cause = {};

	if (*text)
		snprintf(cause.text, sizeof(cause.text), " (%.300s)", safe(text).text);
	fprintf(stderr, _("%s: %s: %s%s\n"), program().text, folded ? folded : names[0], sentence, cause.text);
	free(folded);
}

/* The twins of host I. */
static void report_twins(const struct server_farm *farm, size_t i, size_t *which, bool once)
{
	const char *name = server_farm_name(farm, i);
	struct safe sentence = {};
	size_t n = 0;

	for (size_t k = i + 1; k < farm->hosts.n_items; k++)
		if (farm->items[k].twin == &farm->items[i])
			which[n++] = k;
	snprintf(sentence.text, sizeof(sentence.text),
		 once ? _("the same host as %.300s; its sessions count once") : _("the same host as %.300s, it says"),
		 name);
	server_farm_say_shared(farm, which, n, sentence.text);
	for (size_t k = 0; k < n; k++)
		(void)stream_failure_of(server_farm_name(farm, which[k]), EXIT_ENDED, "same-host", name, NULL);
}

/*
 * Machines that go on from one snapshot have one instance: only what else they tell tells them apart. By its bus a host
 * tells no more.
 */
static bool are_twins(const json_t *one, const json_t *two)
{
	bool by_bus = *hello_text(one, "way") || *hello_text(two, "way");

	return (by_bus || compare_hellos(one, two, "host") == SELECT_YES) &&
	       compare_hellos(one, two, "machine") != SELECT_NO && compare_hellos(one, two, "boot") != SELECT_NO;
}

static const struct far_host *first_name(const struct far_host *host)
{
	return host->twin ? host->twin : host;
}

/* The first host of those whose numbers are in BEFORE that is the machine of host I, or NULL. */
static struct far_host *find_twin(const struct server_farm *farm, const json_t *before, size_t i)
{
	const json_t *number;
	size_t k;

	json_array_foreach(before, k, number) {
		struct far_host *host = &farm->items[json_integer_value(number)];

		if (are_twins(host->hello, farm->items[i].hello))
			return host->twin ? host->twin : host;
	}
	return NULL;
}

void server_farm_find_twins(struct server_farm *farm, bool once)
{
	size_t n = farm->hosts.n_items, *which = calloc(n + 1, sizeof(*which));
	json_t *seen = json_object();	/* from an instance to the numbers of its hosts */

	for (size_t i = 0; which && i < n; i++) {
		const char *instance = hello_text(farm->items[i].hello, "instance");
		json_t *before = json_object_get(seen, instance);

		if (!*instance || !farm->items[i].listed)
			continue;
		if (!before && json_object_set_new(seen, instance, json_array()) == 0)
			before = json_object_get(seen, instance);
		farm->items[i].twin = find_twin(farm, before, i);
		if (farm->items[i].twin)
			farm->items[i].twin->has_twins = true;
		(void)json_array_append_new(before, json_integer((json_int_t)i));
	}
	for (size_t i = 0; which && i < n; i++)
		if (farm->items[i].has_twins)
			report_twins(farm, i, which, once);
	farm->counts_once = once;
	json_decref(seen);
	free(which);
}

/* An id is given again only after a restart, and then no connection is left. */
enum select_answer server_farm_is_own(const struct server_farm *farm, size_t i, const struct logoff_session *session)
{
	const struct far_host *host = &farm->items[i];

	if (!host->twin && !host->has_twins)
		return SELECT_NO;
	for (size_t k = 0; k < farm->hosts.n_items; k++) {
		const struct far_host *other = &farm->items[k];

		for (size_t o = 0; other != host && first_name(other) == first_name(host) && o < other->n_own; o++)
			if (strcmp(other->own[o], logoff_session_id(session)) == 0)
				return SELECT_UNKNOWN;
	}
	return SELECT_NO;
}

/* The names of the N hosts WHICH in an array, to be freed; NULL without memory. */
static const char **list_names(const struct server_farm *farm, const size_t *which, size_t n)
{
	const char **names = calloc(n + 1, sizeof(*names));

	for (size_t k = 0; names && k < n; k++)
		names[k] = server_farm_name(farm, which[k]);
	return names;
}

char *server_farm_fold(const struct server_farm *farm, const size_t *which, size_t n)
{
	const char **names = list_names(farm, which, n);
	char *folded = names ? nodeset_fold(names, n) : NULL;

	free(names);
	return folded;
}

void server_farm_say_shared(const struct server_farm *farm, const size_t *which, size_t n, const char *sentence)
{
	const char **names = list_names(farm, which, n);

	if (names && n > 0)
		report_folded(names, n, sentence, "");
	output_note(names ? 0 : -ENOMEM);
	free(names);
}

int server_farm_report_shared(const struct server_farm *farm, const size_t *which, size_t n, int status,
			      const char *kind, const char *sentence)
{
	server_farm_say_shared(farm, which, n, sentence);
	for (size_t k = 0; k < n; k++)
		(void)stream_failure_of(server_farm_name(farm, which[k]), (enum exit_status)status, kind, NULL, NULL);
	return n > 0 ? status : EXIT_ENDED;
}

static void report_same(const struct failed *failed, size_t n)
{
	const char **names = calloc(n, sizeof(*names));

	for (size_t i = 0; names && i < n; i++)
		names[i] = failed[i].name;
	report_folded(names ? names : &failed->name, names ? n : 1, sentence_of(failed->failure), failed->text);
	free(names);
}

/* What is not known of the hosts that were asked by their bus, said once. */
static void report_buses(struct server_farm *farm)
{
	const char **names = farm->told_buses ? NULL : calloc(farm->hosts.n_items, sizeof(*names));
	size_t n = 0;

	for (size_t i = 0; names && i < farm->hosts.n_items; i++)
		if (server_farm_is_by_bus(farm, i) && !server_farm_has_failed(farm, i))
			names[n++] = server_farm_name(farm, i);
	if (n > 0)
		report_folded(
			names, n,
			_("logoff is not installed there; processes, xrdp clients and idle times are unknown"), "");
	farm->told_buses = farm->told_buses || n > 0;
	free(names);
}

bool server_farm_has_failed(const struct server_farm *farm, size_t i)
{
	const char *text;

	return farm_failure(farm->farm, i, &text) != FARM_NO_FAILURE;
}

/* Tells whether HOST is this machine in a list of hosts. */
static bool is_here(const struct farm_host *host)
{
	return host->way == FARM_TSTS && logoff_is_this_machine(host->address);
}

bool server_farm_is_excused(const struct server_farm *farm, size_t i)
{
	const char *text;
	enum farm_failure failure = farm_failure(farm->farm, i, &text);

	return arg_allow_unreachable && (failure == FARM_UNREACHABLE || failure == FARM_LATE) &&
	       !farm->items[i].named && !is_here(&farm->hosts.items[i]) && !farm_hello(farm->farm, i) &&
	       farm_count_greeted(farm->farm) > 0;
}

/* For programs each host has its own line. Returns the exit status that counts. */
static enum exit_status stream_failed(const struct failed *failed)
{
	struct logoff_error cause = { .domain = *failed->text ? LOGOFF_ERROR_PROGRAM : LOGOFF_ERROR_NONE };
	enum exit_status status = failed->excused ? EXIT_ENDED : status_of(failed->failure);

	snprintf(cause.text, sizeof(cause.text), "%s", failed->text);
	return stream_failure_of(failed->name, status, failure_word(failed->failure), NULL, &cause);
}

/* The same of those of the hosts WHICH (NULL: all) that could not be reached. */
static void report_unlisted(const struct server_farm *farm, const size_t *which, size_t n_which)
{
	size_t *unlisted = calloc(n_which + 1, sizeof(*unlisted)), n = 0;
	const char *text;

	for (size_t k = 0; unlisted && k < n_which; k++) {
		size_t i = which ? which[k] : k;
		const struct farm_host *host = &farm->hosts.items[i];

		if (host->unlisted && !strchr(host->name, ':') && !is_here(host) &&
		    !farm_hello(farm->farm, i) &&
		    farm_failure(farm->farm, i, &text) == FARM_UNREACHABLE)
			unlisted[n++] = i;
	}
	if (n > 0)
		server_farm_say_shared(farm, unlisted, n,
				       say_unlisted(n == 1 ? server_farm_name(farm, unlisted[0]) : _("NAME")).text);
	free(unlisted);
}

enum exit_status server_farm_report_of(struct server_farm *farm, const size_t *which, size_t n_which)
{
	struct failed *failed = calloc(n_which + 1, sizeof(*failed));
	enum exit_status status = EXIT_ENDED;
	size_t n = 0, same;

	for (size_t k = 0; failed && k < n_which; k++) {
		size_t i = which ? which[k] : k;

		failed[n].failure = farm_failure(farm->farm, i, &failed[n].text);
		failed[n].name = server_farm_name(farm, i);
		failed[n].excused = server_farm_is_excused(farm, i);
		n += failed[n].failure != FARM_NO_FAILURE;
		if (farm->items[i].status > (int)status)
			status = (enum exit_status)farm->items[i].status;
	}
	report_buses(farm);
	if (n > 0)
		qsort(failed, n, sizeof(*failed), compare_failed);
	for (size_t i = 0; i < n; i += same) {
		for (same = 1; i + same < n && compare_failed(&failed[i], &failed[i + same]) == 0; same++)
			;
		report_same(&failed[i], same);
	}
	report_unlisted(farm, which, n_which);
	for (size_t i = 0; i < n; i++) {
		enum exit_status one = stream_failed(&failed[i]);

		status = one > status ? one : status;
	}
	if (!failed)
		status = report_memory(-ENOMEM);
	free(failed);
	return status;
}

enum exit_status server_farm_report(struct server_farm *farm)
{
	return server_farm_report_of(farm, NULL, farm->hosts.n_items);
}

/* The sentences for the failures that far hosts report. Any other failure is shown by its word. */
static const struct {
	const char *kind, *sentence;
} kinds[] = {
	{ "no-session", N_("no session has this id or name") },
	{ "changed", N_("it is no longer the session that was chosen, and is left alone") },
	{ "own-session", N_("logoff-host runs in it, so it is left alone") },
	{ "spared-unknown", N_("left alone, as it is unknown whether it fits the selection") },
	{ "exclusion-unknown", N_("cannot find out whether /exclude names anybody there") },
	{ "no-exclusion", N_("/exclude names nobody there") },
	{ "no-record", N_("its record could not be written") },
	{ "unreachable", N_("cannot be reached") },
	{ "no-answer", N_("no answer in time") },
	{ "wrong-answer", N_("answers wrongly") },
	{ "denied", N_("access denied") },
	{ "unsupported", N_("this host cannot do that") },
	{ "read-only", N_("logoff-host may only show sessions there") },
	{ "broken", N_("the part of logoff-host that serves the host was killed") },
	{ "unknown-order", N_("its logoff-host does not know this order") },
	{ "wrong-order", N_("its logoff-host does not accept this order") },
	{ "busy", N_("its logoff-host still carries out another order") },
	{ "drain-unknown", N_("whether logons are refused there is unknown") },
	{ "drain-not-written", N_("whether logons are refused there cannot be changed") },
	{ "drain-unproved", N_("whether logons are refused there is unknown, as PAM cannot be asked") },
	{ "caller-refused", N_("is refused too, and can then not log on to accept logons again") },
};

const char *server_farm_sentence(const char *kind)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kind, kinds[i].kind) == 0)
			return _(kinds[i].sentence);
	return kind;
}

bool server_farm_has_logons(const struct server_farm *farm, size_t i)
{
	const struct farm_host *host = &farm->hosts.items[i];

	return (host->way != FARM_TSTS || is_here(host)) && !server_farm_is_by_bus(farm, i);
}

struct safe server_farm_say_service(const char *service, enum select_answer refused)
{
	struct safe out = {}, name = safe(service);

	if (refused == SELECT_NO)
		snprintf(out.text, sizeof(out.text), _("logons through %.300s are not refused (PAM is not set up, or "
						       "drain-refuses is in doubt; see change(1))"), name.text);
	else
		snprintf(out.text, sizeof(out.text), _("whether logons through %.300s are refused is unknown"),
			 name.text);
	return out;
}

int server_farm_report_failure(const struct server_farm *farm, size_t i, const struct far_failure *failure)
{
	const char *sentence = server_farm_sentence(failure->kind), *name = server_farm_name(farm, i);
	struct safe what = safe(name);

	if (failure->object)
		snprintf(what.text, sizeof(what.text), "%.200s:%.300s", name, safe(failure->object).text);
	report(what.text, sentence, report_cause(&failure->cause).text);
	return (int)stream_failure_of(name, (enum exit_status)failure->exit_status, failure->kind,
				      failure->object, &failure->cause);
}

int server_farm_report_moved(const struct server_farm *farm, size_t i)
{
	return server_farm_report_failure(farm, i, &(struct far_failure){
		.kind = "unreachable", .exit_status = EXIT_UNREACHABLE,
		.cause = { .domain = LOGOFF_ERROR_PROGRAM, .text = "another machine answers now" },
	});
}

void server_farm_summarize(const struct server_farm *farm, bool ended)
{
	size_t n = farm->n_asked, n_with = 0, n_sessions = count_sessions(farm);

	if (n < 2 || (!isatty(STDERR_FILENO) && farm->n_answered == n) || arg_json)
		return;
	output_flush();
	for (size_t i = 0; i < farm->hosts.n_items; i++)
		n_with += server_farm_counts(farm, i) && farm->items[i].n_sessions > 0;
	fprintf(stderr, ngettext("%zu of %zu host answered", "%zu of %zu hosts answered", n), farm->n_answered, n);
	if (!farm->without_sessions && n_with == 1)
		fprintf(stderr, ngettext(", %zu session on 1 host", ", %zu sessions on 1 host", n_sessions),
			n_sessions);
	else if (!farm->without_sessions)
		fprintf(stderr, ngettext(", %zu session on %zu hosts", ", %zu sessions on %zu hosts", n_sessions),
			n_sessions, n_with);
	if (ended)
		fprintf(stderr, _(", %zu logged off"), farm->n_ended);
	fputc('\n', stderr);
}

void server_farm_done(struct server_farm *farm)
{
	farm->farm = farm_free(farm->farm);
	for (size_t i = 0; farm->items && i < farm->hosts.n_items; i++) {
		farm->items[i].sessions = logoff_session_list_free(farm->items[i].sessions, farm->items[i].n_sessions);
		for (size_t o = 0; o < farm->items[i].n_own; o++)
			free(farm->items[i].own[o]);
		free(farm->items[i].own);
	}
	for (size_t i = 0; farm->items && i < farm->hosts.n_items; i++) {
		free(farm->items[i].logons_us);
		json_decref(farm->items[i].hello);
	}
	free(farm->items);
	farm->items = NULL;
	for (size_t i = 0; i < sizeof(farm->logon_texts) / sizeof(farm->logon_texts[0]); i++)
		free(farm->logon_texts[i]);
	farm_hosts_done(&farm->hosts);
}
