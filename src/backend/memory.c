/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * memory.c - the back end of hosts that exist only in a text file: for tests, fuzzers and examples.
 *
 * A simulation on a clock of its own: wait() does not sleep but moves the clock to the next thing that happens, so a
 * log-off of 90 s is over at once and happens in the same way each time ("realtime" in the file makes it sleep). It
 * obeys the contract of backend.h to the letter and plays every trouble the other back ends were seen or feared to make:
 * whatever the procedure says of such a host can be held against what is in struct memory_world.
 * Where a real host would block for ever, wait() fails; where the procedure spins, it fails as well. More than 800 lines in one
 * file: every operation changes the same world.
 */
#include "backend/memory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend/audit.h"
#include "backend/table.h"
#include "base/array.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/os.h"
#include "backend/watch.h"

#define N_IDLE_MAX 1000
#define SHARED_LOOK_US 20000	/* so often a process that waits looks for what others have done */

/* What a struct logoff_session knows of its session in the world. */
struct handle {
	size_t session;			/* index */
	bool subscribed;
	uint64_t subscribed_us;
	uint64_t answer_us;		/* when the answer comes; MEMORY_NEVER: none is under way */
	int answer;
	bool may_authorize;
	bool manager_asked;		/* with success */
	bool leaving;			/* its desktop has been asked, and has not done it yet */
	bool proves;			/* with the answer the proof of identity has been given */
	struct logoff_error error;
};

static uint64_t later(uint64_t time_us, uint64_t delay_us)
{
	return delay_us >= MEMORY_NEVER - time_us ? MEMORY_NEVER : time_us + delay_us;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* ---- the world ---- */

static struct memory_unit *owner_of(const struct memory_world *world, const struct memory_process *process)
{
	if (process->part == HOST_SESSION)
		return &world->sessions[process->owner].unit;
	return &world->users[process->owner].manager;
}

static bool exists(const struct memory_world *world, const struct memory_unit *unit)
{
	return unit->born_us <= world->now_us && unit->gone_us > world->now_us;
}

static bool is_alive(const struct memory_world *world, const struct memory_process *process)
{
	return process->born_us <= world->now_us && process->end_us > world->now_us &&
	       owner_of(world, process)->born_us <= world->now_us;
}

/* The asking takes effect: SIGTERM to all. */
static void take_term(struct memory_world *world, struct memory_unit *unit)
{
	if (unit->termed || unit->term_us > world->now_us)
		return;
	unit->termed = true;
	if (unit->stuck)
		return;
	for (size_t i = 0; i < world->n_processes; i++) {
		struct memory_process *process = &world->processes[i];

		if (owner_of(world, process) == unit && is_alive(world, process))
			process->end_us = earlier(process->end_us, later(world->now_us, process->term_us));
	}
	if (unit->early)
		unit->gone_us = world->now_us;
}

static int fork_child(struct memory_world *world, size_t parent)
{
	struct memory_process *processes = array_grow(world->processes, world->n_processes, sizeof(*processes));
	struct memory_process child;

	if (!processes)
		return -ENOMEM;
	world->processes = processes;
	child = processes[parent];
	child.command = strdup(child.command);
	if (!child.command)
		return -ENOMEM;
	child.pid = world->next_pid++;
	child.born_us = world->now_us;
	child.end_us = MEMORY_NEVER;
	if (child.part == HOST_SESSION)
		child.end_us = world->sessions[child.owner].leaves_us;
	child.next_us = MEMORY_NEVER;
	child.caller = child.waits = false;
	processes[world->n_processes++] = child;
	return 0;
}

/* Processes that hop go on under another pid, those that fork get children. */
static int take_forks(struct memory_world *world)
{
	size_t n = world->n_processes;
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		struct memory_process *process = &world->processes[i];

		if (process->next_us > world->now_us || !is_alive(world, process))
			continue;
		if (process->hops_us) {
			process->pid = world->next_pid++;
			process->next_us = world->now_us + process->hops_us;
			continue;
		}
		process->next_us = --process->children ? world->now_us + process->forks_us : MEMORY_NEVER;
		if (world->n_processes < MEMORY_PROCESSES_MAX)
			r = fork_child(world, i);
	}
	return r;
}

static void count_processes(struct memory_world *world)
{
	for (size_t i = 0; i < world->n_sessions; i++)
		world->sessions[i].unit.n_alive = 0;
	for (size_t i = 0; i < world->n_users; i++)
		world->users[i].manager.n_alive = 0;
	for (size_t i = 0; i < world->n_processes; i++)
		if (is_alive(world, &world->processes[i]))
			owner_of(world, &world->processes[i])->n_alive++;
}

/* An empty unit goes once it has a reason to: its processes have ended, or it was told to. */
static void take_end(struct memory_world *world, struct memory_unit *unit, bool left)
{
	bool told = (unit->termed && !unit->stuck) || unit->killed || left;

	if (unit->born_us > world->now_us || unit->n_alive > 0 || unit->gone_us != MEMORY_NEVER)
		return;
	if ((told || unit->peopled) && (!unit->needs_kill || unit->killed))
		unit->gone_us = later(world->now_us, unit->stays_us);
}

/* Makes happen what is due now. */
static int step(struct memory_world *world)
{
	int r;

	for (size_t i = 0; i < world->n_sessions; i++)
		take_term(world, &world->sessions[i].unit);
	for (size_t i = 0; i < world->n_users; i++)
		take_term(world, &world->users[i].manager);
	r = take_forks(world);
	count_processes(world);
	for (size_t i = 0; i < world->n_users; i++)
		take_end(world, &world->users[i].manager, false);
	for (size_t i = 0; i < world->n_sessions; i++) {
		struct memory_session *session = &world->sessions[i];

		take_end(world, &session->unit, session->leaves_us <= world->now_us);
		if (session->follows && session->unit.born_us == MEMORY_NEVER &&
		    world->sessions[session->before].unit.gone_us <= world->now_us)
			session->unit.born_us = world->now_us;
	}
	return r;
}

