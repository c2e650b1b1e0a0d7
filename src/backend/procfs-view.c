/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * procfs-view.c - see procfs-view.h.
 */
#include "backend/procfs-view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/error.h"
#include "local/proc-table.h"
#include "local/service.h"
#include "local/terminal.h"

bool view_is_nested_login(const struct proc_login *login)
{
	return strncmp(login->remote, "tmux(", 5) == 0 || strstr(login->remote, ":S.") != NULL;
}

struct task *view_find(const struct view *view, pid_t pid)
{
	struct task key = { .stat.pid = pid };

	return view->n_tasks ? bsearch(&key, view->tasks, view->n_tasks, sizeof(key), array_compare) : NULL;
}

static int add_task(struct view *view, const struct task *task)
{
	return array_add(&view->tasks, &view->n_tasks, task);
}

static int see(const struct proc_stat *stat, void *userdata)
{
	struct view *view = userdata;
	const struct procfs *procfs = view->host->data;
	struct task task = { .stat = *stat };
	int r = proc_read_audit_session(stat->pid, &task.audit);

	if (r < 0)
		return r == -ESRCH || r == -EACCES ? 0 : r;
	if (task.audit == procfs->ambient)
		task.audit = PROC_NO_AUDIT;
	return add_task(view, &task);
}

/* The short way where one audit session is asked for: nothing else is read of all other processes. */
static int see_only(pid_t pid, void *userdata)
{
	struct view *view = userdata;
	struct task task = { 0 };
	int r = proc_read_audit_session(pid, &task.audit);

	if (r < 0 || task.audit != view->only)
		return r == -ESRCH || r == -EACCES ? 0 : r;
	r = proc_read_stat(pid, &task.stat);
	if (r < 0 || task.stat.state == 'Z' || task.stat.state == 'X')
		return r == -ESRCH || r == -EACCES || r == -EPROTO ? 0 : r;
	return add_task(view, &task);
}

/* Services that somebody has started in their session are not of it, nor is what has the audit session from them. */
static int set_services_apart(struct view *view)
{
	struct services services = {};
	int r = services_find(&services);

	for (size_t i = 0; i < services.n_items; i++) {
		const struct services one = { &services.items[i], 1 };
		const struct task *service = view_find(view, services.items[i].pid);
		uint32_t audit = service ? service->audit : PROC_NO_AUDIT;

		for (size_t k = 0; audit != PROC_NO_AUDIT && k < view->n_tasks; k++)
			if (view->tasks[k].audit == audit && services_have(&one, &view->tasks[k].stat))
				view->tasks[k].audit = PROC_NO_AUDIT;
	}
	free(services.items);
	return r;
}

/* Is on a terminal, and knows no better session. */
static bool is_by_terminal(const struct task *task)
{
	return task->audit == PROC_NO_AUDIT && task->stat.terminal;
}

pid_t view_home(const struct view *view, const struct task *task)
{
	pid_t home = 0;

	for (unsigned depth = 0; task && task->audit == PROC_NO_AUDIT && depth < 1000; depth++) {
		if (task->stat.terminal) /* session 0 is one outside of our pid namespace */
			home = task->stat.session > 0 ? task->stat.session : task->stat.pid;
		task = task->stat.parent > 1 ? view_find(view, task->stat.parent) : NULL;
	}
	return home;
}

/* Tells whether the login LOGIN was begun by a process of TASK's kernel session, on the same terminal. */
static bool is_begun_by(const struct view *view, const struct task *login, const struct task *task)
{
	for (unsigned depth = 0; login && depth < 1000; depth++) {
		if (login->audit == PROC_NO_AUDIT && login->stat.session == task->stat.session)
			return true;
		login = login->stat.parent > 1 ? view_find(view, login->stat.parent) : NULL;
	}
	return false;
}

/*
 * Tells whether somebody has logged in on the task's terminal from there (script and login): then the terminal is that
 * session's. The number of the terminal alone would not tell: containers number theirs alike.
 */
static bool has_login(const struct view *view, const struct task *task)
{
	for (size_t i = 0; i < view->n_tasks; i++)
		if (view->tasks[i].audit != PROC_NO_AUDIT && view->tasks[i].stat.terminal == task->stat.terminal &&
		    is_begun_by(view, &view->tasks[i], task))
			return true;
	return false;
}

static void find_homes(struct view *view)
{
	for (size_t i = 0; i < view->n_tasks; i++)
		if (is_by_terminal(&view->tasks[i]) && !has_login(view, &view->tasks[i]))
			view->tasks[i].home = view_home(view, &view->tasks[i]);
}

