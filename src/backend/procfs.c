/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * procfs.c - a machine without logind: sessions as the kernel and the login records show them.
 *
 * A session is a kernel audit session (/proc/PID/sessionid): pam_loginuid starts one at each login, every descendant
 * inherits it, and nobody can leave it. Where a process on a terminal has none, as in most containers, the session is
 * that terminal. Both are read from one view of all processes; nothing is remembered between calls but the family
 * (family.h) of a session that is being ended.
 *
 * Not sessions: what has the audit session of process 1 (a container inherits that of whoever started it), jobs of cron
 * and at, a getty or X server that waits for a login, and what runs in a container on this machine.
 * Sources: proc(5), pam_loginuid(8), utmp(5), Documentation/admin-guide/devices.txt, include/linux/kdev_t.h.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-id128.h>
#include <unistd.h>

#include "backend/audit.h"
#include "backend/here.h"
#include "backend/message.h"
#include "backend/procfs-view.h"
#include "backend/table.h"
#include "backend/watch.h"
#include "base/array.h"
#include "base/clock.h"
#include "base/error.h"
#include "local/proc-table.h"

#define INTERVAL_MIN_US 2000 /* between scans while a session is ending: forks and processes without pidfd */
#define INTERVAL_MAX_US 50000

/* ---- the back end ---- */

static int procfs_open(struct logoff_host *host, const char *argument, struct logoff_error *reterr)
{
	bool beside = argument && strcmp(argument, "beside") == 0;
	struct procfs *procfs;
	struct proc_stat self;
	int r = beside ? 0 : proc_read_stat(getpid(), &self);

	if (r < 0)
		return error_set_errno(reterr, -EHOSTUNREACH, r, "/proc: %s", strerror(-r));
	procfs = calloc(1, sizeof(*procfs));
	if (!procfs)
		return -ENOMEM;
	procfs->beside = beside;
	procfs->elogind = beside && access("/run/systemd/system", F_OK) < 0;
	procfs->interval_us = INTERVAL_MIN_US;
	procfs->ambient = proc_ambient_audit_session();
	host->data = procfs;
	return 0;
}

static void procfs_close(struct logoff_host *host)
{
	here_close(host);
	if (host->data)
		caller_done(&((struct procfs *)host->data)->caller);
	free(host->data);
	host->data = NULL;
}

static void procfs_release(struct logoff_session *session)
{
	struct own *own = session->data;

	if (own)
		family_free(own->family);
	free(own);
	session->data = NULL;
}

/* What an id means: a number is an audit session; "c" and a number is a terminal. */
struct meaning {
	uint32_t number;
	bool by_terminal;
};

static int parse_id(const char *id, struct meaning *ret)
{
	ret->by_terminal = *id == 'c';
	id += ret->by_terminal;
	return proc_parse_number(id, strlen(id), &ret->number) < 0 || ret->number == PROC_NO_AUDIT ? -ENXIO : 0;
}

static bool is_meant(const struct group *group, const struct meaning *meaning)
{
	if (view_is_audit_group(group))
		return !meaning->by_terminal && meaning->number == group->oldest->audit;
	return meaning->by_terminal && meaning->number == (uint32_t)group->leader->stat.pid;
}

/* Finds the session in VIEW that MEANING (NULL: the caller's) stands for. Returns 0, -ENXIO or a fatal errno. */
static int find_session(const struct view *view, const struct meaning *meaning, struct logoff_session **ret_session,
			struct logoff_error *reterr)
{
	struct logoff_session *session;
	struct group group;
	int r;

	for (size_t i = 0; i < view->n_sessions;) {
		i = view_take_group(view, i, &group);
		if (meaning ? !is_meant(&group, meaning) : !procfs_is_current(view, &group))
			continue;
		r = procfs_make_session(view, &group, &session, reterr);
		if (r >= 0 && meaning && !is_meant(&group, meaning)) { /* its leader has ended since the view */
			logoff_session_free(session);
			return -ENXIO;
		}
		if (r >= 0)
			*ret_session = session;
		return r;
	}
	return -ENXIO;
}

