/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * display.h - what the session's display knows of the people before it: since when nobody has touched it, and who sits
 * at the far end of an xrdp session.
 *
 * logind learns neither. Both are best effort and cost something, so here.c asks only when somebody wants to know
 * (`missing` of struct logoff_session), and what is unsure is unknown.
 */
#ifndef LOCAL_DISPLAY_H
#define LOCAL_DISPLAY_H

#include <sys/types.h>

#include "core/host.h"

/* ---- idleness (display.c) ---- */

/*
 * Asks the X server of SESSION when it had its last input, or its desktop where that does not answer or is not the one to
 * know (Wayland). Needs root or the session's own user. Blocks for up to one and a half seconds. Returns the microseconds
 * since then, or -1 if it is not known.
 */
int64_t display_idle_us(const struct logoff_session *session);

/* ---- clients of xrdp sessions (display-client.c) ---- */

/* The clients of the xrdp sessions of this machine. */
struct display_clients;

/* Takes down which clients there are now. *ret_clients is the caller's. Returns 0 or a fatal errno. */
int display_clients_new(struct display_clients **ret_clients);

/* NULL is allowed. Returns NULL. */
struct display_clients *display_clients_free(struct display_clients *clients);

/*
 * Tells whether a client is connected to display NUMBER, an xrdp session of user UID. Only a channel that the user's own
 * channel server holds counts: others may have sockets of the same name, in namespaces of theirs. Needs no root.
 * Returns 1, 0, or -ENODATA: the kernel does not tell, or the channel server waits while xrdp has the screen (a socket
 * of Xorg, a viewer of Xvnc), as for a moment of each connection, or after a fault of the channels.
 */
int display_is_connected(struct display_clients *clients, uid_t uid, unsigned number);

/*
 * Tells whether a viewer is connected to display NUMBER of user UID, whose VNC server listens on the port of that display.
 * *ret_address, if wanted, is where it is, owned by CLIENTS; NULL: there is none, or more than one. Returns 1, 0, or -ENODATA:
 * there is no such server, the kernel does not tell, or a viewer that the server has been told to connect to may be one.
 */
int display_has_viewer(struct display_clients *clients, uid_t uid, unsigned number, const char **ret_address);

/* Fills what SESSION lacks of address and client, which needs root. Returns 0 (also if they stay unknown) or -ENOMEM. */
int display_fill_client(struct display_clients *clients, struct logoff_session *session);

/*
 * Finds the process of xrdp that serves the client of display NUMBER of user UID, which needs root. Returns 0, -ENOENT: there is none, or it
 * is not known for sure, or -ENOMEM.
 */
int display_find_server(struct display_clients *clients, uid_t uid, unsigned number, pid_t *ret_pid);

/*
 * Has xrdp disconnect the client of display NUMBER of user UID (display-cut.c). The session goes on. Blocks for two seconds at most.
 * Returns 0: xrdp has been told, -EACCES: only root could do that here, -EOPNOTSUPP: nobody is there to be told, or -ENOMEM.
 */
int display_cut(uid_t uid, unsigned number);

/* The end of a socket for xrdp that an xrdp session's channel server holds, or its X server. */
struct display_channel {
	unsigned display;
	uid_t uid;			/* whose channel server, or X server */
	uint32_t inode, peer;		/* its own socket, and that of xrdp at the other end */
	bool listening;			/* it waits for xrdp: nobody is at the other end */
	bool screen;			/* the X server's */
};

/* A TCP socket. */
struct display_tcp {
	uint32_t inode;
	uint16_t port;			/* its own */
	bool listening;
	char address[46];		/* of the other end; "" if it listens */
	uid_t uid;			/* whose it is */
	uint16_t peer_port;		/* that of the other end */
};

/*
 * Parse one answer of the kernel's socket diagnosis, without its netlink header (sock_diag(7)). Return 0, -ENOENT (a
 * socket of another sort), -ENODATA (a channel, but not whose) or -EPROTO.
 */
int display_parse_channel(const void *answer, size_t length, struct display_channel *ret);
int display_parse_tcp(const void *answer, size_t length, struct display_tcp *ret);

/*
 * Parses a line of xrdp's log. The client has chosen its name: any bytes but null. Returns 0, -ENOENT (another line) or
 * -EPROTO (no name that could be one).
 */
int display_parse_client_name(const char *line, size_t length, char name[static 64]);

#endif
