/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * display-cut.c - the client of an xrdp session is disconnected; the session goes on.
 *
 * xrdp's own way is a socket of the X server (xorgxrdp), by which its program xrdp-dis works: "sig" in a datagram. Xvnc has none. There root
 * ends the process of xrdp that serves the client, which ends nothing else: each client has one of its own.
 * Sources: xrdp 0.9.21 and 0.10, sesman/tools/dis.c, common/xrdp_sockets.h.
 */
#include "local/display.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "local/held.h"

#define FOLDER "/run/xrdp/sockdir"
#define MESSAGE "sig"
#define LOOK_US 50000	/* between looks whether xrdp has done it */
#define N_LOOKS 40

/* Opens the socket at PATH, if it is the user's own: the folder of xrdp 0.9 is open to all. It is not followed to another place. */
static int open_socket(const char *path, uid_t uid)
{
	struct stat status;
	int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode) && status.st_uid == uid)
		return fd;
	close(fd);
	return -ENOENT;
}

/* Sends the message to the socket at PATH. Returns 0 or -errno. */
static int send_to(const char *path, uid_t uid)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int target = open_socket(path, uid), fd, r = 0;

	if (target < 0)
		return target;
	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d", target);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || sendto(fd, MESSAGE, strlen(MESSAGE), MSG_DONTWAIT | MSG_NOSIGNAL, (const struct sockaddr *)&address,
			     sizeof(address)) < 0)
		r = -errno;
	if (fd >= 0)
		close(fd);
	close(target);
	return r;
}

/* Each user has a folder since xrdp 0.10. Returns 0 or why there is no such socket that listens. */
static int tell_server(uid_t uid, unsigned number)
{
	char path[96];
	int r;

	snprintf(path, sizeof(path), FOLDER "/%u/xrdp_disconnect_display_%u", (unsigned)uid, number);
	r = send_to(path, uid);
	if (r == 0)
		return 0;
	snprintf(path, sizeof(path), FOLDER "/xrdp_disconnect_display_%u", number);
	return send_to(path, uid);
}

/* Tells whether it is one that xrdp has forked for a client, not the one that listens for all. */
static bool serves_one_client(const struct held *held)
{
	struct proc_stat parent;

	return proc_read_stat(held->stat.parent, &parent) >= 0 && strcmp(parent.command, "xrdp") == 0;
}

/* Holds the process that serves the client. It is looked for again once it is held, as its number may be another's by then. */
static int hold_process(uid_t uid, unsigned number, struct held *held)
{
	struct display_clients *before = NULL, *now = NULL;
	pid_t pid = 0;
	int r = display_clients_new(&before);

	if (r >= 0)
		r = display_find_server(before, uid, number, &pid);
	if (r >= 0)
		r = held_open_pid(held, pid);
	if (r >= 0)
		r = display_clients_new(&now);
	if (r >= 0)
		r = display_find_server(now, uid, number, &pid);
	if (r >= 0 && (pid != held->stat.pid || !serves_one_client(held)))
		r = -EOPNOTSUPP;
	display_clients_free(before);
	display_clients_free(now);
	return r == -ENOMEM ? r : r < 0 ? -EOPNOTSUPP : 0;
}

/* Waits a moment for the end of the process. */
static bool ends_soon(const struct held *held)
{
	bool alive = true;

	for (unsigned i = 0; i < N_LOOKS && (alive = held_is_alive(held)); i++)
		usleep(LOOK_US);
	return !alive;
}

/* The user may have put a socket there on which nobody acts, so what root has found is ended if it does not end by itself. */
int display_cut(uid_t uid, unsigned number)
{
	struct held held = { .pidfd = -1 };
	int found = geteuid() == 0 ? hold_process(uid, number, &held) : -EACCES, told = tell_server(uid, number), r;

	if (found < 0)
		r = told == 0 ? 0 : found;
	else
		r = told == 0 && ends_soon(&held) ? 0 : held_signal(&held, SIGTERM);
	held_close(&held);
	return r == -EPERM ? -EACCES : r;
}