/* ---- what happens next ---- */

/* Takes TIME_US for the next event if it lies ahead and before *NEXT_US. */
static void propose(const struct memory_world *world, uint64_t *next_us, uint64_t time_us)
{
	if (time_us > world->now_us && time_us < *next_us)
		*next_us = time_us;
}

static void propose_unit(const struct memory_world *world, uint64_t *next_us, const struct memory_unit *unit)
{
	propose(world, next_us, unit->born_us);
	if (!unit->termed)
		propose(world, next_us, unit->term_us);
	propose(world, next_us, unit->gone_us);
	propose(world, next_us, later(unit->gone_us, unit->notice_us));
}

/* When something happens in the world by itself. */
static uint64_t next_in_world(const struct memory_world *world)
{
	uint64_t next_us = MEMORY_NEVER;

	propose(world, &next_us, world->lost_us);
	propose(world, &next_us, world->speaks_us);
	for (size_t i = 0; i < world->n_sessions; i++) {
		propose_unit(world, &next_us, &world->sessions[i].unit);
		propose(world, &next_us, world->sessions[i].leaves_us);
		propose(world, &next_us, world->sessions[i].disconnects_us);
		propose(world, &next_us, world->sessions[i].desktop.found_us);
	}
	for (size_t i = 0; i < world->n_users; i++)
		propose_unit(world, &next_us, &world->users[i].manager);
	for (size_t i = 0; i < world->n_processes; i++) {
		const struct memory_process *process = &world->processes[i];

		propose(world, &next_us, process->end_us);
		if (is_alive(world, process))
			propose(world, &next_us, process->next_us);
	}
	return next_us;
}

/* The same for those who wait: answers are events too. */
static uint64_t next_event(struct logoff_host *host)
{
	struct memory_world *world = host->data;
	uint64_t next_us = next_in_world(world);

	for (size_t i = 0; i < host->n_watched; i++) {
		const struct handle *handle = host->watched[i]->data;

		next_us = earlier(next_us, handle->answer_us);
	}
	return next_us < world->now_us ? world->now_us : next_us;
}

/* ---- what happens elsewhere ---- */

static struct memory_unit *unit_at(struct memory_world *world, enum host_part part, size_t index)
{
	return part == HOST_SESSION ? &world->sessions[index].unit : &world->users[index].manager;
}

/* SIGKILL to all of UNIT. Returns whether all could be sent it. */
static bool kill_unit(struct memory_world *world, struct memory_unit *unit, bool last_act)
{
	bool all = true;

	unit->killed = true;
	unit->killed_us = world->now_us;
	for (size_t i = 0; i < world->n_processes; i++) {
		struct memory_process *process = &world->processes[i];

		if (owner_of(world, process) != unit || !is_alive(world, process))
			continue;
		if (process->foreign && !last_act) {
			all = false;
			continue;
		}
		if (process->caller && last_act)
			os_end_self();	/* as it would be on a real host */
		if (!process->caller)
			process->end_us = earlier(process->end_us, later(world->now_us, process->kill_us));
	}
	return all;
}

/* The session leaves, with all of its processes. */
static void end_session(struct memory_world *world, struct memory_session *session)
{
	session->leaves_us = world->now_us;
	for (size_t i = 0; i < world->n_processes; i++)
		if (owner_of(world, &world->processes[i]) == &session->unit && !world->processes[i].caller)
			world->processes[i].end_us = earlier(world->processes[i].end_us, world->now_us);
}

/* Has ACT take effect now. Returns what kill_unit() does. */
static bool apply(struct memory_world *world, const struct memory_act *act)
{
	bool is_process = act->type == MEMORY_ACT_ASK_PROCESS || act->type == MEMORY_ACT_KILL_PROCESS;
	bool is_unit = act->type == MEMORY_ACT_ASK || act->type == MEMORY_ACT_KILL;
	size_t n = is_process ? world->n_processes : act->part == HOST_SESSION ? world->n_sessions : is_unit ? world->n_users : 0;
	struct memory_unit *unit = is_process || act->index >= n ? NULL : unit_at(world, act->part, act->index);
	struct memory_process *process = is_process && act->index < n ? &world->processes[act->index] : NULL;
	uint64_t life_us;

	if (act->index >= n)	/* a wrong line */
		return true;
	switch (act->type) {

	case MEMORY_ACT_ASK:
		unit->termed = false;
		unit->term_us = world->now_us;
		break;
	case MEMORY_ACT_KILL:
		return kill_unit(world, unit, act->last_act);
	case MEMORY_ACT_DISCONNECT:
		world->sessions[act->index].disconnects_us = world->now_us;
		break;
	case MEMORY_ACT_ASK_PROCESS:
	case MEMORY_ACT_KILL_PROCESS:
		life_us = act->type == MEMORY_ACT_ASK_PROCESS ? process->term_us : process->kill_us;
		process->end_us = earlier(process->end_us, later(world->now_us, life_us));
		break;
	case MEMORY_ACT_END:
		end_session(world, &world->sessions[act->index]);
	}
	return true;
}

/* What is due until UNTIL_US happens, in its order. */
static int advance(struct memory_world *world, uint64_t until_us)
{
	uint64_t next_us;
	int r = 0;

	while (r == 0 && (next_us = next_in_world(world)) <= until_us && next_us > world->now_us) {
		world->now_us = next_us;
		r = step(world);
	}
	world->now_us = until_us > world->now_us ? until_us : world->now_us;
	return r < 0 ? r : step(world);
}

