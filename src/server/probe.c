/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * probe.c - see probe.h.
 */
#include "server/probe.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/os.h"
#include "local/child.h"
#include "local/proc.h"

#define RUN_US UINT64_C(20000000)

/* ---- parsers ---- */

static const char *next_line(const char *line)
{
	const char *end = strchr(line, '\n');

	return end ? end + 1 : NULL;
}

static const char *skip_blanks(const char *text)
{
	return text + strspn(text, " \t");
}

/* Copies TEXT up to the end of its line, without blanks at the end. */
static void copy_line(const char *text, char *to, size_t size)
{
	size_t n = strcspn(text, "\r\n");

	while (n > 0 && isspace((unsigned char)text[n - 1]))
		n--;
	snprintf(to, size, "%.*s", (int)n, text);
}

bool probe_setting(const char *text, const char *key, char *ret_value, size_t size)
{
	size_t n = strlen(key);
	bool global = false;

	for (const char *line = text; line; line = next_line(line)) {
		const char *at = skip_blanks(line);

		if (*at == '[')
			global = strncasecmp(at, "[global]", 8) == 0;
		if (!global || strncasecmp(at, key, n) != 0)
			continue;
		at = skip_blanks(at + n);
		if (*at != '=')
			continue;
		copy_line(skip_blanks(at + 1), ret_value, size);
		return true;
	}
	return false;
}

bool probe_role(const char *text, char *ret_role, size_t size)
{
	static const char before[] = "Server role: ROLE_";

	for (const char *line = text; line; line = next_line(line))
		if (strncmp(line, before, sizeof(before) - 1) == 0) {
			copy_line(line + sizeof(before) - 1, ret_role, size);
			return true;
		}
	return false;
}

/* An account is "name:number:full name"; its number is (uid_t)-1 if this machine has no such user. */
size_t probe_accounts(const char *text, size_t *ret_n_homeless)
{
	size_t n = 0;

	*ret_n_homeless = 0;
	for (const char *line = text; line; line = next_line(line)) {
		const char *number = line + strcspn(line, ":\n");
		size_t digits = *number == ':' ? strspn(number + 1, "0123456789") : 0;

		if (number == line || digits == 0 || number[1 + digits] != ':')
			continue;
		n++;
		*ret_n_homeless += strncmp(number, ":4294967295:", 12) == 0;
	}
	return n;
}

bool probe_has_pipe(const char *text, const char *name)
{
	static const char before[] = "ncacn_np:[\\pipe\\";
	size_t n = strlen(name);

	for (const char *line = text; line; line = next_line(line)) {
		const char *at = skip_blanks(line);

		if (strncasecmp(at, before, sizeof(before) - 1) != 0)
			continue;
		at += sizeof(before) - 1;
		if (strncasecmp(at, name, n) == 0 && at[n] == ']')
			return true;
	}
	return false;
}

bool probe_nss_has(const char *text, const char *database, const char *service)
{
	size_t n = strlen(database);

	for (const char *line = text; line; line = next_line(line)) {
		const char *at = skip_blanks(line), *end = at + strcspn(at, "#\n");

		if (strncmp(at, database, n) != 0 || at[n] != ':')
			continue;
		for (at += n + 1; at < end; at += strcspn(at, " \t#\n")) {
			size_t length;

			at = skip_blanks(at);
			length = strcspn(at, " \t#\n");
			if (at < end && length == strlen(service) && strncmp(at, service, length) == 0)
				return true;
			if (length == 0)
				break;
		}
	}
	return false;
}

bool probe_nss_is_local(const char *text, const char *database)
{
	size_t n = strlen(database);

	for (const char *line = text; line; line = next_line(line)) {
		const char *at = skip_blanks(line);
		size_t length;

		if (strncmp(at, database, n) != 0 || at[n] != ':')
			continue;
		for (at = skip_blanks(at + n + 1); *at && !strchr("#\r\n", *at); at = skip_blanks(at + length)) {
			length = *at == '[' ? strcspn(at, "]\n") : strcspn(at, " \t\r[#\n");
			if (*at == '[')
				length += at[length] == ']';
			else if (!(length == 5 && strncmp(at, "files", 5) == 0) &&
				 !(length == 7 && strncmp(at, "systemd", 7) == 0))
				return false;
		}
	}
	return true;
}

/* The field number INDEX, from 0, of a LINE with colons; empty if there is none. */
static const char *field(const char *line, unsigned index, size_t *ret_length)
{
	while (index-- > 0) {
		line += strcspn(line, ":\n");
		line += *line == ':';
	}
	*ret_length = strcspn(line, ":\r\n");
	return line;
}

