/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * proc.c - see proc.h.
 *
 * Hides the text formats of /proc and utmp. proc-cgroup.c lists the processes of a control group, proc-explain.c says why a
 * process does not end. Everything here races with processes that come and go: one that vanishes between two steps is not an
 * error, it is not there. Users choose commands, paths and fields of utmp, so the parsers take any bytes. The readers use small
 * buffers on the stack and one descriptor at a time, because a host with a thousand sessions has several thousand of these files.
 * Sources: proc(5), utmp(5), Documentation/admin-guide/cgroup-v2.rst, fs/proc/array.c for the fields of stat.
 */
#include "local/proc.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <utmp.h>

#include "base/array.h"
#include "local/file.h"

#define BORN_NUMBERS 10000 /* looked up by one proc_for_each_born() */
#define KERNEL_THREAD 0x00200000u /* PF_KTHREAD of include/linux/sched.h, in field 9 of stat */

/* ---- parsers ---- */

/* A cursor over text from outside. After its first fault it stays at fault and gives zeros. */
struct cursor {
	const char *at, *end;
	bool fault;
};

static uint64_t take_number(struct cursor *c)
{
	uint64_t value = 0;
	const char *start = c->at;

	for (; c->at < c->end && isdigit((unsigned char)*c->at); c->at++) {
		if (value > (UINT64_MAX - 9) / 10)
			c->fault = true;
		value = value * 10 + (uint64_t)(*c->at - '0');
	}
	if (c->at == start)
		c->fault = true;
	return c->fault ? 0 : value;
}

static bool take_char(struct cursor *c, char wanted)
{
	if (c->at >= c->end || *c->at != wanted)
		return false;
	c->at++;
	return true;
}

/* The fields of stat are one blank apart; some are negative (tty_nr of high minors, tpgid, nice). */
static int64_t take_field(struct cursor *c)
{
	bool negative;
	uint64_t value;

	if (!take_char(c, ' '))
		c->fault = true;
	negative = take_char(c, '-');
	value = take_number(c);
	return (int64_t)(negative ? 0 - value : value);
}

static pid_t take_pid(struct cursor *c)
{
	int64_t value = take_field(c);

	if (value < -1 || value > INT32_MAX)
		c->fault = true;
	return c->fault ? 0 : (pid_t)value;
}

static void skip_fields(struct cursor *c, unsigned n)
{
	while (n-- > 0)
		(void)take_field(c);
}

/* "PID (COMMAND) STATE ...": the command may hold brackets and blanks, so it ends at the last bracket of the text. */
static void take_command(struct cursor *c, char command[static 32])
{
	const char *close = c->at < c->end ? memrchr(c->at, ')', (size_t)(c->end - c->at)) : NULL;
	size_t length;

	if (!take_char(c, ' ') || !take_char(c, '(') || !close || close < c->at) {
		c->fault = true;
		return;
	}
	length = (size_t)(close - c->at);
	if (length > 31)
		length = 31;
	memcpy(command, c->at, length);
	memset(command + length, 0, 32 - length);
	c->at = close + 1;
}

int proc_parse_stat(const char *text, size_t length, struct proc_stat *ret)
{
	struct cursor c = { .at = text, .end = text + length };
	struct proc_stat s = { 0 };
	uint64_t pid = take_number(&c);
	int64_t terminal, n_threads;
	unsigned flags;

	take_command(&c, s.command);
	if (!take_char(&c, ' ') || c.at >= c.end || !isalpha((unsigned char)*c.at))
		c.fault = true;
	if (c.fault || pid == 0 || pid > INT32_MAX)
		return -EPROTO;
	s.pid = (pid_t)pid;
	s.state = *c.at++;
	s.parent = take_pid(&c);
	s.group = take_pid(&c);
	s.session = take_pid(&c);
	terminal = take_field(&c);
	skip_fields(&c, 1); /* tpgid */
	flags = (unsigned)take_field(&c);
	skip_fields(&c, 10); /* minflt to nice */
	n_threads = take_field(&c);
	skip_fields(&c, 1); /* itrealvalue */
	s.start_time = (uint64_t)take_field(&c);
	if (c.fault || terminal < INT32_MIN || terminal > (int64_t)UINT32_MAX)
		return -EPROTO;
	s.terminal = (unsigned)terminal;
	/* The first thread may end before the others: the kernel shows Z, but the process lives on. */
	if (s.state == 'Z' && n_threads > 1)
		s.state = 'S';
	*ret = s;
	ret->kernel = flags & KERNEL_THREAD;
	return 0;
}