/* Gives each login to its process: the oldest one, if it has several. */
static void find_logins(struct view *view)
{
	for (size_t i = 0; i < view->n_logins; i++) {
		const struct proc_login *login = &view->logins[i];
		struct task *task = view_find(view, login->pid);

		if (!task || view_is_nested_login(login))
			continue;
		if (!task->login || login->time_s < task->login->time_s)
			task->login = login;
	}
}

static int compare_age(const struct task *one, const struct task *two)
{
	if (one->stat.start_time != two->stat.start_time)
		return one->stat.start_time < two->stat.start_time ? -1 : 1;
	return array_compare(one, two);
}

static int compare_sessions(const void *a, const void *b)
{
	const struct task *one = *(struct task *const *)a, *two = *(struct task *const *)b;

	if (one->audit != two->audit)
		return one->audit < two->audit ? -1 : 1;
	if (one->home != two->home)
		return one->home < two->home ? -1 : 1;
	return compare_age(one, two);
}

static int sort_sessions(struct view *view)
{
	view->sessions = reallocarray(NULL, view->n_tasks + 1, sizeof(*view->sessions));
	if (!view->sessions)
		return -ENOMEM;
	for (size_t i = 0; i < view->n_tasks; i++)
		if (view->tasks[i].audit != PROC_NO_AUDIT || view->tasks[i].home)
			view->sessions[view->n_sessions++] = &view->tasks[i];
	qsort(view->sessions, view->n_sessions, sizeof(*view->sessions), compare_sessions);
	return 0;
}

void view_done(struct view *view)
{
	free(view->tasks);
	free(view->sessions);
	free(view->logins);
}

int view_init(struct view *view, struct logoff_host *host, uint32_t only, struct logoff_error *reterr)
{
	const struct procfs *procfs = host->data;
	struct proc_stat init;
	int r;

	*view = (struct view){ .host = host, .only = only == procfs->ambient ? PROC_NO_AUDIT : only };
	r = view->only == PROC_NO_AUDIT ? proc_for_each(see, view) : proc_for_each_pid(see_only, view);
	if (r < 0)
		return error_set_errno(reterr, r, r, "/proc: %s", strerror(-r));
	if (view->n_tasks == 0)
		return 0; /* nobody has the audit session: nothing else matters */
	qsort(view->tasks, view->n_tasks, sizeof(*view->tasks), array_compare);
	r = procfs->beside ? 0 : set_services_apart(view);
	if (r < 0)
		return error_set_errno(reterr, r, r, "%s", strerror(-r));
	r = proc_read_logins(&view->logins, &view->n_logins);
	if (r < 0)
		return error_set_errno(reterr, r, r, "utmp");
	view->now_us = clock_real_us();
	view->boot_us = view->now_us - (int64_t)table_now_us();
	view->init_terminal = proc_read_stat(1, &init) == 0 ? init.terminal : 0;
	view->front_terminal = terminal_in_front();
	find_homes(view);
	find_logins(view);
	return sort_sessions(view);
}

/* ---- its sessions ---- */

bool view_is_same_session(const struct task *one, const struct task *two)
{
	return one->audit == two->audit && one->home == two->home;
}

/* The group that the N_TASKS tasks are. */
static struct group group_of(struct task **tasks, size_t n_tasks)
{
	struct group group = { .tasks = tasks, .n_tasks = n_tasks, .oldest = tasks[0] };

	for (size_t i = 0; i < n_tasks; i++) {
		const struct task *task = tasks[i];

		if (!group.on_terminal && task->stat.terminal)
			group.on_terminal = task;
		if (task->login && (!group.login || task->login->time_s < group.login->time_s))
			group.login = task->login;
		if (task->home && task->stat.pid == task->home)
			group.leader = task;
	}
	if (!group.leader)
		group.leader = group.oldest; /* it has ended, or is outside of our pid namespace */
	return group;
}

size_t view_take_group(const struct view *view, size_t start, struct group *ret)
{
	size_t end = start;

	while (end < view->n_sessions && view_is_same_session(view->sessions[end], view->sessions[start]))
		end++;
	*ret = group_of(view->sessions + start, end - start);
	return end;
}

bool view_drop_task(struct group *group, const struct task *task)
{
	size_t i = 0;

	if (group->n_tasks == 1)
		return false;
	while (group->tasks[i] != task)
		i++;
	memmove(group->tasks + 1, group->tasks, i * sizeof(*group->tasks));
	*group = group_of(group->tasks + 1, group->n_tasks - 1);
	return true;
}

bool view_is_audit_group(const struct group *group)
{
	return group->oldest->audit != PROC_NO_AUDIT;
}