static bool is_primary_group(const char *users, const char *gid, size_t n_gid)
{
	for (const char *line = users; line; line = next_line(line)) {
		size_t n;
		const char *of = field(line, 3, &n);

		if (n > 0 && n == n_gid && strncmp(of, gid, n) == 0)
			return true;
	}
	return false;
}

int probe_has_member(const char *groups, const char *users, const char *name)
{
	size_t n_gid, n_members, n = strlen(name);

	for (const char *line = groups; line; line = next_line(line)) {
		const char *gid = field(line, 2, &n_gid);

		if (strncmp(line, name, n) != 0 || line[n] != ':')
			continue;
		(void)field(line, 3, &n_members);
		return n_members > 0 || is_primary_group(users, gid, n_gid);
	}
	return -ENOENT;
}

/* The addresses stand there in the kernel's order of bytes: 127.0.0.1 ends in 7F on a little-endian machine. */
static bool is_loopback(const char *address)
{
	unsigned char bytes[16] = {};
	unsigned words[4] = {};
	size_t n = strlen(address) / 8;

	for (size_t i = 0; i < n && i < 4; i++)
		if (sscanf(address + 8 * i, "%8x", &words[i]) != 1)
			return false;
	memcpy(bytes, words, sizeof(bytes));
	if (n == 1)
		return bytes[0] == 127;
	return memcmp(bytes, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 16) == 0 ||
	       (memcmp(bytes, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12) == 0 && bytes[12] == 127);
}

enum probe_listener probe_listener(const char *text, unsigned port)
{
	enum probe_listener found = PROBE_NOBODY;

	for (const char *line = text; line; line = next_line(line)) {
		char address[33];
		unsigned at, state;

		if (sscanf(line, " %*u: %32[0-9A-Fa-f]:%4x %*[0-9A-Fa-f]:%*4x %2x", address, &at, &state) != 3 ||
		    at != port || state != 0x0a)
			continue;
		if (!is_loopback(address))
			return PROBE_NETWORK;
		found = PROBE_LOOPBACK;
	}
	return found;
}

static bool says_nothing(const char *line)
{
	static const char *const beginnings[] = { "[2", "Load smb config files from ", "Loaded services file OK" };

	for (size_t i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++)
		if (strncmp(line, beginnings[i], strlen(beginnings[i])) == 0)
			return true;
	return *line == '\0' || *line == '\n' || *line == '\r';
}

bool probe_cause(const char *text, char *ret_line, size_t size)
{
	for (const char *line = text; line; line = next_line(line)) {
		const char *at = skip_blanks(line);

		if (!says_nothing(at)) {
			copy_line(at, ret_line, size);
			return true;
		}
	}
	return false;
}

/* ---- questions to this machine ---- */

bool probe_find(const char *name, char *ret_path, size_t size)
{
	static const char *const folders[] = {
		"/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin", "/usr/local/samba/bin",
		"/usr/local/samba/sbin",
	};

	if (strchr(name, '/')) {
		*(char *)mempcpy(ret_path, name, strnlen(name, size - 1)) = '\0';
		return access(name, X_OK) == 0;
	}
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		snprintf(ret_path, size, "%s/%s", folders[i], name);
		if (access(ret_path, X_OK) == 0)
			return true;
	}
	return false;
}

