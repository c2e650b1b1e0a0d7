/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * display.c - how long nobody has touched a display, from the X server itself (MIT-SCREEN-SAVER), or else from the desktop
 * (display-desktop.c).
 *
 * The question is put by a child process that has become the session's user (user.h): the server lets in nobody else,
 * and its key lies in one of the user's files. Whatever they have put in the way can only harm themselves, or take a second.
 * The key is only shown to a server that root or the user runs: on a display without one, anybody may listen.
 *
 * libxcb is loaded when it is needed, by the child. Who has no such sessions need not have it; and what is declared
 * here of it and of libXau is the wire format of X11 and an interface that is as old, so building needs no headers
 * either. Sources: saver.xml and xproto.xml of xcb-proto, Xau(3), X(7) "display names".
 */
#include "local/child.h"
#include "base/clock.h"
#include "local/display.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "local/forked.h"
#include "local/proc.h"

/* What one server or desktop may take; and what each may, once so much has been waited for in vain. */
#define TIMEOUT_MS 1000
#define DESKTOP_MS 500
#define IMPATIENT_MS 100
#define PATIENCE_US UINT64_C(3000000)

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

/* Loads them for good: the process is a child that does nothing else. Returns false if one is not there. */
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

/* A child's question. */
struct question {
	struct libraries libraries;
	uid_t uid;
	const char *desktop_of;		/* a session's id: its desktop is asked instead of an X server */
	int timeout_ms;
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
static int64_t query(const struct libraries *libraries, struct x_connection *c)
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
	idle_ms = query(&question->libraries, c);
	question->libraries.disconnect(c);
	return idle_ms;
}

int display_try(uid_t uid, unsigned number, const char *key)
{
	struct question question = { .uid = uid, .number = number };
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
	n = user_read_environment(pid, question->environment, USER_ENVIRONMENT_MAX);
	display = user_find_variable(text, n, "DISPLAY");
	key = user_find_variable(text, n, "XAUTHORITY");
	if (key && display && user_parse_display(display, &number) && number == question->number)
		add_key(question, key);
	return question->n_keys == N_KEYS_MAX;
}

/* ---- the child ---- */

static int64_t ask(struct question *question)
{
	char home[PATH_MAX], usual[PATH_MAX + 16];
	int64_t idle_ms;

	if (geteuid() == 0)
		(void)user_cut(question->uid, 0, 0, NULL);	/* what cannot be cut does not matter: nothing is run here */
	if (user_become(question->uid, home, sizeof(home)) < 0)
		return -1;
	if (question->desktop_of)
		return display_ask_desktop_ms(question->uid, question->desktop_of, (uint64_t)question->timeout_ms * 1000);
	if (!load_libraries(&question->libraries))
		return -1;
	(void)!chdir(home);	/* key files may be named from there */
	snprintf(usual, sizeof(usual), "%s/.Xauthority", home);
	add_key(question, usual);
	idle_ms = ask_with(question, usual);
	if (idle_ms != -EACCES)
		return idle_ms;
	question->environment = malloc(USER_ENVIRONMENT_MAX);
	if (question->environment)
		(void)proc_for_each_pid(look_into, question);	/* what cannot be seen is not used */
	for (size_t i = 1; idle_ms == -EACCES && i < question->n_keys; i++)
		idle_ms = ask_with(question, question->keys[i]);
	return idle_ms;
}

static void __attribute__((noreturn)) answer(struct question *question, int fd)
{
	const struct rlimit none = {};
	int64_t idle_ms;

	/* libxcb prints the reason a server gives for refusing, which may be any text: nobody is to see it. */
	if (user_forget_caller(&fd) < 0)
		_exit(1);
	(void)setrlimit(RLIMIT_CORE, &none);
	(void)alarm((unsigned)question->timeout_ms / 1000 + 2);	/* should the caller be gone by then */
	idle_ms = ask(question);
	_exit(write(fd, &idle_ms, sizeof(idle_ms)) != sizeof(idle_ms));
}

/* ---- the caller ---- */

/* Reads the answer from FD within TIMEOUT_MS. Returns milliseconds or -1. */
static int64_t await_answer(int fd, int timeout_ms)
{
	uint64_t until_us = clock_now_us() + (uint64_t)timeout_ms * 1000, now_us;
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	int64_t idle_ms;
	int r;

	do {
		now_us = clock_now_us();
		r = now_us < until_us ? poll(&wait, 1, (int)((until_us - now_us + 999) / 1000)) : 0;
	} while (r < 0 && errno == EINTR);
	if (r <= 0 || read(fd, &idle_ms, sizeof(idle_ms)) != sizeof(idle_ms))
		return -1;
	return idle_ms >= 0 && idle_ms <= INT64_MAX / 1000 ? idle_ms : -1;
}

/* Has a child ask. Returns microseconds or -1. */
static int64_t have_asked(struct question *question)
{
	int64_t idle_ms;
	int fds[2];
	pid_t child;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -1;
	child = fork();
	if (child == 0)
		answer(question, fds[1]);
	close(fds[1]);
	idle_ms = child > 0 ? await_answer(fds[0], question->timeout_ms) : -1;
	close(fds[0]);
	if (child > 0)
		child_end(child, SIGKILL, 0);	/* the user's files may keep it even from being killed */
	return idle_ms < 0 ? -1 : idle_ms * 1000;
}

int64_t display_ask_idle_us(uid_t uid, unsigned number, int timeout_ms)
{
	struct question question = { .uid = uid, .number = number, .timeout_ms = timeout_ms };

	return have_asked(&question);
}

static int patience_ms(const struct logoff_session *session, int timeout_ms)
{
	return session->host->in_vain_us < PATIENCE_US ? timeout_ms : IMPATIENT_MS;
}

int64_t display_idle_us(const struct logoff_session *session)
{
	struct question question = { .uid = session->uid, .desktop_of = session->id };
	uint64_t begin_us = clock_now_us();
	int64_t idle_us = -1;
	unsigned number;

	if (session->kind != LOGOFF_KIND_USER || (geteuid() != 0 && geteuid() != session->uid))
		return -1;
	/* Not the X server of a Wayland session: it knows only what reaches the X windows in it. */
	if (!session->wayland && session->display && user_parse_display(session->display, &number))
		idle_us = display_ask_idle_us(session->uid, number, patience_ms(session, TIMEOUT_MS));
	question.timeout_ms = patience_ms(session, DESKTOP_MS);
	if (idle_us < 0)
		idle_us = have_asked(&question);
	if (idle_us < 0)
		session->host->in_vain_us += clock_now_us() - begin_us;
	return idle_us;
}