/* The world becomes what it is now for all who share it. Returns 0, -EHOSTUNREACH or -ENOMEM. */
static int catch_up(struct memory_world *world, struct logoff_error *reterr)
{
	struct memory_act act;
	uint64_t at_us;
	int r = 0;

	if (!world->share)
		return 0;
	while (r == 0 && (r = memory_share_next(world->share, &act, &at_us)) > 0) {
		r = advance(world, at_us);
		if (r == 0) {
			(void)apply(world, &act);
			r = step(world);
		}
	}
	if (r == 0)
		r = advance(world, clock_now_us() - world->real_start_us);
	return r == -EHOSTUNREACH ? error_set_errno(reterr, r, -ESTALE, "the description has been replaced") : r;
}

/* Does ACT, for all who share the world. *RET_ALL as of kill_unit(). */
static int act_now(struct memory_world *world, const struct memory_act *act, bool *ret_all)
{
	int r = 0;

	memory_share_lock(world->share, true);
	if (world->share)
		r = catch_up(world, NULL);
	if (r == 0 && world->share)
		r = memory_share_add(world->share, act, world->now_us);
	if (r == 0)
		*ret_all = apply(world, act);
	memory_share_lock(world->share, false);
	return r < 0 ? r : step(world);
}

/* ---- opening ---- */

static int lost(struct memory_world *world, struct logoff_error *reterr)
{
	if (catch_up(world, reterr) < 0)
		return -EHOSTUNREACH;
	if (world->lost_us > world->now_us)
		return 0;
	return error_set_errno(reterr, -EHOSTUNREACH, -ENOTCONN, "the connection to the host is lost");
}

/* A host that is there and does not answer. */
static int silent(const struct memory_world *world, struct logoff_error *reterr)
{
	if (world->silent_us > world->now_us || world->speaks_us <= world->now_us)
		return 0;
	return error_set_errno(reterr, -EAGAIN, -ETIMEDOUT, "the host does not answer");
}

/* Tells whether it can be asked. Returns 0, -EHOSTUNREACH or -EAGAIN. */
static int answers(struct memory_world *world, struct logoff_error *reterr)
{
	return lost(world, reterr) < 0 ? -EHOSTUNREACH : silent(world, reterr);
}

static int fail_as(const struct memory_fault *fault, const char *text, struct logoff_error *reterr)
{
	if (!text)
		text = "the description of the host wants this to fail";
	if (fault->name[0])
		return error_set_dbus(reterr, fault->r, fault->name, text);
	return error_set_errno(reterr, fault->r, fault->r, "%s", text);
}

int memory_attach(struct logoff_host *host, struct memory_world *world)
{
	for (size_t i = 0; i < world->n_processes; i++) {
		struct memory_process *process = &world->processes[i];

		if (process->part == HOST_SESSION && process->kill_us != MEMORY_NEVER)
			process->end_us = earlier(process->end_us, world->sessions[process->owner].leaves_us);
	}
	world->real_start_us = clock_now_us();
	world->real_start = clock_real_us();
	if (world->caller_real)
		memory_share_caller(world);
	host->data = world;
	host->now_us = 0;
	host->simulated = true;
	if (world->kind)
		host->kind = world->kind;
	return step(world);
}

/* Time 0 of a shared host is the moment at which its description was written. */
static int share(struct logoff_host *host, const char *path, struct logoff_error *reterr)
{
	struct memory_world *world = host->data;
	int r = memory_share_open(world, path);

	if (r < 0)
		return error_set_errno(reterr, -EINVAL, r, "%s: %s", path, strerror(-r));
	r = catch_up(world, reterr);
	host->now_us = world->now_us;
	return r;
}

static int memory_open(struct logoff_host *host, const char *argument, struct logoff_error *reterr)
{
	struct memory_world *world;
	int r;

	if (!argument || !*argument)
		return error_set_errno(reterr, -EINVAL, -EINVAL, "LOGOFF_HOST=memory:FILE needs the file");
	r = memory_load(&world, argument, reterr);
	if (r < 0)
		return r;
	if (world->open_fails.r)
		r = fail_as(&world->open_fails, NULL, reterr);
	else
		r = memory_attach(host, world);
	if (r == 0 && world->shared)
		r = share(host, argument, reterr);
	if (r < 0 && host->data != world)
		memory_world_free(world);
	return r;
}

static void memory_close(struct logoff_host *host)
{
	host->data = memory_world_free(host->data);
}

/* ---- sessions ---- */

static void memory_release(struct logoff_session *session)
{
	free(session->data);
}

static int name_session(const struct memory_session *from, char **ret_name)
{
	const char *name = from->console ? "console" : from->tty ? from->tty : from->display;
	char rdp[32];

	if (from->has_rdp && !from->console) {
		snprintf(rdp, sizeof(rdp), "rdp-tcp#%u", from->rdp);
		name = rdp;
	}
	*ret_name = name ? strndup(name, name == from->tty ? strcspn(name, ",") : strlen(name)) : NULL;
	return name && !*ret_name ? -ENOMEM : 0;
}

static enum logoff_state state_of(const struct memory_world *world, const struct memory_session *from)
{
	if (from->unit.termed && !from->unit.stuck)
		return LOGOFF_STATE_CLOSING;
	return from->disconnects_us <= world->now_us ? LOGOFF_STATE_DISCONNECTED : from->state;
}

/* Copies a text that may be NULL. Returns whether there was memory. */
static bool copy(char **ret, const char *text)
{
	*ret = text ? strdup(text) : NULL;
	return !text || *ret;
}

