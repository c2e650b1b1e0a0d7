/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * logind-parse.h - what follows from the properties of a logind session, and the text of the file that logind keeps for each.
 *
 * Nothing here does I/O, asks a bus or reads a clock. Sources: org.freedesktop.login1(5), pam_systemd(8); session_save() of systemd
 * 252 and 257 and of elogind 246 and 255 for the file, of which logind itself says that nobody may rely on it: what is not as
 * those write it is refused, and the caller asks by D-Bus.
 */
#ifndef BACKEND_LOGIND_PARSE_H
#define BACKEND_LOGIND_PARSE_H

#include <stdbool.h>
#include <stdint.h>

#include "logoff.h"

/* Longer than any file that logind writes for a session; one of an ssh session has 330 bytes. */
#define LOGIND_FILE_MAX 2048

/* The properties of a session, as read; the texts belong to the message or the file they were read from. NULL: not told. */
struct logind_properties {
	const char *id, *user, *tty, *display, *service, *scope, *type, *class, *state, *seat, *user_path, *remote_host;
	const char *tty_validity;	/* the file's word for where TTY is from; D-Bus does not tell it */
	uint32_t uid, leader;
	uint64_t timestamp, monotonic, idle_since;
	int idle_hint, remote;
};

/* What the times of a session are; -1: not known. */
struct logind_times {
	int64_t logon_us, age_us, idle_us;
	int64_t set_us;			/* by how much the clock has been set forward since the logon */
};

/* Tells whether a class of sessions is that of service managers (systemd 256 and later), which are no sessions. */
bool logind_is_manager_class(const char *class);

bool properties_is_graphical(const struct logind_properties *p);

/* Tells whether it is a desktop of xrdp's, or of TigerVNC's, on a display of this machine. */
bool properties_is_xrdp(const struct logind_properties *p);
bool properties_is_vnc(const struct logind_properties *p);

/*
 * The name that the session bears while it is active, if it is not that of a terminal. *ret (the caller's) is NULL if it has none.
 * A desktop is called by its display: the terminal that logind has of it is the virtual one it was begun on, or that of a
 * terminal emulator in it. Returns 0 or -ENOMEM.
 */
int properties_name(const struct logind_properties *p, char **ret);

/*
 * Tells whether TTY is certainly the session's first terminal, by which it is called: the login program told it, to which it had
 * been given. A terminal from utmp is one of several. su and sudo tell the terminal that they are called from, and may open
 * another.
 */
bool properties_has_certain_terminal(const struct logind_properties *p);

/* Tells whether the state depends on a client of the session's display. */
bool properties_need_client(const struct logind_properties *p);

/* The state; CONNECTED: whether the display has a client, if the state depends on it. */
enum logoff_state properties_state(const struct logind_properties *p, bool connected);

/* By the class. A class that is not known is nobody's work that we know of. */
enum logoff_kind properties_kind(const struct logind_properties *p);

/* The protocol by which the user came, by the PAM service that opened the session. NULL: not known. */
const char *properties_protocol(const struct logind_properties *p);

/*
 * The times at the Unix time REAL_US and the monotonic time NOW_US. Idleness is that of a desktop that has told logind; other
 * idleness has to be looked for: at terminals, X servers, the desktop itself.
 */
void properties_times(const struct logind_properties *p, int64_t real_us, uint64_t now_us, struct logind_times *ret);

/*
 * Takes the TEXT of a session's file (which is cut up) for properties. Returns false if the file does not say all that is needed,
 * escapes something, or belongs to a graphical session, whose idleness only D-Bus tells.
 */
bool session_file_parse(char *text, struct logind_properties *p);

/* Tells whether the session described by the TEXT of its file might be called NAME. Knows no case. */
bool session_file_might_be(const char *text, const char *name);

#endif
