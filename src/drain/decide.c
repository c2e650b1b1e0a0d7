/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * decide.c - see decide.h.
 */
#include "drain/decide.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "drain/file.h"

#define CONF_SIZE 4096
#define GROUPS_MAX 64
#define SESSIONS "run/systemd/sessions"	/* of elogind too */
#define SESSION_SIZE 8192

/* ---- services ---- */

/* A user returns to a session by a service of the same family as the one it was begun by. NULL: by none. */
struct service {
	const char *pattern, *family;
	bool far;			/* from another machine: not while logons are disabled */
};

static const struct service services[] = {
	{ "sshd", NULL, true },
	{ "remote", NULL, true },		/* login for telnet */
	{ "cockpit", NULL, true },
	{ "login", NULL, false },
	{ "xrdp-sesman", "xrdp", true },
	{ "tigervnc", "vnc", true },
	{ "vnc", "vnc", true },
	{ "gdm-autologin", "gdm", false },	/* gdm-launch-environment is the login screen itself */
	{ "gdm-fingerprint", "gdm", false },
	{ "gdm-password", "gdm", false },
	{ "gdm-smartcard*", "gdm", false },
	{ "lightdm", "lightdm", false },
	{ "lightdm-autologin", "lightdm", false },
	{ "sddm", "sddm", false },
	{ "sddm-autologin", "sddm", false },
	{ "greetd", NULL, false },
	{ "lxdm", NULL, false },
	{ "xdm", NULL, false },
};

static const struct service *find_service(const char *name)
{
	for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++)
		if (fnmatch(services[i].pattern, name, 0) == 0)
			return &services[i];
	return NULL;
}

bool drain_is_service(const char *name)
{
	return find_service(name);
}

/* ---- exempt groups ---- */

/* Adds the group of a line "group NAME". Returns 0 or -EBADMSG. */
static int take_group(char *line, const char *names[static GROUPS_MAX], size_t *n)
{
	static const char blanks[] = " \t\r";
	char *rest, *word;

	line[strcspn(line, "#")] = '\0';
	word = strtok_r(line, blanks, &rest);
	if (!word)
		return 0;
	if (strcmp(word, "group") != 0 || *n == GROUPS_MAX)
		return -EBADMSG;
	names[*n] = strtok_r(NULL, blanks, &rest);
	if (!names[*n] || strtok_r(NULL, blanks, &rest))
		return -EBADMSG;
	(*n)++;
	return 0;
}

/* Reads the exempt groups into NAMES, of which some may point into TEXT. Returns 0 or -errno. */
static int read_groups(int root, char text[static CONF_SIZE], const char *names[static GROUPS_MAX], size_t *ret_n)
{
	static const char *const usual[] = { "sudo", "wheel", "rds-admins" };
	ssize_t r = drain_read_file(root, &DRAIN_CONF[1], text, CONF_SIZE);
	size_t n = 0;

	if (r == -ENOENT)
		for (; n < sizeof(usual) / sizeof(usual[0]); n++)
			names[n] = usual[n];
	else if (r < 0)
		return (int)r;
	for (char *line, *rest = text; r >= 0 && (line = strsep(&rest, "\n"));)
		if (take_group(line, names, &n) < 0)
			return -EBADMSG;
	*ret_n = n;
	return 0;
}

int drain_check_conf(int root)
{
	const char *names[GROUPS_MAX];
	char text[CONF_SIZE];
	size_t n;

	return read_groups(root, text, names, &n);
}

/* Gets the groups of a user. The caller frees *RET. Returns their number or -ENOMEM. */
static int get_groups(const struct passwd *user, gid_t **ret)
{
	for (int n = 64;;) {
		gid_t *groups = calloc((size_t)n, sizeof(*groups));
		int room = n;

		if (!groups)
			return -ENOMEM;
		if (getgrouplist(user->pw_name, user->pw_gid, groups, &n) >= 0) {
			*ret = groups;
			return n;
		}
		free(groups);
		n = n > room ? n : 2 * room;
	}
}

/* Tells whether the group NAME is one of GROUPS. Returns 1, 0 or -errno. */
static int is_one_of(const char *name, const gid_t *groups, int n_groups)
{
	const struct group *group;

	errno = 0;
	group = getgrnam(name);
	if (!group)
		return errno == ENOENT || errno == ESRCH ? 0 : -errno;
	for (int i = 0; i < n_groups; i++)
		if (groups[i] == group->gr_gid)
			return 1;
	return 0;
}

/* Tells whether USER is in an exempt group. Returns 1, 0 or -errno. */
static int is_exempt(int root, const struct passwd *user)
{
	const char *names[GROUPS_MAX];
	char text[CONF_SIZE];
	gid_t *groups = NULL;
	size_t n_names = 0;
	int n_groups, found = 0, r = read_groups(root, text, names, &n_names);

	if (r < 0)
		return r;
	n_groups = get_groups(user, &groups);
	if (n_groups < 0)
		return n_groups;
	for (size_t i = 0; i < n_names && found <= 0; i++) {
		r = is_one_of(names[i], groups, n_groups);
		found = r != 0 ? r : found;
	}
	/* getgrouplist() passes over a source of groups that fails; to ask for a group that nobody has does not. */
	if (found == 0)
		found = is_one_of("no group/", groups, n_groups);
	free(groups);
	return found;
}