/* TTY names one terminal, or several with commas between. */
static bool add_terminals(struct logoff_session *session, const char *tty)
{
	char list[MEMORY_VALUE_MAX + 1], *rest = list;
	const char *one;

	snprintf(list, sizeof(list), "%s", tty ? tty : "");
	while ((one = strsep(&rest, ",")))
		if (*one && session_add_terminal(session, one) < 0)
			return false;
	return true;
}

static bool copy_texts(struct logoff_session *session, const struct memory_session *from)
{
	char rdp[32] = "";

	if (from->has_rdp && !from->display)
		snprintf(rdp, sizeof(rdp), ":%u", from->rdp);
	return copy(&session->id, from->id) && copy(&session->user, from->user_name) &&
	       copy(&session->protocol, from->protocol) && copy(&session->address, from->address) &&
	       copy(&session->client, from->client) && add_terminals(session, from->tty) &&
	       copy(&session->display, *rdp ? rdp : from->display);
}

static void tell_times(struct logoff_session *session, const struct memory_world *world,
		       const struct memory_session *from)
{
	if (from->idle_us != MEMORY_NEVER)
		session->idle_us = (int64_t)(from->idle_us + world->now_us);
	session->logon_us = from->logon_us;
	if (from->age_us == MEMORY_NEVER)
		return;
	session->logon_us = world->real_start - (int64_t)from->age_us;
	session->age_us = (int64_t)(from->age_us + world->now_us);
}

static enum logoff_kind kind_of(const struct memory_session *from)
{
	if (from->greeter)
		return LOGOFF_KIND_GREETER;
	return from->background ? LOGOFF_KIND_BACKGROUND : LOGOFF_KIND_USER;
}

/* Makes the snapshot of session number I. */
static int make(struct logoff_host *host, size_t i, struct logoff_session **ret_session)
{
	const struct memory_world *world = host->data;
	const struct memory_session *from = &world->sessions[i];
	struct logoff_session *session;
	struct handle *handle;
	int r;

	r = session_new(&session, host);
	if (r < 0)
		return r;
	handle = session->data = calloc(1, sizeof(*handle));
	r = name_session(from, &session->name);
	if (r < 0 || !handle || !copy_texts(session, from)) {
		logoff_session_free(session);
		return -ENOMEM;
	}
	handle->session = i;
	handle->answer_us = MEMORY_NEVER;
	session->uid = world->users[from->user].uid;
	session->state = state_of(world, from);
	session->current = from->current;
	session->graphical = from->desktop.name != NULL;
	session->own = from->own ? OWN_YES : from->own_unsure ? OWN_UNKNOWN : OWN_NO;
	session->unregistered = from->unregistered;
	session->unsure = from->unsure;
	session->console = from->console;
	session->kind = kind_of(from);
	tell_times(session, world, from);
	session->by_terminal = from->by_terminal;
	session->logon = i + 1;
	*ret_session = session;
	return 0;
}

static int memory_get(struct logoff_host *host, const char *id, struct logoff_session **ret_session,
		      struct logoff_error *reterr)
{
	struct memory_world *world = host->data;
	int r = answers(world, reterr);

	if (r < 0)
		return r;
	if (world->get_fails.r)
		return fail_as(&world->get_fails, NULL, reterr);
	for (size_t i = 0; i < world->n_sessions; i++) {
		const struct memory_session *session = &world->sessions[i];

		if (exists(world, &session->unit) && (id ? strcmp(session->id, id) == 0 : session->current))
			return make(host, i, ret_session);
	}
	if (!id)
		return error_set_errno(reterr, -ESRCH, -ESRCH, "the caller is in no session");
	return error_set_errno(reterr, -ENXIO, -ENXIO, "no such session");
}

static int memory_list(struct logoff_host *host, const char *name, struct session_list *list,
		       struct logoff_error *reterr)
{
	struct memory_world *world = host->data;
	struct logoff_session *session;
	int r = answers(world, reterr);

	(void)name; /* all: the hint would save nothing */
	if (r < 0)
		return r;
	if (world->list_fails.r)
		return fail_as(&world->list_fails, NULL, reterr);
	host->hides_processes = world->hides;
	for (size_t i = 0; r == 0 && i < world->n_sessions; i++) {
		if (!exists(world, &world->sessions[i].unit))
			continue;
		r = make(host, i, &session);
		if (r == 0)
			r = session_list_add(list, session);
	}
	return r;
}

static uint32_t uid_of(const struct memory_world *world, const struct memory_process *process)
{
	return world->users[process->part == HOST_SESSION ? world->sessions[process->owner].user : process->owner].uid;
}

/* Those of a service manager are in no session. */
static int memory_census(struct logoff_host *host, struct census *census, struct logoff_error *reterr)
{
	struct memory_world *world = host->data;
	int r = 0;

	if (lost(world, reterr) < 0)
		return -EHOSTUNREACH;
	if (world->census_fails.r)
		return fail_as(&world->census_fails, NULL, reterr);
	for (size_t i = 0; r == 0 && i < world->n_processes; i++) {
		const struct memory_process *process = &world->processes[i];
		const struct memory_session *session =
			process->part == HOST_SESSION ? &world->sessions[process->owner] : NULL;

		if (is_alive(world, process))
			r = census_add(census, (pid_t)process->pid, uid_of(world, process), NULL,
				       session ? session->id : NULL, process->command, (int64_t)process->born_us);
	}
	return r;
}

/* ---- asking and killing ---- */

static size_t index_of(const struct memory_world *world, const struct logoff_session *session, enum host_part part)
{
	const struct handle *handle = session->data;

	return part == HOST_SESSION ? handle->session : world->sessions[handle->session].user;
}