static int get_in_view(struct logoff_host *host, uint32_t only, const struct meaning *meaning,
		       struct logoff_session **ret_session, struct logoff_error *reterr)
{
	struct view view;
	int r = view_init(&view, host, only, reterr);

	if (r >= 0)
		r = find_session(&view, meaning, ret_session, reterr);
	view_done(&view);
	return r;
}

/* Where others' processes are hidden from the caller, what is not seen may be there. */
static int say_hidden(struct logoff_error *reterr)
{
	return error_set_errno(reterr, -EOPNOTSUPP, -EACCES, "/proc hides the processes of others (hidepid)");
}

static int get_by_id(struct logoff_host *host, const char *id, struct logoff_session **ret_session,
		     struct logoff_error *reterr)
{
	const struct procfs *procfs = host->data;
	struct meaning meaning;
	struct proc_stat leader;
	int r = parse_id(id, &meaning);

	if (r < 0 || (meaning.by_terminal ? procfs->beside || meaning.number > INT32_MAX : meaning.number == procfs->ambient))
		return -ENXIO;
	/* The id of a terminal's session is the number of a process, which must be there. */
	if (meaning.by_terminal)
		r = proc_read_stat((pid_t)meaning.number, &leader);
	if (r < 0 && r != -ESRCH && r != -EACCES)
		return error_set_errno(reterr, -EIO, r, "/proc: %s", strerror(-r));
	r = r < 0 ? -ENXIO : get_in_view(host, meaning.by_terminal ? PROC_NO_AUDIT : meaning.number, &meaning, ret_session, reterr);
	return r == -ENXIO && proc_hides() ? say_hidden(reterr) : r;
}

static int procfs_get(struct logoff_host *host, const char *id, struct logoff_session **ret_session,
		      struct logoff_error *reterr)
{
	int r;

	here_refresh(host);
	if (id) {
		r = get_by_id(host, id, ret_session, reterr);
		return r == -ENXIO ? error_set_errno(reterr, r, r, "no such session") : r;
	}
	r = get_in_view(host, PROC_NO_AUDIT, NULL, ret_session, reterr);
	return r == -ENXIO ? error_set_errno(reterr, -ESRCH, -ESRCH, "in no session") : r;
}

/* What the session manager knows: the audit sessions whose numbers are ids of LIST, and the leaders. Both in order. */
struct known {
	uint32_t *audits, *leaders;
	size_t n;
};

static int known_init(struct known *known, const struct session_list *list)
{
	struct meaning meaning;

	*known = (struct known){ .audits = calloc(list->n_items + 1, sizeof(uint32_t)),
				 .leaders = calloc(list->n_items + 1, sizeof(uint32_t)) };
	if (!known->audits || !known->leaders)
		return -ENOMEM;
	for (size_t i = 0; i < list->n_items; i++) {
		bool is_audit = parse_id(list->items[i]->id, &meaning) == 0 && !meaning.by_terminal;

		known->audits[i] = is_audit ? meaning.number : PROC_NO_AUDIT;
		known->leaders[i] = (uint32_t)list->items[i]->leader;
	}
	known->n = list->n_items;
	qsort(known->audits, known->n, sizeof(uint32_t), array_compare);
	qsort(known->leaders, known->n, sizeof(uint32_t), array_compare);
	return 0;
}

static void known_done(struct known *known)
{
	free(known->audits);
	free(known->leaders);
}

static bool has_number(const uint32_t *numbers, size_t n, uint32_t number)
{
	return n > 0 && bsearch(&number, numbers, n, sizeof(number), array_compare);
}

/*
 * Tells whether a process is in an audit session that the session manager does not know. On elogind it may be in the control group of
 * one that it knows: if it came by a server that was restarted there.
 */
static bool is_unknown(const struct procfs *procfs, const struct known *known, const struct table *table,
		       struct table_row *row)
{
	uint32_t audit = !table->elogind && table_session(table, row) ? PROC_NO_AUDIT : table_audit(row);

