/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * procfs-session.c - what a group of processes in a view is: a session or not, and whose, called what, since when.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend/here.h"
#include "backend/procfs-view.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "local/cgroup.h"
#include "local/file.h"
#include "local/nss.h"
#include "local/service.h"
#include "local/terminal.h"

#define CALLER_US UINT64_C(1000000) /* so long the processes on which the caller depends count as known */

/* ---- small readers ---- */

/* The user who logged in, whoever they have become since (su, sudo); the owner where the kernel does not say. */
static uid_t read_login_uid(pid_t pid, uid_t owner)
{
	uint32_t uid = proc_read_login_uid(pid);

	return uid == PROC_NO_AUDIT ? owner : uid;
}

static char *get_user_name(uid_t uid)
{
	char name[NSS_NAME_MAX];

	if (nss_user_name(uid, name) <= 0)
		snprintf(name, sizeof(name), "%u", (unsigned)uid);
	return strdup(name);
}

/* ---- terminals ---- */

/*
 * Reads the lock file of a display. It lies in a folder in which everybody may put a FIFO, a link, or a lie: it counts if
 * it is a plain file of root or of user UID.
 */
static bool read_lock(unsigned number, uid_t uid, char *text, size_t size)
{
	char path[40];
	struct stat file;
	ssize_t n = -1;
	int fd;

	snprintf(path, sizeof(path), "/tmp/.X%u-lock", number);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW);
	if (fd < 0)
		return false;
	if (fstat(fd, &file) == 0 && S_ISREG(file.st_mode) && (file.st_uid == 0 || file.st_uid == uid))
		n = read(fd, text, size - 1);
	text[n > 0 ? n : 0] = '\0';
	close(fd);
	return n > 0;
}

/* The terminal on which the X server of a display (":0") of user UID shows, 0 for none (Xvnc, Xvfb). */
static unsigned terminal_of_display(const char *display, uid_t uid)
{
	char text[16];
	struct proc_stat stat;
	unsigned number;
	int pid;

	if (sscanf(display, ":%u", &number) != 1)
		return 0;
	if (!read_lock(number, uid, text, sizeof(text)) || sscanf(text, "%d", &pid) != 1)
		return 0;
	return proc_read_stat(pid, &stat) == 0 && terminal_is_virtual(stat.terminal) ? stat.terminal : 0;
}

/* ---- kinds of programs, by the kernel's short name ---- */

static bool is_one_of(const char *command, const char *const *names)
{
	for (; *names; names++)
		if (strcmp(command, *names) == 0)
			return true;
	return false;
}

/* Run jobs in audit sessions of their own. */
static const char *const job_runners[] = { "cron", "crond", "CRON", "atd", "anacron", "fcron", NULL };

/* Hold a terminal on which nobody is logged in. */
static const char *const waiting_programs[] = { "agetty", "getty", "mingetty", "fgetty", "mgetty",
						"login",  "Xorg",  "X",	       NULL };

/* How a user came, by the program that let them in. */
static const struct {
	const char *program, *protocol;
} protocols[] = {
	{ "sshd", "ssh" },	    { "sshd-session", "ssh" }, { "dropbear", "ssh" },
	{ "telnetd", "telnet" },    { "in.telnetd", "telnet" }, { "rlogind", "rlogin" },
	{ "in.rlogind", "rlogin" }, { "xrdp-sesman", "rdp" },  { "login", "local" },
	{ "lightdm", "local" },	    { "gdm-session-wor", "local" }, { "sddm-helper", "local" },
	{ "xdm", "local" },	    { "su", "su" },	       { "runuser", "su" },
	{ "sudo", "sudo" },	    { "doas", "doas" },
};

static const char *const greeter_users[] = { "gdm", "Debian-gdm", "lightdm", "sddm", "lxdm", "greeter", NULL };

/* ---- the sessions of a view ---- */

/* Tells whether the audit session is that of a user's service manager, which PAM opens like a login. */
static bool is_manager(const struct group *group)
{
	static const char own_scope[] = "init.scope";
	struct cgroup cgroup;
	const char *unit;

	return cgroup_read(group->oldest->stat.pid, &cgroup) >= 0 && cgroup_parse_manager(cgroup.text, NULL, &unit) &&
	       (*unit == '\n' || strncmp(unit, own_scope, strlen(own_scope)) == 0);
}