/* Whom the asking reaches: where the id is all that the host goes by, whoever has it now. */
static size_t asked_index(const struct memory_world *world, const struct logoff_session *session, enum host_part part)
{
	for (size_t i = 0; world->by_id && part == HOST_SESSION && i < world->n_sessions; i++)
		if (strcmp(world->sessions[i].id, session->id) == 0 && exists(world, &world->sessions[i].unit))
			return i;
	return index_of(world, session, part);
}

/* Has the caller Full Control? Own sessions are always theirs. */
static enum memory_control control_of(const struct memory_world *world, const struct logoff_session *session)
{
	if (session->current || session->uid == world->caller_uid)
		return MEMORY_CONTROL_YES;
	if (world->control == MEMORY_CONTROL_DEFAULT)
		return world->caller_uid == 0 ? MEMORY_CONTROL_YES : MEMORY_CONTROL_NO;
	if (world->control == MEMORY_CONTROL_PROOF && world->proven)
		return MEMORY_CONTROL_YES;
	return world->control;
}

static int memory_control(struct logoff_host *host, struct logoff_error *reterr)
{
	const struct memory_world *world = host->data;

	if (lost(host->data, reterr) < 0)
		return -EHOSTUNREACH;
	return world->control == MEMORY_CONTROL_DEFAULT ? world->caller_uid == 0 :
		world->control == MEMORY_CONTROL_YES || (world->control == MEMORY_CONTROL_PROOF && world->proven);
}

static int denied(struct logoff_error *reterr)
{
	return error_set_errno(reterr, -EACCES, -EACCES, "the caller has no control over the session");
}

/* What the asking will be answered, into HANDLE; *ret_delay_us is how long a proof of identity takes. */
static void decide(struct memory_world *world, struct logoff_session *session, struct memory_unit *unit,
		   bool interactive, uint64_t *ret_delay_us)
{
	struct handle *handle = session->data;
	enum memory_control control = control_of(world, session);
	bool proof = control == MEMORY_CONTROL_PROOF && interactive;

	*ret_delay_us = proof ? world->proof_us : 0;
	handle->proves = proof && !world->proof_fails;
	handle->may_authorize = control == MEMORY_CONTROL_PROOF && !interactive;
	handle->answer = silent(world, &handle->error);
	if (handle->answer < 0) {
		handle->proves = false;
	} else if (!exists(world, unit)) {
		handle->answer = error_set_errno(&handle->error, -ENXIO, -ENXIO, "no such session");
	} else if (control != MEMORY_CONTROL_YES && !handle->proves) {
		handle->answer = denied(&handle->error);
	} else if (unit->refuse.r) {
		handle->answer = fail_as(&unit->refuse, unit->refuse_text, &handle->error);
		if (unit->refusals && --unit->refusals == 0)
			unit->refuse.r = 0;
	}
}

static int memory_ask(struct logoff_host *host, struct logoff_session *session, enum host_part part, bool interactive,
		      struct logoff_error *reterr)
{
	struct memory_world *world = host->data;
	struct memory_act act = { .type = MEMORY_ACT_ASK, .part = part };
	struct handle *handle = session->data;
	struct memory_unit *unit;
	uint64_t delay_us;

	if (lost(world, reterr) < 0)
		return -EHOSTUNREACH;
	act.index = asked_index(world, session, part);
	unit = unit_at(world, part, act.index);
	if (unit->ask_fails.r)
		return fail_as(&unit->ask_fails, NULL, reterr);
	if (!handle->subscribed) {
		handle->subscribed = true;
		handle->subscribed_us = world->now_us;
	}
	decide(world, session, unit, interactive, &delay_us);
	handle->answer_us = later(later(world->now_us, delay_us), unit->answer_us);
	if (handle->answer < 0)
		return step(world);
	handle->manager_asked = part == HOST_MANAGER;
	if (delay_us == 0)
		return act_now(world, &act, &(bool){ true });
	unit->termed = false;
	unit->term_us = later(world->now_us, delay_us);
	return step(world);
}

/* Writes what its desktop has said by now into the facts. Returns whether that has changed them. */
static bool deliver_leaving(const struct memory_session *told, struct host_leave *facts, uint64_t now_us)
{
	unsigned n_held = facts->n_held;

	if (told->desktop.found_us > now_us)
		return false;
	snprintf(facts->desktop, sizeof(facts->desktop), "%s", told->desktop.name);
	snprintf(facts->held, sizeof(facts->held), "%s", told->desktop.objects ? told->desktop.objects : "");
	facts->n_held = told->desktop.objects != NULL;
	if (told->desktop.fails.r)
		facts->result = fail_as(&told->desktop.fails, NULL, &facts->error);
	else if (told->desktop.done_us <= now_us)
		facts->result = 0;
	facts->ended = facts->result == 0;
	return facts->result != HOST_PENDING || facts->n_held != n_held;
}

static void stop_leaving(struct memory_session *told, struct handle *handle, uint64_t now_us)
{
	if (handle->leaving && told->desktop.found_us > now_us)
		told->desktop.found_us = told->desktop.done_us = told->unit.term_us = MEMORY_NEVER;
	handle->leaving = false;
}