/* Starts PATH, whose output goes to FD. */
static int start(const char *path, const char *const argv[], int fd, pid_t *ret_pid)
{
	static char language[] = "LC_ALL=C";
	static char search[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	char *const environment[] = { language, search, NULL };
	posix_spawn_file_actions_t actions;
	int r = posix_spawn_file_actions_init(&actions);

	if (r != 0)
		return -r;
	r = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(&actions, fd, 1);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(&actions, fd, 2);
	if (r == 0)
		r = posix_spawn(ret_pid, path, &actions, NULL, (char *const *)argv, environment);
	posix_spawn_file_actions_destroy(&actions);
	return -r;
}

/* Reads FD to its end or UNTIL_US. Returns 0, -ETIMEDOUT or -errno. */
static int collect(int fd, uint64_t until_us, struct probe_output *output)
{
	char rest[4096];
	size_t n = 0;
	ssize_t got = 1;

	while (got != 0) {
		bool room = n + 1 < sizeof(output->text);
		uint64_t now = clock_now_us();

		if (now >= until_us || os_wait(fd, until_us - now) == 0)
			return -ETIMEDOUT;
		got = read(fd, room ? output->text + n : rest, room ? sizeof(output->text) - 1 - n : sizeof(rest));
		if (got < 0 && errno != EINTR)
			return -errno;
		n += room && got > 0 ? (size_t)got : 0;
	}
	/* A NUL would hide what comes after it. */
	for (size_t i = 0; i < n; i++)
		if (!output->text[i])
			output->text[i] = '?';
	output->text[n] = '\0';
	return 0;
}

int probe_run(const char *const argv[], struct probe_output *ret)
{
	uint64_t until = clock_now_us() + RUN_US;
	int fds[2], r, status = 0;
	char path[256];
	pid_t pid;

	*ret->text = '\0';
	if (!probe_find(argv[0], path, sizeof(path)))
		return -ENOENT;
	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	r = start(path, argv, fds[1], &pid);
	close(fds[1]);
	if (r == 0) {
		r = collect(fds[0], until, ret);
		if (r == 0 && !child_await(pid, RUN_US, &status))
			r = -ETIMEDOUT;
		if (r < 0)
			child_end(pid, SIGKILL, 0);
	}
	close(fds[0]);
	ret->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return r;
}

bool probe_read(const char *path, char *ret_text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	size_t n = 0;
	ssize_t got = 1;

	if (fd < 0)
		return false;
	while (got > 0 && n + 1 < size) {
		got = read(fd, ret_text + n, size - 1 - n);
		n += got > 0 ? (size_t)got : 0;
	}
	close(fd);
	ret_text[n] = '\0';
	return got >= 0;
}

pid_t probe_runs(const char *folder, const char *name)
{
	char path[512], text[64], want[32];
	long pid;

	snprintf(path, sizeof(path), "%s/%s.pid", folder, name);
	if (!probe_read(path, text, sizeof(text)))
		return errno == ENOENT ? 0 : -errno;
	pid = strtol(text, NULL, 10);
	if (pid <= 0 || pid > INT32_MAX)
		return -EPROTO;
	snprintf(path, sizeof(path), "/proc/%ld/comm", pid);
	if (!probe_read(path, text, sizeof(text)))
		return errno == ENOENT && access("/proc/1/comm", F_OK) == 0 ? 0 : -EACCES;	/* or /proc hides it */
	snprintf(want, sizeof(want), "%.15s\n", name);		/* the kernel keeps 15 letters */
	return strcmp(text, want) == 0 ? (pid_t)pid : 0;
}

/* A child that is looked for; its start is in clock ticks since boot. */
struct child {
	pid_t parent;
	const char *name;
	uint64_t start;
};

static int take_older(const struct proc_stat *stat, void *userdata)
{
	struct child *child = userdata;

	if (stat->parent == child->parent && strcmp(stat->command, child->name) == 0 && stat->start_time < child->start)
		child->start = stat->start_time;
	return 0;
}

bool probe_child(pid_t parent, const char *name, int64_t *ret_us)
{
	struct child child = { parent, name, UINT64_MAX };
	struct timespec boot;

	if (proc_for_each(take_older, &child) < 0 || child.start == UINT64_MAX)
		return false;
	(void)clock_gettime(CLOCK_BOOTTIME, &boot);
	*ret_us = clock_real_us() - boot.tv_sec * INT64_C(1000000) - boot.tv_nsec / 1000 +
		  (int64_t)(child.start * 1000000 / (uint64_t)sysconf(_SC_CLK_TCK));
	return true;
}

int probe_connect(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd, r;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	r = connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ? -errno : 0;
	close(fd);
	return r == -EAGAIN ? 0 : r;		/* its queue is full: there is somebody */
}

/* An address that says nothing without the name of an interface. */
static bool is_link_local(const struct addrinfo *one)
{
	const struct sockaddr_in6 *address = (const void *)one->ai_addr;

	return one->ai_family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&address->sin6_addr);
}

/* Only an address of this machine can be bound to. */
static bool is_own(const struct addrinfo *one)
{
	int fd = socket(one->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool own = fd >= 0 && bind(fd, one->ai_addr, one->ai_addrlen) == 0;

	if (fd >= 0)
		close(fd);
	return own;
}

bool probe_own_name(char *ret_name, size_t size)
{
	struct addrinfo hints = { .ai_flags = AI_CANONNAME, .ai_socktype = SOCK_DGRAM }, *found;
	size_t n_own = 0, n_others = 0;
	char name[256];

	os_host_name(name, sizeof(name));
	snprintf(ret_name, size, "%s", name);
	if (!*name || getaddrinfo(name, NULL, &hints, &found) != 0)
		return false;
	if (found->ai_canonname)
		snprintf(ret_name, size, "%s", found->ai_canonname);
	for (const struct addrinfo *one = found; one; one = one->ai_next)
		if (!is_link_local(one))
			*(is_own(one) ? &n_own : &n_others) += 1;
	freeaddrinfo(found);
	return n_own > 0 && n_others == 0;
}