	return audit != PROC_NO_AUDIT && audit != procfs->ambient && !has_number(known->audits, known->n, audit) &&
	       !has_number(known->leaders, known->n, (uint32_t)row->pid);
}

/* A quick look: is anybody on a terminal, or in the login records, whom the session manager does not know? */
static bool has_unknown(const struct procfs *procfs, const struct known *known, struct table *table)
{
	struct proc_login *logins = NULL;
	size_t n_logins = 0;
	bool found = false;

	for (size_t i = 0; !found && i < table->n_rows; i++) {
		struct table_row *row = &table->rows[i];
		const struct proc_stat *stat;

		if ((!table->elogind && table_known_session(row)) || has_number(known->leaders, known->n, (uint32_t)row->pid))
			continue;	/* to read it takes longer than to look it up there */
		stat = table_stat(row);
		found = stat && stat->terminal && is_unknown(procfs, known, table, row);
	}
	if (found || proc_read_logins(&logins, &n_logins) < 0)
		return found;
	for (size_t i = 0; !found && i < n_logins; i++) {
		struct table_row *row = table_find(table, logins[i].pid);

		found = row && is_unknown(procfs, known, table, row);
	}
	free(logins);
	return found;
}

/* Tells whether the session manager knows the session by its number or by a process of it. */
static bool is_known(const struct known *known, const struct group *group)
{
	bool found = has_number(known->audits, known->n, group->oldest->audit);

	for (size_t i = 0; !found && i < group->n_tasks; i++)
		found = has_number(known->leaders, known->n, (uint32_t)group->tasks[i]->stat.pid);
	return found;
}

static int list_view(const struct view *view, const struct known *known, struct session_list *list,
		     struct logoff_error *reterr)
{
	struct logoff_session *session;
	struct group group;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < view->n_sessions;) {
		i = view_take_group(view, i, &group);
		if (known && is_known(known, &group))
			continue;
		r = procfs_make_session(view, &group, &session, reterr);
		if (r >= 0)
			r = session_list_add(list, session);
		else if (r == -ENXIO)
			r = 0;
	}
	return r;
}

/* Adds the logins that the session manager, whose sessions LIST has already, does not know. */
static int list_beside(struct logoff_host *host, struct session_list *list, struct logoff_error *reterr)
{
	struct known known;
	struct view view = {};
	int r = known_init(&known, list);

	host->above->hides_processes = host->above->table->partial;
	if (r >= 0 && has_unknown(host->data, &known, host->above->table)) {
		r = view_init(&view, host, PROC_NO_AUDIT, reterr);
		if (r >= 0)
			r = list_view(&view, &known, list, reterr);
		view_done(&view);
	}
	known_done(&known);
	return r;
}

static int procfs_list(struct logoff_host *host, const char *name, struct session_list *list,
		       struct logoff_error *reterr)
{
	struct view view;
	int r;

	here_refresh(host);
	if (((const struct procfs *)host->data)->beside)
		return list_beside(host, list, reterr);
	if (!name && proc_hides())	/* a list for a name may be too short */
		return say_hidden(reterr);
	r = view_init(&view, host, PROC_NO_AUDIT, reterr);
	if (r >= 0)
		r = list_view(&view, NULL, list, reterr);
	view_done(&view);
	return r;
}

/* ---- the census ---- */

/* Makes the sessions and says so to their tasks. */
static int mark_sessions(const struct view *view, struct session_list *list, struct logoff_error *reterr)
{
	struct group group;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < view->n_sessions;) {
		struct logoff_session *session = NULL;

		i = view_take_group(view, i, &group);
		r = procfs_make_session(view, &group, &session, reterr);
		if (r >= 0)
			r = session_list_add(list, session);
		else if (r == -ENXIO)
			r = 0;
		for (size_t k = 0; r >= 0 && k < group.n_tasks; k++)
			group.tasks[k]->session = session;
	}
	return r;
}