/* What the desktop does is what the asking would do, only later. */
static int memory_leave(struct logoff_host *host, struct logoff_session *session, uint64_t timeout_us, struct logoff_error *reterr)
{
	struct memory_world *world = host->data;
	struct handle *handle = session->data;
	struct memory_session *told = &world->sessions[handle->session];

	if (timeout_us == 0) {
		stop_leaving(told, handle, world->now_us);
		return 0;
	}
	if (lost(world, reterr) < 0)
		return -EHOSTUNREACH;
	if (!told->desktop.name || !exists(world, &told->unit))
		return -EOPNOTSUPP;
	if (control_of(world, session) != MEMORY_CONTROL_YES)
		return denied(reterr);
	if (!handle->subscribed) {
		handle->subscribed = true;
		handle->subscribed_us = world->now_us;
	}
	session->ending->leave = (struct host_leave){ .result = HOST_PENDING };
	handle->leaving = true;
	told->desktop.found_us = later(world->now_us, told->desktop.find_us);
	if (!told->desktop.fails.r) {
		told->desktop.done_us = later(told->desktop.found_us, told->desktop.logout_us);
		told->unit.termed = false;
		told->unit.term_us = told->desktop.done_us;
	}
	(void)deliver_leaving(told, &session->ending->leave, world->now_us);
	return step(world);
}

static int memory_prove(struct logoff_host *host, struct logoff_session *session, struct logoff_error *reterr)
{
	struct memory_world *world = host->data;
	struct handle *handle = session->data;

	if (lost(world, reterr) < 0)
		return -EHOSTUNREACH;
	handle->proves = !world->proof_fails;
	handle->answer = world->proof_fails ? denied(&handle->error) : 0;
	handle->may_authorize = false;
	handle->answer_us = later(world->now_us, world->proven ? 0 : world->proof_us);
	return 0;
}

static int memory_disconnect(struct logoff_host *host, struct logoff_session *session, struct logoff_error *reterr)
{
	struct memory_world *world = host->data;
	const struct handle *handle = session->data;
	struct memory_act act = { MEMORY_ACT_DISCONNECT, HOST_SESSION, handle->session, false };

	if (lost(world, reterr) < 0)
		return -EHOSTUNREACH;
	if (!world->sessions[handle->session].has_rdp)
		return host_no_disconnect(host, session, reterr);
	if (control_of(world, session) != MEMORY_CONTROL_YES)
		return denied(reterr);
	return act_now(world, &act, &(bool){ true });
}

static int memory_kill(struct logoff_host *host, struct logoff_session *session, enum host_part part, bool last_act,
		       struct logoff_error *reterr)
{
	struct memory_world *world = host->data;
	struct memory_act act = { MEMORY_ACT_KILL, part, index_of(world, session, part), last_act };
	const struct memory_unit *unit = unit_at(world, part, act.index);
	bool all = true;
	int r = answers(world, reterr);

	if (r < 0)
		return r;
	if (unit->kill_fails.r)
		return fail_as(&unit->kill_fails, NULL, reterr);
	if (control_of(world, session) != MEMORY_CONTROL_YES)
		return denied(reterr);
	r = act_now(world, &act, &all);
	return r == 0 && !all ? -EPERM : r;
}

/* The process of that number that lives; it is held by its place, as two may have one number after each other. */
static struct memory_process *find_held(struct memory_world *world, struct host_held *held, enum host_act act)
{
	for (size_t i = 0; act == HOST_ACT_HOLD && i < world->n_processes; i++)
		if ((pid_t)world->processes[i].pid == held->pid && is_alive(world, &world->processes[i]))
			held->data = (void *)(i + 1);	/* the array may move */
	return held->data ? &world->processes[(size_t)held->data - 1] : NULL;
}

static int memory_act(struct logoff_host *host, struct host_held *held, enum host_act act)
{
	struct memory_world *world = host->data;
	struct memory_process *process;
	struct memory_act done = { .type = act == HOST_ACT_ASK ? MEMORY_ACT_ASK_PROCESS : MEMORY_ACT_KILL_PROCESS };

	if (catch_up(world, NULL) < 0)
		return -EHOSTUNREACH;
	process = find_held(world, held, act);
	if (!process || !is_alive(world, process))
		return -ESRCH;
	if (act != HOST_ACT_ASK && act != HOST_ACT_KILL)
		return 0;
	if (process->foreign || (world->caller_uid != 0 && world->caller_uid != uid_of(world, process)))
		return -EACCES;
	done.index = (size_t)(process - world->processes);
	return act_now(world, &done, &(bool){ true });
}

static int memory_processes(struct logoff_host *host, struct logoff_session *session, enum host_part part,
			    struct process_list *list, struct logoff_error *reterr)
{
	struct memory_world *world = host->data;
	const struct memory_unit *unit = unit_at(world, part, index_of(world, session, part));
	int r = 0;

	(void)catch_up(world, NULL);	/* if it fails, they are those of the last time */
	if (unit->processes_fails.r)
		return fail_as(&unit->processes_fails, NULL, reterr);
	for (size_t i = 0; r == 0 && i < world->n_processes; i++) {
		const struct memory_process *process = &world->processes[i];

		if (owner_of(world, process) != unit || !is_alive(world, process))
			continue;
		r = process_list_add(list, (pid_t)process->pid, process->command);
		list->has_caller = list->has_caller || process->caller;
		list->n_waiting += process->waits;
	}
	return r;
}

static void memory_explain(struct process_list *list, struct logoff_host *host)
{
	const struct memory_world *world = host->data;

	for (size_t i = 0; i < list->n_items; i++)
		for (size_t k = 0; k < world->n_processes; k++)
			if ((pid_t)world->processes[k].pid == list->items[i].pid)
				list->items[i].stuck = world->processes[k].stuck;
}

static int memory_manager(struct logoff_host *host, struct logoff_session *session, enum host_manager *ret_manager,
			  struct logoff_error *reterr)
{
	struct memory_world *world = host->data;
	const struct handle *handle = session->data;
	const struct memory_user *user = &world->users[world->sessions[handle->session].user];
	int r = answers(world, reterr);
	bool needed = false;

