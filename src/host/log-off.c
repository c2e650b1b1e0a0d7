/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * log-off.c - see log-off.h.
 *
 * The library waits for one descriptor: an epoll of the peer's cancel and of the end of standard input. The latter is
 * taken out of it when the first session is asked to end. So there is no moment at which the end of input could be
 * taken for both.
 */
#include "host/log-off.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "cli/account.h"
#include "cli/command.h"
#include "cli/json.h"
#include "cli/warning-text.h"
#include "host/record.h"
#include "host/say.h"
#include "host/targets.h"

/* ---- what cancels ---- */

struct cancel {
	int fd;				/* the peer's cancel */
	int either;			/* or the end of input */
};

/* Returns whether that is possible: nothing is begun that nobody could cancel. */
static bool cancel_begin(struct cancel *cancel, int fd)
{
	struct epoll_event event = { .events = EPOLLIN };

	*cancel = (struct cancel){ .fd = fd, .either = epoll_create1(EPOLL_CLOEXEC) };
	return cancel->either >= 0 && epoll_ctl(cancel->either, EPOLL_CTL_ADD, fd, &event) == 0 &&
	       epoll_ctl(cancel->either, EPOLL_CTL_ADD, STDIN_FILENO, &event) == 0;
}

/* From now on the end of input does not cancel. */
static void cancel_outlive_peer(struct cancel *cancel)
{
	(void)epoll_ctl(cancel->either, EPOLL_CTL_DEL, STDIN_FILENO, NULL);	/* the second time it is not there */
}

/* The first cancel has been taken note of. Another one makes the library leave those that were asked. */
static void cancel_again(struct cancel *cancel)
{
	eventfd_t value;

	(void)eventfd_read(cancel->fd, &value);
}

static void cancel_end(struct cancel *cancel)
{
	if (cancel->either >= 0)
		close(cancel->either);
}

/* ---- a log-off ---- */

struct run {
	const struct order *order;
	struct logoff_request *request;
	json_t **rows;			/* the sessions as they were chosen; NULL: the result has been said */
	struct cancel cancel;
	int status;
};

static void note_status(struct run *run, int status)
{
	if (status > run->status)
		run->status = status;
}

static void say_result(struct run *run, size_t i)
{
	const struct logoff_session *session = logoff_request_session(run->request, i);
	const struct logoff_outcome *outcome = logoff_request_outcome(run->request, i);
	int status = (int)say_status(outcome->result);

	if (!outcome->recorded) {
		(void)say_failure(stdout, run->order->serial, "no-record", logoff_session_id(session),
				  &outcome->record_cause, EXIT_UNREACHABLE);
		status = status > EXIT_UNREACHABLE ? status : EXIT_UNREACHABLE;
	}
	say(stdout, run->order->serial, "result", to_json_result(session, outcome, run->rows[i], status));
	run->rows[i] = NULL;
	note_status(run, status);
}

static void on_event(const struct logoff_event *event, void *userdata)
{
	struct run *run = userdata;
	json_t *object = to_json_event(event, arg_server);

	if (event->type == LOGOFF_EVENT_ASK || event->type == LOGOFF_EVENT_MANAGER_ASK ||
	    event->type == LOGOFF_EVENT_DESKTOP_ASK ||
	    (event->type == LOGOFF_EVENT_LEAVE_ASK && event->desktop && *event->desktop))
		cancel_outlive_peer(&run->cancel);
	if (event->type == LOGOFF_EVENT_FOLLOWED)
		cancel_again(&run->cancel);
	if (object)
		say(stdout, run->order->serial, "event", object);
	for (size_t i = 0; event->type == LOGOFF_EVENT_RESULT && i < logoff_request_count(run->request); i++)
		if (run->rows[i] && logoff_request_session(run->request, i) == event->session)
			say_result(run, i);
}

/* Moves the sessions to the request, and makes their rows. Returns 0 or a result of the library. */
static int fill_request(struct run *run, struct targets *targets)
{
	enum logoff_why why = run->order->selects ? LOGOFF_WHY_SELECTED : LOGOFF_WHY_NAMED;
	size_t n;
	int r = LOGOFF_OK;

	for (size_t i = 0; r >= 0 && i < targets->n_items; i++) {
		r = logoff_request_add(run->request, targets->items[i], why);
		if (r >= 0)
			targets->items[i] = NULL;
	}
	n = logoff_request_count(run->request);
	run->rows = calloc(n, sizeof(*run->rows));
	for (size_t i = 0; run->rows && i < n; i++) {
		const struct logoff_session *session = logoff_request_session(run->request, i);

		/* Only the question for an idle time changes it. */
		run->rows[i] = to_json_session((struct logoff_session *)session, arg_server);
		r = run->rows[i] ? r : LOGOFF_E_NO_MEMORY;
	}
	return run->rows ? r : LOGOFF_E_NO_MEMORY;
}

/*
 * Where the peer has come from, by the environment of sshd: "192.0.2.7 51234 192.0.2.1 22". The peer of a program that
 * serves another server is on this machine. Returns it, or NULL.
 */
static const char *find_address(char address[static 64])
{
	const char *connection = getenv("SSH_CONNECTION");
	size_t n = connection ? strcspn(connection, " ") : 0;

	if (target_is_server() || n == 0 || n >= 64 || strspn(connection, "0123456789abcdefABCDEF.:") < n)
		return NULL;
	memcpy(address, connection, n);
	address[n] = '\0';
	return address;
}