/* By terminal, those without one belong to the session of the nearest above them that has one, but for process 1. */
static const struct logoff_session *session_of(const struct view *view, const struct task *task)
{
	for (unsigned depth = 0; task && task->audit == PROC_NO_AUDIT && !task->session && depth < 1000; depth++)
		task = task->stat.parent > 1 ? view_find(view, task->stat.parent) : NULL;
	return task ? task->session : NULL;
}

/* Tells whether ID is that of a session that the session manager does not know. */
static bool is_of_beside(const struct session_list *list, const char *id)
{
	for (size_t i = 0; i < list->n_items; i++)
		if (list->items[i]->unregistered && strcmp(list->items[i]->id, id) == 0)
			return true;
	return false;
}

/*
 * Says of processes in no session that they are in one of those that the session manager does not know; on elogind of others too, as by
 * their control group they may be in the session from which the server was restarted.
 */
static int claim_processes(struct logoff_host *host, struct census *census, struct logoff_error *reterr)
{
	struct session_list list = {};
	size_t n_known;
	uint32_t audit;
	char id[16];
	int r = host->above->backend->list(host->above, NULL, &list, reterr);

	n_known = list.n_items;
	if (r >= 0)
		r = list_beside(host, &list, reterr);
	for (size_t i = 0; r >= 0 && list.n_items > n_known && i < census->n_items; i++) {
		struct logoff_host_process *item = &census->items[i];

		if ((*item->session_id && !((struct procfs *)host->data)->elogind) || proc_read_audit_session(item->pid, &audit) < 0 || audit == PROC_NO_AUDIT)
			continue;
		snprintf(id, sizeof(id), "%u", audit);
		if (is_of_beside(&list, id))
			snprintf(item->session_id, sizeof(item->session_id), "%s", id);
	}
	session_list_clear(&list);
	return r;
}

static int procfs_census(struct logoff_host *host, struct census *census, struct logoff_error *reterr)
{
	struct session_list list = {};
	struct view view;
	int r;

	if (((const struct procfs *)host->data)->beside)
		return claim_processes(host, census, reterr);
	host->hides_processes = proc_hides();
	r = view_init(&view, host, PROC_NO_AUDIT, reterr);
	if (r >= 0)
		r = mark_sessions(&view, &list, reterr);
	for (size_t i = 0; r >= 0 && i < view.n_tasks; i++) {
		const struct task *task = &view.tasks[i];
		const struct logoff_session *session = session_of(&view, task);
		struct proc_identity identity;

		r = proc_read_identity(task->stat.pid, &identity);
		if (r >= 0)
			r = census_add(census, task->stat.pid, identity.uids[0], NULL, session ? session->id : NULL,
				       task->stat.command, (int64_t)table_start_us(&task->stat));
		else
			r = r == -ESRCH ? 0 : error_set_errno(reterr, -EIO, r, "/proc: %s", strerror(-r));
	}
	session_list_clear(&list);
	view_done(&view);
	return r;
}

/* ---- ending sessions ---- */

/*
 * Tells whether the leader of a session by terminal has given its number to another process, which may have the terminal by now.
 * The kernel gives no number again while it is that of a kernel session. So without the leader the number of the kernel
 * session, if it is known, still tells who belongs to it.
 */
static bool is_over(const struct logoff_session *session)
{
	const struct own *own = session->data;
	struct proc_stat leader;
	int r;

	if (!own->leader)
		return false;
	r = proc_read_stat(own->leader, &leader);
	return r == -ESRCH ? own->marks.terminal_session <= 0 : r >= 0 && leader.start_time != session->logon;
}

/* Collects the family once. Returns 0, -ENXIO if the session has ended, or a fatal errno. */
static int hold_family(struct logoff_session *session)
{
	struct own *own = session->data;
	int r;

	if (own->family)
		return 0;
	if (is_over(session))
		return -ENXIO;
	r = family_new(&own->family, &own->marks);
	if (r >= 0)
		r = family_scan(own->family);
	own->fresh = r > 0;
	return r < 0 ? r : 0;
}

