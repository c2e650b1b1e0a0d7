/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-truth.h - what must be true of every log-off on every host, whatever happened: the judge of tests and fuzzer.
 *
 * A memory host knows what really became of its processes. The judge reads each event and each result, and holds
 * them against that. It knows nothing of how the procedure works, only what logoff.h promises.
 */
#ifndef CORE_TEST_TRUTH_H
#define CORE_TEST_TRUTH_H

#include <errno.h>

#include "backend/memory.h"
#include "core/request.h"

struct truth {
	struct logoff_host *host;
	uint64_t grace_us, wait_us;
	bool console;	 /* /console was given */
	bool asked;	 /* a session has been asked to end */
	bool starved;	 /* memory is made to run out */
	const char *lie; /* the first thing that was not true, or NULL */
};

static void truth_require(struct truth *truth, bool condition, const char *lie)
{
	if (!condition && !truth->lie)
		truth->lie = lie;
}

static bool truth_exists(const struct memory_world *world, const struct memory_unit *unit)
{
	return unit->born_us <= world->now_us && unit->gone_us > world->now_us;
}

/* Counts what lives of a part, but for the caller and those who wait for it. */
static size_t truth_count(const struct memory_world *world, enum host_part part, size_t owner)
{
	size_t n = 0;

	for (size_t i = 0; i < world->n_processes; i++) {
		const struct memory_process *process = &world->processes[i];
		const struct memory_unit *unit = process->part == HOST_SESSION ? &world->sessions[process->owner].unit
									       : &world->users[process->owner].manager;

		n += process->part == part && process->owner == owner && !process->caller && !process->waits &&
		     process->born_us <= world->now_us && process->end_us > world->now_us &&
		     unit->born_us <= world->now_us;
	}
	return n;
}

/* The session's place in the world: its logon is made of it. */
static size_t truth_place(const struct logoff_session *session)
{
	return (size_t)session->logon - 1;
}

static void truth_check_gone(struct truth *truth, const struct logoff_session *session)
{
	const struct memory_world *world = truth->host->data;
	size_t place = truth_place(session);
	const struct memory_session *in_world = &world->sessions[place];

	truth_require(truth,
		      in_world->unit.processes_fails.r == -EOPNOTSUPP || truth_count(world, HOST_SESSION, place) == 0,
		      "a session is called gone whose processes live");
	truth_require(truth, session->current || !truth_exists(world, &in_world->unit),
		      "a session is called gone that exists");
}

/* Nobody but this session needed the service manager when it was asked to end; the event comes with the answer. */
static void truth_check_manager(struct truth *truth, const struct logoff_session *session)
{
	const struct memory_world *world = truth->host->data;
	size_t place = truth_place(session);
	const struct memory_user *user = &world->users[world->sessions[place].user];

	truth_require(truth, !user->lingers, "the manager of a lingerer is asked");
	for (size_t i = 0; i < world->n_sessions; i++)
		truth_require(truth,
			      i == place || &world->users[world->sessions[i].user] != user ||
				      !truth_exists(world, &world->sessions[i].unit) ||
				      world->sessions[i].unit.born_us >= user->manager.term_us,
			      "a manager is asked that is needed");
}

