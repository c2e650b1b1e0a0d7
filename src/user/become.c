/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * become.c - see become.h.
 *
 * The order of giving up is that of setuid(2) and credentials(7): what needs root's rights first, then groups, and the
 * user last. From then on the process is undumpable, so the user can neither trace it nor read in its memory what the
 * caller knows of others; that ends when it becomes another program, and by then nothing of the caller is left in it.
 * Sources: kernel/auditsc.c (audit_set_loginuid: a login uid that is not set may be set by anybody to anybody, so it is
 * never left unset), credentials(7), capabilities(7), session-keyring(7), cgroups(7).
 */
#include "user/become.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "local/file.h"

/* The priority of input and output: the class "none" (ioprio_set(2)), in which it follows that of the processor. */
#define IO_WHO_PROCESS 1

/* ---- what the caller has set up ---- */

/* Closes all descriptors from FIRST on. */
static void close_from(unsigned first)
{
#ifdef SYS_close_range
	if (syscall(SYS_close_range, first, ~0U, 0) == 0)
		return;
#endif
	for (long fd = first, end = sysconf(_SC_OPEN_MAX); fd < (end > 0 && end < 65536 ? end : 65536); fd++)
		(void)close((int)fd);
}

void become_forget(int fd)
{
	(void)!chdir("/");
	(void)umask(077);
	clearenv();
	(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	close_from((unsigned)fd + 1);
}

/* ---- what else root's child would keep ---- */

/* Returns 0 or -errno. */
static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), r = fd < 0 ? -errno : 0;

	if (r >= 0 && write(fd, text, strlen(text)) < 0)
		r = -errno;
	if (fd >= 0)
		close(fd);
	return r;
}

/* Tells whether a process, if there is one, is in the audit session that this one is in. */
static bool is_in_audit_session(pid_t pid)
{
	char path[40], own[24], other[24];

	snprintf(path, sizeof(path), "/proc/%d/sessionid", (int)pid);
	return pid && file_read(AT_FDCWD, "/proc/self/sessionid", 0, own, sizeof(own)) >= 0 && file_read(AT_FDCWD, path, 0, other, sizeof(other)) >= 0 &&
	       strcmp(own, other) == 0;
}

/*
 * The kernel opens a new audit session with each login uid that is set. Where it may not be set, there is nothing to cut
 * if all on this host are in one audit session, the user's processes too (containers without privileges).
 */
static int cut_login(uid_t uid, pid_t like, struct logoff_error *cause)
{
	char text[16];
	int r;

	snprintf(text, sizeof(text), "%u", (unsigned)uid);
	r = write_file("/proc/self/loginuid", text);
	if (r == 0 || r == -ENOENT || is_in_audit_session(like))
		return 0;	/* ENOENT: a kernel without audit */
	return error_set_errno(cause, r, r, "the kernel keeps the sender's login uid: %s", strerror(-r));
}

bool become_parse_cgroup(const char *line, size_t length, struct become_cgroup *ret)
{
	const char *name = memchr(line, ':', length), *path, *end = line + length;

	path = name ? memchr(name + 1, ':', (size_t)(end - name - 1)) : NULL;
	/* Dots lead out of what this process can see: no session of this machine is there. */
	if (!path || ++path == end || *path != '/' || memmem(path, (size_t)(end - path), "/..", 3))
		return false;
	name++;
	ret->named = path - name > 6 && strncmp(name, "name=", 5) == 0;
	name += ret->named ? 5 : 0;
	ret->unified = path - name == 1;
	return snprintf(ret->hierarchy, sizeof(ret->hierarchy), "%.*s", (int)(path - name - 1), name) < (int)sizeof(ret->hierarchy) &&
	       snprintf(ret->path, sizeof(ret->path), "%.*s", (int)(end - path), path) < (int)sizeof(ret->path);
}

/* Where a hierarchy is mounted, as everywhere. Returns false if it is not: then no session is in it. */
static bool find_hierarchy(const struct become_cgroup *cgroup, char *path, size_t size)
{
	if (cgroup->unified)
		snprintf(path, size, "/sys/fs/cgroup%s", access("/sys/fs/cgroup/cgroup.procs", F_OK) == 0 ? "" : "/unified");
	else
		snprintf(path, size, "/sys/fs/cgroup/%s", cgroup->hierarchy);
	return access(path, F_OK) == 0;
}