/* What systemd sends to stop a scope: stopped processes must go on to get it, shells need the hangup. */
static int procfs_ask(struct logoff_host *host, struct logoff_session *session, enum host_part part, bool interactive,
		      struct logoff_error *reterr)
{
	static const int signals[] = { SIGTERM, SIGCONT, SIGHUP };
	struct own *own = session->data;
	int r;

	(void)part;	   /* there are no service managers here */
	(void)interactive; /* and nobody to prove anything to */
	if (!here_has_power(session)) {
		session->ending->asked = error_set_errno(&session->ending->asked_error, -EACCES, -EPERM,
						 "neither root nor the session's own user");
		return 0;
	}
	r = hold_family(session);
	if (r == -ENXIO) {
		session->ending->asked = -ENXIO;
		return 0;
	}
	if (r < 0)
		return error_set_errno(reterr, r, r, "/proc: %s", strerror(-r));
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		(void)family_signal(own->family, signals[i]); /* what refuses (root's sshd) ends with its child */
	session->ending->asked = 0;
	((struct procfs *)host->data)->interval_us = INTERVAL_MIN_US;
	return 0;
}

static int procfs_kill(struct logoff_host *host, struct logoff_session *session, enum host_part part, bool last_act,
		       struct logoff_error *reterr)
{
	struct own *own = session->data;
	int r;

	(void)part;
	if (!here_has_power(session))
		return error_set_errno(reterr, -EACCES, -EPERM, "neither root nor the session's own user");
	r = hold_family(session);
	if (r == -ENXIO)
		return 0;
	if (r >= 0)
		r = family_signal(own->family, SIGKILL);
	if (last_act && session->current)
		(void)kill(getpid(), SIGKILL);
	((struct procfs *)host->data)->interval_us = INTERVAL_MIN_US;
	/* Processes that we may not kill are still listed; often they end by themselves. */
	return r < 0 && r != -EPERM ? error_set_errno(reterr, r, r, "/proc: %s", strerror(-r)) : 0;
}

static int add_process(pid_t pid, struct process_list *list)
{
	struct proc_stat stat;

	if (proc_read_stat(pid, &stat) < 0)
		return 0;
	return process_list_add(list, pid, stat.command);
}

static int procfs_processes(struct logoff_host *host, struct logoff_session *session, enum host_part part,
			    struct process_list *list, struct logoff_error *reterr)
{
	struct own *own = session->data;
	int r = hold_family(session);

	(void)host;
	(void)part;
	if (r == -ENXIO)
		return 0;
	if (r >= 0 && !own->fresh) /* nobody there needs more than one look */
		r = family_is_gone(own->family);
	if (r == -EOPNOTSUPP && session->current)
		r = 0; /* the caller itself is seen, and that is where its own session ends */
	if (r < 0)
		return error_set_errno(reterr, r, r, "/proc: %s", strerror(-r));
	own->fresh = false;
	r = family_list(own->family, list);
	if (r >= 0 && session->current)
		r = add_process(getpid(), list);
	if (r >= 0 && own->init)
		r = add_process(1, list);
	caller_mark(list);
	return r;
}

static size_t count_polled(const struct logoff_host *host)
{
	size_t n = 0;

	for (size_t i = 0; i < host->n_watched; i++) {
		const struct own *own = host->watched[i]->data;

		n += own->family ? family_n_poll(own->family) : 0;
	}
	return n;
}

static void fill_polled(const struct logoff_host *host, struct pollfd *fds)
{
	for (size_t i = 0; i < host->n_watched; i++) {
		const struct own *own = host->watched[i]->data;

		if (!own->family)
			continue;
		family_poll(own->family, fds);
		fds += family_n_poll(own->family);
	}
}