/*
 * Tells whether a process of the session is in one of the session manager's, which then has another id. On elogind a login that came by
 * a server of root's is a session of its own: the server may have been restarted in the session whose control group they are in.
 */
static bool is_registered(const struct view *view, const struct group *group)
{
	bool elogind = ((struct procfs *)view->host->data)->elogind;
	char id[CGROUP_ID];
	struct cgroup cgroup;

	if (elogind && service_is_server(group->oldest->stat.pid, group->oldest->stat.command))
		return false;
	for (size_t i = 0; i < group->n_tasks; i++)
		if (cgroup_read(group->tasks[i]->stat.pid, &cgroup) >= 0 && cgroup_parse_session(cgroup.text, elogind, id))
			return true;
	return false;
}

/* Tells whether the group is no user's login at all. */
static bool is_no_session(const struct view *view, const struct group *group, const struct proc_identity *identity)
{
	const struct procfs *procfs = view->host->data;

	if (identity->contained || (view_is_audit_group(group) && is_manager(group)))
		return true;
	if (procfs->beside && (!view_is_audit_group(group) || (!group->on_terminal && !group->login) || is_registered(view, group)))
		return true;
	if (identity->uids[0] && identity->uids[1] && identity->uids[2] && identity->uids[3])	/* nothing of root's */
		return false;
	if (view_is_audit_group(group))
		return is_one_of(group->oldest->stat.command, job_runners);
	for (size_t i = 0; i < group->n_tasks; i++)
		if (!is_one_of(group->tasks[i]->stat.command, waiting_programs))
			return false;
	return true;
}

/*
 * Tells whether the user of an audit session is still logged in. Leftovers are recognised by having been handed to
 * process 1: what a login program starts has it, or its listener, as parent.
 */
static bool is_logged_in(const struct view *view, const struct group *group)
{
	const struct proc_stat *stat = &group->oldest->stat;
	const struct task *parent = view_find(view, stat->parent);

	if (service_lets_in(stat->command) || strcmp(stat->command, "login") == 0 || stat->terminal || group->login)
		return true;
	return stat->parent > 1 && (!parent || !view_is_same_session(parent, group->oldest));
}

/* Where the user logged in. */
struct place {
	unsigned terminal;	/* 0: not known, or none */
	char name[64];		/* of the terminal as in /dev, or of a display (":0"); "": not known */
	const struct proc_login *login;
};

/* The login on the terminal called NAME. A session by terminal has nothing else of it: its process is outside. */
static const struct proc_login *find_login(const struct view *view, const char *name)
{
	for (size_t i = 0; *name && i < view->n_logins; i++) {
		const struct proc_login *login = &view->logins[i];

		if (strcmp(login->line, name) == 0 && !view_is_nested_login(login) && view_find(view, login->pid))
			return login;
	}
	return NULL;
}

static void find_place(const struct view *view, const struct group *group, uid_t uid, struct place *ret)
{
	const struct task *on = view_is_audit_group(group) ? group->on_terminal : group->leader;

	*ret = (struct place){ .terminal = on ? on->stat.terminal : 0, .login = group->login };
	if (ret->login && terminal_is_foreign(ret->login->line, uid))
		ret->login = NULL;
	if (view_is_audit_group(group) && ret->login) {
		snprintf(ret->name, sizeof(ret->name), "%.63s", group->login->line);
		if (ret->name[0] == ':')
			ret->terminal = terminal_of_display(ret->name, uid);
	} else if (ret->terminal) {
		terminal_name(ret->terminal, ret->name);
		if (terminal_is_foreign(ret->name, uid))
			*ret = (struct place){};
	}
	if (!view_is_audit_group(group) && !ret->login)
		ret->login = find_login(view, ret->name);
}

/* Sets name, state and console by the place where the user logged in. */
static int set_name(struct logoff_session *session, const struct view *view, const struct group *group,
		    const struct place *place)
{
	unsigned terminal = place->terminal;
	const char *name = place->name;

	if (view_is_audit_group(group) && !is_logged_in(view, group)) {
		session->state = LOGOFF_STATE_CLOSING;
		return 0;
	}
	session->state = LOGOFF_STATE_ACTIVE;
	if (terminal_is_virtual(terminal) || (terminal && terminal == view->init_terminal)) {
		session->console = true;
		name = "console";
		if (terminal_is_virtual(terminal) && view->front_terminal && terminal != view->front_terminal)
			session->state = LOGOFF_STATE_DISCONNECTED;
	}
	if (!name[0])
		return 0;
	session->name = strdup(name);
	return session->name ? 0 : -ENOMEM;
}

