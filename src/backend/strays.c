/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * strays.c - see strays.h.
 *
 * A process that has ended is none. What could not be read of one that lives is unknown: it is neither taken into the session nor
 * counted as gone.
 */
#include "backend/strays.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "local/held.h"

#define DEPTH_MAX 100	/* generations above a process */

struct stray {
	struct held held;
	bool asked;			/* it has got the polite signals */
};

struct strays {
	struct strays_marks marks;
	struct stray *items;		/* the leader first, if there is one */
	size_t n_items;
	bool has_leader, leader_outside;
	bool knows_leader_audit;	/* it has been read, and may be none */
	char leader_unit[CGROUP_UNIT];	/* of the system, in which the leader is; "": in none */
	struct cgroup leader_group;
	bool knows_audit;		/* whether the audit session is its own has been found out */
	uint32_t leader_audit, ambient;	/* audit sessions of the leader and of process 1 */
	int doubt;			/* see strays_doubt() */
	bool lost;			/* see strays_have_lost() */
};

/* Holds one more. Returns 1, 0 if it is held already, -ESRCH if it has ended, or another errno. */
static int add(struct strays *strays, const struct proc_stat *stat)
{
	struct stray stray = { .held.stat = *stat };
	int r;

	for (size_t i = 0; i < strays->n_items; i++) {
		const struct proc_stat *known = &strays->items[i].held.stat;

		if (known->pid == stat->pid && known->start_time == stat->start_time)
			return 0;
	}
	r = held_open(&stray.held);
	if (r < 0)
		return r;
	if (array_add(&strays->items, &strays->n_items, &stray) < 0) {
		held_close(&stray.held);
		return -ENOMEM;
	}
	return 1;
}

/* Whether a reader's result is a failure: it is none that the process has ended, or that the caller cannot see it or its group. */
static bool is_failure(int r)
{
	return r < 0 && r != -ESRCH && r != -EACCES && r != -EPERM && r != -EOPNOTSUPP;
}

static int read_leader(struct strays *strays)
{
	const struct strays_marks *marks = &strays->marks;
	char id[CGROUP_ID] = "";
	struct cgroup *cgroup = &strays->leader_group;
	int r;

	r = proc_read_audit_session(marks->leader, &strays->leader_audit);
	if (is_failure(r))
		return r;
	strays->knows_leader_audit = r >= 0;
	r = cgroup_read(marks->leader, cgroup);
	if (r < 0)
		return is_failure(r) ? r : 0;
	if (!cgroup_parse_system_unit(cgroup->text, strays->leader_unit))
		*strays->leader_unit = '\0';
	strays->leader_outside = !(cgroup_parse_session(cgroup->text, false, id) && strcmp(id, marks->id) == 0);
	return 0;
}

static int hold_leader(struct strays *strays)
{
	const struct strays_marks *marks = &strays->marks;
	struct proc_stat stat;
	int r;

	if (marks->leader <= 1)
		return 0;
	r = proc_read_stat(marks->leader, &stat);
	if (is_failure(r))
		return r;
	if (r == -EACCES)	/* hidden from the caller: it is there, and nothing says that its number was given again */
		stat = (struct proc_stat){ .pid = marks->leader };
	else if (r < 0 || stat.state == 'Z' || stat.state == 'X')
		return 0;
	if (!table_may_lead(&stat, marks->since_us))	/* its number has been given to another */
		return 0;
	r = add(strays, &stat);
	if (r < 0)
		return r == -ESRCH ? 0 : r;
	strays->has_leader = true;
	return read_leader(strays);
}

int strays_new(struct strays **ret_strays, const struct strays_marks *marks)
{
	struct strays *strays = calloc(1, sizeof(*strays));
	int r;

	if (!strays)
		return -ENOMEM;
	strays->marks = *marks;
	strays->leader_audit = strays->ambient = PROC_NO_AUDIT;
	r = proc_read_audit_session(1, &strays->ambient);
	if (!is_failure(r))
		r = hold_leader(strays);
	if (r < 0) {
		strays_free(strays);
		return r;
	}
	*ret_strays = strays;
	return 0;
}

struct strays *strays_free(struct strays *strays)
{
	if (!strays)
		return NULL;
	for (size_t i = 0; i < strays->n_items; i++)
		held_close(&strays->items[i].held);
	free(strays->items);
	free(strays);
	return NULL;
}

bool strays_knows_login(const struct strays *strays)
{
	return strays->has_leader && strays->knows_leader_audit;
}

bool strays_has_leader_outside(const struct strays *strays)
{
	return strays->has_leader && strays->leader_outside;
}

static bool is_telling(const struct strays *strays, uint32_t audit)
{
	return audit != PROC_NO_AUDIT && audit != strays->ambient;
}

