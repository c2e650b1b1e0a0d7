/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * work.c - see work.h. log-off.c, disconnect.c, end-processes.c and logon.c have the orders that change something.
 */
#include "host/work.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-id128.h>
#include <time.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/json.h"
#include "cli/logon.h"
#include "cli/processes.h"
#include "cli/sessions.h"
#include "cli/stream.h"
#include "host/disconnect.h"
#include "host/end-processes.h"
#include "host/log-off.h"
#include "host/logon.h"
#include "host/order.h"
#include "host/say.h"
#include "host/targets.h"

#define PROTOCOL 1
#define OUTPUT_SIZE 65536	/* what a pipe takes at once */

/*
 * ---- orders that only ask ----
 *
 * Their lines are written when there are many, or when the last one comes: nobody can use a part of a list.
 */

/* A row was left out, for lack of memory. */
static int say_short_list(int64_t serial)
{
	const struct logoff_error cause = {
		.domain = LOGOFF_ERROR_ERRNO, .number = ENOMEM, .text = "a row of the list is missing"
	};

	return say_host_failure(stdout, serial, NULL, LOGOFF_E_NO_MEMORY, &cause);
}

/* The time that tells the logon from others, to be given back with the id. */
static int say_session(int64_t serial, struct logoff_session *session)
{
	json_t *row = to_json_session(session, arg_server);
	int64_t logon_us = logoff_session_time_us(session, LOGOFF_TIME_LOGON);
	json_t *line = json_pack("{s:I, s:o, s:o}", "serial", (json_int_t)serial, "session", row, "logon",
				 logon_us < 0 ? json_null() : json_integer(logon_us));

	return write_json(line, true, stdout);
}

static int list(struct logoff_host *host, struct order *order)
{
	const unsigned facts =
		LOGOFF_FACTS_TIMES | LOGOFF_FACTS_IDLE | LOGOFF_FACTS_CLIENT | LOGOFF_FACTS_TERMINALS;
	struct logoff_error cause = {};
	struct targets targets;
	int status = EXIT_ENDED, said = 0, r;

	targets_find(&targets, host, order);
	r = logoff_session_fetch(targets.items, targets.n_items, facts, &cause);
	if (r < 0)
		status = say_host_failure(stdout, order->serial, NULL, r, &cause);
	for (size_t i = 0; i < targets.n_items; i++)
		if (!order->people || session_is_person(targets.items[i]))
			said = say_session(order->serial, targets.items[i]) < 0 ? -1 : said;
	if (said < 0)
		status = say_short_list(order->serial);
	status = status > targets.status ? status : targets.status;
	targets_done(&targets);
	return status;
}

/* With the start that tells the process from others, to be given back with its number. */
static int say_process(int64_t serial, const struct process_row *row)
{
	int64_t started_us = row->process->started_us;
	json_t *line = json_pack("{s:I, s:o, s:o}", "serial", (json_int_t)serial, "process",
				 to_json_process(row, arg_server), "started",
				 started_us < 0 ? json_null() : json_integer(started_us));

	return write_json(line, true, stdout);
}

static int list_processes(struct logoff_host *host, const struct order *order)
{
	struct logoff_error cause = {};
	struct processes processes;
	int r = processes_read(&processes, host, &cause), said = 0;

	if (r < 0)
		return say_host_failure(stdout, order->serial, NULL, r, &cause);
	for (size_t i = 0; i < processes.n_items; i++)
		said = say_process(order->serial, &processes.rows[i]) < 0 ? -1 : said;
	processes_done(&processes);
	return said < 0 ? say_short_list(order->serial) : EXIT_ENDED;
}

static int tell_fate(struct logoff_host *host, const struct order *order)
{
	static const char *const words[] = {
		[TARGET_GONE] = "gone",
		[TARGET_THERE] = "there",
		[TARGET_OTHER] = "other",
		[TARGET_UNKNOWN] = "unknown",
	};
	struct logoff_session *session = NULL;
	struct logoff_error cause = {};
	const char *state;
	int r;
	enum target_fate fate = target_find(host, order->boot, &order->identities[0], &session, &r, &cause);

	state = session ? json_state(logoff_session_state(session), logoff_session_kind(session)) : NULL;
	logoff_session_free(session);
	(void)print_json(json_pack("{s:I, s:s, s:o}", "serial", (json_int_t)order->serial, "fate", words[fate], "state",
				   to_json_text(state)), true, stdout);
	return fate == TARGET_UNKNOWN ? EXIT_UNREACHABLE : EXIT_ENDED;
}

/* ---- serving ---- */

/*
 * Prints the last line of an order. The mark that the next one may come stands before it, since a peer may be quick.
 * Both are one write.
 */
static void say_last(json_t *line)
{
	(void)fflush(stdout);
	(void)putchar('\n');
	(void)print_json(line, true, stdout);
	(void)fflush(stdout);
}

/*
 * The id of the session that the program runs in, which a selection does not mean; null: in none, or nobody can tell.
 */
static json_t *own_id(struct logoff_host *host)
{
	struct logoff_session *session = NULL;
	json_t *id = logoff_host_find(host, NULL, &session, NULL) == LOGOFF_OK ?
			     to_json_text(logoff_session_id(session)) : json_null();

	logoff_session_free(session);
	return id;
}

static void say_reply(struct logoff_host *host, const struct order *order, int status)
{
	json_t *line = json_pack("{s:I, s:s, s:i, s:b}", "serial", (json_int_t)order->serial, "reply",
				 order_word(order->type), "exit_status", status, "hides_processes",
				 logoff_host_hides_processes(host));

	if (order->type == ORDER_LIST && order->selects)
		(void)json_object_set_new(line, "own", own_id(host));
	say_last(line);
}