/* Tells whether this process is in that cgroup already: the same line is in its own list. */
static bool is_in_cgroup(const char *line, size_t length)
{
	char text[8192];

	if (file_read(AT_FDCWD, "/proc/self/cgroup", 0, text, sizeof(text)) < 0)
		return false;
	for (const char *at = text; *at; at += strcspn(at, "\n"), at += *at == '\n')
		if (strncmp(at, line, length) == 0 && (at[length] == '\n' || !at[length]))
			return true;
	return false;
}

/* Goes into the cgroup that LINE tells, or with TOP to the top of its tree. Returns 0 or -errno; *ret_path tells where. */
static int enter_cgroup(const char *line, size_t length, bool top, char *path, size_t size)
{
	struct become_cgroup cgroup;
	char root[300];
	int r;

	if (!become_parse_cgroup(line, length, &cgroup) || (top && strcmp(cgroup.path, "/") == 0) ||
	    !find_hierarchy(&cgroup, root, sizeof(root)))
		return 0;
	snprintf(path, size, "%s%s/cgroup.procs", root, top ? "" : cgroup.path);
	r = write_file(path, "0");
	return cgroup.unified || cgroup.named ? r : 0;
}

/* Goes into the cgroups of process BESIDE. Where sessions live it must; controllers of v1 may not be writable. */
static int cut_cgroup(pid_t beside, struct logoff_error *cause)
{
	char list[40], text[8192], path[sizeof(((struct become_cgroup *)NULL)->path) + 320];
	int r;

	snprintf(list, sizeof(list), "/proc/%d/cgroup", (int)beside);
	if (file_read(AT_FDCWD, list, 0, text, sizeof(text)) < 0)
		return error_set_errno(cause, -ENXIO, -ESRCH, "the process beside which it was to be shown has ended");
	for (const char *at = text, *end; *at; at = end + (*end == '\n')) {
		end = at + strcspn(at, "\n");
		r = is_in_cgroup(at, (size_t)(end - at)) ? 0 : enter_cgroup(at, (size_t)(end - at), false, path, sizeof(path));
		if (r < 0)
			return error_set_errno(cause, r, r, "cannot leave the sender's cgroup: %s: %s", path, strerror(-r));
	}
	return 0;
}

/* Leaves the cgroups of the caller's session for those of no session, where that is allowed. */
static void leave_cgroup(void)
{
	char text[8192], path[sizeof(((struct become_cgroup *)NULL)->path) + 320];

	if (file_read(AT_FDCWD, "/proc/self/cgroup", 0, text, sizeof(text)) < 0)
		return;
	for (const char *at = text, *end; *at; at = end + (*end == '\n')) {
		end = at + strcspn(at, "\n");
		(void)enter_cgroup(at, (size_t)(end - at), true, path, sizeof(path));
	}
}

/* Priorities, as PID 1 gives them to whatever it starts. */
static void cut_scheduling(void)
{
	const struct sched_param ordinary = {};
	cpu_set_t all;

	memset(&all, 0xff, sizeof(all));
	(void)sched_setaffinity(0, sizeof(all), &all);
	(void)sched_setscheduler(0, SCHED_OTHER, &ordinary);
	(void)setpriority(PRIO_PROCESS, 0, 0);
	(void)syscall(SYS_ioprio_set, IO_WHO_PROCESS, 0, 0);
	(void)write_file("/proc/self/oom_score_adj", "0");
	(void)prctl(PR_SET_TIMERSLACK, 0, 0, 0, 0);
	if (personality(0xffffffff) != PER_LINUX)
		(void)personality(PER_LINUX);
}