/* Tells whether the process belongs to the session by audit session or descent. */
static bool is_kin(const struct strays *strays, const struct table *table, struct table_row *row)
{
	uint32_t audit = table_audit(row);

	if (is_telling(strays, audit) && audit == strays->marks.audit_session)
		return true;
	if (!strays_has_leader_outside(strays))
		return false;
	/* One with an audit session that is not the leader's has logged in anew. */
	return (!is_telling(strays, audit) || audit == strays->leader_audit) &&
	       table_depth(table, row->pid, strays->marks.leader) > 0;
}

/*
 * Tells whether the process was given to the system's service manager, to live on: a scope of systemd-run's, a container, a
 * virtual machine. It has the audit session of whoever started it, as long as it lives. Returns 1, 0 or -errno.
 */
static int is_given_away(const struct strays *strays, pid_t pid)
{
	char unit[CGROUP_UNIT];
	struct cgroup cgroup;
	int r = cgroup_read(pid, &cgroup);

	return r < 0 ? r : cgroup_parse_system_unit(cgroup.text, unit) && strcmp(unit, strays->leader_unit) != 0;
}

/* Tells whether the process was there before the session. Within one tick of its clock the numbers given out tell. */
static bool is_from_before(const struct strays *strays, const struct proc_stat *stat)
{
	const struct proc_stat *leader = strays->has_leader ? &strays->items[0].held.stat : NULL;

	if (!leader || !leader->start_time)
		return strays->marks.since_us && table_is_older(stat, strays->marks.since_us, 0);
	if (stat->start_time == leader->start_time)
		return stat->pid < leader->pid;
	return stat->start_time < leader->start_time;
}

/*
 * Tells whether somebody in the audit session is older than the session. Returns 1, 0 or -errno. Processes that are hidden from the
 * caller do not count.
 */
static int has_older(const struct strays *strays, const struct table *table, uint32_t audit_session)
{
	for (size_t i = 0; i < table->n_rows; i++) {
		struct table_row *row = &table->rows[i];

		if (table_audit(row) == audit_session && table_stat(row) && is_from_before(strays, &row->stat))
			return 1;
		if (is_failure(row->audit_error))
			return row->audit_error;
		if (row->audit == audit_session && is_failure(row->stat_error))
			return row->stat_error;
	}
	return 0;
}

/*
 * Makes sure that the audit session is the session's own. If somebody in it is older, su or sudo has found it: of a job of
 * cron's, or of a login that logind does not know, in which case the session of logind's has even got its number. A leader
 * with another sort of id ("c3") may have begun one. Returns 0, or -errno if it could not be found out this time.
 */
static int find_audit_session(struct strays *strays, const struct table *table)
{
	uint32_t *audit = &strays->marks.audit_session;
	int r = 0;

	if (strays->knows_audit)
		return 0;
	if (*audit == PROC_NO_AUDIT && strays->has_leader && strays->leader_audit != strays->ambient)
		*audit = strays->leader_audit;
	if (*audit != PROC_NO_AUDIT)
		r = has_older(strays, table, *audit);
	if (r > 0)
		*audit = PROC_NO_AUDIT;
	strays->knows_audit = r >= 0;
	return r < 0 ? r : 0;
}

int strays_audit_session(struct strays *strays, const struct table *table, uint32_t *ret)
{
	int r = find_audit_session(strays, table);

	*ret = strays->marks.audit_session;
	return r;
}

/* The number of the session is that of its audit session, if it is one; else the leader has it, as long as it lives. */
uint32_t strays_own_audit(const struct strays *strays)
{
	uint32_t own = strays->marks.audit_session;

	return own == PROC_NO_AUDIT && strays->has_leader ? strays->leader_audit : own;
}

int strays_is_of_others(const struct strays *strays, uint32_t audit)
{
	if (!is_telling(strays, audit))
		return -ENODATA;
	return audit != strays_own_audit(strays);
}

bool strays_are_unaudited(const struct strays *strays)
{
	return !is_telling(strays, strays_own_audit(strays));
}

/*
 * Tells whether the process is one that a program of the session has moved into a scope of the user's service manager: tmux, with each
 * pane. The nearest above it that is in a session tells whose it is.
 */
static bool is_moved_from(const struct strays *strays, const struct table *table, struct table_row *row)
{
	const char *session = NULL;

	if (!table_is_moved(table, row))
		return false;
	for (unsigned depth = 0; !session && depth < DEPTH_MAX && row && table_stat(row) && row->stat.parent > 1; depth++) {
		row = table_find(table, row->stat.parent);
		session = row ? table_session(table, row) : NULL;
	}
	return session && strcmp(session, strays->marks.id) == 0;
}

/* Notes that something of a process could not be read, for the reason R. Returns whether it is so. */
static bool note_doubt(struct strays *strays, int r)
{
	if (r < 0 && (!strays->doubt || strays->doubt == -EOPNOTSUPP))
		strays->doubt = is_failure(r) && r != -EPROTO ? r : -EOPNOTSUPP;
	return r < 0;
}

/*
 * Tells whether the process may be of a session without an audit session: an orphan that began after the leader, in the control group
 * into which the leader was moved. An orphan of another login that was moved there looks the same.
 */