/* ---- details ---- */

static const char *find_protocol(const char *command)
{
	for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++)
		if (strcmp(command, protocols[i].program) == 0)
			return protocols[i].protocol;
	return NULL;
}

/*
 * The program nearest above the session, or its first, that lets users in. login may have been started by another one
 * (telnetd). NULL: none.
 */
static const char *protocol_above(const struct view *view, const struct task *first)
{
	struct proc_stat stat = first->stat;
	const char *protocol = NULL, *found;

	for (unsigned depth = 0; depth < 100; depth++) {
		const struct task *task;

		found = find_protocol(stat.command);
		if (found && strcmp(found, "local") != 0)
			return protocol ? protocol : found;
		if (protocol)
			return protocol;
		protocol = found;
		if (stat.parent <= 1)
			return protocol;
		task = view_find(view, stat.parent);
		if (task)
			stat = task->stat;
		else if (proc_read_stat(stat.parent, &stat) < 0)
			return protocol;
	}
	return protocol;
}

/* Since process 1 has started, or a bit before. */
static int64_t start_of(const struct task *task)
{
	return (int64_t)(task->stat.start_time * 1000000 / (uint64_t)sysconf(_SC_CLK_TCK));
}

static int64_t time_of_start(const struct view *view, const struct task *task)
{
	return view->boot_us + start_of(task);
}

/* By the clock that is never set, and goes on while the machine sleeps. */
static int64_t age_of(const struct view *view, const struct task *first)
{
	int64_t age_us = view->now_us - view->boot_us - start_of(first);

	return age_us > 0 ? age_us : 0;
}

/* The terminals of the session's processes, the oldest first. Returns whether there was memory. */
static bool add_terminals(struct logoff_session *session, const struct group *group)
{
	char name[TERMINAL_NAME];

	for (size_t i = 0; i < group->n_tasks; i++) {
		if (!group->tasks[i]->stat.terminal)
			continue;
		terminal_name(group->tasks[i]->stat.terminal, name);
		if (*name && !terminal_is_foreign(name, session->uid) && session_add_terminal(session, name) < 0)
			return false;
	}
	return true;
}

static int set_details(struct logoff_session *session, const struct view *view, const struct group *group,
		       const struct place *place)
{
	const struct task *first = view_is_audit_group(group) ? group->oldest : group->leader;
	const char *protocol = protocol_above(view, first), *terminal = place->name, *remote = NULL;
	bool on_display = place->name[0] == ':';
	char name[64] = "";

	if (on_display && place->terminal) {
		terminal_name(place->terminal, name);
		terminal = name;
	} else if (on_display) {
		terminal = NULL;
	}
	if (!protocol && session->console)
		protocol = "local";
	if (place->login && place->login->remote[0] != ':')	/* display managers put their display there */
		remote = place->login->remote;
	session->logon_us = place->login ? place->login->time_s * 1000000 : time_of_start(view, first);
	session->age_us = age_of(view, first);
	session->graphical = on_display;
	session->missing = HOST_IDLE | here_number(session->host, session->id);
	if (text_copy_set(&session->protocol, protocol) < 0 || (terminal && *terminal && session_add_terminal(session, terminal) < 0) ||
	    (!on_display && !add_terminals(session, group)) || text_copy_set(&session->display, on_display ? place->name : NULL) < 0 ||
	    session_set_address(session, remote) < 0)
		return -ENOMEM;
	return 0;
}

/* ---- making a session ---- */

/* The number of the audit session; "c" and the pid of its leader for one by terminal, so that the two cannot be confused. */
static char *make_id(const struct group *group)
{
	char id[16];

	if (view_is_audit_group(group))
		snprintf(id, sizeof(id), "%u", group->oldest->audit);
	else
		snprintf(id, sizeof(id), "c%d", (int)group->leader->stat.pid);
	return strdup(id);
}