/* ---- sessions ---- */

/* Copies the value of the line that begins with KEY into VALUE; "" if there is none or no room. */
static void find_value(const char *text, const char *key, char *value, size_t size)
{
	size_t n;

	while (text && strncmp(text, key, strlen(key)) != 0) {
		text = strchr(text, '\n');
		text = text ? text + 1 : NULL;
	}
	text = text ? text + strlen(key) : "";
	n = strcspn(text, "\n");
	snprintf(value, size, "%.*s", n < size ? (int)n : 0, text);
}

/* Tells whether logind's file of a session, TEXT, is of one that UID can return to by SERVICE. */
static bool can_return_to(const char *text, uid_t uid, const struct service *service)
{
	const struct service *begun;
	char value[64], wanted[32];

	snprintf(wanted, sizeof(wanted), "%lu", (unsigned long)uid);
	find_value(text, "UID=", value, sizeof(value));
	if (strcmp(value, wanted) != 0)
		return false;
	find_value(text, "STATE=", value, sizeof(value));
	if (strcmp(value, "closing") == 0)
		return false;
	find_value(text, "CLASS=", value, sizeof(value));
	if (strcmp(value, "user") != 0)
		return false;
	/* The last one: a user can put lines before it. */
	for (const char *next = text; (next = strstr(next, "\nSERVICE="));)
		text = ++next;
	find_value(text, "SERVICE=", value, sizeof(value));
	begun = find_service(value);
	/* GNOME unlocks by gdm's service the sessions of others too. */
	return begun && begun->family &&
	       (strcmp(begun->family, service->family) == 0 || strcmp(service->family, "gdm") == 0);
}

/* Tells whether TEXT, of which the end may be missing, is of a session of somebody else. */
static bool is_of_another(const char *text, uid_t uid)
{
	char value[64], wanted[32];

	snprintf(wanted, sizeof(wanted), "%lu", (unsigned long)uid);
	find_value(text, "UID=", value, sizeof(value));
	return *value && strcmp(value, wanted) != 0;
}

/* Looks at the entry NAME of logind's folder, of which "5" is a session and "5.ref" a FIFO. Returns 1, 0 or -errno. */
static int look_at_session(int folder, const char *name, uid_t uid, const struct service *service)
{
	char text[SESSION_SIZE] = "";
	ssize_t r;

	if (strchr(name, '.'))
		return 0;
	r = drain_read_file(folder, name, text, sizeof(text));
	if (r == -EBADMSG && is_of_another(text, uid))	/* too long: its user chooses some of it */
		return 0;
	if (r < 0)
		return r == -ENOENT ? 0 : (int)r;	/* it has just ended */
	return can_return_to(text, uid, service);
}

/* Tells whether UID has a session to return to by SERVICE. Returns 1, 0 or -errno. */
static int has_session(int root, uid_t uid, const struct service *service)
{
	int fd = openat(root, SESSIONS, O_RDONLY | O_DIRECTORY | O_CLOEXEC), found = 0, r;
	DIR *folder = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (!folder) {
		r = -errno;
		if (fd >= 0)
			close(fd);
		return r;
	}
	while (found <= 0 && (errno = 0, entry = readdir(folder))) {
		r = look_at_session(dirfd(folder), entry->d_name, uid, service);
		found = r != 0 ? r : found;
	}
	if (found == 0 && !entry)
		found = -errno;
	closedir(folder);
	return found;
}

/* Tells whether UID may return, and has a session to return to. Returns 1, 0 or -errno. */
static int may_return(int root, uid_t uid, const struct service *service, enum drain_mode mode)
{
	if (!service->family || (service->far && mode == DRAIN_ALL))
		return 0;
	return has_session(root, uid, service);
}

/* ---- the decision ---- */

static enum drain_verdict unsure(const char *what, int r, const char **ret_what, int *ret_r)
{
	*ret_what = what;
	*ret_r = r;
	return DRAIN_UNSURE;
}

enum drain_verdict drain_decide(int root, const char *service_name, const char *user_name,
				struct drain_state *ret_state, const char **ret_what, int *ret_r)
{
	const struct service *service = find_service(service_name);
	const struct passwd *user;
	const char *path;
	int r;

	if (!service)
		return DRAIN_LET_IN;
	r = drain_read(root, ret_state, &path);
	if (r < 0)
		return unsure(path, r, ret_what, ret_r);
	if (ret_state->mode == DRAIN_ENABLED)
		return DRAIN_LET_IN;
	errno = 0;
	user = getpwnam(user_name);
	if (!user)
		return unsure("the user", errno ? -errno : -ENOENT, ret_what, ret_r);
	if (user->pw_uid == 0)
		return DRAIN_LET_IN;
	r = may_return(root, user->pw_uid, service, ret_state->mode);
	if (r < 0)
		return unsure("the user's sessions", r, ret_what, ret_r);
	if (r == 0)
		r = is_exempt(root, user);
	if (r < 0)
		return unsure(r == -EBADMSG ? DRAIN_CONF : "the user's groups", r, ret_what, ret_r);
	return r > 0 ? DRAIN_LET_IN : DRAIN_REFUSE;
}