	if (r < 0)
		return r;
	if (world->manager_fails.r)
		return fail_as(&world->manager_fails, NULL, reterr);
	for (size_t i = 0; i < world->n_sessions; i++) {
		const struct memory_session *other = &world->sessions[i];

		needed = needed ||
			 (i != handle->session && &world->users[other->user] == user && exists(world, &other->unit));
	}
	if (!user->has_manager || !exists(world, &user->manager))
		*ret_manager = HOST_MANAGER_NONE;
	else if (handle->manager_asked && (needed || user->lingers))
		*ret_manager = HOST_MANAGER_ENDING;
	else if (needed)
		*ret_manager = HOST_MANAGER_NEEDED;
	else
		*ret_manager = user->lingers ? HOST_MANAGER_LINGERS : HOST_MANAGER_UNNEEDED;
	return 0;
}

/* A described host leaves no record; the description may let it fail. */
static int memory_record(struct logoff_host *host, const struct host_record *record, struct logoff_error *reterr)
{
	const struct memory_world *world = host->data;

	(void)record;
	return world->record_fails.r ? fail_as(&world->record_fails, NULL, reterr) : 0;
}

/* ---- messages ---- */

static enum logoff_channel channel_of(const struct memory_session *session)
{
	if (session->mail.has_channel)
		return session->mail.channel;
	if (session->display || session->has_rdp)
		return LOGOFF_CHANNEL_DESKTOP;
	return session->tty ? LOGOFF_CHANNEL_TERMINAL : LOGOFF_CHANNEL_NONE;
}

/* Why the message does not reach the session. Returns 0 if it does. */
static int refuse_message(struct memory_world *world, const struct logoff_session *session,
			  const struct logoff_message *message, struct logoff_error *cause)
{
	const struct handle *handle = session->data;
	const struct memory_session *to = &world->sessions[handle->session];

	if (lost(world, cause) < 0)
		return -EHOSTUNREACH;
	if (!exists(world, &to->unit))
		return error_set_errno(cause, -ENXIO, -ENXIO, "no such session");
	if (control_of(world, session) != MEMORY_CONTROL_YES)
		return denied(cause);
	if (to->mail.fails.r)
		return fail_as(&to->mail.fails, NULL, cause);
	if (to->mail.wants && strcmp(to->mail.wants, message->text) != 0)
		return error_set_errno(cause, -EPROTO, -EPROTO, "it wants \"%s\" and got \"%s\"", to->mail.wants,
				       message->text);
	if (channel_of(to) == LOGOFF_CHANNEL_NONE)
		return error_set_errno(cause, -EOPNOTSUPP, -EOPNOTSUPP, "the session has neither a terminal nor a display");
	return 0;
}

static void deliver_message(struct logoff_host *host, struct logoff_session *session,
			    const struct logoff_message *message, struct logoff_delivery *delivery)
{
	struct memory_world *world = host->data;
	const struct handle *handle = session->data;
	const struct memory_session *to = &world->sessions[handle->session];
	uint64_t timeout_us = message->timeout_ms && message->timeout_ms < MEMORY_NEVER / 1000 ?
			      message->timeout_ms * 1000 : MEMORY_NEVER;

	delivery->result = refuse_message(world, session, message, &delivery->cause);
	if (delivery->result < 0)
		return;
	delivery->channel = channel_of(to);
	if (!message->wait || delivery->channel == LOGOFF_CHANNEL_TERMINAL || delivery->channel == LOGOFF_CHANNEL_PAGE)
		return;
	if (to->mail.answer != LOGOFF_ANSWER_NONE && to->mail.answer_us < timeout_us)
		delivery->answer = to->mail.answer;
	else if (timeout_us != MEMORY_NEVER)
		delivery->answer = LOGOFF_ANSWER_TIMEOUT;
	else
		delivery->result = error_set_errno(&delivery->cause, -EHOSTUNREACH, -EDEADLK,
						   "nothing will ever happen any more");
}

/* How long the answer to MESSAGE takes in real time; 0: nobody waits for one. */
static uint64_t answer_time_us(const struct memory_world *world, const struct logoff_session *session,
			       const struct logoff_message *message, const struct logoff_delivery *delivery)
{
	const struct memory_mail *mail = &world->sessions[((const struct handle *)session->data)->session].mail;

	if (delivery->answer == LOGOFF_ANSWER_NONE)
		return 0;
	return delivery->answer == LOGOFF_ANSWER_TIMEOUT ? message->timeout_ms * 1000 : mail->answer_us;
}

/* Waits for the last answer. Those that have not come when it is cancelled never come. */
static void wait_for_answers(struct memory_world *world, const struct logoff_message *message,
			     struct logoff_session *const *sessions, size_t n, struct logoff_delivery *deliveries,
			     int cancel_fd)
{
	uint64_t begin_us = clock_now_us(), longest_us = 0, took_us;

	for (size_t i = 0; i < n; i++) {
		uint64_t us = answer_time_us(world, sessions[i], message, &deliveries[i]);

		longest_us = us > longest_us ? us : longest_us;
	}
	if (!world->realtime || longest_us == 0 || os_wait(cancel_fd, longest_us) == 0)
		return;
	took_us = clock_now_us() - begin_us;
	for (size_t i = 0; i < n; i++)
		if (answer_time_us(world, sessions[i], message, &deliveries[i]) > took_us) {
			deliveries[i].answer = LOGOFF_ANSWER_NONE;
			deliveries[i].result = -ECANCELED;
		}
}