static int set_own(struct logoff_session *session, const struct view *view, const struct group *group)
{
	const struct procfs *procfs = view->host->data;
	const struct proc_stat *leader = &group->leader->stat;
	struct own *own = calloc(1, sizeof(*own));

	if (!own)
		return -ENOMEM;
	session->data = own;
	own->marks.audit_session = group->oldest->audit;
	own->marks.own_audit = group->oldest->audit;
	own->marks.spare_services = !procfs->beside || procfs->elogind;
	if (view_is_audit_group(group)) {
		session->logon = group->oldest->audit; /* the kernel gives no number twice */
		return 0;
	}
	own->marks.terminal = leader->terminal;
	own->marks.terminal_session = leader->session;
	own->leader = leader->pid;
	own->init = leader->terminal == view->init_terminal;
	session->logon = leader->start_time;
	session->by_terminal = true;
	return 0;
}

/* Tells whether process PID is in the session. */
static bool has_process(const struct view *view, const struct group *group, pid_t pid)
{
	const struct task *task = view_find(view, pid);

	if (!task)
		return false;
	if (view_is_audit_group(group) || task->audit != PROC_NO_AUDIT)
		return task->audit == group->oldest->audit;
	return view_home(view, task) == group->oldest->home;
}

bool procfs_is_current(const struct view *view, const struct group *group)
{
	return has_process(view, group, getpid());
}

/*
 * Tells whether the caller depends on the session. After a wait its processes are found anew: their numbers may be others' by then.
 * Returns 0 or -ENOMEM.
 */
static int find_own(const struct view *view, const struct group *group, enum session_own *ret)
{
	struct procfs *procfs = view->host->data;
	uint64_t now = clock_now_us();

	if (procfs->caller.n_items == 0 || now - procfs->caller_us > CALLER_US) {
		int r = caller_find(&procfs->caller);

		if (r < 0)
			return r;
		procfs->caller_us = now;
	}
	*ret = OWN_NO;
	for (size_t i = 0; *ret != OWN_YES && i < procfs->caller.n_items; i++)
		if (has_process(view, group, procfs->caller.items[i].pid))
			*ret = procfs->caller.items[i].unsure ? OWN_UNKNOWN : OWN_YES;
	return 0;
}

/* The process that tells whose session it is. */
static const struct task *find_first(const struct group *group)
{
	return view_is_audit_group(group) ? group->oldest : group->leader;
}

/* Reads what the first process is that has not ended since the view. Returns 0, -ENXIO if all have, or a fatal errno. */
static int identify(struct group *group, struct proc_identity *ret)
{
	int r;

	do
		r = proc_read_identity(find_first(group)->stat.pid, ret);
	while (r == -ESRCH && view_drop_task(group, find_first(group)));
	return r == -ESRCH ? -ENXIO : r;
}

int procfs_make_session(const struct view *view, struct group *group, struct logoff_session **ret_session,
			struct logoff_error *reterr)
{
	struct logoff_session *session;
	struct proc_identity identity;
	struct place place;
	const struct task *who;
	int r = identify(group, &identity);

	if (r < 0 && r != -ENXIO)
		return error_set_errno(reterr, r == -ENOMEM ? r : -EIO, r, "/proc: %s", strerror(-r));
	if (r < 0 || is_no_session(view, group, &identity))
		return -ENXIO;
	who = find_first(group);
	r = session_new(&session, view->host);
	if (r < 0)
		return r;
	/* A user may set a login uid that is not set, of their own process: root's program tells whose login it is. */
	session->uid = identity.uids[0];
	if (view_is_audit_group(group) && identity.uids[0] == 0)
		session->uid = read_login_uid(who->stat.pid, 0);
	session->id = make_id(group);
	session->user = get_user_name(session->uid);
	r = session->id && session->user ? set_own(session, view, group) : -ENOMEM;
	find_place(view, group, session->uid, &place);
	if (r >= 0)
		r = set_name(session, view, group, &place);
	if (r >= 0)
		r = set_details(session, view, group, &place);
	if (r < 0) {
		logoff_session_free(session);
		return r;
	}
	session->kind = is_one_of(session->user, greeter_users) ? LOGOFF_KIND_GREETER : LOGOFF_KIND_USER;
	session->current = procfs_is_current(view, group);
	session->own = OWN_YES;
	r = session->current ? 0 : find_own(view, group, &session->own);
	if (r < 0) {
		logoff_session_free(session);
		return r;
	}
	session->unregistered = ((struct procfs *)view->host->data)->beside;
	*ret_session = session;
	return 0;
}
