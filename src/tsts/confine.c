/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * confine.c - see confine.h. Sources: prctl(2), capabilities(7), landlock(7), keyctl(2), and systemd's table of user ids
 * (UIDS-GIDS.md).
 */
#include "tsts/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "tsts/order.h"

/*
 * Root becomes a user of its own, so that no other process has that id: not "nobody", whom daemons use. The ids from here
 * on are nobody's (UIDS-GIDS.md), and a process id has 22 bits. Where a namespace has no such id "nobody" must do.
 */
#define OWN_IDS UINT32_C(0x7f000000)
#define NOBODY 65534

/* landlock(7); the kernel's header may be older than the kernel. */
struct ruleset {
	uint64_t files, network, scoped;
};
struct path_rule {
	uint64_t allowed;
	int32_t fd;
} __attribute__((packed));

#define LANDLOCK_VERSION 1
#define LANDLOCK_PATH 1

enum {
	EXECUTE = 1 << 0,
	WRITE_FILE = 1 << 1,
	REMOVE_FILE = 1 << 5,
	MAKE_REG = 1 << 8,
	EVERY_CHANGE_1 = WRITE_FILE | 0x1ff0,	/* making and removing of whatever kind */
	REFER = 1 << 13,			/* since 2 */
	TRUNCATE = 1 << 14,			/* since 3 */
	IOCTL_DEVICE = 1 << 15,			/* since 5 */
	BIND_TCP = 1 << 0,			/* since 4 */
	SCOPED = 1 << 0 | 1 << 1		/* abstract sockets, signals; since 6 */
};

/* A core would have the password in it. Who has another id than the one the program began with is not dumpable at once again. */
static int hide_memory(void)
{
	const char *debug = secure_getenv("LOGOFF_TSTS_DEBUG");

	if (debug && atoi(debug) > 0 && !confine_changes_user())
		return 0;
	return prctl(PR_SET_DUMPABLE, 0) < 0 ? -errno : 0;
}

int confine_begin(void)
{
	const struct rlimit none = {};

	(void)umask(077);
	(void)syscall(SYS_close_range, ORDER_FD + 1, ~0U, 0);	/* where there is none they are closed on exec, all of ours */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    setrlimit(RLIMIT_CORE, &none) < 0)
		return -errno;
	return hide_memory();
}

bool confine_changes_user(void)
{
	return geteuid() == 0;
}

/* ---- files ---- */

static void allow(int ruleset, const char *path, uint64_t allowed)
{
	struct path_rule rule = { .allowed = allowed, .fd = open(path, O_PATH | O_CLOEXEC) };

	if (rule.fd < 0)
		return;
	(void)syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_PATH, &rule, 0);
	close(rule.fd);
}

/* Service tickets are added to the caller's cache, so that the next command need not ask for them again. */
static void allow_ccache(int ruleset, const char *ccache, uint64_t handled)
{
	const char *path = ccache;

	if (strncmp(ccache, "FILE:", 5) == 0)
		path = ccache + 5;
	if (strncmp(ccache, "DIR:", 4) == 0)
		allow(ruleset, ccache + 4 + strspn(ccache + 4, ":"), handled & (WRITE_FILE | REMOVE_FILE | MAKE_REG | TRUNCATE));
	else if (*path == '/')
		allow(ruleset, path, handled & (WRITE_FILE | TRUNCATE));
}

/* Nothing may be written, nothing started, nobody signalled, on no port be listened. Without Landlock: 0 as well. */
static int close_files(const char *ccache)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_VERSION);
	struct ruleset wanted = { .files = EXECUTE | EVERY_CHANGE_1 };
	size_t size = version >= 6 ? sizeof(wanted) : version >= 4 ? 16 : 8;
	int ruleset, r = 0;

	if (version < 1)
		return 0;
	wanted.files |= (version >= 2 ? REFER : 0) | (version >= 3 ? TRUNCATE : 0) | (version >= 5 ? IOCTL_DEVICE : 0);
	wanted.network = version >= 4 ? BIND_TCP : 0;
	wanted.scoped = version >= 6 ? SCOPED : 0;
	ruleset = (int)syscall(SYS_landlock_create_ruleset, &wanted, size, 0);
	if (ruleset < 0)
		return -errno;
	if (ccache)
		allow_ccache(ruleset, ccache, wanted.files);
	if (syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
		r = -errno;
	close(ruleset);
	return r;
}

/* ---- rights ---- */

static int set_ids(uint32_t id)
{
	if (setresgid(id, id, id) < 0 || setresuid(id, id, id) < 0)
		return -errno;
	return 0;
}

/*
 * No longer root, in none of root's groups, and without root's keys. Where a namespace has nobody else, or root has not the
 * right to become anybody, it is root in name only: without capabilities it is the owner of its files.
 */
static int change_user(void)
{
	int r;

	(void)syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL);	/* a new one; kernels without keys have none to lose */
	if (setgroups(0, NULL) < 0 && errno != EPERM)
		return -errno;
	r = set_ids(OWN_IDS + (uint32_t)getpid());
	if (r == -EINVAL)
		r = set_ids(NOBODY);
	return r == -EINVAL || r == -EPERM ? 0 : r;
}

static int drop_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};

	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	return syscall(SYS_capset, &header, none) < 0 ? -errno : 0;
}

int confine(const char *ccache, struct logoff_error *reterr)
{
	int r = close_files(confine_changes_user() ? NULL : ccache);

	if (r == 0 && confine_changes_user())
		r = change_user();
	if (r == 0)
		r = drop_capabilities();
	if (r == 0)
		r = hide_memory();
	if (r == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)	/* lost with the user id */
		r = -errno;
	if (r == 0)
		return 0;
	return error_set_errno(reterr, -EHOSTUNREACH, r, "logoff-tsts cannot give up its rights: %s", strerror(-r));
}
