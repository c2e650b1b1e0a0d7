/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * family.c - see family.h.
 *
 * Why it is more than a loop over /proc: between reading of a process and signalling it the process may end and its
 * number may be given to another, and a chain of processes that fork and exit at full speed can always be one number
 * ahead. Against the first: open a pidfd, then check marks and start time again, and only then believe it. Against the
 * second: after each walk the numbers given out meanwhile are looked up directly, newest last; while killing, each new
 * member is killed where it is found; and a process group whose every visible process is a member is killed as one,
 * which no fork escapes.
 *
 * Membership by audit session or cgroup is asked anew at each scan: a member that opens a login session of its own
 * (login, sshd) has left. Membership by terminal is kept for life, because a daemon that drops its terminal says
 * nothing else of where it came from; and since the end of the first process on a terminal takes the terminal from all
 * others, whoever is in one kernel session with a member is a member too (it can only have inherited it).
 */
#include "local/family.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/clock.h"
#include "local/held.h"
#include "local/service.h"

#define EMPTY_SCANS 3	     /* in a row, until a family counts as gone */
#define KILL_ROUNDS 20	     /* of scanning and killing, while new members are found */
#define SERVICES_US 500000   /* a service may be restarted at any time, and writes its pid file a moment later */

struct member {
	struct held held;
	bool seen; /* by the present scan */
};

/* One process of the present walk over /proc. */
struct sight {
	struct proc_stat stat;
	bool foreign; /* has an audit session of its own, so that ancestry does not count */
	bool member;
	bool ended; /* before it could be taken for a member */
};

struct family {
	struct family_marks marks;
	char *cgroup;
	uint32_t ambient; /* audit session of process 1: a container inherits it, it says nothing */
	struct member *members; /* by pid */
	size_t n_members;
	struct sight *sights; /* by pid once the walk is over */
	size_t n_sights, n_walked; /* those of the walk come first */
	struct services services; /* that have one of the marks; none where they are not spared */
	uint64_t services_us;	  /* monotonic: when they were found */
	pid_t *sessions; /* by terminal: the kernel sessions of the members found by the last scan, in order */
	size_t n_sessions;
	size_t n_unnamed;  /* in the cgroup, of another pid namespace: they can be neither held nor signalled */
	bool blind;	  /* /proc shows us no processes but our own */
	bool hidden;	  /* the present scan could not look at everybody */
	bool unsure;	  /* the same, as too many were born meanwhile, or moved about in the cgroup: the next may */
	size_t n_new;	  /* members found by the present scan */
	unsigned n_empty; /* scans in a row that have found nobody */
	int on_sight;	  /* signal that a new member gets at once, or 0 */
};

/* ---- services ---- */

/* Finds the services that were started in the session. One of before it has none of its marks, and lets its own user in. */
static int find_services(struct family *family)
{
	struct process_list in_cgroup = {};
	struct services all = {};
	size_t n = 0;
	int r = services_find(&all);

	if (r < 0)
		return r;
	if (family->cgroup && all.n_items > 0)
		r = proc_list_cgroup(family->cgroup, &in_cgroup);
	for (size_t i = 0; i < all.n_items; i++) {
		struct service *service = &all.items[i];
		uint32_t audit = PROC_NO_AUDIT;

		(void)proc_read_audit_session(service->pid, &audit);
		if (audit == PROC_NO_AUDIT || audit == family->ambient)	/* its login uid says as little */
			service->starter = family->marks.user;
		if ((audit != PROC_NO_AUDIT && audit == family->marks.audit_session) || process_list_has(&in_cgroup, service->pid))
			all.items[n++] = *service;
	}
	process_list_clear(&in_cgroup);
	if (r < 0 && r != -EAGAIN) {	/* a group in which nobody stays has no services */
		free(all.items);
		return r;
	}
	free(family->services.items);
	family->services = (struct services){ all.items, n };
	family->services_us = clock_now_us();
	return 0;
}

/* Tells whether AUDIT is the audit session of another login, which came by a server that somebody started in the session. */
static bool is_of_others(const struct family *family, uint32_t audit)
{
	return audit != PROC_NO_AUDIT && audit != family->ambient && family->marks.own_audit != PROC_NO_AUDIT &&
	       audit != family->marks.own_audit;
}

/* Tells whether a process of the cgroup is spared. Returns 1, 0, or -errno. */
static int is_spared(const struct family *family, const struct proc_stat *stat)
{
	uint32_t audit;
	int r;

	if (!family->marks.spare_services)
		return 0;
	r = proc_read_audit_session(stat->pid, &audit);
	return r < 0 ? r : is_of_others(family, audit) || services_have(&family->services, stat);
}