static void carry_out(struct logoff_host *host, struct order *order, int cancel_fd)
{
	const struct order_actor *actor = &order->actor;
	int status = EXIT_ENDED;

	/* Also where there is none: the last order had another one. */
	(void)logoff_host_set_actor(host, actor->name, actor->sid, actor->address);	/* order.c has checked them */
	switch (order->type) {
	case ORDER_LIST:
		status = list(host, order);
		break;
	case ORDER_PROCESSES:
		status = list_processes(host, order);
		break;
	case ORDER_FATE:
		status = tell_fate(host, order);
		break;
	case ORDER_LOG_OFF:
		status = log_off(host, order, cancel_fd);
		break;
	case ORDER_LOGON:
		status = change_logon(host, order);
		break;
	case ORDER_MESSAGE:
		status = send_message(host, order, cancel_fd);
		break;
	case ORDER_DISCONNECT:
		status = disconnect(host, order, cancel_fd);
		break;
	case ORDER_END_PROCESSES:
		status = end_processes(host, order, cancel_fd);
		break;
	case ORDER_CANCEL:
		return;		/* which never comes here */
	}
	say_reply(host, order, status);
}

/*
 * The machine id is confidential, so the peer gets a hash of it that no other program makes. It stays over restarts,
 * and copies of a machine share it.
 */
static json_t *machine(void)
{
	const sd_id128_t program = SD_ID128_MAKE(5b, 0e, 3c, 77, 1d, 94, 4f, 0a, 9a, 61, c2, 4e, 88, 37, d5, 6f);
	char text[SD_ID128_STRING_MAX];
	sd_id128_t id;

	if (target_is_server() || sd_id128_get_machine_app_specific(program, &id) < 0)
		return json_null();
	return json_string(sd_id128_to_string(id, text));
}

static json_t *uptime(void)
{
	struct timespec since;

	if (target_is_server() || clock_gettime(CLOCK_BOOTTIME, &since) < 0)
		return json_null();
	return json_integer(since.tv_sec);
}

/* Whether the caller may end the sessions of others without giving a password; null: nobody can tell. */
static json_t *full_control(struct logoff_host *host)
{
	int r = logoff_host_full_control(host, NULL);

	return r == LOGOFF_OK || r == LOGOFF_E_DENIED ? json_boolean(r == LOGOFF_OK) : json_null();
}

static void say_hello(struct logoff_host *host, bool read_only)
{
	char boot[64];

	target_boot(boot);
	say_last(json_pack("{s:i, s:s, s:o, s:o, s:o, s:o, s:o, s:s, s:I, s:o, s:b, s:b, s:o}", "logoff-host", PROTOCOL,
			   "version", logoff_version(), "host", to_json_host(arg_server), "machine", machine(),
			   "boot", to_json_text(*boot ? boot : NULL), "uptime", uptime(), "instance",
			   to_json_text(logoff_host_instance(host)), "kind", logoff_host_kind(host), "euid",
			   (json_int_t)geteuid(), "full_control", full_control(host),
			   /* every kind tells them */
			   "times", true, "read_only", read_only, "way", to_json_text(arg_bus ? "bus" : NULL)));
}

static int serve(struct logoff_host *host, int cancel_fd)
{
	struct order_fault fault;
	struct order order;
	char *line = NULL;
	size_t size = 0;
	ssize_t n;
	int status = EXIT_ENDED;

	while (status == EXIT_ENDED && (n = getline(&line, &size, stdin)) > 0) {
		if (order_parse(&order, line, (size_t)n, &fault) < 0) {
			status = say_host_failure(stdout, fault.serial, NULL, LOGOFF_E_NO_MEMORY, NULL);
			continue;
		}
		carry_out(host, &order, cancel_fd);
		order_done(&order);
	}
	free(line);
	return status;
}

static void say_opening_failure(json_t *failure)
{
	say(stdout, 0, "failure", failure);
}

/* Opens the host at the far end of the two descriptors. Reports failures. Returns the exit status. */
static int open_bus(struct logoff_host **ret_host)
{
	struct logoff_address address = { .size = sizeof(address), .kind = "logind" };
	struct logoff_error cause = {};
	char *name;
	int r;

	if (asprintf(&name, "fd:%d,%d,%s", WORK_BUS_IN, WORK_BUS_OUT, arg_bus) < 0)
		return (int)report_open(arg_bus, LOGOFF_E_NO_MEMORY, &cause);
	address.name = name;
	r = logoff_host_open(ret_host, &address, NULL, &cause);
	free(name);
	return r < 0 ? (int)report_open(arg_bus, r, &cause) : EXIT_ENDED;
}

int work(int cancel_fd, bool read_only)
{
	static char output[OUTPUT_SIZE];	/* without it, the C library would choose the size */
	struct logoff_host *host;
	int status;

	/* Whatever ends the connection must not end a log-off; see host.c. */
	(void)signal(SIGHUP, SIG_IGN);
	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGQUIT, SIG_IGN);
	(void)signal(SIGTERM, SIG_IGN);
	(void)setvbuf(stdout, output, _IOFBF, sizeof(output));
	stream_tell_failures(say_opening_failure);
	status = arg_bus ? open_bus(&host) : (int)logon_open(&host, arg_server);
	if (status != EXIT_ENDED)
		return status;
	say_hello(host, read_only);
	status = serve(host, cancel_fd);
	logoff_host_close(host);
	return status;
}