/* The virtual clock stands still meanwhile: all messages are delivered side by side. */
static int memory_message(struct logoff_host *host, const struct logoff_message *message,
			  struct logoff_session *const *sessions, size_t n_sessions,
			  struct logoff_delivery *deliveries, int cancel_fd)
{
	for (size_t i = 0; i < n_sessions; i++)
		deliver_message(host, sessions[i], message, &deliveries[i]);
	wait_for_answers(host->data, message, sessions, n_sessions, deliveries, cancel_fd);
	return 0;
}

/* ---- waiting ---- */

/* Writes what is known by now into the facts. Returns whether there was news. */
static bool deliver(struct logoff_host *host)
{
	struct memory_world *world = host->data;
	bool news = false;

	for (size_t i = 0; i < host->n_watched; i++) {
		struct logoff_session *session = host->watched[i];
		struct handle *handle = session->data;
		const struct memory_unit *unit = &world->sessions[handle->session].unit;

		if (handle->answer_us <= world->now_us) {
			handle->answer_us = MEMORY_NEVER;
			session->ending->asked = handle->answer;
			session->ending->may_authorize = handle->may_authorize;
			session->ending->asked_error = handle->error;
			world->proven = world->proven || handle->proves;
			news = true;
		}
		if (handle->leaving)
			news = deliver_leaving(&world->sessions[handle->session], &session->ending->leave, world->now_us) || news;
		handle->leaving = handle->leaving && session->ending->leave.result == HOST_PENDING;
		/* A notice that was sent before the subscription never comes. */
		if (!session->ending->removed && handle->subscribed && unit->gone_us >= handle->subscribed_us &&
		    later(unit->gone_us, unit->notice_us) <= world->now_us) {
			session->ending->removed = true;
			news = true;
		}
	}
	return news;
}

/* Lets the time pass to UNTIL_US, or, with a real clock, to the moment of the cancellation. */
static int pass_time(struct memory_world *world, uint64_t until_us, int cancel_fd)
{
	uint64_t real_us = clock_now_us() - world->real_start_us;

	if (os_wait(cancel_fd, world->realtime && real_us < until_us ? until_us - real_us : 0) == 0) {
		world->now_us = until_us;
		return 0;
	}
	real_us = clock_now_us() - world->real_start_us;
	if (world->realtime && real_us > world->now_us && real_us < until_us)
		world->now_us = real_us;
	return -ECANCELED;
}

static int wait_once(struct logoff_host *host, uint64_t until_us, int cancel_fd, bool *ret_news,
		     struct logoff_error *reterr)
{
	struct memory_world *world = host->data;
	uint64_t next_us = earlier(next_event(host), until_us);
	int r;

	if (world->share)	/* what others do is an event that nobody can foresee */
		next_us = earlier(next_us, world->now_us + SHARED_LOOK_US);
	if (next_us == MEMORY_NEVER)
		return error_set_errno(reterr, -EHOSTUNREACH, -EDEADLK, "nothing will ever happen any more");
	r = pass_time(world, next_us > world->now_us ? next_us : world->now_us, cancel_fd);
	host->now_us = world->now_us;
	if (r < 0)
		return error_set_errno(reterr, r, r, "cancelled");
	r = step(world);
	*ret_news = deliver(host);
	return r < 0 ? r : lost(world, reterr);
}

static int memory_wait(struct logoff_host *host, uint64_t until_us, int cancel_fd, struct logoff_error *reterr)
{
	struct memory_world *world = host->data;
	uint64_t start_us = world->now_us;
	bool news = false;
	int r;

	do {
		r = wait_once(host, until_us, cancel_fd, &news, reterr);
	} while (r == 0 && world->quiet && !news && world->now_us < until_us);
	world->n_idle = world->now_us == start_us && !news ? world->n_idle + 1 : 0;
	if (r == 0 && world->n_idle > N_IDLE_MAX)
		return error_set_errno(reterr, -ELOOP, -ELOOP,
				       "the procedure waits without end for a time that has come");
	return r;
}

/* ---- watching ---- */

/*
 * Goes on to the next event, if its time has come: without "realtime" it always has. A host to which nothing will happen any more
 * is over then; one of real time is simply quiet.
 */
static int memory_take(struct host_watch *watch, struct logoff_error *reterr)
{
	struct memory_world *world = watch->host->data;
	uint64_t next_us = next_event(watch->host), real_us = clock_now_us() - world->real_start_us;
	int r;

	if (world->realtime && next_us > real_us) {
		watch_timer_set(watch->data, next_us == MEMORY_NEVER ? MEMORY_NEVER : world->real_start_us + next_us);
		return 0;
	}
	watch_timer_set(watch->data, 0);	/* there may be another one */
	r = wait_once(watch->host, next_us, -1, &(bool){ false }, reterr);
	return r < 0 ? r : 1;
}

static int memory_watch(struct host_watch *watch, struct logoff_error *reterr)
{
	int r = watch_by_looks(watch, reterr);

	if (r < 0)
		return r;
	watch_timer_set(watch->data, 0);
	watch->take = memory_take;
	return 0;
}

const struct host_backend host_memory = {
	.name = "memory",
	.open = memory_open,
	.close = memory_close,
	.release = memory_release,
	.get = memory_get,
	.list = memory_list,
	.may_have_user = host_may_have_any_user,
	.census = memory_census,
	.act = memory_act,
	.end_others = host_no_end_others,
	.disconnect = memory_disconnect,
	.ask = memory_ask,
	.leave = memory_leave,
	.prove = memory_prove,
	.kill = memory_kill,
	.processes = memory_processes,
	.explain = memory_explain,
	.manager = memory_manager,
	.desktop = host_no_desktop,
	.fill = host_no_fill,
	.record = memory_record,
	.identify = host_no_identify,
	.control = memory_control,
	.name_person = audit_name_person,
	.message = memory_message,
	.wait = memory_wait,
	.watch = memory_watch,
};