int family_list_spared(const struct family *family, struct process_list *list)
{
	struct process_list all = {};
	struct proc_stat stat;
	int r = family->marks.spare_services && family->cgroup ? proc_list_cgroup(family->cgroup, &all) : 0;

	for (size_t i = 0; r >= 0 && i < all.n_items; i++)
		if (proc_read_stat(all.items[i].pid, &stat) >= 0 && is_spared(family, &stat) > 0)
			r = process_list_add(list, stat.pid, stat.command);
	process_list_clear(&all);
	return r == -EAGAIN ? 0 : r;
}

/* ---- making ---- */

int family_new(struct family **ret_family, const struct family_marks *marks)
{
	struct family *family = calloc(1, sizeof(*family));
	int r;

	if (!family)
		return -ENOMEM;
	family->marks = *marks;
	if (marks->cgroup) {
		family->cgroup = strdup(marks->cgroup);
		if (!family->cgroup) {
			family_free(family);
			return -ENOMEM;
		}
	}
	family->ambient = proc_ambient_audit_session();
	if (family->marks.audit_session == family->ambient)
		family->marks.audit_session = PROC_NO_AUDIT;
	family->blind = proc_hides();
	r = marks->spare_services ? find_services(family) : 0;
	if (r < 0)
		family_free(family);
	else
		*ret_family = family;
	return r;
}

struct family *family_free(struct family *family)
{
	if (!family)
		return NULL;
	for (size_t i = 0; i < family->n_members; i++)
		held_close(&family->members[i].held);
	free(family->members);
	free(family->sights);
	free(family->services.items);
	free(family->sessions);
	free(family->cgroup);
	free(family);
	return NULL;
}

/* ---- members ---- */

/* The place of PID among the members: where it is, or where it would be. */
static size_t find_place(const struct family *family, pid_t pid)
{
	return array_place(family->members, family->n_members, sizeof(*family->members), (uint32_t)pid);
}

static struct member *find_member(const struct family *family, const struct proc_stat *stat)
{
	size_t place = find_place(family, stat->pid);
	struct member *member;

	if (place == family->n_members)
		return NULL;
	member = &family->members[place];
	return member->held.stat.pid == stat->pid && member->held.stat.start_time == stat->start_time ? member : NULL;
}

static void drop_member(struct family *family, size_t place)
{
	held_close(&family->members[place].held);
	family->n_members--;
	memmove(&family->members[place], &family->members[place + 1],
		(family->n_members - place) * sizeof(*family->members));
}

