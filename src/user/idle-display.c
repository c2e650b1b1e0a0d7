/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * idle-display.c - how long nobody has touched a display, from the X server itself (MIT-SCREEN-SAVER).
 *
 * The server lets in nobody but its user, and its key lies in one of the user's files. Whatever they have put in the way can only
 * harm themselves, or take the time that the library gives. The key is only shown to a server that root or the user runs: on a
 * display without one, anybody may listen.
 *
 * libxcb is loaded when it is needed. A host without such sessions need not have it; and what is declared here of it and of libXau is
 * the wire format of X11 and an interface that is as old, so building needs no headers either. Sources: saver.xml and xproto.xml of
 * xcb-proto, Xau(3), X(7) "display names".
 */
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "local/proc.h"
#include "local/user.h"
#include "user/jobs.h"
#include "user/surroundings.h"

/* Key files that are tried besides the usual one. */
#define N_KEYS_MAX 4

/* ---- libxcb and libXau ---- */

struct x_connection;

struct x_auth {
	int n_name;
	char *name;
	int n_data;
	char *data;
};

/* Of a screen, the first field; it is followed by more. */
struct x_screen {
	uint32_t root;
};

struct x_screen_iterator {
	struct x_screen *data;
	int rem, index;
};

struct x_cookie {
	unsigned sequence;
};

struct x_screensaver_info {
	uint8_t response_type, state;
	uint16_t sequence;
	uint32_t length, saver_window, ms_until_server, ms_since_user_input, event_mask;
	uint8_t kind, pad[7];
};

struct x_key {
	unsigned short family, n_address;
	char *address;
	unsigned short n_number;
	char *number;
	unsigned short n_name;
	char *name;
	unsigned short n_data;
	char *data;
};

#define FAMILY_LOCAL 256

struct libraries {
	struct x_connection *(*connect)(int fd, struct x_auth *auth);
	int (*has_error)(struct x_connection *c);
	const void *(*get_setup)(struct x_connection *c);
	struct x_screen_iterator (*roots)(const void *setup);
	void (*disconnect)(struct x_connection *c);
	struct x_cookie (*query)(struct x_connection *c, uint32_t drawable);
	struct x_screensaver_info *(*reply)(struct x_connection *c, struct x_cookie cookie, void **error);
	struct x_key *(*get_key)(unsigned short family, unsigned short n_address, const char *address,
				 unsigned short n_number, const char *number, int n_types, char **types,
				 const int *n_type);
};

/* Which function of which library goes where. */
static const struct {
	const char *library, *function;
	size_t offset;
} library_table[] = {
	{ "libxcb.so.1", "xcb_connect_to_fd", offsetof(struct libraries, connect) },
	{ "libxcb.so.1", "xcb_connection_has_error", offsetof(struct libraries, has_error) },
	{ "libxcb.so.1", "xcb_get_setup", offsetof(struct libraries, get_setup) },
	{ "libxcb.so.1", "xcb_setup_roots_iterator", offsetof(struct libraries, roots) },
	{ "libxcb.so.1", "xcb_disconnect", offsetof(struct libraries, disconnect) },
	{ "libxcb-screensaver.so.0", "xcb_screensaver_query_info", offsetof(struct libraries, query) },
	{ "libxcb-screensaver.so.0", "xcb_screensaver_query_info_reply", offsetof(struct libraries, reply) },
	{ "libXau.so.6", "XauGetBestAuthByAddr", offsetof(struct libraries, get_key) },
};

/* Loads them for good: the program does nothing else. Returns false if one is not there. */
static bool load_libraries(struct libraries *ret)
{
	for (size_t i = 0; i < sizeof(library_table) / sizeof(library_table[0]); i++) {
		void *library = dlopen(library_table[i].library, RTLD_NOW | RTLD_LOCAL);
		void *function = library ? dlsym(library, library_table[i].function) : NULL;

		if (!function)
			return false;
		memcpy((char *)ret + library_table[i].offset, &function, sizeof(function));
	}
	return true;
}

/* ---- the connection ---- */

/* What is asked, and with which keys. */
struct question {
	struct libraries libraries;
	uid_t uid;
	unsigned number;
	char keys[N_KEYS_MAX][PATH_MAX];	/* files; the first is the usual one */
	size_t n_keys;
	char *environment;		/* room for one */
};

/* Tells whether who listens at the other end may be shown the key. */
static bool is_trusted(int fd, uid_t uid)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && (peer.uid == 0 || peer.uid == uid);
}

/* Connects to the display's socket: the one without a file if ABSTRACT. Returns a descriptor or -1. */
static int connect_to(const struct question *question, bool abstract)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int n = snprintf(address.sun_path + abstract, sizeof(address.sun_path) - 1, "/tmp/.X11-unix/X%u", question->number);
	socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)n + 1);

	if (fd >= 0 && connect(fd, (struct sockaddr *)&address, size) == 0 && is_trusted(fd, question->uid))
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/* The key to the display in the file that XAUTHORITY names, or NULL: the server may know its user without. */
static struct x_auth *find_key(const struct question *question, struct x_auth *auth)
{
	char host[256] = "", number[16], type[] = "MIT-MAGIC-COOKIE-1", *types = type;
	int n_type = (int)strlen(type), n_number = snprintf(number, sizeof(number), "%u", question->number);
	struct x_key *key;