int proc_parse_number(const char *text, size_t length, uint32_t *ret)
{
	struct cursor c = { .at = text, .end = text + length };
	uint64_t value = take_number(&c);

	(void)take_char(&c, '\n');
	if (c.fault || c.at != c.end || value > UINT32_MAX)
		return -EPROTO;
	*ret = (uint32_t)value;
	return 0;
}

/* The texts of utmp fill their field or end at the first NUL. */
static void copy_field(char *to, const char *from, size_t size)
{
	size_t length = strnlen(from, size);

	memcpy(to, from, length);
	to[length] = '\0';
}

int proc_parse_login(const void *record, size_t length, struct proc_login *ret)
{
	struct utmp u;
	struct proc_login login = { 0 };

	_Static_assert(sizeof(u.ut_line) < sizeof(login.line), "line of utmp");
	_Static_assert(sizeof(u.ut_user) < sizeof(login.user), "user of utmp");
	_Static_assert(sizeof(u.ut_host) < sizeof(login.remote), "host of utmp");
	if (length != sizeof(u))
		return -EPROTO;
	memcpy(&u, record, sizeof(u));
	if (u.ut_type != USER_PROCESS || u.ut_pid <= 0 || u.ut_line[0] == '\0' || u.ut_user[0] == '\0')
		return -ENOENT;
	copy_field(login.line, u.ut_line, sizeof(u.ut_line));
	copy_field(login.user, u.ut_user, sizeof(u.ut_user));
	copy_field(login.remote, u.ut_host, sizeof(u.ut_host));
	login.pid = u.ut_pid;
	/* On most machines the field has 32 bits and is to be read as unsigned from 2038 on. */
	login.time_s = sizeof(u.ut_tv.tv_sec) == 4 ? (int64_t)(uint32_t)u.ut_tv.tv_sec : (int64_t)u.ut_tv.tv_sec;
	*ret = login;
	return 0;
}

/* Takes the fields "Num: RefCount Protocol Flags Type St Inode" and tells whether St is 03 (connected). */
static bool take_unix_connected(struct cursor *c)
{
	const char *field[7];
	size_t size[7];

	for (unsigned i = 0; i < 7; i++) {
		while (take_char(c, ' '))
			;
		field[i] = c->at;
		while (c->at < c->end && *c->at != ' ')
			c->at++;
		size[i] = (size_t)(c->at - field[i]);
		if (size[i] == 0)
			return false;
	}
	return size[5] == 2 && memcmp(field[5], "03", 2) == 0;
}

static bool take_text(struct cursor *c, const char *text)
{
	size_t length = strlen(text);

	if ((size_t)(c->end - c->at) < length || memcmp(c->at, text, length) != 0)
		return false;
	c->at += length;
	return true;
}

/*
 * Where xrdp keeps its sockets: distributions use the first, a build with the defaults of 0.9 the last (common/
 * xrdp_sockets.h). From 0.10 on each user has a folder of their own below it, named by their number.
 */
static bool take_xrdp_folder(struct cursor *c)
{
	struct cursor user;

	if (!take_text(c, "/run/xrdp/sockdir/") && !take_text(c, "/var/run/xrdp/sockdir/") &&
	    !take_text(c, "/tmp/.xrdp/"))
		return false;
	user = *c;
	(void)take_number(&user);
	if (!user.fault && take_char(&user, '/'))
		*c = user;
	return true;
}

enum proc_xrdp proc_parse_xrdp_socket(const char *line, size_t length, unsigned *ret_display)
{
	struct cursor c = { .at = line, .end = line + length };
	enum proc_xrdp whose;
	uint64_t display;

	if (!take_unix_connected(&c) || !take_char(&c, ' ') || !take_xrdp_folder(&c))
		return PROC_XRDP_NONE;
	whose = take_text(&c, "xrdp_chansrv_socket_") ? PROC_XRDP_CHANNELS : take_text(&c, "xrdp_display_") ? PROC_XRDP_SCREEN : PROC_XRDP_NONE;
	if (whose == PROC_XRDP_NONE)
		return whose;
	display = take_number(&c);
	(void)take_char(&c, '\n');
	if (c.fault || c.at != c.end || display > PROC_MAX_DISPLAYS)
		return PROC_XRDP_NONE;
	*ret_display = (unsigned)display;
	return whose;
}

/* ---- readers ---- */