static void truth_hear(const struct logoff_event *event, void *userdata)
{
	struct truth *truth = userdata;
	const struct memory_world *world = truth->host->data;
	size_t user = event->session ? world->sessions[truth_place(event->session)].user : 0;

	switch (event->type) {
	case LOGOFF_EVENT_WARNED:
		truth_require(truth, !truth->asked, "a user is warned after the asking has begun");
		truth_require(truth, event->session->kind != LOGOFF_KIND_GREETER, "a login screen is warned");
		break;
	case LOGOFF_EVENT_COUNTDOWN:
	case LOGOFF_EVENT_RESULT:
	case LOGOFF_EVENT_FOLLOWED:
		break;
	case LOGOFF_EVENT_LEAVE_HELD:
	case LOGOFF_EVENT_LEAVE_DONE:
	case LOGOFF_EVENT_LEAVE_FAILED:
		break;
	case LOGOFF_EVENT_LEAVE_ASK:
		truth_require(truth, !event->session->current && event->session->own == OWN_NO, "the caller's own desktop is asked");
		truth_require(truth, truth->grace_us > 0, "a desktop is asked where nobody has time");
		truth->asked = true;
		break;
	case LOGOFF_EVENT_ASK:
		truth->asked = true;
		break;
	case LOGOFF_EVENT_DESKTOP_ASK:	/* hosts in memory have none */
	case LOGOFF_EVENT_DESKTOP_GONE:
	case LOGOFF_EVENT_MANAGER_LINGERS:
	case LOGOFF_EVENT_MANAGER_NEEDED:
		break;
	case LOGOFF_EVENT_KILL:
	case LOGOFF_EVENT_DESKTOP_KILL:
	case LOGOFF_EVENT_MANAGER_KILL:
		truth_require(truth, event->elapsed_us >= truth->grace_us, "the grace was not over");
		break;
	case LOGOFF_EVENT_GONE:
		truth_require(truth,
			      !event->session->current ||
				      world->sessions[truth_place(event->session)].unit.gone_us <= world->now_us,
			      "the caller's own session is called gone");
		truth_check_gone(truth, event->session);
		break;
	case LOGOFF_EVENT_ALONE:
		truth_check_gone(truth, event->session);
		break;
	case LOGOFF_EVENT_MANAGER_ASK:
		truth_check_manager(truth, event->session);
		break;
	case LOGOFF_EVENT_MANAGER_GONE:
		truth_require(truth,
			      world->users[user].manager.processes_fails.r == -EOPNOTSUPP ||
				      truth_count(world, HOST_MANAGER, user) == 0,
			      "a manager is called gone that lives");
		break;
	}
}

/* A session that must not be touched has neither been asked nor killed. */
static void truth_check_untouched(struct truth *truth, size_t place)
{
	const struct memory_world *world = truth->host->data;
	const struct memory_unit *unit = &world->sessions[place].unit;

	truth_require(truth, !unit->termed && !unit->killed, "a session was touched that must not be");
}

static bool truth_is_forbidden(const struct memory_world *world, const struct logoff_session *session)
{
	bool control = world->control == MEMORY_CONTROL_DEFAULT ? world->caller_uid == 0
								: world->control == MEMORY_CONTROL_YES || world->proven;

	return !session->current && session->uid != world->caller_uid && !control;
}

static void truth_check_rules(struct truth *truth, const struct logoff_session *session, int result)
{
	const struct memory_world *world = truth->host->data;
	bool protected = session->kind == LOGOFF_KIND_GREETER || (session->console && !session->current && !truth->console);

	/* One that waits for its turn may be cancelled, change, or end before the rules are looked at. */
	truth_require(truth,
		      protected ? result == -EPERM || result == -ECANCELED || result == -EHOSTUNREACH || result == -ESTALE ||
					  (result == 0 && !truth_exists(world, &world->sessions[truth_place(session)].unit))
				: result != -EPERM,
		      "protected sessions, and no others, are refused by rule");
	if (protected || result == -ESTALE || truth_is_forbidden(world, session))
		truth_check_untouched(truth, truth_place(session));
}

/* What is said of a session that did not end. */
static void truth_check_left(struct truth *truth, const struct logoff_request *request, size_t i)
{
	const struct logoff_session *session = logoff_request_session(request, i);
	const struct memory_world *world = truth->host->data;
	const struct logoff_outcome *outcome = logoff_request_outcome(request, i);
	size_t place = truth_place(session), n = outcome->n_left, alive, managed;
	enum logoff_existence exists = outcome->exists;

	truth_require(truth, exists != 0 || !truth_exists(world, &world->sessions[place].unit),
		      "a session that exists is said not to");
	truth_require(truth,
		      exists >= 0 || truth->starved || world->get_fails.r || world->lost_us <= world->now_us ||
			      world->silent_us <= world->now_us ||
			      request->jobs[i].result == -EPERM,
		      "it could have been asked whether it exists");
	truth_require(truth,
		      !outcome->is_manager || session->current ||
			      !truth_exists(world, &world->sessions[place].unit),
		      "a result is said to be the manager's whose session exists");
	/* What follows was true when the result was found; with other sessions time has gone on. */
	if (logoff_request_count(request) > 1 || truth->starved || request->jobs[i].result == -EPERM)
		return;
	truth_require(truth, exists != 1 || truth_exists(world, &world->sessions[place].unit),
		      "a session that is gone is said to exist");
	truth_require(truth,
		      exists != 1 || outcome->state ==
					     (world->sessions[place].unit.termed && !world->sessions[place].unit.stuck
						      ? LOGOFF_STATE_CLOSING
						      : world->sessions[place].state),
		      "the state of a session that exists is not its state");
	if (request->jobs[i].result == -ESTALE)	/* it was left alone: nobody looked */
		return;
	if (session->current || world->sessions[place].unit.processes_fails.r ||
	    world->users[world->sessions[place].user].manager.processes_fails.r)
		return;
	alive = truth_count(world, HOST_SESSION, place);
	managed = truth_count(world, HOST_MANAGER, world->sessions[place].user);
	truth_require(truth, n == alive || (alive == 0 && n == managed), "it lists other processes than those left");
}