/* Looks after a family of which news has come, or after all when the interval is over. */
static void look_after(const struct logoff_host *host, const struct pollfd *fds, bool all)
{
	for (size_t i = 0; i < host->n_watched; i++) {
		struct logoff_session *session = host->watched[i];
		struct own *own = session->data;
		size_t n = own->family ? family_n_poll(own->family) : 0;
		bool news = all;
		int gone;

		for (size_t k = 0; k < n; k++)
			news = news || fds[k].revents;
		fds += n;
		if (!own->family || !news || session->ending->removed)
			continue;
		/* The caller is not of the family: its own session cannot be gone while it asks. */
		gone = family_is_gone(own->family);
		session->ending->removed = gone == 1 && !session->current && !own->init;
		own->fresh = gone == 0;
	}
}

static int procfs_wait(struct logoff_host *host, uint64_t until_us, int cancel_fd, struct logoff_error *reterr)
{
	struct procfs *procfs = host->data;
	size_t n = count_polled(host);
	struct pollfd *fds = calloc(n + 1, sizeof(*fds));
	uint64_t now = clock_now_us(), time_us;
	struct timespec timeout;
	bool cancelled;
	int r;

	if (!fds)
		return -ENOMEM;
	fds[0] = (struct pollfd){ .fd = cancel_fd, .events = POLLIN };
	fill_polled(host, fds + 1);
	time_us = until_us > now ? until_us - now : 0;
	if (time_us > procfs->interval_us)
		time_us = procfs->interval_us;
	timeout =
		(struct timespec){ .tv_sec = (time_t)(time_us / 1000000), .tv_nsec = (long)(time_us % 1000000) * 1000 };
	r = ppoll(fds, n + 1, &timeout, NULL);
	if (r < 0 && errno != EINTR)
		r = error_set_errno(reterr, -EIO, -errno, "poll");
	else
		r = r > 0;
	cancelled = r > 0 && fds[0].revents;
	if (r >= 0 && !cancelled)
		look_after(host, fds + 1, r == 0);
	if (r > 0)
		procfs->interval_us = INTERVAL_MIN_US;
	else if (procfs->interval_us < INTERVAL_MAX_US)
		procfs->interval_us =
			2 * procfs->interval_us < INTERVAL_MAX_US ? 2 * procfs->interval_us : INTERVAL_MAX_US;
	free(fds);
	host->now_us = clock_now_us();
	if (cancelled)
		return error_set_errno(reterr, -ECANCELED, -ECANCELED, "cancelled");
	return r < 0 ? r : 0;
}

/*
 * The kernel's boot and the number of its pid namespace, whose processes are all that is seen here. A number is given again only
 * when the namespace has ended, with all its sessions.
 */
static void procfs_identify(struct logoff_host *host, char instance[static 64])
{
	char boot[SD_ID128_STRING_MAX];
	sd_id128_t id;
	struct stat st;

	(void)host;
	if (sd_id128_get_boot(&id) >= 0 && stat("/proc/self/ns/pid", &st) == 0)
		snprintf(instance, 64, "%s-%ju", sd_id128_to_string(id, boot), (uintmax_t)st.st_ino);
}

/* The kernel lets root signal the processes of others, and nobody else. */
static int procfs_control(struct logoff_host *host, struct logoff_error *reterr)
{
	(void)host;
	(void)reterr;
	return geteuid() == 0;
}

const struct host_backend host_procfs = {
	.name = "procfs",
	.flags = HOST_LOCAL | HOST_BESIDE,
	.open = procfs_open,
	.close = procfs_close,
	.release = procfs_release,
	.get = procfs_get,
	.list = procfs_list,
	.may_have_user = host_may_have_any_user,
	.census = procfs_census,
	.act = here_act,
	.end_others = here_end_others,
	.disconnect = host_no_disconnect,
	.ask = procfs_ask,
	.prove = host_no_prove,
	.leave = host_no_leave,
	.kill = procfs_kill,
	.processes = procfs_processes,
	.explain = proc_explain,
	.manager = host_no_manager,
	.desktop = host_no_desktop,
	.message = message_deliver,
	.fill = here_fill,
	.record = audit_record,
	.identify = procfs_identify,
	.control = procfs_control,
	.name_person = audit_name_person,
	.wait = procfs_wait,
	.watch = watch_by_looks,
};