/*
 * What it means that a file of a process could not be read. One that has ended has no files, and reading fails with ESRCH
 * when it ends after the open. But one that is hidden from us (hidepid) has no files either: only the kernel's
 * answer to a signal tells them apart. What a security module forbids is hidden as well.
 */
static int why_unread(pid_t pid, int r)
{
	if (r == -ENOENT || r == -ESRCH)
		return kill(pid, 0) < 0 && errno == ESRCH ? -ESRCH : -EACCES;
	return r == -EPERM ? -EACCES : r;
}

int proc_read_stat(pid_t pid, struct proc_stat *ret)
{
	char path[40], buffer[1024];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	n = file_read(AT_FDCWD, path, 0, buffer, sizeof(buffer));
	if (n <= 0)
		return why_unread(pid, n < 0 ? (int)n : -ESRCH);
	return proc_parse_stat(buffer, (size_t)n, ret);
}

int proc_read_identity(pid_t pid, struct proc_identity *ret)
{
	char path[40], text[4096], *line;
	uint32_t *uids = ret->uids;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	n = file_read(AT_FDCWD, path, 0, text, sizeof(text));
	if (n < 0)
		return n == -ENOENT || n == -EACCES || n == -EPERM ? -ESRCH : (int)n;
	/* The name comes first and its newlines are escaped, so that it cannot imitate these lines. */
	line = strstr(text, "\nUid:\t");
	if (!line || sscanf(line, "\nUid:\t%u\t%u\t%u\t%u", &uids[0], &uids[1], &uids[2], &uids[3]) != 4)
		return -ESRCH;
	line = strstr(text, "\nNSpid:\t");
	line = line ? line + strlen("\nNSpid:\t") : NULL;
	ret->contained = line && strcspn(line, "\t\n") < strcspn(line, "\n");
	return 0;
}

uint32_t proc_read_login_uid(pid_t pid)
{
	char path[40], buffer[16];
	uint32_t uid;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/loginuid", (int)pid);
	n = file_read(AT_FDCWD, path, 0, buffer, sizeof(buffer));
	return n < 0 || proc_parse_number(buffer, (size_t)n, &uid) < 0 ? PROC_NO_AUDIT : uid;
}

int proc_read_audit_session(pid_t pid, uint32_t *ret)
{
	char path[40], buffer[16];
	uint32_t value;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/sessionid", (int)pid);
	n = file_read(AT_FDCWD, path, 0, buffer, sizeof(buffer));
	if (n == -ENOENT) {
		/* A kernel without audit has no such file at all. */
		snprintf(path, sizeof(path), "/proc/%d", (int)pid);
		if (access(path, F_OK) < 0)
			return why_unread(pid, -ENOENT);
		value = PROC_NO_AUDIT;
	} else if (n < 0) {
		return why_unread(pid, (int)n); /* to have no descriptor left must not look like "no session" either */
	} else if (proc_parse_number(buffer, (size_t)n, &value) < 0 || value == 0) {
		value = PROC_NO_AUDIT; /* the kernel counts from 1 */
	}
	*ret = value;
	return 0;
}

uint32_t proc_ambient_audit_session(void)
{
	uint32_t ambient = PROC_NO_AUDIT;

	return proc_read_audit_session(1, &ambient) < 0 ? PROC_NO_AUDIT : ambient;
}

int proc_read_logins(struct proc_login **ret_logins, size_t *ret_n_logins)
{
	struct proc_login *logins = NULL, login;
	struct utmp record;
	size_t n = 0;
	int fd = open(_PATH_UTMP, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int r = 0;

	if (fd < 0 && errno != ENOENT && errno != ENOTDIR && errno != EACCES)
		return -errno;
	while (r >= 0 && fd >= 0 && read(fd, &record, sizeof(record)) == (ssize_t)sizeof(record))
		if (proc_parse_login(&record, sizeof(record), &login) == 0)
			r = array_add(&logins, &n, &login);
	if (fd >= 0)
		close(fd);
	if (r < 0) {
		free(logins);
		return r;
	}
	*ret_logins = logins;
	*ret_n_logins = n;
	return 0;
}

int proc_for_each_pid(int (*func)(pid_t pid, void *userdata), void *userdata)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	uint32_t pid;
	int r = 0;

	if (!proc)
		return -errno;
	while (r == 0 && (errno = 0, entry = readdir(proc)))
		if (proc_parse_number(entry->d_name, strlen(entry->d_name), &pid) == 0 && pid <= INT32_MAX)
			r = func((pid_t)pid, userdata);
	if (r == 0 && errno)
		r = -errno;
	closedir(proc);
	return r;
}