static void truth_check_result(struct truth *truth, const struct logoff_request *request, size_t i)
{
	const struct logoff_session *session = logoff_request_session(request, i);
	const struct memory_world *world = truth->host->data;
	const struct logoff_outcome *outcome = logoff_request_outcome(request, i);
	const struct logoff_error *cause = &outcome->cause;
	int result = request->jobs[i].result;

	truth_check_rules(truth, session, result);
	truth_require(truth, result <= 0, "a result is 0 or a negative errno");
	truth_require(truth, result != -ELOOP, "the procedure spins");
	truth_require(truth,
		      result != -EHOSTUNREACH || cause->number != EDEADLK || world->control == MEMORY_CONTROL_PROOF,
		      "the procedure would wait for ever");
	truth_require(truth,
		      (result != -EACCES && result != -EPERM && result != -EHOSTUNREACH && result != -EPROTO) ||
			      cause->domain != LOGOFF_ERROR_NONE,
		      "a failure without its cause");
	truth_require(truth,
		      world->control == MEMORY_CONTROL_PROOF || outcome->elapsed_us <= truth->wait_us,
		      "it took longer than allowed");
	if (result < 0) {
		truth_check_left(truth, request, i);
		return;
	}
	truth_check_gone(truth, session);
	truth_require(truth, outcome->n_left == 0 && outcome->exists == LOGOFF_EXISTS_NO,
		      "something is left of a session that has ended");
}

/* No process of a manager may be left if all sessions of its user were logged off with success. */
static void truth_check_user(struct truth *truth, const struct logoff_request *request, size_t user)
{
	const struct memory_world *world = truth->host->data;
	size_t n_sessions = 0, n_ended = 0;

	for (size_t i = 0; i < world->n_sessions; i++)
		n_sessions += world->sessions[i].user == user;
	for (size_t i = 0; i < logoff_request_count(request); i++)
		n_ended += world->sessions[truth_place(logoff_request_session(request, i))].user == user &&
			   request->jobs[i].result == 0;
	if (n_sessions == 0 || n_ended < n_sessions || !world->users[user].has_manager || world->users[user].lingers ||
	    world->users[user].manager.processes_fails.r)
		return;
	truth_require(truth, truth_count(world, HOST_MANAGER, user) == 0, "an unneeded manager was left alive");
}

/* A user who came back before their service manager was asked must not lose it. */
static void truth_check_returned(struct truth *truth, size_t user)
{
	const struct memory_world *world = truth->host->data;
	const struct memory_unit *manager = &world->users[user].manager;

	if (world->control == MEMORY_CONTROL_PROOF)	/* the asking has its effect later */
		return;
	for (size_t i = 0; i < world->n_sessions; i++) {
		const struct memory_session *session = &world->sessions[i];
		const struct memory_unit *unit = &session->unit;

		if (session->user != user || session->current)
			continue;
		truth_require(truth, manager->term_us == MEMORY_NEVER || unit->born_us >= manager->term_us ||
				     unit->gone_us <= manager->term_us, "a manager was asked that was needed");
		truth_require(truth, !manager->killed || unit->born_us >= manager->term_us ||
				     unit->gone_us <= manager->killed_us, "a manager was killed that was needed");
	}
}

/* Judges a request that has run. Returns what is not true, or NULL. */
static const char *truth_judge(struct truth *truth, const struct logoff_request *request)
{
	const struct memory_world *world = truth->host->data;

	for (size_t i = 0; i < logoff_request_count(request); i++)
		truth_check_result(truth, request, i);
	for (size_t i = 0; i < world->n_users; i++)
		truth_check_user(truth, request, i);
	for (size_t i = 0; i < world->n_users; i++)
		truth_check_returned(truth, i);
	for (size_t place = 0; place < world->n_sessions; place++) {
		bool meant = false;

		for (size_t i = 0; i < logoff_request_count(request); i++)
			meant = meant || truth_place(logoff_request_session(request, i)) == place;
		if (!meant)
			truth_check_untouched(truth, place);
	}
	return truth->lie;
}

#endif