/* With securebits or inheritable capabilities of the caller, the change of the user would not end its rights. */
static int cut_capabilities(struct logoff_error *cause)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};

	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (prctl(PR_GET_SECUREBITS, 0, 0, 0, 0) > 0 && prctl(PR_SET_SECUREBITS, 0, 0, 0, 0) < 0)
		return error_set_errno(cause, -EPERM, -errno, "the sender's securebits are locked");
	(void)prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0);
	if (syscall(SYS_capget, &head, data) < 0)
		return -errno;
	for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
		data[i].inheritable = 0;
	return syscall(SYS_capset, &head, data) < 0 ? -errno : 0;
}

int become_cut(uid_t uid, pid_t beside, pid_t like, struct logoff_error *cause)
{
	int r = beside > 0 ? cut_cgroup(beside, cause) : 0;

	if (beside == BECOME_NO_SESSION)
		leave_cgroup();
	if (r >= 0)
		r = cut_login(uid, like, cause);
	cut_scheduling();
	return r < 0 ? r : cut_capabilities(cause);
}

/* ---- becoming the user ---- */

/*
 * A user may have some: since systemd 254 those before the machine's screen have CAP_WAKE_ALARM, and in containers whole sets can be
 * inherited. None is needed to reach their own desktop.
 */
static void drop_capabilities(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};

	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	(void)syscall(SYS_capset, &head, none);	/* whether that has worked is looked at */
}

/* Tells whether any right is left. */
static bool has_capabilities(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};

	return syscall(SYS_capget, &head, data) < 0 || data[0].effective || data[1].effective || data[0].permitted ||
	       data[1].permitted || data[0].inheritable || data[1].inheritable;
}

/*
 * A session keyring of its own, which belongs to the user: that of the caller could be read by whoever has inherited it.
 * Where the kernel has none, or lets nobody here ask for one (containers), there is none to be read.
 */
static int leave_keyring(void)
{
	int why;

	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) >= 0)
		return 0;
	why = errno;
	return syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0) < 0 && errno == why ? 0 : -why;
}

int become_user(uid_t uid, char *home, size_t size)
{
	struct passwd entry, *found = NULL;
	char buffer[4096];

	if (getpwuid_r(uid, &entry, buffer, sizeof(buffer), &found) != 0 || !found || strlen(entry.pw_dir) >= size)
		return -ENOENT;
	/* No supplementary groups: neither the caller's nor the user's are needed to reach the user's own desktop. */
	if (geteuid() == 0 && (setgroups(0, NULL) < 0 || setresgid(entry.pw_gid, entry.pw_gid, entry.pw_gid) < 0))
		return -errno;
	if (setresuid(uid, uid, uid) < 0 || getuid() != uid || geteuid() != uid)
		return -EPERM;
	if (uid != 0)
		drop_capabilities();
	if (uid != 0 && has_capabilities())
		return -EPERM;
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	(void)setrlimit(RLIMIT_CORE, &(struct rlimit){});	/* nothing of what the caller knew is written out */
	memcpy(home, entry.pw_dir, strlen(entry.pw_dir) + 1);
	return leave_keyring();
}

/* ---- becoming a user with given groups ---- */

static int compare_groups(const void *a, const void *b)
{
	gid_t one = *(const gid_t *)a, other = *(const gid_t *)b;

	return (one > other) - (one < other);
}

/* Tells whether the process has just these groups, whose order does not matter. */
static bool has_groups(const gid_t *groups, size_t n)
{
	gid_t *have = malloc((n + 1) * sizeof(*have)), *want = malloc((n + 1) * sizeof(*want));
	bool same = have && want && getgroups((int)n, have) == (int)n;

	if (same) {
		memcpy(want, groups, n * sizeof(*want));
		qsort(have, n, sizeof(*have), compare_groups);
		qsort(want, n, sizeof(*want), compare_groups);
		same = memcmp(have, want, n * sizeof(*want)) == 0;
	}
	free(have);
	free(want);
	return same;
}

/* Tells whether all user and group ids are these. */
static bool is_all(uid_t uid, gid_t gid)
{
	uid_t uids[3];
	gid_t gids[3];

	return getresuid(&uids[0], &uids[1], &uids[2]) == 0 && getresgid(&gids[0], &gids[1], &gids[2]) == 0 && uids[0] == uid &&
	       uids[1] == uid && uids[2] == uid && gids[0] == gid && gids[1] == gid && gids[2] == gid;
}