/*
 * The setting is not in every kernel. Of loadavg it is the fifth field; what shows a container the load of the container alone (lxcfs)
 * puts a number of its own there.
 */
pid_t proc_last_pid(void)
{
	static const char *const paths[] = { "/proc/sys/kernel/ns_last_pid", "/proc/loadavg" };
	char text[128];
	uint32_t last;
	ssize_t n = -1;

	for (size_t i = 0; i < 2 && n <= 0; i++) {
		const char *blank;

		n = file_read(AT_FDCWD, paths[i], 0, text, sizeof(text));
		blank = n > 0 ? memrchr(text, ' ', (size_t)n) : NULL;
		blank = blank ? blank + 1 : text;
		if (n > 0 && proc_parse_number(blank, (size_t)(text + n - blank), &last) == 0 && last <= INT32_MAX)
			return (pid_t)last;
	}
	return 0;
}

int proc_for_each_born(pid_t *from, int (*func)(pid_t pid, void *userdata), void *userdata)
{
	pid_t last = proc_last_pid();
	unsigned n_called = 0;
	int r = 0;

	for (; r == 0 && last > *from; last = proc_last_pid())
		while (r == 0 && *from < last) {
			r = func(*from + 1, userdata);
			++*from;
			if (r == 0 && ++n_called > BORN_NUMBERS)
				r = -EAGAIN;
		}
	return r != 0 ? r : last == 0 ? -ENODATA : last < *from ? -EAGAIN : 0;
}

struct each {
	int (*func)(const struct proc_stat *stat, void *userdata);
	void *userdata;
};

static int give_running(pid_t pid, void *userdata)
{
	const struct each *each = userdata;
	struct proc_stat stat;
	int r = proc_read_stat(pid, &stat);

	if (r == -ESRCH || r == -EACCES || r == -EPROTO)
		return 0; /* ended meanwhile, or hidden from us: see proc_hides() */
	if (r < 0 || stat.kernel || stat.state == 'Z' || stat.state == 'X')
		return r;
	return each->func(&stat, each->userdata);
}

int proc_for_each(int (*func)(const struct proc_stat *stat, void *userdata), void *userdata)
{
	struct each each = { .func = func, .userdata = userdata };

	return proc_for_each_pid(give_running, &each);
}

/* ---- what /proc hides ---- */

/* The last mount of /proc among the lines of /proc/self/mountinfo: gives its options, or NULL. */
static const char *find_proc_options(const char *line, size_t length)
{
	const char *end = memmem(line, length, " - proc ", 8);
	unsigned skipped = 0;

	if (!end)
		return NULL;
	for (; line < end && skipped < 4; line++)
		skipped += *line == ' ';
	return strncmp(line, "/proc ", 6) == 0 ? end + 8 : NULL;
}

static bool may_trace_all(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct rights[2] = {};

	return syscall(SYS_capget, &header, rights) == 0 && (rights[0].effective & (1u << CAP_SYS_PTRACE));
}

/* Tells whether a mount with OPTIONS hides the processes of others from us. Source: fs/proc/base.c, has_pid_permissions(). */
static bool hides(const char *options)
{
	const char *mode = strstr(options, "hidepid="), *gid = strstr(options, "gid=");
	gid_t groups[NGROUPS_MAX], wanted = gid ? (gid_t)strtoul(gid + 4, NULL, 10) : 0;
	int n;

	if (!mode || mode[8] == '0' || strncmp(mode + 8, "off", 3) == 0)
		return false;
	if (mode[8] == '4' || strncmp(mode + 8, "ptraceable", 10) == 0)
		return true;
	n = getgroups(NGROUPS_MAX, groups);
	for (int i = 0; i < n; i++)
		if (groups[i] == wanted)
			return false;
	return getegid() != wanted;
}

bool proc_hides(void)
{
	struct file_lines lines = { .fd = -1 };
	const char *line, *found;
	char options[256] = "";
	size_t length;
	int r;

	if (may_trace_all())
		return false;
	lines.fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	if (lines.fd < 0)
		return true;
	while ((r = file_next_line(&lines, &line, &length)) > 0) {
		found = find_proc_options(line, length);
		if (found)
			snprintf(options, sizeof(options), "%.*s", (int)(line + length - found), found);
	}
	close(lines.fd);
	return r < 0 || hides(options);
}