static bool may_be_kin(const struct strays *strays, const struct table *table, struct table_row *row)
{
	struct cgroup group;

	if (is_telling(strays, strays->leader_audit) || is_telling(strays, table_audit(row)) || !table_stat(row) ||
	    is_from_before(strays, &row->stat))
		return false;
	for (unsigned depth = 0; depth < DEPTH_MAX && row && table_stat(row) && cgroup_read(row->pid, &group) >= 0 &&
	     strcmp(group.text, strays->leader_group.text) == 0; depth++) {
		if (row->stat.parent <= 1)
			return true;
		row = table_find(table, row->stat.parent);
	}
	return false;
}

/* Takes one process of the table. Returns 1 if it is new, 0, -ESRCH if it is of the session and has ended, or another errno. */
static int collect_row(struct strays *strays, const struct table *table, struct table_row *row)
{
	/* The leader's audit session may be an older login's: then nobody is kin by it. */
	bool unaudited = !is_telling(strays, strays->marks.audit_session);
	bool kin = is_kin(strays, table, row) || (unaudited && is_moved_from(strays, table, row));
	int r;

	if (note_doubt(strays, row->audit_error) || (!kin && !strays_has_leader_outside(strays)))
		return 0;
	if (!kin && may_be_kin(strays, table, row))
		(void)note_doubt(strays, -EOPNOTSUPP);
	if (note_doubt(strays, row->stat_error) || !kin)
		return 0;
	if (!table_stat(row))
		return -ESRCH;
	if (table_session(table, row))	/* in the session's scope, or in another's */
		return 0;
	if (note_doubt(strays, row->cgroup_error))
		return 0;
	if (table_manager(table, row) != (uid_t)-1 && !table_is_moved(table, row))
		return 0;	/* run by the user's manager */
	r = is_given_away(strays, row->pid);
	return r < 0 ? r : r > 0 ? 0 : add(strays, &row->stat);
}

int strays_collect(struct strays *strays, const struct table *table)
{
	int n_new = 0, r;

	strays->doubt = 0;
	strays->lost = false;
	r = find_audit_session(strays, table);
	if (r < 0)
		return r;
	for (size_t i = 0; i < table->n_rows; i++) {
		if (table->rows[i].pid <= 1)
			continue;
		r = collect_row(strays, table, &table->rows[i]);
		if (r == -ENOMEM)
			return r;
		strays->lost = strays->lost || r == -ESRCH;
		if (r == -ESRCH)	/* a process that was born and has ended meanwhile may have left another */
			r = table_is_newborn(table, &table->rows[i]);
		n_new += r > 0;
		(void)note_doubt(strays, r);
	}
	return n_new;
}

bool strays_have_lost(const struct strays *strays)
{
	return strays->lost;
}

int strays_doubt(const struct strays *strays)
{
	return strays->doubt;
}

/* The first that is outside. */
static size_t first_outside(const struct strays *strays)
{
	return strays->has_leader && !strays->leader_outside;
}

int strays_signal(const struct strays *strays, int signal)
{
	int r = 0;

	for (size_t i = first_outside(strays); i < strays->n_items; i++) {
		const struct stray *stray = &strays->items[i];

		if (stray->held.stat.pid == getpid())
			continue;
		if (held_signal(&stray->held, signal) < 0)
			r = -EPERM;
	}
	return r;
}

int strays_ask(struct strays *strays)
{
	static const int signals[] = { SIGTERM, SIGHUP, SIGCONT };	/* as systemd stops a scope */
	int r = 0;

	for (size_t i = first_outside(strays); i < strays->n_items; i++) {
		struct stray *stray = &strays->items[i];

		if (stray->asked || stray->held.stat.pid == getpid())
			continue;
		stray->asked = true;
		for (size_t k = 0; k < sizeof(signals) / sizeof(signals[0]); k++)
			if (held_signal(&stray->held, signals[k]) < 0)
				r = -EPERM;
	}
	return r;
}

int strays_list(const struct strays *strays, struct process_list *list)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < strays->n_items; i++) {
		const struct held *held = &strays->items[i].held;

		if (held_is_alive(held))
			r = process_list_add(list, held->stat.pid, held->stat.command);
	}
	return r;
}

bool strays_live(const struct strays *strays)
{
	bool found = false;

	for (size_t i = 0; !found && i < strays->n_items; i++)
		found = held_is_alive(&strays->items[i].held);
	return found;
}

size_t strays_n_poll(const struct strays *strays)
{
	return strays->n_items - first_outside(strays);
}

void strays_poll(const struct strays *strays, struct pollfd *fds)
{
	/* One that has ended would wake its waiter for ever. */
	for (size_t i = first_outside(strays); i < strays->n_items; i++) {
		const struct held *held = &strays->items[i].held;

		*fds++ = (struct pollfd){ .fd = held_is_alive(held) ? held->pidfd : -1, .events = POLLIN };
	}
}