static void run_request(struct run *run, struct targets *targets)
{
	const struct order *order = run->order;
	char sender[ACCOUNT_NAME_SIZE], address[64];
	struct warning warning = { sender, order->text };
	struct logoff_error cause = {};
	struct logoff_options how = {
		.size = sizeof(how),
		.grace_ms = order->grace_s * 1000,
		.wait_ms = order->wait_s * 1000,
		.no_desktop = order->no_desktop,
		.console = order->console,
		.cancel_fd = run->cancel.either,
		.warning_ms = order->warn_s * 1000,
		.compose = warning_compose,
		.compose_data = &warning,
		.still = order->selects ? targets_still : NULL,
		.still_data = targets,
		.event = on_event,
		.event_data = run,
		.reason = order->reason,
		.actor = order->actor.name ? order->actor.name : order->origin,
		.actor_sid = order->actor.sid,
		.actor_address = order->actor.name ? order->actor.address : find_address(address),
		.run = order->run,
	};
	int r = fill_request(run, targets);

	logoff_host_name_caller(targets->host, sender, sizeof(sender));
	if (r >= 0)
		r = logoff_request_run(run->request, &how, &cause);
	if (r < 0)
		note_status(run, say_host_failure(stdout, order->serial, NULL, r, &cause));
	for (size_t i = 0; run->rows && i < logoff_request_count(run->request); i++)
		if (run->rows[i] && r >= 0)
			say_result(run, i);
		else
			json_decref(run->rows[i]);
	free(run->rows);
}

/* Says of each session that it is not logged off, as the peer refuses it. */
static void refuse(struct run *run, const struct targets *targets)
{
	for (size_t i = 0; i < targets->n_items; i++) {
		struct logoff_session *session = targets->items[i];
		struct logoff_outcome outcome = { .result = LOGOFF_E_DENIED, .cause = record_refused,
						  .exists = LOGOFF_EXISTS_YES,
						  .state = logoff_session_state(session) };

		note_status(run, record_action(targets->host, run->order, LOGOFF_ACTION_LOG_OFF, session, NULL,
					       LOGOFF_E_DENIED, &record_refused));
		say(stdout, run->order->serial, "result",
		    to_json_result(session, &outcome, to_json_session(session, arg_server), EXIT_DENIED));
		note_status(run, EXIT_DENIED);
	}
}

int log_off(struct logoff_host *host, struct order *order, int cancel_fd)
{
	struct run run = { .order = order };
	struct targets targets = {};

	if (!cancel_begin(&run.cancel, cancel_fd) || logoff_request_new(&run.request, host) < 0)
		run.status = say_host_failure(stdout, order->serial, NULL, LOGOFF_E_NO_MEMORY, NULL);
	else
		targets_find(&targets, host, order);
	note_status(&run, targets.status);
	if (order->refused)
		refuse(&run, &targets);
	else if (targets.n_items > 0)
		run_request(&run, &targets);
	logoff_request_free(run.request);
	targets_done(&targets);
	cancel_end(&run.cancel);
	return run.status;
}

/* ---- a message ---- */

static int say_delivery(struct logoff_host *host, const struct order *order, struct logoff_session *session,
			const struct logoff_delivery *delivery)
{
	json_t *row = to_json_session(session, arg_server);
	int status = (int)say_status(delivery->result);
	int recorded = record_action(host, order, LOGOFF_ACTION_MESSAGE, session, NULL,
				     (enum logoff_result)delivery->result, &delivery->cause);

	if (json_object_update_new(row, to_json_delivery(delivery)) < 0 ||
	    json_object_set_new(row, "exit_status", json_integer(status)) < 0) {
		json_decref(row);
		row = NULL;
	}
	say(stdout, order->serial, "delivery", row);
	return recorded > status ? recorded : status;
}

/* Says of each session that it gets no message, as the peer refuses it. */
static int refuse_message(struct logoff_host *host, const struct order *order, const struct targets *targets)
{
	const struct logoff_delivery none = { .result = LOGOFF_E_DENIED, .cause = record_refused };
	int status = EXIT_ENDED;

	for (size_t i = 0; i < targets->n_items; i++) {
		int one = say_delivery(host, order, targets->items[i], &none);

		status = one > status ? one : status;
	}
	return status;
}

static int deliver(struct logoff_host *host, const struct order *order, const struct targets *targets, int fd)
{
	struct logoff_message message = {
		.size = sizeof(message), .title = order->title, .text = order->text,
		.timeout_ms = order->time_s * 1000, .wait = order->answers,
	};
	struct logoff_delivery **deliveries = NULL;
	struct logoff_error cause = {};
	int status = EXIT_ENDED, r;

	r = logoff_host_message(host, &message, targets->items, targets->n_items, fd, &deliveries, &cause);
	if (r < 0)
		return say_host_failure(stdout, order->serial, NULL, r, &cause);
	for (size_t i = 0; i < targets->n_items; i++) {
		int one = say_delivery(host, order, targets->items[i], deliveries[i]);

		status = one > status ? one : status;
	}
	logoff_delivery_list_free(deliveries);
	return status;
}

int send_message(struct logoff_host *host, struct order *order, int cancel_fd)
{
	struct targets targets = {};
	struct cancel cancel;
	int status = EXIT_ENDED;

	if (!cancel_begin(&cancel, cancel_fd))
		status = say_host_failure(stdout, order->serial, NULL, LOGOFF_E_NO_MEMORY, NULL);
	else
		targets_find(&targets, host, order);
	if (order->refused)
		status = refuse_message(host, order, &targets);
	else if (targets.n_items > 0)
		status = deliver(host, order, &targets, cancel.either);
	status = status > targets.status ? status : targets.status;
	targets_done(&targets);
	cancel_end(&cancel);
	return status;
}
