/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * strays.c - see strays.h.
 *
 * A process is held before it is believed: open a pidfd, then read its start time again. From then on the number may be
 * given to another process without harm.
 */
#include "backend/strays.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/array.h"

/* logind notes the beginning of a session a moment after its leader has started; both are rounded. */
#define LEADER_SLACK_US UINT64_C(1000000)

/* Descriptors left to the rest of the program: with a thousand sessions not every leader can be held by one. */
#define SPARE_DESCRIPTORS 256

struct stray {
	struct proc_stat stat;
	int pidfd;			/* -1: none could be had; then number and start time have to do */
	bool asked;			/* it has got the polite signals */
};

struct strays {
	struct strays_marks marks;
	struct stray *items;		/* the leader first, if there is one */
	size_t n_items;
	bool has_leader, leader_outside;
	char leader_unit[CGROUP_UNIT];	/* of the system, in which the leader is; "": in none */
	bool knows_audit;		/* whether the audit session is its own has been found out */
	uint32_t leader_audit, ambient;	/* audit sessions of the leader and of process 1 */
};

/* Tells whether the process that STAT tells of still runs. */
static bool is_there(const struct proc_stat *stat)
{
	struct proc_stat now;

	int r = proc_read_stat(stat->pid, &now);

	if (r == -EACCES)	/* hidden: it was there when it was seen, and its number is taken */
		return true;
	return r == 0 && now.start_time == stat->start_time && now.state != 'Z' && now.state != 'X';
}

static bool is_alive(const struct stray *stray)
{
	struct pollfd fd = { .fd = stray->pidfd, .events = POLLIN };

	return stray->pidfd >= 0 ? poll(&fd, 1, 0) == 0 : is_there(&stray->stat);
}

/* Opens a pidfd of the process that STAT tells of; *ret_pidfd is -1 if none can be had. Returns 0 or -ESRCH. */
static int hold(const struct proc_stat *stat, int *ret_pidfd)
{
	struct rlimit limit = { .rlim_cur = 1024 };
	int fd = (int)syscall(SYS_pidfd_open, stat->pid, 0);

	if (fd < 0 && (errno == ESRCH || errno == EINVAL || errno == ENOENT))
		return -ESRCH;
	(void)getrlimit(RLIMIT_NOFILE, &limit);	/* else the default */
	if (fd >= 0 && (rlim_t)fd + SPARE_DESCRIPTORS >= limit.rlim_cur) {
		close(fd);
		fd = -1;
	}
	if (!is_there(stat)) {
		if (fd >= 0)
			close(fd);
		return -ESRCH;
	}
	*ret_pidfd = fd;
	return 0;
}

/* Signals the process itself, never its successor under the same number. Returns 0 or -EPERM. */
static int send_signal(const struct stray *stray, int signal)
{
	int r = 0;

	if (stray->pidfd >= 0)
		r = (int)syscall(SYS_pidfd_send_signal, stray->pidfd, signal, NULL, 0);
	else if (is_there(&stray->stat))
		r = kill(stray->stat.pid, signal);
	return r < 0 && errno == EPERM ? -EPERM : 0;
}

/* Holds one more. Returns 1, 0 if it has ended or is held already, or a fatal errno. */
static int add(struct strays *strays, const struct proc_stat *stat)
{
	struct stray stray = { .stat = *stat };

	for (size_t i = 0; i < strays->n_items; i++)
		if (strays->items[i].stat.pid == stat->pid && strays->items[i].stat.start_time == stat->start_time)
			return 0;
	if (hold(stat, &stray.pidfd) < 0)
		return 0;
	if (array_add(&strays->items, &strays->n_items, &stray) < 0) {
		if (stray.pidfd >= 0)
			close(stray.pidfd);
		return -ENOMEM;
	}
	return 1;
}

static int hold_leader(struct strays *strays)
{
	const struct strays_marks *marks = &strays->marks;
	char id[CGROUP_ID] = "";
	struct cgroup cgroup;
	struct proc_stat stat;
	int r;

	if (marks->leader <= 1)
		return 0;
	r = proc_read_stat(marks->leader, &stat);
	if (r == -EACCES)	/* hidden from the caller: it is there, and nothing says that its number was given again */
		stat = (struct proc_stat){ .pid = marks->leader };
	else if (r < 0 || stat.state == 'Z' || stat.state == 'X')
		return 0;
	if (!table_is_older(&stat, marks->since_us, LEADER_SLACK_US))	/* its number has been given to another */
		return 0;
	r = add(strays, &stat);
	if (r <= 0)
		return r;
	strays->has_leader = true;
	if (proc_read_audit_session(marks->leader, &strays->leader_audit) < 0)
		strays->leader_audit = PROC_NO_AUDIT;
	r = cgroup_read(marks->leader, &cgroup);
	if (r == 0 && !cgroup_parse_system_unit(cgroup.text, strays->leader_unit))
		*strays->leader_unit = '\0';
	strays->leader_outside = r == 0 && !(cgroup_parse_session(cgroup.text, false, id) && strcmp(id, marks->id) == 0);
	return 0;
}

int strays_new(struct strays **ret_strays, const struct strays_marks *marks)
{
	struct strays *strays = calloc(1, sizeof(*strays));
	int r;

	if (!strays)
		return -ENOMEM;
	strays->marks = *marks;
	strays->leader_audit = PROC_NO_AUDIT;
	strays->ambient = proc_ambient_audit_session();
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
		if (strays->items[i].pidfd >= 0)
			close(strays->items[i].pidfd);
	free(strays->items);
	free(strays);
	return NULL;
}

