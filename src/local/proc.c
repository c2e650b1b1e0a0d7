/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * proc.c - see proc.h.
 *
 * Hides the text formats of /proc, cgroup.procs and utmp. Everything here races with processes that come and go: what
 * vanishes between two steps is not an error, it is simply not there. Commands, paths and utmp fields are chosen by
 * users, so the parsers take any bytes. The readers use small buffers on the stack and one descriptor at a time,
 * because a host with a thousand sessions has several thousand of these files.
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

#define KERNEL_THREAD 0x00200000u /* PF_KTHREAD of include/linux/sched.h, in field 9 of stat */
#define MAX_DISPLAYS 65536u

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

static int parse_stat(const char *text, size_t length, struct proc_stat *ret, unsigned *ret_flags)
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
	*ret_flags = flags;
	return 0;
}

int proc_parse_stat(const char *text, size_t length, struct proc_stat *ret)
{
	unsigned flags;

	return parse_stat(text, length, ret, &flags);
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

bool proc_parse_xrdp_socket(const char *line, size_t length, unsigned *ret_display)
{
	struct cursor c = { .at = line, .end = line + length };
	uint64_t display;

	if (!take_unix_connected(&c) || !take_char(&c, ' ') || !take_xrdp_folder(&c) ||
	    !take_text(&c, "xrdp_chansrv_socket_"))
		return false;
	display = take_number(&c);
	(void)take_char(&c, '\n');
	if (c.fault || c.at != c.end || display > MAX_DISPLAYS)
		return false;
	*ret_display = (unsigned)display;
	return true;
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

static int read_stat(pid_t pid, struct proc_stat *ret, unsigned *ret_flags)
{
	char path[40], buffer[1024];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	n = file_read(AT_FDCWD, path, 0, buffer, sizeof(buffer));
	if (n <= 0)
		return why_unread(pid, n < 0 ? (int)n : -ESRCH);
	return parse_stat(buffer, (size_t)n, ret, ret_flags);
}

int proc_read_stat(pid_t pid, struct proc_stat *ret)
{
	unsigned flags;

	return read_stat(pid, ret, &flags);
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

/* Lines of a file, through a buffer. A line longer than the buffer is cut. */
struct lines {
	int fd;
	size_t start, end;
	bool skip; /* the rest of a line that has been cut */
	char buffer[4096];
};

/* Moves what is left to the front and reads on. Returns 1, 0 at the end, -errno. */
static int lines_fill(struct lines *l)
{
	ssize_t n;

	memmove(l->buffer, l->buffer + l->start, l->end - l->start);
	l->end -= l->start;
	l->start = 0;
	do {
		n = read(l->fd, l->buffer + l->end, sizeof(l->buffer) - l->end);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	l->end += (size_t)n;
	return n > 0;
}

/* Gives the next line without its newline. Returns 1, 0 at the end, -errno. */
static int lines_next(struct lines *l, const char **ret_line, size_t *ret_length)
{
	for (;;) {
		size_t held = l->end - l->start;
		char *line = l->buffer + l->start, *newline = memchr(line, '\n', held);
		bool skip = l->skip;
		int r;

		if (!newline && held < sizeof(l->buffer)) {
			r = lines_fill(l);
			if (r < 0)
				return r;
			if (r > 0)
				continue;
			if (held == 0)
				return 0;
			line = l->buffer; /* the last line has no newline */
		}
		*ret_line = line;
		*ret_length = newline ? (size_t)(newline - line) : held;
		l->start = (size_t)(line - l->buffer) + *ret_length + (newline ? 1 : 0);
		l->skip = !newline;
		if (!skip)
			return 1;
	}
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

struct each {
	int (*func)(const struct proc_stat *stat, void *userdata);
	void *userdata;
};

static int give_running(pid_t pid, void *userdata)
{
	const struct each *each = userdata;
	struct proc_stat stat;
	unsigned flags;
	int r = read_stat(pid, &stat, &flags);

	if (r == -ESRCH || r == -EACCES || r == -EPROTO)
		return 0; /* ended meanwhile, or hidden from us: see proc_hides() */
	if (r < 0 || (flags & KERNEL_THREAD) || stat.state == 'Z' || stat.state == 'X')
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
	struct lines lines = { .fd = -1 };
	const char *line, *found;
	char options[256] = "";
	size_t length;
	int r;

	if (may_trace_all())
		return false;
	lines.fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	if (lines.fd < 0)
		return true;
	while ((r = lines_next(&lines, &line, &length)) > 0) {
		found = find_proc_options(line, length);
		if (found)
			snprintf(options, sizeof(options), "%.*s", (int)(line + length - found), found);
	}
	close(lines.fd);
	return r < 0 || hides(options);
}

/* ---- cgroups ---- */

/* What a cgroup folder answers when it has been removed meanwhile; ENOTDIR is a file where a folder may be. */
static bool is_removed(int r)
{
	return r == -ENOENT || r == -ENODEV || r == -ENOTDIR;
}

/* Adds a process that a cgroup names. It is there, though without a name, unless the kernel says that it is not. */
static int add_cgroup_member(struct process_list *list, uint32_t pid)
{
	struct proc_stat stat = { .command = "" };
	int r;

	if (pid > INT32_MAX)
		return -EPROTO;
	if (pid == 0)	/* of another pid namespace: it cannot be asked for */
		return process_list_add(list, 0, "");
	r = proc_read_stat((pid_t)pid, &stat);
	if (r < 0 && r != -EACCES && r != -EPROTO)
		return r == -ESRCH ? 0 : r;
	return stat.state == 'Z' || stat.state == 'X' ? 0 : process_list_add(list, (pid_t)pid, stat.command);
}

/* The process of a thread; the thread itself where that is not told. */
static uint32_t process_of_thread(uint32_t tid)
{
	char path[40], text[4096];
	const char *line;
	unsigned pid;

	snprintf(path, sizeof(path), "/proc/%u/status", (unsigned)tid);
	(void)file_read(AT_FDCWD, path, 0, text, sizeof(text));	/* empty: it has ended */
	line = strstr(text, "\nTgid:\t");	/* the name comes first and its newlines are escaped */
	return line && sscanf(line, "\nTgid:\t%u", &pid) == 1 ? pid : tid;
}

/* Adds what a file of a cgroup folder lists: processes, or THREADS. */
static int list_cgroup_file(int folder, const char *name, bool threads, struct process_list *list)
{
	struct lines lines = { .fd = openat(folder, name, O_RDONLY | O_CLOEXEC) };
	const char *line;
	uint32_t number;
	size_t length;
	int r;

	if (lines.fd < 0)
		return -errno;
	while ((r = lines_next(&lines, &line, &length)) > 0) {
		r = proc_parse_number(line, length, &number);
		if (r >= 0)
			r = add_cgroup_member(list, threads && number ? process_of_thread(number) : number);
		if (r < 0)
			break;
	}
	close(lines.fd);
	return r;
}

/* Below a threaded cgroup there are threads, and to name their processes is left to a folder that may be above PATH. */
static int list_cgroup_folder(int folder, struct process_list *list)
{
	int r = list_cgroup_file(folder, "cgroup.procs", false, list);

	return r == -EOPNOTSUPP ? list_cgroup_file(folder, "cgroup.threads", true, list) : r;
}

/* The folders in one folder: their names, one after the other. */
struct names {
	char *text;
	size_t size, at;
};

static int names_add(struct names *names, const char *name)
{
	size_t length = strlen(name) + 1;
	char *grown = realloc(names->text, names->size + length);

	if (!grown)
		return -ENOMEM;
	memcpy(grown + names->size, name, length);
	names->text = grown;
	names->size += length;
	return 0;
}

/* Tells whether the entry may be a folder. Not every file system says so; and whoever has a cgroup may call it ".x". */
static bool may_be_folder(const struct dirent64 *entry)
{
	const char *name = entry->d_name;

	return (entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN) && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

/* Reads through the descriptor itself: opendir() would take memory, and most folders of cgroups have no folder in them. */
static int names_read(struct names *names, int folder)
{
	char buffer[8192] __attribute__((aligned(__alignof__(struct dirent64))));
	ssize_t n;
	int r = 0;

	while (r == 0 && (n = getdents64(folder, buffer, sizeof(buffer))) != 0) {
		if (n < 0)
			return -errno;
		for (ssize_t at = 0; r == 0 && at < n;) {
			const struct dirent64 *entry = (const struct dirent64 *)(buffer + at);

			at += entry->d_reclen;
			if (may_be_folder(entry))
				r = names_add(names, entry->d_name);
		}
	}
	return r;
}

/*
 * A walk through a cgroup and all below it, as deep as it may be: whoever has a cgroup can nest more folders than a process
 * may have open, or a path may name. So one is open at a time, and the way back up is "..".
 */
struct walk {
	int folder;
	struct names *levels;	/* of the folder, and of those above it */
	size_t n_levels;
	struct process_list *list;
};

/* Enters FD: takes what it lists, and the names of the folders in it. FD is the walk's from then on. */
static int walk_enter(struct walk *walk, int fd)
{
	int r;

	if (walk->folder >= 0)
		close(walk->folder);
	walk->folder = fd;
	r = array_add(&walk->levels, &walk->n_levels, &(struct names){ 0 });
	if (r < 0)
		return r;
	r = list_cgroup_folder(fd, walk->list);
	if (r >= 0 || is_removed(r))
		r = names_read(&walk->levels[walk->n_levels - 1], fd);
	return r < 0 && !is_removed(r) ? r : 0;
}

/* Goes on to the next folder, or back up. */
static int walk_step(struct walk *walk)
{
	struct names *names = &walk->levels[walk->n_levels - 1];
	const char *name = names->text + names->at;
	int fd;

	if (names->at < names->size) {
		names->at += strlen(name) + 1;
		fd = openat(walk->folder, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		if (fd < 0)
			return is_removed(-errno) ? 0 : -errno;
		return walk_enter(walk, fd);
	}
	free(names->text);
	if (--walk->n_levels == 0)
		return 0;
	fd = openat(walk->folder, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	close(walk->folder);
	walk->folder = fd;
	return 0;
}

static int walk_cgroup(int fd, struct process_list *list)
{
	struct walk walk = { .folder = -1, .list = list };
	int r = walk_enter(&walk, fd);

	while (r == 0 && walk.n_levels > 0)
		r = walk_step(&walk);
	while (walk.n_levels > 0)
		free(walk.levels[--walk.n_levels].text);
	free(walk.levels);
	close(walk.folder);
	return r;
}

/* Tells whether the kernel says that there are processes in the cgroup or below it. Version 1 does not say. */
static bool is_populated(int folder)
{
	int fd = openat(folder, "cgroup.events", O_RDONLY | O_CLOEXEC);
	char text[256];
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n < 0 ? 0 : n] = '\0';
	return strstr(text, "populated 1") != NULL;
}

int proc_list_cgroup(const char *path, struct process_list *list)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), again, r;
	size_t n = list->n_items;

	if (fd < 0)
		return is_removed(-errno) ? 0 : -errno;
	again = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	r = again < 0 ? -errno : walk_cgroup(again, list);
	/* A process that moves from folder to folder can be where the walk is not. */
	if (r == 0 && list->n_items == n && is_populated(fd))
		r = process_list_add(list, 0, "");
	close(fd);
	return r;
}

/* ---- why a process does not end ---- */

/*
 * The functions of the kernel in which a thread waits: parts of their names, and what they mean.
 */
static const struct {
	const char *part;
	enum logoff_stuck stuck;
} waits[] = {
	{ "refrigerator", LOGOFF_STUCK_FROZEN },
	{ "fuse_", LOGOFF_STUCK_FUSE },
	{ "request_wait_answer", LOGOFF_STUCK_FUSE },	/* FUSE's, in /proc/PID/wchan */
	{ "nfs", LOGOFF_STUCK_NETWORK },
	{ "rpc_wait", LOGOFF_STUCK_NETWORK },
	{ "cifs", LOGOFF_STUCK_NETWORK },
	{ "smb2_", LOGOFF_STUCK_NETWORK },
};

/* Reads the file NAME of a thread as a text, cut where BUFFER ends. Returns whether there is anything in it. */
static bool read_of_thread(pid_t pid, pid_t thread, const char *name, char *buffer, size_t size)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/task/%d/%s", (int)pid, (int)thread, name);
	return file_read(AT_FDCWD, path, 0, buffer, size) > 0;
}

/* What a thread waits for that cannot be interrupted. Only root may read its stack. */
static enum logoff_stuck explain_wait(pid_t pid, pid_t thread)
{
	char text[4096];

	if (!read_of_thread(pid, thread, "stack", text, sizeof(text)) &&
	    !read_of_thread(pid, thread, "wchan", text, sizeof(text)))
		return LOGOFF_STUCK_DEVICE;
	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++)
		if (strstr(text, waits[i].part))
			return waits[i].stuck;
	return LOGOFF_STUCK_DEVICE;
}

static void explain_thread(struct logoff_process *process, pid_t thread)
{
	char text[4096];
	const char *state, *tracer;

	if (!read_of_thread(process->pid, thread, "status", text, sizeof(text)))
		return;
	/* The name in the first line holds no newline: the kernel writes "\n" for it. */
	state = strstr(text, "\nState:\t");
	tracer = strstr(text, "\nTracerPid:\t");
	switch (state ? state[strlen("\nState:\t")] : '\0') {
	case 'D':
		process->stuck = explain_wait(process->pid, thread);
		break;
	case 'T':
		process->stuck = LOGOFF_STUCK_STOPPED;
		break;
	case 't':
		process->stuck = LOGOFF_STUCK_TRACED;
		process->tracer = tracer ? (pid_t)atoi(tracer + strlen("\nTracerPid:\t")) : 0;
		break;
	default:
		break;
	}
}

/* One thread that is stuck is enough. */
static void explain(struct logoff_process *process)
{
	struct dirent *entry;
	uint32_t thread;
	char path[40];
	DIR *threads;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)process->pid);
	threads = opendir(path);
	while (threads && process->stuck == LOGOFF_STUCK_NOT && (entry = readdir(threads)))
		if (proc_parse_number(entry->d_name, strlen(entry->d_name), &thread) == 0)
			explain_thread(process, (pid_t)thread);
	if (threads)
		closedir(threads);
}

void proc_explain(struct process_list *list, struct logoff_host *host)
{
	(void)host;
	for (size_t i = 0; i < list->n_items; i++)
		explain(&list->items[i]);
}