static void forget_signals(void)
{
	const struct sigaction action = { .sa_handler = SIG_DFL };
	sigset_t none;

	for (int number = 1; number < NSIG; number++)
		(void)sigaction(number, &action, NULL);	/* fails of those that nobody can handle */
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* No program that is run from now on can have a capability. Returns 0 or -errno. */
static int drop_bounding_set(void)
{
	for (unsigned long i = 0; prctl(PR_CAPBSET_READ, i, 0, 0, 0) >= 0; i++)
		if (prctl(PR_CAPBSET_DROP, i, 0, 0, 0) < 0)
			return -errno;
	return 0;
}

int become_exactly(uid_t uid, const gid_t *groups, size_t n_groups, struct logoff_error *cause)
{
	int r;

	(void)!chdir("/");
	(void)umask(077);
	close_from(STDERR_FILENO + 1);
	forget_signals();
	cut_scheduling();
	r = cut_capabilities(cause);
	if (r >= 0 && uid != 0)
		r = drop_bounding_set();
	if (r >= 0 && (setgroups(n_groups, groups) < 0 || setresgid(groups[0], groups[0], groups[0]) < 0 ||
		       setresuid(uid, uid, uid) < 0))
		r = -errno;
	if (r >= 0 && uid != 0)
		drop_capabilities();
	if (r >= 0 && (!is_all(uid, groups[0]) || !has_groups(groups, n_groups) || (uid != 0 && has_capabilities()) ||
		       prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0))
		r = -EPERM;
	if (r >= 0) {
		(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
		(void)setrlimit(RLIMIT_CORE, &(struct rlimit){});
		r = leave_keyring();
	}
	return r < 0 && cause->domain == LOGOFF_ERROR_NONE ? error_set_errno(cause, r, r, "%s", strerror(-r)) : r;
}

/* ---- limits ---- */

/* Reads "unlimited" or a number. Returns 0 or -EBADMSG. */
static int read_limit(const char *word, rlim_t *ret)
{
	char *end;

	*ret = strncmp(word, "unlimited", 9) == 0 ? RLIM_INFINITY : strtoul(word, &end, 10);
	return *ret == RLIM_INFINITY || end > word ? 0 : -EBADMSG;
}

/*
 * The kernel writes a line for each limit, in the order of their numbers, below one of headings: 26 bytes of its name, then the soft
 * limit, then the hard one. Everybody may read it, while prlimit() refuses a process of the user with another group.
 */
int become_limit(pid_t like, struct logoff_error *cause)
{
	char path[32], text[4096], hard[24];
	const char *line = text;
	struct rlimit own;
	rlim_t theirs_cur, theirs_max;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/limits", (int)like);
	n = file_read(AT_FDCWD, path, 0, text, sizeof(text));
	if (n < 0)
		return error_set_errno(cause, n == -ENOENT || n == -ESRCH ? -ENXIO : -EPERM, (int)n,
				       "the limits of process %d of the user cannot be read", (int)like);
	for (int number = 0; number < (int)RLIM_NLIMITS; number++) {
		line = strchr(line, '\n');
		line = line ? line + 1 : "";
		if (strlen(line) < 26 || sscanf(line + 26, "%*s %20s", hard) != 1 || read_limit(line + 26, &theirs_cur) < 0 ||
		    read_limit(hard, &theirs_max) < 0)
			return error_set_errno(cause, -EPERM, -EBADMSG, "the limits of process %d of the user cannot be read", (int)like);
		if (getrlimit(number, &own) < 0)
			return error_set_errno(cause, -EPERM, -errno, "the sender's limits cannot be read");
		own.rlim_max = theirs_max < own.rlim_max ? theirs_max : own.rlim_max;
		own.rlim_cur = theirs_cur < own.rlim_max ? theirs_cur : own.rlim_max;
		if (setrlimit(number, &own) < 0)
			return error_set_errno(cause, -EPERM, -errno, "the sender's limits cannot be lowered");
	}
	return 0;
}
