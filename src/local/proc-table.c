/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * proc-table.c - see proc-table.h.
 */
#include "local/proc-table.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/array.h"
#include "base/clock.h"
#include "local/desktop.h"

#define DEPTH_MAX 1000	/* generations; the table may show a circle if numbers were given again while it was read */

enum { KNOWS_STAT = 1, KNOWS_UID = 2, KNOWS_AUDIT = 4, KNOWS_CGROUP = 8 };

static int add_row(pid_t pid, void *userdata)
{
	struct table *table = userdata;
	struct table_row row = { .pid = pid };

	return array_add(&table->rows, &table->n_rows, &row);
}

static void sort_rows(struct table *table)
{
	if (table->n_rows > 0)
		qsort(table->rows, table->n_rows, sizeof(*table->rows), array_compare);
}

int table_new(struct table **ret_table, bool elogind)
{
	struct table *table = calloc(1, sizeof(*table));
	int r;

	if (!table)
		return -ENOMEM;
	table->elogind = elogind;
	table->taken_us = clock_now_us();
	table->last_pid = table->settled_pid = proc_last_pid();
	r = proc_for_each_pid(add_row, table);
	if (r < 0) {
		table_free(table);
		return r;
	}
	sort_rows(table);
	table->partial = proc_hides();
	*ret_table = table;
	return 0;
}

int table_new_of(struct table **ret_table, const struct process_list *list, bool elogind)
{
	struct table *table = calloc(1, sizeof(*table));

	if (!table)
		return -ENOMEM;
	table->elogind = elogind;
	table->taken_us = clock_now_us();
	table->rows = calloc(list->n_items + 1, sizeof(*table->rows));
	if (!table->rows) {
		table_free(table);
		return -ENOMEM;
	}
	for (size_t i = 0; i < list->n_items; i++)	/* by pid, as the list is */
		table->rows[table->n_rows++].pid = list->items[i].pid;
	*ret_table = table;
	return 0;
}

struct table *table_free(struct table *table)
{
	if (!table)
		return NULL;
	free(table->rows);
	free(table);
	return NULL;
}

struct table_row *table_find(const struct table *table, pid_t pid)
{
	struct table_row key = { .pid = pid };

	return table->n_rows ? bsearch(&key, table->rows, table->n_rows, sizeof(key), array_compare) : NULL;
}

const struct proc_stat *table_stat(struct table_row *row)
{
	int r;

	if (!(row->known & KNOWS_STAT)) {
		row->known |= KNOWS_STAT;
		r = proc_read_stat(row->pid, &row->stat);
		row->stat_error = r == -ESRCH ? 0 : r;
		if (r < 0 || row->stat.state == 'Z' || row->stat.state == 'X')
			row->stat.pid = 0;
	}
	return row->stat.pid ? &row->stat : NULL;
}

uid_t table_uid(struct table_row *row)
{
	struct stat owner;
	char path[32];

	if (!(row->known & KNOWS_UID)) {
		row->known |= KNOWS_UID;
		snprintf(path, sizeof(path), "/proc/%d", (int)row->pid);
		row->uid = stat(path, &owner) < 0 ? (uid_t)-1 : owner.st_uid;
	}
	return row->uid;
}

uint32_t table_audit(struct table_row *row)
{
	int r;

	if (!(row->known & KNOWS_AUDIT)) {
		row->known |= KNOWS_AUDIT;
		r = proc_read_audit_session(row->pid, &row->audit);
		row->audit_error = r == -ESRCH ? 0 : r;
		if (r < 0)
			row->audit = PROC_NO_AUDIT;
	}
	return row->audit;
}

static void read_cgroup(const struct table *table, struct table_row *row)
{
	char system_unit[CGROUP_UNIT];
	struct cgroup cgroup;
	const char *unit;
	int r;

	if (row->known & KNOWS_CGROUP)
		return;
	row->known |= KNOWS_CGROUP;
	row->manager = (uid_t)-1;
	row->desktop = row->common = row->moved = row->of_system = false;
	*row->session = '\0';
	r = cgroup_read(row->pid, &cgroup);
	row->cgroup_error = r == -ESRCH ? 0 : r;
	if (r < 0)
		return;
	if (cgroup_parse_session(cgroup.text, table->elogind, row->session))
		return;
	if (cgroup_parse_manager(cgroup.text, &row->manager, &unit)) {	/* (uid_t)-1 stands for none */
		row->desktop = desktop_is_unit(unit);
		row->common = row->desktop && desktop_is_common(unit);
		row->moved = desktop_is_moved(unit);
	} else {
		row->of_system = cgroup_parse_system_unit(cgroup.text, system_unit);
	}
}

/* What table_settle() looks through: the rows that were there before come first. */
struct settling {
	struct table *table;
	size_t n_walked;
};

/* Looks up the number, and adds it if a process has it. Returns 0 or -ENOMEM. */
static int look_up(pid_t pid, void *userdata)
{
	const struct settling *settling = userdata;
	struct table *table = settling->table;
	struct table_row row = { .pid = pid };

	if (bsearch(&row, table->rows, settling->n_walked, sizeof(row), array_compare))
		return 0;
	/* It may end before it is asked for anything else. */
	if (table_audit(&row) == PROC_NO_AUDIT && !row.audit_error && !table_stat(&row))
		return 0;
	return array_add(&table->rows, &table->n_rows, &row);
}