bool strays_has_leader_outside(const struct strays *strays)
{
	return strays->has_leader && strays->leader_outside;
}

/* Tells whether the process belongs to the session by audit session or descent. */
static bool is_kin(const struct strays *strays, const struct table *table, struct table_row *row)
{
	uint32_t audit = table_audit(row);

	if (audit != PROC_NO_AUDIT && audit == strays->marks.audit_session && audit != strays->ambient)
		return true;
	if (!strays_has_leader_outside(strays))
		return false;
	/* One with an audit session that is not the leader's has logged in anew. */
	return (audit == PROC_NO_AUDIT || audit == strays->ambient || audit == strays->leader_audit) &&
	       table_depth(table, row->pid, strays->marks.leader) > 0;
}

/*
 * Tells whether the process was given to the system's service manager, to live on: a scope of systemd-run's, a container, a
 * virtual machine. It has the audit session of whoever started it, as long as it lives.
 */
static bool is_given_away(const struct strays *strays, pid_t pid)
{
	char unit[CGROUP_UNIT];
	struct cgroup cgroup;

	return cgroup_read(pid, &cgroup) >= 0 && cgroup_parse_system_unit(cgroup.text, unit) &&
	       strcmp(unit, strays->leader_unit) != 0;
}

/* Tells whether the process was there before the session. Within one tick of its clock the numbers given out tell. */
static bool is_from_before(const struct strays *strays, const struct proc_stat *stat)
{
	const struct proc_stat *leader = &strays->items[0].stat;

	if (!strays->has_leader || !leader->start_time)
		return strays->marks.since_us && table_is_older(stat, strays->marks.since_us, 0);
	if (stat->start_time == leader->start_time)
		return stat->pid < leader->pid;
	return stat->start_time < leader->start_time;
}

static bool has_older(const struct strays *strays, const struct table *table, uint32_t audit_session)
{
	for (size_t i = 0; i < table->n_rows; i++) {
		struct table_row *row = &table->rows[i];

		if (table_audit(row) == audit_session && table_stat(row) && is_from_before(strays, &row->stat))
			return true;
	}
	return false;
}

/*
 * Makes sure that the audit session is the session's own. If somebody in it is older, su or sudo has found it: of a job of
 * cron's, or of a login that logind does not know, in which case the session of logind's has even got its number. A leader
 * with another sort of id ("c3") may have begun one.
 */
static void find_audit_session(struct strays *strays, const struct table *table)
{
	uint32_t *audit = &strays->marks.audit_session;

	if (strays->knows_audit)
		return;
	strays->knows_audit = true;
	if (*audit == PROC_NO_AUDIT && strays->has_leader && strays->leader_audit != strays->ambient)
		*audit = strays->leader_audit;
	if (*audit != PROC_NO_AUDIT && has_older(strays, table, *audit))
		*audit = PROC_NO_AUDIT;
}

uint32_t strays_audit_session(struct strays *strays, const struct table *table)
{
	find_audit_session(strays, table);
	return strays->marks.audit_session;
}

bool strays_are_possible(const struct strays *strays)
{
	return strays->marks.audit_session != PROC_NO_AUDIT || strays_has_leader_outside(strays) ||
	       (strays->has_leader && strays->leader_audit != PROC_NO_AUDIT && strays->leader_audit != strays->ambient);
}

int strays_collect(struct strays *strays, const struct table *table)
{
	int n_new = 0, r = 0;

	if (!strays_are_possible(strays))
		return 0;
	find_audit_session(strays, table);
	for (size_t i = 0; r >= 0 && i < table->n_rows; i++) {
		struct table_row *row = &table->rows[i];

		if (row->pid <= 1 || !is_kin(strays, table, row) || !table_stat(row) || table_session(table, row))
			continue;	/* in the session's scope, or in another's */
		if (table_manager(table, row) != (uid_t)-1 && !table_is_moved(table, row))
			continue;	/* run by the user's manager */
		if (is_given_away(strays, row->pid))
			continue;
		r = add(strays, &row->stat);
		n_new += r > 0;
	}
	return r < 0 ? r : n_new;
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

		if (stray->stat.pid == getpid())
			continue;
		if (send_signal(stray, signal) < 0)
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

		if (stray->asked || stray->stat.pid == getpid())
			continue;
		stray->asked = true;
		for (size_t k = 0; k < sizeof(signals) / sizeof(signals[0]); k++)
			if (send_signal(stray, signals[k]) < 0)
				r = -EPERM;
	}
	return r;
}

int strays_list(const struct strays *strays, struct process_list *list)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < strays->n_items; i++)
		if (is_alive(&strays->items[i]))
			r = process_list_add(list, strays->items[i].stat.pid, strays->items[i].stat.command);
	return r;
}

size_t strays_n_poll(const struct strays *strays)
{
	return strays->n_items - first_outside(strays);
}

void strays_poll(const struct strays *strays, struct pollfd *fds)
{
	/* One that has ended would wake its waiter for ever. */
	for (size_t i = first_outside(strays); i < strays->n_items; i++)
		*fds++ = (struct pollfd){ .fd = is_alive(&strays->items[i]) ? strays->items[i].pidfd : -1, .events = POLLIN };
}