	if (gethostname(host, sizeof(host) - 1) < 0)
		return NULL;
	key = question->libraries.get_key(FAMILY_LOCAL, (unsigned short)strlen(host), host, (unsigned short)n_number, number,
					  1, &types, &n_type);
	if (!key)
		return NULL;
	*auth = (struct x_auth){ key->n_name, key->name, key->n_data, key->data };
	return auth;
}

/* Asks over connection C. Returns milliseconds, -EACCES (it was not let in) or -EPROTO (it got no answer). */
static int64_t query_idle(const struct libraries *libraries, struct x_connection *c)
{
	struct x_screensaver_info *reply;
	struct x_screen_iterator screen;

	if (!c || libraries->has_error(c))
		return -EACCES;
	screen = libraries->roots(libraries->get_setup(c));
	if (screen.rem < 1)
		return -EPROTO;
	reply = libraries->reply(c, libraries->query(c, screen.data->root), NULL);
	return reply ? (int64_t)reply->ms_since_user_input : -EPROTO;
}

/*
 * Asks with the key in file KEY. What is made is not freed: the process ends soon. Returns milliseconds, -EACCES (the
 * server wants another key) or another errno.
 */
static int64_t ask_with(const struct question *question, const char *key)
{
	struct x_auth auth;
	struct x_connection *c;
	int fd = connect_to(question, true);
	int64_t idle_ms;

	if (fd < 0)
		fd = connect_to(question, false);
	if (fd < 0 || setenv("XAUTHORITY", key, 1) < 0)
		return -ENOENT;
	c = question->libraries.connect(fd, find_key(question, &auth));
	idle_ms = query_idle(&question->libraries, c);
	question->libraries.disconnect(c);
	return idle_ms;
}

int idle_try_display(unsigned number, const char *key)
{
	struct question question = { .uid = getuid(), .number = number };
	int64_t idle_ms = load_libraries(&question.libraries) ? ask_with(&question, key) : -EOPNOTSUPP;

	/* Without the extension that tells idle times it has let us in all the same. */
	return idle_ms >= 0 || idle_ms == -EPROTO ? 0 : (int)idle_ms;
}

/* ---- keys elsewhere ---- */

static void add_key(struct question *question, const char *path)
{
	size_t length = strlen(path);

	for (size_t i = 0; i < question->n_keys; i++)
		if (strcmp(question->keys[i], path) == 0)
			return;
	if (question->n_keys < N_KEYS_MAX && length > 0 && length < PATH_MAX)
		memcpy(question->keys[question->n_keys++], path, length + 1);
}

/* Adds the key file of a process of the user that is on the display. */
static int look_into(pid_t pid, void *userdata)
{
	struct question *question = userdata;
	const char *text = question->environment, *display, *key;
	struct stat owner;
	unsigned number;
	char path[32];
	size_t n;

	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	if (stat(path, &owner) < 0 || owner.st_uid != question->uid)
		return 0;
	n = surroundings_read(pid, question->environment, SURROUNDINGS_MAX);
	display = surroundings_find(text, n, "DISPLAY");
	key = surroundings_find(text, n, "XAUTHORITY");
	if (key && display && user_parse_display(display, &number) && number == question->number)
		add_key(question, key);
	return question->n_keys == N_KEYS_MAX;
}

/* ---- the job ---- */

static int64_t ask_display(struct question *question, const char *home)
{
	char usual[PATH_MAX + 16];
	int64_t idle_ms;

	if (!load_libraries(&question->libraries))
		return -1;
	(void)!chdir(home);	/* key files may be named from there */
	snprintf(usual, sizeof(usual), "%s/.Xauthority", home);
	add_key(question, usual);
	idle_ms = ask_with(question, usual);
	if (idle_ms != -EACCES)
		return idle_ms;
	question->environment = malloc(SURROUNDINGS_MAX);
	if (question->environment)
		(void)proc_for_each_pid(look_into, question);	/* what cannot be seen is not used */
	for (size_t i = 1; idle_ms == -EACCES && i < question->n_keys; i++)
		idle_ms = ask_with(question, question->keys[i]);
	return idle_ms;
}

/* libxcb prints the reason a server gives for refusing, which may be any text: it goes to /dev/null. */
void job_idle_display(const struct job *job)
{
	struct question question = { .uid = job->head.uid, .number = job->head.display };
	struct job_idle idle = { .idle_ms = -1 };
	char home[PATH_MAX];

	if (job_become(job, home, sizeof(home)) == 0)
		idle.idle_ms = ask_display(&question, home);
	job_reply(&idle, sizeof(idle));
}