/* Adds what LIST calls look_up() with, to rows that are in order. Returns its result, or -ENOMEM. */
static int add_missing(struct table *table, int (*list)(struct settling *settling))
{
	struct settling settling = { table, table->n_rows };
	int r = list(&settling);

	for (size_t i = settling.n_walked; i > 0 && i < table->n_rows; i++)
		if (table->rows[i].pid < table->rows[i - 1].pid)	/* seldom: the numbers given out grow */
			sort_rows(table);
	return r;
}

static int list_born(struct settling *settling)
{
	return proc_for_each_born(&settling->table->settled_pid, look_up, settling);
}

static int list_all(struct settling *settling)
{
	return proc_for_each_pid(look_up, settling);
}

int table_settle(struct table *table, bool all)
{
	size_t n_rows = table->n_rows;
	pid_t old = table->settled_pid;
	int r;

	if (old == 0)
		return -EOPNOTSUPP;
	for (size_t i = 0; i < n_rows; i++)
		(void)table_audit(&table->rows[i]);
	r = add_missing(table, list_born);
	if (r == 0 && all && table->settled_pid == old) {
		r = add_missing(table, list_all);
		table->listed = r == 0;
	}
	return r == -ENODATA ? -EOPNOTSUPP : r < 0 ? r : table->settled_pid != old || table->n_rows > n_rows;
}

bool table_is_newborn(const struct table *table, const struct table_row *row)
{
	return table->last_pid > 0 && row->pid > table->last_pid;
}

const char *table_session(const struct table *table, struct table_row *row)
{
	read_cgroup(table, row);
	return *row->session ? row->session : NULL;
}

const char *table_known_session(const struct table_row *row)
{
	return (row->known & KNOWS_CGROUP) && *row->session ? row->session : NULL;
}

size_t table_note_session(struct table *table, const char *cgroup, const char *id)
{
	char path[PATH_MAX];
	size_t n_noted = 0;
	FILE *file;
	int pid;

	if (strlen(id) >= CGROUP_ID || snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup) >= (int)sizeof(path))
		return 0;
	file = fopen(path, "re");
	if (!file)
		return 0;
	while (fscanf(file, "%d", &pid) == 1) {	/* 0: a process that has no number here */
		struct table_row *row = table_find(table, pid);

		if (!row || (row->known & KNOWS_CGROUP))
			continue;
		row->known |= KNOWS_CGROUP;
		row->manager = (uid_t)-1;
		snprintf(row->session, sizeof(row->session), "%s", id);
		n_noted++;
	}
	fclose(file);
	return n_noted;
}

uid_t table_manager(const struct table *table, struct table_row *row)
{
	read_cgroup(table, row);
	return row->manager;
}

bool table_is_moved(const struct table *table, struct table_row *row)
{
	read_cgroup(table, row);
	return row->moved;
}

bool table_is_of_system(const struct table *table, struct table_row *row)
{
	read_cgroup(table, row);
	return row->of_system;
}

bool table_is_desktop(const struct table *table, struct table_row *row)
{
	read_cgroup(table, row);
	return row->desktop;
}

bool table_is_common(const struct table *table, struct table_row *row)
{
	read_cgroup(table, row);
	return row->common;
}

uint64_t table_start_us(const struct proc_stat *stat)
{
	return stat->start_time * 1000000 / (uint64_t)sysconf(_SC_CLK_TCK);
}

uint64_t table_now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

uint64_t table_begin_us(uint64_t realtime_us, uint64_t monotonic_us)
{
	uint64_t boot_us = table_now_us(), asleep_us = boot_us - clock_now_us();
	int64_t before_us = (int64_t)(realtime_us - monotonic_us) - (clock_real_us() - (int64_t)boot_us);

	if (before_us < 0)
		before_us = 0;
	return monotonic_us + ((uint64_t)before_us < asleep_us ? (uint64_t)before_us : asleep_us);
}

bool table_is_older(const struct proc_stat *stat, uint64_t until_us, uint64_t slack_us)
{
	uint64_t asleep_us = table_now_us() - clock_now_us();

	return table_start_us(stat) <= until_us + asleep_us + slack_us;
}

/* logind notes the beginning of a session a moment after its leader has started; both are rounded. */
#define LEADER_SLACK_US UINT64_C(1000000)

bool table_may_lead(const struct proc_stat *stat, uint64_t since_us)
{
	return table_is_older(stat, since_us, LEADER_SLACK_US);
}

int table_depth(const struct table *table, pid_t pid, pid_t ancestor)
{
	const struct proc_stat *stat;
	struct table_row *row;

	for (int depth = 0; depth < DEPTH_MAX; depth++) {
		if (pid == ancestor)
			return depth;
		row = table_find(table, pid);
		stat = row ? table_stat(row) : NULL;
		if (!stat || stat->parent <= 1)
			return -1;
		pid = stat->parent;
	}
	return -1;
}