static int insert_member(struct family *family, const struct member *member)
{
	size_t place = find_place(family, member->held.stat.pid);
	struct member *grown;

	if (place < family->n_members && family->members[place].held.stat.pid == member->held.stat.pid)
		drop_member(family, place); /* it has ended; its number was given again */
	grown = array_grow(family->members, family->n_members, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	family->members = grown;
	memmove(&family->members[place + 1], &family->members[place],
		(family->n_members - place) * sizeof(*family->members));
	family->members[place] = *member;
	family->n_members++;
	family->n_new++;
	return 0;
}

/* Tells whether the member has surely not ended, so that its group's number cannot have been given again. */
static bool is_alive(const struct member *member)
{
	return member->held.pidfd >= 0 && held_is_alive(&member->held);
}

/* R says why a process was not looked at: that it has ended is fine, that it is hidden is noted. Returns 0 or -errno. */
static int unseen(struct family *family, int r)
{
	family->hidden = family->hidden || r == -EACCES || r == -EPROTO;
	return r == -ESRCH || r == -EACCES || r == -EPROTO || r > 0 ? 0 : r;
}

/*
 * Tells whether the process, where an audit session is the mark, still is in it. Returns 1, 0, or -errno if it cannot be
 * told, as a program can become another user's, and hidden from us, at any time.
 */
static int is_still(const struct family *family, pid_t pid, bool by_audit)
{
	uint32_t audit;
	int r = by_audit ? proc_read_audit_session(pid, &audit) : 0;

	return r < 0 ? r : !by_audit || audit == family->marks.audit_session;
}

/* Makes the process a member, or notes that it still is one. Returns 1, 0 if it is none after all, or -errno. */
static int adopt(struct family *family, const struct proc_stat *stat, bool by_audit)
{
	struct member *known = find_member(family, stat);
	struct member member = { .held.stat = *stat, .seen = true };
	int r;

	if (stat->pid <= 1 || stat->pid == getpid())
		return 0;
	if (known) {
		known->held.stat = *stat;
		known->seen = true;
		return 1;
	}
	r = held_open(&member.held);
	if (r < 0)
		return unseen(family, r);
	r = is_still(family, stat->pid, by_audit);
	if (r > 0) {
		if (family->on_sight)
			(void)held_signal(&member.held, family->on_sight); /* a refusal is met again below */
		r = insert_member(family, &member);
		if (r == 0)
			return 1;
	} else if (r < 0) {
		r = unseen(family, r);
	}
	held_close(&member.held);
	return r;
}

/* The same for a process that is hidden from us and named by the cgroup. */
static int adopt_hidden(struct family *family, pid_t pid)
{
	struct member member = { .held.stat.pid = pid, .seen = true };
	size_t place = find_place(family, pid);
	int r;

	if (pid <= 1)
		return 0;
	if (place < family->n_members && family->members[place].held.stat.pid == pid && is_alive(&family->members[place])) {
		family->members[place].seen = true;
		return 1;
	}
	if (held_open(&member.held) < 0)
		return 0;
	r = insert_member(family, &member);
	if (r < 0)
		held_close(&member.held);
	return r < 0 ? r : 1;
}

/* ---- the walk over /proc ---- */

/* Notes the kernel sessions of the members. 0 is one outside of our pid namespace, 1 that of process 1. */
static int note_sessions(struct family *family)
{
	pid_t *sessions = reallocarray(family->sessions, family->n_members + 1, sizeof(*sessions));

	if (!sessions)
		return -ENOMEM;
	family->sessions = sessions;
	family->n_sessions = 0;
	for (size_t i = 0; i < family->n_members; i++)
		if (family->members[i].held.stat.session > 1)
			sessions[family->n_sessions++] = family->members[i].held.stat.session;
	qsort(sessions, family->n_sessions, sizeof(*sessions), array_compare);
	return 0;
}

/* Tells whether the process is one of a terminal's family by what it shows itself. */
static bool is_of_terminal(const struct family *family, const struct proc_stat *stat)
{
	const struct family_marks *marks = &family->marks;

	if (marks->terminal_session ? stat->session == marks->terminal_session : stat->terminal == marks->terminal)
		return true;
	if (find_member(family, stat))
		return true;
	return family->n_sessions > 0 &&
	       bsearch(&stat->session, family->sessions, family->n_sessions, sizeof(pid_t), array_compare);
}

/* Sees one process: by its own marks it is a member at once. */
static int see(const struct proc_stat *stat, void *userdata)
{
	struct family *family = userdata;
	const struct family_marks *marks = &family->marks;
	struct sight sight = { .stat = *stat };
	uint32_t audit = PROC_NO_AUDIT;
	bool by_audit;
	int r;

	if (marks->audit_session != PROC_NO_AUDIT || marks->terminal) {
		r = proc_read_audit_session(stat->pid, &audit);
		if (r < 0)
			return unseen(family, r);
	}
	by_audit = audit != PROC_NO_AUDIT && audit == marks->audit_session;
	sight.foreign = (audit != PROC_NO_AUDIT && audit != family->ambient && !by_audit) ||
			services_have(&family->services, stat);
	by_audit = by_audit && !sight.foreign;
	sight.member = by_audit;
	if (marks->terminal && !sight.foreign)
		sight.member = by_audit || is_of_terminal(family, stat);
	if (sight.member) {
		r = adopt(family, stat, by_audit);
		if (r < 0)
			return r;
		sight.member = r > 0 || stat->pid == getpid(); /* the caller's children are members */
		if (r == 0 && stat->pid > 1 && stat->pid != getpid())
			return 0; /* ended meanwhile, or a thread */
	}
	return array_add(&family->sights, &family->n_sights, &sight);
}

/* Sees one number. Where only an audit session is asked for, most processes need not be read any further. */
static int see_pid(pid_t pid, void *userdata)
{
	struct family *family = userdata;
	struct proc_stat stat;
	uint32_t audit;
	int r;

	if (!family->marks.terminal && !family->on_sight) {
		r = proc_read_audit_session(pid, &audit);
		if (r < 0 || audit != family->marks.audit_session)
			return unseen(family, r);
	}
	r = proc_read_stat(pid, &stat);
	if (r < 0 || stat.state == 'Z' || stat.state == 'X')
		return unseen(family, r);
	return see(&stat, family);
}

static int compare_sights(const void *a, const void *b)
{
	pid_t pid_a = ((const struct sight *)a)->stat.pid, pid_b = ((const struct sight *)b)->stat.pid;

	return (pid_a > pid_b) - (pid_a < pid_b);
}

static struct sight *find_sight(const struct family *family, pid_t pid)
{
	struct sight key = { .stat.pid = pid };

	if (family->n_sights == 0)
		return NULL;
	return bsearch(&key, family->sights, family->n_sights, sizeof(key), compare_sights);
}

/* Sees a number that was given out during the walk, unless the walk has seen it. */
static int see_born(pid_t pid, void *userdata)
{
	struct family *family = userdata;
	struct sight key = { .stat.pid = pid };

	if (family->n_walked > 0 && bsearch(&key, family->sights, family->n_walked, sizeof(key), compare_sights))
		return 0;
	return see_pid(pid, family);
}

/* Children of members are members, however deep; an ancestor is never younger than its descendants. */
static int adopt_descendants(struct family *family)
{
	bool found;
	int r;

	do {
		found = false;
		for (size_t i = 0; i < family->n_sights; i++) {
			struct sight *sight = &family->sights[i], *parent;

			if (sight->member || sight->foreign || sight->stat.pid <= 1 || sight->stat.parent <= 1)
				continue;
			parent = find_sight(family, sight->stat.parent);
			if (!parent || !parent->member || parent->stat.start_time > sight->stat.start_time)
				continue;
			r = adopt(family, &sight->stat, false);
			if (r < 0)
				return r;
			if (r == 0 && sight->stat.pid != getpid()) {
				sight->foreign = sight->ended = true;
				continue;
			}
			sight->member = found = true;
		}
	} while (found);
	return 0;
}

static void sort_sights(struct family *family)
{
	if (family->n_sights > 0)
		qsort(family->sights, family->n_sights, sizeof(*family->sights), compare_sights);
}

static int walk(struct family *family)
{
	pid_t last = proc_last_pid();
	int r;

	family->n_sights = 0;
	r = proc_for_each_pid(see_pid, family);
	sort_sights(family);
	family->n_walked = family->n_sights;
	if (r == 0) {
		r = last > 0 ? proc_for_each_born(&last, see_born, family) : -ENODATA;
		family->unsure = r == -EAGAIN;
		family->hidden = family->hidden || r == -ENODATA;
		r = r == -EAGAIN || r == -ENODATA ? 0 : r;
	}
	sort_sights(family);
	if (r == 0 && family->marks.terminal)
		r = adopt_descendants(family);
	return r;
}

/* ---- cgroups ---- */

/* What has a pidfd and is still in the cgroup after that is a member; what is not has ended or moved on. */
static int check_cgroup_again(struct family *family)
{
	struct process_list list = { 0 };
	int r = proc_list_cgroup(family->cgroup, &list);

	for (size_t i = 0; (r == 0 || r == -EAGAIN) && i < family->n_members; i++)
		if (!process_list_has(&list, family->members[i].held.stat.pid))
			family->members[i].seen = false;
	process_list_clear(&list);
	family->unsure = family->unsure || r == -EAGAIN;
	return r == -EAGAIN ? 0 : r;
}

/* Takes one process that the cgroup names. */
static int see_listed(struct family *family, pid_t pid)
{
	struct proc_stat stat;
	int r;

	if (pid == 0) {
		family->n_unnamed++;
		return 0;
	}
	r = proc_read_stat(pid, &stat);
	if (r == -EACCES || r == -EPROTO)
		return adopt_hidden(family, pid);
	if (r < 0)
		return r == -ESRCH ? 0 : r;
	r = is_spared(family, &stat);
	return r > 0 ? 0 : r < 0 ? unseen(family, r) : adopt(family, &stat, false);
}

static int scan_cgroup(struct family *family)
{
	struct process_list list = { 0 };
	int signal = family->on_sight;
	int r = proc_list_cgroup(family->cgroup, &list);

	family->on_sight = 0; /* not before the second look */
	for (size_t i = 0; r >= 0 && i < list.n_items; i++)
		r = see_listed(family, list.items[i].pid);
	family->on_sight = signal;
	process_list_clear(&list);
	if (r == -EAGAIN) {
		family->unsure = true;
		return 0;
	}
	if (r >= 0 && family->n_new > 0)
		r = check_cgroup_again(family);
	return r < 0 ? r : 0;
}

/* ---- scanning ---- */

/* Tells whether a member that was not seen is hidden from us since, rather than gone: nobody leaves an audit session. */
static bool has_hidden(const struct member *member)
{
	struct proc_stat stat;

	return is_alive(member) && proc_read_stat(member->held.stat.pid, &stat) == -EACCES;
}

int family_scan(struct family *family)
{
	bool marked = family->marks.audit_session != PROC_NO_AUDIT || family->marks.terminal;
	size_t n_living;
	int r = 0;

	family->n_new = family->n_unnamed = 0;
	family->hidden = marked && family->blind;
	family->unsure = false;
	for (size_t i = 0; i < family->n_members; i++)
		family->members[i].seen = false;
	if (family->marks.spare_services && clock_now_us() - family->services_us > SERVICES_US)
		r = find_services(family);
	if (r == 0 && family->marks.terminal)
		r = note_sessions(family);
	if (r == 0 && (marked || family->on_sight))
		r = walk(family); /* killing by group needs to know everybody */
	if (r >= 0 && family->cgroup)
		r = scan_cgroup(family);
	if (r < 0)
		return r;
	for (size_t i = family->n_members; i > 0; i--)
		if (!family->members[i - 1].seen && !(marked && has_hidden(&family->members[i - 1])))
			drop_member(family, i - 1);
	n_living = family->n_members + family->n_unnamed;
	family->n_empty = n_living == 0 && !family->unsure ? family->n_empty + 1 : 0;
	return n_living > INT_MAX ? INT_MAX : (int)n_living;
}

int family_is_gone(struct family *family)
{
	int n;

	do {
		n = family_scan(family);
		if (n != 0)
			return n < 0 ? n : 0;
	} while (family->n_empty < EMPTY_SCANS && !family->unsure);
	return family->hidden ? -EOPNOTSUPP : family->unsure ? -EAGAIN : 1;
}

/* ---- signals ---- */

/*
 * Tells whether the group's number may have been given again since the member was seen: only a new process of that number
 * could have taken it. A chain of forks has no member that lives long enough to be asked, and its first is long gone.
 */
static bool is_reused(const struct family *family, const struct member *member)
{
	struct proc_stat leader;

	if (is_alive(member) || proc_read_stat(member->held.stat.group, &leader) < 0)
		return false;
	return leader.state != 'Z' && leader.state != 'X' && !find_member(family, &leader);
}

/* A group may be killed as one if it is not ours and nobody in it is a stranger. */
static bool is_own_group(const struct family *family, pid_t group)
{
	if (group <= 1 || group == getpgrp() || family->blind)
		return false;
	for (size_t i = 0; i < family->n_sights; i++)
		if (family->sights[i].stat.group == group && !family->sights[i].ended &&
		    !find_member(family, &family->sights[i].stat))
			return false;
	return true;
}

static void kill_groups(const struct family *family)
{
	pid_t done = 0;

	for (size_t i = 0; i < family->n_members; i++) {
		pid_t group = family->members[i].held.stat.group;

		/* Members of one group mostly follow each other; to kill one twice does no harm. */
		if (group == done || !is_own_group(family, group) || is_reused(family, &family->members[i]))
			continue;
		(void)kill(-group, SIGKILL); /* each member is killed by itself as well */
		done = group;
	}
}

static int signal_members(const struct family *family, int signal)
{
	int r = family->n_unnamed > 0 ? -EPERM : 0;

	for (size_t i = 0; i < family->n_members; i++)
		if (held_signal(&family->members[i].held, signal) < 0)
			r = -EPERM;
	return r;
}

/* Kills, and scans for those forked meanwhile, until a scan finds nobody new. */
static int kill_members(struct family *family)
{
	int refused = 0, r = 0;

	r = family->marks.spare_services ? find_services(family) : 0;	/* restarted meanwhile */
	if (r < 0)
		return r;
	family->on_sight = SIGKILL;
	for (unsigned round = 0; round < KILL_ROUNDS; round++) {
		r = family_scan(family);
		if (r < 0 || (round > 0 && family->n_new == 0))
			break;
		kill_groups(family);
		refused = signal_members(family, SIGKILL);
	}
	family->on_sight = 0;
	return r < 0 ? r : refused;
}

int family_signal(struct family *family, int signal)
{
	return signal == SIGKILL ? kill_members(family) : signal_members(family, signal);
}

/* ---- telling ---- */

int family_list(const struct family *family, struct process_list *list)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < family->n_members; i++)
		r = process_list_add(list, family->members[i].held.stat.pid, family->members[i].held.stat.command);
	for (size_t i = 0; r == 0 && i < family->n_unnamed; i++)
		r = process_list_add(list, 0, "");
	return r;
}

size_t family_n_poll(const struct family *family)
{
	return family->n_members;
}

void family_poll(const struct family *family, struct pollfd *fds)
{
	for (size_t i = 0; i < family->n_members; i++)
		fds[i] = (struct pollfd){ .fd = family->members[i].held.pidfd, .events = POLLIN };
}
